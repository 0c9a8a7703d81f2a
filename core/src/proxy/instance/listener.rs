//! Sockets: accepted, TLS, and told apart into clients and tunnels.

use std::future::{Future, poll_fn};
use std::io;
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
use crate::net::tls_stream::{Established, Greeting, TlsStream};
use crate::proxy::socket_settings;
use crate::proxy::tunnel::told;
use crate::proxy::workers::Crew;

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
                let greeting = Greet { shared: Arc::clone(&shared), address, admits, place };
                if let Err(error) = hand_over(&shared.crew, socket, greeting) {
                    tracing::debug!(client = %address, %error, "a connection could not be handed over");
                }
            }
            // Out of file descriptors, say: trying again at once would only burn the processor.
            Err(error) => {
                tracing::error!(%error, "a connection could not be accepted");
                sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

/// A connection that has just come, but for its socket.
struct Greet {
    shared: Arc<Shared>,
    address: SocketAddr,
    admits: Admits,
    place: OwnedSemaphorePermit,
}

/// Gives a connection to the worker whose turn it is.
fn hand_over(crew: &Crew, socket: TcpStream, greeting: Greet) -> io::Result<()> {
    let socket = socket.into_std()?;
    let worker = crew.next().ok_or(io::ErrorKind::NotFound)?;
    worker.spawn(async move {
        match TcpStream::from_std(socket) {
            Ok(socket) => greet(greeting, socket).await,
            Err(error) => {
                tracing::debug!(client = %greeting.address, %error, "a connection cannot be served")
            }
        }
    });
    Ok(())
}

async fn greet(greeting: Greet, socket: TcpStream) {
    let Greet { shared, address, admits, place } = greeting;
    socket_settings::client(&socket);
    let Ok(local) = socket.local_addr() else { return };
    let handshake = timeout(shared.limits.handshake, shake_hands(&shared, socket, admits)).await;
    match handshake {
        Ok(Ok(Shaken { mut established, is_tunnel: true, .. })) => {
            established.stream.set_unsent_max(TUNNEL_BATCH_BYTES);
            socket_settings::tunnel(established.stream.socket());
            if let Err(error) = hand_over_tunnel(shared, *established.stream, address, place) {
                tracing::warn!(%address, %error, "a connection of a tunnel could not be handed over");
            }
            return;
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

/// Gives a tunnel to the worker that has the fewest.
fn hand_over_tunnel(
    shared: Arc<Shared>,
    stream: TlsStream<TcpStream>,
    address: SocketAddr,
    place: OwnedSemaphorePermit,
) -> io::Result<()> {
    let stream = Box::new(stream.try_map_socket(TcpStream::into_std)?);
    let crew = Arc::clone(&shared.crew);
    crew.take_tunnel(move || async move {
        match stream.try_map_socket(TcpStream::from_std) {
            Ok(stream) => tunnel_end::serve(shared, Box::new(stream), address).await,
            Err(error) => tracing::warn!(%address, %error, "a connection of a tunnel cannot be served"),
        }
        drop(place);
    });
    Ok(())
}

/// A connection after its handshake.
struct Shaken {
    established: Established<TcpStream>,
    is_tunnel: bool,
    /// The version of the trust before the handshake: the certificate was checked under this one or a later one.
    trust: u64,
}

async fn shake_hands(shared: &Shared, socket: TcpStream, admits: Admits) -> io::Result<Shaken> {
    let greeting = Greeting::read(socket).await?;
    let asks_for_tunnel = greeting
        .client_hello()
        .alpn()
        .is_some_and(|mut protocols| protocols.any(|name| name == TUNNEL_PROTOCOL));
    if admits == Admits::TunnelsOnly && !asks_for_tunnel {
        return Err(io::Error::other("a client came to an address for tunnels"));
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
