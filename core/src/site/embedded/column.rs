//! How a value lies in a column of the site file.
//!
//! Nothing is lost and SQL compares rightly: integers are SQLite integers; a `uint64` above 2^63-1 is a blob of
//! its eight bytes, big end first, because SQLite orders every blob after every number. Datetimes and references
//! are their text. Arrays and embedded objects are JSON.

use rusqlite::types::{Value as SqlValue, ValueRef};
use serde_json::{Map, Number, Value as Json};

use crate::limits::EMBEDDED_OBJECT_DEPTH_MAX;
use crate::wmi::{CimType, DateTime, Identifier, Instance, ObjectPath, Property, Value};

/// The SQL value of a value that has its property's type already. The error is the cause alone.
pub(super) fn encode(value: &Value) -> Result<SqlValue, String> {
    Ok(match value {
        Value::Null => SqlValue::Null,
        Value::Boolean(flag) => SqlValue::Integer((*flag).into()),
        Value::Integer(number) => encode_integer(*number)?,
        Value::Real(real) => SqlValue::Real(*real),
        Value::String(text) => SqlValue::Text(storable(text)?.to_owned()),
        Value::DateTime(datetime) => SqlValue::Text(datetime.to_string()),
        Value::Reference(path) => SqlValue::Text(storable(&path.to_string())?.to_owned()),
        Value::Object(_) | Value::Array(_) => SqlValue::Text(to_json(value, 0)?.to_string()),
    })
}

/// An integer as SQLite orders it.
pub(super) fn encode_integer(number: i128) -> Result<SqlValue, String> {
    if let Ok(small) = i64::try_from(number) {
        return Ok(SqlValue::Integer(small));
    }
    match u64::try_from(number) {
        Ok(large) => Ok(SqlValue::Blob(large.to_be_bytes().to_vec())),
        Err(_) => Err(format!("{number} does not fit 64 bits")),
    }
}

/// The value in a column of this type. The error says what is damaged.
pub(super) fn decode(cell: ValueRef<'_>, cim_type: CimType, is_array: bool) -> Result<Value, String> {
    let text = |bytes| std::str::from_utf8(bytes).map_err(|_| "the text is not UTF-8".to_owned());
    match cell {
        ValueRef::Null => Ok(Value::Null),
        ValueRef::Integer(number) if cim_type == CimType::Boolean => Ok(Value::Boolean(number != 0)),
        ValueRef::Integer(number) => Ok(Value::Integer(number.into())),
        ValueRef::Real(real) => Ok(Value::Real(real)),
        ValueRef::Blob(bytes) => match <[u8; 8]>::try_from(bytes) {
            Ok(bytes) => Ok(Value::Integer(u64::from_be_bytes(bytes).into())),
            Err(_) => Err(format!("a blob of {} bytes is no uint64", bytes.len())),
        },
        ValueRef::Text(bytes) if is_array || cim_type == CimType::Object => {
            let json = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
            from_json(json, cim_type)
        }
        ValueRef::Text(bytes) if cim_type == CimType::DateTime => {
            DateTime::parse(text(bytes)?).map(Value::DateTime).map_err(|error| error.cause().to_owned())
        }
        ValueRef::Text(bytes) if cim_type == CimType::Reference => {
            ObjectPath::parse(text(bytes)?).map(Value::Reference).map_err(|error| error.cause().to_owned())
        }
        ValueRef::Text(bytes) => Ok(Value::String(text(bytes)?.to_owned())),
    }
}

/// SQL functions end a text at its first NUL, so a stored one would compare wrongly.
fn storable(text: &str) -> Result<&str, String> {
    match text.chars().position(|c| c == '\0') {
        Some(at) => Err(format!("the text has a NUL character at position {}", at + 1)),
        None => Ok(text),
    }
}

/// The key of a datetime in JSON.
pub(super) const DATETIME: &str = "$datetime";
/// The key of a reference in JSON.
pub(super) const REFERENCE: &str = "$reference";
const CLASS: &str = "__CLASS";

