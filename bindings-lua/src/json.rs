//! JSON values between Lua and the core.

use cmgateway::limits::EMBEDDED_OBJECT_DEPTH_MAX;
use cmgateway::{Error, ErrorKind};
use mlua::{Lua, Table, Value};
use serde::Serialize;
use serde_json::{Map, Number, Value as Json};

use crate::error::{expected, misuse};
use crate::value::{is_null, null, sequence, text_from};

/// Tables, texts and numbers for what the core gives; null is nil, in a list `cmgateway.null`.
pub(crate) fn to_lua(lua: &Lua, value: &impl Serialize) -> mlua::Result<Value> {
    let value = serde_json::to_value(value).map_err(|error| misuse(error.to_string()))?;
    value_to_lua(lua, &value)
}

fn value_to_lua(lua: &Lua, value: &Json) -> mlua::Result<Value> {
    Ok(match value {
        Json::Null => Value::Nil,
        Json::Bool(flag) => Value::Boolean(*flag),
        Json::Number(number) => match number.as_i64() {
            Some(number) => Value::Integer(number),
            None => Value::Number(number.as_f64().unwrap_or(f64::NAN)),
        },
        Json::String(text) => Value::String(lua.create_string(text)?),
        Json::Array(items) => {
            let table = lua.create_table()?;
            for item in items {
                match item {
                    Json::Null => table.raw_push(null(lua)?)?,
                    item => table.raw_push(value_to_lua(lua, item)?)?,
                }
            }
            Value::Table(table)
        }
        Json::Object(map) => {
            let table = lua.create_table()?;
            for (name, item) in map {
                table.raw_set(name.as_str(), value_to_lua(lua, item)?)?;
            }
            Value::Table(table)
        }
    })
}

/// What a script gives: tables, or JSON text. An empty table is an object; a list without items is the text `[]`.
pub(crate) fn from_lua(value: &Value, operation: &str) -> mlua::Result<Json> {
    match value {
        Value::String(text) => serde_json::from_str(&text_from(text)?).map_err(|error| {
            let cause = format!("line {}, column {}: it is no JSON", error.line(), error.column());
            expected(Error::new(ErrorKind::Config, operation, cause))
        }),
        Value::Table(table) => table_from_lua(table, 0),
        other => Err(misuse(format!(
            "could not {operation}: a table or JSON text expected, got {}",
            other.type_name()
        ))),
    }
}

/// A table of options, or nothing.
pub(crate) fn options(value: &Value, operation: &str) -> mlua::Result<Json> {
    if value.is_nil() { Ok(Json::Null) } else { from_lua(value, operation) }
}

/// A body, or none.
pub(crate) fn body(value: &Value) -> mlua::Result<Option<Json>> {
    if value.is_nil() { Ok(None) } else { from_lua(value, "read the body").map(Some) }
}

fn value_from_lua(value: &Value, depth: usize) -> mlua::Result<Json> {
    match value {
        Value::Boolean(flag) => Ok(Json::Bool(*flag)),
        Value::Integer(number) => Ok(Json::from(*number)),
        // Lua 5.1 has no integers: a whole number is one.
        Value::Number(number) if number.fract() == 0.0 && number.abs() < 9e15 => {
            Ok(Json::from(*number as i64))
        }
        Value::Number(number) => {
            Number::from_f64(*number).map(Json::Number).ok_or_else(|| misuse("JSON has no such number"))
        }
        Value::String(text) => Ok(Json::String(text_from(text)?)),
        Value::Table(table) => table_from_lua(table, depth + 1),
        other if is_null(other) => Ok(Json::Null),
        other => Err(misuse(format!("a {} has no place in JSON", other.type_name()))),
    }
}

fn table_from_lua(table: &Table, depth: usize) -> mlua::Result<Json> {
    if depth > EMBEDDED_OBJECT_DEPTH_MAX {
        return Err(misuse(format!("tables are nested deeper than {EMBEDDED_OBJECT_DEPTH_MAX}")));
    }
    if table.raw_len() > 0 {
        let items = sequence(table, "a list")?;
        return items
            .iter()
            .map(|item| value_from_lua(item, depth))
            .collect::<mlua::Result<_>>()
            .map(Json::Array);
    }
    let mut map = Map::new();
    for pair in table.pairs::<Value, Value>() {
        let (name, value) = pair?;
        let Value::String(name) = name else { return Err(misuse("the names of a table are texts")) };
        map.insert(text_from(&name)?, value_from_lua(&value, depth)?);
    }
    Ok(Json::Object(map))
}
