//! Tokens to syntax tree: the clauses of a query. The condition after WHERE has its own file.

use std::mem;

use crate::error::{Error, ErrorKind, Result};
use crate::limits::{EMBEDDED_OBJECT_DEPTH_MAX, WQL_TEXT_BYTES_MAX};
use crate::wmi::Identifier;
use crate::wmi::wql::binding::Binding;
use crate::wmi::wql::lexer::{Lexer, Token, refusal};
use crate::wmi::wql::{OrderBy, Parameters, PropertyPath, Select};

// Words that cannot be names. ORDER, COUNT, GROUP and their like are read by their place instead, because
// classes do have such properties.
const RESERVED: [&str; 12] =
    ["SELECT", "FROM", "WHERE", "AND", "OR", "NOT", "IS", "NULL", "LIKE", "ISA", "TRUE", "FALSE"];

impl Select {
    /// Reads a query without placeholders.
    ///
    /// The whole of core WQL is read, and the SMS Provider's extension: joins, aliases, `DISTINCT`, `COUNT`, `IN`
    /// with lists and subselects, comparison of two properties, functions, `ORDER BY`. Where there is one class, its
    /// name or alias before a property (`SMS_R_System.Name`) is dropped. Keywords, classes and properties are
    /// without case. In text, `\` escapes `\`, `"` and `'`, and nothing else.
    ///
    /// # Errors
    /// `config` where the text is not a query, with what was expected, what was found, the line and the column;
    /// `unsupported` where it is a query of another kind, such as an event query; [`Query`](super::Query) reads all.
    ///
    /// ```
    /// use cmgateway::wmi::wql::Select;
    /// let select = Select::parse("select Name from SMS_Site where SiteCode='ABC' and not Type = 1")?;
    /// assert_eq!(select.to_string(), r#"SELECT Name FROM SMS_Site WHERE SiteCode = "ABC" AND NOT Type = 1"#);
    ///
    /// let error = Select::parse("SELECT * FROM SMS_Site WHERE").unwrap_err();
    /// assert!(error.to_string().ends_with("found the end of the query at line 1, column 29"));
    /// # Ok::<(), cmgateway::Error>(())
    /// ```
    pub fn parse(text: &str) -> Result<Self> {
        Self::parse_with(text, &Parameters::None)
    }

    /// Reads a query and fills its placeholders `?` or `:name` with values.
    ///
    /// A placeholder may stand wherever a constant may, and after IN for a whole list (`IN ?`, an array). Its value becomes a constant of the syntax tree and is
    /// never read as query text, so no value can change what the query means. Null compared with `=` or `<>`
    /// becomes IS NULL or IS NOT NULL; datetimes and references become their text.
    ///
    /// # Errors
    /// Those of [`Select::parse`]; `config` where values and placeholders do not match one to one, or where a
    /// value cannot be a constant: an array, an object, a text with control characters.
    ///
    /// ```
    /// use cmgateway::wmi::wql::{Parameters, Select};
    /// let name = Parameters::positional(["x' OR ServiceType<>'"]);
    /// let select = Select::parse_with("SELECT * FROM SMS_AzureService WHERE ServiceCName = ?", &name)?;
    /// assert_eq!(
    ///     select.to_string(),
    ///     r#"SELECT * FROM SMS_AzureService WHERE ServiceCName = "x' OR ServiceType<>'""#
    /// );
    /// # Ok::<(), cmgateway::Error>(())
    /// ```
    pub fn parse_with(text: &str, parameters: &Parameters) -> Result<Self> {
        let mut parser = Parser::new(text, parameters)?;
        let (select, expected) = parser.query()?;
        parser.finish(expected)?;
        Ok(select)
    }
}

/// A parser that looks one token ahead.
pub(super) struct Parser<'t> {
    lexer: Lexer<'t>,
    /// The token that is read next, and where it begins.
    pub(super) token: Token<'t>,
    pub(super) at: usize,
    pub(super) binding: Binding<'t>,
    /// The names that may stand before a property and mean nothing: those of the only class of this SELECT.
    dropped: Vec<Identifier>,
    /// The classes and aliases after FROM, of this SELECT and of those around it.
    pub(super) sources: Vec<Identifier>,
    pub(super) terms: usize,
    /// Parentheses, calls and subselects around this place.
    pub(super) depth: usize,
    pub(super) subselects: usize,
}

