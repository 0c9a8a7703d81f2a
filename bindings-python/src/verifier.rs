//! The trust decision.

use cmgateway::cert::{self, Profile, Purpose, RevocationMode, VerifierOptions};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};
use time::OffsetDateTime;

use crate::cert::{Certificate, items, several, wrapped};
use crate::crl::Crl;
use crate::datetime::moment;
use crate::error::{Result, config, wrong_type};

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

/// The keyword arguments, each taken out as it is read: what is left at the end is unknown.
struct Keywords<'py>(Option<Bound<'py, PyDict>>);

impl<'py> Keywords<'py> {
    fn take(&self, name: &str) -> PyResult<Option<Bound<'py, PyAny>>> {
        let Some(given) = &self.0 else { return Ok(None) };
        let value = given.get_item(name)?;
        if value.is_some() {
            given.del_item(name)?;
        }
        Ok(value)
    }

    fn certificates(&self, name: &str) -> Result<Vec<cert::Certificate>> {
        self.take(name)?.map_or_else(|| Ok(Vec::new()), |all| several(&all, name))
    }

    fn crls(&self) -> Result<Vec<cert::Crl>> {
        let take = |item: &Bound<'py, PyAny>| item.cast::<Crl>().ok().map(|list| list.get().0.clone());
        let all = self.take("crls")?;
        all.map_or_else(|| Ok(Vec::new()), |all| items(&all, "crls are Crls in a list", take))
    }

    fn policies(&self) -> Result<Vec<String>> {
        let expected = "policies are object identifiers as text, in a list";
        match self.take("policies")? {
            // The letters of a text would be its items.
            Some(text) if text.is_instance_of::<PyString>() => Err(wrong_type(expected, &text)),
            Some(all) => items(&all, expected, |item| item.extract().ok()),
            None => Ok(Vec::new()),
        }
    }

    fn moment(&self) -> Result<Option<OffsetDateTime>> {
        let at = self.take("at")?.filter(|at| !at.is_none());
        at.map(|at| moment(&at, OPERATION)).transpose()
    }

    fn is_set(&self, name: &str) -> Result<bool> {
        self.take(name)?.map_or(Ok(false), |value| {
            value.extract().map_err(|_| wrong_type(&format!("{name} is True or False"), &value))
        })
    }

    /// The value that a word stands for; the first one where there is no word.
    fn word<T: Copy + Default>(&self, name: &str, known: &[(&str, T)]) -> Result<T> {
        let Some(value) = self.take(name)? else { return Ok(T::default()) };
        let words: Vec<_> = known.iter().map(|(word, _)| *word).collect();
        let expected = format!("{name} is one of {}", words.join(", "));
        let text = value.cast::<PyString>().map_err(|_| wrong_type(&expected, &value))?.to_cow()?;
        let found = known.iter().find(|(word, _)| *word == text).map(|(_, meaning)| *meaning);
        found.ok_or_else(|| config(OPERATION, format!("{expected}, not {text:?}")))
    }

    fn end(&self) -> PyResult<()> {
        match self.0.as_ref().and_then(|given| given.keys().iter().next()) {
            Some(name) => Err(PyTypeError::new_err(format!("Verifier has no argument {name}"))),
            None => Ok(()),
        }
    }
}

/// What is verified, and against what.
fn apply(keywords: &Keywords<'_>, options: &mut VerifierOptions) -> Result<()> {
    options.intermediates = keywords.certificates("intermediates")?;
    options.crls = keywords.crls()?;
    let purposes = [Purpose::ServerAuth, Purpose::ClientAuth, Purpose::Any];
    options.purpose = keywords.word("purpose", &purposes.map(|purpose| (purpose.as_str(), purpose)))?;
    let profiles = [("enterprise", Profile::Enterprise), ("strict", Profile::Strict)];
    options.profile = keywords.word("profile", &profiles)?;
    let modes =
        [("off", RevocationMode::Off), ("leaf", RevocationMode::Leaf), ("chain", RevocationMode::Chain)];
    options.revocation = keywords.word("revocation", &modes)?;
    options.policies = keywords.policies()?;
    apply_flags(keywords, options)
}

fn apply_flags(keywords: &Keywords<'_>, options: &mut VerifierOptions) -> Result<()> {
    options.require_explicit_policy = keywords.is_set("require_explicit_policy")?;
    options.inhibit_policy_mapping = keywords.is_set("inhibit_policy_mapping")?;
    options.inhibit_any_policy = keywords.is_set("inhibit_any_policy")?;
    options.anchor_checks.expiry = keywords.is_set("anchor_expiry")?;
    options.anchor_checks.constraints = keywords.is_set("anchor_constraints")?;
    options.partial_chain = keywords.is_set("partial_chain")?;
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
            inhibit_policy_mapping=False, inhibit_any_policy=False, anchor_expiry=False, \
            anchor_constraints=False, partial_chain=False, danger_allow_sha1=False, \
            danger_allow_small_rsa=False, danger_allow_dsa=False, danger_common_name_fallback=False, \
            danger_accept_missing_crl=False)"
    )]
    fn new(roots: &Bound<'_, PyAny>, keywords: Option<Bound<'_, PyDict>>) -> Result<Self> {
        let keywords = Keywords(keywords);
        let at = keywords.moment()?;
        let now = at.unwrap_or_else(OffsetDateTime::now_utc);
        let mut options = VerifierOptions::new(several(roots, "roots")?, now);
        apply(&keywords, &mut options)?;
        keywords.end()?;
        let inner = roots.py().detach(|| cert::Verifier::new(options))?;
        Ok(Verifier { inner, at })
    }

    /// Verifies a certificate, and that it is for this host where a name is given (DNS name or IP address).
    #[pyo3(signature = (leaf, name=None))]
    fn verify(&self, py: Python<'_>, leaf: &Certificate, name: Option<&str>) -> Result<VerifiedChain> {
        let at = self.at.unwrap_or_else(OffsetDateTime::now_utc);
        let chain = py.detach(|| self.inner.verify_with(&leaf.0, &[], name, at))?;
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
