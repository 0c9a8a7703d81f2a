//! What has changed since the last look: told once, and told again when it is over.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::{ExpiryWarning, Level, MonitorReport};
use crate::error::{Error, ErrorKind, Result};
use crate::gateway::analyzer::AnalysisReport;

/// Something that holds at this moment and that somebody should know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Condition {
    /// What it is, the same for as long as it holds.
    pub id: String,
    /// How bad it is.
    pub level: Level,
    /// The whole of it for a person.
    pub text: String,
}

impl Condition {
    /// A condition of this name.
    pub fn new(id: impl Into<String>, level: Level, text: impl Into<String>) -> Self {
        Condition { id: id.into(), level, text: text.into() }
    }

    /// The alerts of a look at the traffic that hold.
    pub fn of_monitor(report: &MonitorReport) -> Vec<Self> {
        let active = report.alerts.iter().filter(|alert| alert.is_active);
        active
            .map(|alert| Self::new(&alert.name, alert.level, alert.cause.as_deref().unwrap_or_default()))
            .collect()
    }

    /// What ends soon.
    pub fn of_expiry(warnings: &[ExpiryWarning]) -> Vec<Self> {
        let id = |warning: &ExpiryWarning| {
            format!("{} {} ends on {}", warning.item.what, warning.item.name, warning.item.end.date())
        };
        warnings.iter().map(|warning| Self::new(id(warning), warning.level, warning.to_string())).collect()
    }

    /// The first cause of an analysis.
    pub fn of_analysis(report: &AnalysisReport) -> Vec<Self> {
        let of = |id: &str| format!("{}: {id}", report.service_name);
        report
            .first_cause()
            .map(|first| Self::new(of(first.id), Level::Critical, &first.finding))
            .into_iter()
            .collect()
    }
}

/// A message about a condition: that it holds, that it has become worse or better, or that it is over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Notice {
    /// The condition.
    pub id: String,
    /// How bad it is now; `normal` where it is over.
    pub level: Level,
    /// The whole of it for a person.
    pub text: String,
    /// True where the condition is over.
    pub is_recovery: bool,
    /// When it was noticed.
    #[serde(serialize_with = "super::moment")]
    pub at: OffsetDateTime,
}

/// What was told so far, so that each change is told once.
///
/// It serialises to JSON and back, so that a script may keep it between its runs.
///
/// ```
/// use cmgateway::gateway::monitor::{Condition, Level, Notices};
/// use time::macros::datetime;
/// let now = datetime!(2026-01-01 00:00 UTC);
/// let (mut told, full) = (Notices::default(), [Condition::new("disk", Level::Warning, "it is nearly full")]);
/// assert_eq!(told.changes(&full, now).len(), 1);
/// assert_eq!(told.changes(&full, now).len(), 0);
/// assert!(told.changes(&[], now)[0].is_recovery);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notices {
    holding: BTreeMap<String, Level>,
}

impl Notices {
    /// Reads what was kept as JSON.
    ///
    /// # Errors
    /// `config` where it is none.
    pub fn from_json(text: &str) -> Result<Self> {
        serde_json::from_str(text)
            .map_err(|error| Error::new(ErrorKind::Config, "read notices", error.to_string()))
    }

    /// All of it as JSON text.
    pub fn to_json(&self) -> String {
        // Names and words always have a JSON form.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// What has changed: conditions that are new or of another level, then those that are over.
    pub fn changes(&mut self, holding: &[Condition], at: OffsetDateTime) -> Vec<Notice> {
        let mut notices = Vec::new();
        // Two of one name are one condition, as bad as the worse of them.
        let mut worst: BTreeMap<&str, &Condition> = BTreeMap::new();
        for condition in holding {
            let known = worst.entry(&condition.id).or_insert(condition);
            if known.level < condition.level {
                *known = condition;
            }
        }
        for condition in worst.values() {
            if self.holding.insert(condition.id.clone(), condition.level) != Some(condition.level) {
                let (id, text) = (condition.id.clone(), condition.text.clone());
                notices.push(Notice { id, level: condition.level, text, is_recovery: false, at });
            }
        }
        let is_over = |id: &String| holding.iter().all(|condition| condition.id != *id);
        let over: Vec<String> = self.holding.keys().filter(|id| is_over(id)).cloned().collect();
        for id in over {
            self.holding.remove(&id);
            let text = format!("{id}: it is over");
            notices.push(Notice { id, level: Level::Normal, text, is_recovery: true, at });
        }
        notices
    }
}
