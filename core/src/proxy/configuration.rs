//! What instances go by: it comes from the site, through a connection point, with a version.

use std::collections::{HashMap, HashSet};

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::mapping::Published;
use super::tunnel::pin::Pin;
use crate::cert::{Certificate, Crl, RevocationMode};
use crate::error::{Error, ErrorKind, Result};
use crate::limits::{CERTIFICATES_PER_FILE_MAX, CONTROL_MESSAGE_BYTES_MAX, REVOCATION_LISTS_PER_FILE_MAX};

/// Which bearer tokens open `CCM_Proxy_ServerAuth`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TokenRules {
    /// Who may have issued them (`iss`).
    pub issuers: Vec<String>,
    /// For whom they must be (`aud`).
    pub audiences: Vec<String>,
    /// The public keys of the issuers, as the text of a JSON Web Key Set (RFC 7517).
    pub keys: String,
}

/// What a client of one Microsoft Entra tenant is told by `AADAuthInfo`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EntraTenant {
    /// The tenant, a GUID.
    pub tenant_id: String,
    /// The client app to sign in with.
    pub client_app_id: String,
    /// The server app to ask a token for.
    pub resource_uri: String,
}

/// What the instances of a gateway go by: whom they trust and what they publish.
///
/// A connection point carries it to each instance and again whenever it changes. Of two configurations an instance
/// takes the one with the higher version.
///
/// ```
/// use cmgateway::proxy::Configuration;
/// let mut configuration = Configuration::new(1);
/// configuration.service_name = "GraniteFalls.contoso.com".into();
/// assert!(configuration.roots.is_empty());
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Configuration {
    /// Later is higher; 0 stands for no configuration.
    pub version: u64,
    /// The name that clients know the gateway by.
    pub service_name: String,
    /// The trusted roots that were uploaded.
    pub roots: Vec<Certificate>,
    /// The issuing authorities below them whose thumbprints the site lists.
    pub sub_cas: Vec<Certificate>,
    /// Revocation lists, complete and delta.
    pub crls: Vec<Crl>,
    /// Whose revocation is checked.
    pub revocation: RevocationMode,
    /// What passes.
    pub published: Vec<Published>,
    /// Which bearer tokens are accepted; nothing for none.
    pub tokens: Option<TokenRules>,
    /// What clients are told by `AADAuthInfo`.
    pub entra: Vec<EntraTenant>,
    /// True where the gateway is stopped: instances then answer every request to a role with 503.
    pub is_stopped: bool,
}

/// The configuration as it travels; certificates and lists go apart, since they are long and seldom change.
#[derive(Serialize, Deserialize)]
struct Text {
    version: u64,
    service_name: String,
    roots: Vec<String>,
    sub_cas: Vec<String>,
    crls: Vec<String>,
    revocation: String,
    published: Vec<Published>,
    #[serde(default)]
    tokens: Option<TokenRules>,
    #[serde(default)]
    entra: Vec<EntraTenant>,
    #[serde(default)]
    is_stopped: bool,
}

/// A configuration ready to be sent.
pub(super) struct Encoded {
    pub(super) text: Bytes,
    pub(super) parts: Vec<(Pin, Bytes)>,
}

/// The long parts that have come over one connection.
#[derive(Default)]
pub(super) struct Parts(HashMap<String, Bytes>);

impl Parts {
    pub(super) fn add(&mut self, bytes: Bytes) -> std::result::Result<(), String> {
        if self.0.len() >= CERTIFICATES_PER_FILE_MAX {
            return Err("more parts of a configuration than it may have".into());
        }
        self.0.insert(Pin::of_der(&bytes).to_string(), bytes);
        Ok(())
    }
}

impl Configuration {
    /// One that trusts and publishes nothing yet.
    pub fn new(version: u64) -> Self {
        Configuration {
            version,
            service_name: String::new(),
            roots: Vec::new(),
            sub_cas: Vec::new(),
            crls: Vec::new(),
            revocation: RevocationMode::Off,
            published: Vec::new(),
            tokens: None,
            entra: Vec::new(),
            is_stopped: false,
        }
    }

    /// True where both say the same, whatever their versions.
    pub fn is_same_but_version(&self, other: &Configuration) -> bool {
        let mut copy = self.clone();
        copy.version = other.version;
        copy == *other
    }

    pub(super) fn encode(&self) -> Result<Encoded> {
        let mut parts = Vec::new();
        let mut add = |der: &[u8]| {
            let pin = Pin::of_der(der);
            parts.push((pin, Bytes::copy_from_slice(der)));
            pin.to_string()
        };
        let text = Text {
            version: self.version,
            service_name: self.service_name.clone(),
            roots: self.roots.iter().map(|each| add(each.der())).collect(),
            sub_cas: self.sub_cas.iter().map(|each| add(each.der())).collect(),
            crls: self.crls.iter().map(|each| add(each.der())).collect(),
            revocation: revocation_word(self.revocation).to_owned(),
            published: self.published.clone(),
            tokens: self.tokens.clone(),
            entra: self.entra.clone(),
            is_stopped: self.is_stopped,
        };
        let text = serde_json::to_vec(&text).map_err(|error| refuse(error.to_string()))?;
        if text.len() > CONTROL_MESSAGE_BYTES_MAX || parts.len() >= CERTIFICATES_PER_FILE_MAX {
            return Err(refuse("it is larger than an instance takes"));
        }
        Ok(Encoded { text: text.into(), parts })
    }

    /// Reads a configuration that came; parts that it does not name are forgotten.
    pub(super) fn decode(text: &[u8], parts: &mut Parts) -> Result<Self> {
        let text: Text = serde_json::from_slice(text).map_err(|error| refuse(error.to_string()))?;
        let named: HashSet<&String> = text.roots.iter().chain(&text.sub_cas).chain(&text.crls).collect();
        parts.0.retain(|name, _| named.contains(name));
        if text.crls.len() > REVOCATION_LISTS_PER_FILE_MAX {
            return Err(refuse(format!("it has more than {REVOCATION_LISTS_PER_FILE_MAX} revocation lists")));
        }
        let part =
            |name: &String| parts.0.get(name).ok_or_else(|| refuse(format!("the part {name} did not come")));
        let certificates = |names: &[String]| {
            names.iter().map(|name| Certificate::from_der(part(name)?)).collect::<Result<Vec<_>>>()
        };
        let revocation = [RevocationMode::Off, RevocationMode::Leaf, RevocationMode::Chain]
            .into_iter()
            .find(|mode| revocation_word(*mode) == text.revocation)
            .ok_or_else(|| refuse(format!("{:?} is no way to check revocation", text.revocation)))?;
        Ok(Configuration {
            version: text.version,
            service_name: text.service_name.clone(),
            roots: certificates(&text.roots)?,
            sub_cas: certificates(&text.sub_cas)?,
            crls: text.crls.iter().map(|name| Crl::from_der(part(name)?)).collect::<Result<_>>()?,
            revocation,
            published: text.published.clone(),
            tokens: text.tokens.clone(),
            entra: text.entra.clone(),
            is_stopped: text.is_stopped,
        })
    }
}

fn revocation_word(mode: RevocationMode) -> &'static str {
    match mode {
        RevocationMode::Off => "off",
        RevocationMode::Leaf => "leaf",
        RevocationMode::Chain => "chain",
    }
}

fn refuse(cause: impl Into<String>) -> Error {
    Error::new(ErrorKind::Config, "read configuration of a gateway", cause)
}
