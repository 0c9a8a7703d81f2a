//! WMI as values: types, instances, paths, datetimes, and the query language. No I/O, no clock.

mod cim_type;
mod class;
mod context;
mod datetime;
mod identifier;
mod instance;
mod method;
pub mod mof;
pub(crate) mod moniker;
mod object_path;
mod object_path_reader;
mod property_definition;
mod qualifier;
mod value;
mod wbem_code;
mod wbem_error;
pub mod wql;
mod xml_text;

pub use cim_type::CimType;
pub use class::Class;
pub use context::CallContext;
pub use datetime::DateTime;
pub use identifier::Identifier;
pub use instance::{Instance, Property};
pub use method::{MethodDefinition, ParameterDefinition};
pub(crate) use method::{PARAMETERS_CLASS, RETURN_VALUE};
pub use moniker::Moniker;
pub use object_path::{KeyValue, ObjectPath};
pub use property_definition::PropertyDefinition;
pub use qualifier::Qualifier;
pub use value::Value;
pub use wbem_error::WbemError;
pub use xml_text::instance_xml;
