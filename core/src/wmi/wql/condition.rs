//! Tokens to syntax tree: the condition after WHERE.

use std::mem;

use crate::error::Result;
use crate::limits::{EXPRESSION_DEPTH_MAX, EXPRESSION_TERMS_MAX};
use crate::wmi::Identifier;
use crate::wmi::wql::binding::Constant;
use crate::wmi::wql::lexer::Token;
use crate::wmi::wql::parser::{Parser, is_reserved};
use crate::wmi::wql::{Comparison, Condition, Literal, Operator, PropertyPath};

/// What was read so far between two parentheses: the finished sides of OR, and the sides of the AND after them.
#[derive(Default)]
struct Group {
    any: Vec<Condition>,
    all: Vec<Condition>,
    negated: bool,
}

impl Group {
    fn push(&mut self, condition: Condition) {
        match condition {
            Condition::All(conditions) => self.all.extend(conditions),
            condition => self.all.push(condition),
        }
    }

    /// Ends one side of an OR.
    fn end_side(&mut self) {
        match joined(mem::take(&mut self.all), Condition::All) {
            Condition::Any(conditions) => self.any.extend(conditions),
            condition => self.any.push(condition),
        }
    }

    fn finish(mut self) -> Condition {
        self.end_side();
        negated_if(self.negated, joined(self.any, Condition::Any))
    }
}

fn joined(mut conditions: Vec<Condition>, join: fn(Vec<Condition>) -> Condition) -> Condition {
    if conditions.len() == 1 { conditions.swap_remove(0) } else { join(conditions) }
}

fn negated_if(negated: bool, condition: Condition) -> Condition {
    if negated { Condition::Not(Box::new(condition)) } else { condition }
}

