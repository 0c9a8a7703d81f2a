//! The dashboard: a page of the gateway's health, served by the process of the connection point, which knows the site.
//!
//! | file | what it holds |
//! | --- | --- |
//! | `answer` | the addresses, who gets in, what is refused |
//! | `session` | who is signed in; forms that only our page can send |
//! | `analysis` | the analyzer, one run at a time |
//! | `page`, `chart`, `style.css` | what is shown |

mod analysis;
mod answer;
mod chart;
mod page;
mod session;

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use rustls::ServerConfig;
use time::OffsetDateTime;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;

use self::analysis::Analyses;
use self::session::Sessions;
use super::connection_point_service::Task;
use super::health_watch::HealthWatch;
use super::monitor_file::DashboardSettings;
use crate::background;
use crate::cert::VerifierOptions;
use crate::error::{Error, ErrorKind, Result};
use crate::limits::{
    ACCEPT_PAUSE, DASHBOARD_CONNECTIONS_MAX, SERVER_HANDSHAKE_TIMEOUT, SERVER_IDLE_TIMEOUT,
    SERVER_REQUEST_TIMEOUT,
};
use crate::net::gateway_tls::{Identity, dashboard_front};
use crate::net::{ClientCertificates, ClientVerifier, PeerVerifierOptions};
use crate::proxy::Pin;
use crate::secret::Secret;

/// What all connections share.
struct Shared {
    watch: Arc<HealthWatch>,
    token: Option<Secret>,
    sessions: Sessions,
    analyses: Analyses,
    is_tls: bool,
}

impl Shared {
    /// With TLS a name that browsers take from this host alone.
    fn cookie_name(&self) -> &'static str {
        if self.is_tls { "__Host-cmgateway" } else { "cmgateway" }
    }

    fn cookie(&self, id: &str, seconds: u64) -> String {
        let secure = if self.is_tls { "; Secure" } else { "" };
        format!("{}={id}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}", self.cookie_name())
    }
}

/// A dashboard that is served; dropping it closes it.
#[derive(Debug)]
pub(super) struct Dashboard {
    address: SocketAddr,
    is_tls: bool,
    _task: Task,
}

impl Dashboard {
    pub(super) async fn start(settings: DashboardSettings, watch: Arc<HealthWatch>) -> Result<Self> {
        let operation = format!("serve the dashboard at {}", settings.listen);
        let tls = background::run("read the dashboard's certificate", {
            let settings = settings.clone();
            move || tls(&settings)
        })
        .await?;
        let failed = |error: std::io::Error| {
            Error::new(ErrorKind::Unavailable, operation.as_str(), error.to_string()).with_source(error)
        };
        let listener = TcpListener::bind(settings.listen).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let is_tls = tls.is_some();
        let shared = Arc::new(Shared {
            watch,
            token: settings.token,
            sessions: Sessions::new()?,
            analyses: Analyses::default(),
            is_tls,
        });
        let acceptor = tls.map(TlsAcceptor::from);
        let task = Task(tokio::spawn(accept(listener, acceptor, shared)));
        let dashboard = Dashboard { address, is_tls, _task: task };
        tracing::info!(url = dashboard.url(), "the dashboard is served");
        Ok(dashboard)
    }

    pub(super) fn url(&self) -> String {
        format!("{}://{}/", if self.is_tls { "https" } else { "http" }, self.address)
    }
}

fn tls(settings: &DashboardSettings) -> Result<Option<Arc<ServerConfig>>> {
    let Some((chain, key)) = &settings.identity else { return Ok(None) };
    let identity = Identity::read(chain, key)?;
    let clients = if settings.client_roots.is_empty() {
        None
    } else {
        let trust = VerifierOptions::new(settings.client_roots.clone(), OffsetDateTime::UNIX_EPOCH);
        // Whoever has the token gets in without a certificate.
        let wanted = match settings.token {
            Some(_) => ClientCertificates::Optional,
            None => ClientCertificates::Required,
        };
        Some(Arc::new(ClientVerifier::new(trust, 1, wanted, PeerVerifierOptions::new())?))
    };
    dashboard_front(&identity, clients).map(Some)
}

async fn accept(listener: TcpListener, acceptor: Option<TlsAcceptor>, shared: Arc<Shared>) {
    let places = Arc::new(Semaphore::new(DASHBOARD_CONNECTIONS_MAX));
    // They end with this task.
    let mut connections = JoinSet::new();
    loop {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
        while connections.try_join_next().is_some() {}
        let Ok((socket, peer)) = listener.accept().await else {
            sleep(ACCEPT_PAUSE).await;
            continue;
        };
        let (acceptor, shared) = (acceptor.clone(), Arc::clone(&shared));
        connections.spawn(async move {
            greet(socket, peer, acceptor, &shared).await;
            drop(place);
        });
    }
}

async fn greet(socket: TcpStream, peer: SocketAddr, acceptor: Option<TlsAcceptor>, shared: &Shared) {
    let Some(acceptor) = acceptor else { return serve(socket, peer, None, shared).await };
    let Ok(Ok(stream)) = timeout(SERVER_HANDSHAKE_TIMEOUT, acceptor.accept(socket)).await else { return };
    let presented = stream.get_ref().1.peer_certificates().and_then(|all| all.first());
    let certificate = presented.map(|leaf| Pin::of_der(leaf).to_string());
    serve(stream, peer, certificate, shared).await;
}

async fn serve(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    peer: SocketAddr,
    certificate: Option<String>,
    shared: &Shared,
) {
    let service = service_fn(|request| {
        let certificate = certificate.clone();
        async move { Ok::<_, Infallible>(answer::answer(shared, peer, certificate, request).await) }
    });
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(SERVER_REQUEST_TIMEOUT);
    let _ = timeout(SERVER_IDLE_TIMEOUT, builder.serve_connection(TokioIo::new(stream), service)).await;
}
