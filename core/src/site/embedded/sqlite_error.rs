//! SQLite's errors as ours.

use rusqlite::ErrorCode;

use crate::error::{Error, ErrorKind};

/// Turns an error of SQLite into ours: what was being done, what the administrator can do.
pub(super) fn sqlite_error(operation: &str, error: rusqlite::Error) -> Error {
    let code = error.sqlite_error_code();
    let (kind, cause) = match code {
        Some(ErrorCode::ReadOnly) => (ErrorKind::Auth, "the site file is read-only".to_owned()),
        Some(ErrorCode::PermissionDenied) | Some(ErrorCode::AuthorizationForStatementDenied) => {
            (ErrorKind::Auth, "the operating system denies access to the site file".to_owned())
        }
        Some(ErrorCode::CannotOpen) => (
            ErrorKind::Auth,
            "the operating system does not let the site file, or the -wal and -shm files beside it, be written"
                .to_owned(),
        ),
        Some(ErrorCode::DiskFull) => {
            (ErrorKind::Unavailable, "the disk is full; nothing was written".to_owned())
        }
        Some(ErrorCode::SystemIoFailure) => {
            (ErrorKind::Unavailable, format!("the disk reports an error ({})", extended_code(&error)))
        }
        Some(ErrorCode::DatabaseBusy) | Some(ErrorCode::DatabaseLocked) => {
            (ErrorKind::Unavailable, "somebody else holds the site file: another process, or a query that is still open".to_owned())
        }
        Some(ErrorCode::NotADatabase) => {
            (ErrorKind::Config, "the file is not a site: it is no SQLite database".to_owned())
        }
        Some(ErrorCode::DatabaseCorrupt) => {
            (ErrorKind::Protocol, "the site file is damaged; restore it from a copy".to_owned())
        }
        Some(ErrorCode::OperationInterrupted) => (ErrorKind::Stopped, "the query was stopped".to_owned()),
        Some(ErrorCode::TooBig) | Some(ErrorCode::OutOfMemory) => {
            (ErrorKind::Unavailable, "a value is too large for the site file".to_owned())
        }
        // The message can hold parts of our SQL, never of the user's values: those are bound.
        _ => (ErrorKind::Internal, format!("SQLite says: {error}")),
    };
    Error::new(kind, operation, cause).with_source(error)
}

fn extended_code(error: &rusqlite::Error) -> String {
    match error.sqlite_error() {
        Some(code) => format!("SQLite code {}", code.extended_code),
        None => "no code".to_owned(),
    }
}
