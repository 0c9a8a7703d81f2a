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
