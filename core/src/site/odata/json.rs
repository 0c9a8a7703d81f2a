//! Instances as JSON objects and back.

use std::collections::HashMap;

use serde_json::{Map, Number, Value as Json};

use super::datetime_text;
use super::edm_type::{self, TYPE_NAMESPACE};
use crate::limits::EMBEDDED_OBJECT_DEPTH_MAX;
use crate::wmi::{CimType, Class, DateTime, Identifier, Instance, Property, PropertyDefinition, Value};

/// Who reads what is written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reader {
    /// A client, which knows the types from `$metadata`. A `+***` datetime has no zone.
    Client,
    /// A server, which may not know a property. Where JSON does not tell its type, an annotation does. A `+***`
    /// datetime has the zone `Z`, as a real AdminService writes such values, for it takes none without a zone.
    Server,
}

/// OData's annotation that tells the type of a property's value.
const TYPE_ANNOTATION: &str = "@odata.type";
/// Our own annotation, which tells the exact CIM type; others pass over it, as OData asks them to.
const CIM_TYPE_ANNOTATION: &str = "@cim.Type";

/// An instance from a JSON object, without a path.
///
/// Annotations (`@odata.…`, `__LAZYPROPERTIES`, anything that cannot be a property name) are not properties.
/// `@odata.type` names the class where it is there. The definition tells datetimes from texts; without it they
/// stay texts. The error is the cause alone.
pub(crate) fn instance(
    class_name: &Identifier,
    class: Option<&Class>,
    object: Map<String, Json>,
) -> Result<Instance, String> {
    instance_at(class_name, class, object, 0)
}

/// True for the name of a property, false for what stands beside properties (`@odata.…`, `__LAZYPROPERTIES`).
pub(crate) fn is_property_name(name: &str) -> bool {
    Identifier::new(name).is_ok_and(|name| !name.is_system())
}

fn instance_at(
    class_name: &Identifier,
    class: Option<&Class>,
    object: Map<String, Json>,
    depth: usize,
) -> Result<Instance, String> {
    if depth > EMBEDDED_OBJECT_DEPTH_MAX {
        return Err(format!("embedded objects are nested more than {EMBEDDED_OBJECT_DEPTH_MAX} deep"));
    }
    let class_name = declared_class(&object).unwrap_or_else(|| class_name.clone());
    let told: HashMap<String, CimType> = object.iter().filter_map(told_type).collect();
    let mut properties = Vec::with_capacity(object.len());
    for (name, json) in object {
        let Ok(name) = Identifier::new(&name) else { continue };
        if name.is_system() {
            continue;
        }
        let known = class.and_then(|class| class.property(name.as_str())).cloned();
        let definition = known.or_else(|| {
            let is_array = json.is_array();
            let cim_type = *told.get(name.as_str())?;
            Some(PropertyDefinition::new(name.clone(), cim_type, is_array, false))
        });
        let definition = definition.as_ref();
        let value = value(json, depth).map_err(|cause| format!("property {name}: {cause}"))?;
        let is_array = definition.map_or(matches!(value, Value::Array(_)), |definition| definition.is_array);
        let value = match definition {
            Some(definition) => typed(value, definition),
            None => value,
        };
        properties.push(Property::read(
            name,
            value,
            definition.map(|definition| definition.cim_type),
            is_array,
        ));
    }
    Ok(Instance::read(class_name, None, properties))
}

/// The property and its type, where a member of an object is an annotation that tells it.
fn told_type((name, json): (&String, &Json)) -> Option<(String, CimType)> {
    let told = json.as_str()?;
    if let Some(property) = name.strip_suffix(CIM_TYPE_ANNOTATION) {
        return Some((property.to_owned(), CimType::from_name(told)?));
    }
    let property = name.strip_suffix(TYPE_ANNOTATION).filter(|property| !property.is_empty())?;
    let told = told.trim_start_matches('#');
    let told = told.strip_prefix("Collection(").and_then(|rest| rest.strip_suffix(')')).unwrap_or(told);
    // OData leaves `Edm.` out here; others write it.
    let told = if told.contains('.') { told.to_owned() } else { format!("Edm.{told}") };
    Some((property.to_owned(), edm_type::cim_type(&told)))
}

/// The class in `@odata.type`, such as `#AdminService.SMS_EmbeddedProperty`.
fn declared_class(object: &Map<String, Json>) -> Option<Identifier> {
    let declared = object.get("@odata.type")?.as_str()?;
    Identifier::new(declared.rsplit(['.', '#']).next()?).ok()
}

