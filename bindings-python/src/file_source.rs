//! What a script gives as a file: its content, or where it lies.

use std::path::PathBuf;

use cmgateway::{Secret, SecretBytes, background};
use pyo3::prelude::*;
use pyo3::types::{PyByteArray, PyBytes};

use crate::error::Result;
use crate::runtime::Handle;

/// Reads the content of a file; None where the object is no bytes.
pub(crate) fn from_bytes<T: Send>(
    source: &Bound<'_, PyAny>,
    read: fn(&[u8]) -> cmgateway::Result<T>,
) -> Result<Option<T>> {
    if let Ok(bytes) = source.cast::<PyBytes>() {
        return Ok(Some(parse(source.py(), bytes.as_bytes(), read)?));
    }
    match source.cast::<PyByteArray>() {
        // Copied, as other threads may change it.
        Ok(bytes) => Ok(Some(parse(source.py(), &bytes.to_vec(), read)?)),
        Err(_) => Ok(None),
    }
}

fn parse<T: Send>(
    py: Python<'_>,
    bytes: &[u8],
    read: fn(&[u8]) -> cmgateway::Result<T>,
) -> cmgateway::Result<T> {
    // Giving up the GIL and taking it again costs as much as reading some certificates.
    const LARGE: usize = 64 << 10;
    if bytes.len() < LARGE { read(bytes) } else { py.detach(|| read(bytes)) }
}

/// Reads a file without secrets, given as its content or its path; `operation` is what is being done.
pub(crate) fn load<T: Send + 'static>(
    source: &Bound<'_, PyAny>,
    operation: &str,
    read: fn(&[u8]) -> cmgateway::Result<T>,
    read_file: fn(PathBuf) -> cmgateway::Result<T>,
) -> Result<T> {
    if let Some(found) = from_bytes(source, read)? {
        return Ok(found);
    }
    let file: PathBuf = source.extract()?;
    let operation = format!("{operation} from {}", file.display());
    Handle::new()?.block(source.py(), background::run(&operation, move || read_file(file)))
}

enum Closed {
    Content(SecretBytes),
    File(PathBuf),
}

/// Reads a file that a password may close. Trying it takes seconds where the file says so, and Ctrl-C gives it up.
pub(crate) fn load_closed<T: Send + 'static>(
    source: &Bound<'_, PyAny>,
    password: Option<&str>,
    operation: &str,
    read: fn(&[u8], Option<&str>) -> cmgateway::Result<T>,
    read_file: fn(PathBuf, Option<&str>) -> cmgateway::Result<T>,
) -> Result<T> {
    let closed = if let Ok(bytes) = source.cast::<PyBytes>() {
        Closed::Content(SecretBytes::new(bytes.as_bytes().to_vec()))
    } else if let Ok(bytes) = source.cast::<PyByteArray>() {
        Closed::Content(SecretBytes::new(bytes.to_vec()))
    } else {
        Closed::File(source.extract()?)
    };
    let password = password.map(Secret::new);
    let work = move || {
        let password = password.as_ref().map(Secret::expose);
        match closed {
            Closed::Content(bytes) => read(bytes.expose(), password),
            Closed::File(file) => read_file(file, password),
        }
    };
    Handle::new()?.block(source.py(), background::run(operation, work))
}
