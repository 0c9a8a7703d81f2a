//! Conditions as SQL.

use super::Compiler;
use super::operand::{Expression, Kind, element};
use crate::error::{ErrorKind, Result};
use crate::site::embedded::collation::{COLLATION, LIKE_FUNCTION};
use crate::site::embedded::function;
use crate::wmi::Identifier;
use crate::wmi::wql::{
    Column, Columns, Comparison, Condition, LikePattern, Literal, Operand, Operator, PropertyPath, Select,
    Set,
};

impl Compiler<'_> {
    // The parser bounds the depth of a condition.
    pub(super) fn condition(&mut self, condition: &Condition) -> Result<String> {
        match condition {
            Condition::All(parts) => self.joined(parts, " AND "),
            Condition::Any(parts) => self.joined(parts, " OR "),
            Condition::Not(inner) => Ok(format!("NOT ({})", self.condition(inner)?)),
            Condition::Compare(comparison) => self.comparison(comparison),
            Condition::Like { operand, pattern } => self.like(operand, pattern),
            Condition::In { operand, set: Set::List(list) } => self.in_list(operand, list),
            Condition::In { operand, set: Set::Subselect(select) } => self.in_subselect(operand, select),
            Condition::IsNull { operand, negated } => self.is_null(operand, *negated),
            Condition::IsA { property, class } => self.is_a(property, class),
        }
    }

    fn joined(&mut self, parts: &[Condition], word: &str) -> Result<String> {
        let parts: Vec<_> = parts.iter().map(|part| self.condition(part)).collect::<Result<_>>()?;
        Ok(balanced(&parts, word))
    }

    fn comparison(&mut self, comparison: &Comparison) -> Result<String> {
        let Comparison { left, operator, right } = comparison;
        let first = self.operand(left)?;
        if let Operand::Constant(literal) = right {
            let second = self.literal(literal, &first, left)?;
            self.refuse_order_of_booleans(left, &first, *operator)?;
            return self.for_any(first, |_, first| Ok(compared(first, *operator, &second, true)));
        }
        let second = self.operand(right)?;
        self.refuse_order_of_booleans(left, &first, *operator)?;
        self.refuse_order_of_booleans(right, &second, *operator)?;
        self.for_any(first, |compiler, first| {
            compiler.for_any(second, |_, second| Ok(compared(first, *operator, second, false)))
        })
    }

    fn refuse_order_of_booleans(&self, of: &Operand, value: &Expression, operator: Operator) -> Result<()> {
        if value.kind.is_boolean() && !matches!(operator, Operator::Equal | Operator::NotEqual) {
            let cause = format!("property {of} is a boolean: it compares with = and <> only");
            return Err(self.error(ErrorKind::Config, cause));
        }
        Ok(())
    }

    fn in_list(&mut self, operand: &Operand, list: &[Literal]) -> Result<String> {
        let value = self.operand(operand)?;
        let items: Vec<_> =
            list.iter().map(|literal| self.literal(literal, &value, operand)).collect::<Result<_>>()?;
        self.for_any(value, |_, value| {
            let is_simple = value.kind != Kind::Any && items.iter().all(|item| item.kind == value.kind);
            if is_simple {
                let items: Vec<_> = items.iter().map(|item| item.sql.as_str()).collect();
                return Ok(format!("{} IN ({})", value.collated(), items.join(", ")));
            }
            let items: Vec<_> =
                items.iter().map(|item| compared(value, Operator::Equal, item, true)).collect();
            Ok(balanced(&items, " OR "))
        })
    }

    fn in_subselect(&mut self, operand: &Operand, select: &Select) -> Result<String> {
        let value = self.operand(operand)?;
        let from = self.open(select)?;
        let column = match &select.columns {
            Columns::Listed(columns) => match columns.as_slice() {
                [Column::Property(path)] => path,
                _ => return Err(self.error(ErrorKind::Config, "a subselect returns one property")),
            },
            _ => return Err(self.error(ErrorKind::Config, "a subselect returns one property")),
        };
        let found = self.operand(&Operand::Property(column.clone()))?;
        self.scopes.pop();
        let (found, from) = match found.array {
            true => self.elements(&found, &from),
            false => (found, from),
        };
        self.for_any(value, |_, value| {
            let (value, found) = match (value.kind, found.kind) {
                (a, b) if a == b && a != Kind::Any => (value.collated(), found.sql.clone()),
                (a, b) if a.is_number() && b.is_number() => (value.sql.clone(), found.sql.clone()),
                (a, b) if a.is_date() || b.is_date() => (value.instant(), found.instant()),
                // Numbers meet text as text; case does not matter, and SQL's CAST does not know our uint64.
                _ => {
                    let text = |sql: &str| format!("{}({sql})", function::LOWER);
                    (format!("{} COLLATE {COLLATION}", text(&value.sql)), text(&found.sql))
                }
            };
            Ok(format!("{value} IN (SELECT {found}{from})"))
        })
    }

    /// What a subselect of an array property finds: every element of every row.
    fn elements(&mut self, array: &Expression, from: &str) -> (Expression, String) {
        let (rows, alias) = (self.new_alias(), self.new_alias());
        let found = Expression::scalar(element(&alias, array.kind), array.kind);
        let sql = &array.sql;
        (found, format!(" FROM (SELECT {sql} AS list{from}) AS {rows}, json_each({rows}.list) AS {alias}"))
    }

    fn is_null(&mut self, operand: &Operand, negated: bool) -> Result<String> {
        let not = if negated { "NOT " } else { "" };
        if let Operand::Property(path) = operand {
            let value = self.property(path)?;
            // What is not there is neither null nor not null.
            if let Some(arguments) = &value.member {
                let wanted = if negated { 0 } else { 1 };
                return Ok(format!("{}{arguments} = {wanted}", function::MEMBER_IS_NULL));
            }
            return Ok(format!("{} IS {not}NULL", value.sql));
        }
        Ok(format!("{} IS {not}NULL", self.operand(operand)?.sql))
    }

    fn is_a(&mut self, property: &PropertyPath, class: &Identifier) -> Result<String> {
        if let Some(before) = Self::before_this(property) {
            let bound = match (before, self.scope()) {
                ([], [bound]) => Some(bound.clone()),
                ([name], _) => {
                    self.scopes.iter().rev().find_map(|scope| super::scope::named(scope, name)).cloned()
                }
                _ => None,
            };
            let Some(bound) = bound else {
                let cause = format!("{property}: name one class of the query before __this");
                return Err(self.error(ErrorKind::Config, cause));
            };
            return Ok(bound.is_of(|of_row| of_row.is_a(class.as_str())));
        }
        let value = self.property(property)?;
        let path = self.bind_text("__CLASS");
        // A class that the site does not have has no heirs that it could know of.
        let family = (self.context.families)(class).unwrap_or_default();
        let heirs = family.iter().map(|heir| heir.name.as_str()).filter(|heir| !class.is(heir));
        let wanted: Vec<_> =
            std::iter::once(class.as_str()).chain(heirs).map(|name| self.bind_text(name)).collect();
        let wanted = wanted.join(", ");
        let is_of = |value: &Expression| {
            format!("({}({}, {path}) COLLATE {COLLATION}) IN ({wanted})", function::MEMBER, value.sql)
        };
        match value.kind {
            Kind::Object => self.for_any(value, |_, value| Ok(is_of(value))),
            // An object inside of an object is JSON text.
            Kind::Any => Ok(is_of(&value)),
            _ => {
                let cause = format!("property {property} is no embedded object: ISA has nothing to look at");
                Err(self.error(ErrorKind::Config, cause))
            }
        }
    }

    fn like(&mut self, operand: &Operand, text: &str) -> Result<String> {
        let value = self.operand(operand)?;
        if value.kind == Kind::Instant {
            return Err(self.error(ErrorKind::Config, format!("{operand} is a moment: LIKE compares text")));
        }
        let is_text = value.kind.is_text() || value.kind.is_date();
        let pattern = LikePattern::parse(text);
        self.for_any(value, |compiler, value| {
            if let Some(exact) = pattern.as_exact().filter(|_| is_text) {
                return Ok(format!("{} = {}", value.collated(), compiler.bind_text(exact)));
            }
            if let Some(prefix) = pattern.as_prefix().filter(|prefix| is_text && !prefix.is_empty()) {
                // A range, so that an index on the column serves it.
                let from = compiler.bind_text(prefix);
                let to = compiler.bind_text(&format!("{prefix}{}", char::MAX));
                let value = value.collated();
                return Ok(format!("({value} >= {from} AND {value} < {to})"));
            }
            let bound = compiler.bind_text(text);
            Ok(format!("{LIKE_FUNCTION}({bound}, {})", value.sql))
        })
    }
}

