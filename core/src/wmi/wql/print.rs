//! Syntax tree to query text.

use std::fmt;

use crate::error::{Error, ErrorKind, Result};
use crate::wmi::wql::binding::checked_text;
use crate::wmi::wql::print_expression::listed;
use crate::wmi::wql::{Column, Columns, Join, JoinKind, Literal, OrderBy, Parameters, Query, Select, Source};

/// Fills the placeholders of a WQL text and gives it back in canonical form.
///
/// For WQL that is data: a saved query, the rule of a collection. To run a query, give its text and values to
/// `Site::query` instead. Every kind of WQL is read: data, schema, event and association queries.
///
/// # Errors
/// Those of [`Query::parse_with`].
///
/// ```
/// use cmgateway::wmi::wql::{self, Parameters};
/// let rule = wql::format("select Name from SMS_R_System where Name = ?", &Parameters::positional(["o'brien"]))?;
/// assert_eq!(rule, r#"SELECT Name FROM SMS_R_System WHERE Name = "o'brien""#);
/// # Ok::<(), cmgateway::Error>(())
/// ```
pub fn format(wql: &str, parameters: &Parameters) -> Result<String> {
    Query::parse_with(wql, parameters).map(|query| query.to_string())
}

/// A text as a WQL string literal, in double quotes.
///
/// For those who keep WQL as data. `\` and `"` are escaped and `'` is left alone: this is the one form that every provider reads in the same
/// way. To run a query, give values to [`Select::parse_with`] instead.
///
/// # Errors
/// `config` where the text has NUL or another control character besides tab, CR and LF, or is too long.
///
/// ```
/// use cmgateway::wmi::wql;
/// assert_eq!(wql::quote(r"CONTOSO\o'brien")?, r#""CONTOSO\\o'brien""#);
/// assert!(wql::quote("\0").is_err());
/// # Ok::<(), cmgateway::Error>(())
/// ```
pub fn quote(text: &str) -> Result<String> {
    match checked_text(text.to_owned()) {
        Ok(text) => Ok(Literal::String(text).to_string()),
        Err(why) => Err(Error::new(ErrorKind::Config, "quote text for WQL", format!("the text {why}"))),
    }
}

/// A text with its `LIKE` wildcards bracketed, so that it matches only itself.
///
/// ```
/// use cmgateway::wmi::wql;
/// assert_eq!(wql::like_literal("100%_[a]"), "100[%][_][[]a]");
/// ```
pub fn like_literal(text: &str) -> String {
    let mut pattern = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '[' | '%' | '_' => pattern.extend(['[', c, ']']),
            c => pattern.push(c),
        }
    }
    pattern
}

impl fmt::Display for Columns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Columns::All => f.write_str("*"),
            Columns::Listed(columns) => listed(f, columns, ", "),
            Columns::Count(None) => f.write_str("COUNT(*)"),
            Columns::Count(Some(property)) => write!(f, "COUNT({property})"),
        }
    }
}

impl fmt::Display for Column {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Column::Property(property) => property.fmt(f),
            Column::AllOf(name) => write!(f, "{name}.*"),
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.alias {
            Some(alias) => write!(f, "{} AS {alias}", self.class),
            None => self.class.fmt(f),
        }
    }
}

impl fmt::Display for Join {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.kind {
            JoinKind::Cross => ", ",
            JoinKind::Inner => " INNER JOIN ",
            JoinKind::Left => " LEFT JOIN ",
            JoinKind::Right => " RIGHT JOIN ",
            JoinKind::Full => " FULL JOIN ",
        })?;
        self.source.fmt(f)?;
        match &self.on {
            Some(on) => write!(f, " ON {on}"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for OrderBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.property, if self.descending { " DESC" } else { "" })
    }
}

/// Canonical WQL: keywords in capitals, text in double quotes, no parentheses that change nothing.
///
/// What [`Select::parse`] read prints as text that reads back as an equal tree.
impl fmt::Display for Select {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let distinct = if self.distinct { "DISTINCT " } else { "" };
        write!(f, "SELECT {distinct}{} FROM {}", self.columns, self.from)?;
        for join in &self.joins {
            join.fmt(f)?;
        }
        if let Some(filter) = &self.filter {
            write!(f, " WHERE {filter}")?;
        }
        if !self.order_by.is_empty() {
            f.write_str(" ORDER BY ")?;
            listed(f, &self.order_by, ", ")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn canonical(text: &str) -> String {
        let select = Select::parse(text).unwrap();
        let printed = select.to_string();
        assert_eq!(Select::parse(&printed).unwrap(), select, "{printed}");
        printed
    }

    #[test]
    fn parentheses_stand_only_where_they_change_the_meaning() {
        let filter = |text: &str| canonical(&format!("SELECT * FROM C WHERE {text}"))[22..].to_owned();
        assert_eq!(filter("((a=1) and ((b=2) and c=3))"), "a = 1 AND b = 2 AND c = 3");
        assert_eq!(filter("(a=1 or (b=2 or c=3 and d=4))"), "a = 1 OR b = 2 OR c = 3 AND d = 4");
        assert_eq!(filter("(a=1 or b=2) and c=3"), "(a = 1 OR b = 2) AND c = 3");
        assert_eq!(filter("not (a=1 or b=2)"), "NOT (a = 1 OR b = 2)");
        assert_eq!(filter("not (not (a not like 'x'))"), "NOT (NOT (NOT a LIKE \"x\"))");
        assert_eq!(filter("((((not a is not null))))"), "NOT a IS NOT NULL");
    }

    #[test]
    fn constants_read_back_as_what_they_are() {
        let literal = |text: &str| canonical(&format!("SELECT * FROM C WHERE a = {text}"))[26..].to_owned();
        assert_eq!(literal(r"'it\'s'"), r#""it's""#);
        assert_eq!(literal(r#"'say "x\\y"'"#), r#""say \"x\\y\"""#);
        assert_eq!(literal("-9223372036854775808"), "-9223372036854775808");
        assert_eq!(literal("18446744073709551615"), "18446744073709551615");
        assert_eq!(literal("+2.50"), "2.5");
        assert_eq!(literal("1e300"), "1e300");
        assert_eq!(literal("-3.0"), "-3.0");
    }
}
