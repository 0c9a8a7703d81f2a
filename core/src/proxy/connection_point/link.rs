//! The connections to one instance: dialled, served, and dialled again.

use std::collections::HashSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex as StdMutex, PoisonError};
use std::time::{Duration, Instant};

use hyper::{HeaderMap, Request, StatusCode};
use rustls::ClientConfig;
use serde::Serialize;
use tokio::net::TcpStream;
use tokio::sync::{Mutex, Notify, mpsc, watch};
use tokio::time::sleep;

use super::backoff::Backoff;
use super::options::{InstanceAddress, TunnelProxy};
use super::{Inside, dial, forward};
use crate::limits::{CONTROL_QUEUE_MAX, DIAL_STABLE_AFTER, DRAIN_TIMEOUT};
use crate::net::tls_stream::TlsStream;
use crate::proxy::Pin;
use crate::proxy::configuration::Encoded;
use crate::proxy::tunnel::control::{self, CONTROL_PATH, Messages};
use crate::proxy::tunnel::drive::Drive;
use crate::proxy::tunnel::liveness::{PingTimes, until_dead};
use crate::proxy::tunnel::message::{Hello, InstanceCounts, InstanceReport, LANGUAGE, Message};
use crate::proxy::tunnel::mux::Mux;
use crate::proxy::tunnel::receiving::{Incoming, accept};
use crate::proxy::tunnel::sending::Outgoing;
use crate::proxy::tunnel::told;

/// What all connections of a connection point share.
pub(super) struct Common {
    pub(super) name: String,
    pub(super) session: u64,
    pub(super) tls: StdMutex<Arc<ClientConfig>>,
    pub(super) proxy: Option<TunnelProxy>,
    pub(super) ping: PingTimes,
    pub(super) drain: StdMutex<Duration>,
    pub(super) inside: Arc<Inside>,
    pub(super) configuration: watch::Sender<Arc<Encoded>>,
    pub(super) stop: watch::Sender<bool>,
}

impl Common {
    /// How long open requests may go on once it stops.
    fn drain(&self) -> Duration {
        *self.drain.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One instance as the connection point sees it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct InstanceStatus {
    /// The addresses it is dialled at.
    pub addresses: Vec<String>,
    /// The number that it says it has.
    pub number: Option<u16>,
    /// Connections that are open.
    pub connections: usize,
    /// The version of the configuration that it goes by; 0 for none.
    pub configuration: u64,
    /// Why it did not take the last configuration.
    pub refused: Option<String>,
    /// Why the last attempt to connect failed, or the last connection ended.
    pub last_error: Option<String>,
    /// What it has counted, as of its last report; kept when the connection ends.
    pub counts: Option<InstanceCounts>,
}

/// The connections to one instance.
pub(super) struct Link {
    common: Arc<Common>,
    instance: InstanceAddress,
    status: StdMutex<InstanceStatus>,
    /// Whose holder carries the configuration; the others wait to take over.
    carrier: Mutex<()>,
}

/// Requests that are being served on one connection.
#[derive(Default)]
struct Active {
    count: AtomicUsize,
    none: Notify,
}

struct ActiveGuard(Arc<Active>);

impl Active {
    fn begin(self: &Arc<Self>) -> ActiveGuard {
        self.count.fetch_add(1, Ordering::Relaxed);
        ActiveGuard(Arc::clone(self))
    }

    async fn none(&self) {
        while self.count.load(Ordering::Acquire) > 0 {
            self.none.notified().await;
        }
    }
}

impl Drop for ActiveGuard {
    fn drop(&mut self) {
        if self.0.count.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.0.none.notify_one();
        }
    }
}

impl Link {
    pub(super) fn new(common: Arc<Common>, instance: InstanceAddress) -> Arc<Self> {
        let status = InstanceStatus { addresses: instance.candidates.clone(), ..InstanceStatus::default() };
        Arc::new(Link { common, instance, status: StdMutex::new(status), carrier: Mutex::new(()) })
    }

    pub(super) fn addresses(&self) -> &Vec<String> {
        &self.instance.candidates
    }

