//! Who is signed in, and that a form comes from our own page.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use aws_lc_rs::{digest, hmac, rand};

use crate::error::{Error, ErrorKind, Result};
use crate::limits::{DASHBOARD_SESSION_TIME, DASHBOARD_SESSIONS_MAX};

/// The sessions that are open. Kept are digests: finding one takes no time that tells of another.
pub(super) struct Sessions {
    key: hmac::Key,
    open: Mutex<HashMap<Vec<u8>, Instant>>,
}

fn random_hex() -> Result<String> {
    let mut bytes = [0; 32];
    rand::fill(&mut bytes).map_err(|_| {
        Error::new(ErrorKind::Unavailable, "open a session", "the system gives no random bytes")
    })?;
    Ok(hex::encode(bytes))
}

fn digest_of(id: &str) -> Vec<u8> {
    digest::digest(&digest::SHA256, id.as_bytes()).as_ref().to_vec()
}

impl Sessions {
    pub(super) fn new() -> Result<Self> {
        let key = hmac::Key::new(hmac::HMAC_SHA256, random_hex()?.as_bytes());
        Ok(Sessions { key, open: Mutex::default() })
    }

    /// Opens a session; what the cookie holds.
    pub(super) fn open(&self, now: Instant) -> Result<String> {
        let id = random_hex()?;
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.retain(|_, since| now.duration_since(*since) < DASHBOARD_SESSION_TIME);
        if open.len() >= DASHBOARD_SESSIONS_MAX {
            let oldest = open.iter().min_by_key(|(_, since)| **since).map(|(digest, _)| digest.clone());
            oldest.map(|digest| open.remove(&digest));
        }
        open.insert(digest_of(&id), now);
        Ok(id)
    }

    pub(super) fn is_open(&self, id: &str, now: Instant) -> bool {
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.get(&digest_of(id)).is_some_and(|since| now.duration_since(*since) < DASHBOARD_SESSION_TIME)
    }

    pub(super) fn close(&self, id: &str) {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).remove(&digest_of(id));
    }

    /// What a form of this visitor carries: no other page can know it.
    pub(super) fn form_token(&self, visitor: &str) -> String {
        hex::encode(hmac::sign(&self.key, visitor.as_bytes()))
    }

    /// Compares in a time that does not depend on where they differ.
    pub(super) fn is_form_token(&self, visitor: &str, given: &str) -> bool {
        let right = self.form_token(visitor);
        aws_lc_rs::constant_time::verify_slices_are_equal(right.as_bytes(), given.as_bytes()).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_ends_by_itself_by_hand_and_for_newer_ones() {
        let sessions = Sessions::new().unwrap();
        let start = Instant::now();
        let first = sessions.open(start).unwrap();
        assert!(sessions.is_open(&first, start) && !sessions.is_open("guess", start));
        assert!(!sessions.is_open(&first, start + DASHBOARD_SESSION_TIME));
        let second = sessions.open(start).unwrap();
        sessions.close(&second);
        assert!(!sessions.is_open(&second, start));
        let later = start + std::time::Duration::from_secs(1);
        for _ in 0..DASHBOARD_SESSIONS_MAX {
            sessions.open(later).unwrap();
        }
        assert!(!sessions.is_open(&first, later));
        assert_eq!(sessions.open.lock().unwrap().len(), DASHBOARD_SESSIONS_MAX);
    }

    #[test]
    fn a_form_token_is_of_its_visitor_and_its_run() {
        let (one, other) = (Sessions::new().unwrap(), Sessions::new().unwrap());
        let token = one.form_token("a");
        assert!(one.is_form_token("a", &token) && !one.is_form_token("b", &token));
        assert!(!other.is_form_token("a", &token) && !one.is_form_token("a", ""));
    }
}
