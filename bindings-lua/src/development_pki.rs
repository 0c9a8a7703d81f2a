//! A small enterprise PKI for rehearsals.

use cmgateway::cert::{DevelopmentPki, DevelopmentPkiOptions, IssuedCertificate};
use mlua::{Lua, Table, UserData, UserDataFields, UserDataMethods, Value};

use crate::arguments::Arguments;
use crate::certificate::{LuaCertificate, time_at, wrapped};
use crate::certificate_request::key_kind;
use crate::error::{answer, expected, no_other_fields};
use crate::key_file::pfx_options;
use crate::options::Options;
use crate::private_key::LuaPrivateKey;

struct LuaDevelopmentPki(DevelopmentPki);

/// One certificate of the PKI, with its key.
pub(crate) struct LuaIssuedCertificate(pub(crate) IssuedCertificate);

const OPTIONS: [&str; 7] =
    ["organization", "sub_cas", "key", "not_before", "days", "server_names", "client_name"];

/// Makes the PKI that the options ask for.
pub(crate) fn new(lua: &Lua, options: Option<Table>) -> mlua::Result<impl UserData + use<>> {
    let given = Options::read("development_pki", options, &OPTIONS)?;
    let mut options = DevelopmentPkiOptions::new(time_at(given.get(lua, "not_before")?)?);
    if let Some(organization) = given.get(lua, "organization")? {
        options.organization = organization;
    }
    if let Some(sub_cas) = given.get(lua, "sub_cas")? {
        options.sub_cas = sub_cas;
    }
    options.key = key_kind(lua, &given)?.unwrap_or(options.key);
    if let Some(days) = given.get(lua, "days")? {
        options.days = days;
    }
    if let Some(server_names) = given.get(lua, "server_names")? {
        options.server_names = server_names;
    }
    if let Some(client_name) = given.get(lua, "client_name")? {
        options.client_name = client_name;
    }
    DevelopmentPki::new(&options).map(LuaDevelopmentPki).map_err(expected)
}

impl UserData for LuaDevelopmentPki {
    fn add_fields<F: UserDataFields<Self>>(fields: &mut F) {
        fields.add_meta_field("__name", "cmgateway.cert.DevelopmentPki");
        fields.add_field_method_get("root", |_, this| Ok(LuaIssuedCertificate(this.0.root().clone())));
        fields.add_field_method_get("server", |_, this| Ok(LuaIssuedCertificate(this.0.server().clone())));
        fields.add_field_method_get("client", |_, this| Ok(LuaIssuedCertificate(this.0.client().clone())));
        fields.add_field_method_get("sub_cas", |lua, this| {
            lua.create_sequence_from(this.0.sub_cas().iter().cloned().map(LuaIssuedCertificate))
        });
    }

    fn add_methods<M: UserDataMethods<Self>>(methods: &mut M) {
        no_other_fields(methods, "DevelopmentPki");
        methods.add_method("write_to", |lua, this, folder: Value| {
            let folder = Arguments("write_to").text(1, &folder);
            let files =
                folder.and_then(|folder| this.0.write_to(folder).map_err(expected)).and_then(|files| {
                    lua.create_sequence_from(files.iter().map(|file| file.to_string_lossy().into_owned()))
                });
            answer(files)
        });
    }
}

impl UserData for LuaIssuedCertificate {
    fn add_fields<F: UserDataFields<Self>>(fields: &mut F) {
        fields.add_meta_field("__name", "cmgateway.cert.IssuedCertificate");
        fields
            .add_field_method_get("certificate", |_, this| Ok(LuaCertificate(this.0.certificate().clone())));
        fields.add_field_method_get("certificate_pem", |_, this| Ok(this.0.certificate_pem()));
        fields.add_field_method_get("chain_pem", |_, this| Ok(this.0.chain_pem()));
        fields.add_field_method_get("private_key", |_, this| Ok(LuaPrivateKey(this.0.private_key().clone())));
        fields.add_field_method_get("chain", |_, this| Ok(wrapped(this.0.chain().to_vec())));
        // The script asks for the key to use it; it is not shown by anything else.
        fields.add_field_method_get("private_key_pem", |lua, this| {
            lua.create_string(this.0.private_key_pem().expose())
        });
    }

    fn add_methods<M: UserDataMethods<Self>>(methods: &mut M) {
        no_other_fields(methods, "IssuedCertificate");
        methods.add_method("to_pfx", |lua, this, options: Value| {
            let options = Arguments("to_pfx").options(1, options)?;
            let given = Options::read("to_pfx", options, &["password", "profile"])?;
            answer(pfx_options(lua, "to_pfx", &given).and_then(|(password, profile)| {
                let bytes = this.0.to_pfx(password.expose(), profile).map_err(expected)?;
                lua.create_string(bytes)
            }))
        });
    }
}
