//! Whether a certificate of a path is revoked: RFC 5280 section 6.3.

use super::certificate_rules::{CRL_SIGN, Fault};
use super::constraints::Constraints;
use super::crl::Crl;
use super::extension::{DIRECTORY_NAME, DistributionPoint, canonical_names, directory_names};
use super::path_search::{Goal, Search, inherited};
use super::refusal::RefusalReason;
use super::revocation_reason::{Revocation, RevocationReason};
use super::store::Node;
use super::verifier::Profile;
use super::{signature, strict_profile};
use crate::limits::{LIST_WITHOUT_NEXT_UPDATE_MAX, REVOCATION_SIGNER_DEPTH_MAX};

/// Every reason that a list can be for: RFC 5280, 4.2.1.13, without the unused first bit.
const ALL_REASONS: u16 = 0x7f80;

/// The certificate in question and where it stands.
struct Question<'q, 'n> {
    path: &'q [&'n Node],
    node: &'n Node,
    issuer: &'n Node,
    anchor: &'n Node,
    signer_depth: usize,
}

impl<'a> Search<'a> {
    /// Says nothing where the certificate is good, and why not otherwise.
    pub(super) fn revocation_status(
        &mut self,
        path: &[&Node],
        own: &Constraints<'_>,
        depth: usize,
        signer_depth: usize,
    ) -> Result<(), Fault> {
        let (Some(node), Some(issuer), Some(anchor)) =
            (path.get(depth), path.get(depth.saturating_add(1)), path.last())
        else {
            return Ok(());
        };
        let question = Question { path, node, issuer, anchor, signer_depth };
        let mut covered = 0;
        let mut fault = (RefusalReason::CrlMissing, "no revocation list speaks about it".to_owned());
        // Where the certificate says at every point that another authority tells, its own issuer does not.
        let own_issuer = own.distribution_points.is_empty()
            || own.distribution_points.iter().any(|point| point.crl_issuer.is_none());
        for point in own.distribution_points.iter().map(Some).chain(own_issuer.then_some(None)) {
            self.consult(&question, point, &mut covered, &mut fault)?;
            if covered == ALL_REASONS {
                return Ok(());
            }
        }
        if covered != 0 && fault.0 == RefusalReason::CrlMissing {
            fault.1 = "the revocation lists do not cover every reason".into();
        }
        Err(fault)
    }

    /// Asks every list that speaks for one distribution point; no point stands for the issuer itself.
    fn consult(
        &mut self,
        question: &Question<'_, '_>,
        point: Option<&DistributionPoint<'_>>,
        covered: &mut u16,
        fault: &mut Fault,
    ) -> Result<(), Fault> {
        let verifier = self.verifier;
        let mut lists: Vec<(usize, &Crl)> = verifier
            .options
            .crls
            .iter()
            .enumerate()
            .filter(|(_, list)| !list.is_delta() && speaks_for(list, question.node, point))
            .collect();
        // The newest counts: an older one may still hold what was put on hold since.
        lists.sort_by_key(|(_, list)| std::cmp::Reverse(list.this_update()));
        for (number, list) in lists {
            self.spend()?;
            let reasons = |mask: Option<u16>| mask.map_or(ALL_REASONS, |mask| mask & ALL_REASONS);
            let own = reasons(list.scope().reasons) & reasons(point.and_then(|point| point.reasons));
            if own & !*covered == 0 {
                continue;
            }
            if let Some(problem) = self.list_fault(list) {
                *fault = problem;
                continue;
            }
            let Some(signer) = self.signer_of(question, number, list) else {
                *fault = (
                    RefusalReason::CrlBadSignature,
                    "its revocation list is not signed by its issuer".into(),
                );
                continue;
            };
            if let Some(revocation) = self.look_up(question, list, signer) {
                let (reason, date) = (revocation.reason.as_str(), revocation.date);
                return Err((RefusalReason::Revoked, format!("it was revoked on {date}, reason {reason}")));
            }
            *covered |= own;
            if *covered == ALL_REASONS {
                break;
            }
        }
        Ok(())
    }

