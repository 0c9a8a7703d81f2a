//! WQL compiled to SQL.
//!
//! The database does all filtering, joining and sorting; no row is looked at in our own loop. Every constant is a
//! bound parameter, every name an identifier that was checked: no part of a query text reaches SQL as text.

mod condition;
mod operand;
mod scope;
mod shape;

use std::sync::Arc;

use rusqlite::types::Value as SqlValue;

use self::operand::Kind;
use self::scope::{Bound, CLASS_NUMBER, ROW_NUMBER};
pub(super) use self::shape::{Cell, Part, Shape};
use super::catalog::{Family, table};
use super::collation::COLLATION;
use crate::error::{Error, ErrorKind, Result};
use crate::wmi::wql::{Columns, JoinKind, OrderBy, Select};
use crate::wmi::{Class, Identifier};

/// A statement with its parameters, and what its rows are.
#[derive(Debug)]
pub(super) struct Statement {
    pub(super) sql: String,
    pub(super) parameters: Vec<SqlValue>,
    pub(super) shape: Shape,
}

/// What a query is compiled against.
#[derive(Clone, Copy)]
pub(super) struct Context<'a> {
    /// The definition of a class.
    pub(super) classes: &'a dyn Fn(&Identifier) -> Result<Arc<Class>>,
    /// The class and all that are derived from it.
    pub(super) families: &'a dyn Fn(&Identifier) -> Result<Family>,
    /// What GETDATE() is, in microseconds since 1970: one moment for the whole query.
    pub(super) now: i64,
}

/// The statement that reads the rows of a query, from `skip` on, at most `top`.
pub(super) fn rows(select: &Select, context: Context<'_>, skip: u64, top: Option<u64>) -> Result<Statement> {
    let mut compiler = Compiler::new(select, context);
    let from = compiler.open(select)?;
    let shape = compiler.shape(select)?;
    let distinct = if select.distinct { "DISTINCT " } else { "" };
    let mut sql = format!("SELECT {distinct}{}{from}", shape.columns_sql());
    let mut criteria = compiler.order(&select.order_by)?;
    let is_paged = skip > 0 || top.is_some();
    if is_paged && !select.distinct && !matches!(shape, Shape::Count(_)) {
        // Pages must not overlap, so rows without an order of their own come in the order of the tables.
        criteria.extend(compiler.scope().iter().map(Bound::order_of_rows));
    }
    if !criteria.is_empty() {
        sql.push_str(" ORDER BY ");
        sql.push_str(&criteria.join(", "));
    }
    if is_paged {
        let whole = |number: u64| SqlValue::Integer(i64::try_from(number).unwrap_or(i64::MAX));
        let top = top.map_or(SqlValue::Integer(-1), whole);
        sql.push_str(&format!(" LIMIT {} OFFSET {}", compiler.bind(top), compiler.bind(whole(skip))));
    }
    Ok(Statement { sql, parameters: compiler.parameters, shape })
}

/// The statement that counts the rows of a query.
pub(super) fn count(select: &Select, context: Context<'_>) -> Result<Statement> {
    if select.distinct || matches!(select.columns, Columns::Count(_)) {
        let mut statement = rows(select, context, 0, None)?;
        statement.sql = format!("SELECT count(*) FROM ({})", statement.sql);
        return Ok(statement);
    }
    let mut compiler = Compiler::new(select, context);
    let from = compiler.open(select)?;
    let shape = compiler.shape(select)?;
    Ok(Statement { sql: format!("SELECT count(*){from}"), parameters: compiler.parameters, shape })
}

/// The rows of a class and of all classes derived from it, with the number of the class each row is of.
fn family_sql(bound: &Bound) -> String {
    let columns = bound.all_columns();
    let members = bound.family.iter().enumerate().map(|(number, class)| {
        let values = columns.iter().map(|column| match class.property(column.name.as_str()) {
            Some(_) => format!("\"{}\"", column.name),
            None => format!("NULL AS \"{}\"", column.name),
        });
        let values: String = values.map(|value| format!(", {value}")).collect();
        format!(
            "SELECT {number} AS {CLASS_NUMBER}, rowid AS {ROW_NUMBER}{values} FROM {}",
            table(&class.name)
        )
    });
    members.collect::<Vec<_>>().join(" UNION ALL ")
}

