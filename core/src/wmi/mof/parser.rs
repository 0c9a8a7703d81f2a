//! Tokens to declarations: classes, instances, pragmas.

use std::mem;

use crate::error::{Error, Result};
use crate::limits::{MOF_TEXT_BYTES_MAX, PROPERTIES_PER_CLASS_MAX};
use crate::wmi::mof::lexer::{Lexer, Token};
use crate::wmi::mof::{Initializer, Position};
use crate::wmi::{Class, Identifier};

/// One declaration of a MOF text.
#[derive(Clone, Debug, PartialEq)]
pub enum Declaration {
    /// `#pragma namespace("…")`: where what follows belongs.
    Namespace {
        /// The namespace, as written.
        name: String,
        /// Where it stands.
        at: Position,
    },
    /// `class … { … };`
    Class(ClassDeclaration),
    /// `instance of … { … };`
    Instance(InstanceDeclaration),
}

/// A class as one text declares it: only its own features, and the name of its superclass.
#[derive(Clone, Debug, PartialEq)]
pub struct ClassDeclaration {
    /// The class; its derivation holds the superclass alone.
    pub class: Class,
    /// Where its name stands.
    pub at: Position,
}

/// An instance as a text declares it.
#[derive(Clone, Debug, PartialEq)]
pub struct InstanceDeclaration {
    /// The class.
    pub class: Identifier,
    /// The name that other instances call it by.
    pub alias: Option<String>,
    /// Its properties, in the order written.
    pub properties: Vec<(Identifier, Position, Initializer)>,
    /// Where the name of its class stands.
    pub at: Position,
}

/// Reads a MOF text.
///
/// Pragmas other than `namespace`, and declarations of qualifiers, have no effect. `#pragma include` is refused.
///
/// # Errors
/// `config` where the text is not MOF, with what was expected, what was found, the line and the column.
///
/// ```
/// use cmgateway::wmi::mof::{self, Declaration};
/// let text = "instance of SMS_Site as $Site { SiteCode = \"GF1\"; Type = 2; };";
/// let Declaration::Instance(site) = &mof::parse(text)?[0] else { unreachable!() };
/// assert_eq!((site.class.as_str(), site.alias.as_deref(), site.properties.len()), ("SMS_Site", Some("Site"), 2));
/// let error = mof::parse("class X {\n  strin Name\n};").unwrap_err();
/// assert!(error.to_string().ends_with("at line 3, column 1"), "{error}");
/// # Ok::<(), cmgateway::Error>(())
/// ```
pub fn parse(text: &str) -> Result<Vec<Declaration>> {
    let start = Position { line: 1, column: 1 };
    if text.len() > MOF_TEXT_BYTES_MAX {
        let cause = format!("the text has {} bytes, {MOF_TEXT_BYTES_MAX} are allowed;", text.len());
        return Err(start.refuse(&cause));
    }
    let mut lexer = Lexer::new(text.trim_start_matches('\u{feff}'));
    let (token, at) = lexer.next()?;
    let mut parser = Parser { lexer, token, at };
    let mut declarations = Vec::new();
    while parser.token != Token::End {
        declarations.extend(parser.declaration()?);
    }
    Ok(declarations)
}

/// A parser that looks one token ahead.
pub(super) struct Parser<'t> {
    lexer: Lexer<'t>,
    pub(super) token: Token<'t>,
    pub(super) at: Position,
}

impl<'t> Parser<'t> {
    fn declaration(&mut self) -> Result<Option<Declaration>> {
        if self.token == Token::Pragma {
            return self.pragma();
        }
        let qualifiers = self.qualifiers()?;
        match &self.token {
            Token::Word(word) if word.eq_ignore_ascii_case("class") => {
                self.advance()?;
                let at = self.at;
                let class = self.class(qualifiers)?;
                Ok(Some(Declaration::Class(ClassDeclaration { class, at })))
            }
            Token::Word(word) if word.eq_ignore_ascii_case("instance") => {
                let instance = self.instance(0)?;
                self.symbol(';')?;
                Ok(Some(Declaration::Instance(instance)))
            }
            Token::Word(word) if word.eq_ignore_ascii_case("qualifier") && qualifiers.is_empty() => {
                while !matches!(self.token, Token::Symbol(';') | Token::End) {
                    self.advance()?;
                }
                self.symbol(';')?;
                Ok(None)
            }
            _ => Err(self.expected("class, instance of or #pragma")),
        }
    }

