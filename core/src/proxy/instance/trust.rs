//! The configuration in force: whom the instance trusts and what it publishes.

use hyper::header::HeaderValue;
use time::OffsetDateTime;

use super::client::byte_sequence;
use super::token::Tokens;
use crate::cert::{Certificate, VerifierOptions};
use crate::error::Result;
use crate::limits::PATH_CERTIFICATES_MAX;
use crate::proxy::configuration::Configuration;
use crate::proxy::mapping::MappingTable;

/// The configuration in force, prepared for requests.
pub(super) struct Active {
    pub(super) configuration: Configuration,
    pub(super) table: MappingTable,
    pub(super) tokens: Option<Tokens>,
}

impl Active {
    pub(super) fn new(configuration: Configuration) -> Result<Self> {
        let table = MappingTable::new(configuration.published.clone())?;
        let tokens = configuration.tokens.as_ref().map(Tokens::new).transpose()?;
        Ok(Active { configuration, table, tokens })
    }

    /// The authorities above a certificate, without the root, as RFC 9440 has them.
    pub(super) fn chain_header(&self, leaf: &Certificate) -> Option<HeaderValue> {
        let mut parts: Vec<String> = Vec::new();
        let mut child = leaf;
        while parts.len() < PATH_CERTIFICATES_MAX {
            let is_issuer = |other: &&Certificate| {
                let same_key = match (child.authority_key_id(), other.subject_key_id()) {
                    (Some(wanted), Some(found)) => wanted == found,
                    _ => true,
                };
                same_key && other.subject() == child.issuer() && *other != child
            };
            let Some(issuer) = self.configuration.sub_cas.iter().find(is_issuer) else { break };
            parts.push(byte_sequence(issuer.der()).to_str().unwrap_or_default().to_owned());
            child = issuer;
        }
        if parts.is_empty() { None } else { HeaderValue::from_str(&parts.join(", ")).ok() }
    }
}

/// The trust of a configuration as the verifier of clients takes it.
pub(super) fn client_trust(configuration: &Configuration) -> VerifierOptions {
    let mut trust = VerifierOptions::new(configuration.roots.clone(), OffsetDateTime::UNIX_EPOCH);
    trust.intermediates = configuration.sub_cas.clone();
    trust.crls = configuration.crls.clone();
    trust.revocation = configuration.revocation;
    trust
}
