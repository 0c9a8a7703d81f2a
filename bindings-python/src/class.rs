//! The definition of a class.

use cmgateway::wmi;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::error::{Result, config};
use crate::value;

/// The definition of a class: its name and its properties.
#[pyclass(frozen, eq, module = "cmgateway")]
#[derive(PartialEq)]
pub(crate) struct ClassDefinition(pub(crate) wmi::Class);

/// One property of a class.
#[pyclass(frozen, eq, module = "cmgateway")]
#[derive(PartialEq)]
pub(crate) struct PropertyDefinition(wmi::PropertyDefinition);

impl ClassDefinition {
    fn method(&self, name: &str) -> Result<&wmi::MethodDefinition> {
        let missing = || config(format!("read class {}", self.0.name), format!("it has no method {name}"));
        self.0.method(name).ok_or_else(missing)
    }
}

fn qualifiers<'py>(py: Python<'py>, qualifiers: &[wmi::Qualifier]) -> Result<Bound<'py, PyDict>> {
    let found = PyDict::new(py);
    for qualifier in qualifiers {
        found.set_item(qualifier.name.as_str(), value::to_python(py, qualifier.value.clone(), None)?)?;
    }
    Ok(found)
}

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

    /// The classes it is derived from, the nearest first.
    #[getter]
    fn derivation(&self) -> Vec<&str> {
        self.0.derivation.iter().map(|base| base.as_str()).collect()
    }

    /// The names of its methods, inherited ones first.
    #[getter]
    fn methods(&self) -> Vec<&str> {
        self.0.methods.iter().map(|method| method.name.as_str()).collect()
    }

    /// Its qualifiers, name to value.
    #[getter]
    fn qualifiers<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyDict>> {
        qualifiers(py, &self.0.qualifiers)
    }

    /// The parameters that go into a method, in the declared order.
    fn inputs(&self, method: &str) -> Result<Vec<PropertyDefinition>> {
        Ok(self.method(method)?.inputs().cloned().map(PropertyDefinition).collect())
    }

    /// The parameters that come out of a method, without the return value.
    fn outputs(&self, method: &str) -> Result<Vec<PropertyDefinition>> {
        Ok(self.method(method)?.outputs().cloned().map(PropertyDefinition).collect())
    }

    /// The MOF text of the class: what it declares itself, not what it inherits.
    fn mof(&self) -> String {
        wmi::mof::class_text(&self.0)
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

    /// Its qualifiers, name to value.
    #[getter]
    fn qualifiers<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyDict>> {
        qualifiers(py, &self.0.qualifiers)
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

    /// True where queries leave the property out and only a read of the one instance brings it.
    #[getter]
    fn is_lazy(&self) -> bool {
        self.0.is_lazy()
    }

    fn __repr__(&self) -> String {
        let array = if self.0.is_array { "[]" } else { "" };
        format!("<property {} {}{array}>", self.0.name, self.0.cim_type)
    }
}
