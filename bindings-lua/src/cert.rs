//! `cmgateway.cert`: certificates, their keys and chains, and thumbprints.

use cmgateway::cert::{load_cer, load_cer_file};
use mlua::{Lua, Table, Value};

use crate::arguments::Arguments;
use crate::certificate::wrapped;
use crate::error::{answer, expected};
use crate::thumbprint::{LuaThumbprint, thumbprint_from};
use crate::{development_pki, key_file, verifier};

pub(crate) fn module(lua: &Lua) -> mlua::Result<Table> {
    let module = lua.create_table()?;
    let add = |name, function: mlua::Result<_>| module.set(name, function?);
    add(
        "load_cer",
        lua.create_function(|_, bytes: Value| {
            let bytes = Arguments("load_cer").bytes(1, &bytes)?;
            answer(load_cer(&bytes.as_bytes()).map(wrapped).map_err(expected))
        }),
    )?;
    add(
        "load_cer_file",
        lua.create_function(|_, file: Value| {
            let file = Arguments("load_cer_file").text(1, &file);
            answer(file.and_then(|file| load_cer_file(file).map(wrapped).map_err(expected)))
        }),
    )?;
    add(
        "thumbprint",
        lua.create_function(|_, text: Value| {
            let text = Arguments("thumbprint").bytes(1, &text)?;
            answer(thumbprint_from(&Value::String(text)).map(LuaThumbprint))
        }),
    )?;
    add(
        "development_pki",
        lua.create_function(|lua, options: Value| {
            let options = Arguments("development_pki").options(1, options)?;
            answer(development_pki::new(lua, options))
        }),
    )?;
    key_file::add_to(lua, &module)?;
    verifier::add_to(lua, &module)?;
    Ok(module)
}
