//! The CNAME record by which clients find the gateway.

use std::net::SocketAddr;
use std::time::Duration;

use super::server_certificate::{DeploymentName, ServiceName};
use crate::error::{Error, ErrorKind, Result};
use crate::limits::{CNAME_STEPS_MAX, DNS_TIMEOUT};
use crate::net::{CnameAnswer, DnsClient};

const OPERATION: &str = "check CNAME";

/// Whom to ask for a CNAME record, and how long to wait.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CnameOptions {
    /// The name server to ask, such as one on the Internet; those of this machine where it is `None`.
    pub name_server: Option<SocketAddr>,
    /// The longest wait for one answer.
    pub timeout: Duration,
}

impl Default for CnameOptions {
    fn default() -> Self {
        CnameOptions { name_server: None, timeout: DNS_TIMEOUT }
    }
}

/// Checks that DNS leads from the service name to the deployment name, and gives the names on the way.
///
/// Within a company the name may lead elsewhere than on the Internet: ask a public name server for what clients see. A service
/// name that is the deployment name needs no record and is not asked for.
///
/// # Errors
/// `not_found` where there is no such name or it has no CNAME record; `conflict` where it leads elsewhere (context `target`);
/// `timed_out` and `unavailable` where no name server answers; `protocol` where the names go round in a circle.
///
/// ```no_run
/// use cmgateway::gateway::{CnameOptions, check_cname};
/// use cmgateway::gateway::server_certificate::{DeploymentName, ServiceName};
/// # async fn example() -> cmgateway::Result<()> {
/// let service = ServiceName::parse("GraniteFalls.contoso.com")?;
/// let deployment = DeploymentName::parse("granitefalls.westus.cloudapp.azure.com")?;
/// let way = check_cname(&service, &deployment, &CnameOptions::default()).await?;
/// println!("{}", way.join(" -> "));
/// # Ok(()) }
/// ```
pub async fn check_cname(
    service: &ServiceName,
    deployment: &DeploymentName,
    options: &CnameOptions,
) -> Result<Vec<String>> {
    let mut way = vec![service.as_str().to_owned()];
    if service.as_str().eq_ignore_ascii_case(deployment.as_str()) {
        return Ok(way);
    }
    let client = DnsClient::new(options.name_server, options.timeout)?;
    let mut name = service.as_str().to_owned();
    for _ in 0..CNAME_STEPS_MAX {
        match client.cname(OPERATION, &name).await? {
            CnameAnswer::Alias(target) => {
                way.push(target.clone());
                if target.eq_ignore_ascii_case(deployment.as_str()) {
                    return Ok(way);
                }
                name = target;
            }
            CnameAnswer::NoName if way.len() == 1 => {
                return Err(Error::new(
                    ErrorKind::NotFound,
                    OPERATION,
                    format!("there is no name {name} in DNS"),
                ));
            }
            CnameAnswer::NoAlias if way.len() == 1 => {
                let cause = format!("{name} has no CNAME record; make one that leads to {deployment}");
                return Err(Error::new(ErrorKind::NotFound, OPERATION, cause));
            }
            // The deployment name itself need not be there yet, any other end is a wrong one.
            CnameAnswer::NoName | CnameAnswer::NoAlias => {
                let cause = format!("{} and not to {deployment}", way.join(" leads to "));
                return Err(Error::new(ErrorKind::Conflict, OPERATION, cause).with_context("target", name));
            }
        }
    }
    let cause = format!("more than {CNAME_STEPS_MAX} CNAME records follow each other: {}", way.join(", "));
    Err(Error::new(ErrorKind::Protocol, OPERATION, cause))
}
