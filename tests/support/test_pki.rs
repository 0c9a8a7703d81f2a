//! A certification authority of a test's own.

use std::sync::atomic::{AtomicU32, Ordering};

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};
use time::{Duration, OffsetDateTime};

/// A CA that issues server certificates.
#[derive(Debug)]
pub struct TestPki {
    ca_pem: String,
    issuer: Issuer<'static, KeyPair>,
}

/// A server certificate with its key, both PEM.
#[derive(Clone, Debug)]
pub struct ServerCertificate {
    /// The certificate.
    pub chain_pem: String,
    /// Its key.
    pub key_pem: String,
}

#[expect(clippy::expect_used, reason = "a test's set-up fails by panic")]
impl TestPki {
    /// Makes the CA.
    ///
    /// # Panics
    /// Where that fails; a test cannot go on then.
    #[expect(clippy::new_without_default, reason = "making keys is not a default")]
    pub fn new() -> Self {
        let mut parameters = CertificateParams::new(Vec::new()).expect("no names");
        // Two CAs of one name would make a wrong signature out of an unknown issuer.
        static NEXT: AtomicU32 = AtomicU32::new(1);
        let name = format!("cmgateway test root {}", NEXT.fetch_add(1, Ordering::Relaxed));
        parameters.distinguished_name.push(DnType::CommonName, name);
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        parameters.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::DigitalSignature];
        let key = KeyPair::generate().expect("a key");
        let ca_pem = parameters.self_signed(&key).expect("a root").pem();
        TestPki { ca_pem, issuer: Issuer::new(parameters, key) }
    }

    /// The CA's certificate, PEM.
    pub fn ca_pem(&self) -> &str {
        &self.ca_pem
    }

    /// A certificate for these host names or IP addresses, valid now.
    pub fn server(&self, names: &[&str]) -> ServerCertificate {
        self.server_valid(names, Duration::days(-1), Duration::days(30))
    }

    /// A client's certificate.
    ///
    /// # Panics
    /// Where it cannot be made.
    pub fn client(&self, name: &str) -> ServerCertificate {
        let mut parameters = CertificateParams::new(Vec::new()).expect("no names");
        parameters.distinguished_name.push(DnType::CommonName, name);
        parameters.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        let key = KeyPair::generate().expect("a key");
        let chain_pem = parameters.signed_by(&key, &self.issuer).expect("a certificate").pem();
        ServerCertificate { chain_pem, key_pem: key.serialize_pem() }
    }

    /// A certificate that is valid between two points counted from now.
    ///
    /// # Panics
    /// Where that fails.
    pub fn server_valid(&self, names: &[&str], from: Duration, to: Duration) -> ServerCertificate {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut parameters = CertificateParams::new(names).expect("valid names");
        parameters.distinguished_name.push(DnType::CommonName, "cmgateway test server");
        parameters.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        parameters.not_before = OffsetDateTime::now_utc() + from;
        parameters.not_after = OffsetDateTime::now_utc() + to;
        let key = KeyPair::generate().expect("a key");
        let chain_pem = parameters.signed_by(&key, &self.issuer).expect("a certificate").pem();
        ServerCertificate { chain_pem, key_pem: key.serialize_pem() }
    }
}
