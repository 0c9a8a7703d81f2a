//! A certification authority that can sign.

use std::fmt;

use time::OffsetDateTime;

use super::certificate_writing::{Draft, Validity, key_id, key_ids};
use super::revocation::Revocations;
use crate::cert::extension_writing::{self as write, extension};
use crate::cert::validation::build_chain;
use crate::cert::{
    Certificate, DistinguishedName, ExtendedKeyUsage, KeyKind, NameConstraints, PrivateKey,
    SubjectAlternativeName,
};
use crate::error::{Error, ErrorKind, Result};

/// Where an authority publishes: addresses that go into every certificate it issues.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct PublishedPlaces {
    /// Of its revocation lists (CDP).
    pub crl_urls: Vec<String>,
    /// Of its delta revocation lists.
    pub delta_crl_urls: Vec<String>,
    /// Of its own certificate (AIA).
    pub ca_issuer_urls: Vec<String>,
    /// Of its OCSP service.
    pub ocsp_urls: Vec<String>,
}

impl PublishedPlaces {
    /// The extensions for a certificate; the error is a cause.
    pub(super) fn extensions(&self) -> std::result::Result<Vec<u8>, String> {
        let all = [&self.crl_urls, &self.delta_crl_urls, &self.ca_issuer_urls, &self.ocsp_urls];
        for url in all.into_iter().flatten() {
            SubjectAlternativeName::parse(&format!("uri:{url}")).map_err(|_| format!("{url:?} is no URI"))?;
        }
        let mut out = Vec::new();
        for (kind, urls) in
            [(write::CRL_DISTRIBUTION_POINTS, &self.crl_urls), (write::FRESHEST_CRL, &self.delta_crl_urls)]
        {
            if !urls.is_empty() {
                out.extend(extension(kind, false, &write::distribution_points(urls)));
            }
        }
        if !self.ca_issuer_urls.is_empty() || !self.ocsp_urls.is_empty() {
            let value = write::authority_information(&self.ca_issuer_urls, &self.ocsp_urls);
            out.extend(extension(write::AUTHORITY_INFORMATION, false, &value));
        }
        Ok(out)
    }
}

/// Ten years.
const AUTHORITY_DAYS: u32 = 3_650;

/// What a new authority is to be.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct AuthorityOptions {
    /// Its name.
    pub subject: DistinguishedName,
    /// The kind of its key.
    pub key: KeyKind,
    /// The first second of validity.
    pub not_before: OffsetDateTime,
    /// Days of validity; where nothing is said ten years, of a sub-CA no longer than the authority above it.
    pub days: Option<u32>,
    /// How many authorities may follow below it; `None` is any number.
    pub path_length: Option<u32>,
    /// The names that it may and may not certify.
    pub name_constraints: NameConstraints,
    /// The purposes that it may issue for; empty is every one.
    pub extended_key_usage: Vec<ExtendedKeyUsage>,
    /// Where it will publish.
    pub places: PublishedPlaces,
}

impl AuthorityOptions {
    /// RSA with 2048 bits and up to ten years from `now` on, without constraints.
    pub fn new(subject: DistinguishedName, now: OffsetDateTime) -> Self {
        AuthorityOptions {
            subject,
            key: KeyKind::Rsa2048,
            not_before: now,
            days: None,
            path_length: None,
            name_constraints: NameConstraints::default(),
            extended_key_usage: Vec::new(),
            places: PublishedPlaces::default(),
        }
    }

    fn extensions(&self) -> std::result::Result<Vec<u8>, String> {
        let value = write::basic_constraints(true, self.path_length);
        let mut out = extension(write::BASIC_CONSTRAINTS, true, &value);
        let usage = ["keyCertSign", "cRLSign"].map(str::to_owned);
        out.extend(extension(write::KEY_USAGE, true, &write::key_usage(&usage)?));
        if !self.extended_key_usage.is_empty() {
            let value = write::extended_key_usage(&self.extended_key_usage);
            out.extend(extension(write::EXTENDED_KEY_USAGE, false, &value));
        }
        if self.name_constraints != NameConstraints::default() {
            let value = write::name_constraints(&self.name_constraints)?;
            out.extend(extension(write::NAME_CONSTRAINTS, true, &value));
        }
        Ok(out)
    }
}

/// A certification authority: it issues certificates, signs requests, revokes, and makes revocation lists.
///
/// Its key is in this process's memory. What it issues is checked against its own chain before it is given out, so that a name
/// outside of the constraints or a validity beyond the authority's own is refused here and not by the first client.
///
/// ```
/// use cmgateway::cert::{Authority, AuthorityOptions, DistinguishedName, IssueOptions, SubjectAlternativeName};
/// use time::macros::datetime;
/// let now = datetime!(2026-01-01 00:00 UTC);
/// let root = Authority::root(&AuthorityOptions::new(DistinguishedName::parse("CN=Root,O=Contoso")?, now))?;
/// let mut options = AuthorityOptions::new(DistinguishedName::parse("CN=Issuing CA,O=Contoso")?, now);
/// options.path_length = Some(0);
/// let issuing = root.sub_ca(&options)?;
/// let names = [SubjectAlternativeName::parse("gw.contoso.com")?];
/// let server = issuing.issue_server(&IssueOptions::new(&names, now))?;
/// assert_eq!(server.certificate().subject(), "CN=gw.contoso.com");
/// assert_eq!(server.chain().len(), 3);
/// # Ok::<(), cmgateway::Error>(())
/// ```
#[derive(Clone)]
pub struct Authority {
    pub(super) private_key: PrivateKey,
    pub(super) chain: Vec<Certificate>,
    pub(super) places: PublishedPlaces,
    pub(super) revocations: Revocations,
}

