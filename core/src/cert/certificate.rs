//! One certificate and what it says.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use aws_lc_rs::digest;
use time::OffsetDateTime;

use super::alternative_name::{self, SubjectAlternativeName};
use super::der::{self, Hex, Reader};
use super::der_writing;
use super::key_usage::{self, ExtendedKeyUsage};
use super::layout::{Layout, Span};
use super::{Thumbprint, algorithm, name, pem};
use crate::error::{Error, ErrorKind, Result};
use crate::limits::CERTIFICATE_DER_BYTES_MAX;

/// An X.509 certificate, read and checked for its structure, not for trust.
///
/// The whole structure is checked when it is read, so what an accessor gives is in the certificate and
/// none of them can fail. A clone shares the bytes.
///
/// ```no_run
/// use cmgateway::cert::load_cer_file;
/// for certificate in load_cer_file("contoso-issuing-ca-1.cer")? {
///     println!("{} {}", certificate.thumbprint(), certificate.subject());
/// }
/// # Ok::<(), cmgateway::Error>(())
/// ```
#[derive(Clone)]
pub struct Certificate {
    der: Arc<[u8]>,
    layout: Layout,
}

impl Certificate {
    /// Reads one certificate as DER; for files of any kind there is [`load_cer`](super::load_cer).
    ///
    /// # Errors
    /// `certificate` where the bytes are not exactly one well-formed X.509 certificate, or more than
    /// [`CERTIFICATE_DER_BYTES_MAX`].
    ///
    /// ```
    /// use cmgateway::cert::Certificate;
    /// assert!(Certificate::from_der(b"no certificate").is_err());
    /// ```
    pub fn from_der(der: &[u8]) -> Result<Self> {
        let refuse = |cause: String| Error::new(ErrorKind::Certificate, "load certificate", cause);
        if der.len() > CERTIFICATE_DER_BYTES_MAX {
            let cause = format!("it has {} bytes, {CERTIFICATE_DER_BYTES_MAX} are allowed", der.len());
            return Err(refuse(cause));
        }
        match Layout::read(der) {
            Ok(layout) => Ok(Certificate { der: der.into(), layout }),
            Err(malformed) => {
                Err(refuse(other_format(der).map_or_else(|| malformed.to_string(), str::to_owned)))
            }
        }
    }

    /// The bytes of the certificate.
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// The certificate as PEM text.
    pub fn to_pem(&self) -> String {
        pem::encode("CERTIFICATE", &self.der)
    }

    /// The name of the owner after RFC 4514, most specific part first, such as `CN=Contoso Root CA,O=Contoso`.
    pub fn subject(&self) -> String {
        name::text(self.part(self.layout.subject))
    }

    /// The name of the authority that signed it, written as [`subject`](Self::subject) is.
    pub fn issuer(&self) -> String {
        name::text(self.part(self.layout.issuer))
    }

    /// The content of the subject's SEQUENCE, DER.
    pub(crate) fn subject_content(&self) -> &[u8] {
        self.part(self.layout.subject)
    }

    /// The content of the issuer's SEQUENCE, DER.
    pub(crate) fn issuer_content(&self) -> &[u8] {
        self.part(self.layout.issuer)
    }

    /// The common name (CN) of the subject, the most specific one where there are several.
    pub fn common_name(&self) -> Option<String> {
        name::common_name(self.part(self.layout.subject))
    }

    /// The serial number in upper-case hex, two digits a byte; a negative one has a minus in front.
    pub fn serial_number(&self) -> String {
        match self.part(self.layout.serial) {
            [0, magnitude @ ..] if !magnitude.is_empty() => Hex(magnitude).to_string(),
            negative @ [first, ..] if first & 0x80 != 0 => format!("-{}", Hex(&negated(negative))),
            magnitude => Hex(magnitude).to_string(),
        }
    }

    /// The first second in which it is valid.
    pub fn not_before(&self) -> OffsetDateTime {
        self.layout.not_before
    }

    /// The last second in which it is valid.
    pub fn not_after(&self) -> OffsetDateTime {
        self.layout.not_after
    }

    /// True where its time is over at this moment.
    pub fn is_expired(&self, at: OffsetDateTime) -> bool {
        at > self.layout.not_after
    }

    /// True from its first second to its last; says nothing about trust.
    pub fn is_valid_at(&self, at: OffsetDateTime) -> bool {
        at >= self.layout.not_before && !self.is_expired(at)
    }

    /// The kind of its key, such as `RSA`, `EC P-256` or `Ed25519`; an object identifier where it has no name.
    pub fn key_algorithm(&self) -> String {
        algorithm::key_name(self.part(self.layout.key))
    }

    /// The size of its key in bits, where the kind of key is known.
    pub fn key_size_bits(&self) -> Option<u32> {
        self.layout.key_bits
    }

