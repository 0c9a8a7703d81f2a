//! Questions to DNS: one kind of record, one answer, errors that say what to do.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use hickory_resolver::config::{
    ConnectionConfig, NameServerConfig, ResolveHosts, ResolverConfig, ResolverOpts,
};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::net::{DnsError, NetError};
use hickory_resolver::proto::op::ResponseCode;
use hickory_resolver::proto::rr::{RData, RecordType};
use hickory_resolver::{Resolver, TokioResolver};

use crate::error::{Error, ErrorKind, Result};

/// What a name server says about a name.
pub(crate) enum CnameAnswer {
    /// The name that it is an alias of, without the dot at its end.
    Alias(String),
    /// The name is there, without a CNAME record.
    NoAlias,
    /// There is no such name.
    NoName,
}

/// Where a service is, by a record of the type SRV.
pub(crate) struct ServiceAddress {
    pub(crate) host: String,
    pub(crate) port: u16,
}

/// Asks the name servers of this machine, or one that is given.
pub(crate) struct DnsClient {
    resolver: TokioResolver,
    /// Who is asked, for errors.
    asked: String,
    timeout: Duration,
}

impl DnsClient {
    /// Builds the client; asks nothing yet. Must be called within a runtime.
    pub(crate) fn new(server: Option<SocketAddr>, timeout: Duration) -> Result<Self> {
        let failed = |error: NetError| {
            let cause = format!("the name servers of this machine cannot be found: {error}");
            Error::new(ErrorKind::Config, "set up the DNS client", cause)
        };
        let provider = TokioRuntimeProvider::default();
        let mut builder = match server {
            Some(address) => Resolver::builder_with_config(config_of(address), provider),
            None => Resolver::builder(provider).map_err(failed)?,
        };
        limit(builder.options_mut(), timeout);
        let resolver = builder.build().map_err(failed)?;
        let asked = server.map_or_else(|| "the name servers of this machine".to_owned(), |at| at.to_string());
        Ok(DnsClient { resolver, asked, timeout })
    }

    /// The CNAME record of a name. The hosts file and the search list of this machine do not count.
    pub(crate) async fn cname(&self, operation: &str, name: &str) -> Result<CnameAnswer> {
        let question = self.resolver.lookup(format!("{name}."), RecordType::CNAME);
        let answer = match tokio::time::timeout(self.timeout, question).await {
            Ok(answer) => answer,
            Err(_) => return Err(self.silent(operation, name)),
        };
        match answer {
            Ok(found) => {
                let alias = found.answers().iter().find_map(|record| match &record.data {
                    RData::CNAME(target) => Some(target.0.to_utf8().trim_end_matches('.').to_owned()),
                    _ => None,
                });
                Ok(alias.map_or(CnameAnswer::NoAlias, CnameAnswer::Alias))
            }
            Err(NetError::Dns(DnsError::NoRecordsFound(none))) => match none.response_code {
                ResponseCode::NXDomain => Ok(CnameAnswer::NoName),
                ResponseCode::NoError => Ok(CnameAnswer::NoAlias),
                code => Err(self.refused(operation, name, &code.to_string())),
            },
            Err(NetError::Timeout) => Err(self.silent(operation, name)),
            Err(error) => Err(self.refused(operation, name, &error.to_string())),
        }
    }

    /// The addresses of a name, of both kinds; none where there is no such name.
    pub(crate) async fn addresses(&self, operation: &str, name: &str) -> Result<Vec<IpAddr>> {
        let question = self.resolver.lookup_ip(format!("{name}."));
        match tokio::time::timeout(self.timeout, question).await {
            Ok(Ok(found)) => Ok(found.iter().collect()),
            Ok(Err(NetError::Dns(DnsError::NoRecordsFound(none)))) => match none.response_code {
                ResponseCode::NXDomain | ResponseCode::NoError => Ok(Vec::new()),
                code => Err(self.refused(operation, name, &code.to_string())),
            },
            Err(_) | Ok(Err(NetError::Timeout)) => Err(self.silent(operation, name)),
            Ok(Err(error)) => Err(self.refused(operation, name, &error.to_string())),
        }
    }

    /// The hosts of a service (SRV), the preferred first; none where there is no such record.
    pub(crate) async fn services(&self, operation: &str, name: &str) -> Result<Vec<ServiceAddress>> {
        let mut found: Vec<_> = self
            .records(operation, name, RecordType::SRV)
            .await?
            .into_iter()
            .filter_map(|record| match record {
                RData::SRV(service) => Some(service),
                _ => None,
            })
            .collect();
        // A lower priority comes first; of two the one with more weight (RFC 2782, without its dice).
        found.sort_by_key(|service| (service.priority, std::cmp::Reverse(service.weight)));
        let address = |service: hickory_resolver::proto::rr::rdata::SRV| ServiceAddress {
            host: service.target.to_utf8().trim_end_matches('.').to_owned(),
            port: service.port,
        };
        Ok(found.into_iter().map(address).collect())
    }

    async fn records(&self, operation: &str, name: &str, kind: RecordType) -> Result<Vec<RData>> {
        let question = self.resolver.lookup(format!("{name}."), kind);
        let answer = match tokio::time::timeout(self.timeout, question).await {
            Ok(answer) => answer,
            Err(_) => return Err(self.silent(operation, name)),
        };
        match answer {
            Ok(found) => Ok(found.answers().iter().map(|record| record.data.clone()).collect()),
            Err(NetError::Dns(DnsError::NoRecordsFound(none))) => match none.response_code {
                ResponseCode::NXDomain | ResponseCode::NoError => Ok(Vec::new()),
                code => Err(self.refused(operation, name, &code.to_string())),
            },
            Err(NetError::Timeout) => Err(self.silent(operation, name)),
            Err(error) => Err(self.refused(operation, name, &error.to_string())),
        }
    }

    fn silent(&self, operation: &str, name: &str) -> Error {
        let cause = format!("{} gave no answer about {name} within {:?}", self.asked, self.timeout);
        Error::new(ErrorKind::TimedOut, operation, cause)
    }

    fn refused(&self, operation: &str, name: &str, why: &str) -> Error {
        let cause = format!("{} gave no answer about {name}: {why}", self.asked);
        Error::new(ErrorKind::Unavailable, operation, cause)
    }
}

fn config_of(address: SocketAddr) -> ResolverConfig {
    let connections = [ConnectionConfig::udp(), ConnectionConfig::tcp()];
    let connections = connections.map(|mut each| {
        each.port = address.port();
        each
    });
    ResolverConfig::from_name_servers(vec![NameServerConfig::new(address.ip(), true, connections.into())])
}

/// One question within the time, nothing remembered.
fn limit(options: &mut ResolverOpts, timeout: Duration) {
    options.timeout = timeout;
    options.attempts = 1;
    options.cache_size = 0;
    options.use_hosts_file = ResolveHosts::Never;
}
