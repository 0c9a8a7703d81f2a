//! WQL event queries: syntax tree, parser, printer.

use std::fmt;

use crate::error::Result;
use crate::limits::EVENT_SECONDS_MAX;
use crate::wmi::Identifier;
use crate::wmi::wql::lexer::Token;
use crate::wmi::wql::parser::Parser;
use crate::wmi::wql::print_expression::listed;
use crate::wmi::wql::{Columns, Condition, Operator, Parameters, PropertyPath};

/// An event query: `SELECT columns FROM class [WITHIN seconds] [WHERE filter] [GROUP WITHIN …]`.
///
/// It does not return what is there but what happens, until the caller has enough. The SMS Provider raises no
/// events of its own, so `WITHIN` says how often to look.
#[derive(Clone, Debug, PartialEq)]
pub struct EventQuery {
    /// What to return of each event; never [`Columns::Count`].
    pub columns: Columns,
    /// The class of event: `__InstanceModificationEvent` and its like.
    pub class: Identifier,
    /// Seconds between two looks.
    pub within: Option<f64>,
    /// Which events; `TargetInstance ISA "Class"` is the usual beginning.
    pub filter: Option<Condition>,
    /// Several events as one.
    pub group: Option<EventGroup>,
}

/// `GROUP WITHIN seconds [BY properties] [HAVING NumberOfEvents operator number]`.
#[derive(Clone, Debug, PartialEq)]
pub struct EventGroup {
    /// Seconds in which events are collected.
    pub within: f64,
    /// Events with the same values of these come together.
    pub by: Vec<PropertyPath>,
    /// How many there must be.
    pub having: Option<(Operator, i128)>,
}

impl EventQuery {
    /// Reads an event query without placeholders.
    ///
    /// # Errors
    /// `config` where the text is not an event query, with line and column.
    ///
    /// ```
    /// use cmgateway::wmi::wql::EventQuery;
    /// let watch = EventQuery::parse(
    ///     "select * from __InstanceModificationEvent within 5 where TargetInstance isa 'SMS_Site'",
    /// )?;
    /// assert_eq!(watch.within, Some(5.0));
    /// assert_eq!(
    ///     watch.to_string(),
    ///     r#"SELECT * FROM __InstanceModificationEvent WITHIN 5 WHERE TargetInstance ISA "SMS_Site""#
    /// );
    /// # Ok::<(), cmgateway::Error>(())
    /// ```
    pub fn parse(text: &str) -> Result<Self> {
        Self::parse_with(text, &Parameters::None)
    }

    /// Reads an event query and fills its placeholders, as [`Select::parse_with`](super::Select::parse_with) does.
    ///
    /// # Errors
    /// Those of [`EventQuery::parse`]; `config` where values and placeholders do not match one to one.
    ///
    /// ```
    /// use cmgateway::wmi::wql::{EventQuery, Parameters};
    /// let text = "SELECT * FROM __InstanceCreationEvent WITHIN 60 WHERE TargetInstance ISA ?";
    /// let watch = EventQuery::parse_with(text, &Parameters::positional(["SMS_Collection"]))?;
    /// assert!(watch.to_string().ends_with(r#"TargetInstance ISA "SMS_Collection""#));
    /// # Ok::<(), cmgateway::Error>(())
    /// ```
    pub fn parse_with(text: &str, parameters: &Parameters) -> Result<Self> {
        let mut parser = Parser::new(text, parameters)?;
        let (query, expected) = parser.event_query()?;
        parser.finish(expected)?;
        Ok(query)
    }
}

impl Parser<'_> {
    fn event_query(&mut self) -> Result<(EventQuery, &'static str)> {
        self.expect_word("SELECT", "SELECT")?;
        let at = self.at;
        let (distinct, columns, _) = self.columns()?;
        if distinct || matches!(columns, Columns::Count(_)) {
            return Err(self.wrong_at(at, "an event query has neither DISTINCT nor COUNT"));
        }
        self.expect_word("FROM", "\",\" or FROM")?;
        let class = self.name("a class of events")?;
        let mut query = EventQuery { columns, class, within: None, filter: None, group: None };
        let mut expected = "WITHIN, WHERE, GROUP or the end of the query";
        if self.token.is_word("WITHIN") {
            self.advance()?;
            query.within = Some(self.seconds()?);
            expected = "WHERE, GROUP or the end of the query";
        }
        if self.token.is_word("WHERE") {
            self.advance()?;
            query.filter = Some(self.condition()?);
            expected = "AND, OR, GROUP or the end of the query";
        }
        if self.token.is_word("GROUP") {
            self.advance()?;
            query.group = Some(self.event_group()?);
            expected = "BY, HAVING or the end of the query";
        }
        Ok((query, expected))
    }

    fn event_group(&mut self) -> Result<EventGroup> {
        self.expect_word("WITHIN", "WITHIN")?;
        let mut group = EventGroup { within: self.seconds()?, by: Vec::new(), having: None };
        if self.token.is_word("BY") {
            self.advance()?;
            group.by.push(self.property("a property name")?);
            while self.token.is_symbol(",") {
                self.advance()?;
                group.by.push(self.property("a property name")?);
            }
        }
        if self.token.is_word("HAVING") {
            self.advance()?;
            self.expect_word("NumberOfEvents", "NumberOfEvents")?;
            let Some(operator) = self.operator() else {
                return Err(self.expected("a comparison operator"));
            };
            self.advance()?;
            let Token::Integer(number) = self.token else { return Err(self.expected("an integer")) };
            self.advance()?;
            group.having = Some((operator, number));
        }
        Ok(group)
    }

    fn seconds(&mut self) -> Result<f64> {
        let seconds = match self.token {
            // No precision is lost within the limit.
            Token::Integer(number) => number as f64,
            Token::Real(number) => number,
            _ => return Err(self.expected("a number of seconds")),
        };
        if !(0.001..=EVENT_SECONDS_MAX).contains(&seconds) {
            return Err(self.wrong(&format!("the seconds are not between 0.001 and {EVENT_SECONDS_MAX}")));
        }
        self.advance()?;
        Ok(seconds)
    }
}

/// Canonical WQL, as of [`Select`](super::Select).
impl fmt::Display for EventQuery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SELECT {} FROM {}", self.columns, self.class)?;
        if let Some(seconds) = self.within {
            write!(f, " WITHIN {seconds}")?;
        }
        if let Some(filter) = &self.filter {
            write!(f, " WHERE {filter}")?;
        }
        let Some(group) = &self.group else { return Ok(()) };
        write!(f, " GROUP WITHIN {}", group.within)?;
        if !group.by.is_empty() {
            f.write_str(" BY ")?;
            listed(f, &group.by, ", ")?;
        }
        match group.having {
            Some((operator, number)) => write!(f, " HAVING NumberOfEvents {operator} {number}"),
            None => Ok(()),
        }
    }
}
