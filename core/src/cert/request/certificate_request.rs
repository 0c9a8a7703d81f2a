//! One certificate request and what it asks for.

use std::fmt;
use std::sync::Arc;

use super::request_attribute::{self, Attribute, RequestOrigin};
use super::request_layout::Layout;
use crate::cert::alternative_name::{self, SubjectAlternativeName};
use crate::cert::certificate_extension::CertificateExtension;
use crate::cert::certificate_template::CertificateTemplate;
use crate::cert::der::Reader;
use crate::cert::distinguished_name::DistinguishedName;
use crate::cert::key_usage::{self, ExtendedKeyUsage};
use crate::cert::layout::Span;
use crate::cert::validation::signature::{self, Allowed, SignatureFault};
use crate::cert::{algorithm, name, pem, windows_name};
use crate::error::{Error, ErrorKind, Result};
use crate::limits::REQUEST_DER_BYTES_MAX;

/// A certificate request (PKCS #10), read and checked for its structure.
///
/// It says what the requester wants; an authority decides what it gets. That the requester has the key is proven by the
/// request's own signature, which [`verify_signature`](Self::verify_signature) checks. A clone shares the bytes.
///
/// ```no_run
/// use cmgateway::cert::load_csr_file;
/// let request = load_csr_file("gateway.req")?;
/// request.verify_signature()?;
/// println!("{} {:?}", request.subject(), request.template());
/// # Ok::<(), cmgateway::Error>(())
/// ```
#[derive(Clone)]
pub struct CertificateRequest {
    der: Arc<[u8]>,
    layout: Layout,
}

impl CertificateRequest {
    /// Reads one request as DER; for files of any kind there is [`load_csr`](super::load_csr).
    ///
    /// # Errors
    /// `certificate` where the bytes are not exactly one well-formed request (RFC 2986), or more than
    /// [`REQUEST_DER_BYTES_MAX`].
    ///
    /// ```
    /// use cmgateway::cert::CertificateRequest;
    /// assert!(CertificateRequest::from_der(b"no request").is_err());
    /// ```
    pub fn from_der(der: &[u8]) -> Result<Self> {
        let refuse = |cause: String| Error::new(ErrorKind::Certificate, "load certificate request", cause);
        if der.len() > REQUEST_DER_BYTES_MAX {
            return Err(refuse(format!("it has {} bytes, {REQUEST_DER_BYTES_MAX} are allowed", der.len())));
        }
        let layout = Layout::read(der).map_err(|malformed| refuse(malformed.to_string()))?;
        Ok(CertificateRequest { der: der.into(), layout })
    }

    /// The bytes of the request.
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// The request as PEM text, which an authority's web page and `certreq -submit` take.
    pub fn to_pem(&self) -> String {
        pem::encode("CERTIFICATE REQUEST", &self.der)
    }

    /// The name that is asked for after RFC 4514, most specific part first; empty where there is none.
    pub fn subject(&self) -> String {
        name::text(self.part(self.layout.subject))
    }

    /// The name that is asked for as Windows prints it.
    pub fn windows_subject(&self) -> String {
        windows_name::text(self.part(self.layout.subject))
    }

    /// The common name (CN) of the subject, the most specific one where there are several.
    pub fn common_name(&self) -> Option<String> {
        name::common_name(self.part(self.layout.subject))
    }

    /// The kind of its key, such as `RSA` or `EC P-256`.
    pub fn key_algorithm(&self) -> String {
        algorithm::key_name(self.part(self.layout.key))
    }

    /// The size of its key in bits, where the kind of key is known.
    pub fn key_size_bits(&self) -> Option<u32> {
        self.layout.key_bits
    }

    /// The algorithm of the signature, such as `sha256WithRSAEncryption`.
    pub fn signature_algorithm(&self) -> String {
        algorithm::signature_name(self.part(self.layout.algorithm))
    }

    /// Further names that are asked for, such as the DNS names of a server.
    pub fn subject_alternative_names(&self) -> Vec<SubjectAlternativeName> {
        alternative_name::all(self.optional_part(self.layout.extensions.alternative_names))
    }

