//! The data plane of a vault, as recorded.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::SimulatedAnswer;
use crate::wire_server::WireRequest;

/// Certificates by name, each with the PFX of its versions.
#[derive(Debug, Default)]
pub(super) struct Vault {
    certificates: BTreeMap<String, Vec<Value>>,
    deleted: BTreeMap<String, Vec<Value>>,
}

impl Vault {
    pub(super) fn versions(&self) -> Vec<(String, usize)> {
        self.certificates.iter().map(|(name, versions)| (name.clone(), versions.len())).collect()
    }

    pub(super) fn clear(&mut self) {
        self.certificates.clear();
    }

    pub(super) fn answer(&mut self, request: &WireRequest, is_let_in: bool) -> SimulatedAnswer {
        if !is_let_in {
            let challenge =
                "Bearer authorization=\"https://login.windows.net/t\", resource=\"https://vault.azure.net\"";
            return SimulatedAnswer::error(401, "Unauthorized", "Request is missing a Bearer or PoP token.")
                .with("WWW-Authenticate", challenge);
        }
        let path = request.target.split('?').next().unwrap_or_default();
        let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
        match (request.method.as_str(), parts.as_slice()) {
            ("POST", ["certificates", name, "import"]) => self.import(name, &request.body),
            ("GET", ["certificates", name]) => {
                match self.certificates.get(*name).and_then(|all| all.last()) {
                    Some(newest) => SimulatedAnswer::new(200, newest.clone()),
                    None => SimulatedAnswer::error(404, "CertificateNotFound", "Certificate not found"),
                }
            }
            ("DELETE", ["certificates", name]) => match self.certificates.remove(*name) {
                Some(versions) => {
                    let newest = versions.last().cloned().unwrap_or_default();
                    self.deleted.insert((*name).to_owned(), versions);
                    SimulatedAnswer::new(200, newest)
                }
                None => SimulatedAnswer::error(404, "CertificateNotFound", "Certificate not found"),
            },
            ("GET", ["deletedcertificates", name]) if self.deleted.contains_key(*name) => {
                SimulatedAnswer::new(200, json!({ "deletedDate": 1 }))
            }
            ("DELETE", ["deletedcertificates", name]) if self.deleted.remove(*name).is_some() => {
                SimulatedAnswer::empty(204)
            }
            _ => SimulatedAnswer::error(404, "CertificateNotFound", "Deleted Certificate not found"),
        }
    }

    fn import(&mut self, name: &str, body: &str) -> SimulatedAnswer {
        let body: Value = serde_json::from_str(body).unwrap_or_default();
        let text = |name: &str| body.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let pfx = cmgateway::cert::load_pfx(text("value").as_bytes(), Some(&text("pwd")));
        let Some(pair) = pfx.ok().and_then(|pfx| pfx.key_pairs.into_iter().next()) else {
            return SimulatedAnswer::error(
                400,
                "BadParameter",
                "The specified PKCS#12 X.509 certificate content is invalid.",
            );
        };
        if self.deleted.contains_key(name) {
            return SimulatedAnswer::error(
                409,
                "Conflict",
                "Certificate is currently in a deleted but recoverable state",
            );
        }
        let versions = self.certificates.entry(name.to_owned()).or_default();
        let version = format!("{:032x}", versions.len() + 1);
        let address = |kind: &str| format!("https://granitefalls.vault.azure.net/{kind}/{name}/{version}");
        let hex = pair.certificate.thumbprint();
        let answer = json!({
            "id": address("certificates"), "kid": address("keys"), "sid": address("secrets"),
            "x5t": URL_SAFE_NO_PAD.encode(hex.as_bytes()), "cer": base64_of_pem(&pair.certificate.to_pem()),
            "attributes": { "enabled": true }, "policy": body.get("policy"),
        });
        versions.push(answer.clone());
        SimulatedAnswer::new(200, answer)
    }
}

fn base64_of_pem(pem: &str) -> String {
    pem.lines().filter(|line| !line.starts_with('-')).collect()
}