impl<'t> Parser<'t> {
    pub(super) fn new(text: &'t str, parameters: &'t Parameters) -> Result<Self> {
        if text.len() > WQL_TEXT_BYTES_MAX {
            let cause = format!("the query has {} bytes, {WQL_TEXT_BYTES_MAX} are allowed,", text.len());
            return Err(refusal(text, 0, ErrorKind::Config, &cause));
        }
        let binding =
            Binding::new(parameters).map_err(|cause| refusal(text, 0, ErrorKind::Config, &cause))?;
        let mut lexer = Lexer::new(text);
        let (token, at) = lexer.next()?;
        Ok(Parser {
            lexer,
            token,
            at,
            binding,
            dropped: Vec::new(),
            sources: Vec::new(),
            terms: 0,
            depth: 0,
            subselects: 0,
        })
    }

    fn query(&mut self) -> Result<(Select, &'static str)> {
        if self.is_association() {
            let cause = "an association query is no SELECT; it begins";
            return Err(refusal(self.lexer.text(), self.at, ErrorKind::Unsupported, cause));
        }
        let read = self.select()?;
        self.refuse_other_clauses()?;
        Ok(read)
    }

    /// Refuses what is left, text or values.
    pub(super) fn finish(self, expected: &str) -> Result<()> {
        if self.token != Token::End {
            return Err(self.expected(expected));
        }
        let (text, end) = (self.lexer.text(), self.at);
        self.binding.finish().map_err(|cause| refusal(text, end, ErrorKind::Config, &cause))
    }

    /// A whole SELECT, also one inside of another; with it, what could have come next.
    pub(super) fn select(&mut self) -> Result<(Select, &'static str)> {
        self.expect_word("SELECT", "SELECT")?;
        let (outer, sources_around) = (mem::take(&mut self.dropped), self.sources.len());
        let (distinct, columns, places) = self.columns()?;
        self.expect_word("FROM", "\",\" or FROM")?;
        let (from, joins) = self.from()?;
        let mut select = Select { distinct, columns, from, joins, filter: None, order_by: Vec::new() };
        if select.joins.is_empty() {
            self.dropped =
                [select.from.alias.clone(), Some(select.from.class.clone())].into_iter().flatten().collect();
        }
        self.settle_columns(&mut select, &places)?;
        let mut expected = "WHERE, ORDER BY or the end of the query";
        if self.token.is_word("WHERE") {
            self.advance()?;
            select.filter = Some(self.condition()?);
            expected = "AND, OR, ORDER BY or the end of the query";
        }
        if self.token.is_word("ORDER") {
            self.advance()?;
            select.order_by = self.order_by()?;
            expected = "\",\", ASC, DESC or the end of the query";
        }
        self.dropped = outer;
        self.sources.truncate(sources_around);
        Ok((select, expected))
    }

    fn refuse_other_clauses(&self) -> Result<()> {
        match self.token {
            Token::Word(word) if self.is_one_of(&["WITHIN", "GROUP", "HAVING"]) => {
                let cause =
                    format!("an event query ({}) is run by watch, not by query,", word.to_ascii_uppercase());
                Err(refusal(self.lexer.text(), self.at, ErrorKind::Unsupported, &cause))
            }
            _ => Ok(()),
        }
    }

    fn order_by(&mut self) -> Result<Vec<OrderBy>> {
        self.expect_word("BY", "BY")?;
        let mut criteria = Vec::new();
        loop {
            let property = self.property("a property name")?;
            let descending = self.token.is_word("DESC");
            if descending || self.token.is_word("ASC") {
                self.advance()?;
            }
            criteria.push(OrderBy { property, descending });
            if !self.token.is_symbol(",") {
                return Ok(criteria);
            }
            self.advance()?;
        }
    }

    /// A property, without the class in front.
    pub(super) fn property(&mut self, expected: &str) -> Result<PropertyPath> {
        let at = self.at;
        let first = self.name(expected)?;
        self.property_from(first, at)
    }

    /// A property whose first name is read already, without the class in front.
    pub(super) fn property_from(&mut self, first: Identifier, at: usize) -> Result<PropertyPath> {
        let mut names = vec![first];
        self.more_names(&mut names, false)?;
        self.check_source(&names, at)?;
        Ok(self.unqualified(PropertyPath(names)))
    }

