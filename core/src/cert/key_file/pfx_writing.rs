//! PKCS #12 as we write it.

use std::num::NonZeroU32;

use aws_lc_rs::rand;
use zeroize::Zeroizing;

use super::cipher::Cipher;
use super::hash::{Hash, Purpose};
use super::p7b::DATA;
use super::password_encryption::{TRIPLE_DES, modern_algorithm};
use super::pfx::PfxKeyPair;
use super::pfx_bags::{BMP_STRING, CERTIFICATE_BAG, FRIENDLY_NAME, LOCAL_KEY_ID, SHROUDED_KEY_BAG, X509};
use super::pfx_structure::ENCRYPTED_DATA;
use crate::cert::der_writing::{algorithm, element, integer, octets, oid, sequence};
use crate::cert::{Certificate, der};
use crate::error::{Error, ErrorKind, Result};
use crate::limits::{PASSWORD_BYTES_MAX, PFX_BAGS_MAX, PFX_MODERN_ITERATIONS, PFX_WINDOWS_2016_ITERATIONS};

const OPERATION: &str = "write PFX";
const SHA1: &[u8] = &[0x2b, 14, 3, 2, 26];
const SHA256: &[u8] = &[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1];
const NULL: &[u8] = &[5, 0];

/// Who shall read the PFX.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PfxProfile {
    /// Triple DES and a SHA-1 MAC: everything since Windows XP, also Windows Server 2016, which refuses the other.
    Windows2016,
    /// AES-256 (PBES2, HMAC-SHA-256) and a SHA-256 MAC: Windows Server 2019 and later, OpenSSL, Java 8u301 and later.
    Modern,
}

impl PfxProfile {
    /// The word that Python and Lua use.
    pub fn as_str(self) -> &'static str {
        match self {
            PfxProfile::Windows2016 => "windows-2016",
            PfxProfile::Modern => "modern",
        }
    }
}

/// Writes a PKCS #12 file (RFC 7292) with keys, their certificates and further certificates, such as the chain.
///
/// Keys and certificates are both enciphered, the whole has a MAC. Key and certificate have the same local key id (the SHA-1
/// thumbprint) and friendly name, by which Windows and Java put them together.
///
/// # Errors
/// `config` where there is nothing to write, the password is empty or too long, a certificate is not for its key, or there
/// is too much.
///
/// ```
/// use cmgateway::cert::{PfxKeyPair, PfxProfile, DevelopmentPki, DevelopmentPkiOptions};
/// use cmgateway::cert::{load_pfx, load_private_key, write_pfx};
/// use time::macros::datetime;
/// let pki = DevelopmentPki::new(&DevelopmentPkiOptions::new(datetime!(2026-01-01 00:00 UTC)))?;
/// let server = pki.server();
/// let key = load_private_key(server.private_key_pem().expose().as_bytes(), None)?;
/// let pair = PfxKeyPair::new(server.certificate().clone(), key);
/// let pfx = write_pfx(&[pair], &server.chain()[1..], "correct horse", PfxProfile::Windows2016)?;
/// assert_eq!(load_pfx(&pfx, Some("correct horse"))?.certificates.len(), 2);
/// # Ok::<(), cmgateway::Error>(())
/// ```
pub fn write_pfx(
    key_pairs: &[PfxKeyPair],
    certificates: &[Certificate],
    password: &str,
    profile: PfxProfile,
) -> Result<Vec<u8>> {
    check(key_pairs, certificates, password)?;
    let writer = Writer::new(profile, password);
    let (mut key_bags, mut certificate_bags) = (Vec::new(), Vec::new());
    for pair in key_pairs {
        let names = names(pair);
        let (encryption, data) = writer.encrypt(pair.private_key.pkcs8())?;
        let key = sequence(&[&encryption, &octets(&data)]);
        key_bags.extend(bag(SHROUDED_KEY_BAG, &key, &names));
        certificate_bags.extend(certificate_bag(&pair.certificate, &names));
    }
    for certificate in certificates {
        certificate_bags.extend(certificate_bag(certificate, &[]));
    }
    let mut contents = Vec::new();
    if !certificate_bags.is_empty() {
        let (encryption, data) = writer.encrypt(&sequence(&[&certificate_bags]))?;
        let encrypted = sequence(&[&oid(DATA), &encryption, &element(0x80, &[&data])]);
        let encrypted = sequence(&[&integer(0), &encrypted]);
        contents.extend(sequence(&[&oid(ENCRYPTED_DATA), &element(0xa0, &[&encrypted])]));
    }
    if !key_bags.is_empty() {
        contents.extend(data_info(&sequence(&[&key_bags])));
    }
    let contents = sequence(&[&contents]);
    Ok(sequence(&[&integer(3), &data_info(&contents), &writer.mac(&contents)?]))
}

