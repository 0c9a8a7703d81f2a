//! Digests by their object identifiers, and the MACs and key derivations built on them.

use std::num::NonZeroU32;

use aws_lc_rs::{constant_time, digest, pbkdf2};
use md2::Md2;
use md5::{Digest, Md5};
use sha2::Sha512_224;
use sha3::Sha3_224;
use zeroize::{Zeroize, Zeroizing};

/// A digest that old and new files name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hash {
    Md2,
    Md5,
    Sha1,
    Sha224,
    Sha256,
    Sha384,
    Sha512,
    Sha512Of224,
    Sha512Of256,
    Sha3Of224,
    Sha3Of256,
    Sha3Of384,
    Sha3Of512,
}

/// A digest or a MAC; it may be the secret between two rounds, and is wiped.
pub(super) struct Output {
    bytes: [u8; digest::MAX_OUTPUT_LEN],
    length: usize,
}

impl Output {
    fn new(from: &[u8]) -> Self {
        let mut bytes = [0; digest::MAX_OUTPUT_LEN];
        if let Some(to) = bytes.get_mut(..from.len()) {
            to.copy_from_slice(from);
        }
        Output { bytes, length: from.len() }
    }
}

impl AsRef<[u8]> for Output {
    fn as_ref(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        // The rest was never written.
        self.bytes.get_mut(..self.length).unwrap_or_default().zeroize();
    }
}

impl Hash {
    /// From the content of a digest's object identifier.
    pub(super) fn from_oid(kind: &[u8]) -> Option<Self> {
        match kind {
            [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 2, 2] => Some(Hash::Md2),
            [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 2, 5] => Some(Hash::Md5),
            [0x2b, 14, 3, 2, 26] => Some(Hash::Sha1),
            [0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, number] => match number {
                1 => Some(Hash::Sha256),
                2 => Some(Hash::Sha384),
                3 => Some(Hash::Sha512),
                4 => Some(Hash::Sha224),
                5 => Some(Hash::Sha512Of224),
                6 => Some(Hash::Sha512Of256),
                7 => Some(Hash::Sha3Of224),
                8 => Some(Hash::Sha3Of256),
                9 => Some(Hash::Sha3Of384),
                10 => Some(Hash::Sha3Of512),
                _ => None,
            },
            _ => None,
        }
    }

    /// From the content of the object identifier of HMAC with it (RFC 8018, B.1; SHA-3 by NIST).
    pub(super) fn from_hmac_oid(kind: &[u8]) -> Option<Self> {
        match kind {
            [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 2, number] => match number {
                6 => Some(Hash::Md5),
                7 => Some(Hash::Sha1),
                8 => Some(Hash::Sha224),
                9 => Some(Hash::Sha256),
                10 => Some(Hash::Sha384),
                11 => Some(Hash::Sha512),
                12 => Some(Hash::Sha512Of224),
                13 => Some(Hash::Sha512Of256),
                _ => None,
            },
            [0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, number] => match number {
                13 => Some(Hash::Sha3Of224),
                14 => Some(Hash::Sha3Of256),
                15 => Some(Hash::Sha3Of384),
                16 => Some(Hash::Sha3Of512),
                _ => None,
            },
            _ => None,
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Hash::Md2 => "MD2",
            Hash::Md5 => "MD5",
            Hash::Sha1 => "SHA-1",
            Hash::Sha224 => "SHA-224",
            Hash::Sha256 => "SHA-256",
            Hash::Sha384 => "SHA-384",
            Hash::Sha512 => "SHA-512",
            Hash::Sha512Of224 => "SHA-512/224",
            Hash::Sha512Of256 => "SHA-512/256",
            Hash::Sha3Of224 => "SHA3-224",
            Hash::Sha3Of256 => "SHA3-256",
            Hash::Sha3Of384 => "SHA3-384",
            Hash::Sha3Of512 => "SHA3-512",
        }
    }

