//! DSA signatures (FIPS 186-4), for the archives of old authorities: never without an opt-in.
//!
//! The one provider of cryptography has no DSA any more. Checking a signature handles no secret, so plain arithmetic
//! does, in time that depends on the numbers.

use aws_lc_rs::digest;

use super::der::{self, Fault, Reader};

/// 1.2.840.10040.4.1
pub(super) const DSA: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x38, 4, 1];
const SHORT: Fault = "a DSA key of an unusual size";
/// FIPS 186-4, 4.2, and no more: the work grows with the cube of the size.
const P_BITS: std::ops::RangeInclusive<u32> = 1_024..=3_072;
const Q_BITS: [u32; 3] = [160, 224, 256];

/// The digest that a signature algorithm of DSA names.
pub(super) fn digest_of(algorithm: &[u8]) -> Option<&'static digest::Algorithm> {
    match algorithm {
        [0x2a, 0x86, 0x48, 0xce, 0x38, 4, 3] => Some(&digest::SHA1_FOR_LEGACY_USE_ONLY),
        [0x60, 0x86, 0x48, 1, 0x65, 3, 4, 3, 2] => Some(&digest::SHA256),
        _ => None,
    }
}

/// Checks a signature; `parameters` is the content of Dss-Parms (RFC 3279, 2.3.2), `key` the public number as DER.
pub(super) fn is_signed(
    parameters: &[u8],
    key: &[u8],
    digest: &[u8],
    signature: &[u8],
) -> Result<bool, Fault> {
    let mut reader = Reader::new(parameters);
    let [p, q, g] = [number(&mut reader)?, number(&mut reader)?, number(&mut reader)?];
    reader.end()?;
    let mut key = Reader::new(key);
    let y = number(&mut key)?;
    key.end()?;
    let mut signature = Reader::new(der::only(signature, der::SEQUENCE)?);
    let [r, s] = [number(&mut signature)?, number(&mut signature)?];
    signature.end()?;
    let bits = |bytes: &[u8]| der::bits(bytes).unwrap_or(0);
    if !P_BITS.contains(&bits(p)) || !Q_BITS.contains(&bits(q)) {
        return Err(SHORT);
    }
    let (p, q) = (Modulus::new(p).ok_or(SHORT)?, Modulus::new(q).ok_or(SHORT)?);
    let inside = |bytes: &[u8], modulus: &Modulus| bits(bytes) > 0 && modulus.is_above(bytes);
    if !inside(r, &q) || !inside(s, &q) || !inside(g, &p) || !inside(y, &p) {
        return Ok(false);
    }
    // FIPS 186-4, 4.7: the left-most bits of the digest, as many as q has.
    let digest = digest.get(..q.limbs.len().saturating_mul(4).min(digest.len())).unwrap_or(digest);
    let inverse = q.power(&q.residue(s), &q.minus_two());
    let u1 = q.times(&q.residue(digest), &inverse);
    let u2 = q.times(&q.residue(r), &inverse);
    let v = p.times(&p.power(&p.residue(g), &u1), &p.power(&p.residue(y), &u2));
    let v: Vec<u8> = v.iter().rev().flat_map(|limb| limb.to_be_bytes()).collect();
    Ok(q.residue(&v) == q.residue(r))
}

/// A number that is not negative, big end first.
fn number<'a>(reader: &mut Reader<'a>) -> Result<&'a [u8], Fault> {
    let content = reader.expect(der::INTEGER)?.content;
    der::check_integer(content)?;
    match content {
        [first, ..] if first & 0x80 != 0 => Err("a negative number"),
        _ => Ok(content),
    }
}

/// An odd modulus; numbers are limbs of 32 bits, little end first, as many as the modulus has.
struct Modulus {
    limbs: Vec<u32>,
    /// The negated inverse of the lowest limb, for Montgomery's reduction.
    factor: u32,
    /// The square of Montgomery's radix.
    square: Vec<u32>,
}

impl Modulus {
    fn new(bytes: &[u8]) -> Option<Self> {
        let mut limbs = limbs_of(bytes);
        while limbs.last() == Some(&0) {
            limbs.pop();
        }
        let lowest = *limbs.first()?;
        if lowest & 1 == 0 {
            return None;
        }
        // Newton's iteration doubles the right bits each time: 3, 6, 12, 24, 48.
        let mut inverse = lowest;
        for _ in 0..4 {
            inverse = inverse.wrapping_mul(2_u32.wrapping_sub(lowest.wrapping_mul(inverse)));
        }
        let mut out = Modulus { limbs, factor: inverse.wrapping_neg(), square: Vec::new() };
        let mut square = out.one();
        for _ in 0..out.limbs.len().saturating_mul(64) {
            out.double(&mut square, 0);
        }
        out.square = square;
        Some(out)
    }

    fn one(&self) -> Vec<u32> {
        let mut one = vec![0; self.limbs.len()];
        one.iter_mut().take(1).for_each(|limb| *limb = 1);
        one
    }

