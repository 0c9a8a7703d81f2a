//! An HTTPS server that answers whatever bytes a test wants, right or wrong.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::{aws_lc_rs, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{DigitallySignedStruct, DistinguishedName, SignatureScheme};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

use crate::test_pki::ServerCertificate;

/// A request as it came over the wire.
#[derive(Clone, Debug)]
pub struct WireRequest {
    /// Such as `GET`.
    pub method: String,
    /// Path and query.
    pub target: String,
    /// The head, with the request line.
    pub head: String,
    /// The body.
    pub body: String,
    /// The certificate that the client has shown, DER.
    pub client_certificate: Option<Vec<u8>>,
}

/// What the server does with a request.
#[derive(Clone, Debug)]
pub enum Reaction {
    /// Writes these bytes and closes the connection in order.
    Bytes(Vec<u8>),
    /// Writes these bytes and waits for the next request on the same connection.
    BytesAndOn(Vec<u8>),
    /// Writes nothing and keeps the connection open.
    Silence,
}

impl Reaction {
    /// A whole answer with a right length.
    pub fn answer(status: u16, content_type: &str, body: &str) -> Self {
        Self::with_headers(status, &format!("Content-Type: {content_type}\r\n"), body)
    }

    /// A whole JSON answer.
    pub fn json(status: u16, body: &str) -> Self {
        Self::answer(status, "application/json", body)
    }

    /// A whole answer with header lines of the test's choice.
    pub fn with_headers(status: u16, lines: &str, body: &str) -> Self {
        let length = body.len();
        let head =
            format!("HTTP/1.1 {status} Said\r\nConnection: close\r\nContent-Length: {length}\r\n{lines}\r\n");
        Reaction::Bytes([head.as_bytes(), body.as_bytes()].concat())
    }
}

/// The server; stops when it is dropped.
#[derive(Debug)]
pub struct WireServer {
    address: SocketAddr,
    requests: Arc<Mutex<Vec<WireRequest>>>,
    task: JoinHandle<()>,
}

impl WireServer {
    /// Starts on a free port of 127.0.0.1.
    ///
    /// # Panics
    /// Where that fails; a test cannot go on then.
    pub async fn start(
        certificate: &ServerCertificate,
        react: impl Fn(&WireRequest) -> Reaction + Send + Sync + 'static,
    ) -> Self {
        Self::with_config(config(certificate, None), react).await
    }

    /// As `start`, but asks clients for a certificate in the handshake; any is taken, and none as well.
    ///
    /// # Panics
    /// Where that fails; a test cannot go on then.
    pub async fn start_asking(
        certificate: &ServerCertificate,
        react: impl Fn(&WireRequest) -> Reaction + Send + Sync + 'static,
    ) -> Self {
        Self::with_config(config(certificate, Some(Arc::new(AnyClient))), react).await
    }

    #[expect(clippy::expect_used, reason = "a test's set-up fails by panic")]
    async fn with_config(
        config: rustls::ServerConfig,
        react: impl Fn(&WireRequest) -> Reaction + Send + Sync + 'static,
    ) -> Self {
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let requests = Arc::new(Mutex::new(Vec::new()));
        let (react, seen) = (Arc::new(react), Arc::clone(&requests));
        let task = tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let (acceptor, react, seen) = (acceptor.clone(), Arc::clone(&react), Arc::clone(&seen));
                tokio::spawn(async move {
                    let _ = exchange(socket, acceptor, &*react, &seen).await;
                });
            }
        });
        WireServer { address, requests, task }
    }

    /// The base address by host name.
    pub fn url(&self) -> String {
        format!("https://localhost:{}/AdminService", self.address.port())
    }

    /// The requests so far.
    pub fn requests(&self) -> Vec<WireRequest> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for WireServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

#[expect(clippy::expect_used, reason = "a test's set-up fails by panic")]
fn config(certificate: &ServerCertificate, clients: Option<Arc<AnyClient>>) -> rustls::ServerConfig {
    let chain = CertificateDer::pem_slice_iter(certificate.chain_pem.as_bytes())
        .collect::<Result<Vec<_>, _>>()
        .expect("a chain");
    let key = PrivateKeyDer::from_pem_slice(certificate.key_pem.as_bytes()).expect("a key");
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions");
    let builder = match clients {
        Some(clients) => builder.with_client_cert_verifier(clients),
        None => builder.with_no_client_auth(),
    };
    builder.with_single_cert(chain, key).expect("a pair")
}

/// Takes every certificate whose key the client has: who is let in is said by the answers.
#[derive(Debug)]
struct AnyClient;

impl ClientCertVerifier for AnyClient {
    fn client_auth_mandatory(&self) -> bool {
        false
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        _certificate: &CertificateDer<'_>,
        _chain: &[CertificateDer<'_>],
        _now: UnixTime,
    ) -> Result<ClientCertVerified, rustls::Error> {
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = aws_lc_rs::default_provider().signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signature, &algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = aws_lc_rs::default_provider().signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signature, &algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        aws_lc_rs::default_provider().signature_verification_algorithms.supported_schemes()
    }
}

async fn exchange(
    socket: TcpStream,
    acceptor: TlsAcceptor,
    react: &(dyn Fn(&WireRequest) -> Reaction + Send + Sync),
    seen: &Mutex<Vec<WireRequest>>,
) -> std::io::Result<()> {
    let mut stream = acceptor.accept(socket).await?;
    while one(&mut stream, react, seen).await? {}
    Ok(())
}

async fn one(
    stream: &mut tokio_rustls::server::TlsStream<TcpStream>,
    react: &(dyn Fn(&WireRequest) -> Reaction + Send + Sync),
    seen: &Mutex<Vec<WireRequest>>,
) -> std::io::Result<bool> {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(at) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break at + 4;
        }
        if stream.read_buf(&mut bytes).await? == 0 {
            return Ok(false);
        }
    };
    let head = String::from_utf8_lossy(bytes.get(..end).unwrap_or_default()).into_owned();
    let length: usize = head
        .lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .and_then(|(_, value)| value.trim().parse().ok())
        .unwrap_or(0);
    while bytes.len() < end + length && stream.read_buf(&mut bytes).await? > 0 {}
    let mut words = head.split(' ');
    let mut word = || words.next().unwrap_or_default().to_owned();
    let (method, target) = (word(), word());
    let body = String::from_utf8_lossy(bytes.get(end..).unwrap_or_default()).into_owned();
    let shown = stream.get_ref().1.peer_certificates().and_then(|chain| chain.first());
    let client_certificate = shown.map(|certificate| certificate.to_vec());
    let request = WireRequest { method, target, head, body, client_certificate };
    seen.lock().unwrap_or_else(PoisonError::into_inner).push(request.clone());
    match react(&request) {
        Reaction::Bytes(answer) => {
            stream.write_all(&answer).await?;
            stream.shutdown().await?;
            // Reads on until the client closes, so that no reset overtakes the answer.
            let mut rest = Vec::new();
            stream.read_to_end(&mut rest).await.map(|_| false)
        }
        Reaction::BytesAndOn(answer) => {
            stream.write_all(&answer).await?;
            stream.flush().await.map(|()| true)
        }
        Reaction::Silence => std::future::pending().await,
    }
}
