//! WQL compiled to SQL.
//!
//! The database does all filtering and sorting; no row is looked at in our own loop. Every constant is a bound
//! parameter, every name an identifier that was checked: no part of a query text reaches SQL as text.

use rusqlite::types::Value as SqlValue;

use super::catalog::table;
use super::collation::LIKE_FUNCTION;
use super::column;
use crate::error::{Error, ErrorKind, Result};
use crate::wmi::wql::{Columns, Comparison, Condition, LikePattern, Literal, Operator, PropertyPath, Select};
use crate::wmi::{CimType, Class, PropertyDefinition, Value};

/// A statement with its parameters, and the properties its columns hold.
#[derive(Debug)]
pub(super) struct Statement {
    pub(super) sql: String,
    pub(super) parameters: Vec<SqlValue>,
    pub(super) columns: Vec<PropertyDefinition>,
}

/// The statement that reads the rows of a query, from `skip` on, at most `top`.
pub(super) fn rows(select: &Select, class: &Class, skip: u64, top: Option<u64>) -> Result<Statement> {
    let mut compiler = Compiler { class, parameters: Vec::new() };
    let columns = compiler.columns(&select.columns)?;
    let names: Vec<_> = columns.iter().map(|property| format!("\"{}\"", property.name)).collect();
    let mut sql = format!("SELECT {} FROM {}", names.join(", "), table(&class.name));
    compiler.push_filter(&mut sql, select)?;
    for (at, order) in select.order_by.iter().enumerate() {
        let property = compiler.scalar(&order.property, "sort by")?;
        sql.push_str(if at == 0 { " ORDER BY " } else { ", " });
        sql.push_str(&format!("\"{}\"", property.name));
        sql.push_str(if order.descending { " DESC" } else { "" });
    }
    if skip > 0 || top.is_some() {
        let whole = |number: u64| SqlValue::Integer(i64::try_from(number).unwrap_or(i64::MAX));
        let top = top.map_or(SqlValue::Integer(-1), whole);
        // Pages must not overlap, so rows without an order of their own come in the order of the table.
        sql.push_str(if select.order_by.is_empty() { " ORDER BY rowid" } else { ", rowid" });
        sql.push_str(&format!(" LIMIT {} OFFSET {}", compiler.bind(top), compiler.bind(whole(skip))));
    }
    Ok(Statement { sql, parameters: compiler.parameters, columns })
}

/// The statement that counts the rows of a query.
pub(super) fn count(select: &Select, class: &Class) -> Result<Statement> {
    let mut compiler = Compiler { class, parameters: Vec::new() };
    let mut sql = format!("SELECT count(*) FROM {}", table(&class.name));
    compiler.push_filter(&mut sql, select)?;
    Ok(Statement { sql, parameters: compiler.parameters, columns: Vec::new() })
}

struct Compiler<'a> {
    class: &'a Class,
    parameters: Vec<SqlValue>,
}

