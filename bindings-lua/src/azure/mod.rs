//! `cmgateway.azure`: Azure's management services.

mod credential;
mod key_vault;
mod management_certificate;
mod resource_manager;
mod service_management;

use cmgateway::azure::AzureOptions;
use mlua::{Lua, Table, Value};

pub(crate) use self::credential::LuaCredential;
pub(crate) use self::management_certificate::LuaManagementCertificate;
pub(crate) use self::service_management::LuaServiceManagement;
use crate::arguments::Arguments;
use crate::error::{expected, misuse};
use crate::json;

pub(crate) fn module(lua: &Lua) -> mlua::Result<Table> {
    let module = lua.create_table()?;
    credential::add_to(lua, &module)?;
    key_vault::add_to(lua, &module)?;
    management_certificate::add_to(lua, &module)?;
    resource_manager::add_to(lua, &module)?;
    service_management::add_to(lua, &module)?;
    Ok(module)
}

/// The options of a client, by their names; `own` are taken by the function itself.
pub(crate) fn options(
    lua: &Lua,
    function: &'static str,
    position: usize,
    value: Value,
    own: &[&str],
) -> mlua::Result<AzureOptions> {
    let Some(given) = Arguments(function).options(position, value)? else {
        return Ok(AzureOptions::default());
    };
    let rest = lua.create_table()?;
    for pair in given.pairs::<Value, Value>() {
        let (name, value) = pair?;
        let text = name.to_string()?;
        if own.contains(&text.as_str()) {
            continue;
        }
        if !AzureOptions::NAMES.contains(&text.as_str()) {
            let allowed = [own, &AzureOptions::NAMES].concat().join(", ");
            return Err(misuse(format!("unknown option '{text}' to '{function}' (allowed: {allowed})")));
        }
        rest.raw_set(name, value)?;
    }
    let options = json::from_lua(&Value::Table(rest), "read the Azure options")?;
    AzureOptions::from_json(options).map_err(expected)
}
