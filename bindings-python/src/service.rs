//! Instances and connection points of a gateway, run from their settings files.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use cmgateway::gateway::service;
use cmgateway::{Error, ErrorKind};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::error::{Result, config};
use crate::json::to_python;
use crate::runtime::Handle;

/// A service until it is stopped; calls that wait hold a share of it, never the lock.
struct Running<T>(Mutex<Option<Arc<T>>>);

impl<T> Running<T> {
    fn new(service: T) -> Self {
        Running(Mutex::new(Some(Arc::new(service))))
    }

    fn get(&self, operation: &str) -> Result<Arc<T>> {
        let service = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Ok(service.ok_or_else(|| Error::new(ErrorKind::Stopped, operation, "it was stopped"))?)
    }

    /// The service for its last call; None where it was stopped before.
    fn take(&self, operation: &str) -> Result<Option<T>> {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match held.take().map(Arc::try_unwrap) {
            None => Ok(None),
            Some(Ok(service)) => Ok(Some(service)),
            Some(Err(shared)) => {
                *held = Some(shared);
                let cause = "another thread waits in a call of it; stop it after that";
                Err(Error::new(ErrorKind::Conflict, operation, cause).into())
            }
        }
    }

    fn is_stopped(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).is_none()
    }

    fn shown(&self, what: &str) -> String {
        format!("<{what}{}>", if self.is_stopped() { ", stopped" } else { "" })
    }
}

/// A running instance of a gateway, started from a settings file.
#[pyclass(frozen, module = "cmgateway")]
pub(crate) struct InstanceService {
    running: Running<service::InstanceService>,
    addresses: Vec<String>,
    admin_address: Option<String>,
    handle: Handle,
}

/// Starts an instance of a gateway from its settings file, TOML.
#[pyfunction]
pub(crate) fn start_instance(py: Python<'_>, file: PathBuf) -> Result<InstanceService> {
    let handle = Handle::new()?;
    let service = handle.block(py, service::InstanceService::start(file))?;
    let addresses = service.addresses().iter().map(ToString::to_string).collect();
    let admin_address = service.admin_address().map(|address| address.to_string());
    Ok(InstanceService { running: Running::new(service), addresses, admin_address, handle })
}

#[pymethods]
impl InstanceService {
    /// Where clients connect, with the ports that were taken.
    #[getter]
    fn addresses(&self) -> Vec<String> {
        self.addresses.clone()
    }

    /// Where metrics and health are asked for, with the port that was taken; nothing without `admin_listen`.
    #[getter]
    fn admin_address(&self) -> Option<String> {
        self.admin_address.clone()
    }

    /// What the instance is doing.
    fn status<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyDict>> {
        let state = self.running.get("tell the status of the instance")?.state();
        let status = PyDict::new(py);
        status.set_item("number", state.number)?;
        status.set_item("configuration", state.configuration)?;
        status.set_item("connection_points", state.connection_points)?;
        status.set_item("tunnels", state.tunnels)?;
        status.set_item("connections", state.connections)?;
        status.set_item("open_requests", state.open_requests)?;
        status.set_item("requests", state.requests)?;
        status.set_item("handshakes", state.handshakes)?;
        status.set_item("refused_certificates", state.refused_certificates)?;
        Ok(status)
    }

    /// Reads the settings file, certificate and key again; connections that are open stay.
    fn reload(&self, py: Python<'_>) -> Result<()> {
        let service = self.running.get("reload the instance")?;
        self.handle.block(py, service.reload())
    }

    /// Stops accepting, lets open requests end for a limited time, and closes.
    fn stop(&self, py: Python<'_>) -> Result<()> {
        let Some(service) = self.running.take("stop the instance")? else { return Ok(()) };
        self.handle.block(py, async {
            service.stop().await;
            Ok(())
        })
    }

