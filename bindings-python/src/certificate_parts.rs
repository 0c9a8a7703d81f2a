//! Parts of certificates and requests that have several values.

use cmgateway::cert;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::error::Result;

/// An AD CS certificate template, by its name (version 1 templates) or its object identifier (version 2 and later).
#[pyclass(frozen, eq, module = "cmgateway.cert")]
#[derive(PartialEq, Eq)]
pub(crate) struct CertificateTemplate(pub(crate) cert::CertificateTemplate);

/// An extension of a certificate or a request as it is encoded, for what has no accessor of its own.
#[pyclass(frozen, eq, module = "cmgateway.cert")]
#[derive(PartialEq, Eq)]
pub(crate) struct CertificateExtension(cert::CertificateExtension);

/// The names that an authority may and may not certify (RFC 5280, 4.2.1.10), each as `dns:contoso.com`.
#[pyclass(frozen, eq, get_all, module = "cmgateway.cert")]
#[derive(PartialEq, Eq)]
pub(crate) struct NameConstraints {
    /// Of a kind that is here, only names below one of these are allowed.
    permitted: Vec<String>,
    /// No name below one of these is allowed.
    excluded: Vec<String>,
}

/// The extensions of the core as those of Python.
pub(crate) fn wrapped_extensions(extensions: Vec<cert::CertificateExtension>) -> Vec<CertificateExtension> {
    extensions.into_iter().map(CertificateExtension).collect()
}

impl From<cert::NameConstraints> for NameConstraints {
    fn from(constraints: cert::NameConstraints) -> Self {
        NameConstraints { permitted: constraints.permitted, excluded: constraints.excluded }
    }
}

#[pymethods]
impl CertificateTemplate {
    #[new]
    #[pyo3(signature = (text, /))]
    fn new(text: &str) -> Result<Self> {
        Ok(CertificateTemplate(cert::CertificateTemplate::parse(text)?))
    }

    /// The name of the template, without blanks as AD CS keeps it.
    #[getter]
    fn name(&self) -> Option<&str> {
        self.0.name.as_deref()
    }

    /// The object identifier of the template.
    #[getter]
    fn oid(&self) -> Option<&str> {
        self.0.oid.as_deref()
    }

    /// The major version.
    #[getter]
    fn major_version(&self) -> Option<u32> {
        self.0.major_version
    }

    /// The minor version.
    #[getter]
    fn minor_version(&self) -> Option<u32> {
        self.0.minor_version
    }

    fn __str__(&self) -> String {
        self.0.to_string()
    }

    fn __repr__(&self) -> String {
        format!("<certificate template {}>", self.0)
    }
}

#[pymethods]
impl CertificateExtension {
    /// The object identifier, such as `2.5.29.19`.
    #[getter]
    fn oid(&self) -> &str {
        &self.0.oid
    }

    /// True where who does not know it must refuse the certificate.
    #[getter]
    fn critical(&self) -> bool {
        self.0.critical
    }

    /// The value, DER.
    #[getter]
    fn value<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.0.value)
    }

    fn __repr__(&self) -> String {
        let critical = if self.0.critical { " critical" } else { "" };
        format!("<extension {}{critical}>", self.0.oid)
    }
}
