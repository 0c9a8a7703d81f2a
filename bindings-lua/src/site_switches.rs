//! The switches of a site.

use cmgateway::gateway::site_switches::{SiteSwitches, SwitchChanges};
use mlua::{UserData, UserDataFields, UserDataMethods, Value};

use crate::error::{answer, expected, no_other_fields};
use crate::json::{options, to_lua};
use crate::runtime::wait;
use crate::site_plan::LuaSitePlan;

pub(crate) struct LuaSiteSwitches(pub(crate) SiteSwitches);

fn changes(given: &Value) -> mlua::Result<SwitchChanges> {
    SwitchChanges::from_json(options(given, "read the site's switches")?).map_err(expected)
}

impl UserData for LuaSiteSwitches {
    fn add_fields<F: UserDataFields<Self>>(fields: &mut F) {
        fields.add_meta_field("__name", "cmgateway.SiteSwitches");
    }

    fn add_methods<M: UserDataMethods<Self>>(methods: &mut M) {
        no_other_fields(methods, "SiteSwitches");
        methods.add_method("read", |lua, this, ()| {
            answer(wait(lua, this.0.read()).and_then(|state| to_lua(lua, &state)))
        });
        methods.add_method("plan", |lua, this, given: Value| {
            let planned = changes(&given).and_then(|changes| wait(lua, this.0.plan(&changes)));
            answer(planned.map(LuaSitePlan))
        });
        methods.add_method("set", |lua, this, given: Value| {
            let done = changes(&given).and_then(|changes| wait(lua, this.0.set(&changes)));
            answer(done.map(LuaSitePlan))
        });
        methods.add_meta_method("__tostring", |_, this, ()| {
            Ok(format!("<cmgateway.SiteSwitches of {}>", this.0.site().address()))
        });
    }
}
