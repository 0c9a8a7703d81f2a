//! The connection point: inside, it dials out to the instances and serves what clients ask of them.

mod backoff;
pub(in crate::proxy) mod dial;
mod forward;
mod link;
mod options;
mod routes;
mod upstream;

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, interval, sleep};

use self::link::{CONNECTED_LOOK, Common, Link};
use self::routes::{Routes, published};
use self::upstream::Upstreams;
use super::configuration::Configuration;
use super::mapping::Mapping;
use super::traffic::{EndpointTraffic, Traffic};
use super::tunnel::liveness::PingTimes;
use super::tunnel::told;
use super::workers::Workers;
use crate::error::{Error, ErrorKind, Result};
use crate::limits::{CONNECTION_CHECK_INTERVAL, TRAFFIC_REPORT_INTERVAL};
use crate::net::gateway_tls::{Identity, inside, tunnel_dial};

pub use self::link::InstanceStatus;
pub(crate) use self::options::usual_connections;
pub use self::options::{ConnectionPointOptions, InstanceAddress, TunnelProxy};

/// The inside as requests see it.
pub(super) struct Inside {
    routes: RwLock<Arc<Routes>>,
    upstreams: RwLock<Arc<Upstreams>>,
    traffic: Traffic,
    has_identity: AtomicBool,
}

impl Inside {
    fn routes(&self) -> Arc<Routes> {
        Arc::clone(&self.routes.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn upstreams(&self) -> Arc<Upstreams> {
        Arc::clone(&self.upstreams.read().unwrap_or_else(PoisonError::into_inner))
    }
}

/// What a connection point is doing.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ConnectionPointStatus {
    /// Its name.
    pub name: String,
    /// The version of the configuration that it carries.
    pub configuration: u64,
    /// The instances.
    pub instances: Vec<InstanceStatus>,
    /// What went through since it started.
    pub traffic: Vec<EndpointTraffic>,
}

/// A running connection point.
///
/// Dropping it ends its connections without waiting for requests; [`ConnectionPoint::stop`] lets them end first. Either
/// waits for its threads.
pub struct ConnectionPoint {
    common: Arc<Common>,
    links: Vec<Arc<Link>>,
    tasks: Mutex<JoinSet<()>>,
    configuration: Mutex<Configuration>,
    workers: Mutex<Option<Workers>>,
}

impl std::fmt::Debug for ConnectionPoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ConnectionPoint").field("name", &self.common.name).finish_non_exhaustive()
    }
}

impl ConnectionPoint {
    /// Starts a connection point: it dials every instance and serves what comes.
    ///
    /// It returns at once; instances that cannot be reached are dialled again and again. It needs the current tokio
    /// runtime, but serves on threads of its own.
    ///
    /// # Errors
    /// `config` for an option that cannot be, `certificate` for a certificate or key that cannot be used, `not_found`
    /// for a missing file.
    pub async fn start(mut options: ConnectionPointOptions) -> Result<Self> {
        options.check()?;
        options.configuration.published = published(&options.mappings);
        let encoded = options.configuration.encode()?;
        let tls = read_tls(options.clone()).await?;
        let common = Arc::new(Common {
            name: options.name,
            session: run_number(),
            tls: Mutex::new(tls.0),
            proxy: options.proxy,
            ping: PingTimes { interval: options.ping_interval, deadline: options.ping_deadline },
            drain: Mutex::new(options.drain),
            inside: Arc::new(Inside {
                routes: RwLock::new(Arc::new(Routes::new(&options.mappings)?)),
                upstreams: RwLock::new(Arc::new(tls.1)),
                traffic: Traffic::default(),
                has_identity: AtomicBool::new(options.inside_identity.is_some()),
            }),
            configuration: watch::channel(Arc::new(encoded)).0,
            stop: watch::channel(false).0,
        });
        let connections = options.connections.saturating_mul(options.instances.len());
        let workers = Workers::start(options.workers.min(connections))?;
        let links: Vec<_> =
            options.instances.into_iter().map(|instance| Link::new(Arc::clone(&common), instance)).collect();
        let mut tasks = JoinSet::new();
        for link in &links {
            for connection in 0..options.connections {
                if let Some(worker) = workers.crew().next() {
                    tasks.spawn_on(Arc::clone(link).keep(connection), worker);
                }
            }
        }
        tasks.spawn(look_after(Arc::clone(&common), links.clone()));
        Ok(ConnectionPoint {
            common,
            links,
            tasks: Mutex::new(tasks),
            configuration: Mutex::new(options.configuration),
            workers: Mutex::new(Some(workers)),
        })
    }

