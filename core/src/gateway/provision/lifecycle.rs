//! The gateway's row in the site, and its life after it was made: start, stop, delete.

use serde_json::Value;

use super::cloud::CloudInstance;
use super::resource_manager_cloud::ResourceManagerCloud;
use super::wanted::{COMPUTE, GROUPS, VAULTS};
use crate::azure::AzureEnvironment;
use crate::error::{Error, ErrorKind, Result};
use crate::gateway::Gateway;
use crate::gateway::spec::{CheckedSpec, display_region};
use crate::site::{PutMode, Site};
use crate::wmi::Instance;

/// `SMS_AzureService.State`, as two independent scripts have it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    Ready = 0,
    Provisioning = 1,
    Starting = 4,
    Stopping = 5,
    Stopped = 6,
    Deleting = 99,
}

/// Where a gateway lies, as its row tells it.
pub(super) struct RowPlace {
    pub(super) fqdn: String,
    /// `AffinityGroup`: the resource group.
    pub(super) group: String,
    /// `DeploymentModel`, where its value is known.
    pub(super) model: Option<u32>,
}

impl RowPlace {
    pub(super) fn resource_manager(spec: &CheckedSpec) -> Self {
        RowPlace { fqdn: spec.regional_name(), group: spec.group(), model: Some(1) }
    }
}

/// Creates or changes the gateway's row and gives its `AzureServiceID`.
pub(super) async fn record(site: &Site, spec: &CheckedSpec, place: &RowPlace, state: State) -> Result<i128> {
    let mut instance = match Gateway::find(site, &spec.service_name).await {
        Ok(gateway) => gateway.instance().await?,
        Err(error) if error.kind() == ErrorKind::NotFound => site.new_instance("SMS_AzureService").await?,
        Err(error) => return Err(error),
    };
    fill(&mut instance, spec, place)?;
    instance.set("SiteCode", site.code().await?.as_str())?;
    instance.set("State", state as u32)?;
    site.put(&mut instance, PutMode::CreateOrUpdate).await?;
    let gateway = Gateway::find(site, &spec.service_name).await?;
    let id = gateway.instance().await?.get("AzureServiceID").and_then(|id| id.as_integer());
    id.ok_or_else(|| {
        Error::new(ErrorKind::Protocol, "record the gateway", "the site gave it no AzureServiceID")
    })
}

fn fill(instance: &mut Instance, checked: &CheckedSpec, place: &RowPlace) -> Result<()> {
    let spec = &checked.spec;
    instance.set("ServiceType", "CloudProxyService")?;
    instance.set("ServiceCName", checked.service_name.as_str())?;
    instance.set("Name", checked.prefix.as_str())?;
    instance.set("Description", spec.description.as_str())?;
    instance.set("DeploymentSlot", "Production")?;
    instance.set("Region", display_region(&spec.region))?;
    instance.set("Fqdn", place.fqdn.as_str())?;
    instance.set("SubscriptionID", spec.subscription_id.as_str())?;
    instance.set("AffinityGroup", place.group.as_str())?;
    instance.set("NumberOfInstances", spec.vm_instance_count)?;
    if let Some(model) = place.model {
        instance.set("DeploymentModel", model)?;
    }
    if spec.environment_setting == AzureEnvironment::PublicCloud {
        // The value for the government's cloud is not known.
        instance.set("AzureEnvironmentId", 1_u32)?;
    }
    instance.set("ServiceThumbprint", checked.server.certificate.thumbprint().to_string())?;
    instance.set("ServiceThumbprintAlgorithm", "SHA1")?;
    instance.set("ServiceCertificate", checked.server.certificate.to_pem())?;
    instance.set("RootCertificate", pem(&checked.roots))?;
    instance.set("SubCACertificate", pem(&checked.sub_cas))?;
    let thumbprints: Vec<_> = checked.sub_cas.iter().map(|one| one.thumbprint().to_string()).collect();
    instance.set("SubCACertThumbprint", thumbprints.join(";"))?;
    instance.set("ClientCertRevocationEnabled", spec.check_client_cert_revocation)?;
    // SecurityProtocolType.Tls12 of .NET.
    instance.set("ProxySecurityProtocol", if spec.enforce_protocol { 3072_u32 } else { 0 })?;
    instance.set(
        "StorageServiceName",
        if spec.enable_cloud_dp_function { checked.prefix.as_str() } else { "" },
    )?;
    instance.set("TrafficOutInGB", if spec.enable_traffic_out { spec.traffic_out_gb } else { 0 })?;
    instance.set("TrafficWarningThreshold", spec.traffic_warning_pct)?;
    instance.set("TrafficCriticalThreshold", spec.traffic_critical_pct)?;
    instance.set("TrafficOutStopService", spec.traffic_out_stop_service)?;
    instance.set("StorageQuotaInGB", if spec.enable_storage_quota { spec.storage_quota_gb } else { 0 })?;
    instance.set("StorageWarningThreshold", spec.storage_warning_pct)?;
    instance.set("StorageCriticalThreshold", spec.storage_critical_pct)
}

fn pem(certificates: &[crate::cert::Certificate]) -> String {
    certificates.iter().map(|one| one.to_pem()).collect()
}

/// Where a gateway that is in the site lies in Azure.
struct Where {
    instance: Instance,
    group: String,
    prefix: String,
}

impl ResourceManagerCloud {
    /// Starts the machines of a gateway that was stopped.
    ///
    /// # Errors
    /// `not_found` where the site or Azure has no such gateway; those of Azure.
    pub async fn start(&self, site: &Site, service_name: &str) -> Result<()> {
        self.power(site, service_name, "start", State::Starting, State::Ready).await
    }

