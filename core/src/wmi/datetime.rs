//! The DMTF date and time.

use std::fmt;

use crate::error::{Error, ErrorKind, Result};

/// A DMTF date and time or interval, kept in its 25 characters (skeleton).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct DateTime(String);

impl DateTime {
    /// Reads the 25 characters.
    pub fn parse(text: &str) -> Result<Self> {
        if text.len() != 25 {
            return Err(Error::new(ErrorKind::Config, "read datetime", "skeleton"));
        }
        Ok(DateTime(text.to_owned()))
    }

    /// The 25 characters.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for DateTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
