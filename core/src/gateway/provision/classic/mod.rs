//! The classic API as the place where gateways run: a cloud service with a deployment of Microsoft's package.

mod classic_resources;
mod classic_steps;
mod package;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

pub use self::package::ClassicPackage;
use super::apply::apply;
use super::cloud::{CloudInstance, ProgressFn, boxed_cloud};
use super::comparison::Observed;
use super::plan::{self, GatewayPlan};
use super::row::{RowPlace, set_state, with_row};
use super::steps::Steps;
use super::waiting::{Waiting, planning_failed};
use crate::azure::asm::{DeploymentAt, DeploymentStatus, ManagementCertificate, ServiceManagement};
use crate::azure::{AzureEnvironment, AzureOptions, Credential};
use crate::error::{Error, ErrorKind, Result};
use crate::gateway::spec::{CheckedSpec, GatewaySpec, display_region};
use crate::gateway::{Gateway, GatewayState};
use crate::net::Timer;
use crate::site::Site;
use crate::wmi::Instance;

/// What it is called in plans.
const NAME: &str = "Azure classic";
/// How often a deployment is looked at.
const LOOK_EVERY: Duration = Duration::from_secs(10);
/// How long its instances are given.
const INSTANCES_DEADLINE: Duration = Duration::from_secs(3600);

/// A subscription of the classic API as the place where gateways run: role instances of a cloud service.
///
/// The gateway of 2016 ran there. The service was switched off on 2024-08-31, so this never met it: it is checked against
/// recorded exchanges and a simulator made after them. The package is Microsoft's; whoever calls says where it lies.
///
/// ```
/// use cmgateway::azure::{AzureOptions, asm::ManagementCertificate};
/// use cmgateway::gateway::provision::{ClassicCloud, ClassicPackage, Cloud};
/// use time::macros::datetime;
/// let management = ManagementCertificate::make("CMG management", datetime!(2026-01-01 00:00 UTC), 365)?;
/// let mut package = ClassicPackage::new("https://gfstore.blob.core.windows.net/packages/cmg.cspkg?sig=x");
/// package.certificate_name = Some("ServerCertificate".into());
/// let subscription = "00000000-0000-0000-0000-000000000001";
/// let cloud = ClassicCloud::new(&AzureOptions::default(), subscription, Some(management), None, package)?;
/// assert_eq!(cloud.name(), "Azure classic");
/// # Ok::<(), cmgateway::Error>(())
/// ```
pub struct ClassicCloud {
    /// Shows the management certificate, where there is one.
    azure: ServiceManagement,
    /// Uploads the management certificate.
    setup: Option<ServiceManagement>,
    management: Option<ManagementCertificate>,
    package: ClassicPackage,
    environment: AzureEnvironment,
    timer: Arc<dyn Timer>,
}

impl ClassicCloud {
    /// Checks options and package; connects to nothing yet.
    ///
    /// With a management certificate every call shows it. A credential beside it uploads the certificate where the subscription
    /// does not know it yet; a credential alone makes every call with its tokens.
    ///
    /// # Errors
    /// `config` where neither is given, for a package that cannot be, for an address or a subscription id that cannot be.
    pub fn new(
        options: &AzureOptions,
        subscription_id: &str,
        management: Option<ManagementCertificate>,
        credential: Option<Credential>,
        package: ClassicPackage,
    ) -> Result<Self> {
        package.check()?;
        let by_token = credential
            .map(|credential| ServiceManagement::with_credential(options, subscription_id, &credential))
            .transpose()?;
        let (azure, setup) = match (&management, by_token) {
            (Some(management), setup) => {
                (ServiceManagement::new(options, subscription_id, management)?, setup)
            }
            (None, Some(azure)) => (azure, None),
            (None, None) => {
                let cause = "certificate or credential: one of them is needed";
                return Err(Error::new(ErrorKind::Config, "use the classic API", cause));
            }
        };
        let (environment, timer) = (options.environment, Arc::clone(&options.timer));
        Ok(ClassicCloud { azure, setup, management, package, environment, timer })
    }

    /// The classic API, for calls of one's own.
    pub fn service_management(&self) -> &ServiceManagement {
        &self.azure
    }

