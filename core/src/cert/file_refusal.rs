//! Why a key file, a PFX or a P7B is not taken.

use super::der::{Fault, Oid};
use crate::error::{Error, ErrorKind};

/// A reason, before it is known what the caller was doing.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Refusal {
    Damaged(String),
    Unsupported(String),
    WrongPassword,
    PasswordNeeded,
    TooMuch(String),
}

impl Refusal {
    pub(super) fn damaged(cause: impl Into<String>) -> Self {
        Refusal::Damaged(cause.into())
    }

    /// What `kind` is for and that it is not known.
    pub(super) fn unknown(what: &str, kind: &[u8]) -> Self {
        if super::der::check_oid(kind).is_err() {
            return Refusal::damaged(format!("its {what} cannot be read"));
        }
        Refusal::Unsupported(format!("its {what} {} is not supported", Oid(kind)))
    }

    /// True where another password may help.
    pub(super) fn is_about_password(&self) -> bool {
        matches!(self, Refusal::WrongPassword | Refusal::PasswordNeeded)
    }

    /// The error, with its reason as context, so that a script need not read the text.
    pub(super) fn into_error(self, operation: &str) -> Error {
        let (kind, reason, cause) = match self {
            Refusal::Damaged(cause) => (ErrorKind::Certificate, "damaged", cause),
            Refusal::Unsupported(cause) => (ErrorKind::Certificate, "unsupported_algorithm", cause),
            Refusal::TooMuch(cause) => (ErrorKind::Certificate, "over_limit", cause),
            Refusal::WrongPassword => (ErrorKind::Auth, "wrong_password", "the password is wrong".into()),
            Refusal::PasswordNeeded => (ErrorKind::Auth, "password_needed", "it needs a password".into()),
        };
        Error::new(kind, operation, cause).with_context("reason", reason)
    }
}

impl From<Fault> for Refusal {
    fn from(fault: Fault) -> Self {
        Refusal::damaged(format!("it cannot be read: {fault}"))
    }
}

/// Names the part that a fault was found in.
pub(super) fn part(part: &'static str) -> impl Fn(Fault) -> Refusal {
    move |fault| Refusal::damaged(format!("its {part} cannot be read: {fault}"))
}
