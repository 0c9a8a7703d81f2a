//! The trust decision: is this certificate what it says, for this purpose, at this time.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use time::OffsetDateTime;

use super::crl::Crl;
use super::host_name::HostName;
use super::path_search::{Goal, Search};
use super::policy::ANY_POLICY;
use super::store::{Node, Store};
use crate::cert::certificate::Certificate;
use crate::cert::{key_usage, oid};
use crate::error::{Error, ErrorKind, Result};
use crate::limits::LIST_SIGNATURES_REMEMBERED_MAX;

/// What the certificate is to be used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Purpose {
    /// A TLS server, such as the gateway.
    #[default]
    ServerAuth,
    /// A TLS client, such as a managed computer.
    ClientAuth,
    /// Signed and encrypted mail.
    EmailProtection,
    /// Signed programs.
    CodeSigning,
    /// Stamps that say when something was there.
    TimeStamping,
    /// Signed answers about revocation.
    OcspSigning,
    /// Anything: extended key usage is not looked at.
    Any,
}

impl Purpose {
    /// The word that Python and Lua use.
    pub fn as_str(self) -> &'static str {
        match self {
            Purpose::ServerAuth => "server_auth",
            Purpose::ClientAuth => "client_auth",
            Purpose::EmailProtection => "email_protection",
            Purpose::CodeSigning => "code_signing",
            Purpose::TimeStamping => "time_stamping",
            Purpose::OcspSigning => "ocsp_signing",
            Purpose::Any => "any",
        }
    }

    /// Every purpose.
    pub const ALL: [Purpose; 7] = [
        Purpose::ServerAuth,
        Purpose::ClientAuth,
        Purpose::EmailProtection,
        Purpose::CodeSigning,
        Purpose::TimeStamping,
        Purpose::OcspSigning,
        Purpose::Any,
    ];

    /// The object identifier in the extended key usage extension; none for [`Any`](Self::Any).
    pub fn oid(self) -> Option<&'static str> {
        Some(match self {
            Purpose::ServerAuth => "1.3.6.1.5.5.7.3.1",
            Purpose::ClientAuth => "1.3.6.1.5.5.7.3.2",
            Purpose::CodeSigning => "1.3.6.1.5.5.7.3.3",
            Purpose::EmailProtection => "1.3.6.1.5.5.7.3.4",
            Purpose::TimeStamping => "1.3.6.1.5.5.7.3.8",
            Purpose::OcspSigning => "1.3.6.1.5.5.7.3.9",
            Purpose::Any => return None,
        })
    }
}

/// How much of the standards a certificate has to keep.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Profile {
    /// What enterprise authorities issue: RFC 5280 section 6, without rules about how certificates should look.
    #[default]
    Enterprise,
    /// What browsers ask of public authorities: also the MUSTs of RFC 5280 section 4 and main rules of the CA/Browser
    /// Forum's baseline requirements.
    Strict,
}

/// Whose revocation is checked; where it is, a certificate without a list that says "good" is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum RevocationMode {
    /// Nobody's.
    #[default]
    Off,
    /// The leaf's.
    Leaf,
    /// That of every certificate below the anchor.
    Chain,
}

/// Which parts of an anchor count besides its name and key; what is not said follows the profile, of which
/// [`Strict`](Profile::Strict) checks both and [`Enterprise`](Profile::Enterprise) none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct AnchorChecks {
    /// Its dates.
    pub expiry: Option<bool>,
    /// Its basic constraints, key usage, name constraints and policies (RFC 5937).
    pub constraints: Option<bool>,
}

/// What a [`Verifier`] trusts and asks for.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct VerifierOptions {
    /// The anchors of trust; name and key count, the own signature is never checked.
    pub roots: Vec<Certificate>,
    /// Certificates that may help to find a path; they are not trusted.
    pub intermediates: Vec<Certificate>,
    /// Revocation lists, complete and delta.
    pub crls: Vec<Crl>,
    /// The moment for which to verify.
    pub at: OffsetDateTime,
    /// What the leaf is to be used for.
    pub purpose: Purpose,
    /// How much of the standards has to be kept.
    pub profile: Profile,
    /// Whose revocation is checked.
    pub revocation: RevocationMode,
    /// Which parts of an anchor count.
    pub anchor_checks: AnchorChecks,
    /// Trusts certificates of `roots` that are no roots, such as a single issuing authority; what is not said follows
    /// the profile, of which only [`Strict`](Profile::Strict) does.
    pub partial_chain: Option<bool>,
    /// Further purposes that the whole chain must allow, as object identifiers of extended key usages.
    pub extended_key_usage: Vec<String>,
    /// What the leaf's key must be allowed to do, in the words of RFC 5280 (`digitalSignature`); a leaf that does not
    /// say allows everything.
    pub key_usage: Vec<String>,
    /// The most certificates between leaf and anchor.
    pub max_intermediates: Option<usize>,
    /// The policies that are accepted, as object identifiers (user-initial-policy-set); empty accepts every one.
    pub policies: Vec<String>,
    /// Asks for a policy that holds for the whole path (initial-explicit-policy).
    pub require_explicit_policy: bool,
    /// Takes no notice of policy mappings (initial-policy-mapping-inhibit).
    pub inhibit_policy_mapping: bool,
    /// Takes anyPolicy for no policy (initial-any-policy-inhibit).
    pub inhibit_any_policy: bool,
    /// Accepts signatures with SHA-1 below the anchor, which can be forged.
    pub danger_allow_sha1: bool,
    /// Accepts RSA keys below 2048 bits, which can be broken.
    pub danger_allow_small_rsa: bool,
    /// Accepts DSA, with SHA-1 too: withdrawn, and left in archives only.
    pub danger_allow_dsa: bool,
    /// Takes the common name for a host name where the certificate has no alternative name of that kind.
    pub danger_common_name_fallback: bool,
    /// Takes a certificate for good where no usable revocation list speaks about it.
    pub danger_accept_missing_crl: bool,
}