    /// Nothing for what is not in the library.
    fn algorithm(self) -> Option<&'static digest::Algorithm> {
        Some(match self {
            Hash::Md2 | Hash::Md5 | Hash::Sha512Of224 | Hash::Sha3Of224 => return None,
            Hash::Sha1 => &digest::SHA1_FOR_LEGACY_USE_ONLY,
            Hash::Sha224 => &digest::SHA224,
            Hash::Sha256 => &digest::SHA256,
            Hash::Sha384 => &digest::SHA384,
            Hash::Sha512 => &digest::SHA512,
            Hash::Sha512Of256 => &digest::SHA512_256,
            Hash::Sha3Of256 => &digest::SHA3_256,
            Hash::Sha3Of384 => &digest::SHA3_384,
            Hash::Sha3Of512 => &digest::SHA3_512,
        })
    }

    pub(super) fn output_length(self) -> usize {
        self.algorithm().map_or_else(|| self.own_lengths().0, digest::Algorithm::output_len)
    }

    fn block_length(self) -> usize {
        self.algorithm().map_or_else(|| self.own_lengths().1, digest::Algorithm::block_len).max(1)
    }

    /// The digest of these parts, one after the other.
    pub(super) fn digest(self, parts: &[&[u8]]) -> Output {
        match self.algorithm() {
            Some(algorithm) => {
                let mut context = digest::Context::new(algorithm);
                parts.iter().for_each(|part| context.update(part));
                Output::new(context.finish().as_ref())
            }
            None => match self {
                Hash::Md2 => digest_of::<Md2>(parts),
                Hash::Sha512Of224 => digest_of::<Sha512_224>(parts),
                Hash::Sha3Of224 => digest_of::<Sha3_224>(parts),
                _ => digest_of::<Md5>(parts),
            },
        }
    }

    /// Bytes of the digest and of a block, for what is not in the library.
    fn own_lengths(self) -> (usize, usize) {
        match self {
            Hash::Md2 => (16, 16),
            Hash::Sha512Of224 => (28, 128),
            Hash::Sha3Of224 => (28, 144),
            _ => (16, 64),
        }
    }

    /// HMAC (RFC 2104).
    pub(super) fn hmac(self, key: &[u8], parts: &[&[u8]]) -> Output {
        let mut block = Zeroizing::new(vec![0_u8; self.block_length()]);
        let short = if key.len() > block.len() { Some(self.digest(&[key])) } else { None };
        let key = short.as_ref().map_or(key, AsRef::as_ref);
        block.iter_mut().zip(key).for_each(|(to, from)| *to = *from);
        let padded = |pad: u8| Zeroizing::new(block.iter().map(|byte| byte ^ pad).collect::<Vec<u8>>());
        let (inner, outer) = (padded(0x36), padded(0x5c));
        let mut all: Vec<&[u8]> = vec![&inner];
        all.extend(parts);
        self.digest(&[&outer, self.digest(&all).as_ref()])
    }

    /// True where `value` is the HMAC of the data, told in a time that does not depend on where they differ.
    pub(super) fn is_hmac(self, key: &[u8], data: &[u8], value: &[u8]) -> bool {
        constant_time::verify_slices_are_equal(self.hmac(key, &[data]).as_ref(), value).is_ok()
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
            _ => {
                self.pbkdf2_by_hand(password, salt, iterations, &mut out);
                return out;
            }
        };
        pbkdf2::derive(algorithm, iterations, salt, password, &mut out);
        out
    }

    /// PBKDF2 for the functions that the library has no door to.
    fn pbkdf2_by_hand(self, password: &[u8], salt: &[u8], iterations: NonZeroU32, out: &mut [u8]) {
        for (block, number) in out.chunks_mut(self.output_length().max(1)).zip(1_u32..) {
            let mut round = self.hmac(password, &[salt, &number.to_be_bytes()]);
            block.iter_mut().zip(round.as_ref()).for_each(|(to, from)| *to = *from);
            for _ in 1..iterations.get() {
                round = self.hmac(password, &[round.as_ref()]);
                block.iter_mut().zip(round.as_ref()).for_each(|(sum, byte)| *sum ^= byte);
            }
        }
    }
}

fn digest_of<D: Digest>(parts: &[&[u8]]) -> Output {
    let mut context = D::new();
    parts.iter().for_each(|part| context.update(part));
    Output::new(&context.finalize())
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
        let block = self.block_length();
        let whole_blocks = |bytes: &[u8]| bytes.len().div_ceil(block).saturating_mul(block);
        let (salt_length, password_length) = (whole_blocks(salt), whole_blocks(password));
        let mut filled = Zeroizing::new(Vec::with_capacity(salt_length.saturating_add(password_length)));
        filled.extend(salt.iter().cycle().take(salt_length));
        filled.extend(password.iter().cycle().take(password_length));
        let diversifier = vec![purpose as u8; block];
        // A length that is no multiple of the digest's is cut at the end; room for all of it from the start.
        let mut out = Zeroizing::new(Vec::with_capacity(length.saturating_add(self.output_length())));
        while out.len() < length {
            let mut round = self.digest(&[&diversifier, &filled]);
            for _ in 1..iterations.get() {
                round = self.digest(&[round.as_ref()]);
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
