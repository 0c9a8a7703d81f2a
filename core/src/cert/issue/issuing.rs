//! Certificates for new keys.

use time::OffsetDateTime;

use super::authority::{Authority, public_key_info, refused};
use super::certificate_writing::{Draft, Validity, key_ids};
use super::issued_certificate::IssuedCertificate;
use crate::cert::extension_writing::{self as write, extension};
use crate::cert::{
    AlternativeNameKind, AnchorChecks, Certificate, CertificateTemplate, DistinguishedName, ExtendedKeyUsage,
    KeyKind, PrivateKey, PrivateKeyKind, Purpose, SubjectAlternativeName, Verifier, VerifierOptions,
};
use crate::error::Result;

/// What an authority is to issue for a new key.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct IssueOptions {
    /// The name of the owner; where it is `None`, the first of `names` becomes its common name.
    pub subject: Option<DistinguishedName>,
    /// DNS names, IP addresses and other names of the owner.
    pub names: Vec<SubjectAlternativeName>,
    /// The kind of key to make.
    pub key: KeyKind,
    /// The first second of validity.
    pub not_before: OffsetDateTime,
    /// Days of validity.
    pub days: u32,
    /// The AD CS template that the certificate is to name, for rehearsals.
    pub template: Option<CertificateTemplate>,
}

impl IssueOptions {
    /// RSA with 2048 bits, which the gateway takes, and a year from `now` on.
    pub fn new(names: &[SubjectAlternativeName], now: OffsetDateTime) -> Self {
        IssueOptions {
            subject: None,
            names: names.to_vec(),
            key: KeyKind::Rsa2048,
            not_before: now,
            days: 365,
            template: None,
        }
    }

    fn subject(&self) -> std::result::Result<DistinguishedName, String> {
        match (&self.subject, self.names.first()) {
            (Some(subject), _) => Ok(subject.clone()),
            (None, Some(name)) => {
                DistinguishedName::of_common_name(&name.text).map_err(|error| error.cause().to_owned())
            }
            (None, None) => Err("the owner has no name".into()),
        }
    }
}

impl Authority {
    /// Issues a certificate for a TLS server, such as the gateway, with a new key.
    ///
    /// # Errors
    /// `config` where it has no DNS name or IP address, an option is out of range, or the authority's own certificate does not
    /// allow it: names outside of its constraints, a validity beyond its own.
    pub fn issue_server(&self, options: &IssueOptions) -> Result<IssuedCertificate> {
        let is_host = |name: &SubjectAlternativeName| {
            matches!(name.kind, AlternativeNameKind::Dns | AlternativeNameKind::Ip)
        };
        if !options.names.iter().any(is_host) {
            let cause =
                "the server has neither a DNS name nor an IP address; clients do not look at the common name";
            return Err(refused("issue server certificate")(cause.into()));
        }
        self.issue_for(options, "serverAuth").map_err(refused("issue server certificate"))
    }

    /// Issues a certificate for a TLS client, such as a managed computer, with a new key.
    ///
    /// # Errors
    /// As [`issue_server`](Self::issue_server) says; a client needs a subject or a name of any kind.
    pub fn issue_client(&self, options: &IssueOptions) -> Result<IssuedCertificate> {
        self.issue_for(options, "clientAuth").map_err(refused("issue client certificate"))
    }

    fn issue_for(
        &self,
        options: &IssueOptions,
        purpose: &str,
    ) -> std::result::Result<IssuedCertificate, String> {
        let subject = options.subject()?;
        let validity = Validity::of_days(options.not_before, options.days)?;
        let purpose = ExtendedKeyUsage::parse(purpose).map_err(|error| error.to_string())?;
        let key = PrivateKey::generate(options.key).map_err(|error| error.to_string())?;
        let info = public_key_info(&key)?;
        let mut extensions = owner_extensions(&usage_of(key.kind()), &[purpose], &options.names, &subject)?;
        for (kind, value) in options.template.iter().flat_map(CertificateTemplate::to_extensions) {
            extensions.extend(extension(kind, false, &value));
        }
        let certificate = self.issue(subject.content(), validity, &info, extensions)?;
        Ok(IssuedCertificate::new(certificate, key, &self.chain))
    }

    /// Signs a draft with key identifiers and places added, and checks it against the authority's chain.
    pub(super) fn issue(
        &self,
        subject: &[u8],
        validity: Validity,
        public_key_info: &[u8],
        mut extensions: Vec<u8>,
    ) -> std::result::Result<Certificate, String> {
        let own = self.certificate();
        let validity_text = |at: OffsetDateTime| at.date().to_string();
        if validity.not_before < own.not_before() || validity.not_after > own.not_after() {
            return Err(format!(
                "it would be valid from {} to {}, and {} is from {} to {}",
                validity_text(validity.not_before),
                validity_text(validity.not_after),
                own.subject(),
                validity_text(own.not_before()),
                validity_text(own.not_after())
            ));
        }
        extensions.extend(key_ids(public_key_info, Some(&self.key_id())));
        extensions.extend(self.places.extensions()?);
        let issuer = own.part(own.layout().subject);
        let draft = Draft { issuer, subject, validity, public_key_info, extensions };
        let certificate = draft.sign(&self.private_key)?;
        self.check(&certificate)?;
        Ok(certificate)
    }

    /// Reads back what was issued: its own chain must allow it.
    fn check(&self, certificate: &Certificate) -> std::result::Result<(), String> {
        let anchors = self.chain.last().cloned().into_iter().collect();
        let mut options = VerifierOptions::new(anchors, certificate.not_before());
        options.intermediates = self.chain.clone();
        options.purpose = Purpose::Any;
        options.partial_chain = Some(true);
        options.anchor_checks = AnchorChecks { expiry: Some(false), constraints: Some(true) };
        // How the chain above was signed is not this question.
        (options.danger_allow_sha1, options.danger_allow_small_rsa) = (true, true);
        let verifier = Verifier::new(options).map_err(|error| error.cause().to_owned())?;
        let verified = verifier.verify(certificate, None);
        verified.map(|_| ()).map_err(|error| format!("its own chain does not allow it: {}", error.cause()))
    }
}

/// What the key of an owner is for: RSA may also carry a session key to it.
pub(super) fn usage_of(kind: PrivateKeyKind) -> Vec<String> {
    let all = ["digitalSignature", "keyEncipherment"];
    let count = if kind == PrivateKeyKind::Rsa { 2 } else { 1 };
    all.into_iter().take(count).map(str::to_owned).collect()
}

/// The extensions of a certificate that is none of an authority; the error is a cause.
pub(super) fn owner_extensions(
    key_usage: &[String],
    purposes: &[ExtendedKeyUsage],
    names: &[SubjectAlternativeName],
    subject: &DistinguishedName,
) -> std::result::Result<Vec<u8>, String> {
    let mut out = extension(write::BASIC_CONSTRAINTS, true, &write::basic_constraints(false, None));
    out.extend(extension(write::KEY_USAGE, true, &write::key_usage(key_usage)?));
    out.extend(extension(write::EXTENDED_KEY_USAGE, false, &write::extended_key_usage(purposes)));
    if !names.is_empty() {
        let value = write::alternative_names(names)?;
        out.extend(extension(write::ALTERNATIVE_NAMES, subject.is_empty(), &value));
    }
    Ok(out)
}