    fn __enter__(service: PyRef<'_, Self>) -> PyRef<'_, Self> {
        service
    }

    #[pyo3(signature = (*_exception))]
    fn __exit__(&self, py: Python<'_>, _exception: &Bound<'_, PyAny>) -> Result<()> {
        self.stop(py)
    }

    fn __repr__(&self) -> String {
        self.running.shown(&format!("instance at {}", self.addresses.join(", ")))
    }
}

/// A running connection point, started from a settings file.
#[pyclass(frozen, module = "cmgateway")]
pub(crate) struct ConnectionPointService {
    running: Running<service::ConnectionPointService>,
    name: String,
    handle: Handle,
}

/// Starts a connection point from its settings file, TOML.
#[pyfunction]
pub(crate) fn start_connection_point(py: Python<'_>, file: PathBuf) -> Result<ConnectionPointService> {
    let handle = Handle::new()?;
    let service = handle.block(py, service::ConnectionPointService::start(file))?;
    Ok(ConnectionPointService { name: service.status().name, running: Running::new(service), handle })
}

#[pymethods]
impl ConnectionPointService {
    /// What the connection point is doing.
    fn status<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyDict>> {
        let given = self.running.get("tell the status of the connection point")?.status();
        let mut instances = Vec::with_capacity(given.instances.len());
        for instance in given.instances {
            let item = PyDict::new(py);
            item.set_item("addresses", instance.addresses)?;
            item.set_item("number", instance.number)?;
            item.set_item("connections", instance.connections)?;
            item.set_item("configuration", instance.configuration)?;
            item.set_item("refused", instance.refused)?;
            item.set_item("last_error", instance.last_error)?;
            instances.push(item);
        }
        let mut traffic = Vec::with_capacity(given.traffic.len());
        for endpoint in given.traffic {
            let item = PyDict::new(py);
            item.set_item("role", endpoint.role)?;
            item.set_item("endpoint", endpoint.endpoint)?;
            item.set_item("requests", endpoint.requests)?;
            item.set_item("failures", endpoint.failures)?;
            item.set_item("cancelled", endpoint.cancelled)?;
            item.set_item("bytes_in", endpoint.bytes_in)?;
            item.set_item("bytes_out", endpoint.bytes_out)?;
            traffic.push(item);
        }
        let status = PyDict::new(py);
        status.set_item("name", given.name)?;
        status.set_item("configuration", given.configuration)?;
        status.set_item("instances", instances)?;
        status.set_item("traffic", traffic)?;
        Ok(status)
    }

    /// All that the connection point knows of its gateway at this moment; nothing is changed.
    fn health<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyAny>> {
        let service = self.running.get("tell the gateway's health")?;
        to_python(py, &self.handle.block(py, async { Ok(service.health().await) })?)
    }

    /// Where the dashboard is served, with the port that was taken; nothing where the settings have none.
    #[getter]
    fn dashboard_url(&self) -> Result<Option<String>> {
        Ok(self.running.get("tell where the dashboard is")?.dashboard_url())
    }

    /// Waits until every instance is connected and goes by the configuration of this moment.
    #[pyo3(signature = (*, timeout=30.0))]
    fn ready(&self, py: Python<'_>, timeout: f64) -> Result<()> {
        let operation = "wait for the instances";
        let service = self.running.get(operation)?;
        let time = Duration::try_from_secs_f64(timeout).map_err(|_| {
            config(operation, format!("the timeout must be a number of seconds above zero, not {timeout}"))
        })?;
        self.handle.block(py, service.ready(time))
    }

    /// Reads the settings file again: mappings, trust, tokens, certificates; connections that are open stay.
    fn reload(&self, py: Python<'_>) -> Result<()> {
        let service = self.running.get("reload the connection point")?;
        self.handle.block(py, service.reload())
    }

    /// Asks the instances for no more requests, lets open ones end for a limited time, and closes.
    fn stop(&self, py: Python<'_>) -> Result<()> {
        let Some(service) = self.running.take("stop the connection point")? else { return Ok(()) };
        self.handle.block(py, async {
            service.stop().await;
            Ok(())
        })
    }

    fn __enter__(service: PyRef<'_, Self>) -> PyRef<'_, Self> {
        service
    }

    #[pyo3(signature = (*_exception))]
    fn __exit__(&self, py: Python<'_>, _exception: &Bound<'_, PyAny>) -> Result<()> {
        self.stop(py)
    }

    fn __repr__(&self) -> String {
        self.running.shown(&format!("connection point {}", self.name))
    }
}
