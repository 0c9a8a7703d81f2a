//! WMI's error numbers.

use std::error::Error as StdError;
use std::fmt;

use crate::error::{Error, ErrorKind};
use crate::wmi::Instance;
use crate::wmi::wbem_code::CODES;

/// What WMI said went wrong: its number, and the provider's own status where it gave one.
///
/// Found with [`Error::wbem`] under an error of this library, whose kind follows from the number.
///
/// ```
/// use cmgateway::{ErrorKind, wmi::WbemError};
/// let error = WbemError::from_code(0x8004_1002);
/// assert_eq!((error.signed_code(), error.kind()), (-2147217406, ErrorKind::NotFound));
/// assert_eq!(error.name(), "NOT_FOUND");
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct WbemError {
    code: u32,
    extended: Option<Box<Instance>>,
}

impl WbemError {
    /// The error of this number: `0x80041002`, or a Win32 or COM number.
    pub fn from_code(code: u32) -> Self {
        WbemError { code, extended: None }
    }

    /// The error of this name, with or without `WBEM_E_` or `wbemErr`; None for a name that is not documented.
    ///
    /// ```
    /// use cmgateway::wmi::WbemError;
    /// assert_eq!(WbemError::from_name("WBEM_E_INVALID_QUERY").map(|e| e.code()), Some(0x8004_1017));
    /// assert_eq!(WbemError::from_name("wbemErrNotFound").map(|e| e.code()), Some(0x8004_1002));
    /// ```
    pub fn from_name(name: &str) -> Option<Self> {
        let bare = name.strip_prefix("WBEM_E_").or_else(|| name.strip_prefix("wbemErr")).unwrap_or(name);
        let same = |known: &str| known.replace('_', "").eq_ignore_ascii_case(&bare.replace('_', ""));
        CODES.iter().find(|(_, known, _)| same(known)).map(|(code, ..)| Self::from_code(*code))
    }

    /// The same error with the provider's status object: `SMS_ExtendedStatus`, `__ExtendedStatus`.
    #[must_use]
    pub fn with_extended(mut self, status: Instance) -> Self {
        self.extended = Some(Box::new(status));
        self
    }

    /// The number, as C writes it.
    pub fn code(&self) -> u32 {
        self.code
    }

    /// The number as VBScript's `Err.Number` shows it.
    pub fn signed_code(&self) -> i32 {
        self.code.cast_signed()
    }

    /// The name without `WBEM_E_`; `WIN32_5` for a Win32 error, empty for a number that is not documented.
    pub fn name(&self) -> String {
        match CODES.iter().find(|(code, ..)| *code == self.code) {
            Some((_, name, _)) => (*name).to_owned(),
            None if self.code >> 16 == 0x8007 => format!("WIN32_{}", self.code & 0xFFFF),
            None => String::new(),
        }
    }

    /// The provider's status object, where there is one.
    pub fn extended(&self) -> Option<&Instance> {
        self.extended.as_deref()
    }

    /// The kind of error it is in this library.
    pub fn kind(&self) -> ErrorKind {
        match CODES.iter().find(|(code, ..)| *code == self.code) {
            Some((.., kind)) => *kind,
            None => match self.code {
                0x8007_0005 => ErrorKind::Auth,
                0x8007_06BA | 0x8007_06BE | 0x8007_06BF => ErrorKind::Unavailable,
                0x8007_0002 | 0x8007_0003 | 0x8007_0490 => ErrorKind::NotFound,
                0x8007_000E => ErrorKind::Unavailable,
                0x8007_0057 => ErrorKind::Config,
                0x8007_05B4 => ErrorKind::TimedOut,
                _ => ErrorKind::Protocol,
            },
        }
    }

    /// The error as one of this library; the operation reads `<verb> <thing>`.
    ///
    /// ```
    /// use cmgateway::wmi::WbemError;
    /// let error = WbemError::from_code(0x8004_1003).into_error("put instance of class SMS_Site", "not allowed");
    /// assert_eq!(error.wbem().map(|wbem| wbem.name()).as_deref(), Some("ACCESS_DENIED"));
    /// assert_eq!(error.kind().as_str(), "auth");
    /// ```
    pub fn into_error(self, operation: impl Into<String>, cause: impl Into<String>) -> Error {
        Error::new(self.kind(), operation, cause).with_source(self)
    }
}

impl fmt::Display for WbemError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.name();
        match name.is_empty() {
            true => write!(f, "0x{:08X}", self.code),
            false => write!(f, "{name} (0x{:08X})", self.code),
        }
    }
}

impl StdError for WbemError {}

impl Error {
    /// What WMI itself said, where an error comes from WMI or stands for an error of it.
    ///
    /// ```
    /// use cmgateway::wmi::wql::Select;
    /// let error = Select::parse("SELECT * FROM").unwrap_err();
    /// assert_eq!(error.wbem().map(|wbem| wbem.code()), Some(0x8004_1017));
    /// ```
    pub fn wbem(&self) -> Option<&WbemError> {
        let mut source = StdError::source(self);
        while let Some(error) = source {
            if let Some(wbem) = error.downcast_ref::<WbemError>() {
                return Some(wbem);
            }
            source = error.source();
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_and_name_is_there_once() {
        for (at, (code, name, kind)) in CODES.iter().enumerate() {
            let error = WbemError::from_code(*code);
            assert_eq!((error.name().as_str(), error.kind()), (*name, *kind));
            assert_eq!(WbemError::from_name(&format!("WBEM_E_{name}")), Some(error));
            assert!(CODES.iter().skip(at + 1).all(|(other, _, _)| other > code), "{code:x}");
        }
        assert_eq!(WbemError::from_code(0x8004_1001).signed_code(), -2_147_217_407);
        assert_eq!(WbemError::from_code(0x8007_0005).to_string(), "WIN32_5 (0x80070005)");
        assert_eq!(WbemError::from_code(0x8004_2FFF).to_string(), "0x80042FFF");
        assert_eq!(WbemError::from_name("wbemErrNoSuchThing"), None);
    }
}
