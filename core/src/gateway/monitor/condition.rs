//! What holds at this moment and somebody should know.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Alert, ExpiryWarning, Level, MonitorReport};
use crate::error::{Error, ErrorKind, Result};
use crate::gateway::analyzer::AnalysisReport;
use crate::limits::CONDITIONS_MAX;

/// Something that holds at this moment and that somebody should know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
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
        Self::of_alerts(&report.alerts)
    }

    /// Those of these alerts that hold.
    pub fn of_alerts(alerts: &[Alert]) -> Vec<Self> {
        let active = alerts.iter().filter(|alert| alert.is_active);
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

/// What a script has looked at, as JSON: the forms in which the other calls return it.
#[derive(Clone, Debug, Default)]
pub struct GivenConditions<'a> {
    /// What `Monitor.check` returned.
    pub report: Option<Value>,
    /// What `expiry_warnings` returned.
    pub warnings: Option<Value>,
    /// An analysis.
    pub analysis: Option<&'a AnalysisReport>,
    /// Conditions of the script's own: `id`, `level` and `text` of each.
    pub conditions: Option<Value>,
}

impl GivenConditions<'_> {
    /// All of it as conditions.
    ///
    /// # Errors
    /// `config` with the field for what is not in that form, and for more than
    /// [`CONDITIONS_MAX`](crate::limits::CONDITIONS_MAX).
    ///
    /// ```
    /// use cmgateway::gateway::monitor::GivenConditions;
    /// let own = serde_json::json!([{ "id": "disk", "level": "warning", "text": "it is nearly full" }]);
    /// let given = GivenConditions { conditions: Some(own), ..GivenConditions::default() };
    /// assert_eq!(given.read()?[0].id, "disk");
    /// # Ok::<(), cmgateway::Error>(())
    /// ```
    pub fn read(self) -> Result<Vec<Condition>> {
        let alerts =
            self.report.map(|mut report| report.get_mut("alerts").map(Value::take).unwrap_or_default());
        let mut all = Condition::of_alerts(&list::<Alert>("report", alerts)?);
        all.extend(Condition::of_expiry(&list::<ExpiryWarning>("warnings", self.warnings)?));
        all.extend(self.analysis.map(Condition::of_analysis).unwrap_or_default());
        all.extend(list::<Condition>("conditions", self.conditions)?);
        if all.len() > CONDITIONS_MAX {
            return Err(refuse(format!("conditions: there are more than {CONDITIONS_MAX}")));
        }
        Ok(all)
    }
}

fn refuse(cause: String) -> Error {
    Error::new(ErrorKind::Config, "read conditions", cause)
}

/// A list of these; a Lua table without items, which could be either, is an empty one.
fn list<T: DeserializeOwned>(field: &str, given: Option<Value>) -> Result<Vec<T>> {
    match given {
        None => Ok(Vec::new()),
        Some(Value::Object(map)) if map.is_empty() => Ok(Vec::new()),
        Some(Value::Array(items)) => items
            .into_iter()
            .enumerate()
            .map(|(at, item)| {
                serde_json::from_value(item)
                    .map_err(|error| refuse(format!("{field}: item {}: {error}", at + 1)))
            })
            .collect(),
        Some(_) => Err(refuse(format!("{field}: it is not in the form that is returned"))),
    }
}
