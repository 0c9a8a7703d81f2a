//! An instance of a class: what a query returns and what a put writes.

use std::sync::Arc;

use crate::error::Result;
use crate::wmi::{CimType, Class, Identifier, ObjectPath, PropertyDefinition, Value};

/// One property of an instance.
#[derive(Clone, Debug, PartialEq)]
pub struct Property {
    /// Its name, in the spelling of the class or of the first writer.
    pub name: Identifier,
    /// Its value.
    pub value: Value,
    /// Its type, where the transport told it.
    pub cim_type: Option<CimType>,
    /// True where the type is an array.
    pub is_array: bool,
    modified: bool,
    original: Option<Value>,
    is_left_out: bool,
}

impl Property {
    /// A property as a transport read it.
    pub fn read(name: Identifier, value: Value, cim_type: Option<CimType>, is_array: bool) -> Self {
        Property { name, value, cim_type, is_array, modified: false, original: None, is_left_out: false }
    }

    /// A lazy property that a query left out: it reads as null until it is loaded.
    pub(crate) fn left_out(name: Identifier, cim_type: CimType, is_array: bool) -> Self {
        Property { is_left_out: true, ..Self::read(name, Value::Null, Some(cim_type), is_array) }
    }

    /// True for a lazy property that a query left out and that was neither loaded nor set since.
    ///
    /// It reads as null, and a put does not write it.
    pub fn is_left_out(&self) -> bool {
        self.is_left_out
    }

    /// The value that was read, where it was modified since; None for a property that was never read.
    pub fn original(&self) -> Option<&Value> {
        self.original.as_ref()
    }

    /// True where the value was set since the instance was read or put.
    pub fn is_modified(&self) -> bool {
        self.modified
    }
}

/// An instance of a class, with the properties it came with and those set since.
///
/// Names are compared without case and not checked against any built-in schema: `SubCACertThumbprint` is on no
/// published class page and exists all the same. Setting a property is local until the instance is put.
///
/// ```
/// use cmgateway::wmi::{Instance, Value};
/// let mut service = Instance::new("SMS_AzureService")?;
/// service.set("ServiceCName", "GraniteFalls.contoso.com")?;
/// assert_eq!(service.get("servicecname"), Some(&Value::from("GraniteFalls.contoso.com")));
/// assert_eq!(service.get("Region"), None);
/// # Ok::<(), cmgateway::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Instance {
    class: Identifier,
    path: Option<ObjectPath>,
    properties: Vec<Property>,
    was_read: bool,
    derivation: Option<Arc<[Identifier]>>,
    declared: Option<Arc<Class>>,
}

impl Instance {
    /// An empty instance of a class, not yet in any site.
    ///
    /// # Errors
    /// `config` where the class name cannot be one.
    pub fn new(class: &str) -> Result<Self> {
        Ok(Self::of(Identifier::new(class)?))
    }

    /// An empty instance of a class whose name is checked already.
    pub fn of(class: Identifier) -> Self {
        Instance {
            class,
            path: None,
            properties: Vec::new(),
            was_read: false,
            derivation: None,
            declared: None,
        }
    }

    /// An instance as a transport read it.
    pub fn read(class: Identifier, path: Option<ObjectPath>, properties: Vec<Property>) -> Self {
        Instance { class, path, properties, was_read: true, derivation: None, declared: None }
    }

    /// A new instance that knows its class.
    pub(crate) fn spawned(class: Arc<Class>, properties: Vec<Property>) -> Self {
        Instance {
            class: class.name.clone(),
            path: None,
            properties,
            was_read: false,
            derivation: Some(class.derivation.clone().into()),
            declared: Some(class),
        }
    }

    /// A class as an object, as WMI returns classes: with its properties, without keys in its path.
    pub(crate) fn of_class(class: Arc<Class>) -> Self {
        let property = |of: &PropertyDefinition| {
            Property::read(of.name.clone(), of.default.clone(), Some(of.cim_type), of.is_array)
        };
        let properties = class.properties.iter().map(property).collect();
        let path = ObjectPath { server: None, namespace: None, class: class.name.clone(), keys: Vec::new() };
        Instance { path: Some(path), ..Instance::spawned(class, properties) }
    }

    /// Keeps only these properties.
    pub(crate) fn keep_only(&mut self, wanted: impl Fn(&Identifier) -> bool) {
        self.properties.retain(|property| wanted(&property.name));
    }

