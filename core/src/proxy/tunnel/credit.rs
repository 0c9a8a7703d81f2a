//! How much of one body may be in flight: bounded for each stream, grown by what its receiver is seen to take.

use std::time::{Duration, Instant};

use crate::limits::{
    TUNNEL_CREDIT_BYTES_MAX, TUNNEL_CREDIT_BYTES_MIN, TUNNEL_CREDIT_REPORT_BYTES, TUNNEL_EXCESS_BYTES,
    TUNNEL_EXCESS_BYTES_MAX,
};

/// A round trip shorter than this is reckoned as this: below it, waking threads takes longer than the way.
const ROUND_TRIP_MIN: Duration = Duration::from_micros(250);
/// From here on a way is long: finding out what the receiver can take costs round trips that are felt.
const LONG_ROUND_TRIP: Duration = Duration::from_millis(5);
/// What may be in flight at the start of a body on a long way.
const LONG_START_BYTES: usize = 4 * TUNNEL_CREDIT_BYTES_MIN;
/// A receiver that has taken this much has more than buffers to put it in.
const PROVEN_BYTES: usize = LONG_START_BYTES - 2 * TUNNEL_CREDIT_REPORT_BYTES as usize;
/// One that has taken this much may grow also where the connection is nearly full of what others do not take.
const TRUSTED_BYTES: usize = 1 << 20;
/// A start is over after so many measurements in which the receiver took no more than before.
const START_MEASUREMENTS: u8 = 3;

/// How much room a connection has for bodies beyond the least of each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Room {
    Enough,
    /// For receivers only that were seen to take much.
    Little,
    None,
}

impl Room {
    /// By what is in flight beyond the least of each body.
    pub(super) fn beside(excess: usize) -> Self {
        match excess {
            ..TUNNEL_EXCESS_BYTES => Room::Enough,
            TUNNEL_EXCESS_BYTES..TUNNEL_EXCESS_BYTES_MAX => Room::Little,
            _ => Room::None,
        }
    }
}

/// The credit of one body.
#[derive(Debug)]
pub(super) struct Credit {
    limit: usize,
    in_flight: usize,
    /// What the receiver has taken in all, and since the measurement began.
    taken_in_all: usize,
    taken: usize,
    since: Instant,
    /// Measurements that are left of the start.
    start: u8,
    /// The most that the receiver took in a second so far.
    best: f64,
}

impl Credit {
    pub(super) fn new(round_trip: Duration, room: Room, now: Instant) -> Self {
        let is_long = round_trip >= LONG_ROUND_TRIP;
        Credit {
            limit: if is_long && room == Room::Enough { LONG_START_BYTES } else { TUNNEL_CREDIT_BYTES_MIN },
            in_flight: 0,
            taken_in_all: 0,
            taken: 0,
            since: now,
            start: if is_long { START_MEASUREMENTS } else { 0 },
            best: 0.0,
        }
    }

    #[cfg(test)]
    pub(super) fn in_flight(&self) -> usize {
        self.in_flight
    }

    /// What is in flight beyond the least.
    pub(super) fn excess(&self) -> usize {
        self.in_flight.saturating_sub(TUNNEL_CREDIT_BYTES_MIN)
    }

    /// Takes credit for at most this many bytes; 0 where there is none now.
    pub(super) fn take(&mut self, wanted: usize) -> usize {
        let given = wanted.min(self.limit.saturating_sub(self.in_flight));
        self.in_flight = self.in_flight.saturating_add(given);
        given
    }

