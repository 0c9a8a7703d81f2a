//! What a change of the site control file would do.

use cmgateway::gateway::site_control::SitePlan;
use mlua::{UserData, UserDataFields, UserDataMethods, Value};

use crate::error::{answer, no_other_fields};
use crate::json::to_lua;
use crate::objects::object;
use crate::runtime::wait;
use crate::site::LuaSite;

pub(crate) struct LuaSitePlan(pub(crate) SitePlan);

impl UserData for LuaSitePlan {
    fn add_fields<F: UserDataFields<Self>>(fields: &mut F) {
        fields.add_meta_field("__name", "cmgateway.SitePlan");
        fields.add_field_method_get("title", |lua, this| lua.create_string(&this.0.title));
        fields.add_field_method_get("steps", |lua, this| to_lua(lua, &this.0.steps));
        fields.add_field_method_get("warnings", |_, this| Ok(this.0.warnings.clone()));
        fields.add_field_method_get("is_change", |_, this| Ok(this.0.is_change()));
    }

    fn add_methods<M: UserDataMethods<Self>>(methods: &mut M) {
        no_other_fields(methods, "SitePlan");
        methods.add_method("apply", |lua, this, site: Value| {
            let site = object("bad argument #1 to 'apply'", "Site", &site, |one: &LuaSite| one.0.clone())?;
            answer(wait(lua, this.0.apply(&site)).map(|()| true))
        });
        methods.add_method("to_json", |_, this, ()| Ok(this.0.to_json()));
        methods.add_meta_method("__tostring", |_, this, ()| Ok(this.0.to_string()));
    }
}
