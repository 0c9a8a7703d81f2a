//! Connecting as VBScript does.

use cmgateway::Secret;
use cmgateway::site::{ConnectOptions, ConnectServer};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::error::Result;
use crate::runtime::Handle;
use crate::site::{Site, duration};

/// What connects to WMI on any machine, as `SWbemLocator` does.
#[pyclass(frozen, module = "cmgateway")]
pub(crate) struct Locator(cmgateway::site::Locator);

/// The keyword arguments of `connect`, for whatever is connected to later.
fn options(given: Option<&Bound<'_, PyDict>>) -> Result<ConnectOptions> {
    let mut options = ConnectOptions::new("");
    for (name, value) in given.into_iter().flatten().filter(|(_, value)| !value.is_none()) {
        let name: String = name.extract()?;
        match name.as_str() {
            "auth" => options.auth = Some(value.extract::<String>()?.parse()?),
            "user" => options.user = value.extract()?,
            "password" => options.password = Some(Secret::new(value.extract::<String>()?)),
            "realm" => options.realm = value.extract()?,
            "keytab_file" => options.keytab_file = value.extract()?,
            "kdc" => options.kdc = value.extract()?,
            "certificate_file" => options.certificate_file = value.extract()?,
            "key_file" => options.key_file = value.extract()?,
            "ca_file" => options.ca_file = value.extract()?,
            "danger_unencrypted" => options.danger_unencrypted = value.extract()?,
            "timeout" => options.timeout = duration(value.extract()?)?.unwrap_or(options.timeout),
            _ => {
                let cause = format!("Locator() got an unexpected keyword argument {name:?}");
                return Err(PyTypeError::new_err(cause).into());
            }
        }
    }
    Ok(options)
}

#[pymethods]
impl Locator {
    #[new]
    #[pyo3(signature = (*, rehearse=None, tls=false, **given))]
    fn new(rehearse: Option<String>, tls: bool, given: Option<&Bound<'_, PyDict>>) -> Result<Self> {
        let mut options = options(given)?;
        options.url = if tls { "winrms:" } else { "winrm:" }.to_owned();
        Ok(Locator(match rehearse {
            Some(address) => cmgateway::site::Locator::rehearsing(address),
            None => cmgateway::site::Locator::new(options),
        }))
    }

    /// Connects to a namespace of a machine, as `SWbemLocator.ConnectServer` does.
    #[pyo3(signature = (
        server=".", namespace="root\\cimv2", user=None, password=None, locale=None, authority=None, security_flags=0,
    ))]
    #[expect(clippy::too_many_arguments, reason = "they are those of ConnectServer")]
    fn connect_server(
        &self,
        py: Python<'_>,
        server: &str,
        namespace: &str,
        user: Option<String>,
        password: Option<&str>,
        locale: Option<String>,
        authority: Option<String>,
        security_flags: u32,
    ) -> Result<Site> {
        let password = password.map(Secret::new);
        let (server, namespace) = (server.to_owned(), namespace.to_owned());
        let arguments =
            ConnectServer { server, namespace, user, password, locale, authority, security_flags };
        let handle = Handle::new()?;
        let site = handle.block(py, self.0.connect_server(arguments))?;
        Ok(Site::new(site, handle))
    }

    /// Connects to what a moniker names: the namespace of a machine.
    #[pyo3(signature = (moniker, /))]
    fn get_object(&self, py: Python<'_>, moniker: &str) -> Result<Site> {
        let handle = Handle::new()?;
        let site = handle.block(py, self.0.get_object(moniker))?;
        Ok(Site::new(site, handle))
    }

    /// Finds the provider of a machine's site and connects to its namespace.
    #[pyo3(signature = (server=".", *, user=None, password=None, stay=false))]
    fn site(
        &self,
        py: Python<'_>,
        server: &str,
        user: Option<String>,
        password: Option<&str>,
        stay: bool,
    ) -> Result<Site> {
        let password = password.map(Secret::new);
        let arguments =
            ConnectServer { server: server.to_owned(), user, password, ..ConnectServer::default() };
        let handle = Handle::new()?;
        let site = handle.block(py, self.0.site(arguments, stay))?;
        Ok(Site::new(site, handle))
    }

    fn __repr__(&self) -> &'static str {
        "<locator>"
    }
}