fn check(key_pairs: &[PfxKeyPair], certificates: &[Certificate], password: &str) -> Result<()> {
    let refuse = |cause: String| Err(Error::new(ErrorKind::Config, OPERATION, cause));
    let bags = key_pairs.len().saturating_mul(2).saturating_add(certificates.len());
    if !(1..=PFX_BAGS_MAX).contains(&bags) {
        return refuse(format!("it would have {bags} bags, 1 to {PFX_BAGS_MAX} are allowed"));
    }
    if !(1..=PASSWORD_BYTES_MAX).contains(&password.len()) {
        return refuse(format!("the password must have 1 to {PASSWORD_BYTES_MAX} bytes"));
    }
    for pair in key_pairs {
        if !pair.private_key.matches(&pair.certificate) {
            return refuse(format!("certificate {} is not for its key", pair.certificate.subject()));
        }
    }
    Ok(())
}

fn data_info(content: &[u8]) -> Vec<u8> {
    sequence(&[&oid(DATA), &element(0xa0, &[&octets(content)])])
}

/// The SET of attributes of a key and its certificate, as one element.
fn names(pair: &PfxKeyPair) -> Vec<u8> {
    let attribute = |kind, value: &[u8]| sequence(&[&oid(kind), &element(der::SET, &[value])]);
    let id = attribute(LOCAL_KEY_ID, &octets(Hash::Sha1.digest(&[pair.certificate.der()]).as_ref()));
    let friendly = pair.friendly_name.as_deref().map(|name| {
        let units: Vec<u8> = name.encode_utf16().flat_map(u16::to_be_bytes).collect();
        attribute(FRIENDLY_NAME, &element(BMP_STRING, &[&units]))
    });
    // DER sorts a set (X.690, 11.6); the shorter tag-and-length comes first where the contents differ in length.
    let mut all = vec![id];
    all.extend(friendly);
    all.sort();
    let all: Vec<&[u8]> = all.iter().map(Vec::as_slice).collect();
    element(der::SET, &all)
}

fn bag(kind: &[u8], value: &[u8], names: &[u8]) -> Vec<u8> {
    sequence(&[&oid(kind), &element(0xa0, &[value]), names])
}

fn certificate_bag(certificate: &Certificate, names: &[u8]) -> Vec<u8> {
    let value = sequence(&[&oid(X509), &element(0xa0, &[&octets(certificate.der())])]);
    bag(CERTIFICATE_BAG, &value, names)
}

/// A profile with a password.
struct Writer<'a> {
    profile: PfxProfile,
    iterations: NonZeroU32,
    narrow: &'a [u8],
    wide: Zeroizing<Vec<u8>>,
}

impl<'a> Writer<'a> {
    fn new(profile: PfxProfile, password: &'a str) -> Self {
        let iterations = match profile {
            PfxProfile::Windows2016 => PFX_WINDOWS_2016_ITERATIONS,
            PfxProfile::Modern => PFX_MODERN_ITERATIONS,
        };
        Writer {
            profile,
            iterations: NonZeroU32::new(iterations).unwrap_or(NonZeroU32::MIN),
            narrow: password.as_bytes(),
            wide: super::password::wide(password.encode_utf16(), password.len()),
        }
    }

    /// An AlgorithmIdentifier and what is enciphered with it, under a salt of its own.
    fn encrypt(&self, plain: &[u8]) -> Result<(Vec<u8>, Vec<u8>)> {
        let (salt, rounds) = (random::<16>()?, self.iterations.get());
        let (scheme, data) = match self.profile {
            PfxProfile::Windows2016 => {
                // Windows writes 8 bytes of salt for these.
                let salt = random::<8>()?;
                let derive = |purpose, length| {
                    Hash::Sha1.pkcs12_kdf(purpose, &self.wide, &salt, self.iterations, length)
                };
                let (key, iv) = (derive(Purpose::Key, 24), derive(Purpose::Iv, 8));
                let parameters = sequence(&[&octets(&salt), &integer(rounds)]);
                (algorithm(TRIPLE_DES, &parameters), Cipher::TripleDes3.encrypt(&key, &iv, plain))
            }
            PfxProfile::Modern => {
                let iv = random::<16>()?;
                let key = Hash::Sha256.pbkdf2(self.narrow, &salt, self.iterations, 32);
                (modern_algorithm(&salt, rounds, &iv), Cipher::Aes256.encrypt(&key, &iv, plain))
            }
        };
        Ok((scheme, data.ok_or_else(|| internal("the cipher failed"))?))
    }

    /// MacData over the authenticated contents.
    fn mac(&self, contents: &[u8]) -> Result<Vec<u8>> {
        let salt = random::<16>()?;
        let (hash, kind) = match self.profile {
            PfxProfile::Windows2016 => (Hash::Sha1, SHA1),
            PfxProfile::Modern => (Hash::Sha256, SHA256),
        };
        let length = hash.output_length();
        let key = hash.pkcs12_kdf(Purpose::Mac, &self.wide, &salt, self.iterations, length);
        let value = hash.hmac(&key, &[contents]);
        let info = sequence(&[&algorithm(kind, NULL), &octets(value.as_ref())]);
        Ok(sequence(&[&info, &octets(&salt), &integer(self.iterations.get())]))
    }
}

fn random<const LENGTH: usize>() -> Result<[u8; LENGTH]> {
    let mut bytes = [0; LENGTH];
    rand::fill(&mut bytes).map_err(|_| internal("the system gives no random numbers"))?;
    Ok(bytes)
}

fn internal(cause: &str) -> Error {
    Error::new(ErrorKind::Internal, OPERATION, cause)
}
