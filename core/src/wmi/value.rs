//! The value of a property.

use crate::wmi::{CimType, DateTime, Instance, ObjectPath};

/// The value of a WMI property; null is not the same as an empty text or an empty array.
///
/// Integers of every width are one variant, wide enough for `sint64` and `uint64` alike; the width is the
/// property's [`CimType`], not the value's.
///
/// ```
/// use cmgateway::wmi::{CimType, Value};
/// assert_eq!(Value::from("17").coerced(CimType::Uint32, false), Ok(Value::Integer(17)));
/// assert!(Value::from(-1).coerced(CimType::Uint32, false).is_err());
/// ```
#[derive(Clone, Debug, PartialEq, Default)]
pub enum Value {
    /// No value.
    #[default]
    Null,
    /// True or false.
    Boolean(bool),
    /// An integer from -2^63 to 2^64-1.
    Integer(i128),
    /// A floating point number, never NaN or infinite.
    Real(f64),
    /// Text.
    String(String),
    /// A DMTF date and time, or an interval.
    DateTime(DateTime),
    /// The path of another object.
    Reference(ObjectPath),
    /// An embedded object.
    Object(Box<Instance>),
    /// An array; its elements are of one type and none is an array.
    Array(Vec<Value>),
}

impl Value {
    /// True for null.
    pub fn is_null(&self) -> bool {
        matches!(self, Value::Null)
    }

