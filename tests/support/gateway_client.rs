//! A client with a certificate that keeps its connection, as agents do.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use cmgateway::cert::Certificate;
use http_body_util::{BodyExt, Full};
use hyper::body::Body;
use hyper::client::conn::http1::{self, SendRequest};
use hyper::client::conn::http2;
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::gateway_parts::{GatewayPki, Owner};

/// A client; it connects again where the gateway has closed the connection.
#[derive(Debug)]
pub struct GatewayClient {
    tls: Arc<rustls::ClientConfig>,
    address: SocketAddr,
    connection: Option<SendRequest<Full<Bytes>>>,
}

#[expect(clippy::expect_used, reason = "a test's set-up fails by panic")]
impl GatewayClient {
    /// A client with this certificate of an instance at this address.
    ///
    /// # Panics
    /// Where the certificates cannot be used.
    pub fn new(pki: &GatewayPki, owner: &Owner, address: SocketAddr) -> Self {
        Self::trusting(&pki.root.certificate, owner, address)
    }

    /// As [`new`](Self::new), where gateways come from this root.
    ///
    /// # Panics
    /// Where the certificates cannot be used.
    pub fn trusting(root: &Certificate, owner: &Owner, address: SocketAddr) -> Self {
        let mut roots = rustls::RootCertStore::empty();
        roots.add(CertificateDer::from(root.der().to_vec())).expect("a root");
        let chain = vec![CertificateDer::from_pem_slice(owner.chain_pem.as_bytes()).expect("a certificate")];
        let key = PrivateKeyDer::from_pem_slice(owner.key_pem.as_bytes()).expect("a key");
        let tls = rustls::ClientConfig::builder_with_provider(Arc::new(
            rustls::crypto::aws_lc_rs::default_provider(),
        ))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_root_certificates(roots)
        .with_client_auth_cert(chain, key)
        .expect("an identity");
        GatewayClient { tls: Arc::new(tls), address, connection: None }
    }

    /// Gets this path; the status and the body.
    ///
    /// # Errors
    /// Why there is no whole answer.
    pub async fn get(&mut self, path: &str) -> Result<(u16, Bytes), String> {
        let request = Request::get(path).header("host", "localhost").body(Full::default());
        let response = self.send(request.map_err(text)?).await?;
        Ok((response.status().as_u16(), response.into_body()))
    }

    /// Sends a request; the answer with its whole body.
    ///
    /// # Errors
    /// Why there is no whole answer.
    pub async fn send(&mut self, request: Request<Full<Bytes>>) -> Result<Response<Bytes>, String> {
        let mut sender = match self.connection.take().filter(|sender| !sender.is_closed()) {
            Some(sender) => sender,
            None => self.connect().await?,
        };
        sender.ready().await.map_err(text)?;
        let (parts, body) = sender.send_request(request).await.map_err(text)?.into_parts();
        let body = body.collect().await.map_err(text)?.to_bytes();
        self.connection = Some(sender);
        Ok(Response::from_parts(parts, body))
    }

    /// Closes its connection; it keeps the TLS session for the next one.
    pub fn disconnect(&mut self) {
        self.connection = None;
    }

    /// A connection on which a test speaks for itself.
    ///
    /// # Errors
    /// Why there is no connection.
    pub async fn raw(&self) -> Result<TlsStream<TcpStream>, String> {
        self.raw_with(Arc::clone(&self.tls)).await
    }

    async fn raw_with(&self, tls: Arc<rustls::ClientConfig>) -> Result<TlsStream<TcpStream>, String> {
        let socket = TcpStream::connect(self.address).await.map_err(text)?;
        socket.set_nodelay(true).map_err(text)?;
        let name = ServerName::try_from("localhost").map_err(text)?;
        TlsConnector::from(tls).connect(name, socket).await.map_err(text)
    }

    /// A connection of its own over HTTP/2.
    ///
    /// # Errors
    /// Why there is no connection.
    pub async fn http2<B>(&self) -> Result<http2::SendRequest<B>, String>
    where
        B: Body<Data = Bytes, Error = Infallible> + Send + Unpin + 'static,
    {
        let mut tls = (*self.tls).clone();
        tls.alpn_protocols = vec![b"h2".to_vec()];
        let stream = self.raw_with(Arc::new(tls)).await?;
        let executor = TokioExecutor::new();
        let (sender, connection) = http2::handshake(executor, TokioIo::new(stream)).await.map_err(text)?;
        tokio::spawn(connection);
        Ok(sender)
    }

    async fn connect(&self) -> Result<SendRequest<Full<Bytes>>, String> {
        let stream = self.raw().await?;
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(text)?;
        tokio::spawn(connection);
        Ok(sender)
    }
}

fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}
