//! Asks whether a domain controller and a management point inside answer.

use std::net::SocketAddr;
use std::time::Duration;

use serde::Serialize;

use super::decision::{LocationDecision, decide};
use super::directory;
use crate::background;
use crate::error::{Error, ErrorKind, Result};
use crate::limits::{DOMAIN_CONTROLLERS_MAX, LOCATION_ANSWER_BYTES_MAX, LOCATION_PROBE_TIMEOUT};
use crate::net::authenticated_http::Authentication;
use crate::net::http::{HttpClient, HttpOptions, HttpRequest, Method, Url};
use crate::net::{ClientIdentity, DnsClient, PemSource, TrustedRoots};

/// What a management point is asked: for the list of management points, which it gives to anybody it lets in.
const QUESTION: &str = "SMS_MP/.sms_aut?mplist";

/// Whom a prober asks, and how long it waits.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct LocationProberOptions {
    /// The domain whose controllers are looked for (`_ldap._tcp.dc._msdcs.<domain>`); None looks for none.
    pub domain: Option<String>,
    /// The management points inside, as host, with a port where it is not the usual one; over HTTPS.
    pub management_points: Vec<String>,
    /// Whom their certificates must chain to.
    pub trusted_roots: TrustedRoots,
    /// Chain and key that the client shows, where a management point wants them.
    pub identity: Option<(PemSource, PemSource)>,
    /// The name server to ask; those of this machine where it is None.
    pub name_server: Option<SocketAddr>,
    /// The longest wait for each of the two.
    pub timeout: Duration,
}

impl Default for LocationProberOptions {
    fn default() -> Self {
        LocationProberOptions {
            domain: None,
            management_points: Vec::new(),
            trusted_roots: TrustedRoots::System,
            identity: None,
            name_server: None,
            timeout: LOCATION_PROBE_TIMEOUT,
        }
    }
}

/// What came of asking one kind of server.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ProbeOutcome {
    /// The server that answered; None where none did.
    pub answered: Option<String>,
    /// Why others did not.
    pub failures: Vec<String>,
}

/// What a prober has found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct LocationProbe {
    /// The domain controllers.
    pub domain_controller: ProbeOutcome,
    /// The management points inside.
    pub management_point: ProbeOutcome,
}

impl LocationProbe {
    /// What follows for the client.
    pub fn decide(&self, always_on_internet: bool) -> LocationDecision {
        let (controller, point) = (&self.domain_controller.answered, &self.management_point.answered);
        decide(always_on_internet, controller.is_some(), point.is_some())
    }
}

/// Asks whether a domain controller (DNS, then LDAP) and a management point (HTTPS) answer.
///
/// A domain controller is one that `_ldap._tcp.dc._msdcs.<domain>` names and that answers a search for its root over LDAP. A
/// management point is one whose certificate is trusted and that gives any answer but a server error.
///
/// ```no_run
/// # async fn example() -> cmgateway::Result<()> {
/// use cmgateway::gateway::client_location::{LocationProber, LocationProberOptions};
/// let mut options = LocationProberOptions::default();
/// options.domain = Some("contoso.com".into());
/// options.management_points = vec!["MP1.contoso.com".into()];
/// let probe = LocationProber::new(options).await?.probe().await;
/// println!("{}", probe.decide(false).reason);
/// # Ok(()) }
/// ```
pub struct LocationProber {
    options: LocationProberOptions,
    /// A client for each management point, with its address.
    points: Vec<(String, Url, HttpClient)>,
}

impl std::fmt::Debug for LocationProber {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LocationProber").field("options", &self.options).finish()
    }
}

impl LocationProber {
    /// Reads the files of roots and of the client's certificate; asks nobody yet.
    ///
    /// # Errors
    /// `config` for a name that cannot be a host and where nobody is named to ask; those of the files.
    pub async fn new(options: LocationProberOptions) -> Result<Self> {
        let operation = "set up the location prober";
        if options.domain.is_none() && options.management_points.is_empty() {
            let cause = "neither a domain nor a management point is given; nothing could tell the intranet";
            return Err(Error::new(ErrorKind::Config, operation, cause));
        }
        background::run(operation, move || {
            let mut points = Vec::with_capacity(options.management_points.len());
            for host in &options.management_points {
                let url = Url::parse(&format!("https://{host}/{QUESTION}")).map_err(|error| {
                    let cause = format!("management point {host:?} is no host name: {error}");
                    Error::new(ErrorKind::Config, operation, cause)
                })?;
                let client = http_client(&url, &options)?;
                points.push((host.clone(), url, client));
            }
            Ok(LocationProber { options, points })
        })
        .await
    }

