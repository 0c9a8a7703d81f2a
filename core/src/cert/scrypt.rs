//! scrypt (RFC 7914), which OpenSSL and Go write on request.

use std::num::NonZeroU32;

use zeroize::Zeroizing;

use super::der::{self, Reader};
use super::file_refusal::{Refusal, part};
use super::hash::Hash;
use super::pbkdf2::{check_salt, small_number, spend};
use crate::limits::SCRYPT_BYTES_MAX;

pub(super) const SCRYPT: &[u8] = &[0x2b, 6, 1, 4, 1, 0xda, 0x47, 4, 11];

/// The parameters of scrypt (RFC 7914, section 7).
pub(super) struct Scrypt<'a> {
    salt: &'a [u8],
    /// N: how many blocks are kept, a power of two.
    cost: NonZeroU32,
    /// r: how many pairs of 64 bytes a block has.
    block_size: u32,
    /// p: how often all of it is done.
    parallel: u32,
    pub(super) key_length: Option<u32>,
}

impl<'a> Scrypt<'a> {
    /// Reads the parameters behind the object identifier.
    pub(super) fn read(algorithm: &mut Reader<'a>) -> Result<Self, Refusal> {
        let wrong = part("key derivation");
        let mut parameters = algorithm.enter(der::SEQUENCE).map_err(&wrong)?;
        algorithm.end().map_err(&wrong)?;
        let salt = check_salt(parameters.expect(der::OCTET_STRING).map_err(&wrong)?.content)?;
        let mut number = || -> Result<u32, Refusal> {
            let content = parameters.expect(der::INTEGER).map_err(&wrong)?.content;
            small_number(content)
                .filter(|number| *number > 0)
                .ok_or_else(|| Refusal::damaged("a parameter of its key derivation is out of range"))
        };
        let (cost, block_size, parallel) = (number()?, number()?, number()?);
        let key_length = if parameters.is_empty() {
            None
        } else {
            let content = parameters.expect(der::INTEGER).map_err(&wrong)?.content;
            Some(small_number(content).ok_or_else(|| Refusal::damaged("its key length is out of range"))?)
        };
        parameters.end().map_err(&wrong)?;
        let cost = NonZeroU32::new(cost).filter(|cost| cost.get() > 1 && cost.is_power_of_two());
        let cost =
            cost.ok_or_else(|| Refusal::damaged("the cost of its key derivation is no power of two"))?;
        let memory = |count: u32| u64::from(block_size).saturating_mul(128).saturating_mul(u64::from(count));
        if memory(cost.get()).saturating_add(memory(parallel)) > SCRYPT_BYTES_MAX as u64 {
            let cause = format!("its key derivation needs more than {SCRYPT_BYTES_MAX} bytes of memory");
            return Err(Refusal::TooMuch(cause));
        }
        Ok(Scrypt { salt, cost, block_size, parallel, key_length })
    }

    /// The key for this password.
    pub(super) fn derive(
        &self,
        password: &[u8],
        length: usize,
        left: &mut u64,
    ) -> Result<Zeroizing<Vec<u8>>, Refusal> {
        let blocks = self.block_size.saturating_mul(self.parallel);
        // Four calls of the inner function for each block and round.
        let rounds = self.cost.saturating_mul(NonZeroU32::new(blocks.saturating_mul(4)).unwrap_or(self.cost));
        spend(left, rounds)?;
        let once = NonZeroU32::MIN;
        let size = (self.block_size as usize).saturating_mul(128);
        let whole = size.saturating_mul(self.parallel as usize);
        let mut state = Hash::Sha256.pbkdf2(password, self.salt, once, whole);
        for lane in state.chunks_mut(size) {
            mix_lane(lane, self.cost.get() as usize);
        }
        Ok(Hash::Sha256.pbkdf2(password, &state, once, length))
    }
}

type Words = Zeroizing<Vec<u32>>;

