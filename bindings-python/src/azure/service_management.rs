//! The classic Service Management API: the subscription, cloud services, certificates, deployments.

use cmgateway::azure::asm::{self, DeploymentRequest, DeploymentStatus, UpgradeMode};
use cmgateway::{Error, ErrorKind, Secret};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use super::credential::Credential;
use super::management_certificate::ManagementCertificate;
use super::options;
use crate::cert::Certificate;
use crate::error::{Result, config};
use crate::json::to_python;
use crate::runtime::Handle;
use crate::thumbprint;

/// The classic Service Management API of one subscription.
#[pyclass(frozen, module = "cmgateway.azure")]
pub(crate) struct ServiceManagement {
    pub(crate) azure: asm::ServiceManagement,
    handle: Handle,
}

impl ServiceManagement {
    fn begun(
        &self,
        py: Python<'_>,
        call: impl Future<Output = cmgateway::Result<asm::ServiceOperation>> + Send,
    ) -> Result<String> {
        Ok(self.handle.block(py, call)?.request_id().to_owned())
    }
}

#[pymethods]
impl ServiceManagement {
    #[new]
    #[pyo3(signature = (subscription_id, *, certificate=None, credential=None, **given))]
    fn new(
        subscription_id: &str,
        certificate: Option<&ManagementCertificate>,
        credential: Option<&Credential>,
        given: Option<&Bound<'_, PyDict>>,
    ) -> Result<Self> {
        let options = options("ServiceManagement", given)?;
        let azure = match (certificate, credential) {
            (Some(certificate), None) => {
                asm::ServiceManagement::new(&options, subscription_id, &certificate.0)?
            }
            (None, Some(credential)) => {
                asm::ServiceManagement::with_credential(&options, subscription_id, &credential.0)?
            }
            _ => {
                let cause = "certificate or credential: one of them is needed";
                return Err(Error::new(ErrorKind::Config, "use the classic API", cause).into());
            }
        };
        Ok(ServiceManagement { azure, handle: Handle::new()? })
    }

    /// The subscription.
    #[getter]
    fn subscription_id(&self) -> &str {
        self.azure.subscription_id()
    }

