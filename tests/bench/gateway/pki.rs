//! Certificates of one kind of key for everybody, and a long revocation list.

use std::path::Path;

use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose, IsCa, Issuer, KeyIdMethod, KeyPair, KeyUsagePurpose, PKCS_ECDSA_P256_SHA256,
    PKCS_RSA_SHA256, RevokedCertParams, SerialNumber,
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use time::OffsetDateTime;

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Keys {
    P256,
    Rsa2048,
}

/// What clients are made from; the files of servers lie in the folder.
pub(crate) struct Pki {
    pub(crate) root: CertificateDer<'static>,
    issuing: Issuer<'static, KeyPair>,
    client_key: KeyPair,
}

fn owner(name: &str, hosts: &[&str]) -> CertificateParams {
    let hosts: Vec<String> = hosts.iter().map(|host| (*host).to_owned()).collect();
    let usage = if hosts.is_empty() {
        ExtendedKeyUsagePurpose::ClientAuth
    } else {
        ExtendedKeyUsagePurpose::ServerAuth
    };
    let mut params = CertificateParams::new(hosts).unwrap();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params.not_before = OffsetDateTime::now_utc() - time::Duration::DAY;
    params.not_after = OffsetDateTime::now_utc() + time::Duration::days(30);
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![usage];
    params.use_authority_key_identifier_extension = true;
    params.is_ca = IsCa::ExplicitNoCa;
    params
}

fn authority(name: &str) -> CertificateParams {
    let mut params = owner(name, &[]);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.extended_key_usages.clear();
    params
}

fn key(keys: Keys) -> KeyPair {
    let algorithm = if keys == Keys::P256 { &PKCS_ECDSA_P256_SHA256 } else { &PKCS_RSA_SHA256 };
    KeyPair::generate_for(algorithm).unwrap()
}

fn write(folder: &Path, name: &str, text: &str) {
    std::fs::write(folder.join(name), text).unwrap();
}

impl Pki {
    /// Writes certificates and keys into the folder; with entries above zero, lists of revoked ones too.
    pub(crate) fn new(folder: &Path, keys: Keys, revoked: usize) -> Self {
        let root_key = key(keys);
        let root_params = authority("Bench root");
        let root_cert = root_params.self_signed(&root_key).unwrap();
        let root = Issuer::new(root_params, root_key);
        let issuing_key = key(keys);
        let issuing_params = authority("Bench issuing");
        let issuing_cert = issuing_params.signed_by(&issuing_key, &root).unwrap();
        let issuing = Issuer::new(issuing_params, issuing_key);
        for (name, hosts) in
            [("server", &["localhost", "127.0.0.1"][..]), ("connection-point", &[]), ("inside-client", &[])]
        {
            let key = key(keys);
            write(folder, &format!("{name}.pem"), &owner(name, hosts).signed_by(&key, &root).unwrap().pem());
            write(folder, &format!("{name}.key"), &key.serialize_pem());
        }
        write(folder, "root.pem", &root_cert.pem());
        write(folder, "issuing.pem", &issuing_cert.pem());
        write(folder, "both.pem", &(root_cert.pem() + &issuing_cert.pem()));
        if revoked > 0 {
            let lists = [list(&issuing, revoked), list(&root, 1)];
            write(folder, "crl1.pem", &lists[0]);
            write(folder, "crl2.pem", &lists[1]);
            write(folder, "crls.pem", &lists.concat());
        }
        let root = root_cert.der().clone();
        Pki { root, issuing, client_key: key(keys) }
    }

    /// A client of this name.
    pub(crate) fn client(&self, name: &str) -> (CertificateDer<'static>, PrivateKeyDer<'static>) {
        let certificate = owner(name, &[]).signed_by(&self.client_key, &self.issuing).unwrap().der().clone();
        (certificate, PrivatePkcs8KeyDer::from(self.client_key.serialize_der()).into())
    }
}

fn list(issuer: &Issuer<'static, KeyPair>, count: usize) -> String {
    let now = OffsetDateTime::now_utc();
    let revoked = |number: usize| {
        let [.., a, b, c, d] = (number as u64).to_be_bytes();
        RevokedCertParams {
            serial_number: SerialNumber::from_slice(&[0x22, a, b, c, d, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]),
            revocation_time: now - time::Duration::DAY,
            reason_code: None,
            invalidity_date: None,
        }
    };
    let params = CertificateRevocationListParams {
        this_update: now - time::Duration::DAY,
        next_update: now + time::Duration::days(20),
        crl_number: SerialNumber::from(1_u64),
        issuing_distribution_point: None,
        revoked_certs: (0..count).map(revoked).collect(),
        key_identifier_method: KeyIdMethod::Sha256,
    };
    params.signed_by(issuer).unwrap().pem().unwrap()
}
