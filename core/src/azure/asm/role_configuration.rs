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
/// What it holds beyond these fields, such as the network, `vmName`, `schemaVersion` or elements and attributes that nobody here
/// knows, is written back where and as it was read; comments and the blanks between elements are not kept.
///
/// ```
/// use cmgateway::azure::asm::{RoleConfiguration, ServiceConfiguration};
/// let mut configuration = ServiceConfiguration::new("GraniteFalls");
/// configuration.roles.push(RoleConfiguration { name: "ProxyService".into(), instances: 2, ..Default::default() });
/// assert_eq!(ServiceConfiguration::parse(&configuration.to_xml())?, configuration);
/// # Ok::<(), cmgateway::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct ServiceConfiguration {
    /// The service's name in its package.
    pub service_name: String,
    /// The family of the guest's operating system.
    pub os_family: String,
    /// Its version; `*` for the newest.
    pub os_version: String,
    /// Its roles.
    pub roles: Vec<RoleConfiguration>,
    /// The document that it was read from, for what has no field here.
    read: Option<Element>,
}

impl PartialEq for ServiceConfiguration {
    /// By what would be written.
    fn eq(&self, other: &Self) -> bool {
        self.element() == other.element()
    }
}

impl Eq for ServiceConfiguration {}

impl ServiceConfiguration {
    /// One without roles, on the newest Windows Server 2012 R2 (family 4), as the gateway of 2016.
    pub fn new(service_name: impl Into<String>) -> Self {
        ServiceConfiguration {
            service_name: service_name.into(),
            os_family: "4".into(),
            os_version: "*".into(),
            roles: Vec::new(),
            read: None,
        }
    }

    /// Reads one; the order of a role's children does not matter.
    ///
    /// # Errors
    /// `config` where it is no service configuration.
    pub fn parse(text: &str) -> Result<Self> {
        let refuse = |cause: String| Error::new(ErrorKind::Config, "read the service configuration", cause);
        let root = Element::parse(text).map_err(refuse)?.without_blanks();
        if root.name() != "ServiceConfiguration" {
            return Err(refuse(format!("its root is {}", root.name())));
        }
        let roles = root.children("Role").map(|role| RoleConfiguration::read(role).map_err(refuse));
        Ok(ServiceConfiguration {
            service_name: attribute(&root, "serviceName"),
            os_family: attribute(&root, "osFamily"),
            os_version: attribute(&root, "osVersion"),
            roles: roles.collect::<Result<_>>()?,
            read: Some(root),
        })
    }

    /// Its text.
    pub fn to_xml(&self) -> String {
        self.element().to_document()
    }

    /// What it holds beyond names, numbers of instances, settings and certificates, as text that is the same for the same meaning.
    ///
    /// The service writes configurations anew at times: then the version of the schema and empty lists are missing.
    pub(crate) fn rest(&self) -> String {
        let mut root = self.element();
        root.remove_attribute("schemaVersion");
        for role in root.children_mut("Role") {
            role.retain(|child| {
                !["Instances", "ConfigurationSettings", "Certificates"].contains(&child.name())
            });
        }
        root.canonical()
    }

    fn element(&self) -> Element {
        let mut root = self.read.clone().unwrap_or_else(|| {
            Element::new("ServiceConfiguration")
                .with_attribute("serviceName", "")
                .with_attribute("xmlns", NAMESPACE)
                .with_attribute("osFamily", "")
                .with_attribute("osVersion", "")
                .with_attribute("schemaVersion", "2012-10.1.8")
        });
        for (name, value) in [
            ("serviceName", &self.service_name),
            ("osFamily", &self.os_family),
            ("osVersion", &self.os_version),
        ] {
            if root.attribute(name).unwrap_or_default() != value {
                root.set_attribute(name, value);
            }
        }
        root.retain(|child| {
            let is_wanted =
                |role: &RoleConfiguration| child.attribute("name").unwrap_or_default() == role.name;
            child.name() != "Role" || self.roles.iter().any(is_wanted)
        });
        for role in &self.roles {
            let of_name = |element: &&mut Element| element.attribute("name").unwrap_or_default() == role.name;
            if let Some(element) = root.children_mut("Role").find(of_name) {
                role.write_into(element);
                continue;
            }
            let mut element = root.new_child("Role").with_attribute("name", &role.name);
            role.write_into(&mut element);
            root.insert_behind("Role", element);
        }
        root
    }
}