impl Compiler<'_> {
    fn error(&self, kind: ErrorKind, cause: String) -> Error {
        Error::new(kind, format!("query class {}", self.class.name), cause)
    }

    fn bind(&mut self, value: SqlValue) -> String {
        self.parameters.push(value);
        format!("?{}", self.parameters.len())
    }

    fn columns(&self, columns: &Columns) -> Result<Vec<PropertyDefinition>> {
        let Columns::Properties(paths) = columns else { return Ok(self.class.properties.clone()) };
        let mut found: Vec<PropertyDefinition> = Vec::with_capacity(paths.len());
        for path in paths {
            let property = self.property(path)?;
            if !found.iter().any(|earlier| earlier.name == property.name) {
                found.push(property.clone());
            }
        }
        Ok(found)
    }

    fn property(&self, path: &PropertyPath) -> Result<&PropertyDefinition> {
        let name = match path.0.as_slice() {
            [name] => name,
            _ => {
                let cause =
                    format!("{path}: properties of embedded objects are not supported in queries yet");
                return Err(self.error(ErrorKind::Unsupported, cause));
            }
        };
        if name.is_system() {
            let cause = format!("the system property {name} is not supported here");
            return Err(self.error(ErrorKind::Unsupported, cause));
        }
        // A misspelt name must not read as "no rows".
        self.class.property(name.as_str()).ok_or_else(|| {
            let cause = format!("the class has no property {name}, and no instance ever brought one");
            self.error(ErrorKind::Config, cause).with_context("property", name.as_str())
        })
    }

    fn scalar(&self, path: &PropertyPath, verb: &str) -> Result<&PropertyDefinition> {
        let property = self.property(path)?;
        if property.is_array || property.cim_type == CimType::Object {
            let what = if property.is_array { "an array" } else { "an embedded object" };
            let cause = format!("property {} is {what}: to {verb} it is not supported yet", property.name);
            return Err(self.error(ErrorKind::Unsupported, cause));
        }
        Ok(property)
    }

    fn push_filter(&mut self, sql: &mut String, select: &Select) -> Result<()> {
        if let Some(filter) = &select.filter {
            sql.push_str(" WHERE ");
            self.condition(sql, filter)?;
        }
        Ok(())
    }

    // The parser bounds the depth of a condition.
    fn condition(&mut self, sql: &mut String, condition: &Condition) -> Result<()> {
        match condition {
            Condition::All(parts) => self.joined(sql, parts, " AND "),
            Condition::Any(parts) => self.joined(sql, parts, " OR "),
            Condition::Not(inner) => {
                sql.push_str("NOT (");
                self.condition(sql, inner)?;
                sql.push(')');
                Ok(())
            }
            Condition::Compare(comparison) => self.comparison(sql, comparison),
            Condition::Like { property, pattern } => self.like(sql, property, pattern),
            Condition::IsNull { property, negated } => {
                let property = self.property(property)?;
                sql.push_str(&format!("\"{}\" IS {}NULL", property.name, if *negated { "NOT " } else { "" }));
                Ok(())
            }
            Condition::IsA { property, class } => {
                if !matches!(property.0.as_slice(), [name] if name.is("__this") || name.is("__class")) {
                    let cause =
                        format!("{property} ISA {class}: embedded objects are not supported in queries yet");
                    return Err(self.error(ErrorKind::Unsupported, cause));
                }
                sql.push_str(truth(*class == self.class.name));
                Ok(())
            }
        }
    }

    fn joined(&mut self, sql: &mut String, parts: &[Condition], word: &str) -> Result<()> {
        sql.push('(');
        for (at, part) in parts.iter().enumerate() {
            if at > 0 {
                sql.push_str(word);
            }
            self.condition(sql, part)?;
        }
        sql.push(')');
        Ok(())
    }

    fn comparison(&mut self, sql: &mut String, comparison: &Comparison) -> Result<()> {
        if let ([name], Literal::String(text)) = (comparison.property.0.as_slice(), &comparison.literal)
            && name.is("__CLASS")
        {
            let same = self.class.name.is(text);
            let holds = match comparison.operator {
                Operator::Equal => same,
                Operator::NotEqual => !same,
                _ => {
                    return Err(
                        self.error(ErrorKind::Config, "__CLASS compares with = and <> only".to_owned())
                    );
                }
            };
            sql.push_str(truth(holds));
            return Ok(());
        }
        let property = self.scalar(&comparison.property, "compare")?;
        let ordered = !matches!(comparison.operator, Operator::Equal | Operator::NotEqual);
        if property.cim_type == CimType::Boolean && ordered {
            let cause = format!("property {} is a boolean: it compares with = and <> only", property.name);
            return Err(self.error(ErrorKind::Config, cause));
        }
        let name = &property.name;
        let value = literal_for(property, &comparison.literal)
            .map_err(|cause| self.error(ErrorKind::Config, format!("property {name}: {cause}")))?;
        let left = format!("\"{name}\" {} ", operator(comparison.operator));
        sql.push_str(&left);
        let bound = self.bind(value);
        sql.push_str(&bound);
        Ok(())
    }

    fn like(&mut self, sql: &mut String, path: &PropertyPath, text: &str) -> Result<()> {
        let property = self.scalar(path, "compare")?;
        let is_text = matches!(property.cim_type, CimType::String | CimType::DateTime | CimType::Reference);
        let name = format!("\"{}\"", property.name);
        let pattern = LikePattern::parse(text);
        if let Some(exact) = pattern.as_exact().filter(|_| is_text) {
            let bound = self.bind(SqlValue::Text(exact.to_owned()));
            sql.push_str(&format!("{name} = {bound}"));
        } else if let Some(prefix) = pattern.as_prefix().filter(|prefix| is_text && !prefix.is_empty()) {
            // A range, so that an index on the column serves it.
            let from = self.bind(SqlValue::Text(prefix.to_owned()));
            let to = self.bind(SqlValue::Text(format!("{prefix}{}", char::MAX)));
            sql.push_str(&format!("({name} >= {from} AND {name} < {to})"));
        } else {
            let bound = self.bind(SqlValue::Text(text.to_owned()));
            sql.push_str(&format!("{LIKE_FUNCTION}({bound}, {name})"));
        }
        Ok(())
    }
}

fn truth(value: bool) -> &'static str {
    if value { "1" } else { "0" }
}

fn operator(operator: Operator) -> &'static str {
    match operator {
        Operator::Equal => "=",
        Operator::NotEqual => "<>",
        Operator::Less => "<",
        Operator::LessOrEqual => "<=",
        Operator::Greater => ">",
        Operator::GreaterOrEqual => ">=",
    }
}

/// The constant as the property's column holds it: scripts write numbers and booleans as text.
fn literal_for(property: &PropertyDefinition, literal: &Literal) -> Result<SqlValue, String> {
    let value = match literal {
        Literal::String(text) => Value::String(text.clone()),
        Literal::Integer(number) => Value::Integer(*number),
        Literal::Real(real) => Value::Real(*real),
        Literal::Boolean(flag) => Value::Boolean(*flag),
    };
    let wanted = match property.cim_type {
        // Any integer may be compared with any other, whatever their widths.
        cim_type if cim_type.integer_range().is_some() => match &value {
            Value::Integer(number) => return column::encode_integer(*number),
            Value::Real(real) => return Ok(SqlValue::Real(*real)),
            Value::String(text) if text.trim().starts_with('-') => CimType::Sint64,
            _ => CimType::Uint64,
        },
        // Datetimes are compared as the text they are.
        CimType::DateTime | CimType::Reference => CimType::String,
        cim_type => cim_type,
    };
    column::encode(&value.coerced(wanted, false)?)
}
