//! What a change of the sub-CA thumbprints would do.

use cmgateway::gateway::sub_ca::SubCaPlan;
use mlua::{Lua, Table, UserData, UserDataFields, UserDataMethods};

use crate::error::no_other_fields;

pub(crate) struct LuaSubCaPlan(pub(crate) SubCaPlan);

impl UserData for LuaSubCaPlan {
    fn add_fields<F: UserDataFields<Self>>(fields: &mut F) {
        fields.add_meta_field("__name", "cmgateway.SubCaPlan");
        fields.add_field_method_get("service_name", |lua, this| lua.create_string(&this.0.service_name));
        fields.add_field_method_get("path", |lua, this| lua.create_string(&this.0.path));
        fields.add_field_method_get("before", |_, this| Ok(this.0.before.clone()));
        fields.add_field_method_get("after", |lua, this| lua.create_string(&this.0.after));
        fields.add_field_method_get("steps", |lua, this| steps(lua, &this.0));
        fields.add_field_method_get("warnings", |lua, this| {
            lua.create_sequence_from(this.0.warnings.iter().map(String::as_str))
        });
        fields.add_field_method_get("is_change", |_, this| Ok(this.0.is_change()));
    }

    fn add_methods<M: UserDataMethods<Self>>(methods: &mut M) {
        no_other_fields(methods, "SubCaPlan");
        methods.add_method("to_json", |_, this, ()| Ok(this.0.to_json()));
        methods.add_meta_method("__tostring", |_, this, ()| Ok(this.0.to_string()));
    }
}

fn steps(lua: &Lua, plan: &SubCaPlan) -> mlua::Result<Table> {
    let steps = lua.create_table()?;
    for step in &plan.steps {
        let row = lua.create_table()?;
        row.set("action", step.action.as_str())?;
        row.set("thumbprint", step.thumbprint.as_str())?;
        row.set("subject", step.subject.as_deref())?;
        steps.push(row)?;
    }
    Ok(steps)
}
