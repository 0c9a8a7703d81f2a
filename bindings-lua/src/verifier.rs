//! The trust decision: chains, verifiers.

use std::time::Duration;

use cmgateway::cert::{
    Certificate, Profile, Purpose, RevocationMode, Verifier, VerifierOptions, build_chain,
};
use cmgateway::net::fetch_issuers;
use mlua::{Lua, Table, UserData, UserDataFields, UserDataMethods, Value};
use time::OffsetDateTime;

use crate::arguments::Arguments;
use crate::certificate::{LuaCertificate, certificates_from, time_at};
use crate::chain::{LuaChain, LuaVerifiedChain, fetched_table};
use crate::crl::LuaCrl;
use crate::error::{answer, expected, misuse, no_other_fields};
use crate::objects::object;
use crate::options::Options;
use crate::runtime::wait;

struct LuaVerifier {
    verifier: Verifier,
    /// None asks the clock with each call.
    at: Option<OffsetDateTime>,
}

const OPTIONS: [&str; 22] = [
    "roots",
    "intermediates",
    "crls",
    "at",
    "purpose",
    "profile",
    "revocation",
    "policies",
    "require_explicit_policy",
    "inhibit_policy_mapping",
    "inhibit_any_policy",
    "anchor_expiry",
    "anchor_constraints",
    "partial_chain",
    "extended_key_usage",
    "key_usage",
    "max_intermediates",
    "danger_allow_sha1",
    "danger_allow_small_rsa",
    "danger_allow_dsa",
    "danger_common_name_fallback",
    "danger_accept_missing_crl",
];

/// Puts the functions into `cmgateway.cert`.
pub(crate) fn add_to(lua: &Lua, module: &Table) -> mlua::Result<()> {
    let add = |name, function: mlua::Result<_>| module.set(name, function?);
    add(
        "build_chain",
        lua.create_function(|_, (leaf, others): (Value, Value)| {
            let leaf = certificate("bad argument #1 to 'build_chain'", &leaf)?;
            let others = certificates_from(Arguments("build_chain"), 2, others)?;
            Ok(LuaChain(build_chain(&leaf, &others)))
        }),
    )?;
    add(
        "fetch_issuers",
        lua.create_function(|lua, (leaf, others, options): (Value, Value, Value)| {
            let leaf = certificate("bad argument #1 to 'fetch_issuers'", &leaf)?;
            let others = match others {
                Value::Nil => Vec::new(),
                others => certificates_from(Arguments("fetch_issuers"), 2, others)?,
            };
            let options = Arguments("fetch_issuers").options(3, options)?;
            let given = Options::read("fetch_issuers", options, &["timeout"])?;
            let seconds = given.get::<u32>(lua, "timeout")?;
            let timeout = seconds.map(|seconds| Duration::from_secs(seconds.into()));
            let fetched = wait(lua, async { fetch_issuers(&leaf, &others, timeout).await });
            answer(fetched.and_then(|fetched| fetched_table(lua, fetched)))
        }),
    )?;
    add(
        "verifier",
        lua.create_function(|lua, options: Value| {
            let options = Arguments("verifier").options(1, options)?;
            answer(verifier(lua, options))
        }),
    )
}

fn certificate(place: &str, value: &Value) -> mlua::Result<Certificate> {
    object(place, "Certificate", value, |it: &LuaCertificate| it.0.clone())
}

