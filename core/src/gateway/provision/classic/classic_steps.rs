//! The steps of a plan through the classic API.

use serde_json::{Value, json};
use time::OffsetDateTime;

use super::classic_resources::{PACKAGE_PROPERTY, ready, shown_deployment};
use super::{ClassicCloud, INSTANCES_DEADLINE, LOOK_EVERY};
use crate::azure::asm::{
    Deployment, DeploymentAt, DeploymentRequest, DeploymentStatus, ServiceManagement, ServiceOperation,
    UpgradeMode,
};
use crate::cert::{PfxProfile, Thumbprint, write_pfx};
use crate::error::{Error, ErrorKind, Result};
use crate::gateway::provision::comparison::Observed;
use crate::gateway::provision::resource::{How, Resource};
use crate::gateway::provision::steps::{Begun, Steps, random_password};
use crate::gateway::spec::{CheckedSpec, display_region};
use crate::limits::MANAGEMENT_CERTIFICATE_TIMEOUT;

impl Steps for ClassicCloud {
    async fn observe(&self, resource: &Resource, known: &Observed) -> Result<Option<Value>> {
        let azure = self.reader(known);
        let is_there = |key| known.get(key).is_some_and(Option::is_some);
        match resource.how {
            How::ManagementCertificate => self.observed_management(resource).await,
            How::CloudService => Ok(azure.hosted_service(&resource.name).await?.map(|seen| {
                json!({
                    "label": seen.label, "description": seen.description.unwrap_or_default(),
                    "location": seen.location,
                })
            })),
            _ if !is_there("service") => Ok(None),
            How::ServiceCertificate => {
                let thumbprint = thumbprint_of(resource)?;
                let found = azure.service_certificate(&resource.path, thumbprint).await?;
                Ok(found.map(|_| json!({ "thumbprint": thumbprint.to_string() })))
            }
            How::Deployment => {
                Ok(self.deployment(azure, &resource.path).await?.as_ref().map(shown_deployment))
            }
            How::Instances if !is_there("deployment") => Ok(None),
            How::Instances => {
                let deployment = self.deployment(azure, &resource.path).await?;
                Ok(Some(json!({ "ready": ready(deployment.as_ref()) })))
            }
            _ => Ok(None),
        }
    }

    async fn begin(&self, resource: &Resource, body: &Value, spec: &CheckedSpec) -> Result<Begun> {
        match resource.how {
            How::ManagementCertificate => self.upload_management(resource).await,
            How::CloudService => self.put_service(resource, spec).await,
            How::ServiceCertificate => self.upload(resource, spec).await,
            How::Deployment => self.deploy(resource, spec).await,
            How::Instances => {
                let wanted = body.get("ready").and_then(Value::as_u64).unwrap_or(1) as usize;
                self.run(&resource.path, wanted).await.map(|()| Begun::Done)
            }
            _ => Ok(Begun::Done),
        }
    }

    async fn finish(&self, under_way: Value) -> Result<()> {
        let read = serde_json::from_value(under_way);
        let operation: ServiceOperation = read
            .map_err(|error| Error::new(ErrorKind::Protocol, "take up the operation", error.to_string()))?;
        self.azure.finish(&operation).await
    }

    fn now(&self) -> OffsetDateTime {
        self.timer.now()
    }
}

impl ClassicCloud {
    /// Who reads: the management certificate where the subscription knows it, else whoever shall upload it.
    pub(super) fn reader(&self, known: &Observed) -> &ServiceManagement {
        match (&self.setup, known.get("management")) {
            (Some(setup), None | Some(None)) => setup,
            _ => &self.azure,
        }
    }

    async fn observed_management(&self, resource: &Resource) -> Result<Option<Value>> {
        let thumbprint = thumbprint_of(resource)?;
        let is_there = match &self.setup {
            Some(setup) => {
                let all = setup.management_certificates().await?;
                all.iter().any(|one| one.thumbprint == Some(thumbprint))
            }
            None => match self.azure.subscription().await {
                Ok(_) => true,
                Err(error) if error.kind() == ErrorKind::Auth => false,
                Err(error) => return Err(error),
            },
        };
        Ok(is_there.then(|| json!({ "thumbprint": thumbprint.to_string() })))
    }

    async fn upload_management(&self, resource: &Resource) -> Result<Begun> {
        let (Some(setup), Some(management)) = (&self.setup, &self.management) else {
            let cause = "the subscription does not know it: upload it in the portal, or give a credential that may, \
                         then apply again";
            return Err(Error::new(ErrorKind::Auth, format!("use {}", resource.name), cause));
        };
        setup.add_management_certificate(management.certificate()).await?;
        // The service takes a moment to let it in.
        let start = self.timer.elapsed();
        loop {
            let error = match self.azure.subscription().await {
                Ok(_) => return Ok(Begun::Done),
                Err(error) => error,
            };
            let waited = self.timer.elapsed().saturating_sub(start);
            if error.kind() != ErrorKind::Auth || waited > MANAGEMENT_CERTIFICATE_TIMEOUT {
                return Err(error);
            }
            self.timer.sleep(LOOK_EVERY).await;
        }
    }

    async fn put_service(&self, resource: &Resource, spec: &CheckedSpec) -> Result<Begun> {
        let (name, label, location) =
            (resource.name.as_str(), spec.service_name.as_str(), display_region(&spec.spec.region));
        let description = spec.spec.description.as_str();
        match self.azure.hosted_service(name).await? {
            None => {
                let some = Some(description).filter(|text| !text.is_empty());
                self.azure.create_hosted_service(name, label, some, &location, &[]).await?;
            }
            Some(_) => self.azure.update_hosted_service(name, label, Some(description), &[]).await?,
        }
        Ok(Begun::Done)
    }

