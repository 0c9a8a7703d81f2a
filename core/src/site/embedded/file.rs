//! The site file: creating it, opening it, telling it from other files.

use std::fs::OpenOptions;
use std::io::ErrorKind as IoKind;
use std::path::Path;

use rusqlite::{Connection, OpenFlags};

use super::collation;
use super::migration;
use super::snapshot_file;
use super::sqlite_error::sqlite_error;
use crate::error::{Error, ErrorKind, Result};
use crate::limits::SITE_FILE_BUSY_WAIT;

/// "CMGW", in the header of every site file, so that no other SQLite file is taken for one.
const APPLICATION_ID: i32 = 0x434D_4757;
/// The layout of the tables; a newer one is refused.
const FORMAT_VERSION: i32 = 2;

const TABLES: &str = "
CREATE TABLE cmgateway_class (
    class_id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE COLLATE NOCASE,
    superclass TEXT COLLATE NOCASE,
    definition TEXT NOT NULL,
    is_replaceable INTEGER NOT NULL
) STRICT;
CREATE INDEX cmgateway_class_by_superclass ON cmgateway_class (superclass);
";

/// Makes an empty site file; refuses to touch one that exists.
pub(super) fn create(path: &Path) -> Result<Connection> {
    let operation = format!("create site {}", path.display());
    // Reserves the name; SQLite takes an empty file for a new database.
    OpenOptions::new().write(true).create_new(true).open(path).map_err(|error| match error.kind() {
        IoKind::AlreadyExists => Error::new(ErrorKind::Conflict, &operation, "the file exists already"),
        IoKind::NotFound => Error::new(ErrorKind::NotFound, &operation, "the folder does not exist"),
        _ => file_error(&operation, error),
    })?;
    let made = (|| {
        let connection = open_sqlite(path, &operation)?;
        let sql = format!(
            "PRAGMA journal_mode = WAL; BEGIN IMMEDIATE; {TABLES}
             PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {FORMAT_VERSION}; COMMIT;"
        );
        connection.execute_batch(&sql).map_err(|error| sqlite_error(&operation, error))?;
        Ok(connection)
    })();
    if made.is_err() {
        remove(path);
    }
    made
}

/// Takes back a file that [`create`] made and that could not be filled.
pub(super) fn remove(path: &Path) {
    for ending in ["", "-wal", "-shm"] {
        let mut file = path.as_os_str().to_owned();
        file.push(ending);
        // What cannot be removed opens as "not a site".
        let _ = std::fs::remove_file(file);
    }
}

/// Opens a site file that exists.
pub(super) fn open(path: &Path) -> Result<Connection> {
    let connection = open_unfinished(path)?;
    snapshot_file::refuse_unfinished(&connection, &format!("open site {}", path.display()))?;
    Ok(connection)
}

/// Opens a site file that exists, also one that a snapshot has begun and not finished.
pub(super) fn open_unfinished(path: &Path) -> Result<Connection> {
    let operation = format!("open site {}", path.display());
    let metadata = std::fs::metadata(path).map_err(|error| file_error(&operation, error))?;
    if !metadata.is_file() {
        return Err(Error::new(ErrorKind::Config, operation, "it is not a file"));
    }
    let connection = open_sqlite(path, &operation)?;
    let number = |pragma: &str| {
        connection
            .query_row(&format!("PRAGMA {pragma}"), [], |row| row.get::<_, i32>(0))
            .map_err(|error| sqlite_error(&operation, error))
    };
    if number("application_id")? != APPLICATION_ID {
        let cause = "the file is not a site: it was not made by cmgateway";
        return Err(Error::new(ErrorKind::Config, operation, cause));
    }
    if number("user_version")? == 1 {
        migration::from_format_1(&connection)?;
    }
    match number("user_version")? {
        FORMAT_VERSION => Ok(connection),
        version => Err(Error::new(
            ErrorKind::Unsupported,
            operation,
            format!("the file has format {version}, this version of cmgateway knows {FORMAT_VERSION}"),
        )),
    }
}

fn open_sqlite(path: &Path, operation: &str) -> Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let set_up = || {
        let connection = Connection::open_with_flags(path, flags)?;
        connection.busy_timeout(SITE_FILE_BUSY_WAIT)?;
        // FULL: a put that was reported done survives a power cut, not only a killed process.
        connection.execute_batch("PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;")?;
        connection.set_prepared_statement_cache_capacity(64);
        collation::register(&connection)?;
        Ok(connection)
    };
    set_up().map_err(|error| sqlite_error(operation, error))
}

fn file_error(operation: &str, error: std::io::Error) -> Error {
    let (kind, cause) = match error.kind() {
        IoKind::NotFound => (ErrorKind::NotFound, "the file does not exist".to_owned()),
        IoKind::PermissionDenied => (ErrorKind::Auth, "the operating system denies access".to_owned()),
        IoKind::ReadOnlyFilesystem => (ErrorKind::Auth, "the file system is read-only".to_owned()),
        IoKind::StorageFull => (ErrorKind::Unavailable, "the disk is full".to_owned()),
        IoKind::InvalidInput => (ErrorKind::Config, "the file name is not valid".to_owned()),
        _ => (ErrorKind::Unavailable, error.to_string()),
    };
    Error::new(kind, operation, cause).with_source(error)
}
