//! WQL, the query language of WMI: syntax tree, parser, printer.
//!
//! A text is read once, with its values, into a [`Select`] (an [`EventQuery`] where it asks what happens, an
//! [`AssociationQuery`] where it asks what belongs together); everything behind works on the tree.

mod association;
mod binding;
mod call;
mod columns;
mod condition;
mod evaluate;
mod event;
mod expression;
mod from;
mod lexer;
mod like;
mod operand;
mod parameters;
mod parser;
mod print;
mod print_expression;
mod query;
mod select;

pub use association::{AssociationKind, AssociationQuery};
pub use call::{Call, DatePart};
pub(crate) use evaluate::holds;
pub use event::{EventGroup, EventQuery};
pub use expression::{Comparison, Condition, Literal, Operand, Operator, PropertyPath, Set};
pub use like::{LikePattern, LikeToken};
pub use parameters::Parameters;
pub use print::{format, like_literal, quote};
pub use query::Query;
pub(crate) use query::located;
pub use select::{Column, Columns, Join, JoinKind, OrderBy, Select, Source};