impl Parser<'_> {
    /// Reads with a stack of its own, so that nesting costs no stack of the thread.
    pub(super) fn condition(&mut self) -> Result<Condition> {
        let mut outer: Vec<Group> = Vec::new();
        let mut group = Group::default();
        loop {
            let negated = self.token.is_word("NOT");
            let depth = outer.iter().map(|group| 1 + usize::from(group.negated)).sum::<usize>();
            let depth = depth + usize::from(group.negated) + usize::from(negated);
            if negated {
                self.advance()?;
            }
            let opens = self.token.is_symbol("(");
            if depth + usize::from(opens) > EXPRESSION_DEPTH_MAX {
                let cause = format!("parentheses and NOT are nested deeper than {EXPRESSION_DEPTH_MAX}");
                return Err(self.wrong(&cause));
            }
            if opens {
                self.advance()?;
                outer.push(mem::replace(&mut group, Group { negated, ..Group::default() }));
                continue;
            }
            let predicate = self.predicate()?;
            group.push(negated_if(negated, predicate));
            while self.token.is_symbol(")")
                && let Some(around) = outer.pop()
            {
                self.advance()?;
                let inner = mem::replace(&mut group, around);
                group.push(inner.finish());
            }
            if self.token.is_word("OR") {
                group.end_side();
            } else if !self.token.is_word("AND") {
                return if outer.is_empty() {
                    Ok(group.finish())
                } else {
                    Err(self.expected("AND, OR or \")\""))
                };
            }
            self.advance()?;
        }
    }

    fn predicate(&mut self) -> Result<Condition> {
        self.terms += 1;
        if self.terms > EXPRESSION_TERMS_MAX {
            let cause = format!("the condition has more than {EXPRESSION_TERMS_MAX} comparisons");
            return Err(self.wrong(&cause));
        }
        match &self.token {
            Token::Word(word) if !is_reserved(word) => self.property_first(),
            Token::Word(word) if !["TRUE", "FALSE", "NULL"].iter().any(|k| k.eq_ignore_ascii_case(word)) => {
                Err(self.expected("a condition"))
            }
            Token::Symbol(_) | Token::End => Err(self.expected("a condition")),
            _ => self.constant_first(),
        }
    }

    fn property_first(&mut self) -> Result<Condition> {
        let property = self.property("a property name")?;
        if let Some(operator) = self.operator() {
            self.advance()?;
            let at = self.at;
            let constant = self.constant("a constant")?;
            return self.comparison(property, operator, constant, at);
        }
        let Token::Word(word) = self.token else {
            return Err(self.expected("a comparison operator, LIKE, IS or ISA"));
        };
        match word.to_ascii_uppercase().as_str() {
            "LIKE" => self.like(property),
            "IN" => Err(self.unsupported(self.at, "IN is")),
            "NOT" => {
                self.advance()?;
                if self.token.is_word("IN") {
                    return Err(self.unsupported(self.at, "IN is"));
                }
                if !self.token.is_word("LIKE") {
                    return Err(self.expected("LIKE"));
                }
                self.like(property).map(|like| negated_if(true, like))
            }
            "IS" => {
                self.advance()?;
                let negated = self.token.is_word("NOT");
                if negated {
                    self.advance()?;
                }
                if !self.token.is_word("NULL") {
                    return Err(self.expected(if negated { "NULL" } else { "NULL or NOT NULL" }));
                }
                self.advance()?;
                Ok(Condition::IsNull { property, negated })
            }
            "ISA" => {
                self.advance()?;
                let at = self.at;
                let class = match self.constant("a class name in quotes")? {
                    Constant::Literal(Literal::String(name)) => Identifier::new(&name),
                    _ => return Err(self.wrong_at(at, "ISA needs a class name in quotes")),
                };
                let class = class.map_err(|error| self.wrong_at(at, error.cause()))?;
                Ok(Condition::IsA { property, class })
            }
            _ => Err(self.expected("a comparison operator, LIKE, IS or ISA")),
        }
    }

    fn constant_first(&mut self) -> Result<Condition> {
        let at = self.at;
        let constant = self.constant("a condition")?;
        let Some(operator) = self.operator() else {
            return Err(self.expected("a comparison operator"));
        };
        self.advance()?;
        if !matches!(self.token, Token::Word(word) if !is_reserved(word)) {
            return Err(self.expected("a property name"));
        }
        let property = self.property("a property name")?;
        self.comparison(property, operator.turned_round(), constant, at)
    }

    fn comparison(
        &self,
        property: PropertyPath,
        operator: Operator,
        constant: Constant,
        at: usize,
    ) -> Result<Condition> {
        let is_order = !matches!(operator, Operator::Equal | Operator::NotEqual);
        match constant {
            Constant::Null if is_order => Err(self.wrong_at(at, "NULL can only be compared with = and <>,")),
            Constant::Null => Ok(Condition::IsNull { property, negated: operator == Operator::NotEqual }),
            Constant::Literal(Literal::Boolean(_)) if is_order => {
                Err(self.wrong_at(at, "TRUE and FALSE can only be compared with = and <>,"))
            }
            Constant::Literal(literal) => Ok(Condition::Compare(Comparison { property, operator, literal })),
        }
    }

    fn like(&mut self, property: PropertyPath) -> Result<Condition> {
        self.advance()?;
        let at = self.at;
        let pattern = match self.constant("a pattern in quotes")? {
            Constant::Literal(Literal::String(pattern)) => pattern,
            // Scripts use LIKE on integers too.
            Constant::Literal(Literal::Integer(number)) => number.to_string(),
            _ => return Err(self.wrong_at(at, "LIKE needs a pattern in quotes")),
        };
        Ok(Condition::Like { property, pattern })
    }

    fn operator(&self) -> Option<Operator> {
        match self.token {
            Token::Symbol(symbol) => Operator::from_symbol(symbol),
            _ => None,
        }
    }

    fn constant(&mut self, expected: &str) -> Result<Constant> {
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
                _ if self.token.is_symbol("(") => return Err(self.unsupported(at, "functions are")),
                _ => {
                    let what = "comparison with another property (text stands in quotes) is";
                    return Err(self.unsupported(at, what));
                }
            },
            Token::Symbol(_) | Token::End => return Err(self.expected(expected)),
        };
        Ok(Constant::Literal(literal))
    }
}
