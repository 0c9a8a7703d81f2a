//! Certificate policies along a path: RFC 5280 section 6.1 in the bounded form of RFC 9618.
//!
//! The tree of RFC 5280 can grow exponentially. RFC 9618 keeps, for each certificate, one node a policy with links to
//! its parents, and walks them once at the end; its size is at most the number of policies and mappings.

use std::collections::{BTreeMap, BTreeSet};

use super::constraints::Constraints;

/// 2.5.29.32.0, anyPolicy.
pub(super) const ANY_POLICY: &[u8] = &[0x55, 0x1d, 0x20, 0];

/// One policy of one certificate. No parents stands for anyPolicy as the only parent.
#[derive(Default)]
struct Node<'a> {
    parents: BTreeSet<&'a [u8]>,
    mapped: bool,
}

#[derive(Default)]
struct Level<'a> {
    nodes: BTreeMap<&'a [u8], Node<'a>>,
    has_any: bool,
}

impl Level<'_> {
    fn is_empty(&self) -> bool {
        self.nodes.is_empty() && !self.has_any
    }
}

/// The state of RFC 5280 section 6.1.2 that has to do with policies.
pub(super) struct Policies<'a> {
    levels: Vec<Level<'a>>,
    /// What the next certificate's policies are compared with.
    next: Level<'a>,
    explicit: u32,
    mapping: u32,
    any: u32,
}

impl<'a> Policies<'a> {
    /// The start of a path of `certificates` below the anchor.
    pub(super) fn new(certificates: u32, explicit: bool, inhibit_mapping: bool, inhibit_any: bool) -> Self {
        let start = |now: bool| if now { 0 } else { certificates.saturating_add(1) };
        Policies {
            levels: Vec::new(),
            next: Level { nodes: BTreeMap::new(), has_any: true },
            explicit: start(explicit),
            mapping: start(inhibit_mapping),
            any: start(inhibit_any),
        }
    }

    /// Takes what an anchor demands of everything below it, where its constraints count (RFC 5937), and its mappings;
    /// false where these are not allowed.
    pub(super) fn constrain(&mut self, anchor: &Constraints<'a>) -> bool {
        // An anchor that names no policy stands for every one.
        if anchor.policies.is_some() {
            return self.take(anchor, true, false);
        }
        self.lower(anchor);
        true
    }

    /// Takes one certificate: RFC 5280, 6.1.3 (d) to (f) and 6.1.4; false where its mappings are not allowed.
    pub(super) fn take(&mut self, certificate: &Constraints<'a>, self_issued: bool, last: bool) -> bool {
        let mut level = std::mem::take(&mut self.next);
        let any_allowed = self.any > 0 || (!last && self_issued);
        match &certificate.policies {
            None => level = Level::default(),
            Some(policies) => {
                let has_any = any_allowed && policies.contains(&ANY_POLICY);
                if !has_any {
                    level.nodes.retain(|policy, _| policies.binary_search(policy).is_ok());
                }
                if level.has_any {
                    for policy in policies.iter().filter(|policy| **policy != ANY_POLICY) {
                        level.nodes.entry(policy).or_default();
                    }
                }
                level.has_any &= has_any;
            }
        }
        if !last {
            if certificate.mappings.iter().any(|(from, to)| *from == ANY_POLICY || *to == ANY_POLICY) {
                return false;
            }
            self.next = map(&mut level, certificate, self.mapping > 0);
            if !self_issued {
                self.explicit = self.explicit.saturating_sub(1);
                self.mapping = self.mapping.saturating_sub(1);
                self.any = self.any.saturating_sub(1);
            }
            self.lower(certificate);
        } else {
            // RFC 5280, 6.1.5 (a) and (b): the last certificate may ask for itself.
            self.explicit = self.explicit.saturating_sub(1);
            if certificate.require_explicit == Some(0) {
                self.explicit = 0;
            }
        }
        self.levels.push(level);
        true
    }

    fn lower(&mut self, certificate: &Constraints<'_>) {
        let lower =
            |counter: &mut u32, to: Option<u32>| *counter = to.map_or(*counter, |to| to.min(*counter));
        lower(&mut self.explicit, certificate.require_explicit);
        lower(&mut self.mapping, certificate.inhibit_mapping);
        lower(&mut self.any, certificate.inhibit_any);
    }

