//! Key Vault.

use cmgateway::Secret;
use cmgateway::azure::KeyVault;
use mlua::{Lua, Table, UserData, UserDataFields, UserDataMethods, Value};

use super::credential::LuaCredential;
use super::options;
use crate::arguments::Arguments;
use crate::error::{answer, expected, no_other_fields};
use crate::json::{body, to_lua};
use crate::objects::object;
use crate::options::Options;
use crate::runtime::wait;
use crate::value::secret_from;

struct LuaKeyVault(KeyVault);

/// Puts `key_vault` into `cmgateway.azure`.
pub(super) fn add_to(lua: &Lua, module: &Table) -> mlua::Result<()> {
    module.set(
        "key_vault",
        lua.create_function(|lua, (vault, credential, given): (Value, Value, Value)| {
            answer(make(lua, &vault, &credential, given))
        })?,
    )
}

fn make(lua: &Lua, vault: &Value, credential: &Value, given: Value) -> mlua::Result<LuaKeyVault> {
    let vault = Arguments("key_vault").text(1, vault)?;
    let credential =
        object("bad argument #2 to 'key_vault'", "Credential", credential, |one: &LuaCredential| {
            one.0.clone()
        })?;
    let options = options(lua, "key_vault", 3, given, &[])?;
    KeyVault::new(&options, &vault, &credential).map(LuaKeyVault).map_err(expected)
}

impl LuaKeyVault {
    fn import(&self, lua: &Lua, name: &Value, pfx: &Value, given: Value) -> mlua::Result<Value> {
        let arguments = Arguments("import_certificate");
        let (name, pfx) = (arguments.text(1, name)?, arguments.bytes(2, pfx)?);
        let given = arguments.options(3, given)?;
        let options = Options::read("import_certificate", given, &["password", "key_size_bits"])?;
        let password: Option<Secret> = options.secret(lua, "password")?;
        let bits = options.get::<u32>(lua, "key_size_bits")?.unwrap_or(2048);
        let pfx = pfx.as_bytes();
        let imported = self.0.import_certificate(&name, &pfx, password.as_ref(), bits);
        to_lua(lua, &wait(lua, imported)?)
    }

    fn set_secret(&self, lua: &Lua, name: &Value, value: &Value, given: Value) -> mlua::Result<String> {
        let arguments = Arguments("set_secret");
        let (name, value) = (arguments.text(1, name)?, secret_from(&arguments.bytes(2, value)?)?);
        let options = Options::read("set_secret", arguments.options(3, given)?, &["content_type"])?;
        let content_type = options.text(lua, "content_type")?.unwrap_or_else(|| "text/plain".to_owned());
        wait(lua, self.0.set_secret(&name, &value, &content_type))
    }

    fn call(&self, lua: &Lua, method: &Value, path: &Value, content: &Value) -> mlua::Result<Value> {
        let arguments = Arguments("call");
        let (method, path) = (arguments.text(1, method)?, arguments.text(2, path)?);
        let content = body(content)?;
        to_lua(lua, &wait(lua, self.0.call(&method, &path, content.as_ref()))?)
    }
}

impl UserData for LuaKeyVault {
    fn add_fields<F: UserDataFields<Self>>(fields: &mut F) {
        fields.add_meta_field("__name", "cmgateway.azure.KeyVault");
        fields.add_field_method_get("url", |_, this| Ok(this.0.url().to_owned()));
    }

    fn add_methods<M: UserDataMethods<Self>>(methods: &mut M) {
        no_other_fields(methods, "KeyVault");
        methods.add_method("import_certificate", |lua, this, (name, pfx, given): (Value, Value, Value)| {
            answer(this.import(lua, &name, &pfx, given))
        });
        methods.add_method("certificate", |lua, this, name: Value| {
            let name = Arguments("certificate").text(1, &name)?;
            answer(wait(lua, this.0.certificate(&name)).and_then(|found| to_lua(lua, &found)))
        });
        methods.add_method("delete_certificate", |lua, this, name: Value| {
            let name = Arguments("delete_certificate").text(1, &name)?;
            answer(wait(lua, this.0.delete_certificate(&name)))
        });
        methods.add_method("is_certificate_recoverable", |lua, this, name: Value| {
            let name = Arguments("is_certificate_recoverable").text(1, &name)?;
            answer(wait(lua, this.0.is_certificate_recoverable(&name)))
        });
        methods.add_method("purge_certificate", |lua, this, name: Value| {
            let name = Arguments("purge_certificate").text(1, &name)?;
            answer(wait(lua, this.0.purge_certificate(&name)))
        });
        methods.add_method("set_secret", |lua, this, (name, value, given): (Value, Value, Value)| {
            answer(this.set_secret(lua, &name, &value, given))
        });
        methods.add_method("call", |lua, this, (method, path, content): (Value, Value, Value)| {
            answer(this.call(lua, &method, &path, &content))
        });
        methods.add_meta_method("__tostring", |_, this, ()| {
            Ok(format!("<cmgateway.azure.KeyVault {}>", this.0.url()))
        });
    }
}