    /// What the key is to be used for, in the words of RFC 5280; `None` where the request does not say.
    pub fn key_usage(&self) -> Option<Vec<&'static str>> {
        self.layout.extensions.key_usage.map(key_usage::names)
    }

    /// The purposes that are asked for; empty where the request does not say.
    pub fn extended_key_usage(&self) -> Vec<ExtendedKeyUsage> {
        key_usage::purposes(self.optional_part(self.layout.extensions.extended_key_usage))
    }

    /// True where it asks for the certificate of an authority.
    pub fn is_ca(&self) -> bool {
        self.layout.extensions.is_ca == Some(true)
    }

    /// The AD CS template that is asked for, by extension or by `certreq -attrib`.
    pub fn template(&self) -> Option<CertificateTemplate> {
        let attributes = self.optional_part(self.layout.attributes);
        CertificateTemplate::of_extensions(self.extension_list()).or_else(|| {
            request_attribute::value_of_pair(attributes, "CertificateTemplate")
                .map(CertificateTemplate::named)
        })
    }

    /// Who made the request and with what, as Windows says; nothing of it is proven.
    pub fn origin(&self) -> RequestOrigin {
        RequestOrigin::read(self.optional_part(self.layout.attributes))
    }

    /// Every extension that is asked for as it is encoded, in the order of the request.
    pub fn extensions(&self) -> Vec<CertificateExtension> {
        CertificateExtension::all(self.extension_list())
    }

    /// The object identifier of every attribute, in the order of the request.
    pub fn attributes(&self) -> Vec<String> {
        let (mut list, mut out) = (Reader::new(self.optional_part(self.layout.attributes)), Vec::new());
        while let Ok(attribute) = Attribute::next(&mut list) {
            out.push(attribute.oid());
        }
        out
    }

    /// Checks that who made the request has its private key.
    ///
    /// SHA-1 and small keys are taken: what an authority signs does not rest on this signature. Whether the key is good
    /// enough is the authority's question.
    ///
    /// # Errors
    /// `certificate` where the signature was not made with the key of the request, or by an algorithm that is not known.
    pub fn verify_signature(&self) -> Result<()> {
        let allowed = Allowed { sha1: true, small_rsa: true, dsa: true };
        let (layout, part) = (&self.layout, |span| self.part(span));
        let (message, bytes) = (part(layout.signed), part(layout.signature));
        signature::verify(part(layout.key), None, part(layout.algorithm), message, bytes, allowed).map_err(
            |fault| {
                let cause = match fault {
                    SignatureFault::Bad => "its signature was not made with its key".to_owned(),
                    SignatureFault::Unsupported(name) => format!("its signature {name} is not supported"),
                    SignatureFault::WeakDigest => "its signature uses a broken digest".to_owned(),
                    SignatureFault::WeakKey(bits) => format!("its key of {bits} bits is too small"),
                };
                Error::new(ErrorKind::Certificate, "verify certificate request", cause)
            },
        )
    }

    /// The SubjectPublicKeyInfo (content).
    pub(in crate::cert) fn public_key_info(&self) -> &[u8] {
        self.part(self.layout.key)
    }

    /// The SEQUENCE of extensions with its tag; empty where there is none.
    pub(in crate::cert) fn extension_list(&self) -> &[u8] {
        self.optional_part(self.layout.extension_list)
    }

    /// The subject as a value.
    pub(in crate::cert) fn subject_name(&self) -> DistinguishedName {
        DistinguishedName::from_content(self.part(self.layout.subject))
    }

    fn part(&self, span: Span) -> &[u8] {
        span.of_bytes(&self.der)
    }

    fn optional_part(&self, span: Option<Span>) -> &[u8] {
        span.map_or(&[], |span| self.part(span))
    }
}

impl PartialEq for CertificateRequest {
    fn eq(&self, other: &Self) -> bool {
        self.der == other.der
    }
}

impl Eq for CertificateRequest {}

impl fmt::Debug for CertificateRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CertificateRequest")
            .field("subject", &self.subject())
            .field("key", &self.key_algorithm())
            .finish()
    }
}