    /// What its class says of a property that a new instance need not have yet.
    ///
    /// ```
    /// use cmgateway::wmi::Instance;
    /// assert_eq!(Instance::new("SMS_Site")?.declared("SiteCode"), None, "nobody asked for the class");
    /// # Ok::<(), cmgateway::Error>(())
    /// ```
    pub fn declared(&self, name: &str) -> Option<&PropertyDefinition> {
        self.declared.as_ref()?.property(name)
    }

    /// The name of its class.
    pub fn class_name(&self) -> &Identifier {
        &self.class
    }

    /// The classes its class is derived from, the nearest first; None where nobody told.
    pub fn derivation(&self) -> Option<&[Identifier]> {
        self.derivation.as_deref()
    }

    /// Tells what its class is derived from.
    pub(crate) fn set_derivation(&mut self, derivation: &Arc<[Identifier]>) {
        self.derivation = Some(Arc::clone(derivation));
    }

    /// True where its class is the one of this name, or known to be derived from it.
    ///
    /// ```
    /// use cmgateway::wmi::Instance;
    /// assert!(Instance::new("SMS_Site")?.is_a("sms_site"));
    /// # Ok::<(), cmgateway::Error>(())
    /// ```
    pub fn is_a(&self, class: &str) -> bool {
        self.class.is(class) || self.derivation.iter().flat_map(|all| &**all).any(|base| base.is(class))
    }

    /// Its path in the site; None until it was put or where the query left out a key.
    pub fn path(&self) -> Option<&ObjectPath> {
        self.path.as_ref()
    }

    /// True where a transport read it; it then stands for an instance that exists.
    pub fn was_read(&self) -> bool {
        self.was_read
    }

    /// Records that the instance is stored under this path as it is now.
    pub fn mark_stored(&mut self, path: ObjectPath) {
        self.path = Some(path);
        for property in &mut self.properties {
            property.modified = false;
            property.original = None;
        }
    }

    /// Records that what `written` holds is stored under this path; what was set to something else meanwhile stays
    /// modified.
    pub fn mark_written(&mut self, path: ObjectPath, written: &Instance) {
        self.path = Some(path);
        for property in &mut self.properties {
            if written.get(property.name.as_str()) == Some(&property.value) {
                property.modified = false;
            }
        }
    }

    /// The properties in the order of the class or of setting.
    pub fn properties(&self) -> &[Property] {
        &self.properties
    }

    /// One property with its type.
    pub fn property(&self, name: &str) -> Option<&Property> {
        self.properties.iter().find(|property| property.name.is(name))
    }

