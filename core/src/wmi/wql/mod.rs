//! WQL, the query language of WMI: syntax tree, parser, printer.
//!
//! A text is read once, with its values, into a [`Select`]; everything behind works on the tree.

mod ast;
mod binding;
mod condition;
mod lexer;
mod like;
mod parser;
mod print;

pub use ast::{Columns, Comparison, Condition, Literal, Operator, OrderBy, Parameters, PropertyPath, Select};
pub use like::{LikePattern, LikeToken};
pub use print::{format, like_literal, quote};
