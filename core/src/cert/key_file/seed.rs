//! SEED (RFC 4269), a Korean cipher that old files use; no crate of it is kept. Only for reading.

use zeroize::Zeroizing;

pub(super) const KEY_BYTES: usize = 16;
const BLOCK_BYTES: usize = 16;

const SUBSTITUTIONS: [[u8; 256]; 2] = [
    substitution([44, 208, 105, 194, 65, 68, 88, 226], 247, 169),
    substitution([208, 42, 225, 44, 33, 48, 162, 108], 251, 56),
];

/// RFC 4269, 2.2: `A · x^exponent ⊕ constant` over GF(2^8) with x^8 + x^6 + x^5 + x + 1; `columns` are those of A.
#[expect(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    reason = "at compile time, with constants"
)]
const fn substitution(columns: [u8; 8], exponent: u8, constant: u8) -> [u8; 256] {
    let mut out = [0; 256];
    let mut input = 0_usize;
    while input < 256 {
        let (mut power, mut count) = (1_u16, 0);
        while count < exponent {
            let (mut product, mut bit) = (0_u16, 8);
            while bit > 0 {
                bit -= 1;
                product <<= 1;
                if product & 0x100 != 0 {
                    product ^= 0x163;
                }
                if (input >> bit) & 1 != 0 {
                    product ^= power;
                }
            }
            power = product;
            count += 1;
        }
        let (mut sum, mut bit) = (constant, 0);
        while bit < 8 {
            if (power >> bit) & 1 != 0 {
                sum ^= columns[bit];
            }
            bit += 1;
        }
        out[input] = sum;
        input += 1;
    }
    out
}

/// The function G of RFC 4269, 2.2.
fn mix(word: u32) -> u32 {
    const MASKS: [u8; 4] = [0xfc, 0xf3, 0xcf, 0x3f];
    let mut mixed = [0_u8; 4];
    for ((place, byte), table) in word.to_le_bytes().into_iter().enumerate().zip(SUBSTITUTIONS.iter().cycle())
    {
        let byte = table.get(usize::from(byte)).copied().unwrap_or_default();
        for (to, mask) in mixed.iter_mut().zip(MASKS.iter().cycle().skip(place)) {
            *to ^= byte & mask;
        }
    }
    u32::from_le_bytes(mixed)
}

fn words(bytes: &[u8; BLOCK_BYTES]) -> [u32; 4] {
    let word =
        |at: usize| bytes.iter().skip(at).take(4).fold(0_u32, |word, byte| word << 8 | u32::from(*byte));
    [word(0), word(4), word(8), word(12)]
}

/// The sixteen pairs of round keys, the first round first: RFC 4269, 2.3.
fn schedule(key: &[u8; KEY_BYTES]) -> Zeroizing<Vec<(u32, u32)>> {
    let [mut a, mut b, mut c, mut d] = words(key);
    let mut keys = Zeroizing::new(Vec::with_capacity(16));
    for round in 0..16_u32 {
        let constant = 0x9e37_79b9_u32.rotate_left(round);
        keys.push((
            mix(a.wrapping_add(c).wrapping_sub(constant)),
            mix(b.wrapping_sub(d).wrapping_add(constant)),
        ));
        if round % 2 == 0 {
            (a, b) = (a >> 8 | b << 24, b >> 8 | a << 24);
        } else {
            (c, d) = (c << 8 | d >> 24, d << 8 | c >> 24);
        }
    }
    keys
}

fn decrypt_block(keys: &[(u32, u32)], block: &[u8; BLOCK_BYTES]) -> [u8; BLOCK_BYTES] {
    let [mut left, mut left_low, mut right, mut right_low] = words(block);
    for (key, key_low) in keys.iter().rev() {
        let (c, d) = (right ^ key, right_low ^ key_low);
        let d = mix(c ^ d);
        let c = mix(d.wrapping_add(right ^ key));
        let d = mix(c.wrapping_add(d));
        let c = c.wrapping_add(d);
        (left, left_low, right, right_low) = (right, right_low, left ^ c, left_low ^ d);
    }
    let mut out = [0; BLOCK_BYTES];
    let all = [right, right_low, left, left_low];
    out.iter_mut().zip(all.iter().flat_map(|word| word.to_be_bytes())).for_each(|(to, from)| *to = from);
    out
}

/// Deciphers in CBC mode in place and gives the length without the padding of PKCS #7.
pub(super) fn decrypt_cbc(key: &[u8], iv: &[u8], data: &mut [u8]) -> Option<usize> {
    let keys = schedule(key.try_into().ok()?);
    let mut before: [u8; BLOCK_BYTES] = iv.try_into().ok()?;
    let (blocks, rest) = data.as_chunks_mut::<BLOCK_BYTES>();
    if !rest.is_empty() {
        return None;
    }
    for block in blocks {
        let plain = decrypt_block(&keys, block);
        let cipher = *block;
        block.iter_mut().zip(plain.iter().zip(before)).for_each(|(to, (plain, before))| *to = plain ^ before);
        before = cipher;
    }
    let padding = usize::from(*data.last()?);
    let length = data.len().checked_sub(padding)?;
    let is_padding = (1..=BLOCK_BYTES).contains(&padding)
        && data.iter().skip(length).all(|byte| usize::from(*byte) == padding);
    is_padding.then_some(length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_vectors_of_the_rfc_hold() {
        // RFC 4269, B.1: key of zeros.
        let cipher =
            [0x5e, 0xba, 0xc6, 0xe0, 0x05, 0x4e, 0x16, 0x68, 0x19, 0xaf, 0xf1, 0xcc, 0x6d, 0x34, 0x6c, 0xdb];
        let plain = decrypt_block(&schedule(&[0; 16]), &cipher);
        assert_eq!(plain, std::array::from_fn(|at| u8::try_from(at).unwrap()));
    }
}