    /// Stops the machines of a gateway and gives them up (they are deallocated: only disks and addresses cost then).
    ///
    /// # Errors
    /// Those of [`ResourceManagerCloud::start`].
    pub async fn stop(&self, site: &Site, service_name: &str) -> Result<()> {
        self.power(site, service_name, "deallocate", State::Stopping, State::Stopped).await
    }

    /// The machines of a gateway with their power states, as the scale set tells them.
    ///
    /// # Errors
    /// Those of [`ResourceManagerCloud::start`].
    pub async fn instances(&self, site: &Site, service_name: &str) -> Result<Vec<CloudInstance>> {
        let place = locate(site, service_name).await?;
        let kind = "Microsoft.Compute/virtualMachineScaleSets";
        let path = self.manager().resource_path(&place.group, kind, &format!("{}-vmss", place.prefix));
        let path = format!("{path}/virtualMachines?$expand=instanceView");
        let machines = self.manager().list(&path, COMPUTE).await?;
        Ok(machines.iter().map(|machine| cloud_instance(machine, &place)).collect())
    }

    async fn power(
        &self,
        site: &Site,
        service_name: &str,
        action: &str,
        during: State,
        after: State,
    ) -> Result<()> {
        let mut place = locate(site, service_name).await?;
        let path = self.manager().resource_path(
            &place.group,
            "Microsoft.Compute/virtualMachineScaleSets",
            &format!("{}-vmss", place.prefix),
        );
        if self.manager().get(&path, COMPUTE).await?.is_none() {
            let cause = format!("Azure has no scale set {path}; apply the gateway's plan");
            return Err(Error::new(ErrorKind::NotFound, format!("{action} gateway {service_name}"), cause));
        }
        set_state(site, &mut place.instance, during).await?;
        self.manager().post(&format!("{path}/{action}"), COMPUTE, None).await?;
        set_state(site, &mut place.instance, after).await
    }

    /// Deletes a gateway: its resource group where it was made with it, else the resources one by one; then its row in the site.
    ///
    /// The deleted vault keeps its name for seven days and is recovered by a gateway of the same name. Safe to call twice.
    ///
    /// # Errors
    /// Those of [`ResourceManagerCloud::start`]; `conflict` where something holds the group.
    pub async fn delete(&self, site: &Site, service_name: &str) -> Result<()> {
        let mut place = locate(site, service_name).await?;
        set_state(site, &mut place.instance, State::Deleting).await?;
        let group = self.manager().group_path(&place.group);
        let seen = self.manager().get(&group, GROUPS).await?;
        let made_for = seen.as_ref().and_then(|seen| seen.pointer("/tags/cmgateway")).and_then(Value::as_str);
        if made_for.is_some_and(|name| name.eq_ignore_ascii_case(service_name)) {
            self.manager().delete(&group, GROUPS).await?;
        } else if seen.is_some() {
            self.delete_resources(&place).await?;
        }
        if let Some(path) = place.instance.path() {
            site.delete(path).await?;
        }
        Ok(())
    }

    /// What uses others goes first.
    async fn delete_resources(&self, place: &Where) -> Result<()> {
        let (prefix, network) = (&place.prefix, super::wanted::NETWORK);
        for (kind, name, version) in [
            ("Microsoft.Compute/virtualMachineScaleSets", format!("{prefix}-vmss"), COMPUTE),
            ("Microsoft.Network/loadBalancers", format!("{prefix}-lb"), network),
            ("Microsoft.Network/publicIPAddresses", format!("{prefix}-ip"), network),
            ("Microsoft.Network/virtualNetworks", format!("{prefix}-vnet"), network),
            ("Microsoft.Network/networkSecurityGroups", format!("{prefix}-nsg"), network),
            ("Microsoft.KeyVault/vaults", prefix.clone(), VAULTS),
            ("Microsoft.Storage/storageAccounts", prefix.clone(), "2023-01-01"),
            ("Microsoft.ManagedIdentity/userAssignedIdentities", format!("{prefix}-identity"), "2023-01-31"),
        ] {
            self.manager().delete(&self.manager().resource_path(&place.group, kind, &name), version).await?;
        }
        Ok(())
    }
}

fn cloud_instance(machine: &Value, place: &Where) -> CloudInstance {
    let text = |pointer| machine.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let statuses = machine.pointer("/properties/instanceView/statuses").and_then(Value::as_array);
    let codes = statuses.into_iter().flatten().filter_map(|one| one.get("code").and_then(Value::as_str));
    let state = codes.filter_map(|code| code.strip_prefix("PowerState/")).next_back().unwrap_or("unknown");
    let host = place.instance.text("Fqdn").unwrap_or_default();
    CloudInstance {
        name: text("/name").to_owned(),
        state: state.to_owned(),
        is_ready: state == "running",
        address: if host.is_empty() { String::new() } else { format!("{host}:443") },
        ..CloudInstance::default()
    }
}

async fn locate(site: &Site, service_name: &str) -> Result<Where> {
    let instance = Gateway::find(site, service_name).await?.instance().await?;
    let text = |name: &str| instance.text(name).unwrap_or_default().to_owned();
    let (group, prefix) = (text("AffinityGroup"), text("Name"));
    if group.is_empty() || prefix.is_empty() {
        let cause = "the site does not tell its resource group (AffinityGroup) and its name in Azure (Name)";
        return Err(Error::new(ErrorKind::NotFound, format!("find {service_name} in Azure"), cause));
    }
    Ok(Where { instance, group, prefix })
}

pub(super) async fn set_state(site: &Site, instance: &mut Instance, state: State) -> Result<()> {
    instance.set("State", state as u32)?;
    site.put(instance, PutMode::CreateOrUpdate).await.map(drop)
}
