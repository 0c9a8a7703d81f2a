//! Authorities that issue, sign and revoke.

use std::sync::{Mutex, MutexGuard, PoisonError};

use cmgateway::cert::{
    self, AuthorityOptions, CertificateTemplate, CrlOptions, IssueOptions, PublishedPlaces, RevocationReason,
    SignOptions, UnknownExtensions,
};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};
use time::OffsetDateTime;

use crate::cert::{Certificate, several, wrapped};
use crate::crl::Crl;
use crate::error::{Result, config};
use crate::keywords::{Keywords, alternative_names, texts};
use crate::pki::IssuedCertificate;
use crate::private_key::PrivateKey;
use crate::request::CertificateRequest;

/// A certification authority: it issues certificates, signs requests, revokes, and makes revocation lists.
#[pyclass(frozen, module = "cmgateway.cert")]
pub(crate) struct Authority(Mutex<cert::Authority>);

impl Authority {
    fn wrap(authority: cert::Authority) -> Self {
        Authority(Mutex::new(authority))
    }

    /// No call leaves it half changed, also not one that panicked.
    fn lock(&self) -> MutexGuard<'_, cert::Authority> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A copy that works while other threads use this one.
    fn copy(&self) -> cert::Authority {
        self.lock().clone()
    }
}

fn places(keywords: &Keywords<'_>) -> Result<PublishedPlaces> {
    let urls = |name| Ok::<_, crate::error::Failure>(keywords.texts(name, "addresses")?.unwrap_or_default());
    let mut places = PublishedPlaces::default();
    places.crl_urls = urls("crl_urls")?;
    places.delta_crl_urls = urls("delta_crl_urls")?;
    places.ca_issuer_urls = urls("ca_issuer_urls")?;
    places.ocsp_urls = urls("ocsp_urls")?;
    Ok(places)
}

fn authority_options(subject: &str, keywords: &Keywords<'_>) -> Result<AuthorityOptions> {
    let now = keywords.moment("not_before")?.unwrap_or_else(OffsetDateTime::now_utc);
    let mut options = AuthorityOptions::new(subject.parse()?, now);
    options.key = keywords.key()?.unwrap_or(options.key);
    options.days = keywords.number("days")?;
    options.path_length = keywords.number("path_length")?;
    let constraints = &mut options.name_constraints;
    constraints.permitted = keywords.texts("permitted_names", "names")?.unwrap_or_default();
    constraints.excluded = keywords.texts("excluded_names", "names")?.unwrap_or_default();
    options.extended_key_usage = keywords.purposes("extended_key_usage")?.unwrap_or_default();
    options.places = places(keywords)?;
    keywords.end()?;
    Ok(options)
}

/// One name, or several in a list.
fn issue_options(names: &Bound<'_, PyAny>, keywords: &Keywords<'_>) -> Result<IssueOptions> {
    let names = match names.cast::<PyString>() {
        Ok(name) => vec![name.to_cow()?.into_owned()],
        Err(_) => texts(names, "names are text, one or several in a list")?,
    };
    let now = keywords.moment("not_before")?.unwrap_or_else(OffsetDateTime::now_utc);
    let mut options = IssueOptions::new(&alternative_names(&names)?, now);
    options.subject = keywords.text("subject")?.map(|text| text.parse()).transpose()?;
    options.key = keywords.key()?.unwrap_or(options.key);
    options.days = keywords.number("days")?.unwrap_or(options.days);
    let template = keywords.text("template")?;
    options.template = template.map(|text| CertificateTemplate::parse(&text)).transpose()?;
    keywords.end()?;
    Ok(options)
}

