//! Syntax tree to query text: conditions and what they compare.

use std::fmt;

use crate::wmi::wql::{Call, Comparison, Condition, Literal, Operand, Operator, PropertyPath, Set};

impl Operator {
    /// The operator as canonical WQL writes it.
    ///
    /// ```
    /// use cmgateway::wmi::wql::Operator;
    /// assert_eq!(Operator::NotEqual.symbol(), "<>");
    /// ```
    pub fn symbol(self) -> &'static str {
        match self {
            Operator::Equal => "=",
            Operator::NotEqual => "<>",
            Operator::Less => "<",
            Operator::LessOrEqual => "<=",
            Operator::Greater => ">",
            Operator::GreaterOrEqual => ">=",
        }
    }

    pub(super) fn from_symbol(symbol: &str) -> Option<Self> {
        Some(match symbol {
            "=" => Operator::Equal,
            "<>" | "!=" => Operator::NotEqual,
            "<" => Operator::Less,
            "<=" => Operator::LessOrEqual,
            ">" => Operator::Greater,
            ">=" => Operator::GreaterOrEqual,
            _ => return None,
        })
    }

    /// The operator that says the same with its sides exchanged.
    pub(super) fn turned_round(self) -> Self {
        match self {
            Operator::Less => Operator::Greater,
            Operator::LessOrEqual => Operator::GreaterOrEqual,
            Operator::Greater => Operator::Less,
            Operator::GreaterOrEqual => Operator::LessOrEqual,
            same => same,
        }
    }
}

impl fmt::Display for Operator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.symbol())
    }
}

impl fmt::Display for PropertyPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        listed(f, &self.0, ".")
    }
}

impl fmt::Display for Literal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Literal::String(text) => quoted(f, text),
            Literal::Integer(number) => write!(f, "{number}"),
            // Debug always writes a point or an exponent, so the number reads back as a real.
            Literal::Real(number) => write!(f, "{number:?}"),
            Literal::Boolean(true) => f.write_str("TRUE"),
            Literal::Boolean(false) => f.write_str("FALSE"),
        }
    }
}

fn quoted(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    f.write_str("\"")?;
    let mut from = 0;
    for (at, special) in text.match_indices(['\\', '"']) {
        write!(f, "{}\\{special}", &text[from..at])?;
        from = at + special.len();
    }
    write!(f, "{}\"", &text[from..])
}

pub(super) fn listed<T: fmt::Display>(
    f: &mut fmt::Formatter<'_>,
    items: &[T],
    separator: &str,
) -> fmt::Result {
    for (at, item) in items.iter().enumerate() {
        if at > 0 {
            f.write_str(separator)?;
        }
        write!(f, "{item}")?;
    }
    Ok(())
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.left, self.operator, self.right)
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Condition::All(conditions) => joined(f, conditions, " AND "),
            Condition::Any(conditions) => joined(f, conditions, " OR "),
            Condition::Not(inner) => match **inner {
                Condition::All(_) | Condition::Any(_) | Condition::Not(_) => write!(f, "NOT ({inner})"),
                // The form that the documentation of the SMS Provider shows.
                Condition::In { ref operand, ref set } => write!(f, "{operand} NOT IN ({set})"),
                _ => write!(f, "NOT {inner}"),
            },
            Condition::Compare(comparison) => comparison.fmt(f),
            Condition::Like { operand, pattern } => {
                write!(f, "{operand} LIKE ")?;
                quoted(f, pattern)
            }
            Condition::In { operand, set } => write!(f, "{operand} IN ({set})"),
            Condition::IsNull { operand, negated: false } => write!(f, "{operand} IS NULL"),
            Condition::IsNull { operand, negated: true } => write!(f, "{operand} IS NOT NULL"),
            Condition::IsA { property, class } => write!(f, "{property} ISA \"{class}\""),
        }
    }
}

fn joined(f: &mut fmt::Formatter<'_>, conditions: &[Condition], separator: &str) -> fmt::Result {
    for (at, condition) in conditions.iter().enumerate() {
        if at > 0 {
            f.write_str(separator)?;
        }
        // AND binds tighter than OR, so only an OR inside an AND needs parentheses.
        match condition {
            Condition::Any(_) => write!(f, "({condition})")?,
            condition => write!(f, "{condition}")?,
        }
    }
    Ok(())
}

impl fmt::Display for Set {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Set::List(literals) => listed(f, literals, ", "),
            Set::Subselect(select) => select.fmt(f),
        }
    }
}

impl fmt::Display for Operand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Operand::Property(property) => property.fmt(f),
            Operand::Constant(literal) => literal.fmt(f),
            Operand::Call(call) => call.fmt(f),
        }
    }
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}(", self.name())?;
        match self {
            Call::Upper(text) | Call::Lower(text) => text.fmt(f)?,
            Call::Substring { text, start, length } => write!(f, "{text}, {start}, {length}")?,
            Call::GetDate => {}
            Call::DateAdd { part, number, date } => write!(f, "{}, {number}, {date}", part.name())?,
            Call::DateDiff { part, from, to } => write!(f, "{}, {from}, {to}", part.name())?,
            Call::DatePart { part, date } => write!(f, "{}, {date}", part.name())?,
        }
        f.write_str(")")
    }
}
