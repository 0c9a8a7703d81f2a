//! Certificate revocation lists.

use std::hash::{DefaultHasher, Hash, Hasher};

use cmgateway::cert;
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use time::OffsetDateTime;

use crate::cert::Certificate;
use crate::error::Result;
use crate::file_source;

/// A certificate revocation list, read and checked for its structure; its signature is checked by the verifier.
#[pyclass(frozen, eq, module = "cmgateway.cert")]
#[derive(PartialEq, Eq)]
pub(crate) struct Crl(pub(crate) cert::Crl);

/// What a revocation list says about one certificate.
#[pyclass(frozen, eq, module = "cmgateway.cert")]
#[derive(PartialEq, Eq)]
pub(crate) struct Revocation(cert::Revocation);

/// Reads every revocation list of a file: DER or PEM, one or many.
#[pyfunction]
#[pyo3(signature = (source, /))]
pub(crate) fn load_crl(source: &Bound<'_, PyAny>) -> Result<Vec<Crl>> {
    let lists = file_source::load(source, "load revocation lists", cert::load_crl, cert::load_crl_file)?;
    Ok(lists.into_iter().map(Crl).collect())
}

#[pymethods]
impl Crl {
    /// The list itself, DER.
    #[getter]
    fn der<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, self.0.der())
    }

    /// The name of the authority that signed the list, after RFC 4514.
    #[getter]
    fn issuer(&self) -> String {
        self.0.issuer()
    }

    /// The number of the list in upper-case hex, where it has one (RFC 5280, 5.2.3).
    #[getter]
    fn number(&self) -> Option<String> {
        self.0.number()
    }

    /// True for a list that only holds what changed since a complete one (RFC 5280, 5.2.4).
    #[getter]
    fn is_delta(&self) -> bool {
        self.0.is_delta()
    }

    /// When the list was made.
    #[getter]
    fn this_update(&self) -> OffsetDateTime {
        self.0.this_update()
    }

    /// When the next one will be there at the latest; after that, this one no longer counts.
    #[getter]
    fn next_update(&self) -> Option<OffsetDateTime> {
        self.0.next_update()
    }

    /// What the list says about a certificate, by its issuer and serial number.
    #[pyo3(signature = (certificate, /))]
    fn revocation(&self, certificate: &Certificate) -> Option<Revocation> {
        self.0.revocation(&certificate.0).map(Revocation)
    }

    fn __len__(&self) -> usize {
        self.0.len()
    }

    fn __hash__(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        (self.0.issuer(), self.0.number(), self.0.this_update()).hash(&mut hasher);
        hasher.finish()
    }

    fn __repr__(&self) -> String {
        format!("<revocation list of {} with {} entries>", self.0.issuer(), self.0.len())
    }
}

#[pymethods]
impl Revocation {
    /// Why it was revoked, in the word of RFC 5280, such as `keyCompromise`.
    #[getter]
    fn reason(&self) -> &'static str {
        self.0.reason.as_str()
    }

    /// When the authority revoked it.
    #[getter]
    fn date(&self) -> OffsetDateTime {
        self.0.date
    }

    fn __repr__(&self) -> String {
        format!("<revoked at {}: {}>", self.0.date, self.0.reason.as_str())
    }
}
