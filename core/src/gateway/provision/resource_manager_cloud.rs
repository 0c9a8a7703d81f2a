//! The Azure Resource Manager as the place where a gateway runs: looks at resources and makes them.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use time::OffsetDateTime;

use super::apply::apply;
use super::cloud::{ProgressFn, boxed_cloud};
use super::comparison::{Observed, is_open};
use super::lifecycle::machine_state;
use super::plan::{self, GatewayPlan};
use super::resource::{How, Resource};
use super::row::{RowPlace, with_row};
use super::steps::{Begun, Steps, random_password};
use super::waiting::{Waiting, planning_failed};
use super::wanted::{self, Place};
use crate::azure::{AzureOptions, Credential, KeyVault, Operation, ResourceManager, is_same_location};
use crate::cert::{PfxProfile, write_pfx};
use crate::error::{Error, ErrorKind, Result};
use crate::gateway::Gateway;
use crate::gateway::spec::{CheckedSpec, GatewaySpec};
use crate::site::Site;

/// What it is called in plans.
pub(super) const NAME: &str = "Azure Resource Manager";
/// How often the instances are looked at until they run.
const LOOK_EVERY: Duration = Duration::from_secs(10);
/// How long they are given.
const INSTANCES_DEADLINE: Duration = Duration::from_secs(1800);
/// How long a resource group that is being deleted is waited for.
const GROUP_DEADLINE: Duration = Duration::from_secs(3600);

/// A subscription of the Azure Resource Manager as the place where gateways run: on machines of a scale set.
///
/// Not tried against a live subscription: checked against recorded exchanges and a simulator made after them.
///
/// ```
/// use cmgateway::Secret;
/// use cmgateway::azure::{AzureOptions, Credential};
/// use cmgateway::gateway::provision::ResourceManagerCloud;
/// let token = Credential::Token(Secret::new("x"));
/// let cloud = ResourceManagerCloud::new(AzureOptions::default(), "00000000-0000-0000-0000-000000000001", token)?;
/// assert_eq!(cloud.manager().subscription_id(), "00000000-0000-0000-0000-000000000001");
/// # Ok::<(), cmgateway::Error>(())
/// ```
#[derive(Debug)]
pub struct ResourceManagerCloud {
    options: AzureOptions,
    credential: Credential,
    manager: ResourceManager,
}

impl ResourceManagerCloud {
    /// Checks the options; connects to nothing yet.
    ///
    /// # Errors
    /// Those of [`ResourceManager::new`].
    pub fn new(options: AzureOptions, subscription_id: &str, credential: Credential) -> Result<Self> {
        let manager = ResourceManager::new(&options, subscription_id, &credential)?;
        Ok(ResourceManagerCloud { options, credential, manager })
    }

    /// The Resource Manager, for calls of one's own.
    pub fn manager(&self) -> &ResourceManager {
        &self.manager
    }

    /// Says what creating or changing the gateway would do; nothing is changed.
    ///
    /// # Errors
    /// `config` with every rule of the spec that is broken; those of reading from Azure.
    pub async fn plan(&self, spec: &GatewaySpec) -> Result<GatewayPlan> {
        let now = self.options.timer.now();
        let spec = Arc::new(spec.check(now).await?);
        let resources = self.wanted(&spec).await.map_err(planning_failed)?;
        let observed = self.observe_all(&resources).await.map_err(planning_failed)?;
        if spec.spec.is_using_existing_group {
            check_existing_group(&spec, &observed)?;
        }
        let warnings = plan::azure_warnings(&spec);
        Ok(plan::plan(spec, NAME, resources, &observed, warnings))
    }

    /// As [`ResourceManagerCloud::plan`], and says what would change in the gateway's row in this site, which holds what no cloud does: roots,
    /// thresholds, switches.
    ///
    /// # Errors
    /// Those of [`ResourceManagerCloud::plan`] and of reading from the site.
    pub async fn plan_in(&self, site: &Site, spec: &GatewaySpec) -> Result<GatewayPlan> {
        let plan = self.plan(spec).await?;
        let place = RowPlace::resource_manager(&plan.spec);
        with_row(plan, site, &place).await
    }

    /// Says what creating the gateway in an empty subscription would do; asks nobody.
    ///
    /// # Errors
    /// `config` with every rule of the spec that is broken.
    pub async fn plan_offline(spec: &GatewaySpec, now: OffsetDateTime) -> Result<GatewayPlan> {
        let spec = Arc::new(spec.check(now).await?);
        let tenant_id = spec.spec.tenant_id.clone().unwrap_or_default();
        let group_path =
            format!("/subscriptions/{}/resourceGroups/{}", spec.spec.subscription_id, spec.group());
        let place = Place { spec: &spec, group_path, tenant_id, object_id: String::new() };
        let resources = wanted::resources(&place)?;
        let warnings = plan::azure_warnings(&spec);
        Ok(plan::plan(Arc::clone(&spec), NAME, resources, &Observed::new(), warnings))
    }

