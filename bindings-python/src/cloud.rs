//! The clouds, and what creating a gateway in one of them would do.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use cmgateway::gateway::provision::{
    self, ClassicCloud, ClassicPackage, Go, LocalCloudOptions, LocalPorts, Progress, ResourceManagerCloud,
    SiteCloud, SiteCloudOptions,
};
use pyo3::prelude::*;
use pyo3::types::PyDict;
use time::OffsetDateTime;

use crate::azure::{Credential, ManagementCertificate, options};
use crate::error::{Result, config};
use crate::gateway::Gateway;
use crate::gateway_spec::GatewaySpec;
use crate::json::{body, to_python};
use crate::plan::shown_plan;
use crate::runtime::Handle;
use crate::site::Site;

/// Where the instances of gateways run.
#[pyclass(frozen, module = "cmgateway")]
pub(crate) struct Cloud {
    cloud: Arc<dyn provision::Cloud>,
    handle: Handle,
}

/// What creating or changing a gateway would do, to be read before it is applied.
#[pyclass(frozen, module = "cmgateway")]
pub(crate) struct GatewayPlan(provision::GatewayPlan);

/// This machine as the place where gateways run: each instance is a process, kept running by a supervisor.
#[pyfunction]
#[pyo3(signature = (*, folder=None, program=None, address="127.0.0.1", ports="microsoft"))]
pub(crate) fn local_cloud(
    folder: Option<PathBuf>,
    program: Option<PathBuf>,
    address: &str,
    ports: &str,
) -> Result<Cloud> {
    let operation = "use this machine as a cloud";
    let mut options = LocalCloudOptions::default();
    (options.folder, options.program) = (folder, program);
    options.address =
        address.parse().map_err(|_| config(operation, format!("address {address:?} is no IP address")))?;
    let known = LocalPorts::ALL.into_iter().find(|known| known.as_str() == ports);
    options.ports =
        known.ok_or_else(|| config(operation, format!("ports is microsoft or free, not {ports:?}")))?;
    Ok(Cloud { cloud: Arc::new(provision::LocalCloud::new(options)?), handle: Handle::new()? })
}

/// A subscription of the Azure Resource Manager as the place where gateways run: on machines of a scale set.
#[pyfunction]
#[pyo3(signature = (subscription_id, credential, **given))]
pub(crate) fn resource_manager_cloud(
    subscription_id: &str,
    credential: &Credential,
    given: Option<&Bound<'_, PyDict>>,
) -> Result<Cloud> {
    let options = options("resource_manager_cloud", given)?;
    let cloud = ResourceManagerCloud::new(options, subscription_id, credential.0.clone())?;
    Ok(Cloud { cloud: Arc::new(cloud), handle: Handle::new()? })
}

/// A subscription of the classic API as the place where gateways run: role instances of a cloud service.
#[pyfunction]
#[expect(clippy::too_many_arguments, reason = "they have names in Python")]
#[pyo3(signature = (subscription_id, *, package_url, certificate=None, credential=None, configuration=None, role="ProxyService", certificate_name=None, **given))]
pub(crate) fn classic_cloud(
    subscription_id: &str,
    package_url: String,
    certificate: Option<&ManagementCertificate>,
    credential: Option<&Credential>,
    configuration: Option<String>,
    role: &str,
    certificate_name: Option<String>,
    given: Option<&Bound<'_, PyDict>>,
) -> Result<Cloud> {
    let options = options("classic_cloud", given)?;
    let mut package = ClassicPackage::new(package_url);
    role.clone_into(&mut package.role);
    (package.configuration, package.certificate_name) = (configuration, certificate_name);
    let (certificate, credential) =
        (certificate.map(|one| one.0.clone()), credential.map(|one| one.0.clone()));
    let cloud = ClassicCloud::new(&options, subscription_id, certificate, credential, package)?;
    Ok(Cloud { cloud: Arc::new(cloud), handle: Handle::new()? })
}

/// A site's own Configuration Manager as what makes gateways: it is told by rows and tasks, and watched.
#[pyfunction]
#[pyo3(signature = (site, *, properties=None, poll=None, timeout=None))]
pub(crate) fn site_cloud(
    site: &Site,
    properties: Option<&Bound<'_, PyDict>>,
    poll: Option<f64>,
    timeout: Option<f64>,
) -> Result<Cloud> {
    let properties =
        body(properties.map(|given| given.as_any()), "use the site's own Configuration Manager")?;
    let given = serde_json::json!({ "properties": properties, "poll": poll, "timeout": timeout });
    let connection = site.connection();
    let cloud = SiteCloud::new(connection.site.clone(), SiteCloudOptions::from_json(given)?);
    Ok(Cloud { cloud: Arc::new(cloud), handle: connection.handle.clone() })
}

/// Says what creating the gateway in an empty subscription would do; asks nobody.
#[pyfunction]
pub(crate) fn plan_offline(py: Python<'_>, spec: &GatewaySpec) -> Result<GatewayPlan> {
    let planned = ResourceManagerCloud::plan_offline(&spec.0, OffsetDateTime::now_utc());
    Ok(GatewayPlan(Handle::new()?.block(py, planned)?))
}

