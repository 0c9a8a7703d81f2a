//! Syntax tree to query text.

use std::fmt;

use crate::error::{Error, ErrorKind, Result};
use crate::wmi::wql::binding::checked_text;
use crate::wmi::wql::{
    Columns, Comparison, Condition, Literal, Operator, OrderBy, Parameters, PropertyPath, Select,
};

/// Fills the placeholders of a WQL text and gives it back in canonical form.
///
/// For WQL that is data: a saved query, the rule of a collection. To run a query, give its text and values to
/// `Site::query` instead.
///
/// # Errors
/// Those of [`Select::parse_with`].
///
/// ```
/// use cmgateway::wmi::wql::{self, Parameters};
/// let rule = wql::format("select Name from SMS_R_System where Name = ?", &Parameters::positional(["o'brien"]))?;
/// assert_eq!(rule, r#"SELECT Name FROM SMS_R_System WHERE Name = "o'brien""#);
/// # Ok::<(), cmgateway::Error>(())
/// ```
pub fn format(wql: &str, parameters: &Parameters) -> Result<String> {
    Select::parse_with(wql, parameters).map(|select| select.to_string())
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

impl Operator {
    /// The operator as canonical WQL writes it.
    ///
    /// ```
    /// use cmgateway::wmi::wql::Operator;
    /// assert_eq!(Operator::NotEqual.symbol(), "<>");
    /// ```
    pub fn symbol(self) -> &'static str {
        match self {
            Operator::Equal => "=",
            Operator::NotEqual => "<>",
            Operator::Less => "<",
            Operator::LessOrEqual => "<=",
            Operator::Greater => ">",
            Operator::GreaterOrEqual => ">=",
        }
    }

    pub(super) fn from_symbol(symbol: &str) -> Option<Self> {
        Some(match symbol {
            "=" => Operator::Equal,
            "<>" | "!=" => Operator::NotEqual,
            "<" => Operator::Less,
            "<=" => Operator::LessOrEqual,
            ">" => Operator::Greater,
            ">=" => Operator::GreaterOrEqual,
            _ => return None,
        })
    }

    /// The operator that says the same with its sides exchanged.
    pub(super) fn turned_round(self) -> Self {
        match self {
            Operator::Less => Operator::Greater,
            Operator::LessOrEqual => Operator::GreaterOrEqual,
            Operator::Greater => Operator::Less,
            Operator::GreaterOrEqual => Operator::LessOrEqual,
            same => same,
        }
    }
}

impl fmt::Display for Operator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.symbol())
    }
}

impl fmt::Display for PropertyPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        listed(f, &self.0, ".")
    }
}

impl fmt::Display for Literal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Literal::String(text) => quoted(f, text),
            Literal::Integer(number) => write!(f, "{number}"),
            // Debug always writes a point or an exponent, so the number reads back as a real.
            Literal::Real(number) => write!(f, "{number:?}"),
            Literal::Boolean(true) => f.write_str("TRUE"),
            Literal::Boolean(false) => f.write_str("FALSE"),
        }
    }
}

fn quoted(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    f.write_str("\"")?;
    let mut from = 0;
    for (at, special) in text.match_indices(['\\', '"']) {
        write!(f, "{}\\{special}", &text[from..at])?;
        from = at + special.len();
    }
    write!(f, "{}\"", &text[from..])
}

fn listed<T: fmt::Display>(f: &mut fmt::Formatter<'_>, items: &[T], separator: &str) -> fmt::Result {
    for (at, item) in items.iter().enumerate() {
        if at > 0 {
            f.write_str(separator)?;
        }
        write!(f, "{item}")?;
    }
    Ok(())
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.property, self.operator, self.literal)
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Condition::All(conditions) => joined(f, conditions, " AND "),
            Condition::Any(conditions) => joined(f, conditions, " OR "),
            Condition::Not(inner) => match **inner {
                Condition::All(_) | Condition::Any(_) | Condition::Not(_) => write!(f, "NOT ({inner})"),
                _ => write!(f, "NOT {inner}"),
            },
            Condition::Compare(comparison) => comparison.fmt(f),
            Condition::Like { property, pattern } => {
                write!(f, "{property} LIKE ")?;
                quoted(f, pattern)
            }
            Condition::IsNull { property, negated: false } => write!(f, "{property} IS NULL"),
            Condition::IsNull { property, negated: true } => write!(f, "{property} IS NOT NULL"),
            Condition::IsA { property, class } => write!(f, "{property} ISA \"{class}\""),
        }
    }
}

fn joined(f: &mut fmt::Formatter<'_>, conditions: &[Condition], separator: &str) -> fmt::Result {
    for (at, condition) in conditions.iter().enumerate() {
        if at > 0 {
            f.write_str(separator)?;
        }
        // AND binds tighter than OR, so only an OR inside an AND needs parentheses.
        match condition {
            Condition::Any(_) => write!(f, "({condition})")?,
            condition => write!(f, "{condition}")?,
        }
    }
    Ok(())
}

impl fmt::Display for Columns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Columns::All => f.write_str("*"),
            Columns::Properties(paths) => listed(f, paths, ", "),
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
        write!(f, "SELECT {} FROM {}", self.columns, self.class)?;
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
