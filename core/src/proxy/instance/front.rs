//! One connection of a client: HTTP/1.1 or HTTP/2, for as long as it keeps moving.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep, sleep, timeout};

use super::activity::{Activity, Verdict, Watched};
use super::client::Client;
use super::reply::ReplyBody;
use super::{Shared, request};
use crate::limits::{
    FRONT_BUFFER_BYTES, FRONT_HEADER_BYTES_MAX, FRONT_LINGER_TIMEOUT, FRONT_REST_AFTER, FRONT_STREAMS_MAX,
    SHUTDOWN_TIMEOUT,
};
use crate::net::tls_stream::{Established, TlsStream};
use crate::proxy::tunnel::told;

/// Serves a client to the end of its connection.
pub(super) async fn serve(
    shared: Arc<Shared>,
    established: Established<TcpStream>,
    trust: u64,
    address: SocketAddr,
    local: SocketAddr,
) {
    let Established { stream, alpn, is_resumed, peer_certificates } = established;
    let is_http2 = alpn.as_deref() == Some(b"h2");
    if is_resumed {
        shared.metrics.handshakes_resumed.fetch_add(1, Ordering::Relaxed);
    }
    // A resumed session brings its certificate from then; it is judged by the trust of now.
    let trusted = (!is_resumed).then_some(trust);
    let client = Client::new(address, local, peer_certificates.as_deref(), trusted);
    let activity = Activity::new(is_http2);
    let watched = TokioIo::new(Watched { stream, activity: Arc::clone(&activity), ahead: Bytes::new() });
    let open = shared.open_connections.begin();
    let service = {
        let (shared, client, activity) = (Arc::clone(&shared), Arc::clone(&client), Arc::clone(&activity));
        service_fn(move |request: Request<Incoming>| {
            let answer =
                request::answer(Arc::clone(&shared), Arc::clone(&client), Arc::clone(&activity), request);
            async move { Ok::<Response<ReplyBody>, Infallible>(answer.await) }
        })
    };
    if is_http2 {
        let mut builder = http2::Builder::new(TokioExecutor::new());
        builder
            .timer(TokioTimer::new())
            .max_concurrent_streams(FRONT_STREAMS_MAX)
            .max_header_list_size(FRONT_HEADER_BYTES_MAX as u32)
            .max_send_buf_size(FRONT_BUFFER_BYTES)
            .keep_alive_interval(Some((shared.limits.idle / 4).min(Duration::from_secs(30))));
        let connection = Box::pin(builder.serve_connection(watched, service));
        drop(drive(&shared, connection, |connection| connection.graceful_shutdown(), &activity, false).await);
    } else {
        let mut builder = http1::Builder::new();
        builder.max_buf_size(FRONT_BUFFER_BYTES);
        let (mut io, mut service) = (watched, service);
        loop {
            let connection = Box::pin(builder.serve_connection(io, service));
            let shut_down = |connection: Pin<&mut _>| http1::Connection::graceful_shutdown(connection);
            let end = drive(&shared, connection, shut_down, &activity, true).await;
            let is_over = matches!(end, End::Over(_));
            let (End::Over(connection) | End::Rests(connection)) = end else { break };
            let parts = Pin::into_inner(connection).into_parts();
            if is_over {
                if activity.gave_up_body() {
                    linger(&shared, parts.io.into_inner().stream.into_socket()).await;
                }
                break;
            }
            (io, service) = (parts.io, parts.service);
            io.inner_mut().ahead = parts.read_buf;
            client.rest();
            if io.inner().ahead.is_empty() && !rest(&shared, &mut io.inner_mut().stream).await {
                break;
            }
        }
    }
    drop(open);
}

/// Between requests nothing is held but TLS: what HTTP needs for one is made when the next one comes. False at the end
/// of the connection.
async fn rest(shared: &Shared, stream: &mut TlsStream<TcpStream>) -> bool {
    let mut stop = shared.stop.subscribe();
    let has_more = tokio::select! {
        more = stream.fill_buf() => more.is_ok_and(|bytes| !bytes.is_empty()),
        () = sleep(shared.limits.idle.saturating_sub(FRONT_REST_AFTER)) => false,
        () = told(&mut stop) => false,
    };
    if !has_more {
        let _ = timeout(SHUTDOWN_TIMEOUT, stream.shutdown()).await;
    }
    has_more
}

/// Reads what a client still sends after its answer, and throws it away: a socket closed before it is read resets the
/// connection, and some clients then lose the answer (RFC 9112, 9.6).
async fn linger(shared: &Shared, mut socket: TcpStream) {
    let mut stop = shared.stop.subscribe();
    let mut buffer = vec![0; FRONT_BUFFER_BYTES];
    let all = async { while socket.read(&mut buffer).await.is_ok_and(|count| count > 0) {} };
    tokio::select! {
        _ = timeout(FRONT_LINGER_TIMEOUT, all) => {}
        () = told(&mut stop) => {}
    }
}

/// How the driving of a connection ended.
enum End<C> {
    /// It has said all it had to say, and that nothing more comes.
    Over(Pin<Box<C>>),
    /// It may rest and has nothing to do.
    Rests(Pin<Box<C>>),
    /// It was given up.
    Cut,
}

/// Polls a connection, and ends it when it does nothing for too long or the instance stops.
///
/// Boxed: hyper's connection is large, and what lies behind it here is small.
async fn drive<C: Future>(
    shared: &Shared,
    mut connection: Pin<Box<C>>,
    shut_down: impl Fn(Pin<&mut C>),
    activity: &Activity,
    may_rest: bool,
) -> End<C> {
    let mut stop = shared.stop.subscribe();
    let pace = if may_rest { FRONT_REST_AFTER } else { Duration::MAX };
    let look: Sleep = sleep(shared.limits.head.min(shared.limits.idle).min(pace));
    tokio::pin!(look);
    // Once the instance stops.
    let mut until: Option<Instant> = None;
    loop {
        tokio::select! {
            biased;
            _ = connection.as_mut() => return End::Over(connection),
            () = look.as_mut() => match activity.judge(&shared.limits) {
                _ if until.is_some_and(|until| until <= Instant::now()) => return End::Cut,
                Verdict::Wait(_) if may_rest && until.is_none() && activity.is_quiet(FRONT_REST_AFTER) => {
                    return End::Rests(connection);
                }
                Verdict::Wait(time) => {
                    let next = Instant::now() + time.min(pace).max(Duration::from_millis(10));
                    look.as_mut().reset(until.map_or(next, |until| until.min(next)));
                }
                Verdict::Idle => break,
                Verdict::Stalled => {
                    shared.metrics.stalled.fetch_add(1, Ordering::Relaxed);
                    return End::Cut;
                }
            },
            () = told(&mut stop), if until.is_none() => {
                shut_down(connection.as_mut());
                // Dropped without a stop, there is no time.
                let end = shared.drain_until.get().copied().unwrap_or_else(Instant::now);
                let next = look.deadline().min(end);
                look.as_mut().reset(next);
                until = Some(end);
            }
        }
    }
    shut_down(connection.as_mut());
    let _ = timeout(SHUTDOWN_TIMEOUT, connection).await;
    End::Cut
}
