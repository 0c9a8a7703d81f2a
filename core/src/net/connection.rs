//! One HTTP/1.1 connection, for authentication that is bound to it.

use std::error::Error as StdError;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{self, SendRequest};
use hyper::header::{HOST, HeaderName, HeaderValue, USER_AGENT};
use hyper::{Method, Request};
use hyper_util::rt::TokioIo;
use reqwest::Url;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio_rustls::TlsConnector;

use super::http::{HttpAnswer, redirect_refused, too_long};
use super::http_error::{self, Phase};
use crate::error::{Error, ErrorKind, Result};
use crate::limits::CONNECT_TIMEOUT;

/// Where connections go.
pub(super) struct Peer {
    /// Scheme, host and port.
    pub(super) url: Url,
    /// None for plain HTTP.
    pub(super) tls: Option<Arc<ClientConfig>>,
    pub(super) timeout: Duration,
    pub(super) response_bytes_max: usize,
}

/// A request on a connection.
pub(super) struct Message<'a> {
    /// `<verb> <thing>` for errors.
    pub(super) operation: &'a str,
    pub(super) method: Method,
    pub(super) url: &'a Url,
    pub(super) headers: Vec<(HeaderName, HeaderValue)>,
    pub(super) body: Bytes,
    /// True where the request changes nothing, and may be sent again.
    pub(super) is_read: bool,
}

/// An open connection; dropping it closes it.
pub(super) struct Connection {
    sender: SendRequest<Full<Bytes>>,
    driver: JoinHandle<()>,
    /// The server's certificate, DER.
    certificate: Option<Vec<u8>>,
}

/// An exchange that failed, and whether the request was never sent.
pub(super) struct Failed {
    pub(super) error: Error,
    pub(super) unsent: bool,
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

impl Connection {
    /// Connects, with TLS where the peer has it.
    pub(super) async fn open(peer: &Peer, operation: &str) -> Result<Self> {
        let limit = CONNECT_TIMEOUT.min(peer.timeout);
        let failed =
            |error: Box<dyn StdError + Send + Sync>| http_error::not_connected(operation, &peer.url, error);
        let connected = async {
            let host = peer.url.host_str().unwrap_or_default().trim_matches(['[', ']']).to_owned();
            let port = peer.url.port_or_known_default().unwrap_or_default();
            let socket =
                TcpStream::connect((host.as_str(), port)).await.map_err(|error| failed(error.into()))?;
            let _ = socket.set_nodelay(true);
            let Some(tls) = &peer.tls else { return Connection::over(socket, None).await.map_err(failed) };
            let name = ServerName::try_from(host).map_err(|error| failed(error.into()))?;
            let stream = TlsConnector::from(Arc::clone(tls)).connect(name, socket).await;
            let stream = stream.map_err(|error| failed(error.into()))?;
            let certificates = stream.get_ref().1.peer_certificates().unwrap_or_default();
            let certificate = certificates.first().map(|certificate| certificate.to_vec());
            Connection::over(stream, certificate).await.map_err(failed)
        };
        tokio::time::timeout(limit, connected).await.unwrap_or_else(|_| {
            let host = peer.url.host_str().unwrap_or_default();
            let cause = format!("no connection to {host} in time");
            Err(Error::new(ErrorKind::TimedOut, operation, cause).with_context("url", peer.url.as_str()))
        })
    }

    async fn over(
        stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
        certificate: Option<Vec<u8>>,
    ) -> std::result::Result<Self, Box<dyn StdError + Send + Sync>> {
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        // Its end is seen by the sender.
        let driver = tokio::spawn(async move { drop(connection.await) });
        Ok(Connection { sender, driver, certificate })
    }

    /// The server's certificate, DER; None over plain HTTP.
    pub(super) fn certificate(&self) -> Option<&[u8]> {
        self.certificate.as_deref()
    }

    /// True where the server has closed it.
    pub(super) fn is_closed(&self) -> bool {
        self.sender.is_closed()
    }

    /// Sends a request and reads the whole answer; any status but a redirect is a success.
    pub(super) async fn send(
        &mut self,
        peer: &Peer,
        message: &Message<'_>,
    ) -> std::result::Result<HttpAnswer, Failed> {
        let is_read = message.is_read;
        let broken = |phase: Phase, error: hyper::Error| {
            let unsent = error.is_canceled();
            let error = http_error::broken(message.operation, message.url, is_read, phase, error);
            Failed { error, unsent }
        };
        let certain = |error: Error| Failed { error, unsent: false };
        let request = request(message).map_err(certain)?;
        let lost = |error| broken(Phase::Head, error);
        self.sender.ready().await.map_err(|error| Failed { unsent: true, ..lost(error) })?;
        let response = self.sender.send_request(request).await.map_err(lost)?;
        let status = response.status().as_u16();
        let (head, mut body) = response.into_parts();
        if (300..400).contains(&status) {
            let location = head.headers.get(hyper::header::LOCATION);
            return Err(certain(redirect_refused(message.operation, message.url, status, location)));
        }
        let mut bytes = Vec::new();
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|error| broken(Phase::Body(bytes.len()), error))?;
            let Ok(data) = frame.into_data() else { continue };
            let length = (bytes.len() + data.len()) as u64;
            too_long(message.operation, message.url, length, peer.response_bytes_max).map_err(certain)?;
            bytes.extend_from_slice(&data);
        }
        Ok(HttpAnswer { status, headers: head.headers, body: bytes.into() })
    }
}

fn request(message: &Message<'_>) -> Result<Request<Full<Bytes>>> {
    let refuse = |cause: String| Error::new(ErrorKind::Internal, message.operation, cause);
    let url = message.url;
    let host = match (url.host_str(), url.port()) {
        (Some(host), Some(port)) => format!("{host}:{port}"),
        (host, _) => host.unwrap_or_default().to_owned(),
    };
    let target = url.query().map_or_else(|| url.path().to_owned(), |query| format!("{}?{query}", url.path()));
    let mut builder = Request::builder()
        .method(message.method.clone())
        .uri(target)
        .header(HOST, host)
        .header(USER_AGENT, concat!("cmgateway/", env!("CARGO_PKG_VERSION")));
    for (name, value) in &message.headers {
        builder = builder.header(name, value);
    }
    builder.body(Full::new(message.body.clone())).map_err(|error| refuse(error.to_string()))
}
