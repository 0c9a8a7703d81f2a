//! The core's error as the Python exception of its kind.

use cmgateway::{Error, ErrorKind, Retry};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyDict;

use crate::instance::Instance;

/// Why a call failed: the core says so, or Python does (a wrong type, Ctrl-C).
pub(crate) enum Failure {
    Core(Error),
    Python(PyErr),
}

pub(crate) type Result<T> = std::result::Result<T, Failure>;

/// Wrong input that only the binding sees, because the core has no such value.
pub(crate) fn config(operation: impl Into<String>, cause: impl Into<String>) -> Failure {
    Failure::Core(Error::new(ErrorKind::Config, operation, cause))
}

/// A value of a type that cannot be; `expected` is a sentence that says which can.
pub(crate) fn wrong_type(expected: &str, given: &Bound<'_, PyAny>) -> Failure {
    let given = given.get_type().name().map_or_else(|_| "another type".to_owned(), |name| name.to_string());
    PyTypeError::new_err(format!("{expected}, not {given}")).into()
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Failure::Core(error)
    }
}

impl From<PyErr> for Failure {
    fn from(error: PyErr) -> Self {
        Failure::Python(error)
    }
}

impl<'a, 'py> From<pyo3::CastError<'a, 'py>> for Failure {
    fn from(error: pyo3::CastError<'a, 'py>) -> Self {
        Failure::Python(error.into())
    }
}

impl From<Failure> for PyErr {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Core(error) => Python::attach(|py| match exception(py, &error) {
                Ok(exception) => PyErr::from_value(exception),
                Err(error) => error,
            }),
            Failure::Python(error) => error,
        }
    }
}

fn exception<'py>(py: Python<'py>, error: &Error) -> PyResult<Bound<'py, PyAny>> {
    // What a method that a script supplied has raised is raised as it was.
    if let Some(raised) = std::error::Error::source(error).and_then(|source| source.downcast_ref::<PyErr>()) {
        return Ok(raised.clone_ref(py).into_value(py).into_bound(py).into_any());
    }
    static MAKE: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let context = PyDict::new(py);
    for (name, value) in error.context() {
        context.set_item(name, value)?;
    }
    let retry_after = match error.retry() {
        Retry::Now => Some(0.0),
        Retry::After(time) => Some(time.as_secs_f64()),
        _ => None,
    };
    let kind = error.kind().as_str();
    let fault = error.fault().as_str();
    let wbem = error.wbem().map(|wbem| {
        let extended = wbem.extended().cloned().map(Instance::new);
        (wbem.code(), wbem.signed_code(), wbem.name(), extended)
    });
    let parts =
        (kind, error.to_string(), error.operation(), error.cause(), fault, retry_after, context, wbem);
    MAKE.import(py, "cmgateway.errors", "_make")?.call1(parts)
}
