//! What the classic API tells about a subscription.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;

use super::element::Element;
use crate::azure::serialized;
use crate::cert::{Certificate, Thumbprint};

/// A subscription, as far as a deployment depends on it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Subscription {
    /// Its GUID.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Such as `Active`.
    pub status: String,
    /// Cores that may be used, and that are.
    pub cores: Option<(u32, u32)>,
    /// Hosted services that may be there, and that are.
    pub hosted_services: Option<(u32, u32)>,
}

impl Subscription {
    pub(super) fn read(element: &Element) -> Self {
        let text = |name: &str| element.text_of(name).unwrap_or_default().to_owned();
        let number = |name: &str| element.text_of(name).and_then(|text| text.parse().ok());
        Subscription {
            id: text("SubscriptionID"),
            name: text("SubscriptionName"),
            status: text("SubscriptionStatus"),
            cores: number("MaxCoreCount").zip(number("CurrentCoreCount")),
            hosted_services: number("MaxHostedServices").zip(number("CurrentHostedServices")),
        }
    }
}

/// A region, as the classic API names it: `West US`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Location {
    /// The name that requests take.
    pub name: String,
    /// The name for people.
    pub display_name: String,
    /// Such as `Compute`, `Storage`.
    pub services: Vec<String>,
    /// The sizes of web and worker roles.
    pub role_sizes: Vec<String>,
}

impl Location {
    pub(super) fn read(element: &Element) -> Self {
        let text = |name: &str| element.text_of(name).unwrap_or_default().to_owned();
        let texts = |parent: &Element, list, item| {
            parent.listed(list, item).map(|item| item.text().to_owned()).collect()
        };
        Location {
            name: text("Name"),
            display_name: text("DisplayName"),
            services: texts(element, "AvailableServices", "AvailableService"),
            role_sizes: element
                .child("ComputeCapabilities")
                .map(|compute| texts(compute, "WebWorkerRoleSizes", "RoleSize"))
                .unwrap_or_default(),
        }
    }
}

/// A management certificate that a subscription knows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ManagementCertificateEntry {
    /// Its thumbprint, as the service tells it.
    #[serde(serialize_with = "serialized::hex")]
    pub thumbprint: Option<Thumbprint>,
    /// The certificate, where it can be read.
    #[serde(serialize_with = "serialized::pem")]
    pub certificate: Option<Certificate>,
    /// When it was added, as the service writes it.
    pub created: String,
}

impl ManagementCertificateEntry {
    pub(super) fn read(element: &Element) -> Self {
        let text = |name: &str| element.text_of(name).unwrap_or_default();
        ManagementCertificateEntry {
            thumbprint: Thumbprint::from_hex(text("SubscriptionCertificateThumbprint")).ok(),
            certificate: certificate(text("SubscriptionCertificateData")),
            created: text("Created").to_owned(),
        }
    }
}

/// The certificate in a base64 text with line ends.
pub(super) fn certificate(text: &str) -> Option<Certificate> {
    Certificate::from_der(&bytes(text)?).ok()
}

pub(super) fn bytes(text: &str) -> Option<Vec<u8>> {
    let text: String = text.split_whitespace().collect();
    STANDARD.decode(text).ok()
}
