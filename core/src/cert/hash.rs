//! Digests by their object identifiers, and the MACs and key derivations built on them.

use std::num::NonZeroU32;

use aws_lc_rs::{digest, hmac, pbkdf2};
use zeroize::Zeroizing;

/// A digest that old and new files name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hash {
    Sha1,
    Sha224,
    Sha256,
    Sha384,
    Sha512,
}

impl Hash {
    /// From the content of a digest's object identifier.
    pub(super) fn from_oid(kind: &[u8]) -> Option<Self> {
        match kind {
            [0x2b, 14, 3, 2, 26] => Some(Hash::Sha1),
            [0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, number] => match number {
                1 => Some(Hash::Sha256),
                2 => Some(Hash::Sha384),
                3 => Some(Hash::Sha512),
                4 => Some(Hash::Sha224),
                _ => None,
            },
            _ => None,
        }
    }

    /// From the content of the object identifier of HMAC with it (RFC 8018, B.1).
    pub(super) fn from_hmac_oid(kind: &[u8]) -> Option<Self> {
        match kind {
            [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 2, number] => match number {
                7 => Some(Hash::Sha1),
                8 => Some(Hash::Sha224),
                9 => Some(Hash::Sha256),
                10 => Some(Hash::Sha384),
                11 => Some(Hash::Sha512),
                _ => None,
            },
            _ => None,
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Hash::Sha1 => "SHA-1",
            Hash::Sha224 => "SHA-224",
            Hash::Sha256 => "SHA-256",
            Hash::Sha384 => "SHA-384",
            Hash::Sha512 => "SHA-512",
        }
    }

    pub(super) fn digest(self, bytes: &[u8]) -> digest::Digest {
        digest::digest(self.algorithm(), bytes)
    }

    pub(super) fn algorithm(self) -> &'static digest::Algorithm {
        match self {
            Hash::Sha1 => &digest::SHA1_FOR_LEGACY_USE_ONLY,
            Hash::Sha224 => &digest::SHA224,
            Hash::Sha256 => &digest::SHA256,
            Hash::Sha384 => &digest::SHA384,
            Hash::Sha512 => &digest::SHA512,
        }
    }

    pub(super) fn hmac_key(self, key: &[u8]) -> hmac::Key {
        let algorithm = match self {
            Hash::Sha1 => hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
            Hash::Sha224 => hmac::HMAC_SHA224,
            Hash::Sha256 => hmac::HMAC_SHA256,
            Hash::Sha384 => hmac::HMAC_SHA384,
            Hash::Sha512 => hmac::HMAC_SHA512,
        };
        hmac::Key::new(algorithm, key)
    }

    /// PBKDF2 (RFC 8018, 5.2).
    pub(super) fn pbkdf2(
        self,
        password: &[u8],
        salt: &[u8],
        iterations: NonZeroU32,
        length: usize,
    ) -> Zeroizing<Vec<u8>> {
        let mut out = Zeroizing::new(vec![0; length]);
        let algorithm = match self {
            Hash::Sha1 => pbkdf2::PBKDF2_HMAC_SHA1,
            Hash::Sha256 => pbkdf2::PBKDF2_HMAC_SHA256,
            Hash::Sha384 => pbkdf2::PBKDF2_HMAC_SHA384,
            Hash::Sha512 => pbkdf2::PBKDF2_HMAC_SHA512,
            Hash::Sha224 => {
                pbkdf2_by_hand(&self.hmac_key(password), salt, iterations, &mut out);
                return out;
            }
        };
        pbkdf2::derive(algorithm, iterations, salt, password, &mut out);
        out
    }
}

/// PBKDF2 for the one function that the library has no door to.
fn pbkdf2_by_hand(key: &hmac::Key, salt: &[u8], iterations: NonZeroU32, out: &mut [u8]) {
    let size = key.algorithm().tag_len().max(1);
    for (block, number) in out.chunks_mut(size).zip(1_u32..) {
        let mut context = hmac::Context::with_key(key);
        context.update(salt);
        context.update(&number.to_be_bytes());
        let mut round = context.sign();
        let mut sum = Zeroizing::new(round.as_ref().to_vec());
        for _ in 1..iterations.get() {
            round = hmac::sign(key, round.as_ref());
            sum.iter_mut().zip(round.as_ref()).for_each(|(sum, byte)| *sum ^= byte);
        }
        block.iter_mut().zip(sum.iter()).for_each(|(to, from)| *to = *from);
    }
}

/// What a key derived after RFC 7292, B.3 is for.
#[derive(Clone, Copy)]
pub(super) enum Purpose {
    Key = 1,
    Iv = 2,
    Mac = 3,
}

impl Hash {
    /// The key derivation of PKCS #12 (RFC 7292, B.2); the password is as B.1 wants it.
    pub(super) fn pkcs12_kdf(
        self,
        purpose: Purpose,
        password: &[u8],
        salt: &[u8],
        iterations: NonZeroU32,
        length: usize,
    ) -> Zeroizing<Vec<u8>> {
        let algorithm = self.algorithm();
        let block = algorithm.block_len().max(1);
        let whole_blocks = |bytes: &[u8]| bytes.len().div_ceil(block).saturating_mul(block);
        let (salt_length, password_length) = (whole_blocks(salt), whole_blocks(password));
        let mut filled = Zeroizing::new(Vec::with_capacity(salt_length.saturating_add(password_length)));
        filled.extend(salt.iter().cycle().take(salt_length));
        filled.extend(password.iter().cycle().take(password_length));
        let diversifier = vec![purpose as u8; block];
        // A length that is no multiple of the digest's is cut at the end; room for all of it from the start.
        let mut out = Zeroizing::new(Vec::with_capacity(length.saturating_add(algorithm.output_len())));
        while out.len() < length {
            let mut context = digest::Context::new(algorithm);
            context.update(&diversifier);
            context.update(&filled);
            let mut round = context.finish();
            for _ in 1..iterations.get() {
                round = digest::digest(algorithm, round.as_ref());
            }
            out.extend_from_slice(round.as_ref());
            let addend: Zeroizing<Vec<u8>> =
                Zeroizing::new(round.as_ref().iter().copied().cycle().take(block).collect());
            for part in filled.chunks_mut(block) {
                add_with_one(part, &addend);
            }
        }
        out.truncate(length);
        out
    }
}

/// Adds `addend + 1` to a number of as many bytes; what overflows is lost.
fn add_with_one(number: &mut [u8], addend: &[u8]) {
    let mut carry = 1_u16;
    for (digit, add) in number.iter_mut().rev().zip(addend.iter().rev()) {
        carry = carry.saturating_add(u16::from(*digit)).saturating_add(u16::from(*add));
        *digit = carry.to_be_bytes()[1];
        carry >>= 8;
    }
}
