//! Which property a name of a query means.

use std::collections::HashSet;
use std::sync::Arc;

use rusqlite::types::Value as SqlValue;

use super::Compiler;
use super::operand::{Expression, Kind};
use crate::error::{ErrorKind, Result};
use crate::site::embedded::catalog::Family;
use crate::site::embedded::function;
use crate::wmi::wql::PropertyPath;
use crate::wmi::{CimType, Class, Identifier, PropertyDefinition};

/// A class of a SELECT, with the name the query knows it by and the one SQL knows it by.
#[derive(Clone)]
pub(super) struct Bound {
    pub(super) name: Identifier,
    pub(super) alias: String,
    pub(super) class: Arc<Class>,
    pub(super) family: Family,
}

/// The column that tells of which class of a family a row is; no property can be called so.
pub(super) const CLASS_NUMBER: &str = "\"#class\"";
/// The column that tells which row of its class it is.
pub(super) const ROW_NUMBER: &str = "\"#row\"";

impl Bound {
    /// True where rows may be of other classes than the one that was named.
    pub(super) fn has_heirs(&self) -> bool {
        !matches!(&*self.family, [only] if only.name == self.class.name)
    }

    /// Every property of the class, then those that classes derived from it add.
    pub(super) fn all_columns(&self) -> Vec<PropertyDefinition> {
        let mut columns = self.class.properties.clone();
        let mut known: HashSet<_> = columns.iter().map(|column| column.name.clone()).collect();
        for property in self.family.iter().flat_map(|class| &class.properties) {
            if known.insert(property.name.clone()) {
                columns.push(property.clone());
            }
        }
        columns
    }

    /// The order of rows that have no other.
    pub(super) fn order_of_rows(&self) -> String {
        match self.has_heirs() {
            true => format!("{0}.{CLASS_NUMBER}, {0}.{ROW_NUMBER}", self.alias),
            false => format!("{}.rowid", self.alias),
        }
    }

    /// The condition that a row is of one of the classes that `wanted` takes.
    pub(super) fn is_of(&self, wanted: impl Fn(&Class) -> bool) -> String {
        let numbers = self.family.iter().enumerate().filter(|(_, class)| wanted(class));
        let numbers: Vec<_> = numbers.map(|(number, _)| number.to_string()).collect();
        match self.has_heirs() {
            true => format!("{}.{CLASS_NUMBER} IN ({})", self.alias, numbers.join(", ")),
            false => if numbers.is_empty() { "0" } else { "1" }.to_owned(),
        }
    }

    pub(super) fn column(&self, property: &Identifier) -> String {
        format!("{}.\"{property}\"", self.alias)
    }
}

/// The class with this name or alias; the class behind an alias too, where there is one of it.
pub(super) fn named<'b>(scope: &'b [Bound], name: &Identifier) -> Option<&'b Bound> {
    scope.iter().find(|bound| bound.name == *name).or_else(|| {
        let mut same = scope.iter().filter(|bound| bound.class.name == *name);
        same.next().filter(|_| same.next().is_none())
    })
}

impl Compiler<'_> {
    /// The class that a path begins in, and the names that are left: a property and what it embeds.
    pub(super) fn resolve<'p>(&self, path: &'p PropertyPath) -> Result<(Bound, &'p [Identifier])> {
        let names = path.0.as_slice();
        let Some((first, others)) = names.split_first() else {
            return Err(self.error(ErrorKind::Internal, "a property without a name"));
        };
        if !others.is_empty()
            && let Some(bound) = self.scopes.iter().rev().find_map(|scope| named(scope, first))
        {
            return Ok((bound.clone(), others));
        }
        for scope in self.scopes.iter().rev() {
            // Published collection queries leave out the class where several have the property, and mean the first.
            let mut holders = scope
                .iter()
                .filter(|bound| first.is_system() || bound.class.property(first.as_str()).is_some());
            if let Some(bound) = holders.next() {
                return Ok((bound.clone(), names));
            }
        }
        // A misspelt name must not read as "no rows".
        let cause = match self.scope() {
            [bound] if others.is_empty() => {
                let class = &bound.class.name;
                format!("the class {class} has no property {first}, and no instance ever brought one")
            }
            [bound] => format!("{first} is neither the query's class nor a property of {}", bound.class.name),
            _ => format!("{first} is no property of any class of the query, nor a class or alias of it"),
        };
        Err(self.error(ErrorKind::Config, cause).with_context("property", path.to_string()))
    }

    /// The name of the class that a row is of.
    fn class_name(&mut self, bound: &Bound) -> String {
        if !bound.has_heirs() {
            return self.bind(SqlValue::Text(bound.class.name.to_string()));
        }
        let mut sql = format!("CASE {}.{CLASS_NUMBER}", bound.alias);
        for (number, class) in bound.family.iter().enumerate() {
            let name = self.bind(SqlValue::Text(class.name.to_string()));
            sql += &format!(" WHEN {number} THEN {name}");
        }
        sql + " END"
    }

    /// The value of a property.
    pub(super) fn property(&mut self, path: &PropertyPath) -> Result<Expression> {
        let (bound, names) = self.resolve(path)?;
        let Some((first, embedded)) = names.split_first() else {
            return Err(self.error(ErrorKind::Internal, "a property without a name"));
        };
        if first.is_system() {
            if first.is("__CLASS") && embedded.is_empty() {
                let class = self.class_name(&bound);
                return Ok(Expression::scalar(class, Kind::Column(CimType::String)));
            }
            let cause = format!("the system property {first} is not supported here");
            return Err(self.error(ErrorKind::Unsupported, cause));
        }
        let Some(property) = bound.class.property(first.as_str()) else {
            let cause =
                format!("the class {} has no property {first}, and no instance ever brought one", bound.name);
            return Err(self.error(ErrorKind::Config, cause).with_context("property", path.to_string()));
        };
        let sql = bound.column(&property.name);
        if embedded.is_empty() {
            let kind = if property.cim_type == CimType::Object {
                Kind::Object
            } else {
                Kind::Column(property.cim_type)
            };
            // A column of a family does not bring its collation along.
            let column = !bound.has_heirs();
            return Ok(Expression { sql, kind, array: property.is_array, column, member: None });
        }
        if property.cim_type != CimType::Object || property.is_array {
            // A path that leads nowhere has no value; in WMI it is no mistake.
            return Ok(Expression::scalar("NULL".to_owned(), Kind::Any));
        }
        let path = self.bind_text(&PropertyPath(embedded.to_vec()).to_string());
        let arguments = format!("({sql}, {path})");
        let value = Expression::scalar(format!("{}{arguments}", function::MEMBER), Kind::Any);
        Ok(Expression { member: Some(arguments), ..value })
    }
}
