//! Authorities that issue, sign and revoke.

use cmgateway::cert::{
    Authority, AuthorityOptions, CertificateRequest, CrlOptions, IssueOptions, PublishedPlaces,
    RevocationReason, SignOptions, UnknownExtensions,
};
use mlua::{Lua, Table, UserData, UserDataFields, UserDataMethods, Value};

use crate::arguments::Arguments;
use crate::certificate::{LuaCertificate, time_at, wrapped};
use crate::certificate_request::{
    LuaCertificateRequest, alternative_names, key_kind, names, purposes, template,
};
use crate::crl::LuaCrl;
use crate::development_pki::LuaIssuedCertificate;
use crate::error::{answer, expected, no_other_fields};
use crate::objects::object;
use crate::options::Options;
use crate::private_key::LuaPrivateKey;

struct LuaAuthority(Authority);

const PLACES: [&str; 4] = ["crl_urls", "delta_crl_urls", "ca_issuer_urls", "ocsp_urls"];
const AUTHORITY_OPTIONS: [&str; 12] = [
    "subject",
    "key",
    "not_before",
    "days",
    "path_length",
    "permitted_names",
    "excluded_names",
    "extended_key_usage",
    "crl_urls",
    "delta_crl_urls",
    "ca_issuer_urls",
    "ocsp_urls",
];
const LOAD_OPTIONS: [&str; 7] =
    ["certificate", "private_key", "above", "crl_urls", "delta_crl_urls", "ca_issuer_urls", "ocsp_urls"];
const ISSUE_OPTIONS: [&str; 5] = ["subject", "key", "not_before", "days", "template"];
const SIGN_OPTIONS: [&str; 8] = [
    "not_before",
    "days",
    "subject",
    "names",
    "extended_key_usage",
    "unknown_extensions",
    "authority",
    "path_length",
];
const CRL_OPTIONS: [&str; 4] = ["this_update", "valid_seconds", "delta", "distribution_point"];

/// Puts the functions into `cmgateway.cert`.
pub(crate) fn add_to(lua: &Lua, module: &Table) -> mlua::Result<()> {
    let add = |name, function: mlua::Result<_>| module.set(name, function?);
    add(
        "root_authority",
        lua.create_function(|lua, options: Value| {
            let options = Arguments("root_authority").options(1, options)?;
            let given = Options::read("root_authority", options, &AUTHORITY_OPTIONS)?;
            answer(
                authority_options(lua, &given)
                    .and_then(|options| Authority::root(&options).map(LuaAuthority).map_err(expected)),
            )
        }),
    )?;
    add(
        "load_authority",
        lua.create_function(|lua, options: Value| {
            let options = Arguments("load_authority").options(1, options)?;
            let given = Options::read("load_authority", options, &LOAD_OPTIONS)?;
            answer(load(lua, &given))
        }),
    )
}

fn load(lua: &Lua, given: &Options) -> mlua::Result<LuaAuthority> {
    let part = |key| Ok::<_, mlua::Error>(given.get::<Value>(lua, key)?.unwrap_or(Value::Nil));
    let place = |key| format!("bad option '{key}' to 'load_authority'");
    let certificate =
        object(&place("certificate"), "Certificate", &part("certificate")?, |it: &LuaCertificate| {
            it.0.clone()
        })?;
    let key = object(&place("private_key"), "PrivateKey", &part("private_key")?, |it: &LuaPrivateKey| {
        it.0.clone()
    })?;
    let above = given.objects(lua, "above", "Certificate", |it: &LuaCertificate| it.0.clone())?;
    let places = places(lua, given)?;
    Authority::load(&certificate, &key, &above.unwrap_or_default(), places)
        .map(LuaAuthority)
        .map_err(expected)
}

