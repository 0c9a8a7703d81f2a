//! Instances out of XML (DSP0230, and what Windows does).
//!
//! Only the class knows types: a number and a text look the same here. Without the class, what reads `true`, `false` or
//! as a plain whole number is one, all else is text.

use base64::Engine;

use super::names::{ADDRESSING, CIM_COMMON};
use super::xml::Element;
use super::{datetime, endpoint_reference};
use crate::limits::{EMBEDDED_OBJECT_DEPTH_MAX, PROPERTIES_PER_CLASS_MAX};
use crate::wmi::{CimType, Class, Identifier, Instance, Property, PropertyDefinition, Value};

/// How classes are looked up while an answer is read.
pub(super) type Classes<'a> = &'a dyn Fn(&Identifier) -> Option<Class>;

/// The class of an instance: that of its type, else the name of its element.
pub(super) fn class_name(element: &Element) -> Result<Identifier, String> {
    let name = match &element.type_name {
        Some((_, name)) => name.strip_suffix("_Type").unwrap_or(name),
        None => &element.name,
    };
    Identifier::new(name).map_err(|error| error.cause().to_owned())
}

/// Reads the properties below an element as an instance of a class.
///
/// What a class has and the element has not is an array without elements, or a property that was not selected.
pub(super) fn instance(
    element: &Element,
    class: Identifier,
    classes: Classes<'_>,
) -> Result<Instance, String> {
    read(element, class, classes, 0)
}

fn read(
    element: &Element,
    class: Identifier,
    classes: Classes<'_>,
    depth: usize,
) -> Result<Instance, String> {
    if depth > EMBEDDED_OBJECT_DEPTH_MAX {
        return Err(format!("objects are embedded more than {EMBEDDED_OBJECT_DEPTH_MAX} deep"));
    }
    let definition = classes(&class);
    let mut names: Vec<&str> = Vec::new();
    for child in &element.children {
        if !names.contains(&child.name.as_str()) {
            names.push(&child.name);
        }
    }
    if names.len() > PROPERTIES_PER_CLASS_MAX {
        return Err(format!("class {class} has more than {PROPERTIES_PER_CLASS_MAX} properties"));
    }
    let mut properties = Vec::with_capacity(names.len());
    for name in names {
        // System properties (`__PATH`) are not the instance's own.
        let Ok(identifier) = Identifier::new(name) else { continue };
        if name.starts_with("__") {
            continue;
        }
        let known = definition.as_ref().and_then(|class| class.property(name));
        let elements: Vec<&Element> = element.children.iter().filter(|child| child.name == name).collect();
        let value = property_value(&elements, known, classes, depth)
            .map_err(|cause| format!("property {name} of {class}: {cause}"))?;
        let told = elements.first().and_then(|element| told_type(element));
        let cim_type = known.map(|known| known.cim_type).or(told).or(value.natural_type().map(|(t, _)| t));
        let is_array = known.map_or(matches!(value, Value::Array(_)), |known| known.is_array);
        let name = known.map_or(identifier, |known| known.name.clone());
        properties.push(Property::read(name, value, cim_type, is_array));
    }
    let path = definition.as_ref().and_then(|definition| {
        let bare = Instance::read(class.clone(), None, properties.clone());
        definition.path_of(&bare)
    });
    let class = definition.map_or(class, |definition| definition.name);
    Ok(Instance::read(class, path.filter(|_| depth == 0), properties))
}

/// The absent arrays of a class, as properties without a value: an array that is null does not travel.
pub(super) fn absent_arrays(class: &Class, present: &Instance) -> Vec<Property> {
    class
        .properties
        .iter()
        .filter(|property| property.is_array && present.property(property.name.as_str()).is_none())
        .map(|property| Property::read(property.name.clone(), Value::Null, Some(property.cim_type), true))
        .collect()
}

fn property_value(
    elements: &[&Element],
    known: Option<&PropertyDefinition>,
    classes: Classes<'_>,
    depth: usize,
) -> Result<Value, String> {
    if let ([only], Some(known)) = (elements, known)
        && known.is_array
        && only.is_nil()
    {
        return Ok(Value::Null);
    }
    if let [only] = elements
        && is_base64(only)
    {
        let bytes = base64::engine::general_purpose::STANDARD
            .decode(only.text.split_whitespace().collect::<String>())
            .map_err(|_| "it is no base64".to_owned())?;
        return Ok(Value::Array(bytes.into_iter().map(|byte| Value::Integer(byte.into())).collect()));
    }
    let cim_type = known.map(|known| known.cim_type);
    let mut values = Vec::with_capacity(elements.len());
    for element in elements {
        values.push(value(element, cim_type, classes, depth)?);
    }
    let is_array = known.map_or(values.len() > 1, |known| known.is_array);
    match (is_array, values.len()) {
        (true, _) => Ok(Value::Array(values)),
        (false, 1) => Ok(values.pop().unwrap_or_default()),
        (false, count) => Err(format!("it is no array and comes {count} times")),
    }
}

