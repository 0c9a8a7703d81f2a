//! A certification authority that signs whatever a test asks for.

use cmgateway::cert::Certificate;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};
use time::OffsetDateTime;
use time::macros::datetime;

/// When everything here begins to be valid.
pub const START: OffsetDateTime = datetime!(2026-01-01 00:00 UTC);
/// A moment at which everything here is valid.
pub const DURING: OffsetDateTime = datetime!(2026-06-01 00:00 UTC);
/// When nothing here is valid any longer.
pub const AFTER: OffsetDateTime = datetime!(2028-01-01 00:00 UTC);

/// An authority: its certificate, and its name and key to sign with.
#[derive(Debug)]
pub struct Authority {
    /// The certificate.
    pub certificate: Certificate,
    /// Name and key.
    pub issuer: Issuer<'static, KeyPair>,
}

/// What an authority's certificate holds before a test changes it.
///
/// # Panics
/// Never, for a name of ASCII.
pub fn authority_params(name: &str) -> CertificateParams {
    let mut params = owner_params(name, &[]);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.extended_key_usages.clear();
    params
}

/// What a server's certificate holds before a test changes it.
///
/// # Panics
/// Where a name is none.
#[expect(clippy::expect_used, reason = "a test's set-up fails by panic")]
pub fn owner_params(name: &str, hosts: &[&str]) -> CertificateParams {
    let hosts: Vec<String> = hosts.iter().map(|host| (*host).to_owned()).collect();
    let mut params = CertificateParams::new(hosts).expect("host names");
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    (params.not_before, params.not_after) = (START, datetime!(2027-01-01 00:00 UTC));
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.use_authority_key_identifier_extension = true;
    params.is_ca = IsCa::ExplicitNoCa;
    params
}

#[expect(clippy::expect_used, reason = "a test's set-up fails by panic")]
impl Authority {
    /// A root.
    ///
    /// # Panics
    /// Where it cannot be made.
    pub fn root(params: CertificateParams) -> Self {
        let key = KeyPair::generate().expect("a key");
        let made = params.self_signed(&key).expect("a root");
        let certificate = Certificate::from_der(made.der()).expect("a certificate");
        Authority { certificate, issuer: Issuer::new(params, key) }
    }

    /// An authority below this one.
    ///
    /// # Panics
    /// Where it cannot be made.
    pub fn authority(&self, params: CertificateParams) -> Self {
        let key = KeyPair::generate().expect("a key");
        let certificate = self.sign(&params, &key);
        Authority { certificate, issuer: Issuer::new(params, key) }
    }

    /// A certificate for this key.
    ///
    /// # Panics
    /// Where it cannot be made.
    pub fn sign(&self, params: &CertificateParams, key: &impl rcgen::PublicKeyData) -> Certificate {
        let made = params.signed_by(key, &self.issuer).expect("a certificate");
        Certificate::from_der(made.der()).expect("a certificate")
    }

    /// A certificate for a key of its own.
    ///
    /// # Panics
    /// Where it cannot be made.
    pub fn leaf(&self, params: &CertificateParams) -> Certificate {
        self.sign(params, &KeyPair::generate().expect("a key"))
    }

    /// A revocation list with these serial numbers, DER.
    ///
    /// # Panics
    /// Where it cannot be made.
    pub fn revocation_list(&self, serials: &[Vec<u8>]) -> Vec<u8> {
        self.revocation_list_between(serials, START, datetime!(2027-01-01 00:00 UTC))
    }

    /// A revocation list with these serial numbers that holds from when to when, DER.
    ///
    /// # Panics
    /// Where it cannot be made.
    pub fn revocation_list_between(
        &self,
        serials: &[Vec<u8>],
        this_update: OffsetDateTime,
        next_update: OffsetDateTime,
    ) -> Vec<u8> {
        let revoked = |serial: &Vec<u8>| rcgen::RevokedCertParams {
            serial_number: rcgen::SerialNumber::from_slice(serial),
            revocation_time: this_update,
            reason_code: Some(rcgen::RevocationReason::KeyCompromise),
            invalidity_date: None,
        };
        let params = rcgen::CertificateRevocationListParams {
            this_update,
            next_update,
            crl_number: rcgen::SerialNumber::from(1_u64),
            issuing_distribution_point: None,
            revoked_certs: serials.iter().map(revoked).collect(),
            key_identifier_method: rcgen::KeyIdMethod::Sha256,
        };
        params.signed_by(&self.issuer).expect("a list").der().to_vec()
    }
}
