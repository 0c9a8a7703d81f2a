//! `cmgateway.cert`: certificates and thumbprints.

use cmgateway::cert::{load_cer, load_cer_file};
use mlua::{Lua, LuaString, Table, Value};

use crate::certificate::LuaCertificate;
use crate::development_pki;
use crate::error::{answer, expected};
use crate::thumbprint::{LuaThumbprint, thumbprint_from};

pub(crate) fn module(lua: &Lua) -> mlua::Result<Table> {
    let module = lua.create_table()?;
    let add = |name, function: mlua::Result<_>| module.set(name, function?);
    add(
        "load_cer",
        lua.create_function(|_, bytes: LuaString| {
            answer(load_cer(&bytes.as_bytes()).map(wrapped).map_err(expected))
        }),
    )?;
    add(
        "load_cer_file",
        lua.create_function(|_, file: String| answer(load_cer_file(file).map(wrapped).map_err(expected))),
    )?;
    add(
        "thumbprint",
        lua.create_function(|_, text: LuaString| {
            answer(thumbprint_from(&Value::String(text)).map(LuaThumbprint))
        }),
    )?;
    add(
        "development_pki",
        lua.create_function(|lua, options: Option<Table>| answer(development_pki::new(lua, options))),
    )?;
    Ok(module)
}

fn wrapped(certificates: Vec<cmgateway::cert::Certificate>) -> Vec<LuaCertificate> {
    certificates.into_iter().map(LuaCertificate).collect()
}
