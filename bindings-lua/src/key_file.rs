//! Containers as they are written: PFX, P7B.

use cmgateway::Secret;
use cmgateway::cert::{PfxKeyPair, PfxProfile, write_p7b, write_pfx};
use mlua::{Lua, LuaString, Table, Value};

use crate::arguments::Arguments;
use crate::certificate::{LuaCertificate, certificates_from};
use crate::error::{answer, expected, misuse};
use crate::objects::object;
use crate::options::Options;
use crate::pfx::LuaPfxKeyPair;
use crate::private_key::LuaPrivateKey;
use crate::value::sequence;

/// Puts the functions into `cmgateway.cert`.
pub(crate) fn add_to(lua: &Lua, module: &Table) -> mlua::Result<()> {
    let add = |name, function: mlua::Result<_>| module.set(name, function?);
    add("write_pfx", lua.create_function(|lua, given: (Value, Value, Value)| answer(pfx(lua, given))))?;
    add(
        "write_p7b",
        lua.create_function(|lua, certificates: Value| {
            let certificates = certificates_from(Arguments("write_p7b"), 1, certificates)?;
            answer(write_p7b(&certificates).map_err(expected).and_then(|bytes| lua.create_string(bytes)))
        }),
    )
}

fn pfx(lua: &Lua, (pairs, certificates, options): (Value, Value, Value)) -> mlua::Result<LuaString> {
    let arguments = Arguments("write_pfx");
    let pairs =
        arguments.table(1, "key pairs go in a table: { { certificate = c, private_key = k }, … }", pairs)?;
    let pairs = sequence(&pairs, "a list of key pairs")?;
    let pairs = pairs.iter().map(|pair| key_pair(lua, pair)).collect::<mlua::Result<Vec<_>>>()?;
    let certificates = certificates_from(arguments, 2, certificates)?;
    let given = Options::read("write_pfx", arguments.options(3, options)?, &["password", "profile"])?;
    let (password, profile) = pfx_options(lua, "write_pfx", &given)?;
    let bytes = write_pfx(&pairs, &certificates, password.expose(), profile).map_err(expected)?;
    lua.create_string(bytes)
}

/// The options `password`, which must be there, and `profile`.
pub(crate) fn pfx_options(lua: &Lua, function: &str, given: &Options) -> mlua::Result<(Secret, PfxProfile)> {
    let password = given.secret(lua, "password")?;
    let password = password.ok_or_else(|| misuse(format!("option 'password' to '{function}' is missing")))?;
    let profiles = [PfxProfile::Modern, PfxProfile::Windows2016];
    let profile = given.word(lua, "profile", &profiles, PfxProfile::as_str)?;
    Ok((password, profile.unwrap_or(PfxProfile::Modern)))
}

/// A pair as a PFX gives it, or a table of its parts.
fn key_pair(lua: &Lua, value: &Value) -> mlua::Result<PfxKeyPair> {
    let Value::Table(table) = value else {
        return object("bad argument #1 to 'write_pfx'", "PfxKeyPair", value, |pair: &LuaPfxKeyPair| {
            pair.0.clone()
        });
    };
    let parts = ["certificate", "private_key", "friendly_name"];
    let given = Options::read("write_pfx", Some(table.clone()), &parts)?;
    let part = |key| Ok::<_, mlua::Error>(given.get::<Value>(lua, key)?.unwrap_or(Value::Nil));
    let place = |key| format!("bad '{key}' of a key pair to 'write_pfx'");
    let certificate =
        object(&place("certificate"), "Certificate", &part("certificate")?, |it: &LuaCertificate| {
            it.0.clone()
        })?;
    let private_key =
        object(&place("private_key"), "PrivateKey", &part("private_key")?, |it: &LuaPrivateKey| {
            it.0.clone()
        })?;
    let mut pair = PfxKeyPair::new(certificate, private_key);
    pair.friendly_name = given.text(lua, "friendly_name")?;
    Ok(pair)
}
