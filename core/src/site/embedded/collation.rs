//! Text comparison as WMI does it: without case, for every script.

use std::cmp::Ordering;

use rusqlite::functions::FunctionFlags;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, Error as SqlError};

use super::{column, function};
use crate::wmi::wql::LikePattern;
use crate::wmi::{CimType, Value};

/// The collation of every text column.
pub(super) const COLLATION: &str = "wmi_text";
/// The SQL function behind `LIKE`.
pub(super) const LIKE_FUNCTION: &str = "wql_like";

/// Gives the connection WMI's text comparison and WQL's functions.
pub(super) fn register(connection: &Connection) -> rusqlite::Result<()> {
    connection.create_collation(COLLATION, compare)?;
    function::register(connection)?;
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
    connection.create_scalar_function(LIKE_FUNCTION, 2, flags, |context| {
        let pattern = context.get_or_create_aux::<LikePattern, SqlError, _>(0, |pattern| {
            let text = pattern.as_str()?;
            Ok(LikePattern::parse(text))
        })?;
        let number;
        let text = match context.get_raw(1) {
            ValueRef::Null => return Ok(None),
            ValueRef::Text(text) => std::str::from_utf8(text)?,
            other => match column::decode(other, CimType::Uint64, false) {
                Ok(Value::Real(real)) => {
                    number = real.to_string();
                    &number
                }
                Ok(Value::Integer(integer)) => {
                    number = integer.to_string();
                    &number
                }
                _ => return Ok(Some(false)),
            },
        };
        Ok(Some(pattern.matches(text)))
    })
}

/// How two texts are to each other, without case.
pub(super) fn compare(a: &str, b: &str) -> Ordering {
    if a.is_ascii() && b.is_ascii() {
        return a
            .bytes()
            .map(|byte| byte.to_ascii_lowercase())
            .cmp(b.bytes().map(|byte| byte.to_ascii_lowercase()));
    }
    a.chars().flat_map(char::to_lowercase).cmp(b.chars().flat_map(char::to_lowercase))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_does_not_matter_in_any_script() {
        assert_eq!(compare("GraniteFalls", "GRANITEFALLS"), Ordering::Equal);
        assert_eq!(compare("MÜLLER", "müller"), Ordering::Equal);
        assert_eq!(compare("ΑΘΗΝΑ", "αθηνα"), Ordering::Equal);
        assert_eq!(compare("a", "B"), Ordering::Less);
        assert_eq!(compare("ab", "a"), Ordering::Greater);
    }
}
