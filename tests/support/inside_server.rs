//! A server inside that does what nginx cannot: echoes bodies, holds requests, sends trailers, counts.

use std::collections::HashMap;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Frame, Incoming};
use hyper::header::{HeaderMap, HeaderValue};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

use crate::gateway_parts::GatewayPki;

type Answer = Response<BoxBody<Bytes, hyper::Error>>;

/// The server.
#[derive(Debug)]
pub struct InsideServer {
    /// Where it listens.
    pub address: SocketAddr,
    counts: Counts,
    task: JoinHandle<()>,
}

type Counts = Arc<Mutex<HashMap<String, u32>>>;

#[expect(clippy::expect_used, reason = "a test's set-up fails by panic")]
impl InsideServer {
    /// Starts it, on a free port.
    ///
    /// # Panics
    /// Where it does not start.
    pub async fn start(pki: &GatewayPki) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let acceptor = TlsAcceptor::from(Arc::new(tls(pki)));
        let counts = Counts::default();
        let shared = Arc::clone(&counts);
        let task = tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let (acceptor, counts) = (acceptor.clone(), Arc::clone(&shared));
                tokio::spawn(async move {
                    let _ = socket.set_nodelay(true);
                    let Ok(stream) = acceptor.accept(socket).await else { return };
                    let service = service_fn(|request| answer(Arc::clone(&counts), request));
                    let connection = hyper::server::conn::http1::Builder::new();
                    let _ = connection.serve_connection(TokioIo::new(stream), service).await;
                });
            }
        });
        InsideServer { address, counts, task }
    }

    /// Its address as a mapping has it.
    pub fn url(&self) -> String {
        format!("https://localhost:{}", self.address.port())
    }

    /// How often this path and query was asked for.
    pub fn count(&self, target: &str) -> u32 {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner).get(target).copied().unwrap_or(0)
    }
}

impl Drop for InsideServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

#[expect(clippy::expect_used, reason = "a test's set-up fails by panic")]
fn tls(pki: &GatewayPki) -> rustls::ServerConfig {
    use rustls::pki_types::pem::PemObject;
    use rustls::pki_types::{CertificateDer, PrivateKeyDer};
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let chain = vec![CertificateDer::from_pem_slice(pki.server.chain_pem.as_bytes()).expect("a certificate")];
    let key = PrivateKeyDer::from_pem_slice(pki.server.key_pem.as_bytes()).expect("a key");
    rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .expect("an identity")
}

async fn answer(counts: Counts, request: Request<Incoming>) -> Result<Answer, Infallible> {
    let target = request.uri().to_string();
    *counts.lock().unwrap_or_else(PoisonError::into_inner).entry(target).or_default() += 1;
    let number = |name: &str| {
        let query = request.uri().query().unwrap_or_default();
        query
            .split('&')
            .find_map(|pair| pair.strip_prefix(name)?.strip_prefix('=')?.parse().ok())
            .unwrap_or(0_usize)
    };
    if request.uri().path().starts_with("/refusing/") {
        let mut response = text("no");
        *response.status_mut() = StatusCode::FORBIDDEN;
        return Ok(response);
    }
    let kind = request.uri().path().rsplit('/').next().unwrap_or_default().to_owned();
    Ok(match kind.as_str() {
        "echo" => Response::new(request.into_body().boxed()),
        "count" => {
            let bytes = counted(request.into_body()).await;
            text(&bytes.to_string())
        }
        "hold" => {
            tokio::time::sleep(Duration::from_millis(number("ms") as u64)).await;
            text("held")
        }
        "bytes" => bytes(number("n")),
        "broken" => broken(number("n")),
        "trailers" => trailers(request.into_body()).await,
        "forbidden" => {
            let mut response = text("no");
            *response.status_mut() = StatusCode::FORBIDDEN;
            response
        }
        _ => text(&described(&request)),
    })
}

fn text(content: &str) -> Answer {
    Response::new(
        Full::new(Bytes::copy_from_slice(content.as_bytes())).map_err(|never| match never {}).boxed(),
    )
}

/// The request as it came, one header a line.
fn described(request: &Request<Incoming>) -> String {
    let mut lines = vec![format!("{} {}", request.method(), request.uri())];
    for (name, value) in request.headers() {
        lines.push(format!("{name}: {}", String::from_utf8_lossy(value.as_bytes())));
    }
    lines.join("\n") + "\n"
}

async fn counted(mut body: Incoming) -> usize {
    let mut count = 0;
    while let Some(Ok(frame)) = body.frame().await {
        count += frame.data_ref().map_or(0, Bytes::len);
    }
    count
}

const PIECE: &[u8] = &[b'x'; 16 << 10];

fn pieces(count: usize) -> impl Iterator<Item = Bytes> {
    let whole = (0..count / PIECE.len()).map(|_| Bytes::from_static(PIECE));
    whole.chain(PIECE.get(..count % PIECE.len()).map(Bytes::from_static))
}

fn bytes(count: usize) -> Answer {
    let mut response = Response::new(Frames(pieces(count).map(Frame::data)).boxed());
    response.headers_mut().insert("content-length", HeaderValue::from(count));
    response
}

/// Promises twice as much as it sends, and hangs up.
fn broken(count: usize) -> Answer {
    let mut response = bytes(count);
    response.headers_mut().insert("content-length", HeaderValue::from(2 * count.max(1)));
    response
}

async fn trailers(body: Incoming) -> Answer {
    let collected = body.collect().await;
    let sent = collected.ok().and_then(|whole| whole.trailers().cloned()).unwrap_or_default();
    let mut back = HeaderMap::new();
    back.insert("x-sum", sent.get("x-sum").cloned().unwrap_or(HeaderValue::from_static("none")));
    let frames = [Frame::data(Bytes::from_static(b"body")), Frame::trailers(back)];
    let mut response = Response::new(Frames(frames.into_iter()).boxed());
    response.headers_mut().insert("trailer", HeaderValue::from_static("x-sum"));
    response
}

/// A body of frames that are there already.
struct Frames<I>(I);

impl<I: Iterator<Item = Frame<Bytes>> + Unpin> Body for Frames<I> {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        Poll::Ready(self.0.next().map(Ok))
    }
}
