//! An instance: the front that clients connect to, and the far end of the tunnels.

mod activity;
mod admin;
mod client;
mod front;
mod listener;
mod metrics;
mod options;
mod reply;
mod request;
mod self_description;
mod sessions;
mod slot;
mod token;
mod trust;
mod tunnel_end;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock};

use rustls::ServerConfig;
use tokio::net::TcpListener;
use tokio::sync::{Notify, Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};

use self::listener::Admits;
use self::metrics::{Gauges, Metrics};
use self::sessions::Sessions;
use self::slot::Slots;
use self::trust::{Active, client_trust};
use super::configuration::Configuration;
use super::connection_point::random_number;
use super::tunnel::liveness::PingTimes;
use super::tunnel::message::{InstanceCounts, InstanceReport, LANGUAGE};
use super::workers::{Crew, Workers};
use crate::error::{Error, ErrorKind, Result};
use crate::limits::TUNNEL_SESSIONS_MAX;
use crate::net::gateway_tls::{Identity, front as front_tls, tunnel_front};
use crate::net::{ClientCertificates, ClientVerifier, PeerRefusal, PeerVerifierOptions};

pub use self::options::{InstanceLimits, InstanceOptions};

/// What all parts of an instance share.
pub(super) struct Shared {
    number: u16,
    limits: InstanceLimits,
    ping: PingTimes,
    clients: Arc<ClientVerifier>,
    tls: RwLock<Tls>,
    active: RwLock<Arc<Active>>,
    sessions: Sessions,
    slots: Arc<Slots>,
    metrics: Arc<Metrics>,
    /// Handshakes that may calculate at a time.
    handshakes: Semaphore,
    open_connections: OpenConnections,
    request_ids: RequestIds,
    crew: Arc<Crew>,
    /// Told when a configuration was taken; holds its version.
    news: watch::Sender<u64>,
    stop: watch::Sender<bool>,
    /// Open requests end by then, once it stops.
    drain_until: OnceLock<Instant>,
}

/// The TLS settings in force.
#[derive(Clone)]
struct Tls {
    front: Arc<ServerConfig>,
    tunnel: Arc<ServerConfig>,
}

/// Names of requests, unlike those of any other instance or run.
struct RequestIds {
    run: u64,
    next: AtomicU64,
}

impl RequestIds {
    fn next(&self) -> String {
        format!("{:08x}-{:x}", self.run as u32, self.next.fetch_add(1, Ordering::Relaxed))
    }
}

/// Connections of clients that are open.
#[derive(Default)]
struct OpenConnections(Arc<(AtomicUsize, Notify)>);

struct OpenConnection(Arc<(AtomicUsize, Notify)>);

impl OpenConnections {
    fn begin(&self) -> OpenConnection {
        self.0.0.fetch_add(1, Ordering::Relaxed);
        OpenConnection(Arc::clone(&self.0))
    }

    fn count(&self) -> usize {
        self.0.0.load(Ordering::Acquire)
    }

    async fn none(&self) {
        while self.count() > 0 {
            self.0.1.notified().await;
        }
    }
}

impl Drop for OpenConnection {
    fn drop(&mut self) {
        if self.0.0.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.0.1.notify_one();
        }
    }
}