/// The parts joined in halves of halves: SQLite refuses a chain of more than a thousand, which nests as deep.
fn balanced(parts: &[String], word: &str) -> String {
    match parts {
        [] => String::new(),
        [part] => part.clone(),
        _ => {
            let (left, right) = parts.split_at(parts.len() / 2);
            format!("({}{word}{})", balanced(left, word), balanced(right, word))
        }
    }
}

/// Two scalars compared; a constant is one that was made for what stands on the left.
fn compared(left: &Expression, operator: Operator, right: &Expression, is_constant: bool) -> String {
    let sign = operator.symbol();
    let direct = |left: &str, right: &str| format!("{left} {sign} {right}");
    match (left.kind, right.kind) {
        (Kind::Any | Kind::Object, _) | (_, Kind::Any | Kind::Object) => loosely(left, sign, right),
        (a, b) if is_constant && a == b => direct(&left.collated(), &right.sql),
        (a, b) if a.is_date() || b.is_date() => direct(&left.instant(), &right.instant()),
        (a, b) if a.is_text() && b.is_text() => direct(&left.collated(), &right.sql),
        (a, b) if a.is_number() && b.is_number() => direct(&left.sql, &right.sql),
        _ => loosely(left, sign, right),
    }
}

/// Text with numbers, and values whose type only the rows tell.
fn loosely(left: &Expression, sign: &str, right: &Expression) -> String {
    format!("{}({}, {}) {sign} 0", function::COMPARE, left.sql, right.sql)
}
