//! Operands of conditions as SQL expressions.

use rusqlite::types::Value as SqlValue;

use super::Compiler;
use crate::error::{ErrorKind, Result};
use crate::site::embedded::collation::COLLATION;
use crate::site::embedded::{column, function, instant};
use crate::wmi::wql::{Call, Literal, Operand, PropertyPath};
use crate::wmi::{CimType, DateTime, Value};

/// What an SQL expression yields.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Kind {
    /// What a column of this type holds.
    Column(CimType),
    /// Microseconds since 1970.
    Instant,
    /// A scalar whose type the rows tell.
    Any,
    /// An embedded object.
    Object,
}

impl Kind {
    pub(super) fn is_text(self) -> bool {
        matches!(self, Kind::Column(CimType::String | CimType::Reference))
    }

    pub(super) fn is_date(self) -> bool {
        matches!(self, Kind::Instant | Kind::Column(CimType::DateTime))
    }

    pub(super) fn is_boolean(self) -> bool {
        self == Kind::Column(CimType::Boolean)
    }

    pub(super) fn is_number(self) -> bool {
        match self {
            Kind::Column(CimType::Boolean | CimType::Real32 | CimType::Real64) => true,
            Kind::Column(cim_type) => cim_type.integer_range().is_some(),
            _ => false,
        }
    }
}

/// An operand in SQL.
#[derive(Clone, Debug)]
pub(super) struct Expression {
    pub(super) sql: String,
    pub(super) kind: Kind,
    /// True where it is a JSON array of this kind.
    pub(super) array: bool,
    /// True for a column, which brings its collation along.
    pub(super) column: bool,
    /// The arguments that lead to a property of an embedded object, where it is one.
    pub(super) member: Option<String>,
}

impl Expression {
    pub(super) fn scalar(sql: String, kind: Kind) -> Self {
        Expression { sql, kind, array: false, column: false, member: None }
    }

    /// The expression with WMI's comparison of text, for where it stands on the left.
    pub(super) fn collated(&self) -> String {
        if self.column { self.sql.clone() } else { format!("{} COLLATE {COLLATION}", self.sql) }
    }

    /// The moment it names; null where it names none.
    pub(super) fn instant(&self) -> String {
        match self.kind {
            Kind::Instant => self.sql.clone(),
            _ => format!("{}({})", function::INSTANT, self.sql),
        }
    }
}

