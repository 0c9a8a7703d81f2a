//! Any WQL text, whatever it asks.

use std::fmt;

use crate::error::{Error, Result};
use crate::wmi::wql::lexer::{self, Lexer, Token};
use crate::wmi::wql::{AssociationQuery, EventQuery, Parameters, Select};

/// A WQL text that was read: data and schema queries, event queries, association queries.
#[derive(Clone, Debug, PartialEq)]
pub enum Query {
    /// What is there: `SELECT … FROM class`; with the class `meta_class` a schema query, which classes there are.
    Select(Select),
    /// What happens: `SELECT … FROM __InstanceModificationEvent WITHIN 5 …`.
    Event(EventQuery),
    /// What belongs together: `ASSOCIATORS OF {…}`, `REFERENCES OF {…}`.
    Association(AssociationQuery),
}

impl Query {
    /// Reads a text without placeholders.
    ///
    /// # Errors
    /// `config` where the text is not WQL, with line and column.
    ///
    /// ```
    /// use cmgateway::wmi::wql::Query;
    /// let query = Query::parse("select * from meta_class where __this isa 'SMS_Resource'")?;
    /// assert_eq!(query.to_string(), r#"SELECT * FROM meta_class WHERE __this ISA "SMS_Resource""#);
    /// assert!(matches!(Query::parse("REFERENCES OF {SMS_Site='ABC'}")?, Query::Association(_)));
    /// # Ok::<(), cmgateway::Error>(())
    /// ```
    pub fn parse(text: &str) -> Result<Self> {
        Self::parse_with(text, &Parameters::None)
    }

    /// Reads a text and fills its placeholders `?` or `:name` with values.
    ///
    /// # Errors
    /// Those of [`Query::parse`]; `config` where values and placeholders do not match one to one.
    ///
    /// ```
    /// use cmgateway::wmi::wql::{Parameters, Query};
    /// let text = "SELECT * FROM __InstanceCreationEvent WITHIN 5 WHERE TargetInstance ISA ?";
    /// let query = Query::parse_with(text, &Parameters::positional(["SMS_Collection"]))?;
    /// assert!(matches!(query, Query::Event(_)));
    /// # Ok::<(), cmgateway::Error>(())
    /// ```
    pub fn parse_with(text: &str, parameters: &Parameters) -> Result<Self> {
        match kind_of(text) {
            Kind::Association => AssociationQuery::parse_with(text, parameters).map(Query::Association),
            Kind::Event => EventQuery::parse_with(text, parameters).map(Query::Event),
            Kind::Select => Select::parse_with(text, parameters).map(Query::Select),
        }
    }
}

impl fmt::Display for Query {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Query::Select(query) => query.fmt(f),
            Query::Event(query) => query.fmt(f),
            Query::Association(query) => query.fmt(f),
        }
    }
}

enum Kind {
    Select,
    Event,
    Association,
}

/// What a text seems to be; one that cannot be cut into tokens is for the parser of SELECT to refuse.
fn kind_of(text: &str) -> Kind {
    let mut lexer = Lexer::new(text);
    let mut is_first = true;
    while let Ok((token, _)) = lexer.next() {
        if is_first && (token.is_word("ASSOCIATORS") || token.is_word("REFERENCES")) {
            return Kind::Association;
        }
        is_first = false;
        if token == Token::End {
            break;
        }
        if token.is_word("FROM") {
            let class = lexer.next().map(|(token, _)| token);
            let is_event = matches!(class, Ok(Token::Word(name))
                if name.starts_with("__") && name.to_ascii_lowercase().ends_with("event"));
            let follows = lexer.next().map(|(token, _)| token);
            let waits = follows.is_ok_and(|token| token.is_word("WITHIN"));
            return if is_event || waits { Kind::Event } else { Kind::Select };
        }
    }
    Kind::Select
}

/// An error about a name of a query, with the line and the column where the name stands.
pub(crate) fn located(error: Error, text: &str) -> Error {
    let has = |wanted: &str| error.context().iter().find(|(name, _)| *name == wanted).map(|(_, value)| value);
    if has("line").is_some() {
        return error;
    }
    let place = has("property").or_else(|| has("class")).and_then(|name| lexer::place_of(text, name));
    match place {
        Some((line, column)) => error
            .with_cause_end(&format!(" at line {line}, column {column}"))
            .with_context("line", line.to_string())
            .with_context("column", column.to_string()),
        None => error,
    }
}
