//! TLS settings of the gateway: its front towards clients, both ends of the tunnel, and the way to servers inside.
//!
//! What `tls_stream` is to use has the extraction of secrets enabled: there rustls hands its keys over after the handshake.

use std::fmt;
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::sign::SingleCertAndKey;
use rustls::{
    CertificateError, CipherSuite, ClientConfig, DigitallySignedStruct, DistinguishedName, ServerConfig,
    SignatureScheme,
};

use super::tls::{
    ClientIdentity, PemSource, TrustedRoots, certified_key, client_config_of, provider, tls_error,
};
use super::tls_verifier::ClientVerifier;
use crate::error::Result;

/// The protocol name by which a tunnel is told from a client on a shared port.
pub(crate) const TUNNEL_PROTOCOL: &[u8] = b"cmgateway-tunnel";

/// A certificate chain with its key, read once.
pub(crate) struct Identity {
    pair: Arc<SingleCertAndKey>,
}

impl Identity {
    pub(crate) fn read(chain: &PemSource, key: &PemSource) -> Result<Self> {
        Ok(Identity { pair: Arc::new(certified_key(chain, key, "")?.into()) })
    }
}

/// The front: clients may present a certificate; one that is presented must be right.
///
/// Sessions are resumed: the gateway judges the certificate of every connection again, resumed or not.
pub(crate) fn front(identity: &Identity, clients: Arc<ClientVerifier>) -> Result<Arc<ServerConfig>> {
    let mut config = ServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .map_err(|error| tls_error("set up TLS", &error))?
        .with_client_cert_verifier(Arc::new(ListedAuthorities(clients)))
        .with_cert_resolver(Arc::clone(&identity.pair) as _);
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    config.max_early_data_size = 0;
    config.enable_secret_extraction = true;
    Ok(Arc::new(config))
}

/// The front of the dashboard: HTTP/1.1, with client certificates where somebody judges them.
pub(crate) fn dashboard_front(
    identity: &Identity,
    clients: Option<Arc<ClientVerifier>>,
) -> Result<Arc<ServerConfig>> {
    let builder = ServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .map_err(|error| tls_error("set up TLS", &error))?;
    let builder = match clients {
        Some(clients) => builder.with_client_cert_verifier(clients),
        None => builder.with_no_client_auth(),
    };
    let mut config = builder.with_cert_resolver(Arc::clone(&identity.pair) as _);
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    // A resumed session would not show its certificate to today's clock.
    config.session_storage = Arc::new(rustls::server::NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    Ok(Arc::new(config))
}

/// Checks a client's chain again, under the trust that holds now.
pub(crate) fn check_again(clients: &ClientVerifier, leaf: &CertificateDer<'_>) -> bool {
    clients.verify_client_cert(leaf, &[], UnixTime::now()).is_ok()
}

/// As everywhere, with AES-128 before AES-256, which costs more: for the tunnel, whose ends are ours, and for servers inside.
fn cheaper_first() -> Arc<CryptoProvider> {
    let mut ours = CryptoProvider::clone(&provider());
    ours.cipher_suites.sort_by_key(|suite| suite.suite() != CipherSuite::TLS13_AES_128_GCM_SHA256);
    Arc::new(ours)
}

/// The instance's end of a tunnel: only connection points that are pinned.
pub(crate) fn tunnel_front(identity: &Identity, pins: Vec<[u8; 32]>) -> Result<Arc<ServerConfig>> {
    let mut config = ServerConfig::builder_with_provider(cheaper_first())
        .with_protocol_versions(&[&rustls::version::TLS13])
        .map_err(|error| tls_error("set up TLS", &error))?
        .with_client_cert_verifier(Arc::new(Pinned(pins)))
        .with_cert_resolver(Arc::clone(&identity.pair) as _);
    config.alpn_protocols = vec![TUNNEL_PROTOCOL.to_vec()];
    // A resumed session would not be asked for its certificate, and pins may change.
    config.session_storage = Arc::new(rustls::server::NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    config.enable_secret_extraction = true;
    Ok(Arc::new(config))
}

/// The connection point's end of a tunnel: only instances that are pinned.
pub(crate) fn tunnel_dial(identity: &Identity, pins: Vec<[u8; 32]>) -> Result<Arc<ClientConfig>> {
    let mut config = ClientConfig::builder_with_provider(cheaper_first())
        .with_protocol_versions(&[&rustls::version::TLS13])
        .map_err(|error| tls_error("set up TLS", &error))?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Pinned(pins)))
        .with_client_cert_resolver(Arc::clone(&identity.pair) as _);
    config.alpn_protocols = vec![TUNNEL_PROTOCOL.to_vec()];
    config.resumption = rustls::client::Resumption::disabled();
    config.enable_secret_extraction = true;
    Ok(Arc::new(config))
}

