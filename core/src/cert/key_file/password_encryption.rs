//! Encryption with a password: PBES1 and PBES2 (RFC 8018), and the schemes of PKCS #12 (RFC 7292, C).

use std::num::NonZeroU32;

use zeroize::Zeroizing;

use super::ber;
use super::cipher::Cipher;
use super::hash::{Hash, Purpose};
use super::password::{Attempt, Password, PasswordForm};
use super::pbkdf2::{PBKDF2, Pbkdf2, check_salt, iterations, small_number, spend};
use super::refusal::Refusal;
use super::scrypt::{SCRYPT, Scrypt};
use crate::cert::der::{self, Reader};
use crate::cert::der_writing;

pub(super) const PBES2: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 5, 13];
pub(super) const AES_256_CBC: &[u8] = &[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 1, 42];
pub(super) const HMAC_SHA256: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 2, 9];
pub(super) const TRIPLE_DES: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 12, 1, 3];

const CAST5_CBC: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf6, 0x7d, 7, 66, 10];

/// How something was enciphered, read from its AlgorithmIdentifier.
pub(super) struct Scheme<'a> {
    cipher: Cipher,
    derivation: Derivation<'a>,
}

enum Derivation<'a> {
    /// PKCS #12: key and vector come from the password.
    Pkcs12 {
        salt: &'a [u8],
        iterations: NonZeroU32,
    },
    /// PBES1: one digest holds key and vector.
    Pbkdf1 {
        hash: Hash,
        salt: &'a [u8],
        iterations: NonZeroU32,
    },
    Pbes2 {
        parameters: Pbes2<'a>,
        iv: &'a [u8],
    },
}

