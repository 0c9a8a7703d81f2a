//! A certificate revocation list; its fields are read when they are asked for.

use cmgateway::cert::Crl;
use mlua::{AnyUserData, Lua, Table, UserData, UserDataFields, UserDataMethods, Value};
use time::OffsetDateTime;

use crate::certificate::LuaCertificate;
use crate::error::no_other_fields;
use crate::objects::object;

pub(crate) struct LuaCrl(pub(crate) Crl);

impl UserData for LuaCrl {
    fn add_fields<F: UserDataFields<Self>>(fields: &mut F) {
        fields.add_meta_field("__name", "cmgateway.cert.Crl");
        fields.add_field_method_get("issuer", |_, this| Ok(this.0.issuer()));
        fields.add_field_method_get("number", |_, this| Ok(this.0.number()));
        fields.add_field_method_get("base_number", |_, this| Ok(this.0.base_number()));
        fields.add_field_method_get("is_delta", |_, this| Ok(this.0.is_delta()));
        fields.add_field_method_get("is_indirect", |_, this| Ok(this.0.is_indirect()));
        fields.add_field_method_get("this_update", |_, this| Ok(this.0.this_update().unix_timestamp()));
        fields.add_field_method_get("next_update", |_, this| {
            Ok(this.0.next_update().map(OffsetDateTime::unix_timestamp))
        });
        fields.add_field_method_get("authority_key_id", |_, this| Ok(this.0.authority_key_id()));
        fields.add_field_method_get("signature_algorithm", |_, this| Ok(this.0.signature_algorithm()));
        fields.add_field_method_get("der", |lua, this| lua.create_string(this.0.der()));
    }

    fn add_methods<M: UserDataMethods<Self>>(methods: &mut M) {
        no_other_fields(methods, "Crl");
        methods
            .add_method("revocation", |lua, this, certificate: Value| revocation(lua, &this.0, &certificate));
        methods.add_meta_method("__len", |_, this, ()| Ok(this.0.len()));
        methods.add_meta_method("__tostring", |_, this, ()| {
            Ok(format!("<cmgateway.cert.Crl of {}, entries: {}>", this.0.issuer(), this.0.len()))
        });
        methods.add_meta_method("__eq", |_, this, other: AnyUserData| {
            Ok(other.borrow::<LuaCrl>().is_ok_and(|other| other.0 == this.0))
        });
    }
}

fn revocation(lua: &Lua, list: &Crl, certificate: &Value) -> mlua::Result<Option<Table>> {
    let place = "bad argument #1 to 'revocation'";
    let found = object(place, "Certificate", certificate, |it: &LuaCertificate| list.revocation(&it.0))?;
    let Some(found) = found else { return Ok(None) };
    let row = lua.create_table()?;
    row.set("reason", found.reason.as_str())?;
    row.set("date", found.date.unix_timestamp())?;
    Ok(Some(row))
}
