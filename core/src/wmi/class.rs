//! The definition of a class.

use crate::error::{Error, ErrorKind, Result};
use crate::wmi::{CimType, Identifier, Instance, KeyValue, ObjectPath, Value};

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
    /// Makes a definition from names and types, as scripts write them: `uint32`, or `uint32[]` for an array.
    ///
    /// # Errors
    /// `config` for a name that cannot be one, a text that is no type, a key that is not among the properties.
    ///
    /// ```
    /// use cmgateway::wmi::Class;
    /// let properties = [("CollectionID", "string"), ("Members", "uint32[]")];
    /// let class = Class::from_names("SMS_Collection", &properties, &["CollectionID"])?;
    /// assert_eq!(class.keys().count(), 1);
    /// # Ok::<(), cmgateway::Error>(())
    /// ```
    pub fn from_names<T: AsRef<str>>(name: &str, properties: &[(T, T)], keys: &[T]) -> Result<Self> {
        let operation = format!("define class {name}");
        let refuse = |cause: String| Error::new(ErrorKind::Config, operation.as_str(), cause);
        let is_key = |property: &str| keys.iter().any(|key| key.as_ref().eq_ignore_ascii_case(property));
        let mut definitions = Vec::with_capacity(properties.len());
        for (property, text) in properties {
            let (property, text) = (property.as_ref(), text.as_ref());
            let (type_name, is_array) = text.strip_suffix("[]").map_or((text, false), |name| (name, true));
            let cim_type = CimType::from_name(type_name).ok_or_else(|| {
                refuse(format!("{text:?} of {property} is no type; one is for example string or uint32[]"))
            })?;
            let (name, is_key) = (Identifier::new(property)?, is_key(property));
            definitions.push(PropertyDefinition { name, cim_type, is_array, is_key });
        }
        let class = Class { name: Identifier::new(name)?, properties: definitions };
        match keys.iter().find(|key| class.property(key.as_ref()).is_none()) {
            Some(key) => Err(refuse(format!("the key {} is not among the properties", key.as_ref()))),
            None => Ok(class),
        }
    }

    /// The path of an instance of this class; None where a key is missing or null.
    ///
    /// ```
    /// use cmgateway::wmi::{Class, Instance};
    /// let class = Class::from_names("SMS_Site", &[("SiteCode", "string")], &["SiteCode"])?;
    /// let mut site = Instance::new("SMS_Site")?;
    /// assert_eq!(class.path_of(&site), None);
    /// site.set("SiteCode", "GF1")?;
    /// assert_eq!(class.path_of(&site).map(|path| path.to_string()).as_deref(), Some("SMS_Site.SiteCode=\"GF1\""));
    /// # Ok::<(), cmgateway::Error>(())
    /// ```
    pub fn path_of(&self, instance: &Instance) -> Option<ObjectPath> {
        let mut keys = Vec::new();
        for key in self.keys() {
            let value = match instance.get(key.name.as_str())? {
                Value::Integer(number) => KeyValue::Integer(*number),
                Value::Boolean(flag) => KeyValue::Boolean(*flag),
                Value::String(text) => KeyValue::String(text.clone()),
                Value::DateTime(datetime) => KeyValue::String(datetime.to_string()),
                Value::Reference(path) => KeyValue::String(path.to_string()),
                _ => return None,
            };
            keys.push((Some(key.name.clone()), value));
        }
        let class = self.name.clone();
        (!keys.is_empty()).then_some(ObjectPath { server: None, namespace: None, class, keys })
    }

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