    /// The policies that hold for the whole path and that the caller accepts, or nothing where that is not allowed.
    ///
    /// `accepted` is the user-initial-policy-set; 6.1.5 (g).
    pub(super) fn finish(mut self, accepted: &[Vec<u8>]) -> Option<Vec<Vec<u8>>> {
        let takes_any = accepted.iter().any(|policy| policy == ANY_POLICY);
        let ends_in_any = self.levels.last().is_some_and(|level| level.has_any);
        let mut out: BTreeSet<Vec<u8>> = BTreeSet::new();
        if ends_in_any {
            out.extend(accepted.iter().cloned());
        }
        let mut wanted: BTreeSet<&[u8]> =
            self.levels.last().map(|level| level.nodes.keys().copied().collect()).unwrap_or_default();
        while let Some(level) = self.levels.pop() {
            let mut above = BTreeSet::new();
            for (policy, node) in level.nodes.iter().filter(|(policy, _)| wanted.contains(*policy)) {
                if !node.parents.is_empty() {
                    above.extend(node.parents.iter().copied());
                } else if takes_any || accepted.iter().any(|each| each == policy) {
                    out.insert(policy.to_vec());
                }
            }
            wanted = above;
        }
        (self.explicit > 0 || !out.is_empty()).then(|| out.into_iter().collect())
    }

    /// Nodes and links that are kept.
    #[cfg(test)]
    pub(super) fn size(&self) -> usize {
        let of = |level: &Level<'_>| {
            level.nodes.values().map(|node| node.parents.len().saturating_add(1)).sum::<usize>()
        };
        self.levels.iter().chain([&self.next]).map(of).sum()
    }

    /// True where the path has lost every policy although one is required; ends the walk early.
    pub(super) fn is_lost(&self) -> bool {
        self.explicit == 0 && self.levels.last().is_some_and(Level::is_empty)
    }
}

/// What the policies of a level are called one certificate further down.
fn map<'a>(level: &mut Level<'a>, certificate: &Constraints<'a>, allowed: bool) -> Level<'a> {
    let mut next = Level { nodes: BTreeMap::new(), has_any: level.has_any };
    for (from, to) in &certificate.mappings {
        if !allowed {
            level.nodes.remove(from);
            continue;
        }
        if level.has_any {
            level.nodes.entry(from).or_default();
        }
        if let Some(node) = level.nodes.get_mut(from) {
            node.mapped = true;
            next.nodes.entry(to).or_default().parents.insert(from);
        }
    }
    for policy in level.nodes.iter().filter(|(_, node)| !node.mapped).map(|(policy, _)| *policy) {
        next.nodes.entry(policy).or_default().parents.insert(policy);
    }
    next
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &[u8] = &[0x2a, 1];
    const TWO: &[u8] = &[0x2a, 2];

    fn with(policies: &[&'static [u8]]) -> Constraints<'static> {
        Constraints { policies: Some(policies.to_vec()), ..Constraints::default() }
    }

    fn run(path: &[Constraints<'static>], accepted: &[&[u8]]) -> Option<Vec<Vec<u8>>> {
        let mut state = Policies::new(u32::try_from(path.len()).unwrap(), true, false, false);
        for (at, each) in path.iter().enumerate() {
            assert!(state.take(each, false, at + 1 == path.len()));
        }
        state.finish(&accepted.iter().map(|each| each.to_vec()).collect::<Vec<_>>())
    }

    #[test]
    fn a_policy_must_hold_for_the_whole_path() {
        assert_eq!(run(&[with(&[ONE, TWO]), with(&[ONE])], &[ANY_POLICY]), Some(vec![ONE.to_vec()]));
        assert_eq!(run(&[with(&[ONE]), with(&[TWO])], &[ANY_POLICY]), None);
        assert_eq!(run(&[with(&[ONE]), with(&[ONE])], &[TWO]), None);
        assert_eq!(run(&[with(&[ANY_POLICY]), with(&[ONE])], &[ONE]), Some(vec![ONE.to_vec()]));
        assert_eq!(run(&[with(&[ANY_POLICY]), with(&[ANY_POLICY])], &[TWO]), Some(vec![TWO.to_vec()]));
        assert_eq!(run(&[Constraints::default()], &[ANY_POLICY]), None);
    }

    #[test]
    fn mappings_rename_and_anypolicy_must_not_be_mapped() {
        let mut mapping = with(&[ONE]);
        mapping.mappings = vec![(ONE, TWO)];
        assert_eq!(run(&[mapping, with(&[TWO])], &[ONE]), Some(vec![ONE.to_vec()]));
        let mut wrong = with(&[ONE]);
        wrong.mappings = vec![(ANY_POLICY, TWO)];
        assert!(!Policies::new(2, false, false, false).take(&wrong, false, false));
    }

    #[test]
    fn hundred_levels_of_mappings_stay_small() {
        let names: Vec<[u8; 2]> = (0..100).map(|at| [0x2a, at]).collect();
        let names: &'static [[u8; 2]] = names.leak();
        let mut crossed = with(&[]);
        crossed.policies = Some(names.iter().map(|name| &name[..]).collect());
        crossed.mappings =
            names.iter().flat_map(|a| names.iter().map(move |b| (&a[..], &b[..]))).take(1000).collect();
        let start = std::time::Instant::now();
        let mut state = Policies::new(20, true, false, false);
        (0..20).for_each(|at| assert!(state.take(&crossed, false, at == 19)));
        assert!(state.finish(&[ANY_POLICY.to_vec()]).is_some());
        assert!(start.elapsed().as_millis() < 2_000);
    }
}