    /// What the key may be used for, in the words of RFC 5280 (`digitalSignature`, `keyCertSign`); `None` where the
    /// certificate does not say, which allows everything.
    pub fn key_usage(&self) -> Option<Vec<&'static str>> {
        self.layout.extensions.key_usage.map(key_usage::names)
    }

    /// The purposes it is for; empty where the certificate does not say, which allows every purpose.
    pub fn extended_key_usage(&self) -> Vec<ExtendedKeyUsage> {
        key_usage::purposes(self.optional_part(self.layout.extensions.extended_key_usage))
    }

    /// Further names of the subject, such as the DNS names of a server, in the order of the certificate.
    pub fn subject_alternative_names(&self) -> Vec<SubjectAlternativeName> {
        alternative_name::all(self.optional_part(self.layout.extensions.alternative_names))
    }

    /// True where its basic constraints say so.
    ///
    /// Old roots of version 1 have no basic constraints and so are no authority here, even where they signed themselves:
    /// nothing in them says that they may sign others.
    pub fn is_ca(&self) -> bool {
        self.layout.extensions.is_ca == Some(true)
    }

    /// How many authorities may follow below this one, where the certificate limits it.
    pub fn path_length(&self) -> Option<u32> {
        self.layout.extensions.path_length
    }

    /// True where subject and issuer are the same bytes, as in a root; the signature is not checked.
    pub fn is_self_issued(&self) -> bool {
        self.part(self.layout.subject) == self.part(self.layout.issuer)
    }

    /// The identifier of its key in upper-case hex, by which its children name it.
    pub fn subject_key_id(&self) -> Option<String> {
        self.layout.extensions.subject_key_id.map(|span| Hex(self.part(span)).to_string())
    }

    /// The identifier of the issuer's key in upper-case hex.
    pub fn authority_key_id(&self) -> Option<String> {
        self.layout.extensions.authority_key_id.map(|span| Hex(self.part(span)).to_string())
    }

    /// The algorithm of the signature, such as `sha256WithRSAEncryption`; an object identifier where it has no name.
    pub fn signature_algorithm(&self) -> String {
        algorithm::signature_name(self.part(self.layout.signature_algorithm))
    }

    /// The SHA-1 thumbprint, by which Windows and the site know it.
    pub fn thumbprint(&self) -> Thumbprint {
        Thumbprint::of_der(&self.der)
    }

    /// The SHA-256 fingerprint in 64 upper-case hex digits.
    pub fn sha256_thumbprint(&self) -> String {
        Hex(digest::digest(&digest::SHA256, &self.der).as_ref()).to_string()
    }

    pub(super) fn layout(&self) -> &Layout {
        &self.layout
    }

    /// The SubjectPublicKeyInfo (content).
    /// The public key alone, as `X509Certificate.GetPublicKey` of .NET gives it: the content of the bit string.
    pub(crate) fn public_key_bits(&self) -> &[u8] {
        let mut info = Reader::new(self.public_key_info());
        let bits = info.expect(der::SEQUENCE).and_then(|_| info.expect(der::BIT_STRING));
        bits.ok().and_then(|bits| der::bit_string(bits.content).ok()).unwrap_or_default()
    }

    pub(super) fn public_key_info(&self) -> &[u8] {
        self.part(self.layout.key)
    }

    /// The public key as a SubjectPublicKeyInfo, DER.
    pub(crate) fn public_key_der(&self) -> Vec<u8> {
        der_writing::sequence(&[self.public_key_info()])
    }

    /// The algorithm (content of an AlgorithmIdentifier) and the bits of the public key.
    pub(crate) fn public_key_parts(&self) -> Option<(&[u8], &[u8])> {
        let mut fields = Reader::new(self.public_key_info());
        let algorithm = fields.expect(der::SEQUENCE).ok()?.content;
        let bits = fields.expect(der::BIT_STRING).ok()?.content;
        Some((algorithm, der::whole_bytes(bits).ok()?))
    }

    pub(super) fn part(&self, span: Span) -> &[u8] {
        span.of_bytes(&self.der)
    }

    pub(super) fn optional_part(&self, span: Option<Span>) -> &[u8] {
        span.map_or(&[], |span| self.part(span))
    }
}

/// The magnitude of a negative number in two's complement, without leading zeros.
fn negated(bytes: &[u8]) -> Vec<u8> {
    let mut carry = true;
    let mut out: Vec<u8> = bytes
        .iter()
        .rev()
        .map(|byte| {
            let (sum, overflow) = (!byte).overflowing_add(u8::from(carry));
            carry = overflow;
            sum
        })
        .collect();
    while out.len() > 1 && out.last() == Some(&0) {
        out.pop();
    }
    out.reverse();
    out
}

/// Names the neighbours that people take for a certificate.
fn other_format(der: &[u8]) -> Option<&'static str> {
    match Reader::new(der).enter(der::SEQUENCE).ok()?.peek()? {
        der::OBJECT_IDENTIFIER => Some("it is a PKCS #7 message (.p7b), not a certificate"),
        der::INTEGER => Some("it is a private key or a PFX file, not a certificate"),
        _ => None,
    }
}

impl PartialEq for Certificate {
    fn eq(&self, other: &Self) -> bool {
        self.der == other.der
    }
}

impl Eq for Certificate {}

impl Hash for Certificate {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.der.hash(state);
    }
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Certificate")
            .field("subject", &self.subject())
            .field("thumbprint", &self.thumbprint())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn negative_serials_have_a_minus() {
        assert_eq!(negated(&[0xff]), [1]);
        assert_eq!(negated(&[0x80]), [0x80]);
        assert_eq!(negated(&[0xff, 0x00]), [1, 0]);
    }

    #[test]
    fn names_the_neighbours() {
        let cause = |der: &[u8]| Certificate::from_der(der).unwrap_err().cause().to_owned();
        assert!(cause(b"\x30\x05\x06\x03\x2a\x03\x04").contains("PKCS #7"));
        assert!(cause(b"\x30\x03\x02\x01\x03").contains("PFX"));
        assert_eq!(cause(b""), "its outermost part cannot be read: an element is missing");
        assert!(cause(&vec![0x30; CERTIFICATE_DER_BYTES_MAX + 1]).contains("1048576 are allowed"));
    }
}