struct Compiler<'a> {
    context: Context<'a>,
    operation: String,
    parameters: Vec<SqlValue>,
    /// The classes of each SELECT around this place, the innermost last.
    scopes: Vec<Vec<Bound>>,
    aliases: usize,
}

impl<'a> Compiler<'a> {
    fn new(select: &Select, context: Context<'a>) -> Self {
        let operation = format!("query class {}", select.from.class);
        Compiler { context, operation, parameters: Vec::new(), scopes: Vec::new(), aliases: 0 }
    }

    fn error(&self, kind: ErrorKind, cause: impl Into<String>) -> Error {
        Error::new(kind, self.operation.clone(), cause.into())
    }

    fn bind(&mut self, value: SqlValue) -> String {
        self.parameters.push(value);
        format!("?{}", self.parameters.len())
    }

    fn bind_text(&mut self, text: &str) -> String {
        self.bind(SqlValue::Text(text.to_owned()))
    }

    /// A name for a table of the statement; the query's own aliases stay out of SQL.
    fn new_alias(&mut self) -> String {
        self.aliases += 1;
        format!("s{}", self.aliases)
    }

    fn scope(&self) -> &[Bound] {
        self.scopes.last().map_or(&[], Vec::as_slice)
    }

    /// The classes of a SELECT become the innermost scope; the text is ` FROM … [WHERE …]`.
    fn open(&mut self, select: &Select) -> Result<String> {
        self.scopes.push(Vec::new());
        let mut sql = format!(" FROM {}", self.add_source(&select.from)?);
        for join in &select.joins {
            sql.push_str(match join.kind {
                // Not CROSS JOIN, which would forbid SQLite to choose the order.
                JoinKind::Cross | JoinKind::Inner => " JOIN ",
                JoinKind::Left => " LEFT JOIN ",
                JoinKind::Right => " RIGHT JOIN ",
                JoinKind::Full => " FULL JOIN ",
            });
            sql.push_str(&self.add_source(&join.source)?);
            // Compiled before the later classes are known: ON may only look back.
            if let Some(on) = &join.on {
                sql.push_str(" ON ");
                sql.push_str(&self.condition(on)?);
            }
        }
        if let Some(filter) = &select.filter {
            sql.push_str(" WHERE ");
            sql.push_str(&self.condition(filter)?);
        }
        Ok(sql)
    }

    fn add_source(&mut self, source: &crate::wmi::wql::Source) -> Result<String> {
        let class = (self.context.classes)(&source.class)?;
        let family = (self.context.families)(&source.class)?;
        let alias = self.new_alias();
        let bound = Bound { name: source.name().clone(), alias, class, family };
        let sql = match bound.has_heirs() {
            false => format!("{} AS {}", table(&bound.class.name), bound.alias),
            true => format!("({}) AS {}", family_sql(&bound), bound.alias),
        };
        if let Some(scope) = self.scopes.last_mut() {
            scope.push(bound);
        }
        Ok(sql)
    }

    fn order(&mut self, order_by: &[OrderBy]) -> Result<Vec<String>> {
        let mut criteria = Vec::new();
        for order in order_by {
            let direction = if order.descending { " DESC" } else { "" };
            let value = self.property(&order.property)?;
            if value.array {
                // By the first element, then by all of them as they are written.
                let sql = &value.sql;
                criteria.push(format!("json_extract({sql}, '$[0]') COLLATE {COLLATION}{direction}"));
            } else if value.kind == Kind::Object {
                let cause = format!("{} is an embedded object: rows cannot be sorted by it", order.property);
                return Err(self.error(ErrorKind::Config, cause));
            }
            let sql = if value.kind.is_text() { value.collated() } else { value.sql.clone() };
            criteria.push(format!("{sql}{direction}"));
        }
        Ok(criteria)
    }
}
