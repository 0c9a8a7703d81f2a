//! The service configuration (.cscfg): how many instances, which settings, which certificates.

use super::element::Element;
use crate::cert::Thumbprint;
use crate::error::{Error, ErrorKind, Result};

const NAMESPACE: &str = "http://schemas.microsoft.com/ServiceHosting/2008/10/ServiceConfiguration";

/// A role in a service configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RoleConfiguration {
    /// The role's name, as in the package.
    pub name: String,
    /// How many instances.
    pub instances: u32,
    /// Names and values.
    pub settings: Vec<(String, String)>,
    /// Names, as in the package, and thumbprints of certificates that the cloud service has.
    pub certificates: Vec<(String, Thumbprint)>,
}

/// A service configuration (.cscfg).
///
/// ```
/// use cmgateway::azure::asm::{RoleConfiguration, ServiceConfiguration};
/// let mut configuration = ServiceConfiguration::new("GraniteFalls");
/// configuration.roles.push(RoleConfiguration { name: "ProxyService".into(), instances: 2, ..Default::default() });
/// assert_eq!(ServiceConfiguration::parse(&configuration.to_xml())?, configuration);
/// # Ok::<(), cmgateway::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServiceConfiguration {
    /// The service's name in its package.
    pub service_name: String,
    /// The family of the guest's operating system.
    pub os_family: String,
    /// Its version; `*` for the newest.
    pub os_version: String,
    /// Its roles.
    pub roles: Vec<RoleConfiguration>,
    /// What else it holds, such as the network; written back as it was read.
    other: Vec<Element>,
}

impl ServiceConfiguration {
    /// One without roles, on the newest Windows Server 2012 R2 (family 4), as the gateway of 2016.
    pub fn new(service_name: impl Into<String>) -> Self {
        ServiceConfiguration {
            service_name: service_name.into(),
            os_family: "4".into(),
            os_version: "*".into(),
            roles: Vec::new(),
            other: Vec::new(),
        }
    }

    /// Reads one; the order of a role's children does not matter.
    ///
    /// # Errors
    /// `config` where it is no service configuration.
    pub fn parse(text: &str) -> Result<Self> {
        let refuse = |cause: String| Error::new(ErrorKind::Config, "read the service configuration", cause);
        let root = Element::parse(text).map_err(refuse)?;
        if root.name() != "ServiceConfiguration" {
            return Err(refuse(format!("its root is {}", root.name())));
        }
        let attribute =
            |element: &Element, name: &str| element.attribute(name).unwrap_or_default().to_owned();
        let mut roles = Vec::new();
        for role in root.children("Role") {
            let name = attribute(role, "name");
            let count = role.child("Instances").and_then(|one| one.attribute("count")).unwrap_or("1");
            let instances =
                count.parse().map_err(|_| refuse(format!("role {name} has {count:?} instances")))?;
            let pair = |one: &Element, value: &str| (attribute(one, "name"), attribute(one, value));
            let settings = role.listed("ConfigurationSettings", "Setting");
            let mut certificates = Vec::new();
            for one in role.listed("Certificates", "Certificate") {
                let (name, thumbprint) = pair(one, "thumbprint");
                let thumbprint = Thumbprint::from_hex(&thumbprint)
                    .map_err(|error| refuse(format!("certificate {name}: {}", error.cause())))?;
                certificates.push((name, thumbprint));
            }
            roles.push(RoleConfiguration {
                name,
                instances,
                settings: settings.map(|one| pair(one, "value")).collect(),
                certificates,
            });
        }
        Ok(ServiceConfiguration {
            service_name: attribute(&root, "serviceName"),
            os_family: attribute(&root, "osFamily"),
            os_version: attribute(&root, "osVersion"),
            roles,
            other: root.elements().filter(|one| one.name() != "Role").cloned().collect(),
        })
    }

    /// Its text.
    pub fn to_xml(&self) -> String {
        let mut root = Element::new("ServiceConfiguration")
            .with_attribute("serviceName", &self.service_name)
            .with_attribute("xmlns", NAMESPACE)
            .with_attribute("osFamily", &self.os_family)
            .with_attribute("osVersion", &self.os_version)
            .with_attribute("schemaVersion", "2012-10.1.8");
        for role in &self.roles {
            let mut settings = Element::new("ConfigurationSettings");
            for (name, value) in &role.settings {
                let setting = Element::new("Setting").with_attribute("name", name);
                settings = settings.with_child(setting.with_attribute("value", value));
            }
            let mut certificates = Element::new("Certificates");
            for (name, thumbprint) in &role.certificates {
                let certificate = Element::new("Certificate")
                    .with_attribute("name", name)
                    .with_attribute("thumbprint", &thumbprint.to_string())
                    .with_attribute("thumbprintAlgorithm", "sha1");
                certificates = certificates.with_child(certificate);
            }
            let instances = Element::new("Instances").with_attribute("count", &role.instances.to_string());
            let element = Element::new("Role").with_attribute("name", &role.name);
            root =
                root.with_child(element.with_child(instances).with_child(settings).with_child(certificates));
        }
        self.other.iter().cloned().fold(root, Element::with_child).to_document()
    }
}
