//! Pauses between attempts: longer each time, and never the same for two connection points.

use std::time::Duration;

use crate::limits::{DIAL_PAUSE_MAX, DIAL_PAUSE_MIN};

/// Full jitter: anything from nothing to a limit that doubles.
#[derive(Default)]
pub(super) struct Backoff {
    failures: u32,
}

impl Backoff {
    pub(super) fn succeeded(&mut self) {
        self.failures = 0;
    }

    /// The pause after one more failure.
    pub(super) fn next(&mut self) -> Duration {
        let limit = DIAL_PAUSE_MIN.saturating_mul(1 << self.failures.min(16)).min(DIAL_PAUSE_MAX);
        self.failures = self.failures.saturating_add(1);
        limit.mul_f64(random_part())
    }
}

/// Evenly spread over 0 to 1; 1 where the system gives no random bytes.
fn random_part() -> f64 {
    let mut bytes = [0; 4];
    match aws_lc_rs::rand::fill(&mut bytes) {
        Ok(()) => f64::from(u32::from_le_bytes(bytes)) / f64::from(u32::MAX),
        Err(_) => 1.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_are_bounded_and_spread() {
        let mut backoff = Backoff::default();
        assert!(backoff.next() <= DIAL_PAUSE_MIN);
        let pauses: Vec<Duration> = (0..100).map(|_| backoff.next()).collect();
        assert!(pauses.iter().all(|pause| *pause <= DIAL_PAUSE_MAX));
        let late = pauses.get(50..).unwrap_or_default();
        assert!(late.iter().any(|pause| *pause < DIAL_PAUSE_MAX / 2), "{late:?}");
        assert!(late.iter().any(|pause| *pause > DIAL_PAUSE_MAX / 2), "{late:?}");
        backoff.succeeded();
        assert!(backoff.next() <= DIAL_PAUSE_MIN);
    }
}
