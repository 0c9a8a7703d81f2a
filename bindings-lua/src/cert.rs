//! `cmgateway.cert`: certificates, their keys and chains, and thumbprints.

use mlua::{Lua, Table, Value};

use crate::arguments::Arguments;
use crate::error::answer;
use crate::thumbprint::{LuaThumbprint, thumbprint_from};
use crate::{authority, certificate_request, development_pki, file_loading, key_file, verifier};

pub(crate) fn module(lua: &Lua) -> mlua::Result<Table> {
    let module = lua.create_table()?;
    let add = |name, function: mlua::Result<_>| module.set(name, function?);
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
    file_loading::add_to(lua, &module)?;
    key_file::add_to(lua, &module)?;
    certificate_request::add_to(lua, &module)?;
    authority::add_to(lua, &module)?;
    verifier::add_to(lua, &module)?;
    Ok(module)
}
