//! A certificate; its fields are read when they are asked for.

use cmgateway::cert::Certificate;
use cmgateway::{Error, ErrorKind};
use mlua::{AnyUserData, Lua, Table, UserData, UserDataFields, UserDataMethods, Value};
use time::OffsetDateTime;

use crate::arguments::Arguments;
use crate::certificate_request::{extension_tables, template_table};
use crate::error::{answer, expected, no_other_fields};
use crate::objects::objects;
use crate::thumbprint::LuaThumbprint;

pub(crate) struct LuaCertificate(pub(crate) Certificate);

impl UserData for LuaCertificate {
    fn add_fields<F: UserDataFields<Self>>(fields: &mut F) {
        fields.add_meta_field("__name", "cmgateway.cert.Certificate");
        add_names(fields);
        add_key(fields);
        add_places(fields);
        fields.add_field_method_get("thumbprint", |_, this| Ok(LuaThumbprint(this.0.thumbprint())));
        fields.add_field_method_get("sha256_thumbprint", |_, this| Ok(this.0.sha256_thumbprint()));
        fields.add_field_method_get("not_before", |_, this| Ok(this.0.not_before().unix_timestamp()));
        fields.add_field_method_get("not_after", |_, this| Ok(this.0.not_after().unix_timestamp()));
        fields.add_field_method_get("der", |lua, this| lua.create_string(this.0.der()));
    }

    fn add_methods<M: UserDataMethods<Self>>(methods: &mut M) {
        no_other_fields(methods, "Certificate");
        methods.add_method("is_valid_at", |lua, this, at: Value| {
            let at = Arguments("is_valid_at").optional_seconds(lua, 1, at)?;
            answer(time_at(at).map(|at| this.0.is_valid_at(at)))
        });
        methods.add_method("is_expired", |lua, this, at: Value| {
            let at = Arguments("is_expired").optional_seconds(lua, 1, at)?;
            answer(time_at(at).map(|at| this.0.is_expired(at)))
        });
        methods.add_method("days_left", |lua, this, at: Value| {
            let at = Arguments("days_left").optional_seconds(lua, 1, at)?;
            answer(time_at(at).map(|at| this.0.days_left(at)))
        });
        methods.add_method("to_pem", |_, this, ()| Ok(this.0.to_pem()));
        methods.add_meta_method("__tostring", |_, this, ()| Ok(shown(&this.0)));
        methods.add_meta_method("__eq", |_, this, other: AnyUserData| {
            Ok(other.borrow::<LuaCertificate>().is_ok_and(|other| other.0 == this.0))
        });
    }
}

fn add_names<F: UserDataFields<LuaCertificate>>(fields: &mut F) {
    fields.add_field_method_get("subject", |_, this| Ok(this.0.subject()));
    fields.add_field_method_get("issuer", |_, this| Ok(this.0.issuer()));
    fields.add_field_method_get("windows_subject", |_, this| Ok(this.0.windows_subject()));
    fields.add_field_method_get("windows_issuer", |_, this| Ok(this.0.windows_issuer()));
    fields.add_field_method_get("common_name", |_, this| Ok(this.0.common_name()));
    fields.add_field_method_get("serial_number", |_, this| Ok(this.0.serial_number()));
    fields.add_field_method_get("subject_alternative_names", |lua, this| alternative_names(lua, &this.0));
    fields.add_field_method_get("is_self_issued", |_, this| Ok(this.0.is_self_issued()));
}

fn add_places<F: UserDataFields<LuaCertificate>>(fields: &mut F) {
    fields.add_field_method_get("ca_issuer_urls", |_, this| Ok(this.0.ca_issuer_urls()));
    fields.add_field_method_get("ocsp_urls", |_, this| Ok(this.0.ocsp_urls()));
    fields.add_field_method_get("crl_urls", |_, this| Ok(this.0.crl_urls()));
    fields.add_field_method_get("delta_crl_urls", |_, this| Ok(this.0.delta_crl_urls()));
    fields.add_field_method_get("policies", |_, this| Ok(this.0.policies()));
    fields.add_field_method_get("extensions", |lua, this| extension_tables(lua, &this.0.extensions()));
    fields.add_field_method_get("template", |lua, this| {
        this.0.template().map(|template| template_table(lua, &template)).transpose()
    });
    fields.add_field_method_get("name_constraints", |lua, this| {
        let Some(constraints) = this.0.name_constraints() else { return Ok(None) };
        let row = lua.create_table()?;
        row.set("permitted", constraints.permitted)?;
        row.set("excluded", constraints.excluded)?;
        Ok(Some(row))
    });
}

fn add_key<F: UserDataFields<LuaCertificate>>(fields: &mut F) {
    fields.add_field_method_get("key_algorithm", |_, this| Ok(this.0.key_algorithm()));
    fields.add_field_method_get("key_size_bits", |_, this| Ok(this.0.key_size_bits()));
    fields.add_field_method_get("key_usage", |_, this| Ok(this.0.key_usage()));
    fields.add_field_method_get("extended_key_usage", |lua, this| {
        lua.create_sequence_from(this.0.extended_key_usage().iter().map(ToString::to_string))
    });
    fields.add_field_method_get("is_ca", |_, this| Ok(this.0.is_ca()));
    fields.add_field_method_get("path_length", |_, this| Ok(this.0.path_length()));
    fields.add_field_method_get("subject_key_id", |_, this| Ok(this.0.subject_key_id()));
    fields.add_field_method_get("authority_key_id", |_, this| Ok(this.0.authority_key_id()));
    fields.add_field_method_get("signature_algorithm", |_, this| Ok(this.0.signature_algorithm()));
}

fn shown(certificate: &Certificate) -> String {
    format!("<cmgateway.cert.Certificate {} {}>", certificate.thumbprint(), certificate.subject())
}

fn alternative_names(lua: &Lua, certificate: &Certificate) -> mlua::Result<Table> {
    lua.create_sequence_from(certificate.subject_alternative_names().iter().map(ToString::to_string))
}

/// Unix seconds as a time; now where none are given.
pub(crate) fn time_at(seconds: Option<i64>) -> mlua::Result<OffsetDateTime> {
    let Some(seconds) = seconds else { return Ok(OffsetDateTime::now_utc()) };
    OffsetDateTime::from_unix_timestamp(seconds).map_err(|error| {
        expected(Error::new(ErrorKind::Config, "read time", format!("{seconds} seconds: {error}")))
    })
}

/// Certificates for a script.
pub(crate) fn wrapped(certificates: Vec<Certificate>) -> Vec<LuaCertificate> {
    certificates.into_iter().map(LuaCertificate).collect()
}

/// An argument that is a table of certificates.
pub(crate) fn certificates_from(
    arguments: Arguments,
    position: usize,
    value: Value,
) -> mlua::Result<Vec<Certificate>> {
    let table = arguments.table(position, "certificates go in a table: { certificate, … }", value)?;
    let place = format!("bad argument #{position} to '{}'", arguments.0);
    objects(&place, "Certificate", &table, |it: &LuaCertificate| it.0.clone())
}
