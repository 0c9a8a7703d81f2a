//! `$metadata`: which classes there are, their keys and types.

use std::collections::HashMap;

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use super::edm_type;
use crate::limits::{CLASS_INHERITANCE_MAX, METADATA_CLASSES_MAX, PROPERTIES_PER_CLASS_MAX};
use crate::wmi::{CimType, Class, Identifier, PropertyDefinition};

/// The classes of a `$metadata` document.
#[derive(Debug, Default)]
pub(crate) struct Metadata {
    types: HashMap<Identifier, EntityType>,
}

#[derive(Debug)]
struct EntityType {
    name: Identifier,
    base: Option<Identifier>,
    keys: Vec<Identifier>,
    properties: Vec<PropertyDefinition>,
}

impl Metadata {
    /// Reads the document. Of what is not a class or a property nothing is kept. The error is the cause alone.
    pub(crate) fn parse(xml: &[u8]) -> Result<Self, String> {
        let text = std::str::from_utf8(xml).map_err(|error| format!("it is not UTF-8: {error}"))?;
        let mut reader = Reader::from_str(text);
        let mut metadata = Metadata::default();
        let mut current: Option<EntityType> = None;
        let mut is_edmx = false;
        loop {
            let event = reader.read_event().map_err(|error| format!("it is not well-formed XML: {error}"))?;
            match &event {
                Event::Start(element) | Event::Empty(element) => {
                    let is_empty = matches!(event, Event::Empty(_));
                    match element.local_name().as_ref() {
                        "Edmx" => is_edmx = true,
                        "EntityType" | "ComplexType" => {
                            metadata.keep(current.take())?;
                            current = entity_type(element)?;
                            if is_empty {
                                metadata.keep(current.take())?;
                            }
                        }
                        "PropertyRef" => {
                            let name =
                                attribute(element, "Name")?.and_then(|name| Identifier::new(&name).ok());
                            if let (Some(current), Some(name)) = (&mut current, name) {
                                current.keys.push(name);
                            }
                        }
                        "Property" => {
                            if let (Some(current), Some(property)) = (&mut current, property(element)?) {
                                current.properties.push(property);
                                if current.properties.len() > PROPERTIES_PER_CLASS_MAX {
                                    return Err(format!("class {} has too many properties", current.name));
                                }
                            }
                        }
                        _ => {}
                    }
                }
                Event::End(element)
                    if matches!(element.local_name().as_ref(), "EntityType" | "ComplexType") =>
                {
                    metadata.keep(current.take())?;
                }
                Event::Eof => break,
                _ => {}
            }
        }
        if is_edmx { Ok(metadata) } else { Err("it is not an EDMX document".into()) }
    }

    fn keep(&mut self, entity_type: Option<EntityType>) -> Result<(), String> {
        if let Some(entity_type) = entity_type {
            if self.types.len() >= METADATA_CLASSES_MAX {
                return Err(format!("it has more than {METADATA_CLASSES_MAX} classes"));
            }
            self.types.insert(entity_type.name.clone(), entity_type);
        }
        Ok(())
    }

    /// The definitions of all classes, in the order of their names.
    pub(crate) fn classes(&self) -> Vec<Class> {
        let mut classes: Vec<_> = self.types.keys().filter_map(|name| self.class(name)).collect();
        classes.sort_by_key(|class| class.name.as_str().to_ascii_lowercase());
        classes
    }

    /// The definition of a class with what it inherits.
    pub(crate) fn class(&self, name: &Identifier) -> Option<Class> {
        let mut next = self.types.get(name);
        let mut class = Class::new(next?.name.clone(), Vec::new());
        for _ in 0..CLASS_INHERITANCE_MAX {
            let Some(entity_type) = next else { break };
            let is_local = entity_type.name == class.name;
            let inherited = entity_type.properties.iter().map(|property| {
                let is_key = entity_type.keys.contains(&property.name);
                let (name, cim_type) = (property.name.clone(), property.cim_type);
                let origin = Some(entity_type.name.clone()).filter(|_| !is_local);
                let property = PropertyDefinition::new(name, cim_type, property.is_array, is_key);
                PropertyDefinition { is_local, origin, ..property }
            });
            // What is inherited stands first, as in the provider.
            class.properties = inherited.chain(class.properties).collect();
            class.derivation.extend(entity_type.base.clone());
            next = entity_type.base.as_ref().and_then(|base| self.types.get(base));
        }
        Some(class)
    }
}

