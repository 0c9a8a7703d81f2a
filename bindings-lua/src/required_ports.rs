//! The ports that a gateway needs open.

use cmgateway::gateway::required_ports::RequiredPorts;
use mlua::{UserData, UserDataFields, UserDataMethods};

use crate::error::no_other_fields;
use crate::json::to_lua;

pub(crate) struct LuaRequiredPorts(pub(crate) RequiredPorts);

impl UserData for LuaRequiredPorts {
    fn add_fields<F: UserDataFields<Self>>(fields: &mut F) {
        fields.add_meta_field("__name", "cmgateway.RequiredPorts");
        fields.add_field_method_get("rows", |lua, this| to_lua(lua, &this.0.rows));
        fields.add_field_method_get("notes", |_, this| Ok(this.0.notes.clone()));
    }

    fn add_methods<M: UserDataMethods<Self>>(methods: &mut M) {
        no_other_fields(methods, "RequiredPorts");
        methods.add_method("to_json", |_, this, ()| Ok(this.0.to_json()));
        methods.add_method("to_security_group", |_, this, ()| Ok(this.0.to_security_group()));
        methods.add_method("to_nftables", |_, this, ()| Ok(this.0.to_nftables()));
        methods.add_meta_method("__tostring", |_, this, ()| Ok(this.0.to_string()));
    }
}
