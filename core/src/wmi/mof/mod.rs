//! MOF, the text of classes and instances: reading it and writing it.
//!
//! Read are classes with qualifiers, inheritance, defaults and methods; instances with embedded instances, arrays
//! and aliases; `#pragma namespace`. What a text declares is resolved against the classes of a site by
//! [`EmbeddedSite::compile_mof`](crate::site::EmbeddedSite::compile_mof).

mod feature;
mod initializer;
mod lexer;
mod parser;
mod print;
mod resolve;

pub use initializer::{Initializer, InitializerKind};
pub use parser::{ClassDeclaration, Declaration, InstanceDeclaration, parse};
pub use print::{class_text, instance_text};
pub(crate) use resolve::{Aliases, instance};

use crate::error::{Error, ErrorKind, Result};
use crate::wmi::Class;

/// Where something begins in a text, counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// The line.
    pub line: usize,
    /// The column, in characters.
    pub column: usize,
}

impl Position {
    /// Tells where an error of the site came up.
    pub(crate) fn add_to(self, error: Error) -> Error {
        let Position { line, column } = self;
        Error::new(error.kind(), "compile MOF", format!("{} at line {line}, column {column}", error.cause()))
            .with_context("line", line.to_string())
            .with_context("column", column.to_string())
            .with_source(error)
    }

    /// An error at this place.
    pub(crate) fn refuse(self, cause: &str) -> Error {
        let Position { line, column } = self;
        Error::new(ErrorKind::Config, "compile MOF", format!("{cause} at line {line}, column {column}"))
            .with_context("line", line.to_string())
            .with_context("column", column.to_string())
    }
}

/// Reads the classes of a text; each may be derived from one that stands before it.
///
/// # Errors
/// `config` for what is not MOF, for an instance among the classes, and for a superclass that does not stand before,
/// with line and column.
///
/// ```
/// use cmgateway::wmi::mof;
/// let classes = mof::parse_classes("class Base { [key] uint32 ID; }; class Sub : Base { string Name; };")?;
/// assert_eq!(classes[1].properties.len(), 2);
/// assert_eq!(classes[1].superclass().map(|base| base.as_str()), Some("Base"));
/// # Ok::<(), cmgateway::Error>(())
/// ```
pub fn parse_classes(text: &str) -> Result<Vec<Class>> {
    let mut classes: Vec<Class> = Vec::new();
    for declaration in parse(text)? {
        match declaration {
            Declaration::Namespace { .. } => {}
            Declaration::Instance(instance) => {
                return Err(instance.at.refuse("an instance stands where only classes are read"));
            }
            Declaration::Class(ClassDeclaration { class, at }) => {
                let class = match class.superclass() {
                    None => class,
                    Some(base) => match classes.iter().find(|known| known.name == *base) {
                        Some(base) => class.derived_from(base).map_err(|error| at.refuse(error.cause()))?,
                        None => {
                            return Err(at.refuse(&format!("the superclass {base} does not stand before")));
                        }
                    },
                };
                classes.push(class);
            }
        }
    }
    Ok(classes)
}
