//! Who we are towards Azure.

use crate::cert::{Certificate, PrivateKey};
use crate::secret::Secret;

/// How Azure knows us.
///
/// ```
/// use cmgateway::Secret;
/// use cmgateway::azure::Credential;
/// let credential = Credential::ClientSecret {
///     tenant_id: "contoso.onmicrosoft.com".into(),
///     client_id: "11111111-2222-3333-4444-555555555555".into(),
///     secret: Secret::new("…"),
/// };
/// assert!(!format!("{credential:?}").contains('…'));
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
#[expect(clippy::large_enum_variant, reason = "there is one of it")]
pub enum Credential {
    /// A token that somebody else got; it is not renewed.
    Token(Secret),
    /// An application of Entra with its secret.
    ClientSecret {
        /// The tenant's id or domain.
        tenant_id: String,
        /// The application's client id.
        client_id: String,
        /// The secret.
        secret: Secret,
    },
    /// An application of Entra with a certificate: a signed assertion (PS256) stands for the secret.
    ClientCertificate {
        /// The tenant's id or domain.
        tenant_id: String,
        /// The application's client id.
        client_id: String,
        /// The certificate that is registered with the application.
        certificate: Certificate,
        /// Its key; RSA.
        private_key: PrivateKey,
        /// The certificate and its issuers, leaf first, for applications that trust by subject and issuer; else empty.
        chain: Vec<Certificate>,
    },
    /// The identity of the virtual machine that this runs on.
    ManagedIdentity {
        /// The client id of a user-assigned identity; None for the machine's own.
        client_id: Option<String>,
    },
    /// Whoever signed in with `az login`.
    AzureCli {
        /// The tenant; None for the one that is signed in.
        tenant_id: Option<String>,
    },
}
