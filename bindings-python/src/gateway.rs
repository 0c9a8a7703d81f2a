//! A cloud management gateway.

use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::analyzer::{AnalysisReport, analyze_gateway};
use crate::error::Result;
use crate::instance::Instance;
use crate::json::to_python;
use crate::monitor::Monitor;
use crate::path::ObjectPath;
use crate::required_ports::RequiredPorts;
use crate::runtime::{Connection, Handle};
use crate::sub_ca::SubCa;

/// A cloud management gateway, found in its site by its service name.
#[pyclass(frozen, module = "cmgateway")]
pub(crate) struct Gateway {
    gateway: cmgateway::gateway::Gateway,
    handle: Handle,
}

impl Gateway {
    pub(crate) fn new(gateway: cmgateway::gateway::Gateway, handle: Handle) -> Self {
        Gateway { gateway, handle }
    }
}

#[pymethods]
impl Gateway {
    /// The service name, in the site's spelling.
    #[getter]
    fn service_name(&self) -> &str {
        self.gateway.service_name()
    }

    /// The path of its `SMS_AzureService` instance.
    #[getter]
    fn path(&self) -> ObjectPath {
        ObjectPath(self.gateway.path().clone())
    }

    /// The list of its sub-CA thumbprints.
    #[getter]
    fn sub_ca(&self) -> SubCa {
        SubCa::new(self.gateway.sub_ca(), self.handle.clone())
    }

    /// What watches over its traffic and its alerts.
    #[getter]
    fn monitor(&self) -> Monitor {
        Monitor::new(self.gateway.monitor(), self.handle.clone())
    }

    /// Its `SMS_AzureService` instance as it is now.
    fn instance(&self, py: Python<'_>) -> Result<Instance> {
        let connection = Connection { site: self.gateway.site().clone(), handle: self.handle.clone() };
        let instance = self.handle.block(py, self.gateway.instance())?;
        Ok(Instance::of(instance, Some(&connection)))
    }

    /// Looks for what is wrong with this gateway, as its site knows it.
    #[pyo3(
        signature = (**keywords),
        text_signature = "($self, *, connection_point_file=None, addresses=None, deployment_name=None, \
            name_server=None, ca_file=None, server_certificate=None, admin_addresses=None, roots=(), \
            sub_cas=(), crls=(), certificate_file=None, key_file=None, token=None, roles=None, \
            asks_inside=False, at=None, warn_days=30, timeout=None)"
    )]
    fn analyze(&self, py: Python<'_>, keywords: Option<Bound<'_, PyDict>>) -> Result<AnalysisReport> {
        analyze_gateway(py, &self.gateway, keywords)
    }

    /// Its state, as the site tells it now; None where the site tells none.
    fn state<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyAny>> {
        to_python(py, &self.handle.block(py, self.gateway.state())?)
    }

    /// Lists the ports that the gateway, its connection points and its clients need open.
    fn required_ports(&self, py: Python<'_>) -> Result<RequiredPorts> {
        self.handle.block(py, self.gateway.required_ports()).map(RequiredPorts)
    }

    fn __repr__(&self) -> String {
        format!("<gateway {} ({})>", self.gateway.service_name(), self.gateway.path())
    }
}