    /// Publishes these mappings and tells the instances this configuration; nobody is disconnected.
    ///
    /// What is published follows from `mappings`. Where the content is what the instances go by already, nothing
    /// happens.
    ///
    /// # Errors
    /// `config` for mappings that cannot be told apart, and for a configuration that is larger than instances take.
    pub fn configure(&self, mappings: &[Mapping], mut configuration: Configuration) -> Result<()> {
        configuration.published = published(mappings);
        let routes = Routes::new(mappings)?;
        let mut current = self.configuration.lock().unwrap_or_else(PoisonError::into_inner);
        *self.common.inside.routes.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(routes);
        self.tell(&mut current, configuration).map(drop)
    }

    /// Changes a part of the configuration and tells the instances; what is published stays. True where it was a
    /// change.
    ///
    /// # Errors
    /// `config` for a configuration that is larger than instances take; the old one then stays.
    pub fn amend(&self, change: impl FnOnce(&mut Configuration)) -> Result<bool> {
        let mut current = self.configuration.lock().unwrap_or_else(PoisonError::into_inner);
        let mut configuration = current.clone();
        change(&mut configuration);
        configuration.published.clone_from(&current.published);
        self.tell(&mut current, configuration)
    }

    fn tell(&self, current: &mut Configuration, mut configuration: Configuration) -> Result<bool> {
        if current.is_same_but_version(&configuration) {
            return Ok(false);
        }
        configuration.version = configuration.version.max(current.version.saturating_add(1));
        self.common.configuration.send_replace(Arc::new(configuration.encode()?));
        *current = configuration;
        Ok(true)
    }

