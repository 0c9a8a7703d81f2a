//! DER as it is written: a tag, a length in its shortest form, a content.

use super::der;

/// Bytes that tag and length take.
pub(super) fn header_length(length: usize) -> usize {
    let digits = length_digits(length);
    if length < 0x80 { 2 } else { digits.saturating_add(2) }
}

fn length_digits(length: usize) -> usize {
    length.to_be_bytes().iter().skip_while(|byte| **byte == 0).count()
}

/// Adds tag and length.
pub(super) fn header(out: &mut Vec<u8>, tag: u8, length: usize) {
    out.push(tag);
    match u8::try_from(length) {
        Ok(short @ 0..0x80) => out.push(short),
        _ => {
            // At most eight digits.
            out.push(0x80 | u8::try_from(length_digits(length)).unwrap_or(0));
            out.extend(length.to_be_bytes().iter().skip_while(|byte| **byte == 0));
        }
    }
}

/// An element whose content is these parts, one after the other.
pub(super) fn element(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let length = parts.iter().map(|part| part.len()).sum();
    let mut out = Vec::with_capacity(header_length(length).saturating_add(length));
    header(&mut out, tag, length);
    parts.iter().for_each(|part| out.extend_from_slice(part));
    out
}

/// A SEQUENCE of these elements.
pub(in crate::cert) fn sequence(parts: &[&[u8]]) -> Vec<u8> {
    element(der::SEQUENCE, parts)
}

/// An OBJECT IDENTIFIER from its content.
pub(super) fn oid(content: &[u8]) -> Vec<u8> {
    element(der::OBJECT_IDENTIFIER, &[content])
}

/// An OCTET STRING.
pub(super) fn octets(content: &[u8]) -> Vec<u8> {
    element(der::OCTET_STRING, &[content])
}

/// An INTEGER that is not negative.
pub(super) fn integer(number: u32) -> Vec<u8> {
    let digits: Vec<u8> = number.to_be_bytes().into_iter().skip_while(|byte| *byte == 0).collect();
    // A first bit of 1 would make it negative, and zero has one byte.
    let pad: &[u8] = if digits.first().is_none_or(|first| first & 0x80 != 0) { &[0] } else { &[] };
    element(der::INTEGER, &[pad, &digits])
}

/// An AlgorithmIdentifier without parameters, or with these.
pub(super) fn algorithm(kind: &[u8], parameters: &[u8]) -> Vec<u8> {
    sequence(&[&oid(kind), parameters])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_and_numbers_are_shortest() {
        assert_eq!(integer(0), [2, 1, 0]);
        assert_eq!(integer(128), [2, 2, 0, 128]);
        assert_eq!(integer(u32::MAX), [2, 5, 0, 255, 255, 255, 255]);
        for length in [0, 1, 127, 128, 255, 256, 65_535, 65_536] {
            let made = octets(&vec![1; length]);
            assert_eq!(made.len(), header_length(length) + length);
            assert_eq!(der::only(&made, der::OCTET_STRING).map(<[u8]>::len), Ok(length));
        }
    }
}
