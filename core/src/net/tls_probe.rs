//! A handshake that only looks: it trusts nobody, so nothing secret may be sent over it.

use std::sync::{Arc, Mutex, PoisonError};

use rustls::client::ResolvesClientCert;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::sign::CertifiedKey;
use rustls::{DigitallySignedStruct, SignatureScheme};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::tls::{client_builder, provider};
use crate::error::{Error, ErrorKind, Result};

/// What a server shows in its handshake.
pub(crate) struct Probed {
    /// The connection; whoever is at its other end is not known.
    pub(crate) stream: TlsStream<TcpStream>,
    /// The certificates as they were sent, DER.
    pub(crate) chain: Vec<CertificateDer<'static>>,
    /// Such as `TLSv1_3`.
    pub(crate) version: String,
    /// Such as `TLS13_AES_256_GCM_SHA384`.
    pub(crate) cipher_suite: String,
    /// The protocol that was agreed on.
    pub(crate) protocol: Option<Vec<u8>>,
    /// The issuers that a client certificate may have, DER names; nothing where none was asked for.
    pub(crate) client_issuers: Option<Vec<Vec<u8>>>,
}

/// Shakes hands with a server, whoever it is, offering these protocols and no certificate.
pub(crate) async fn probe(socket: TcpStream, host: &str, protocols: &[&[u8]]) -> Result<Probed> {
    let refuse = |cause: String| Error::new(ErrorKind::Unavailable, "shake hands", cause);
    let asked = Arc::new(Asked::default());
    let mut config = client_builder(provider())?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Anybody))
        .with_client_cert_resolver(Arc::clone(&asked) as Arc<dyn ResolvesClientCert>);
    config.alpn_protocols = protocols.iter().map(|each| each.to_vec()).collect();
    config.resumption = rustls::client::Resumption::disabled();
    let name = ServerName::try_from(host.to_owned()).map_err(|error| refuse(error.to_string()))?;
    let connected = TlsConnector::from(Arc::new(config)).connect(name, socket).await;
    let stream = connected.map_err(|error| refuse(error.to_string()))?;
    let tls = stream.get_ref().1;
    let debug = |what: Option<String>| what.unwrap_or_default();
    let probed = Probed {
        chain: tls
            .peer_certificates()
            .unwrap_or_default()
            .iter()
            .map(|each| each.clone().into_owned())
            .collect(),
        version: debug(tls.protocol_version().map(|version| format!("{version:?}"))),
        cipher_suite: debug(tls.negotiated_cipher_suite().map(|suite| format!("{:?}", suite.suite()))),
        protocol: tls.alpn_protocol().map(<[u8]>::to_vec),
        client_issuers: asked.0.lock().unwrap_or_else(PoisonError::into_inner).take(),
        stream,
    };
    Ok(probed)
}

/// Shows no certificate and notes that it was asked for one.
#[derive(Debug, Default)]
struct Asked(Mutex<Option<Vec<Vec<u8>>>>);

impl ResolvesClientCert for Asked {
    fn resolve(&self, issuers: &[&[u8]], _schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        let names = issuers.iter().map(|each| each.to_vec()).collect();
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(names);
        None
    }

    fn has_certs(&self) -> bool {
        true
    }
}

/// Whoever holds the key of the certificate that is shown.
#[derive(Debug)]
struct Anybody;

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> std::result::Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
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