fn entity_type(element: &BytesStart<'_>) -> Result<Option<EntityType>, String> {
    let base = attribute(element, "BaseType")?.and_then(|base| Identifier::new(unqualified(&base)).ok());
    // A name that no class can have belongs to a part of the service that is not WMI.
    let name = attribute(element, "Name")?.and_then(|name| Identifier::new(&name).ok());
    Ok(name.map(|name| EntityType { name, base, keys: Vec::new(), properties: Vec::new() }))
}

fn property(element: &BytesStart<'_>) -> Result<Option<PropertyDefinition>, String> {
    let Some(name) = attribute(element, "Name")?.and_then(|name| Identifier::new(&name).ok()) else {
        return Ok(None);
    };
    let declared = attribute(element, "Type")?.unwrap_or_default();
    let inner = declared.strip_prefix("Collection(").and_then(|rest| rest.strip_suffix(')'));
    let exact = attribute(element, edm_type::CIM_ANNOTATION)?.and_then(|name| CimType::from_name(&name));
    let cim_type = exact.unwrap_or_else(|| edm_type::cim_type(inner.unwrap_or(&declared)));
    Ok(Some(PropertyDefinition::new(name, cim_type, inner.is_some(), false)))
}

fn attribute(element: &BytesStart<'_>, name: &str) -> Result<Option<String>, String> {
    let broken = |error: String| format!("it has a broken attribute: {error}");
    match element.try_get_attribute(name).map_err(|error| broken(error.to_string()))? {
        None => Ok(None),
        // None of the names and types that are read here needs an entity.
        Some(attribute) => Ok(Some(attribute.value.into_owned())),
    }
}

/// The name without its namespace.
fn unqualified(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_types_and_inheritance_are_read() {
        let xml = br#"<?xml version="1.0"?><edmx:Edmx Version="4.0" xmlns:edmx="x"><edmx:DataServices>
            <Schema Namespace="AdminService"><EntityType Name="SMS_Base"><Key><PropertyRef Name="ID"/></Key>
            <Property Name="ID" Type="Edm.Int64" cim:Type="uint32"/></EntityType>
            <EntityType Name="SMS_Child" BaseType="AdminService.SMS_Base">
            <Property Name="When" Type="Edm.DateTimeOffset"/><Property Name="Tags" Type="Collection(Edm.String)"/>
            <Property Name="Props" Type="Collection(AdminService.SMS_EmbeddedProperty)"></Property>
            </EntityType><EntityType Name="Loop" BaseType="AdminService.Loop"/></Schema></edmx:DataServices></edmx:Edmx>"#;
        let metadata = Metadata::parse(xml).unwrap();
        let class = metadata.class(&Identifier::new("sms_child").unwrap()).unwrap();
        assert_eq!(class.name.as_str(), "SMS_Child");
        let described: Vec<_> = class
            .properties
            .iter()
            .map(|property| {
                format!("{} {} {} {}", property.name, property.cim_type, property.is_array, property.is_key)
            })
            .collect();
        assert_eq!(
            described,
            [
                "ID uint32 false true",
                "When datetime false false",
                "Tags string true false",
                "Props object true false"
            ]
        );
        assert!(metadata.class(&Identifier::new("Loop").unwrap()).unwrap().properties.is_empty());
        assert!(Metadata::parse(b"<html></html>").is_err());
        assert!(
            Metadata::parse(b"<edmx:Edmx><a b=></edmx:Edmx>").is_err() || Metadata::parse(b"<a").is_err()
        );
    }
}
