//! Servers, checked by our validator for a TLS client.

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{DigitallySignedStruct, Error, SignatureScheme};

use super::handshake_signature as handshake;
use super::trust::{PeerVerifierOptions, Trust};
use crate::cert::{Purpose, VerifierOptions};
use crate::error::Result;

/// Checks the certificates of TLS servers with [`Verifier`](crate::cert::Verifier), for a client made with rustls.
///
/// Trust is replaced and verdicts are remembered as by [`ClientVerifier`](super::ClientVerifier); the name of the host
/// is part of what a verdict is about.
///
/// ```
/// use cmgateway::cert::{DevelopmentPki, DevelopmentPkiOptions, VerifierOptions};
/// use cmgateway::net::{PeerVerifierOptions, ServerVerifier};
/// use time::macros::datetime;
/// let start = datetime!(2026-01-01 00:00 UTC);
/// let pki = DevelopmentPki::new(&DevelopmentPkiOptions::new(start))?;
/// let trust = VerifierOptions::new(vec![pki.root().certificate().clone()], start);
/// let servers = ServerVerifier::new(trust, 1, PeerVerifierOptions::new().clock(move || start))?;
/// assert_eq!(servers.version(), 1);
/// # Ok::<(), cmgateway::Error>(())
/// ```
#[derive(Debug)]
pub struct ServerVerifier {
    trust: Trust,
}

impl ServerVerifier {
    /// Trusts this, under a version number of the caller's; `at` does not count (the clock does), and the purpose is
    /// server authentication whatever `trust` says.
    ///
    /// # Errors
    /// As [`Verifier::new`](crate::cert::Verifier::new).
    pub fn new(trust: VerifierOptions, version: u64, options: PeerVerifierOptions) -> Result<Self> {
        Ok(ServerVerifier { trust: Trust::new(version, for_servers(trust), options)? })
    }

    /// Trusts this from the next handshake on; connections that are there stay.
    ///
    /// # Errors
    /// As [`new`](Self::new); the old trust is then kept.
    pub fn replace(&self, trust: VerifierOptions, version: u64) -> Result<()> {
        self.trust.replace(version, for_servers(trust))
    }

    /// The number that was given with the trust that holds now.
    pub fn version(&self) -> u64 {
        self.trust.version()
    }

    /// How many chains were validated so far, rather than remembered from an earlier handshake.
    pub fn validations(&self) -> u64 {
        self.trust.validations()
    }
}

fn for_servers(mut trust: VerifierOptions) -> VerifierOptions {
    trust.purpose = Purpose::ServerAuth;
    trust
}

impl ServerCertVerifier for ServerVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> std::result::Result<ServerCertVerified, Error> {
        self.trust
            .check(end_entity, intermediates, Some(server_name))
            .map(|()| ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> std::result::Result<HandshakeSignatureValid, Error> {
        handshake::verify_tls12(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> std::result::Result<HandshakeSignatureValid, Error> {
        handshake::verify_tls13(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        handshake::schemes()
    }
}
