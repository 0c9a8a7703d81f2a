//! Bounds of the times that an instance and a connection point are started with.

use std::time::Duration;

use crate::limits::SERVICE_TIME_MAX;

/// Times above zero that a clock can be set by.
pub(super) fn check_times(times: &[(&str, Duration)]) -> std::result::Result<(), String> {
    match times.iter().find(|(_, time)| time.is_zero() || *time > SERVICE_TIME_MAX) {
        Some((name, _)) => Err(format!("{name}: it must be above zero, and at most {SERVICE_TIME_MAX:?}")),
        None => Ok(()),
    }
}

/// How long a stop may take: not at all, too.
pub(super) fn check_drain(time: Duration) -> std::result::Result<(), String> {
    if time > SERVICE_TIME_MAX { Err(format!("drain: it is at most {SERVICE_TIME_MAX:?}")) } else { Ok(()) }
}