    /// Does what a plan says: makes each resource that is not yet as wanted, reads it back, and keeps the gateway in the site.
    ///
    /// Where it is is written into the site after each step, so that a run that was killed is taken up by the next one, without
    /// anything made twice: each step looks before it acts, and an operation that was under way is asked about. Nothing is
    /// rolled back. Safe to call twice.
    ///
    /// # Errors
    /// `unsupported` for a site that is not embedded; `stopped` where `progress` says so; `conflict` where a resource is not as
    /// wanted after it was made; those of Azure, with what to do.
    pub async fn apply(&self, site: &Site, plan: &GatewayPlan, progress: &ProgressFn<'_>) -> Result<Gateway> {
        apply(self, &RowPlace::resource_manager(&plan.spec), site, plan, progress).await
    }

    async fn wanted(&self, spec: &CheckedSpec) -> Result<Vec<Resource>> {
        spec.check_for_azure(true)?;
        spec.check_place(self.options.environment, self.manager.subscription_id())?;
        let (tenant_id, object_id) = self.manager.caller().await?;
        let missing = |what: &str| {
            let cause = format!("the token does not tell {what}, which the key vault wants to know");
            Error::new(ErrorKind::Auth, "plan the gateway", cause)
        };
        let place = Place {
            spec,
            group_path: self.manager.group_path(&spec.group()),
            tenant_id: tenant_id.or(spec.spec.tenant_id.clone()).ok_or_else(|| missing("its tenant"))?,
            object_id: object_id.ok_or_else(|| missing("whose it is (oid)"))?,
        };
        wanted::resources(&place)
    }

    /// The instances with their power states.
    async fn machine_states(&self, resource: &Resource) -> Result<Vec<(String, String)>> {
        let path = format!("{}/virtualMachines?$expand=instanceView", resource.path);
        let instances = self.manager.list(&path, resource.api_version).await?;
        let text = |one: &Value, name: &str| one.get(name).and_then(Value::as_str).map(str::to_owned);
        let name = |one: &Value| text(one, "name").or_else(|| text(one, "instanceId")).unwrap_or_default();
        Ok(instances.iter().map(|one| (name(one), machine_state(one).to_owned())).collect())
    }

    async fn put(&self, resource: &Resource, body: &Value) -> Result<Begun> {
        let begun = self.manager.begin("PUT", &resource.path, resource.api_version, Some(body), None).await?;
        let kept = serde_json::to_value(begun)
            .map_err(|error| Error::new(ErrorKind::Internal, "store the operation", error.to_string()))?;
        Ok(Begun::Running(kept))
    }

    async fn is_vault_deleted(&self, resource: &Resource, spec: &CheckedSpec) -> Result<bool> {
        let subscription = self.manager.subscription_id();
        let path = format!(
            "/subscriptions/{subscription}/providers/Microsoft.KeyVault/locations/{}/deletedVaults/{}",
            spec.region(),
            resource.name
        );
        Ok(self.manager.get(&path, resource.api_version).await?.is_some())
    }

    async fn wait_until_deleted(&self, resource: &Resource, waiting: &Waiting<'_>) -> Result<()> {
        let start = self.manager.elapsed();
        while self
            .manager
            .get(&resource.path, resource.api_version)
            .await?
            .is_some_and(|seen| is_state(&seen, "deleting"))
        {
            if self.manager.elapsed().saturating_sub(start) > GROUP_DEADLINE {
                let cause = "a group of this name is still being deleted; see in the portal what holds it";
                return Err(Error::new(
                    ErrorKind::TimedOut,
                    format!("create resource group {}", resource.name),
                    cause,
                ));
            }
            waiting.say("a group of this name is still being deleted")?;
            self.manager.pause(LOOK_EVERY).await;
        }
        Ok(())
    }

    async fn wait_until_running(
        &self,
        resource: &Resource,
        body: &Value,
        waiting: &Waiting<'_>,
    ) -> Result<()> {
        let wanted = body.get("running").and_then(Value::as_u64).unwrap_or(1);
        let start = self.manager.elapsed();
        loop {
            let states = self.machine_states(resource).await?;
            let said: Vec<_> = states.iter().map(|(name, state)| format!("{name} {state}")).collect();
            waiting.say(&said.join(", "))?;
            let running = running(&states);
            if running == wanted {
                return Ok(());
            }
            if self.manager.elapsed().saturating_sub(start) > INSTANCES_DEADLINE {
                let said = said.join(", ");
                let cause = format!("{running} of {wanted} run ({said}); see their status in the portal");
                return Err(Error::new(ErrorKind::TimedOut, "wait for the instances", cause));
            }
            self.manager.pause(LOOK_EVERY).await;
        }
    }