    /// Sends a call that has no function of its own; the path begins behind the subscription id.
    #[pyo3(signature = (method, path, body=None))]
    fn call<'py>(
        &self,
        py: Python<'py>,
        method: &str,
        path: &str,
        body: Option<&str>,
    ) -> Result<Bound<'py, PyAny>> {
        to_python(py, &self.handle.block(py, self.azure.call(method, path, body))?)
    }

    /// Waits until an operation is over.
    fn finish(&self, py: Python<'_>, request_id: &str) -> Result<()> {
        let operation = asm::ServiceOperation::of(request_id);
        self.handle.block(py, self.azure.finish(&operation))
    }

    /// Asks once whether an operation is over.
    fn is_over(&self, py: Python<'_>, request_id: &str) -> Result<bool> {
        let operation = asm::ServiceOperation::of(request_id);
        self.handle.block(py, self.azure.is_over(&operation))
    }

    /// What the service tells about the subscription.
    fn subscription<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyAny>> {
        to_python(py, &self.handle.block(py, self.azure.subscription())?)
    }

    /// The regions that there are.
    fn locations<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyAny>> {
        to_python(py, &self.handle.block(py, self.azure.locations())?)
    }

    /// The management certificates that the subscription knows.
    fn management_certificates<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyAny>> {
        to_python(py, &self.handle.block(py, self.azure.management_certificates())?)
    }

    /// Adds a management certificate; its key stays here.
    fn add_management_certificate(&self, py: Python<'_>, certificate: &Certificate) -> Result<()> {
        self.handle.block(py, self.azure.add_management_certificate(&certificate.0))
    }

    /// Deletes a management certificate. False where there was none.
    fn delete_management_certificate(&self, py: Python<'_>, thumbprint: &Bound<'_, PyAny>) -> Result<bool> {
        let thumbprint = thumbprint::from_python(thumbprint)?;
        self.handle.block(py, self.azure.delete_management_certificate(thumbprint))
    }

    /// Whether a name for a cloud service is free.
    fn name_availability<'py>(&self, py: Python<'py>, name: &str) -> Result<Bound<'py, PyAny>> {
        to_python(py, &self.handle.block(py, self.azure.name_availability(name))?)
    }

    /// The cloud services of the subscription.
    fn hosted_services<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyAny>> {
        to_python(py, &self.handle.block(py, self.azure.hosted_services())?)
    }

    /// A cloud service with its deployments; None where there is none.
    fn hosted_service<'py>(&self, py: Python<'py>, name: &str) -> Result<Bound<'py, PyAny>> {
        to_python(py, &self.handle.block(py, self.azure.hosted_service(name))?)
    }

    /// Creates a cloud service in a region, such as `West US`; it is there at once.
    #[pyo3(signature = (name, *, label, location, description=None, extended_properties=None))]
    fn create_hosted_service(
        &self,
        py: Python<'_>,
        name: &str,
        label: &str,
        location: &str,
        description: Option<&str>,
        extended_properties: Option<Vec<(String, String)>>,
    ) -> Result<()> {
        let properties = extended_properties.unwrap_or_default();
        let call = self.azure.create_hosted_service(name, label, description, location, &properties);
        self.handle.block(py, call)
    }

    /// Changes what a cloud service is called and described as.
    #[pyo3(signature = (name, *, label, description=None, extended_properties=None))]
    fn update_hosted_service(
        &self,
        py: Python<'_>,
        name: &str,
        label: &str,
        description: Option<&str>,
        extended_properties: Option<Vec<(String, String)>>,
    ) -> Result<()> {
        let properties = extended_properties.unwrap_or_default();
        self.handle.block(py, self.azure.update_hosted_service(name, label, description, &properties))
    }

    /// Deletes a cloud service that has no deployment. False where there was none.
    fn delete_hosted_service(&self, py: Python<'_>, name: &str) -> Result<bool> {
        self.handle.block(py, self.azure.delete_hosted_service(name))
    }

    /// The certificates of a cloud service.
    fn service_certificates<'py>(&self, py: Python<'py>, service: &str) -> Result<Bound<'py, PyAny>> {
        to_python(py, &self.handle.block(py, self.azure.service_certificates(service))?)
    }

    /// One certificate of a cloud service; None where it is not there.
    fn service_certificate<'py>(
        &self,
        py: Python<'py>,
        service: &str,
        thumbprint: &Bound<'py, PyAny>,
    ) -> Result<Bound<'py, PyAny>> {
        let thumbprint = thumbprint::from_python(thumbprint)?;
        to_python(py, &self.handle.block(py, self.azure.service_certificate(service, thumbprint))?)
    }

    /// Uploads a PFX to a cloud service; it must be one of the old profile (triple DES), AES is refused there.
    #[pyo3(signature = (service, pfx, *, password))]
    fn add_service_pfx(&self, py: Python<'_>, service: &str, pfx: &[u8], password: &str) -> Result<String> {
        let password = Secret::new(password);
        self.begun(py, self.azure.add_service_pfx(service, pfx, &password))
    }

    /// Uploads a certificate without key, such as a sub-CA's, to a cloud service.
    fn add_service_certificate(
        &self,
        py: Python<'_>,
        service: &str,
        certificate: &Certificate,
    ) -> Result<String> {
        self.begun(py, self.azure.add_service_certificate(service, &certificate.0))
    }

    /// Deletes a certificate of a cloud service.
    fn delete_service_certificate(
        &self,
        py: Python<'_>,
        service: &str,
        thumbprint: &Bound<'_, PyAny>,
    ) -> Result<String> {
        let thumbprint = thumbprint::from_python(thumbprint)?;
        self.begun(py, self.azure.delete_service_certificate(service, thumbprint))
    }

    /// A deployment; None where there is none.
    #[pyo3(signature = (service, at="Production"))]
    fn deployment<'py>(&self, py: Python<'py>, service: &str, at: &str) -> Result<Bound<'py, PyAny>> {
        to_python(py, &self.handle.block(py, self.azure.deployment(service, at.into()))?)
    }

    /// Begins a deployment in a slot.
    #[expect(clippy::too_many_arguments, reason = "they have names in Python")]
    #[pyo3(signature = (service, at="Production", *, name, package_url, label, configuration, start=true, extended_properties=None))]
    fn create_deployment(
        &self,
        py: Python<'_>,
        service: &str,
        at: &str,
        name: String,
        package_url: String,
        label: String,
        configuration: String,
        start: bool,
        extended_properties: Option<Vec<(String, String)>>,
    ) -> Result<String> {
        let extended_properties = extended_properties.unwrap_or_default();
        let request =
            DeploymentRequest { name, package_url, label, configuration, start, extended_properties };
        self.begun(py, self.azure.create_deployment(service, at.into(), &request))
    }

    /// Begins to give a deployment another configuration: instances, settings, certificates.
    #[pyo3(signature = (service, at="Production", *, configuration, extended_properties=None))]
    fn change_configuration(
        &self,
        py: Python<'_>,
        service: &str,
        at: &str,
        configuration: &str,
        extended_properties: Option<Vec<(String, String)>>,
    ) -> Result<String> {
        let properties = extended_properties.unwrap_or_default();
        self.begun(py, self.azure.change_configuration(service, at.into(), configuration, &properties))
    }

    /// Begins to start or to suspend a deployment.
    #[pyo3(signature = (service, at="Production", *, status))]
    fn update_deployment_status(
        &self,
        py: Python<'_>,
        service: &str,
        at: &str,
        status: &str,
    ) -> Result<String> {
        let status = word("status", status, &DeploymentStatus::ALL, DeploymentStatus::as_str)?;
        self.begun(py, self.azure.update_deployment_status(service, at.into(), status))
    }

    /// Begins to upgrade a deployment.
    #[expect(clippy::too_many_arguments, reason = "they have names in Python")]
    #[pyo3(signature = (service, at="Production", *, package_url, label, configuration, mode="Auto", force=false))]
    fn upgrade_deployment(
        &self,
        py: Python<'_>,
        service: &str,
        at: &str,
        package_url: String,
        label: String,
        configuration: String,
        mode: &str,
        force: bool,
    ) -> Result<String> {
        let mode = word("mode", mode, &UpgradeMode::ALL, UpgradeMode::as_str)?;
        let request = DeploymentRequest { package_url, label, configuration, ..DeploymentRequest::default() };
        self.begun(py, self.azure.upgrade_deployment(service, at.into(), &request, mode, force))
    }

    /// Begins to delete instances of a deployment by their names, such as `ProxyService_IN_1`.
    #[pyo3(signature = (service, at="Production", *, names))]
    fn delete_role_instances(
        &self,
        py: Python<'_>,
        service: &str,
        at: &str,
        names: Vec<String>,
    ) -> Result<String> {
        self.begun(py, self.azure.delete_role_instances(service, at.into(), &names))
    }

    /// Begins to delete a deployment.
    #[pyo3(signature = (service, at="Production"))]
    fn delete_deployment(&self, py: Python<'_>, service: &str, at: &str) -> Result<String> {
        self.begun(py, self.azure.delete_deployment(service, at.into()))
    }

    fn __repr__(&self) -> String {
        format!("<classic API of subscription {}>", self.azure.subscription_id())
    }
}

/// The value that a word of the service stands for.
fn word<T: Copy>(name: &str, given: &str, all: &[T], word: impl Fn(T) -> &'static str) -> Result<T> {
    let words: Vec<_> = all.iter().map(|each| word(*each)).collect();
    all.iter().copied().find(|each| word(*each) == given).ok_or_else(|| {
        config("change the deployment", format!("{name} is one of {}, not {given:?}", words.join(", ")))
    })
}
