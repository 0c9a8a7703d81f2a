//! The DMTF date and time.

use cmgateway::wmi::DateTime;
use mlua::{AnyUserData, UserData, UserDataFields, UserDataMethods};

use crate::error::no_other_fields;

pub(crate) struct LuaDateTime(pub(crate) DateTime);

impl UserData for LuaDateTime {
    fn add_fields<F: UserDataFields<Self>>(fields: &mut F) {
        fields.add_meta_field("__name", "cmgateway.DateTime");
        fields.add_field_method_get("unix", |_, this| {
            Ok(this.0.to_offset_date_time().map(|time| time.unix_timestamp()))
        });
        fields.add_field_method_get("is_interval", |_, this| Ok(this.0.is_interval()));
    }

    fn add_methods<M: UserDataMethods<Self>>(methods: &mut M) {
        no_other_fields(methods, "DateTime");
        methods.add_meta_method("__tostring", |_, this, ()| Ok(this.0.to_string()));
        methods.add_meta_method("__eq", |_, this, other: AnyUserData| {
            Ok(other.borrow::<LuaDateTime>().is_ok_and(|other| other.0 == this.0))
        });
    }
}
