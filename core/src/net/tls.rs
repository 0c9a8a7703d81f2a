//! The one place that builds TLS settings.
//!
//! The crypto provider is handed over explicitly every time: a process-wide default would be a decision for the
//! program that embeds this library, not for the library.

use std::fmt;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::client::WantsClientCert;
use rustls::client::danger::ServerCertVerifier;
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{ClientConfig, ConfigBuilder, ServerConfig, WantsVerifier};
use rustls_platform_verifier::BuilderVerifierExt;
use time::OffsetDateTime;
use zeroize::Zeroizing;

use super::store_key;
use super::tls_verifier::{PeerVerifierOptions, ServerVerifier};
use crate::cert::{Certificate, StorePath, VerifierOptions, load_cer, load_cer_file};
use crate::error::{Error, ErrorKind, Result};
use crate::limits::{CERTIFICATE_FILE_BYTES_MAX, CERTIFICATES_PER_FILE_MAX};

/// Which issuers a server's certificate may chain to.
///
/// ```
/// use cmgateway::net::TrustedRoots;
/// let roots = TrustedRoots::File("contoso-root.pem".into());
/// assert_ne!(roots, TrustedRoots::default());
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum TrustedRoots {
    /// What the operating system trusts.
    #[default]
    System,
    /// Only the certificates of this file, PEM or DER; the system's roots do not count.
    File(PathBuf),
    /// Only these certificates, PEM or DER; the system's roots do not count.
    Pem(Vec<u8>),
}

/// PEM text of a certificate chain or of a private key: in a file, or in memory.
///
/// On Windows the path of a certificate in a store (`Cert:\LocalMachine\My\THUMBPRINT`) may stand for the file of the chain,
/// and then for that of the key too: the key signs where it lies, whether it may be exported or not.
///
/// It prints the file name or the word `bytes`, never the content, which may be a key.
///
/// ```
/// use cmgateway::net::PemSource;
/// assert_eq!(format!("{:?}", PemSource::bytes("-----BEGIN PRIVATE KEY-----")), "PemSource(bytes)");
/// ```
#[derive(Clone)]
#[non_exhaustive]
pub enum PemSource {
    /// The file to read it from.
    File(PathBuf),
    /// The text itself; wiped when it is dropped.
    Bytes(Zeroizing<Vec<u8>>),
}

impl PemSource {
    /// Takes the text over.
    pub fn bytes(text: impl Into<Vec<u8>>) -> Self {
        PemSource::Bytes(Zeroizing::new(text.into()))
    }

    /// The certificates of a chain, PEM or DER.
    pub(crate) fn certificates(&self) -> Result<Vec<Certificate>> {
        let read = match self {
            PemSource::File(path) => load_cer_file(path),
            PemSource::Bytes(bytes) => load_cer(bytes),
        };
        read.map_err(|error| error.during(format!("read certificate {self}")))
    }

    /// The place in a certificate store of Windows, where that is what is named.
    fn store(&self) -> Option<Result<StorePath>> {
        match self {
            PemSource::File(path) => StorePath::of(path),
            PemSource::Bytes(_) => None,
        }
    }

    /// The certificates of a chain as they go over the wire; those of a store with their issuers, as the system knows them.
    fn chain(&self, operation: &str) -> Result<Vec<CertificateDer<'static>>> {
        match self.store() {
            Some(store) => store_key::chain(&store?),
            None => certificates(&self.read()?, operation),
        }
    }

    fn read(&self) -> Result<Zeroizing<Vec<u8>>> {
        match self {
            PemSource::File(path) => read_file(path),
            PemSource::Bytes(bytes) => Ok(bytes.clone()),
        }
    }
}

impl From<PathBuf> for PemSource {
    fn from(path: PathBuf) -> Self {
        PemSource::File(path)
    }
}

impl fmt::Debug for PemSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PemSource({self})")
    }
}

impl fmt::Display for PemSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PemSource::File(path) => write!(f, "{}", path.display()),
            PemSource::Bytes(_) => f.write_str("bytes"),
        }
    }
}

/// What a client shows of itself within the TLS handshake.
#[derive(Clone, Debug)]
pub(crate) struct ClientIdentity {
    /// The client's certificate, then its intermediates, PEM.
    pub(crate) chain: PemSource,
    /// The private key of the first certificate, PEM, not encrypted.
    pub(crate) key: PemSource,
}

/// TLS settings of a client: TLS 1.2 and 1.3, HTTP/2 and HTTP/1.1.
pub(crate) fn client_config(roots: &TrustedRoots, identity: Option<&ClientIdentity>) -> Result<ClientConfig> {
    client_config_of(provider(), roots, identity)
}