impl VerifierOptions {
    /// Trusts these roots at this moment: enterprise profile, server certificates, no revocation.
    pub fn new(roots: Vec<Certificate>, at: OffsetDateTime) -> Self {
        VerifierOptions {
            roots,
            intermediates: Vec::new(),
            crls: Vec::new(),
            at,
            purpose: Purpose::default(),
            profile: Profile::default(),
            revocation: RevocationMode::default(),
            anchor_checks: AnchorChecks::default(),
            partial_chain: None,
            extended_key_usage: Vec::new(),
            key_usage: Vec::new(),
            max_intermediates: None,
            policies: Vec::new(),
            require_explicit_policy: false,
            inhibit_policy_mapping: false,
            inhibit_any_policy: false,
            danger_allow_sha1: false,
            danger_allow_small_rsa: false,
            danger_allow_dsa: false,
            danger_common_name_fallback: false,
            danger_accept_missing_crl: false,
        }
    }
}

impl VerifierOptions {
    /// True where an anchor's own dates count.
    pub fn checks_anchor_expiry(&self) -> bool {
        self.anchor_checks.expiry.unwrap_or(self.profile == Profile::Strict)
    }

    /// True where an anchor's own constraints count.
    pub fn checks_anchor_constraints(&self) -> bool {
        self.anchor_checks.constraints.unwrap_or(self.profile == Profile::Strict)
    }

    /// True where an anchor need not be a root.
    pub fn trusts_partial_chains(&self) -> bool {
        self.partial_chain.unwrap_or(self.profile == Profile::Strict)
    }
}

/// Decides whether certificates are trusted, after RFC 5280 section 6.
///
/// Made once and asked often: the roots and intermediates are indexed when it is made. It reads no clock and no network.
///
/// ```
/// use cmgateway::cert::{DevelopmentPki, DevelopmentPkiOptions, Refusal, RefusalReason, Verifier, VerifierOptions};
/// use time::{Duration, macros::datetime};
/// let start = datetime!(2026-01-01 00:00 UTC);
/// let pki = DevelopmentPki::new(&DevelopmentPkiOptions::new(start))?;
/// let roots = vec![pki.root().certificate().clone()];
/// let mut options = VerifierOptions::new(roots, start + Duration::DAY);
/// options.intermediates = pki.sub_cas().iter().map(|each| each.certificate().clone()).collect();
/// let verifier = Verifier::new(options)?;
/// let chain = verifier.verify(pki.server().certificate(), Some("localhost"))?;
/// assert_eq!(chain.certificates().len(), 3);
///
/// let error = verifier.verify(pki.server().certificate(), Some("gw.contoso.com")).unwrap_err();
/// assert_eq!(Refusal::of(&error).map(|refusal| refusal.reason), Some(RefusalReason::NameMismatch));
/// # Ok::<(), cmgateway::Error>(())
/// ```
pub struct Verifier {
    pub(super) options: VerifierOptions,
    pub(super) store: Store,
    pub(super) policies: Vec<Vec<u8>>,
    /// Object identifiers of the purposes that the chain must allow; none where every purpose will do.
    pub(super) purposes: Vec<Vec<u8>>,
    /// The bits that the leaf's key usage must have.
    pub(super) key_usage: u16,
    /// Revocation lists, by number, and the keys that are known to have signed them: a list is large.
    proven_lists: Mutex<HashSet<(usize, Vec<u8>)>>,
}

