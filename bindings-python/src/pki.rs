//! A small enterprise PKI for rehearsals.

use std::path::PathBuf;

use cmgateway::cert::{self, DevelopmentPkiOptions};
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use time::OffsetDateTime;

use crate::cert::{Certificate, wrapped};
use crate::datetime::moment;
use crate::error::Result;
use crate::pfx::profile_of;
use crate::private_key::PrivateKey;

/// A small enterprise PKI for rehearsals: a root, sub-CAs, a server and a client certificate.
#[pyclass(frozen, module = "cmgateway.cert")]
pub(crate) struct DevelopmentPki(cert::DevelopmentPki);

/// A certificate with its private key and the certificates above it.
#[pyclass(frozen, module = "cmgateway.cert")]
pub(crate) struct IssuedCertificate(pub(crate) cert::IssuedCertificate);

#[pymethods]
impl DevelopmentPki {
    #[new]
    #[pyo3(signature = (organization=None, sub_cas=None, server_names=None, *, key=None, not_before=None, days=None,
        client_name=None))]
    #[expect(clippy::too_many_arguments, reason = "the options of one call")]
    fn new(
        py: Python<'_>,
        organization: Option<String>,
        sub_cas: Option<usize>,
        server_names: Option<Vec<String>>,
        key: Option<&str>,
        not_before: Option<&Bound<'_, PyAny>>,
        days: Option<u32>,
        client_name: Option<String>,
    ) -> Result<Self> {
        let start = not_before.map(|at| moment(at, "make development PKI")).transpose()?;
        let mut options = DevelopmentPkiOptions::new(start.unwrap_or_else(OffsetDateTime::now_utc));
        options.organization = organization.unwrap_or(options.organization);
        options.sub_cas = sub_cas.unwrap_or(options.sub_cas);
        options.server_names = server_names.unwrap_or(options.server_names);
        options.key = key.map_or(Ok(options.key), str::parse)?;
        options.days = days.unwrap_or(options.days);
        options.client_name = client_name.unwrap_or(options.client_name);
        Ok(DevelopmentPki(py.detach(|| cert::DevelopmentPki::new(&options))?))
    }

    /// The root: what instances and the site must trust.
    #[getter]
    fn root(&self) -> IssuedCertificate {
        IssuedCertificate(self.0.root().clone())
    }

    /// The issuing authorities; their thumbprints go to the site.
    #[getter]
    fn sub_cas(&self) -> Vec<IssuedCertificate> {
        self.0.sub_cas().iter().cloned().map(IssuedCertificate).collect()
    }

    /// The gateway's certificate, for `serverAuth`.
    #[getter]
    fn server(&self) -> IssuedCertificate {
        IssuedCertificate(self.0.server().clone())
    }

    /// A client's certificate, for `clientAuth`.
    #[getter]
    fn client(&self) -> IssuedCertificate {
        IssuedCertificate(self.0.client().clone())
    }

    fn __repr__(&self) -> String {
        let root = self.0.root().certificate().subject();
        format!("<development PKI {root} with {} sub-CAs>", self.0.sub_cas().len())
    }

    /// Writes certificates and keys as files into a folder and gives their paths.
    #[pyo3(signature = (folder, /))]
    fn write_to(&self, py: Python<'_>, folder: PathBuf) -> Result<Vec<PathBuf>> {
        Ok(py.detach(|| self.0.write_to(folder))?)
    }
}

#[pymethods]
impl IssuedCertificate {
    /// The certificate.
    #[getter]
    fn certificate(&self) -> Certificate {
        Certificate(self.0.certificate().clone())
    }

    /// The certificate as PEM text.
    #[getter]
    fn certificate_pem(&self) -> String {
        self.0.certificate_pem()
    }

    /// What a TLS peer sends: the chain as PEM text without the root, which the other side must have.
    #[getter]
    fn chain_pem(&self) -> String {
        self.0.chain_pem()
    }

    /// The private key.
    #[getter]
    fn private_key(&self) -> PrivateKey {
        PrivateKey(self.0.private_key().clone())
    }

    /// The certificate itself, then each one above it, up to the root.
    #[getter]
    fn chain(&self) -> Vec<Certificate> {
        wrapped(self.0.chain().to_vec())
    }

    /// The certificate, its key and its chain as one PFX, which the gateway's wizard takes.
    #[pyo3(signature = (*, password, profile="modern"))]
    fn to_pfx<'py>(&self, py: Python<'py>, password: &str, profile: &str) -> Result<Bound<'py, PyBytes>> {
        let profile = profile_of(profile)?;
        Ok(PyBytes::new(py, &py.detach(|| self.0.to_pfx(password, profile))?))
    }

    /// The private key as PEM text (PKCS #8).
    #[getter]
    fn private_key_pem(&self) -> &str {
        self.0.private_key_pem().expose()
    }

    fn __repr__(&self) -> String {
        format!("<issued certificate {}>", self.0.certificate().subject())
    }
}