fn value(json: Json, depth: usize) -> Result<Value, String> {
    Ok(match json {
        Json::Null => Value::Null,
        Json::Bool(flag) => Value::Boolean(flag),
        Json::String(text) => Value::String(text),
        Json::Number(number) => match (number.as_i64(), number.as_u64(), number.as_f64()) {
            (Some(integer), ..) => Value::Integer(integer.into()),
            (_, Some(integer), _) => Value::Integer(integer.into()),
            (_, _, Some(real)) if real.is_finite() => Value::Real(real),
            _ => return Err(format!("the number {number} is too large")),
        },
        Json::Array(items) => {
            let items: Result<Vec<_>, _> = items
                .into_iter()
                .map(|item| match item {
                    Json::Array(_) => Err("an array in an array is no WMI value".to_owned()),
                    item => value(item, depth),
                })
                .collect();
            Value::Array(items?)
        }
        Json::Object(object) => {
            // An embedded object of a server that does not name its class.
            let unnamed = Identifier::new("Object").map_err(|error| error.to_string())?;
            Value::Object(Box::new(instance_at(&unnamed, None, object, depth + 1)?))
        }
    })
}

/// The value as its property's type; as it came where the type does not fit, for `$metadata` knows only
/// OData's types.
fn typed(value: Value, definition: &PropertyDefinition) -> Value {
    match value {
        Value::Array(items) if definition.is_array => {
            Value::Array(items.into_iter().map(|item| typed_scalar(item, definition.cim_type)).collect())
        }
        Value::Array(items) => Value::Array(items),
        scalar => typed_scalar(scalar, definition.cim_type),
    }
}

fn typed_scalar(value: Value, cim_type: CimType) -> Value {
    match (value, cim_type) {
        (Value::String(text), CimType::DateTime) => datetime(&text).unwrap_or(Value::String(text)),
        (value @ (Value::Object(_) | Value::Null), _) => value,
        (value, cim_type) => value.clone().coerced(cim_type, false).unwrap_or(value),
    }
}

fn datetime(text: &str) -> Option<Value> {
    DateTime::from_rfc3339(text).or_else(|_| DateTime::parse(text)).ok().map(Value::DateTime)
}

/// Some properties of an instance as a JSON object. The error is the cause alone.
pub(crate) fn object<'a>(
    properties: impl Iterator<Item = &'a Property>,
    class: Option<&Class>,
    reader: Reader,
) -> Result<Map<String, Json>, String> {
    object_at(properties, class, reader, 0)
}

fn object_at<'a>(
    properties: impl Iterator<Item = &'a Property>,
    class: Option<&Class>,
    reader: Reader,
    depth: usize,
) -> Result<Map<String, Json>, String> {
    if depth > EMBEDDED_OBJECT_DEPTH_MAX {
        return Err(format!("embedded objects are nested more than {EMBEDDED_OBJECT_DEPTH_MAX} deep"));
    }
    let mut object = Map::new();
    for property in properties {
        let known = class.and_then(|class| class.property(property.name.as_str()));
        let cim_type = known.map(|definition| definition.cim_type).or(property.cim_type);
        let json = json(&property.value, cim_type, reader, depth)
            .map_err(|cause| format!("property {}: {cause}", property.name))?;
        if known.is_none() && reader == Reader::Server {
            annotate(&mut object, property, &json);
        }
        object.insert(property.name.as_str().to_owned(), json);
    }
    Ok(object)
}

/// Tells the type of a value that would be read as another.
fn annotate(object: &mut Map<String, Json>, property: &Property, json: &Json) {
    let natural = property.value.natural_type().map(|(cim_type, _)| cim_type);
    let Some(cim_type) = property.cim_type.or(natural).filter(|_| !property.value.is_null()) else { return };
    let is_text = match json {
        Json::Array(items) => items.first().is_some_and(Json::is_string),
        other => other.is_string(),
    };
    let read_as = if is_text { Some(CimType::String) } else { natural };
    if read_as == Some(cim_type) {
        return;
    }
    // Intervals, and datetimes of which a part is not known, are none that OData has.
    let is_odata_datetime = |value: &Value| match value {
        Value::DateTime(datetime) => datetime_text::iso_from_dmtf(datetime.as_str()).is_some(),
        _ => false,
    };
    let (annotation, told) = match &property.value {
        value if is_odata_datetime(value) => (TYPE_ANNOTATION, "#DateTimeOffset"),
        Value::Array(items) if !items.is_empty() && items.iter().all(is_odata_datetime) => {
            (TYPE_ANNOTATION, "#Collection(DateTimeOffset)")
        }
        _ => (CIM_TYPE_ANNOTATION, cim_type.name()),
    };
    object.insert(format!("{}{annotation}", property.name), Json::String(told.to_owned()));
}

