//! Who we are towards Azure.

use cmgateway::{Secret, azure};
use pyo3::prelude::*;

use crate::cert::{Certificate, several};
use crate::error::Result;
use crate::private_key::PrivateKey;

/// How Azure knows us.
#[pyclass(frozen, module = "cmgateway.azure")]
pub(crate) struct Credential(pub(crate) azure::Credential);

/// A token that somebody else got; it is not renewed.
#[pyfunction]
pub(crate) fn access_token(token: &str) -> Credential {
    Credential(azure::Credential::Token(Secret::new(token)))
}

/// An application of Entra with its secret.
#[pyfunction]
pub(crate) fn client_secret(tenant_id: String, client_id: String, secret: &str) -> Credential {
    Credential(azure::Credential::ClientSecret { tenant_id, client_id, secret: Secret::new(secret) })
}

/// An application of Entra with a certificate: a signed assertion (PS256) stands for the secret.
#[pyfunction]
#[pyo3(signature = (tenant_id, client_id, certificate, private_key, *, chain=None))]
pub(crate) fn client_certificate(
    tenant_id: String,
    client_id: String,
    certificate: &Certificate,
    private_key: &PrivateKey,
    chain: Option<&Bound<'_, PyAny>>,
) -> Result<Credential> {
    let chain = chain.map_or_else(|| Ok(Vec::new()), |chain| several(chain, "chain"))?;
    let (certificate, private_key) = (certificate.0.clone(), private_key.0.clone());
    Ok(Credential(azure::Credential::ClientCertificate {
        tenant_id,
        client_id,
        certificate,
        private_key,
        chain,
    }))
}

/// The identity of the virtual machine that this runs on.
#[pyfunction]
#[pyo3(signature = (*, client_id=None))]
pub(crate) fn managed_identity(client_id: Option<String>) -> Credential {
    Credential(azure::Credential::ManagedIdentity { client_id })
}

/// Whoever signed in with `az login`.
#[pyfunction]
#[pyo3(signature = (*, tenant_id=None))]
pub(crate) fn azure_cli(tenant_id: Option<String>) -> Credential {
    Credential(azure::Credential::AzureCli { tenant_id })
}

#[pymethods]
impl Credential {
    fn __repr__(&self) -> &'static str {
        match self.0 {
            azure::Credential::Token(_) => "<credential: a token>",
            azure::Credential::ClientSecret { .. } => "<credential: a client secret>",
            azure::Credential::ClientCertificate { .. } => "<credential: a client certificate>",
            azure::Credential::ManagedIdentity { .. } => "<credential: a managed identity>",
            azure::Credential::AzureCli { .. } => "<credential: az login>",
            _ => "<credential>",
        }
    }
}