    fn is_above(&self, bytes: &[u8]) -> bool {
        let mut other = limbs_of(bytes);
        while other.last() == Some(&0) {
            other.pop();
        }
        other.len() < self.limbs.len()
            || (other.len() == self.limbs.len() && other.iter().rev().lt(self.limbs.iter().rev()))
    }

    /// The remainder of a number of any length.
    fn residue(&self, bytes: &[u8]) -> Vec<u32> {
        let mut out = vec![0; self.limbs.len()];
        for bit in bytes.iter().flat_map(|byte| (0..8).rev().map(move |at| u32::from(byte >> at & 1))) {
            self.double(&mut out, bit);
        }
        out
    }

    fn minus_two(&self) -> Vec<u32> {
        let mut out = self.limbs.clone();
        let mut borrow = 2;
        for limb in &mut out {
            let (less, under) = limb.overflowing_sub(borrow);
            (*limb, borrow) = (less, u32::from(under));
        }
        out
    }

    /// Twice the number, and a bit.
    fn double(&self, number: &mut [u32], mut bit: u32) {
        for limb in number.iter_mut() {
            let top = *limb >> 31;
            *limb = *limb << 1 | bit;
            bit = top;
        }
        self.reduce(number, bit);
    }

    /// Takes the modulus off once where the number, with this limb above it, is not below it.
    fn reduce(&self, number: &mut [u32], above: u32) {
        if above == 0 && number.iter().rev().lt(self.limbs.iter().rev()) {
            return;
        }
        let mut borrow = false;
        for (limb, take) in number.iter_mut().zip(&self.limbs) {
            let (less, one) = limb.overflowing_sub(*take);
            let (less, two) = less.overflowing_sub(u32::from(borrow));
            (*limb, borrow) = (less, one || two);
        }
    }

    /// Montgomery's product: a times b divided by the radix.
    fn product(&self, a: &[u32], b: &[u32]) -> Vec<u32> {
        let mut sum = vec![0_u32; self.limbs.len().saturating_add(2)];
        for limb in a {
            add_times(&mut sum, b, *limb);
            let low = sum.first().copied().unwrap_or(0);
            add_times(&mut sum, &self.limbs, low.wrapping_mul(self.factor));
            sum.rotate_left(1);
        }
        let above = sum.get(self.limbs.len()).copied().unwrap_or(0);
        sum.truncate(self.limbs.len());
        self.reduce(&mut sum, above);
        sum
    }

    fn times(&self, a: &[u32], b: &[u32]) -> Vec<u32> {
        self.product(&self.product(a, &self.square), b)
    }

    fn power(&self, base: &[u32], exponent: &[u32]) -> Vec<u32> {
        let base = self.product(base, &self.square);
        let mut out = self.product(&self.one(), &self.square);
        for bit in exponent.iter().rev().flat_map(|limb| (0..32).rev().map(move |at| limb >> at & 1)) {
            out = self.product(&out, &out);
            if bit == 1 {
                out = self.product(&out, &base);
            }
        }
        self.product(&out, &self.one())
    }
}

/// Adds a number times one limb; the sum has room for what is carried.
fn add_times(sum: &mut [u32], number: &[u32], by: u32) {
    let mut carry = 0_u64;
    for (limb, other) in sum.iter_mut().zip(number.iter().copied().chain(std::iter::repeat(0))) {
        carry =
            carry.wrapping_add(u64::from(*limb)).wrapping_add(u64::from(other).wrapping_mul(u64::from(by)));
        // The low half; the high half is carried on.
        *limb = carry as u32;
        carry >>= 32;
    }
}

fn limbs_of(bytes: &[u8]) -> Vec<u32> {
    let limb = |chunk: &[u8]| chunk.iter().fold(0, |sum, byte| sum << 8 | u32::from(*byte));
    bytes.rchunks(4).map(limb).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arithmetic_agrees_with_small_numbers() {
        let modulus = Modulus::new(&1_000_003_u64.to_be_bytes()).unwrap();
        let number = |value: u64| modulus.residue(&value.to_be_bytes());
        assert_eq!(number(5_000_000_000), number(5_000_000_000 % 1_000_003));
        assert_eq!(number(1_000_002), [1_000_002]);
        assert_eq!(modulus.times(&number(999_999), &number(888_888)), number(999_999 * 888_888));
        let inverse = modulus.power(&number(12_345), &modulus.minus_two());
        assert_eq!(modulus.times(&inverse, &number(12_345)), number(1));
        let large = Modulus::new(&[0xff; 16]).unwrap();
        let two = large.residue(&[2]);
        assert_eq!(
            large.power(&two, &large.residue(&[127])),
            large.residue(&[&[0x80][..], &[0; 15]].concat())
        );
        assert!(Modulus::new(&[4]).is_none());
    }
}
