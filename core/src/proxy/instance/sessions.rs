//! The tunnels that connection points have dialled to this instance, and the choice among them.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, timeout_at};

use crate::limits::{TUNNEL_DETOUR_REQUESTS, TUNNEL_SESSIONS_MAX};
use crate::proxy::tunnel::message::Hello;
use crate::proxy::tunnel::mux::Mux;
use crate::proxy::workers;

/// One connection of a tunnel.
pub(super) struct Session {
    pub(super) hello: Hello,
    pub(super) mux: Arc<Mux>,
    /// Requests that are on it now.
    open: AtomicUsize,
    /// It takes no new requests.
    draining: AtomicBool,
    /// Told when it must end at once.
    pub(super) end: Notify,
    /// Who serves it.
    worker: Option<usize>,
}

/// A request's place on a session, given up when dropped.
pub(super) struct OpenRequest(Arc<Session>);

impl Session {
    pub(super) fn new(hello: Hello, mux: Arc<Mux>) -> Arc<Self> {
        let (open, draining) = (AtomicUsize::new(0), AtomicBool::new(false));
        Arc::new(Session { hello, mux, open, draining, end: Notify::new(), worker: workers::current() })
    }

    pub(super) fn begin(self: &Arc<Self>) -> OpenRequest {
        self.open.fetch_add(1, Ordering::Relaxed);
        OpenRequest(Arc::clone(self))
    }

    pub(super) fn open(&self) -> usize {
        self.open.load(Ordering::Relaxed)
    }

    /// How far away it is for a request of this worker: the requests before it, and what a detour costs.
    fn distance(&self, worker: Option<usize>) -> usize {
        let open = self.open();
        let is_near = worker == self.worker;
        if is_near { open } else { open.saturating_mul(2).saturating_add(TUNNEL_DETOUR_REQUESTS) }
    }

    pub(super) fn drain(&self) {
        self.draining.store(true, Ordering::Relaxed);
    }

    pub(super) fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Relaxed)
    }
}

impl Drop for OpenRequest {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::Relaxed);
    }
}

/// All sessions of an instance.
#[derive(Default)]
pub(super) struct Sessions {
    all: RwLock<Vec<Arc<Session>>>,
    turn: AtomicUsize,
    arrived: Notify,
    waiting: AtomicUsize,
}

impl Sessions {
    /// Takes a session in.
    ///
    /// An earlier run of the same connection point ends at once, unless it is draining: it may be frozen, or hang behind
    /// a dead way. A later run keeps an earlier one out.
    pub(super) fn add(&self, session: Arc<Session>) -> Result<(), String> {
        let mut all = self.all.write().unwrap_or_else(PoisonError::into_inner);
        let same = |other: &&Arc<Session>| other.hello.connection_point == session.hello.connection_point;
        if let Some(later) = all.iter().filter(same).find(|other| other.hello.session > session.hello.session)
        {
            return Err(format!("a later run of {} has taken its place", later.hello.connection_point));
        }
        let is_replaced = |other: &Arc<Session>| {
            same(&other)
                && !other.is_draining()
                && (other.hello.session < session.hello.session
                    || other.hello.connection == session.hello.connection)
        };
        all.iter().filter(|other| is_replaced(other)).for_each(|other| other.end.notify_one());
        all.retain(|other| !is_replaced(other));
        if all.len() >= TUNNEL_SESSIONS_MAX {
            return Err(format!("there are {TUNNEL_SESSIONS_MAX} connections already"));
        }
        all.push(session);
        drop(all);
        self.arrived.notify_waiters();
        Ok(())
    }

    pub(super) fn remove(&self, session: &Arc<Session>) {
        self.all.write().unwrap_or_else(PoisonError::into_inner).retain(|other| !Arc::ptr_eq(other, session));
    }

    pub(super) fn list(&self) -> Vec<Arc<Session>> {
        self.all.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The session with the fewest requests, of the caller's worker where it has one, beginning with another one each
    /// time; not one of those tried already.
    fn pick(&self, tried: &[Arc<Session>]) -> Option<Arc<Session>> {
        let all = self.all.read().unwrap_or_else(PoisonError::into_inner);
        let start = self.turn.fetch_add(1, Ordering::Relaxed) % all.len().max(1);
        let in_turn = all.iter().skip(start).chain(all.iter().take(start));
        let free = in_turn.filter(|session| {
            !session.is_draining() && !tried.iter().any(|other| Arc::ptr_eq(other, session))
        });
        let worker = workers::current();
        free.min_by_key(|session| session.distance(worker)).cloned()
    }

    /// A session for a request; waits a little where there is none, which is what a restart of the connection point
    /// looks like. At most `waiting_max` requests wait.
    pub(super) async fn choose(
        &self,
        tried: &[Arc<Session>],
        time: Duration,
        waiting_max: usize,
    ) -> Option<Arc<Session>> {
        if let Some(session) = self.pick(tried) {
            return Some(session);
        }
        let waiting = Waiting::begin(&self.waiting);
        if waiting.number > waiting_max {
            return None;
        }
        let until = Instant::now() + time;
        loop {
            let arrived = self.arrived.notified();
            tokio::pin!(arrived);
            arrived.as_mut().enable();
            if let Some(session) = self.pick(tried) {
                return Some(session);
            }
            timeout_at(until, arrived).await.ok()?;
        }
    }
}

struct Waiting<'a> {
    count: &'a AtomicUsize,
    number: usize,
}

impl<'a> Waiting<'a> {
    fn begin(count: &'a AtomicUsize) -> Self {
        let number = count.fetch_add(1, Ordering::Relaxed).saturating_add(1);
        Waiting { count, number }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.count.fetch_sub(1, Ordering::Relaxed);
    }
}