impl Authority {
    /// Makes a root, with a new key.
    ///
    /// # Errors
    /// `config` where an option is out of range or a text in it is not what it should be.
    pub fn root(options: &AuthorityOptions) -> Result<Self> {
        let failed = refused("make root");
        let key = PrivateKey::generate(options.key)?;
        let info = public_key_info(&key).map_err(&failed)?;
        let mut extensions = options.extensions().map_err(&failed)?;
        extensions.extend(key_ids(&info, None));
        let name = options.subject.content();
        if name.is_empty() {
            return Err(failed("it has no name".into()));
        }
        let days = options.days.unwrap_or(AUTHORITY_DAYS);
        let validity = Validity::of_days(options.not_before, days).map_err(&failed)?;
        let draft = Draft { issuer: name, subject: name, validity, public_key_info: &info, extensions };
        let certificate = draft.sign(&key).map_err(&failed)?;
        // Checked as those of a certificate would be.
        options.places.extensions().map_err(&failed)?;
        Ok(Authority::with(key, vec![certificate], options))
    }

    /// Makes an authority below this one, with a new key.
    ///
    /// # Errors
    /// As [`root`](Self::root) says, and `config` where this authority may have none below it or would end before it.
    pub fn sub_ca(&self, options: &AuthorityOptions) -> Result<Self> {
        let failed = refused("make sub-CA");
        if self.certificate().path_length() == Some(0) {
            let name = self.certificate().subject();
            return Err(failed(format!("{name} may have no authority below it (path length 0)")));
        }
        if options.subject.is_empty() {
            return Err(failed("it has no name".into()));
        }
        options.places.extensions().map_err(&failed)?;
        let key = PrivateKey::generate(options.key)?;
        let info = public_key_info(&key).map_err(&failed)?;
        let extensions = options.extensions().map_err(&failed)?;
        let days = options.days.unwrap_or(AUTHORITY_DAYS);
        let mut validity = Validity::of_days(options.not_before, days).map_err(&failed)?;
        if options.days.is_none() {
            // As AD CS does: what an authority issues ends with it at the latest.
            validity.not_after = validity.not_after.min(self.certificate().not_after());
        }
        let certificate =
            self.issue(options.subject.content(), validity, &info, extensions).map_err(failed)?;
        let mut chain = vec![certificate];
        chain.extend_from_slice(&self.chain);
        Ok(Authority::with(key, chain, options))
    }

    /// An authority that exists already, from its certificate, its key and the certificates above it in any order.
    ///
    /// What it has revoked so far is not in them: [`continue_from`](Self::continue_from) takes it from its last list.
    ///
    /// # Errors
    /// `config` where the key is another one, or the certificate is none of an authority or its key may not sign.
    pub fn load(
        certificate: &Certificate,
        private_key: &PrivateKey,
        above: &[Certificate],
        places: PublishedPlaces,
    ) -> Result<Self> {
        let failed = refused("load authority");
        let name = certificate.subject();
        if !private_key.matches(certificate) {
            return Err(failed(format!("the key is not that of {name}")));
        }
        let may_sign = certificate.key_usage().is_none_or(|usage| usage.contains(&"keyCertSign"));
        if !certificate.is_ca() || !may_sign {
            return Err(failed(format!(
                "{name} is not the certificate of an authority that may sign certificates"
            )));
        }
        private_key.signature_algorithm().map_err(&failed)?;
        places.extensions().map_err(&failed)?;
        let chain = build_chain(certificate, above).certificates;
        let private_key = private_key.clone();
        Ok(Authority { private_key, chain, places, revocations: Revocations::default() })
    }

    fn with(private_key: PrivateKey, chain: Vec<Certificate>, options: &AuthorityOptions) -> Self {
        let places = options.places.clone();
        Authority { private_key, chain, places, revocations: Revocations::default() }
    }

    /// Its certificate.
    #[expect(clippy::indexing_slicing, reason = "the chain begins with the authority itself")]
    pub fn certificate(&self) -> &Certificate {
        &self.chain[0]
    }

    /// Its private key.
    pub fn private_key(&self) -> &PrivateKey {
        &self.private_key
    }

    /// Its certificate, then each one above it, as far as they are known.
    pub fn chain(&self) -> &[Certificate] {
        &self.chain
    }

    /// Where it publishes.
    pub fn places(&self) -> &PublishedPlaces {
        &self.places
    }

    /// The identifier of its key, as its children name it.
    pub(super) fn key_id(&self) -> Vec<u8> {
        let certificate = self.certificate();
        match certificate.layout().extensions.subject_key_id {
            Some(span) => certificate.part(span).to_vec(),
            None => key_id(&crate::cert::der_writing::sequence(&[certificate.public_key_info()])),
        }
    }
}

impl fmt::Debug for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authority").field("certificate", self.certificate()).finish_non_exhaustive()
    }
}

/// Makes an error of kind `config` out of a cause.
pub(super) fn refused(operation: &'static str) -> impl Fn(String) -> Error {
    move |cause| Error::new(ErrorKind::Config, operation, cause)
}

pub(super) fn public_key_info(key: &PrivateKey) -> std::result::Result<Vec<u8>, String> {
    key.public_key_info().ok_or_else(|| "the key has no public half".to_owned())
}
