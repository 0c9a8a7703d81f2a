//! Private keys as values.

use std::fmt;
use std::sync::Arc;

use zeroize::Zeroizing;

use super::public_half;
use super::refusal::{Refusal, part};
use crate::cert::der::{self, Reader};
use crate::cert::{Certificate, CertificateRequest, algorithm, pem};
use crate::{Secret, SecretBytes};

/// The family of a private key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PrivateKeyKind {
    /// RSA, also where it is for PSS alone.
    Rsa,
    /// A key on an elliptic curve with a name.
    Ec,
    /// Ed25519 (RFC 8410).
    Ed25519,
    /// Another kind, which is carried but not looked into.
    Other,
}

impl PrivateKeyKind {
    /// The word that Python and Lua use.
    pub fn as_str(self) -> &'static str {
        match self {
            PrivateKeyKind::Rsa => "rsa",
            PrivateKeyKind::Ec => "ec",
            PrivateKeyKind::Ed25519 => "ed25519",
            PrivateKeyKind::Other => "other",
        }
    }
}

/// A private key: checked when it is read, wiped when the last clone goes, never shown.
///
/// The numbers of an RSA key must fit together, and the public half of a key on a curve its private half, so that a damaged
/// key is found here and not by the first client. [`load_private_key`](crate::cert::load_private_key) reads one.
#[derive(Clone)]
pub struct PrivateKey {
    pkcs8: Arc<Zeroizing<Vec<u8>>>,
    kind: PrivateKeyKind,
    algorithm: String,
    size_bits: Option<u32>,
    public: Option<PublicHalf>,
}

/// What a certificate says of the key it is for.
#[derive(Clone, PartialEq)]
pub(super) struct PublicHalf {
    /// The curve (content of its object identifier); empty for other kinds.
    pub(super) curve: Vec<u8>,
    pub(super) key: Vec<u8>,
}

impl PrivateKey {
    /// Reads a PrivateKeyInfo (RFC 5958), DER in structure.
    pub(super) fn from_pkcs8(pkcs8: &[u8]) -> Result<Self, Refusal> {
        let mut file = Reader::new(pkcs8);
        let mut outer = file.enter(der::SEQUENCE).map_err(part("private key"))?;
        file.end().map_err(part("private key"))?;
        let version = outer.expect(der::INTEGER).map_err(part("private key"))?.content;
        match version {
            [0 | 1] => {}
            [3] => return Err(Refusal::damaged("it is a PFX file, not a private key")),
            _ => return Err(Refusal::damaged("its private key has an unknown version")),
        }
        let kind = outer.expect(der::SEQUENCE).map_err(part("private key"))?;
        algorithm::check(kind.content).map_err(part("key algorithm"))?;
        let inner = outer.expect(der::OCTET_STRING).map_err(part("private key"))?.content;
        outer.optional(0xa0).map_err(part("attributes of its private key"))?;
        let stated = outer.optional(0x81).map_err(part("public half of its private key"))?;
        outer.end().map_err(part("private key"))?;
        let stated =
            stated.map(|bits| der::bit_string(bits.content)).transpose().map_err(part("public half"))?;

        let half = public_half::of(kind, inner, stated)?;
        Ok(PrivateKey {
            pkcs8: Arc::new(Zeroizing::new(pkcs8.to_vec())),
            kind: half.kind,
            algorithm: algorithm::key_name(kind.whole),
            size_bits: half.size_bits,
            public: half.public,
        })
    }

    /// The family of the key.
    pub fn kind(&self) -> PrivateKeyKind {
        self.kind
    }

    /// The kind of key in the words of [`Certificate::key_algorithm`], such as `RSA` or `EC P-256`.
    pub fn algorithm(&self) -> &str {
        &self.algorithm
    }

    /// The size in bits, where the kind of key is known.
    pub fn size_bits(&self) -> Option<u32> {
        self.size_bits
    }

    /// True where the certificate is for this key, which is told by the public key and nothing else.
    ///
    /// Of a key whose public half cannot be found (kind [`Other`](PrivateKeyKind::Other)) it is never true.
    pub fn matches(&self, certificate: &Certificate) -> bool {
        self.is_for(certificate.public_key_info())
    }

    /// True where the request was made for this key, told as `matches` does.
    pub fn matches_request(&self, request: &CertificateRequest) -> bool {
        self.is_for(request.public_key_info())
    }

    /// True where a SubjectPublicKeyInfo (content) is of this key.
    pub(in crate::cert) fn is_for(&self, public_key_info: &[u8]) -> bool {
        let theirs = public_half::of_certificate(public_key_info);
        matches!((&self.public, theirs), (Some(ours), Some((kind, theirs)))
            if kind == self.kind && public_half::is_same(ours, &theirs))
    }

    /// True where the public half is known, so that [`matches`](Self::matches) can say yes.
    pub(super) fn has_public_half(&self) -> bool {
        self.public.is_some()
    }

    /// The key as PEM text, PKCS #8 (RFC 5958) without encryption.
    pub fn to_pkcs8_pem(&self) -> Secret {
        Secret::new(pem::encode("PRIVATE KEY", &self.pkcs8))
    }

    /// The key as DER, PKCS #8 (RFC 5958) without encryption.
    pub fn to_pkcs8_der(&self) -> SecretBytes {
        SecretBytes::new(self.pkcs8.to_vec())
    }

    pub(super) fn public_half(&self) -> Option<&PublicHalf> {
        self.public.as_ref()
    }

    pub(super) fn pkcs8(&self) -> &[u8] {
        &self.pkcs8
    }
}

impl PartialEq for PrivateKey {
    fn eq(&self, other: &Self) -> bool {
        aws_lc_rs::constant_time::verify_slices_are_equal(&self.pkcs8, &other.pkcs8).is_ok()
    }
}

impl Eq for PrivateKey {}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PrivateKey")
            .field("algorithm", &self.algorithm)
            .field("size_bits", &self.size_bits)
            .finish_non_exhaustive()
    }
}
