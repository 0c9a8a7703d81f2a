//! The list of a gateway's sub-CA thumbprints, and what changes it.

use cmgateway::gateway::sub_ca::{SubCa, SubCaSource};
use mlua::{Lua, UserData, UserDataFields, UserDataMethods, UserDataRef, Value};

use crate::arguments::Arguments;
use crate::azure::LuaServiceManagement;
use crate::certificate::LuaCertificate;
use crate::error::{answer, expected, misuse, no_other_fields};
use crate::json::to_lua;
use crate::runtime::{wait, with_free_queries};
use crate::sub_ca_plan::LuaSubCaPlan;
use crate::thumbprint::LuaThumbprint;
use crate::thumbprint_list::LuaThumbprintList;
use crate::value::{sequence, text_from};

pub(crate) struct LuaSubCa(pub(crate) SubCa);

impl UserData for LuaSubCa {
    fn add_fields<F: UserDataFields<Self>>(fields: &mut F) {
        fields.add_meta_field("__name", "cmgateway.SubCa");
    }

    fn add_methods<M: UserDataMethods<Self>>(methods: &mut M) {
        no_other_fields(methods, "SubCa");
        methods.add_method("list", |lua, this, ()| {
            answer(with_free_queries(lua, || wait(lua, this.0.list())).map(LuaThumbprintList))
        });
        methods.add_method("plan", |lua, this, (kind, given): (Value, Value)| {
            let kind = Arguments("plan").text(1, &kind);
            answer(kind.and_then(|kind| plan(lua, &this.0, &kind, given)))
        });
        methods.add_method("apply", |lua, this, plan: Value| {
            let plan = plan.as_userdata().and_then(|plan| plan.borrow::<LuaSubCaPlan>().ok());
            let plan = plan.ok_or_else(|| misuse("bad argument #1 to 'apply': a SubCaPlan expected"))?;
            answer(wait(lua, this.0.apply(&plan.0)).map(LuaThumbprintList))
        });
        methods.add_method("set", |lua, this, given: Value| {
            answer(sources(given).and_then(|given| wait(lua, this.0.set(&given))).map(LuaSubCaPlan))
        });
        methods.add_method("add", |lua, this, given: Value| {
            answer(sources(given).and_then(|given| wait(lua, this.0.add(&given))).map(LuaSubCaPlan))
        });
        methods.add_method("remove", |lua, this, given: Value| {
            answer(sources(given).and_then(|given| wait(lua, this.0.remove(&given))).map(LuaSubCaPlan))
        });
        methods.add_method("plan_sync", |lua, this, (given, classic): (Value, Value)| {
            let classic = classic_of("plan_sync", &classic)?;
            let planned = sources(given).and_then(|given| wait(lua, this.0.plan_sync(&classic.0, &given)));
            answer(planned.and_then(|plan| to_lua(lua, &plan)))
        });
        methods.add_method("sync", |lua, this, (given, classic): (Value, Value)| {
            let classic = classic_of("sync", &classic)?;
            let done = sources(given).and_then(|given| wait(lua, this.0.sync(&classic.0, &given)));
            answer(done.and_then(|plan| to_lua(lua, &plan)))
        });
        methods.add_meta_method("__tostring", |_, this, ()| {
            Ok(format!("<cmgateway.SubCa of {}>", this.0.gateway().service_name()))
        });
    }
}

fn classic_of(function: &str, value: &Value) -> mlua::Result<UserDataRef<LuaServiceManagement>> {
    let classic = value.as_userdata().and_then(|object| object.borrow::<LuaServiceManagement>().ok());
    classic.ok_or_else(|| misuse(format!("bad argument #2 to '{function}': a ServiceManagement expected")))
}

fn plan(lua: &Lua, sub_ca: &SubCa, kind: &str, given: Value) -> mlua::Result<LuaSubCaPlan> {
    let kind = kind.parse().map_err(expected)?;
    let given = sources(given)?;
    wait(lua, sub_ca.plan(kind, &given)).map(LuaSubCaPlan)
}

/// One source or a table of them.
fn sources(given: Value) -> mlua::Result<Vec<SubCaSource>> {
    match given {
        Value::Table(table) => sequence(&table, "a list of sub-CAs")?.iter().map(source).collect(),
        one => Ok(vec![source(&one)?]),
    }
}

fn source(value: &Value) -> mlua::Result<SubCaSource> {
    match value {
        Value::String(text) => SubCaSource::from_text(&text_from(text)?).map_err(expected),
        Value::UserData(object) if object.is::<LuaCertificate>() => {
            Ok(SubCaSource::Certificate(object.borrow::<LuaCertificate>()?.0.clone()))
        }
        Value::UserData(object) if object.is::<LuaThumbprint>() => {
            Ok(SubCaSource::Thumbprint(object.borrow::<LuaThumbprint>()?.0))
        }
        other => {
            let given = other.type_name();
            Err(misuse(format!("a sub-CA is a Certificate, a Thumbprint, or text (got {given})")))
        }
    }
}