    pub(super) fn status(&self) -> InstanceStatus {
        self.status.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn with_status(&self, change: impl FnOnce(&mut InstanceStatus)) {
        change(&mut self.status.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// Keeps one connection up until it is told to stop.
    pub(super) async fn keep(self: Arc<Self>, connection: usize) {
        let mut stop = self.common.stop.subscribe();
        let mut backoff = Backoff::default();
        loop {
            let tls = Arc::clone(&self.common.tls.lock().unwrap_or_else(PoisonError::into_inner));
            let dialled = tokio::select! {
                () = told(&mut stop) => return,
                dialled = dial::dial(&self.instance, self.common.proxy.as_ref(), &tls) => dialled,
            };
            let started = Instant::now();
            let cause = match dialled {
                Ok((stream, address)) => {
                    tracing::info!(
                        connection_point = self.common.name,
                        address,
                        connection,
                        "connected to instance"
                    );
                    self.with_status(|status| status.connections += 1);
                    let ended = self.serve(stream, connection).await;
                    self.with_status(|status| status.connections -= 1);
                    ended
                }
                Err(cause) => cause,
            };
            if *stop.borrow() {
                return;
            }
            if started.elapsed() >= DIAL_STABLE_AFTER {
                backoff.succeeded();
            }
            let pause = backoff.next();
            tracing::warn!(connection_point = self.common.name, instance = ?self.instance.candidates, connection, %cause, ?pause, "no connection to instance");
            self.with_status(|status| status.last_error = Some(cause));
            tokio::select! {
                () = told(&mut stop) => return,
                () = sleep(pause) => {}
            }
        }
    }

    /// Serves one connection to its end; returns why it ended.
    async fn serve(self: &Arc<Self>, stream: Box<TlsStream<TcpStream>>, connection: usize) -> String {
        let mux = Mux::new();
        let mut driver = tokio::spawn(Drive::answering(stream, Arc::clone(&mux)));
        let dead = until_dead(&mux, self.common.ping);
        tokio::pin!(dead);
        let mut stop = self.common.stop.subscribe();
        let active = Arc::new(Active::default());
        let (draining, drain) = watch::channel(false);
        let (mut control, mut is_over) = (None, false);
        let mut deadline: Option<std::pin::Pin<Box<tokio::time::Sleep>>> = None;
        let cause = loop {
            let is_draining = *draining.borrow();
            tokio::select! {
                request = accept(&mux), if !is_over => match request {
                    Some(asked) if asked.request.uri().path() == CONTROL_PATH && control.is_none() => {
                        let work = Arc::clone(self).control(asked.request, asked.respond, connection, drain.clone(), Arc::clone(&active));
                        control = Some(tokio::spawn(work));
                    }
                    Some(asked) => {
                        let (inside, guard) = (Arc::clone(&self.common.inside), active.begin());
                        // Boxed: a task is moved several times, and this is large.
                        tokio::spawn(Box::pin(async move {
                            forward::serve(inside, asked).await;
                            drop(guard);
                        }));
                    }
                    // The driver says why, and where everything is answered it sends the last of it first.
                    None => {
                        is_over = true;
                        // Only the other end's close is waited for, which a dead one never sends.
                        deadline = deadline.map(|_| Box::pin(sleep(DRAIN_TIMEOUT.min(self.common.drain()))));
                    }
                },
                ended = &mut driver => break ended.unwrap_or_else(|error| error.to_string()),
                // Our half may be closed by then, which no ping gets through: the deadline stands for it.
                cause = &mut dead, if !is_over => break cause,
                () = told(&mut stop), if !is_draining => {
                    draining.send_replace(true);
                    mux.go_away();
                    deadline = Some(Box::pin(sleep(self.common.drain())));
                }
                () = async { match deadline.as_mut() { Some(deadline) => deadline.await, None => std::future::pending().await } } => {
                    break format!("requests were still open after {:?}", self.common.drain());
                }
            }
        };
        driver.abort();
        mux.close();
        if let Some(control) = control {
            control.abort();
        }
        cause
    }

    /// The control stream: hello, then whatever changes; ends after everything else when draining.
    async fn control(
        self: Arc<Self>,
        request: Request<Incoming>,
        mut respond: Outgoing,
        connection: usize,
        mut drain: watch::Receiver<bool>,
        active: Arc<Active>,
    ) {
        if respond.answer(StatusCode::OK, &HeaderMap::new(), false).is_err() {
            return;
        }
        let (queue, queued) = mpsc::channel(CONTROL_QUEUE_MAX);
        let hello = Hello {
            language: LANGUAGE,
            connection_point: self.common.name.clone(),
            session: self.common.session,
            connection,
        };
        let mut incoming = Messages::new(request.into_body());
        let speak = async {
            let _ = queue.send(Message::Hello(hello)).await;
            tokio::select! {
                () = self.carry(&queue) => {}
                () = told(&mut drain) => {
                    let _ = queue.send(Message::Draining).await;
                    active.none().await;
                }
            }
            // With the last sender the stream ends.
            drop(queue);
        };
        let listen = async {
            while let Ok(Some(message)) = incoming.next().await {
                if let Message::Report(report) = message {
                    self.reported(report);
                }
            }
        };
        let (_, _, ()) = tokio::join!(control::send(respond, queued), speak, listen);
    }

    fn reported(&self, report: InstanceReport) {
        if let Some(cause) = &report.refused {
            tracing::error!(instance = report.instance, %cause, "an instance did not take the configuration");
        }
        self.with_status(|status| {
            status.number = Some(report.instance);
            status.configuration = report.configuration;
            status.refused = report.refused;
            status.counts = report.counts.or(status.counts.take());
        });
    }

    /// Sends the configuration, and every later one, while this connection is the one that carries it.
    async fn carry(&self, queue: &mpsc::Sender<Message>) {
        let _carrier = self.carrier.lock().await;
        let mut configurations = self.common.configuration.subscribe();
        let mut known: HashSet<Pin> = HashSet::new();
        loop {
            let encoded = Arc::clone(&configurations.borrow_and_update());
            let missing = encoded.parts.iter().filter(|(pin, _)| !known.contains(pin));
            for (_, bytes) in missing {
                if queue.send(Message::Part(bytes.clone())).await.is_err() {
                    return;
                }
            }
            known = encoded.parts.iter().map(|(pin, _)| *pin).collect();
            if queue.send(Message::Configuration(encoded.text.clone())).await.is_err() {
                return;
            }
            if configurations.changed().await.is_err() {
                return;
            }
        }
    }
}

/// How long a connection point that starts waits between looks at whether it is connected.
pub(super) const CONNECTED_LOOK: Duration = Duration::from_millis(10);
