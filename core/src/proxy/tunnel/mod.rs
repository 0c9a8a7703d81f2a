//! The tunnel: streams over mutual TLS with the roles turned round.
//!
//! The connection point dials, and then *answers* on that connection; the instance opens a stream for each request. The
//! first one is the control stream, which carries hello, configuration and status. What is in flight is bounded for each
//! stream by `credit`, which is what its receiver has really handed on; nothing bounds the connection as a whole, so that
//! no client can starve another one.
//!
//! | file | what it holds |
//! | --- | --- |
//! | `frame`, `head` | bytes on the wire |
//! | `mux`, `credit` | what both ends keep of streams |
//! | `drive` | reads and writes |
//! | `sending`, `receiving` | one stream, for whoever uses it |
//! | `control`, `message` | the control stream |
//! | `liveness`, `pin` | whether the other end is there, and who it is |

pub(super) mod control;
mod credit;
#[cfg(test)]
mod crowd;
pub(super) mod drive;
mod frame;
mod head;
pub(super) mod liveness;
pub(super) mod message;
pub(super) mod mux;
pub(super) mod pin;
pub(super) mod receiving;
pub(super) mod sending;

use tokio::sync::watch;

/// Returns when it is told to stop, or nobody is left to tell it.
pub(super) async fn told(stopped: &mut watch::Receiver<bool>) {
    let _ = stopped.wait_for(|stop| *stop).await;
}
