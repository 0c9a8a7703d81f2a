//! The path of an object.

use cmgateway::wmi::{KeyValue, ObjectPath, Value as WmiValue};
use mlua::{AnyUserData, Lua, Table, UserData, UserDataFields, UserDataMethods, Value};

use crate::error::{expected, misuse, no_other_fields};
use crate::instance::LuaInstance;
use crate::value::{text_from, to_lua};

pub(crate) struct LuaPath(pub(crate) ObjectPath);

impl UserData for LuaPath {
    fn add_fields<F: UserDataFields<Self>>(fields: &mut F) {
        fields.add_meta_field("__name", "cmgateway.ObjectPath");
        fields.add_field_method_get("class_name", |lua, this| lua.create_string(this.0.class.as_str()));
        fields.add_field_method_get("server", |_, this| Ok(this.0.server.clone()));
        fields.add_field_method_get("namespace", |_, this| Ok(this.0.namespace.clone()));
        fields.add_field_method_get("keys", |lua, this| keys(lua, &this.0));
    }

    fn add_methods<M: UserDataMethods<Self>>(methods: &mut M) {
        no_other_fields(methods, "ObjectPath");
        methods.add_meta_method("__tostring", |_, this, ()| Ok(this.0.to_string()));
        methods.add_meta_method("__eq", |_, this, other: AnyUserData| {
            Ok(other.borrow::<LuaPath>().is_ok_and(|other| other.0 == this.0))
        });
    }
}

/// The keys by name; the one of a path such as `Win32_Service="x"` has no name and gets the number 1.
fn keys(lua: &Lua, path: &ObjectPath) -> mlua::Result<Table> {
    let table = lua.create_table()?;
    for (name, value) in &path.keys {
        let value = match value {
            KeyValue::String(text) => WmiValue::String(text.clone()),
            KeyValue::Integer(number) => WmiValue::Integer(*number),
            KeyValue::Boolean(flag) => WmiValue::Boolean(*flag),
            KeyValue::Singleton => WmiValue::String("@".to_owned()),
        };
        match name {
            Some(name) => table.raw_set(name.as_str(), to_lua(lua, &value, None)?)?,
            None => table.raw_set(1, to_lua(lua, &value, None)?)?,
        }
    }
    Ok(table)
}

/// A path as scripts give it: the object or its text.
pub(crate) fn path_from(value: &Value) -> mlua::Result<ObjectPath> {
    match value {
        Value::String(text) => ObjectPath::parse(&text_from(text)?).map_err(expected),
        Value::UserData(object) if object.is::<LuaPath>() => Ok(object.borrow::<LuaPath>()?.0.clone()),
        other => Err(misuse(format!("a path is an ObjectPath or text (got {})", other.type_name()))),
    }
}

/// The path of what is to be deleted: a path, or an instance that has one.
pub(crate) fn path_of(value: &Value) -> mlua::Result<ObjectPath> {
    let Value::UserData(object) = value else { return path_from(value) };
    let Ok(instance) = object.borrow::<LuaInstance>() else { return path_from(value) };
    instance.known_path()
}
