//! When a client asks anew where it is and whom it may talk to; pure.

use std::time::Duration;

use crate::limits::LOCATION_REFRESH_INTERVAL;

/// The cadence of location requests: every 24 hours, and whenever somebody asks for it.
///
/// Times are those of a clock that never goes back, such as [`Timer::elapsed`](crate::net::Timer::elapsed).
///
/// ```
/// use std::time::Duration;
/// use cmgateway::gateway::client_location::LocationRefresh;
/// let mut refresh = LocationRefresh::default();
/// let start = Duration::from_secs(100);
/// assert!(refresh.is_due(start), "never asked yet");
/// refresh.done(start);
/// assert!(!refresh.is_due(start + Duration::from_secs(23 * 3600)));
/// assert!(refresh.is_due(start + Duration::from_secs(24 * 3600)));
/// // As restarting the agent does.
/// refresh.trigger();
/// assert!(refresh.is_due(start));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LocationRefresh {
    interval: Duration,
    last: Option<Duration>,
}

impl Default for LocationRefresh {
    fn default() -> Self {
        LocationRefresh { interval: LOCATION_REFRESH_INTERVAL, last: None }
    }
}

impl LocationRefresh {
    /// One with another interval.
    pub fn every(interval: Duration) -> Self {
        LocationRefresh { interval, last: None }
    }

    /// True where it is time to ask.
    pub fn is_due(&self, now: Duration) -> bool {
        self.last.is_none_or(|last| now >= last.saturating_add(self.interval))
    }

    /// Notes that it was asked.
    pub fn done(&mut self, now: Duration) {
        self.last = Some(now);
    }

    /// Makes it due at once.
    pub fn trigger(&mut self) {
        self.last = None;
    }
}
