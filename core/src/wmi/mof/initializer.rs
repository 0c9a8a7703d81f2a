//! What stands after `=` in MOF.

use crate::error::Result;
use crate::limits::EMBEDDED_OBJECT_DEPTH_MAX;
use crate::wmi::Value;
use crate::wmi::mof::Position;
use crate::wmi::mof::lexer::Token;
use crate::wmi::mof::parser::{InstanceDeclaration, Parser};

/// A value as MOF writes it, with its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Initializer {
    /// Where it begins.
    pub at: Position,
    /// The value.
    pub kind: InitializerKind,
}

/// The kinds of value that MOF can write.
#[derive(Clone, Debug, PartialEq)]
pub enum InitializerKind {
    /// A constant: text, number, TRUE, FALSE, NULL.
    Constant(Value),
    /// `{ …, … }`
    Array(Vec<Initializer>),
    /// `instance of Class { … }`
    Instance(Box<InstanceDeclaration>),
    /// `$Name`, an instance that stands before.
    Alias(String),
}

impl Parser<'_> {
    pub(super) fn initializer(&mut self, depth: usize) -> Result<Initializer> {
        let at = self.at;
        if depth > EMBEDDED_OBJECT_DEPTH_MAX {
            let cause = format!("values are nested deeper than {EMBEDDED_OBJECT_DEPTH_MAX}");
            return Err(at.refuse(&cause));
        }
        let kind = match &self.token {
            Token::Symbol('{') => InitializerKind::Array(self.items(depth)?),
            Token::Alias(name) => {
                let name = (*name).to_owned();
                self.advance()?;
                InitializerKind::Alias(name)
            }
            Token::Word(word) if word.eq_ignore_ascii_case("instance") => {
                InitializerKind::Instance(Box::new(self.instance(depth + 1)?))
            }
            _ => InitializerKind::Constant(self.constant()?),
        };
        Ok(Initializer { at, kind })
    }

    fn items(&mut self, depth: usize) -> Result<Vec<Initializer>> {
        self.symbol('{')?;
        let mut items = Vec::new();
        while self.token != Token::Symbol('}') {
            items.push(self.initializer(depth + 1)?);
            // A semicolon ends each embedded instance in the texts that some tools write.
            if self.token == Token::Symbol(';') {
                self.advance()?;
            }
            if self.token != Token::Symbol(',') {
                break;
            }
            self.advance()?;
        }
        self.symbol('}')?;
        Ok(items)
    }

    /// Text (adjacent ones are one), a number, TRUE, FALSE or NULL.
    pub(super) fn constant(&mut self) -> Result<Value> {
        let value = match &mut self.token {
            Token::Text(text) => {
                let mut whole = std::mem::take(text);
                self.advance()?;
                while let Token::Text(more) = &self.token {
                    whole.push_str(more);
                    self.advance()?;
                }
                return Ok(Value::String(whole));
            }
            Token::Integer(number) => Value::Integer(*number),
            Token::Real(number) => Value::Real(*number),
            Token::Word(word) if word.eq_ignore_ascii_case("true") => Value::Boolean(true),
            Token::Word(word) if word.eq_ignore_ascii_case("false") => Value::Boolean(false),
            Token::Word(word) if word.eq_ignore_ascii_case("null") => Value::Null,
            _ => return Err(self.expected("a value")),
        };
        self.advance()?;
        Ok(value)
    }

    /// A constant, or an array of constants: what defaults and qualifiers may be.
    pub(super) fn plain_value(&mut self) -> Result<Value> {
        if self.token != Token::Symbol('{') {
            return self.constant();
        }
        self.symbol('{')?;
        let mut items = Vec::new();
        while self.token != Token::Symbol('}') {
            items.push(self.constant()?);
            if self.token != Token::Symbol(',') {
                break;
            }
            self.advance()?;
        }
        self.symbol('}')?;
        Ok(Value::Array(items))
    }
}