impl Verifier {
    /// Takes the options.
    ///
    /// # Errors
    /// `config` where a policy or an extended key usage is no object identifier, or a key usage is none.
    pub fn new(options: VerifierOptions) -> Result<Self> {
        let refuse = |cause| Error::new(ErrorKind::Config, "make verifier", cause);
        let encode = |text: &String| {
            oid::encode(text).ok_or_else(|| refuse(format!("{text:?} is no object identifier")))
        };
        let mut policies = options.policies.iter().map(encode).collect::<Result<Vec<_>>>()?;
        let further = options.extended_key_usage.iter().map(encode).collect::<Result<Vec<_>>>()?;
        let own = options.purpose.oid().and_then(oid::encode);
        let purposes = own.into_iter().chain(further).collect();
        let mut key_usage = 0;
        for name in &options.key_usage {
            key_usage |= key_usage::bit(name)
                .ok_or_else(|| refuse(format!("{name:?} is no key usage such as digitalSignature")))?;
        }
        if policies.is_empty() {
            policies.push(ANY_POLICY.to_vec());
        }
        let mut store = Store::default();
        for root in &options.roots {
            let trusted =
                options.trusts_partial_chains() || Node::new(0, root.clone(), true).is_self_issued();
            store.add(root, trusted, 1);
        }
        options.intermediates.iter().for_each(|each| store.add(each, false, 1));
        Ok(Verifier { options, store, policies, purposes, key_usage, proven_lists: Mutex::default() })
    }

    pub(super) fn is_proven_list(&self, number: usize, key: &[u8]) -> bool {
        let proven = self.proven_lists.lock().unwrap_or_else(PoisonError::into_inner);
        proven.contains(&(number, key.to_vec()))
    }

    /// Only signatures that hold are remembered: those are as few as the lists, whatever peers send.
    pub(super) fn remember_proven_list(&self, number: usize, key: &[u8]) {
        let mut proven = self.proven_lists.lock().unwrap_or_else(PoisonError::into_inner);
        if proven.len() < LIST_SIGNATURES_REMEMBERED_MAX {
            proven.insert((number, key.to_vec()));
        }
    }

    /// What the verifier was made from.
    pub fn options(&self) -> &VerifierOptions {
        &self.options
    }

    /// Verifies a certificate, and that it is for the given name: a DNS name, an IP address or a mail address.
    ///
    /// # Errors
    /// `certificate` where it is refused; [`Refusal::of`](super::Refusal::of) gives the reason, the certificate at fault and the chain.
    /// `config` where the name is neither a DNS name nor an address of either kind.
    pub fn verify(&self, leaf: &Certificate, name: Option<&str>) -> Result<VerifiedChain> {
        self.verify_with(leaf, &[], name, self.options.at)
    }

    /// Verifies as [`verify`](Self::verify) does, with further intermediates and at another moment: what a TLS
    /// connection needs, whose peer sends its chain.
    ///
    /// # Errors
    /// As [`verify`](Self::verify).
    pub fn verify_with(
        &self,
        leaf: &Certificate,
        intermediates: &[Certificate],
        name: Option<&str>,
        at: OffsetDateTime,
    ) -> Result<VerifiedChain> {
        // Certificates know whole seconds, both ends included: RFC 5280, 4.1.2.5.
        let at = at.replace_nanosecond(0).unwrap_or(at);
        let host = name.map(|name| {
            HostName::parse(name)
                .map_err(|cause| Error::new(ErrorKind::Config, format!("verify host name {name:?}"), cause))
        });
        let host = host.transpose()?;
        let mut extra = Store::default();
        let offset = self.store.nodes.len().saturating_add(1);
        intermediates.iter().for_each(|each| extra.add(each, false, offset));
        let leaf = Node::new(0, leaf.clone(), false);
        let mut search = Search::new(self, &extra, at);
        let found = search
            .find(&leaf, &Goal::Target { host: host.as_ref(), name })
            .map_err(|refusal| Error::from(*refusal))?;
        Ok(VerifiedChain {
            certificates: found.path.iter().map(|node| node.certificate.clone()).collect(),
            policies: found.policies.iter().map(|policy| crate::cert::der::Oid(policy).to_string()).collect(),
        })
    }
}

/// A chain that was accepted: the leaf, every intermediate, the anchor.
#[derive(Clone, Debug)]
pub struct VerifiedChain {
    certificates: Vec<Certificate>,
    policies: Vec<String>,
}

impl VerifiedChain {
    /// Every certificate, leaf first, anchor last.
    pub fn certificates(&self) -> &[Certificate] {
        &self.certificates
    }

    /// The anchor.
    pub fn root(&self) -> Option<&Certificate> {
        self.certificates.last()
    }

    /// What lies between the leaf and the anchor, the leaf's issuer first.
    pub fn intermediates(&self) -> &[Certificate] {
        let end = self.certificates.len().saturating_sub(1);
        self.certificates.get(1..end).unwrap_or_default()
    }

    /// The policies that hold for the whole chain and were accepted, as object identifiers (RFC 5280, 6.1.5).
    pub fn policies(&self) -> &[String] {
        &self.policies
    }

    /// The root and every intermediate as PEM text, root first, as the console of Configuration Manager takes them.
    pub fn authorities_pem(&self) -> String {
        self.certificates.iter().skip(1).rev().map(Certificate::to_pem).collect()
    }
}
