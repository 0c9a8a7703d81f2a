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
            (CimType::Boolean, Value::String(text)) => match text.trim().to_ascii_lowercase().as_str() {
                "true" | "1" | "-1" => Ok(Value::Boolean(true)),
                "false" | "0" => Ok(Value::Boolean(false)),
                _ => refuse(&Value::String(text)),
            },
            (CimType::Real32 | CimType::Real64, value) => {
                let real = match &value {
                    Value::Real(real) => Some(*real),
                    Value::Integer(number) if (*number as f64) as i128 == *number => Some(*number as f64),
                    Value::String(text) => text.trim().parse().ok(),
                    _ => None,
                };
                let most = if cim_type == CimType::Real32 { f64::from(f32::MAX) } else { f64::MAX };
                // NaN is no number of WMI's, and fails this too.
                match real {
                    Some(real) if real.abs() <= most => Ok(Value::Real(real)),
                    _ => refuse(&value),
                }
            }
            (CimType::String, value @ Value::String(_)) => Ok(value),
            (CimType::String, Value::Integer(number)) => Ok(Value::String(number.to_string())),
            (CimType::String, Value::DateTime(datetime)) => Ok(Value::String(datetime.to_string())),
            (CimType::String, Value::Reference(path)) => Ok(Value::String(path.to_string())),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_takes_what_loses_nothing_and_refuses_the_rest() {
        let text = |text: &str| Value::from(text);
        for cim_type in CimType::ALL {
            assert_eq!(Value::Null.coerced(cim_type, false), Ok(Value::Null));
            assert_eq!(Value::Null.coerced(cim_type, true), Ok(Value::Null));
            assert_eq!(Value::Array(vec![]).coerced(cim_type, true), Ok(Value::Array(vec![])));
            assert!(Value::Array(vec![]).coerced(cim_type, false).is_err());
            assert!(Value::Array(vec![Value::Null]).coerced(cim_type, true).is_err());
            assert!(text("x y").coerced(cim_type, true).is_err());
            if let Some((least, most)) = cim_type.integer_range() {
                for number in [least, most] {
                    let value = Value::Integer(number);
                    assert_eq!(value.clone().coerced(cim_type, false), Ok(value.clone()));
                    assert_eq!(text(&number.to_string()).coerced(cim_type, false), Ok(value));
                }
                for wrong in [Value::Integer(least - 1), Value::Integer(most + 1), text(""), text("1.5")] {
                    assert!(wrong.coerced(cim_type, false).is_err(), "{cim_type}");
                }
                assert_eq!(Value::Real(3.0).coerced(cim_type, false), Ok(Value::Integer(3)));
                assert!(Value::Real(3.5).coerced(cim_type, false).is_err());
                assert_eq!(Value::from(true).coerced(cim_type, false), Ok(Value::Integer(1)));
            }
        }
    }

    #[test]
    fn booleans_have_four_spellings_and_more() {
        let boolean = |value: Value| value.coerced(CimType::Boolean, false);
        for (yes, no) in [
            (Value::from(true), Value::from(false)),
            (Value::from(1), Value::from(0)),
            (Value::from("true"), Value::from("false")),
            (Value::from("True"), Value::from("False")),
            (Value::from(" TRUE "), Value::from("0")),
            (Value::from(-1), Value::from("0")),
        ] {
            assert_eq!(boolean(yes), Ok(Value::Boolean(true)));
            assert_eq!(boolean(no), Ok(Value::Boolean(false)));
        }
        for wrong in [Value::from(2), Value::from("yes"), Value::from(""), Value::Real(1.0)] {
            assert!(boolean(wrong).is_err());
        }
    }

    #[test]
    fn text_reals_datetimes_and_references() {
        let coerced = |value: Value, cim_type| value.coerced(cim_type, false);
        assert_eq!(coerced(Value::from(""), CimType::String), Ok(Value::from("")));
        assert_eq!(coerced(Value::from(u64::MAX), CimType::String), Ok(Value::from("18446744073709551615")));
        assert_eq!(coerced(Value::from("2.5"), CimType::Real64), Ok(Value::Real(2.5)));
        assert_eq!(coerced(Value::from(2), CimType::Real32), Ok(Value::Real(2.0)));
        // 2^53 + 1 has no double, 1e39 no float.
        assert!(coerced(Value::from(9_007_199_254_740_993_u64), CimType::Real64).is_err());
        assert!(coerced(Value::Real(1e39), CimType::Real32).is_err());
        assert!(coerced(Value::from("1e39"), CimType::Real32).is_err());
        for wrong in ["NaN", "inf", "", "x"] {
            assert!(coerced(Value::from(wrong), CimType::Real64).is_err(), "{wrong}");
        }
        let datetime = "20240131120000.000000+060";
        let value = Value::DateTime(DateTime::parse(datetime).unwrap());
        assert_eq!(coerced(Value::from(datetime), CimType::DateTime), Ok(value.clone()));
        assert_eq!(coerced(value, CimType::String), Ok(Value::from(datetime)));
        let path = r#"SMS_Site.SiteCode="ABC""#;
        let value = Value::Reference(ObjectPath::parse(path).unwrap());
        assert_eq!(coerced(Value::from(path), CimType::Reference), Ok(value.clone()));
        assert_eq!(coerced(value, CimType::String), Ok(Value::from(path)));
        assert!(coerced(Value::from(path), CimType::Object).is_err());
        assert!(coerced(Value::from("not a path"), CimType::Reference).is_err());
    }

    #[test]
    fn an_array_is_as_wide_as_its_widest_element() {
        let array = Value::Array(vec![Value::from(1), Value::from(u64::MAX)]);
        assert_eq!(array.natural_type(), Some((CimType::Uint64, true)));
        assert_eq!(Value::Array(vec![]).natural_type(), None);
        assert_eq!(Value::from("").natural_type(), Some((CimType::String, false)));
    }
}
