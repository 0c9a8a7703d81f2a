//! Certificates of our own making, for rehearsals.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer,
    KeyPair, KeyUsagePurpose, SanType,
};
use time::{Duration, OffsetDateTime};

use super::{Certificate, KeyKind};
use crate::Secret;
use crate::error::{Error, ErrorKind, Result};
use crate::limits::DEVELOPMENT_SUB_CAS_MAX;

const OPERATION: &str = "make development PKI";
// X.520, ub-common-name: a longer one is refused by Windows.
const COMMON_NAME_CHARS_MAX: usize = 64;

/// What a [`DevelopmentPki`] is to hold.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct DevelopmentPkiOptions {
    /// The organisation in every name; "Contoso" gives "Contoso Root CA".
    pub organization: String,
    /// How many issuing authorities there are under the root.
    pub sub_cas: usize,
    /// The kind of every key.
    pub key: KeyKind,
    /// The first second of validity.
    pub not_before: OffsetDateTime,
    /// Days of validity, the same for every certificate.
    pub days: u32,
    /// DNS names and IP addresses of the server; the first one is its common name too.
    pub server_names: Vec<String>,
    /// Common name of the client.
    pub client_name: String,
}

impl DevelopmentPkiOptions {
    /// Contoso with two issuing authorities, P-256 keys and `localhost`, valid for a year from `now`.
    pub fn new(now: OffsetDateTime) -> Self {
        DevelopmentPkiOptions {
            organization: "Contoso".into(),
            sub_cas: 2,
            key: KeyKind::EcP256,
            not_before: now,
            days: 365,
            server_names: vec!["localhost".into(), "127.0.0.1".into(), "::1".into()],
            client_name: "client1.contoso.com".into(),
        }
    }
}

/// A certificate with its private key and the certificates above it.
#[derive(Clone, Debug)]
pub struct IssuedCertificate {
    certificate: Certificate,
    private_key_pem: Secret,
    chain: Vec<Certificate>,
}

impl IssuedCertificate {
    /// The certificate.
    pub fn certificate(&self) -> &Certificate {
        &self.certificate
    }

    /// The certificate as PEM text.
    pub fn certificate_pem(&self) -> String {
        self.certificate.to_pem()
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
}

/// A small enterprise PKI for rehearsals: a root, sub-CAs, a server and a client certificate.
///
/// The first issuing authority signs the server and the client. Nothing here is for production: the keys of the
/// authorities are in the memory, and in the case of server and client on the disk, of one machine.
///
/// ```
/// use cmgateway::cert::{DevelopmentPki, DevelopmentPkiOptions};
/// use time::macros::datetime;
/// let pki = DevelopmentPki::new(&DevelopmentPkiOptions::new(datetime!(2026-01-01 00:00 UTC)))?;
/// assert_eq!(pki.root().certificate().subject(), "CN=Contoso Root CA,O=Contoso");
/// assert_eq!(pki.sub_cas().len(), 2);
/// # Ok::<(), cmgateway::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct DevelopmentPki {
    root: IssuedCertificate,
    sub_cas: Vec<IssuedCertificate>,
    server: IssuedCertificate,
    client: IssuedCertificate,
}

impl DevelopmentPki {
    /// Makes every key and certificate.
    ///
    /// # Errors
    /// `config` where an option is out of range or a name cannot stand in a certificate.
    pub fn new(options: &DevelopmentPkiOptions) -> Result<Self> {
        let names = server_names(options)?;
        if !(1..=DEVELOPMENT_SUB_CAS_MAX).contains(&options.sub_cas) {
            let cause =
                format!("there must be 1 to {DEVELOPMENT_SUB_CAS_MAX} sub-CAs, not {}", options.sub_cas);
            return Err(refuse(cause));
        }
        let draft = Draft::new(options)?;
        let organization = &options.organization;
        let root_name = format!("{organization} Root CA");
        let root = Authority::new(options, draft.authority(&root_name, None)?, None)?;
        let first_name = format!("{organization} Issuing CA 1");
        let first = Authority::new(options, draft.authority(&first_name, Some(0))?, Some(&root))?;
        let mut sub_cas = vec![first.issued.clone()];
        for number in 2..=options.sub_cas {
            let name = format!("{organization} Issuing CA {number}");
            sub_cas.push(Authority::new(options, draft.authority(&name, Some(0))?, Some(&root))?.issued);
        }
        let server_name = options.server_names.first().map_or("", |name| name);
        let mut server = draft.owner(server_name, ExtendedKeyUsagePurpose::ServerAuth)?;
        server.subject_alt_names = names;
        let mut client = draft.owner(&options.client_name, ExtendedKeyUsagePurpose::ClientAuth)?;
        client.subject_alt_names = alternative_name(&options.client_name).into_iter().collect();
        Ok(DevelopmentPki {
            server: issue(server, &new_key(options.key)?, Some(&first))?,
            client: issue(client, &new_key(options.key)?, Some(&first))?,
            root: root.issued,
            sub_cas,
        })
    }