fn places(lua: &Lua, given: &Options) -> mlua::Result<PublishedPlaces> {
    let [crl, delta, issuers, ocsp] = PLACES.map(|key| given.texts(lua, key));
    let mut places = PublishedPlaces::default();
    places.crl_urls = crl?.unwrap_or_default();
    places.delta_crl_urls = delta?.unwrap_or_default();
    places.ca_issuer_urls = issuers?.unwrap_or_default();
    places.ocsp_urls = ocsp?.unwrap_or_default();
    Ok(places)
}

fn authority_options(lua: &Lua, given: &Options) -> mlua::Result<AuthorityOptions> {
    let subject = given.text(lua, "subject")?.unwrap_or_default().parse().map_err(expected)?;
    let mut options = AuthorityOptions::new(subject, time_at(given.get(lua, "not_before")?)?);
    options.key = key_kind(lua, given)?.unwrap_or(options.key);
    options.days = given.get(lua, "days")?;
    options.path_length = given.get(lua, "path_length")?;
    options.name_constraints.permitted = given.texts(lua, "permitted_names")?.unwrap_or_default();
    options.name_constraints.excluded = given.texts(lua, "excluded_names")?.unwrap_or_default();
    options.extended_key_usage = purposes(lua, given)?.unwrap_or_default();
    options.places = places(lua, given)?;
    Ok(options)
}

/// One name, or a table of names, and the options.
fn issue_options(
    lua: &Lua,
    function: &'static str,
    named: &Value,
    options: Value,
) -> mlua::Result<IssueOptions> {
    let arguments = Arguments(function);
    let texts = match named {
        Value::Table(_) => arguments.texts(1, named)?,
        one => vec![arguments.text(1, one)?],
    };
    let given = Options::read(function, arguments.options(2, options)?, &ISSUE_OPTIONS)?;
    let mut options = IssueOptions::new(&alternative_names(&texts)?, time_at(given.get(lua, "not_before")?)?);
    let subject = given.text(lua, "subject")?;
    options.subject = subject.map(|text| text.parse().map_err(expected)).transpose()?;
    options.key = key_kind(lua, &given)?.unwrap_or(options.key);
    options.days = given.get(lua, "days")?.unwrap_or(options.days);
    options.template = template(lua, &given)?;
    Ok(options)
}

fn sign_options(lua: &Lua, given: &Options) -> mlua::Result<SignOptions> {
    let mut options = SignOptions::new(time_at(given.get(lua, "not_before")?)?);
    options.days = given.get(lua, "days")?.unwrap_or(options.days);
    let subject = given.text(lua, "subject")?;
    options.subject = subject.map(|text| text.parse().map_err(expected)).transpose()?;
    options.names = names(lua, given)?;
    options.extended_key_usage = purposes(lua, given)?;
    let choices = [UnknownExtensions::Refuse, UnknownExtensions::Keep];
    let unknown = given.word(lua, "unknown_extensions", &choices, UnknownExtensions::as_str)?;
    options.unknown_extensions = unknown.unwrap_or_default();
    options.authority = given.flag(lua, "authority")?;
    options.path_length = given.get(lua, "path_length")?;
    Ok(options)
}

fn crl_options(lua: &Lua, given: &Options) -> mlua::Result<CrlOptions> {
    let mut options = CrlOptions::new(time_at(given.get(lua, "this_update")?)?);
    if let Some(seconds) = given.get::<u32>(lua, "valid_seconds")? {
        options.valid_for =
            std::time::Duration::from_secs(seconds.into()).try_into().unwrap_or(options.valid_for);
    }
    options.delta = given.flag(lua, "delta")?;
    options.distribution_point = given.texts(lua, "distribution_point")?.unwrap_or_default();
    Ok(options)
}

fn reason(lua: &Lua, options: Value) -> mlua::Result<(RevocationReason, time::OffsetDateTime)> {
    let options = Arguments("revoke").options(2, options)?;
    let given = Options::read("revoke", options, &["reason", "date"])?;
    let reason = given.word(lua, "reason", &RevocationReason::ALL, RevocationReason::as_str)?;
    Ok((reason.unwrap_or(RevocationReason::Unspecified), time_at(given.get(lua, "date")?)?))
}