    /// Says what creating or changing the gateway would do; nothing is changed.
    ///
    /// Certificates of the cloud service that the spec does not name are left alone, and told of in a warning.
    ///
    /// # Errors
    /// `config` with every rule of the spec that is broken, and where the cloud service lies in another region; `conflict` where
    /// its name is taken by somebody else; those of the classic API.
    pub async fn plan(&self, spec: &GatewaySpec) -> Result<GatewayPlan> {
        let spec = Arc::new(spec.check(self.now()).await?);
        spec.check_place(self.environment, self.azure.subscription_id())?;
        let resources = classic_resources::resources(&spec, &self.package, self.management.as_ref())?;
        let observed = self.observe_all(&resources).await.map_err(planning_failed)?;
        self.check_service(&spec, &observed).await.map_err(planning_failed)?;
        let warnings = self.warnings(&spec, &observed).await.map_err(planning_failed)?;
        Ok(plan::plan(spec, NAME, resources, &observed, warnings))
    }

    /// As [`ClassicCloud::plan`], and says what would change in the gateway's row in this site, which holds what no cloud does: roots,
    /// thresholds, switches.
    ///
    /// # Errors
    /// Those of [`ClassicCloud::plan`] and of reading from the site.
    pub async fn plan_in(&self, site: &Site, spec: &GatewaySpec) -> Result<GatewayPlan> {
        let plan = self.plan(spec).await?;
        let place = self.row_place(&plan.spec);
        with_row(plan, site, &place).await
    }

    /// Does what a plan says: uploads certificates, creates the cloud service and its deployment, and waits until every instance
    /// is `ReadyRole`; then keeps the gateway in the site.
    ///
    /// Where it is is written into the site after each step, so that a run that was killed is taken up by the next one, without
    /// anything made twice. Nothing is rolled back. Safe to call twice.
    ///
    /// # Errors
    /// `unsupported` for a site that is not embedded; `stopped` where `progress` says so; `timed_out` with what the instances say
    /// where they do not get ready; those of the classic API, with what to do.
    pub async fn apply(&self, site: &Site, plan: &GatewayPlan, progress: &ProgressFn<'_>) -> Result<Gateway> {
        apply(self, &self.row_place(&plan.spec), site, plan, progress).await
    }

    fn row_place(&self, spec: &CheckedSpec) -> RowPlace {
        RowPlace {
            fqdn: self.fqdn(&spec.prefix),
            group: String::new(),
            model: None,
            management: self.management.as_ref().map(|one| one.certificate().clone()),
        }
    }

    /// Starts the deployment of a gateway that was stopped, and waits until every instance is `ReadyRole`.
    ///
    /// # Errors
    /// `not_found` where the site or the subscription has no such gateway; those of [`ClassicCloud::apply`].
    pub async fn start(&self, site: &Site, service_name: &str, progress: &ProgressFn<'_>) -> Result<()> {
        let waiting = Waiting::of_call(progress, "start", service_name);
        let work = async {
            let (mut row, service) = self.locate(site, service_name).await?;
            set_state(site, &mut row, GatewayState::Starting).await?;
            self.run(&service, 0, &waiting).await?;
            set_state(site, &mut row, GatewayState::Ready).await
        };
        waiting.during(work).await?;
        waiting.tell("done")
    }

    /// Suspends the deployment of a gateway; it can be started again, and costs the same meanwhile.
    ///
    /// # Errors
    /// Those of [`ClassicCloud::start`].
    pub async fn stop(&self, site: &Site, service_name: &str, progress: &ProgressFn<'_>) -> Result<()> {
        let waiting = Waiting::of_call(progress, "stop", service_name);
        let work = async {
            let (mut row, service) = self.locate(site, service_name).await?;
            set_state(site, &mut row, GatewayState::Stopping).await?;
            self.set_status(&service, DeploymentStatus::Suspended).await?;
            self.until(&service, "stop", &waiting, |seen| seen.status == "Suspended").await?;
            set_state(site, &mut row, GatewayState::Stopped).await
        };
        waiting.during(work).await?;
        waiting.tell("done")
    }

    /// Deletes the deployment of a gateway, its cloud service with the certificates, then its row in the site.
    ///
    /// The management certificate stays in the subscription. Safe to call twice.
    ///
    /// # Errors
    /// `not_found` where the site has no such gateway; those of the classic API.
    pub async fn delete(&self, site: &Site, service_name: &str, progress: &ProgressFn<'_>) -> Result<()> {
        let waiting = Waiting::of_call(progress, "delete", service_name);
        waiting.during(self.delete_all(site, service_name, &waiting)).await?;
        waiting.tell("done")
    }

    async fn delete_all(&self, site: &Site, service_name: &str, waiting: &Waiting<'_>) -> Result<()> {
        let (mut row, service) = self.row(site, service_name).await?;
        set_state(site, &mut row, GatewayState::Deleting).await?;
        if self.deployment(&self.azure, &service).await?.is_some() {
            waiting.say("the deployment is being deleted")?;
            let operation = self.azure.delete_deployment(&service, DeploymentAt::Production).await?;
            self.azure.finish(&operation).await?;
        }
        self.azure.delete_hosted_service(&service).await?;
        match row.path() {
            Some(path) => site.delete(path).await,
            None => Ok(()),
        }
    }

