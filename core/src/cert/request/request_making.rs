//! Requests as we make them.

use super::CertificateRequest;
use crate::cert::alternative_name::SubjectAlternativeName;
use crate::cert::certificate_template::CertificateTemplate;
use crate::cert::der;
use crate::cert::der_writing::{element, integer, oid, sequence};
use crate::cert::distinguished_name::DistinguishedName;
use crate::cert::extension_writing::{self as write, extension};
use crate::cert::key_file::PrivateKey;
use crate::cert::key_usage::ExtendedKeyUsage;
use crate::error::{Error, ErrorKind, Result};

use super::request_attribute::EXTENSION_REQUEST;

/// What a request asks for.
///
/// ```
/// use cmgateway::cert::{CertificateRequest, CertificateTemplate, DistinguishedName, KeyKind, PrivateKey};
/// use cmgateway::cert::{RequestOptions, SubjectAlternativeName};
/// let mut options = RequestOptions::server(DistinguishedName::parse("CN=GraniteFalls.contoso.com,O=Contoso")?);
/// options.names = vec![SubjectAlternativeName::parse("GraniteFalls.contoso.com")?];
/// options.template = Some(CertificateTemplate::named("WebServer"));
/// let key = PrivateKey::generate(KeyKind::Rsa2048)?;
/// let request = CertificateRequest::new(&key, &options)?;
/// request.verify_signature()?;
/// assert_eq!(request.template(), options.template);
/// # Ok::<(), cmgateway::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct RequestOptions {
    /// The name of the owner.
    pub subject: DistinguishedName,
    /// Further names, such as the DNS names of a server.
    pub names: Vec<SubjectAlternativeName>,
    /// What the certificate is for.
    pub extended_key_usage: Vec<ExtendedKeyUsage>,
    /// What the key is for, in the words of RFC 5280; empty leaves it to the authority.
    pub key_usage: Vec<String>,
    /// The AD CS template to ask for.
    pub template: Option<CertificateTemplate>,
}

impl RequestOptions {
    /// Asks for a certificate of a TLS server, such as the gateway.
    pub fn server(subject: DistinguishedName) -> Self {
        RequestOptions::with("serverAuth", subject)
    }

    /// Asks for a certificate of a TLS client, such as a managed computer.
    pub fn client(subject: DistinguishedName) -> Self {
        RequestOptions::with("clientAuth", subject)
    }

    fn with(purpose: &str, subject: DistinguishedName) -> Self {
        RequestOptions {
            subject,
            extended_key_usage: ExtendedKeyUsage::parse(purpose).into_iter().collect(),
            key_usage: ["digitalSignature", "keyEncipherment"].map(str::to_owned).to_vec(),
            ..RequestOptions::default()
        }
    }

    /// The requested extensions, one after the other; the error is a cause.
    fn extensions(&self) -> std::result::Result<Vec<u8>, String> {
        let mut out = Vec::new();
        if !self.key_usage.is_empty() {
            out.extend(extension(write::KEY_USAGE, true, &write::key_usage(&self.key_usage)?));
        }
        if !self.extended_key_usage.is_empty() {
            let value = write::extended_key_usage(&self.extended_key_usage);
            out.extend(extension(write::EXTENDED_KEY_USAGE, false, &value));
        }
        if !self.names.is_empty() {
            // RFC 5280, 4.2.1.6: critical where the subject is empty.
            let value = write::alternative_names(&self.names)?;
            out.extend(extension(write::ALTERNATIVE_NAMES, self.subject.is_empty(), &value));
        }
        for (kind, value) in self.template.iter().flat_map(CertificateTemplate::to_extensions) {
            out.extend(extension(kind, false, &value));
        }
        Ok(out)
    }
}

impl CertificateRequest {
    /// Makes a request for a key and signs it with the key (SHA-256; SHA-384 for P-384).
    ///
    /// # Errors
    /// `config` where it names nobody, a key usage is none, a name cannot be written, or the key cannot sign.
    pub fn new(key: &PrivateKey, options: &RequestOptions) -> Result<Self> {
        let refuse = |cause: String| Error::new(ErrorKind::Config, "make certificate request", cause);
        if options.subject.is_empty() && options.names.is_empty() {
            return Err(refuse("it has neither a subject nor another name".into()));
        }
        let info = key.public_key_info().ok_or_else(|| refuse("the key has no public half".into()))?;
        let algorithm = key.signature_algorithm().map_err(refuse)?;
        let extensions = options.extensions().map_err(refuse)?;
        let attributes = match extensions.is_empty() {
            true => Vec::new(),
            false => sequence(&[&oid(EXTENSION_REQUEST), &element(der::SET, &[&sequence(&[&extensions])])]),
        };
        let subject = sequence(&[options.subject.content()]);
        let body = sequence(&[&integer(0), &subject, &info, &element(0xa0, &[&attributes])]);
        let signature = key.sign(&body).map_err(refuse)?;
        let signature = element(der::BIT_STRING, &[&[0], &signature]);
        CertificateRequest::from_der(&sequence(&[&body, &algorithm, &signature]))
    }
}
