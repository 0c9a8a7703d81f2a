//! The path of an object.

use std::fmt;

use crate::error::{Error, ErrorKind, Result};
use crate::wmi::Identifier;

/// The value of a key in a path (skeleton).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum KeyValue {
    /// Quoted text.
    String(String),
    /// A number.
    Integer(i128),
    /// TRUE or FALSE.
    Boolean(bool),
}

/// The path of an object (skeleton).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ObjectPath {
    /// Host, without backslashes.
    pub server: Option<String>,
    /// Namespace with backslashes.
    pub namespace: Option<String>,
    /// Class.
    pub class: Identifier,
    /// Keys; the name is None where the path leaves it out.
    pub keys: Vec<(Option<Identifier>, KeyValue)>,
}

impl ObjectPath {
    /// Reads a path.
    pub fn parse(_text: &str) -> Result<Self> {
        Err(Error::new(ErrorKind::Config, "read object path", "skeleton"))
    }
}

impl fmt::Display for ObjectPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.class)
    }
}
