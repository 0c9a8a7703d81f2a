//! A connection to a site.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use cmgateway::Secret;
use cmgateway::site::{ConnectOptions, EmbeddedSite, SiteCode};
use cmgateway::wmi;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};

use crate::class::ClassDefinition;
use crate::error::{Result, config, wrong_type};
use crate::gateway::Gateway;
use crate::instance::Instance;
use crate::path::{self, ObjectPath};
use crate::rows::Rows;
use crate::runtime::Handle;
use crate::server::{self, AdminServiceServer};
use crate::wql;

/// A connection to a Configuration Manager site; clones share it.
#[pyclass(frozen, module = "cmgateway")]
pub(crate) struct Site {
    site: cmgateway::site::Site,
    handle: Handle,
}

/// Connects to the site at an address: `sqlite:FILE`, `https://HOST/AdminService` or `winrm://HOST/NAMESPACE`.
#[pyfunction]
#[pyo3(signature = (
    url, *, token=None, auth=None, user=None, password=None, realm=None, keytab_file=None, kdc=None,
    certificate_file=None, key_file=None, ca_file=None, danger_unencrypted=false, timeout=None,
))]
#[expect(clippy::too_many_arguments, reason = "each is a keyword of its own in Python")]
pub(crate) fn connect(
    py: Python<'_>,
    url: &Bound<'_, PyAny>,
    token: Option<&str>,
    auth: Option<&str>,
    user: Option<String>,
    password: Option<&str>,
    realm: Option<String>,
    keytab_file: Option<PathBuf>,
    kdc: Option<String>,
    certificate_file: Option<PathBuf>,
    key_file: Option<PathBuf>,
    ca_file: Option<PathBuf>,
    danger_unencrypted: bool,
    timeout: Option<f64>,
) -> Result<Site> {
    let mut options = address(url)?;
    options.token = token.map(Secret::new);
    options.auth = auth.map(str::parse).transpose()?;
    options.password = password.map(Secret::new);
    (options.user, options.realm, options.kdc) = (user, realm, kdc);
    (options.keytab_file, options.ca_file) = (keytab_file, ca_file);
    (options.certificate_file, options.key_file) = (certificate_file, key_file);
    options.danger_unencrypted = danger_unencrypted;
    options.timeout = duration(timeout)?.unwrap_or(options.timeout);
    let handle = Handle::new()?;
    let site = handle.block(py, cmgateway::site::Site::connect(options))?;
    Ok(Site { site, handle })
}

fn address(url: &Bound<'_, PyAny>) -> Result<ConnectOptions> {
    url.extract::<String>()
        .map(ConnectOptions::new)
        .map_err(|_| wrong_type("an address is text such as sqlite:lab.db or https://cm1/AdminService", url))
}

fn duration(seconds: Option<f64>) -> Result<Option<Duration>> {
    let read = |seconds| {
        Duration::try_from_secs_f64(seconds).map_err(|_| {
            let cause = format!("the timeout must be a number of seconds above zero, not {seconds}");
            config("connect to a site", cause)
        })
    };
    seconds.map(read).transpose()
}

/// Makes a new site file with the classes this library works with and the site's own instances.
#[pyfunction]
pub(crate) fn create_site(py: Python<'_>, file: PathBuf, code: &str) -> Result<Site> {
    let (code, handle) = (SiteCode::new(code)?, Handle::new()?);
    let site = handle.block(py, EmbeddedSite::create(file, &code))?;
    Ok(Site { site: site.into(), handle })
}

/// What to delete: an instance stands for its path.
fn target_of(target: &Bound<'_, PyAny>) -> Result<wmi::ObjectPath> {
    match target.cast::<Instance>() {
        Ok(instance) => match instance.get().lock().path() {
            Some(path) => Ok(path.clone()),
            None => {
                Err(config("delete an instance", "it has no path: it is new, or the query left out its key"))
            }
        },
        Err(_) if target.is_none() => Err(wrong_type("what to delete is a path or an instance", target)),
        Err(_) => path::from_python(target),
    }
}

#[pymethods]
impl Site {
    /// The address, without secrets.
    #[getter]
    fn address(&self) -> &str {
        self.site.address()
    }

    /// The code of the site, from `SMS_ProviderLocation` where `ProviderForLocalSite` is true.
    fn code(&self, py: Python<'_>) -> Result<String> {
        self.handle.block(py, self.site.code()).map(|code| code.to_string())
    }

    /// Runs a WQL query with values for its placeholders and gives the rows as they are read.
    #[pyo3(signature = (wql, /, *args, **named))]
    fn query(
        &self,
        py: Python<'_>,
        wql: &str,
        args: &Bound<'_, PyTuple>,
        named: Option<&Bound<'_, PyDict>>,
    ) -> Result<Rows> {
        let parameters = wql::parameters(args, named)?;
        let rows = self.handle.block(py, self.site.query(wql, &parameters))?;
        Ok(Rows::new(rows, self.handle.clone()))
    }

