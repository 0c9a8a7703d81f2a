//! A connection to a site.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use cmgateway::Secret;
use cmgateway::site::{ConnectOptions, EmbeddedSite, SiteCode, SnapshotOptions};
use cmgateway::wmi;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};

use crate::call;
use crate::class::ClassDefinition;
use crate::connection_point_roles::ConnectionPointRoles;
use crate::error::{Result, config, wrong_type};
use crate::gateway::Gateway;
use crate::instance::Instance;
use crate::path::{self, ObjectPath};
use crate::rows::Rows;
use crate::runtime::{Connection, Handle};
use crate::server::{self, AdminServiceServer};
use crate::site_roles::SiteRoles;
use crate::site_switches::SiteSwitches;
use crate::snapshot;
use crate::value;
use crate::watch::{self, Watch};
use crate::wql;

/// A connection to a Configuration Manager site; clones share it.
#[pyclass(frozen, module = "cmgateway")]
pub(crate) struct Site {
    connection: Connection,
    /// False for one with context values: its end is not that of the connection.
    closes: bool,
}

impl Site {
    pub(crate) fn new(site: cmgateway::site::Site, handle: Handle) -> Self {
        Site { connection: Connection { site, handle }, closes: true }
    }

    pub(crate) fn connection(&self) -> &Connection {
        &self.connection
    }
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
    Ok(Site::new(site, handle))
}

fn address(url: &Bound<'_, PyAny>) -> Result<ConnectOptions> {
    url.extract::<String>()
        .map(ConnectOptions::new)
        .map_err(|_| wrong_type("an address is text such as sqlite:lab.db or https://cm1/AdminService", url))
}

