//! The bodies of requests: their elements must stand in the order of the service's contract.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use roxmltree::{Document, Node};

/// Roots and their children in order.
const ORDERS: &[(&str, &[&str])] = &[
    (
        "SubscriptionCertificate",
        &[
            "SubscriptionCertificatePublicKey",
            "SubscriptionCertificateThumbprint",
            "SubscriptionCertificateData",
        ],
    ),
    (
        "CreateHostedService",
        &["ServiceName", "Label", "Description", "Location", "ExtendedProperties", "ReverseDnsFqdn"],
    ),
    ("UpdateHostedService", &["Label", "Description", "ReverseDnsFqdn", "ExtendedProperties"]),
    ("CertificateFile", &["Data", "CertificateFormat", "Password"]),
    (
        "CreateDeployment",
        &[
            "Name",
            "PackageUrl",
            "Label",
            "Configuration",
            "StartDeployment",
            "TreatWarningsAsError",
            "ExtendedProperties",
            "ExtensionConfiguration",
        ],
    ),
    (
        "ChangeConfiguration",
        &["Configuration", "TreatWarningsAsError", "Mode", "ExtendedProperties", "ExtensionConfiguration"],
    ),
    ("UpdateDeploymentStatus", &["Status"]),
    (
        "UpgradeDeployment",
        &[
            "Mode",
            "PackageUrl",
            "Configuration",
            "Label",
            "RoleToUpgrade",
            "Force",
            "ExtendedProperties",
            "ExtensionConfiguration",
        ],
    ),
    ("RoleInstances", &["Name"]),
];

/// A request's body, read.
#[derive(Clone, Debug, Default)]
pub(super) struct Body {
    pub(super) root: String,
    fields: Vec<(String, String)>,
    pub(super) properties: Vec<(String, String)>,
}

impl Body {
    /// None where it is no XML, of an unknown root, or out of order.
    pub(super) fn read(text: &str) -> Option<Self> {
        let document = Document::parse(text.trim_start_matches('\u{feff}')).ok()?;
        let root = document.root_element();
        let (_, order) = ORDERS.iter().find(|(name, _)| *name == root.tag_name().name())?;
        let children: Vec<Node<'_, '_>> = root.children().filter(Node::is_element).collect();
        let places: Option<Vec<usize>> = children
            .iter()
            .map(|child| order.iter().position(|name| *name == child.tag_name().name()))
            .collect();
        if !places?.is_sorted() {
            return None;
        }
        let text = |node: &Node<'_, '_>| node.text().unwrap_or_default().trim().to_owned();
        let fields = children.iter().map(|child| (child.tag_name().name().to_owned(), text(child)));
        let property = |node: Node<'_, '_>| {
            let of = |name: &str| {
                node.children().find(|child| child.has_tag_name(name) || child.tag_name().name() == name)
            };
            Some((text(&of("Name")?), text(&of("Value")?)))
        };
        let properties = root
            .descendants()
            .filter(|node| node.tag_name().name() == "ExtendedProperty")
            .filter_map(property);
        Some(Body {
            root: root.tag_name().name().to_owned(),
            fields: fields.collect(),
            properties: properties.collect(),
        })
    }

    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(field, _)| field == name).map(|(_, text)| text.as_str())
    }

    pub(super) fn texts(&self, name: &str) -> Vec<String> {
        self.fields.iter().filter(|(field, _)| field == name).map(|(_, text)| text.clone()).collect()
    }

    pub(super) fn bytes(&self, name: &str) -> Option<Vec<u8>> {
        let text: String = self.text(name)?.split_whitespace().collect();
        STANDARD.decode(text).ok()
    }
}
