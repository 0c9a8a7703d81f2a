//! Connections to the servers inside: pooled, asked in turn, left alone for a while after they failed.

use std::collections::HashMap;
use std::error::Error as StdError;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::task::{Context, Poll};
use std::time::Instant;

use bytes::Bytes;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use hyper::client::conn::http1::{self, SendRequest};
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::limits::{
    CONNECT_TIMEOUT, UPSTREAM_BUFFER_BYTES, UPSTREAM_FAILURE_PAUSE, UPSTREAM_IDLE_CONNECTIONS_MAX,
    UPSTREAM_IDLE_TIMEOUT, UPSTREAM_UNSENT_BYTES,
};
use crate::net::tls_stream;
use crate::proxy::{InternalAddress, socket_settings, workers};

pub(super) type BoxError = Box<dyn StdError + Send + Sync>;

/// Why a server inside gave no answer.
#[derive(Debug)]
pub(super) enum UpstreamFailure<B> {
    /// Nothing of the request was sent; here it is back.
    NotSent(Box<Request<B>>, BoxError),
    /// It may have been done, or not.
    Unknown(BoxError),
}

/// All servers inside.
pub(super) struct Upstreams {
    tls: Arc<ClientConfig>,
    hosts: Mutex<HashMap<InternalAddress, Arc<Host>>>,
}

/// One server inside: its idle connections and when it last failed.
struct Host {
    idle: Mutex<Vec<Idle>>,
    failed: Mutex<Option<Instant>>,
    turn: AtomicUsize,
}

/// A connection that waits for a request of the worker that serves it.
struct Idle {
    sender: SendRequest<RequestBody>,
    since: Instant,
    worker: Option<usize>,
}

impl Idle {
    fn is_good(&self) -> bool {
        !self.sender.is_closed() && self.since.elapsed() < UPSTREAM_IDLE_TIMEOUT
    }
}

/// What goes to a server inside.
pub(super) type RequestBody = Pin<Box<dyn Body<Data = Bytes, Error = BoxError> + Send>>;

/// Somebody holds it while a request's body is not over; from the beginning, nobody holds that of a request without one.
pub(super) type Upload = Weak<()>;

impl Upstreams {
    pub(super) fn new(tls: Arc<ClientConfig>) -> Self {
        Upstreams { tls, hosts: Mutex::default() }
    }

    fn host(&self, address: &InternalAddress) -> Arc<Host> {
        let mut hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(host) = hosts.get(address) {
            return Arc::clone(host);
        }
        let host = Host { idle: Mutex::default(), failed: Mutex::default(), turn: AtomicUsize::new(0) };
        Arc::clone(hosts.entry(address.clone()).or_insert(Arc::new(host)))
    }

