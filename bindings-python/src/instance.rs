//! An instance of a class, its properties as attributes and as items.

use std::sync::{Mutex, MutexGuard, PoisonError};

use cmgateway::wmi::wql::AssociationKind;
use cmgateway::wmi::{self, Identifier};
use pyo3::exceptions::{PyAttributeError, PyKeyError, PyTypeError};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyIterator, PyList, PyTuple};

use crate::association;
use crate::call;
use crate::error::{Result, config};
use crate::path::ObjectPath;
use crate::rows::Rows;
use crate::runtime::Connection;
use crate::value;

const NOT_DELETED: &str = "a property cannot be deleted; set it to None";

/// An instance of a class, with the properties it came with and those set since.
#[pyclass(frozen, module = "cmgateway.wmi")]
pub(crate) struct Instance {
    inner: Mutex<wmi::Instance>,
    /// Arrays and embedded objects that were handed out; what is changed in them is written back with a put.
    live: Mutex<Vec<(Identifier, Py<PyAny>)>>,
    connection: Option<Connection>,
}

impl Instance {
    /// An instance of no site.
    pub(crate) fn new(instance: wmi::Instance) -> Self {
        Instance { inner: Mutex::new(instance), live: Mutex::default(), connection: None }
    }

    /// An instance that knows its site.
    pub(crate) fn of(instance: wmi::Instance, connection: Option<&Connection>) -> Self {
        Instance { connection: connection.cloned(), ..Self::new(instance) }
    }

    // Never held while Python code runs.
    pub(crate) fn lock(&self) -> MutexGuard<'_, wmi::Instance> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn live(&self) -> MutexGuard<'_, Vec<(Identifier, Py<PyAny>)>> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn connection(&self) -> Result<&Connection> {
        let class = self.lock().class_name().to_string();
        let unknown = || config(format!("use instance of class {class}"), "it was made without a site");
        self.connection.as_ref().ok_or_else(unknown)
    }