fn json(value: &Value, cim_type: Option<CimType>, reader: Reader, depth: usize) -> Result<Json, String> {
    Ok(match value {
        Value::Null => Json::Null,
        Value::Boolean(flag) => Json::Bool(*flag),
        Value::Integer(number) => Json::Number(
            Number::from_i128(*number).ok_or_else(|| format!("the number {number} has more than 64 bits"))?,
        ),
        Value::Real(real) => {
            Json::Number(Number::from_f64(*real).ok_or_else(|| format!("{real} is no number that JSON has"))?)
        }
        Value::String(text) if cim_type == Some(CimType::DateTime) => {
            Json::String(wire_datetime(text, reader))
        }
        Value::String(text) => Json::String(text.clone()),
        Value::DateTime(datetime) => Json::String(wire_datetime(datetime.as_str(), reader)),
        Value::Reference(path) => Json::String(path.to_string()),
        Value::Object(instance) => {
            let mut object = Map::new();
            let name = format!("#{TYPE_NAMESPACE}.{}", instance.class_name());
            object.insert("@odata.type".into(), Json::String(name));
            object.append(&mut object_at(instance.properties().iter(), None, reader, depth + 1)?);
            Json::Object(object)
        }
        Value::Array(items) => {
            let items: Result<_, _> = items.iter().map(|item| json(item, cim_type, reader, depth)).collect();
            Json::Array(items?)
        }
    })
}

/// A DMTF text in its ISO form; intervals and half-open datetimes have none and stay as they are.
fn wire_datetime(text: &str, reader: Reader) -> String {
    match datetime_text::iso_from_dmtf(text) {
        Some(iso) if reader == Reader::Server && text.ends_with("+***") => format!("{iso}Z"),
        Some(iso) => iso,
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instance_survives_the_way_out_and_back() {
        let text = r##"{"@odata.type":"#AdminService.SMS_Site","@odata.etag":"x","__LAZYPROPERTIES":["A"],
            "Big":18446744073709551615,"Least":-9223372036854775808,"Real":1.5,"None":null,"Flag":true,
            "List":["a","b"],"Empty":[],
            "Props":[{"@odata.type":"#AdminService.SMS_EmbeddedProperty","PropertyName":"P","Value":7}]}"##;
        let Json::Object(object_read) = serde_json::from_str(text).unwrap() else { panic!() };
        let read = instance(&Identifier::new("Other").unwrap(), None, object_read).unwrap();
        assert_eq!(read.class_name().as_str(), "SMS_Site");
        assert_eq!(read.get("Big"), Some(&Value::from(u64::MAX)));
        assert_eq!(read.get("Least"), Some(&Value::from(i64::MIN)));
        assert!(read.get("__LAZYPROPERTIES").is_none());
        let Some(Value::Array(props)) = read.get("Props") else { panic!() };
        let Value::Object(embedded) = &props[0] else { panic!() };
        assert_eq!(embedded.class_name().as_str(), "SMS_EmbeddedProperty");
        let written = object(read.properties().iter(), None, Reader::Client).unwrap();
        let again = instance(read.class_name(), None, written).unwrap();
        assert_eq!(again, read);
    }

    #[test]
    fn the_class_tells_datetimes_from_texts() {
        let when = PropertyDefinition::new(Identifier::new("When").unwrap(), CimType::DateTime, false, false);
        let class = Class::new(Identifier::new("C").unwrap(), vec![when]);
        let wire = serde_json::json!({"When": "2024-01-31T10:20:30", "Note": "2024-01-31T10:20:30"});
        let Json::Object(wire) = wire else { panic!() };
        let read = instance(&class.name, Some(&class), wire.clone()).unwrap();
        assert_eq!(
            read.get("When"),
            Some(&Value::DateTime(DateTime::parse("20240131102030.000000+***").unwrap()))
        );
        assert_eq!(read.text("Note"), Some("2024-01-31T10:20:30"));
        assert_eq!(object(read.properties().iter(), Some(&class), Reader::Client).unwrap(), wire);
        let to_real = object(read.properties().iter(), Some(&class), Reader::Server).unwrap();
        assert_eq!(to_real["When"], "2024-01-31T10:20:30Z");
    }

    #[test]
    fn nesting_has_an_end() {
        let mut json = serde_json::json!({});
        for _ in 0..100 {
            json = serde_json::json!({ "Inner": json });
        }
        let Json::Object(object) = json else { panic!() };
        assert!(instance(&Identifier::new("C").unwrap(), None, object).unwrap_err().contains("nested"));
    }
}
