//! Whether the other end is still there, and how far away it is.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::time::{sleep, timeout};

use super::mux::Mux;

/// How often, and how long for an answer at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::proxy) struct PingTimes {
    pub(in crate::proxy) interval: Duration,
    pub(in crate::proxy) deadline: Duration,
}

/// The round trip time of one connection: the shortest lately seen, since pings queue behind data.
#[derive(Default)]
pub(in crate::proxy) struct RoundTrip(AtomicU64);

impl RoundTrip {
    pub(in crate::proxy) fn get(&self) -> Duration {
        Duration::from_nanos(self.0.load(Ordering::Relaxed))
    }

    pub(super) fn seen(&self, time: Duration) {
        let (seen, old) =
            (u64::try_from(time.as_nanos()).unwrap_or(u64::MAX), self.0.load(Ordering::Relaxed));
        // Up slowly: the way may have become longer, but more likely it is only busy.
        let next = if old == 0 { seen } else { seen.min(old.saturating_add(old / 16).max(1)) };
        self.0.store(next, Ordering::Relaxed);
    }
}

/// The first pings follow each other soon: both ends are busy with other things when a connection begins, so that the first
/// answer makes the way look long.
const FIRST_PINGS: u32 = 5;
const FIRST_INTERVAL: Duration = Duration::from_millis(20);

/// Pings until an answer does not come in time; returns what went wrong.
pub(in crate::proxy) async fn until_dead(mux: &Mux, times: PingTimes) -> String {
    let mut first = FIRST_PINGS;
    loop {
        let sent = Instant::now();
        mux.send_ping();
        match timeout(times.deadline, mux.pong.notified()).await {
            Ok(()) => mux.round_trip.seen(sent.elapsed()),
            Err(_) => return format!("no answer to a ping within {:?}", times.deadline),
        }
        sleep(if first > 0 { times.interval.min(FIRST_INTERVAL) } else { times.interval }).await;
        first = first.saturating_sub(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_busy_moment_does_not_lengthen_the_way() {
        let trip = RoundTrip::default();
        trip.seen(Duration::from_millis(10));
        trip.seen(Duration::from_secs(1));
        assert!(trip.get() < Duration::from_millis(11), "{:?}", trip.get());
        trip.seen(Duration::from_millis(2));
        assert_eq!(trip.get(), Duration::from_millis(2));
    }
}
