//! What is counted, and the text that Prometheus reads.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use hyper::StatusCode;

/// Counters of one instance since it started.
#[derive(Default)]
pub(super) struct Metrics {
    pub(super) connections: AtomicU64,
    pub(super) handshakes: AtomicU64,
    pub(super) handshakes_resumed: AtomicU64,
    pub(super) handshakes_failed: AtomicU64,
    pub(super) stalled: AtomicU64,
    pub(super) retries: AtomicU64,
    pub(super) bytes_in: Arc<AtomicU64>,
    pub(super) bytes_out: Arc<AtomicU64>,
    statuses: [AtomicU64; 6],
    refusals: Mutex<BTreeMap<&'static str, u64>>,
    certificates: Mutex<BTreeMap<&'static str, u64>>,
}

/// What is right now.
pub(super) struct Gauges {
    pub(super) open_connections: usize,
    pub(super) open_requests: usize,
    pub(super) tunnels: usize,
    pub(super) configuration: u64,
}

impl Metrics {
    pub(super) fn answered(&self, status: StatusCode) {
        if let Some(counter) = self.statuses.get(usize::from(status.as_u16() / 100)) {
            counter.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// A request that the instance answered itself, by its status words.
    pub(super) fn refused(&self, words: &'static str) {
        let mut refusals = self.refusals.lock().unwrap_or_else(PoisonError::into_inner);
        *refusals.entry(words).or_default() += 1;
    }

    /// A client whose certificate was refused, by the reason.
    pub(super) fn certificate_refused(&self, reason: &'static str) {
        let mut certificates = self.certificates.lock().unwrap_or_else(PoisonError::into_inner);
        *certificates.entry(reason).or_default() += 1;
    }

    pub(super) fn refused_requests(&self) -> BTreeMap<&'static str, u64> {
        self.refusals.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn refused_certificates(&self) -> BTreeMap<&'static str, u64> {
        self.certificates.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn requests(&self) -> u64 {
        self.statuses.iter().map(|counter| counter.load(Ordering::Relaxed)).sum()
    }

    /// The text format of Prometheus, version 0.0.4.
    pub(super) fn text(&self, gauges: &Gauges) -> String {
        let mut text = String::with_capacity(4096);
        let mut single = |name: &str, kind: &str, help: &str, value: u64| {
            let _ = writeln!(
                text,
                "# HELP cmgateway_{name} {help}\n# TYPE cmgateway_{name} {kind}\ncmgateway_{name} {value}"
            );
        };
        let load = |value: &AtomicU64| value.load(Ordering::Relaxed);
        single("open_connections", "gauge", "Connections of clients.", gauges.open_connections as u64);
        single("open_requests", "gauge", "Requests that are being served.", gauges.open_requests as u64);
        single("tunnel_connections", "gauge", "Connections of tunnels.", gauges.tunnels as u64);
        single("configuration_version", "gauge", "The configuration in force.", gauges.configuration);
        single("connections_total", "counter", "Connections accepted.", load(&self.connections));
        single(
            "handshakes_total",
            "counter",
            "TLS handshakes of clients that succeeded.",
            load(&self.handshakes),
        );
        single(
            "handshakes_resumed_total",
            "counter",
            "Those that resumed a session.",
            load(&self.handshakes_resumed),
        );
        single(
            "handshakes_failed_total",
            "counter",
            "TLS handshakes that failed.",
            load(&self.handshakes_failed),
        );
        single(
            "stalled_total",
            "counter",
            "Connections ended because the client was too slow.",
            load(&self.stalled),
        );
        single(
            "retries_total",
            "counter",
            "Attempts that were made again on another tunnel.",
            load(&self.retries),
        );
        single("request_bytes_total", "counter", "Bytes of request bodies.", load(&self.bytes_in));
        single("response_bytes_total", "counter", "Bytes of answer bodies.", load(&self.bytes_out));
        let _ = writeln!(
            text,
            "# HELP cmgateway_responses_total Answers by class of status.\n# TYPE cmgateway_responses_total counter"
        );
        for (class, counter) in self.statuses.iter().enumerate().skip(1) {
            let _ = writeln!(text, "cmgateway_responses_total{{class=\"{class}xx\"}} {}", load(counter));
        }
        let mut family = |name: &str, label: &str, help: &str, values: &BTreeMap<&'static str, u64>| {
            let _ = writeln!(text, "# HELP cmgateway_{name} {help}\n# TYPE cmgateway_{name} counter");
            for (value, count) in values {
                let _ = writeln!(text, "cmgateway_{name}{{{label}=\"{value}\"}} {count}");
            }
        };
        let refusals = self.refused_requests();
        family("refused_total", "words", "Requests that the instance refused.", &refusals);
        let certificates = self.refused_certificates();
        family(
            "refused_certificates_total",
            "reason",
            "Client certificates refused in handshakes.",
            &certificates,
        );
        text
    }
}
