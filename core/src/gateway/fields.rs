//! Takes the fields that a script gives out of a table, one by one, and collects what is wrong.

use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use serde_json::{Map, Value};

use super::spec::Violation;
use crate::error::{Error, ErrorKind, Result};
use crate::guid::is_guid;

/// The table, what was taken out of it missing.
pub(super) struct Fields {
    /// What has these fields, for messages: `a spec`.
    whose: &'static str,
    rest: Map<String, Value>,
    violations: Vec<Violation>,
}

impl Fields {
    pub(super) fn new(whose: &'static str, rest: Map<String, Value>) -> Self {
        Fields { whose, rest, violations: Vec::new() }
    }

    /// Refuses every mistake at once.
    pub(super) fn finish(self, operation: &str) -> Result<()> {
        let violations = self.end();
        if violations.is_empty() {
            return Ok(());
        }
        let all: Vec<_> = violations.iter().map(Violation::to_string).collect();
        let error = Error::new(ErrorKind::Config, operation, all.join("; "));
        Err(violations.into_iter().fold(error, |error, one| error.with_context("field", one.field)))
    }

    /// Every violation; what is left in the table is unknown.
    pub(super) fn end(self) -> Vec<Violation> {
        let mut violations = self.violations;
        for (name, _) in self.rest {
            violations.push(Violation { field: name, rule: format!("is not a field of {}", self.whose) });
        }
        violations
    }

    /// Notes a rule that does not hold.
    pub(super) fn must(&mut self, holds: bool, field: &str, rule: &str) {
        let violation = Violation { field: field.to_owned(), rule: rule.to_owned() };
        // The same mistake in two places is one.
        if !holds && !self.violations.contains(&violation) {
            self.violations.push(violation);
        }
    }

    fn take(&mut self, field: &str) -> Option<Value> {
        self.rest.remove(field).filter(|value| !value.is_null())
    }

    pub(super) fn text(&mut self, field: &str) -> Option<String> {
        match self.take(field)? {
            Value::String(text) if text.contains(char::is_control) => {
                self.must(false, field, "must have no control character");
                None
            }
            Value::String(text) => Some(text),
            _ => {
                self.must(false, field, "must be text");
                None
            }
        }
    }

    pub(super) fn required_text(&mut self, field: &str) -> String {
        let is_there = self.rest.get(field).is_some_and(|value| !value.is_null());
        let text = self.text(field).unwrap_or_default();
        self.must(is_there, field, "is missing");
        self.must(!is_there || !text.trim().is_empty() || !self.violations.is_empty(), field, "is empty");
        text
    }

    pub(super) fn parsed<T: FromStr<Err = Error> + Default>(&mut self, field: &str) -> T {
        match self.text(field).map(|text| text.parse()) {
            Some(Ok(value)) => value,
            Some(Err(error)) => {
                let error: Error = error;
                self.must(false, field, &format!("cannot be read: {}", error.cause()));
                T::default()
            }
            None => T::default(),
        }
    }

    pub(super) fn flag(&mut self, field: &str, usual: bool) -> bool {
        self.said(field).unwrap_or(usual)
    }

    /// True or false; None where nothing is said.
    pub(super) fn said(&mut self, field: &str) -> Option<bool> {
        match self.take(field)? {
            Value::Bool(flag) => Some(flag),
            _ => {
                self.must(false, field, "must be true or false");
                None
            }
        }
    }

    /// One of these words; None where nothing is said.
    pub(super) fn word<T: Copy>(&mut self, field: &str, known: &[(&str, T)]) -> Option<T> {
        let given = self.text(field)?;
        let found = known.iter().find(|(word, _)| *word == given).map(|(_, meaning)| *meaning);
        let words: Vec<_> = known.iter().map(|(word, _)| *word).collect();
        self.must(found.is_some(), field, &format!("must be one of {}, not {given:?}", words.join(", ")));
        found
    }

    pub(super) fn number(&mut self, field: &str, usual: u32, range: RangeInclusive<u32>) -> u32 {
        self.optional_number(field, range).unwrap_or(usual)
    }

    pub(super) fn optional_number(&mut self, field: &str, range: RangeInclusive<u32>) -> Option<u32> {
        let value = self.take(field)?;
        // Lua and JSON have numbers without a kind.
        let number = value.as_i64().or_else(|| {
            value
                .as_f64()
                .filter(|number| number.fract() == 0.0 && number.abs() < 1e15)
                .map(|number| number as i64)
        });
        match number.and_then(|number| u32::try_from(number).ok()).filter(|number| range.contains(number)) {
            Some(number) => Some(number),
            None => {
                let rule = match number {
                    Some(_) => format!("must be from {} to {}", range.start(), range.end()),
                    None => "must be a whole number".to_owned(),
                };
                self.must(false, field, &rule);
                None
            }
        }
    }

    pub(super) fn paths(&mut self, field: &str) -> Vec<PathBuf> {
        self.list(field, "must be a list of file names").into_iter().map(PathBuf::from).collect()
    }

    /// Texts in a list; one alone need not be in one.
    pub(super) fn texts(&mut self, field: &str) -> Vec<String> {
        self.list(field, "must be a list of texts")
    }

    fn list(&mut self, field: &str, rule: &str) -> Vec<String> {
        let items = match self.take(field) {
            None => return Vec::new(),
            Some(Value::String(one)) => return vec![one],
            Some(Value::Array(items)) => items,
            // Lua has one empty table for lists and for tables.
            Some(Value::Object(map)) if map.is_empty() => return Vec::new(),
            Some(_) => {
                self.must(false, field, rule);
                return Vec::new();
            }
        };
        let texts: Vec<String> = items.iter().filter_map(Value::as_str).map(str::to_owned).collect();
        self.must(texts.len() == items.len(), field, rule);
        texts
    }

    /// A time in seconds, above zero.
    pub(super) fn seconds(&mut self, field: &str, usual: Duration) -> Duration {
        let Some(value) = self.take(field) else { return usual };
        let seconds = value.as_f64().filter(|seconds| *seconds > 0.0);
        match seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok()) {
            Some(time) => time,
            None => {
                self.must(false, field, "must be a number of seconds above zero");
                usual
            }
        }
    }

    /// Numbers of 64 bits by names; a number may be text, where a language has none so large.
    pub(super) fn ids(&mut self, field: &str) -> Vec<(String, u64)> {
        let map = match self.take(field) {
            None => return Vec::new(),
            Some(Value::Object(map)) => map,
            Some(_) => Map::new(),
        };
        let id = |value: &Value| value.as_u64().or_else(|| value.as_str()?.parse().ok());
        let found: Vec<_> = map.iter().filter_map(|(name, value)| Some((name.clone(), id(value)?))).collect();
        self.must(
            found.len() == map.len() && !map.is_empty(),
            field,
            "must be a table of servers with their ids",
        );
        found
    }

    /// Notes an id that is no GUID; one that is missing was noted before.
    pub(super) fn guid(&mut self, field: &str, text: &str) {
        self.must(text.is_empty() || is_guid(text), field, "must be a GUID");
    }
}