/// The key derivations of PBES2.
enum Pbes2<'a> {
    Pbkdf2(Pbkdf2<'a>),
    Scrypt(Scrypt<'a>),
}

impl<'a> Pbes2<'a> {
    fn read(algorithm: &'a [u8]) -> Result<Self, Refusal> {
        let mut reader = Reader::new(algorithm);
        match reader.expect(der::OBJECT_IDENTIFIER)?.content {
            SCRYPT => Scrypt::read(&mut reader).map(Pbes2::Scrypt),
            _ => Pbkdf2::read(algorithm).map(Pbes2::Pbkdf2),
        }
    }

    fn key_length(&self) -> Option<u32> {
        match self {
            Pbes2::Pbkdf2(parameters) => parameters.key_length,
            Pbes2::Scrypt(parameters) => parameters.key_length,
        }
    }

    fn derive(&self, password: &[u8], length: usize, left: &mut u64) -> Result<Zeroizing<Vec<u8>>, Refusal> {
        match self {
            Pbes2::Pbkdf2(parameters) => parameters.derive(password, length, left),
            Pbes2::Scrypt(parameters) => parameters.derive(password, length, left),
        }
    }
}

impl<'a> Scheme<'a> {
    /// Reads the content of an AlgorithmIdentifier.
    pub(super) fn read(algorithm: &'a [u8]) -> Result<Self, Refusal> {
        Scheme::read_inner(algorithm).map_err(|refusal| match refusal {
            Refusal::Damaged(cause) => Refusal::Damaged(format!("its encryption algorithm: {cause}")),
            other => other,
        })
    }

    fn read_inner(algorithm: &'a [u8]) -> Result<Self, Refusal> {
        let mut reader = Reader::new(algorithm);
        let kind = reader.expect(der::OBJECT_IDENTIFIER)?.content;
        let unknown = || Refusal::unknown("encryption algorithm", kind);
        let [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, rest @ ..] = kind else { return Err(unknown()) };
        let rc2 = |bytes, bits| Cipher::Rc2 { bytes, bits };
        let (cipher, pbes1) = match rest {
            [5, 13] => return Scheme::read_pbes2(&mut reader),
            [5, 1] => (Cipher::Des, Some(Hash::Md2)),
            [5, 4] => (rc2(8, 64), Some(Hash::Md2)),
            [5, 3] => (Cipher::Des, Some(Hash::Md5)),
            [5, 6] => (rc2(8, 64), Some(Hash::Md5)),
            [5, 10] => (Cipher::Des, Some(Hash::Sha1)),
            [5, 11] => (rc2(8, 64), Some(Hash::Sha1)),
            [12, 1, 1] => (Cipher::Rc4 { bytes: 16 }, None),
            [12, 1, 2] => (Cipher::Rc4 { bytes: 5 }, None),
            [12, 1, 3] => (Cipher::TripleDes3, None),
            [12, 1, 4] => (Cipher::TripleDes2, None),
            [12, 1, 5] => (rc2(16, 128), None),
            [12, 1, 6] => (rc2(5, 40), None),
            _ => return Err(unknown()),
        };
        let mut parameters = reader.enter(der::SEQUENCE)?;
        reader.end()?;
        let salt = check_salt(parameters.expect(der::OCTET_STRING)?.content)?;
        let iterations = iterations(parameters.expect(der::INTEGER)?.content)?;
        parameters.end()?;
        let derivation = match pbes1 {
            None => Derivation::Pkcs12 { salt, iterations },
            Some(hash) => Derivation::Pbkdf1 { hash, salt, iterations },
        };
        Ok(Scheme { cipher, derivation })
    }

    fn read_pbes2(reader: &mut Reader<'a>) -> Result<Self, Refusal> {
        let mut parameters = reader.enter(der::SEQUENCE)?;
        reader.end()?;
        let derivation = Pbes2::read(parameters.expect(der::SEQUENCE)?.content)?;
        let mut encryption = parameters.enter(der::SEQUENCE)?;
        parameters.end()?;
        let kind = encryption.expect(der::OBJECT_IDENTIFIER)?.content;
        let (cipher, iv) = match kind {
            [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 3, 2] => {
                read_rc2(&mut encryption.enter(der::SEQUENCE)?, derivation.key_length())?
            }
            // RFC 2984, 2: the length of the key, in bits, stands beside the vector; OpenSSL writes the vector alone.
            CAST5_CBC if encryption.peek() == Some(der::SEQUENCE) => {
                let mut parameters = encryption.enter(der::SEQUENCE)?;
                let iv = parameters.expect(der::OCTET_STRING)?.content;
                if parameters.expect(der::INTEGER)?.content != [0, 128] {
                    return Err(Refusal::Unsupported("CAST5 with another key than one of 128 bits".into()));
                }
                parameters.end()?;
                (Cipher::Cast5, iv)
            }
            CAST5_CBC => (Cipher::Cast5, encryption.expect(der::OCTET_STRING)?.content),
            _ => {
                let cipher = Cipher::from_oid(kind).ok_or_else(|| Refusal::unknown("cipher", kind))?;
                (cipher, encryption.expect(der::OCTET_STRING)?.content)
            }
        };
        encryption.end()?;
        if iv.len() != cipher.block_length() {
            return Err(Refusal::damaged("its initialization vector has a wrong length"));
        }
        let cipher = match derivation.key_length() {
            Some(length) if length as usize != cipher.key_length() => cipher
                .with_key_length(length)
                .ok_or_else(|| Refusal::damaged("its key length is not the one of its cipher"))?,
            _ => cipher,
        };
        Ok(Scheme { cipher, derivation: Derivation::Pbes2 { parameters: derivation, iv } })
    }

    /// Deciphers one element of DER or BER with the password, and tells in which form it was right.
    pub(super) fn open(
        &self,
        data: &[u8],
        password: &mut Password,
    ) -> Result<(Zeroizing<Vec<u8>>, PasswordForm), Refusal> {
        let block = self.cipher.block_length();
        if data.is_empty() || block > 0 && !data.len().is_multiple_of(block) {
            return Err(Refusal::damaged("what is enciphered is cut off"));
        }
        password.try_each(|attempt, left| self.open_once(data, attempt, left))
    }

    fn open_once(
        &self,
        data: &[u8],
        attempt: &Attempt,
        left: &mut u64,
    ) -> Result<Option<Zeroizing<Vec<u8>>>, Refusal> {
        // Padding alone is right by chance once in 256 wrong passwords.
        let finish = |key: &[u8], iv: &[u8]| {
            self.cipher.decrypt(key, iv, data).filter(|plain| ber::is_one_sequence(plain))
        };
        let length = self.cipher.key_length();
        match &self.derivation {
            Derivation::Pkcs12 { salt, iterations } => {
                spend(left, *iterations)?;
                spend(left, *iterations)?;
                let derive = |purpose, length| {
                    Hash::Sha1.pkcs12_kdf(purpose, &attempt.wide, salt, *iterations, length)
                };
                let key = derive(Purpose::Key, length);
                Ok(finish(&key, &derive(Purpose::Iv, self.cipher.block_length())))
            }
            Derivation::Pbkdf1 { hash, salt, iterations } => {
                spend(left, *iterations)?;
                let mut round = hash.digest(&[attempt.narrow.as_slice(), *salt]);
                for _ in 1..iterations.get() {
                    round = hash.digest(&[round.as_ref()]);
                }
                let key = round.as_ref().get(..8).unwrap_or_default();
                Ok(finish(key, round.as_ref().get(8..16).unwrap_or_default()))
            }
            Derivation::Pbes2 { parameters, iv } => {
                let key = parameters.derive(&attempt.narrow, length, left)?;
                if let Some(plain) = finish(&key, iv) {
                    return Ok(Some(plain));
                }
                // Firefox before version 57 took the password of PKCS #12, with its end, for PBES2 as well.
                if attempt.narrow.is_empty() {
                    return Ok(None);
                }
                Ok(finish(&parameters.derive(&attempt.wide, length, left)?, iv))
            }
        }
    }
}

/// RFC 2268, 6: a number that stands for the bits that count.
fn read_rc2<'a>(parameters: &mut Reader<'a>, key_length: Option<u32>) -> Result<(Cipher, &'a [u8]), Refusal> {
    let bits = match parameters.optional(der::INTEGER)? {
        None => 32,
        Some(version) => match small_number(version.content) {
            Some(160) => 40,
            Some(120) => 64,
            Some(58) => 128,
            _ => return Err(Refusal::Unsupported("its RC2 version is not supported".into())),
        },
    };
    let iv = parameters.expect(der::OCTET_STRING)?.content;
    parameters.end()?;
    let bytes = key_length.map_or(16, |length| length as usize);
    if !(1..=128).contains(&bytes) {
        return Err(Refusal::damaged("its RC2 key length is out of range"));
    }
    Ok((Cipher::Rc2 { bytes, bits }, iv))
}

/// The content of a [0] that holds an OCTET STRING in one piece or, BER, in several.
pub(super) fn implicit_octets<'a>(element: der::Element<'a>) -> Result<std::borrow::Cow<'a, [u8]>, Refusal> {
    if element.tag & 0x20 == 0 {
        return Ok(element.content.into());
    }
    let (mut reader, mut out) = (Reader::new(element.content), Vec::new());
    while !reader.is_empty() {
        out.extend_from_slice(reader.expect(der::OCTET_STRING)?.content);
    }
    Ok(out.into())
}

/// An AlgorithmIdentifier for PBES2 with AES-256-CBC and PBKDF2 over HMAC-SHA-256.
pub(super) fn modern_algorithm(salt: &[u8], iterations: u32, iv: &[u8]) -> Vec<u8> {
    use der_writing::{algorithm, integer, octets, sequence};
    // NULL: the parameters of HMAC, which RFC 8018 B.1.2 wants there.
    let function = algorithm(HMAC_SHA256, &[5, 0]);
    let derivation =
        algorithm(PBKDF2, &sequence(&[&octets(salt), &integer(iterations), &integer(32), &function]));
    algorithm(PBES2, &sequence(&[&derivation, &algorithm(AES_256_CBC, &octets(iv))]))
}