fn to_json(value: &Value, depth: usize) -> Result<Json, String> {
    if depth > EMBEDDED_OBJECT_DEPTH_MAX {
        return Err(format!("embedded objects are nested deeper than {EMBEDDED_OBJECT_DEPTH_MAX}"));
    }
    let tagged =
        |tag: &str, text: String| Json::Object(Map::from_iter([(tag.to_owned(), Json::String(text))]));
    Ok(match value {
        Value::Null => Json::Null,
        Value::Boolean(flag) => Json::Bool(*flag),
        Value::Integer(number) => match (i64::try_from(*number), u64::try_from(*number)) {
            (Ok(signed), _) => Json::Number(signed.into()),
            (_, Ok(unsigned)) => Json::Number(unsigned.into()),
            _ => return Err(format!("{number} does not fit 64 bits")),
        },
        Value::Real(real) => {
            Json::Number(Number::from_f64(*real).ok_or_else(|| format!("{real} is not a finite number"))?)
        }
        Value::String(text) => Json::String(storable(text)?.to_owned()),
        Value::DateTime(datetime) => tagged(DATETIME, datetime.to_string()),
        Value::Reference(path) => tagged(REFERENCE, path.to_string()),
        Value::Array(items) => {
            Json::Array(items.iter().map(|item| to_json(item, depth + 1)).collect::<Result<_, _>>()?)
        }
        Value::Object(instance) => {
            let mut object = Map::new();
            object.insert(CLASS.to_owned(), Json::String(instance.class_name().to_string()));
            for property in instance.properties() {
                object.insert(property.name.to_string(), to_json(&property.value, depth + 1)?);
            }
            Json::Object(object)
        }
    })
}

/// A member of an embedded object as SQL compares it; None for null.
pub(super) fn json_to_sql(json: &Json) -> Option<SqlValue> {
    match json {
        Json::Null => None,
        Json::Bool(flag) => Some(SqlValue::Integer((*flag).into())),
        Json::Number(number) => match (number.as_i64(), number.as_u64(), number.as_f64()) {
            (Some(signed), ..) => Some(SqlValue::Integer(signed)),
            (_, Some(unsigned), _) => encode_integer(unsigned.into()).ok(),
            (.., real) => real.map(SqlValue::Real),
        },
        Json::String(text) => Some(SqlValue::Text(text.clone())),
        Json::Array(_) => Some(SqlValue::Text(json.to_string())),
        Json::Object(object) => match object.get(DATETIME).or_else(|| object.get(REFERENCE)) {
            Some(Json::String(text)) => Some(SqlValue::Text(text.clone())),
            _ => Some(SqlValue::Text(json.to_string())),
        },
    }
}

fn from_json(json: Json, cim_type: CimType) -> Result<Value, String> {
    Ok(match json {
        Json::Null => Value::Null,
        Json::Bool(flag) => Value::Boolean(flag),
        Json::Number(number) => match (number.as_i64(), number.as_u64(), number.as_f64()) {
            _ if matches!(cim_type, CimType::Real32 | CimType::Real64) => {
                Value::Real(number.as_f64().unwrap_or_default())
            }
            (Some(signed), _, _) => Value::Integer(signed.into()),
            (_, Some(unsigned), _) => Value::Integer(unsigned.into()),
            (_, _, Some(real)) => Value::Real(real),
            _ => return Err(format!("{number} is not a number we wrote")),
        },
        Json::String(text) => Value::String(text),
        Json::Array(items) => {
            Value::Array(items.into_iter().map(|item| from_json(item, cim_type)).collect::<Result<_, _>>()?)
        }
        Json::Object(mut object) => match (object.remove(DATETIME), object.remove(REFERENCE)) {
            (Some(Json::String(text)), _) => {
                Value::DateTime(DateTime::parse(&text).map_err(|error| error.cause().to_owned())?)
            }
            (_, Some(Json::String(text))) => {
                Value::Reference(ObjectPath::parse(&text).map_err(|error| error.cause().to_owned())?)
            }
            _ => Value::Object(Box::new(instance_from_json(object)?)),
        },
    })
}

