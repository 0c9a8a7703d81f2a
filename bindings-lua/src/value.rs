//! WMI values as Lua values, and back.

use cmgateway::limits::EMBEDDED_OBJECT_DEPTH_MAX;
use cmgateway::site::Site;
use cmgateway::wmi::Value as WmiValue;
use cmgateway::{Error, ErrorKind, Secret};
use mlua::{AnyUserData, Lua, LuaString, Table, UserData, UserDataFields, UserDataMethods, Value};

use crate::datetime::LuaDateTime;
use crate::error::{expected, misuse};
use crate::instance::LuaInstance;
use crate::path::LuaPath;

const NULL: &str = "cmgateway.null";
/// Integers up to here are exact in every Lua; beyond, only where Lua has integers.
const DOUBLE_EXACT_MAX: i128 = 1 << 53;

/// `cmgateway.null`: a null that a table can hold.
struct Null;

impl UserData for Null {
    fn add_fields<F: UserDataFields<Self>>(fields: &mut F) {
        fields.add_meta_field("__name", NULL);
    }

    fn add_methods<M: UserDataMethods<Self>>(methods: &mut M) {
        methods.add_meta_method("__tostring", |_, _, ()| Ok("null"));
    }
}

/// The state's only null.
pub(crate) fn null(lua: &Lua) -> mlua::Result<AnyUserData> {
    match lua.named_registry_value::<Option<AnyUserData>>(NULL)? {
        Some(null) => Ok(null),
        None => {
            let null = lua.create_userdata(Null)?;
            lua.set_named_registry_value(NULL, &null)?;
            Ok(null)
        }
    }
}

/// True for the state's null.
pub(crate) fn is_null(value: &Value) -> bool {
    value.as_userdata().is_some_and(|object| object.is::<Null>())
}

/// A value for a script; null is nil.
pub(crate) fn to_lua(lua: &Lua, value: &WmiValue, site: Option<&Site>) -> mlua::Result<Value> {
    Ok(match value {
        WmiValue::Null => Value::Nil,
        WmiValue::Boolean(flag) => Value::Boolean(*flag),
        WmiValue::Integer(number) => integer(lua, *number)?,
        WmiValue::Real(number) => Value::Number(*number),
        WmiValue::String(text) => Value::String(lua.create_string(text)?),
        WmiValue::DateTime(value) => Value::UserData(lua.create_userdata(LuaDateTime(value.clone()))?),
        WmiValue::Reference(path) => Value::UserData(lua.create_userdata(LuaPath(path.clone()))?),
        WmiValue::Object(instance) => {
            Value::UserData(lua.create_userdata(LuaInstance::of((**instance).clone(), site))?)
        }
        WmiValue::Array(items) => {
            let items: mlua::Result<Vec<_>> =
                items.iter().map(|item| to_lua_or_null(lua, item, site)).collect();
            Value::Table(lua.create_sequence_from(items?)?)
        }
    })
}

/// A value for a table of a script; null is `cmgateway.null`.
pub(crate) fn to_lua_or_null(lua: &Lua, value: &WmiValue, site: Option<&Site>) -> mlua::Result<Value> {
    if value.is_null() { null(lua).map(Value::UserData) } else { to_lua(lua, value, site) }
}

/// An integer where Lua holds it exactly, else its digits: the site takes digits back as the same number.
fn integer(lua: &Lua, number: i128) -> mlua::Result<Value> {
    let exact = number.abs() <= DOUBLE_EXACT_MAX || has_integers(lua)?;
    match mlua::Integer::try_from(number) {
        Ok(number) if exact => Ok(Value::Integer(number)),
        _ => Ok(Value::String(lua.create_string(number.to_string())?)),
    }
}

/// True for Lua 5.3 and later; asked of the interpreter, because a Rust host brings its own.
fn has_integers(lua: &Lua) -> mlua::Result<bool> {
    let math: Table = lua.globals().get("math")?;
    Ok(!math.get::<Value>("type")?.is_nil())
}

/// A value from a script.
///
/// What no property can hold (a function, nil) raises; what a property could hold but for its content (a text
/// that is not UTF-8, NaN) is an error of kind `config`.
pub(crate) fn from_lua(value: Value) -> mlua::Result<WmiValue> {
    from_lua_at(value, 0)
}

/// The same, inside of so many tables and embedded objects.
pub(crate) fn from_lua_at(value: Value, depth: usize) -> mlua::Result<WmiValue> {
    if depth > EMBEDDED_OBJECT_DEPTH_MAX {
        return refuse(format!("embedded objects are nested deeper than {EMBEDDED_OBJECT_DEPTH_MAX}"));
    }
    match value {
        Value::Boolean(flag) => Ok(WmiValue::Boolean(flag)),
        Value::Integer(number) => Ok(WmiValue::Integer(i128::from(number))),
        Value::Number(number) if number.is_finite() => Ok(WmiValue::Real(number)),
        Value::Number(number) => refuse(format!("{number} is not a number that a property can hold")),
        Value::String(text) => text_from(&text).map(WmiValue::String),
        Value::Table(table) => {
            let items = sequence(&table, "an array")?;
            let items: mlua::Result<_> = items.into_iter().map(|item| from_lua_at(item, depth + 1)).collect();
            Ok(WmiValue::Array(items?))
        }
        Value::UserData(object) => object_from(&object, depth),
        Value::Nil => Err(misuse("nil is no value; write cmgateway.null for null")),
        other => Err(misuse(format!("a {} is no value that a property can hold", other.type_name()))),
    }
}

fn object_from(object: &AnyUserData, depth: usize) -> mlua::Result<WmiValue> {
    if object.is::<Null>() {
        Ok(WmiValue::Null)
    } else if object.is::<LuaDateTime>() {
        Ok(WmiValue::DateTime(object.borrow::<LuaDateTime>()?.0.clone()))
    } else if object.is::<LuaPath>() {
        Ok(WmiValue::Reference(object.borrow::<LuaPath>()?.0.clone()))
    } else if object.is::<LuaInstance>() {
        Ok(WmiValue::Object(Box::new(object.borrow::<LuaInstance>()?.settled(depth)?)))
    } else {
        let name = object.type_name()?.to_string_lossy();
        Err(misuse(format!("a {name} is no value that a property can hold")))
    }
}

/// Lua's text as ours; WMI's text is Unicode.
pub(crate) fn text_from(text: &LuaString) -> mlua::Result<String> {
    match text.to_str() {
        Ok(text) => Ok(text.to_owned()),
        Err(_) => refuse(format!("the text {:?} is not UTF-8", text.to_string_lossy())),
    }
}

/// A password; where it is not UTF-8, the error does not show it.
pub(crate) fn secret_from(text: &LuaString) -> mlua::Result<Secret> {
    match text.to_str() {
        Ok(text) => Ok(Secret::new(&*text)),
        Err(_) => refuse("the password is not UTF-8".to_owned()),
    }
}

fn refuse<T>(cause: String) -> mlua::Result<T> {
    Err(expected(Error::new(ErrorKind::Config, "read value", cause)))
}

/// The items of a table whose keys are 1 to n; a hole (a nil among the items) raises.
pub(crate) fn sequence(table: &Table, what: &str) -> mlua::Result<Vec<Value>> {
    let keys = table.pairs::<Value, Value>().count();
    let items: mlua::Result<Vec<_>> = table.sequence_values::<Value>().collect();
    let items = items?;
    if items.len() != keys {
        return Err(misuse(format!(
            "{what} is a table with the keys 1 to n, without a hole; nil is no item"
        )));
    }
    Ok(items)
}
