//! Certificate requests: read, made, and the INF from which Windows makes one.

use cmgateway::cert::{self, CertificateTemplate as Template, InfOptions, KeyKind, RequestOptions};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};

use crate::certificate_parts::{CertificateExtension, CertificateTemplate, wrapped_extensions};
use crate::error::Result;
use crate::file_source;
use crate::keywords::Keywords;
use crate::private_key::PrivateKey;

/// A certificate request (PKCS #10), read and checked for its structure.
#[pyclass(frozen, eq, module = "cmgateway.cert")]
#[derive(PartialEq, Eq)]
pub(crate) struct CertificateRequest(pub(crate) cert::CertificateRequest);

/// Who made a request and with what, as Windows writes it into the request.
#[pyclass(frozen, eq, get_all, module = "cmgateway.cert")]
#[derive(PartialEq, Eq)]
pub(crate) struct RequestOrigin {
    /// The version of Windows, such as `10.0.17763.2`.
    os_version: Option<String>,
    /// The name of the machine.
    machine: Option<String>,
    /// The account that made it.
    user: Option<String>,
    /// The program, such as `certreq.exe`.
    process: Option<String>,
    /// The provider that holds the key.
    provider: Option<String>,
}

/// Reads the one certificate request of a file: PKCS #10 as DER, PEM or base64 alone.
#[pyfunction]
#[pyo3(signature = (source, /))]
pub(crate) fn load_csr(source: &Bound<'_, PyAny>) -> Result<CertificateRequest> {
    file_source::load(source, "load certificate request", cert::load_csr, cert::load_csr_file)
        .map(CertificateRequest)
}

/// Makes a request for a key and signs it with the key (SHA-256; SHA-384 for P-384).
#[pyfunction]
#[pyo3(
    signature = (private_key, subject, **keywords),
    text_signature = "(private_key, subject, *, names=(), extended_key_usage=None, \
                      key_usage=('digitalSignature', 'keyEncipherment'), template=None)"
)]
pub(crate) fn create_csr(
    private_key: &PrivateKey,
    subject: &str,
    keywords: Option<Bound<'_, PyDict>>,
) -> Result<CertificateRequest> {
    let keywords = Keywords::new("create_csr", "make certificate request", keywords);
    let options = request_options(subject, &keywords)?;
    keywords.end()?;
    Ok(CertificateRequest(cert::CertificateRequest::new(&private_key.0, &options)?))
}

/// Writes the INF text for `certreq -new` of Windows, so that the key is made there and stays there.
#[pyfunction]
#[pyo3(
    signature = (subject, **keywords),
    text_signature = "(subject, *, names=(), extended_key_usage=None, \
                      key_usage=('digitalSignature', 'keyEncipherment'), template=None, key='rsa_2048', \
                      exportable=True, machine=True, friendly_name=None)"
)]
pub(crate) fn certreq_inf(subject: &str, keywords: Option<Bound<'_, PyDict>>) -> Result<String> {
    let keywords = Keywords::new("certreq_inf", "write certreq INF", keywords);
    let request = request_options(subject, &keywords)?;
    let mut options = InfOptions::new();
    options.key = keywords.key()?.unwrap_or(options.key);
    options.exportable = keywords.flag("exportable")?.unwrap_or(options.exportable);
    options.machine = keywords.flag("machine")?.unwrap_or(options.machine);
    options.friendly_name = keywords.text("friendly_name")?;
    keywords.end()?;
    Ok(cert::certreq_inf(&request, &options)?)
}

/// Makes a new private key.
#[pyfunction]
#[pyo3(signature = (kind="rsa_2048"))]
pub(crate) fn generate_key(py: Python<'_>, kind: &str) -> Result<PrivateKey> {
    let kind: KeyKind = kind.parse()?;
    Ok(PrivateKey(py.detach(|| cert::PrivateKey::generate(kind))?))
}

fn request_options(subject: &str, keywords: &Keywords<'_>) -> Result<RequestOptions> {
    let mut options = RequestOptions::server(subject.parse()?);
    options.names = keywords.names("names")?.unwrap_or_default();
    let purposes = keywords.purposes("extended_key_usage")?;
    options.extended_key_usage = purposes.unwrap_or(options.extended_key_usage);
    options.key_usage = keywords.texts("key_usage", "key usages")?.unwrap_or(options.key_usage);
    options.template = keywords.text("template")?.map(|text| Template::parse(&text)).transpose()?;
    Ok(options)
}

#[pymethods]
impl CertificateRequest {
    /// The name that is asked for after RFC 4514, most specific part first; empty where there is none.
    #[getter]
    fn subject(&self) -> String {
        self.0.subject()
    }

    /// The name that is asked for as Windows prints it.
    #[getter]
    fn windows_subject(&self) -> String {
        self.0.windows_subject()
    }

    /// The common name of the subject, where it has one.
    #[getter]
    fn common_name(&self) -> Option<String> {
        self.0.common_name()
    }

    /// The kind of its key, such as `RSA` or `EC P-256`.
    #[getter]
    fn key_algorithm(&self) -> String {
        self.0.key_algorithm()
    }

    /// The size of its key in bits, where the kind of key is known.
    #[getter]
    fn key_size_bits(&self) -> Option<u32> {
        self.0.key_size_bits()
    }

    /// The algorithm of the signature, such as `sha256WithRSAEncryption`.
    #[getter]
    fn signature_algorithm(&self) -> String {
        self.0.signature_algorithm()
    }

    /// Further names that are asked for, such as `dns:gw.contoso.com`.
    #[getter]
    fn subject_alternative_names(&self) -> Vec<String> {
        self.0.subject_alternative_names().iter().map(ToString::to_string).collect()
    }

    /// What the key is to be used for; None where the request does not say.
    #[getter]
    fn key_usage(&self) -> Option<Vec<&'static str>> {
        self.0.key_usage()
    }

    /// The purposes that are asked for, by name or object identifier.
    #[getter]
    fn extended_key_usage(&self) -> Vec<String> {
        self.0.extended_key_usage().iter().map(ToString::to_string).collect()
    }

    /// True where it asks for the certificate of an authority.
    #[getter]
    fn is_ca(&self) -> bool {
        self.0.is_ca()
    }

    /// The AD CS template that is asked for, by extension or by `certreq -attrib`.
    #[getter]
    fn template(&self) -> Option<CertificateTemplate> {
        self.0.template().map(CertificateTemplate)
    }

    /// Who made the request and with what, as Windows says; nothing of it is proven.
    #[getter]
    fn origin(&self) -> RequestOrigin {
        let cert::RequestOrigin { os_version, machine, user, process, provider, .. } = self.0.origin();
        RequestOrigin { os_version, machine, user, process, provider }
    }

    /// Every extension that is asked for as it is encoded, in the order of the request.
    #[getter]
    fn extensions(&self) -> Vec<CertificateExtension> {
        wrapped_extensions(self.0.extensions())
    }

    /// The object identifier of every attribute, in the order of the request.
    #[getter]
    fn attributes(&self) -> Vec<String> {
        self.0.attributes()
    }

    /// The request itself, DER.
    #[getter]
    fn der<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, self.0.der())
    }

    /// The request as PEM text, which an authority's web page and `certreq -submit` take.
    fn to_pem(&self) -> String {
        self.0.to_pem()
    }

    /// Checks that who made the request has its private key.
    fn verify_signature(&self) -> Result<()> {
        Ok(self.0.verify_signature()?)
    }

    fn __repr__(&self) -> String {
        format!("<certificate request {}>", self.0.subject())
    }
}
