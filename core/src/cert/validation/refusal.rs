//! Why a chain is refused.

use std::error::Error as StdError;
use std::fmt;

use crate::cert::certificate::Certificate;
use crate::error::{Error, ErrorKind};

macro_rules! reasons {
    ($($(#[doc = $doc:literal])+ $name:ident = $word:literal,)+) => {
        /// Why a chain is refused, as one word that is the same in Rust, Python and Lua.
        ///
        /// ```
        /// use cmgateway::cert::RefusalReason;
        /// assert_eq!(RefusalReason::UnknownIssuer.as_str(), "unknown_issuer");
        /// ```
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum RefusalReason { $($(#[doc = $doc])+ $name,)+ }

        impl RefusalReason {
            /// The word that Python and Lua use.
            pub fn as_str(self) -> &'static str {
                match self { $(RefusalReason::$name => $word,)+ }
            }
        }
    };
}

reasons! {
    /// No path leads to a trusted root: an intermediate is missing, or the root is not trusted.
    UnknownIssuer = "unknown_issuer",
    /// The certificate is no longer valid.
    Expired = "expired",
    /// The certificate is not valid yet.
    NotYetValid = "not_yet_valid",
    /// The signature was not made with the issuer's key.
    BadSignature = "bad_signature",
    /// The signature or the key is of a kind that is not supported.
    UnsupportedAlgorithm = "unsupported_algorithm",
    /// The signature uses SHA-1.
    WeakDigest = "weak_digest",
    /// The key is too small.
    WeakKey = "weak_key",
    /// An issuer is no certification authority.
    NotACa = "not_a_ca",
    /// An authority does not allow so many authorities below it.
    PathTooLong = "path_too_long",
    /// The key usage does not allow what the certificate is used for.
    WrongKeyUsage = "wrong_key_usage",
    /// The extended key usage does not allow the purpose.
    WrongPurpose = "wrong_purpose",
    /// An authority may not certify one of the names.
    NameConstraintViolation = "name_constraint_violation",
    /// No policy holds for the whole path, though one is required.
    PolicyViolation = "policy_violation",
    /// An extension is marked critical and is not understood.
    UnknownCriticalExtension = "unknown_critical_extension",
    /// An extension cannot be read.
    MalformedExtension = "malformed_extension",
    /// The certificate breaks a rule of the profile.
    ProfileViolation = "profile_violation",
    /// The certificate is not for this host name.
    NameMismatch = "name_mismatch",
    /// The certificate is revoked.
    Revoked = "revoked",
    /// No revocation list says whether the certificate is good.
    CrlMissing = "crl_missing",
    /// The only revocation lists about the certificate are over, or not yet in force.
    CrlExpired = "crl_expired",
    /// A revocation list about the certificate is not signed by whom it should be.
    CrlBadSignature = "crl_bad_signature",
    /// A revocation list about the certificate has a critical extension that is not understood.
    CrlUnusable = "crl_unusable",
    /// The certificates are so entangled that the search was given up.
    TooMuchWork = "too_much_work",
}

impl fmt::Display for RefusalReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A certificate that a chain lacks, as far as its child tells.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct MissingIssuer {
    /// The name of the missing certificate's owner, after RFC 4514.
    pub subject: String,
    /// The identifier of its key in upper-case hex, where the child says.
    pub key_id: Option<String>,
    /// Where the child says that it can be fetched; nothing is fetched by the library.
    pub urls: Vec<String>,
}

/// A refused chain: the reason, the certificate at fault, and the chain as far as it was found.
///
/// An [`Error`] of [`Verifier::verify`](super::Verifier::verify) carries it; [`Refusal::of`] takes it out again. Its
/// main parts are also in the context of the error, as `reason`, `certificate`, `thumbprint`, `depth` and `chain`, and what
/// is missing as `missing`, `missing_key_id` and `missing_url`, a line for each.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Refusal {
    /// Why.
    pub reason: RefusalReason,
    /// Which certificate: 0 is the leaf, 1 its issuer.
    pub depth: usize,
    /// The candidate chain, leaf first; where no root was found it ends earlier.
    pub chain: Vec<Certificate>,
    /// What would have to be added, where something is missing.
    pub missing: Vec<MissingIssuer>,
    pub(super) detail: String,
}

impl Refusal {
    /// The refusal that an error of the verifier carries.
    pub fn of(error: &Error) -> Option<&Refusal> {
        StdError::source(error)?.downcast_ref()
    }

    /// The certificate at fault.
    pub fn certificate(&self) -> Option<&Certificate> {
        self.chain.get(self.depth)
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.reason, self.detail)?;
        match self.certificate() {
            Some(certificate) if self.depth > 0 => {
                write!(f, " (certificate {} above the leaf, {})", self.depth, certificate.subject())
            }
            _ => Ok(()),
        }
    }
}

impl StdError for Refusal {}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        let leaf = refusal
            .chain
            .first()
            .map_or_else(|| "certificate".into(), |leaf| format!("verify certificate {}", leaf.subject()));
        let mut error = Error::new(ErrorKind::Certificate, leaf, refusal.to_string())
            .with_context("reason", refusal.reason.as_str())
            .with_context("depth", refusal.depth.to_string());
        if let Some(certificate) = refusal.certificate() {
            error = error
                .with_context("certificate", certificate.subject())
                .with_context("thumbprint", certificate.thumbprint().to_string());
        }
        let subjects: Vec<String> = refusal.chain.iter().map(Certificate::subject).collect();
        error = error.with_context("chain", subjects.join(" <- "));
        // One line for each: a context has each name once.
        let lines = |of: &dyn Fn(&MissingIssuer) -> Vec<String>| -> Vec<String> {
            refusal.missing.iter().flat_map(of).collect()
        };
        for (name, lines) in [
            ("missing", lines(&|missing| vec![missing.subject.clone()])),
            ("missing_key_id", lines(&|missing| missing.key_id.iter().cloned().collect())),
            ("missing_url", lines(&|missing| missing.urls.clone())),
        ] {
            if !lines.is_empty() {
                error = error.with_context(name, lines.join("\n"));
            }
        }
        error.with_source(refusal)
    }
}