    /// The root: what instances and the site must trust.
    pub fn root(&self) -> &IssuedCertificate {
        &self.root
    }

    /// The issuing authorities; their thumbprints go to the site.
    pub fn sub_cas(&self) -> &[IssuedCertificate] {
        &self.sub_cas
    }

    /// The gateway's certificate, for `serverAuth`.
    pub fn server(&self) -> &IssuedCertificate {
        &self.server
    }

    /// A client's certificate, for `clientAuth`.
    pub fn client(&self) -> &IssuedCertificate {
        &self.client
    }

    /// Writes `root.cer`, `subca1.cer`… (DER), `server.pem` and `client.pem` (the chain without the root), `server.key` and
    /// `client.key` (for the owner only), and gives their paths; the folder is made where it is missing.
    ///
    /// # Errors
    /// `conflict` where one of the files exists, `auth` where the folder may not be written, `unavailable` where the disk
    /// fails. After an error none of the new files is left.
    pub fn write_to(&self, dir: impl AsRef<Path>) -> Result<Vec<PathBuf>> {
        let dir = dir.as_ref();
        std::fs::create_dir_all(dir).map_err(|error| cannot_write(dir, error))?;
        let mut files = vec![("root.cer".to_owned(), self.root.certificate.der().to_vec(), false)];
        for (sub_ca, number) in self.sub_cas.iter().zip(1_usize..) {
            files.push((format!("subca{number}.cer"), sub_ca.certificate.der().to_vec(), false));
        }
        let mut written = Vec::with_capacity(files.len().saturating_add(4));
        let owners = [(&self.server, "server"), (&self.client, "client")];
        let keys =
            owners.map(|(owner, name)| (format!("{name}.key"), owner.private_key_pem.expose().as_bytes()));
        files.extend(
            owners.map(|(owner, name)| (format!("{name}.pem"), owner.chain_pem().into_bytes(), false)),
        );
        let all = files.iter().map(|(name, bytes, private)| (name, bytes.as_slice(), *private));
        for (name, bytes, private) in all.chain(keys.iter().map(|(name, bytes)| (name, *bytes, true))) {
            let path = dir.join(name);
            if let Err(error) = write_new(&path, bytes, private) {
                // Half a PKI helps nobody, and would stand in the way of the next attempt.
                if error.kind() != io::ErrorKind::AlreadyExists {
                    let _ = std::fs::remove_file(&path);
                }
                written.iter().for_each(|path| drop(std::fs::remove_file(path)));
                return Err(cannot_write(&path, error));
            }
            written.push(path);
        }
        Ok(written)
    }
}

/// An authority while it can still sign.
struct Authority {
    issued: IssuedCertificate,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    fn new(
        options: &DevelopmentPkiOptions,
        draft: CertificateParams,
        above: Option<&Authority>,
    ) -> Result<Self> {
        let key = new_key(options.key)?;
        let issued = issue(draft.clone(), &key, above)?;
        Ok(Authority { issued, issuer: Issuer::new(draft, key) })
    }
}

/// What all certificates of one PKI share.
struct Draft {
    organization: String,
    not_before: OffsetDateTime,
    not_after: OffsetDateTime,
}

impl Draft {
    fn new(options: &DevelopmentPkiOptions) -> Result<Self> {
        let not_before = options.not_before.replace_nanosecond(0).unwrap_or(options.not_before);
        let not_after = not_before.checked_add(Duration::days(i64::from(options.days)));
        match not_after {
            Some(not_after) if options.days > 0 => {
                Ok(Draft { organization: options.organization.clone(), not_before, not_after })
            }
            _ => Err(refuse(format!("{} days of validity are not possible", options.days))),
        }
    }

