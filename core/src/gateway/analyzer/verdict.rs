//! What one check came to.

use serde::Serialize;

/// How a check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Outcome {
    /// It is as it should be.
    Passed,
    /// It works, and somebody should look at it.
    Warning,
    /// It is not as it should be.
    Failed,
    /// It was not looked at: something it needs was not given, or a check before it failed.
    Skipped,
}

impl Outcome {
    /// The word that prints and that Python and Lua use.
    pub fn as_str(self) -> &'static str {
        match self {
            Outcome::Passed => "passed",
            Outcome::Warning => "warning",
            Outcome::Failed => "failed",
            Outcome::Skipped => "skipped",
        }
    }
}

/// What a check says when it is done.
#[derive(Debug)]
pub(super) struct Verdict {
    pub(super) outcome: Outcome,
    /// The whole of it in one sentence.
    pub(super) finding: String,
    /// What was seen, a line each.
    pub(super) evidence: Vec<String>,
    /// What to do, where it is more than the table says.
    pub(super) remedy: Option<String>,
    /// False where what comes after it can still be looked at.
    pub(super) blocks: bool,
}

impl Verdict {
    fn new(outcome: Outcome, finding: impl Into<String>) -> Self {
        Verdict { outcome, finding: finding.into(), evidence: Vec::new(), remedy: None, blocks: true }
    }

    pub(super) fn passed(finding: impl Into<String>) -> Self {
        Self::new(Outcome::Passed, finding)
    }

    pub(super) fn warning(finding: impl Into<String>) -> Self {
        Self::new(Outcome::Warning, finding)
    }

    pub(super) fn failed(finding: impl Into<String>) -> Self {
        Self::new(Outcome::Failed, finding)
    }

    /// Something it needs was not given or does not apply.
    pub(super) fn skipped(reason: impl Into<String>) -> Self {
        Self::new(Outcome::Skipped, reason)
    }

    pub(super) fn evidence(mut self, line: impl Into<String>) -> Self {
        self.evidence.push(line.into());
        self
    }

    pub(super) fn all_evidence(mut self, lines: Vec<String>) -> Self {
        self.evidence.extend(lines);
        self
    }

    pub(super) fn remedy(mut self, remedy: impl Into<String>) -> Self {
        self.remedy = Some(remedy.into());
        self
    }

    /// What comes after it is looked at all the same.
    pub(super) fn not_blocking(mut self) -> Self {
        self.blocks = false;
        self
    }

    /// Failed with these findings, passed where there are none.
    pub(super) fn of_faults(faults: Vec<String>, passed: impl Into<String>) -> Self {
        match faults.split_first() {
            None => Self::passed(passed),
            Some((first, [])) => Self::failed(first.as_str()),
            Some((first, others)) => {
                Self::failed(format!("{first} (and {} more)", others.len())).all_evidence(others.to_vec())
            }
        }
    }
}