    /// Refuses a class before a property that is not among those after FROM, the usual mistake in collection queries.
    /// It is told from an embedded object by its name: no property begins with `SMS_`.
    pub(super) fn check_source(&self, names: &[Identifier], at: usize) -> Result<()> {
        let [first, _, ..] = names else { return Ok(()) };
        let is_class = first.as_str().get(..4).is_some_and(|start| start.eq_ignore_ascii_case("SMS_"));
        if is_class && !self.sources.is_empty() && !self.sources.contains(first) {
            return Err(self.wrong_at(at, &format!("FROM names no class or alias {first},")));
        }
        Ok(())
    }

    /// The names after dots; true where `.*` ends them.
    pub(super) fn more_names(&mut self, names: &mut Vec<Identifier>, may_end_in_star: bool) -> Result<bool> {
        let at = self.at;
        while self.token.is_symbol(".") {
            self.advance()?;
            if may_end_in_star && self.token.is_symbol("*") {
                self.advance()?;
                return Ok(true);
            }
            // After a dot no keyword can stand, so every word is a name.
            let name = match self.token {
                Token::Word(word) => self.identifier(word)?,
                _ => return Err(self.expected("a property name")),
            };
            names.push(name);
            if names.len() > EMBEDDED_OBJECT_DEPTH_MAX {
                let cause =
                    format!("a property has more than {EMBEDDED_OBJECT_DEPTH_MAX} names; the second is");
                return Err(self.wrong_at(at, &cause));
            }
        }
        Ok(false)
    }

    pub(super) fn unqualified(&self, path: PropertyPath) -> PropertyPath {
        let PropertyPath(mut names) = path;
        let repeats = names.iter().take_while(|name| self.dropped.contains(name)).count();
        names.drain(..repeats.min(names.len().saturating_sub(1)));
        PropertyPath(names)
    }

    pub(super) fn name(&mut self, expected: &str) -> Result<Identifier> {
        match self.token {
            Token::Word(word) if !is_reserved(word) => self.identifier(word),
            _ => Err(self.expected(expected)),
        }
    }

    pub(super) fn identifier(&mut self, word: &str) -> Result<Identifier> {
        let name = Identifier::new(word).map_err(|error| self.wrong(error.cause()))?;
        self.advance()?;
        Ok(name)
    }

    pub(super) fn expect_symbol(&mut self, symbol: &str) -> Result<()> {
        if !self.token.is_symbol(symbol) {
            return Err(self.expected(&format!("\"{symbol}\"")));
        }
        self.advance()?;
        Ok(())
    }

    pub(super) fn expect_word(&mut self, keyword: &str, expected: &str) -> Result<()> {
        if !self.token.is_word(keyword) {
            return Err(self.expected(expected));
        }
        self.advance()?;
        Ok(())
    }

    /// The object path in braces; its opening brace is the token that is read next.
    pub(super) fn braced(&mut self) -> Result<(&'t str, usize)> {
        if !self.token.is_symbol("{") {
            return Err(self.expected("an object path in braces"));
        }
        let at = self.at;
        let path = self.lexer.braced(at)?;
        self.advance()?;
        Ok((path, at + 1))
    }

    pub(super) fn advance(&mut self) -> Result<Token<'t>> {
        let (token, at) = self.lexer.next()?;
        self.at = at;
        Ok(mem::replace(&mut self.token, token))
    }

    pub(super) fn is_one_of(&self, keywords: &[&str]) -> bool {
        keywords.iter().any(|keyword| self.token.is_word(keyword))
    }

    /// The error of a token that cannot stand here.
    pub(super) fn expected(&self, expected: &str) -> Error {
        self.wrong(&format!("expected {expected}, found {}", self.token.described()))
    }

    /// An error at the token that is read next.
    pub(super) fn wrong(&self, cause: &str) -> Error {
        self.wrong_at(self.at, cause)
    }

    pub(super) fn wrong_at(&self, at: usize, cause: &str) -> Error {
        refusal(self.lexer.text(), at, ErrorKind::Config, cause)
    }

    /// The error of a query that others understand and we do not, so that nobody looks for a typing mistake.
    pub(super) fn unsupported(&self, at: usize, what: &str) -> Error {
        refusal(self.lexer.text(), at, ErrorKind::Unsupported, &format!("{what} not supported yet,"))
    }
}

pub(super) fn is_reserved(word: &str) -> bool {
    RESERVED.iter().any(|reserved| reserved.eq_ignore_ascii_case(word))
}