    fn params(&self, common_name: &str) -> Result<CertificateParams> {
        let length = common_name.chars().count();
        if !(1..=COMMON_NAME_CHARS_MAX).contains(&length) {
            let cause = format!(
                "the name {common_name:?} has {length} characters, 1 to {COMMON_NAME_CHARS_MAX} are allowed"
            );
            return Err(refuse(cause));
        }
        let mut params = CertificateParams::default();
        params.distinguished_name = DistinguishedName::new();
        params.distinguished_name.push(DnType::OrganizationName, self.organization.as_str());
        params.distinguished_name.push(DnType::CommonName, common_name);
        (params.not_before, params.not_after) = (self.not_before, self.not_after);
        Ok(params)
    }

    fn authority(&self, common_name: &str, path_length: Option<u8>) -> Result<CertificateParams> {
        let mut params = self.params(common_name)?;
        params.is_ca =
            IsCa::Ca(path_length.map_or(BasicConstraints::Unconstrained, BasicConstraints::Constrained));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        Ok(params)
    }

    fn owner(&self, common_name: &str, purpose: ExtendedKeyUsagePurpose) -> Result<CertificateParams> {
        let mut params = self.params(common_name)?;
        // Explicit, so that it gets a subject key identifier as well.
        params.is_ca = IsCa::ExplicitNoCa;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::KeyEncipherment];
        params.extended_key_usages = vec![purpose];
        Ok(params)
    }
}

fn issue(
    mut params: CertificateParams,
    key: &KeyPair,
    above: Option<&Authority>,
) -> Result<IssuedCertificate> {
    params.use_authority_key_identifier_extension = above.is_some();
    let made = match above {
        Some(authority) => params.signed_by(key, &authority.issuer),
        None => params.self_signed(key),
    };
    let made = made.map_err(|error| refuse(error.to_string()).with_source(error))?;
    let certificate = Certificate::from_der(made.der())?;
    let mut chain = vec![certificate.clone()];
    chain.extend(above.into_iter().flat_map(|authority| authority.issued.chain.iter().cloned()));
    Ok(IssuedCertificate { certificate, private_key_pem: Secret::new(key.serialize_pem()), chain })
}

fn new_key(kind: KeyKind) -> Result<KeyPair> {
    let made = match kind {
        KeyKind::EcP256 => KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256),
        _ => KeyPair::generate_for(&rcgen::PKCS_RSA_SHA256),
    };
    made.map_err(|error| Error::new(ErrorKind::Internal, OPERATION, error.to_string()).with_source(error))
}

fn server_names(options: &DevelopmentPkiOptions) -> Result<Vec<SanType>> {
    if options.server_names.is_empty() {
        return Err(refuse("the server has no name"));
    }
    let wrong = |name: &String| refuse(format!("{name:?} is neither a DNS name nor an IP address"));
    options.server_names.iter().map(|name| alternative_name(name).ok_or_else(|| wrong(name))).collect()
}

fn alternative_name(name: &str) -> Option<SanType> {
    if let Ok(address) = name.parse::<IpAddr>() {
        return Some(SanType::IpAddress(address));
    }
    let label = |label: &str| {
        let allowed = label.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
        (1..=63).contains(&label.len()) && allowed && !label.starts_with('-') && !label.ends_with('-')
    };
    let labels = name.strip_prefix("*.").unwrap_or(name);
    if name.len() > 253 || !labels.split('.').all(label) {
        return None;
    }
    name.try_into().ok().map(SanType::DnsName)
}

fn refuse(cause: impl Into<String>) -> Error {
    Error::new(ErrorKind::Config, OPERATION, cause)
}

fn write_new(path: &Path, bytes: &[u8], private: bool) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    if private {
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    }
    #[cfg(not(unix))]
    let _ = private;
    options.open(path)?.write_all(bytes)
}

fn cannot_write(path: &Path, error: io::Error) -> Error {
    let (kind, cause) = match error.kind() {
        io::ErrorKind::AlreadyExists => (ErrorKind::Conflict, "it exists already".to_owned()),
        io::ErrorKind::PermissionDenied => (ErrorKind::Auth, "it may not be written".to_owned()),
        _ => (ErrorKind::Unavailable, error.to_string()),
    };
    Error::new(kind, format!("write {}", path.display()), cause).with_source(error)
}
