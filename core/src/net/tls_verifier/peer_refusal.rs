//! A peer whose certificate was refused: for its owner in full, for the peer as a TLS alert.

use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::{ServerName, UnixTime};
use rustls::{CertificateError, OtherError};
use time::OffsetDateTime;

use crate::cert::{Certificate, Refusal, RefusalReason, Thumbprint};
use crate::error::Error;

/// A peer whose certificate was refused during a TLS handshake.
///
/// The peer itself only learns an alert. The owner of the verifier gets this through
/// [`PeerVerifierOptions::on_refusal`](super::PeerVerifierOptions::on_refusal).
#[derive(Debug)]
#[non_exhaustive]
pub struct PeerRefusal {
    /// Why: the error of the verifier, with the reason and the chain in its context.
    pub error: Error,
    /// The peer's certificate by its thumbprint, whether or not it can be read.
    pub thumbprint: Thumbprint,
    /// The owner that the certificate names, where it can be read.
    pub subject: Option<String>,
    /// The host that was wanted, where the peer is a server.
    pub server_name: Option<String>,
    /// The version of the trust under which it was refused.
    pub version: u64,
    /// When.
    pub at: OffsetDateTime,
}

impl PeerRefusal {
    /// The refusal with its chain; nothing where the certificate could not even be read.
    pub fn refusal(&self) -> Option<&Refusal> {
        Refusal::of(&self.error)
    }

    /// Why, as one word that scripts and logs can count: a [`RefusalReason`], or `malformed`.
    pub fn reason(&self) -> &'static str {
        self.refusal().map_or("malformed", |refusal| refusal.reason.as_str())
    }
}

/// What rustls is told, from which it makes the alert (RFC 8446, 6.2).
pub(super) fn certificate_error(
    error: &Error,
    name: Option<&ServerName<'_>>,
    at: OffsetDateTime,
) -> CertificateError {
    use RefusalReason as Why;
    let Some(refusal) = Refusal::of(error) else { return CertificateError::BadEncoding };
    match refusal.reason {
        Why::Expired => CertificateError::ExpiredContext {
            time: unix(at),
            not_after: unix(refusal.certificate().map_or(at, Certificate::not_after)),
        },
        Why::NotYetValid => CertificateError::NotValidYetContext {
            time: unix(at),
            not_before: unix(refusal.certificate().map_or(at, Certificate::not_before)),
        },
        Why::Revoked => CertificateError::Revoked,
        Why::UnknownIssuer => CertificateError::UnknownIssuer,
        Why::BadSignature => CertificateError::BadSignature,
        Why::WrongKeyUsage | Why::WrongPurpose => CertificateError::InvalidPurpose,
        Why::UnknownCriticalExtension => CertificateError::UnhandledCriticalExtension,
        Why::MalformedExtension => CertificateError::BadEncoding,
        Why::CrlExpired => CertificateError::ExpiredRevocationList,
        Why::CrlMissing | Why::CrlUnusable | Why::CrlBadSignature => {
            CertificateError::UnknownRevocationStatus
        }
        Why::NameMismatch => match name {
            Some(name) => CertificateError::NotValidForNameContext {
                expected: name.to_owned(),
                presented: refusal.chain.first().map(host_names).unwrap_or_default(),
            },
            None => CertificateError::NotValidForName,
        },
        // Weak or unknown algorithms, constraints, policies and rules of the profile: TLS has no alert of their own.
        _ => CertificateError::Other(OtherError(Arc::new(refusal.clone()))),
    }
}

fn host_names(leaf: &Certificate) -> Vec<String> {
    use crate::cert::AlternativeNameKind as Kind;
    let names = leaf.subject_alternative_names().into_iter();
    names.filter(|name| matches!(name.kind, Kind::Dns | Kind::Ip)).map(|name| name.text).collect()
}

fn unix(at: OffsetDateTime) -> UnixTime {
    UnixTime::since_unix_epoch(Duration::from_secs(u64::try_from(at.unix_timestamp()).unwrap_or(0)))
}
