//! Chains without a decision about trust.

use cmgateway::cert;
use pyo3::prelude::*;

use crate::cert::{Certificate, several, wrapped};
use crate::error::Result;

/// The chain of a certificate as far as it could be put together.
#[pyclass(frozen, module = "cmgateway.cert")]
pub(crate) struct Chain(cert::Chain);

/// A certificate that a chain lacks, as far as its child tells.
#[pyclass(frozen, eq, module = "cmgateway.cert")]
#[derive(PartialEq, Eq)]
pub(crate) struct MissingIssuer(cert::MissingIssuer);

/// Puts the chain of a certificate together from certificates in any order.
#[pyfunction]
pub(crate) fn build_chain(py: Python<'_>, leaf: &Certificate, others: &Bound<'_, PyAny>) -> Result<Chain> {
    let (leaf, others) = (&leaf.0, several(others, "others")?);
    Ok(Chain(py.detach(|| cert::build_chain(leaf, &others))))
}

#[pymethods]
impl Chain {
    /// The certificate, its issuer, and so on up; complete where the last one issued itself.
    #[getter]
    fn certificates(&self) -> Vec<Certificate> {
        wrapped(self.0.certificates.clone())
    }

    /// True where the last certificate is a root.
    #[getter]
    fn is_complete(&self) -> bool {
        self.0.is_complete()
    }

    /// What is missing above the last certificate; None where the chain is complete.
    #[getter]
    fn missing(&self) -> Option<MissingIssuer> {
        self.0.missing.clone().map(MissingIssuer)
    }

    /// The root, where the chain is complete.
    #[getter]
    fn root(&self) -> Option<Certificate> {
        self.0.root().cloned().map(Certificate)
    }

    /// What lies between the certificate and the root, the certificate's issuer first.
    #[getter]
    fn intermediates(&self) -> Vec<Certificate> {
        wrapped(self.0.intermediates().to_vec())
    }

    /// Every certificate above the first one as PEM text, root first: what the gateway is given as trusted.
    fn authorities_pem(&self) -> String {
        self.0.authorities_pem()
    }

    fn __repr__(&self) -> String {
        let names: Vec<_> = self.0.certificates.iter().map(cert::Certificate::subject).collect();
        let state = if self.0.is_complete() { "complete" } else { "incomplete" };
        format!("<{state} chain {}>", names.join(" <- "))
    }
}

#[pymethods]
impl MissingIssuer {
    /// The name of the missing certificate's owner, after RFC 4514.
    #[getter]
    fn subject(&self) -> &str {
        &self.0.subject
    }

    /// The identifier of its key in upper-case hex, where the child says.
    #[getter]
    fn key_id(&self) -> Option<&str> {
        self.0.key_id.as_deref()
    }

    /// Where the child says that it can be fetched; nothing is fetched by the library.
    #[getter]
    fn urls(&self) -> Vec<String> {
        self.0.urls.clone()
    }

    fn __repr__(&self) -> String {
        format!("<missing issuer {}>", self.0.subject)
    }
}