/// scryptROMix (RFC 7914, section 5).
fn mix_lane(lane: &mut [u8], cost: usize) {
    let (chunks, _) = lane.as_chunks::<4>();
    let mut state: Words = Zeroizing::new(chunks.iter().map(|four| u32::from_le_bytes(*four)).collect());
    let size = state.len();
    let mut kept: Words = Zeroizing::new(Vec::with_capacity(size.saturating_mul(cost)));
    let mut spare: Words = Zeroizing::new(vec![0; size]);
    for _ in 0..cost {
        kept.extend_from_slice(&state);
        mix_block(&mut state, &mut spare);
    }
    for _ in 0..cost {
        // The first word of the last 64 bytes; the cost is a power of two below 2^32.
        let word = state.get(size.saturating_sub(16)).copied().unwrap_or(0);
        let place = (word as usize & cost.saturating_sub(1)).saturating_mul(size);
        let old = kept.iter().skip(place);
        state.iter_mut().zip(old).for_each(|(word, old)| *word ^= old);
        mix_block(&mut state, &mut spare);
    }
    let (chunks, _) = lane.as_chunks_mut::<4>();
    chunks.iter_mut().zip(state.iter()).for_each(|(four, word)| *four = word.to_le_bytes());
}

/// scryptBlockMix (RFC 7914, section 4): even results first, then odd ones.
fn mix_block(state: &mut Words, spare: &mut Words) {
    let (blocks, _) = state.as_chunks::<16>();
    let half = blocks.len() / 2;
    let mut x = blocks.last().copied().unwrap_or_default();
    let (results, _) = spare.as_chunks_mut::<16>();
    for (place, block) in blocks.iter().enumerate() {
        x.iter_mut().zip(block).for_each(|(x, word)| *x ^= word);
        salsa20_8(&mut x);
        let target = if place % 2 == 0 { place / 2 } else { half.saturating_add(place / 2) };
        if let Some(result) = results.get_mut(target) {
            *result = x;
        }
    }
    std::mem::swap(state, spare);
}

/// Salsa20/8 (RFC 7914, section 3): four times the columns, then the rows.
fn salsa20_8(block: &mut [u32; 16]) {
    let mut state = *block;
    for _ in 0..4 {
        let [a0, a1, a2, a3, b0, b1, b2, b3, c0, c1, c2, c3, d0, d1, d2, d3] = state;
        let [a0, b0, c0, d0] = quarter([a0, b0, c0, d0]);
        let [b1, c1, d1, a1] = quarter([b1, c1, d1, a1]);
        let [c2, d2, a2, b2] = quarter([c2, d2, a2, b2]);
        let [d3, a3, b3, c3] = quarter([d3, a3, b3, c3]);
        let [a0, a1, a2, a3] = quarter([a0, a1, a2, a3]);
        let [b1, b2, b3, b0] = quarter([b1, b2, b3, b0]);
        let [c2, c3, c0, c1] = quarter([c2, c3, c0, c1]);
        let [d3, d0, d1, d2] = quarter([d3, d0, d1, d2]);
        state = [a0, a1, a2, a3, b0, b1, b2, b3, c0, c1, c2, c3, d0, d1, d2, d3];
    }
    block.iter_mut().zip(state).for_each(|(word, mixed)| *word = word.wrapping_add(mixed));
}

fn quarter([mut a, mut b, mut c, mut d]: [u32; 4]) -> [u32; 4] {
    b ^= a.wrapping_add(d).rotate_left(7);
    c ^= b.wrapping_add(a).rotate_left(9);
    d ^= c.wrapping_add(b).rotate_left(13);
    a ^= d.wrapping_add(c).rotate_left(18);
    [a, b, c, d]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gives_the_value_of_the_rfc() {
        // RFC 7914, section 12: scrypt("password", "NaCl", 1024, 8, 16), its first 16 bytes.
        let cost = NonZeroU32::new(1024).unwrap();
        let scrypt = Scrypt { salt: b"NaCl", cost, block_size: 8, parallel: 16, key_length: None };
        let key = scrypt.derive(b"password", 64, &mut u64::MAX.clone()).unwrap();
        let wanted =
            [0xfd, 0xba, 0xbe, 0x1c, 0x9d, 0x34, 0x72, 0x00, 0x78, 0x56, 0xe7, 0x19, 0x0d, 0x01, 0xe9, 0xfe];
        assert_eq!(key[..16], wanted);
    }
}
