//! The trust decision.

use cmgateway::cert::{self, Profile, Purpose, RevocationMode, VerifierOptions};
use pyo3::prelude::*;
use pyo3::types::PyDict;
use time::OffsetDateTime;

use crate::cert::{Certificate, several, wrapped};
use crate::datetime::moment;
use crate::error::Result;
use crate::keywords::Keywords;

const OPERATION: &str = "make verifier";

/// Decides whether certificates are trusted, after RFC 5280 section 6.
#[pyclass(frozen, module = "cmgateway.cert")]
pub(crate) struct Verifier {
    inner: cert::Verifier,
    /// None where each call verifies for the moment it is made at.
    at: Option<OffsetDateTime>,
}

/// A chain that was accepted: the leaf, every intermediate, the anchor.
#[pyclass(frozen, module = "cmgateway.cert")]
pub(crate) struct VerifiedChain(cert::VerifiedChain);

/// What is verified, and against what.
fn apply(keywords: &Keywords<'_>, options: &mut VerifierOptions) -> Result<()> {
    options.intermediates = keywords.certificates("intermediates")?;
    options.crls = keywords.crls("crls")?;
    options.purpose = keywords.word("purpose", &Purpose::ALL.map(|purpose| (purpose.as_str(), purpose)))?;
    let profiles = [("enterprise", Profile::Enterprise), ("strict", Profile::Strict)];
    options.profile = keywords.word("profile", &profiles)?;
    let modes =
        [("off", RevocationMode::Off), ("leaf", RevocationMode::Leaf), ("chain", RevocationMode::Chain)];
    options.revocation = keywords.word("revocation", &modes)?;
    let texts = |name, what| keywords.texts(name, what).map(Option::unwrap_or_default);
    options.policies = texts("policies", "object identifiers")?;
    options.extended_key_usage = texts("extended_key_usage", "object identifiers")?;
    options.key_usage = texts("key_usage", "names such as digitalSignature")?;
    options.max_intermediates = keywords.number("max_intermediates")?.map(|number| number as usize);
    apply_flags(keywords, options)
}

fn apply_flags(keywords: &Keywords<'_>, options: &mut VerifierOptions) -> Result<()> {
    options.require_explicit_policy = keywords.is_set("require_explicit_policy")?;
    options.inhibit_policy_mapping = keywords.is_set("inhibit_policy_mapping")?;
    options.inhibit_any_policy = keywords.is_set("inhibit_any_policy")?;
    options.anchor_checks.expiry = keywords.said("anchor_expiry")?;
    options.anchor_checks.constraints = keywords.said("anchor_constraints")?;
    options.partial_chain = keywords.said("partial_chain")?;
    options.danger_allow_sha1 = keywords.is_set("danger_allow_sha1")?;
    options.danger_allow_small_rsa = keywords.is_set("danger_allow_small_rsa")?;
    options.danger_allow_dsa = keywords.is_set("danger_allow_dsa")?;
    options.danger_common_name_fallback = keywords.is_set("danger_common_name_fallback")?;
    options.danger_accept_missing_crl = keywords.is_set("danger_accept_missing_crl")?;
    Ok(())
}

#[pymethods]
impl Verifier {
    #[new]
    #[pyo3(
        signature = (roots, **keywords),
        text_signature = "(roots, *, intermediates=(), crls=(), at=None, purpose='server_auth', \
            profile='enterprise', revocation='off', policies=(), require_explicit_policy=False, \
            inhibit_policy_mapping=False, inhibit_any_policy=False, anchor_expiry=None, \
            anchor_constraints=None, partial_chain=None, extended_key_usage=(), key_usage=(), \
            max_intermediates=None, danger_allow_sha1=False, \
            danger_allow_small_rsa=False, danger_allow_dsa=False, danger_common_name_fallback=False, \
            danger_accept_missing_crl=False)"
    )]
    fn new(roots: &Bound<'_, PyAny>, keywords: Option<Bound<'_, PyDict>>) -> Result<Self> {
        let keywords = Keywords::new("Verifier", OPERATION, keywords);
        let at = keywords.moment("at")?;
        let now = at.unwrap_or_else(OffsetDateTime::now_utc);
        let mut options = VerifierOptions::new(several(roots, "roots")?, now);
        apply(&keywords, &mut options)?;
        keywords.end()?;
        let inner = roots.py().detach(|| cert::Verifier::new(options))?;
        Ok(Verifier { inner, at })
    }

    /// Verifies a certificate, and that it is for the given name: a DNS name, an IP address or a mail address.
    #[pyo3(signature = (leaf, name=None, *, intermediates=None, at=None))]
    fn verify(
        &self,
        leaf: &Bound<'_, Certificate>,
        name: Option<&str>,
        intermediates: Option<&Bound<'_, PyAny>>,
        at: Option<&Bound<'_, PyAny>>,
    ) -> Result<VerifiedChain> {
        let others = intermediates.map_or_else(|| Ok(Vec::new()), |all| several(all, "intermediates"))?;
        let at = at.map(|at| moment(at, "verify certificate")).transpose()?;
        let at = at.or(self.at).unwrap_or_else(OffsetDateTime::now_utc);
        let certificate = &leaf.get().0;
        let chain = leaf.py().detach(|| self.inner.verify_with(certificate, &others, name, at))?;
        Ok(VerifiedChain(chain))
    }

    fn __repr__(&self) -> String {
        let options = self.inner.options();
        format!("<verifier with {} roots for {}>", options.roots.len(), options.purpose.as_str())
    }
}

#[pymethods]
impl VerifiedChain {
    /// Every certificate, leaf first, anchor last.
    #[getter]
    fn certificates(&self) -> Vec<Certificate> {
        wrapped(self.0.certificates().to_vec())
    }

    /// The anchor.
    #[getter]
    fn root(&self) -> Option<Certificate> {
        self.0.root().cloned().map(Certificate)
    }

    /// What lies between the leaf and the anchor, the leaf's issuer first.
    #[getter]
    fn intermediates(&self) -> Vec<Certificate> {
        wrapped(self.0.intermediates().to_vec())
    }

    /// The policies that hold for the whole chain and were accepted, as object identifiers (RFC 5280, 6.1.5).
    #[getter]
    fn policies(&self) -> Vec<String> {
        self.0.policies().to_vec()
    }

    /// The root and every intermediate as PEM text, root first, as the console of Configuration Manager takes them.
    fn authorities_pem(&self) -> String {
        self.0.authorities_pem()
    }

    fn __repr__(&self) -> String {
        let names: Vec<_> = self.0.certificates().iter().map(cert::Certificate::subject).collect();
        format!("<verified chain {}>", names.join(" <- "))
    }
}
