//! What an instance is started with.

use std::net::SocketAddr;
use std::time::Duration;

use crate::error::{Error, ErrorKind, Result};
use crate::limits::{
    DRAIN_TIMEOUT, FRONT_CONNECTIONS_MAX, FRONT_COUNT_MAX, FRONT_HANDSHAKE_TIMEOUT, FRONT_HEAD_TIMEOUT,
    FRONT_IDLE_TIMEOUT, FRONT_REQUESTS_MAX, FRONT_STALL_TIMEOUT, TUNNEL_PING_DEADLINE, TUNNEL_PING_INTERVAL,
    WORKERS_MAX,
};
use crate::net::PemSource;
use crate::proxy::Pin;
use crate::proxy::times::{check_drain, check_times};
use crate::proxy::workers;

/// How much an instance takes at a time.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct InstanceLimits {
    /// Connections of clients; further ones wait in the system's queue.
    pub connections: usize,
    /// Requests that are being served; further ones are answered 503 with `Retry-After`.
    pub requests: usize,
    /// Requests of one client (certificate, else address) that are being served.
    pub requests_per_client: usize,
    /// Longest TLS handshake.
    pub handshake: Duration,
    /// Longest time for the head of a request, from its first byte.
    pub head: Duration,
    /// How long a connection may be silent between requests.
    pub idle: Duration,
    /// How long a client may not read its answer, or not send its body.
    pub stall: Duration,
}

impl Default for InstanceLimits {
    fn default() -> Self {
        InstanceLimits {
            connections: FRONT_CONNECTIONS_MAX,
            requests: FRONT_REQUESTS_MAX,
            requests_per_client: 200,
            handshake: FRONT_HANDSHAKE_TIMEOUT,
            head: FRONT_HEAD_TIMEOUT,
            idle: FRONT_IDLE_TIMEOUT,
            stall: FRONT_STALL_TIMEOUT,
        }
    }
}

/// What an instance is started with; everything else comes from a connection point.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct InstanceOptions {
    /// Its number, which tells it from the others; machines of a scale set have gaps between theirs.
    pub number: u16,
    /// Where clients connect, and tunnels too; port 0 takes a free one.
    pub listen: Vec<SocketAddr>,
    /// Where only tunnels connect.
    pub tunnel_listen: Vec<SocketAddr>,
    /// Where metrics and health are asked for, over HTTP without TLS: an address that clients cannot reach.
    pub admin_listen: Option<SocketAddr>,
    /// Its certificate towards clients and connection points, then intermediates, PEM.
    pub certificate_chain_pem: PemSource,
    /// The key of it, PEM, not encrypted.
    pub key_pem: PemSource,
    /// The certificates that connection points may show.
    pub connection_point_pins: Vec<Pin>,
    /// How much it takes at a time.
    pub limits: InstanceLimits,
    /// Threads that serve connections; one for each processor, unless told otherwise.
    pub workers: usize,
    /// How often each connection of a tunnel is pinged.
    pub ping_interval: Duration,
    /// How long a connection point may take to answer a ping.
    pub ping_deadline: Duration,
    /// How long open requests may go on when it stops.
    pub drain: Duration,
}

impl InstanceOptions {
    /// Instance 0 with the usual limits.
    pub fn new(
        listen: SocketAddr,
        identity: (PemSource, PemSource),
        connection_point_pins: Vec<Pin>,
    ) -> Self {
        InstanceOptions {
            number: 0,
            listen: vec![listen],
            tunnel_listen: Vec::new(),
            admin_listen: None,
            certificate_chain_pem: identity.0,
            key_pem: identity.1,
            connection_point_pins,
            limits: InstanceLimits::default(),
            workers: workers::usual_count(),
            ping_interval: TUNNEL_PING_INTERVAL,
            ping_deadline: TUNNEL_PING_DEADLINE,
            drain: DRAIN_TIMEOUT,
        }
    }

    pub(crate) fn check(&self) -> Result<()> {
        let refuse = |cause: String| {
            Err(Error::new(ErrorKind::Config, format!("start instance {}", self.number), cause))
        };
        let limits = &self.limits;
        match () {
            () if self.listen.is_empty() => refuse("listen: at least one address is needed".into()),
            () if self.connection_point_pins.is_empty() => {
                refuse("connection_point_pins: at least one is needed".into())
            }
            () if !(1..=WORKERS_MAX).contains(&self.workers) => {
                refuse(format!("workers: there must be 1 to {WORKERS_MAX}"))
            }
            () if [limits.connections, limits.requests, limits.requests_per_client]
                .iter()
                .any(|count| !(1..=FRONT_COUNT_MAX).contains(count)) =>
            {
                refuse(format!(
                    "limits: connections, requests and requests_per_client must be 1 to {FRONT_COUNT_MAX}"
                ))
            }
            () => check_times(&[
                ("limits.handshake", limits.handshake),
                ("limits.head", limits.head),
                ("limits.idle", limits.idle),
                ("limits.stall", limits.stall),
                ("ping_interval", self.ping_interval),
                ("ping_deadline", self.ping_deadline),
            ])
            .and_then(|()| check_drain(self.drain))
            .or_else(refuse),
        }
    }
}
