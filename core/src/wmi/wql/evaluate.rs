//! A condition looked at on one object, as event and schema queries need it: events and classes are in no table.

use std::cmp::Ordering;

use crate::error::{Error, ErrorKind, Result};
use crate::wmi::wql::{Comparison, Condition, LikePattern, Literal, Operand, Operator, PropertyPath, Set};
use crate::wmi::{Identifier, Instance, Value};

/// Whether a condition holds for an object; None where that is unknown, as with null.
///
/// `is_a` says whether an object is of a class or of one derived from it.
pub(crate) fn holds(
    condition: &Condition,
    object: &Instance,
    is_a: &dyn Fn(&Instance, &Identifier) -> bool,
) -> Result<Option<bool>> {
    let each = |condition| holds(condition, object, is_a);
    match condition {
        Condition::All(parts) => {
            let parts: Vec<_> = parts.iter().map(each).collect::<Result<_>>()?;
            Ok(match parts.contains(&Some(false)) {
                true => Some(false),
                false => (!parts.contains(&None)).then_some(true),
            })
        }
        Condition::Any(parts) => {
            let parts: Vec<_> = parts.iter().map(each).collect::<Result<_>>()?;
            Ok(match parts.contains(&Some(true)) {
                true => Some(true),
                false => (!parts.contains(&None)).then_some(false),
            })
        }
        Condition::Not(inner) => Ok(each(inner)?.map(|holds| !holds)),
        Condition::Compare(Comparison { left, operator, right }) => {
            let (left, right) = (values(left, object)?, values(right, object)?);
            Ok(any(
                left.iter().flat_map(|left| right.iter().map(move |right| (left, right))),
                |(left, right)| order(left, right).map(|order| fits(*operator, order)),
            ))
        }
        Condition::Like { operand, pattern } => {
            let pattern = LikePattern::parse(pattern);
            Ok(any(values(operand, object)?.iter(), |value| text(value).map(|text| pattern.matches(&text))))
        }
        Condition::In { operand, set: Set::List(list) } => {
            let found = values(operand, object)?;
            let list: Vec<_> = list.iter().map(constant).collect();
            Ok(any(found.iter(), |value| {
                any(list.iter(), |item| order(value, item).map(|order| order == Ordering::Equal))
            }))
        }
        Condition::In { set: Set::Subselect(_), .. } => Err(unsupported("a subselect")),
        Condition::IsNull { operand, negated } => {
            let is_null = match operand {
                Operand::Property(path) => property(path, object).map(|value| value.is_null()),
                _ => return Err(unsupported("a function")),
            };
            Ok(is_null.map(|is_null| is_null != *negated))
        }
        Condition::IsA { property: PropertyPath(names), class } if matches!(&names[..], [this] if this.is("__this")) => {
            Ok(Some(is_a(object, class)))
        }
        Condition::IsA { property: path, class } => match property(path, object) {
            Some(Value::Object(embedded)) => Ok(Some(is_a(&embedded, class))),
            _ => Ok(Some(false)),
        },
    }
}

fn unsupported(what: &str) -> Error {
    let cause = format!("{what} cannot stand in the condition of an event or schema query");
    Error::new(ErrorKind::Unsupported, "evaluate query", cause)
}

/// True where it holds for one; unknown where it is unknown for one and holds for none.
fn any<T>(items: impl Iterator<Item = T>, said: impl Fn(T) -> Option<bool>) -> Option<bool> {
    let mut answer = None;
    for item in items {
        match said(item) {
            Some(true) => return Some(true),
            Some(false) => answer = Some(false),
            None => {}
        }
    }
    answer
}

/// The value of an operand; the elements where it is an array.
fn values(operand: &Operand, object: &Instance) -> Result<Vec<Value>> {
    match operand {
        Operand::Constant(literal) => Ok(vec![constant(literal)]),
        Operand::Call(_) => Err(unsupported("a function")),
        Operand::Property(path) => Ok(match property(path, object) {
            None => Vec::new(),
            Some(Value::Array(items)) => items,
            Some(value) => vec![value],
        }),
    }
}

/// What a path leads to; None where it leads nowhere.
fn property(path: &PropertyPath, object: &Instance) -> Option<Value> {
    let (first, rest) = path.0.split_first()?;
    let mut at = object.value(first.as_str())?;
    for name in rest {
        let Value::Object(embedded) = at else { return None };
        at = embedded.value(name.as_str())?;
    }
    Some(at)
}

fn constant(literal: &Literal) -> Value {
    match literal {
        Literal::String(text) => Value::String(text.clone()),
        Literal::Integer(number) => Value::Integer(*number),
        Literal::Real(real) => Value::Real(*real),
        Literal::Boolean(flag) => Value::Boolean(*flag),
    }
}

fn fits(operator: Operator, order: Ordering) -> bool {
    match operator {
        Operator::Equal => order == Ordering::Equal,
        Operator::NotEqual => order != Ordering::Equal,
        Operator::Less => order == Ordering::Less,
        Operator::LessOrEqual => order != Ordering::Greater,
        Operator::Greater => order == Ordering::Greater,
        Operator::GreaterOrEqual => order != Ordering::Less,
    }
}

/// How two scalars are to each other: texts without case, numbers as numbers, numbers in text too.
fn order(left: &Value, right: &Value) -> Option<Ordering> {
    if let (Some(left), Some(right)) = (plain_text(left), plain_text(right)) {
        return Some(left.to_lowercase().cmp(&right.to_lowercase()));
    }
    match (integer(left), integer(right)) {
        (Some(left), Some(right)) => Some(left.cmp(&right)),
        _ => real(left)?.partial_cmp(&real(right)?),
    }
}

fn plain_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::DateTime(datetime) => Some(datetime.to_string()),
        Value::Reference(path) => Some(path.to_string()),
        _ => None,
    }
}

fn text(value: &Value) -> Option<String> {
    plain_text(value).or_else(|| integer(value).map(|number| number.to_string()))
}

fn integer(value: &Value) -> Option<i128> {
    match value {
        Value::Integer(number) => Some(*number),
        Value::Boolean(flag) => Some((*flag).into()),
        Value::String(text) => match text.trim().to_ascii_lowercase().as_str() {
            "true" => Some(1),
            "false" => Some(0),
            number => number.parse().ok(),
        },
        _ => None,
    }
}

fn real(value: &Value) -> Option<f64> {
    match value {
        Value::Real(real) => Some(*real),
        Value::String(text) => text.trim().parse().ok(),
        value => integer(value).map(|number| number as f64),
    }
}
