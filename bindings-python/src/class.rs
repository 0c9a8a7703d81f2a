//! The definition of a class.

use cmgateway::wmi::{self, CimType, Identifier};
use pyo3::prelude::*;

use crate::error::{Result, config};

/// The definition of a class: its name and its properties.
#[pyclass(frozen, eq, module = "cmgateway")]
#[derive(PartialEq, Eq)]
pub(crate) struct ClassDefinition(pub(crate) wmi::Class);

/// One property of a class.
#[pyclass(frozen, eq, module = "cmgateway")]
#[derive(PartialEq, Eq)]
pub(crate) struct PropertyDefinition(wmi::PropertyDefinition);

#[pymethods]
impl ClassDefinition {
    /// Its name.
    #[getter]
    fn name(&self) -> &str {
        self.0.name.as_str()
    }

    /// The names of the properties that make up the key, in the order of the definition.
    #[getter]
    fn keys(&self) -> Vec<&str> {
        self.0.keys().map(|property| property.name.as_str()).collect()
    }

    /// Its properties, in the order of the definition.
    #[getter]
    fn properties(&self) -> Vec<PropertyDefinition> {
        self.0.properties.iter().cloned().map(PropertyDefinition).collect()
    }

    fn __repr__(&self) -> String {
        format!("<class {} of {} properties>", self.0.name, self.0.properties.len())
    }
}

#[pymethods]
impl PropertyDefinition {
    /// Its name.
    #[getter]
    fn name(&self) -> &str {
        self.0.name.as_str()
    }

    /// Its type as MOF writes it, without the array mark.
    #[getter]
    fn r#type(&self) -> &'static str {
        self.0.cim_type.name()
    }

    /// True where the type is an array.
    #[getter]
    fn is_array(&self) -> bool {
        self.0.is_array
    }

    /// True where the property is part of the key.
    #[getter]
    fn is_key(&self) -> bool {
        self.0.is_key
    }

    fn __repr__(&self) -> String {
        let array = if self.0.is_array { "[]" } else { "" };
        format!("<property {} {}{array}>", self.0.name, self.0.cim_type)
    }
}

/// The definition that a script writes as names and types; a key that is no property is refused.
pub(crate) fn from_names(name: &str, types: Vec<(String, String)>, keys: &[String]) -> Result<wmi::Class> {
    let is_key = |property: &str| keys.iter().any(|key| key.eq_ignore_ascii_case(property));
    let properties: Vec<_> = types
        .iter()
        .map(|(property, text)| definition(property, text, is_key(property)))
        .collect::<Result<_>>()?;
    let class = wmi::Class { name: Identifier::new(name)?, properties };
    match keys.iter().find(|key| class.property(key).is_none()) {
        Some(key) => {
            Err(config(format!("define class {name}"), format!("the key {key} is not among the properties")))
        }
        None => Ok(class),
    }
}

/// `uint32` or `uint32[]`.
fn definition(name: &str, text: &str, is_key: bool) -> Result<wmi::PropertyDefinition> {
    let (type_name, is_array) = text.strip_suffix("[]").map_or((text, false), |name| (name, true));
    let cim_type = CimType::from_name(type_name).ok_or_else(|| {
        config(
            format!("define property {name}"),
            format!("{text:?} is no type; one is for example string or uint32[]"),
        )
    })?;
    Ok(wmi::PropertyDefinition { name: Identifier::new(name)?, cim_type, is_array, is_key })
}
