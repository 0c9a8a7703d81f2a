//! What the rows of a query are.

use std::sync::Arc;

use super::Compiler;
use super::scope::{Bound, named};
use crate::error::{ErrorKind, Result};
use crate::wmi::wql::{Column, Columns, Select};
use crate::wmi::{Class, Identifier, PropertyDefinition};

/// What the rows of a statement are; the SMS Provider's rule for rows of several classes.
#[derive(Debug)]
pub(in crate::site::embedded) enum Shape {
    /// All columns are of one class: its instances.
    Instances(Part),
    /// Instances of `__GENERIC` with one embedded object for each class.
    Generic(Vec<Part>),
    /// One number; the text is the SQL that counts.
    Count(String),
}

/// The columns of one class.
#[derive(Debug)]
pub(in crate::site::embedded) struct Part {
    /// The alias, or the class.
    pub(in crate::site::embedded) name: Identifier,
    pub(in crate::site::embedded) class: Arc<Class>,
    pub(in crate::site::embedded) columns: Vec<PropertyDefinition>,
    alias: String,
}

impl Part {
    fn of(bound: &Bound) -> Self {
        Part {
            name: bound.name.clone(),
            class: Arc::clone(&bound.class),
            columns: Vec::new(),
            alias: bound.alias.clone(),
        }
    }

    /// All columns of a class, for a statement that names the table itself.
    pub(in crate::site::embedded) fn whole(class: &Arc<Class>) -> Self {
        Part {
            name: class.name.clone(),
            class: Arc::clone(class),
            columns: class.properties.clone(),
            alias: String::new(),
        }
    }

    fn add(&mut self, property: &PropertyDefinition) {
        if !self.columns.iter().any(|earlier| earlier.name == property.name) {
            self.columns.push(property.clone());
        }
    }
}

impl Shape {
    pub(super) fn columns_sql(&self) -> String {
        let columns = |part: &Part| -> Vec<String> {
            part.columns.iter().map(|column| format!("{}.\"{}\"", part.alias, column.name)).collect()
        };
        match self {
            Shape::Instances(part) => columns(part).join(", "),
            Shape::Generic(parts) => parts.iter().flat_map(columns).collect::<Vec<_>>().join(", "),
            Shape::Count(counted) => counted.clone(),
        }
    }
}

impl Compiler<'_> {
    pub(super) fn shape(&mut self, select: &Select) -> Result<Shape> {
        let scope = self.scope().to_vec();
        let mut parts: Vec<Part> = scope.iter().map(Part::of).collect();
        let columns = match &select.columns {
            Columns::Count(None) => return Ok(Shape::Count("count(*)".to_owned())),
            Columns::Count(Some(property)) => {
                let counted = self.property(property)?;
                return Ok(Shape::Count(format!("count({})", counted.sql)));
            }
            Columns::All => {
                let all = scope.iter().map(|bound| Column::AllOf(bound.name.clone()));
                &all.collect::<Vec<_>>()
            }
            Columns::Listed(columns) => columns,
        };
        for column in columns {
            let (bound, property) = match column {
                Column::AllOf(name) => match named(&scope, name) {
                    Some(bound) => (bound.clone(), None),
                    None => {
                        let cause = format!("the query has no class or alias {name}");
                        return Err(self.error(ErrorKind::Config, cause));
                    }
                },
                Column::Property(path) => {
                    // It must be there, and of this SELECT; its value is read as it lies in the table.
                    self.property(path)?;
                    let (bound, names) = self.resolve(path)?;
                    let [name] = names else {
                        let cause = format!("{path}: properties of embedded objects cannot be selected yet");
                        return Err(self.error(ErrorKind::Unsupported, cause));
                    };
                    if name.is_system() {
                        let cause = format!("the system property {name} cannot be selected");
                        return Err(self.error(ErrorKind::Unsupported, cause));
                    }
                    (bound, Some(name))
                }
            };
            let Some(part) = parts.iter_mut().find(|part| part.alias == bound.alias) else { continue };
            match property.and_then(|name| bound.class.property(name.as_str())) {
                Some(property) => part.add(property),
                None => bound.class.properties.iter().for_each(|property| part.add(property)),
            }
        }
        parts.retain(|part| !part.columns.is_empty());
        if parts.len() == 1
            && let Some(part) = parts.pop()
        {
            return Ok(Shape::Instances(part));
        }
        Ok(Shape::Generic(parts))
    }
}
