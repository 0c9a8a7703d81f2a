//! Validation of one complete path: RFC 5280 section 6.1.

use super::certificate_rules::{self as rules, Fault};
use super::constraints::Constraints;
use super::name_constraints::{self, Name, NameConstraints, Violation};
use super::path_search::{Goal, Refused, Search, refuse};
use super::policy::Policies;
use super::refusal::RefusalReason;
use super::store::Node;
use super::verifier::{Profile, Purpose, RevocationMode};
use super::{extension, strict_profile};

/// What has been collected on the way from the anchor to a certificate.
struct State<'c> {
    names: Vec<&'c NameConstraints<'c>>,
    policies: Policies<'c>,
    /// How many more authorities that are not self-issued may follow.
    room: u32,
}

impl Search<'_> {
    /// Validates a path, leaf first and anchor last, whose signatures hold; gives the policies that hold.
    pub(super) fn validate(&mut self, path: &[&Node], goal: &Goal<'_>) -> Result<Vec<Vec<u8>>, Refused> {
        let mut constraints = Vec::with_capacity(path.len());
        for (depth, node) in path.iter().enumerate() {
            let read = if node.is_anchor && !self.verifier.options.checks_anchor_constraints() {
                Ok(Constraints::default())
            } else {
                Constraints::read(&node.certificate)
            };
            constraints
                .push(read.map_err(|cause| refuse(RefusalReason::MalformedExtension, cause, depth, path))?);
        }
        let options = &self.verifier.options;
        // The anchor is not counted, unless it is the certificate in question itself.
        let below = u32::try_from(path.len().saturating_sub(1).max(1)).unwrap_or(u32::MAX);
        let (inhibit_mapping, inhibit_any) = (options.inhibit_policy_mapping, options.inhibit_any_policy);
        let policies = Policies::new(below, options.require_explicit_policy, inhibit_mapping, inhibit_any);
        let mut state = State { names: Vec::new(), policies, room: below };
        let places = path.iter().zip(&constraints).enumerate().rev();
        for (depth, (node, own)) in places {
            let fault = if node.is_anchor && depth > 0 {
                self.enter_anchor(node, own, &mut state)
            } else {
                self.enter(node, own, depth, goal, &mut state)
            };
            if let Some((reason, detail)) = fault {
                return Err(refuse(reason, detail, depth, path));
            }
        }
        let lost =
            || refuse(RefusalReason::PolicyViolation, "no policy holds for the whole path".into(), 0, path);
        let held = match goal {
            Goal::Target { .. } => state.policies.finish(&self.verifier.policies).ok_or_else(lost)?,
            Goal::ListSigner { .. } => Vec::new(),
        };
        self.check_path_revocation(path, &constraints, goal)?;
        Ok(held)
    }

    fn enter_anchor<'c>(
        &self,
        node: &Node,
        own: &'c Constraints<'c>,
        state: &mut State<'c>,
    ) -> Option<Fault> {
        let options = &self.verifier.options;
        if options.checks_anchor_expiry()
            && let Some(fault) = rules::date_fault(node, self.at)
        {
            return Some(fault);
        }
        if !options.checks_anchor_constraints() {
            return None;
        }
        let layout = node.certificate.layout();
        // Roots of version 1 cannot say that they are authorities.
        if layout.version == 2
            && let Some(fault) = rules::authority_shape_fault(node)
        {
            return Some(fault);
        }
        if options.profile == Profile::Strict
            && let Some(fault) = strict_profile::anchor_fault(node, own, options)
        {
            return Some(fault);
        }
        state.room = state.room.min(layout.extensions.path_length.unwrap_or(u32::MAX));
        state.names.extend(own.names.as_ref());
        if !state.policies.constrain(own) {
            return Some((RefusalReason::PolicyViolation, "it maps anyPolicy".into()));
        }
        rules::critical_fault(own)
            .or_else(|| rules::purpose_fault(node, &self.verifier.purposes, options, false))
    }

    /// Takes one certificate below the anchor: 6.1.3, then 6.1.4 or 6.1.5.
    fn enter<'c>(
        &mut self,
        node: &Node,
        own: &'c Constraints<'c>,
        depth: usize,
        goal: &Goal<'_>,
        state: &mut State<'c>,
    ) -> Option<Fault> {
        let (options, last) = (&self.verifier.options, depth == 0);
        let fault = rules::date_fault(node, self.at).or_else(|| rules::critical_fault(own));
        if fault.is_some() {
            return fault;
        }
        let self_issued = node.is_self_issued();
        if (last || !self_issued)
            && let Some(fault) = self.name_fault(node, &state.names, goal)
        {
            return Some(fault);
        }
        if !state.policies.take(own, self_issued, last) {
            return Some((RefusalReason::PolicyViolation, "it maps anyPolicy".into()));
        }
        if state.policies.is_lost() && matches!(goal, Goal::Target { .. }) {
            return Some((RefusalReason::PolicyViolation, "no policy holds down to here".into()));
        }
        let (purpose, purposes) = match goal {
            Goal::Target { .. } => (options.purpose, &*self.verifier.purposes),
            Goal::ListSigner { .. } => (Purpose::Any, &[][..]),
        };
        if !last {
            if let Some(fault) = rules::authority_shape_fault(node) {
                return Some(fault);
            }
            if !self_issued {
                match state.room.checked_sub(1) {
                    Some(room) => state.room = room,
                    None => return Some((RefusalReason::PathTooLong, "no authority may stand here".into())),
                }
            }
            state.room = state.room.min(node.certificate.path_length().unwrap_or(u32::MAX));
            state.names.extend(own.names.as_ref());
        }
        let of_leaf = if last && !node.is_anchor { rules::leaf_fault(node, options) } else { None };
        if let Some(fault) = of_leaf.or_else(|| rules::purpose_fault(node, purposes, options, last)) {
            return Some(fault);
        }
        if last
            && matches!(goal, Goal::Target { .. })
            && let Some(fault) = rules::key_usage_fault(node, self.verifier.key_usage)
        {
            return Some(fault);
        }
        if options.profile == Profile::Strict
            && let Some(fault) = strict_profile::fault(node, own, last, purpose, options)
        {
            return Some(fault);
        }
        match goal {
            Goal::Target { host: Some(host), name }
                if last && !host.matches(&node.certificate, options.danger_common_name_fallback) =>
            {
                Some((RefusalReason::NameMismatch, format!("it is not for {}", name.unwrap_or("this host"))))
            }
            _ => None,
        }
    }

    /// Checks every name of a certificate against what the authorities above allow: 6.1.3 (b) and (c).
    fn name_fault(
        &mut self,
        node: &Node,
        constraints: &[&NameConstraints<'_>],
        goal: &Goal<'_>,
    ) -> Option<Fault> {
        if constraints.is_empty() {
            return None;
        }
        let (certificate, layout) = (&node.certificate, node.certificate.layout());
        let alternative = certificate.optional_part(layout.extensions.alternative_names);
        let mut names = name_constraints::names(alternative);
        let emails = name_constraints::subject_emails(certificate.part(layout.subject));
        if !name_constraints::has_email(&names) {
            names.extend(emails.iter().map(|email| Name::Email(email)));
        }
        let directories = extension::directory_names(alternative);
        names.extend(directories.iter().map(|name| Name::Directory(name)));
        // RFC 5280, 6.1.3: the subject counts unless it is empty.
        if !node.subject.is_empty() {
            names.push(Name::Directory(&node.subject));
        }
        let common_name = match goal {
            Goal::Target { host: Some(_), .. } if self.verifier.options.danger_common_name_fallback => {
                certificate.common_name()
            }
            _ => None,
        };
        names.extend(common_name.as_deref().map(Name::Dns));
        for each in constraints {
            for name in &names {
                if let Err(violation) = each.check(name, &mut self.budget.comparisons) {
                    return Some(describe(violation));
                }
            }
        }
        None
    }

    fn check_path_revocation(
        &mut self,
        path: &[&Node],
        constraints: &[Constraints<'_>],
        goal: &Goal<'_>,
    ) -> Result<(), Refused> {
        let signer_depth = match goal {
            Goal::Target { .. } => None,
            Goal::ListSigner { depth, .. } => Some(*depth),
        };
        let depths = match self.verifier.options.revocation {
            RevocationMode::Off => return Ok(()),
            RevocationMode::Leaf if signer_depth.is_none() => 0..1,
            _ => 0..path.len().saturating_sub(1),
        };
        for depth in depths.rev() {
            let Some(own) = constraints.get(depth) else { continue };
            if depth.saturating_add(1) >= path.len() {
                continue;
            }
            let status = self.revocation_status(path, own, depth, signer_depth.unwrap_or(0));
            match status {
                Ok(()) => {}
                Err((RefusalReason::Revoked, detail)) => {
                    return Err(refuse(RefusalReason::Revoked, detail, depth, path));
                }
                // Whether the signer of a list is good may only be told by the list itself, as after a key rollover:
                // there, silence is no reason to refuse.
                Err(_) if signer_depth.is_some() || self.verifier.options.danger_accept_missing_crl => {}
                Err((reason, detail)) => return Err(refuse(reason, detail, depth, path)),
            }
        }
        Ok(())
    }
}

fn describe(violation: Violation) -> Fault {
    let (reason, detail) = match violation {
        Violation::NotPermitted => {
            (RefusalReason::NameConstraintViolation, "one of its names is not permitted")
        }
        Violation::Excluded => (RefusalReason::NameConstraintViolation, "one of its names is excluded"),
        Violation::Incomparable => {
            (RefusalReason::NameConstraintViolation, "one of its names is constrained and cannot be compared")
        }
        Violation::TooMuchWork => (RefusalReason::TooMuchWork, "too many comparisons with name constraints"),
    };
    (reason, detail.into())
}
