//! The definition of a property, and of a parameter, which is one too.

use crate::error::{Error, ErrorKind, Result};
use crate::wmi::{CimType, Identifier, Qualifier, Value, qualifier};

/// One property of a class.
#[derive(Clone, Debug, PartialEq)]
pub struct PropertyDefinition {
    /// Its name.
    pub name: Identifier,
    /// Its type.
    pub cim_type: CimType,
    /// True where the type is an array.
    pub is_array: bool,
    /// True where the property is part of the key.
    pub is_key: bool,
    /// The class of its embedded objects or of what it refers to, where the definition says.
    pub class: Option<Identifier>,
    /// What a new instance has; null where the definition says nothing.
    pub default: Value,
    /// The class that first had it; None for the class it was read from itself.
    pub origin: Option<Identifier>,
    /// True where the class declares it itself, false where it only inherits it.
    pub is_local: bool,
    /// Its qualifiers, `key` among them.
    pub qualifiers: Vec<Qualifier>,
}

impl PropertyDefinition {
    /// A property with nothing but its name and type.
    ///
    /// ```
    /// use cmgateway::wmi::{CimType, Identifier, PropertyDefinition};
    /// let code = PropertyDefinition::new(Identifier::new("SiteCode")?, CimType::String, false, true);
    /// assert!(code.is_key && code.default.is_null());
    /// # Ok::<(), cmgateway::Error>(())
    /// ```
    pub fn new(name: Identifier, cim_type: CimType, is_array: bool, is_key: bool) -> Self {
        // `key` is a name for certain.
        let key = Identifier::new("key").ok().filter(|_| is_key);
        PropertyDefinition {
            name,
            cim_type,
            is_array,
            is_key,
            class: None,
            default: Value::Null,
            origin: None,
            is_local: true,
            qualifiers: key.map(|key| Qualifier::new(key, true)).into_iter().collect(),
        }
    }

    /// Reads a type as scripts write it: `uint32`, or `uint32[]` for an array.
    pub(crate) fn from_text(name: &str, text: &str, is_key: bool, operation: &str) -> Result<Self> {
        let (type_name, is_array) = text.strip_suffix("[]").map_or((text, false), |name| (name, true));
        let cim_type = CimType::from_name(type_name).ok_or_else(|| {
            let cause = format!("{text:?} of {name} is no type; one is for example string or uint32[]");
            Error::new(ErrorKind::Config, operation, cause)
        })?;
        Ok(Self::new(Identifier::new(name)?, cim_type, is_array, is_key))
    }

    /// The qualifier of this name, whatever its case.
    ///
    /// ```
    /// use cmgateway::wmi::{CimType, Identifier, PropertyDefinition};
    /// let code = PropertyDefinition::new(Identifier::new("SiteCode")?, CimType::String, false, true);
    /// assert_eq!(code.qualifier("lazy"), None);
    /// # Ok::<(), cmgateway::Error>(())
    /// ```
    pub fn qualifier(&self, name: &str) -> Option<&Qualifier> {
        qualifier::find(&self.qualifiers, name)
    }

    /// True where queries leave the property out and only a read of the one instance brings it.
    ///
    /// ```
    /// use cmgateway::wmi::{CimType, Identifier, PropertyDefinition, Qualifier};
    /// let mut rules = PropertyDefinition::new(Identifier::new("Rules")?, CimType::Object, true, false);
    /// rules.qualifiers.push(Qualifier::new(Identifier::new("lazy")?, true));
    /// assert!(rules.is_lazy());
    /// # Ok::<(), cmgateway::Error>(())
    /// ```
    pub fn is_lazy(&self) -> bool {
        qualifier::is_set(&self.qualifiers, "lazy")
    }

    /// The value as this property's type; the error names the property.
    pub(crate) fn coerced(&self, value: Value, operation: &str) -> Result<Value> {
        value.coerced(self.cim_type, self.is_array).map_err(|cause| {
            Error::new(ErrorKind::Config, operation, format!("property {}: {cause}", self.name))
                .with_context("property", self.name.as_str())
        })
    }
}
