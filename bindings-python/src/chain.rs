//! Chains without a decision about trust.

use std::time::Duration;

use cmgateway::{cert, net};
use pyo3::prelude::*;

use crate::cert::{Certificate, several, wrapped};
use crate::error::Result;
use crate::runtime::Handle;

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

/// A chain after its missing issuers were fetched, as far as they could be.
#[pyclass(frozen, module = "cmgateway.cert")]
pub(crate) struct FetchedChain(net::FetchedChain);

/// One certificate file that was fetched or could not be.
#[pyclass(frozen, get_all, module = "cmgateway.cert")]
pub(crate) struct IssuerDownload {
    /// Where it is.
    url: String,
    /// Why it could not be used; None where it was.
    error: Option<String>,
}

/// Completes the chain of a certificate by downloading what is missing from where its certificates say (AIA).
#[pyfunction]
#[pyo3(signature = (leaf, others=None, *, timeout=None))]
pub(crate) fn fetch_issuers(
    py: Python<'_>,
    leaf: &Certificate,
    others: Option<&Bound<'_, PyAny>>,
    timeout: Option<Duration>,
) -> Result<FetchedChain> {
    let others = others.map_or_else(|| Ok(Vec::new()), |others| several(others, "others"))?;
    let leaf = leaf.0.clone();
    let fetched = async move { net::fetch_issuers(&leaf, &others, timeout).await };
    Handle::new()?.block(py, fetched).map(FetchedChain)
}

#[pymethods]
impl FetchedChain {
    /// The chain; complete where its root was found.
    #[getter]
    fn chain(&self) -> Chain {
        Chain(self.0.chain.clone())
    }

    /// What was tried, in its order.
    #[getter]
    fn downloads(&self) -> Vec<IssuerDownload> {
        let wrap =
            |each: &net::IssuerDownload| IssuerDownload { url: each.url.clone(), error: each.error.clone() };
        self.0.downloads.iter().map(wrap).collect()
    }

    fn __repr__(&self) -> String {
        format!("<fetched chain of {} certificates>", self.0.chain.certificates.len())
    }
}

#[pymethods]
impl IssuerDownload {
    fn __repr__(&self) -> String {
        format!("<download {} {}>", self.url, self.error.as_deref().unwrap_or("used"))
    }
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

    /// Where the child says that it can be fetched; `fetch_issuers` does it.
    #[getter]
    fn urls(&self) -> Vec<String> {
        self.0.urls.clone()
    }

    fn __repr__(&self) -> String {
        format!("<missing issuer {}>", self.0.subject)
    }
}
