//! Keys of certificates in the stores of Windows: they sign there and never leave.

#[cfg(windows)]
pub(super) use self::windows::{chain, signing_key};

#[cfg(windows)]
mod windows {
    use std::sync::Arc;

    use rustls::pki_types::CertificateDer;
    use rustls::sign::SigningKey;
    use rustls_cng::cert::CertContext;
    use rustls_cng::signer::CngSigningKey;

    use crate::cert::{StorePath, windows_store_contexts};
    use crate::error::{Error, ErrorKind, Result};

    fn one(path: &StorePath) -> Result<CertContext> {
        if path.thumbprint.is_none() {
            return Err(
                path.refuse(ErrorKind::Config, "the thumbprint of the certificate is missing at the end")
            );
        }
        // Never empty where a thumbprint is given.
        let found = windows_store_contexts::contexts(path)?.into_iter().next();
        found.ok_or_else(|| path.refuse(ErrorKind::NotFound, "it is not there any more"))
    }

    /// The certificate and its issuers without the root, as the system puts them together.
    pub(in crate::net) fn chain(path: &StorePath) -> Result<Vec<CertificateDer<'static>>> {
        let leaf = one(path)?;
        let chain = leaf.as_chain_der().unwrap_or_default();
        // Without a chain the certificate alone has to do.
        let chain = if chain.is_empty() { vec![leaf.as_der().to_vec()] } else { chain };
        Ok(chain.into_iter().map(CertificateDer::from).collect())
    }

    /// A key that signs in its provider. No window asks for anything: whoever runs a script may not be there.
    pub(in crate::net) fn signing_key(path: &StorePath) -> Result<Arc<dyn SigningKey>> {
        let key = one(path)?.acquire_key(true).and_then(CngSigningKey::new);
        match key {
            Ok(key) => Ok(Arc::new(key)),
            Err(error) => {
                let cause = format!(
                    "{error}: there is no key to be used without a question, or it lies in an old cryptographic service \
                     provider, which signs for no TLS of today; `certutil -csp \"Microsoft Software Key Storage Provider\" \
                     -importpfx FILE` puts it where it can be used"
                );
                Err(Error::new(ErrorKind::Certificate, format!("use the key of {path}"), cause))
            }
        }
    }
}

#[cfg(not(windows))]
mod elsewhere {
    use std::sync::Arc;

    use rustls::pki_types::CertificateDer;
    use rustls::sign::SigningKey;

    use crate::cert::StorePath;
    use crate::error::{ErrorKind, Result};

    /// Says what other systems lack.
    pub(in crate::net) fn chain(path: &StorePath) -> Result<Vec<CertificateDer<'static>>> {
        let certificates = path.certificates()?;
        Ok(certificates.iter().map(|certificate| CertificateDer::from(certificate.der().to_vec())).collect())
    }

    pub(in crate::net) fn signing_key(path: &StorePath) -> Result<Arc<dyn SigningKey>> {
        Err(path
            .refuse(ErrorKind::Unsupported, "only Windows has certificate stores; export to a file there"))
    }
}

#[cfg(not(windows))]
pub(super) use self::elsewhere::{chain, signing_key};
