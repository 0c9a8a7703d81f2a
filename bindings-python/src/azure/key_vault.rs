//! Key Vault.

use cmgateway::{Secret, azure};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use super::credential::Credential;
use super::options;
use crate::error::Result;
use crate::json::{body, to_python};
use crate::runtime::Handle;

/// A Key Vault, by its name.
#[pyclass(frozen, module = "cmgateway.azure")]
pub(crate) struct KeyVault {
    vault: azure::KeyVault,
    handle: Handle,
}

#[pymethods]
impl KeyVault {
    #[new]
    #[pyo3(signature = (vault, credential, **given))]
    fn new(vault: &str, credential: &Credential, given: Option<&Bound<'_, PyDict>>) -> Result<Self> {
        let options = options("KeyVault", given)?;
        Ok(KeyVault { vault: azure::KeyVault::new(&options, vault, &credential.0)?, handle: Handle::new()? })
    }

    /// The vault's address.
    #[getter]
    fn url(&self) -> &str {
        self.vault.url()
    }

    /// Imports a certificate with its key from a PFX; one of the same name gets a new version.
    #[pyo3(signature = (name, pfx, *, password=None, key_size_bits=2048))]
    fn import_certificate<'py>(
        &self,
        py: Python<'py>,
        name: &str,
        pfx: &[u8],
        password: Option<&str>,
        key_size_bits: u32,
    ) -> Result<Bound<'py, PyAny>> {
        let password = password.map(Secret::new);
        let imported = self.vault.import_certificate(name, pfx, password.as_ref(), key_size_bits);
        to_python(py, &self.handle.block(py, imported)?)
    }

    /// The newest version of a certificate; None where there is none.
    fn certificate<'py>(&self, py: Python<'py>, name: &str) -> Result<Bound<'py, PyAny>> {
        to_python(py, &self.handle.block(py, self.vault.certificate(name))?)
    }

    /// Deletes a certificate; it can be recovered until it is purged. False where there was none.
    fn delete_certificate(&self, py: Python<'_>, name: &str) -> Result<bool> {
        self.handle.block(py, self.vault.delete_certificate(name))
    }

    /// True where a deleted certificate of this name can be recovered.
    fn is_certificate_recoverable(&self, py: Python<'_>, name: &str) -> Result<bool> {
        self.handle.block(py, self.vault.is_certificate_recoverable(name))
    }

    /// Purges a deleted certificate for ever. False where there was none.
    fn purge_certificate(&self, py: Python<'_>, name: &str) -> Result<bool> {
        self.handle.block(py, self.vault.purge_certificate(name))
    }

    /// Stores a secret, such as a certificate without key, and gives its address with version.
    #[pyo3(signature = (name, value, *, content_type="text/plain"))]
    fn set_secret(&self, py: Python<'_>, name: &str, value: &str, content_type: &str) -> Result<String> {
        let value = Secret::new(value);
        self.handle.block(py, self.vault.set_secret(name, &value, content_type))
    }

    /// Sends any request of the vault, such as `GET /certificates`; `api-version` is added where the path has none.
    #[pyo3(signature = (method, path, body=None))]
    fn call<'py>(
        &self,
        py: Python<'py>,
        method: &str,
        path: &str,
        body: Option<&Bound<'py, PyAny>>,
    ) -> Result<Bound<'py, PyAny>> {
        let body = self::body(body, "read the body")?;
        to_python(py, &self.handle.block(py, self.vault.call(method, path, body.as_ref()))?)
    }

    fn __repr__(&self) -> String {
        format!("<key vault {}>", self.vault.url())
    }
}