    async fn upload(&self, resource: &Resource, spec: &CheckedSpec) -> Result<Begun> {
        let thumbprint = thumbprint_of(resource)?;
        let sub_ca = spec.sub_cas.iter().find(|one| one.thumbprint() == thumbprint);
        let operation = match sub_ca {
            Some(sub_ca) => self.azure.add_service_certificate(&resource.path, sub_ca).await?,
            None => {
                let password = random_password()?;
                let pair = std::slice::from_ref(&spec.server);
                // AES is refused there.
                let pfx = write_pfx(pair, &spec.chain, password.expose(), PfxProfile::Windows2016)?;
                let pfx = zeroize::Zeroizing::new(pfx);
                self.azure.add_service_pfx(&resource.path, &pfx, &password).await?
            }
        };
        running(&operation)
    }

    async fn deploy(&self, resource: &Resource, spec: &CheckedSpec) -> Result<Begun> {
        let service = resource.path.as_str();
        let thumbprint = spec.server.certificate.thumbprint();
        let configuration = self.package.configured(service, spec.spec.vm_instance_count, thumbprint)?;
        let identity = self.package.identity();
        let properties = vec![(PACKAGE_PROPERTY.to_owned(), identity.clone())];
        let (at, text) = (DeploymentAt::Production, configuration.to_xml());
        let request = |text| DeploymentRequest {
            name: resource.name.clone(),
            package_url: self.package.url.clone(),
            label: spec.service_name.clone(),
            configuration: text,
            start: true,
            extended_properties: properties.clone(),
        };
        let operation = match self.deployment(&self.azure, service).await? {
            None => self.azure.create_deployment(service, at, &request(text)).await?,
            Some(seen) if seen.configuration.is_none() => {
                // Somebody, or an earlier run, has just begun it.
                self.until(service, "deploy", |seen| {
                    seen.is_some_and(|seen| seen.configuration.is_some() && seen.status != "Deploying")
                })
                .await?;
                return Ok(Begun::Done);
            }
            Some(seen) if has(&seen, &identity) => {
                self.azure.change_configuration(service, at, &text, &properties).await?
            }
            Some(_) => {
                self.azure.upgrade_deployment(service, at, &request(text), UpgradeMode::Auto, false).await?
            }
        };
        running(&operation)
    }

    /// Has the deployment run, and waits until each instance is ready.
    pub(super) async fn run(&self, service: &str, wanted: usize) -> Result<()> {
        let seen = self.deployment(&self.azure, service).await?;
        if seen.is_some_and(|seen| ["Suspended", "SuspendedTransitioning"].contains(&seen.status.as_str())) {
            self.set_status(service, DeploymentStatus::Running).await?;
        }
        let is_so = |seen: Option<&Deployment>| {
            seen.is_some_and(|seen| seen.is_ready() && (wanted == 0 || seen.instances.len() == wanted))
        };
        self.until(service, "start", is_so).await
    }

    pub(super) async fn set_status(&self, service: &str, status: DeploymentStatus) -> Result<()> {
        let at = DeploymentAt::Production;
        let operation = self.azure.update_deployment_status(service, at, status).await?;
        self.azure.finish(&operation).await
    }

    /// Looks again and again until the deployment is as wanted.
    pub(super) async fn until(
        &self,
        service: &str,
        verb: &str,
        is_so: impl Fn(Option<&Deployment>) -> bool,
    ) -> Result<()> {
        let start = self.timer.elapsed();
        loop {
            let seen = self.deployment(&self.azure, service).await?;
            if is_so(seen.as_ref()) {
                return Ok(());
            }
            if self.timer.elapsed().saturating_sub(start) > INSTANCES_DEADLINE {
                return Err(not_in_time(service, verb, seen.as_ref()));
            }
            self.timer.sleep(LOOK_EVERY).await;
        }
    }

    pub(super) async fn deployment(
        &self,
        azure: &ServiceManagement,
        service: &str,
    ) -> Result<Option<Deployment>> {
        azure.deployment(service, DeploymentAt::Production).await
    }
}

fn has(deployment: &Deployment, identity: &str) -> bool {
    deployment.extended_properties.iter().any(|(name, value)| name == PACKAGE_PROPERTY && value == identity)
}

fn thumbprint_of(resource: &Resource) -> Result<Thumbprint> {
    Thumbprint::from_hex(resource.body.get("thumbprint").and_then(Value::as_str).unwrap_or_default())
}

fn running(operation: &ServiceOperation) -> Result<Begun> {
    let kept = serde_json::to_value(operation)
        .map_err(|error| Error::new(ErrorKind::Internal, "store the operation", error.to_string()))?;
    Ok(Begun::Running(kept))
}

/// The error that tells what the instances say.
fn not_in_time(service: &str, verb: &str, seen: Option<&Deployment>) -> Error {
    let said = seen.map_or_else(
        || "there is no deployment".to_owned(),
        |seen| {
            let late = seen.instances.iter().filter(|one| !one.status.is_ready());
            let late = late.map(|one| {
                let why = one.error_code.as_deref().or(one.details.as_deref()).unwrap_or("no details");
                format!("{} is {} ({why})", one.name, one.status)
            });
            std::iter::once(format!("the deployment is {}", seen.status))
                .chain(late)
                .collect::<Vec<_>>()
                .join("; ")
        },
    );
    let cause = format!("not within {} s: {said}; see to it, then apply again", INSTANCES_DEADLINE.as_secs());
    Error::new(ErrorKind::TimedOut, format!("{verb} the instances of {service}"), cause)
}
