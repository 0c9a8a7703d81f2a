//! The definition of a class.

use crate::wmi::{CimType, Identifier};

/// One property of a class.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PropertyDefinition {
    /// Its name.
    pub name: Identifier,
    /// Its type.
    pub cim_type: CimType,
    /// True where the type is an array.
    pub is_array: bool,
    /// True where the property is part of the key.
    pub is_key: bool,
}

/// The definition of a class: its name and its properties.
///
/// A class is open: an instance may have properties that the definition does not name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Class {
    /// Its name.
    pub name: Identifier,
    /// Its properties, in the order of the definition.
    pub properties: Vec<PropertyDefinition>,
}

impl Class {
    /// The properties that make up the key, in the order of the definition.
    pub fn keys(&self) -> impl Iterator<Item = &PropertyDefinition> {
        self.properties.iter().filter(|property| property.is_key)
    }

    /// One property of the class.
    pub fn property(&self, name: &str) -> Option<&PropertyDefinition> {
        self.properties.iter().find(|property| property.name.is(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_properties_without_case_and_keys_in_order() {
        let property = |name, is_key| PropertyDefinition {
            name: Identifier::new(name).unwrap(),
            cim_type: CimType::String,
            is_array: false,
            is_key,
        };
        let properties =
            vec![property("SiteCode", true), property("Name", false), property("ItemType", true)];
        let class = Class { name: Identifier::new("SMS_SCI_Component").unwrap(), properties };
        assert_eq!(class.property("NAME"), Some(&property("Name", false)));
        assert_eq!(class.property("Other"), None);
        assert_eq!(class.keys().map(|key| key.name.as_str()).collect::<Vec<_>>(), ["SiteCode", "ItemType"]);
    }
}