pub(crate) fn duration(seconds: Option<f64>) -> Result<Option<Duration>> {
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
    Ok(Site::new(site.into(), handle))
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
        self.connection.site.address()
    }

    /// The code of the site, from `SMS_ProviderLocation` where `ProviderForLocalSite` is true.
    fn code(&self, py: Python<'_>) -> Result<String> {
        self.connection.handle.block(py, self.connection.site.code()).map(|code| code.to_string())
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
        let rows = self.connection.handle.block(py, self.connection.site.query(wql, &parameters))?;
        Ok(Rows::new(rows, self.connection.clone()))
    }

    /// Runs an event query: looks at the class every `WITHIN` seconds and gives what happened.
    #[pyo3(signature = (wql, /, *args, timeout=None, **named))]
    fn watch(
        &self,
        py: Python<'_>,
        wql: &str,
        args: &Bound<'_, PyTuple>,
        timeout: Option<f64>,
        named: Option<&Bound<'_, PyDict>>,
    ) -> Result<Watch> {
        let (parameters, timeout) = (wql::parameters(args, named)?, watch::seconds(timeout)?);
        let watch = self.connection.handle.block(py, self.connection.site.watch(wql, &parameters))?;
        Ok(Watch::new(watch, self.connection.clone(), timeout))
    }

    /// Reads one instance by its path, with its lazy properties.
    #[pyo3(signature = (path, /))]
    fn get(&self, py: Python<'_>, path: &Bound<'_, PyAny>) -> Result<Instance> {
        let path = path::from_python(path)?;
        let instance = self.connection.handle.block(py, self.connection.site.get(&path))?;
        Ok(Instance::of(instance, Some(&self.connection)))
    }

    /// A new, empty instance of a class; it is in the site once it is put.
    #[pyo3(name = "new", signature = (class_name, /, **properties))]
    fn new_instance(
        &self,
        py: Python<'_>,
        class_name: &str,
        properties: Option<&Bound<'_, PyDict>>,
    ) -> Result<Instance> {
        let instance = self.connection.handle.block(py, self.connection.site.new_instance(class_name))?;
        let instance = Instance::of(instance, Some(&self.connection));
        for (name, value) in properties.into_iter().flatten() {
            instance.write(&name.extract::<String>()?, &value)?;
        }
        Ok(instance)
    }

    /// Writes an instance and gives its path, which holds a key that the site made.
    #[pyo3(signature = (instance, mode="create_or_update"))]
    fn put(&self, py: Python<'_>, instance: &Instance, mode: &str) -> Result<ObjectPath> {
        self.connection.put(py, instance, mode)
    }

    /// Deletes one instance by its path.
    #[pyo3(signature = (target, /))]
    fn delete(&self, py: Python<'_>, target: &Bound<'_, PyAny>) -> Result<()> {
        let path = target_of(target)?;
        self.connection.handle.block(py, self.connection.site.delete(&path))
    }

    /// The definition of a class as the provider knows it.
    #[pyo3(signature = (name, /))]
    fn class_definition(&self, py: Python<'_>, name: &str) -> Result<ClassDefinition> {
        self.connection.handle.block(py, self.connection.site.class(name)).map(ClassDefinition)
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
        let site = self.connection.site.embedded()?;
        self.connection.handle.block(py, site.define_class(class))
    }

    /// The definitions of all classes, in the order of their names.
    fn classes(&self, py: Python<'_>) -> Result<Vec<ClassDefinition>> {
        let classes = self.connection.handle.block(py, self.connection.site.classes())?;
        Ok(classes.into_iter().map(ClassDefinition).collect())
    }

    /// Compiles a MOF text: adds its classes and puts its instances, whole or not at all.
    #[pyo3(signature = (text, /))]
    fn compile_mof(&self, py: Python<'_>, text: &str) -> Result<()> {
        let site = self.connection.site.embedded()?;
        self.connection.handle.block(py, site.compile_mof(text)).map(drop)
    }

    /// Compiles a MOF file, in UTF-8 or UTF-16, as `compile_mof` does a text.
    #[pyo3(signature = (file, /))]
    fn compile_mof_file(&self, py: Python<'_>, file: PathBuf) -> Result<()> {
        let site = self.connection.site.embedded()?;
        self.connection.handle.block(py, site.compile_mof_file(file)).map(drop)
    }

    /// Calls a method and gives what came out: out-parameters as properties, and `ReturnValue`.
    #[pyo3(signature = (target, method, /, *args, **named))]
    fn call(
        &self,
        py: Python<'_>,
        target: &Bound<'_, PyAny>,
        method: &str,
        args: &Bound<'_, PyTuple>,
        named: Option<&Bound<'_, PyDict>>,
    ) -> Result<Instance> {
        call::call(py, &self.connection, &call::target_of(target)?, method, (args, named))
    }

    /// Supplies a method: calls of it run the handler, on the thread that waits for the call.
    #[pyo3(signature = (class_name, method, handler, /))]
    fn on_method(
        &self,
        py: Python<'_>,
        class_name: &str,
        method: &str,
        handler: &Bound<'_, PyAny>,
    ) -> Result<()> {
        if !handler.is_callable() {
            return Err(wrong_type("a handler is a callable", handler));
        }
        let run = call::handler(handler.clone().unbind(), &self.connection);
        let site = self.connection.site.embedded()?;
        self.connection.handle.block(py, site.on_method(class_name, method, run))
    }

    /// The same connection with values that go with every call of it, over those that go already.
    #[pyo3(signature = (**values))]
    fn context(&self, values: Option<&Bound<'_, PyDict>>) -> Result<Site> {
        let mut context = Vec::new();
        for (name, value) in values.into_iter().flatten() {
            let name: String = name.extract()?;
            let value = value::from_python(&value, &format!("set context value {name}"))?;
            context.push((name, value));
        }
        let site = self.connection.site.with_context(&wmi::CallContext::new(context)?)?;
        Ok(Site { closes: false, ..Site::new(site, self.connection.handle.clone()) })
    }

    /// Copies classes and instances into a new site file, on which scripts are rehearsed.
    #[pyo3(signature = (file, classes=None, *, lazy=false, progress=None))]
    fn snapshot(
        &self,
        py: Python<'_>,
        file: PathBuf,
        classes: Option<Vec<String>>,
        lazy: bool,
        progress: Option<Py<PyAny>>,
    ) -> Result<Py<PyDict>> {
        let options = SnapshotOptions { classes: classes.unwrap_or_default(), lazy };
        snapshot::take(py, &self.connection, file, &options, progress)
    }

    /// Finds the gateway of this service name; case does not matter.
    fn gateway(&self, py: Python<'_>, service_name: &str) -> Result<Gateway> {
        let found = cmgateway::gateway::Gateway::find(&self.connection.site, service_name);
        Ok(Gateway::new(self.connection.handle.block(py, found)?, self.connection.handle.clone()))
    }

    /// All gateways of the site, in the order of their service names.
    fn gateways(&self, py: Python<'_>) -> Result<Vec<Gateway>> {
        let found =
            self.connection.handle.block(py, cmgateway::gateway::Gateway::list(&self.connection.site))?;
        Ok(found.into_iter().map(|gateway| Gateway::new(gateway, self.connection.handle.clone())).collect())
    }

    /// The switches of the site.
    #[getter]
    fn switches(&self) -> SiteSwitches {
        SiteSwitches::of(&self.connection)
    }

    /// The roles of the site.
    #[getter]
    fn roles(&self) -> SiteRoles {
        SiteRoles::of(&self.connection)
    }

    /// The connection points of the site.
    #[getter]
    fn connection_points(&self) -> ConnectionPointRoles {
        ConnectionPointRoles::of(&self.connection)
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
        AdminServiceServer::start(
            py,
            self.connection.site.embedded()?.clone(),
            options,
            self.connection.handle.clone(),
        )
    }

    /// What a WS-Management service says of itself: its protocol, its maker and its version.
    fn identify(&self, py: Python<'_>) -> Result<BTreeMap<&'static str, String>> {
        let identity = self.connection.handle.block(py, self.connection.site.identify())?;
        Ok(BTreeMap::from([
            ("protocol_version", identity.protocol_version),
            ("product_vendor", identity.product_vendor),
            ("product_version", identity.product_version),
        ]))
    }

    /// Closes the connection, for every clone of it; later calls fail.
    fn close(&self, py: Python<'_>) -> Result<()> {
        self.connection.handle.block(py, self.connection.site.close())
    }

    fn __enter__(site: PyRef<'_, Self>) -> PyRef<'_, Self> {
        site
    }

    #[pyo3(signature = (*_exception))]
    fn __exit__(&self, py: Python<'_>, _exception: &Bound<'_, PyAny>) -> Result<()> {
        if self.closes { self.close(py) } else { Ok(()) }
    }

    fn __repr__(&self) -> String {
        format!("<site {}>", self.connection.site.address())
    }
}
