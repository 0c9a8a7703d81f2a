//! The keys that issuers sign tokens with, asked for again and again where their address is known.

use std::time::Duration;

use crate::error::{Error, ErrorKind, Result};
use crate::limits::{KEY_SET_BYTES_MAX, REQUEST_TIMEOUT};
use crate::net::TrustedRoots;
use crate::net::download::Download;
use crate::net::http::Url;
use crate::proxy::TokenRules;

/// Where the keys are, what tokens they are for, and how often they are asked for.
#[derive(Clone, Debug)]
pub(super) struct KeySetSource {
    url: Url,
    trusted_roots: TrustedRoots,
    /// Everything but the keys.
    rules: TokenRules,
    pub(super) interval: Duration,
}

impl KeySetSource {
    /// A source at an address; only `https:` ones are asked, since who gives the keys decides who gets in.
    pub(super) fn new(
        url: &str,
        trusted_roots: TrustedRoots,
        rules: TokenRules,
        interval: Duration,
    ) -> Result<Self> {
        let refuse =
            |cause: &str| Error::new(ErrorKind::Config, "read token rules", format!("keys: {cause}"));
        let url: Url = url.parse().map_err(|_| refuse("it is no address"))?;
        if url.scheme() != "https" {
            return Err(refuse("keys are fetched from https: addresses only"));
        }
        rules.check_names()?;
        Ok(KeySetSource { url, trusted_roots, rules, interval })
    }

    /// The rules with the keys of now, checked.
    pub(super) async fn fetch(&self) -> Result<TokenRules> {
        let operation = "fetch the keys of token issuers";
        let download = Download {
            operation,
            url: &self.url,
            accept: "application/json",
            trusted_roots: self.trusted_roots.clone(),
            timeout: REQUEST_TIMEOUT,
            bytes_max: KEY_SET_BYTES_MAX,
        };
        let content = download.get().await?;
        let keys = String::from_utf8(content.into())
            .map_err(|_| Error::new(ErrorKind::Protocol, operation, "the answer is no text"))?;
        let rules = TokenRules { keys, ..self.rules.clone() };
        // What no instance would take must not stand in the way of later configurations.
        rules.check().map_err(|error| error.during(operation))?;
        Ok(rules)
    }
}
