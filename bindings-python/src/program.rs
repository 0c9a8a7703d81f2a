//! The program `cmgateway`, as a command of the Python package.

use std::ffi::OsString;

use pyo3::prelude::*;

/// Runs the program with these arguments, its own name first, and returns its exit code.
#[pyfunction]
pub(crate) fn _main(py: Python<'_>, arguments: Vec<OsString>) -> u8 {
    py.detach(|| cmgateway_program::main(arguments))
}
