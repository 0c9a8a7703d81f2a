//! Chains of certificates: put together, and verified.

use cmgateway::cert::{Chain, MissingIssuer, VerifiedChain};
use cmgateway::net::{FetchedChain, IssuerDownload};
use mlua::{Lua, Table, UserData, UserDataFields, UserDataMethods};

use crate::certificate::{LuaCertificate, wrapped};
use crate::error::no_other_fields;

pub(crate) struct LuaChain(pub(crate) Chain);

pub(crate) struct LuaVerifiedChain(pub(crate) VerifiedChain);

impl UserData for LuaChain {
    fn add_fields<F: UserDataFields<Self>>(fields: &mut F) {
        fields.add_meta_field("__name", "cmgateway.cert.Chain");
        fields.add_field_method_get("certificates", |_, this| Ok(wrapped(this.0.certificates.clone())));
        fields.add_field_method_get("is_complete", |_, this| Ok(this.0.is_complete()));
        fields.add_field_method_get("root", |_, this| Ok(this.0.root().cloned().map(LuaCertificate)));
        fields.add_field_method_get("intermediates", |_, this| Ok(wrapped(this.0.intermediates().to_vec())));
        fields.add_field_method_get("missing", |lua, this| {
            this.0.missing.as_ref().map(|missing| missing_issuer(lua, missing)).transpose()
        });
    }

    fn add_methods<M: UserDataMethods<Self>>(methods: &mut M) {
        no_other_fields(methods, "Chain");
        methods.add_method("authorities_pem", |_, this, ()| Ok(this.0.authorities_pem()));
        methods.add_meta_method("__tostring", |_, this, ()| {
            let state = if this.0.is_complete() { "complete" } else { "incomplete" };
            Ok(format!("<cmgateway.cert.Chain certificates: {}, {state}>", this.0.certificates.len()))
        });
    }
}

/// A chain after its missing issuers were fetched, as a table.
pub(crate) fn fetched_table(lua: &Lua, fetched: FetchedChain) -> mlua::Result<Table> {
    let download = |each: &IssuerDownload| {
        let row = lua.create_table()?;
        row.set("url", each.url.as_str())?;
        row.set("error", each.error.as_deref())?;
        Ok(row)
    };
    let row = lua.create_table()?;
    row.set("downloads", fetched.downloads.iter().map(download).collect::<mlua::Result<Vec<_>>>()?)?;
    row.set("chain", LuaChain(fetched.chain))?;
    Ok(row)
}

fn missing_issuer(lua: &Lua, missing: &MissingIssuer) -> mlua::Result<Table> {
    let row = lua.create_table()?;
    row.set("subject", missing.subject.as_str())?;
    row.set("key_id", missing.key_id.as_deref())?;
    row.set("urls", missing.urls.as_slice())?;
    Ok(row)
}

impl UserData for LuaVerifiedChain {
    fn add_fields<F: UserDataFields<Self>>(fields: &mut F) {
        fields.add_meta_field("__name", "cmgateway.cert.VerifiedChain");
        fields.add_field_method_get("certificates", |_, this| Ok(wrapped(this.0.certificates().to_vec())));
        fields.add_field_method_get("root", |_, this| Ok(this.0.root().cloned().map(LuaCertificate)));
        fields.add_field_method_get("intermediates", |_, this| Ok(wrapped(this.0.intermediates().to_vec())));
        fields.add_field_method_get("policies", |lua, this| {
            lua.create_sequence_from(this.0.policies().iter().map(String::as_str))
        });
    }

    fn add_methods<M: UserDataMethods<Self>>(methods: &mut M) {
        no_other_fields(methods, "VerifiedChain");
        methods.add_method("authorities_pem", |_, this, ()| Ok(this.0.authorities_pem()));
        methods.add_meta_method("__tostring", |_, this, ()| {
            Ok(format!("<cmgateway.cert.VerifiedChain certificates: {}>", this.0.certificates().len()))
        });
    }
}
