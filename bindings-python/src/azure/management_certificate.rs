//! The management certificate of the classic API.

use cmgateway::azure::asm;
use cmgateway::cert::PfxKeyPair;
use pyo3::prelude::*;
use time::OffsetDateTime;

use crate::cert::Certificate;
use crate::error::Result;
use crate::private_key::PrivateKey;

/// A certificate with its key that a subscription knows.
#[pyclass(frozen, module = "cmgateway.azure")]
pub(crate) struct ManagementCertificate(pub(crate) asm::ManagementCertificate);

#[pymethods]
impl ManagementCertificate {
    #[new]
    fn new(certificate: &Certificate, private_key: &PrivateKey) -> Self {
        let pair = PfxKeyPair::new(certificate.0.clone(), private_key.0.clone());
        ManagementCertificate(asm::ManagementCertificate::new(pair))
    }

    /// Makes one: self-signed, RSA with 2048 bits, SHA-256, as the portal wanted them.
    #[staticmethod]
    #[pyo3(signature = (common_name="CMG management", *, days=365))]
    fn make(py: Python<'_>, common_name: &str, days: u32) -> Result<Self> {
        let now = OffsetDateTime::now_utc();
        let made = py.detach(|| asm::ManagementCertificate::make(common_name, now, days))?;
        Ok(ManagementCertificate(made))
    }

    /// The certificate.
    #[getter]
    fn certificate(&self) -> Certificate {
        Certificate(self.0.certificate().clone())
    }

    /// Its private key.
    #[getter]
    fn private_key(&self) -> PrivateKey {
        PrivateKey(self.0.private_key().clone())
    }

    fn __repr__(&self) -> String {
        format!("<management certificate {}>", self.0.certificate().thumbprint())
    }
}