    /// Asks both at the same time; that nobody answers is a result, no error.
    pub async fn probe(&self) -> LocationProbe {
        let timeout = self.options.timeout;
        let limited = |outcome: std::result::Result<ProbeOutcome, _>, what: &str| {
            outcome.unwrap_or_else(|_: tokio::time::error::Elapsed| ProbeOutcome {
                answered: None,
                failures: vec![format!("no {what} answered within {timeout:?}")],
            })
        };
        let (controller, point) = tokio::join!(
            tokio::time::timeout(timeout, self.domain_controller()),
            tokio::time::timeout(timeout, self.management_point())
        );
        LocationProbe {
            domain_controller: limited(controller, "domain controller"),
            management_point: limited(point, "management point"),
        }
    }

    async fn domain_controller(&self) -> ProbeOutcome {
        let Some(domain) = &self.options.domain else { return ProbeOutcome::default() };
        let mut outcome = ProbeOutcome::default();
        let operation = "look for a domain controller";
        let client = match DnsClient::new(self.options.name_server, self.options.timeout) {
            Ok(client) => client,
            Err(error) => return ProbeOutcome { answered: None, failures: vec![error.cause().to_owned()] },
        };
        let name = format!("_ldap._tcp.dc._msdcs.{domain}");
        let services = match client.services(operation, &name).await {
            Ok(services) => services,
            Err(error) => return ProbeOutcome { answered: None, failures: vec![error.cause().to_owned()] },
        };
        if services.is_empty() {
            outcome.failures.push(format!("DNS has no record {name}"));
        }
        // One that stays silent leaves time for the others.
        let share = share(self.options.timeout, services.len().clamp(1, DOMAIN_CONTROLLERS_MAX) + 1);
        for service in services.into_iter().take(DOMAIN_CONTROLLERS_MAX) {
            let addresses = match client.addresses(operation, &service.host).await {
                Ok(addresses) => addresses,
                Err(error) => {
                    outcome.failures.push(format!("{}: {}", service.host, error.cause()));
                    continue;
                }
            };
            for address in addresses {
                let asked = directory::answers(SocketAddr::new(address, service.port));
                let answered = tokio::time::timeout(share, asked).await;
                match answered.unwrap_or_else(|_| Err(format!("no answer within {share:?}"))) {
                    Ok(()) => {
                        outcome.answered = Some(service.host);
                        return outcome;
                    }
                    Err(cause) => {
                        outcome.failures.push(format!("{}:{}: {cause}", service.host, service.port))
                    }
                }
            }
        }
        outcome
    }

    async fn management_point(&self) -> ProbeOutcome {
        let mut outcome = ProbeOutcome::default();
        let share = share(self.options.timeout, self.points.len());
        for (host, url, client) in &self.points {
            let asked = client.send(get("look for a management point", url));
            let Ok(answered) = tokio::time::timeout(share, asked).await else {
                outcome.failures.push(format!("{host}: no answer within {share:?}"));
                continue;
            };
            match answered {
                Ok(answer) if answer.status < 500 => {
                    outcome.answered = Some(host.clone());
                    return outcome;
                }
                Ok(answer) => outcome.failures.push(format!("{host}: answers {}", answer.status)),
                Err(error) => outcome.failures.push(format!("{host}: {}", error.cause())),
            }
        }
        outcome
    }
}

/// The time of one attempt of several, which are made one after the other.
fn share(all: Duration, attempts: usize) -> Duration {
    all / u32::try_from(attempts.max(1)).unwrap_or(u32::MAX)
}

/// A client for one server; it reads the files of roots and of the client's certificate.
pub(super) fn http_client(url: &Url, options: &LocationProberOptions) -> Result<HttpClient> {
    let identity = options.identity.clone().map(|(chain, key)| ClientIdentity { chain, key });
    HttpClient::new(HttpOptions {
        server: url.clone(),
        trusted_roots: options.trusted_roots.clone(),
        authentication: Authentication::None,
        identity,
        timeout: options.timeout,
        response_bytes_max: LOCATION_ANSWER_BYTES_MAX,
    })
}

/// A request for a file.
pub(super) fn get<'a>(operation: &'a str, url: &'a Url) -> HttpRequest<'a> {
    HttpRequest {
        operation,
        method: Method::GET,
        url,
        accept: "*/*",
        content: None,
        if_match: None,
        token: None,
        headers: &[],
        is_repeatable: true,
    }
}
