//! Private keys.

use cmgateway::cert;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::cert::Certificate;
use crate::error::Result;
use crate::file_source;
use crate::request::CertificateRequest;

/// A private key: checked when it is read, wiped when the last clone goes, never shown.
#[pyclass(frozen, eq, module = "cmgateway.cert")]
#[derive(PartialEq, Eq)]
pub(crate) struct PrivateKey(pub(crate) cert::PrivateKey);

/// Reads the one private key of a file: PKCS #8 (plain or encrypted), PKCS #1 or SEC 1, as DER or PEM.
#[pyfunction]
#[pyo3(signature = (source, /, password=None))]
pub(crate) fn load_private_key(source: &Bound<'_, PyAny>, password: Option<&str>) -> Result<PrivateKey> {
    let (read, read_file) = (cert::load_private_key, cert::load_private_key_file);
    file_source::load_closed(source, password, "load private key", read, read_file).map(PrivateKey)
}

#[pymethods]
impl PrivateKey {
    /// The family of the key: `rsa`, `ec`, `ed25519` or `other`.
    #[getter]
    fn kind(&self) -> &'static str {
        self.0.kind().as_str()
    }

    /// The kind of key in the words of `Certificate.key_algorithm`.
    #[getter]
    fn algorithm(&self) -> &str {
        self.0.algorithm()
    }

    /// The size in bits, where the kind of key is known.
    #[getter]
    fn size_bits(&self) -> Option<u32> {
        self.0.size_bits()
    }

    /// True where the certificate is for this key, which is told by the public key and nothing else.
    #[pyo3(signature = (certificate, /))]
    fn matches(&self, certificate: &Certificate) -> bool {
        self.0.matches(&certificate.0)
    }

    /// True where the request was made for this key, told as `matches` does.
    #[pyo3(signature = (request, /))]
    fn matches_request(&self, request: &CertificateRequest) -> bool {
        self.0.matches_request(&request.0)
    }

    /// The key as PEM text, PKCS #8 (RFC 5958) without encryption.
    fn to_pem(&self) -> String {
        self.0.to_pkcs8_pem().expose().to_owned()
    }

    /// The key as DER, PKCS #8 (RFC 5958) without encryption.
    fn to_der<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, self.0.to_pkcs8_der().expose())
    }

    fn __repr__(&self) -> String {
        format!("<private key {}>", self.0.algorithm())
    }
}
