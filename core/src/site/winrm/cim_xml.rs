//! Class definitions in CIM-XML (DSP0201), as the schema resource tells them.

use super::xml::Element;
use crate::limits::PROPERTIES_PER_CLASS_MAX;
use crate::wmi::{
    CimType, Class, Identifier, MethodDefinition, ParameterDefinition, PropertyDefinition, Qualifier, Value,
};

/// The first class below an element; None where there is none. The error is the cause alone.
pub(super) fn class(element: &Element) -> Result<Option<Class>, String> {
    let found = match element.name.as_str() {
        "CLASS" => Some(element),
        _ => element.descendant("CLASS"),
    };
    let Some(found) = found else { return Ok(None) };
    let name = identifier(found)?;
    let mut properties = Vec::new();
    let mut methods = Vec::new();
    for child in &found.children {
        if let Some(property) = value_definition(child, "PROPERTY")? {
            properties.push(property);
        } else if child.name == "METHOD" {
            methods.push(method(child)?);
        }
        if properties.len() + methods.len() > PROPERTIES_PER_CLASS_MAX {
            return Err(format!(
                "class {name} has more than {PROPERTIES_PER_CLASS_MAX} properties and methods"
            ));
        }
    }
    let mut class = Class::new(name, properties);
    class.methods = methods;
    class.qualifiers = qualifiers(found)?;
    let base = found.attribute("SUPERCLASS").filter(|base| !base.is_empty());
    class.derivation = base.and_then(|base| Identifier::new(base).ok()).into_iter().collect();
    Ok(Some(class))
}

/// A property or a parameter: plain, `.ARRAY`, `.REFERENCE` or `.REFARRAY`.
fn value_definition(element: &Element, kind: &str) -> Result<Option<PropertyDefinition>, String> {
    let Some(form) = element.name.strip_prefix(kind) else { return Ok(None) };
    if !matches!(form, "" | ".ARRAY" | ".REFERENCE" | ".REFARRAY") {
        return Ok(None);
    }
    let name = identifier(element)?;
    let qualifiers = qualifiers(element)?;
    let found = |wanted: &str| qualifiers.iter().find(|qualifier| qualifier.name.is(wanted));
    // Windows keeps the class of an embedded object in CIMTYPE, others in EmbeddedInstance.
    let object_class = found("CIMTYPE")
        .and_then(|qualifier| qualifier.value.as_str()?.strip_prefix("object:"))
        .or_else(|| found("EmbeddedInstance").and_then(|qualifier| qualifier.value.as_str()));
    let is_object = object_class.is_some()
        || found("EmbeddedObject").is_some_and(Qualifier::is_set)
        || element.attribute("EmbeddedObject").is_some()
        || found("CIMTYPE").is_some_and(|qualifier| qualifier.value.as_str() == Some("object"));
    let class = object_class.and_then(|class| Identifier::new(class).ok());
    let type_name = element.attribute("TYPE").unwrap_or_default();
    let cim_type = match form {
        ".REFERENCE" | ".REFARRAY" => CimType::Reference,
        _ if is_object => CimType::Object,
        _ => CimType::from_name(type_name).ok_or_else(|| format!("{type_name:?} of {name} is no type"))?,
    };
    let is_array = matches!(form, ".ARRAY" | ".REFARRAY");
    let mut definition =
        PropertyDefinition::new(name, cim_type, is_array, found("key").is_some_and(Qualifier::is_set));
    definition.class = class;
    definition.origin = element.attribute("CLASSORIGIN").and_then(|origin| Identifier::new(origin).ok());
    definition.is_local = element.attribute("PROPAGATED") != Some("true");
    definition.qualifiers = qualifiers;
    Ok(Some(definition))
}

fn method(element: &Element) -> Result<MethodDefinition, String> {
    let mut parameters = Vec::new();
    for child in &element.children {
        if let Some(value) = value_definition(child, "PARAMETER")? {
            let is = |name: &str| value.qualifiers.iter().any(|q| q.name.is(name) && q.is_set());
            let (is_in, is_out) = (is("in"), is("out"));
            // Without a word it is an input.
            parameters.push(ParameterDefinition { is_in: is_in || !is_out, is_out, value });
        }
    }
    Ok(MethodDefinition {
        name: identifier(element)?,
        returns: element.attribute("TYPE").and_then(CimType::from_name),
        parameters,
        origin: element.attribute("CLASSORIGIN").and_then(|origin| Identifier::new(origin).ok()),
        is_local: element.attribute("PROPAGATED") != Some("true"),
        qualifiers: qualifiers(element)?,
    })
}

