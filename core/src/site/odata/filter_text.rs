//! Conditions of WQL as `$filter` texts.

use crate::error::{Error, ErrorKind, Result};
use crate::limits::{EXPRESSION_DEPTH_MAX, EXPRESSION_TERMS_MAX};
use crate::wmi::wql::{Comparison, Condition, LikePattern, Literal, Operand, Operator, PropertyPath, Set};

/// The `$filter` text of a condition, not percent-encoded.
///
/// LIKE becomes `startswith`, `endswith` or `contains`; the last is not documented for the AdminService. Datetimes
/// are text in WQL and stay text here, because without the class nobody can tell them from text.
///
/// # Errors
/// `unsupported` for what OData cannot express; it is never fetched whole and sorted out on this side.
pub(crate) fn write(condition: &Condition) -> Result<String> {
    let mut writer = Writer { text: String::new(), terms: 0, negations: 0 };
    writer.condition(condition, Binding::Loosest, 0)?;
    Ok(writer.text)
}

/// The property as OData names it.
pub(crate) fn property_name(path: &PropertyPath) -> Result<&str> {
    match path.0.as_slice() {
        [name] if name.is_system() => Err(refuse(format!("the system property {name}"))),
        [name] => Ok(name.as_str()),
        names => {
            let dotted: Vec<_> = names.iter().map(|name| name.as_str()).collect();
            Err(refuse(format!("the property of an embedded object {}", dotted.join("."))))
        }
    }
}

/// The property that an operand is.
fn operand_name(operand: &Operand) -> Result<&str> {
    match operand {
        Operand::Property(path) => property_name(path),
        Operand::Call(call) => Err(refuse(format!("the function {}", call.name()))),
        Operand::Constant(_) => Err(refuse("a condition without a property".into())),
    }
}

/// A text as an OData literal.
pub(crate) fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// The error of what OData cannot say, which is named.
pub(crate) fn refuse(what: String) -> Error {
    Error::new(
        ErrorKind::Unsupported,
        "translate the query to OData",
        format!("AdminService cannot express {what}; use an embedded copy of the site for this query"),
    )
}

/// What stands around a condition, and so whether it needs parentheses.
#[derive(Clone, Copy, PartialEq, PartialOrd)]
enum Binding {
    Loosest,
    And,
}

struct Writer {
    text: String,
    terms: usize,
    /// How many `not` stand around the condition being written.
    negations: usize,
}

impl Writer {
    fn condition(&mut self, condition: &Condition, around: Binding, depth: usize) -> Result<()> {
        if depth > EXPRESSION_DEPTH_MAX {
            return Err(refuse(format!("a condition nested more than {EXPRESSION_DEPTH_MAX} deep")));
        }
        match condition {
            Condition::All(parts) => self.joined(parts, " and ", Binding::And, depth),
            Condition::Any(parts) if around == Binding::And => {
                self.text.push('(');
                self.joined(parts, " or ", Binding::Loosest, depth)?;
                self.text.push(')');
                Ok(())
            }
            Condition::Any(parts) => self.joined(parts, " or ", Binding::Loosest, depth),
            Condition::Not(inner) => {
                // Always in parentheses: `not` binds tighter than `eq` in OData, unlike in WQL.
                self.text.push_str("not (");
                self.negations += 1;
                self.condition(inner, Binding::Loosest, depth + 1)?;
                self.negations -= 1;
                self.text.push(')');
                Ok(())
            }
            Condition::In { operand, set: Set::List(list) } => self.one_of(operand, list, around),
            leaf => self.leaf(leaf),
        }
    }

    /// OData 4.0 has no `in`.
    fn one_of(&mut self, operand: &Operand, list: &[Literal], around: Binding) -> Result<()> {
        let name = operand_name(operand)?;
        let in_parentheses = around == Binding::And && list.len() > 1;
        self.text.push_str(if in_parentheses { "(" } else { "" });
        for (at, item) in list.iter().enumerate() {
            self.count_term()?;
            self.text.push_str(if at > 0 { " or " } else { "" });
            self.text.push_str(&format!("{name} eq {}", literal(item)));
        }
        self.text.push_str(if in_parentheses { ")" } else { "" });
        Ok(())
    }

    fn count_term(&mut self) -> Result<()> {
        self.terms += 1;
        if self.terms > EXPRESSION_TERMS_MAX {
            return Err(refuse(format!("more than {EXPRESSION_TERMS_MAX} comparisons")));
        }
        Ok(())
    }

    fn joined(&mut self, parts: &[Condition], word: &str, around: Binding, depth: usize) -> Result<()> {
        for (at, part) in parts.iter().enumerate() {
            if at > 0 {
                self.text.push_str(word);
            }
            self.condition(part, around, depth + 1)?;
        }
        Ok(())
    }

    fn leaf(&mut self, condition: &Condition) -> Result<()> {
        self.count_term()?;
        let text = match condition {
            Condition::Compare(comparison) => compared(comparison)?,
            Condition::IsNull { operand, negated } => {
                format!("{} {} null", operand_name(operand)?, if *negated { "ne" } else { "eq" })
            }
            Condition::Like { operand, pattern } => {
                like(operand_name(operand)?, pattern, self.negations > 0)?
            }
            Condition::In { .. } => return Err(refuse("a subselect".into())),
            Condition::IsA { .. } => return Err(refuse("ISA".into())),
            Condition::All(_) | Condition::Any(_) | Condition::Not(_) => return Ok(()),
        };
        self.text.push_str(&text);
        Ok(())
    }
}

fn compared(comparison: &Comparison) -> Result<String> {
    let name = operand_name(&comparison.left)?;
    let value = match &comparison.right {
        Operand::Constant(value) => literal(value),
        Operand::Property(_) => return Err(refuse(format!("the comparison {comparison}"))),
        Operand::Call(call) => return Err(refuse(format!("the function {}", call.name()))),
    };
    Ok(format!("{name} {} {value}", operator(comparison.operator)))
}

/// A LIKE, where OData has a function for its pattern.
fn like(name: &str, pattern: &str, is_negated: bool) -> Result<String> {
    let parsed = LikePattern::parse(pattern);
    let function = |function, text| Ok(format!("{function}({name},{}) eq true", quoted(text)));
    if let Some(text) = parsed.as_exact() {
        return Ok(format!("{name} eq {}", quoted(text)));
    }
    match (parsed.as_prefix(), parsed.as_suffix(), parsed.as_contains()) {
        // `%` matches every text, and only null is no text. Under `not` a null must stay unknown, which it is to a
        // function and is not to `ne null`.
        (Some(""), ..) if !is_negated => Ok(format!("{name} ne null")),
        (Some(text), ..) => function("startswith", text),
        (_, Some(text), _) => function("endswith", text),
        (_, _, Some(text)) => function("contains", text),
        _ => Err(refuse(format!("the pattern LIKE {}", quoted(pattern)))),
    }
}

fn operator(operator: Operator) -> &'static str {
    match operator {
        Operator::Equal => "eq",
        Operator::NotEqual => "ne",
        Operator::Less => "lt",
        Operator::LessOrEqual => "le",
        Operator::Greater => "gt",
        Operator::GreaterOrEqual => "ge",
    }
}

fn literal(literal: &Literal) -> String {
    match literal {
        Literal::String(text) => quoted(text),
        Literal::Integer(number) => number.to_string(),
        // `Debug` keeps the point or the exponent, so that it reads as a real again.
        Literal::Real(number) => format!("{number:?}"),
        Literal::Boolean(flag) => flag.to_string(),
    }
}
