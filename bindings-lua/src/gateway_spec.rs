//! What a gateway shall be.

use cmgateway::gateway::spec::GatewaySpec;
use mlua::{Lua, Table, UserData, UserDataFields, UserDataMethods, Value};
use serde_json::Value as Json;
use time::OffsetDateTime;

use crate::arguments::Arguments;
use crate::error::{answer, expected, no_other_fields};
use crate::json::{from_lua, to_lua};
use crate::runtime::wait;

const OPERATION: &str = "read the gateway's spec";

pub(crate) struct LuaGatewaySpec(pub(crate) GatewaySpec);

/// Puts the functions into the module.
pub(crate) fn add_to(lua: &Lua, module: &Table) -> mlua::Result<()> {
    module.set(
        "gateway_spec",
        lua.create_function(|_, fields: Value| {
            let read = from_lua(&fields, OPERATION)
                .and_then(|fields| GatewaySpec::from_json(fields).map_err(expected));
            answer(read.map(LuaGatewaySpec))
        })?,
    )?;
    module.set(
        "gateway_spec_from_toml",
        lua.create_function(|_, text: Value| {
            let text = Arguments("gateway_spec_from_toml").text(1, &text)?;
            answer(GatewaySpec::from_toml(&text).map(LuaGatewaySpec).map_err(expected))
        })?,
    )?;
    module.set(
        "load_gateway_spec",
        lua.create_function(|lua, file: Value| {
            let file = Arguments("load_gateway_spec").text(1, &file)?;
            answer(wait(lua, GatewaySpec::load(file)).map(LuaGatewaySpec))
        })?,
    )
}

impl LuaGatewaySpec {
    fn replace(&self, fields: &Value) -> mlua::Result<Self> {
        let map = match from_lua(fields, OPERATION)? {
            Json::Object(map) => map,
            _ => serde_json::Map::new(),
        };
        self.0.replace(map).map(LuaGatewaySpec).map_err(expected)
    }

    fn check(&self, lua: &Lua, at: Value) -> mlua::Result<Value> {
        let seconds = Arguments("check").optional_seconds(lua, 1, at)?;
        let at = seconds.and_then(|seconds| OffsetDateTime::from_unix_timestamp(seconds).ok());
        let checked = wait(lua, self.0.check(at.unwrap_or_else(OffsetDateTime::now_utc)))?;
        to_lua(lua, &checked.names())
    }
}

impl UserData for LuaGatewaySpec {
    fn add_fields<F: UserDataFields<Self>>(fields: &mut F) {
        fields.add_meta_field("__name", "cmgateway.GatewaySpec");
    }

    fn add_methods<M: UserDataMethods<Self>>(methods: &mut M) {
        no_other_fields(methods, "GatewaySpec");
        methods.add_method("fields", |lua, this, ()| to_lua(lua, &this.0.fields()));
        methods.add_method("replace", |_, this, fields: Value| answer(this.replace(&fields)));
        methods.add_method("check", |lua, this, at: Value| answer(this.check(lua, at)));
        methods.add_meta_method("__tostring", |_, this, ()| {
            let name = this.0.service_name.as_deref().unwrap_or("named by its certificate");
            Ok(format!("<cmgateway.GatewaySpec {name}, instances: {}>", this.0.vm_instance_count))
        });
    }
}
