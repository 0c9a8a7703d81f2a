//! What a connection point is started with.

use std::time::Duration;

use crate::error::{Error, ErrorKind, Result};
use crate::limits::{
    DRAIN_TIMEOUT, INSTANCES_MAX, TUNNEL_CONNECTIONS_MAX, TUNNEL_CONNECTIONS_MIN,
    TUNNEL_CONNECTIONS_USUAL_MAX, TUNNEL_PING_DEADLINE, TUNNEL_PING_INTERVAL, WORKERS_MAX,
};
use crate::net::{AuthMethod, Credentials, PemSource, TrustedRoots};
use crate::proxy::times::{check_drain, check_times};
use crate::proxy::{Configuration, Mapping, Pin, workers};

/// Where one instance can be dialled, the best address first.
///
/// ```
/// use cmgateway::proxy::InstanceAddress;
/// let one = InstanceAddress::of_service("gw.contoso.com", 1)?;
/// assert_eq!(one[0].candidates, ["gw.contoso.com:10140", "gw.contoso.com:443"]);
/// let two = InstanceAddress::of_service("gw.contoso.com", 2)?;
/// assert_eq!(two[1].candidates, ["gw.contoso.com:10141", "gw.contoso.com:10125"]);
/// # Ok::<(), cmgateway::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InstanceAddress {
    /// `host:port`, tried in this order.
    pub candidates: Vec<String>,
}

impl InstanceAddress {
    /// The instances of a service by Microsoft's rule: instance n on port 10140+n, else on 443 where there is one
    /// instance and on 10124+n where there are more.
    ///
    /// # Errors
    /// `config` for no instance, and for more than 16.
    pub fn of_service(host: &str, instances: u16) -> Result<Vec<Self>> {
        if instances == 0 || instances > INSTANCES_MAX {
            let cause = format!("a gateway has 1 to {INSTANCES_MAX} instances, not {instances}");
            return Err(Error::new(ErrorKind::Config, format!("name instances of {host}"), cause));
        }
        let address = |number: u16| {
            let fallback = if instances == 1 { 443 } else { 10124 + number };
            InstanceAddress {
                candidates: vec![format!("{host}:{}", 10140 + number), format!("{host}:{fallback}")],
            }
        };
        Ok((0..instances).map(address).collect())
    }
}

/// An HTTP proxy between connection point and instances; it is asked to `CONNECT`.
#[derive(Clone, Debug)]
pub struct TunnelProxy {
    /// `host:port` of the proxy.
    pub address: String,
    /// How the proxy lets the connection point in, and as whom; nothing where it lets in everybody. `Certificate` is
    /// none of its ways.
    pub login: Option<(AuthMethod, Credentials)>,
}

/// What a connection point is started with.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ConnectionPointOptions {
    /// Its name; instances know its sessions by it.
    pub name: String,
    /// The instances of the gateway.
    pub instances: Vec<InstanceAddress>,
    /// Its certificate towards the instances, then intermediates, PEM.
    pub certificate_chain_pem: PemSource,
    /// The key of it, PEM, not encrypted.
    pub key_pem: PemSource,
    /// The certificates that instances may show.
    pub instance_pins: Vec<Pin>,
    /// The proxy on the way, if any.
    pub proxy: Option<TunnelProxy>,
    /// Connections to each instance; one for each processor (2 to 16), unless told otherwise.
    pub connections: usize,
    /// Threads that serve connections; one for each processor, unless told otherwise. There are never more than
    /// connections.
    pub workers: usize,
    /// How often each connection is pinged.
    pub ping_interval: Duration,
    /// How long an instance may take to answer a ping.
    pub ping_deadline: Duration,
    /// How long open requests may go on when it stops.
    pub drain: Duration,
    /// Whom servers inside must be certified by.
    pub inside_roots: TrustedRoots,
    /// The certificate and key towards servers inside, PEM, where they ask for one.
    pub inside_identity: Option<(PemSource, PemSource)>,
    /// Which external roles live where inside.
    pub mappings: Vec<Mapping>,
    /// What instances are told at first; what is published follows from `mappings`.
    pub configuration: Configuration,
}

impl ConnectionPointOptions {
    /// The usual: a worker for each processor and a connection to each instance for each worker, no proxy, the system's
    /// roots inside.
    pub fn new(
        name: impl Into<String>,
        instances: Vec<InstanceAddress>,
        identity: (PemSource, PemSource),
        instance_pins: Vec<Pin>,
        mappings: Vec<Mapping>,
        configuration: Configuration,
    ) -> Self {
        ConnectionPointOptions {
            name: name.into(),
            instances,
            certificate_chain_pem: identity.0,
            key_pem: identity.1,
            instance_pins,
            proxy: None,
            connections: usual_connections(workers::usual_count()),
            workers: workers::usual_count(),
            ping_interval: TUNNEL_PING_INTERVAL,
            ping_deadline: TUNNEL_PING_DEADLINE,
            drain: DRAIN_TIMEOUT,
            inside_roots: TrustedRoots::System,
            inside_identity: None,
            mappings,
            configuration,
        }
    }

    pub(crate) fn check(&self) -> Result<()> {
        let refuse = |cause: String| {
            Err(Error::new(ErrorKind::Config, format!("start connection point {:?}", self.name), cause))
        };
        let is_name =
            |text: &str| !text.is_empty() && text.len() <= 64 && text.chars().all(|each| !each.is_control());
        match () {
            () if !is_name(&self.name) => refuse("name: it must have 1 to 64 characters".into()),
            () if self.instances.is_empty() || self.instances.len() > usize::from(INSTANCES_MAX) => {
                refuse(format!("instances: there must be 1 to {INSTANCES_MAX}"))
            }
            () if self.instances.iter().any(|each| each.candidates.is_empty()) => {
                refuse("instances: one has no address".into())
            }
            () if self.instance_pins.is_empty() => refuse("instance_pins: at least one is needed".into()),
            () if !(1..=WORKERS_MAX).contains(&self.workers) => {
                refuse(format!("workers: there must be 1 to {WORKERS_MAX}"))
            }
            () if self.connections == 0 || self.connections > TUNNEL_CONNECTIONS_MAX => {
                refuse(format!("connections: there must be 1 to {TUNNEL_CONNECTIONS_MAX}"))
            }
            () => {
                check_times(&[("ping_interval", self.ping_interval), ("ping_deadline", self.ping_deadline)])
                    .and_then(|()| check_drain(self.drain))
                    .or_else(refuse)
            }
        }
    }
}

/// Connections to each instance where nobody says how many: one for each worker.
pub(crate) fn usual_connections(workers: usize) -> usize {
    workers.clamp(TUNNEL_CONNECTIONS_MIN, TUNNEL_CONNECTIONS_USUAL_MAX)
}
