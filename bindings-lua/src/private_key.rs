//! A private key; only `to_pem` gives it out.

use cmgateway::cert::PrivateKey;
use mlua::{AnyUserData, UserData, UserDataFields, UserDataMethods, Value};

use crate::certificate::LuaCertificate;
use crate::certificate_request::LuaCertificateRequest;
use crate::error::no_other_fields;
use crate::objects::object;

pub(crate) struct LuaPrivateKey(pub(crate) PrivateKey);

impl UserData for LuaPrivateKey {
    fn add_fields<F: UserDataFields<Self>>(fields: &mut F) {
        fields.add_meta_field("__name", "cmgateway.cert.PrivateKey");
        fields.add_field_method_get("kind", |_, this| Ok(this.0.kind().as_str()));
        fields.add_field_method_get("algorithm", |lua, this| lua.create_string(this.0.algorithm()));
        fields.add_field_method_get("size_bits", |_, this| Ok(this.0.size_bits()));
    }

    fn add_methods<M: UserDataMethods<Self>>(methods: &mut M) {
        no_other_fields(methods, "PrivateKey");
        methods.add_method("matches", |_, this, certificate: Value| {
            object(
                "bad argument #1 to 'matches'",
                "Certificate",
                &certificate,
                |certificate: &LuaCertificate| this.0.matches(&certificate.0),
            )
        });
        methods.add_method("matches_request", |_, this, request: Value| {
            let place = "bad argument #1 to 'matches_request'";
            object(place, "CertificateRequest", &request, |it: &LuaCertificateRequest| {
                this.0.matches_request(&it.0)
            })
        });
        // The script asks for the key to use it; it is not shown by anything else.
        methods.add_method("to_pem", |lua, this, ()| lua.create_string(this.0.to_pkcs8_pem().expose()));
        methods.add_meta_method("__tostring", |_, this, ()| {
            Ok(format!("<cmgateway.cert.PrivateKey {}>", this.0.algorithm()))
        });
        methods.add_meta_method("__eq", |_, this, other: AnyUserData| {
            Ok(other.borrow::<LuaPrivateKey>().is_ok_and(|other| other.0 == this.0))
        });
    }
}
