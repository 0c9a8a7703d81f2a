//! The syntax tree of a WQL data query.

use crate::wmi::{Identifier, Value};

/// A data query: `SELECT columns FROM class [WHERE filter] [ORDER BY …]`.
#[derive(Clone, Debug, PartialEq)]
pub struct Select {
    /// What to return.
    pub columns: Columns,
    /// The class to read.
    pub class: Identifier,
    /// Which instances.
    pub filter: Option<Condition>,
    /// In which order; the SMS Provider's extension of WQL.
    pub order_by: Vec<OrderBy>,
}

/// The list after `SELECT`.
#[derive(Clone, Debug, PartialEq)]
pub enum Columns {
    /// `*`
    All,
    /// Names, in the order written.
    Properties(Vec<PropertyPath>),
}

/// A property, or a property of an embedded object: `Name`, `TargetInstance.Name`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PropertyPath(pub Vec<Identifier>);

/// One sort criterion.
#[derive(Clone, Debug, PartialEq)]
pub struct OrderBy {
    /// The property to sort by.
    pub property: PropertyPath,
    /// True for `DESC`.
    pub descending: bool,
}

/// A condition after `WHERE`.
#[derive(Clone, Debug, PartialEq)]
pub enum Condition {
    /// All hold; at least two, none of them `All`.
    All(Vec<Condition>),
    /// At least one holds; at least two, none of them `Any`.
    Any(Vec<Condition>),
    /// Does not hold.
    Not(Box<Condition>),
    /// A property against a constant.
    Compare(Comparison),
    /// `property LIKE pattern`, with `%`, `_`, `[a-f]`, `[^…]`; `p NOT LIKE x` is `Not(Like)`.
    Like {
        /// The property.
        property: PropertyPath,
        /// The pattern, as written.
        pattern: String,
    },
    /// `property IS NULL`, or IS NOT NULL; `= NULL` and `<> NULL` read as the same.
    IsNull {
        /// The property.
        property: PropertyPath,
        /// True for IS NOT NULL.
        negated: bool,
    },
    /// `property ISA "Class"`.
    IsA {
        /// The property, or `__this`.
        property: PropertyPath,
        /// The class name.
        class: Identifier,
    },
}

/// `property operator constant`; where the text has the constant first, it is turned round.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    /// The property.
    pub property: PropertyPath,
    /// The operator.
    pub operator: Operator,
    /// The constant; never `Null`.
    pub literal: Literal,
}

/// A comparison operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    /// `=`
    Equal,
    /// `<>` or `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
}

/// A constant.
#[derive(Clone, Debug, PartialEq)]
pub enum Literal {
    /// Text; datetimes are text in WQL.
    String(String),
    /// An integer from -2^63 to 2^64-1.
    Integer(i128),
    /// A finite number with a point or an exponent.
    Real(f64),
    /// `TRUE` or `FALSE`.
    Boolean(bool),
}

/// Values for the placeholders of a query text: `?` in order, or `:name`.
///
/// A value never becomes query text: it goes into the syntax tree as a constant, so no value can change the
/// meaning of the query.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Parameters {
    /// No placeholders.
    #[default]
    None,
    /// For `?`, in order.
    Positional(Vec<Value>),
    /// For `:name`; names are compared without case.
    Named(Vec<(String, Value)>),
}

impl Parameters {
    /// Values for `?`, in order.
    ///
    /// ```
    /// use cmgateway::wmi::wql::{Parameters, Select};
    /// let select = Select::parse_with("SELECT * FROM SMS_Site WHERE Type = ?", &Parameters::positional([2]))?;
    /// assert_eq!(select.to_string(), "SELECT * FROM SMS_Site WHERE Type = 2");
    /// # Ok::<(), cmgateway::Error>(())
    /// ```
    pub fn positional<V: Into<Value>>(values: impl IntoIterator<Item = V>) -> Self {
        Parameters::Positional(values.into_iter().map(Into::into).collect())
    }

    /// Values for `:name`, in any order.
    ///
    /// ```
    /// use cmgateway::wmi::wql::{Parameters, Select};
    /// let code = Parameters::named([("code", "ABC")]);
    /// let select = Select::parse_with("SELECT * FROM SMS_Site WHERE SiteCode = :code", &code)?;
    /// assert_eq!(select.to_string(), r#"SELECT * FROM SMS_Site WHERE SiteCode = "ABC""#);
    /// # Ok::<(), cmgateway::Error>(())
    /// ```
    pub fn named<N: Into<String>, V: Into<Value>>(values: impl IntoIterator<Item = (N, V)>) -> Self {
        Parameters::Named(values.into_iter().map(|(name, value)| (name.into(), value.into())).collect())
    }
}
