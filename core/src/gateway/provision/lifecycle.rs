//! The life of a gateway in the Resource Manager after it was made: start, stop, delete.

use serde_json::Value;

use super::cloud::{CloudInstance, ProgressFn};
use super::resource_manager_cloud::ResourceManagerCloud;
use super::row::set_state;
use super::waiting::Waiting;
use super::wanted::{COMPUTE, GROUPS, VAULTS};
use crate::error::{Error, ErrorKind, Result};
use crate::gateway::{Gateway, GatewayState};
use crate::site::Site;
use crate::wmi::Instance;

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
    pub async fn start(&self, site: &Site, service_name: &str, progress: &ProgressFn<'_>) -> Result<()> {
        let waiting = Waiting::of_call(progress, "start", service_name);
        let states = (GatewayState::Starting, GatewayState::Ready);
        waiting.during(self.power(site, service_name, "start", states)).await?;
        waiting.tell("done")
    }

    /// Stops the machines of a gateway and gives them up (they are deallocated: only disks and addresses cost then).
    ///
    /// # Errors
    /// Those of [`ResourceManagerCloud::start`].
    pub async fn stop(&self, site: &Site, service_name: &str, progress: &ProgressFn<'_>) -> Result<()> {
        let waiting = Waiting::of_call(progress, "stop", service_name);
        let states = (GatewayState::Stopping, GatewayState::Stopped);
        waiting.during(self.power(site, service_name, "deallocate", states)).await?;
        waiting.tell("done")
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
        (during, after): (GatewayState, GatewayState),
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
    pub async fn delete(&self, site: &Site, service_name: &str, progress: &ProgressFn<'_>) -> Result<()> {
        let waiting = Waiting::of_call(progress, "delete", service_name);
        waiting.during(self.delete_all(site, service_name, &waiting)).await?;
        waiting.tell("done")
    }

    async fn delete_all(&self, site: &Site, service_name: &str, waiting: &Waiting<'_>) -> Result<()> {
        let mut place = locate(site, service_name).await?;
        set_state(site, &mut place.instance, GatewayState::Deleting).await?;
        let group = self.manager().group_path(&place.group);
        let seen = self.manager().get(&group, GROUPS).await?;
        let made_for = seen.as_ref().and_then(|seen| seen.pointer("/tags/cmgateway")).and_then(Value::as_str);
        if made_for.is_some_and(|name| name.eq_ignore_ascii_case(service_name)) {
            waiting.say(&format!("resource group {}", place.group))?;
            self.manager().delete(&group, GROUPS).await?;
        } else if seen.is_some() {
            self.delete_resources(&place, waiting).await?;
        }
        if let Some(path) = place.instance.path() {
            site.delete(path).await?;
        }
        Ok(())
    }

    /// What uses others goes first.
    async fn delete_resources(&self, place: &Where, waiting: &Waiting<'_>) -> Result<()> {
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
            waiting.say(&format!("{kind} {name}"))?;
            self.manager().delete(&self.manager().resource_path(&place.group, kind, &name), version).await?;
        }
        Ok(())
    }
}

fn cloud_instance(machine: &Value, place: &Where) -> CloudInstance {
    let text = |pointer| machine.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let state = machine_state(machine);
    let host = place.instance.text("Fqdn").unwrap_or_default();
    CloudInstance {
        name: text("/name").to_owned(),
        state: state.to_owned(),
        is_ready: state == "running",
        address: if host.is_empty() { String::new() } else { format!("{host}:443") },
        ..CloudInstance::default()
    }
}

/// The power state of a machine, such as `running`.
pub(super) fn machine_state(machine: &Value) -> &str {
    let statuses = machine.pointer("/properties/instanceView/statuses").and_then(Value::as_array);
    let codes = statuses.into_iter().flatten().filter_map(|one| one.get("code").and_then(Value::as_str));
    codes.filter_map(|code| code.strip_prefix("PowerState/")).next_back().unwrap_or("unknown")
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