    /// The text of a string value.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Value::String(text) => Some(text),
            _ => None,
        }
    }

    /// The number of an integer value.
    pub fn as_integer(&self) -> Option<i128> {
        match self {
            Value::Integer(number) => Some(*number),
            _ => None,
        }
    }

    /// The type this value would get in a class that does not know its property yet, and whether it is an array.
    ///
    /// None for null and for an empty array, which tell nothing.
    pub fn natural_type(&self) -> Option<(CimType, bool)> {
        let cim_type = match self {
            Value::Null => return None,
            Value::Boolean(_) => CimType::Boolean,
            Value::Integer(number) if i64::try_from(*number).is_ok() => CimType::Sint64,
            Value::Integer(_) => CimType::Uint64,
            Value::Real(_) => CimType::Real64,
            Value::String(_) => CimType::String,
            Value::DateTime(_) => CimType::DateTime,
            Value::Reference(_) => CimType::Reference,
            Value::Object(_) => CimType::Object,
            Value::Array(items) => {
                let mut types = items.iter().filter_map(Value::natural_type).map(|(cim_type, _)| cim_type);
                let first = types.next()?;
                let widest =
                    if types.any(|other| other == CimType::Uint64) { CimType::Uint64 } else { first };
                return Some((widest, true));
            }
        };
        Some((cim_type, false))
    }

    /// The same value as another type, where nothing is lost; as WMI does, numbers and booleans may be text.
    ///
    /// Null fits every type. The error is the cause alone (`-1 is not a uint32`); the caller names the property.
    pub fn coerced(self, cim_type: CimType, is_array: bool) -> Result<Value, String> {
        match (self, is_array) {
            (Value::Null, _) => Ok(Value::Null),
            (Value::Array(items), true) => {
                let items: Result<Vec<_>, _> = items
                    .into_iter()
                    .enumerate()
                    .map(|(at, item)| match item {
                        Value::Null | Value::Array(_) => {
                            Err(format!("element {} is {}, not a {cim_type}", at + 1, item.described()))
                        }
                        item => item.scalar_coerced(cim_type),
                    })
                    .collect();
                Ok(Value::Array(items?))
            }
            (Value::Array(_), false) => Err(format!("an array is not a {cim_type}")),
            (scalar, true) => Err(format!("{} is not an array of {cim_type}", scalar.described())),
            (scalar, false) => scalar.scalar_coerced(cim_type),
        }
    }

    fn scalar_coerced(self, cim_type: CimType) -> Result<Value, String> {
        let refuse = |value: &Value| Err(format!("{} is not a {cim_type}", value.described()));
        if let Some((least, most)) = cim_type.integer_range() {
            let number = match &self {
                Value::Integer(number) => Some(*number),
                Value::Boolean(flag) => Some(i128::from(*flag)),
                Value::String(text) => text.trim().parse().ok(),
                Value::Real(real) if real.fract() == 0.0 && real.abs() < 9.0e15 => Some(*real as i128),
                _ => None,
            };
            return match number {
                Some(number) if (least..=most).contains(&number) => Ok(Value::Integer(number)),
                _ => refuse(&self),
            };
        }
        match (cim_type, self) {
            (CimType::Boolean, Value::Boolean(flag)) => Ok(Value::Boolean(flag)),
            // VBScript's True is -1.
            (CimType::Boolean, Value::Integer(number @ (-1..=1))) => Ok(Value::Boolean(number != 0)),
            (CimType::Boolean, Value::String(text)) => match text.to_ascii_lowercase().as_str() {
                "true" | "1" | "-1" => Ok(Value::Boolean(true)),
                "false" | "0" => Ok(Value::Boolean(false)),
                _ => refuse(&Value::String(text)),
            },
            (CimType::Real32 | CimType::Real64, Value::Real(real)) if real.is_finite() => {
                Ok(Value::Real(real))
            }
            (CimType::Real32 | CimType::Real64, Value::Integer(number)) => Ok(Value::Real(number as f64)),
            (CimType::Real32 | CimType::Real64, Value::String(text)) => match text.trim().parse::<f64>() {
                Ok(real) if real.is_finite() => Ok(Value::Real(real)),
                _ => refuse(&Value::String(text)),
            },
            (CimType::String, value @ Value::String(_)) => Ok(value),
            (CimType::String, Value::Integer(number)) => Ok(Value::String(number.to_string())),
            (CimType::DateTime, value @ Value::DateTime(_)) => Ok(value),
            (CimType::DateTime, Value::String(text)) => match DateTime::parse(&text) {
                Ok(datetime) => Ok(Value::DateTime(datetime)),
                Err(error) => Err(error.cause().to_owned()),
            },
            (CimType::Reference, value @ Value::Reference(_)) => Ok(value),
            (CimType::Reference, Value::String(text)) => match ObjectPath::parse(&text) {
                Ok(path) => Ok(Value::Reference(path)),
                Err(error) => Err(error.cause().to_owned()),
            },
            (CimType::Object, value @ Value::Object(_)) => Ok(value),
            (_, other) => refuse(&other),
        }
    }

    /// The value in a few words, for messages.
    pub fn described(&self) -> String {
        match self {
            Value::Null => "null".into(),
            Value::Boolean(flag) => flag.to_string(),
            Value::Integer(number) => number.to_string(),
            Value::Real(real) => real.to_string(),
            Value::String(text) if text.chars().count() <= 40 => format!("text {text:?}"),
            Value::String(text) => format!("text {:?}…", text.chars().take(40).collect::<String>()),
            Value::DateTime(datetime) => format!("datetime {datetime}"),
            Value::Reference(path) => format!("reference {path}"),
            Value::Object(instance) => format!("an object of class {}", instance.class_name()),
            Value::Array(items) => format!("an array of {}", items.len()),
        }
    }
}

/// True where some integer type of WMI can hold the number.
pub(super) fn is_wmi_integer(number: i128) -> bool {
    (i128::from(i64::MIN)..=i128::from(u64::MAX)).contains(&number)
}

/// True for characters that have no place in a text constant; they would only hide what a query or path says.
pub(super) fn is_refused_control(c: char) -> bool {
    c.is_control() && !matches!(c, '\t' | '\r' | '\n')
}

impl From<bool> for Value {
    fn from(flag: bool) -> Self {
        Value::Boolean(flag)
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Value::Integer(number.into())
    }
}

impl From<i32> for Value {
    fn from(number: i32) -> Self {
        Value::Integer(number.into())
    }
}

impl From<u32> for Value {
    fn from(number: u32) -> Self {
        Value::Integer(number.into())
    }
}

impl From<u64> for Value {
    fn from(number: u64) -> Self {
        Value::Integer(number.into())
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Value::String(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Value::String(text)
    }
}

impl From<Vec<Value>> for Value {
    fn from(items: Vec<Value>) -> Self {
        Value::Array(items)
    }
}
