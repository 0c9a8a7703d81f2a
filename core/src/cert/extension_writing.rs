//! Extensions as they are written into certificates, requests and revocation lists.

use super::alternative_name::SubjectAlternativeName;
use super::der;
use super::der_writing::{element, octets, oid, sequence};
use super::key_usage::{self, ExtendedKeyUsage};

pub(super) const KEY_USAGE: &[u8] = &[0x55, 0x1d, 15];
pub(super) const ALTERNATIVE_NAMES: &[u8] = &[0x55, 0x1d, 17];
pub(super) const EXTENDED_KEY_USAGE: &[u8] = &[0x55, 0x1d, 37];

/// One extension with its tag.
pub(super) fn extension(kind: &[u8], critical: bool, value: &[u8]) -> Vec<u8> {
    let flag: &[u8] = if critical { &[der::BOOLEAN, 1, 0xff] } else { &[] };
    sequence(&[&oid(kind), flag, &octets(value)])
}

/// The value of a key usage extension from the words of RFC 5280; the error is a cause.
pub(super) fn key_usage(names: &[String]) -> Result<Vec<u8>, String> {
    let mut bits = 0;
    for name in names {
        bits |= key_usage::bit(name).ok_or_else(|| format!("{name:?} is no key usage"))?;
    }
    Ok(bit_string(bits))
}

/// A BIT STRING of named bits, first bit highest, without zero bits at its end (X.690, 11.2.2).
pub(super) fn bit_string(bits: u16) -> Vec<u8> {
    let [first, second] = bits.to_be_bytes();
    // At most 7 bits are unused in the last byte.
    let unused = |byte: u8| u8::try_from(byte.trailing_zeros().min(7)).unwrap_or(0);
    match (first, second) {
        (0, 0) => element(der::BIT_STRING, &[&[0]]),
        (_, 0) => element(der::BIT_STRING, &[&[unused(first), first]]),
        _ => element(der::BIT_STRING, &[&[unused(second), first, second]]),
    }
}

/// The value of an extended key usage extension.
pub(super) fn extended_key_usage(purposes: &[ExtendedKeyUsage]) -> Vec<u8> {
    let purposes: Vec<u8> = purposes.iter().flat_map(|purpose| oid(&purpose.content())).collect();
    sequence(&[&purposes])
}

/// The value of a subject alternative name extension; the error is a cause.
pub(super) fn alternative_names(names: &[SubjectAlternativeName]) -> Result<Vec<u8>, String> {
    let names = names.iter().map(SubjectAlternativeName::to_der).collect::<Result<Vec<_>, _>>()?;
    Ok(sequence(&[&names.concat()]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn named_bits_are_shortest() {
        assert_eq!(bit_string(0), [3, 1, 0]);
        assert_eq!(bit_string(0x8000), [3, 2, 7, 0x80]);
        assert_eq!(bit_string(0xa000), [3, 2, 5, 0xa0]);
        assert_eq!(bit_string(0x0080), [3, 3, 7, 0, 0x80]);
        let names = ["keyCertSign", "cRLSign"].map(str::to_owned);
        assert_eq!(key_usage(&names), Ok(vec![3, 2, 1, 6]));
        assert_eq!(key_usage(&["sign".into()]), Err("\"sign\" is no key usage".into()));
    }
}