    fn spend(&mut self) -> Result<(), Fault> {
        match self.budget.revocation.checked_sub(1) {
            Some(left) => self.budget.revocation = left,
            None => return Err((RefusalReason::TooMuchWork, "too many revocation lists were tried".into())),
        }
        Ok(())
    }

    /// What makes a list unusable whoever signed it.
    fn list_fault(&self, list: &Crl) -> Option<Fault> {
        if list.has_unknown_critical() {
            let detail = "its revocation list has a critical extension that is not understood";
            return Some((RefusalReason::CrlUnusable, detail.into()));
        }
        if list.has_empty_entries() {
            let detail = "its revocation list has a list of entries without an entry";
            return Some((RefusalReason::CrlUnusable, detail.into()));
        }
        if self.verifier.options.profile == Profile::Strict
            && let Some(detail) = strict_profile::list_fault(list)
        {
            return Some((RefusalReason::CrlUnusable, format!("its revocation list {detail}")));
        }
        // RFC 5280, 5.1.2.5: the next update must be there; without it a list would count for ever, so that it counts
        // as long as a weekly list would.
        let strict = self.verifier.options.profile == Profile::Strict;
        let assumed = (!strict).then(|| list.this_update() + LIST_WITHOUT_NEXT_UPDATE_MAX);
        match list.next_update().or(assumed) {
            Some(next) if list.this_update() <= self.at && self.at <= next => None,
            Some(next) => {
                let detail = format!("its revocation list is for {} to {next}", list.this_update());
                Some((RefusalReason::CrlExpired, detail))
            }
            None => Some((RefusalReason::CrlUnusable, "its revocation list has no next update".into())),
        }
    }

    /// What the list, with the newest delta to it, says.
    fn look_up(&mut self, question: &Question<'_, '_>, base: &Crl, signer: &Node) -> Option<Revocation> {
        let certificate = &question.node.certificate;
        let serial = certificate.part(certificate.layout().serial);
        let verifier = self.verifier;
        let mut deltas: Vec<(usize, &Crl)> =
            verifier.options.crls.iter().enumerate().filter(|(_, list)| is_delta_of(list, base)).collect();
        deltas.sort_by_key(|(_, list)| std::cmp::Reverse(list.this_update()));
        for (number, delta) in deltas {
            self.spend().ok()?;
            if self.list_fault(delta).is_some() || !self.is_signed_by(question, number, delta, signer) {
                continue;
            }
            match delta.lookup(&question.node.issuer, serial) {
                Some(Revocation { reason: RevocationReason::RemoveFromCrl, .. }) => return None,
                Some(revocation) => return Some(revocation),
                None => break,
            }
        }
        base.lookup(&question.node.issuer, serial)
            .filter(|revocation| revocation.reason != RevocationReason::RemoveFromCrl)
    }

