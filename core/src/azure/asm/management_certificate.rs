//! The management certificate: who it was that the classic API let in.

use time::OffsetDateTime;

use crate::cert::{Authority, AuthorityOptions, Certificate, DistinguishedName, KeyKind, PfxKeyPair};
use crate::error::{Error, ErrorKind, Result};
use crate::net::{ClientIdentity, PemSource};

/// A certificate with its key that a subscription knows.
///
/// ```
/// use cmgateway::azure::asm::ManagementCertificate;
/// use time::macros::datetime;
/// let made = ManagementCertificate::make("CMG management", datetime!(2026-01-01 00:00 UTC), 365)?;
/// assert_eq!(made.certificate().key_size_bits(), Some(2048));
/// # Ok::<(), cmgateway::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct ManagementCertificate(PfxKeyPair);

impl ManagementCertificate {
    /// Takes a certificate with its key, as a PFX holds them.
    pub fn new(pair: PfxKeyPair) -> Self {
        ManagementCertificate(pair)
    }

    /// Makes one: self-signed, RSA with 2048 bits, SHA-256, as the portal wanted them.
    ///
    /// # Errors
    /// `config` for a name or a number of days that cannot be; `internal` where no key could be made.
    pub fn make(common_name: &str, now: OffsetDateTime, days: u32) -> Result<Self> {
        let operation = "make a management certificate";
        if common_name.trim().is_empty() || common_name.chars().count() > 64 || !(1..=3650).contains(&days) {
            let cause = "the name has 1 to 64 characters, and it is valid for 1 to 3650 days";
            return Err(Error::new(ErrorKind::Config, operation, cause));
        }
        let mut options = AuthorityOptions::new(DistinguishedName::of_common_name(common_name)?, now);
        options.key = KeyKind::Rsa2048;
        options.days = Some(days);
        let made = Authority::root(&options)?;
        Ok(ManagementCertificate(PfxKeyPair::new(made.certificate().clone(), made.private_key().clone())))
    }

    /// The certificate.
    pub fn certificate(&self) -> &Certificate {
        &self.0.certificate
    }

    /// The certificate with its key, to be written as a PFX.
    pub fn key_pair(&self) -> &PfxKeyPair {
        &self.0
    }

    /// Its private key.
    pub fn private_key(&self) -> &crate::cert::PrivateKey {
        &self.0.private_key
    }

    pub(super) fn identity(&self) -> ClientIdentity {
        ClientIdentity {
            chain: PemSource::bytes(self.0.certificate.to_pem()),
            key: PemSource::bytes(self.0.private_key.to_pkcs8_pem().expose()),
        }
    }
}