/// The same with ciphers in an order of one's own.
pub(super) fn client_config_of(
    provider: Arc<CryptoProvider>,
    roots: &TrustedRoots,
    identity: Option<&ClientIdentity>,
) -> Result<ClientConfig> {
    let builder = client_builder(provider)?;
    let builder = match roots {
        TrustedRoots::System => builder
            .with_platform_verifier()
            .map_err(|error| tls_error("read the trusted roots of the system", &error))?,
        TrustedRoots::File(path) => own_roots(builder, roots_of_file(path)?)?,
        TrustedRoots::Pem(bytes) => own_roots(builder, read_roots(bytes, "bytes")?)?,
    };
    let mut config = match identity {
        None => builder.with_no_client_auth(),
        Some(ClientIdentity { chain, key }) => {
            let pair = certified_key(chain, key, "client ")?;
            builder.with_client_cert_resolver(Arc::new(SingleCertAndKey::from(pair)))
        }
    };
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

/// TLS settings of a server that asks for no client certificate: TLS 1.2 and 1.3, HTTP/2 and HTTP/1.1.
pub(crate) fn server_config(chain: &PemSource, key: &PemSource) -> Result<Arc<ServerConfig>> {
    let pair = certified_key(chain, key, "server ")?;
    let mut config = ServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .map_err(|error| tls_error("set up TLS", &error))?
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(SingleCertAndKey::from(pair)));
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

/// A chain, and the key of its first certificate; `whose` goes before the word certificate in errors.
pub(super) fn certified_key(chain: &PemSource, key: &PemSource, whose: &str) -> Result<CertifiedKey> {
    let certificates = chain.chain(&format!("read {whose}certificate {chain}"))?;
    if let Some(store) = key.store() {
        let signing_key = store_key::signing_key(&store?)?;
        return Ok(CertifiedKey::new(certificates, signing_key));
    }
    let private_key = private_key(&key.read()?, &format!("read {whose}key {key}"))?;
    CertifiedKey::from_der(certificates, private_key, &provider())
        .map_err(|error| unusable_pair(error, chain, key))
}

fn unusable_pair(error: rustls::Error, chain: &PemSource, key: &PemSource) -> Error {
    match error {
        rustls::Error::InconsistentKeys(_) => Error::new(
            ErrorKind::Certificate,
            "set up TLS",
            format!("the key {key} does not belong to the first certificate of {chain}"),
        ),
        other => tls_error("set up TLS", &other),
    }
}

pub(super) fn provider() -> Arc<CryptoProvider> {
    Arc::new(aws_lc_rs::default_provider())
}

pub(super) fn client_builder(
    provider: Arc<CryptoProvider>,
) -> Result<ConfigBuilder<ClientConfig, WantsVerifier>> {
    ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| tls_error("set up TLS", &error))
}

type RootsChosen = ConfigBuilder<ClientConfig, WantsClientCert>;

/// The certificates that are trusted; nothing where that is the system's business.
pub(crate) fn root_certificates(roots: &TrustedRoots) -> Result<Option<Vec<Certificate>>> {
    match roots {
        TrustedRoots::System => Ok(None),
        TrustedRoots::File(path) => roots_of_file(path).map(Some),
        TrustedRoots::Pem(bytes) => read_roots(bytes, "bytes").map(Some),
    }
}

/// Asks the system whether it trusts a server's certificate for a name at a moment.
pub(crate) fn system_trusts(
    chain: &[CertificateDer<'_>],
    name: &ServerName<'_>,
    at: UnixTime,
) -> Result<std::result::Result<(), rustls::Error>> {
    let verifier = rustls_platform_verifier::Verifier::new(provider())
        .map_err(|error| tls_error("read the trusted roots of the system", &error))?;
    let Some((leaf, others)) = chain.split_first() else {
        return Ok(Err(rustls::Error::NoCertificatesPresented));
    };
    Ok(verifier.verify_server_cert(leaf, others, name, &[], at).map(drop))
}

fn roots_of_file(path: &Path) -> Result<Vec<Certificate>> {
    match StorePath::of(path) {
        Some(store) => store?.certificates(),
        None => read_roots(&read_file(path)?, &path.display().to_string()),
    }
}

fn read_roots(bytes: &[u8], name: &str) -> Result<Vec<Certificate>> {
    let operation = format!("read trusted roots {name}");
    let mut roots = Vec::new();
    for (at, certificate) in certificates(bytes, &operation)?.iter().enumerate() {
        let place = || format!("certificate {}", at.saturating_add(1));
        let read = Certificate::from_der(certificate).map_err(|error| {
            Error::new(ErrorKind::Certificate, &operation, format!("{}: {}", place(), error.cause()))
        })?;
        roots.push(read);
    }
    Ok(roots)
}

/// Servers of these roots only, by our own validator, so that there is one trust decision in the library.
fn own_roots(
    builder: ConfigBuilder<ClientConfig, WantsVerifier>,
    roots: Vec<Certificate>,
) -> Result<RootsChosen> {
    let mut trust = VerifierOptions::new(roots, OffsetDateTime::UNIX_EPOCH);
    // Who names an issuing authority here means it.
    trust.partial_chain = Some(true);
    let servers = ServerVerifier::new(trust, 1, PeerVerifierOptions::new())?;
    Ok(builder.dangerous().with_custom_certificate_verifier(Arc::new(servers)))
}

/// The certificates of a PEM text, or the one of a DER file.
pub(super) fn certificates(bytes: &[u8], operation: &str) -> Result<Vec<CertificateDer<'static>>> {
    let refuse = |cause: String| Error::new(ErrorKind::Certificate, operation, cause);
    if bytes.is_empty() {
        return Err(refuse("it is empty".into()));
    }
    // A DER certificate is one SEQUENCE; PEM text never starts with its tag.
    if bytes.first() == Some(&0x30) {
        return Ok(vec![CertificateDer::from(bytes.to_vec())]);
    }
    let mut found = Vec::new();
    for certificate in CertificateDer::pem_slice_iter(bytes) {
        found.push(certificate.map_err(|error| refuse(format!("it is not well-formed PEM: {error}")))?);
        if found.len() > CERTIFICATES_PER_FILE_MAX {
            return Err(refuse(format!("it holds more than {CERTIFICATES_PER_FILE_MAX} certificates")));
        }
    }
    if found.is_empty() { Err(refuse("there is no certificate in it".into())) } else { Ok(found) }
}