impl Compiler<'_> {
    /// A property or a call; constants are compiled for what they are compared with.
    pub(super) fn operand(&mut self, operand: &Operand) -> Result<Expression> {
        let value = match operand {
            Operand::Property(path) => self.property(path)?,
            Operand::Call(call) => self.call(call)?,
            Operand::Constant(literal) => self.argument_literal(literal)?,
        };
        if value.kind == Kind::Object {
            return Err(self.error(
                ErrorKind::Config,
                format!("{operand} is an embedded object; compare one of its properties"),
            ));
        }
        Ok(value)
    }

    fn argument_literal(&mut self, literal: &Literal) -> Result<Expression> {
        let (value, cim_type) = match literal {
            Literal::String(text) => (SqlValue::Text(text.clone()), CimType::String),
            Literal::Integer(number) => {
                let value =
                    column::encode_integer(*number).map_err(|cause| self.error(ErrorKind::Config, cause))?;
                (value, CimType::Sint64)
            }
            Literal::Real(real) => (SqlValue::Real(*real), CimType::Real64),
            Literal::Boolean(flag) => (SqlValue::Integer((*flag).into()), CimType::Boolean),
        };
        Ok(Expression::scalar(self.bind(value), Kind::Column(cim_type)))
    }

    fn call(&mut self, call: &Call) -> Result<Expression> {
        let (text, number) = (Kind::Column(CimType::String), Kind::Column(CimType::Sint64));
        match call {
            Call::Upper(of) => {
                let of = self.argument(of)?;
                self.applied(text, vec![of], |of| format!("{}({})", function::UPPER, of[0]))
            }
            Call::Lower(of) => {
                let of = self.argument(of)?;
                self.applied(text, vec![of], |of| format!("{}({})", function::LOWER, of[0]))
            }
            Call::Substring { text: of, start, length } => {
                let arguments = vec![self.argument(of)?, self.argument(start)?, self.argument(length)?];
                self.applied(text, arguments, |of| format!("{}({})", function::SUBSTRING, of.join(", ")))
            }
            Call::GetDate => {
                let now = SqlValue::Integer(self.context.now);
                Ok(Expression::scalar(self.bind(now), Kind::Instant))
            }
            Call::DateAdd { part, number, date } => {
                let part = self.bind_text(part.name());
                let arguments = vec![self.argument(number)?, self.date(date)?];
                self.applied(Kind::Instant, arguments, |of| {
                    format!("{}({part}, {})", function::DATE_ADD, of.join(", "))
                })
            }
            Call::DateDiff { part, from, to } => {
                let part = self.bind_text(part.name());
                let arguments = vec![self.date(from)?, self.date(to)?];
                self.applied(number, arguments, |of| {
                    format!("{}({part}, {})", function::DATE_DIFF, of.join(", "))
                })
            }
            Call::DatePart { part, date } => {
                let part = self.bind_text(part.name());
                let date = self.date(date)?;
                self.applied(number, vec![date], |of| format!("{}({part}, {})", function::DATE_PART, of[0]))
            }
        }
    }

    fn argument(&mut self, operand: &Operand) -> Result<Argument> {
        Ok(Argument { value: self.operand(operand)?, is_date: false })
    }

    /// What a function makes of its arguments; of an array it makes an array, element by element.
    fn applied(
        &mut self,
        kind: Kind,
        mut arguments: Vec<Argument>,
        sql: impl FnOnce(&[String]) -> String,
    ) -> Result<Expression> {
        let texts = |arguments: &[Argument]| arguments.iter().map(Argument::sql).collect::<Vec<_>>();
        let mut arrays = arguments.iter_mut().filter(|argument| argument.value.array);
        let (Some(array), second) = (arrays.next(), arrays.next()) else {
            return Ok(Expression::scalar(sql(&texts(&arguments)), kind));
        };
        if second.is_some() {
            let cause = "a function of two arrays: at most one argument can be one";
            return Err(self.error(ErrorKind::Config, cause));
        }
        let alias = self.new_alias();
        let whole = std::mem::take(&mut array.value.sql);
        array.value = Expression::scalar(element(&alias, array.value.kind), array.value.kind);
        let each = sql(&texts(&arguments));
        let sql = format!(
            "CASE WHEN {whole} IS NOT NULL THEN \
             (SELECT json_group_array({each}) FROM json_each({whole}) AS {alias}) END"
        );
        Ok(Expression { array: true, ..Expression::scalar(sql, kind) })
    }

    fn date(&mut self, operand: &Operand) -> Result<Argument> {
        let value = match operand {
            Operand::Constant(literal) => {
                let moment = match literal {
                    Literal::String(text) => instant::parse(text),
                    _ => None,
                };
                let Some(moment) = moment else {
                    return Err(self.error(ErrorKind::Config, format!("{literal} is no date and time")));
                };
                Expression::scalar(self.bind(SqlValue::Integer(moment)), Kind::Instant)
            }
            _ => self.operand(operand)?,
        };
        if value.kind.is_number() {
            let cause = format!("{operand} is a number, not a date and time");
            return Err(self.error(ErrorKind::Config, cause));
        }
        Ok(Argument { value, is_date: true })
    }

    /// A constant as what it is compared with holds it: scripts write numbers and booleans as text.
    pub(super) fn literal(
        &mut self,
        literal: &Literal,
        other: &Expression,
        of: &Operand,
    ) -> Result<Expression> {
        if let (true, Literal::String(text)) = (other.kind.is_date(), literal) {
            // Against a column, DMTF text is compared as the text it is, so that an index serves it.
            let as_text = other.kind != Kind::Instant
                && (DateTime::parse(text).is_ok() || instant::parse(text).is_none());
            if !as_text {
                let Some(moment) = instant::parse(text) else {
                    return Err(self.error(ErrorKind::Config, format!("{of}: {literal} is no date and time")));
                };
                return Ok(Expression::scalar(self.bind(SqlValue::Integer(moment)), Kind::Instant));
            }
        }
        let value = match other.kind {
            Kind::Column(cim_type) => literal_for(cim_type, literal),
            Kind::Instant => Err("a date and time compares with text that is one".to_owned()),
            Kind::Any | Kind::Object => return self.argument_literal(literal),
        };
        let value = value.map_err(|cause| {
            let what = if matches!(of, Operand::Property(_)) { "property " } else { "" };
            self.error(ErrorKind::Config, format!("{what}{of}: {cause}"))
        })?;
        Ok(Expression::scalar(self.bind(value), other.kind))
    }

    /// What a condition says about `value`, said about each element where it is an array; one that holds is enough.
    ///
    /// A null array makes it unknown, as a null value does: NOT must not turn it into a match.
    pub(super) fn for_any(
        &mut self,
        value: Expression,
        said: impl FnOnce(&mut Self, &Expression) -> Result<String>,
    ) -> Result<String> {
        if !value.array {
            return said(self, &value);
        }
        let alias = self.new_alias();
        let said = said(self, &Expression::scalar(element(&alias, value.kind), value.kind))?;
        let array = value.sql;
        // An OR over the elements: true where any is, unknown where any is and none is true.
        Ok(format!(
            "CASE WHEN {array} IS NOT NULL THEN (SELECT CASE max(ifnull({said}, 0.5)) \
             WHEN 1 THEN 1 WHEN 0.5 THEN NULL ELSE 0 END FROM json_each({array}) AS {alias}) END"
        ))
    }

    /// The path without its last name, where it ends in `__this`.
    pub(super) fn before_this(path: &PropertyPath) -> Option<&[crate::wmi::Identifier]> {
        let (last, before) = path.0.split_last()?;
        (last.is("__this") || last.is("__class")).then_some(before)
    }
}

