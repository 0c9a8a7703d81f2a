//! What went through, for each endpoint.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use serde::Serialize;

/// Counters of one endpoint of one role.
#[derive(Default)]
pub(super) struct Counter {
    pub(super) requests: AtomicU64,
    pub(super) failures: AtomicU64,
    pub(super) cancelled: AtomicU64,
    pub(super) bytes_in: Arc<AtomicU64>,
    pub(super) bytes_out: Arc<AtomicU64>,
}

/// What went to one endpoint since the start.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct EndpointTraffic {
    /// The number of the role.
    pub role: u64,
    /// The endpoint as it is published.
    pub endpoint: String,
    /// Requests.
    pub requests: u64,
    /// Requests that got no answer from inside.
    pub failures: u64,
    /// Requests whose client went away first.
    pub cancelled: u64,
    /// Bytes of request bodies.
    pub bytes_in: u64,
    /// Bytes of answer bodies.
    pub bytes_out: u64,
}

/// All endpoints; there are only as many as are published.
#[derive(Default)]
pub(super) struct Traffic {
    endpoints: RwLock<HashMap<u64, HashMap<String, Arc<Counter>>>>,
}

impl Traffic {
    /// The counters of an endpoint, by its published name.
    pub(super) fn endpoint(&self, role: u64, endpoint: &str) -> Arc<Counter> {
        let known = self.endpoints.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(counter) = known.get(&role).and_then(|endpoints| endpoints.get(endpoint)) {
            return Arc::clone(counter);
        }
        drop(known);
        let mut endpoints = self.endpoints.write().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(endpoints.entry(role).or_default().entry(endpoint.to_owned()).or_default())
    }

    /// What went through so far, in the order of roles and endpoints.
    pub(super) fn so_far(&self) -> Vec<EndpointTraffic> {
        let endpoints = self.endpoints.read().unwrap_or_else(PoisonError::into_inner);
        let mut found: Vec<EndpointTraffic> = endpoints
            .iter()
            .flat_map(|(role, endpoints)| endpoints.iter().map(move |(name, counter)| (*role, name, counter)))
            .map(|(role, endpoint, counter)| EndpointTraffic {
                role,
                endpoint: endpoint.clone(),
                requests: counter.requests.load(Ordering::Relaxed),
                failures: counter.failures.load(Ordering::Relaxed),
                cancelled: counter.cancelled.load(Ordering::Relaxed),
                bytes_in: counter.bytes_in.load(Ordering::Relaxed),
                bytes_out: counter.bytes_out.load(Ordering::Relaxed),
            })
            .collect();
        found.sort_by(|one, two| (one.role, &one.endpoint).cmp(&(two.role, &two.endpoint)));
        found
    }
}