fn instance_from_json(mut object: Map<String, Json>) -> Result<Instance, String> {
    let name = |text: &str| Identifier::new(text).map_err(|error| error.cause().to_owned());
    let Some(Json::String(class)) = object.shift_remove(CLASS) else {
        return Err("an embedded object has no class".to_owned());
    };
    let mut properties = Vec::with_capacity(object.len());
    for (key, json) in object {
        // Without the embedded class's definition a number that is a real says so by its point.
        let value = from_json(json, CimType::Object)?;
        let (cim_type, is_array) = match value.natural_type() {
            Some((cim_type, is_array)) => (Some(cim_type), is_array),
            None => (None, matches!(value, Value::Array(_))),
        };
        properties.push(Property::read(name(&key)?, value, cim_type, is_array));
    }
    Ok(Instance::read(name(&class)?, None, properties))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round_trip(value: Value) {
        let untold = (CimType::String, matches!(value, Value::Array(_)));
        let (cim_type, is_array) = value.natural_type().unwrap_or(untold);
        let stored = encode(&value).unwrap();
        assert_eq!(decode(ValueRef::from(&stored), cim_type, is_array), Ok(value));
    }

    #[test]
    fn every_kind_of_value_comes_back_as_it_was() {
        for number in [0, -1, i128::from(i64::MIN), i128::from(i64::MAX), i128::from(u64::MAX)] {
            round_trip(Value::Integer(number));
        }
        round_trip(Value::Null);
        round_trip(Value::Boolean(true));
        round_trip(Value::Real(-0.5));
        round_trip(Value::String("Zürich ‎ 😀".into()));
        round_trip(Value::Array(vec![]));
        round_trip(Value::Array(vec![Value::from(u64::MAX), Value::from(1u32)]));
        let mut embedded = Instance::new("SMS_EmbeddedProperty").unwrap();
        embedded.set("PropertyName", "IISSSLState").unwrap();
        embedded.set("Value", 224u32).unwrap();
        let stored = encode(&Value::Array(vec![Value::Object(Box::new(embedded))])).unwrap();
        let Ok(Value::Array(items)) = decode(ValueRef::from(&stored), CimType::Object, true) else {
            panic!()
        };
        let Value::Object(instance) = &items[0] else { panic!() };
        assert_eq!(instance.class_name().as_str(), "SMS_EmbeddedProperty");
        assert_eq!(instance.get("value"), Some(&Value::from(224u32)));
    }

    #[test]
    fn large_unsigned_numbers_order_after_all_others() {
        let connection = rusqlite::Connection::open_in_memory().unwrap();
        let numbers = [i128::from(u64::MAX), 5, i128::from(i64::MAX) + 1, -3, i128::from(i64::MAX)];
        connection.execute_batch("CREATE TABLE t (n)").unwrap();
        for number in numbers {
            connection.execute("INSERT INTO t VALUES (?1)", [encode_integer(number).unwrap()]).unwrap();
        }
        let mut statement = connection.prepare("SELECT n FROM t ORDER BY n").unwrap();
        let read =
            statement.query_map([], |row| Ok(decode(row.get_ref(0)?, CimType::Uint64, false))).unwrap();
        let read: Vec<_> = read.map(|value| value.unwrap().unwrap().as_integer().unwrap()).collect();
        let mut sorted = numbers.to_vec();
        sorted.sort_unstable();
        assert_eq!(read, sorted);
    }

    #[test]
    fn a_nul_is_refused_with_its_position() {
        assert_eq!(
            encode(&Value::from("ab\0c")),
            Err("the text has a NUL character at position 3".to_owned())
        );
    }
}
