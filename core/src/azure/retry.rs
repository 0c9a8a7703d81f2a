//! When a refused request is sent again, and after how long. Pure: time and chance are handed in.

use std::time::Duration;

use reqwest::Method;

/// How often and how long a refused request is tried again, and how often operations are polled.
///
/// ```
/// use std::time::Duration;
/// use cmgateway::azure::RetryPolicy;
/// let policy = RetryPolicy { tries: 3, ..RetryPolicy::default() };
/// assert_eq!(policy.pause_max, Duration::from_secs(120));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RetryPolicy {
    /// Most tries of one request.
    pub tries: u32,
    /// The first pause where the service names none; it doubles each time.
    pub pause: Duration,
    /// The longest pause where the service names none.
    pub pause_max: Duration,
    /// The longest pause that is made where the service names one; None waits as long as it says.
    ///
    /// Asking sooner than a service wants is rude to a real one: this is for replays and simulators.
    pub retry_after_max: Option<Duration>,
    /// Longest time for one request with all its retries.
    pub request_deadline: Duration,
    /// Time between two polls where the service names none.
    pub poll_pause: Duration,
    /// Longest time for one long-running operation.
    pub operation_deadline: Duration,
}

impl Default for RetryPolicy {
    /// Ten tries from 0.8 s up to 120 s apart within 10 minutes; polls 30 s apart for at most an hour, as the SDKs do.
    fn default() -> Self {
        RetryPolicy {
            tries: 10,
            pause: Duration::from_millis(800),
            pause_max: Duration::from_secs(120),
            retry_after_max: None,
            request_deadline: Duration::from_secs(600),
            poll_pause: Duration::from_secs(30),
            operation_deadline: Duration::from_secs(3600),
        }
    }
}

/// A refusal, as far as it matters for trying again.
pub(super) struct Refused<'a> {
    pub(super) method: &'a Method,
    /// Whether the request may be sent twice even where the service acted on it the first time.
    pub(super) is_repeatable: bool,
    pub(super) status: u16,
    pub(super) retry_after: Option<Duration>,
    /// The codes of the error document, outermost first.
    pub(super) codes: &'a [&'a str],
}

/// Another request holds the thing, or what it refers to is not there yet: both pass by themselves.
const PASSING: [&str; 8] = [
    "RetryableError",
    "ReferencedResourceNotProvisioned",
    "AnotherOperationInProgress",
    "PrincipalNotFound",
    "ResourceGroupBeingDeleted",
    "OperationTimedOut",
    "ServerBusy",
    "TooManyRequests",
];
/// What is waited for takes seconds, not milliseconds.
const PASSING_PAUSE: Duration = Duration::from_secs(3);
/// The metadata service updates itself within this time (410).
const METADATA_UPDATE: Duration = Duration::from_secs(70);

impl RetryPolicy {
    /// How long to wait before the next try; None where there is none. `chance` is from 0 to 1.
    pub(super) fn pause_after(&self, tried: u32, refused: &Refused<'_>, chance: f64) -> Option<Duration> {
        if tried >= self.tries {
            return None;
        }
        let is_passing = refused.codes.iter().any(|code| PASSING.contains(code));
        let is_idempotent = refused.is_repeatable
            || matches!(*refused.method, Method::GET | Method::HEAD | Method::PUT | Method::DELETE);
        let again = match refused.status {
            // Throttled: nothing was done.
            429 | 503 => true,
            408 | 500 | 502 | 504 => is_idempotent,
            410 => return Some(self.named_pause(METADATA_UPDATE)),
            400 | 409 => is_passing || (refused.retry_after.is_some() && is_idempotent),
            _ => false,
        };
        if !again {
            return None;
        }
        Some(match refused.retry_after {
            // A little more than asked for, so that many clients do not come back at the same moment.
            Some(time) => self.named_pause(time.saturating_add(Duration::from_secs_f64(0.5 * chance))),
            None if is_passing => self.backoff(tried, chance).max(self.named_pause(PASSING_PAUSE)),
            None => self.backoff(tried, chance),
        })
    }

    /// The pause that a service names, as far as it is heeded.
    pub(super) fn named_pause(&self, time: Duration) -> Duration {
        self.retry_after_max.map_or(time, |most| time.min(most))
    }

    /// Exponential, with jitter: from half of the pause to the whole.
    pub(super) fn backoff(&self, tried: u32, chance: f64) -> Duration {
        let doubled =
            self.pause.saturating_mul(1_u32.checked_shl(tried.saturating_sub(1)).unwrap_or(u32::MAX));
        doubled.min(self.pause_max).mul_f64(0.5 + 0.5 * chance.clamp(0.0, 1.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pause(status: u16, method: &Method, codes: &[&str], retry_after: Option<u64>) -> Option<f64> {
        let retry_after = retry_after.map(Duration::from_secs);
        let refused = Refused { method, is_repeatable: false, status, retry_after, codes };
        RetryPolicy::default().pause_after(1, &refused, 1.0).map(|pause| pause.as_secs_f64())
    }

    #[test]
    fn what_was_not_acted_on_is_sent_again() {
        assert_eq!(pause(429, &Method::POST, &[], None), Some(0.8));
        assert_eq!(pause(503, &Method::POST, &["TooManyRequests"], None), Some(3.0));
        assert_eq!(pause(429, &Method::PUT, &["RetryableError"], None), Some(3.0));
        assert_eq!(pause(429, &Method::GET, &[], Some(17)), Some(17.5));
        assert_eq!(pause(410, &Method::GET, &[], None), Some(70.0));
    }

    #[test]
    fn what_may_have_been_acted_on_is_sent_again_only_where_that_is_harmless() {
        assert_eq!(pause(500, &Method::POST, &[], None), None);
        assert_eq!(pause(504, &Method::PUT, &[], None), Some(0.8));
        assert_eq!(pause(500, &Method::DELETE, &[], None), Some(0.8));
    }

    #[test]
    fn final_refusals_are_final() {
        for (status, code) in [
            (400, "InvalidDomainNameLabel"),
            (400, "InUseSubnetCannotBeDeleted"),
            (403, "AuthorizationFailed"),
            (404, "ResourceNotFound"),
            (409, "SkuNotAvailable"),
            (409, "StorageAccountAlreadyTaken"),
            (412, "PreconditionFailed"),
        ] {
            assert_eq!(pause(status, &Method::PUT, &[code], None), None, "{status} {code}");
        }
    }

    #[test]
    fn pauses_double_and_have_an_end() {
        let policy = RetryPolicy::default();
        let seconds: Vec<_> = (1..10).map(|tried| policy.backoff(tried, 1.0).as_secs_f64()).collect();
        assert_eq!(seconds, [0.8, 1.6, 3.2, 6.4, 12.8, 25.6, 51.2, 102.4, 120.0]);
        assert_eq!(policy.backoff(40, 0.0).as_secs(), 60);
        let refused =
            Refused { method: &Method::GET, is_repeatable: true, status: 429, retry_after: None, codes: &[] };
        assert_eq!(policy.pause_after(10, &refused, 0.5), None);
    }
}
