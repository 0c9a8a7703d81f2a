//! Tokens to syntax tree: the clauses of a query. The condition after WHERE has its own file.

use std::mem;

use crate::error::{Error, ErrorKind, Result};
use crate::limits::{EMBEDDED_OBJECT_DEPTH_MAX, WQL_TEXT_BYTES_MAX};
use crate::wmi::Identifier;
use crate::wmi::wql::binding::Binding;
use crate::wmi::wql::lexer::{Lexer, Token, refusal};
use crate::wmi::wql::{Columns, OrderBy, Parameters, PropertyPath, Select};

// Words that cannot be names. ORDER, COUNT, GROUP and their like are read by their place instead, because
// classes do have such properties.
const RESERVED: [&str; 12] =
    ["SELECT", "FROM", "WHERE", "AND", "OR", "NOT", "IS", "NULL", "LIKE", "ISA", "TRUE", "FALSE"];

const JOIN_WORDS: [&str; 8] = ["JOIN", "INNER", "LEFT", "RIGHT", "FULL", "OUTER", "CROSS", "ON"];

impl Select {
    /// Reads a query without placeholders.
    ///
    /// The whole of core WQL is read, and of the SMS Provider's extension `p NOT LIKE x`, `= NULL`, `ORDER BY`
    /// and properties that name their class (`SMS_R_System.Name`; the class is dropped). Keywords, classes and
    /// properties are without case. In text, `\` escapes `\`, `"` and `'`, and nothing else.
    ///
    /// # Errors
    /// `config` where the text is not a query, with what was expected, what was found, the line and the column;
    /// `unsupported` where it is a query of a kind that is not supported yet, such as a join.
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
    /// A placeholder may stand wherever a constant may. Its value becomes a constant of the syntax tree and is
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
        if text.len() > WQL_TEXT_BYTES_MAX {
            let cause = format!("the query has {} bytes, {WQL_TEXT_BYTES_MAX} are allowed,", text.len());
            return Err(refusal(text, 0, ErrorKind::Config, &cause));
        }
        let binding =
            Binding::new(parameters).map_err(|cause| refusal(text, 0, ErrorKind::Config, &cause))?;
        let mut lexer = Lexer::new(text);
        let (token, at) = lexer.next()?;
        Parser { lexer, token, at, binding, class: None, terms: 0 }.select()
    }
}

/// A parser that looks one token ahead.
pub(super) struct Parser<'t> {
    lexer: Lexer<'t>,
    /// The token that is read next, and where it begins.
    pub(super) token: Token<'t>,
    pub(super) at: usize,
    pub(super) binding: Binding<'t>,
    class: Option<Identifier>,
    pub(super) terms: usize,
}

impl<'t> Parser<'t> {
    fn select(mut self) -> Result<Select> {
        if self.token.is_word("ASSOCIATORS") || self.token.is_word("REFERENCES") {
            return Err(self.unsupported(self.at, "association queries are"));
        }
        self.expect_word("SELECT", "SELECT")?;
        let columns = self.columns()?;
        self.expect_word("FROM", "\",\" or FROM")?;
        let class = self.name("a class name")?;
        self.after_class()?;
        self.class = Some(class.clone());
        let columns = match columns {
            Columns::Properties(paths) => {
                Columns::Properties(paths.into_iter().map(|path| self.unqualified(path)).collect())
            }
            Columns::All => Columns::All,
        };
        let mut expected = "WHERE, ORDER BY or the end of the query";
        let mut filter = None;
        if self.token.is_word("WHERE") {
            self.advance()?;
            filter = Some(self.condition()?);
            expected = "AND, OR, ORDER BY or the end of the query";
        }
        let mut order_by = Vec::new();
        if self.token.is_word("ORDER") {
            self.advance()?;
            order_by = self.order_by()?;
            expected = "\",\", ASC, DESC or the end of the query";
        }
        self.refuse_other_clauses()?;
        if self.token != Token::End {
            return Err(self.expected(expected));
        }
        let (text, end) = (self.lexer.text(), self.at);
        self.binding.finish().map_err(|cause| refusal(text, end, ErrorKind::Config, &cause))?;
        Ok(Select { columns, class, filter, order_by })
    }

