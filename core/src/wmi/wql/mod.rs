//! WQL, the query language of WMI: syntax tree, parser, printer. (skeleton: the tree is the contract)

mod ast;

pub use ast::{Columns, Comparison, Condition, Literal, Operator, OrderBy, Parameters, PropertyPath, Select};
