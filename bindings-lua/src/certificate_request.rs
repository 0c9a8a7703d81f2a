//! Certificate requests: read, made, and the INF from which Windows makes one.

use cmgateway::cert::{
    CertificateExtension, CertificateRequest, CertificateTemplate, ExtendedKeyUsage, InfOptions, KeyKind,
    PrivateKey, RequestOptions, SubjectAlternativeName, certreq_inf,
};
use mlua::{AnyUserData, Lua, Table, UserData, UserDataFields, UserDataMethods, Value};

use crate::arguments::Arguments;
use crate::error::{answer, expected, no_other_fields};
use crate::objects::object;
use crate::options::Options;
use crate::private_key::LuaPrivateKey;

pub(crate) struct LuaCertificateRequest(pub(crate) CertificateRequest);

const REQUEST_OPTIONS: [&str; 5] = ["subject", "names", "extended_key_usage", "key_usage", "template"];
const INF_OPTIONS: [&str; 9] = [
    "subject",
    "names",
    "extended_key_usage",
    "key_usage",
    "template",
    "key",
    "exportable",
    "machine",
    "friendly_name",
];

/// Puts the functions into `cmgateway.cert`.
pub(crate) fn add_to(lua: &Lua, module: &Table) -> mlua::Result<()> {
    let add = |name, function: mlua::Result<_>| module.set(name, function?);
    add(
        "create_csr",
        lua.create_function(|lua, (key, options): (Value, Value)| {
            let place = "bad argument #1 to 'create_csr'";
            let key = object(place, "PrivateKey", &key, |key: &LuaPrivateKey| key.0.clone())?;
            let options = Arguments("create_csr").options(2, options)?;
            let given = Options::read("create_csr", options, &REQUEST_OPTIONS)?;
            answer(request_options(lua, &given).and_then(|options| {
                CertificateRequest::new(&key, &options).map(LuaCertificateRequest).map_err(expected)
            }))
        }),
    )?;
    add(
        "certreq_inf",
        lua.create_function(|lua, options: Value| {
            let options = Arguments("certreq_inf").options(1, options)?;
            let given = Options::read("certreq_inf", options, &INF_OPTIONS)?;
            answer(inf(lua, &given))
        }),
    )?;
    add(
        "generate_key",
        lua.create_function(|_, kind: Value| {
            let kind = Arguments("generate_key").optional_text(1, &kind)?;
            let kind = kind.map_or(Ok(KeyKind::Rsa2048), |kind| kind.parse().map_err(expected));
            answer(kind.and_then(|kind| PrivateKey::generate(kind).map(LuaPrivateKey).map_err(expected)))
        }),
    )
}

fn inf(lua: &Lua, given: &Options) -> mlua::Result<String> {
    let request = request_options(lua, given)?;
    let mut options = InfOptions::new();
    options.key = key_kind(lua, given)?.unwrap_or(options.key);
    options.exportable = given.optional_flag(lua, "exportable")?.unwrap_or(options.exportable);
    options.machine = given.optional_flag(lua, "machine")?.unwrap_or(options.machine);
    options.friendly_name = given.text(lua, "friendly_name")?;
    certreq_inf(&request, &options).map_err(expected)
}

fn request_options(lua: &Lua, given: &Options) -> mlua::Result<RequestOptions> {
    let subject = given.text(lua, "subject")?.unwrap_or_default().parse().map_err(expected)?;
    let mut options = RequestOptions::server(subject);
    options.names = names(lua, given)?.unwrap_or_default();
    options.extended_key_usage = purposes(lua, given)?.unwrap_or(options.extended_key_usage);
    options.key_usage = given.texts(lua, "key_usage")?.unwrap_or(options.key_usage);
    options.template = template(lua, given)?;
    Ok(options)
}

/// The option `names`, as certificates have them.
pub(crate) fn names(lua: &Lua, given: &Options) -> mlua::Result<Option<Vec<SubjectAlternativeName>>> {
    given.texts(lua, "names")?.map(|texts| alternative_names(&texts)).transpose()
}

/// Names as certificates have them, from texts.
pub(crate) fn alternative_names(texts: &[String]) -> mlua::Result<Vec<SubjectAlternativeName>> {
    texts.iter().map(|text| SubjectAlternativeName::parse(text).map_err(expected)).collect()
}

/// The option `extended_key_usage`.
pub(crate) fn purposes(lua: &Lua, given: &Options) -> mlua::Result<Option<Vec<ExtendedKeyUsage>>> {
    let parse = |text: &String| ExtendedKeyUsage::parse(text).map_err(expected);
    given.texts(lua, "extended_key_usage")?.map(|texts| texts.iter().map(parse).collect()).transpose()
}

