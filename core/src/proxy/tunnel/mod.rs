//! The tunnel: HTTP/2 over mutual TLS with the roles turned round.
//!
//! The connection point dials, and then *serves* HTTP/2 on that connection; the instance sends requests down. The first
//! request of the instance opens the control stream, which carries hello, configuration, status and credit. HTTP/2's
//! own windows are at their maximum, so that no client can starve another one; what is in flight is bounded for each
//! stream by `credit`, which is what its receiver has really handed on.

pub(super) mod control;
pub(super) mod credit;
pub(super) mod http2;
pub(super) mod liveness;
pub(super) mod message;
pub(super) mod pin;
pub(super) mod receiving;
pub(super) mod sending;

use std::sync::Arc;

use tokio::sync::watch;

use self::credit::Credits;
use self::liveness::RoundTrip;
use self::receiving::Reports;

/// What one connection of a tunnel knows about the bytes on their way; both of its ends have one.
#[derive(Default)]
pub(super) struct Flow {
    /// What we may still send.
    pub(super) credits: Credits,
    /// What we have handed on and the other end has to be told.
    pub(super) reports: Reports,
    /// How far away the other end is.
    pub(super) round_trip: RoundTrip,
}

impl Flow {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Flow::default())
    }
}

/// Returns when it is told to stop, or nobody is left to tell it.
pub(super) async fn told(stopped: &mut watch::Receiver<bool>) {
    let _ = stopped.wait_for(|stop| *stop).await;
}
