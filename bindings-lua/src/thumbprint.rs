//! The thumbprint of a certificate.

use cmgateway::cert::Thumbprint;
use mlua::{AnyUserData, UserData, UserDataFields, UserDataMethods, Value};

use crate::error::{expected, misuse, no_other_fields};
use crate::value::text_from;

pub(crate) struct LuaThumbprint(pub(crate) Thumbprint);

impl UserData for LuaThumbprint {
    fn add_fields<F: UserDataFields<Self>>(fields: &mut F) {
        fields.add_meta_field("__name", "cmgateway.cert.Thumbprint");
    }

    fn add_methods<M: UserDataMethods<Self>>(methods: &mut M) {
        no_other_fields(methods, "Thumbprint");
        methods.add_meta_method("__tostring", |_, this, ()| Ok(this.0.to_string()));
        methods.add_meta_method("__eq", |_, this, other: AnyUserData| {
            Ok(other.borrow::<LuaThumbprint>().is_ok_and(|other| other.0 == this.0))
        });
    }
}

/// A thumbprint as scripts give it: the object or its text.
pub(crate) fn thumbprint_from(value: &Value) -> mlua::Result<Thumbprint> {
    match value {
        Value::String(text) => Thumbprint::from_hex(&text_from(text)?).map_err(expected),
        Value::UserData(object) if object.is::<LuaThumbprint>() => Ok(object.borrow::<LuaThumbprint>()?.0),
        other => Err(misuse(format!("a thumbprint is a Thumbprint or text (got {})", other.type_name()))),
    }
}