/// The option `template`.
pub(crate) fn template(lua: &Lua, given: &Options) -> mlua::Result<Option<CertificateTemplate>> {
    let text = given.text(lua, "template")?;
    text.map(|text| CertificateTemplate::parse(&text).map_err(expected)).transpose()
}

/// The option `key`.
pub(crate) fn key_kind(lua: &Lua, given: &Options) -> mlua::Result<Option<KeyKind>> {
    given.word(lua, "key", &KeyKind::ALL, KeyKind::as_str)
}

/// A template as a table of its parts.
pub(crate) fn template_table(lua: &Lua, template: &CertificateTemplate) -> mlua::Result<Table> {
    let row = lua.create_table()?;
    row.set("name", template.name.as_deref())?;
    row.set("oid", template.oid.as_deref())?;
    row.set("major_version", template.major_version)?;
    row.set("minor_version", template.minor_version)?;
    row.set("text", template.to_string())?;
    Ok(row)
}

/// Extensions as a list of tables.
pub(crate) fn extension_tables(lua: &Lua, extensions: &[CertificateExtension]) -> mlua::Result<Vec<Table>> {
    let table = |extension: &CertificateExtension| {
        let row = lua.create_table()?;
        row.set("oid", extension.oid.as_str())?;
        row.set("critical", extension.critical)?;
        row.set("value", lua.create_string(&extension.value)?)?;
        Ok(row)
    };
    extensions.iter().map(table).collect()
}

impl UserData for LuaCertificateRequest {
    fn add_fields<F: UserDataFields<Self>>(fields: &mut F) {
        fields.add_meta_field("__name", "cmgateway.cert.CertificateRequest");
        fields.add_field_method_get("subject", |_, this| Ok(this.0.subject()));
        fields.add_field_method_get("windows_subject", |_, this| Ok(this.0.windows_subject()));
        fields.add_field_method_get("common_name", |_, this| Ok(this.0.common_name()));
        fields.add_field_method_get("key_algorithm", |_, this| Ok(this.0.key_algorithm()));
        fields.add_field_method_get("key_size_bits", |_, this| Ok(this.0.key_size_bits()));
        fields.add_field_method_get("signature_algorithm", |_, this| Ok(this.0.signature_algorithm()));
        fields.add_field_method_get("subject_alternative_names", |lua, this| {
            lua.create_sequence_from(this.0.subject_alternative_names().iter().map(ToString::to_string))
        });
        fields.add_field_method_get("key_usage", |_, this| Ok(this.0.key_usage()));
        fields.add_field_method_get("extended_key_usage", |lua, this| {
            lua.create_sequence_from(this.0.extended_key_usage().iter().map(ToString::to_string))
        });
        fields.add_field_method_get("is_ca", |_, this| Ok(this.0.is_ca()));
        fields.add_field_method_get("template", |lua, this| {
            this.0.template().map(|template| template_table(lua, &template)).transpose()
        });
        fields.add_field_method_get("origin", |lua, this| {
            let (origin, row) = (this.0.origin(), lua.create_table()?);
            row.set("os_version", origin.os_version)?;
            row.set("machine", origin.machine)?;
            row.set("user", origin.user)?;
            row.set("process", origin.process)?;
            row.set("provider", origin.provider)?;
            Ok(row)
        });
        fields.add_field_method_get("extensions", |lua, this| extension_tables(lua, &this.0.extensions()));
        fields.add_field_method_get("attributes", |_, this| Ok(this.0.attributes()));
        fields.add_field_method_get("der", |lua, this| lua.create_string(this.0.der()));
    }

    fn add_methods<M: UserDataMethods<Self>>(methods: &mut M) {
        no_other_fields(methods, "CertificateRequest");
        methods.add_method("to_pem", |_, this, ()| Ok(this.0.to_pem()));
        methods.add_method("verify_signature", |_, this, ()| {
            answer(this.0.verify_signature().map(|()| true).map_err(expected))
        });
        methods.add_meta_method("__tostring", |_, this, ()| {
            Ok(format!("<cmgateway.cert.CertificateRequest {}>", this.0.subject()))
        });
        methods.add_meta_method("__eq", |_, this, other: AnyUserData| {
            Ok(other.borrow::<LuaCertificateRequest>().is_ok_and(|other| other.0 == this.0))
        });
    }
}