fn qualifiers(element: &Element) -> Result<Vec<Qualifier>, String> {
    let mut qualifiers = Vec::new();
    for child in element.children.iter().filter(|child| child.name == "QUALIFIER") {
        let cim_type = child.attribute("TYPE").and_then(CimType::from_name).unwrap_or(CimType::String);
        let value = |text: &str| Value::from(text).coerced(cim_type, false);
        let value = match (child.child("VALUE.ARRAY"), child.child("VALUE")) {
            (Some(array), _) => {
                Value::Array(array.children.iter().map(|item| value(&item.text)).collect::<Result<_, _>>()?)
            }
            (None, Some(single)) => value(&single.text)?,
            (None, None) => Value::Null,
        };
        qualifiers.push(Qualifier::new(identifier(child)?, value));
    }
    Ok(qualifiers)
}

fn identifier(element: &Element) -> Result<Identifier, String> {
    let name = element.attribute("NAME").unwrap_or_default();
    Identifier::new(name).map_err(|error| error.cause().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_keys_embedded_objects_and_methods_are_read() {
        let xml = br#"<x><CLASS NAME="SMS_Collection" SUPERCLASS="SMS_BaseClass">
            <QUALIFIER NAME="dynamic" TYPE="boolean"><VALUE>true</VALUE></QUALIFIER>
            <PROPERTY NAME="CollectionID" TYPE="string" PROPAGATED="true">
              <QUALIFIER NAME="key" TYPE="boolean"><VALUE>true</VALUE></QUALIFIER></PROPERTY>
            <PROPERTY.ARRAY NAME="CollectionRules" TYPE="string">
              <QUALIFIER NAME="CIMTYPE" TYPE="string"><VALUE>object:SMS_CollectionRule</VALUE></QUALIFIER>
              <QUALIFIER NAME="lazy" TYPE="boolean"><VALUE>TRUE</VALUE></QUALIFIER></PROPERTY.ARRAY>
            <PROPERTY.REFERENCE NAME="Site" REFERENCECLASS="SMS_Site"/>
            <METHOD NAME="AddMembershipRule" TYPE="uint32">
              <PARAMETER NAME="collectionRule" TYPE="string">
                <QUALIFIER NAME="IN" TYPE="boolean"><VALUE>true</VALUE></QUALIFIER>
                <QUALIFIER NAME="EmbeddedInstance" TYPE="string"><VALUE>SMS_CollectionRule</VALUE></QUALIFIER></PARAMETER>
              <PARAMETER NAME="QueryID" TYPE="uint32">
                <QUALIFIER NAME="Out" TYPE="boolean"><VALUE>true</VALUE></QUALIFIER></PARAMETER></METHOD>
            </CLASS></x>"#;
        let class = class(&Element::parse(xml).unwrap()).unwrap().unwrap();
        assert_eq!(class.keys().map(|key| key.name.as_str()).collect::<Vec<_>>(), ["CollectionID"]);
        let rules = class.property("CollectionRules").unwrap();
        assert_eq!((rules.cim_type, rules.is_array, rules.is_lazy()), (CimType::Object, true, true));
        assert_eq!(rules.class.as_ref().unwrap().as_str(), "SMS_CollectionRule");
        assert_eq!(class.property("Site").unwrap().cim_type, CimType::Reference);
        let method = class.method("addmembershiprule").unwrap();
        assert_eq!(method.inputs().map(|p| p.name.as_str()).collect::<Vec<_>>(), ["collectionRule"]);
        assert_eq!(method.outputs().map(|p| p.cim_type).collect::<Vec<_>>(), [CimType::Uint32]);
        assert!(class.is_a("SMS_BaseClass") && method.returns == Some(CimType::Uint32));
        assert!(super::class(&Element::parse(b"<a/>").unwrap()).unwrap().is_none());
    }
}
