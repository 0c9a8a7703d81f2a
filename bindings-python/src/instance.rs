//! An instance of a class, its properties as attributes and as items.

use std::sync::{Mutex, MutexGuard, PoisonError};

use cmgateway::wmi;
use pyo3::exceptions::{PyAttributeError, PyKeyError, PyTypeError};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyIterator, PyList};

use crate::error::{Result, config};
use crate::path::ObjectPath;
use crate::value;

const NOT_DELETED: &str = "a property cannot be deleted; set it to None";

/// An instance of a class, with the properties it came with and those set since.
#[pyclass(frozen, module = "cmgateway.wmi")]
pub(crate) struct Instance(Mutex<wmi::Instance>);

impl Instance {
    pub(crate) fn new(instance: wmi::Instance) -> Self {
        Instance(Mutex::new(instance))
    }

    // Never held while Python code runs.
    pub(crate) fn lock(&self) -> MutexGuard<'_, wmi::Instance> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn read<'py>(&self, py: Python<'py>, name: &str) -> Option<Result<Bound<'py, PyAny>>> {
        let found = self.lock().get(name).cloned();
        found.map(|value| value::to_python(py, value))
    }

    fn missing(&self, name: &str) -> String {
        format!("{} has no property {name:?} here", self.lock().class_name())
    }

    pub(crate) fn write(&self, name: &str, value: &Bound<'_, PyAny>) -> Result<()> {
        let operation = format!("set property {name}");
        let value = value::from_python(value, &operation)?;
        let mut instance = self.lock();
        // A name of ours, or a mistyped one, would make a property that no attribute can read.
        if name.ends_with('_') && instance.get(name).is_none() {
            return Err(config(operation, "names that end in an underscore are not those of properties"));
        }
        instance.set(name, value).map_err(Into::into)
    }
}

#[pymethods]
impl Instance {
    /// The name of its class.
    #[getter]
    fn class_(&self) -> String {
        self.lock().class_name().to_string()
    }

    /// Its path in the site; None until it was put or where the query left out a key.
    #[getter]
    fn path_(&self) -> Option<ObjectPath> {
        self.lock().path().cloned().map(ObjectPath)
    }

    /// A copy of its properties, name to value, in their order.
    #[getter]
    fn properties_<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyDict>> {
        let properties = self.lock().properties().to_vec();
        let found = PyDict::new(py);
        for property in properties {
            found.set_item(property.name.as_str(), value::to_python(py, property.value)?)?;
        }
        Ok(found)
    }

    fn __getattr__<'py>(&self, py: Python<'py>, name: &str) -> Result<Bound<'py, PyAny>> {
        self.read(py, name).unwrap_or_else(|| Err(PyAttributeError::new_err(self.missing(name)).into()))
    }

    fn __setattr__(&self, name: &str, value: &Bound<'_, PyAny>) -> Result<()> {
        if name.ends_with('_') {
            return Err(PyAttributeError::new_err(format!("{name:?} cannot be set")).into());
        }
        self.write(name, value)
    }

    fn __delattr__(&self, _name: &str) -> Result<()> {
        Err(PyAttributeError::new_err(NOT_DELETED).into())
    }

    fn __delitem__(&self, _name: &str) -> Result<()> {
        Err(PyTypeError::new_err(NOT_DELETED).into())
    }

    /// The names of its properties, as of a dict.
    fn __iter__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyIterator>> {
        let names = self.lock().properties().iter().map(|each| each.name.to_string()).collect::<Vec<_>>();
        PyList::new(py, names)?.try_iter()
    }

    fn __getitem__<'py>(&self, py: Python<'py>, name: &str) -> Result<Bound<'py, PyAny>> {
        self.read(py, name).unwrap_or_else(|| Err(PyKeyError::new_err(self.missing(name)).into()))
    }

    fn __setitem__(&self, name: &str, value: &Bound<'_, PyAny>) -> Result<()> {
        self.write(name, value)
    }

    fn __contains__(&self, name: &str) -> bool {
        self.lock().get(name).is_some()
    }

    fn __dir__(&self) -> Vec<String> {
        let names =
            self.lock().properties().iter().map(|property| property.name.to_string()).collect::<Vec<_>>();
        ["class_", "path_", "properties_"].into_iter().map(str::to_owned).chain(names).collect()
    }

    fn __repr__(&self) -> String {
        let instance = self.lock();
        match instance.path() {
            Some(path) => format!("<{path}>"),
            None => format!("<{}, new>", instance.class_name()),
        }
    }
}
