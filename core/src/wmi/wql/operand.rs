//! Tokens to syntax tree: what a condition compares.

use crate::error::Result;
use crate::limits::EXPRESSION_DEPTH_MAX;
use crate::wmi::Identifier;
use crate::wmi::wql::binding::Constant;
use crate::wmi::wql::lexer::Token;
use crate::wmi::wql::parser::{Parser, is_reserved};
use crate::wmi::wql::{Call, DatePart, Literal, Operand};

/// One side of a comparison.
pub(super) enum Side {
    Null,
    Operand(Operand),
}

pub(super) fn is_constant_word(word: &str) -> bool {
    ["TRUE", "FALSE", "NULL"].iter().any(|known| known.eq_ignore_ascii_case(word))
}

impl Parser<'_> {
    /// One side of a comparison.
    pub(super) fn side(&mut self, expected: &str) -> Result<Side> {
        match self.token {
            Token::Word(word) if !is_constant_word(word) => {
                let at = self.at;
                let name = self.name(expected)?;
                if self.token.is_symbol("(") {
                    return self.call(&name, at).map(|call| Side::Operand(Operand::Call(call)));
                }
                self.property_from(name, at).map(|property| Side::Operand(Operand::Property(property)))
            }
            _ => Ok(match self.constant(expected)? {
                Constant::Null => Side::Null,
                Constant::Literal(literal) => Side::Operand(Operand::Constant(literal)),
            }),
        }
    }

    pub(super) fn constant(&mut self, expected: &str) -> Result<Constant> {
        let at = self.at;
        let token = match self.token {
            Token::Symbol(_) | Token::End => return Err(self.expected(expected)),
            _ => self.advance()?,
        };
        let literal = match token {
            Token::Text(text) => Literal::String(text),
            Token::Integer(number) => Literal::Integer(number),
            Token::Real(number) => Literal::Real(number),
            Token::Positional => return self.binding.positional().map_err(|cause| self.wrong_at(at, &cause)),
            Token::Named(name) => return self.binding.named(name).map_err(|cause| self.wrong_at(at, &cause)),
            Token::Word(word) => match word.to_ascii_uppercase().as_str() {
                "TRUE" => Literal::Boolean(true),
                "FALSE" => Literal::Boolean(false),
                "NULL" => return Ok(Constant::Null),
                _ if is_reserved(word) => {
                    return Err(self.wrong_at(at, &format!("expected {expected}, found \"{word}\"")));
                }
                _ => {
                    let cause = format!("expected {expected}, found \"{word}\" (text stands in quotes)");
                    return Err(self.wrong_at(at, &cause));
                }
            },
            Token::Symbol(_) | Token::End => return Err(self.expected(expected)),
        };
        Ok(Constant::Literal(literal))
    }

    fn call(&mut self, name: &Identifier, at: usize) -> Result<Call> {
        self.depth += 1;
        if self.depth > EXPRESSION_DEPTH_MAX {
            let cause = format!("functions are nested deeper than {EXPRESSION_DEPTH_MAX}");
            return Err(self.wrong_at(at, &cause));
        }
        self.expect_symbol("(")?;
        let call = match name.as_str().to_ascii_uppercase().as_str() {
            "UPPER" => Call::Upper(self.argument()?),
            "LOWER" => Call::Lower(self.argument()?),
            "SUBSTRING" => {
                let (text, start) = (self.argument()?, self.next_argument()?);
                Call::Substring { text, start, length: self.next_argument()? }
            }
            "GETDATE" => Call::GetDate,
            "DATEADD" => {
                let (part, number) = (self.date_part()?, self.next_argument()?);
                Call::DateAdd { part, number, date: self.next_argument()? }
            }
            "DATEDIFF" => {
                let (part, from) = (self.date_part()?, self.next_argument()?);
                Call::DateDiff { part, from, to: self.next_argument()? }
            }
            "DATEPART" => Call::DatePart { part: self.date_part()?, date: self.next_argument()? },
            "COUNT" => return Err(self.wrong_at(at, "COUNT can only stand after SELECT,")),
            _ => return Err(self.wrong_at(at, &format!("there is no function {name}"))),
        };
        self.expect_symbol(")")?;
        self.depth -= 1;
        Ok(call)
    }

    fn next_argument(&mut self) -> Result<Box<Operand>> {
        self.expect_symbol(",")?;
        self.argument()
    }

    fn argument(&mut self) -> Result<Box<Operand>> {
        let at = self.at;
        match self.side("a property, a constant or a function")? {
            Side::Operand(operand) => Ok(Box::new(operand)),
            Side::Null => Err(self.wrong_at(at, "NULL cannot be an argument")),
        }
    }

    fn date_part(&mut self) -> Result<DatePart> {
        let part = match self.token {
            Token::Word(word) => DatePart::from_name(word),
            _ => None,
        };
        let Some(part) = part else {
            return Err(self.expected("a part of a date (day, hour, …)"));
        };
        self.advance()?;
        Ok(part)
    }
}
