//! What is wrong or doubtful.

use std::fmt;

/// How much a [`Finding`] counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Severity {
    /// The gateway will not work so.
    Error,
    /// One of Microsoft's pages forbids it and another one does not, or it works and will be regretted.
    Warning,
}

impl Severity {
    /// The word that Python and Lua use.
    pub fn as_str(self) -> &'static str {
        match self {
            Severity::Error => "error",
            Severity::Warning => "warning",
        }
    }
}

/// One thing that is wrong or doubtful about a certificate or a name; prints as `error key_size: …`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Finding {
    /// How much it counts.
    pub severity: Severity,
    /// The rule in one word, for scripts, such as `key_size`.
    pub rule: &'static str,
    /// The whole of it for a person.
    pub text: String,
}

impl Finding {
    pub(super) fn error(rule: &'static str, text: impl Into<String>) -> Self {
        Finding { severity: Severity::Error, rule, text: text.into() }
    }

    pub(super) fn warning(rule: &'static str, text: impl Into<String>) -> Self {
        Finding { severity: Severity::Warning, rule, text: text.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: {}", self.severity.as_str(), self.rule, self.text)
    }
}