    /// The servers in the order to be asked: each in its turn, those that failed lately last.
    pub(super) fn in_order<'a>(&self, addresses: &'a [InternalAddress]) -> Vec<&'a InternalAddress> {
        let Some(first) = addresses.first() else { return Vec::new() };
        if addresses.len() == 1 {
            return vec![first];
        }
        let start = self.host(first).turn.fetch_add(1, Ordering::Relaxed);
        let turned = addresses.iter().cycle().skip(start % addresses.len()).take(addresses.len());
        let (healthy, failed): (Vec<_>, Vec<_>) =
            turned.partition(|address| !self.host(address).has_failed());
        healthy.into_iter().chain(failed).collect()
    }

    /// Sends a request over a connection that is idle, or over a new one.
    pub(super) async fn send(
        &self,
        address: &InternalAddress,
        mut request: Request<RequestBody>,
        upload: &Upload,
    ) -> Result<Response<UpstreamBody>, UpstreamFailure<RequestBody>> {
        let host = self.host(address);
        // An idle connection may have been closed a moment ago; the request comes back then.
        while let Some(mut sender) = host.idle() {
            if sender.ready().await.is_err() {
                continue;
            }
            match sender.try_send_request(request).await {
                Ok(response) => return Ok(UpstreamBody::wrap(response, sender, host, upload)),
                Err(mut error) => match error.take_message() {
                    Some(back) => request = back,
                    None => return Err(UpstreamFailure::Unknown(error.into_error().into())),
                },
            }
        }
        // Boxed: a handshake is large, and most requests need none.
        let connected = match timeout(CONNECT_TIMEOUT, Box::pin(self.connect(address))).await {
            Ok(connected) => connected,
            Err(_) => Err(format!("no connection within {CONNECT_TIMEOUT:?}").into()),
        };
        let mut sender = match connected {
            Ok(sender) => sender,
            Err(error) => {
                host.failed(true);
                return Err(UpstreamFailure::NotSent(Box::new(request), error));
            }
        };
        match sender.try_send_request(request).await {
            Ok(response) => {
                host.failed(false);
                Ok(UpstreamBody::wrap(response, sender, host, upload))
            }
            Err(mut error) => {
                host.failed(true);
                match error.take_message() {
                    Some(back) => Err(UpstreamFailure::NotSent(Box::new(back), error.into_error().into())),
                    None => Err(UpstreamFailure::Unknown(error.into_error().into())),
                }
            }
        }
    }

    async fn connect(&self, address: &InternalAddress) -> Result<SendRequest<RequestBody>, BoxError> {
        let socket = TcpStream::connect((address.host(), address.port())).await?;
        socket_settings::inside(&socket);
        let mut builder = http1::Builder::new();
        builder.max_buf_size(UPSTREAM_BUFFER_BYTES);
        if !address.is_tls() {
            let (sender, connection) = builder.handshake(TokioIo::new(socket)).await?;
            tokio::spawn(connection);
            return Ok(sender);
        }
        let name = ServerName::try_from(address.host().to_owned())?;
        let mut established = tls_stream::connect(socket, Arc::clone(&self.tls), name).await?;
        established.stream.set_unsent_max(UPSTREAM_UNSENT_BYTES);
        let (sender, connection) = builder.handshake(TokioIo::new(established.stream)).await?;
        tokio::spawn(connection);
        Ok(sender)
    }

    /// Closes connections that were idle for too long, and forgets servers that have none.
    pub(super) fn tidy(&self) {
        let mut hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        hosts.retain(|_, host| {
            let mut idle = host.idle.lock().unwrap_or_else(PoisonError::into_inner);
            idle.retain(Idle::is_good);
            let is_unused = idle.is_empty();
            drop(idle);
            !is_unused || Arc::strong_count(host) > 1 || host.has_failed()
        });
    }
}

impl Host {
    /// The connection of this worker that was used last: the others may grow old and be closed.
    fn idle(&self) -> Option<SendRequest<RequestBody>> {
        let worker = workers::current();
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            let last = idle.iter().rposition(|each| each.worker == worker)?;
            let found = idle.remove(last);
            if found.is_good() {
                return Some(found.sender);
            }
        }
    }

    fn put_back(&self, sender: SendRequest<RequestBody>) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if !sender.is_closed() {
            // The oldest one makes room: it may be of a worker that needs no more.
            if idle.len() >= UPSTREAM_IDLE_CONNECTIONS_MAX {
                idle.remove(0);
            }
            idle.push(Idle { sender, since: Instant::now(), worker: workers::current() });
        }
    }

    fn failed(&self, failed: bool) {
        *self.failed.lock().unwrap_or_else(PoisonError::into_inner) = failed.then(Instant::now);
    }

    fn has_failed(&self) -> bool {
        let failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        failed.is_some_and(|at| at.elapsed() < UPSTREAM_FAILURE_PAUSE)
    }
}

/// The body of an answer; at its end the connection goes back to the pool.
pub(super) struct UpstreamBody {
    body: Incoming,
    connection: Option<(SendRequest<RequestBody>, Arc<Host>)>,
    upload: Upload,
}

impl UpstreamBody {
    fn wrap(
        response: Response<Incoming>,
        sender: SendRequest<RequestBody>,
        host: Arc<Host>,
        upload: &Upload,
    ) -> Response<Self> {
        response.map(|body| {
            let mut body = UpstreamBody { body, connection: Some((sender, host)), upload: upload.clone() };
            body.give_back_at_end();
            body
        })
    }

    fn give_back_at_end(&mut self) {
        if self.body.is_end_stream() {
            self.give_back();
        }
    }

    fn give_back(&mut self) {
        // A server may answer before it has the whole request: the connection is not free for another one then.
        if let Some((sender, host)) = self.connection.take()
            && self.upload.strong_count() == 0
        {
            host.put_back(sender);
        }
    }
}

impl Body for UpstreamBody {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(context);
        match &polled {
            Poll::Ready(None) => self.give_back(),
            Poll::Ready(Some(Ok(_))) => self.give_back_at_end(),
            Poll::Ready(Some(Err(_))) => self.connection = None,
            Poll::Pending => {}
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
