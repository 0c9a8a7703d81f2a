//! Chains that were accepted, remembered for as long as the verdict holds.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use aws_lc_rs::digest;
use rustls::pki_types::CertificateDer;
use time::OffsetDateTime;

use crate::limits::VERDICTS_REMEMBERED_MAX;

/// The digest of everything a verdict depends on, besides trust and time.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct ChainKey([u8; 32]);

impl ChainKey {
    /// The key of a chain as the peer sent it, for this name of a host (empty where there is none).
    pub(super) fn of(leaf: &CertificateDer<'_>, others: &[CertificateDer<'_>], name: &str) -> Self {
        let mut context = digest::Context::new(&digest::SHA256);
        let mut add = |bytes: &[u8]| {
            // With the length in front, no two lists of parts give the same bytes.
            context.update(&(bytes.len() as u64).to_be_bytes());
            context.update(bytes);
        };
        add(name.as_bytes());
        add(leaf);
        others.iter().for_each(|each| add(each));
        let mut key = [0; 32];
        key.iter_mut().zip(context.finish().as_ref()).for_each(|(to, from)| *to = *from);
        ChainKey(key)
    }
}

/// From when to when a verdict holds, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) from: OffsetDateTime,
    pub(super) until: OffsetDateTime,
}

/// The chains that were accepted last.
///
/// Two tables in turn: when the younger one is full it becomes the older one, whose content is dropped. What is asked
/// for moves to the younger one, so what is used stays.
#[derive(Default)]
pub(super) struct Verdicts {
    tables: Mutex<(HashMap<ChainKey, Span>, HashMap<ChainKey, Span>)>,
}

impl Verdicts {
    /// True where the chain was accepted and that still holds.
    pub(super) fn holds(&self, key: &ChainKey, at: OffsetDateTime) -> bool {
        let mut tables = self.tables.lock().unwrap_or_else(PoisonError::into_inner);
        let (young, old) = &mut *tables;
        let covers = |span: &Span| span.from <= at && at <= span.until;
        if let Some(span) = young.get(key) {
            return covers(span);
        }
        match old.remove(key) {
            Some(span) if covers(&span) => {
                Self::put(young, old, *key, span);
                true
            }
            _ => false,
        }
    }

    pub(super) fn remember(&self, key: ChainKey, span: Span) {
        let mut tables = self.tables.lock().unwrap_or_else(PoisonError::into_inner);
        let (young, old) = &mut *tables;
        Self::put(young, old, key, span);
    }

    fn put(
        young: &mut HashMap<ChainKey, Span>,
        old: &mut HashMap<ChainKey, Span>,
        key: ChainKey,
        span: Span,
    ) {
        if young.len() >= VERDICTS_REMEMBERED_MAX / 2 {
            *old = std::mem::take(young);
        }
        young.insert(key, span);
    }
}

#[cfg(test)]
mod tests {
    use time::Duration;
    use time::macros::datetime;

    use super::*;

    const NOON: OffsetDateTime = datetime!(2026-06-01 12:00 UTC);

    fn key(text: &str) -> ChainKey {
        ChainKey::of(&CertificateDer::from(text.as_bytes().to_vec()), &[], "")
    }

    #[test]
    fn a_verdict_holds_for_its_time_only() {
        let verdicts = Verdicts::default();
        verdicts.remember(key("a"), Span { from: NOON, until: NOON + Duration::HOUR });
        assert!(verdicts.holds(&key("a"), NOON));
        assert!(verdicts.holds(&key("a"), NOON + Duration::HOUR));
        assert!(!verdicts.holds(&key("a"), NOON + Duration::HOUR + Duration::NANOSECOND));
        assert!(!verdicts.holds(&key("a"), NOON - Duration::NANOSECOND));
        assert!(!verdicts.holds(&key("b"), NOON));
    }

    #[test]
    fn memory_is_bounded_and_what_is_used_stays() {
        let verdicts = Verdicts::default();
        let span = Span { from: NOON, until: NOON };
        verdicts.remember(key("used"), span);
        for number in 0..3 * VERDICTS_REMEMBERED_MAX {
            verdicts.remember(key(&number.to_string()), span);
            if number % 100 == 0 {
                assert!(verdicts.holds(&key("used"), NOON));
            }
        }
        let tables = verdicts.tables.lock().unwrap();
        assert!(tables.0.len() + tables.1.len() <= VERDICTS_REMEMBERED_MAX);
        drop(tables);
        assert!(!verdicts.holds(&key("0"), NOON));
    }

    #[test]
    fn chains_with_moved_borders_have_other_keys() {
        let der = |text: &str| CertificateDer::from(text.as_bytes().to_vec());
        assert!(ChainKey::of(&der("ab"), &[der("c")], "") != ChainKey::of(&der("a"), &[der("bc")], ""));
        assert!(ChainKey::of(&der("a"), &[], "h") != ChainKey::of(&der("a"), &[], "i"));
    }
}
