//! The connection points of a site, as the site knows them.

use cmgateway::gateway::connection_point_role::{ConnectionPointRoles, ConnectionPointSettings};
use cmgateway::gateway::site_control::SitePlan;
use mlua::{Lua, UserData, UserDataFields, UserDataMethods, Value};

use crate::arguments::Arguments;
use crate::error::{answer, expected, no_other_fields};
use crate::json::{options, to_lua};
use crate::runtime::wait;
use crate::site_plan::LuaSitePlan;

pub(crate) struct LuaConnectionPointRoles(pub(crate) ConnectionPointRoles);

fn settings(given: &Value) -> mlua::Result<ConnectionPointSettings> {
    let table = options(given, "read the connection point's settings")?;
    ConnectionPointSettings::from_json(table).map_err(expected)
}

impl LuaConnectionPointRoles {
    fn plan(&self, lua: &Lua, change: &Value, server: &Value, given: &Value) -> mlua::Result<SitePlan> {
        let change = Arguments("plan").text(1, change)?.parse().map_err(expected)?;
        let server = Arguments("plan").text(2, server)?;
        wait(lua, self.0.plan(change, &server, &settings(given)?))
    }

    fn add(&self, lua: &Lua, server: &Value, given: &Value) -> mlua::Result<SitePlan> {
        let server = Arguments("add").text(1, server)?;
        wait(lua, self.0.add(&server, &settings(given)?))
    }

    fn change(&self, lua: &Lua, server: &Value, given: &Value) -> mlua::Result<SitePlan> {
        let server = Arguments("change").text(1, server)?;
        wait(lua, self.0.change(&server, &settings(given)?))
    }

    fn remove(&self, lua: &Lua, server: &Value) -> mlua::Result<SitePlan> {
        let server = Arguments("remove").text(1, server)?;
        wait(lua, self.0.remove(&server))
    }

    fn advice(&self, lua: &Lua, name: &Value) -> mlua::Result<Value> {
        let name = Arguments("advice").text(1, name)?;
        to_lua(lua, &wait(lua, self.0.advice(&name))?)
    }
}

impl UserData for LuaConnectionPointRoles {
    fn add_fields<F: UserDataFields<Self>>(fields: &mut F) {
        fields.add_meta_field("__name", "cmgateway.ConnectionPointRoles");
    }

    fn add_methods<M: UserDataMethods<Self>>(methods: &mut M) {
        no_other_fields(methods, "ConnectionPointRoles");
        methods.add_method("list", |lua, this, ()| {
            answer(wait(lua, this.0.list()).and_then(|all| to_lua(lua, &all)))
        });
        methods.add_method("plan", |lua, this, (change, server, given): (Value, Value, Value)| {
            answer(this.plan(lua, &change, &server, &given).map(LuaSitePlan))
        });
        methods.add_method("add", |lua, this, (server, given): (Value, Value)| {
            answer(this.add(lua, &server, &given).map(LuaSitePlan))
        });
        methods.add_method("change", |lua, this, (server, given): (Value, Value)| {
            answer(this.change(lua, &server, &given).map(LuaSitePlan))
        });
        methods.add_method("remove", |lua, this, server: Value| {
            answer(this.remove(lua, &server).map(LuaSitePlan))
        });
        methods.add_method("advice", |lua, this, name: Value| answer(this.advice(lua, &name)));
        methods.add_meta_method("__tostring", |_, this, ()| {
            Ok(format!("<cmgateway.ConnectionPointRoles of {}>", this.0.site().address()))
        });
    }
}
