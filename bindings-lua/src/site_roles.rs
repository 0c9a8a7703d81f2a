//! The roles of a site that clients talk to.

use cmgateway::gateway::site_control::SitePlan;
use cmgateway::gateway::site_roles::{RoleChanges, RoleKind, SiteRoles};
use mlua::{Lua, UserData, UserDataFields, UserDataMethods, Value};

use crate::arguments::Arguments;
use crate::error::{answer, expected, no_other_fields};
use crate::json::{options, to_lua};
use crate::runtime::wait;
use crate::site_plan::LuaSitePlan;

pub(crate) struct LuaSiteRoles(pub(crate) SiteRoles);

type Given = (Value, Value, Value);

/// The role, its server and what to change of it.
fn wanted(
    function: &'static str,
    (kind, server, changes): &Given,
) -> mlua::Result<(RoleKind, String, RoleChanges)> {
    let kind = Arguments(function).text(1, kind)?.parse().map_err(expected)?;
    let server = Arguments(function).text(2, server)?;
    let changes =
        RoleChanges::from_json(options(changes, "read the changes of a role")?).map_err(expected)?;
    Ok((kind, server, changes))
}

impl LuaSiteRoles {
    fn list(&self, lua: &Lua, kind: &Value) -> mlua::Result<Value> {
        let kind = Arguments("list").optional_text(1, kind)?;
        let kind: Option<RoleKind> = kind.map(|kind| kind.parse()).transpose().map_err(expected)?;
        to_lua(lua, &wait(lua, self.0.list(kind))?)
    }

    fn plan(&self, lua: &Lua, given: &Given) -> mlua::Result<SitePlan> {
        let (kind, server, changes) = wanted("plan", given)?;
        wait(lua, self.0.plan(kind, &server, &changes))
    }

    fn set(&self, lua: &Lua, given: &Given) -> mlua::Result<SitePlan> {
        let (kind, server, changes) = wanted("set", given)?;
        wait(lua, self.0.set(kind, &server, &changes))
    }
}

impl UserData for LuaSiteRoles {
    fn add_fields<F: UserDataFields<Self>>(fields: &mut F) {
        fields.add_meta_field("__name", "cmgateway.SiteRoles");
    }

    fn add_methods<M: UserDataMethods<Self>>(methods: &mut M) {
        no_other_fields(methods, "SiteRoles");
        methods.add_method("list", |lua, this, kind: Value| answer(this.list(lua, &kind)));
        methods.add_method("plan", |lua, this, given: Given| answer(this.plan(lua, &given).map(LuaSitePlan)));
        methods.add_method("set", |lua, this, given: Given| answer(this.set(lua, &given).map(LuaSitePlan)));
        methods.add_meta_method("__tostring", |_, this, ()| {
            Ok(format!("<cmgateway.SiteRoles of {}>", this.0.site().address()))
        });
    }
}
