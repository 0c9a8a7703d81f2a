//! The search for a path from a certificate to an anchor, bounded in every direction (RFC 4158).

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet, VecDeque};

use time::OffsetDateTime;

use super::constraints::{hex, issuer_urls};
use super::host_name::HostName;
use super::refusal::{MissingIssuer, Refusal, RefusalReason};
use super::signature::{self, Allowed, SignatureFault};
use super::store::{Node, Store};
use super::verifier::Verifier;
use crate::cert::name;
use crate::limits::{
    NAME_CONSTRAINT_COMPARISONS_MAX, PATH_CERTIFICATES_MAX, PATH_STEPS_MAX, PATHS_VALIDATED_MAX,
    REVOCATION_STEPS_MAX, SIGNATURES_PER_VERIFY_MAX,
};

/// Fewer intermediates than this need no map of where they lead.
const FEW: usize = 4;

/// What a path is looked for.
pub(super) enum Goal<'a> {
    /// The certificate in question, for a host where there is a name.
    Target { host: Option<&'a HostName>, name: Option<&'a str> },
    /// The signer of a revocation list, below the same anchor, this deep in the search for signers.
    ListSigner { anchor: &'a Node, depth: usize },
}

/// A path that holds, leaf first.
pub(super) struct Found<'a> {
    pub(super) path: Vec<&'a Node>,
    pub(super) policies: Vec<Vec<u8>>,
}

/// Refusals are large and rare.
pub(super) type Refused = Box<Refusal>;

/// What is left of the work that one verification may cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Budget {
    pub(super) steps: usize,
    pub(super) paths: usize,
    pub(super) signatures: usize,
    pub(super) comparisons: usize,
    pub(super) revocation: usize,
}

impl Budget {
    pub(super) const WHOLE: Budget = Budget {
        steps: PATH_STEPS_MAX,
        paths: PATHS_VALIDATED_MAX,
        signatures: SIGNATURES_PER_VERIFY_MAX,
        comparisons: NAME_CONSTRAINT_COMPARISONS_MAX,
        revocation: REVOCATION_STEPS_MAX,
    };
}

/// One verification: what it looks at, what it has found out, and what it may still spend.
pub(super) struct Search<'a> {
    pub(super) verifier: &'a Verifier,
    pub(super) extra: &'a Store,
    pub(super) at: OffsetDateTime,
    pub(super) budget: Budget,
    /// Signatures that were checked: child and issuer.
    signatures: HashMap<(usize, usize), Result<(), SignatureFault>>,
    /// Signatures of revocation lists: number of the list and signer.
    pub(super) list_signatures: HashMap<(usize, usize), bool>,
}

/// The state of one search from one certificate.
struct Walk<'a, 'g> {
    goal: &'g Goal<'a>,
    path: Vec<&'a Node>,
    /// Names from which an anchor can be reached and how far it is, where that was worth finding out.
    distances: Option<HashMap<&'a [u8], usize>>,
    best: Option<(u8, Refused)>,
}

/// How a branch of the search ended.
enum Branch<'a> {
    Found(Found<'a>),
    Nothing,
    /// No other path would change the answer, or the budget is spent.
    Stop,
}

// How telling a refusal is: what failed with a complete path says more than where a path ended.
const DEAD_END: u8 = 0;
const BAD_LINK: u8 = 1;
const COMPLETE: u8 = 2;
const FINAL: u8 = 3;

impl<'a> Search<'a> {
    pub(super) fn new(verifier: &'a Verifier, extra: &'a Store, at: OffsetDateTime) -> Self {
        let (signatures, list_signatures) = (HashMap::new(), HashMap::new());
        Search { verifier, extra, at, budget: Budget::WHOLE, signatures, list_signatures }
    }

    /// Finds a path that holds, or says what is wrong with the most promising one.
    pub(super) fn find<'n>(&mut self, target: &'n Node, goal: &Goal<'n>) -> Result<Found<'n>, Refused>
    where
        'a: 'n,
    {
        let mut walk = Walk { goal, path: vec![target], distances: self.distances(), best: None };
        if let Some(found) = self.trusted_itself(target, &mut walk) {
            return Ok(found);
        }
        match self.extend(&mut walk) {
            Branch::Found(found) => Ok(found),
            Branch::Nothing | Branch::Stop => match walk.best {
                Some((rank, refusal)) if rank > DEAD_END => Err(refusal),
                _ => Err(self.unknown_issuer(target)),
            },
        }
    }

