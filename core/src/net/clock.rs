//! What time it is, for the parts that have to know.

use std::fmt;

use time::OffsetDateTime;

/// Says what time it is; tests put a clock of their own in its place.
///
/// ```
/// use cmgateway::net::Clock;
/// use time::macros::datetime;
/// let clock = || datetime!(2026-06-01 00:00 UTC);
/// assert_eq!(clock.now(), datetime!(2026-06-01 00:00 UTC));
/// ```
pub trait Clock: Send + Sync {
    /// This moment.
    fn now(&self) -> OffsetDateTime;
}

/// The clock of the machine.
///
/// ```
/// use cmgateway::net::{Clock, SystemClock};
/// assert!(SystemClock.now().year() > 2024);
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> OffsetDateTime {
        OffsetDateTime::now_utc()
    }
}

impl<F: Fn() -> OffsetDateTime + Send + Sync> Clock for F {
    fn now(&self) -> OffsetDateTime {
        self()
    }
}

impl fmt::Debug for dyn Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Clock")
    }
}