    /// The certificate whose key signed the list and may do so: 6.3.3 (f) and (g).
    fn signer_of<'n>(&mut self, question: &Question<'_, 'n>, number: usize, list: &Crl) -> Option<&'n Node>
    where
        'a: 'n,
    {
        let issuer = question.issuer;
        if list.issuer_name() == issuer.subject
            && Self::may_sign(issuer)
            && self.is_signed_by(question, number, list, issuer)
        {
            return Some(issuer);
        }
        if question.signer_depth >= REVOCATION_SIGNER_DEPTH_MAX {
            return None;
        }
        let mut candidates: Vec<&'n Node> =
            self.of_subject(list.issuer_name()).map(|node| -> &'n Node { node }).collect();
        candidates.sort_by_key(|node| node.subject_key_id() != list.key_id());
        for node in candidates {
            self.spend().ok()?;
            // The status of a certificate is not for itself to tell.
            if node.certificate == question.node.certificate || !Self::may_sign(node) {
                continue;
            }
            if self.is_signed_by(question, number, list, node) && self.is_trusted_signer(question, node) {
                return Some(node);
            }
        }
        None
    }

    /// RFC 5280, 6.3.3 (f): the signer's path ends at the anchor of the certificate in question.
    fn is_trusted_signer(&mut self, question: &Question<'_, '_>, signer: &Node) -> bool {
        if signer.is_anchor {
            // An authority whose key was renewed is trusted under each of its keys.
            return signer.subject == question.anchor.subject;
        }
        if question.path.iter().skip(1).any(|node| node.id == signer.id) {
            return true;
        }
        let depth = question.signer_depth.saturating_add(1);
        let goal = Goal::ListSigner { anchor: question.anchor, depth };
        self.find(signer, &goal).is_ok()
    }

    /// Counts for anchors too: a key that may not sign lists has not signed this one for the authority.
    fn may_sign(node: &Node) -> bool {
        node.certificate.layout().extensions.key_usage.is_none_or(|usage| usage & CRL_SIGN != 0)
    }

    fn is_signed_by(
        &mut self,
        question: &Question<'_, '_>,
        number: usize,
        list: &Crl,
        signer: &Node,
    ) -> bool {
        if let Some(known) = self.list_signatures.get(&(number, signer.id)) {
            return *known;
        }
        // What a DSA key means depends on the authorities above it, so nothing is remembered then.
        let may_remember = !self.verifier.options.danger_allow_dsa;
        if may_remember && self.verifier.is_proven_list(number, signer.key()) {
            return true;
        }
        let (message, inner, algorithm, bytes) = list.signed_parts();
        let place = question.path.iter().position(|node| node.id == signer.id);
        let above = place.and_then(|place| question.path.get(place.saturating_add(1)..));
        let good = inner == algorithm
            && self.spend_signature()
            && signature::verify(signer.key(), inherited(above), algorithm, message, bytes, self.allowed())
                .is_ok();
        if may_remember {
            self.list_signatures.insert((number, signer.id), good);
        }
        if may_remember && good {
            self.verifier.remember_proven_list(number, signer.key());
        }
        good
    }
}

/// True where a list is about this certificate, as far as the names and the scope go: 6.3.3 (b).
fn speaks_for(list: &Crl, node: &Node, point: Option<&DistributionPoint<'_>>) -> bool {
    let scope = list.scope();
    let is_ca = node.certificate.is_ca();
    if (scope.only_user && is_ca) || (scope.only_ca && !is_ca) || scope.only_attribute {
        return false;
    }
    // RFC 5280, 5.2.5: certificates of version 1 do not say which of the two they are.
    if (scope.only_user || scope.only_ca) && node.certificate.layout().version == 0 {
        return false;
    }
    let delegated = point.and_then(|point| point.crl_issuer);
    let right_issuer = match delegated {
        Some(names) => scope.indirect && directory_names(names).iter().any(|name| name == list.issuer_name()),
        None => list.issuer_name() == node.issuer,
    };
    if !right_issuer {
        return false;
    }
    let Some(name) = scope.name else { return true };
    let wanted = match (point.and_then(|point| point.name), delegated) {
        (Some(name), _) => name.canonical(list.issuer_name()),
        (None, Some(names)) => canonical_names(names),
        // Without a distribution point, the issuer's own name stands for one.
        (None, None) => vec![[&[DIRECTORY_NAME][..], &node.issuer].concat()],
    };
    name.canonical(list.issuer_name()).iter().any(|name| wanted.contains(name))
}

/// True where the two can be combined: 5.2.4 and 6.3.3 (c).
fn is_delta_of(list: &Crl, base: &Crl) -> bool {
    let ((Some(number), Some(built_on)), (Some(base_number), _)) = (list.numbers(), base.numbers()) else {
        return false;
    };
    list.is_delta()
        && list.issuer_name() == base.issuer_name()
        && list.scope_bytes() == base.scope_bytes()
        && list.key_id() == base.key_id()
        && compare(built_on, base_number).is_le()
        && compare(base_number, number).is_lt()
}

/// Compares two numbers that are not negative, big end first.
fn compare(one: &[u8], other: &[u8]) -> std::cmp::Ordering {
    let trim = |bytes: &[u8]| bytes.iter().take_while(|byte| **byte == 0).count();
    let one = one.get(trim(one)..).unwrap_or_default();
    let other = other.get(trim(other)..).unwrap_or_default();
    one.len().cmp(&other.len()).then_with(|| one.cmp(other))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_compare_by_value() {
        assert!(compare(&[0, 0x80], &[0x7f]).is_gt());
        assert!(compare(&[1, 0], &[0xff]).is_gt());
        assert!(compare(&[0], &[]).is_eq());
    }
}
