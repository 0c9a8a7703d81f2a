//! Certificates.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::PathBuf;

use cmgateway::{background, cert};
use pyo3::prelude::*;
use pyo3::types::{PyByteArray, PyBytes};
use time::OffsetDateTime;

use crate::datetime::moment;
use crate::error::Result;
use crate::runtime::Handle;
use crate::thumbprint::Thumbprint;

/// An X.509 certificate, read and checked for its structure, not for trust.
#[pyclass(frozen, eq, module = "cmgateway.cert")]
#[derive(PartialEq, Eq)]
pub(crate) struct Certificate(pub(crate) cert::Certificate);

/// Reads every certificate of a CER file: DER or PEM, one or many.
#[pyfunction]
#[pyo3(signature = (source, /))]
pub(crate) fn load_cer(py: Python<'_>, source: &Bound<'_, PyAny>) -> Result<Vec<Certificate>> {
    let certificates = match from_bytes(source)? {
        Some(certificates) => certificates,
        None => {
            let file: PathBuf = source.extract()?;
            let operation = format!("load certificates from {}", file.display());
            let read = background::run(&operation, move || cert::load_cer_file(file));
            Handle::new()?.block(py, read)?
        }
    };
    Ok(certificates.into_iter().map(Certificate).collect())
}

/// The certificates in the content of a file; None where the object is no bytes.
pub(crate) fn from_bytes(source: &Bound<'_, PyAny>) -> Result<Option<Vec<cert::Certificate>>> {
    if let Ok(bytes) = source.cast::<PyBytes>() {
        return Ok(Some(parse(source.py(), bytes.as_bytes())?));
    }
    match source.cast::<PyByteArray>() {
        // Copied, as other threads may change it.
        Ok(bytes) => Ok(Some(parse(source.py(), &bytes.to_vec())?)),
        Err(_) => Ok(None),
    }
}

fn parse(py: Python<'_>, bytes: &[u8]) -> cmgateway::Result<Vec<cert::Certificate>> {
    // Giving up the GIL and taking it again costs as much as reading some certificates.
    const LARGE: usize = 64 << 10;
    if bytes.len() < LARGE { cert::load_cer(bytes) } else { py.detach(|| cert::load_cer(bytes)) }
}

/// The moment that is asked about: now where none is given.
fn moment_or_now(at: Option<&Bound<'_, PyAny>>, operation: &str) -> Result<OffsetDateTime> {
    at.map_or_else(|| Ok(OffsetDateTime::now_utc()), |at| moment(at, operation))
}

#[pymethods]
impl Certificate {
    /// The subject, most specific part first, as RFC 4514 writes it.
    #[getter]
    fn subject(&self) -> String {
        self.0.subject()
    }

    /// The issuer, written as the subject is.
    #[getter]
    fn issuer(&self) -> String {
        self.0.issuer()
    }

    /// The common name of the subject, where it has one.
    #[getter]
    fn common_name(&self) -> Option<String> {
        self.0.common_name()
    }

    /// The serial number in hexadecimal.
    #[getter]
    fn serial_number(&self) -> String {
        self.0.serial_number()
    }

    /// The first moment of validity, in UTC.
    #[getter]
    fn not_before(&self) -> OffsetDateTime {
        self.0.not_before()
    }

    /// The last moment of validity, in UTC.
    #[getter]
    fn not_after(&self) -> OffsetDateTime {
        self.0.not_after()
    }

    /// True where the certificate is valid at this moment, or now.
    #[pyo3(signature = (at=None))]
    fn is_valid_at(&self, at: Option<&Bound<'_, PyAny>>) -> Result<bool> {
        Ok(self.0.is_valid_at(moment_or_now(at, "ask whether a certificate is valid")?))
    }

    /// True where the certificate has expired at this moment, or now.
    #[pyo3(signature = (at=None))]
    fn is_expired(&self, at: Option<&Bound<'_, PyAny>>) -> Result<bool> {
        Ok(self.0.is_expired(moment_or_now(at, "ask whether a certificate has expired")?))
    }

    /// The algorithm of the public key.
    #[getter]
    fn key_algorithm(&self) -> String {
        self.0.key_algorithm()
    }

    /// The size of the public key in bits, where the algorithm is a known one.
    #[getter]
    fn key_size_bits(&self) -> Option<u32> {
        self.0.key_size_bits()
    }

    /// The names of the key's usages; None where the certificate does not restrict them.
    #[getter]
    fn key_usage(&self) -> Option<Vec<&'static str>> {
        self.0.key_usage()
    }

    /// The names of the extended usages, or their object identifiers.
    #[getter]
    fn extended_key_usage(&self) -> Vec<String> {
        self.0.extended_key_usage().iter().map(ToString::to_string).collect()
    }

    /// The further names of the subject, such as `dns:gw.contoso.com`.
    #[getter]
    fn subject_alternative_names(&self) -> Vec<String> {
        self.0.subject_alternative_names().iter().map(ToString::to_string).collect()
    }

    /// True where it is the certificate of a CA.
    #[getter]
    fn is_ca(&self) -> bool {
        self.0.is_ca()
    }

    /// True where issuer and subject are the same, as in a root.
    #[getter]
    fn is_self_issued(&self) -> bool {
        self.0.is_self_issued()
    }

    /// The algorithm it is signed with.
    #[getter]
    fn signature_algorithm(&self) -> String {
        self.0.signature_algorithm()
    }

    /// The SHA-1 thumbprint, by which a site knows the certificate.
    #[getter]
    fn thumbprint(&self) -> Thumbprint {
        Thumbprint(self.0.thumbprint())
    }

    /// The SHA-256 thumbprint in hexadecimal.
    #[getter]
    fn sha256_thumbprint(&self) -> String {
        self.0.sha256_thumbprint()
    }

    /// The certificate itself, DER.
    #[getter]
    fn der<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, self.0.der())
    }

    fn __hash__(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.0.der().hash(&mut hasher);
        hasher.finish()
    }

    fn __repr__(&self) -> String {
        format!("<certificate {} {}>", self.0.thumbprint(), self.0.subject())
    }
}
