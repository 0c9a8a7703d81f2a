//! Both ends of TLS connections, with rustls, on real sockets.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use rustls::client::danger::ServerCertVerifier;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::server::danger::ClientCertVerifier;
use rustls::{
    ClientConfig, ClientConnection, ServerConfig, ServerConnection, StreamOwned, SupportedProtocolVersion,
};

/// A chain and the key of its first certificate.
#[derive(Debug)]
pub struct Identity {
    /// The chain, leaf first.
    pub chain: Vec<CertificateDer<'static>>,
    /// The key, PKCS #8.
    pub key: PrivateKeyDer<'static>,
}

impl Clone for Identity {
    fn clone(&self) -> Self {
        Identity { chain: self.chain.clone(), key: self.key.clone_key() }
    }
}

/// A server that sends back what it gets; every failed handshake is reported.
#[derive(Debug)]
pub struct EchoServer {
    /// Where it listens.
    pub address: SocketAddr,
    /// What went wrong, one text a failed handshake.
    pub failures: Receiver<String>,
}

#[expect(clippy::expect_used, reason = "a test's set-up fails by panic")]
impl EchoServer {
    /// Starts it on a port of its own; it ends with the process.
    ///
    /// # Panics
    /// Where it cannot be started.
    pub fn start(identity: Identity, clients: Arc<dyn ClientCertVerifier>) -> Self {
        let mut config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_client_cert_verifier(clients)
            .with_single_cert(identity.chain, identity.key)
            .expect("a chain and its key");
        // Without resumption every connection asks the verifier.
        config.send_tls13_tickets = 0;
        config.session_storage = Arc::new(rustls::server::NoServerSessionStorage {});
        let config = Arc::new(config);
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let (report, failures) = channel();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (config, report) = (config.clone(), report.clone());
                std::thread::spawn(move || {
                    if let Err(error) = echo(stream, config) {
                        let _ = report.send(error.to_string());
                    }
                });
            }
        });
        EchoServer { address, failures }
    }
}

fn echo(mut stream: TcpStream, config: Arc<ServerConfig>) -> io::Result<()> {
    stream.set_read_timeout(Some(Duration::from_secs(20)))?;
    let mut connection = ServerConnection::new(config).map_err(io::Error::other)?;
    while connection.is_handshaking() {
        if let Err(error) = connection.complete_io(&mut stream) {
            // The alert is still to be sent.
            let _ = connection.write_tls(&mut stream);
            return Err(error);
        }
    }
    let mut stream = StreamOwned::new(connection, stream);
    let mut bytes = [0; 64];
    while let Ok(length @ 1..) = stream.read(&mut bytes) {
        stream.write_all(bytes.get(..length).unwrap_or_default())?;
        stream.flush()?;
    }
    Ok(())
}

/// A client's end of a connection.
pub type ClientStream = StreamOwned<ClientConnection, TcpStream>;

/// Settings of a client that checks servers this way and may have a certificate.
///
/// # Panics
/// Where chain and key are broken.
#[expect(clippy::expect_used, reason = "a test's set-up fails by panic")]
pub fn client_config(
    servers: Arc<dyn ServerCertVerifier>,
    identity: Option<Identity>,
    versions: &[&'static SupportedProtocolVersion],
) -> Arc<ClientConfig> {
    let builder = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_protocol_versions(versions)
        .expect("versions")
        .dangerous()
        .with_custom_certificate_verifier(servers);
    let mut config = match identity {
        Some(identity) => builder.with_client_auth_cert(identity.chain, identity.key).expect("a pair"),
        None => builder.with_no_client_auth(),
    };
    config.resumption = rustls::client::Resumption::disabled();
    Arc::new(config)
}

/// Connects and sends one byte there and back, which proves that the server took the client's certificate.
///
/// # Errors
/// What rustls says about the handshake, or about the alert of the server.
pub fn connect(address: SocketAddr, host: &str, config: Arc<ClientConfig>) -> io::Result<ClientStream> {
    let stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(Duration::from_secs(20)))?;
    let name = ServerName::try_from(host.to_owned()).map_err(io::Error::other)?;
    let connection = ClientConnection::new(config, name).map_err(io::Error::other)?;
    let mut stream = StreamOwned::new(connection, stream);
    ping(&mut stream)?;
    Ok(stream)
}

/// One byte there and back.
///
/// # Errors
/// Where the connection is broken or the byte does not come back.
pub fn ping(stream: &mut ClientStream) -> io::Result<()> {
    // A server that refuses may have closed before this is written; its alert is what counts.
    let written = stream.write_all(b"x").and_then(|()| stream.flush());
    let mut byte = [0];
    stream.read_exact(&mut byte)?;
    written?;
    if byte == *b"x" { Ok(()) } else { Err(io::Error::other("another byte came back")) }
}
