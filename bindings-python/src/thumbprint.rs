//! The SHA-1 thumbprint of a certificate.

use cmgateway::cert;
use pyo3::prelude::*;
use pyo3::types::PyString;

use crate::error::{Result, wrong_type};

/// The SHA-1 thumbprint of a certificate, as Windows shows it.
#[pyclass(frozen, eq, hash, module = "cmgateway.cert")]
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Thumbprint(pub(crate) cert::Thumbprint);

/// A thumbprint, given as one or as text.
pub(crate) fn from_python(object: &Bound<'_, PyAny>) -> Result<cert::Thumbprint> {
    match object.cast::<PyString>() {
        Ok(text) => Ok(cert::Thumbprint::from_hex(&text.to_cow()?)?),
        Err(_) => match object.cast::<Thumbprint>() {
            Ok(thumbprint) => Ok(thumbprint.get().0),
            Err(_) => Err(wrong_type("a thumbprint is text or a Thumbprint", object)),
        },
    }
}

#[pymethods]
impl Thumbprint {
    /// Reads a thumbprint as people paste it: blanks, colons, lower case, the invisible U+200E.
    #[staticmethod]
    #[pyo3(signature = (text, /))]
    fn from_hex(text: &str) -> Result<Self> {
        Ok(Thumbprint(cert::Thumbprint::from_hex(text)?))
    }

    fn __str__(&self) -> String {
        self.0.to_string()
    }

    fn __repr__(&self) -> String {
        format!("Thumbprint.from_hex('{}')", self.0)
    }
}