    /// The value of a property; None where the instance does not have it, null where it has no value.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.property(name).map(|property| &property.value)
    }

    /// The value of a property, of one that its class declares and that has none yet (null), or of a system property.
    ///
    /// System properties: `__CLASS`, `__SUPERCLASS`, `__DYNASTY`, `__DERIVATION`, `__PATH`, `__RELPATH`, `__SERVER`,
    /// `__NAMESPACE`, `__PROPERTY_COUNT`, `__GENUS` (2, an instance); null where nobody told.
    ///
    /// ```
    /// use cmgateway::wmi::{Instance, Value};
    /// let site = Instance::new("SMS_Site")?;
    /// assert_eq!(site.value("__CLASS"), Some(Value::from("SMS_Site")));
    /// assert_eq!(site.value("__PATH"), Some(Value::Null));
    /// assert_eq!(site.value("Name"), None);
    /// # Ok::<(), cmgateway::Error>(())
    /// ```
    pub fn value(&self, name: &str) -> Option<Value> {
        if let Some(value) = self.get(name) {
            return Some(value.clone());
        }
        if self.declared(name).is_some() {
            return Some(Value::Null);
        }
        let text = |text: Option<String>| Some(text.map_or(Value::Null, Value::String));
        let path = self.path.as_ref();
        let classes = self.derivation();
        match name.to_ascii_uppercase().as_str() {
            "__CLASS" => text(Some(self.class.to_string())),
            "__SUPERCLASS" => text(classes.and_then(|all| all.first()).map(Identifier::to_string)),
            "__DYNASTY" => text(classes.map(|all| all.last().unwrap_or(&self.class).to_string())),
            "__DERIVATION" => {
                let names = |all: &[Identifier]| all.iter().map(|name| Value::from(name.as_str())).collect();
                Some(classes.map_or(Value::Null, |all| Value::Array(names(all))))
            }
            "__PATH" => text(path.map(ObjectPath::to_string)),
            "__RELPATH" => text(path.map(|path| path.relative().to_string())),
            "__SERVER" => text(path.and_then(|path| path.server.clone())),
            "__NAMESPACE" => text(path.and_then(|path| path.namespace.clone())),
            "__PROPERTY_COUNT" => Some(Value::Integer(self.properties.len() as i128)),
            // 1 for a class, 2 for an instance.
            "__GENUS" => Some(Value::Integer(if path.is_some_and(ObjectPath::is_class) { 1 } else { 2 })),
            _ => None,
        }
    }

    /// Takes over what a read of the same instance brought, but for what was set since.
    pub(crate) fn take_loaded(&mut self, loaded: Instance) {
        for property in loaded.properties {
            match self.properties.iter_mut().find(|known| known.name == property.name) {
                Some(known) if known.modified => {}
                Some(known) => *known = property,
                None => self.properties.push(property),
            }
        }
        self.path = loaded.path.or_else(|| self.path.take());
        self.derivation = loaded.derivation.or_else(|| self.derivation.take());
        self.was_read = true;
    }

    /// The text of a property; None where it is missing, null, or not text.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.get(name).and_then(Value::as_str)
    }

    /// Sets a property; a name that is new to the instance is added.
    ///
    /// # Errors
    /// `config` where the name cannot be a property name.
    pub fn set(&mut self, name: &str, value: impl Into<Value>) -> Result<()> {
        self.set_typed(name, value, None)
    }

    /// Sets a property, with its type where the property is new to the instance and the type is known.
    pub(crate) fn set_typed(
        &mut self,
        name: &str,
        value: impl Into<Value>,
        cim_type: Option<CimType>,
    ) -> Result<()> {
        let value = value.into();
        match self.properties.iter_mut().find(|property| property.name.is(name)) {
            Some(property) => {
                let before = std::mem::replace(&mut property.value, value);
                if !property.modified {
                    property.original = Some(before);
                }
                property.modified = true;
                property.is_left_out = false;
            }
            None => {
                let name = Identifier::new(name)?;
                let declared = self.declared(name.as_str()).map(|p| (p.cim_type, p.is_array));
                let cim_type = cim_type.or(declared.map(|(cim_type, _)| cim_type));
                let is_array = declared.map_or(matches!(value, Value::Array(_)), |(_, is_array)| is_array);
                self.properties.push(Property {
                    name,
                    value,
                    cim_type,
                    is_array,
                    modified: true,
                    original: None,
                    is_left_out: false,
                });
            }
        }
        Ok(())
    }
}

/// What its class is derived from does not count: not every transport tells.
impl PartialEq for Instance {
    fn eq(&self, other: &Self) -> bool {
        self.class == other.class
            && self.path == other.path
            && self.was_read == other.was_read
            && self.properties == other.properties
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_set_while_a_put_ran_stays_modified() {
        let mut instance = Instance::new("SMS_AzureService").unwrap();
        instance.set("Name", "a").unwrap();
        instance.set("Region", "north").unwrap();
        let written = instance.clone();
        instance.set("Region", "south").unwrap();
        instance.set("Description", "new").unwrap();
        instance.mark_written(ObjectPath::new("SMS_AzureService", [("ID", 1)]).unwrap(), &written);
        let modified: Vec<_> = instance
            .properties()
            .iter()
            .filter(|property| property.is_modified())
            .map(|p| p.name.as_str())
            .collect();
        assert_eq!(modified, ["Region", "Description"]);
        assert_eq!(instance.text("Region"), Some("south"));
        assert!(instance.path().is_some());
    }

    #[test]
    fn knows_what_was_set_since_it_was_read() {
        let name = Identifier::new("ServiceCName").unwrap();
        let read = Property::read(name, Value::from("a"), Some(CimType::String), false);
        let mut instance = Instance::read(Identifier::new("SMS_AzureService").unwrap(), None, vec![read]);
        assert!(!instance.property("serviceCName").unwrap().is_modified());
        instance.set("SERVICECNAME", Value::Null).unwrap();
        instance.set("New", Value::Array(vec![])).unwrap();
        let property = instance.property("ServiceCName").unwrap();
        assert_eq!((property.name.as_str(), property.cim_type), ("ServiceCName", Some(CimType::String)));
        assert!(property.is_modified() && property.value.is_null());
        assert!(instance.property("New").unwrap().is_array);
        assert_eq!(instance.text("ServiceCName"), None);
        assert!(instance.set("no name", 1).is_err());
        let path = ObjectPath::new("SMS_AzureService", [("ID", 1)]).unwrap();
        instance.mark_stored(path.clone());
        assert_eq!(instance.path(), Some(&path));
        assert!(instance.properties().iter().all(|property| !property.is_modified()));
    }
}
