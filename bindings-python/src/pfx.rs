//! PKCS #12 files: keys with their certificates.

use cmgateway::cert::{self, PasswordForm, PfxProfile};
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::cert::{Certificate, items, several};
use crate::error::{Result, config};
use crate::file_source;
use crate::private_key::PrivateKey;

/// What a PFX holds, after its password was found right.
#[pyclass(frozen, module = "cmgateway.cert")]
pub(crate) struct Pfx(pub(crate) cert::Pfx);

/// A certificate with its private key, as a PFX holds them.
#[pyclass(frozen, eq, module = "cmgateway.cert")]
#[derive(PartialEq, Eq)]
pub(crate) struct PfxKeyPair(cert::PfxKeyPair);

/// A certificate of a PFX that has no private key there.
#[pyclass(frozen, eq, module = "cmgateway.cert")]
#[derive(PartialEq, Eq)]
pub(crate) struct PfxCertificate(cert::PfxCertificate);

/// A private key of a PFX that has no certificate there.
#[pyclass(frozen, eq, module = "cmgateway.cert")]
#[derive(PartialEq, Eq)]
pub(crate) struct PfxKey(cert::PfxKey);

/// How the integrity of a PFX is protected.
#[pyclass(frozen, eq, module = "cmgateway.cert")]
#[derive(PartialEq, Eq)]
pub(crate) struct PfxMac(cert::PfxMac);

/// Reads a PKCS #12 file (RFC 7292) as Windows, OpenSSL, Java, Firefox, macOS and .NET write it.
#[pyfunction]
#[pyo3(signature = (source, /, password=None))]
pub(crate) fn load_pfx(source: &Bound<'_, PyAny>, password: Option<&str>) -> Result<Pfx> {
    file_source::load_closed(source, password, "load PFX", cert::load_pfx, cert::load_pfx_file).map(Pfx)
}

/// Writes a PKCS #12 file (RFC 7292) with keys, their certificates and further certificates, such as the chain.
#[pyfunction]
#[pyo3(
    signature = (key_pairs, certificates=None, *, password, profile="modern"),
    text_signature = "(key_pairs, certificates=(), *, password, profile='modern')"
)]
pub(crate) fn write_pfx<'py>(
    py: Python<'py>,
    key_pairs: &Bound<'py, PyAny>,
    certificates: Option<&Bound<'py, PyAny>>,
    password: &str,
    profile: &str,
) -> Result<Bound<'py, PyBytes>> {
    let pairs = items(key_pairs, "key_pairs are PfxKeyPairs in a list", |item| {
        item.cast::<PfxKeyPair>().ok().map(|pair| pair.get().0.clone())
    })?;
    let others = certificates.map(|all| several(all, "certificates")).transpose()?.unwrap_or_default();
    let profile = profile_of(profile)?;
    let written = py.detach(|| cert::write_pfx(&pairs, &others, password, profile))?;
    Ok(PyBytes::new(py, &written))
}

pub(crate) fn profile_of(word: &str) -> Result<PfxProfile> {
    let known = [PfxProfile::Modern, PfxProfile::Windows2016];
    let found = known.into_iter().find(|profile| profile.as_str() == word);
    found.ok_or_else(|| config("write PFX", format!("profile is modern or windows-2016, not {word:?}")))
}

#[pymethods]
impl Pfx {
    /// Keys with their certificates, in the order of the keys.
    #[getter]
    fn key_pairs(&self) -> Vec<PfxKeyPair> {
        self.0.key_pairs.iter().cloned().map(PfxKeyPair).collect()
    }

    /// The other certificates, such as the chain, in the order of the file.
    #[getter]
    fn certificates(&self) -> Vec<PfxCertificate> {
        self.0.certificates.iter().cloned().map(PfxCertificate).collect()
    }

    /// Keys without a certificate.
    #[getter]
    fn keys(&self) -> Vec<PfxKey> {
        self.0.keys.iter().cloned().map(PfxKey).collect()
    }

    /// What else is in it and was not read, by its name, such as `CRL`.
    #[getter]
    fn skipped(&self) -> Vec<String> {
        self.0.skipped.clone()
    }

    /// How its integrity is protected; None where it is not.
    #[getter]
    fn mac(&self) -> Option<PfxMac> {
        self.0.mac.clone().map(PfxMac)
    }

    /// The form of the password that was right: `text`, `empty` or `null`; None where nothing asked for one.
    #[getter]
    fn password_form(&self) -> Option<&'static str> {
        self.0.password_form.map(PasswordForm::as_str)
    }

    fn __repr__(&self) -> String {
        let pfx = &self.0;
        let (pairs, others, keys) = (pfx.key_pairs.len(), pfx.certificates.len(), pfx.keys.len());
        format!("<PFX with {pairs} key pairs, {others} further certificates, {keys} further keys>")
    }
}

#[pymethods]
impl PfxKeyPair {
    #[new]
    #[pyo3(signature = (certificate, private_key, friendly_name=None))]
    fn new(certificate: &Certificate, private_key: &PrivateKey, friendly_name: Option<String>) -> Self {
        let mut pair = cert::PfxKeyPair::new(certificate.0.clone(), private_key.0.clone());
        pair.friendly_name = friendly_name;
        PfxKeyPair(pair)
    }

    /// The certificate; its public key belongs to the private key.
    #[getter]
    fn certificate(&self) -> Certificate {
        Certificate(self.0.certificate.clone())
    }

    /// The private key.
    #[getter]
    fn private_key(&self) -> PrivateKey {
        PrivateKey(self.0.private_key.clone())
    }

    /// The name that a user sees for it, of the key or else of the certificate.
    #[getter]
    fn friendly_name(&self) -> Option<&str> {
        self.0.friendly_name.as_deref()
    }

    fn __repr__(&self) -> String {
        format!("<key pair {} with {}>", self.0.certificate.subject(), self.0.private_key.algorithm())
    }
}

#[pymethods]
impl PfxCertificate {
    /// The certificate.
    #[getter]
    fn certificate(&self) -> Certificate {
        Certificate(self.0.certificate.clone())
    }

    /// The name that a user sees for it.
    #[getter]
    fn friendly_name(&self) -> Option<&str> {
        self.0.friendly_name.as_deref()
    }

    fn __repr__(&self) -> String {
        format!("<certificate {} of a PFX>", self.0.certificate.subject())
    }
}

#[pymethods]
impl PfxKey {
    /// The private key.
    #[getter]
    fn private_key(&self) -> PrivateKey {
        PrivateKey(self.0.private_key.clone())
    }

    /// The name that a user sees for it.
    #[getter]
    fn friendly_name(&self) -> Option<&str> {
        self.0.friendly_name.as_deref()
    }

    fn __repr__(&self) -> String {
        format!("<private key {} of a PFX>", self.0.private_key.algorithm())
    }
}

#[pymethods]
impl PfxMac {
    /// The algorithm, such as `SHA-1` (RFC 7292) or `PBMAC1 SHA-256` (RFC 9579).
    #[getter]
    fn algorithm(&self) -> &str {
        &self.0.algorithm
    }

    /// Rounds of its key derivation.
    #[getter]
    fn iterations(&self) -> u32 {
        self.0.iterations
    }

    fn __repr__(&self) -> String {
        format!("<MAC {} with {} iterations>", self.0.algorithm, self.0.iterations)
    }
}
