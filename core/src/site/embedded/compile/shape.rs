//! What the rows of a query are.

use std::sync::Arc;

use super::Compiler;
use super::scope::{Bound, CLASS_NUMBER, named};
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

/// The columns of one class, or of a class and those derived from it.
#[derive(Debug)]
pub(in crate::site::embedded) struct Part {
    /// The alias, or the class.
    pub(in crate::site::embedded) name: Identifier,
    /// What the rows may be instances of; one class, unless the first cell of the part says which.
    members: Vec<Member>,
    columns: Vec<PropertyDefinition>,
    /// True where the first cell is the number of the class.
    has_heirs: bool,
    /// True where lazy properties are read too.
    reads_lazy: bool,
    alias: String,
}

/// A class that rows may be of.
#[derive(Debug)]
pub(in crate::site::embedded) struct Member {
    pub(in crate::site::embedded) class: Arc<Class>,
    pub(in crate::site::embedded) derivation: Arc<[Identifier]>,
    /// Which cells hold its properties, in the order of the row.
    pub(in crate::site::embedded) cells: Vec<Cell>,
}

/// A property in a row.
#[derive(Debug)]
pub(in crate::site::embedded) struct Cell {
    /// The number of the cell within its part.
    pub(in crate::site::embedded) at: usize,
    pub(in crate::site::embedded) property: PropertyDefinition,
    /// True where the property is left out, as queries leave out what is lazy.
    pub(in crate::site::embedded) is_left_out: bool,
}

impl Part {
    fn of(bound: &Bound) -> Self {
        Part {
            name: bound.name.clone(),
            members: bound.family.iter().map(Member::of).collect(),
            columns: Vec::new(),
            has_heirs: bound.has_heirs(),
            reads_lazy: false,
            alias: bound.alias.clone(),
        }
    }

    /// All columns of a class, for a statement that names the table itself.
    pub(in crate::site::embedded) fn whole(class: &Arc<Class>) -> Self {
        let mut part = Part {
            name: class.name.clone(),
            members: vec![Member::of(class)],
            columns: class.properties.clone(),
            has_heirs: false,
            reads_lazy: true,
            alias: String::new(),
        };
        part.lay_out();
        part
    }

    /// The class of a row, told by its first cell where there are several.
    pub(in crate::site::embedded) fn member(&self, number: Option<usize>) -> Option<&Member> {
        self.members.get(number.unwrap_or(0))
    }

    pub(in crate::site::embedded) fn has_heirs(&self) -> bool {
        self.has_heirs
    }

    /// How many cells of a row it takes.
    pub(in crate::site::embedded) fn width(&self) -> usize {
        self.columns.len() + usize::from(self.has_heirs)
    }

    fn add(&mut self, property: &PropertyDefinition) {
        if !self.columns.iter().any(|earlier| earlier.name == property.name) {
            self.columns.push(property.clone());
        }
    }

    /// Finds each class's properties among the columns, with the type that they have there.
    fn lay_out(&mut self) {
        let first = usize::from(self.has_heirs);
        for member in &mut self.members {
            let cells = self.columns.iter().enumerate().filter_map(|(at, column)| {
                let property = member.class.property(column.name.as_str())?.clone();
                let is_left_out = !self.reads_lazy && property.is_lazy();
                Some(Cell { at: first + at, property, is_left_out })
            });
            member.cells = cells.collect();
        }
    }

    fn columns_sql(&self) -> Vec<String> {
        let number = self.has_heirs.then(|| format!("{}.{CLASS_NUMBER}", self.alias));
        let columns = self.columns.iter().map(|column| {
            let is_left_out = |member: &Member| {
                member.class.property(column.name.as_str()).is_none_or(|property| property.is_lazy())
            };
            match !self.reads_lazy && self.members.iter().all(is_left_out) {
                true => "NULL".to_owned(),
                false => format!("{}.\"{}\"", self.alias, column.name),
            }
        });
        number.into_iter().chain(columns).collect()
    }
}

impl Member {
    fn of(class: &Arc<Class>) -> Self {
        let derivation = class.derivation.clone().into();
        Member { class: Arc::clone(class), derivation, cells: Vec::new() }
    }
}

impl Shape {
    pub(super) fn columns_sql(&self) -> String {
        match self {
            Shape::Instances(part) => part.columns_sql().join(", "),
            Shape::Generic(parts) => parts.iter().flat_map(Part::columns_sql).collect::<Vec<_>>().join(", "),
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
                    let (bound, names) = self.resolve(path)?;
                    if names.first().is_none_or(|name| !name.is_system()) {
                        // It must be there, and of this SELECT; its value is read as it lies in the table.
                        self.property(path)?;
                    }
                    let [name] = names else {
                        let cause = format!("{path}: properties of embedded objects cannot be selected yet");
                        return Err(self.error(ErrorKind::Unsupported, cause));
                    };
                    (bound, Some(name))
                }
            };
            let Some(part) = parts.iter_mut().find(|part| part.alias == bound.alias) else { continue };
            match property {
                None => bound.all_columns().iter().for_each(|property| part.add(property)),
                // Every row has its system properties; the path among them needs the key.
                Some(name) if name.is_system() => bound.class.keys().for_each(|key| part.add(key)),
                Some(name) => bound.class.property(name.as_str()).into_iter().for_each(|p| part.add(p)),
            }
        }
        parts.retain(|part| !part.columns.is_empty());
        parts.iter_mut().for_each(Part::lay_out);
        if parts.len() == 1
            && let Some(part) = parts.pop()
        {
            return Ok(Shape::Instances(part));
        }
        Ok(Shape::Generic(parts))
    }
}
