//! Certificates by the names that link them.

use std::collections::HashMap;

use super::certificate::Certificate;
use super::name_comparison::canonical;

/// A certificate with the forms of its names that can be compared.
pub(super) struct Node {
    /// Different for all nodes of one search.
    pub(super) id: usize,
    pub(super) certificate: Certificate,
    pub(super) subject: Vec<u8>,
    pub(super) issuer: Vec<u8>,
    pub(super) is_anchor: bool,
}

impl Node {
    pub(super) fn new(id: usize, certificate: Certificate, is_anchor: bool) -> Self {
        let layout = certificate.layout();
        let subject = canonical(certificate.part(layout.subject));
        let issuer = canonical(certificate.part(layout.issuer));
        Node { id, certificate, subject, issuer, is_anchor }
    }

    /// RFC 5280, 3.2: subject and issuer are the same name.
    pub(super) fn is_self_issued(&self) -> bool {
        self.subject == self.issuer
    }

    pub(super) fn key(&self) -> &[u8] {
        self.certificate.part(self.certificate.layout().key)
    }

    pub(super) fn subject_key_id(&self) -> Option<&[u8]> {
        let span = self.certificate.layout().extensions.subject_key_id?;
        Some(self.certificate.part(span))
    }

    pub(super) fn authority_key_id(&self) -> Option<&[u8]> {
        let span = self.certificate.layout().extensions.authority_key_id?;
        Some(self.certificate.part(span))
    }

    /// True for the same owner with the same key, which is the same authority whoever certified it.
    pub(super) fn is_same_authority(&self, other: &Node) -> bool {
        self.subject == other.subject && self.key() == other.key()
    }
}

/// Certificates, found by subject and by issuer.
#[derive(Default)]
pub(super) struct Store {
    pub(super) nodes: Vec<Node>,
    by_subject: HashMap<Vec<u8>, Vec<usize>>,
    by_issuer: HashMap<Vec<u8>, Vec<usize>>,
}

impl Store {
    /// Adds a certificate; the first one of a store gets the number `offset`.
    pub(super) fn add(&mut self, certificate: &Certificate, is_anchor: bool, offset: usize) {
        let at = self.nodes.len();
        let node = Node::new(offset.saturating_add(at), certificate.clone(), is_anchor);
        let same = self.by_subject.entry(node.subject.clone()).or_default();
        // The same certificate twice would only double the work.
        let twice = same
            .iter()
            .filter_map(|at| self.nodes.get(*at))
            .any(|other| other.certificate == node.certificate);
        if twice {
            return;
        }
        same.push(at);
        self.by_issuer.entry(node.issuer.clone()).or_default().push(at);
        self.nodes.push(node);
    }

    pub(super) fn of_subject<'a>(&'a self, subject: &[u8]) -> impl Iterator<Item = &'a Node> {
        self.by_subject.get(subject).into_iter().flatten().filter_map(|at| self.nodes.get(*at))
    }

    pub(super) fn of_issuer<'a>(&'a self, issuer: &[u8]) -> impl Iterator<Item = &'a Node> {
        self.by_issuer.get(issuer).into_iter().flatten().filter_map(|at| self.nodes.get(*at))
    }
}
