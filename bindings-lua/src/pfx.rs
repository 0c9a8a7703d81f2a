//! What a PFX holds.

use cmgateway::cert::{Pfx, PfxCertificate, PfxKey, PfxKeyPair, PfxMac};
use mlua::{UserData, UserDataFields, UserDataMethods};

use crate::certificate::LuaCertificate;
use crate::error::no_other_fields;
use crate::private_key::LuaPrivateKey;

pub(crate) struct LuaPfx(pub(crate) Pfx);

pub(crate) struct LuaPfxKeyPair(pub(crate) PfxKeyPair);

struct LuaPfxCertificate(PfxCertificate);

struct LuaPfxKey(PfxKey);

struct LuaPfxMac(PfxMac);

impl UserData for LuaPfx {
    fn add_fields<F: UserDataFields<Self>>(fields: &mut F) {
        fields.add_meta_field("__name", "cmgateway.cert.Pfx");
        fields.add_field_method_get("key_pairs", |lua, this| {
            lua.create_sequence_from(this.0.key_pairs.iter().cloned().map(LuaPfxKeyPair))
        });
        fields.add_field_method_get("certificates", |lua, this| {
            lua.create_sequence_from(this.0.certificates.iter().cloned().map(LuaPfxCertificate))
        });
        fields.add_field_method_get("keys", |lua, this| {
            lua.create_sequence_from(this.0.keys.iter().cloned().map(LuaPfxKey))
        });
        fields.add_field_method_get("skipped", |lua, this| {
            lua.create_sequence_from(this.0.skipped.iter().map(String::as_str))
        });
        fields.add_field_method_get("mac", |_, this| Ok(this.0.mac.clone().map(LuaPfxMac)));
        fields.add_field_method_get("password_form", |_, this| {
            Ok(this.0.password_form.map(cmgateway::cert::PasswordForm::as_str))
        });
    }

    fn add_methods<M: UserDataMethods<Self>>(methods: &mut M) {
        no_other_fields(methods, "Pfx");
        methods.add_meta_method("__tostring", |_, this, ()| {
            let (pairs, certificates, keys) =
                (this.0.key_pairs.len(), this.0.certificates.len(), this.0.keys.len());
            Ok(format!("<cmgateway.cert.Pfx key pairs: {pairs}, certificates: {certificates}, keys: {keys}>"))
        });
    }
}

impl UserData for LuaPfxKeyPair {
    fn add_fields<F: UserDataFields<Self>>(fields: &mut F) {
        fields.add_meta_field("__name", "cmgateway.cert.PfxKeyPair");
        fields.add_field_method_get("certificate", |_, this| Ok(LuaCertificate(this.0.certificate.clone())));
        fields.add_field_method_get("private_key", |_, this| Ok(LuaPrivateKey(this.0.private_key.clone())));
        fields.add_field_method_get("friendly_name", |_, this| Ok(this.0.friendly_name.clone()));
    }

    fn add_methods<M: UserDataMethods<Self>>(methods: &mut M) {
        no_other_fields(methods, "PfxKeyPair");
        methods.add_meta_method("__tostring", |_, this, ()| {
            Ok(format!("<cmgateway.cert.PfxKeyPair {}>", this.0.certificate.subject()))
        });
    }
}

impl UserData for LuaPfxCertificate {
    fn add_fields<F: UserDataFields<Self>>(fields: &mut F) {
        fields.add_meta_field("__name", "cmgateway.cert.PfxCertificate");
        fields.add_field_method_get("certificate", |_, this| Ok(LuaCertificate(this.0.certificate.clone())));
        fields.add_field_method_get("friendly_name", |_, this| Ok(this.0.friendly_name.clone()));
    }

    fn add_methods<M: UserDataMethods<Self>>(methods: &mut M) {
        no_other_fields(methods, "PfxCertificate");
        methods.add_meta_method("__tostring", |_, this, ()| {
            Ok(format!("<cmgateway.cert.PfxCertificate {}>", this.0.certificate.subject()))
        });
    }
}

impl UserData for LuaPfxKey {
    fn add_fields<F: UserDataFields<Self>>(fields: &mut F) {
        fields.add_meta_field("__name", "cmgateway.cert.PfxKey");
        fields.add_field_method_get("private_key", |_, this| Ok(LuaPrivateKey(this.0.private_key.clone())));
        fields.add_field_method_get("friendly_name", |_, this| Ok(this.0.friendly_name.clone()));
    }

    fn add_methods<M: UserDataMethods<Self>>(methods: &mut M) {
        no_other_fields(methods, "PfxKey");
        methods.add_meta_method("__tostring", |_, this, ()| {
            Ok(format!("<cmgateway.cert.PfxKey {}>", this.0.private_key.algorithm()))
        });
    }
}

impl UserData for LuaPfxMac {
    fn add_fields<F: UserDataFields<Self>>(fields: &mut F) {
        fields.add_meta_field("__name", "cmgateway.cert.PfxMac");
        fields.add_field_method_get("algorithm", |lua, this| lua.create_string(&this.0.algorithm));
        fields.add_field_method_get("iterations", |_, this| Ok(this.0.iterations));
    }

    fn add_methods<M: UserDataMethods<Self>>(methods: &mut M) {
        no_other_fields(methods, "PfxMac");
        methods.add_meta_method("__tostring", |_, this, ()| {
            Ok(format!("<cmgateway.cert.PfxMac {}, {} iterations>", this.0.algorithm, this.0.iterations))
        });
    }
}