    fn vault(&self, resource: &Resource) -> Result<KeyVault> {
        KeyVault::new(&self.options, resource.path.rsplit('/').next().unwrap_or_default(), &self.credential)
    }
}

impl Steps for ResourceManagerCloud {
    async fn observe(&self, resource: &Resource, known: &Observed) -> Result<Option<Value>> {
        let is_there = |key| known.get(key).is_some_and(Option::is_some);
        match resource.how {
            How::Provider => {
                let state = self.manager.provider_state(&resource.name).await?;
                Ok(Some(json!({ "registrationState": state })))
            }
            // What is in a group that goes is gone.
            How::Put | How::Vault if !is_there("group") => Ok(None),
            How::VaultCertificate if !is_there("vault") => Ok(None),
            How::Instances if !is_there("vmss") => Ok(None),
            How::VaultCertificate => {
                let found = self.vault(resource)?.certificate(&resource.name).await?;
                Ok(found.map(|one| {
                    let thumbprint = one.thumbprint.map(|thumbprint| thumbprint.to_string());
                    json!({ "thumbprint": thumbprint, "secret_id": one.secret_id })
                }))
            }
            How::Instances => Ok(Some(json!({ "running": running(&self.machine_states(resource).await?) }))),
            How::Put | How::Vault | How::Group { .. } => {
                let seen = self.manager.get(&resource.path, resource.api_version).await?;
                Ok(seen.filter(|seen| !is_state(seen, "deleting")))
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
        if is_open(body) {
            let cause = "it refers to a resource that is not there";
            return Err(Error::new(
                ErrorKind::Conflict,
                format!("make {} {}", resource.kind, resource.name),
                cause,
            ));
        }
        match resource.how {
            How::Provider => self.manager.register_provider(&resource.name).await.map(|()| Begun::Done),
            How::Group { existing: true } => {
                let cause = "the spec says that it is there already, and it is not";
                Err(Error::new(ErrorKind::NotFound, format!("use resource group {}", resource.name), cause))
            }
            How::Group { existing: false } => {
                self.wait_until_deleted(resource, waiting).await?;
                self.put(resource, body).await
            }
            How::Put => self.put(resource, body).await,
            How::Vault => {
                let mut body = body.clone();
                if let (true, Some(body)) =
                    (self.is_vault_deleted(resource, spec).await?, body.as_object_mut())
                {
                    let properties = body.get_mut("properties").and_then(Value::as_object_mut);
                    properties.map(|properties| properties.insert("createMode".into(), "recover".into()));
                }
                self.put(resource, &body).await
            }
            How::VaultCertificate => {
                let password = random_password()?;
                let pair = std::slice::from_ref(&spec.server);
                let pfx = zeroize::Zeroizing::new(write_pfx(
                    pair,
                    &spec.chain,
                    password.expose(),
                    PfxProfile::Modern,
                )?);
                let bits = spec.server.certificate.key_size_bits().unwrap_or(2048);
                let vault = self.vault(resource)?;
                vault
                    .import_certificate(&resource.name, &pfx, Some(&password), bits)
                    .await
                    .map(|_| Begun::Done)
            }
            How::Instances => self.wait_until_running(resource, body, waiting).await.map(|()| Begun::Done),
            _ => Ok(Begun::Done),
        }
    }

    async fn finish(&self, under_way: Value, _waiting: &Waiting<'_>) -> Result<()> {
        let read = serde_json::from_value(under_way);
        let mut operation: Operation = read
            .map_err(|error| Error::new(ErrorKind::Protocol, "take up the operation", error.to_string()))?;
        self.manager.finish(&mut operation).await.map(drop)
    }

    fn now(&self) -> OffsetDateTime {
        self.options.timer.now()
    }
}

fn running(states: &[(String, String)]) -> u64 {
    states.iter().filter(|(_, state)| state == "running").count() as u64
}

fn is_state(seen: &Value, state: &str) -> bool {
    let seen = seen.pointer("/properties/provisioningState").and_then(Value::as_str);
    seen.is_some_and(|seen| seen.eq_ignore_ascii_case(state))
}

fn check_existing_group(spec: &CheckedSpec, observed: &Observed) -> Result<()> {
    let operation = format!("use resource group {}", spec.group());
    let Some(seen) = observed.get("group").and_then(Option::as_ref) else {
        let cause = "the spec says that it is there already, and it is not";
        return Err(Error::new(ErrorKind::NotFound, operation, cause));
    };
    let location = seen.get("location").and_then(Value::as_str).unwrap_or_default();
    if is_same_location(location, &spec.spec.region) {
        return Ok(());
    }
    let cause = format!("it lies in {location}, the gateway shall be in {}", spec.spec.region);
    Err(Error::new(ErrorKind::Config, operation, cause))
}

boxed_cloud!(ResourceManagerCloud, NAME);