impl UserData for LuaAuthority {
    fn add_fields<F: UserDataFields<Self>>(fields: &mut F) {
        fields.add_meta_field("__name", "cmgateway.cert.Authority");
        fields
            .add_field_method_get("certificate", |_, this| Ok(LuaCertificate(this.0.certificate().clone())));
        fields.add_field_method_get("private_key", |_, this| Ok(LuaPrivateKey(this.0.private_key().clone())));
        fields.add_field_method_get("chain", |_, this| Ok(wrapped(this.0.chain().to_vec())));
    }

    fn add_methods<M: UserDataMethods<Self>>(methods: &mut M) {
        no_other_fields(methods, "Authority");
        methods.add_method("sub_ca", |lua, this, options: Value| {
            let options = Arguments("sub_ca").options(1, options)?;
            let given = Options::read("sub_ca", options, &AUTHORITY_OPTIONS)?;
            answer(
                authority_options(lua, &given)
                    .and_then(|options| this.0.sub_ca(&options).map(LuaAuthority).map_err(expected)),
            )
        });
        methods.add_method("issue_server", |lua, this, (named, options): (Value, Value)| {
            let options = issue_options(lua, "issue_server", &named, options);
            answer(options.and_then(|options| {
                this.0.issue_server(&options).map(LuaIssuedCertificate).map_err(expected)
            }))
        });
        methods.add_method("issue_client", |lua, this, (named, options): (Value, Value)| {
            let options = issue_options(lua, "issue_client", &named, options);
            answer(options.and_then(|options| {
                this.0.issue_client(&options).map(LuaIssuedCertificate).map_err(expected)
            }))
        });
        methods.add_method("sign", |lua, this, (request, options): (Value, Value)| {
            let request = request_of(&request)?;
            let options = Arguments("sign").options(2, options)?;
            let given = Options::read("sign", options, &SIGN_OPTIONS)?;
            answer(
                sign_options(lua, &given).and_then(|options| {
                    this.0.sign(&request, &options).map(LuaCertificate).map_err(expected)
                }),
            )
        });
        add_revocation(methods);
        methods.add_meta_method("__tostring", |_, this, ()| {
            Ok(format!("<cmgateway.cert.Authority {}>", this.0.certificate().subject()))
        });
    }
}

fn add_revocation<M: UserDataMethods<LuaAuthority>>(methods: &mut M) {
    methods.add_method_mut("revoke", |lua, this, (certificate, options): (Value, Value)| {
        let place = "bad argument #1 to 'revoke'";
        let certificate = object(place, "Certificate", &certificate, |it: &LuaCertificate| it.0.clone())?;
        answer(reason(lua, options).and_then(|(reason, date)| {
            this.0.revoke(&certificate, reason, date).map(|()| true).map_err(expected)
        }))
    });
    methods.add_method_mut("release", |_, this, certificate: Value| {
        let place = "bad argument #1 to 'release'";
        let certificate = object(place, "Certificate", &certificate, |it: &LuaCertificate| it.0.clone())?;
        answer(this.0.release(&certificate).map(|()| true).map_err(expected))
    });
    methods.add_method_mut("continue_from", |_, this, list: Value| {
        let place = "bad argument #1 to 'continue_from'";
        let list = object(place, "Crl", &list, |it: &LuaCrl| it.0.clone())?;
        answer(this.0.continue_from(&list).map(|()| true).map_err(expected))
    });
    methods.add_method_mut("crl", |lua, this, options: Value| {
        let options = Arguments("crl").options(1, options)?;
        let given = Options::read("crl", options, &CRL_OPTIONS)?;
        answer(
            crl_options(lua, &given).and_then(|options| this.0.crl(&options).map(LuaCrl).map_err(expected)),
        )
    });
}

fn request_of(value: &Value) -> mlua::Result<CertificateRequest> {
    let place = "bad argument #1 to 'sign'";
    object(place, "CertificateRequest", value, |it: &LuaCertificateRequest| it.0.clone())
}