impl Shared {
    fn tls(&self) -> Tls {
        self.tls.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn active(&self) -> Arc<Active> {
        Arc::clone(&self.active.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn report(&self, refused: Option<String>) -> InstanceReport {
        let configuration = self.active().configuration.version;
        let counts = Some(self.counts());
        InstanceReport { language: LANGUAGE, instance: self.number, configuration, refused, counts }
    }

    fn counts(&self) -> InstanceCounts {
        let named = |counts: BTreeMap<&'static str, u64>| {
            counts.into_iter().map(|(name, count)| (name.to_owned(), count)).collect()
        };
        InstanceCounts {
            connections: self.open_connections.count(),
            open_requests: self.slots.all(),
            requests: self.metrics.requests(),
            bytes_out: self.metrics.bytes_out.load(Ordering::Relaxed),
            refused: named(self.metrics.refused_requests()),
            refused_certificates: named(self.metrics.refused_certificates()),
            connection_points: self.connection_points(),
        }
    }

    /// The connection points that are connected, each once.
    fn connection_points(&self) -> Vec<String> {
        let mut names: Vec<String> =
            self.sessions.list().iter().map(|session| session.hello.connection_point.clone()).collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// Goes by a configuration from now on, if it is a later one.
    async fn apply(self: &Arc<Self>, configuration: Configuration) -> Result<()> {
        let shared = Arc::clone(self);
        // Indexing large revocation lists takes its time.
        crate::background::run("apply configuration", move || {
            let active = Active::new(configuration)?;
            let mut current = shared.active.write().unwrap_or_else(PoisonError::into_inner);
            let (old, new) = (current.configuration.version, active.configuration.version);
            if new <= old {
                tracing::info!(
                    version = new,
                    in_force = old,
                    "a configuration is not later than the one in force"
                );
                return Ok(());
            }
            // The old trust stays where the new one is none.
            shared.clients.replace(client_trust(&active.configuration), new)?;
            *current = Arc::new(active);
            drop(current);
            shared.news.send_replace(new);
            tracing::info!(version = new, "a configuration is in force");
            Ok(())
        })
        .await
    }

    fn gauges(&self) -> Gauges {
        Gauges {
            open_connections: self.open_connections.count(),
            open_requests: self.slots.all(),
            tunnels: self.sessions.list().len(),
            configuration: self.active().configuration.version,
        }
    }
}

/// What an instance is doing.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct InstanceState {
    /// Its number.
    pub number: u16,
    /// The version of the configuration in force; 0 for none.
    pub configuration: u64,
    /// The connection points that are connected.
    pub connection_points: Vec<String>,
    /// Connections of their tunnels.
    pub tunnels: usize,
    /// Connections of clients.
    pub connections: usize,
    /// Requests that are being served.
    pub open_requests: usize,
    /// Requests answered since it started.
    pub requests: u64,
    /// Handshakes of clients that succeeded since it started.
    pub handshakes: u64,
    /// Client certificates refused since it started, by reason.
    pub refused_certificates: BTreeMap<String, u64>,
}

/// A running instance of a gateway.
///
/// Dropping it closes its sockets without waiting for requests; [`Instance::stop`] lets them end first. Either waits for
/// its threads.
pub struct Instance {
    shared: Arc<Shared>,
    addresses: Vec<SocketAddr>,
    tunnel_addresses: Vec<SocketAddr>,
    admin_address: Option<SocketAddr>,
    tasks: JoinSet<()>,
    options: Mutex<InstanceOptions>,
    workers: Option<Workers>,
}

impl std::fmt::Debug for Instance {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Instance").field("addresses", &self.addresses).finish_non_exhaustive()
    }
}

impl Instance {
    /// Starts an instance of a gateway.
    ///
    /// It listens when this returns; until a connection point has brought a configuration it trusts nobody and serves
    /// nothing but `ServiceMetadata`. It accepts on the current tokio runtime, and serves what it accepted on threads of its
    /// own.
    ///
    /// # Errors
    /// `config` for an option that cannot be, `certificate` for a certificate or key that cannot be used, `not_found`
    /// for a missing file, `unavailable` where an address cannot be listened on.
    pub async fn start(options: InstanceOptions) -> Result<Self> {
        options.check()?;
        let metrics = Arc::new(Metrics::default());
        let counts = Arc::clone(&metrics);
        let peers = PeerVerifierOptions::new().on_refusal(move |peer| refused(&counts, &peer));
        let trust = client_trust(&Configuration::new(0));
        let clients = Arc::new(ClientVerifier::new(trust, 0, ClientCertificates::Optional, peers)?);
        let tls = read_tls(options.clone(), Arc::clone(&clients)).await?;
        let (mut listeners, mut addresses, mut tunnel_addresses) = (Vec::new(), Vec::new(), Vec::new());
        for (wanted, admits, bound) in [
            (&options.listen, Admits::ClientsAndTunnels, &mut addresses),
            (&options.tunnel_listen, Admits::TunnelsOnly, &mut tunnel_addresses),
        ] {
            for address in wanted {
                let (listener, address) = listen(*address).await?;
                bound.push(address);
                listeners.push((listener, admits));
            }
        }
        let workers = Workers::start(options.workers)?;
        let shared = Arc::new(Shared {
            number: options.number,
            limits: options.limits.clone(),
            ping: PingTimes { interval: options.ping_interval, deadline: options.ping_deadline },
            clients,
            tls: RwLock::new(tls),
            active: RwLock::new(Arc::new(Active::new(Configuration::new(0))?)),
            sessions: Sessions::default(),
            slots: Arc::default(),
            metrics,
            handshakes: Semaphore::new(options.workers.saturating_mul(3).div_euclid(4).max(1)),
            open_connections: OpenConnections::default(),
            request_ids: RequestIds { run: random_number()?, next: AtomicU64::new(0) },
            crew: Arc::clone(workers.crew()),
            news: watch::channel(0).0,
            stop: watch::channel(false).0,
            drain_until: OnceLock::new(),
        });
        let mut tasks = JoinSet::new();
        let client_places = Arc::new(Semaphore::new(shared.limits.connections));
        let tunnel_places = Arc::new(Semaphore::new(TUNNEL_SESSIONS_MAX));
        for (listener, admits) in listeners {
            let places = if admits == Admits::TunnelsOnly { &tunnel_places } else { &client_places };
            tasks.spawn(listener::accept(Arc::clone(&shared), listener, admits, Arc::clone(places)));
        }
        let mut admin_address = None;
        if let Some(address) = options.admin_listen {
            let (listener, address) = listen(address).await?;
            admin_address = Some(address);
            tasks.spawn(admin::serve(Arc::clone(&shared), listener));
        }
        Ok(Instance {
            shared,
            addresses,
            tunnel_addresses,
            admin_address,
            tasks,
            options: Mutex::new(options),
            workers: Some(workers),
        })
    }

