//! How much of one body may be in flight: bounded for each stream, grown by what its receiver is seen to take.

use std::time::{Duration, Instant};

use crate::limits::{TUNNEL_CREDIT_BYTES_MAX, TUNNEL_CREDIT_BYTES_MIN};

/// A round trip shorter than this is reckoned as this: below it, waking threads takes longer than the way.
const ROUND_TRIP_MIN: Duration = Duration::from_micros(250);

/// The credit of one body.
#[derive(Debug)]
pub(super) struct Credit {
    limit: usize,
    in_flight: usize,
    /// What the receiver has taken since the measurement began.
    taken: usize,
    since: Instant,
}

impl Credit {
    pub(super) fn new(now: Instant) -> Self {
        Credit { limit: TUNNEL_CREDIT_BYTES_MIN, in_flight: 0, taken: 0, since: now }
    }

    pub(super) fn in_flight(&self) -> usize {
        self.in_flight
    }

    /// Takes credit for at most this many bytes; 0 where there is none now.
    pub(super) fn take(&mut self, wanted: usize) -> usize {
        let given = wanted.min(self.limit.saturating_sub(self.in_flight));
        self.in_flight = self.in_flight.saturating_add(given);
        given
    }

    /// What the receiver has handed on; returns by how much less is in flight.
    ///
    /// The limit is twice what the receiver takes during a round trip: enough never to wait for it, and no more.
    pub(super) fn reported(
        &mut self,
        bytes: usize,
        round_trip: Duration,
        limit_max: usize,
        now: Instant,
    ) -> usize {
        let bytes = bytes.min(self.in_flight);
        self.in_flight -= bytes;
        self.taken = self.taken.saturating_add(bytes);
        let round_trip = round_trip.max(ROUND_TRIP_MIN);
        let passed = now.saturating_duration_since(self.since);
        if passed >= round_trip {
            let wanted = 2.0 * self.taken as f64 * round_trip.as_secs_f64() / passed.as_secs_f64();
            let wanted = (wanted as usize).clamp(TUNNEL_CREDIT_BYTES_MIN, TUNNEL_CREDIT_BYTES_MAX);
            // Down slowly: a pause of the receiver is not a slow receiver.
            self.limit = wanted.max(self.limit - self.limit / 8).min(limit_max);
            (self.taken, self.since) = (0, now);
        }
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FAR: Duration = Duration::from_millis(50);

    #[test]
    fn a_receiver_that_takes_nothing_gets_no_more_than_the_least() {
        let mut credit = Credit::new(Instant::now());
        assert_eq!(credit.take(10 << 20), TUNNEL_CREDIT_BYTES_MIN);
        assert_eq!(credit.take(1), 0);
        assert_eq!(credit.reported(100, FAR, TUNNEL_CREDIT_BYTES_MAX, Instant::now()), 100);
        assert_eq!(credit.take(1000), 100);
        // One that says more than it got.
        let all = credit.in_flight();
        assert_eq!(credit.reported(usize::MAX, FAR, TUNNEL_CREDIT_BYTES_MAX, Instant::now()), all);
        assert_eq!(credit.in_flight(), 0);
    }

    #[test]
    fn credit_grows_with_what_is_taken_on_a_long_way_only() {
        let start = Instant::now();
        let (mut far, mut near) = (Credit::new(start), Credit::new(start));
        for step in 1..=40_u32 {
            let now = start + FAR * step;
            // Each takes all it may have in a round trip of 50 ms.
            let most = far.take(usize::MAX);
            far.reported(most, FAR, TUNNEL_CREDIT_BYTES_MAX, now);
            let some = near.take(1 << 20);
            near.reported(some, Duration::from_micros(100), TUNNEL_CREDIT_BYTES_MAX, now);
        }
        assert_eq!(far.limit, TUNNEL_CREDIT_BYTES_MAX);
        assert_eq!(near.limit, TUNNEL_CREDIT_BYTES_MIN);
    }

    #[test]
    fn a_full_tunnel_lets_nobody_grow() {
        let start = Instant::now();
        let mut credit = Credit::new(start);
        let given = credit.take(1 << 20);
        credit.reported(given, FAR, TUNNEL_CREDIT_BYTES_MIN, start + FAR);
        assert_eq!(credit.limit, TUNNEL_CREDIT_BYTES_MIN);
    }
}