    /// A certificate that is an anchor itself; browsers do not know such a thing.
    fn trusted_itself<'n>(&mut self, target: &'n Node, walk: &mut Walk<'n, '_>) -> Option<Found<'n>>
    where
        'a: 'n,
    {
        let anchor = self
            .of_subject(&target.subject)
            .find(|node| node.is_anchor && node.certificate == target.certificate);
        let strict = self.verifier.options.profile == super::Profile::Strict;
        if anchor.is_none() || strict || matches!(walk.goal, Goal::ListSigner { .. }) {
            return None;
        }
        match self.validate(&walk.path, walk.goal) {
            Ok(policies) => Some(Found { path: walk.path.clone(), policies }),
            Err(refusal) => {
                walk.note(COMPLETE, refusal);
                None
            }
        }
    }

    pub(super) fn of_subject(&self, subject: &[u8]) -> impl Iterator<Item = &'a Node> + use<'a> {
        let own: Vec<&'a Node> =
            self.verifier.store.of_subject(subject).chain(self.extra.of_subject(subject)).collect();
        own.into_iter()
    }

    /// Issuers that a certificate may have, the most promising first.
    fn candidates(&self, child: &Node, distances: Option<&HashMap<&[u8], usize>>) -> Vec<&'a Node> {
        let mut out: Vec<&'a Node> = self.of_subject(&child.issuer).collect();
        if out.len() > 1 {
            let at = self.at;
            out.sort_by_key(|node| {
                let key = match (child.authority_key_id(), node.subject_key_id()) {
                    (Some(wanted), Some(id)) if wanted == id => 0_u8,
                    (Some(_), Some(_)) => 2,
                    _ => 1,
                };
                let invalid = !node.certificate.is_valid_at(at);
                let distance = distances.and_then(|distances| distances.get(&*node.issuer)).copied();
                (key, !node.is_anchor, invalid, distance, std::cmp::Reverse(node.certificate.not_before()))
            });
        }
        out
    }

    fn extend<'n>(&mut self, walk: &mut Walk<'n, '_>) -> Branch<'n>
    where
        'a: 'n,
    {
        let Some(child) = walk.path.last().copied() else { return Branch::Nothing };
        for issuer in self.candidates(child, walk.distances.as_ref()) {
            let Some(left) = self.budget.steps.checked_sub(1) else {
                return stop(walk, &format!("more than {PATH_STEPS_MAX} candidate issuers"));
            };
            self.budget.steps = left;
            // Nothing is gained by an authority that certifies itself in a circle.
            let again = |node: &&Node| match issuer.is_anchor {
                true => node.certificate == issuer.certificate,
                false => node.is_same_authority(issuer),
            };
            if walk.path.iter().any(again) {
                continue;
            }
            if matches!(self.signatures.get(&(child.id, issuer.id)), Some(Err(_))) {
                continue;
            }
            let branch =
                if issuer.is_anchor { self.complete(walk, issuer) } else { self.descend(walk, issuer) };
            match branch {
                Branch::Nothing => {}
                other => return other,
            }
            // Further up it turned out that a link below does not hold: nothing above it matters.
            if self.is_broken(&walk.path) {
                return Branch::Nothing;
            }
        }
        Branch::Nothing
    }

    fn descend<'n>(&mut self, walk: &mut Walk<'n, '_>, issuer: &'n Node) -> Branch<'n>
    where
        'a: 'n,
    {
        if walk.distances.as_ref().is_some_and(|names| !names.contains_key(&*issuer.issuer)) {
            return Branch::Nothing;
        }
        walk.path.push(issuer);
        let depth = walk.path.len().saturating_sub(1);
        // The leaf is one of the path, and an anchor is still to come.
        let room = self.verifier.options.max_intermediates.unwrap_or(usize::MAX);
        let fault = if walk.path.len() >= PATH_CERTIFICATES_MAX {
            Some((RefusalReason::PathTooLong, format!("more than {PATH_CERTIFICATES_MAX} certificates")))
        } else if walk.path.len().saturating_sub(1) > room && matches!(walk.goal, Goal::Target { .. }) {
            Some((RefusalReason::PathTooLong, format!("more than {room} certificates below the anchor")))
        } else {
            super::certificate_rules::authority_fault(issuer, self.at)
        };
        let branch = match fault {
            Some((reason, detail)) => {
                walk.note(BAD_LINK, refuse(reason, detail, depth, &walk.path));
                Branch::Nothing
            }
            None => self.extend(walk),
        };
        walk.path.pop();
        branch
    }

    /// The path has reached an anchor: checks every signature, then everything else.
    fn complete<'n>(&mut self, walk: &mut Walk<'n, '_>, anchor: &'n Node) -> Branch<'n>
    where
        'a: 'n,
    {
        if let Goal::ListSigner { anchor: wanted, .. } = walk.goal
            && !anchor.is_same_authority(wanted)
        {
            return Branch::Nothing;
        }
        let Some(left) = self.budget.paths.checked_sub(1) else {
            return stop(walk, &format!("more than {PATHS_VALIDATED_MAX} paths"));
        };
        self.budget.paths = left;
        walk.path.push(anchor);
        let result = self.check_signatures(&walk.path);
        let branch = match result {
            Err(refusal) => {
                let stop = refusal.reason == RefusalReason::TooMuchWork;
                walk.note(if stop { FINAL } else { BAD_LINK }, refusal);
                if stop { Branch::Stop } else { Branch::Nothing }
            }
            Ok(()) => match self.validate(&walk.path, walk.goal) {
                Ok(policies) => Branch::Found(Found { path: walk.path.clone(), policies }),
                Err(refusal) => {
                    // What is wrong with the leaf alone is wrong with it on every path.
                    let alone = refusal.depth == 0 && is_about_leaf_alone(refusal.reason);
                    let stop = refusal.reason == RefusalReason::TooMuchWork || alone;
                    walk.note(if stop { FINAL } else { COMPLETE }, refusal);
                    if stop { Branch::Stop } else { Branch::Nothing }
                }
            },
        };
        walk.path.pop();
        branch
    }

    fn is_broken(&self, path: &[&Node]) -> bool {
        let mut links = path.iter().zip(path.iter().skip(1));
        links.any(|(child, issuer)| matches!(self.signatures.get(&(child.id, issuer.id)), Some(Err(_))))
    }

    fn check_signatures(&mut self, path: &[&Node]) -> Result<(), Refused> {
        for (depth, (child, issuer)) in path.iter().zip(path.iter().skip(1)).enumerate() {
            let key = (child.id, issuer.id);
            let checked = match self.signatures.get(&key) {
                Some(known) => known.clone(),
                None => {
                    if !self.spend_signature() {
                        let detail = format!("more than {SIGNATURES_PER_VERIFY_MAX} signatures");
                        return Err(refuse(RefusalReason::TooMuchWork, detail, depth, path));
                    }
                    let checked =
                        self.check_signature(child, issuer, inherited(path.get(depth.saturating_add(2)..)));
                    // What a DSA key means depends on the authorities above it: true for this path only.
                    if !self.verifier.options.danger_allow_dsa {
                        self.signatures.insert(key, checked.clone());
                    }
                    checked
                }
            };
            checked.map_err(|fault| {
                let (reason, detail) = describe(fault);
                refuse(reason, detail, depth, path)
            })?;
        }
        Ok(())
    }

    pub(super) fn spend_signature(&mut self) -> bool {
        let left = self.budget.signatures.checked_sub(1);
        self.budget.signatures = left.unwrap_or(0);
        left.is_some()
    }

    pub(super) fn allowed(&self) -> Allowed {
        let options = &self.verifier.options;
        Allowed {
            sha1: options.danger_allow_sha1,
            small_rsa: options.danger_allow_small_rsa,
            dsa: options.danger_allow_dsa,
        }
    }

    fn check_signature(
        &self,
        child: &Node,
        issuer: &Node,
        inherited: Option<&[u8]>,
    ) -> Result<(), SignatureFault> {
        let (certificate, layout) = (&child.certificate, child.certificate.layout());
        let algorithm = certificate.part(layout.signature_algorithm);
        // RFC 5280, 4.1.1.2: the signed and the unsigned place name the same algorithm.
        if algorithm != certificate.part(layout.inner_algorithm) {
            return Err(SignatureFault::Bad);
        }
        let (message, bytes) = (certificate.part(layout.signed), certificate.part(layout.signature));
        signature::verify(issuer.key(), inherited, algorithm, message, bytes, self.allowed())
    }

    /// How far above each name an anchor is, so that short paths come first and a mesh without a way out is not
    /// walked at all.
    fn distances<'n>(&self) -> Option<HashMap<&'n [u8], usize>>
    where
        'a: 'n,
    {
        let (store, extra) = (&self.verifier.store, self.extra);
        let all = || store.nodes.iter().chain(&extra.nodes);
        if all().filter(|node| !node.is_anchor).count() <= FEW {
            return None;
        }
        let mut distances: HashMap<&'n [u8], usize> = HashMap::new();
        let anchors = all().filter(|node| node.is_anchor);
        let mut queue: VecDeque<(&'n [u8], usize)> = anchors.map(|node| (&*node.subject, 0)).collect();
        while let Some((name, distance)) = queue.pop_front() {
            // Each name is looked at once, so this ends after as many steps as there are certificates.
            if let Entry::Vacant(place) = distances.entry(name) {
                place.insert(distance);
                let below = store.of_issuer(name).chain(extra.of_issuer(name));
                queue.extend(below.map(|node| (&*node.subject, distance.saturating_add(1))));
            }
        }
        Some(distances)
    }

    /// Says where every way up ends.
    fn unknown_issuer(&self, target: &Node) -> Refused {
        let mut parents: HashMap<usize, &Node> = HashMap::new();
        let mut seen: HashSet<(&[u8], &[u8])> = HashSet::new();
        let (mut queue, mut missing, mut last) = (VecDeque::from([target]), Vec::new(), target);
        while let Some(node) = queue.pop_front() {
            let mut any = false;
            for issuer in self.candidates(node, None) {
                any |= issuer.id != node.id;
                if seen.insert((&issuer.subject, &issuer.issuer)) && issuer.subject != target.subject {
                    parents.insert(issuer.id, node);
                    queue.push_back(issuer);
                }
            }
            if !any || node.is_self_issued() {
                last = node;
                if missing.len() < PATH_CERTIFICATES_MAX {
                    missing.push(missing_issuer(node));
                }
            }
        }
        let mut chain = vec![last.certificate.clone()];
        while let Some(parent) =
            chain.len().lt(&PATH_CERTIFICATES_MAX).then(|| parents.get(&last.id)).flatten()
        {
            chain.push(parent.certificate.clone());
            last = parent;
        }
        chain.reverse();
        let detail = match missing.last() {
            Some(issuer) => format!("no trusted certificate of {} is there", issuer.subject),
            None => "the certificates lead in a circle, not to a trusted root".into(),
        };
        let depth = chain.len().saturating_sub(1);
        Box::new(Refusal { reason: RefusalReason::UnknownIssuer, depth, chain, missing, detail })
    }
}

