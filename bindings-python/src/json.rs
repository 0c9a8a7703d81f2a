//! JSON values between Python and the core, through Python's own `json`.

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyString};
use serde::Serialize;
use serde_json::Value;

use crate::error::{Result, config};

/// Dicts, lists, texts and numbers for what the core gives.
pub(crate) fn to_python<'py>(py: Python<'py>, value: &impl Serialize) -> Result<Bound<'py, PyAny>> {
    let text = serde_json::to_string(value).map_err(|error| config("make JSON", error.to_string()))?;
    Ok(py.import("json")?.call_method1("loads", (text,))?)
}

/// What a script gives: dicts and lists, with paths among them, or JSON text.
pub(crate) fn from_python(object: &Bound<'_, PyAny>, operation: &str) -> Result<Value> {
    let text: String = if let Ok(text) = object.cast::<PyString>() {
        text.to_cow()?.into_owned()
    } else if let Ok(bytes) = object.cast::<PyBytes>() {
        String::from_utf8_lossy(bytes.as_bytes()).into_owned()
    } else {
        dumped(object)?
    };
    serde_json::from_str(&text).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        config(operation, format!("line {line}, column {column}: it is no JSON"))
    })
}

fn dumped(object: &Bound<'_, PyAny>) -> Result<String> {
    let py = object.py();
    let options = PyDict::new(py);
    options.set_item("default", py.import("os")?.getattr("fspath")?)?;
    options.set_item("allow_nan", false)?;
    Ok(py.import("json")?.call_method("dumps", (object,), Some(&options))?.extract()?)
}

/// Keyword arguments as a table.
pub(crate) fn table(given: Option<&Bound<'_, PyDict>>, operation: &str) -> Result<Value> {
    Ok(given.map(|given| from_python(given, operation)).transpose()?.unwrap_or_default())
}

/// A body, or none.
pub(crate) fn body(object: Option<&Bound<'_, PyAny>>, operation: &str) -> Result<Option<Value>> {
    object.filter(|object| !object.is_none()).map(|object| from_python(object, operation)).transpose()
}
