//! A cloud service with its certificates and deployments.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cmgateway::cert::{Thumbprint, load_pfx};
use serde_json::{Value, json};

use super::answer::{around, document, element, nillable};
use super::body::Body;
use super::deployment::Deployment;
use crate::azure_simulator::SimulatedAnswer;

/// The object identifier of AES-256-CBC, as a PFX names it.
const AES: [u8; 11] = [0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x01, 0x2a];

/// A cloud service.
#[derive(Clone, Debug, Default)]
pub(super) struct Service {
    pub(super) name: String,
    pub(super) label: String,
    pub(super) description: Option<String>,
    pub(super) location: String,
    pub(super) properties: Vec<(String, String)>,
    /// By thumbprint: base64 of the certificate.
    pub(super) certificates: BTreeMap<String, String>,
    /// By slot.
    pub(super) deployments: BTreeMap<String, Deployment>,
}

impl Service {
    pub(super) fn to_xml(&self, subscription: &str, with_sizes: bool) -> String {
        let address = format!("https://management.core.windows.net/{subscription}/services/hostedservices/");
        let own = [("ResourceGroup", self.name.as_str()), ("ResourceLocation", self.location.as_str())];
        let given = self.properties.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let property = |(name, value): (&str, &str)| {
            around("ExtendedProperty", &(element("Name", name) + &element("Value", value)))
        };
        let properties = nillable("Description", self.description.as_deref())
            + &element("Location", &self.location)
            + &element("Label", &self.label)
            + &element("Status", "Created")
            + &element("DateCreated", "2016-04-20T20:55:32Z")
            + &element("DateLastModified", "2016-04-20T20:55:37Z")
            + &around("ExtendedProperties", &given.chain(own).map(property).collect::<String>());
        let mut text = element("Url", &format!("{address}{}", self.name))
            + &element("ServiceName", &self.name)
            + &around("HostedServiceProperties", &properties);
        if with_sizes {
            text += &around("ComputeCapabilities", &sizes());
        }
        text
    }

    pub(super) fn certificates(&self, subscription: &str) -> SimulatedAnswer {
        let address = format!(
            "https://management.core.windows.net/{subscription}/services/hostedservices/{}/certificates/sha1-",
            self.name
        );
        let one = |(thumbprint, data): (&String, &String)| {
            let inside = element("CertificateUrl", &format!("{address}{thumbprint}"))
                + &element("Thumbprint", thumbprint)
                + &element("ThumbprintAlgorithm", "sha1")
                + &element("Data", data);
            around("Certificate", &inside)
        };
        document("Certificates", &self.certificates.iter().map(one).collect::<String>())
    }

    /// What is kept of a certificate file: never a key.
    pub(super) fn certificate_of(body: &Body) -> Result<(String, String), String> {
        let bytes = body.bytes("Data").ok_or("The certificate data is not base64.")?;
        let der = match body.text("CertificateFormat") {
            Some("pfx") => {
                if bytes.windows(AES.len()).any(|window| window == AES) {
                    return Err("The certificate file could not be decrypted.".to_owned());
                }
                let password = body.text("Password").unwrap_or_default();
                let read = load_pfx(&bytes, Some(password)).map_err(|error| error.cause().to_owned())?;
                let pair = read.key_pairs.first().ok_or("The certificate file has no key.")?;
                pair.certificate.der().to_vec()
            }
            Some("cer") => bytes,
            _ => return Err("A parameter was incorrect: CertificateFormat".to_owned()),
        };
        Ok((Thumbprint::of_der(&der).to_string(), STANDARD.encode(der)))
    }

    /// What tests compare.
    pub(super) fn state(&self) -> Value {
        let deployments: Vec<_> = self
            .deployments
            .values()
            .map(|one| {
                let names: Vec<_> = one.instances.iter().map(|(_, name, _)| name).collect();
                json!({
                    "name": one.name, "slot": one.slot, "status": one.status, "package": one.package,
                    "configuration": one.configuration, "instances": names, "properties": one.properties,
                })
            })
            .collect();
        json!({
            "label": self.label, "description": self.description, "location": self.location,
            "certificates": self.certificates.keys().collect::<Vec<_>>(), "deployments": deployments,
        })
    }
}

/// What a region has; the order is the recorded one.
pub(super) fn sizes() -> String {
    let list = |name: &str, sizes: &[&str]| {
        around(name, &sizes.iter().map(|size| element("RoleSize", size)).collect::<String>())
    };
    list("WebWorkerRoleSizes", &["A2_v2", "Small"]) + &list("VirtualMachinesRoleSizes", &["Small"])
}