impl RoleConfiguration {
    /// The error is the cause alone.
    fn read(role: &Element) -> std::result::Result<Self, String> {
        let name = attribute(role, "name");
        let count = role.child("Instances").and_then(|one| one.attribute("count")).unwrap_or("1");
        let instances = count.parse().map_err(|_| format!("role {name} has {count:?} instances"))?;
        let settings = role.listed("ConfigurationSettings", "Setting");
        let mut certificates = Vec::new();
        for one in role.listed("Certificates", "Certificate") {
            let (name, thumbprint) = (attribute(one, "name"), attribute(one, "thumbprint"));
            let thumbprint = Thumbprint::from_hex(&thumbprint)
                .map_err(|error| format!("certificate {name}: {}", error.cause()))?;
            certificates.push((name, thumbprint));
        }
        let settings = settings.map(|one| (attribute(one, "name"), attribute(one, "value"))).collect();
        Ok(RoleConfiguration { name, instances, settings, certificates })
    }

    /// Changes what differs; the rest stays.
    fn write_into(&self, element: &mut Element) {
        if element.child("Instances").is_none() {
            let instances = element.new_child("Instances");
            element.insert_first(instances);
        }
        let count = self.instances.to_string();
        if let Some(instances) = element.children_mut("Instances").next()
            && instances.attribute("count") != Some(&count)
        {
            instances.set_attribute("count", &count);
        }
        let settings: Vec<_> =
            self.settings.iter().map(|(name, value)| (name.as_str(), value.clone())).collect();
        write_list(element, ("ConfigurationSettings", "Setting", "value"), &settings, |old, new| old == new);
        let certificates = self.certificates.iter().map(|(name, one)| (name.as_str(), one.to_string()));
        let is_same =
            |old: &str, new: &str| Thumbprint::from_hex(old).is_ok_and(|old| old.to_string() == new);
        let kind = ("Certificates", "Certificate", "thumbprint");
        write_list(element, kind, &certificates.collect::<Vec<_>>(), is_same);
        for certificate in
            element.children_mut("Certificates").flat_map(|list| list.children_mut("Certificate"))
        {
            if certificate.attribute("thumbprintAlgorithm").is_none() {
                certificate.set_attribute("thumbprintAlgorithm", "sha1");
            }
        }
    }
}

/// Has a list hold these names with these values; what else its items hold stays.
fn write_list(
    element: &mut Element,
    (list, item, value_name): (&str, &str, &str),
    wanted: &[(&str, String)],
    is_same: impl Fn(&str, &str) -> bool,
) {
    if !wanted.is_empty() && element.child(list).is_none() {
        let made = element.new_child(list);
        element.push(made);
    }
    for list in element.children_mut(list) {
        list.retain(|child| {
            let name = child.attribute("name").unwrap_or_default();
            child.name() != item || wanted.iter().any(|(wanted, _)| *wanted == name)
        });
    }
    for (name, value) in wanted {
        let is_it = |one: &Element| one.attribute("name").unwrap_or_default() == *name;
        if !element.listed(list, item).any(is_it)
            && let Some(list) = element.children_mut(list).next()
        {
            let made = list.new_child(item).with_attribute("name", name);
            list.push(made);
        }
        let mut items = element.children_mut(list).flat_map(|list| list.children_mut(item));
        if let Some(one) = items.find(|one| is_it(one))
            && !one.attribute(value_name).is_some_and(|old| is_same(old, value))
        {
            one.set_attribute(value_name, value);
        }
    }
}

