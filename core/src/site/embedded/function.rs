//! The SQL functions behind WQL's, and behind what SQL has no word for.

use std::cmp::Ordering;

use rusqlite::functions::{Context, FunctionFlags};
use rusqlite::types::{Value as SqlValue, ValueRef};
use rusqlite::{Connection, Result as SqlResult};
use serde_json::Value as Json;

use super::{collation, column, instant};
use crate::wmi::wql::DatePart;

pub(super) const UPPER: &str = "wql_upper";
pub(super) const LOWER: &str = "wql_lower";
pub(super) const SUBSTRING: &str = "wql_substring";
/// The moment that a text names, in microseconds since 1970.
pub(super) const INSTANT: &str = "wql_instant";
pub(super) const DATE_ADD: &str = "wql_date_add";
pub(super) const DATE_DIFF: &str = "wql_date_diff";
pub(super) const DATE_PART: &str = "wql_date_part";
/// A property of an embedded object, by its dotted path, without case.
pub(super) const MEMBER: &str = "wql_member";
/// Whether it is null; null where there is no such property.
pub(super) const MEMBER_IS_NULL: &str = "wql_is_null_member";
/// Less than, equal to or greater than 0, as the two values are to each other.
pub(super) const COMPARE: &str = "wql_compare";

/// Gives the connection the functions.
pub(super) fn register(connection: &Connection) -> SqlResult<()> {
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
    let scalar = |name, arguments, function: fn(&Context<'_>) -> SqlResult<Option<SqlValue>>| {
        connection.create_scalar_function(name, arguments, flags, move |context| function(context))
    };
    scalar(UPPER, 1, |context| Ok(text(context, 0)?.map(|text| SqlValue::Text(text.to_uppercase()))))?;
    scalar(LOWER, 1, |context| Ok(text(context, 0)?.map(|text| SqlValue::Text(text.to_lowercase()))))?;
    scalar(SUBSTRING, 3, |context| {
        let (Some(text), Some(start), Some(length)) =
            (text(context, 0)?, number(context, 1)?, number(context, 2)?)
        else {
            return Ok(None);
        };
        Ok(Some(SqlValue::Text(substring(&text, start, length))))
    })?;
    scalar(INSTANT, 1, |context| {
        Ok(text(context, 0)?.and_then(|text| instant::parse(&text)).map(SqlValue::Integer))
    })?;
    scalar(DATE_ADD, 3, |context| {
        let (Some(count), Some(moment)) = (number(context, 1)?, number(context, 2)?) else { return Ok(None) };
        Ok(part(context)?.and_then(|part| instant::add(part, count, moment)).map(SqlValue::Integer))
    })?;
    scalar(DATE_DIFF, 3, |context| {
        let (Some(from), Some(to)) = (number(context, 1)?, number(context, 2)?) else { return Ok(None) };
        Ok(part(context)?.and_then(|part| instant::difference(part, from, to)).map(SqlValue::Integer))
    })?;
    scalar(DATE_PART, 2, |context| {
        let Some(moment) = number(context, 1)? else { return Ok(None) };
        Ok(part(context)?.and_then(|part| instant::part(part, moment)).map(SqlValue::Integer))
    })?;
    scalar(MEMBER, 2, |context| Ok(member(context)?.and_then(|json| column::json_to_sql(&json))))?;
    scalar(MEMBER_IS_NULL, 2, |context| {
        Ok(member(context)?.map(|json| SqlValue::Integer(json.is_null().into())))
    })?;
    scalar(COMPARE, 2, |context| {
        let (Some(left), Some(right)) = (scalar_of(context, 0)?, scalar_of(context, 1)?) else {
            return Ok(None);
        };
        Ok(left.compared(&right).map(|order| SqlValue::Integer(order as i64)))
    })
}

fn number(context: &Context<'_>, at: usize) -> SqlResult<Option<i64>> {
    Ok(match context.get_raw(at) {
        ValueRef::Integer(number) => Some(number),
        // `as` keeps within the range, which is all that a position or a count needs.
        ValueRef::Real(real) => Some(real as i64),
        ValueRef::Text(text) => std::str::from_utf8(text)?.trim().parse().ok(),
        ValueRef::Null | ValueRef::Blob(_) => None,
    })
}

