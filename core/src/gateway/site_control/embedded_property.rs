//! The named properties of an item, `Props`: reading one, and changing some of them.

use std::fmt;

use crate::error::{Error, ErrorKind, Result};
use crate::wmi::{CimType, Instance, Value};

const CLASS: &str = "SMS_EmbeddedProperty";
const PROPERTY: &str = "Props";

/// One of the three things that a named property holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::gateway) enum PropertyValue {
    /// `Value`, the number.
    Value(u32),
    /// `Value1`, the first text.
    Value1(String),
    /// `Value2`, the second text.
    Value2(String),
}

impl PropertyValue {
    fn place(&self) -> &'static str {
        match self {
            PropertyValue::Value(_) => "Value",
            PropertyValue::Value1(_) => "Value1",
            PropertyValue::Value2(_) => "Value2",
        }
    }

    /// What stands in the same place of the property; None where the item does not have the property.
    pub(super) fn stored(&self, item: &Instance, name: &str) -> Result<Option<PropertyValue>> {
        let Some(property) = find(item, name)? else { return Ok(None) };
        Ok(Some(match self {
            PropertyValue::Value(_) => PropertyValue::Value(number_of(item, property, name)?),
            PropertyValue::Value1(_) => PropertyValue::Value1(text_of(property, "Value1")),
            PropertyValue::Value2(_) => PropertyValue::Value2(text_of(property, "Value2")),
        }))
    }

    fn to_value(&self) -> Value {
        match self {
            PropertyValue::Value(number) => (*number).into(),
            PropertyValue::Value1(text) | PropertyValue::Value2(text) => text.as_str().into(),
        }
    }
}

impl fmt::Display for PropertyValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PropertyValue::Value(number) => write!(f, "{number}"),
            PropertyValue::Value1(text) | PropertyValue::Value2(text) => write!(f, "{text:?}"),
        }
    }
}

/// The number of a property; None where the item does not have it.
pub(in crate::gateway) fn number(item: &Instance, name: &str) -> Result<Option<u32>> {
    find(item, name)?.map(|property| number_of(item, property, name)).transpose()
}

/// True where the number of a property is not 0; None where the item does not have it.
pub(in crate::gateway) fn flag(item: &Instance, name: &str) -> Result<Option<bool>> {
    Ok(number(item, name)?.map(|number| number != 0))
}

/// A text of a property, `Value1` or `Value2`; None where the item does not have it.
pub(in crate::gateway) fn text(item: &Instance, name: &str, place: &str) -> Result<Option<String>> {
    Ok(find(item, name)?.map(|property| text_of(property, place)))
}

/// Every property of an item: what of its three places is not 0 and not empty, or `Value` where all are.
pub(super) fn all(item: &Instance) -> Result<Vec<(String, PropertyValue)>> {
    let mut found = Vec::new();
    for property in properties(item)? {
        let Value::Object(property) = property else { continue };
        let name = property.text("PropertyName").unwrap_or_default();
        let (first, second) = (text_of(property, "Value1"), text_of(property, "Value2"));
        let number = number_of(item, property, name)?;
        if number != 0 || (first.is_empty() && second.is_empty()) {
            found.push((name.to_owned(), PropertyValue::Value(number)));
        }
        let texts = [PropertyValue::Value1(first), PropertyValue::Value2(second)];
        let is_empty = |text: &PropertyValue| matches!(text, PropertyValue::Value1(t) | PropertyValue::Value2(t) if t.is_empty());
        found.extend(texts.into_iter().filter(|text| !is_empty(text)).map(|text| (name.to_owned(), text)));
    }
    Ok(found)
}

/// The properties of an item with some of them changed; those that it does not have are added. What else a property
/// holds, and what else the item has, stays as it is.
pub(in crate::gateway) fn changed(item: &Instance, changes: &[(&str, &PropertyValue)]) -> Result<Value> {
    let mut all = properties(item)?.to_vec();
    for (name, wanted) in changes {
        let at = all.iter().position(|property| is_named(property, name));
        match at.and_then(|at| all.get_mut(at)) {
            Some(Value::Object(property)) => property.set(wanted.place(), wanted.to_value())?,
            _ => all.push(Value::Object(Box::new(new(name, wanted)?))),
        }
    }
    Ok(Value::Array(all))
}

/// A property that holds one thing; the other two are 0 and empty, as the console writes them.
pub(in crate::gateway) fn new(name: &str, wanted: &PropertyValue) -> Result<Instance> {
    let mut property = Instance::new(CLASS)?;
    property.set("PropertyName", name)?;
    property.set("Value", 0)?;
    property.set("Value1", "")?;
    property.set("Value2", "")?;
    property.set(wanted.place(), wanted.to_value())?;
    Ok(property)
}

/// `Props`; null is the same as empty.
fn properties(item: &Instance) -> Result<&[Value]> {
    match item.get(PROPERTY) {
        None | Some(Value::Null) => Ok(&[]),
        Some(Value::Array(all)) => Ok(all),
        Some(other) => Err(malformed(item, format!("{PROPERTY} holds {}, not an array", other.described()))),
    }
}

/// Names of properties have a case (SDK, `SMS_EmbeddedProperty`).
fn is_named(property: &Value, name: &str) -> bool {
    matches!(property, Value::Object(property) if property.text("PropertyName") == Some(name))
}

fn find<'a>(item: &'a Instance, name: &str) -> Result<Option<&'a Instance>> {
    Ok(properties(item)?.iter().find(|property| is_named(property, name)).and_then(
        |property| match property {
            Value::Object(property) => Some(&**property),
            _ => None,
        },
    ))
}

fn number_of(item: &Instance, property: &Instance, name: &str) -> Result<u32> {
    let value = property.get("Value").cloned().unwrap_or_default();
    let number = value
        .coerced(CimType::Uint32, false)
        .map_err(|cause| malformed(item, format!("the value of property {name}: {cause}")))?;
    Ok(number.as_integer().and_then(|number| u32::try_from(number).ok()).unwrap_or(0))
}

fn text_of(property: &Instance, place: &str) -> String {
    property.text(place).unwrap_or_default().to_owned()
}

fn malformed(item: &Instance, cause: String) -> Error {
    let name = item.text("ItemName").unwrap_or("without a name");
    Error::new(ErrorKind::Protocol, format!("read site control item {name}"), cause)
}
