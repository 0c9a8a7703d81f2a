//! Connections: accepted up to a limit, TLS, HTTP/1.1 or HTTP/2, drained at the end.

use std::convert::Infallible;
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use rustls::ServerConfig;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;

use super::resource::Service;
use crate::limits::{
    ACCEPT_PAUSE, SERVER_CONNECTIONS_MAX, SERVER_HANDSHAKE_TIMEOUT, SERVER_HEADER_BYTES_MAX,
    SERVER_IDLE_TIMEOUT, SERVER_REQUEST_TIMEOUT, SERVER_STREAMS_PER_CONNECTION_MAX, SHUTDOWN_TIMEOUT,
};

/// Accepts connections until it is told to stop, then waits for those that are open.
pub(super) async fn accept(
    listener: TcpListener,
    tls: Arc<ServerConfig>,
    service: Arc<Service>,
    mut stopped: watch::Receiver<bool>,
) {
    let acceptor = TlsAcceptor::from(tls);
    let mut connections = JoinSet::new();
    let signal = stopped.clone();
    loop {
        tokio::select! {
            () = told(&mut stopped) => break,
            Some(_) = connections.join_next() => {}
            // Above the limit clients wait in the system's queue.
            accepted = listener.accept(), if connections.len() < SERVER_CONNECTIONS_MAX => match accepted {
                Ok((socket, _)) => {
                    let (acceptor, service, stopped) = (acceptor.clone(), Arc::clone(&service), signal.clone());
                    connections.spawn(serve(socket, acceptor, service, stopped));
                }
                // Out of file descriptors, say: trying again at once would only burn the processor.
                Err(_) => sleep(ACCEPT_PAUSE).await,
            },
        }
    }
    drop(listener);
    let drained = async { while connections.join_next().await.is_some() {} };
    if timeout(SHUTDOWN_TIMEOUT, drained).await.is_err() {
        connections.shutdown().await;
    }
}

/// Returns when the server is told to stop, or is dropped.
async fn told(stopped: &mut watch::Receiver<bool>) {
    let _ = stopped.wait_for(|stop| *stop).await;
}

/// Serves one connection. Its errors are the peer's business; there is nobody here to tell.
async fn serve(
    socket: TcpStream,
    acceptor: TlsAcceptor,
    service: Arc<Service>,
    mut stopped: watch::Receiver<bool>,
) {
    let _ = socket.set_nodelay(true);
    let handshake = tokio::select! {
        () = told(&mut stopped) => return,
        handshake = timeout(SERVER_HANDSHAKE_TIMEOUT, acceptor.accept(socket)) => handshake,
    };
    let Ok(Ok(stream)) = handshake else { return };
    // ALPN has told the protocol; guessing it from the first bytes would wait for them without a limit.
    let is_http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
    let activity = Arc::new(Activity::default());
    let handler = service_fn(|request| {
        let (service, activity) = (Arc::clone(&service), Arc::clone(&activity));
        async move {
            let _busy = activity.begin();
            Ok::<_, Infallible>(service.answer(request).await)
        }
    });
    let builder = builder(is_http2);
    let mut connection = pin!(builder.serve_connection(TokioIo::new(stream), handler));
    tokio::select! {
        _ = connection.as_mut() => return,
        () = told(&mut stopped) => {}
        () = activity.idle() => {}
    }
    connection.as_mut().graceful_shutdown();
    let _ = timeout(SHUTDOWN_TIMEOUT, connection).await;
}

fn builder(is_http2: bool) -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(SERVER_REQUEST_TIMEOUT)
        .max_buf_size(SERVER_HEADER_BYTES_MAX);
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(SERVER_REQUEST_TIMEOUT)
        .max_concurrent_streams(SERVER_STREAMS_PER_CONNECTION_MAX)
        .max_header_list_size(SERVER_HEADER_BYTES_MAX as u32);
    if is_http2 { builder.http2_only() } else { builder.http1_only() }
}

/// When a connection last had something to do, so that a silent one does not hold its place for ever.
#[derive(Default)]
struct Activity {
    requests: AtomicUsize,
    last: Mutex<Option<Instant>>,
}

impl Activity {
    fn begin(self: Arc<Self>) -> Busy {
        self.requests.fetch_add(1, Ordering::Relaxed);
        Busy(self)
    }

    /// Returns when nothing was asked, or an answer was not read, for too long.
    async fn idle(&self) {
        let opened = Instant::now();
        loop {
            let last = self.last.lock().unwrap_or_else(PoisonError::into_inner).unwrap_or(opened);
            let rest = match self.requests.load(Ordering::Relaxed) {
                0 => SERVER_IDLE_TIMEOUT.saturating_sub(last.elapsed()),
                _ => SERVER_IDLE_TIMEOUT,
            };
            if rest.is_zero() {
                return;
            }
            sleep(rest).await;
        }
    }
}

struct Busy(Arc<Activity>);

impl Drop for Busy {
    fn drop(&mut self) {
        *self.0.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
        self.0.requests.fetch_sub(1, Ordering::Relaxed);
    }
}
