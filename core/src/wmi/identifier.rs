//! Names of classes and properties.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use crate::error::{Error, ErrorKind, Result};
use crate::limits::IDENTIFIER_BYTES_MAX;

/// The name of a class or a property: a letter or `_`, then letters, digits and `_`; compared without case.
///
/// Checked once, here: what is an `Identifier` can be put in a query, a URL or a table name without quoting.
///
/// ```
/// use cmgateway::wmi::Identifier;
/// let name = Identifier::new("ServiceCName")?;
/// assert_eq!(name, Identifier::new("SERVICECNAME")?);
/// assert_eq!(name.as_str(), "ServiceCName");
/// assert!(Identifier::new("x' OR 1=1").is_err());
/// # Ok::<(), cmgateway::Error>(())
/// ```
#[derive(Clone)]
pub struct Identifier(Arc<str>);

impl Identifier {
    /// Checks the text and keeps its spelling.
    ///
    /// # Errors
    /// `config` where the text is empty, longer than 255 bytes, or has a character that no name can have.
    pub fn new(text: &str) -> Result<Self> {
        let refuse = |cause: String| Err(Error::new(ErrorKind::Config, "read name", cause));
        if text.is_empty() {
            return refuse("the name is empty".into());
        }
        if text.len() > IDENTIFIER_BYTES_MAX {
            return refuse(format!("the name has {} bytes, {IDENTIFIER_BYTES_MAX} are allowed", text.len()));
        }
        let wrong = text
            .char_indices()
            .find(|&(at, c)| !(c == '_' || c.is_ascii_alphabetic() || (at > 0 && c.is_ascii_digit())));
        match wrong {
            Some((at, c)) => refuse(format!(
                "{c:?} at position {} of {text:?} is not allowed in a class or property name",
                text[..at].chars().count() + 1
            )),
            None => Ok(Identifier(text.into())),
        }
    }

    /// The name in the spelling it was given in.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Compares with a text, without case.
    pub fn is(&self, other: &str) -> bool {
        self.0.eq_ignore_ascii_case(other)
    }

    /// True for names such as `__CLASS`, which belong to WMI itself.
    pub fn is_system(&self) -> bool {
        self.0.starts_with("__")
    }
}

impl PartialEq for Identifier {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || self.is(&other.0)
    }
}

impl Eq for Identifier {}

impl Hash for Identifier {
    fn hash<H: Hasher>(&self, state: &mut H) {
        for byte in self.0.bytes() {
            state.write_u8(byte.to_ascii_lowercase());
        }
    }
}

impl fmt::Display for Identifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Identifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl AsRef<str> for Identifier {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_names_and_says_where_others_are_wrong() {
        for name in ["a", "_", "__CLASS", "SMS_G_System_1E", &"x".repeat(IDENTIFIER_BYTES_MAX)] {
            assert_eq!(Identifier::new(name).unwrap().as_str(), name);
        }
        for name in ["", "1a", "a b", "a'", "Größe", "a\0", &"x".repeat(IDENTIFIER_BYTES_MAX + 1)] {
            assert!(Identifier::new(name).is_err(), "{name}");
        }
        assert!(Identifier::new("Größe").unwrap_err().cause().contains("position 3"));
    }

    #[test]
    fn equal_names_have_equal_hashes() {
        let names: std::collections::HashSet<_> =
            ["Name", "NAME", "name", "Name2"].map(|name| Identifier::new(name).unwrap()).into();
        assert_eq!(names.len(), 2);
    }
}