/// An argument of a function.
struct Argument {
    value: Expression,
    /// True where the function wants the moment that it names.
    is_date: bool,
}

impl Argument {
    fn sql(&self) -> String {
        if self.is_date { self.value.instant() } else { self.value.sql.clone() }
    }
}

/// An element of an array of this kind; `alias` is what `json_each` is called.
pub(super) fn element(alias: &str, kind: Kind) -> String {
    let member = match kind {
        Kind::Column(CimType::DateTime) => column::DATETIME,
        Kind::Column(CimType::Reference) => column::REFERENCE,
        _ => return format!("{alias}.value"),
    };
    format!("json_extract({alias}.value, '$.\"{member}\"')")
}

fn literal_for(cim_type: CimType, literal: &Literal) -> Result<SqlValue, String> {
    let value = match literal {
        Literal::String(text) => Value::String(text.clone()),
        Literal::Integer(number) => Value::Integer(*number),
        Literal::Real(real) => Value::Real(*real),
        Literal::Boolean(flag) => Value::Boolean(*flag),
    };
    let wanted = match cim_type {
        CimType::Boolean => return Ok(SqlValue::Integer(truth(&value)?.into())),
        // Any integer may be compared with any other, whatever their widths.
        cim_type if cim_type.integer_range().is_some() => match &value {
            Value::Integer(number) => return column::encode_integer(*number),
            Value::Real(real) => return Ok(SqlValue::Real(*real)),
            Value::String(text) if is_truth(text) => return Ok(SqlValue::Integer(truth(&value)?.into())),
            Value::String(text) if text.trim().starts_with('-') => CimType::Sint64,
            _ => CimType::Uint64,
        },
        // Datetimes are compared as the text they are.
        CimType::DateTime | CimType::Reference => CimType::String,
        cim_type => cim_type,
    };
    column::encode(&value.coerced(wanted, false)?)
}

fn is_truth(text: &str) -> bool {
    ["true", "false"].iter().any(|word| text.trim().eq_ignore_ascii_case(word))
}

/// TRUE is any number but 0, as SQL Server reads it, also where it stands as text.
fn truth(value: &Value) -> Result<bool, String> {
    match value {
        Value::Integer(number) => Ok(*number != 0),
        Value::String(text) if !is_truth(text) => match text.trim().parse::<i64>() {
            Ok(number) => Ok(number != 0),
            Err(_) => Err(format!("text {text:?} is not a boolean")),
        },
        other => match other.clone().coerced(CimType::Boolean, false)? {
            Value::Boolean(flag) => Ok(flag),
            _ => Err("it is not a boolean".to_owned()),
        },
    }
}
