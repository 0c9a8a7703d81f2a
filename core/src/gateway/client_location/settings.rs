//! A client's options from a table, as scripts give them.

use std::net::{IpAddr, SocketAddr};

use serde_json::{Map, Value};

use super::candidate::{MpCandidate, PublishedRole};
use super::prober::LocationProberOptions;
use super::reference_client::{CandidateSource, ReferenceClientOptions};
use crate::error::{Error, ErrorKind, Result};
use crate::gateway::fields::Fields;
use crate::limits::{LOCATION_PROBE_TIMEOUT, LOCATION_REFRESH_INTERVAL};
use crate::net::TrustedRoots;
use crate::site::Site;

/// The port of name servers.
const DNS_PORT: u16 = 53;

impl ReferenceClientOptions {
    /// Reads the options from a table; every mistake is told at once.
    ///
    /// Fields: `candidates` (texts as [`MpCandidate::from_text`] reads them) or, with a site, `service_name` and `published`
    /// (ids by server); `domain`, `management_points`, `trusted_roots` (file), `certificate_file`, `key_file`, `name_server`
    /// (address, with a port or without), `timeout` and `refresh_interval` (seconds), `always_on_internet`.
    ///
    /// # Errors
    /// `config` with every field that is unknown, of another type, or does not go with another.
    ///
    /// ```
    /// use cmgateway::gateway::client_location::ReferenceClientOptions;
    /// let table = serde_json::json!({ "candidates": ["MP1.contoso.com"], "management_points": ["MP1.contoso.com"] });
    /// assert!(!ReferenceClientOptions::from_json(table, None)?.always_on_internet);
    /// # Ok::<(), cmgateway::Error>(())
    /// ```
    pub fn from_json(table: Value, site: Option<Site>) -> Result<Self> {
        let operation = "read the client's options";
        let map = match table {
            Value::Object(map) => map,
            Value::Null => Map::new(),
            _ => return Err(Error::new(ErrorKind::Config, operation, "the options must be a table")),
        };
        let mut fields = Fields::new("a client", map);
        let candidates = fields.texts("candidates");
        let (service_name, published) = (fields.text("service_name"), fields.ids("published"));
        let mut prober = LocationProberOptions {
            domain: fields.text("domain"),
            management_points: fields.texts("management_points"),
            timeout: fields.seconds("timeout", LOCATION_PROBE_TIMEOUT),
            ..LocationProberOptions::default()
        };
        if let Some(file) = fields.text("trusted_roots") {
            prober.trusted_roots = TrustedRoots::File(file.into());
        }
        prober.identity = match (fields.text("certificate_file"), fields.text("key_file")) {
            (Some(chain), Some(key)) => {
                Some((std::path::PathBuf::from(chain).into(), std::path::PathBuf::from(key).into()))
            }
            (chain, key) => {
                fields.must(chain.is_none() && key.is_none(), "certificate_file", "goes with key_file");
                None
            }
        };
        if let Some(text) = fields.text("name_server") {
            let bare = || text.parse::<IpAddr>().map(|address| SocketAddr::new(address, DNS_PORT)).ok();
            prober.name_server = text.parse().ok().or_else(bare);
            fields.must(
                prober.name_server.is_some(),
                "name_server",
                "must be an IP address, with a port or without",
            );
        }
        let refresh_interval = fields.seconds("refresh_interval", LOCATION_REFRESH_INTERVAL);
        let always_on_internet = fields.flag("always_on_internet", false);
        fields.must(
            candidates.is_empty() != site.is_none(),
            "candidates",
            "are given, or a site that has them",
        );
        fields.must(service_name.is_some() == site.is_some(), "service_name", "goes with a site");
        fields.must(published.is_empty() || site.is_some(), "published", "goes with a site");
        fields.finish(operation)?;
        let candidates = match (site, service_name) {
            (Some(site), Some(service_name)) => {
                let published =
                    published.into_iter().map(|(server, id)| PublishedRole { id, server }).collect();
                CandidateSource::Site { site, service_name, published }
            }
            _ => CandidateSource::List(listed(&candidates)?),
        };
        let mut options = ReferenceClientOptions::new(candidates, prober);
        (options.refresh_interval, options.always_on_internet) = (refresh_interval, always_on_internet);
        Ok(options)
    }
}

fn listed(texts: &[String]) -> Result<Vec<MpCandidate>> {
    let mut found = Vec::with_capacity(texts.len());
    for (index, text) in texts.iter().enumerate() {
        let mut one = MpCandidate::from_text(text)?;
        one.index = u32::try_from(index).unwrap_or(u32::MAX);
        found.push(one);
    }
    Ok(found)
}