    /// Where clients connect, with the ports that were taken.
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// Where only tunnels connect, with the ports that were taken.
    pub fn tunnel_addresses(&self) -> &[SocketAddr] {
        &self.tunnel_addresses
    }

    /// Where metrics and health are asked for, with the port that was taken.
    pub fn admin_address(&self) -> Option<SocketAddr> {
        self.admin_address
    }

    /// What it is doing.
    pub fn state(&self) -> InstanceState {
        let gauges = self.shared.gauges();
        let refused = self.shared.metrics.refused_certificates();
        InstanceState {
            number: self.shared.number,
            configuration: gauges.configuration,
            connection_points: self.shared.connection_points(),
            tunnels: gauges.tunnels,
            connections: gauges.open_connections,
            open_requests: gauges.open_requests,
            requests: self.shared.metrics.requests(),
            handshakes: self.shared.metrics.handshakes.load(Ordering::Relaxed),
            refused_certificates: refused
                .into_iter()
                .map(|(reason, count)| (reason.to_owned(), count))
                .collect(),
        }
    }

    /// Its counters in the text format of Prometheus.
    pub fn metrics(&self) -> String {
        self.shared.metrics.text(&self.shared.gauges())
    }

    /// Reads the certificate and the key again, and takes other pins; connections that are open stay.
    ///
    /// Addresses, number and limits cannot change while it runs; the workers stay those that it was started with.
    ///
    /// # Errors
    /// As [`start`](Self::start); the old settings then stay.
    pub async fn reload(&self, options: InstanceOptions) -> Result<()> {
        options.check()?;
        let old = self.options.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let fixed = |options: &InstanceOptions| {
            let addresses = (options.listen.clone(), options.tunnel_listen.clone(), options.admin_listen);
            (options.number, addresses, options.limits.clone())
        };
        if fixed(&old) != fixed(&options) {
            let cause = "number, addresses and limits change with a restart only";
            return Err(Error::new(ErrorKind::Config, format!("reload instance {}", old.number), cause));
        }
        let tls = read_tls(options.clone(), Arc::clone(&self.shared.clients)).await?;
        *self.shared.tls.write().unwrap_or_else(PoisonError::into_inner) = tls;
        *self.options.lock().unwrap_or_else(PoisonError::into_inner) = options;
        Ok(())
    }

    /// Stops accepting, lets open requests end for a limited time, and closes.
    ///
    /// The time is [`InstanceOptions::drain`].
    pub async fn stop(mut self) {
        let drain = self.options.lock().unwrap_or_else(PoisonError::into_inner).drain;
        let until = *self.shared.drain_until.get_or_init(|| Instant::now() + drain);
        self.shared.stop.send_replace(true);
        while self.tasks.join_next().await.is_some() {}
        let _ = timeout_at(until, self.shared.open_connections.none()).await;
        self.end_tunnels();
        if let Some(workers) = self.workers.take() {
            workers.end().await;
        }
    }

    fn end_tunnels(&self) {
        self.shared.sessions.list().iter().for_each(|session| session.end.notify_one());
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        self.shared.stop.send_replace(true);
        self.end_tunnels();
    }
}

async fn listen(address: SocketAddr) -> Result<(TcpListener, SocketAddr)> {
    let failed = |error: std::io::Error| {
        Error::new(ErrorKind::Unavailable, format!("listen on {address}"), error.to_string())
            .with_source(error)
    };
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    Ok((listener, address))
}

async fn read_tls(options: InstanceOptions, clients: Arc<ClientVerifier>) -> Result<Tls> {
    crate::background::run("read certificates", move || {
        let identity = Identity::read(&options.certificate_chain_pem, &options.key_pem)?;
        let pins = options.connection_point_pins.iter().map(|pin| pin.bytes()).collect();
        Ok(Tls { front: front_tls(&identity, clients)?, tunnel: tunnel_front(&identity, pins)? })
    })
    .await
}

/// A client whose certificate was refused: it gets an alert, the log gets the reason.
fn refused(metrics: &Metrics, peer: &PeerRefusal) {
    metrics.certificate_refused(peer.reason());
    tracing::warn!(
        reason = peer.reason(), subject = peer.subject.as_deref().unwrap_or("-"), thumbprint = %peer.thumbprint,
        error = %peer.error, "a client certificate is refused"
    );
}
