//! Chains without a decision about trust: what belongs together, and what is missing.

use super::certificate::Certificate;
use super::path_search::missing_issuer;
use super::refusal::MissingIssuer;
use super::signature::{self, Allowed};
use super::store::{Node, Store};
use crate::limits::{PATH_CERTIFICATES_MAX, PATH_STEPS_MAX, SIGNATURES_PER_VERIFY_MAX};

/// The chain of a certificate as far as it could be put together.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Chain {
    /// The certificate, its issuer, and so on up; complete where the last one issued itself.
    pub certificates: Vec<Certificate>,
    /// What is missing above the last certificate; nothing where the chain is complete.
    pub missing: Option<MissingIssuer>,
}

impl Chain {
    /// True where the last certificate is a root.
    pub fn is_complete(&self) -> bool {
        self.missing.is_none()
    }

    /// The root, where the chain is complete.
    pub fn root(&self) -> Option<&Certificate> {
        self.certificates.last().filter(|_| self.is_complete())
    }

    /// What lies between the certificate and the root, the certificate's issuer first.
    pub fn intermediates(&self) -> &[Certificate] {
        let above = self.certificates.get(1..).unwrap_or_default();
        match above.split_last() {
            Some((_, rest)) if self.is_complete() => rest,
            _ => above,
        }
    }

    /// Every certificate above the first one as PEM text, root first: what the gateway is given as trusted.
    pub fn authorities_pem(&self) -> String {
        self.certificates.iter().skip(1).rev().map(Certificate::to_pem).collect()
    }
}

/// Puts the chain of a certificate together from certificates in any order.
///
/// Links are proven by their signatures, weak ones included; nothing is said about trust, dates or purpose, for which
/// there is [`Verifier`](super::Verifier). Where no root is among the certificates, the longest chain is given, and what
/// is missing above it. A certificate that is a root is a chain of its own.
///
/// ```
/// use cmgateway::cert::{DevelopmentPki, DevelopmentPkiOptions, build_chain};
/// use time::macros::datetime;
/// let pki = DevelopmentPki::new(&DevelopmentPkiOptions::new(datetime!(2026-01-01 00:00 UTC)))?;
/// let chain = build_chain(pki.server().certificate(), &[pki.sub_cas()[0].certificate().clone()]);
/// assert_eq!(chain.certificates.len(), 2);
/// assert_eq!(chain.missing.unwrap().subject, "CN=Contoso Root CA,O=Contoso");
/// # Ok::<(), cmgateway::Error>(())
/// ```
pub fn build_chain(leaf: &Certificate, others: &[Certificate]) -> Chain {
    let mut store = Store::default();
    others.iter().for_each(|each| store.add(each, false, 1));
    let leaf = Node::new(0, leaf.clone(), false);
    let mut walk = Walk {
        store: &store,
        seen: Vec::new(),
        longest: vec![&leaf],
        steps: PATH_STEPS_MAX,
        signatures: SIGNATURES_PER_VERIFY_MAX,
    };
    let mut path = vec![&leaf];
    let complete = walk.up(&mut path);
    let found = if complete { path } else { walk.longest };
    Chain {
        missing: found.last().filter(|_| !complete).map(|last| missing_issuer(last)),
        certificates: found.iter().map(|node| node.certificate.clone()).collect(),
    }
}

struct Walk<'a> {
    store: &'a Store,
    /// Nodes that were looked at: each one once, so that the work grows with their number only.
    seen: Vec<usize>,
    longest: Vec<&'a Node>,
    steps: usize,
    signatures: usize,
}

impl<'a> Walk<'a> {
    /// Goes up until a root is found; false where there is none this way.
    fn up(&mut self, path: &mut Vec<&'a Node>) -> bool {
        let Some(child) = path.last().copied() else { return false };
        if child.is_self_issued() && self.is_link(child, child) {
            return true;
        }
        let mut issuers: Vec<&'a Node> = self.store.of_subject(&child.issuer).collect();
        issuers.sort_by_key(|node| {
            let differs = node.subject_key_id() != child.authority_key_id();
            (differs, std::cmp::Reverse(node.certificate.not_after()))
        });
        for issuer in issuers {
            if self.steps == 0 || path.len() >= PATH_CERTIFICATES_MAX {
                return false;
            }
            self.steps = self.steps.saturating_sub(1);
            if self.seen.contains(&issuer.id)
                || path.iter().any(|node| node.is_same_authority(issuer))
                || !self.is_link(child, issuer)
            {
                continue;
            }
            self.seen.push(issuer.id);
            path.push(issuer);
            if path.len() > self.longest.len() {
                self.longest.clone_from(path);
            }
            if self.up(path) {
                return true;
            }
            path.pop();
        }
        false
    }

    fn is_link(&mut self, child: &Node, issuer: &Node) -> bool {
        if self.signatures == 0 {
            return false;
        }
        self.signatures = self.signatures.saturating_sub(1);
        let (certificate, layout) = (&child.certificate, child.certificate.layout());
        let algorithm = certificate.part(layout.signature_algorithm);
        let (message, bytes) = (certificate.part(layout.signed), certificate.part(layout.signature));
        let allowed = Allowed { sha1: true, small_rsa: true, dsa: true };
        signature::verify(issuer.key(), None, algorithm, message, bytes, allowed).is_ok()
    }
}
