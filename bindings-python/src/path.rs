//! The path of an object.

use cmgateway::wmi::{self, KeyValue};
use pyo3::IntoPyObjectExt;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};

use crate::error::{Result, wrong_type};

/// The path of an object in WMI: server, namespace, class and keys.
#[pyclass(frozen, eq, hash, module = "cmgateway.wmi")]
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct ObjectPath(pub(crate) wmi::ObjectPath);

/// A path, given as one or as text.
pub(crate) fn from_python(object: &Bound<'_, PyAny>) -> Result<wmi::ObjectPath> {
    match object.cast::<PyString>() {
        Ok(text) => Ok(wmi::ObjectPath::parse(&text.to_cow()?)?),
        Err(_) => match object.cast::<ObjectPath>() {
            Ok(path) => Ok(path.get().0.clone()),
            Err(_) => Err(wrong_type("a path is text or an ObjectPath", object)),
        },
    }
}

#[pymethods]
impl ObjectPath {
    #[new]
    #[pyo3(signature = (text, /))]
    fn new(text: &str) -> Result<Self> {
        Ok(ObjectPath(wmi::ObjectPath::parse(text)?))
    }

    /// The host, without backslashes; None where the path does not say.
    #[getter]
    fn server(&self) -> Option<&str> {
        self.0.server.as_deref()
    }

    /// The namespace, with backslashes; None where the path does not say.
    #[getter]
    fn namespace(&self) -> Option<&str> {
        self.0.namespace.as_deref()
    }

    /// The name of the class.
    #[getter]
    fn class_name(&self) -> &str {
        self.0.class.as_str()
    }

    /// The keys, name to value; the name is None where the path leaves it out.
    #[getter]
    fn keys<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let keys = PyDict::new(py);
        for (name, value) in &self.0.keys {
            let value = match value {
                KeyValue::String(text) => text.into_bound_py_any(py)?,
                KeyValue::Integer(number) => number.into_bound_py_any(py)?,
                KeyValue::Boolean(flag) => flag.into_bound_py_any(py)?,
                KeyValue::Singleton => "@".into_bound_py_any(py)?,
            };
            keys.set_item(name.as_ref().map(|name| name.as_str()), value)?;
        }
        Ok(keys)
    }

    fn __getnewargs__(&self) -> (String,) {
        (self.0.to_string(),)
    }

    fn __str__(&self) -> String {
        self.0.to_string()
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        Ok(format!("ObjectPath({})", PyString::new(py, &self.0.to_string()).repr()?))
    }
}
