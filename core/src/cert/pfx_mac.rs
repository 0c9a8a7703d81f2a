//! What vouches for a PFX: the MAC of RFC 7292, section 4, or PBMAC1 (RFC 9579).

use std::num::NonZeroU32;

use super::der::{self, Element, Reader};
use super::file_refusal::{Refusal, part};
use super::hash::{Hash, Purpose};
use super::password::{Password, PasswordForm};
use super::pbkdf2::{Pbkdf2, check_salt, iterations, spend};

const PBMAC1: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 5, 14];
/// Longest key of PBMAC1 that is of any use: the block of SHA-512.
const MAC_KEY_BYTES_MAX: usize = 128;
/// Shortest key of PBMAC1 that is taken: as long as the shortest digest.
const MAC_KEY_BYTES_MIN: usize = 20;

/// How the integrity of a PFX is protected.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PfxMac {
    /// The algorithm, such as `SHA-1` (RFC 7292) or `PBMAC1 SHA-256` (RFC 9579).
    pub algorithm: String,
    /// Rounds of its key derivation.
    pub iterations: u32,
}

/// A MacData before it is checked.
pub(super) struct Mac<'a> {
    kind: Kind<'a>,
    hash: Hash,
    value: &'a [u8],
}

enum Kind<'a> {
    Old { salt: &'a [u8], iterations: NonZeroU32 },
    Pbmac1 { derivation: Pbkdf2<'a>, key_length: usize },
}

impl<'a> Mac<'a> {
    pub(super) fn read(data: Element<'a>) -> Result<Self, Refusal> {
        let wrong = part("MAC");
        let mut reader = Reader::new(data.content);
        let mut info = reader.enter(der::SEQUENCE).map_err(&wrong)?;
        let mut algorithm = info.enter(der::SEQUENCE).map_err(&wrong)?;
        let value = info.expect(der::OCTET_STRING).map_err(&wrong)?.content;
        info.end().map_err(&wrong)?;
        let salt = check_salt(reader.expect(der::OCTET_STRING).map_err(&wrong)?.content)?;
        let rounds = match reader.optional(der::INTEGER).map_err(&wrong)? {
            Some(number) => iterations(number.content)?,
            None => NonZeroU32::MIN,
        };
        reader.end().map_err(&wrong)?;
        let kind = algorithm.expect(der::OBJECT_IDENTIFIER).map_err(&wrong)?.content;
        if kind == PBMAC1 {
            return Mac::read_pbmac1(algorithm, value);
        }
        let hash = Hash::from_oid(kind).ok_or_else(|| Refusal::unknown("MAC algorithm", kind))?;
        // NULL or nothing.
        if !algorithm.is_empty() {
            algorithm.expect(der::NULL).map_err(&wrong)?;
            algorithm.end().map_err(&wrong)?;
        }
        if value.len() != hash.output_length() {
            return Err(Refusal::damaged("its MAC has a wrong length"));
        }
        Ok(Mac { kind: Kind::Old { salt, iterations: rounds }, hash, value })
    }

    fn read_pbmac1(mut algorithm: Reader<'a>, value: &'a [u8]) -> Result<Self, Refusal> {
        let wrong = part("MAC");
        let mut parameters = algorithm.enter(der::SEQUENCE).map_err(&wrong)?;
        algorithm.end().map_err(&wrong)?;
        let derivation = Pbkdf2::read(parameters.expect(der::SEQUENCE).map_err(&wrong)?.content)?;
        let mut scheme = parameters.enter(der::SEQUENCE).map_err(&wrong)?;
        parameters.end().map_err(&wrong)?;
        let kind = scheme.expect(der::OBJECT_IDENTIFIER).map_err(&wrong)?.content;
        let hash = Hash::from_hmac_oid(kind).ok_or_else(|| Refusal::unknown("MAC algorithm", kind))?;
        // RFC 9579: the length must be there, since HMAC has no length of its own.
        let key_length = derivation
            .key_length
            .map(|length| length as usize)
            .filter(|length| (MAC_KEY_BYTES_MIN..=MAC_KEY_BYTES_MAX).contains(length))
            .ok_or_else(|| Refusal::damaged("the key length of its MAC is missing or out of range"))?;
        if value.len() != hash.output_length() {
            return Err(Refusal::damaged("its MAC has a wrong length"));
        }
        Ok(Mac { kind: Kind::Pbmac1 { derivation, key_length }, hash, value })
    }

    /// Finds the form of the password whose MAC this is.
    pub(super) fn check(&self, content: &[u8], password: &mut Password) -> Result<PasswordForm, Refusal> {
        let ((), form) = password.try_each(|attempt, left| {
            let key = match &self.kind {
                Kind::Old { salt, iterations } => {
                    spend(left, *iterations)?;
                    let length = self.hash.output_length();
                    self.hash.pkcs12_kdf(Purpose::Mac, &attempt.wide, salt, *iterations, length)
                }
                Kind::Pbmac1 { derivation, key_length } => {
                    derivation.derive(&attempt.narrow, *key_length, left)?
                }
            };
            Ok(self.hash.is_hmac(&key, content, self.value).then_some(()))
        })?;
        Ok(form)
    }

    pub(super) fn describe(&self) -> PfxMac {
        let name = self.hash.name();
        match &self.kind {
            Kind::Old { iterations, .. } => {
                PfxMac { algorithm: name.to_owned(), iterations: iterations.get() }
            }
            Kind::Pbmac1 { derivation, .. } => {
                PfxMac { algorithm: format!("PBMAC1 {name}"), iterations: derivation.iterations() }
            }
        }
    }
}
