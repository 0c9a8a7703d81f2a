//! The management certificate of the classic API.

use cmgateway::azure::asm::ManagementCertificate;
use cmgateway::cert::PfxKeyPair;
use mlua::{Lua, Table, UserData, UserDataFields, UserDataMethods, Value};
use time::OffsetDateTime;

use crate::arguments::Arguments;
use crate::certificate::LuaCertificate;
use crate::error::{answer, expected, no_other_fields};
use crate::objects::object;
use crate::options::Options;
use crate::private_key::LuaPrivateKey;

pub(crate) struct LuaManagementCertificate(pub(crate) ManagementCertificate);

/// Puts the functions into `cmgateway.azure`.
pub(super) fn add_to(lua: &Lua, module: &Table) -> mlua::Result<()> {
    module.set(
        "management_certificate",
        lua.create_function(|_, (certificate, key): (Value, Value)| {
            let place = |number| format!("bad argument #{number} to 'management_certificate'");
            let pair = PfxKeyPair::new(
                object(&place(1), "Certificate", &certificate, |one: &LuaCertificate| one.0.clone())?,
                object(&place(2), "PrivateKey", &key, |one: &LuaPrivateKey| one.0.clone())?,
            );
            Ok(LuaManagementCertificate(ManagementCertificate::new(pair)))
        })?,
    )?;
    module.set(
        "make_management_certificate",
        lua.create_function(|lua, (name, given): (Value, Value)| {
            let arguments = Arguments("make_management_certificate");
            let name = arguments.optional_text(1, &name)?.unwrap_or_else(|| "CMG management".to_owned());
            let given = arguments.options(2, given)?;
            let options = Options::read("make_management_certificate", given, &["days"])?;
            let days = options.get::<u32>(lua, "days")?.unwrap_or(365);
            let made = ManagementCertificate::make(&name, OffsetDateTime::now_utc(), days);
            answer(made.map(LuaManagementCertificate).map_err(expected))
        })?,
    )
}

impl UserData for LuaManagementCertificate {
    fn add_fields<F: UserDataFields<Self>>(fields: &mut F) {
        fields.add_meta_field("__name", "cmgateway.azure.ManagementCertificate");
        fields
            .add_field_method_get("certificate", |_, this| Ok(LuaCertificate(this.0.certificate().clone())));
        fields.add_field_method_get("private_key", |_, this| Ok(LuaPrivateKey(this.0.private_key().clone())));
    }

    fn add_methods<M: UserDataMethods<Self>>(methods: &mut M) {
        no_other_fields(methods, "ManagementCertificate");
        methods.add_meta_method("__tostring", |_, this, ()| {
            Ok(format!("<cmgateway.azure.ManagementCertificate {}>", this.0.certificate().thumbprint()))
        });
    }
}