    /// The role instances of a gateway with their states, such as `BusyRole` or `ReadyRole`.
    ///
    /// # Errors
    /// Those of [`ClassicCloud::start`].
    pub async fn instances(&self, site: &Site, service_name: &str) -> Result<Vec<CloudInstance>> {
        let (_, service) = self.locate(site, service_name).await?;
        let deployment = self.deployment(&self.azure, &service).await?;
        let runs = deployment.as_ref().is_some_and(|deployment| deployment.status == "Running");
        let instances = deployment.map(|deployment| deployment.instances).unwrap_or_default();
        let shown = instances.into_iter().map(|one| CloudInstance {
            is_ready: runs && one.status.is_ready(),
            state: one.status.to_string(),
            name: one.name,
            address: format!("{}:443", self.fqdn(&service)),
            ..CloudInstance::default()
        });
        Ok(shown.collect())
    }

    fn fqdn(&self, prefix: &str) -> String {
        format!("{prefix}.{}", self.environment.classic_suffix())
    }

    async fn row(&self, site: &Site, service_name: &str) -> Result<(Instance, String)> {
        let row = Gateway::find(site, service_name).await?.instance().await?;
        let service = row.text("Name").unwrap_or_default().to_owned();
        if service.is_empty() {
            let cause = "the site does not tell its cloud service (Name)";
            return Err(Error::new(ErrorKind::NotFound, format!("find {service_name} in Azure"), cause));
        }
        Ok((row, service))
    }

    /// The gateway's row and its cloud service, which has a deployment.
    async fn locate(&self, site: &Site, service_name: &str) -> Result<(Instance, String)> {
        let (row, service) = self.row(site, service_name).await?;
        if self.deployment(&self.azure, &service).await?.is_none() {
            let cause = format!("cloud service {service} has no deployment; apply the gateway's plan");
            return Err(Error::new(ErrorKind::NotFound, format!("find {service_name} in Azure"), cause));
        }
        Ok((row, service))
    }

    /// What no step could put right.
    async fn check_service(&self, spec: &CheckedSpec, observed: &Observed) -> Result<()> {
        let (name, wanted) = (spec.prefix.as_str(), display_region(&spec.spec.region));
        let operation = format!("plan cloud service {name}");
        let Some(seen) = observed.get("service").and_then(Option::as_ref) else {
            let availability = self.reader(observed).name_availability(name).await?;
            if availability.is_available {
                return Ok(());
            }
            let why = availability.reason.unwrap_or_else(|| "no reason given".to_owned());
            let cause = format!("the name cannot be had ({why}): choose another service_name");
            return Err(Error::new(ErrorKind::Conflict, operation, cause));
        };
        let location = seen.get("location").and_then(serde_json::Value::as_str).unwrap_or_default();
        if location.is_empty() || crate::azure::is_same_location(location, &wanted) {
            return Ok(());
        }
        let cause =
            format!("it lies in {location}, not in {wanted}, and does not move: delete the gateway first");
        Err(Error::new(ErrorKind::Config, operation, cause))
    }

    async fn warnings(&self, spec: &CheckedSpec, observed: &Observed) -> Result<Vec<String>> {
        let mut warnings = vec!["the classic API was switched off on 2024-08-31".to_owned()];
        let fqdn = self.fqdn(&spec.prefix);
        if !spec.service_name.eq_ignore_ascii_case(&fqdn) {
            warnings.push(format!("the public DNS needs a CNAME from {} to {fqdn}", spec.service_name));
        }
        if spec.roots.is_empty() {
            warnings
                .push("no root is given: clients with a certificate of a PKI will not be let in".to_owned());
        }
        if observed.get("service").is_some_and(Option::is_some) {
            let there = self.reader(observed).service_certificates(&spec.prefix).await?;
            let wanted: Vec<_> = std::iter::once(&spec.server.certificate)
                .chain(&spec.sub_cas)
                .map(|one| Some(one.thumbprint()))
                .collect();
            let others = there.iter().filter(|one| !wanted.contains(&one.thumbprint)).count();
            if others > 0 {
                warnings.push(format!("{others} other certificates of the cloud service stay there"));
            }
        }
        Ok(warnings)
    }
}

impl fmt::Debug for ClassicCloud {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The package's address may hold a signature.
        f.debug_struct("ClassicCloud")
            .field("subscription_id", &self.azure.subscription_id())
            .field("package", &self.package.identity())
            .finish_non_exhaustive()
    }
}

boxed_cloud!(ClassicCloud, NAME);
