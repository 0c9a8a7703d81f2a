//! Certificates.

use std::hash::{DefaultHasher, Hash, Hasher};

use cmgateway::cert;
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use time::OffsetDateTime;

use crate::certificate_parts::{
    CertificateExtension, CertificateTemplate, NameConstraints, wrapped_extensions,
};
use crate::datetime::moment;
use crate::error::{Result, wrong_type};
use crate::file_source;
use crate::thumbprint::Thumbprint;

/// An X.509 certificate, read and checked for its structure, not for trust.
#[pyclass(frozen, eq, module = "cmgateway.cert")]
#[derive(PartialEq, Eq)]
pub(crate) struct Certificate(pub(crate) cert::Certificate);

/// Reads every certificate of a CER file: DER or PEM, one or many.
#[pyfunction]
#[pyo3(signature = (source, /))]
pub(crate) fn load_cer(source: &Bound<'_, PyAny>) -> Result<Vec<Certificate>> {
    file_source::load(source, "load certificates", cert::load_cer, cert::load_cer_file).map(wrapped)
}

/// The certificates of the core as those of Python.
pub(crate) fn wrapped(certificates: Vec<cert::Certificate>) -> Vec<Certificate> {
    certificates.into_iter().map(Certificate).collect()
}

/// Any number of certificates that a script gives; `what` is the name of the argument.
pub(crate) fn several(object: &Bound<'_, PyAny>, what: &str) -> Result<Vec<cert::Certificate>> {
    items(object, &format!("{what} are Certificates in a list"), |item| {
        item.cast::<Certificate>().ok().map(|item| item.get().0.clone())
    })
}

/// The items of what can be iterated, each of them as `take` has it; `expected` is a sentence for where it has it not.
pub(crate) fn items<'py, T>(
    object: &Bound<'py, PyAny>,
    expected: &str,
    take: impl Fn(&Bound<'py, PyAny>) -> Option<T>,
) -> Result<Vec<T>> {
    let all = object.try_iter().map_err(|_| wrong_type(expected, object))?;
    let mut taken = Vec::new();
    for item in all {
        let item = item?;
        taken.push(take(&item).ok_or_else(|| wrong_type(expected, &item))?);
    }
    Ok(taken)
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

    /// Whole days from a moment until it expires; negative after it has.
    #[pyo3(signature = (at=None))]
    fn days_left(&self, at: Option<&Bound<'_, PyAny>>) -> Result<i64> {
        Ok(self.0.days_left(moment_or_now(at, "count the days of a certificate")?))
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

    /// The subject as Windows prints it, such as `CN=gw.contoso.com, O="Contoso, Ltd."`.
    #[getter]
    fn windows_subject(&self) -> String {
        self.0.windows_subject()
    }

    /// The issuer, written as `windows_subject` is.
    #[getter]
    fn windows_issuer(&self) -> String {
        self.0.windows_issuer()
    }

    /// How many authorities may follow below this one, where the certificate limits it.
    #[getter]
    fn path_length(&self) -> Option<u32> {
        self.0.path_length()
    }

    /// The identifier of its key in upper-case hex, by which its children name it.
    #[getter]
    fn subject_key_id(&self) -> Option<String> {
        self.0.subject_key_id()
    }

    /// The identifier of the issuer's key in upper-case hex.
    #[getter]
    fn authority_key_id(&self) -> Option<String> {
        self.0.authority_key_id()
    }

    /// Where it says that the certificate of its issuer can be fetched (AIA); nothing is fetched by reading it.
    #[getter]
    fn ca_issuer_urls(&self) -> Vec<String> {
        self.0.ca_issuer_urls()
    }

    /// Where it says that its status can be asked for (OCSP).
    #[getter]
    fn ocsp_urls(&self) -> Vec<String> {
        self.0.ocsp_urls()
    }

    /// Where it says that the revocation lists of its issuer are (CDP).
    #[getter]
    fn crl_urls(&self) -> Vec<String> {
        self.0.crl_urls()
    }

    /// Where it says that the delta revocation lists of its issuer are.
    #[getter]
    fn delta_crl_urls(&self) -> Vec<String> {
        self.0.delta_crl_urls()
    }

    /// The object identifiers of the policies that it was issued under.
    #[getter]
    fn policies(&self) -> Vec<String> {
        self.0.policies()
    }

    /// The names that this authority may and may not certify, where it is constrained.
    #[getter]
    fn name_constraints(&self) -> Option<NameConstraints> {
        self.0.name_constraints().map(NameConstraints::from)
    }

    /// The AD CS template that it was issued from, where it says.
    #[getter]
    fn template(&self) -> Option<CertificateTemplate> {
        self.0.template().map(CertificateTemplate)
    }

    /// Every extension as it is encoded, in the order of the certificate.
    #[getter]
    fn extensions(&self) -> Vec<CertificateExtension> {
        wrapped_extensions(self.0.extensions())
    }

    /// The certificate as PEM text.
    fn to_pem(&self) -> String {
        self.0.to_pem()
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