    /// What it tells the instances now.
    pub fn configuration(&self) -> Configuration {
        self.configuration.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What it is doing.
    pub fn status(&self) -> ConnectionPointStatus {
        ConnectionPointStatus {
            name: self.common.name.clone(),
            configuration: self.configuration.lock().unwrap_or_else(PoisonError::into_inner).version,
            instances: self.links.iter().map(|link| link.status()).collect(),
            traffic: self.common.inside.traffic.so_far(),
        }
    }

    /// Waits until every instance is connected and goes by the configuration of this moment.
    ///
    /// # Errors
    /// `timed_out` with the state of the instances that are not ready.
    pub async fn ready(&self, time: Duration) -> Result<()> {
        let until = Instant::now() + time;
        loop {
            let status = self.status();
            let is_ready = |instance: &&InstanceStatus| {
                instance.connections > 0 && instance.configuration >= status.configuration
            };
            let Some(waiting) = status.instances.iter().find(|instance| !is_ready(instance)) else {
                return Ok(());
            };
            if Instant::now() >= until {
                let cause = match (&waiting.refused, &waiting.last_error) {
                    (Some(refused), _) => refused.clone(),
                    (None, Some(error)) => error.clone(),
                    (None, None) => "it has not answered yet".to_owned(),
                };
                let operation = format!("connect {} to {}", status.name, waiting.addresses.join(" or "));
                return Err(Error::new(ErrorKind::TimedOut, operation, cause));
            }
            sleep(CONNECTED_LOOK).await;
        }
    }

    /// Asks the instances for no more requests, lets open ones end for a limited time, and closes.
    ///
    /// The time is [`ConnectionPointOptions::drain`].
    pub async fn stop(self) {
        self.shut_down().await;
    }

    /// As [`stop`](Self::stop), for an owner that shares it.
    pub(crate) async fn shut_down(&self) {
        self.common.stop.send_replace(true);
        let mut tasks = std::mem::take(&mut *self.tasks.lock().unwrap_or_else(PoisonError::into_inner));
        while tasks.join_next().await.is_some() {}
        let workers = self.workers.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(workers) = workers {
            workers.end().await;
        }
    }

    /// As dropping it, for an owner that shares it: nobody else is to wait for its threads.
    pub(crate) fn let_go(&self) {
        let workers = self.workers.lock().unwrap_or_else(PoisonError::into_inner).take();
        drop(workers);
    }

    /// Takes other mappings, another configuration, and certificates and pins as they are now; connections that are
    /// open stay.
    ///
    /// Name, instances, proxy and the numbers of connections and workers stay what they were when it was started.
    ///
    /// # Errors
    /// As [`start`](Self::start); the old settings then stay.
    pub async fn reload(&self, options: ConnectionPointOptions) -> Result<()> {
        options.check()?;
        let addresses = options.instances.iter().map(|instance| &instance.candidates);
        let is_same =
            options.name == self.common.name && self.links.iter().map(|link| link.addresses()).eq(addresses);
        if !is_same {
            let cause = "name and instances change with a restart only";
            return Err(Error::new(
                ErrorKind::Config,
                format!("reload connection point {:?}", self.common.name),
                cause,
            ));
        }
        let (tunnel, upstreams) = read_tls(options.clone()).await?;
        self.configure(&options.mappings, options.configuration)?;
        *self.common.tls.lock().unwrap_or_else(PoisonError::into_inner) = tunnel;
        *self.common.drain.lock().unwrap_or_else(PoisonError::into_inner) = options.drain;
        *self.common.inside.upstreams.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(upstreams);
        let has_identity = options.inside_identity.is_some();
        self.common.inside.has_identity.store(has_identity, std::sync::atomic::Ordering::Relaxed);
        Ok(())
    }
}

async fn read_tls(options: ConnectionPointOptions) -> Result<(Arc<rustls::ClientConfig>, Upstreams)> {
    crate::background::run("read certificates", move || {
        let identity = Identity::read(&options.certificate_chain_pem, &options.key_pem)?;
        let pins = options.instance_pins.iter().map(|pin| pin.bytes()).collect();
        let inside = inside(&options.inside_roots, options.inside_identity.as_ref())?;
        Ok((tunnel_dial(&identity, pins)?, Upstreams::new(inside)))
    })
    .await
}

pub(super) fn random_number() -> Result<u64> {
    let mut bytes = [0; 8];
    aws_lc_rs::rand::fill(&mut bytes).map_err(|_| {
        Error::new(ErrorKind::Unavailable, "make a random number", "the system gives no random bytes")
    })?;
    Ok(u64::from_le_bytes(bytes))
}

/// Later runs have higher numbers, so that an earlier one that comes back from the dead does not win.
fn run_number() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_micros()).unwrap_or(u64::MAX)
}

/// Every minute the connections, every five minutes the traffic: as Microsoft's connection point does.
async fn look_after(common: Arc<Common>, links: Vec<Arc<Link>>) {
    let mut stop = common.stop.subscribe();
    let (mut check, mut report) = (interval(CONNECTION_CHECK_INTERVAL), interval(TRAFFIC_REPORT_INTERVAL));
    check.tick().await;
    report.tick().await;
    loop {
        tokio::select! {
            () = told(&mut stop) => return,
            _ = check.tick() => {
                common.inside.upstreams().tidy();
                for link in &links {
                    let status = link.status();
                    if status.connections == 0 {
                        tracing::error!(connection_point = common.name, addresses = ?status.addresses, cause = status.last_error, "an instance is not connected");
                    }
                }
            }
            _ = report.tick() => {
                for traffic in common.inside.traffic.so_far() {
                    tracing::info!(
                        role = traffic.role, endpoint = traffic.endpoint, requests = traffic.requests,
                        failures = traffic.failures, bytes_in = traffic.bytes_in, bytes_out = traffic.bytes_out,
                        "traffic"
                    );
                }
            }
        }
    }
}