pub(super) fn private_key(bytes: &[u8], operation: &str) -> Result<PrivateKeyDer<'static>> {
    let refuse = |cause: &str| Error::new(ErrorKind::Certificate, operation, cause);
    if bytes.is_empty() {
        return Err(refuse("it is empty"));
    }
    let contains = |mark: &str| bytes.windows(mark.len()).any(|window| window == mark.as_bytes());
    if contains("BEGIN ENCRYPTED PRIVATE KEY") || contains("Proc-Type: 4,ENCRYPTED") {
        return Err(refuse(
            "the key is encrypted; store it without a password, readable by the service only",
        ));
    }
    // The PEM error is left out: it could quote a piece of the key.
    PrivateKeyDer::from_pem_slice(bytes).map_err(|_| refuse("there is no PEM private key in it"))
}

fn read_file(path: &Path) -> Result<Zeroizing<Vec<u8>>> {
    let operation = format!("read {}", path.display());
    let failed = |error: std::io::Error| {
        let kind = match error.kind() {
            std::io::ErrorKind::NotFound => ErrorKind::NotFound,
            std::io::ErrorKind::PermissionDenied => ErrorKind::Auth,
            _ => ErrorKind::Unavailable,
        };
        Error::new(kind, &operation, error.to_string()).with_source(error)
    };
    // Opening a pipe would wait for its other end.
    if !std::fs::metadata(path).map_err(failed)?.is_file() {
        let cause = "it is not a file with content: a folder, a pipe, a socket or a device";
        return Err(Error::new(ErrorKind::Config, operation, cause));
    }
    let file = std::fs::File::open(path).map_err(failed)?;
    let mut bytes = Zeroizing::new(Vec::new());
    file.take(CERTIFICATE_FILE_BYTES_MAX as u64 + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() > CERTIFICATE_FILE_BYTES_MAX {
        let cause = format!("the file has more than {CERTIFICATE_FILE_BYTES_MAX} bytes");
        return Err(Error::new(ErrorKind::Config, operation, cause));
    }
    Ok(bytes)
}

pub(super) fn tls_error(operation: &str, error: &rustls::Error) -> Error {
    Error::new(ErrorKind::Certificate, operation, error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair() -> (String, String) {
        let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
        (made.cert.pem(), made.signing_key.serialize_pem())
    }

    fn refusal(chain: &str, key: &str) -> String {
        server_config(&PemSource::bytes(chain), &PemSource::bytes(key)).unwrap_err().to_string()
    }

    #[test]
    fn server_settings_take_a_matching_pair_only() {
        let ((chain, key), (_, other_key)) = (pair(), pair());
        server_config(&PemSource::bytes(chain.as_str()), &PemSource::bytes(key.as_str())).unwrap();
        assert_eq!(
            refusal(&chain, &other_key),
            "could not set up TLS: the key bytes does not belong to the first certificate of bytes"
        );
    }

    #[test]
    fn refusals_say_what_is_wrong_with_the_file() {
        let (chain, key) = pair();
        assert_eq!(refusal("", &key), "could not read server certificate bytes: it is empty");
        assert_eq!(refusal(&chain, ""), "could not read server key bytes: it is empty");
        assert_eq!(
            refusal(&chain, &chain),
            "could not read server key bytes: there is no PEM private key in it"
        );
        assert_eq!(
            refusal(&key, &key),
            "could not read server certificate bytes: there is no certificate in it"
        );
        let encrypted = key.replace("BEGIN PRIVATE", "BEGIN ENCRYPTED PRIVATE");
        assert!(refusal(&chain, &encrypted).contains("the key is encrypted"));
        let missing = client_config(&TrustedRoots::File("no-such-file.pem".into()), None).unwrap_err();
        assert_eq!(missing.kind(), ErrorKind::NotFound);
    }

    #[test]
    fn own_roots_are_read_as_pem_and_as_der() {
        let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
        client_config(&TrustedRoots::Pem(made.cert.pem().into_bytes()), None).unwrap();
        client_config(&TrustedRoots::Pem(made.cert.der().to_vec()), None).unwrap();
        client_config(&TrustedRoots::System, None).unwrap();
    }
}
