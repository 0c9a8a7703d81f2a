//! The package that a classic deployment runs, and the configuration that it is given.

use std::fmt;

use crate::azure::asm::{RoleConfiguration, ServiceConfiguration};
use crate::cert::Thumbprint;
use crate::error::{Error, ErrorKind, Result};

/// Longest value of an extended property.
const PROPERTY_CHARACTERS_MAX: usize = 255;

/// The package of a classic deployment: Microsoft's own, which whoever calls brings along, since it is not ours to give.
///
/// It is named by its address and not uploaded, as the wizard of 2016 did: the calls for a storage account and its keys went with
/// the classic API, and no recording of them is at hand to check code against. `az storage blob upload` does it.
///
/// ```
/// use cmgateway::gateway::provision::ClassicPackage;
/// let mut package = ClassicPackage::new("https://gfstore.blob.core.windows.net/packages/cmg.cspkg?sig=x");
/// package.certificate_name = Some("ServerCertificate".into());
/// assert_eq!(package.role, "ProxyService");
/// ```
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ClassicPackage {
    /// Where the service fetches it from, `https:`: a blob of the same subscription, or one with a shared access signature.
    pub url: String,
    /// The text of the service configuration (.cscfg) that came with it; None for one that is made here, or for that of the
    /// deployment where there is one already.
    ///
    /// Whatever it holds beyond the number of instances and the certificate stays as it is, known here or not; thumbprints in it
    /// must be 40 hex digits, zeros will do.
    pub configuration: Option<String>,
    /// The role whose instances serve, as the package names it.
    pub role: String,
    /// The name that the package gives to the server certificate; None where the configuration has only one.
    pub certificate_name: Option<String>,
}

impl ClassicPackage {
    /// A package at this address; its role is that of Microsoft's logs, `ProxyService`.
    pub fn new(url: impl Into<String>) -> Self {
        let role = "ProxyService".to_owned();
        ClassicPackage { url: url.into(), configuration: None, role, certificate_name: None }
    }

    /// Refuses what cannot be, by name.
    pub(super) fn check(&self) -> Result<()> {
        let refuse = |cause: &str| Err(Error::new(ErrorKind::Config, "use the gateway's package", cause));
        if !self.url.starts_with("https://") {
            return refuse(
                "package_url must be an https: address of the package (.cspkg), which is Microsoft's",
            );
        }
        if self.role.is_empty() {
            return refuse("role must be the name of a role in the package");
        }
        self.configured("x", 1, Thumbprint::of_der(b""), None).map(drop)
    }

    /// The configuration with so many instances and this server certificate; made from what the deployment has where none came
    /// with the package.
    pub(super) fn configured(
        &self,
        service_name: &str,
        instances: u32,
        thumbprint: Thumbprint,
        deployed: Option<&str>,
    ) -> Result<ServiceConfiguration> {
        let refuse =
            |cause: String| Error::new(ErrorKind::Config, "make the service configuration (.cscfg)", cause);
        let mut configuration = match self.configuration.as_deref().or(deployed) {
            Some(text) => ServiceConfiguration::parse(text)?,
            None => {
                let mut made = ServiceConfiguration::new(service_name);
                made.roles
                    .push(RoleConfiguration { name: self.role.clone(), ..RoleConfiguration::default() });
                made
            }
        };
        let names: Vec<_> = configuration.roles.iter().map(|role| role.name.clone()).collect();
        let Some(role) = configuration.roles.iter_mut().find(|role| role.name == self.role) else {
            let cause = format!("it has no role {}, only {}; name the role", self.role, names.join(", "));
            return Err(refuse(cause));
        };
        role.instances = instances;
        let name = match (&self.certificate_name, role.certificates.as_slice()) {
            (Some(name), _) => name.clone(),
            (None, [(name, _)]) => name.clone(),
            (None, found) => {
                let cause = format!(
                    "certificate_name is missing: role {} has {} certificates; give the name that the package uses",
                    self.role,
                    found.len()
                );
                return Err(refuse(cause));
            }
        };
        match role.certificates.iter_mut().find(|(other, _)| *other == name) {
            Some((_, old)) => *old = thumbprint,
            None => role.certificates.push((name, thumbprint)),
        }
        Ok(configuration)
    }

    /// What tells one package from another: its address without its query, which is a secret and changes.
    pub(super) fn identity(&self) -> String {
        let address = self.url.split('?').next().unwrap_or_default();
        let characters: Vec<char> = address.chars().collect();
        let start = characters.len().saturating_sub(PROPERTY_CHARACTERS_MAX);
        characters.get(start..).unwrap_or_default().iter().collect()
    }
}

impl fmt::Debug for ClassicPackage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The query may be a signature, settings of the configuration may be secrets.
        f.debug_struct("ClassicPackage")
            .field("url", &self.identity())
            .field("role", &self.role)
            .field("certificate_name", &self.certificate_name)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn thumbprint() -> Thumbprint {
        Thumbprint::of_der(b"x")
    }

    #[test]
    fn a_configuration_keeps_what_it_is_not_asked_for() {
        let mut package = ClassicPackage::new("https://x/a.cspkg?sig=secret");
        assert_eq!(package.identity(), "https://x/a.cspkg");
        assert!(package.check().unwrap_err().cause().contains("certificate_name is missing"));
        package.configuration = Some(
            "<ServiceConfiguration serviceName='CMG' osFamily='5' osVersion='*' xmlns='y'><Role name='ProxyService'>\
             <Instances count='1'/><ConfigurationSettings><Setting name='A' value='b'/></ConfigurationSettings><Certificates>\
             <Certificate name='SSL' thumbprint='0000000000000000000000000000000000000000' thumbprintAlgorithm='sha1'/>\
             </Certificates></Role><NetworkConfiguration><Dns/></NetworkConfiguration></ServiceConfiguration>"
                .into(),
        );
        package.check().unwrap();
        let made = package.configured("x", 3, thumbprint(), None).unwrap();
        assert_eq!((made.os_family.as_str(), made.roles[0].instances), ("5", 3));
        assert_eq!(made.roles[0].certificates, [("SSL".to_owned(), thumbprint())]);
        assert!(made.to_xml().contains("<NetworkConfiguration><Dns"), "{}", made.to_xml());
        // What the deployment has stays where nothing else is said.
        let deployed = made.to_xml();
        package.configuration = None;
        package.certificate_name = Some("SSL".into());
        let changed = package.configured("x", 2, thumbprint(), Some(&deployed)).unwrap();
        assert_eq!(changed.to_xml(), deployed.replace("count=\"3\"", "count=\"2\""));
        package.configuration = Some(deployed);
        package.role = "Other".into();
        assert!(package.check().unwrap_err().cause().contains("no role Other, only ProxyService"));
    }
}
