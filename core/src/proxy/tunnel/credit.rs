//! How much of one body may be in flight: bounded for each stream, grown by what its receiver is seen to take.
//!
//! HTTP/2's own stream windows cannot do this here: they are the same for all streams of a connection, and h2 tells of
//! freed window only when half of it is free. A receiver therefore reports on the control stream what it has handed on.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use super::Flow;
use crate::limits::{TUNNEL_CREDIT_BYTES_MAX, TUNNEL_CREDIT_BYTES_MIN, TUNNEL_IN_FLIGHT_BYTES_MAX};

/// A round trip shorter than this is reckoned as this: below it, waking threads takes longer than the way.
const ROUND_TRIP_MIN: Duration = Duration::from_micros(250);

/// The bodies that are being sent on one connection.
#[derive(Default)]
pub(in crate::proxy) struct Credits {
    streams: Mutex<HashMap<u32, Arc<Credit>>>,
    in_flight: AtomicUsize,
}

/// The credit of one body.
pub(in crate::proxy) struct Credit {
    state: Mutex<State>,
    more: Notify,
}

#[derive(Debug)]
struct State {
    limit: usize,
    in_flight: usize,
    /// What the receiver has taken since the measurement began.
    taken: usize,
    since: Instant,
    is_over: bool,
}

impl State {
    fn new(now: Instant) -> Self {
        State { limit: TUNNEL_CREDIT_BYTES_MIN, in_flight: 0, taken: 0, since: now, is_over: false }
    }

    /// Twice what the receiver takes during a round trip: enough never to wait for it, and no more.
    fn reported(&mut self, bytes: usize, round_trip: Duration, limit_max: usize, now: Instant) {
        self.in_flight = self.in_flight.saturating_sub(bytes);
        self.taken = self.taken.saturating_add(bytes);
        let round_trip = round_trip.max(ROUND_TRIP_MIN);
        let passed = now.saturating_duration_since(self.since);
        if passed < round_trip {
            return;
        }
        let wanted = 2.0 * self.taken as f64 * round_trip.as_secs_f64() / passed.as_secs_f64();
        let wanted = (wanted as usize).clamp(TUNNEL_CREDIT_BYTES_MIN, TUNNEL_CREDIT_BYTES_MAX);
        // Down slowly: a pause of the receiver is not a slow receiver.
        self.limit = wanted.max(self.limit - self.limit / 8).min(limit_max);
        (self.taken, self.since) = (0, now);
    }
}

impl Credits {
    /// What the other end has handed on of a stream; one that is over is no longer known.
    pub(super) fn reported(&self, stream: u32, bytes: usize, round_trip: Duration) {
        let credit = self.streams.lock().unwrap_or_else(PoisonError::into_inner).get(&stream).cloned();
        let Some(credit) = credit else { return };
        let before = self.in_flight.load(Ordering::Relaxed);
        // A tunnel with much in flight lets no stream grow any more.
        let limit_max = if before > TUNNEL_IN_FLIGHT_BYTES_MAX {
            TUNNEL_CREDIT_BYTES_MIN
        } else {
            TUNNEL_CREDIT_BYTES_MAX
        };
        let mut state = credit.state.lock().unwrap_or_else(PoisonError::into_inner);
        let bytes = bytes.min(state.in_flight);
        state.reported(bytes, round_trip, limit_max, Instant::now());
        drop(state);
        self.in_flight.fetch_sub(bytes, Ordering::Relaxed);
        credit.more.notify_one();
    }

    /// The connection is gone: who waits for credit is told.
    pub(in crate::proxy) fn close(&self) {
        for credit in self.streams.lock().unwrap_or_else(PoisonError::into_inner).values() {
            credit.state.lock().unwrap_or_else(PoisonError::into_inner).is_over = true;
            credit.more.notify_one();
        }
    }
}

/// A body's place among the credits of its connection; given up when dropped.
pub(super) struct Borrowed {
    flow: Arc<Flow>,
    stream: u32,
    credit: Arc<Credit>,
}

impl Borrowed {
    pub(super) fn new(flow: &Arc<Flow>, stream: u32) -> Self {
        let credit = Arc::new(Credit { state: Mutex::new(State::new(Instant::now())), more: Notify::new() });
        let mut streams = flow.credits.streams.lock().unwrap_or_else(PoisonError::into_inner);
        streams.insert(stream, Arc::clone(&credit));
        drop(streams);
        Borrowed { flow: Arc::clone(flow), stream, credit }
    }

    /// Takes credit for at most this many bytes, at least one; nothing where there is none now.
    pub(super) fn take(&self, wanted: usize) -> Option<usize> {
        let mut state = self.credit.state.lock().unwrap_or_else(PoisonError::into_inner);
        let given = wanted.min(state.limit.saturating_sub(state.in_flight));
        if given == 0 && !state.is_over {
            return None;
        }
        state.in_flight = state.in_flight.saturating_add(given);
        drop(state);
        self.flow.credits.in_flight.fetch_add(given, Ordering::Relaxed);
        Some(given)
    }

    /// Returns when it is worth asking again.
    pub(super) async fn more(&self) {
        self.credit.more.notified().await;
    }
}

impl Drop for Borrowed {
    fn drop(&mut self) {
        let credits = &self.flow.credits;
        credits.streams.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.stream);
        let mut state = self.credit.state.lock().unwrap_or_else(PoisonError::into_inner);
        credits.in_flight.fetch_sub(std::mem::take(&mut state.in_flight), Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FAR: Duration = Duration::from_millis(50);

    #[test]
    fn a_receiver_that_takes_nothing_gets_no_more_than_the_least() {
        let flow = Flow::new();
        let body = Borrowed::new(&flow, 1);
        assert_eq!(body.take(10 << 20), Some(TUNNEL_CREDIT_BYTES_MIN));
        assert_eq!(body.take(1), None);
        flow.credits.reported(1, 100, FAR);
        assert_eq!(body.take(1000), Some(100));
        drop(body);
        assert_eq!(flow.credits.in_flight.load(Ordering::Relaxed), 0);
        flow.credits.reported(1, 100, FAR);
    }

    #[test]
    fn credit_grows_with_what_is_taken_on_a_long_way_only() {
        let start = Instant::now();
        let (mut far, mut near) = (State::new(start), State::new(start));
        for step in 1..=40_u32 {
            let now = start + FAR * step;
            // Each takes all it may have in a round trip of 50 ms.
            far.reported(far.limit, FAR, TUNNEL_CREDIT_BYTES_MAX, now);
            near.reported(1 << 20, Duration::from_micros(100), TUNNEL_CREDIT_BYTES_MAX, now);
        }
        assert_eq!(far.limit, TUNNEL_CREDIT_BYTES_MAX);
        assert_eq!(near.limit, TUNNEL_CREDIT_BYTES_MIN);
    }

    #[test]
    fn a_full_tunnel_lets_nobody_grow() {
        let start = Instant::now();
        let mut state = State::new(start);
        state.reported(1 << 20, FAR, TUNNEL_CREDIT_BYTES_MIN, start + FAR);
        assert_eq!(state.limit, TUNNEL_CREDIT_BYTES_MIN);
    }

    #[tokio::test]
    async fn who_waits_for_credit_is_told_when_the_connection_ends() {
        let flow = Flow::new();
        let body = Borrowed::new(&flow, 3);
        assert!(body.take(usize::MAX).is_some());
        flow.credits.close();
        body.more().await;
        assert_eq!(body.take(5), Some(0));
    }
}
