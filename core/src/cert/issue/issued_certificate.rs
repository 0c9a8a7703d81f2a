//! A certificate with its private key and the certificates above it.

use crate::Secret;
use crate::cert::{Certificate, PfxKeyPair, PfxProfile, PrivateKey, write_pfx};
use crate::error::Result;

/// A certificate with its private key and the certificates above it.
#[derive(Clone, Debug)]
pub struct IssuedCertificate {
    certificate: Certificate,
    private_key: PrivateKey,
    private_key_pem: Secret,
    chain: Vec<Certificate>,
}

impl IssuedCertificate {
    pub(super) fn new(certificate: Certificate, private_key: PrivateKey, above: &[Certificate]) -> Self {
        let mut chain = vec![certificate.clone()];
        chain.extend_from_slice(above);
        let private_key_pem = private_key.to_pkcs8_pem();
        IssuedCertificate { certificate, private_key, private_key_pem, chain }
    }

    /// The certificate.
    pub fn certificate(&self) -> &Certificate {
        &self.certificate
    }

    /// The certificate as PEM text.
    pub fn certificate_pem(&self) -> String {
        self.certificate.to_pem()
    }

    /// The private key.
    pub fn private_key(&self) -> &PrivateKey {
        &self.private_key
    }

    /// The private key as PEM text (PKCS #8).
    pub fn private_key_pem(&self) -> &Secret {
        &self.private_key_pem
    }

    /// The certificate itself, then each one above it, up to the root.
    pub fn chain(&self) -> &[Certificate] {
        &self.chain
    }

    /// What a TLS peer sends: the chain as PEM text without the root, which the other side must have.
    pub fn chain_pem(&self) -> String {
        let sent = self.chain.iter().enumerate().filter(|(at, each)| *at == 0 || !each.is_self_issued());
        sent.map(|(_, each)| each.to_pem()).collect()
    }

    /// The certificate, its key and its chain as one PFX, which the gateway's wizard takes.
    ///
    /// # Errors
    /// `config` where the password is empty or too long.
    pub fn to_pfx(&self, password: &str, profile: PfxProfile) -> Result<Vec<u8>> {
        let pair = PfxKeyPair::new(self.certificate.clone(), self.private_key.clone());
        write_pfx(&[pair], self.chain.get(1..).unwrap_or_default(), password, profile)
    }
}
