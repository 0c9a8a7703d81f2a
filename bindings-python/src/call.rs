//! Methods: calling them, and supplying them to an embedded site.

use std::sync::Arc;

use cmgateway::site::MethodInput;
use cmgateway::site::embedded::{MethodCall, MethodHandler, MethodOutput};
use cmgateway::wmi;
use cmgateway::{Error, ErrorKind};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};

use crate::error::{Result, config};
use crate::instance::Instance;
use crate::path::{self, ObjectPath};
use crate::runtime::Connection;
use crate::value;

/// A method of an instance, to be called.
#[pyclass(frozen, module = "cmgateway")]
pub(crate) struct BoundMethod {
    instance: Py<Instance>,
    name: String,
}

#[pymethods]
impl BoundMethod {
    #[pyo3(signature = (*args, **named))]
    fn __call__(
        &self,
        py: Python<'_>,
        args: &Bound<'_, PyTuple>,
        named: Option<&Bound<'_, PyDict>>,
    ) -> Result<Instance> {
        let instance = self.instance.get();
        call(py, instance.connection()?, &path_of(instance)?, &self.name, (args, named))
    }

    fn __repr__(&self) -> String {
        format!("<method {} of {}>", self.name, self.instance.get().lock().class_name())
    }
}

/// The method that an attribute names: `Name_` without a question, `Name` where the class has one.
pub(crate) fn bound<'py>(
    instance: &Bound<'py, Instance>,
    connection: &Connection,
    name: &str,
) -> Result<Option<Bound<'py, PyAny>>> {
    let py = instance.py();
    if name.starts_with('_') {
        return Ok(None);
    }
    let bare = name.trim_end_matches('_');
    if bare == name {
        let class = instance.get().lock().class_name().to_string();
        let class = connection.handle.block(py, connection.site.class(&class));
        if !class.is_ok_and(|class| class.method(name).is_some()) {
            return Ok(None);
        }
    }
    let method = BoundMethod { instance: instance.clone().unbind(), name: bare.to_owned() };
    Ok(Some(Bound::new(py, method)?.into_any()))
}

/// The path of an instance that is in its site.
pub(crate) fn path_of(instance: &Instance) -> Result<wmi::ObjectPath> {
    match instance.lock().path() {
        Some(path) => Ok(path.clone()),
        None => Err(config("use an instance", "it has no path: it is new, or the query left out its key")),
    }
}

/// What to call: a path, the name of a class, or an instance.
pub(crate) fn target_of(target: &Bound<'_, PyAny>) -> Result<wmi::ObjectPath> {
    match target.cast::<Instance>() {
        Ok(instance) => path_of(instance.get()),
        Err(_) => path::from_python(target),
    }
}

pub(crate) fn call(
    py: Python<'_>,
    connection: &Connection,
    path: &wmi::ObjectPath,
    method: &str,
    (args, named): (&Bound<'_, PyTuple>, Option<&Bound<'_, PyDict>>),
) -> Result<Instance> {
    let operation = format!("call method {method}");
    let by_position = args.iter().map(|value| value::from_python(&value, &operation));
    let by_position = by_position.collect::<Result<_>>()?;
    let mut by_name = Vec::new();
    for (name, value) in named.into_iter().flatten() {
        by_name.push((name.extract::<String>()?, value::from_python(&value, &operation)?));
    }
    let input = MethodInput { by_position, by_name };
    let output = connection.handle.block(py, connection.site.call(path, method, input))?;
    Ok(Instance::of(output, Some(connection)))
}

/// A Python callable as the handler of a method.
pub(crate) fn handler(callable: Py<PyAny>, connection: &Connection) -> MethodHandler {
    let connection = connection.clone();
    Arc::new(move |call: &MethodCall<'_>| {
        Python::attach(|py| {
            run(py, &callable, call, &connection).map_err(|error| failed(py, call, error.into()))
        })
    })
}

fn run(
    py: Python<'_>,
    callable: &Py<PyAny>,
    call: &MethodCall<'_>,
    connection: &Connection,
) -> Result<MethodOutput> {
    let path = ObjectPath(call.path.clone());
    let input = Instance::of(call.input.clone(), Some(connection));
    let answer = callable.bind(py).call1((path, input))?;
    let operation = format!("answer a call of {}", call.method.name);
    if answer.is_none() {
        return Ok(Vec::new());
    }
    let Ok(outputs) = answer.cast::<PyDict>() else {
        return Ok(vec![("ReturnValue".to_owned(), value::from_python(&answer, &operation)?)]);
    };
    let outputs = outputs
        .iter()
        .map(|(name, value)| Ok((name.extract::<String>()?, value::from_python(&value, &operation)?)));
    outputs.collect()
}

/// The exception travels as the source of the error, and is raised again as it was.
fn failed(py: Python<'_>, call: &MethodCall<'_>, error: PyErr) -> Error {
    let cause = error.value(py).to_string();
    let operation = format!("call {}.{}", call.path.class, call.method.name);
    Error::new(ErrorKind::Protocol, operation, cause).with_source(error)
}