fn verifier(lua: &Lua, options: Option<Table>) -> mlua::Result<LuaVerifier> {
    let given = Options::read("verifier", options, &OPTIONS)?;
    let certificates =
        |key| given.objects(lua, key, "Certificate", |certificate: &LuaCertificate| certificate.0.clone());
    let roots = certificates("roots")?.ok_or_else(|| misuse("option 'roots' to 'verifier' is missing"))?;
    let at = given.get::<i64>(lua, "at")?.map(|at| time_at(Some(at))).transpose()?;
    let mut options = VerifierOptions::new(roots, at.map_or_else(|| time_at(None), Ok)?);
    options.intermediates = certificates("intermediates")?.unwrap_or_default();
    options.crls = given.objects(lua, "crls", "Crl", |list: &LuaCrl| list.0.clone())?.unwrap_or_default();
    options.purpose = given.word(lua, "purpose", &Purpose::ALL, Purpose::as_str)?.unwrap_or_default();
    let profiles = [Profile::Enterprise, Profile::Strict];
    options.profile = given.word(lua, "profile", &profiles, profile_word)?.unwrap_or_default();
    let modes = [RevocationMode::Off, RevocationMode::Leaf, RevocationMode::Chain];
    options.revocation = given.word(lua, "revocation", &modes, revocation_word)?.unwrap_or_default();
    options.policies = given.texts(lua, "policies")?.unwrap_or_default();
    let flag = |key| given.flag(lua, key);
    options.require_explicit_policy = flag("require_explicit_policy")?;
    options.inhibit_policy_mapping = flag("inhibit_policy_mapping")?;
    options.inhibit_any_policy = flag("inhibit_any_policy")?;
    let said = |key| given.optional_flag(lua, key);
    options.anchor_checks.expiry = said("anchor_expiry")?;
    options.anchor_checks.constraints = said("anchor_constraints")?;
    options.partial_chain = said("partial_chain")?;
    options.extended_key_usage = given.texts(lua, "extended_key_usage")?.unwrap_or_default();
    options.key_usage = given.texts(lua, "key_usage")?.unwrap_or_default();
    options.max_intermediates = given.get::<usize>(lua, "max_intermediates")?;
    options.danger_allow_sha1 = flag("danger_allow_sha1")?;
    options.danger_allow_small_rsa = flag("danger_allow_small_rsa")?;
    options.danger_allow_dsa = flag("danger_allow_dsa")?;
    options.danger_common_name_fallback = flag("danger_common_name_fallback")?;
    options.danger_accept_missing_crl = flag("danger_accept_missing_crl")?;
    let verifier = Verifier::new(options).map_err(expected)?;
    Ok(LuaVerifier { verifier, at })
}

/// The core has no words for these two; a kind that it adds later has none here either.
fn profile_word(profile: Profile) -> &'static str {
    match profile {
        Profile::Strict => "strict",
        _ => "enterprise",
    }
}

fn revocation_word(mode: RevocationMode) -> &'static str {
    match mode {
        RevocationMode::Chain => "chain",
        RevocationMode::Leaf => "leaf",
        _ => "off",
    }
}

impl UserData for LuaVerifier {
    fn add_fields<F: UserDataFields<Self>>(fields: &mut F) {
        fields.add_meta_field("__name", "cmgateway.cert.Verifier");
    }

    fn add_methods<M: UserDataMethods<Self>>(methods: &mut M) {
        no_other_fields(methods, "Verifier");
        methods.add_method("verify", |lua, this, (leaf, name, options): (Value, Value, Value)| {
            let leaf = certificate("bad argument #1 to 'verify'", &leaf)?;
            let arguments = Arguments("verify");
            let options = arguments.options(3, options)?;
            let given = Options::read("verify", options, &["intermediates", "at"])?;
            let take = |it: &LuaCertificate| it.0.clone();
            let others = given.objects(lua, "intermediates", "Certificate", take)?.unwrap_or_default();
            let at = given.get::<i64>(lua, "at")?.map(|at| time_at(Some(at))).transpose()?;
            answer(arguments.optional_text(2, &name).and_then(|name| this.verify(&leaf, name, &others, at)))
        });
        methods.add_meta_method("__tostring", |_, this, ()| {
            let options = this.verifier.options();
            let (purpose, roots) = (options.purpose.as_str(), options.roots.len());
            Ok(format!("<cmgateway.cert.Verifier for {purpose}, roots: {roots}>"))
        });
    }
}

impl LuaVerifier {
    fn verify(
        &self,
        leaf: &Certificate,
        name: Option<String>,
        others: &[Certificate],
        at: Option<OffsetDateTime>,
    ) -> mlua::Result<LuaVerifiedChain> {
        let at = at.or(self.at).map_or_else(|| time_at(None), Ok)?;
        let chain = self.verifier.verify_with(leaf, others, name.as_deref(), at);
        chain.map(LuaVerifiedChain).map_err(expected)
    }
}
