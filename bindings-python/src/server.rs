//! An embedded site, served as an AdminService.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use cmgateway::Secret;
use cmgateway::net::PemSource;
use cmgateway::site::{EmbeddedSite, ServerOptions};
use pyo3::prelude::*;

use crate::error::{Result, config};
use crate::runtime::Handle;

/// A running AdminService that serves an embedded site.
#[pyclass(frozen, module = "cmgateway")]
pub(crate) struct AdminServiceServer {
    // None once it is stopped.
    server: Mutex<Option<cmgateway::site::AdminServiceServer>>,
    url: String,
    handle: Handle,
}

pub(crate) fn options(
    address: &str,
    certificate_file: PathBuf,
    key_file: PathBuf,
    token: &str,
) -> Result<ServerOptions> {
    let address: SocketAddr = address.parse().map_err(|_| {
        config(
            format!("serve a site on {address}"),
            "an address is IP:PORT, such as 127.0.0.1:0 or [::1]:443",
        )
    })?;
    Ok(ServerOptions {
        address,
        certificate_chain_pem: PemSource::File(certificate_file),
        key_pem: PemSource::File(key_file),
        token: Secret::new(token),
    })
}

impl AdminServiceServer {
    pub(crate) fn start(
        py: Python<'_>,
        site: EmbeddedSite,
        options: ServerOptions,
        handle: Handle,
    ) -> Result<Self> {
        let server = handle.block(py, cmgateway::site::AdminServiceServer::start(site, options))?;
        Ok(AdminServiceServer { url: server.url(), server: Mutex::new(Some(server)), handle })
    }
}

#[pymethods]
impl AdminServiceServer {
    /// The base URL, as `connect` takes it.
    #[getter]
    fn url(&self) -> &str {
        &self.url
    }

    /// Stops accepting, lets open requests end for a limited time, and closes.
    fn stop(&self, py: Python<'_>) -> Result<()> {
        let server = self.server.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(server) = server else { return Ok(()) };
        self.handle.block(py, async {
            server.stop().await;
            Ok(())
        })
    }

    fn __enter__(server: PyRef<'_, Self>) -> PyRef<'_, Self> {
        server
    }

    #[pyo3(signature = (*_exception))]
    fn __exit__(&self, py: Python<'_>, _exception: &Bound<'_, PyAny>) -> Result<()> {
        self.stop(py)
    }

    fn __repr__(&self) -> String {
        format!("<AdminService {}>", self.url)
    }
}
