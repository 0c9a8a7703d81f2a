//! The syntax tree of a WQL data query: what is selected, from where, in which order.

use crate::wmi::Identifier;
use crate::wmi::wql::{Condition, PropertyPath};

/// A data query: `SELECT [DISTINCT] columns FROM class [joins] [WHERE filter] [ORDER BY …]`.
///
/// Core WQL has one class and no `DISTINCT`; joins, aliases and all that comes with them are the SMS Provider's
/// extension.
#[derive(Clone, Debug, PartialEq)]
pub struct Select {
    /// True for `DISTINCT`: no two rows are the same.
    pub distinct: bool,
    /// What to return.
    pub columns: Columns,
    /// The class to read, the first of them where several are joined.
    pub from: Source,
    /// The classes joined to it, in the order written.
    pub joins: Vec<Join>,
    /// Which instances.
    pub filter: Option<Condition>,
    /// In which order; the SMS Provider's extension of WQL.
    pub order_by: Vec<OrderBy>,
}

impl Select {
    /// The query for all instances of a class, `SELECT * FROM class`; the start of every tree made without a text.
    ///
    /// ```
    /// use cmgateway::wmi::{Identifier, wql::Select};
    /// let select = Select::of(Identifier::new("SMS_Site")?);
    /// assert_eq!(select, Select::parse("SELECT * FROM SMS_Site")?);
    /// # Ok::<(), cmgateway::Error>(())
    /// ```
    pub fn of(class: Identifier) -> Self {
        Select {
            distinct: false,
            columns: Columns::All,
            from: Source { class, alias: None },
            joins: Vec::new(),
            filter: None,
            order_by: Vec::new(),
        }
    }

    /// All classes after FROM, in the order written.
    ///
    /// ```
    /// use cmgateway::wmi::wql::Select;
    /// let select = Select::parse("SELECT * FROM SMS_R_System AS sys, SMS_Site WHERE sys.Name = ServerName")?;
    /// let names: Vec<_> = select.sources().map(|source| source.name().as_str()).collect();
    /// assert_eq!(names, ["sys", "SMS_Site"]);
    /// # Ok::<(), cmgateway::Error>(())
    /// ```
    pub fn sources(&self) -> impl Iterator<Item = &Source> {
        std::iter::once(&self.from).chain(self.joins.iter().map(|join| &join.source))
    }
}

/// A class after FROM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// The class.
    pub class: Identifier,
    /// Its other name in this query.
    pub alias: Option<Identifier>,
}

impl Source {
    /// The name by which the query, and a row of several classes, knows it: the alias, else the class.
    ///
    /// ```
    /// use cmgateway::wmi::wql::Select;
    /// assert_eq!(Select::parse("SELECT * FROM SMS_Site AS s")?.from.name().as_str(), "s");
    /// # Ok::<(), cmgateway::Error>(())
    /// ```
    pub fn name(&self) -> &Identifier {
        self.alias.as_ref().unwrap_or(&self.class)
    }
}

/// A class joined to those before it.
#[derive(Clone, Debug, PartialEq)]
pub struct Join {
    /// Which rows without a match stay.
    pub kind: JoinKind,
    /// The class that is joined.
    pub source: Source,
    /// The condition after ON; None for [`JoinKind::Cross`] alone.
    pub on: Option<Condition>,
}

/// What a join does with rows that have no match.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JoinKind {
    /// The comma, or `CROSS JOIN`: every row with every row; the condition stands after WHERE.
    Cross,
    /// `[INNER] JOIN`: drops them.
    Inner,
    /// `LEFT [OUTER] JOIN`: keeps those of the classes before.
    Left,
    /// `RIGHT [OUTER] JOIN`: keeps those of the joined class.
    Right,
    /// `FULL [OUTER] JOIN`: keeps all.
    Full,
}

/// The list after `SELECT`.
#[derive(Clone, Debug, PartialEq)]
pub enum Columns {
    /// `*`
    All,
    /// Columns, in the order written.
    Listed(Vec<Column>),
    /// `COUNT(*)`, or `COUNT(p)`: how many rows, or how many where the property is not null.
    Count(Option<PropertyPath>),
}

impl Columns {
    /// The columns of a list of properties.
    ///
    /// ```
    /// use cmgateway::wmi::{Identifier, wql::{Columns, PropertyPath, Select}};
    /// let name = PropertyPath(vec![Identifier::new("Name")?]);
    /// assert_eq!(Select::parse("SELECT Name FROM SMS_Site")?.columns, Columns::properties([name]));
    /// # Ok::<(), cmgateway::Error>(())
    /// ```
    pub fn properties(paths: impl IntoIterator<Item = PropertyPath>) -> Self {
        Columns::Listed(paths.into_iter().map(Column::Property).collect())
    }
}

/// One item of the list after `SELECT`.
#[derive(Clone, Debug, PartialEq)]
pub enum Column {
    /// A property.
    Property(PropertyPath),
    /// `name.*`: all properties of the class with this name or alias.
    AllOf(Identifier),
}

/// One sort criterion.
#[derive(Clone, Debug, PartialEq)]
pub struct OrderBy {
    /// The property to sort by.
    pub property: PropertyPath,
    /// True for `DESC`.
    pub descending: bool,
}
