//! What the analyzer found.

use std::fmt;
use std::time::Duration;

use serde::Serialize;
use serde::ser::SerializeStruct;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::html;
use super::verdict::Outcome;

/// How one check ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct CheckResult {
    /// The name of the check.
    pub id: &'static str,
    /// What it is about.
    pub area: &'static str,
    /// What holds where it passes.
    pub proves: &'static str,
    /// How it ended.
    pub outcome: Outcome,
    /// What was found, or why it was skipped.
    pub finding: String,
    /// What was seen, a line each.
    pub evidence: Vec<String>,
    /// What is usually behind it, where it failed or warns.
    pub cause: Option<&'static str>,
    /// What to do, where it failed or warns.
    pub remedy: Option<String>,
    /// The failed check that it could not be judged after.
    pub blocked_by: Option<&'static str>,
    /// How long it took.
    #[serde(serialize_with = "milliseconds", rename = "milliseconds")]
    pub took: Duration,
    #[serde(skip)]
    pub(super) blocks: bool,
}

fn milliseconds<S: serde::Serializer>(time: &Duration, to: S) -> std::result::Result<S::Ok, S::Error> {
    to.serialize_u64(u64::try_from(time.as_millis()).unwrap_or(u64::MAX))
}

/// What the analyzer found, check by check; prints as a table.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AnalysisReport {
    /// The gateway.
    pub service_name: String,
    /// The moment for which it was checked.
    pub at: OffsetDateTime,
    /// Every check, in the order in which they were made.
    pub results: Vec<CheckResult>,
    /// How long all of it took.
    pub took: Duration,
}

impl AnalysisReport {
    /// True where nothing failed; warnings and skipped checks may be there.
    pub fn is_healthy(&self) -> bool {
        self.first_cause().is_none()
    }

    /// The first check that failed, which is the cause to look at.
    pub fn first_cause(&self) -> Option<&CheckResult> {
        self.results.iter().find(|result| result.outcome == Outcome::Failed)
    }

    /// The result of the check of this name.
    pub fn result(&self, id: &str) -> Option<&CheckResult> {
        self.results.iter().find(|result| result.id == id)
    }

    /// How many checks ended like this.
    pub fn count(&self, outcome: Outcome) -> usize {
        self.results.iter().filter(|result| result.outcome == outcome).count()
    }

    /// One sentence about all of it.
    pub fn summary(&self) -> String {
        let (passed, skipped) = (self.count(Outcome::Passed), self.count(Outcome::Skipped));
        let warnings = match self.count(Outcome::Warning) {
            0 => String::new(),
            1 => ", 1 warning".to_owned(),
            many => format!(", {many} warnings"),
        };
        let counts = format!("{passed} passed{warnings}, {skipped} skipped");
        match (self.first_cause(), self.count(Outcome::Failed)) {
            (None, _) => format!("All is well: {counts}."),
            (Some(first), failed) => {
                format!("{failed} failed, first {}: {} ({counts})", first.id, first.finding)
            }
        }
    }

    /// The report as JSON text, indented by two blanks.
    pub fn to_json(&self) -> String {
        // Texts, numbers and lists of them always have a JSON form.
        serde_json::to_string_pretty(self).unwrap_or_default()
    }

    /// The report as one HTML page without scripts or outside references.
    pub fn to_html(&self) -> String {
        html::page(self)
    }

    pub(super) fn moment(&self) -> String {
        self.at.replace_nanosecond(0).unwrap_or(self.at).format(&Rfc3339).unwrap_or_default()
    }
}

impl Serialize for AnalysisReport {
    /// The fields, and `is_healthy`, `first_cause` and `summary` with them.
    fn serialize<S: serde::Serializer>(&self, to: S) -> std::result::Result<S::Ok, S::Error> {
        let mut out = to.serialize_struct("AnalysisReport", 7)?;
        out.serialize_field("service_name", &self.service_name)?;
        out.serialize_field("at", &self.moment())?;
        out.serialize_field("is_healthy", &self.is_healthy())?;
        out.serialize_field("first_cause", &self.first_cause().map(|first| first.id))?;
        out.serialize_field("summary", &self.summary())?;
        out.serialize_field("milliseconds", &u64::try_from(self.took.as_millis()).unwrap_or(u64::MAX))?;
        out.serialize_field("results", &self.results)?;
        out.end()
    }
}

impl fmt::Display for AnalysisReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "Gateway {} at {}", self.service_name, self.moment())?;
        let width = self.results.iter().map(|result| result.id.len()).max().unwrap_or_default();
        let mut area = "";
        for result in &self.results {
            if result.area != area {
                area = result.area;
                writeln!(f, "{area}")?;
            }
            writeln!(f, "  {:<7}  {:<width$}  {}", result.outcome.as_str(), result.id, result.finding)?;
            if let (Some(cause), Some(remedy)) = (result.cause, &result.remedy) {
                for line in &result.evidence {
                    writeln!(f, "           {:<width$}  - {line}", "")?;
                }
                writeln!(f, "           {:<width$}  cause: {cause}", "")?;
                writeln!(f, "           {:<width$}  remedy: {remedy}", "")?;
            }
        }
        f.write_str(&self.summary())
    }
}
