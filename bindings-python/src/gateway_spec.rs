//! What a gateway shall be.

use std::path::PathBuf;

use cmgateway::gateway::spec;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use serde_json::{Map, Value};
use time::OffsetDateTime;

use crate::datetime::moment;
use crate::error::Result;
use crate::json::{from_python, to_python};
use crate::runtime::Handle;

const OPERATION: &str = "read the gateway's spec";

/// What a gateway shall be, with the names of `New-CMCloudManagementGateway` as `snake_case`.
#[pyclass(frozen, module = "cmgateway")]
pub(crate) struct GatewaySpec(pub(crate) spec::GatewaySpec);

fn map(fields: Option<&Bound<'_, PyDict>>) -> Result<Map<String, Value>> {
    match fields.map(|fields| from_python(fields, OPERATION)).transpose()? {
        Some(Value::Object(map)) => Ok(map),
        _ => Ok(Map::new()),
    }
}

#[pymethods]
impl GatewaySpec {
    #[new]
    #[pyo3(signature = (**fields))]
    fn new(fields: Option<&Bound<'_, PyDict>>) -> Result<Self> {
        Ok(GatewaySpec(spec::GatewaySpec::from_json(Value::Object(map(fields)?))?))
    }

    /// Reads a spec from JSON or what became of TOML, a dict or a table; every mistake is told at once.
    #[staticmethod]
    fn from_json(value: &Bound<'_, PyAny>) -> Result<Self> {
        Ok(GatewaySpec(spec::GatewaySpec::from_json(from_python(value, OPERATION)?)?))
    }

    /// Reads a spec from TOML text.
    #[staticmethod]
    fn from_toml(text: &str) -> Result<Self> {
        Ok(GatewaySpec(spec::GatewaySpec::from_toml(text)?))
    }

    /// Reads a spec from a file, TOML or JSON by its ending; files that it names lie beside it.
    #[staticmethod]
    fn load(py: Python<'_>, file: PathBuf) -> Result<Self> {
        Ok(GatewaySpec(Handle::new()?.block(py, spec::GatewaySpec::load(file))?))
    }

    /// The fields by their names, without the password.
    fn fields<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyAny>> {
        to_python(py, &self.0.fields())
    }

    /// The same spec with these fields changed; every mistake is told at once.
    #[pyo3(signature = (**fields))]
    fn replace(&self, fields: Option<&Bound<'_, PyDict>>) -> Result<Self> {
        Ok(GatewaySpec(self.0.replace(map(fields)?)?))
    }

    /// Reads the certificates that the spec names and checks what can only be said with them.
    #[pyo3(signature = (*, at=None))]
    fn check<'py>(&self, py: Python<'py>, at: Option<&Bound<'py, PyAny>>) -> Result<Bound<'py, PyAny>> {
        let now = at.map(|at| moment(at, "check the gateway's spec")).transpose()?;
        let now = now.unwrap_or_else(OffsetDateTime::now_utc);
        let checked = Handle::new()?.block(py, self.0.check(now))?;
        to_python(py, &checked.names())
    }

    fn __repr__(&self) -> String {
        let name = self.0.service_name.as_deref().unwrap_or("named by its certificate");
        format!("<spec of gateway {name}, instances: {}>", self.0.vm_instance_count)
    }
}
