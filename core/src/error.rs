//! The one error type of the crate.
//!
//! An error answers three questions: what kind is it, whose fault is it, may I try again. Its text reads
//! `could not <verb> <thing>: <cause>` and never holds a secret. Both bindings show the same eleven kinds.

use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

use crate::limits::RETRY_PAUSE;

/// The result of every call that can fail.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong, as one of eleven words that are the same in Rust, Python and Lua.
///
/// ```
/// use cmgateway::ErrorKind;
/// assert_eq!(ErrorKind::NotFound.as_str(), "not_found");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The caller's input is wrong: a setting, an argument, a query text.
    Config,
    /// A certificate cannot be read, is not what was asked for, or is not trusted.
    Certificate,
    /// The other side does not accept who we are or does not allow what we ask.
    Auth,
    /// The thing asked for does not exist.
    NotFound,
    /// The thing exists already, exists twice, or was changed by somebody else.
    Conflict,
    /// The other side (or the disk) cannot serve us now.
    Unavailable,
    /// No answer came within the time allowed.
    TimedOut,
    /// The other side answered something that is not the protocol.
    Protocol,
    /// The transport or the server cannot do this.
    Unsupported,
    /// The work was stopped: cancelled, closed, interrupted.
    Stopped,
    /// A defect of this library.
    Internal,
}

impl ErrorKind {
    /// Every kind, in the order of the documentation.
    pub const ALL: [ErrorKind; 11] = [
        ErrorKind::Config,
        ErrorKind::Certificate,
        ErrorKind::Auth,
        ErrorKind::NotFound,
        ErrorKind::Conflict,
        ErrorKind::Unavailable,
        ErrorKind::TimedOut,
        ErrorKind::Protocol,
        ErrorKind::Unsupported,
        ErrorKind::Stopped,
        ErrorKind::Internal,
    ];

    /// The word that Python and Lua use for this kind.
    pub fn as_str(self) -> &'static str {
        match self {
            ErrorKind::Config => "config",
            ErrorKind::Certificate => "certificate",
            ErrorKind::Auth => "auth",
            ErrorKind::NotFound => "not_found",
            ErrorKind::Conflict => "conflict",
            ErrorKind::Unavailable => "unavailable",
            ErrorKind::TimedOut => "timed_out",
            ErrorKind::Protocol => "protocol",
            ErrorKind::Unsupported => "unsupported",
            ErrorKind::Stopped => "stopped",
            ErrorKind::Internal => "internal",
        }
    }

    /// Whose fault an error of this kind is.
    pub fn fault(self) -> Fault {
        match self {
            ErrorKind::Config | ErrorKind::Certificate | ErrorKind::Stopped => Fault::Caller,
            ErrorKind::Auth | ErrorKind::NotFound | ErrorKind::Conflict => Fault::Caller,
            ErrorKind::Protocol | ErrorKind::Unsupported => Fault::Peer,
            ErrorKind::Unavailable | ErrorKind::TimedOut => Fault::Network,
            ErrorKind::Internal => Fault::Us,
        }
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Who has to do something about an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Fault {
    /// The caller: input, rights, or the state of the site.
    Caller,
    /// The other side of the connection.
    Peer,
    /// What lies between, or a resource that ran out.
    Network,
    /// This library.
    Us,
}

impl Fault {
    /// The word that Python and Lua use.
    pub fn as_str(self) -> &'static str {
        match self {
            Fault::Caller => "caller",
            Fault::Peer => "peer",
            Fault::Network => "network",
            Fault::Us => "us",
        }
    }
}

/// Whether the same call may succeed when it is made again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Retry {
    /// No: something has to change first.
    Never,
    /// Yes, at once.
    Now,
    /// Yes, after this time.
    After(Duration),
}

/// An error: `could not <verb> <thing>: <cause>`.
///
/// ```
/// use cmgateway::{Error, ErrorKind};
/// let error = Error::new(ErrorKind::NotFound, "open site lab.db", "the file does not exist");
/// assert_eq!(error.to_string(), "could not open site lab.db: the file does not exist");
/// assert_eq!(error.kind(), ErrorKind::NotFound);
/// ```
pub struct Error {
    // Boxed, so that `Result<T>` stays as small as `T` allows.
    inner: Box<Inner>,
}

