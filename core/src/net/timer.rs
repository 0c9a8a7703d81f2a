//! Waiting, and the time that it takes; injected, so that an hour of polling is tested in a moment.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use time::OffsetDateTime;

/// A wait.
pub type Sleep<'a> = Pin<Box<dyn Future<Output = ()> + Send + 'a>>;

/// Tells the time and waits.
///
/// ```
/// use cmgateway::net::{Timer, SystemTimer};
/// let timer = SystemTimer::new();
/// assert!(timer.elapsed() <= timer.elapsed());
/// ```
pub trait Timer: Send + Sync + fmt::Debug {
    /// The moment, for what goes into a document.
    fn now(&self) -> OffsetDateTime;
    /// Time since some fixed moment; it never goes back, so deadlines are counted by it.
    fn elapsed(&self) -> Duration;
    /// Waits so long.
    fn sleep(&self, time: Duration) -> Sleep<'_>;
}

/// The machine's own time.
///
/// ```
/// use cmgateway::net::{Timer, SystemTimer};
/// assert!(SystemTimer::new().now().year() > 2000);
/// ```
#[derive(Debug)]
pub struct SystemTimer {
    start: Instant,
}

impl SystemTimer {
    /// Starts to count.
    #[expect(clippy::new_without_default, reason = "a start has no default")]
    pub fn new() -> Self {
        SystemTimer { start: Instant::now() }
    }
}

impl Timer for SystemTimer {
    fn now(&self) -> OffsetDateTime {
        OffsetDateTime::now_utc()
    }

    fn elapsed(&self) -> Duration {
        self.start.elapsed()
    }

    fn sleep(&self, time: Duration) -> Sleep<'_> {
        Box::pin(tokio::time::sleep(time))
    }
}

/// A timer whose time moves only by being waited on: every wait is over at once, and as long as it was asked to be.
///
/// For rehearsals and tests of what polls for half an hour. Never against a live service: it would be asked without any pause.
///
/// ```
/// use std::time::Duration;
/// use cmgateway::net::{Timer, ManualTimer};
/// use time::macros::datetime;
/// let timer = ManualTimer::new(datetime!(2026-01-01 00:00 UTC));
/// timer.advance(Duration::from_secs(60));
/// assert_eq!(timer.now(), datetime!(2026-01-01 00:01 UTC));
/// ```
#[derive(Debug)]
pub struct ManualTimer {
    start: OffsetDateTime,
    passed: Mutex<Duration>,
}

impl ManualTimer {
    /// A timer that shows this moment.
    pub fn new(start: OffsetDateTime) -> Self {
        ManualTimer { start, passed: Mutex::new(Duration::ZERO) }
    }

    /// Moves it on.
    pub fn advance(&self, time: Duration) {
        let mut passed = self.passed.lock().unwrap_or_else(PoisonError::into_inner);
        *passed = passed.saturating_add(time);
    }
}

impl Timer for ManualTimer {
    fn now(&self) -> OffsetDateTime {
        self.start.saturating_add(time::Duration::try_from(self.elapsed()).unwrap_or(time::Duration::MAX))
    }

    fn elapsed(&self) -> Duration {
        *self.passed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn sleep(&self, time: Duration) -> Sleep<'_> {
        Box::pin(async move {
            self.advance(time);
            // Others get their turn, as in a real wait.
            tokio::task::yield_now().await;
        })
    }
}
