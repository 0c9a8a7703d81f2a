//! Certificates in PKCS #7.

use cmgateway::cert;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::cert::{Certificate, several, wrapped};
use crate::error::Result;
use crate::file_source;

/// Reads every certificate of a PKCS #7 message (RFC 2315, RFC 5652), in the order of the file.
#[pyfunction]
#[pyo3(signature = (source, /))]
pub(crate) fn load_p7b(source: &Bound<'_, PyAny>) -> Result<Vec<Certificate>> {
    file_source::load(source, "load P7B", cert::load_p7b, cert::load_p7b_file).map(wrapped)
}

/// Writes certificates as PKCS #7 (.p7b), DER, in the order given.
#[pyfunction]
#[pyo3(signature = (certificates, /))]
pub(crate) fn write_p7b<'py>(certificates: &Bound<'py, PyAny>) -> Result<Bound<'py, PyBytes>> {
    let written = cert::write_p7b(&several(certificates, "certificates")?)?;
    Ok(PyBytes::new(certificates.py(), &written))
}
