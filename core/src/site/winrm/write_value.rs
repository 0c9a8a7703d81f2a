//! Instances as XML (DSP0230, and what Windows takes).

use std::fmt::Write;

use super::names::{CIM_COMMON, XSI};
use super::xml::{escaped, is_no_xml};
use super::{datetime, endpoint_reference};
use crate::wmi::{Instance, Value};

/// The element of an instance: properties in the order of the instance, each in the namespace of the class.
///
/// An array without elements does not travel; where the whole instance is sent it is empty afterwards.
pub(super) fn instance(instance: &Instance, namespace: &str) -> Result<String, String> {
    let class = instance.class_name().as_str();
    let uri = endpoint_reference::resource(namespace, class);
    let mut xml = format!(
        "<p:{class} xmlns:p=\"{uri}\" xmlns:xsi=\"{XSI}\" xmlns:cim=\"{CIM_COMMON}\" xsi:type=\"p:{class}_Type\">"
    );
    properties(&mut xml, "p", instance, namespace)?;
    close(&mut xml, "p", class);
    Ok(xml)
}

/// The input of a method.
pub(super) fn method_input(
    method: &str,
    resource: &str,
    input: &Instance,
    namespace: &str,
) -> Result<String, String> {
    let element = format!("{method}_INPUT");
    let mut xml = format!(
        "<p:{element} xmlns:p=\"{}\" xmlns:xsi=\"{XSI}\" xmlns:cim=\"{CIM_COMMON}\">",
        escaped(resource)
    );
    properties(&mut xml, "p", input, namespace)?;
    close(&mut xml, "p", &element);
    Ok(xml)
}

fn properties(xml: &mut String, prefix: &str, instance: &Instance, namespace: &str) -> Result<(), String> {
    for property in instance.properties() {
        let name = property.name.as_str();
        match &property.value {
            Value::Null if property.is_array => {}
            Value::Array(items) => {
                for item in items {
                    value(xml, prefix, name, item, namespace)?;
                }
            }
            single => value(xml, prefix, name, single, namespace)?,
        }
    }
    Ok(())
}

fn value(xml: &mut String, prefix: &str, name: &str, value: &Value, namespace: &str) -> Result<(), String> {
    let open = |xml: &mut String| push(xml, format_args!("<{prefix}:{name}>"));
    match value {
        Value::Null => push(xml, format_args!("<{prefix}:{name} xsi:nil=\"true\"/>")),
        Value::Array(_) => return Err(format!("property {name}: an array within an array")),
        Value::Object(object) => {
            let class = object.class_name().as_str();
            let uri = endpoint_reference::resource(namespace, class);
            // A prefix that is declared anew would move the element itself into the inner namespace.
            let inner = if prefix == "e" { "f" } else { "e" };
            push(
                xml,
                format_args!("<{prefix}:{name} xmlns:{inner}=\"{uri}\" xsi:type=\"{inner}:{class}_Type\">"),
            );
            properties(xml, inner, object, namespace)?;
            close(xml, prefix, name);
        }
        Value::DateTime(point) => {
            let (element, text) = datetime::to_xml(point);
            open(xml);
            push(xml, format_args!("<cim:{element}>{text}</cim:{element}>"));
            close(xml, prefix, name);
        }
        Value::Reference(path) => {
            open(xml);
            xml.push_str(&endpoint_reference::to_xml(path, namespace)?);
            close(xml, prefix, name);
        }
        Value::String(text) => {
            if text.contains(is_no_xml) {
                return Err(format!("property {name}: the text has a character that XML cannot hold"));
            }
            open(xml);
            xml.push_str(&escaped(text));
            close(xml, prefix, name);
        }
        Value::Boolean(flag) => push(xml, format_args!("<{prefix}:{name}>{flag}</{prefix}:{name}>")),
        Value::Integer(number) => push(xml, format_args!("<{prefix}:{name}>{number}</{prefix}:{name}>")),
        Value::Real(number) => push(xml, format_args!("<{prefix}:{name}>{number:?}</{prefix}:{name}>")),
    }
    Ok(())
}

fn close(xml: &mut String, prefix: &str, name: &str) {
    push(xml, format_args!("</{prefix}:{name}>"));
}

fn push(xml: &mut String, arguments: std::fmt::Arguments<'_>) {
    // Writing to a text cannot fail.
    let _ = xml.write_fmt(arguments);
}
