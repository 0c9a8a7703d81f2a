//! One connection of a client: who it is, and whether it still may be.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper::header::HeaderValue;
use rustls::pki_types::CertificateDer;

use super::trust::Active;
use crate::cert::Certificate;
use crate::limits::CLIENT_RECHECK_INTERVAL;
use crate::net::ClientVerifier;
use crate::net::gateway_tls::check_again;

/// One connection of a client.
pub(super) struct Client {
    pub(super) address: SocketAddr,
    /// The address that it connected to.
    pub(super) local: SocketAddr,
    /// The same for all connections of one client.
    pub(super) key: u64,
    certificate: Option<ClientCertificate>,
}

struct ClientCertificate {
    leaf: CertificateDer<'static>,
    /// Made for the first request, and let go when the connection rests.
    headers: Mutex<Option<CertificateHeaders>>,
    checked: Mutex<Checked>,
}

#[derive(Clone, Copy)]
struct Checked {
    version: u64,
    at: Instant,
    is_good: bool,
}

/// What a server inside is told about a client's certificate (RFC 9440).
#[derive(Clone)]
pub(super) struct CertificateHeaders {
    pub(super) leaf: HeaderValue,
    pub(super) chain: Option<HeaderValue>,
}

impl Client {
    /// A client as it comes out of the handshake; one with a resumed session has not been checked by it.
    pub(super) fn new(
        address: SocketAddr,
        local: SocketAddr,
        certificates: Option<&[CertificateDer<'_>]>,
        trusted: Option<u64>,
    ) -> Arc<Self> {
        let leaf = certificates.and_then(|chain| chain.first()).map(|leaf| leaf.clone().into_owned());
        let certificate = leaf.map(|leaf| ClientCertificate {
            leaf,
            headers: Mutex::default(),
            checked: Mutex::new(Checked {
                version: trusted.unwrap_or(u64::MAX),
                at: Instant::now(),
                is_good: trusted.is_some(),
            }),
        });
        let mut hasher = DefaultHasher::new();
        match &certificate {
            Some(certificate) => certificate.leaf.as_ref().hash(&mut hasher),
            None => address.ip().hash(&mut hasher),
        }
        Arc::new(Client { address, local, key: hasher.finish(), certificate })
    }

    /// True where it has shown a certificate.
    pub(super) fn has_certificate(&self) -> bool {
        self.certificate.is_some()
    }

    /// True where its certificate is trusted now: the trust may have changed, or the time have come, while it was
    /// connected.
    pub(super) fn is_trusted(&self, verifier: &ClientVerifier) -> bool {
        let Some(certificate) = &self.certificate else { return false };
        let mut checked = certificate.checked.lock().unwrap_or_else(PoisonError::into_inner);
        let version = verifier.version();
        if checked.version != version || checked.at.elapsed() > CLIENT_RECHECK_INTERVAL {
            let is_good = check_again(verifier, &certificate.leaf);
            *checked = Checked { version, at: Instant::now(), is_good };
        }
        checked.is_good
    }

    /// What a server inside is told about the certificate.
    pub(super) fn headers(&self, active: &Active) -> Option<CertificateHeaders> {
        let certificate = self.certificate.as_ref()?;
        let mut headers = certificate.headers.lock().unwrap_or_else(PoisonError::into_inner);
        let make = || {
            let chain =
                Certificate::from_der(&certificate.leaf).ok().and_then(|leaf| active.chain_header(&leaf));
            CertificateHeaders { leaf: byte_sequence(&certificate.leaf), chain }
        };
        Some(headers.get_or_insert_with(make).clone())
    }

    /// Lets go of what the next request can make again.
    pub(super) fn rest(&self) {
        if let Some(certificate) = &self.certificate {
            *certificate.headers.lock().unwrap_or_else(PoisonError::into_inner) = None;
        }
    }
}

/// RFC 8941, 3.3.5.
pub(super) fn byte_sequence(der: &[u8]) -> HeaderValue {
    HeaderValue::from_str(&format!(":{}:", STANDARD.encode(der))).unwrap_or(HeaderValue::from_static("::"))
}
