//! Private keys from files of any usual form.

use std::path::Path;

use zeroize::Zeroizing;

use super::password::{Password, PasswordForm};
use super::password_encryption::Scheme;
use super::refusal::{Refusal, part};
use super::{PrivateKey, ber, pem_encryption};
use crate::cert::der::{self, Reader};
use crate::cert::der_writing;
use crate::cert::load::{plain_text, read_limited};
use crate::cert::{algorithm, pem};
use crate::error::Result;
use crate::limits::KEY_FILE_BYTES_MAX;

const OPERATION: &str = "load private key";

/// Reads the one private key of a file: PKCS #8 (plain or encrypted), PKCS #1 or SEC 1, as DER or PEM.
///
/// A caller need not know what wrote the file. The password is used where the key is encrypted and is not looked at where
/// it is not. Of encryption, PBES2 (RFC 8018) with AES-CBC, triple DES, DES or RC2 and PBKDF2 over SHA-1 to SHA-512 is
/// read, PBES1, the schemes of PKCS #12 (RFC 7292, appendix C) and the PEM headers of old OpenSSL.
///
/// # Errors
/// `auth` where the password is wrong (context `reason`: `wrong_password`) or there is none and it needs one
/// (`password_needed`); `certificate` where it is `damaged`, uses an `unsupported_algorithm` or is `over_limit`.
///
/// ```
/// use cmgateway::cert::load_private_key;
/// let error = load_private_key(b"no key", None).unwrap_err();
/// assert_eq!(error.to_string(), "could not load private key: it is neither DER nor PEM");
/// ```
pub fn load_private_key(source: &[u8], password: Option<&str>) -> Result<PrivateKey> {
    read(source, password).map_err(|refusal| refusal.into_error(OPERATION))
}

/// Reads the one private key of a file, as [`load_private_key`] does.
///
/// # Errors
/// `not_found` where there is no such file, `auth` where it may not be read, `unavailable` where the disk fails, and as
/// [`load_private_key`] says; the text names the file.
///
/// ```
/// use cmgateway::{ErrorKind, cert::load_private_key_file};
/// let error = load_private_key_file("no-such-file.key", None).unwrap_err();
/// assert_eq!(error.kind(), ErrorKind::NotFound);
/// ```
pub fn load_private_key_file(path: impl AsRef<Path>, password: Option<&str>) -> Result<PrivateKey> {
    let path = path.as_ref();
    read_limited(path)
        .map(Zeroizing::new)
        .and_then(|bytes| load_private_key(&bytes, password))
        .map_err(|error| error.during(format!("{OPERATION} from {}", path.display())))
}

fn read(source: &[u8], password: Option<&str>) -> Result<PrivateKey, Refusal> {
    if source.len() > KEY_FILE_BYTES_MAX {
        return Err(Refusal::TooMuch(format!("it has more than {KEY_FILE_BYTES_MAX} bytes")));
    }
    let mut password = Password::new(password)?;
    if source.first() == Some(&der::SEQUENCE) {
        return from_der(source, &mut password);
    }
    let text = plain_text(source).map_err(|error| Refusal::damaged(error.cause()))?;
    if !pem::is_armoured(&text) {
        return Err(Refusal::damaged("it is neither DER nor PEM"));
    }
    let mut found = pem::blocks(&text, |label| label.ends_with(b"PRIVATE KEY")).into_iter();
    let Some(block) = found.next() else {
        return Err(Refusal::damaged("it holds PEM, but no private key"));
    };
    if found.next().is_some() {
        return Err(Refusal::damaged("it holds more than one private key"));
    }
    let bytes = block.bytes.map(Zeroizing::new).map_err(Refusal::damaged)?;
    match pem_encryption::read(&block.headers)? {
        Some(encryption) => from_der(&encryption.open(&bytes, &mut password)?, &mut password),
        None => from_der(&bytes, &mut password),
    }
}

/// Tells the four structures apart by their first elements.
pub(super) fn from_der(bytes: &[u8], password: &mut Password) -> Result<PrivateKey, Refusal> {
    let der = ber::to_der(bytes)?;
    let mut outer = Reader::new(der::only(&der, der::SEQUENCE).map_err(part("outermost part"))?);
    let first = outer.any().map_err(part("first element"))?;
    match (first.tag, outer.peek()) {
        (der::SEQUENCE, Some(der::OCTET_STRING)) => Ok(from_encrypted(&der, password)?.0),
        (der::INTEGER, Some(der::SEQUENCE)) => PrivateKey::from_pkcs8(&der),
        (der::INTEGER, Some(der::INTEGER)) if is_dsa(outer) => {
            Err(Refusal::Unsupported("a DSA key that is not PKCS #8 is not supported".into()))
        }
        (der::INTEGER, Some(der::INTEGER)) => {
            // RFC 8017, A.1.1: NULL stands for no parameters.
            PrivateKey::from_pkcs8(&wrapped(&der_writing::algorithm(algorithm::RSA, &[5, 0]), &der))
        }
        (der::INTEGER, Some(der::OCTET_STRING)) => {
            outer.any()?;
            let curve = outer.optional(0xa0).map_err(part("curve"))?;
            let curve = curve.ok_or_else(|| Refusal::damaged("its EC key names no curve"))?;
            PrivateKey::from_pkcs8(&wrapped(&der_writing::algorithm(algorithm::EC, curve.content), &der))
        }
        _ => Err(Refusal::damaged("it is no private key")),
    }
}

/// An RSA key has eight more numbers, the form that OpenSSL has for DSA five.
fn is_dsa(mut rest: Reader<'_>) -> bool {
    (0..5).all(|_| rest.expect(der::INTEGER).is_ok()) && rest.is_empty()
}

fn wrapped(algorithm: &[u8], key: &[u8]) -> Zeroizing<Vec<u8>> {
    let key = Zeroizing::new(der_writing::octets(key));
    Zeroizing::new(der_writing::sequence(&[&[der::INTEGER, 1, 0], algorithm, &key]))
}

/// An EncryptedPrivateKeyInfo (RFC 5958, 3), DER in structure.
pub(super) fn from_encrypted(
    der: &[u8],
    password: &mut Password,
) -> Result<(PrivateKey, PasswordForm), Refusal> {
    let wrong = part("encrypted private key");
    let mut outer = Reader::new(der::only(der, der::SEQUENCE).map_err(&wrong)?);
    let scheme = Scheme::read(outer.expect(der::SEQUENCE).map_err(&wrong)?.content)?;
    let data = outer.expect(der::OCTET_STRING).map_err(&wrong)?.content;
    outer.end().map_err(&wrong)?;
    let (plain, form) = scheme.open(data, password)?;
    Ok((PrivateKey::from_pkcs8(&ber::to_der(&plain)?)?, form))
}
