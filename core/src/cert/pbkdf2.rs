//! The parameters of PBKDF2 (RFC 8018, A.2), and the limits of every key derivation.

use std::num::NonZeroU32;

use zeroize::Zeroizing;

use super::der::{self, Reader};
use super::file_refusal::{Refusal, part};
use super::hash::Hash;
use crate::limits::{KDF_ITERATIONS_MAX, KDF_SALT_BYTES_MAX};

pub(super) const PBKDF2: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 5, 12];

/// The parameters of PBKDF2.
pub(super) struct Pbkdf2<'a> {
    salt: &'a [u8],
    iterations: NonZeroU32,
    pub(super) key_length: Option<u32>,
    hash: Hash,
}

impl<'a> Pbkdf2<'a> {
    /// Reads the content of an AlgorithmIdentifier that must be PBKDF2.
    pub(super) fn read(algorithm: &'a [u8]) -> Result<Self, Refusal> {
        let mut reader = Reader::new(algorithm);
        let kind = reader.expect(der::OBJECT_IDENTIFIER)?.content;
        if kind != PBKDF2 {
            return Err(Refusal::unknown("key derivation", kind));
        }
        let mut parameters = reader.enter(der::SEQUENCE)?;
        reader.end()?;
        if parameters.peek() == Some(der::SEQUENCE) {
            return Err(Refusal::Unsupported("a salt from another source is not supported".into()));
        }
        let salt = check_salt(parameters.expect(der::OCTET_STRING)?.content)?;
        let iterations = iterations(parameters.expect(der::INTEGER)?.content)?;
        let key_length =
            match parameters.optional(der::INTEGER)? {
                Some(number) => Some(small_number(number.content).ok_or_else(|| {
                    Refusal::damaged("the key length of its key derivation is out of range")
                })?),
                None => None,
            };
        let hash = match parameters.optional(der::SEQUENCE)? {
            None => Hash::Sha1,
            Some(function) => {
                let kind = Reader::new(function.content).expect(der::OBJECT_IDENTIFIER)?.content;
                Hash::from_hmac_oid(kind).ok_or_else(|| Refusal::unknown("pseudo-random function", kind))?
            }
        };
        parameters.end()?;
        Ok(Pbkdf2 { salt, iterations, key_length, hash })
    }

    /// The key for this password.
    pub(super) fn derive(
        &self,
        password: &[u8],
        length: usize,
        iterations_left: &mut u64,
    ) -> Result<Zeroizing<Vec<u8>>, Refusal> {
        spend(iterations_left, self.iterations)?;
        Ok(self.hash.pbkdf2(password, self.salt, self.iterations, length))
    }

    pub(super) fn iterations(&self) -> u32 {
        self.iterations.get()
    }
}

/// Takes the rounds of one derivation from what one call may spend.
pub(super) fn spend(left: &mut u64, iterations: NonZeroU32) -> Result<(), Refusal> {
    *left = left.checked_sub(u64::from(iterations.get())).ok_or_else(|| {
        Refusal::TooMuch("its key derivations together have more rounds than are allowed".into())
    })?;
    Ok(())
}

/// The number of rounds, from the content of an INTEGER.
pub(super) fn iterations(content: &[u8]) -> Result<NonZeroU32, Refusal> {
    der::check_integer(content).map_err(part("number of key derivation rounds"))?;
    if content.first().is_some_and(|first| first & 0x80 != 0) {
        return Err(Refusal::damaged("its number of key derivation rounds is negative"));
    }
    match small_number(content) {
        Some(number @ ..=KDF_ITERATIONS_MAX) => NonZeroU32::new(number)
            .ok_or_else(|| Refusal::damaged("its number of key derivation rounds is zero")),
        _ => Err(Refusal::TooMuch(format!("its key derivation has more than {KDF_ITERATIONS_MAX} rounds"))),
    }
}

/// A number that is not negative and has at most 32 bits.
pub(super) fn small_number(content: &[u8]) -> Option<u32> {
    let digits = match content {
        [0, digits @ ..] => digits,
        [first, ..] if first & 0x80 == 0 => content,
        _ => return None,
    };
    (digits.len() <= 4).then(|| digits.iter().fold(0, |sum, digit| sum << 8 | u32::from(*digit)))
}

pub(super) fn check_salt(salt: &[u8]) -> Result<&[u8], Refusal> {
    if salt.len() > KDF_SALT_BYTES_MAX {
        return Err(Refusal::TooMuch(format!("its salt has more than {KDF_SALT_BYTES_MAX} bytes")));
    }
    Ok(salt)
}