    /// Reads one instance by its path, with its lazy properties.
    #[pyo3(signature = (path, /))]
    fn get(&self, py: Python<'_>, path: &Bound<'_, PyAny>) -> Result<Instance> {
        let path = path::from_python(path)?;
        self.handle.block(py, self.site.get(&path)).map(Instance::new)
    }

    /// A new, empty instance of a class; it is in the site once it is put.
    #[pyo3(name = "new", signature = (class_name, /, **properties))]
    fn new_instance(
        &self,
        py: Python<'_>,
        class_name: &str,
        properties: Option<&Bound<'_, PyDict>>,
    ) -> Result<Instance> {
        let instance = Instance::new(self.handle.block(py, self.site.new_instance(class_name))?);
        for (name, value) in properties.into_iter().flatten() {
            instance.write(&name.extract::<String>()?, &value)?;
        }
        Ok(instance)
    }

    /// Writes an instance and gives its path, which holds a key that the site made.
    #[pyo3(signature = (instance, mode="create_or_update"))]
    fn put(&self, py: Python<'_>, instance: &Instance, mode: &str) -> Result<ObjectPath> {
        let (mode, mut written) = (mode.parse()?, instance.lock().clone());
        let path = self.handle.block(py, self.site.put(&mut written, mode))?;
        // Another thread may have set properties meanwhile.
        instance.lock().mark_written(path.clone(), &written);
        Ok(ObjectPath(path))
    }

    /// Deletes one instance by its path.
    #[pyo3(signature = (target, /))]
    fn delete(&self, py: Python<'_>, target: &Bound<'_, PyAny>) -> Result<()> {
        let path = target_of(target)?;
        self.handle.block(py, self.site.delete(&path))
    }

    /// The definition of a class as the provider knows it.
    #[pyo3(signature = (name, /))]
    fn class_definition(&self, py: Python<'_>, name: &str) -> Result<ClassDefinition> {
        self.handle.block(py, self.site.class(name)).map(ClassDefinition)
    }

    /// Adds a class; it needs at least one key property.
    fn define_class(
        &self,
        py: Python<'_>,
        name: &str,
        properties: &Bound<'_, PyDict>,
        keys: Vec<String>,
    ) -> Result<()> {
        let types = properties.iter().map(|(name, of)| Ok((name.extract()?, of.extract()?)));
        let types: Vec<(String, String)> = types.collect::<PyResult<_>>()?;
        let class = wmi::Class::from_names(name, &types, &keys)?;
        let site = self.site.embedded()?;
        self.handle.block(py, site.define_class(class))
    }

    /// Finds the gateway of this service name; case does not matter.
    fn gateway(&self, py: Python<'_>, service_name: &str) -> Result<Gateway> {
        let found = cmgateway::gateway::Gateway::find(&self.site, service_name);
        Ok(Gateway::new(self.handle.block(py, found)?, self.handle.clone()))
    }

    /// All gateways of the site, in the order of their service names.
    fn gateways(&self, py: Python<'_>) -> Result<Vec<Gateway>> {
        let found = self.handle.block(py, cmgateway::gateway::Gateway::list(&self.site))?;
        Ok(found.into_iter().map(|gateway| Gateway::new(gateway, self.handle.clone())).collect())
    }

    /// Serves an embedded site as an AdminService over HTTPS.
    #[pyo3(signature = (address="127.0.0.1:0", *, certificate_file, key_file, token))]
    fn serve(
        &self,
        py: Python<'_>,
        address: &str,
        certificate_file: PathBuf,
        key_file: PathBuf,
        token: &str,
    ) -> Result<AdminServiceServer> {
        let options = server::options(address, certificate_file, key_file, token)?;
        AdminServiceServer::start(py, self.site.embedded()?.clone(), options, self.handle.clone())
    }

    /// What a WS-Management service says of itself: its protocol, its maker and its version.
    fn identify(&self, py: Python<'_>) -> Result<BTreeMap<&'static str, String>> {
        let identity = self.handle.block(py, self.site.identify())?;
        Ok(BTreeMap::from([
            ("protocol_version", identity.protocol_version),
            ("product_vendor", identity.product_vendor),
            ("product_version", identity.product_version),
        ]))
    }

    /// Closes the connection, for every clone of it; later calls fail.
    fn close(&self, py: Python<'_>) -> Result<()> {
        self.handle.block(py, self.site.close())
    }

    fn __enter__(site: PyRef<'_, Self>) -> PyRef<'_, Self> {
        site
    }

    #[pyo3(signature = (*_exception))]
    fn __exit__(&self, py: Python<'_>, _exception: &Bound<'_, PyAny>) -> Result<()> {
        self.close(py)
    }

    fn __repr__(&self) -> String {
        format!("<site {}>", self.site.address())
    }
}
