//! Copies of sites, and what differs between two.

use std::path::PathBuf;
use std::sync::Mutex;

use cmgateway::site::{DiffOptions, ObjectDifference, SnapshotOptions, SnapshotProgress};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};

use crate::error::Result;
use crate::runtime::Connection;
use crate::site::Site;
use crate::value;

/// Copies a site; `progress` is called with the class, its number, how many there are, and the instances so far.
pub(crate) fn take(
    py: Python<'_>,
    connection: &Connection,
    file: PathBuf,
    options: &SnapshotOptions,
    progress: Option<Py<PyAny>>,
) -> Result<Py<PyDict>> {
    let raised: Mutex<Option<PyErr>> = Mutex::new(None);
    let mut tell = |told: &SnapshotProgress| {
        let Some(progress) = &progress else { return true };
        let told = (told.class.as_str(), told.class_number, told.class_count, told.instances);
        Python::attach(|py| {
            match progress.call1(py, told).and_then(|wish| wish.extract::<Option<bool>>(py)) {
                Ok(wish) => wish.unwrap_or(true),
                Err(error) => {
                    *raised.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(error);
                    false
                }
            }
        })
    };
    let report = connection.handle.block(py, connection.site.snapshot(file, options, &mut tell));
    if let Some(error) = raised.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner) {
        return Err(error.into());
    }
    let report = report?;
    let result = PyDict::new(py);
    result.set_item("classes", report.classes)?;
    result.set_item("instances", report.instances)?;
    let skipped = PyDict::new(py);
    for (class, cause) in report.skipped {
        skipped.set_item(class, cause)?;
    }
    result.set_item("skipped", skipped)?;
    Ok(result.unbind())
}

/// Compares two sites: what is added in the second one, removed, or changed, object by object.
#[pyfunction]
#[pyo3(signature = (first, second, classes=None, *, lazy=false, ignored=None))]
pub(crate) fn diff(
    py: Python<'_>,
    first: &Site,
    second: &Site,
    classes: Option<Vec<String>>,
    lazy: bool,
    ignored: Option<Vec<String>>,
) -> Result<SiteDifference> {
    let (classes, ignored) = (classes.unwrap_or_default(), ignored.unwrap_or_default());
    let options = DiffOptions { classes, lazy, ignored };
    let (first, second) = (first.connection(), second.connection());
    let found = first.handle.block(py, cmgateway::site::diff(&first.site, &second.site, &options))?;
    Ok(SiteDifference(found))
}

/// What differs between two sites; printed it is a table.
#[pyclass(frozen, module = "cmgateway")]
pub(crate) struct SiteDifference(cmgateway::site::SiteDifference);

#[pymethods]
impl SiteDifference {
    /// The objects that differ, each a dict with `difference`, `path` and `properties`.
    #[getter]
    fn objects<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyList>> {
        let objects = PyList::empty(py);
        for object in &self.0.objects {
            let properties = PyDict::new(py);
            match object {
                ObjectDifference::Added(_, instance) | ObjectDifference::Removed(_, instance) => {
                    for property in instance.properties().iter().filter(|property| !property.is_left_out()) {
                        let value = value::to_python(py, property.value.clone(), None)?;
                        properties.set_item(property.name.as_str(), value)?;
                    }
                }
                ObjectDifference::Changed(_, changes) => {
                    for change in changes {
                        let pair = PyDict::new(py);
                        pair.set_item("before", value::to_python(py, change.before.clone(), None)?)?;
                        pair.set_item("after", value::to_python(py, change.after.clone(), None)?)?;
                        properties.set_item(&change.name, pair)?;
                    }
                }
            }
            let entry = PyDict::new(py);
            entry.set_item("difference", object.word())?;
            entry.set_item("path", object.path())?;
            entry.set_item("properties", properties)?;
            objects.append(entry)?;
        }
        Ok(objects)
    }

    /// How many instances were looked at, in both sites together.
    #[getter]
    fn compared(&self) -> u64 {
        self.0.compared
    }

    /// The differences as JSON: a list of objects with `difference`, `path` and `properties`.
    fn to_json(&self) -> String {
        self.0.to_json()
    }

    fn __len__(&self) -> usize {
        self.0.objects.len()
    }

    fn __str__(&self) -> String {
        self.0.to_string()
    }

    fn __repr__(&self) -> String {
        format!("<difference of {} objects>", self.0.objects.len())
    }
}