    fn pragma(&mut self) -> Result<Option<Declaration>> {
        let at = self.at;
        self.advance()?;
        let Token::Word(name) = self.token else { return Err(self.expected("the name of a pragma")) };
        self.advance()?;
        let mut texts = Vec::new();
        if self.token == Token::Symbol('(') {
            self.advance()?;
            while self.token != Token::Symbol(')') {
                match self.advance()? {
                    Token::Text(text) => texts.push(text),
                    Token::End => return Err(self.expected("\")\"")),
                    _ => {}
                }
            }
            self.advance()?;
        }
        if name.eq_ignore_ascii_case("include") {
            return Err(
                at.refuse("other files are not included; give their text too; #pragma include stands")
            );
        }
        match texts.pop().filter(|_| name.eq_ignore_ascii_case("namespace")) {
            Some(name) => Ok(Some(Declaration::Namespace { name, at })),
            None => Ok(None),
        }
    }

    /// `of Class [as $Alias] { … }`, from the word `instance` on, without the semicolon.
    pub(super) fn instance(&mut self, depth: usize) -> Result<InstanceDeclaration> {
        self.word("instance")?;
        self.word("of")?;
        let at = self.at;
        let class = self.name("a class name")?;
        let alias = self.alias()?;
        self.symbol('{')?;
        let mut properties: Vec<(Identifier, Position, Initializer)> = Vec::new();
        while self.token != Token::Symbol('}') {
            // Qualifiers of an instance's property change nothing here.
            self.qualifiers()?;
            let at = self.at;
            let name = self.name("a property name or \"}\"")?;
            if properties.iter().any(|(known, ..)| *known == name) {
                return Err(at.refuse(&format!("property {name} is there twice, again")));
            }
            if properties.len() == PROPERTIES_PER_CLASS_MAX {
                return Err(at.refuse(&format!("it has more than {PROPERTIES_PER_CLASS_MAX} properties;")));
            }
            self.symbol('=')?;
            let value = self.initializer(depth)?;
            self.symbol(';')?;
            properties.push((name, at, value));
        }
        self.symbol('}')?;
        Ok(InstanceDeclaration { class, alias, properties, at })
    }

    pub(super) fn alias(&mut self) -> Result<Option<String>> {
        if !self.token.is_word("as") {
            return Ok(None);
        }
        self.advance()?;
        let Token::Alias(name) = self.token else { return Err(self.expected("an alias, $Name")) };
        self.advance()?;
        Ok(Some(name.to_owned()))
    }

    pub(super) fn name(&mut self, expected: &str) -> Result<Identifier> {
        let Token::Word(word) = self.token else { return Err(self.expected(expected)) };
        let name = Identifier::new(word).map_err(|error| self.at.refuse(error.cause()))?;
        self.advance()?;
        Ok(name)
    }

    pub(super) fn word(&mut self, keyword: &str) -> Result<()> {
        if !self.token.is_word(keyword) {
            return Err(self.expected(keyword));
        }
        self.advance().map(drop)
    }

    pub(super) fn symbol(&mut self, symbol: char) -> Result<()> {
        if self.token != Token::Symbol(symbol) {
            return Err(self.expected(&format!("\"{symbol}\"")));
        }
        self.advance().map(drop)
    }

    pub(super) fn advance(&mut self) -> Result<Token<'t>> {
        let (token, at) = self.lexer.next()?;
        self.at = at;
        Ok(mem::replace(&mut self.token, token))
    }

    pub(super) fn expected(&self, expected: &str) -> Error {
        Lexer::expected(&self.token, self.at, expected)
    }
}