/// A client without a certificate of its own, of a server that shows one of these.
pub(crate) fn pinned_client(pins: Vec<[u8; 32]>) -> Result<Arc<ClientConfig>> {
    let mut config = ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .map_err(|error| tls_error("set up TLS", &error))?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Pinned(pins)))
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

/// To servers inside, with a certificate of our own where there is one.
pub(crate) fn inside(
    roots: &TrustedRoots,
    identity: Option<&(PemSource, PemSource)>,
) -> Result<Arc<ClientConfig>> {
    let identity = identity.map(|(chain, key)| ClientIdentity { chain: chain.clone(), key: key.clone() });
    let mut config = client_config_of(cheaper_first(), roots, identity.as_ref())?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    config.enable_secret_extraction = true;
    Ok(Arc::new(config))
}

/// The other end is one of these certificates, by SHA-256.
#[derive(Debug)]
struct Pinned(Vec<[u8; 32]>);

impl Pinned {
    fn check(
        &self,
        certificate: &CertificateDer<'_>,
        now: UnixTime,
    ) -> std::result::Result<(), rustls::Error> {
        let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, certificate);
        if !self.0.iter().any(|pin| pin.as_slice() == digest.as_ref()) {
            return Err(CertificateError::ApplicationVerificationFailure.into());
        }
        let read = crate::cert::Certificate::from_der(certificate);
        let read = read.map_err(|_| rustls::Error::from(CertificateError::BadEncoding))?;
        let now = i64::try_from(now.as_secs()).unwrap_or(i64::MAX);
        match () {
            () if read.not_after().unix_timestamp() < now => Err(CertificateError::Expired.into()),
            () if read.not_before().unix_timestamp() > now => Err(CertificateError::NotValidYet.into()),
            () => Ok(()),
        }
    }
}

impl ServerCertVerifier for Pinned {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> std::result::Result<ServerCertVerified, rustls::Error> {
        self.check(end_entity, now).map(|()| ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> std::result::Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, cert, dss, &provider().signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> std::result::Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, cert, dss, &provider().signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        provider().signature_verification_algorithms.supported_schemes()
    }
}

impl ClientCertVerifier for Pinned {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> std::result::Result<ClientCertVerified, rustls::Error> {
        self.check(end_entity, now).map(|()| ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> std::result::Result<HandshakeSignatureValid, rustls::Error> {
        ServerCertVerifier::verify_tls12_signature(self, message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> std::result::Result<HandshakeSignatureValid, rustls::Error> {
        ServerCertVerifier::verify_tls13_signature(self, message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        ServerCertVerifier::supported_verify_schemes(self)
    }
}

/// Clients, with the issuing authorities that the site lists and no others: what a client sends along does not count.
struct ListedAuthorities(Arc<ClientVerifier>);

impl fmt::Debug for ListedAuthorities {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ListedAuthorities")
    }
}

impl ClientCertVerifier for ListedAuthorities {
    fn client_auth_mandatory(&self) -> bool {
        self.0.client_auth_mandatory()
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        self.0.root_hint_subjects()
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> std::result::Result<ClientCertVerified, rustls::Error> {
        self.0.verify_client_cert(end_entity, &[], now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> std::result::Result<HandshakeSignatureValid, rustls::Error> {
        self.0.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> std::result::Result<HandshakeSignatureValid, rustls::Error> {
        self.0.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_verify_schemes()
    }
}
