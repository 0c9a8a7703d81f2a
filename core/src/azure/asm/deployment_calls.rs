//! The calls of the classic API about deployments.

use reqwest::Method;

use super::client::{ServiceManagement, ServiceOperation, found, segment, service_path};
use super::deployment::Deployment;
use super::request::{self, DeploymentRequest, DeploymentStatus, UpgradeMode};
use crate::error::Result;

/// Which deployment of a cloud service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeploymentAt<'a> {
    /// The one in the production slot.
    Production,
    /// The one in the staging slot.
    Staging,
    /// The one of this name.
    Named(&'a str),
}

impl<'a> From<&'a str> for DeploymentAt<'a> {
    /// `Production` and `Staging` are the slots, everything else is a name.
    fn from(text: &'a str) -> Self {
        match text {
            slot if slot.eq_ignore_ascii_case("production") => DeploymentAt::Production,
            slot if slot.eq_ignore_ascii_case("staging") => DeploymentAt::Staging,
            name => DeploymentAt::Named(name),
        }
    }
}

impl DeploymentAt<'_> {
    fn path(self, service: &str) -> Result<String> {
        let service = service_path(service)?;
        Ok(match self {
            DeploymentAt::Production => format!("{service}/deploymentslots/Production"),
            DeploymentAt::Staging => format!("{service}/deploymentslots/Staging"),
            DeploymentAt::Named(name) => format!("{service}/deployments/{}", segment(name)?),
        })
    }
}

impl ServiceManagement {
    /// A deployment; None where there is none.
    ///
    /// # Errors
    /// Those of [`ServiceManagement::subscription`].
    pub async fn deployment(&self, service: &str, at: DeploymentAt<'_>) -> Result<Option<Deployment>> {
        let path = at.path(service)?;
        let read = self.read(&format!("read the deployment of {service}"), &path).await;
        found(read.map(|root| Deployment::read(&root)))
    }

    /// Begins a deployment in a slot.
    ///
    /// # Errors
    /// `conflict` where the slot is occupied; those of [`ServiceManagement::subscription`].
    pub async fn create_deployment(
        &self,
        service: &str,
        at: DeploymentAt<'_>,
        request: &DeploymentRequest,
    ) -> Result<ServiceOperation> {
        let operation = format!("create deployment {} of {service}", request.name);
        let body = request::create_deployment(request);
        self.begin(&operation, Method::POST, &at.path(service)?, Some(body)).await
    }

    /// Begins to give a deployment another configuration: instances, settings, certificates.
    ///
    /// # Errors
    /// `not_found`; those of [`ServiceManagement::subscription`].
    pub async fn change_configuration(
        &self,
        service: &str,
        at: DeploymentAt<'_>,
        configuration: &str,
        extended_properties: &[(String, String)],
    ) -> Result<ServiceOperation> {
        let operation = format!("change the configuration of {service}");
        let path = format!("{}/?comp=config", at.path(service)?);
        let body = request::change_configuration(configuration, extended_properties);
        self.begin(&operation, Method::POST, &path, Some(body)).await
    }

    /// Begins to start or to suspend a deployment.
    ///
    /// # Errors
    /// `not_found`; those of [`ServiceManagement::subscription`].
    pub async fn update_deployment_status(
        &self,
        service: &str,
        at: DeploymentAt<'_>,
        status: DeploymentStatus,
    ) -> Result<ServiceOperation> {
        let verb = if status == DeploymentStatus::Running { "start" } else { "suspend" };
        let path = format!("{}/?comp=status", at.path(service)?);
        let body = request::update_deployment_status(status);
        self.begin(&format!("{verb} {service}"), Method::POST, &path, Some(body)).await
    }

    /// Begins to upgrade a deployment.
    ///
    /// # Errors
    /// `not_found`; those of [`ServiceManagement::subscription`].
    pub async fn upgrade_deployment(
        &self,
        service: &str,
        at: DeploymentAt<'_>,
        request: &DeploymentRequest,
        mode: UpgradeMode,
        force: bool,
    ) -> Result<ServiceOperation> {
        let path = format!("{}/?comp=upgrade", at.path(service)?);
        let body = request::upgrade_deployment(request, mode, force);
        self.begin(&format!("upgrade {service}"), Method::POST, &path, Some(body)).await
    }

    /// Begins to delete instances of a deployment by their names, such as `ProxyService_IN_1`.
    ///
    /// # Errors
    /// `not_found`; those of [`ServiceManagement::subscription`].
    pub async fn delete_role_instances(
        &self,
        service: &str,
        at: DeploymentAt<'_>,
        names: &[String],
    ) -> Result<ServiceOperation> {
        let path = format!("{}/roleinstances/?comp=delete", at.path(service)?);
        let operation = format!("delete instances of {service}");
        self.begin(&operation, Method::POST, &path, Some(request::role_instances(names))).await
    }

    /// Begins to delete a deployment.
    ///
    /// # Errors
    /// `not_found`; those of [`ServiceManagement::subscription`].
    pub async fn delete_deployment(&self, service: &str, at: DeploymentAt<'_>) -> Result<ServiceOperation> {
        let operation = format!("delete the deployment of {service}");
        self.begin(&operation, Method::DELETE, &at.path(service)?, None).await
    }
}
