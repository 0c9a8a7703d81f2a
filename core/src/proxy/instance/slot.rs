//! How many requests are served at a time, in all and for each client.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::activity::Busy;
use super::options::InstanceLimits;

/// Few enough to look at, many enough that two threads seldom meet.
const SHARDS: usize = 16;

/// The requests that are being served.
#[derive(Default)]
pub(super) struct Slots {
    all: AtomicUsize,
    clients: [Mutex<HashMap<u64, usize>>; SHARDS],
}

/// The place of one request, given up when dropped.
pub(super) struct Slot {
    slots: Arc<Slots>,
    client: u64,
    _busy: Busy,
}

impl Slots {
    /// A place for a request of this client; nothing where there is none left.
    pub(super) fn take(self: &Arc<Self>, client: u64, limits: &InstanceLimits, busy: Busy) -> Option<Slot> {
        let mut shard = self.shard(client).lock().unwrap_or_else(PoisonError::into_inner);
        let own = shard.entry(client).or_insert(0);
        let is_full =
            *own >= limits.requests_per_client || self.all.load(Ordering::Relaxed) >= limits.requests;
        if is_full {
            if *own == 0 {
                shard.remove(&client);
            }
            return None;
        }
        *own = own.saturating_add(1);
        drop(shard);
        self.all.fetch_add(1, Ordering::Relaxed);
        Some(Slot { slots: Arc::clone(self), client, _busy: busy })
    }

    /// How many there are.
    pub(super) fn all(&self) -> usize {
        self.all.load(Ordering::Relaxed)
    }

    fn shard(&self, client: u64) -> &Mutex<HashMap<u64, usize>> {
        let [first, ..] = &self.clients;
        self.clients.get(client as usize % SHARDS).unwrap_or(first)
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.slots.all.fetch_sub(1, Ordering::Relaxed);
        let mut shard = self.slots.shard(self.client).lock().unwrap_or_else(PoisonError::into_inner);
        match shard.get_mut(&self.client) {
            Some(own) if *own > 1 => *own -= 1,
            _ => drop(shard.remove(&self.client)),
        }
    }
}
