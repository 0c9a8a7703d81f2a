//! The syntax tree of a condition and of what it compares.

use crate::wmi::Identifier;
use crate::wmi::wql::{Call, Select};

/// A property, or a property of an embedded object: `Name`, `TargetInstance.Name`.
///
/// In a query of several classes, and in a subselect that reaches out of itself, the first name may be a class or
/// an alias (`sys.Name`). In a query of one class the parser drops it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PropertyPath(pub Vec<Identifier>);

/// A condition after `WHERE` or `ON`.
#[derive(Clone, Debug, PartialEq)]
pub enum Condition {
    /// All hold; at least two, none of them `All`.
    All(Vec<Condition>),
    /// At least one holds; at least two, none of them `Any`.
    Any(Vec<Condition>),
    /// Does not hold.
    Not(Box<Condition>),
    /// Two operands compared.
    Compare(Comparison),
    /// `operand LIKE pattern`, with `%`, `_`, `[a-f]`, `[^…]`; `p NOT LIKE x` is `Not(Like)`.
    Like {
        /// A property or a call.
        operand: Operand,
        /// The pattern, as written.
        pattern: String,
    },
    /// `operand IN (…)`; `p NOT IN (…)` is `Not(In)`.
    In {
        /// A property or a call.
        operand: Operand,
        /// What it must be one of.
        set: Set,
    },
    /// `operand IS NULL`, or IS NOT NULL; `= NULL` and `<> NULL` read as the same.
    IsNull {
        /// A property or a call.
        operand: Operand,
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

/// What stands in the parentheses after `IN`.
#[derive(Clone, Debug, PartialEq)]
pub enum Set {
    /// Constants, at least one.
    List(Vec<Literal>),
    /// The values of the one property of a query.
    Subselect(Box<Select>),
}

/// `left operator right`; where a text has a constant on the left, it is turned round.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    /// A property or a call.
    pub left: Operand,
    /// The operator.
    pub operator: Operator,
    /// Any operand.
    pub right: Operand,
}

impl Comparison {
    /// The property and the constant, where it compares these two: all that core WQL, and OData, can say.
    ///
    /// ```
    /// use cmgateway::wmi::wql::{Condition, Select};
    /// let select = Select::parse("SELECT * FROM SMS_Site WHERE SiteCode = ReportingSiteCode")?;
    /// let Some(Condition::Compare(comparison)) = select.filter else { unreachable!() };
    /// assert_eq!(comparison.property_and_literal(), None);
    /// # Ok::<(), cmgateway::Error>(())
    /// ```
    pub fn property_and_literal(&self) -> Option<(&PropertyPath, &Literal)> {
        match (&self.left, &self.right) {
            (Operand::Property(property), Operand::Constant(literal)) => Some((property, literal)),
            _ => None,
        }
    }
}

/// What can be compared.
#[derive(Clone, Debug, PartialEq)]
pub enum Operand {
    /// The value of a property.
    Property(PropertyPath),
    /// A constant.
    Constant(Literal),
    /// What a function makes of its arguments.
    Call(Call),
}

impl From<PropertyPath> for Operand {
    fn from(property: PropertyPath) -> Self {
        Operand::Property(property)
    }
}

impl From<Literal> for Operand {
    fn from(literal: Literal) -> Self {
        Operand::Constant(literal)
    }
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