/// Gives up: what the most promising path lacked is told, but another one may be right.
fn stop<'n>(walk: &mut Walk<'n, '_>, spent: &str) -> Branch<'n> {
    let mut detail = format!("the search for a path was given up after {spent}");
    let refused = match walk.best.take() {
        Some((_, best)) => {
            detail = format!("{detail}; the best one was refused: {}: {}", best.reason, best.detail);
            Box::new(Refusal { reason: RefusalReason::TooMuchWork, detail, ..*best })
        }
        None => refuse(RefusalReason::TooMuchWork, detail, 0, &walk.path),
    };
    walk.note(FINAL, refused);
    Branch::Stop
}

impl Walk<'_, '_> {
    fn note(&mut self, rank: u8, refusal: Refused) {
        if self.best.as_ref().is_none_or(|(best, _)| *best < rank) {
            self.best = Some((rank, refusal));
        }
    }
}

/// The parameters that a DSA key without its own takes from the authorities above it, the nearest first.
pub(super) fn inherited<'n>(above: Option<&[&'n Node]>) -> Option<&'n [u8]> {
    above?.iter().find_map(|node| signature::dsa_parameters(node.key()))
}

fn is_about_leaf_alone(reason: RefusalReason) -> bool {
    use RefusalReason as R;
    matches!(
        reason,
        R::Expired
            | R::NotYetValid
            | R::WrongPurpose
            | R::WrongKeyUsage
            | R::NameMismatch
            | R::MalformedExtension
            | R::UnknownCriticalExtension
            | R::ProfileViolation
    )
}

/// What a certificate says about the issuer that is not there.
pub(super) fn missing_issuer(child: &Node) -> MissingIssuer {
    let certificate = &child.certificate;
    MissingIssuer {
        subject: name::text(certificate.part(certificate.layout().issuer)),
        key_id: child.authority_key_id().map(hex),
        urls: issuer_urls(certificate),
    }
}

pub(super) fn refuse(reason: RefusalReason, detail: String, depth: usize, path: &[&Node]) -> Refused {
    let chain = path.iter().map(|node| node.certificate.clone()).collect();
    Box::new(Refusal { reason, depth, chain, missing: Vec::new(), detail })
}

pub(super) fn describe(fault: SignatureFault) -> (RefusalReason, String) {
    match fault {
        SignatureFault::Bad => (RefusalReason::BadSignature, "its issuer's key did not sign it".into()),
        SignatureFault::Unsupported(what) => {
            (RefusalReason::UnsupportedAlgorithm, format!("{what} is not supported"))
        }
        SignatureFault::WeakDigest => (RefusalReason::WeakDigest, "its signature uses SHA-1".into()),
        SignatureFault::WeakKey(bits) => {
            (RefusalReason::WeakKey, format!("it is signed with an RSA key of {bits} bits"))
        }
    }
}