#[pymethods]
impl Cloud {
    /// What it is called in plans.
    #[getter]
    fn name(&self) -> &'static str {
        self.cloud.name()
    }

    /// Says what creating or changing the gateway would do; nothing is changed.
    #[pyo3(signature = (spec, *, site=None))]
    fn plan(&self, py: Python<'_>, spec: &GatewaySpec, site: Option<&Site>) -> Result<GatewayPlan> {
        let work = match site {
            Some(site) => self.cloud.plan_in(&site.connection().site, &spec.0),
            None => self.cloud.plan(&spec.0),
        };
        Ok(GatewayPlan(self.handle.block(py, work)?))
    }

    /// Does what a plan says, keeps the gateway in the site, and reads back.
    #[pyo3(signature = (site, plan, *, progress=None))]
    fn apply(
        &self,
        py: Python<'_>,
        site: &Site,
        plan: &GatewayPlan,
        progress: Option<Py<PyAny>>,
    ) -> Result<Gateway> {
        let (listener, site) = (Listener::new(progress), &site.connection().site);
        let tell = |now: &Progress| listener.hears(now);
        let applied = self.handle.block(py, self.cloud.apply(site, &plan.0, &tell));
        Ok(Gateway::new(listener.or(applied)?, self.handle.clone()))
    }

    /// Starts the instances of a gateway that was stopped.
    #[pyo3(signature = (site, service_name, *, progress=None))]
    fn start(
        &self,
        py: Python<'_>,
        site: &Site,
        service_name: &str,
        progress: Option<Py<PyAny>>,
    ) -> Result<()> {
        let (listener, site) = (Listener::new(progress), &site.connection().site);
        let tell = |now: &Progress| listener.hears(now);
        listener.or(self.handle.block(py, self.cloud.start(site, service_name, &tell)))
    }

    /// Stops the instances of a gateway; it can be started again.
    #[pyo3(signature = (site, service_name, *, progress=None))]
    fn stop(
        &self,
        py: Python<'_>,
        site: &Site,
        service_name: &str,
        progress: Option<Py<PyAny>>,
    ) -> Result<()> {
        let (listener, site) = (Listener::new(progress), &site.connection().site);
        let tell = |now: &Progress| listener.hears(now);
        listener.or(self.handle.block(py, self.cloud.stop(site, service_name, &tell)))
    }

    /// Deletes a gateway, then its row in the site.
    #[pyo3(signature = (site, service_name, *, progress=None))]
    fn delete(
        &self,
        py: Python<'_>,
        site: &Site,
        service_name: &str,
        progress: Option<Py<PyAny>>,
    ) -> Result<()> {
        let (listener, site) = (Listener::new(progress), &site.connection().site);
        let tell = |now: &Progress| listener.hears(now);
        listener.or(self.handle.block(py, self.cloud.delete(site, service_name, &tell)))
    }

    /// What the cloud tells of the instances of a gateway.
    fn instances<'py>(&self, py: Python<'py>, site: &Site, service_name: &str) -> Result<Bound<'py, PyAny>> {
        to_python(py, &self.handle.block(py, self.cloud.instances(&site.connection().site, service_name))?)
    }

    fn __repr__(&self) -> String {
        format!("<cloud: {}>", self.cloud.name())
    }
}

/// The script's function that hears of progress, and what it has raised.
struct Listener {
    progress: Option<Py<PyAny>>,
    raised: Mutex<Option<PyErr>>,
}

impl Listener {
    fn new(progress: Option<Py<PyAny>>) -> Self {
        Listener { progress, raised: Mutex::new(None) }
    }

    fn hears(&self, now: &Progress) -> Go {
        match self.progress.as_ref().map(|progress| told(progress, now)) {
            None | Some(Ok(true)) => Go::On,
            Some(Ok(false)) => Go::Stop,
            Some(Err(error)) => {
                *self.raised.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
                Go::Stop
            }
        }
    }

    /// What the function has raised says more than that it stopped.
    fn or<T>(&self, result: Result<T>) -> Result<T> {
        match self.raised.lock().unwrap_or_else(PoisonError::into_inner).take() {
            Some(error) => Err(error.into()),
            None => result,
        }
    }
}

/// Calls the script's function; only False stops.
fn told(progress: &Py<PyAny>, now: &Progress) -> PyResult<bool> {
    Python::attach(|py| {
        let now = to_python(py, now).map_err(PyErr::from)?;
        let said = progress.call1(py, (now,))?;
        Ok(!said.bind(py).is(pyo3::types::PyBool::new(py, false)))
    })
}

#[pymethods]
impl GatewayPlan {
    /// The gateway's service name.
    #[getter]
    fn service_name(&self) -> &str {
        &self.0.service_name
    }

    /// Where its instances will run.
    #[getter]
    fn cloud(&self) -> &str {
        &self.0.cloud
    }

    /// The resources, in the order in which they are made.
    #[getter]
    fn steps<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyAny>> {
        to_python(py, &self.0.steps)
    }

    /// What the administrator should know.
    #[getter]
    fn warnings(&self) -> Vec<String> {
        self.0.warnings.clone()
    }

    /// False where everything is as wanted already.
    #[getter]
    fn is_change(&self) -> bool {
        self.0.is_change()
    }

    /// The plan as JSON text, indented by two blanks, with the names of the fields as here.
    fn to_json(&self) -> String {
        self.0.to_json()
    }

    fn __str__(&self) -> String {
        self.0.to_string()
    }

    fn __repr__(&self) -> String {
        let whose = format!("{} on {}", self.0.service_name, self.0.cloud);
        shown_plan(&whose, &self.0.to_string())
    }
}
