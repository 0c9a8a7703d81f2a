//! A cloud management gateway.

use cmgateway::gateway::Gateway;
use mlua::{UserData, UserDataFields, UserDataMethods};

use crate::analyzer;
use crate::error::{answer, no_other_fields};
use crate::instance::LuaInstance;
use crate::json::to_lua;
use crate::monitor::LuaMonitor;
use crate::path::LuaPath;
use crate::required_ports::LuaRequiredPorts;
use crate::runtime::wait;
use crate::sub_ca::LuaSubCa;

pub(crate) struct LuaGateway(pub(crate) Gateway);

impl UserData for LuaGateway {
    fn add_fields<F: UserDataFields<Self>>(fields: &mut F) {
        fields.add_meta_field("__name", "cmgateway.Gateway");
        fields.add_field_method_get("service_name", |lua, this| lua.create_string(this.0.service_name()));
        fields.add_field_method_get("path", |_, this| Ok(LuaPath(this.0.path().clone())));
        fields.add_field_method_get("monitor", |_, this| Ok(LuaMonitor(this.0.monitor())));
        fields.add_field_method_get("sub_ca", |_, this| Ok(LuaSubCa(this.0.sub_ca())));
    }

    fn add_methods<M: UserDataMethods<Self>>(methods: &mut M) {
        no_other_fields(methods, "Gateway");
        methods.add_method("instance", |lua, this, ()| {
            answer(wait(lua, this.0.instance()).map(|row| LuaInstance::of(row, Some(this.0.site()))))
        });
        analyzer::add_to_gateway(methods);
        methods.add_method("required_ports", |lua, this, ()| {
            answer(wait(lua, this.0.required_ports()).map(LuaRequiredPorts))
        });
        methods.add_method("state", |lua, this, ()| {
            answer(wait(lua, this.0.state()).and_then(|state| to_lua(lua, &state)))
        });
        methods.add_meta_method("__tostring", |_, this, ()| {
            Ok(format!("<cmgateway.Gateway {}>", this.0.service_name()))
        });
    }
}
