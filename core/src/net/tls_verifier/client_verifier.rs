//! Clients of a TLS server, checked by our validator.

use rustls::client::danger::HandshakeSignatureValid;
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{DigitallySignedStruct, DistinguishedName, Error, SignatureScheme};

use super::handshake_signature as handshake;
use super::trust::{PeerVerifierOptions, Trust};
use crate::cert::{Purpose, VerifierOptions};
use crate::error::Result;

/// Whether a client has to present a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum ClientCertificates {
    /// Without one the handshake ends with the alert `certificate_required`, before TLS 1.3 too.
    #[default]
    Required,
    /// Without one the client is anonymous; one that is presented must still be right.
    Optional,
}

/// Checks the certificates of TLS clients with [`Verifier`](crate::cert::Verifier), for a server made with rustls.
///
/// The trust can be replaced while connections live: the next handshake decides by the new one. A chain that was
/// accepted is not validated again under the same trust for as long as the verdict holds (dates, revocation lists), up to
/// [`VERDICTS_REMEMBERED_MAX`](crate::limits::VERDICTS_REMEMBERED_MAX) chains; that the client has the key is checked
/// in every handshake. A client that resumes a session is not asked for its certificate again, and so meets no new
/// trust: a server that must notice revocations turns session resumption off.
///
/// ```
/// use cmgateway::cert::{DevelopmentPki, DevelopmentPkiOptions, VerifierOptions};
/// use cmgateway::net::{ClientCertificates, ClientVerifier, PeerVerifierOptions};
/// use time::macros::datetime;
/// let start = datetime!(2026-01-01 00:00 UTC);
/// let pki = DevelopmentPki::new(&DevelopmentPkiOptions::new(start))?;
/// let trust = VerifierOptions::new(vec![pki.root().certificate().clone()], start);
/// let clients =
///     ClientVerifier::new(trust.clone(), 1, ClientCertificates::Required, PeerVerifierOptions::new())?;
/// clients.replace(trust, 2)?;
/// assert_eq!(clients.version(), 2);
/// # Ok::<(), cmgateway::Error>(())
/// ```
#[derive(Debug)]
pub struct ClientVerifier {
    trust: Trust,
    certificates: ClientCertificates,
}

impl ClientVerifier {
    /// Trusts this, under a version number of the caller's; `at` does not count (the clock does), and the purpose is
    /// client authentication whatever `trust` says.
    ///
    /// # Errors
    /// As [`Verifier::new`](crate::cert::Verifier::new).
    pub fn new(
        trust: VerifierOptions,
        version: u64,
        certificates: ClientCertificates,
        options: PeerVerifierOptions,
    ) -> Result<Self> {
        Ok(ClientVerifier { trust: Trust::new(version, for_clients(trust), options)?, certificates })
    }

    /// Trusts this from the next handshake on; connections that are there stay.
    ///
    /// # Errors
    /// As [`new`](Self::new); the old trust is then kept.
    pub fn replace(&self, trust: VerifierOptions, version: u64) -> Result<()> {
        self.trust.replace(version, for_clients(trust))
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

fn for_clients(mut trust: VerifierOptions) -> VerifierOptions {
    trust.purpose = Purpose::ClientAuth;
    trust
}

impl ClientCertVerifier for ClientVerifier {
    fn client_auth_mandatory(&self) -> bool {
        self.certificates == ClientCertificates::Required
    }

    /// Nothing: the list would have to outlive the trust it comes from, and clients of a gateway know their certificate.
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _now: UnixTime,
    ) -> std::result::Result<ClientCertVerified, Error> {
        self.trust.check(end_entity, intermediates, None).map(|()| ClientCertVerified::assertion())
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