    fn read<'py>(&self, py: Python<'py>, name: &str) -> Option<Result<Bound<'py, PyAny>>> {
        if let Some((_, live)) = self.live().iter().find(|(known, _)| known.is(name)) {
            return Some(Ok(live.bind(py).clone()));
        }
        let found = self.lock().value(name)?;
        let is_live =
            matches!(found, wmi::Value::Array(_) | wmi::Value::Object(_)) && !name.starts_with("__");
        let object = value::to_python(py, found, self.connection.as_ref());
        if let (true, Ok(object), Ok(name)) = (is_live, &object, Identifier::new(name)) {
            self.live().push((name, object.clone().unbind()));
        }
        Some(object)
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
        instance.set(name, value)?;
        drop(instance);
        self.live().retain(|(known, _)| !known.is(name));
        Ok(())
    }

    /// The instance as it is now, with what was changed inside of its arrays and embedded objects.
    pub(crate) fn settled(&self, py: Python<'_>, depth: usize) -> Result<wmi::Instance> {
        let live: Vec<_> =
            self.live().iter().map(|(name, object)| (name.clone(), object.clone_ref(py))).collect();
        for (name, object) in live {
            let operation = format!("read property {name}");
            let value = value::from_python_at(object.bind(py), &operation, depth + 1)?;
            let mut instance = self.lock();
            let known = instance.get(name.as_str()).unwrap_or(&wmi::Value::Null);
            let stays_null = known.is_null() && value == wmi::Value::Array(Vec::new());
            if *known != value && !stays_null {
                instance.set(name.as_str(), value)?;
            }
        }
        Ok(self.lock().clone())
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
        let properties = self.settled(py, 0)?.properties().to_vec();
        let found = PyDict::new(py);
        for property in properties {
            let value = value::to_python(py, property.value, self.connection.as_ref())?;
            found.set_item(property.name.as_str(), value)?;
        }
        Ok(found)
    }

    /// The live list of an array property; a null one is taken for empty.
    fn array_<'py>(&self, py: Python<'py>, name: &str) -> Result<Bound<'py, PyAny>> {
        let operation = format!("read property {name}");
        if self.lock().property(name).is_some_and(wmi::Property::is_left_out) {
            return Err(config(operation, "the query left it out, as it is lazy; call load_() first"));
        }
        match self.read(py, name).transpose()? {
            Some(list) if list.is_instance_of::<PyList>() => Ok(list),
            Some(value) if !value.is_none() => Err(config(operation, "it is no array")),
            _ => {
                let list = PyList::empty(py).into_any();
                self.live().push((Identifier::new(name)?, list.clone().unbind()));
                Ok(list)
            }
        }
    }

    /// Writes the instance to its site and gives its path, which holds a key that the site made.
    #[pyo3(signature = (mode="create_or_update"))]
    fn put_(&self, py: Python<'_>, mode: &str) -> Result<ObjectPath> {
        self.connection()?.put(py, self, mode)
    }

    /// Reads the instance again, with its lazy properties; what was set since stays.
    fn load_(&self, py: Python<'_>) -> Result<()> {
        let Connection { site, handle } = self.connection()?;
        let mut loaded = self.settled(py, 0)?;
        handle.block(py, site.load(&mut loaded))?;
        *self.lock() = loaded;
        self.live().clear();
        Ok(())
    }

    /// Deletes the instance in its site.
    fn delete_(&self, py: Python<'_>) -> Result<()> {
        let Connection { site, handle } = self.connection()?;
        let path = call::path_of(self)?;
        handle.block(py, site.delete(&path))
    }

    /// The objects at the other ends of its associations, as `ASSOCIATORS OF` gives them.
    #[pyo3(signature = (**conditions))]
    fn associators_(&self, py: Python<'_>, conditions: Option<&Bound<'_, PyDict>>) -> Result<Rows> {
        association::run(
            py,
            self.connection()?,
            AssociationKind::Associators,
            call::path_of(self)?,
            conditions,
        )
    }

    /// Its associations themselves, as `REFERENCES OF` gives them.
    #[pyo3(signature = (**conditions))]
    fn references_(&self, py: Python<'_>, conditions: Option<&Bound<'_, PyDict>>) -> Result<Rows> {
        association::run(
            py,
            self.connection()?,
            AssociationKind::References,
            call::path_of(self)?,
            conditions,
        )
    }

    /// A copy that is changed by itself.
    fn clone_(&self, py: Python<'_>) -> Result<Instance> {
        Ok(Instance::of(self.settled(py, 0)?, self.connection.as_ref()))
    }

    /// The instance as MOF text.
    fn mof_(&self, py: Python<'_>) -> Result<String> {
        Ok(wmi::mof::instance_text(&self.settled(py, 0)?))
    }

    /// The instance as XML text, in WMI's form of the CIM DTD 2.0.
    fn xml_(&self, py: Python<'_>) -> Result<String> {
        Ok(wmi::instance_xml(&self.settled(py, 0)?)?)
    }

    /// Calls a method of the instance and gives what came out.
    #[pyo3(signature = (method, /, *args, **named))]
    fn call_(
        &self,
        py: Python<'_>,
        method: &str,
        args: &Bound<'_, PyTuple>,
        named: Option<&Bound<'_, PyDict>>,
    ) -> Result<Instance> {
        call::call(py, self.connection()?, &call::path_of(self)?, method, (args, named))
    }

    fn __getattr__<'py>(slf: &Bound<'py, Self>, name: &str) -> Result<Bound<'py, PyAny>> {
        let (py, this) = (slf.py(), slf.get());
        if let Some(value) = this.read(py, name) {
            return value;
        }
        match this.connection.as_ref().map(|connection| call::bound(slf, connection, name)).transpose()? {
            Some(Some(method)) => Ok(method),
            _ => Err(PyAttributeError::new_err(this.missing(name)).into()),
        }
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
        let ours =
            ["array_", "associators_", "call_", "class_", "clone_", "delete_", "load_", "mof_", "path_"];
        let ours = ours.into_iter().chain(["properties_", "put_", "references_", "xml_"]);
        ours.map(str::to_owned).chain(names).collect()
    }

    fn __repr__(&self) -> String {
        let instance = self.lock();
        match instance.path() {
            Some(path) => format!("<{path}>"),
            None => format!("<{}, new>", instance.class_name()),
        }
    }
}
