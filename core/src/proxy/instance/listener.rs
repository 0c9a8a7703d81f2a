//! Sockets: accepted, TLS, and told apart into clients and tunnels.

use std::future::{Future, poll_fn};
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::Poll;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{sleep, timeout};

use super::front;
use super::{Shared, tunnel_end};
use crate::limits::{ACCEPT_PAUSE, TUNNEL_BATCH_BYTES};
use crate::net::gateway_tls::TUNNEL_PROTOCOL;
use crate::net::tls_stream::{Established, Greeting};
use crate::proxy::socket_settings;
use crate::proxy::tunnel::told;

/// Who may connect here.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Admits {
    ClientsAndTunnels,
    TunnelsOnly,
}

/// Accepts connections until the instance stops.
pub(super) async fn accept(
    shared: Arc<Shared>,
    listener: TcpListener,
    admits: Admits,
    places: Arc<Semaphore>,
) {
    let mut stop = shared.stop.subscribe();
    loop {
        let place = tokio::select! {
            () = told(&mut stop) => return,
            place = Arc::clone(&places).acquire_owned() => place,
        };
        // The semaphore is never closed.
        let Ok(place) = place else { return };
        let accepted = tokio::select! {
            () = told(&mut stop) => return,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((socket, address)) => {
                shared.metrics.connections.fetch_add(1, Ordering::Relaxed);
                tokio::spawn(greet(Arc::clone(&shared), socket, address, admits, place));
            }
            // Out of file descriptors, say: trying again at once would only burn the processor.
            Err(error) => {
                tracing::error!(%error, "a connection could not be accepted");
                sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

async fn greet(
    shared: Arc<Shared>,
    socket: TcpStream,
    address: SocketAddr,
    admits: Admits,
    place: OwnedSemaphorePermit,
) {
    socket_settings::client(&socket);
    let Ok(local) = socket.local_addr() else { return };
    let handshake = timeout(shared.limits.handshake, shake_hands(&shared, socket, admits)).await;
    match handshake {
        Ok(Ok(Shaken { mut established, is_tunnel: true, .. })) => {
            established.stream.set_unsent_max(TUNNEL_BATCH_BYTES);
            socket_settings::tunnel(established.stream.socket());
            tunnel_end::serve(shared, established.stream, address).await;
        }
        Ok(Ok(Shaken { established, trust, .. })) => {
            shared.metrics.handshakes.fetch_add(1, Ordering::Relaxed);
            // A task of its own: this one has room for a handshake, which an idle client should not hold.
            tokio::spawn(async move {
                front::serve(shared, established, trust, address, local).await;
                drop(place);
            });
            return;
        }
        Ok(Err(error)) => {
            shared.metrics.handshakes_failed.fetch_add(1, Ordering::Relaxed);
            tracing::debug!(client = %address, %error, "a handshake failed");
        }
        Err(_) => {
            shared.metrics.handshakes_failed.fetch_add(1, Ordering::Relaxed);
            tracing::debug!(client = %address, "a handshake took too long");
        }
    }
    drop(place);
}

/// A connection after its handshake.
struct Shaken {
    established: Established<TcpStream>,
    is_tunnel: bool,
    /// The version of the trust before the handshake: the certificate was checked under this one or a later one.
    trust: u64,
}

async fn shake_hands(shared: &Shared, socket: TcpStream, admits: Admits) -> std::io::Result<Shaken> {
    let greeting = Greeting::read(socket).await?;
    let asks_for_tunnel = greeting
        .client_hello()
        .alpn()
        .is_some_and(|mut protocols| protocols.any(|name| name == TUNNEL_PROTOCOL));
    if admits == Admits::TunnelsOnly && !asks_for_tunnel {
        return Err(std::io::Error::other("a client came to an address for tunnels"));
    }
    let tls = shared.tls();
    let config = if asks_for_tunnel { tls.tunnel } else { tls.front };
    let trust = shared.clients.version();
    let established = gated(&shared.handshakes, greeting.accept(config)).await?;
    Ok(Shaken { established, is_tunnel: asks_for_tunnel, trust })
}

/// Lets only a few handshakes calculate at a time, so that a storm of them leaves processors to live traffic. A
/// handshake that waits for its peer holds nothing.
async fn gated<F: Future>(gate: &Semaphore, handshake: F) -> F::Output {
    let mut handshake = pin!(handshake);
    loop {
        let turn = gate.acquire().await;
        let polled = poll_fn(|context| Poll::Ready(handshake.as_mut().poll(context))).await;
        drop(turn);
        if let Poll::Ready(output) = polled {
            return output;
        }
        // The handshake has left the waker of this task: the next wake-up is worth another turn.
        let mut has_waited = false;
        poll_fn(|_| match std::mem::replace(&mut has_waited, true) {
            true => Poll::Ready(()),
            false => Poll::Pending,
        })
        .await;
    }
}