    fn columns(&mut self) -> Result<Columns> {
        if self.token.is_symbol("*") {
            self.advance()?;
            return Ok(Columns::All);
        }
        let mut paths = Vec::new();
        let mut first = None;
        if self.token.is_word("DISTINCT") {
            let at = self.at;
            let name = self.name("a property name or *")?;
            let is_modifier = matches!(self.token, Token::Word(word) if !word.eq_ignore_ascii_case("FROM"));
            if is_modifier || self.token.is_symbol("*") {
                return Err(self.unsupported(at, "DISTINCT is"));
            }
            first = Some(name);
        }
        loop {
            paths.push(self.path(first.take(), "a property name or *")?);
            if !self.token.is_symbol(",") {
                return Ok(Columns::Properties(paths));
            }
            self.advance()?;
        }
    }

    /// Names the clauses that make the query one of another kind.
    fn after_class(&mut self) -> Result<()> {
        let at = self.at;
        if self.token.is_symbol(",") || self.is_one_of(&JOIN_WORDS) {
            return Err(self.unsupported(at, "joins are"));
        }
        if self.token.is_word("AS") {
            return Err(self.unsupported(at, "aliases are"));
        }
        self.refuse_other_clauses()?;
        match self.token {
            Token::Word(word) if !is_reserved(word) && !self.token.is_word("ORDER") => {
                let typo = self.expected("WHERE, ORDER BY or the end of the query");
                self.advance()?;
                let is_alias = self.token.is_symbol(",")
                    || self.token == Token::End
                    || self.is_one_of(&JOIN_WORDS)
                    || self.is_one_of(&["WHERE", "ORDER"]);
                Err(if is_alias { self.unsupported(at, "aliases are") } else { typo })
            }
            _ => Ok(()),
        }
    }

    fn refuse_other_clauses(&self) -> Result<()> {
        match self.token {
            Token::Word(word) if self.is_one_of(&["WITHIN", "GROUP", "HAVING"]) => {
                Err(self.unsupported(self.at, &format!("event queries ({}) are", word.to_ascii_uppercase())))
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
        let path = self.path(None, expected)?;
        Ok(self.unqualified(path))
    }

    fn path(&mut self, first: Option<Identifier>, expected: &str) -> Result<PropertyPath> {
        let at = self.at;
        let first = match first {
            Some(name) => name,
            None => self.name(expected)?,
        };
        if self.token.is_symbol("(") {
            let what = if first.is("COUNT") { "COUNT is" } else { "functions are" };
            return Err(self.unsupported(at, what));
        }
        let mut names = vec![first];
        while self.token.is_symbol(".") {
            self.advance()?;
            if self.token.is_symbol("*") {
                return Err(self.unsupported(at, "all properties of one class (\"Class.*\") are"));
            }
            // After a dot no keyword can stand, so every word is a name.
            let name = match self.token {
                Token::Word(word) => self.identifier(word)?,
                _ => return Err(self.expected("a property name")),
            };
            names.push(name);
            if names.len() > EMBEDDED_OBJECT_DEPTH_MAX {
                let cause =
                    format!("a property may have {EMBEDDED_OBJECT_DEPTH_MAX} names; this one, which begins");
                return Err(refusal(
                    self.lexer.text(),
                    at,
                    ErrorKind::Config,
                    &format!("{cause}, has more,"),
                ));
            }
        }
        Ok(PropertyPath(names))
    }

    fn unqualified(&self, path: PropertyPath) -> PropertyPath {
        let PropertyPath(mut names) = path;
        let repeats = match &self.class {
            Some(class) => names.iter().take_while(|name| *name == class).count(),
            None => 0,
        };
        names.drain(..repeats.min(names.len().saturating_sub(1)));
        PropertyPath(names)
    }

    fn name(&mut self, expected: &str) -> Result<Identifier> {
        match self.token {
            Token::Word(word) if !is_reserved(word) => self.identifier(word),
            _ => Err(self.expected(expected)),
        }
    }

    fn identifier(&mut self, word: &str) -> Result<Identifier> {
        let name = Identifier::new(word).map_err(|error| self.wrong(error.cause()))?;
        self.advance()?;
        Ok(name)
    }

    fn expect_word(&mut self, keyword: &str, expected: &str) -> Result<()> {
        if !self.token.is_word(keyword) {
            return Err(self.expected(expected));
        }
        self.advance()?;
        Ok(())
    }

    pub(super) fn advance(&mut self) -> Result<Token<'t>> {
        let (token, at) = self.lexer.next()?;
        self.at = at;
        Ok(mem::replace(&mut self.token, token))
    }

    fn is_one_of(&self, keywords: &[&str]) -> bool {
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
