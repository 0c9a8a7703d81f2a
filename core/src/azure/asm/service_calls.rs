//! The calls of the classic API about cloud services and their certificates.

use reqwest::Method;

use super::client::{ServiceManagement, ServiceOperation, found, segment, service_path, was_there};
use super::element::Element;
use super::hosted_service::{HostedService, NameAvailability, ServiceCertificate};
use super::request;
use crate::cert::{Certificate, Thumbprint};
use crate::error::Result;
use crate::secret::Secret;

impl ServiceManagement {
    /// Whether a name for a cloud service is free.
    ///
    /// # Errors
    /// Those of [`ServiceManagement::subscription`].
    pub async fn name_availability(&self, name: &str) -> Result<NameAvailability> {
        let path = format!("/services/hostedservices/operations/isavailable/{}", segment(name)?);
        Ok(NameAvailability::read(&self.read(&format!("check the name {name}"), &path).await?))
    }

    /// The cloud services of the subscription.
    ///
    /// # Errors
    /// Those of [`ServiceManagement::subscription`].
    pub async fn hosted_services(&self) -> Result<Vec<HostedService>> {
        let root = self.read("list cloud services", "/services/hostedservices").await?;
        Ok(root.children("HostedService").map(HostedService::read).collect())
    }

    /// A cloud service with its deployments; None where there is none.
    ///
    /// # Errors
    /// Those of [`ServiceManagement::subscription`].
    pub async fn hosted_service(&self, name: &str) -> Result<Option<HostedService>> {
        let path = format!("{}?embed-detail=true", service_path(name)?);
        let read = self.read(&format!("read cloud service {name}"), &path).await;
        found(read.map(|root| HostedService::read(&root)))
    }

    /// Creates a cloud service in a region, such as `West US`; it is there at once.
    ///
    /// # Errors
    /// `conflict` where the name is taken; `config` where it cannot be; those of [`ServiceManagement::subscription`].
    pub async fn create_hosted_service(
        &self,
        name: &str,
        label: &str,
        description: Option<&str>,
        location: &str,
        extended_properties: &[(String, String)],
    ) -> Result<()> {
        segment(name)?;
        let body = request::create_hosted_service(name, label, description, location, extended_properties);
        let operation = format!("create cloud service {name}");
        self.change(&operation, Method::POST, "/services/hostedservices", Some(body.to_document()))
            .await
            .map(drop)
    }

    /// Changes what a cloud service is called and described as.
    ///
    /// # Errors
    /// `not_found`; those of [`ServiceManagement::subscription`].
    pub async fn update_hosted_service(
        &self,
        name: &str,
        label: &str,
        description: Option<&str>,
        extended_properties: &[(String, String)],
    ) -> Result<()> {
        let body = request::update_hosted_service(label, description, extended_properties);
        let operation = format!("update cloud service {name}");
        self.change(&operation, Method::PUT, &service_path(name)?, Some(body.to_document())).await.map(drop)
    }

    /// Deletes a cloud service that has no deployment. False where there was none.
    ///
    /// # Errors
    /// `conflict` where it has one; those of [`ServiceManagement::subscription`].
    pub async fn delete_hosted_service(&self, name: &str) -> Result<bool> {
        let operation = format!("delete cloud service {name}");
        was_there(self.change(&operation, Method::DELETE, &service_path(name)?, None).await)
    }

    /// The certificates of a cloud service.
    ///
    /// # Errors
    /// `not_found`; those of [`ServiceManagement::subscription`].
    pub async fn service_certificates(&self, service: &str) -> Result<Vec<ServiceCertificate>> {
        let path = format!("{}/certificates", service_path(service)?);
        let root = self.read(&format!("list certificates of {service}"), &path).await?;
        Ok(root.children("Certificate").map(ServiceCertificate::read).collect())
    }

    /// One certificate of a cloud service; None where it is not there.
    ///
    /// # Errors
    /// Those of [`ServiceManagement::subscription`].
    pub async fn service_certificate(
        &self,
        service: &str,
        thumbprint: Thumbprint,
    ) -> Result<Option<ServiceCertificate>> {
        let path = format!("{}/certificates/sha1-{thumbprint}", service_path(service)?);
        let read = self.read(&format!("read certificate {thumbprint} of {service}"), &path).await;
        found(read.map(|root| ServiceCertificate {
            thumbprint: Some(thumbprint),
            ..ServiceCertificate::read(&root)
        }))
    }

    /// Uploads a PFX to a cloud service; it must be one of the old profile (triple DES), AES is refused there.
    ///
    /// # Errors
    /// Those of [`ServiceManagement::subscription`]; `config` where the service refuses the file or its password.
    pub async fn add_service_pfx(
        &self,
        service: &str,
        pfx: &[u8],
        password: &Secret,
    ) -> Result<ServiceOperation> {
        self.add_certificate(service, request::certificate_file(pfx, "pfx", Some(password))).await
    }

    /// Uploads a certificate without key, such as a sub-CA's, to a cloud service.
    ///
    /// # Errors
    /// Those of [`ServiceManagement::subscription`].
    pub async fn add_service_certificate(
        &self,
        service: &str,
        certificate: &Certificate,
    ) -> Result<ServiceOperation> {
        self.add_certificate(service, request::certificate_file(certificate.der(), "cer", None)).await
    }

    async fn add_certificate(&self, service: &str, body: Element) -> Result<ServiceOperation> {
        let operation = format!("add a certificate to {service}");
        let path = format!("{}/certificates", service_path(service)?);
        self.begin(&operation, Method::POST, &path, Some(body)).await
    }

    /// Deletes a certificate of a cloud service.
    ///
    /// # Errors
    /// `not_found`; `conflict` where a deployment uses it; those of [`ServiceManagement::subscription`].
    pub async fn delete_service_certificate(
        &self,
        service: &str,
        thumbprint: Thumbprint,
    ) -> Result<ServiceOperation> {
        let operation = format!("delete certificate {thumbprint} of {service}");
        let path = format!("{}/certificates/sha1-{thumbprint}", service_path(service)?);
        self.begin(&operation, Method::DELETE, &path, None).await
    }
}
