//! Who we are towards Azure.

use cmgateway::Secret;
use cmgateway::azure::Credential;
use mlua::{Lua, Table, UserData, UserDataFields, UserDataMethods, Value};

use crate::arguments::Arguments;
use crate::certificate::LuaCertificate;
use crate::error::no_other_fields;
use crate::objects::object;
use crate::options::Options;
use crate::private_key::LuaPrivateKey;
use crate::value::secret_from;

pub(crate) struct LuaCredential(pub(crate) Credential);

/// Puts the ways to be somebody into `cmgateway.azure`.
pub(super) fn add_to(lua: &Lua, module: &Table) -> mlua::Result<()> {
    let add = |name, function: mlua::Result<_>| module.set(name, function?);
    add(
        "access_token",
        lua.create_function(|_, token: Value| {
            Ok(LuaCredential(Credential::Token(secret("access_token", 1, &token)?)))
        }),
    )?;
    add(
        "client_secret",
        lua.create_function(|_, (tenant, client, given): (Value, Value, Value)| {
            let arguments = Arguments("client_secret");
            Ok(LuaCredential(Credential::ClientSecret {
                tenant_id: arguments.text(1, &tenant)?,
                client_id: arguments.text(2, &client)?,
                secret: secret("client_secret", 3, &given)?,
            }))
        }),
    )?;
    add("client_certificate", lua.create_function(client_certificate))?;
    add(
        "managed_identity",
        lua.create_function(|lua, options: Value| {
            let options = Arguments("managed_identity").options(1, options)?;
            let options = Options::read("managed_identity", options, &["client_id"])?;
            Ok(LuaCredential(Credential::ManagedIdentity { client_id: options.text(lua, "client_id")? }))
        }),
    )?;
    add(
        "azure_cli",
        lua.create_function(|lua, options: Value| {
            let options = Arguments("azure_cli").options(1, options)?;
            let options = Options::read("azure_cli", options, &["tenant_id"])?;
            Ok(LuaCredential(Credential::AzureCli { tenant_id: options.text(lua, "tenant_id")? }))
        }),
    )
}

fn secret(function: &'static str, position: usize, value: &Value) -> mlua::Result<Secret> {
    secret_from(&Arguments(function).bytes(position, value)?)
}

type CertificateArguments = (Value, Value, Value, Value, Value);

fn client_certificate(
    lua: &Lua,
    (tenant, client, certificate, key, options): CertificateArguments,
) -> mlua::Result<LuaCredential> {
    let arguments = Arguments("client_certificate");
    let options = Options::read("client_certificate", arguments.options(5, options)?, &["chain"])?;
    let place = |number| format!("bad argument #{number} to 'client_certificate'");
    let chain = options.objects(lua, "chain", "Certificate", |one: &LuaCertificate| one.0.clone())?;
    Ok(LuaCredential(Credential::ClientCertificate {
        tenant_id: arguments.text(1, &tenant)?,
        client_id: arguments.text(2, &client)?,
        certificate: object(&place(3), "Certificate", &certificate, |one: &LuaCertificate| one.0.clone())?,
        private_key: object(&place(4), "PrivateKey", &key, |one: &LuaPrivateKey| one.0.clone())?,
        chain: chain.unwrap_or_default(),
    }))
}

impl UserData for LuaCredential {
    fn add_fields<F: UserDataFields<Self>>(fields: &mut F) {
        fields.add_meta_field("__name", "cmgateway.azure.Credential");
    }

    fn add_methods<M: UserDataMethods<Self>>(methods: &mut M) {
        no_other_fields(methods, "Credential");
        methods.add_meta_method("__tostring", |_, this, ()| {
            Ok(match this.0 {
                Credential::Token(_) => "<cmgateway.azure.Credential a token>",
                Credential::ClientSecret { .. } => "<cmgateway.azure.Credential a client secret>",
                Credential::ClientCertificate { .. } => "<cmgateway.azure.Credential a client certificate>",
                Credential::ManagedIdentity { .. } => "<cmgateway.azure.Credential a managed identity>",
                _ => "<cmgateway.azure.Credential az login>",
            })
        });
    }
}