fn text(context: &Context<'_>, at: usize) -> SqlResult<Option<String>> {
    Ok(match scalar_of(context, at)? {
        None => None,
        Some(Scalar::Text(text)) => Some(text),
        Some(Scalar::Integer(number)) => Some(number.to_string()),
        Some(Scalar::Real(real)) => Some(real.to_string()),
    })
}

fn part(context: &Context<'_>) -> SqlResult<Option<DatePart>> {
    Ok(text(context, 0)?.and_then(|name| DatePart::from_name(&name)))
}

/// As SQL Server does it: a start before the first character takes from the length.
fn substring(text: &str, start: i64, length: i64) -> String {
    let end = start.saturating_add(length.max(0)).saturating_sub(1).max(0);
    let skipped = start.saturating_sub(1).max(0);
    let index = |number: i64| usize::try_from(number).unwrap_or(usize::MAX);
    text.chars().take(index(end)).skip(index(skipped)).collect()
}

/// What a dotted path leads to; None where it leads nowhere.
fn member(context: &Context<'_>) -> SqlResult<Option<Json>> {
    let (ValueRef::Text(json), ValueRef::Text(path)) = (context.get_raw(0), context.get_raw(1)) else {
        return Ok(None);
    };
    // A scalar where an object was looked for leads nowhere too.
    let Ok(mut at) = serde_json::from_slice::<Json>(json) else { return Ok(None) };
    for name in std::str::from_utf8(path)?.split('.') {
        let Json::Object(object) = at else { return Ok(None) };
        let found = object.into_iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
        let Some((_, value)) = found else { return Ok(None) };
        at = value;
    }
    Ok(Some(at))
}

enum Scalar {
    Integer(i128),
    Real(f64),
    Text(String),
}

fn scalar_of(context: &Context<'_>, at: usize) -> SqlResult<Option<Scalar>> {
    Ok(match context.get_raw(at) {
        ValueRef::Null => None,
        ValueRef::Integer(number) => Some(Scalar::Integer(number.into())),
        ValueRef::Real(real) => Some(Scalar::Real(real)),
        ValueRef::Text(text) => Some(Scalar::Text(std::str::from_utf8(text)?.to_owned())),
        ValueRef::Blob(bytes) => {
            <[u8; 8]>::try_from(bytes).ok().map(|bytes| Scalar::Integer(u64::from_be_bytes(bytes).into()))
        }
    })
}

impl Scalar {
    /// None where one is text that is no number and the other is a number.
    fn compared(&self, other: &Scalar) -> Option<Ordering> {
        match (self, other) {
            (Scalar::Integer(a), Scalar::Integer(b)) => Some(a.cmp(b)),
            (Scalar::Text(a), Scalar::Text(b)) => Some(collation::compare(a, b)),
            (Scalar::Text(a), b) => number_in(a)?.compared(b),
            (a, Scalar::Text(b)) => a.compared(&number_in(b)?),
            (a, b) => a.as_real()?.partial_cmp(&b.as_real()?),
        }
    }

    fn as_real(&self) -> Option<f64> {
        match self {
            Scalar::Integer(number) => Some(*number as f64),
            Scalar::Real(real) => Some(*real),
            Scalar::Text(_) => None,
        }
    }
}

fn number_in(text: &str) -> Option<Scalar> {
    let text = text.trim();
    let number = match text {
        _ if text.eq_ignore_ascii_case("true") => Some(1),
        _ if text.eq_ignore_ascii_case("false") => Some(0),
        _ => text.parse().ok(),
    };
    number.map(Scalar::Integer).or_else(|| text.parse().ok().map(Scalar::Real))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn substring_counts_from_one_as_sql_server_does() {
        for (start, length, wanted) in [
            (1, 2, "äb"),
            (2, 99, "bc"),
            (0, 2, "ä"),
            (-5, 3, ""),
            (4, 1, ""),
            (1, -1, ""),
            (i64::MIN, i64::MAX, ""),
            (1, i64::MAX, "äbc"),
        ] {
            assert_eq!(substring("äbc", start, length), wanted, "{start} {length}");
        }
    }
}
