//! Endpoint references: how WS-Management writes the path of an object (DSP0226, section 5.1).

use super::names::{ADDRESSING, ANONYMOUS, WMI_RESOURCES, WSMAN};
use super::xml::{Element, escaped};
use crate::wmi::{Class, Identifier, KeyValue, ObjectPath};

/// The resource of a class in a namespace (with slashes); `*` stands for every class.
pub(super) fn resource(namespace: &str, class: &str) -> String {
    format!("{WMI_RESOURCES}{}/{class}", namespace.replace('\\', "/"))
}

/// Names and texts of the selectors that choose the instance of a path.
///
/// A path that leaves out the name of its one key needs the class; the error says so.
pub(super) fn selectors(path: &ObjectPath, class: Option<&Class>) -> Result<Vec<(String, String)>, String> {
    let mut selectors = Vec::with_capacity(path.keys.len());
    for (name, value) in &path.keys {
        let text = match value {
            KeyValue::String(text) => text.clone(),
            KeyValue::Integer(number) => number.to_string(),
            KeyValue::Boolean(flag) => flag.to_string(),
            // The one instance has no selectors.
            KeyValue::Singleton => continue,
        };
        let only = class.and_then(|class| {
            let mut keys = class.keys();
            keys.next().filter(|_| keys.next().is_none()).map(|key| &key.name)
        });
        let name = name.as_ref().or(only).ok_or_else(|| {
            format!(
                "the service does not tell the key of {}; name it: {}.<key>={value}",
                path.class, path.class
            )
        })?;
        selectors.push((name.to_string(), text));
    }
    Ok(selectors)
}

/// The XML of a selector set.
pub(super) fn selector_set(selectors: &[(String, String)]) -> String {
    if selectors.is_empty() {
        return String::new();
    }
    let selectors: String = selectors
        .iter()
        .map(|(name, value)| {
            format!("<w:Selector Name=\"{}\">{}</w:Selector>", escaped(name), escaped(value))
        })
        .collect();
    format!("<w:SelectorSet>{selectors}</w:SelectorSet>")
}

/// What stands in a reference property: the endpoint reference of a path in a namespace.
pub(super) fn to_xml(path: &ObjectPath, namespace: &str) -> Result<String, String> {
    let namespace = path.namespace.as_deref().unwrap_or(namespace);
    let resource = resource(namespace, path.class.as_str());
    let selectors = selector_set(&selectors(path, None)?);
    Ok(format!(
        "<a:Address xmlns:a=\"{ADDRESSING}\">{ANONYMOUS}</a:Address><a:ReferenceParameters xmlns:a=\"{ADDRESSING}\" \
         xmlns:w=\"{WSMAN}\"><w:ResourceURI>{}</w:ResourceURI>{selectors}</a:ReferenceParameters>",
        escaped(&resource)
    ))
}

/// The path that an element with `ReferenceParameters` stands for; without server and namespace.
///
/// Selectors are text; with the class, numbers and flags are again what they were.
pub(super) fn path(element: &Element, class_of: impl Fn(&Identifier) -> Option<Class>) -> Option<ObjectPath> {
    let parameters = element.child("ReferenceParameters")?;
    let uri = parameters.child("ResourceURI")?.text.trim();
    let class = Identifier::new(uri.rsplit('/').next()?).ok()?;
    let definition = class_of(&class);
    let mut keys = Vec::new();
    for selector in parameters.child("SelectorSet").map_or(&[][..], |set| &set.children) {
        let name = Identifier::new(selector.attribute("Name")?).ok();
        // `__cimnamespace` is no key.
        let Some(name) = name.filter(|name| !name.as_str().starts_with("__")) else { continue };
        let property = definition.as_ref().and_then(|class| class.property(name.as_str()));
        let value = key(&selector.text, property.map(|property| property.cim_type));
        keys.push((Some(name), value));
    }
    if keys.is_empty() {
        keys.push((None, KeyValue::Singleton));
    }
    Some(ObjectPath { server: None, namespace: None, class, keys })
}

fn key(text: &str, cim_type: Option<crate::wmi::CimType>) -> KeyValue {
    use crate::wmi::{CimType, Value};
    let coerced = cim_type.map(|cim_type| (cim_type, Value::from(text).coerced(cim_type, false)));
    match coerced {
        Some((CimType::Boolean, Ok(Value::Boolean(flag)))) => KeyValue::Boolean(flag),
        Some((_, Ok(Value::Integer(number)))) => KeyValue::Integer(number),
        _ => KeyValue::String(text.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_survives_the_wire() {
        let text = r#"SMS_SCI_SiteDefinition.FileType=2,ItemName="a\\b<\"&",SiteCode="007""#;
        let path_there = ObjectPath::parse(text).unwrap();
        let xml = format!("<x>{}</x>", to_xml(&path_there, r"root\sms\site_GF1").unwrap());
        let element = Element::parse(xml.as_bytes()).unwrap();
        let class = Class::from_names(
            "SMS_SCI_SiteDefinition",
            &[("FileType", "uint32"), ("ItemName", "string"), ("SiteCode", "string")],
            &["FileType", "ItemName", "SiteCode"],
        )
        .unwrap();
        assert_eq!(path(&element, |_| Some(class.clone())).unwrap().to_string(), text);
        assert!(xml.contains("/wmi/root/sms/site_GF1/SMS_SCI_SiteDefinition<"), "{xml}");
        let unnamed = ObjectPath::parse("SMS_Site='GF1'").unwrap();
        assert!(selectors(&unnamed, None).unwrap_err().contains("name it"));
    }
}
