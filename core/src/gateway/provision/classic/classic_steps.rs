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
use crate::gateway::provision::waiting::Waiting;
use crate::gateway::spec::{CheckedSpec, display_region};
use crate::limits::MANAGEMENT_CERTIFICATE_TIMEOUT;

/// How often a deployment is told to run that somebody else suspends.
const STARTS_MAX: u32 = 3;

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
                Ok(Some(json!({ "ready": ready(deployment.as_ref(), &self.package.role) })))
            }
            _ => Ok(None),
        }
    }

    async fn begin(
        &self,
        resource: &Resource,
        body: &Value,
        spec: &CheckedSpec,
        waiting: &Waiting<'_>,
    ) -> Result<Begun> {
        match resource.how {
            How::ManagementCertificate => self.upload_management(resource, waiting).await,
            How::CloudService => self.put_service(resource, spec).await,
            How::ServiceCertificate => self.upload(resource, spec).await,
            How::Deployment => self.deploy(resource, spec, waiting).await,
            How::Instances => {
                let wanted = body.get("ready").and_then(Value::as_u64).unwrap_or(1) as usize;
                self.run(&resource.path, wanted, waiting).await.map(|()| Begun::Done)
            }
            _ => Ok(Begun::Done),
        }
    }

    async fn finish(&self, under_way: Value, _waiting: &Waiting<'_>) -> Result<()> {
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
    /// Who reads: the management certificate where the service lets it in, else whoever shall upload it.
    pub(super) fn reader(&self, known: &Observed) -> &ServiceManagement {
        let management = known.get("management").and_then(Option::as_ref);
        let is_let_in = management.and_then(|seen| seen.get("is_let_in")).and_then(Value::as_bool);
        match &self.setup {
            Some(setup) if is_let_in != Some(true) => setup,
            _ => &self.azure,
        }
    }

    /// A certificate that was just uploaded is known at once, and let in a moment later.
    async fn observed_management(&self, resource: &Resource) -> Result<Option<Value>> {
        let thumbprint = thumbprint_of(resource)?;
        let is_let_in = match self.azure.subscription().await {
            Ok(_) => true,
            Err(error) if error.kind() == ErrorKind::Auth => match &self.setup {
                Some(setup) if is_known(setup, thumbprint).await? => false,
                Some(_) => return Ok(None),
                None => return Err(self.not_let_in(error)),
            },
            Err(error) => return Err(error),
        };
        Ok(Some(json!({ "thumbprint": thumbprint.to_string(), "is_let_in": is_let_in })))
    }

    /// The error where nobody can upload the management certificate.
    fn not_let_in(&self, error: Error) -> Error {
        let subject = self.management.as_ref().map(|one| one.certificate().subject().to_string());
        let advice = format!(
            "; the subscription does not let in the management certificate {}: give a credential beside it, which uploads it, \
             or upload its .cer by hand and wait some minutes",
            subject.unwrap_or_default()
        );
        error.with_cause_end(&advice)
    }

    async fn upload_management(&self, resource: &Resource, waiting: &Waiting<'_>) -> Result<Begun> {
        let (Some(setup), Some(management)) = (&self.setup, &self.management) else {
            let cause = "it was let in when the plan was made, and is not any more";
            return Err(Error::new(ErrorKind::Auth, format!("use {}", resource.name), cause));
        };
        let certificate = management.certificate();
        if !is_known(setup, certificate.thumbprint()).await?
            && let Err(error) = setup.add_management_certificate(certificate).await
        {
            // Where the answer was lost, or somebody was quicker, it is there.
            match is_known(setup, certificate.thumbprint()).await {
                Ok(true) => {}
                _ => return Err(error),
            }
        }
        waiting.say("uploaded, and not let in yet")?;
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

    async fn deploy(&self, resource: &Resource, spec: &CheckedSpec, waiting: &Waiting<'_>) -> Result<Begun> {
        let service = resource.path.as_str();
        let thumbprint = spec.server.certificate.thumbprint();
        let seen = self.deployment(&self.azure, service).await?;
        let deployed = seen.as_ref().and_then(|seen| seen.configuration.as_deref());
        let count = spec.spec.vm_instance_count;
        let configuration = self.package.configured(service, count, thumbprint, deployed)?;
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
        let operation = match &seen {
            None => self.azure.create_deployment(service, at, &request(text)).await?,
            Some(seen) if seen.configuration.is_none() => {
                // Somebody, or an earlier run, has just begun it.
                self.until(service, "deploy", waiting, |seen| {
                    seen.configuration.is_some() && seen.status != "Deploying"
                })
                .await?;
                return Ok(Begun::Done);
            }
            Some(seen) if has(seen, &identity) => {
                self.azure.change_configuration(service, at, &text, &properties).await?
            }
            Some(_) => {
                self.azure.upgrade_deployment(service, at, &request(text), UpgradeMode::Auto, false).await?
            }
        };
        running(&operation)
    }

    /// Has the deployment run, and waits until each instance is ready.
    pub(super) async fn run(&self, service: &str, wanted: usize, waiting: &Waiting<'_>) -> Result<()> {
        let role = self.package.role.as_str();
        let is_ready =
            |seen: &Deployment| seen.is_ready() && (wanted == 0 || ready(Some(seen), role) == wanted);
        for starts in 0..=STARTS_MAX {
            let is_over = |seen: &Deployment| is_ready(seen) || is_suspended(seen);
            let seen = self.until(service, "start", waiting, is_over).await?;
            if is_ready(&seen) {
                return Ok(());
            }
            if starts < STARTS_MAX {
                // Where somebody is about to suspend it, that operation is waited for first.
                self.set_status(service, DeploymentStatus::Running).await?;
                // What is told lags behind what was done.
                self.timer.sleep(LOOK_EVERY).await;
            }
        }
        let cause = format!("somebody suspends it again and again; it was told to run {STARTS_MAX} times");
        Err(Error::new(ErrorKind::Conflict, format!("start the instances of {service}"), cause))
    }

    pub(super) async fn set_status(&self, service: &str, status: DeploymentStatus) -> Result<()> {
        let at = DeploymentAt::Production;
        let operation = self.azure.update_deployment_status(service, at, status).await?;
        self.azure.finish(&operation).await
    }

    /// Looks again and again until the deployment is as wanted; one that goes never will be.
    pub(super) async fn until(
        &self,
        service: &str,
        verb: &str,
        waiting: &Waiting<'_>,
        is_so: impl Fn(&Deployment) -> bool,
    ) -> Result<Deployment> {
        let start = self.timer.elapsed();
        loop {
            let Some(seen) = self.deployment(&self.azure, service).await? else {
                let cause =
                    "there is no deployment any more: somebody has deleted it; plan and apply the gateway";
                return Err(Error::new(ErrorKind::Conflict, operation_of(verb, service), cause));
            };
            waiting.say(&said(&seen))?;
            if is_so(&seen) {
                return Ok(seen);
            }
            if seen.status == "Deleting" {
                let cause = "somebody is deleting it; wait until it is gone, then plan and apply the gateway";
                return Err(Error::new(ErrorKind::Conflict, operation_of(verb, service), cause));
            }
            if self.timer.elapsed().saturating_sub(start) > INSTANCES_DEADLINE {
                return Err(not_in_time(service, verb, &seen));
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

async fn is_known(setup: &ServiceManagement, thumbprint: Thumbprint) -> Result<bool> {
    let all = setup.management_certificates().await?;
    Ok(all.iter().any(|one| one.thumbprint == Some(thumbprint)))
}

/// Suspended, or about to be: it does not run by itself.
fn is_suspended(seen: &Deployment) -> bool {
    ["Suspended", "Suspending", "SuspendedTransitioning"].contains(&seen.status.as_str())
}

fn operation_of(verb: &str, service: &str) -> String {
    format!("{verb} the instances of {service}")
}

/// How a deployment and its instances are, in the service's words.
fn said(seen: &Deployment) -> String {
    let instances = seen.instances.iter().map(|one| format!("{} {}", one.name, one.status));
    std::iter::once(seen.status.clone()).chain(instances).collect::<Vec<_>>().join(", ")
}

/// The error that tells what the instances say.
fn not_in_time(service: &str, verb: &str, seen: &Deployment) -> Error {
    let late = seen.instances.iter().filter(|one| !one.status.is_ready()).map(|one| {
        let why = one.error_code.as_deref().or(one.details.as_deref()).unwrap_or("no details");
        format!("; {} is {} ({why})", one.name, one.status)
    });
    let seconds = INSTANCES_DEADLINE.as_secs();
    let cause =
        format!("not within {seconds} s: the deployment is {}{}", seen.status, late.collect::<String>());
    Error::new(ErrorKind::TimedOut, operation_of(verb, service), cause)
}
