//! The ports that a gateway needs open.

use cmgateway::gateway::required_ports;
use pyo3::prelude::*;

use crate::error::Result;
use crate::json::to_python;

/// The connections that a gateway needs, each with who opens it, to where, and on which TCP ports.
#[pyclass(frozen, eq, module = "cmgateway")]
#[derive(PartialEq, Eq)]
pub(crate) struct RequiredPorts(pub(crate) required_ports::RequiredPorts);

#[pymethods]
impl RequiredPorts {
    /// The connections.
    #[getter]
    fn rows<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyAny>> {
        to_python(py, &self.0.rows)
    }

    /// What else devices on the way must let through.
    #[getter]
    fn notes(&self) -> Vec<String> {
        self.0.notes.clone()
    }

    /// The rows as JSON text, indented by two blanks.
    fn to_json(&self) -> String {
        self.0.to_json()
    }

    /// The inbound rules of the gateway's network security group, as the JSON array `securityRules` of a template.
    fn to_security_group(&self) -> String {
        self.0.to_security_group()
    }

    /// An nftables chain for what goes out of the site; jump to it, and fill its address sets.
    fn to_nftables(&self) -> String {
        self.0.to_nftables()
    }

    fn __str__(&self) -> String {
        self.0.to_string()
    }

    fn __repr__(&self) -> String {
        format!("<ports of {}: {} connections>", self.0.service_name, self.0.rows.len())
    }
}