    /// The receiver has handed on so many bytes.
    ///
    /// The limit is twice what the receiver takes during a round trip: enough never to wait for it, and no more. At the
    /// start of a long way, until the receiver no longer takes more each time, it is eight times that, and at once.
    pub(super) fn reported(&mut self, bytes: usize, round_trip: Duration, room: Room, now: Instant) {
        let bytes = bytes.min(self.in_flight);
        self.in_flight -= bytes;
        if self.taken_in_all == 0 {
            self.since = now;
        }
        self.taken_in_all = self.taken_in_all.saturating_add(bytes);
        self.taken = self.taken.saturating_add(bytes);
        let limit_max = match room {
            Room::Enough => TUNNEL_CREDIT_BYTES_MAX,
            Room::Little if self.taken_in_all >= TRUSTED_BYTES => TUNNEL_CREDIT_BYTES_MAX,
            Room::Little | Room::None => TUNNEL_CREDIT_BYTES_MIN,
        };
        if self.start > 0 {
            let gain = if self.taken_in_all >= PROVEN_BYTES { 8 } else { 2 };
            self.limit = self.limit.max(self.taken.saturating_mul(gain)).min(limit_max);
        }
        let round_trip = round_trip.max(ROUND_TRIP_MIN);
        let passed = now.saturating_duration_since(self.since);
        if passed >= round_trip {
            let rate = self.taken as f64 / passed.as_secs_f64();
            if self.start == 0 {
                let wanted = (2.0 * rate * round_trip.as_secs_f64()) as usize;
                // Down slowly: a pause of the receiver is not a slow receiver.
                self.limit =
                    wanted.max(self.limit - self.limit / 8).max(TUNNEL_CREDIT_BYTES_MIN).min(limit_max);
            } else if rate > 1.25 * self.best {
                (self.best, self.start) = (rate, START_MEASUREMENTS);
            } else {
                self.start -= 1;
            }
            (self.taken, self.since) = (0, now);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FAR: Duration = Duration::from_millis(50);

    #[test]
    fn a_receiver_that_takes_nothing_gets_no_more_than_the_least() {
        let mut credit = Credit::new(Duration::ZERO, Room::Enough, Instant::now());
        assert_eq!(credit.take(10 << 20), TUNNEL_CREDIT_BYTES_MIN);
        assert_eq!(credit.take(1), 0);
        credit.reported(100, FAR, Room::Enough, Instant::now());
        assert_eq!(credit.take(1000), 100);
        // One that says more than it got.
        credit.reported(usize::MAX, FAR, Room::Enough, Instant::now());
        assert_eq!(credit.in_flight(), 0);
    }

    #[test]
    fn credit_grows_with_what_is_taken_on_a_long_way_only() {
        let start = Instant::now();
        let (mut far, mut near) =
            (Credit::new(FAR, Room::Enough, start), Credit::new(Duration::ZERO, Room::Enough, start));
        for step in 1..=40_u32 {
            let now = start + FAR * step;
            // Each takes all it may have in a round trip of 50 ms.
            let most = far.take(usize::MAX);
            far.reported(most, FAR, Room::Enough, now);
            let some = near.take(1 << 20);
            near.reported(some, Duration::from_micros(100), Room::Enough, now);
        }
        assert_eq!(far.limit, TUNNEL_CREDIT_BYTES_MAX);
        assert_eq!(near.limit, TUNNEL_CREDIT_BYTES_MIN);
    }

    #[test]
    fn a_start_on_a_long_way_takes_few_round_trips() {
        let start = Instant::now();
        let mut credit = Credit::new(FAR, Room::Enough, start);
        for trip in 1..=4 {
            // Reports come one after the other, not as one.
            let mut most = credit.take(usize::MAX);
            while most > 0 {
                let report = most.min(TUNNEL_CREDIT_REPORT_BYTES as usize);
                credit.reported(report, FAR, Room::Enough, start + FAR * trip);
                most -= report;
            }
        }
        assert_eq!(credit.limit, TUNNEL_CREDIT_BYTES_MAX);
    }

    #[test]
    fn a_receiver_of_constant_speed_soon_has_no_more_than_it_needs() {
        let start = Instant::now();
        let mut credit = Credit::new(FAR, Room::Enough, start);
        for trip in 1..=30 {
            credit.take(usize::MAX);
            credit.reported(500_000, FAR, Room::Enough, start + FAR * trip);
        }
        assert!(credit.limit <= 1_000_001, "{}", credit.limit);
    }

    #[test]
    fn where_there_is_little_room_only_those_grow_that_take_much() {
        let start = Instant::now();
        let mut credits = [Room::Little, Room::None].map(|room| (room, Credit::new(FAR, room, start)));
        for (room, credit) in &mut credits {
            let some = credit.take(usize::MAX);
            credit.reported(some, FAR, *room, start + FAR);
            assert_eq!(credit.limit, TUNNEL_CREDIT_BYTES_MIN);
            for trip in 2..=40 {
                let most = credit.take(usize::MAX);
                credit.reported(most, FAR, *room, start + FAR * trip);
            }
        }
        assert_eq!(
            credits.map(|(_, credit)| credit.limit),
            [TUNNEL_CREDIT_BYTES_MAX, TUNNEL_CREDIT_BYTES_MIN]
        );
        assert_eq!(Room::beside(TUNNEL_EXCESS_BYTES), Room::Little);
        assert_eq!(Room::beside(TUNNEL_EXCESS_BYTES_MAX), Room::None);
    }
}