fn sign_options(keywords: &Keywords<'_>) -> Result<SignOptions> {
    let now = keywords.moment("not_before")?.unwrap_or_else(OffsetDateTime::now_utc);
    let mut options = SignOptions::new(now);
    options.days = keywords.number("days")?.unwrap_or(options.days);
    options.subject = keywords.text("subject")?.map(|text| text.parse()).transpose()?;
    options.names = keywords.names("names")?;
    options.extended_key_usage = keywords.purposes("extended_key_usage")?;
    let choices = [UnknownExtensions::Refuse, UnknownExtensions::Keep].map(|each| (each.as_str(), each));
    options.unknown_extensions = keywords.word("unknown_extensions", &choices)?;
    options.authority = keywords.is_set("authority")?;
    options.path_length = keywords.number("path_length")?;
    keywords.end()?;
    Ok(options)
}

#[pymethods]
impl Authority {
    /// Makes a root, with a new key.
    #[staticmethod]
    #[pyo3(
        signature = (subject, **keywords),
        text_signature = "(subject, *, key='rsa_2048', not_before=None, days=None, path_length=None, \
                          permitted_names=(), excluded_names=(), extended_key_usage=(), crl_urls=(), \
                          delta_crl_urls=(), ca_issuer_urls=(), ocsp_urls=())"
    )]
    fn root(py: Python<'_>, subject: &str, keywords: Option<Bound<'_, PyDict>>) -> Result<Self> {
        let options = authority_options(subject, &Keywords::new("Authority.root", "make root", keywords))?;
        Ok(Authority::wrap(py.detach(|| cert::Authority::root(&options))?))
    }

    /// An authority that exists already, from its certificate, its key and the certificates above it in any order.
    #[staticmethod]
    #[pyo3(
        signature = (certificate, private_key, above=None, **keywords),
        text_signature = "(certificate, private_key, above=None, *, crl_urls=(), delta_crl_urls=(), \
                          ca_issuer_urls=(), ocsp_urls=())"
    )]
    fn load(
        certificate: &Certificate,
        private_key: &PrivateKey,
        above: Option<&Bound<'_, PyAny>>,
        keywords: Option<Bound<'_, PyDict>>,
    ) -> Result<Self> {
        let keywords = Keywords::new("Authority.load", "load authority", keywords);
        let above = above.map_or_else(|| Ok(Vec::new()), |above| several(above, "above"))?;
        let places = places(&keywords)?;
        keywords.end()?;
        let loaded = cert::Authority::load(&certificate.0, &private_key.0, &above, places)?;
        Ok(Authority::wrap(loaded))
    }

    /// Makes an authority below this one, with a new key.
    #[pyo3(
        signature = (subject, **keywords),
        text_signature = "($self, subject, *, key='rsa_2048', not_before=None, days=None, path_length=None, \
                          permitted_names=(), excluded_names=(), extended_key_usage=(), crl_urls=(), \
                          delta_crl_urls=(), ca_issuer_urls=(), ocsp_urls=())"
    )]
    fn sub_ca(&self, py: Python<'_>, subject: &str, keywords: Option<Bound<'_, PyDict>>) -> Result<Self> {
        let keywords = Keywords::new("Authority.sub_ca", "make sub-CA", keywords);
        let (options, own) = (authority_options(subject, &keywords)?, self.copy());
        Ok(Authority::wrap(py.detach(|| own.sub_ca(&options))?))
    }

    /// Issues a certificate for a TLS server, such as the gateway, with a new key.
    #[pyo3(
        signature = (names, **keywords),
        text_signature = "($self, names, *, subject=None, key='rsa_2048', not_before=None, days=365, template=None)"
    )]
    fn issue_server(
        &self,
        names: &Bound<'_, PyAny>,
        keywords: Option<Bound<'_, PyDict>>,
    ) -> Result<IssuedCertificate> {
        let keywords = Keywords::new("Authority.issue_server", "issue server certificate", keywords);
        let (options, own) = (issue_options(names, &keywords)?, self.copy());
        Ok(IssuedCertificate(names.py().detach(|| own.issue_server(&options))?))
    }

    /// Issues a certificate for a TLS client, such as a managed computer, with a new key.
    #[pyo3(
        signature = (names, **keywords),
        text_signature = "($self, names, *, subject=None, key='rsa_2048', not_before=None, days=365, template=None)"
    )]
    fn issue_client(
        &self,
        names: &Bound<'_, PyAny>,
        keywords: Option<Bound<'_, PyDict>>,
    ) -> Result<IssuedCertificate> {
        let keywords = Keywords::new("Authority.issue_client", "issue client certificate", keywords);
        let (options, own) = (issue_options(names, &keywords)?, self.copy());
        Ok(IssuedCertificate(names.py().detach(|| own.issue_client(&options))?))
    }

    /// Signs a request: checks that the requester has the key, and issues what it asks for where that is allowed.
    #[pyo3(
        signature = (request, **keywords),
        text_signature = "($self, request, *, not_before=None, days=365, subject=None, names=None, \
                          extended_key_usage=None, unknown_extensions='refuse', authority=False, path_length=None)"
    )]
    fn sign(&self, request: &CertificateRequest, keywords: Option<Bound<'_, PyDict>>) -> Result<Certificate> {
        let keywords = Keywords::new("Authority.sign", "sign certificate request", keywords);
        let options = sign_options(&keywords)?;
        Ok(Certificate(self.lock().sign(&request.0, &options)?))
    }

    /// Revokes a certificate that this authority issued; it stands in every list from now on.
    #[pyo3(signature = (certificate, reason="unspecified", *, date=None))]
    fn revoke(&self, certificate: &Certificate, reason: &str, date: Option<&Bound<'_, PyAny>>) -> Result<()> {
        let operation = "revoke certificate";
        let found = RevocationReason::ALL.into_iter().find(|each| each.as_str() == reason);
        let found = found.ok_or_else(|| config(operation, format!("{reason:?} is no reason of RFC 5280")))?;
        let date = date.map(|date| crate::datetime::moment(date, operation)).transpose()?;
        let date = date.unwrap_or_else(OffsetDateTime::now_utc);
        Ok(self.lock().revoke(&certificate.0, found, date)?)
    }

    /// Ends the hold of a certificate; one that is not revoked is left as it is.
    #[pyo3(signature = (certificate, /))]
    fn release(&self, certificate: &Certificate) -> Result<()> {
        Ok(self.lock().release(&certificate.0)?)
    }

    /// Takes over the entries and the number of a list of this authority, so that the next list has the next one.
    #[pyo3(signature = (crl, /))]
    fn continue_from(&self, crl: &Crl) -> Result<()> {
        Ok(self.lock().continue_from(&crl.0)?)
    }

    /// Makes the next revocation list, complete or delta, with the next number.
    #[pyo3(
        signature = (**keywords),
        text_signature = "($self, *, this_update=None, valid_for=None, delta=False, distribution_point=())"
    )]
    fn crl(&self, keywords: Option<Bound<'_, PyDict>>) -> Result<Crl> {
        let keywords = Keywords::new("Authority.crl", "make revocation list", keywords);
        let now = keywords.moment("this_update")?.unwrap_or_else(OffsetDateTime::now_utc);
        let mut options = CrlOptions::new(now);
        if let Some(valid_for) = keywords.duration("valid_for")? {
            options.valid_for = valid_for.try_into().unwrap_or(time::Duration::MAX);
        }
        options.delta = keywords.is_set("delta")?;
        let places = keywords.texts("distribution_point", "addresses")?;
        options.distribution_point = places.unwrap_or_default();
        keywords.end()?;
        Ok(Crl(self.lock().crl(&options)?))
    }

    /// Its certificate.
    #[getter]
    fn certificate(&self) -> Certificate {
        Certificate(self.lock().certificate().clone())
    }

    /// Its private key.
    #[getter]
    fn private_key(&self) -> PrivateKey {
        PrivateKey(self.lock().private_key().clone())
    }

    /// Its certificate, then each one above it, as far as they are known.
    #[getter]
    fn chain(&self) -> Vec<Certificate> {
        wrapped(self.lock().chain().to_vec())
    }

    fn __repr__(&self) -> String {
        format!("<authority {}>", self.lock().certificate().subject())
    }
}
