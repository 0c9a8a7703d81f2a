//! A cloud service and its certificates, as the classic API tells them.

use serde::Serialize;

use super::deployment::Deployment;
use super::element::Element;
use super::subscription;
use crate::azure::serialized;
use crate::cert::{Certificate, Thumbprint};

/// A cloud service: the DNS name, and what is deployed under it.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct HostedService {
    /// The first label of its DNS name.
    pub name: String,
    /// For people; decoded.
    pub label: String,
    /// None where there is none.
    pub description: Option<String>,
    /// The region, such as `West US`; None where an affinity group says it.
    pub location: Option<String>,
    /// `Created`, `Creating`, `Deleting`, `Deleted`, `Changing`, `ResolvingDns`.
    pub status: String,
    /// Names and values that somebody gave it.
    pub extended_properties: Vec<(String, String)>,
    /// Only where details were asked for.
    pub deployments: Vec<Deployment>,
}

impl HostedService {
    pub(super) fn read(element: &Element) -> Self {
        let empty = Element::default();
        let properties = element.child("HostedServiceProperties").unwrap_or(&empty);
        let some = |name: &str| properties.text_of(name).map(str::to_owned);
        HostedService {
            name: element.text_of("ServiceName").unwrap_or_default().to_owned(),
            label: decoded(properties.text_of("Label").unwrap_or_default()),
            description: some("Description"),
            location: some("Location"),
            status: some("Status").unwrap_or_default(),
            extended_properties: pairs(properties),
            deployments: element.listed("Deployments", "Deployment").map(Deployment::read).collect(),
        }
    }
}

/// A certificate that was uploaded to a cloud service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ServiceCertificate {
    /// Its thumbprint, as the service tells it; the service names certificates by it.
    #[serde(serialize_with = "serialized::hex")]
    pub thumbprint: Option<Thumbprint>,
    /// `sha1`.
    pub algorithm: String,
    /// The certificate, where it can be read; never a key.
    #[serde(serialize_with = "serialized::pem")]
    pub certificate: Option<Certificate>,
}

impl ServiceCertificate {
    pub(super) fn read(element: &Element) -> Self {
        let text = |name: &str| element.text_of(name).unwrap_or_default();
        ServiceCertificate {
            thumbprint: Thumbprint::from_hex(text("Thumbprint")).ok(),
            algorithm: text("ThumbprintAlgorithm").to_owned(),
            certificate: subscription::certificate(text("Data")),
        }
    }
}

/// Whether a name is free.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct NameAvailability {
    /// True where it is.
    pub is_available: bool,
    /// Why not, such as `HostedServiceAlreadyExists`.
    pub reason: Option<String>,
}

impl NameAvailability {
    pub(super) fn read(element: &Element) -> Self {
        NameAvailability {
            is_available: element.text_of("Result").is_some_and(|text| text.eq_ignore_ascii_case("true")),
            reason: element.text_of("Reason").filter(|text| !text.is_empty()).map(str::to_owned),
        }
    }
}

pub(super) fn pairs(properties: &Element) -> Vec<(String, String)> {
    let pair = |one: &Element| {
        let text = |name: &str| one.text_of(name).unwrap_or_default().to_owned();
        (text("Name"), text("Value"))
    };
    properties.listed("ExtendedProperties", "ExtendedProperty").map(pair).collect()
}

/// A label travels as base64 of UTF-8; one that does not is taken as it stands.
pub(super) fn decoded(label: &str) -> String {
    match subscription::bytes(label).map(String::from_utf8) {
        Some(Ok(text)) => text,
        _ => label.to_owned(),
    }
}