fn value(
    element: &Element,
    cim_type: Option<CimType>,
    classes: Classes<'_>,
    depth: usize,
) -> Result<Value, String> {
    if element.is_nil() {
        return Ok(Value::Null);
    }
    if let Some(inner) =
        element.children.iter().find(|child| datetime::ELEMENTS.contains(&child.name.as_str()))
    {
        let read = datetime::from_xml(&inner.name, &inner.text);
        return read.map(Value::DateTime).ok_or_else(|| format!("{:?} is no datetime", inner.text));
    }
    if element.child_in(ADDRESSING, "ReferenceParameters").is_some() {
        let path = endpoint_reference::path(element, classes);
        return path.map(Value::Reference).ok_or_else(|| "it is no reference".to_owned());
    }
    let is_object =
        !element.children.is_empty() || (cim_type == Some(CimType::Object) && element.type_name.is_some());
    if is_object {
        let class = match &element.type_name {
            Some(_) => class_name(element)?,
            // A lone object within: its element names the class.
            None => match element.children.as_slice() {
                [only] if only.type_name.is_some() => return value(only, cim_type, classes, depth),
                _ => class_name(element)?,
            },
        };
        return Ok(Value::Object(Box::new(read(element, class, classes, depth + 1)?)));
    }
    scalar(&element.text, cim_type.or_else(|| told_type(element)))
}

fn scalar(text: &str, cim_type: Option<CimType>) -> Result<Value, String> {
    match cim_type {
        None => Ok(guessed(text)),
        Some(CimType::String | CimType::Object) => Ok(Value::from(text)),
        Some(CimType::DateTime) => datetime::from_xml("", text)
            .map(Value::DateTime)
            .ok_or_else(|| format!("{text:?} is no datetime")),
        Some(CimType::Char16)
            if text.chars().count() == 1 && !text.starts_with(|c: char| c.is_ascii_digit()) =>
        {
            Ok(Value::Integer(text.encode_utf16().next().unwrap_or_default().into()))
        }
        Some(CimType::Real32 | CimType::Real64) if matches!(text.trim(), "INF" | "-INF" | "NaN") => {
            Err(format!("{} is no number that WMI has", text.trim()))
        }
        Some(cim_type) => Value::from(text.trim()).coerced(cim_type, false),
    }
}

/// A value whose type nobody told. What would not be written back the same is left as text.
fn guessed(text: &str) -> Value {
    match text {
        "true" => return Value::Boolean(true),
        "false" => return Value::Boolean(false),
        _ => {}
    }
    match text.parse::<i128>() {
        Ok(number)
            if number.to_string() == text
                && (i128::from(i64::MIN)..=i128::from(u64::MAX)).contains(&number) =>
        {
            Value::Integer(number)
        }
        _ => Value::from(text),
    }
}

fn is_base64(element: &Element) -> bool {
    element.type_name.as_ref().is_some_and(|(namespace, name)| {
        (namespace == CIM_COMMON && name == "cimBase64Binary")
            || (is_xsd(namespace) && name == "base64Binary")
    })
}

fn is_xsd(namespace: &str) -> bool {
    namespace == "http://www.w3.org/2001/XMLSchema"
}

/// The type that an element tells of itself: one of XML Schema or of the CIM binding.
fn told_type(element: &Element) -> Option<CimType> {
    let (namespace, name) = element.type_name.as_ref()?;
    if !is_xsd(namespace) && namespace != CIM_COMMON {
        return None;
    }
    let bare = name.strip_prefix("cim").unwrap_or(name);
    Some(match bare.to_ascii_lowercase().as_str() {
        "string" | "anyuri" => CimType::String,
        "boolean" => CimType::Boolean,
        "unsignedbyte" => CimType::Uint8,
        "unsignedshort" => CimType::Uint16,
        "unsignedint" => CimType::Uint32,
        "unsignedlong" => CimType::Uint64,
        "byte" => CimType::Sint8,
        "short" => CimType::Sint16,
        "int" => CimType::Sint32,
        "long" | "integer" => CimType::Sint64,
        "float" => CimType::Real32,
        "double" | "decimal" => CimType::Real64,
        "datetime" => CimType::DateTime,
        "char16" => CimType::Char16,
        _ => return None,
    })
}
