//! Sums against thresholds.

use serde::{Deserialize, Serialize};

use super::history::TrafficSample;
use crate::wmi::{Instance, Value};

/// What a gigabyte is here: 2^30 bytes, as Windows counts. The product's pages do not say.
const GIGABYTE: u64 = 1 << 30;
/// The console's field for the 14-day threshold; Microsoft's pages give 10, 10000 and 2 as default.
const DEFAULT_GIGABYTES: u32 = 10_000;

/// How much traffic a gateway may send in 14 days, and what happens then.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Thresholds {
    /// The threshold itself, in gigabytes (`TrafficOutInGB`).
    pub gigabytes: u32,
    /// From how many percent of it on there is a warning (`TrafficWarningThreshold`).
    pub warning_percent: u32,
    /// From how many percent of it on it is critical (`TrafficCriticalThreshold`).
    pub critical_percent: u32,
    /// Whether the gateway is stopped then (`TrafficOutStopService`).
    pub stops: bool,
}

impl Thresholds {
    /// Those of a gateway's row; 10000 GB, 50 and 90 percent where it holds none.
    ///
    /// ```
    /// use cmgateway::gateway::monitor::Thresholds;
    /// use cmgateway::wmi::Instance;
    /// let thresholds = Thresholds::of(&Instance::new("SMS_AzureService")?);
    /// assert_eq!((thresholds.gigabytes, thresholds.warning_percent), (10_000, 50));
    /// # Ok::<(), cmgateway::Error>(())
    /// ```
    pub fn of(row: &Instance) -> Self {
        let number = |name: &str, default: u32| {
            let given =
                row.get(name).and_then(Value::as_integer).and_then(|number| u32::try_from(number).ok());
            given.filter(|number| *number > 0).unwrap_or(default)
        };
        Thresholds {
            gigabytes: number("TrafficOutInGB", DEFAULT_GIGABYTES),
            warning_percent: number("TrafficWarningThreshold", 50),
            critical_percent: number("TrafficCriticalThreshold", 90),
            stops: matches!(row.get("TrafficOutStopService"), Some(Value::Boolean(true))),
        }
    }
}

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Level {
    /// Nothing is to be done.
    Normal,
    /// Somebody should look at it.
    Warning,
    /// Somebody has to do something.
    Critical,
}

impl Level {
    /// The word that Python and Lua use.
    pub fn as_str(self) -> &'static str {
        match self {
            Level::Normal => "normal",
            Level::Warning => "warning",
            Level::Critical => "critical",
        }
    }
}

/// The outbound traffic of 14 days against its thresholds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct TrafficState {
    /// What went out, in bytes; whole gigabytes where only the site's own number is there.
    pub bytes: u64,
    /// The same in whole gigabytes of 2^30 bytes.
    pub gigabytes: u64,
    /// How much that is of the threshold, in whole percent.
    pub percent: u64,
    /// What that means.
    pub level: Level,
    /// Whether the gateway is stopped at the critical level.
    pub stops: bool,
    /// The thresholds it was held against.
    pub thresholds: Thresholds,
}

/// Holds the samples against the thresholds; the row's own number counts where there are none.
pub(super) fn state(
    thresholds: &Thresholds,
    row: &Instance,
    samples: Option<&[TrafficSample]>,
) -> TrafficState {
    let bytes = match samples {
        None => {
            let own = row.get("TrafficOutUsage").and_then(Value::as_integer);
            own.and_then(|own| u64::try_from(own).ok()).unwrap_or(0).saturating_mul(GIGABYTE)
        }
        Some(samples) => samples.iter().fold(0_u64, |sum, sample| sum.saturating_add(sample.bytes_out)),
    };
    let whole = u64::from(thresholds.gigabytes).saturating_mul(GIGABYTE);
    // In 128 bits nothing is lost.
    let percent = u128::from(bytes).saturating_mul(100).checked_div(whole.into()).unwrap_or(0);
    let percent = u64::try_from(percent).unwrap_or(u64::MAX);
    let level = match percent {
        _ if percent >= thresholds.critical_percent.into() => Level::Critical,
        _ if percent >= thresholds.warning_percent.into() => Level::Warning,
        _ => Level::Normal,
    };
    TrafficState {
        bytes,
        gigabytes: bytes.checked_div(GIGABYTE).unwrap_or(0),
        percent,
        level,
        stops: thresholds.stops,
        thresholds: thresholds.clone(),
    }
}
