//! A WMI value as a Python object, and back.

use cmgateway::limits::EMBEDDED_OBJECT_DEPTH_MAX;
use cmgateway::wmi::Value;
use pyo3::IntoPyObjectExt;
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDateTime, PyFloat, PyInt, PyList, PyString, PyTuple};

use crate::datetime::{self, DateTime};
use crate::error::{Result, config};
use crate::instance::Instance;
use crate::path::ObjectPath;
use crate::runtime::Connection;

pub(crate) fn to_python<'py>(
    py: Python<'py>,
    value: Value,
    connection: Option<&Connection>,
) -> Result<Bound<'py, PyAny>> {
    Ok(match value {
        Value::Null => py.None().into_bound(py),
        Value::Boolean(flag) => flag.into_bound_py_any(py)?,
        Value::Integer(number) => number.into_bound_py_any(py)?,
        Value::Real(real) => real.into_bound_py_any(py)?,
        Value::String(text) => text.into_bound_py_any(py)?,
        Value::DateTime(datetime) => DateTime(datetime).into_bound_py_any(py)?,
        Value::Reference(path) => ObjectPath(path).into_bound_py_any(py)?,
        Value::Object(instance) => Instance::of(*instance, connection).into_bound_py_any(py)?,
        Value::Array(items) => {
            let list = PyList::empty(py);
            for item in items {
                list.append(to_python(py, item, connection)?)?;
            }
            list.into_any()
        }
    })
}

/// The WMI value of a Python object; `operation` is what an error says was being done.
pub(crate) fn from_python(object: &Bound<'_, PyAny>, operation: &str) -> Result<Value> {
    from_python_at(object, operation, 0)
}

/// The same, inside of so many embedded objects.
pub(crate) fn from_python_at(object: &Bound<'_, PyAny>, operation: &str, depth: usize) -> Result<Value> {
    if depth > EMBEDDED_OBJECT_DEPTH_MAX {
        let cause = format!("embedded objects are nested deeper than {EMBEDDED_OBJECT_DEPTH_MAX}");
        return Err(config(operation, cause));
    }
    let items: Vec<_> = match (object.cast::<PyList>(), object.cast::<PyTuple>()) {
        (Ok(list), _) => list.iter().collect(),
        (_, Ok(tuple)) => tuple.iter().collect(),
        _ => return scalar(object, operation, depth),
    };
    items.iter().map(|item| scalar(item, operation, depth)).collect::<Result<_>>().map(Value::Array)
}

fn scalar(object: &Bound<'_, PyAny>, operation: &str, depth: usize) -> Result<Value> {
    // A bool is an int in Python, so it is asked for first.
    if object.is_none() {
        Ok(Value::Null)
    } else if object.is_instance_of::<PyString>() {
        Ok(Value::String(object.extract()?))
    } else if object.is_instance_of::<PyBool>() {
        Ok(Value::Boolean(object.extract()?))
    } else if object.is_instance_of::<PyInt>() {
        integer(object, operation)
    } else if object.is_instance_of::<PyFloat>() {
        real(object.extract()?, operation)
    } else if object.is_instance_of::<PyDateTime>() {
        Ok(Value::DateTime(datetime::from_python(object, operation)?))
    } else {
        own_class(object, operation, depth)
    }
}

fn integer(object: &Bound<'_, PyAny>, operation: &str) -> Result<Value> {
    match (object.extract::<i64>(), object.extract::<u64>()) {
        (Ok(number), _) => Ok(Value::Integer(number.into())),
        (_, Ok(number)) => Ok(Value::Integer(number.into())),
        _ => Err(config(operation, "the integer is not between -2^63 and 2^64-1")),
    }
}

fn real(real: f64, operation: &str) -> Result<Value> {
    if real.is_finite() {
        Ok(Value::Real(real))
    } else {
        Err(config(operation, "WMI has no infinity and no NaN"))
    }
}

fn own_class(object: &Bound<'_, PyAny>, operation: &str, depth: usize) -> Result<Value> {
    if let Ok(datetime) = object.cast::<DateTime>() {
        return Ok(Value::DateTime(datetime.get().0.clone()));
    }
    if let Ok(path) = object.cast::<ObjectPath>() {
        return Ok(Value::Reference(path.get().0.clone()));
    }
    if let Ok(instance) = object.cast::<Instance>() {
        return Ok(Value::Object(Box::new(instance.get().settled(object.py(), depth)?)));
    }
    if object.is_instance_of::<PyList>() || object.is_instance_of::<PyTuple>() {
        return Err(config(operation, "an array in an array is not possible in WMI"));
    }
    let name = object.get_type().name()?.to_string();
    Err(PyTypeError::new_err(format!("could not {operation}: {name} is not a type of a WMI value")).into())
}
