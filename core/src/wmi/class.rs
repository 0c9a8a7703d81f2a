//! The definition of a class.

use std::sync::Arc;

use crate::error::{Error, ErrorKind, Result};
use crate::limits::CLASS_INHERITANCE_MAX;
use crate::wmi::{
    Identifier, Instance, KeyValue, MethodDefinition, ObjectPath, Property, PropertyDefinition, Qualifier,
    Value, qualifier,
};

/// The definition of a class: its name, what it is derived from, its properties and methods.
///
/// A class is open: an instance may have properties that the definition does not name.
#[derive(Clone, Debug, PartialEq)]
pub struct Class {
    /// Its name.
    pub name: Identifier,
    /// The classes it is derived from, the nearest first; empty for a class of its own, or where the transport
    /// cannot tell.
    pub derivation: Vec<Identifier>,
    /// Its qualifiers.
    pub qualifiers: Vec<Qualifier>,
    /// Its properties, inherited ones first, in the order of the definition.
    pub properties: Vec<PropertyDefinition>,
    /// Its methods, inherited ones first.
    pub methods: Vec<MethodDefinition>,
}

impl Class {
    /// A class of its own with these properties.
    ///
    /// ```
    /// use cmgateway::wmi::{CimType, Class, Identifier, PropertyDefinition};
    /// let code = PropertyDefinition::new(Identifier::new("SiteCode")?, CimType::String, false, true);
    /// assert_eq!(Class::new(Identifier::new("SMS_Site")?, vec![code]).keys().count(), 1);
    /// # Ok::<(), cmgateway::Error>(())
    /// ```
    pub fn new(name: Identifier, properties: Vec<PropertyDefinition>) -> Self {
        Class { name, derivation: Vec::new(), qualifiers: Vec::new(), properties, methods: Vec::new() }
    }

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
            definitions.push(PropertyDefinition::from_text(property, text, is_key(property), &operation)?);
        }
        let class = Class::new(Identifier::new(name)?, definitions);
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
        if self.is_singleton() {
            keys.push((None, KeyValue::Singleton));
        }
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

    /// One method of the class.
    pub fn method(&self, name: &str) -> Option<&MethodDefinition> {
        self.methods.iter().find(|method| method.name.is(name))
    }

    /// The class it is derived from.
    pub fn superclass(&self) -> Option<&Identifier> {
        self.derivation.first()
    }

    /// True where it is the class of this name or derived from it.
    ///
    /// ```
    /// use cmgateway::wmi::{Class, Identifier};
    /// let mut weekly = Class::new(Identifier::new("SMS_ST_RecurWeekly")?, Vec::new());
    /// weekly.derivation.push(Identifier::new("SMS_ScheduleToken")?);
    /// assert!(weekly.is_a("sms_scheduletoken") && weekly.is_a("SMS_ST_RecurWeekly") && !weekly.is_a("SMS_Site"));
    /// # Ok::<(), cmgateway::Error>(())
    /// ```
    pub fn is_a(&self, name: &str) -> bool {
        self.name.is(name) || self.derivation.iter().any(|base| base.is(name))
    }

    /// True where it has no instances of its own, only those of its subclasses.
    pub fn is_abstract(&self) -> bool {
        qualifier::is_set(&self.qualifiers, "abstract")
    }

    /// True where it has one instance without a key, `Class=@`.
    pub fn is_singleton(&self) -> bool {
        qualifier::is_set(&self.qualifiers, "singleton")
    }

    /// A new instance of the class, which knows the types of its properties; those with a default have it.
    ///
    /// A put writes what is set afterwards, and the defaults.
    ///
    /// ```
    /// use cmgateway::wmi::{Class, Value};
    /// let class = Class::from_names("SMS_Collection", &[("CollectionID", "string"), ("Rules", "object[]")], &[])?;
    /// let collection = class.spawn();
    /// assert_eq!(collection.get("Rules"), None);
    /// assert!(collection.declared("rules").is_some_and(|rules| rules.is_array));
    /// # Ok::<(), cmgateway::Error>(())
    /// ```
    pub fn spawn(&self) -> Instance {
        let with_default = self.properties.iter().filter(|definition| !definition.default.is_null());
        let properties = with_default.map(|definition| {
            let (name, value) = (definition.name.clone(), definition.default.clone());
            Property::read(name, value, Some(definition.cim_type), definition.is_array)
        });
        Instance::spawned(Arc::new(self.clone()), properties.collect())
    }

    /// The class as one derived from `base`: with its properties, methods and qualifiers, where it has not its own.
    ///
    /// # Errors
    /// `config` where a property or its type contradicts the base, and where the inheritance is too deep.
    pub(crate) fn derived_from(mut self, base: &Class) -> Result<Self> {
        let operation = format!("derive class {} from {}", self.name, base.name);
        let refuse = |cause: String| Err(Error::new(ErrorKind::Config, operation.as_str(), cause));
        if base.derivation.len() + 1 > CLASS_INHERITANCE_MAX {
            return refuse(format!("classes are derived more than {CLASS_INHERITANCE_MAX} times"));
        }
        if base.is_a(self.name.as_str()) {
            return refuse("a class cannot be derived from itself".to_owned());
        }
        let mut properties = base.properties.clone();
        for property in &mut properties {
            property.origin.get_or_insert_with(|| base.name.clone());
            property.is_local = false;
        }
        for mut own in std::mem::take(&mut self.properties) {
            let Some(inherited) = properties.iter_mut().find(|property| property.name == own.name) else {
                properties.push(own);
                continue;
            };
            if (inherited.cim_type, inherited.is_array) != (own.cim_type, own.is_array) {
                return refuse(format!("property {} has another type there", own.name));
            }
            own.is_key |= inherited.is_key;
            own.origin = inherited.origin.take();
            own.class = own.class.or_else(|| inherited.class.take());
            own.qualifiers = qualifier::inherited(own.qualifiers, &inherited.qualifiers);
            *inherited = own;
        }
        self.properties = properties;
        let mut methods = base.methods.clone();
        for method in &mut methods {
            method.origin.get_or_insert_with(|| base.name.clone());
            method.is_local = false;
        }
        for mut own in std::mem::take(&mut self.methods) {
            match methods.iter_mut().find(|method| method.name == own.name) {
                Some(inherited) => {
                    own.origin = inherited.origin.take();
                    own.qualifiers = qualifier::inherited(own.qualifiers, &inherited.qualifiers);
                    *inherited = own;
                }
                None => methods.push(own),
            }
        }
        self.methods = methods;
        self.qualifiers = qualifier::inherited(self.qualifiers, &base.qualifiers);
        self.derivation = std::iter::once(base.name.clone()).chain(base.derivation.iter().cloned()).collect();
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wmi::CimType;

    #[test]
    fn finds_properties_without_case_and_keys_in_order() {
        let property = |name, is_key| {
            PropertyDefinition::new(Identifier::new(name).unwrap(), CimType::String, false, is_key)
        };
        let properties =
            vec![property("SiteCode", true), property("Name", false), property("ItemType", true)];
        let class = Class::new(Identifier::new("SMS_SCI_Component").unwrap(), properties);
        assert_eq!(class.property("NAME"), Some(&property("Name", false)));
        assert_eq!(class.property("Other"), None);
        assert_eq!(class.keys().map(|key| key.name.as_str()).collect::<Vec<_>>(), ["SiteCode", "ItemType"]);
    }
}