struct Inner {
    kind: ErrorKind,
    operation: String,
    cause: String,
    retry: Retry,
    context: Vec<(&'static str, String)>,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

impl Error {
    /// Makes an error from its kind, the operation (`<verb> <thing>`) and the cause.
    ///
    /// The retry answer follows from the kind: `timed_out` may be tried again at once, `unavailable` after
    /// [`RETRY_PAUSE`](crate::limits::RETRY_PAUSE), others not.
    pub fn new(kind: ErrorKind, operation: impl Into<String>, cause: impl Into<String>) -> Self {
        let retry = match kind {
            ErrorKind::TimedOut => Retry::Now,
            // Not at once: a loop that does as it is told would spin.
            ErrorKind::Unavailable => Retry::After(RETRY_PAUSE),
            _ => Retry::Never,
        };
        let (operation, cause) = (operation.into(), cause.into());
        Error { inner: Box::new(Inner { kind, operation, cause, retry, context: Vec::new(), source: None }) }
    }

    /// Adds a name and a value that help to find the cause; never a secret.
    #[must_use]
    pub fn with_context(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.inner.context.push((name, value.into()));
        self
    }

    /// Adds the error underneath, for `source()` and for logs.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.inner.source = Some(source.into());
        self
    }

    /// Sets whether the call may be tried again.
    #[must_use]
    pub fn with_retry(mut self, retry: Retry) -> Self {
        self.inner.retry = retry;
        self
    }

    /// Names another operation, where an outer call says better what was being done.
    #[must_use]
    pub fn during(mut self, operation: impl Into<String>) -> Self {
        self.inner.operation = operation.into();
        self
    }

    /// Says more behind the cause.
    #[must_use]
    pub(crate) fn with_cause_end(mut self, end: &str) -> Self {
        self.inner.cause.push_str(end);
        self
    }

    /// What went wrong.
    pub fn kind(&self) -> ErrorKind {
        self.inner.kind
    }

    /// What was being done, as `<verb> <thing>`.
    pub fn operation(&self) -> &str {
        &self.inner.operation
    }

    /// The cause alone, without `could not …`.
    pub fn cause(&self) -> &str {
        &self.inner.cause
    }

    /// Whose fault it is; fixed by the kind.
    pub fn fault(&self) -> Fault {
        self.inner.kind.fault()
    }

    /// Whether the call may be tried again.
    pub fn retry(&self) -> Retry {
        self.inner.retry
    }

    /// Names and values that help to find the cause.
    pub fn context(&self) -> &[(&'static str, String)] {
        &self.inner.context
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "could not {}: {}", self.inner.operation, self.inner.cause)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("kind", &self.inner.kind)
            .field("operation", &self.inner.operation)
            .field("cause", &self.inner.cause)
            .field("retry", &self.inner.retry)
            .field("context", &self.inner.context)
            .field("source", &self.inner.source)
            .finish()
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.inner.source.as_deref().map(|source| source as &(dyn StdError + 'static))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_its_own_word() {
        let mut words: Vec<_> = ErrorKind::ALL.iter().map(|kind| kind.as_str()).collect();
        words.sort_unstable();
        words.dedup();
        assert_eq!(words.len(), ErrorKind::ALL.len());
    }

    #[test]
    fn reads_as_one_sentence_and_keeps_its_source() {
        let error = Error::new(ErrorKind::TimedOut, "query site", "no answer within 30 s")
            .with_context("url", "https://cm1.example")
            .with_source("socket closed");
        assert_eq!(error.to_string(), "could not query site: no answer within 30 s");
        assert_eq!(error.retry(), Retry::Now);
        assert_eq!(error.context(), [("url", "https://cm1.example".to_owned())]);
        assert_eq!(StdError::source(&error).unwrap().to_string(), "socket closed");
    }
}
