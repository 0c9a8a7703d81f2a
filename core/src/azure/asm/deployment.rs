//! A deployment and the states of its role instances, as the classic API tells them.

use std::fmt;

use serde::{Serialize, Serializer};
use serde_json::json;

use super::element::Element;
use super::hosted_service::{decoded, pairs};
use super::role_configuration::ServiceConfiguration;
use super::subscription;

/// The state of a role instance.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct InstanceStatus(String);

impl InstanceStatus {
    /// The word of the service, such as `ReadyRole`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// True for `ReadyRole`.
    pub fn is_ready(&self) -> bool {
        self.0 == "ReadyRole"
    }

    /// True where it does not get better by itself: the details and the error code of the instance say why.
    pub fn is_trouble(&self) -> bool {
        ["RestartingRole", "CyclingRole", "FailedStartingRole", "FailedStartingVM", "UnresponsiveRole"]
            .contains(&self.as_str())
    }
}

impl fmt::Display for InstanceStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// An instance of a role: one virtual machine.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct RoleInstance {
    /// Such as `ProxyService`.
    pub role: String,
    /// Such as `ProxyService_IN_0`.
    pub name: String,
    /// How it is.
    pub status: InstanceStatus,
    /// What it does now, in words with a time.
    pub details: Option<String>,
    /// Why it is in trouble.
    pub error_code: Option<String>,
    /// Such as `A2_v2`.
    pub size: String,
    /// Inside the service.
    pub ip_address: Option<String>,
    /// `Started`, `Stopped` and between.
    pub power_state: Option<String>,
}

/// What runs in a slot of a cloud service.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Deployment {
    /// Its name.
    pub name: String,
    /// `Production` or `Staging`.
    pub slot: String,
    /// For people; decoded.
    pub label: String,
    /// `Running`, `Suspended`, `RunningTransitioning` and so on. `Running` does not mean that instances are up.
    pub status: String,
    /// Where clients go; None while it deploys.
    pub url: Option<String>,
    /// The configuration, decoded; None while it deploys.
    pub configuration: Option<String>,
    /// Its instances; none while it deploys.
    pub instances: Vec<RoleInstance>,
    /// True during an upgrade or a change of the configuration.
    pub is_upgrading: bool,
    /// Virtual IP addresses.
    pub addresses: Vec<String>,
    /// Names and values that somebody gave it.
    pub extended_properties: Vec<(String, String)>,
}

impl Deployment {
    /// True where it runs and every instance is `ReadyRole`.
    pub fn is_ready(&self) -> bool {
        self.status == "Running"
            && !self.instances.is_empty()
            && self.instances.iter().all(|instance| instance.status.is_ready())
    }

    /// The instances that do not get better by themselves.
    pub fn troubled(&self) -> impl Iterator<Item = &RoleInstance> {
        self.instances.iter().filter(|instance| instance.status.is_trouble())
    }

    /// The configuration, read.
    ///
    /// # Errors
    /// `protocol` where it is no configuration; `not_found` while there is none.
    pub fn service_configuration(&self) -> crate::Result<ServiceConfiguration> {
        use crate::{Error, ErrorKind};
        let operation = format!("read the configuration of {}", self.name);
        let Some(text) = &self.configuration else {
            return Err(Error::new(ErrorKind::NotFound, operation, "the service tells none yet"));
        };
        ServiceConfiguration::parse(text)
            .map_err(|error| Error::new(ErrorKind::Protocol, operation, error.cause()))
    }

    pub(super) fn read(element: &Element) -> Self {
        let text = |name: &str| element.text_of(name).unwrap_or_default().to_owned();
        let configuration = element.text_of("Configuration").and_then(subscription::bytes);
        let addresses = element.listed("VirtualIPs", "VirtualIP");
        Deployment {
            name: text("Name"),
            slot: text("DeploymentSlot"),
            label: decoded(&text("Label")),
            status: text("Status"),
            url: element.text_of("Url").filter(|url| !url.is_empty()).map(str::to_owned),
            configuration: configuration.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()),
            instances: element.listed("RoleInstanceList", "RoleInstance").map(instance).collect(),
            is_upgrading: element.child("UpgradeStatus").is_some(),
            addresses: addresses
                .filter_map(|address| address.text_of("Address").map(str::to_owned))
                .collect(),
            extended_properties: pairs(element),
        }
    }
}

fn instance(element: &Element) -> RoleInstance {
    let text = |name: &str| element.text_of(name).unwrap_or_default().to_owned();
    let some = |name: &str| element.text_of(name).filter(|text| !text.is_empty()).map(str::to_owned);
    RoleInstance {
        role: text("RoleName"),
        name: text("InstanceName"),
        status: InstanceStatus(text("InstanceStatus")),
        details: some("InstanceStateDetails"),
        error_code: some("InstanceErrorCode"),
        size: text("InstanceSize"),
        ip_address: some("IpAddress"),
        power_state: some("PowerState"),
    }
}

impl Serialize for Deployment {
    /// As the fields, and `is_ready` with them.
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        json!({
            "name": self.name, "slot": self.slot, "label": self.label, "status": self.status, "url": self.url,
            "configuration": self.configuration, "instances": self.instances, "is_upgrading": self.is_upgrading,
            "addresses": self.addresses, "extended_properties": self.extended_properties, "is_ready": self.is_ready(),
        })
        .serialize(to)
    }
}
