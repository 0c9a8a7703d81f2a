//! A deployment: its role instances come up step by step, not all at the same time.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cmgateway::azure::asm::ServiceConfiguration;

use super::answer::{around, element, whole};

/// How an instance comes up, one look a step, as recorded.
const PATH: [&str; 5] = ["CreatingVM", "StartingVM", "RoleStateUnknown", "BusyRole", "ReadyRole"];

/// What runs in a slot.
#[derive(Clone, Debug, Default)]
pub(super) struct Deployment {
    pub(super) name: String,
    pub(super) slot: String,
    pub(super) label: String,
    pub(super) configuration: String,
    pub(super) package: String,
    pub(super) status: &'static str,
    pub(super) properties: Vec<(String, String)>,
    pub(super) is_upgrading: bool,
    /// Role, name, looks so far.
    pub(super) instances: Vec<(String, String, usize)>,
}

impl Deployment {
    /// Goes by its configuration: instances that are not there are made, those beyond go.
    pub(super) fn follow(&mut self) -> Result<(), String> {
        let bytes = STANDARD.decode(&self.configuration).map_err(|error| error.to_string())?;
        let text = String::from_utf8(bytes).map_err(|error| error.to_string())?;
        let read = ServiceConfiguration::parse(&text).map_err(|error| error.cause().to_owned())?;
        let mut instances = Vec::new();
        for role in &read.roles {
            for number in 0..role.instances {
                let name = format!("{}_IN_{number}", role.name);
                let looks = self.instances.iter().find(|(_, other, _)| *other == name).map_or(0, |one| one.2);
                instances.push((role.name.clone(), name, looks));
            }
        }
        self.instances = instances;
        Ok(())
    }

    /// The thumbprints that its configuration names.
    pub(super) fn thumbprints(configuration: &str) -> Vec<String> {
        let text = STANDARD.decode(configuration).ok().and_then(|bytes| String::from_utf8(bytes).ok());
        let read = text.and_then(|text| ServiceConfiguration::parse(&text).ok()).unwrap_or_default();
        let certificates = read.roles.iter().flat_map(|role| &role.certificates);
        certificates.map(|(_, thumbprint)| thumbprint.to_string()).collect()
    }

    /// One look at it; what runs comes along.
    pub(super) fn look(&mut self, service: &str) -> String {
        let text = self.to_xml(service);
        if self.status == "Running" {
            for (at, (_, _, looks)) in self.instances.iter_mut().enumerate() {
                // Every second one is a step behind.
                *looks += if *looks == 0 && at % 2 == 1 { 1 } else { 2 };
            }
        }
        text
    }

    fn state(&self, looks: usize) -> &'static str {
        match self.status {
            "Suspended" => "StoppedVM",
            _ => PATH.get(looks / 2).copied().unwrap_or("ReadyRole"),
        }
    }

    fn to_xml(&self, service: &str) -> String {
        let is_deploying = self.status == "Deploying";
        let mut text = element("Name", &self.name)
            + &element("DeploymentSlot", &self.slot)
            + &element("PrivateID", "00000000000000000000000000000301")
            + &element("Status", self.status)
            + &element("Label", &self.label);
        if !is_deploying {
            text += &element("Url", &format!("http://{service}.cloudapp.net/"));
            text += &element("Configuration", &self.configuration);
        }
        let instances: String =
            self.instances.iter().enumerate().map(|(at, one)| self.instance(at, one)).collect();
        text += &around("RoleInstanceList", if is_deploying { "" } else { &instances });
        if self.is_upgrading {
            let inside = element("UpgradeType", "Auto")
                + &element("CurrentUpgradeDomainState", "Before")
                + &element("CurrentUpgradeDomain", "0");
            text += &around("UpgradeStatus", &inside);
        }
        text += &element("UpgradeDomainCount", "4");
        text += &around("RoleList", &self.roles());
        for (name, value) in [
            ("SdkVersion", "1.8.31004.1351"),
            ("Locked", "false"),
            ("RollbackAllowed", "false"),
            ("CreatedTime", "2015-07-11T15:47:01Z"),
            ("LastModifiedTime", "2015-07-11T15:48:34Z"),
        ] {
            text += &element(name, value);
        }
        let property = |(name, value): &(String, String)| {
            around("ExtendedProperty", &(element("Name", name) + &element("Value", value)))
        };
        text += &around("ExtendedProperties", &self.properties.iter().map(property).collect::<String>());
        let downtime = element("StartTime", "2015-07-09T08:40:13Z")
            + &element("EndTime", "2015-07-16T08:40:13Z")
            + &element("Status", "PersistentVMUpdateScheduled");
        text += &around("PersistentVMDowntime", &downtime);
        let address = element("Address", "203.0.113.2")
            + &element("IsDnsProgrammed", "true")
            + &element("Name", "ContractContract");
        text += &around("VirtualIPs", &around("VirtualIP", &address));
        whole("Deployment", &(text + "<LoadBalancers/>"))
    }

    /// The first role is the one that listens.
    fn listens(&self, role: &str) -> bool {
        self.instances.first().is_some_and(|(first, _, _)| first == role)
    }

    fn instance(&self, at: usize, (role, name, looks): &(String, String, usize)) -> String {
        let mut text = element("RoleName", role)
            + &element("InstanceName", name)
            + &element("InstanceStatus", self.state(*looks))
            + &element("InstanceUpgradeDomain", &(at % 4).to_string())
            + &element("InstanceFaultDomain", &(at % 2).to_string())
            + &element("InstanceSize", "Small")
            + &element("InstanceStateDetails", "")
            + &element("IpAddress", &format!("203.0.113.{}", at + 3));
        if self.listens(role) {
            let endpoint = element("Name", "Endpoint1")
                + &element("Vip", "203.0.113.2")
                + &element("PublicPort", "443")
                + &element("LocalPort", "443")
                + &element("Protocol", "tcp");
            text += &around("InstanceEndpoints", &around("InstanceEndpoint", &endpoint));
        }
        let power = if self.state(*looks) == "ReadyRole" { "Started" } else { "Starting" };
        around("RoleInstance", &(text + &element("PowerState", power)))
    }

    fn roles(&self) -> String {
        let mut names: Vec<&str> = self.instances.iter().map(|(role, _, _)| role.as_str()).collect();
        names.dedup();
        let role = |name: &&str| {
            let mut set = element("ConfigurationSetType", "NetworkConfiguration");
            if self.listens(name) {
                let endpoint = element("Port", "443")
                    + &element("Protocol", "tcp")
                    + &element("Vip", "203.0.113.2")
                    + &element("VirtualIPName", "ContractContract");
                set += &around("InputEndpoints", &around("InputEndpoint", &endpoint));
            }
            let set = format!(
                "<ConfigurationSet i:type=\"NetworkConfigurationSet\">{set}<SubnetNames/></ConfigurationSet>"
            );
            let inside = element("RoleName", name)
                + &element("OsVersion", "WA-GUEST-OS-2.40_201506-01")
                + &around("ConfigurationSets", &set);
            around("Role", &inside)
        };
        names.iter().map(role).collect()
    }
}
