//! Functions that read files: each once for the content and once for the name.

use cmgateway::cert::{
    load_cer, load_cer_file, load_crl, load_crl_file, load_csr, load_csr_file, load_p7b, load_p7b_file,
    load_pfx, load_pfx_file, load_private_key, load_private_key_file,
};
use cmgateway::{Result, Secret};
use mlua::{IntoLua, Lua, Table, Value};

use crate::arguments::Arguments;
use crate::certificate::wrapped;
use crate::certificate_request::LuaCertificateRequest;
use crate::crl::LuaCrl;
use crate::error::{answer, expected};
use crate::pfx::LuaPfx;
use crate::private_key::LuaPrivateKey;

/// Puts the functions into `cmgateway.cert`.
pub(crate) fn add_to(lua: &Lua, module: &Table) -> mlua::Result<()> {
    let lists = |lists: Vec<_>| lists.into_iter().map(LuaCrl).collect::<Vec<_>>();
    open(lua, module, "load_cer", |bytes| load_cer(bytes).map(wrapped))?;
    open_file(lua, module, "load_cer_file", |file| load_cer_file(file).map(wrapped))?;
    open(lua, module, "load_p7b", |bytes| load_p7b(bytes).map(wrapped))?;
    open_file(lua, module, "load_p7b_file", |file| load_p7b_file(file).map(wrapped))?;
    open(lua, module, "load_crl", move |bytes| load_crl(bytes).map(lists))?;
    open_file(lua, module, "load_crl_file", move |file| load_crl_file(file).map(lists))?;
    open(lua, module, "load_csr", |bytes| load_csr(bytes).map(LuaCertificateRequest))?;
    open_file(lua, module, "load_csr_file", |file| load_csr_file(file).map(LuaCertificateRequest))?;
    closed(lua, module, "load_pfx", |bytes, password| load_pfx(bytes, password).map(LuaPfx))?;
    closed_file(lua, module, "load_pfx_file", |file, password| load_pfx_file(file, password).map(LuaPfx))?;
    closed(lua, module, "load_private_key", |bytes, password| {
        load_private_key(bytes, password).map(LuaPrivateKey)
    })?;
    closed_file(lua, module, "load_private_key_file", |file, password| {
        load_private_key_file(file, password).map(LuaPrivateKey)
    })
}

/// A function of the content of a file without secrets.
fn open<T: IntoLua>(
    lua: &Lua,
    module: &Table,
    name: &'static str,
    read: impl Fn(&[u8]) -> Result<T> + Send + 'static,
) -> mlua::Result<()> {
    let function = lua.create_function(move |_, bytes: Value| {
        let bytes = Arguments(name).bytes(1, &bytes)?;
        answer(read(&bytes.as_bytes()).map_err(expected))
    });
    module.set(name, function?)
}

/// A function of the name of a file without secrets.
fn open_file<T: IntoLua>(
    lua: &Lua,
    module: &Table,
    name: &'static str,
    read: impl Fn(&str) -> Result<T> + Send + 'static,
) -> mlua::Result<()> {
    let function = lua.create_function(move |_, file: Value| {
        let file = Arguments(name).text(1, &file);
        answer(file.and_then(|file| read(&file).map_err(expected)))
    });
    module.set(name, function?)
}

/// A function of the content of a file that a password may close.
fn closed<T: IntoLua>(
    lua: &Lua,
    module: &Table,
    name: &'static str,
    read: impl Fn(&[u8], Option<&str>) -> Result<T> + Send + 'static,
) -> mlua::Result<()> {
    let function = lua.create_function(move |_, (bytes, password): (Value, Value)| {
        let bytes = Arguments(name).bytes(1, &bytes)?;
        answer(Arguments(name).optional_secret(2, &password).and_then(|password| {
            let password = password.as_ref().map(Secret::expose);
            read(&bytes.as_bytes(), password).map_err(expected)
        }))
    });
    module.set(name, function?)
}

/// A function of the name of a file that a password may close.
fn closed_file<T: IntoLua>(
    lua: &Lua,
    module: &Table,
    name: &'static str,
    read: impl Fn(&str, Option<&str>) -> Result<T> + Send + 'static,
) -> mlua::Result<()> {
    let function = lua.create_function(move |_, (file, password): (Value, Value)| {
        let arguments = Arguments(name);
        let file = arguments.text(1, &file);
        answer(file.and_then(|file| {
            let password = arguments.optional_secret(2, &password)?;
            read(&file, password.as_ref().map(Secret::expose)).map_err(expected)
        }))
    });
    module.set(name, function?)
}
