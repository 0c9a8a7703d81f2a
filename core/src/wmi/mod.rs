//! WMI as values: types, instances, paths, datetimes, and the query language. No I/O, no clock.

mod cim_type;
mod class;
mod datetime;
mod identifier;
mod instance;
mod object_path;
mod object_path_reader;
mod value;
pub mod wql;

pub use cim_type::CimType;
pub use class::{Class, PropertyDefinition};
pub use datetime::DateTime;
pub use identifier::Identifier;
pub use instance::{Instance, Property};
pub use object_path::{KeyValue, ObjectPath};
pub use value::Value;
