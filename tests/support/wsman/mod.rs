//! A WS-Management service on top of an embedded site: it speaks the wire as Windows does, and is checked with clients
//! that are not ours (pywinrm, pypsrp). It shares no code with the client in `core`.

mod operations;
mod soap;
mod values;

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use cmgateway::site::Site;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, WWW_AUTHENTICATE};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

use self::operations::Service;
use crate::test_pki::{ServerCertificate, TestPki};

/// What a service does besides serving the site.
#[derive(Clone, Debug, Default)]
pub struct WsmanOptions {
    /// The value that `Authorization` must have; any will do where it is None.
    pub authorization: Option<String>,
    /// True for a service that does not tell class definitions.
    pub hides_classes: bool,
    /// True for a service without `EnumerationMode`.
    pub refuses_modes: bool,
    /// True for one without `transfer/Create`.
    pub refuses_create: bool,
    /// Rows in one answer at most.
    pub rows_max: Option<usize>,
}

/// The running service; it stops when it is dropped.
#[derive(Debug)]
pub struct WsmanService {
    address: SocketAddr,
    seen: Arc<Mutex<Vec<String>>>,
    task: JoinHandle<()>,
}

impl WsmanService {
    /// Serves a site in plain HTTP on a free port of 127.0.0.1.
    pub async fn start(site: Site, options: WsmanOptions) -> Self {
        Self::serve(site, options, None).await
    }

    /// Serves it over TLS; clients need a certificate of the same authority where `clients` says so.
    ///
    /// # Panics
    /// Where the certificate cannot be used.
    #[expect(clippy::expect_used, reason = "a test's set-up fails by panic")]
    pub async fn start_tls(
        site: Site,
        options: WsmanOptions,
        pki: &TestPki,
        own: &ServerCertificate,
        clients: bool,
    ) -> Self {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .expect("versions");
        let builder = match clients {
            false => builder.with_no_client_auth(),
            true => {
                let mut roots = RootCertStore::empty();
                for root in CertificateDer::pem_slice_iter(pki.ca_pem().as_bytes()) {
                    roots.add(root.expect("a root")).expect("a root");
                }
                let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build();
                builder.with_client_cert_verifier(verifier.expect("a verifier"))
            }
        };
        let chain = CertificateDer::pem_slice_iter(own.chain_pem.as_bytes()).collect::<Result<Vec<_>, _>>();
        let key = PrivateKeyDer::from_pem_slice(own.key_pem.as_bytes()).expect("a key");
        let config = builder.with_single_cert(chain.expect("a chain"), key).expect("a pair");
        Self::serve(site, options, Some(TlsAcceptor::from(Arc::new(config)))).await
    }

    #[expect(clippy::expect_used, reason = "a test's set-up fails by panic")]
    async fn serve(site: Site, options: WsmanOptions, tls: Option<TlsAcceptor>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let seen = Arc::new(Mutex::new(Vec::new()));
        let service = Arc::new(Service::new(site, options, Arc::clone(&seen)));
        let task = tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let (service, tls) = (Arc::clone(&service), tls.clone());
                tokio::spawn(async move {
                    let handler = service_fn(move |request| {
                        let service = Arc::clone(&service);
                        async move { Ok::<_, Infallible>(answer(&service, request).await) }
                    });
                    let http = hyper::server::conn::http1::Builder::new();
                    match tls {
                        None => drop(http.serve_connection(TokioIo::new(socket), handler).await),
                        Some(tls) => {
                            if let Ok(stream) = tls.accept(socket).await {
                                drop(http.serve_connection(TokioIo::new(stream), handler).await);
                            }
                        }
                    }
                });
            }
        });
        WsmanService { address, seen, task }
    }

    /// The port it listens on.
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// Host and port.
    pub fn host(&self) -> String {
        format!("localhost:{}", self.address.port())
    }

    /// The envelopes that came, in their order.
    pub fn seen(&self) -> Vec<String> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for WsmanService {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn answer(service: &Service, request: Request<Incoming>) -> Response<Full<Bytes>> {
    let authorization =
        request.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let path = request.uri().path().to_owned();
    let Ok(body) = request.into_body().collect().await else {
        return reply(StatusCode::BAD_REQUEST, String::new());
    };
    if !path.starts_with("/wsman") {
        return reply(StatusCode::NOT_FOUND, String::new());
    }
    let xml = String::from_utf8_lossy(&body.to_bytes()).into_owned();
    // Identify may be asked by anybody.
    let is_identify = xml.contains("wsmanidentity.xsd");
    if let Some(expected) = &service.options.authorization
        && !is_identify
        && authorization.as_ref() != Some(expected)
    {
        let mut refused = reply(StatusCode::UNAUTHORIZED, String::new());
        let offered = hyper::header::HeaderValue::from_static("Basic realm=\"WSMAN\"");
        refused.headers_mut().insert(WWW_AUTHENTICATE, offered);
        return refused;
    }
    service.seen.lock().unwrap_or_else(PoisonError::into_inner).push(xml.clone());
    match service.answer(&xml).await {
        Ok(envelope) => reply(StatusCode::OK, envelope),
        Err(fault) => reply(StatusCode::INTERNAL_SERVER_ERROR, fault),
    }
}

fn reply(status: StatusCode, body: String) -> Response<Full<Bytes>> {
    let mut reply = Response::new(Full::new(body.into()));
    *reply.status_mut() = status;
    let content_type = hyper::header::HeaderValue::from_static("application/soap+xml;charset=UTF-8");
    reply.headers_mut().insert(CONTENT_TYPE, content_type);
    reply
}
