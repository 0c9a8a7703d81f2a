//! Tokens to syntax tree: the condition after WHERE.

use std::mem;

use crate::error::Result;
use crate::limits::{EXPRESSION_DEPTH_MAX, EXPRESSION_TERMS_MAX, SUBSELECT_DEPTH_MAX};
use crate::wmi::Identifier;
use crate::wmi::wql::binding::{Constant, list_from_value};
use crate::wmi::wql::lexer::Token;
use crate::wmi::wql::operand::{Side, is_constant_word};
use crate::wmi::wql::parser::{Parser, is_reserved};
use crate::wmi::wql::{Column, Columns, Comparison, Condition, Literal, Operand, Operator, Set};

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
            let depth = self.depth + depth + usize::from(group.negated) + usize::from(negated);
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
            let predicate = self.predicate_at(depth)?;
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

    fn predicate_at(&mut self, depth: usize) -> Result<Condition> {
        let around = mem::replace(&mut self.depth, depth);
        let predicate = self.predicate();
        self.depth = around;
        predicate
    }

    fn count_term(&mut self) -> Result<()> {
        self.terms += 1;
        if self.terms > EXPRESSION_TERMS_MAX {
            let cause = format!("the condition has more than {EXPRESSION_TERMS_MAX} comparisons");
            return Err(self.wrong(&cause));
        }
        Ok(())
    }

    fn predicate(&mut self) -> Result<Condition> {
        self.count_term()?;
        let at = self.at;
        match self.side("a condition")? {
            Side::Null => self.constant_first(None, at),
            Side::Operand(Operand::Constant(literal)) => self.constant_first(Some(literal), at),
            Side::Operand(operand) => self.operand_first(operand, at),
        }
    }

    fn operand_first(&mut self, operand: Operand, at: usize) -> Result<Condition> {
        let expected = "a comparison operator, LIKE, IN, IS or ISA";
        if let Some(operator) = self.operator() {
            self.advance()?;
            let at = self.at;
            let right = self.side("a constant, a property or a function")?;
            return self.comparison(operand, operator, right, at);
        }
        let Token::Word(word) = self.token else {
            return Err(self.expected(expected));
        };
        match word.to_ascii_uppercase().as_str() {
            "LIKE" => self.like(operand),
            "IN" => self.is_in(operand),
            "NOT" => {
                self.advance()?;
                let inner = if self.token.is_word("IN") {
                    self.is_in(operand)?
                } else if self.token.is_word("LIKE") {
                    self.like(operand)?
                } else {
                    return Err(self.expected("LIKE or IN"));
                };
                Ok(negated_if(true, inner))
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
                Ok(Condition::IsNull { operand, negated })
            }
            "ISA" => self.is_a(operand, at),
            _ => Err(self.expected(expected)),
        }
    }

    fn is_a(&mut self, operand: Operand, property_at: usize) -> Result<Condition> {
        let Operand::Property(property) = operand else {
            return Err(self.wrong_at(property_at, "ISA needs a property, not a function,"));
        };
        self.advance()?;
        let at = self.at;
        let class = match self.constant("a class name in quotes")? {
            Constant::Literal(Literal::String(name)) => Identifier::new(&name),
            _ => return Err(self.wrong_at(at, "ISA needs a class name in quotes")),
        };
        let class = class.map_err(|error| self.wrong_at(at, error.cause()))?;
        Ok(Condition::IsA { property, class })
    }

    /// None is NULL.
    fn constant_first(&mut self, constant: Option<Literal>, at: usize) -> Result<Condition> {
        let Some(operator) = self.operator() else {
            return Err(self.expected("a comparison operator"));
        };
        self.advance()?;
        if !matches!(self.token, Token::Word(word) if !is_reserved(word) && !is_constant_word(word)) {
            return Err(self.expected("a property name or a function"));
        }
        let Side::Operand(operand) = self.side("a property name or a function")? else {
            return Err(self.expected("a property name or a function"));
        };
        let constant = constant.map_or(Side::Null, |literal| Side::Operand(Operand::Constant(literal)));
        self.comparison(operand, operator.turned_round(), constant, at)
    }

    fn comparison(&self, left: Operand, operator: Operator, right: Side, at: usize) -> Result<Condition> {
        let is_order = !matches!(operator, Operator::Equal | Operator::NotEqual);
        match right {
            Side::Null if is_order => Err(self.wrong_at(at, "NULL can only be compared with = and <>,")),
            Side::Null => Ok(Condition::IsNull { operand: left, negated: operator == Operator::NotEqual }),
            Side::Operand(Operand::Constant(Literal::Boolean(_))) if is_order => {
                Err(self.wrong_at(at, "TRUE and FALSE can only be compared with = and <>,"))
            }
            Side::Operand(right) => Ok(Condition::Compare(Comparison { left, operator, right })),
        }
    }

    fn like(&mut self, operand: Operand) -> Result<Condition> {
        self.advance()?;
        let at = self.at;
        let pattern = match self.constant("a pattern in quotes")? {
            Constant::Literal(Literal::String(pattern)) => pattern,
            // Scripts use LIKE on integers too.
            Constant::Literal(Literal::Integer(number)) => number.to_string(),
            _ => return Err(self.wrong_at(at, "LIKE needs a pattern in quotes")),
        };
        Ok(Condition::Like { operand, pattern })
    }

    fn is_in(&mut self, operand: Operand) -> Result<Condition> {
        self.advance()?;
        let at = self.at;
        let bound = match self.token {
            Token::Positional => Some(self.binding.positional_value()),
            Token::Named(name) => Some(self.binding.named_value(name)),
            _ => None,
        };
        if let Some(bound) = bound {
            let list =
                bound.and_then(|(value, name)| list_from_value(value).map_err(|why| format!("{name} {why}")));
            let list = list.map_err(|cause| self.wrong_at(at, &cause))?;
            self.advance()?;
            for _ in 1..list.len() {
                self.count_term()?;
            }
            return Ok(Condition::In { operand, set: Set::List(list) });
        }
        if !self.token.is_symbol("(") {
            return Err(self.expected("\"(\" or a placeholder"));
        }
        self.advance()?;
        let set = if self.token.is_word("SELECT") { self.subselect()? } else { Set::List(self.list()?) };
        self.expect_symbol(")")?;
        Ok(Condition::In { operand, set })
    }

    fn list(&mut self) -> Result<Vec<Literal>> {
        let mut list = Vec::new();
        loop {
            let at = self.at;
            match self.constant("a constant or SELECT")? {
                Constant::Literal(literal) => list.push(literal),
                Constant::Null => return Err(self.wrong_at(at, "NULL is in no list; write IS NULL,")),
            }
            if !self.token.is_symbol(",") {
                return Ok(list);
            }
            self.advance()?;
            self.count_term()?;
        }
    }

    fn subselect(&mut self) -> Result<Set> {
        let at = self.at;
        self.depth += 1;
        self.subselects += 1;
        if self.subselects > SUBSELECT_DEPTH_MAX {
            let cause = format!("subselects are nested deeper than {SUBSELECT_DEPTH_MAX}");
            return Err(self.wrong_at(at, &cause));
        }
        let (select, _) = self.select()?;
        self.subselects -= 1;
        self.depth -= 1;
        let is_one = matches!(&select.columns,
            Columns::Listed(columns) if matches!(columns.as_slice(), [Column::Property(_)]));
        if !is_one {
            return Err(self.wrong_at(at, "a subselect returns one property, no more and no less; it begins"));
        }
        Ok(Set::Subselect(Box::new(select)))
    }

    pub(super) fn operator(&self) -> Option<Operator> {
        match self.token {
            Token::Symbol(symbol) => Operator::from_symbol(symbol),
            _ => None,
        }
    }
}