fn attribute(element: &Element, name: &str) -> String {
    element.attribute(name).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const FOREIGN: &str = "\u{feff}<?xml version=\"1.0\"?><!-- made by a tool -->\n\
        <s:ServiceConfiguration xmlns:s='http://schemas.microsoft.com/ServiceHosting/2008/10/ServiceConfiguration'\n \
          xmlns:x='urn:x' serviceName='CMG' osVersion='*' schemaVersion='2015-04.2.6' x:note='a&amp;b'>\n\
          <s:Role name='Other' vmName='other'><s:Instances count='7' x:why='&lt;'/></s:Role>\n\
          <s:Role name='ProxyService' vmName='proxy'>\n\
            <s:OsImage href='x'><Deep>t<![CDATA[<e>]]></Deep></s:OsImage>\n\
            <s:ConfigurationSettings><s:Setting name='A' value='1' x:secret='yes'/><s:Setting name='B' value='2'/><s:Unknown/></s:ConfigurationSettings>\n\
            <s:Instances count='1'/>\n\
            <s:Certificates><s:Certificate name='SSL' thumbprint='00112233445566778899aabbccddeeff00112233' thumbprintAlgorithm='sha1' x:keep='1'/></s:Certificates>\n\
          </s:Role>\n\
          <s:NetworkConfiguration><s:VirtualNetworkSite name='net'/></s:NetworkConfiguration>\n\
        </s:ServiceConfiguration>";

    /// Qualified names, attributes, texts, as another reader of XML sees them.
    fn facts(text: &str) -> Vec<String> {
        let element = Element::parse(text).unwrap();
        let mut facts = Vec::new();
        element.without_blanks().list("", &mut facts);
        facts
    }

    #[test]
    fn what_is_not_known_stays_where_it_was() {
        let mut read = ServiceConfiguration::parse(FOREIGN).unwrap();
        assert_eq!(facts(&read.to_xml()), facts(FOREIGN), "read and written");
        let role = read.roles.iter_mut().find(|role| role.name == "ProxyService").unwrap();
        role.instances = 3;
        role.settings = vec![("A".into(), "1".into()), ("C".into(), "new".into())];
        role.certificates =
            vec![("SSL".into(), Thumbprint::of_der(b"x")), ("CA".into(), Thumbprint::of_der(b"y"))];
        let expected = FOREIGN
            .replace("<s:Instances count='1'/>", "<s:Instances count='3'/>")
            .replace(
                "<s:Setting name='B' value='2'/><s:Unknown/>",
                "<s:Unknown/><s:Setting name='C' value='new'/>",
            )
            .replace("00112233445566778899aabbccddeeff00112233", &Thumbprint::of_der(b"x").to_string())
            .replace(
                "x:keep='1'/>",
                &format!(
                    "x:keep='1'/><s:Certificate name='CA' thumbprint='{}' thumbprintAlgorithm='sha1'/>",
                    Thumbprint::of_der(b"y")
                ),
            );
        let written = read.to_xml();
        assert_eq!(facts(&written), facts(&expected), "{written}");
        let again = ServiceConfiguration::parse(&written).unwrap();
        assert_eq!(again, read);
        assert_eq!(
            again.rest(),
            ServiceConfiguration::parse(FOREIGN).unwrap().rest(),
            "only fields were changed"
        );
        // A role less, a role more.
        read.roles.remove(0);
        read.roles.push(RoleConfiguration {
            name: "New".into(),
            instances: 1,
            ..RoleConfiguration::default()
        });
        let written = read.to_xml();
        assert!(!written.contains("\"Other\""), "{written}");
        assert!(
            written.find("\"New\"").unwrap() < written.find("NetworkConfiguration").unwrap(),
            "{written}"
        );
        assert!(written.contains("<s:Role name=\"New\"><s:Instances count=\"1\" />"), "{written}");
    }

    #[test]
    fn the_rest_is_what_nobody_has_a_field_for() {
        let rest = |text: &str| ServiceConfiguration::parse(text).unwrap().rest();
        let other = FOREIGN.replace("name='net'", "name='net2'");
        assert_ne!(rest(FOREIGN), rest(&other));
        assert_ne!(rest(FOREIGN), rest(&FOREIGN.replace("vmName='proxy'", "vmName='p'")));
        // As the service writes it: another prefix, another order of attributes, no version of the schema, no empty lists.
        let bare = "<ServiceConfiguration xmlns='x' osFamily='4' serviceName='A' schemaVersion='1'><Role name='R' vmName='v'>\
                    <Certificates/><Instances count='1'/></Role></ServiceConfiguration>";
        let same = "<c:ServiceConfiguration xmlns:c='x' serviceName='A' osFamily='4'><c:Role vmName='v' name='R'>\n\
                    <c:Instances count='2'/></c:Role></c:ServiceConfiguration>";
        assert_eq!(rest(bare), rest(same));
    }
}
