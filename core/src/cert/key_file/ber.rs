//! Basic encoding rules, made distinguished.
//!
//! Java, Windows and Firefox write PKCS #7 and PKCS #12 with indefinite lengths and strings in pieces (X.690, 8.1.3 and
//! 8.7). What is read here is written again with definite lengths, so that the strict reader of `der` sees all files.

use std::borrow::Cow;

use zeroize::Zeroizing;

use super::refusal::Refusal;
use crate::cert::der::{Fault, Reader};
use crate::cert::der_writing;
use crate::limits::{BER_DEPTH_MAX, BER_ELEMENTS_MAX};

const SHORT: Fault = "the data ends too early";
const DEEP: Fault = "its elements are nested too deep";

/// The one element in these bytes, DER in structure.
pub(super) fn to_der(bytes: &[u8]) -> Result<Normal<'_>, Refusal> {
    if is_der(bytes, 0)? {
        let mut reader = Reader::new(bytes);
        reader.any()?;
        reader.end().map_err(|_| Refusal::damaged("there is more data after its end"))?;
        return Ok(Normal(Cow::Borrowed(bytes)));
    }
    let mut rest = bytes;
    let mut budget = BER_ELEMENTS_MAX;
    let node = Node::read(&mut rest, 0, &mut budget)?;
    if !rest.is_empty() {
        return Err(Refusal::damaged("there is more data after its end"));
    }
    // As long as it gets at once: growing would leave copies of secrets behind.
    let mut out = Vec::with_capacity(node.whole_length());
    node.write(&mut out);
    Ok(Normal(Cow::Owned(out)))
}

/// True where these bytes are one SEQUENCE and nothing else, looked at from outside.
pub(super) fn is_one_sequence(bytes: &[u8]) -> bool {
    let mut rest = bytes;
    match header(&mut rest) {
        Ok((crate::cert::der::SEQUENCE, Some(length))) => rest.len() == length,
        Ok((crate::cert::der::SEQUENCE, None)) => to_der(bytes).is_ok(),
        _ => false,
    }
}

/// Bytes that are wiped where they are a copy.
pub(super) struct Normal<'a>(Cow<'a, [u8]>);

impl std::ops::Deref for Normal<'_> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl Drop for Normal<'_> {
    fn drop(&mut self) {
        if let Cow::Owned(bytes) = &mut self.0 {
            drop(Zeroizing::new(std::mem::take(bytes)));
        }
    }
}

/// True where every length is definite and shortest and no string is in pieces.
///
/// Whatever is wrong in other ways is told by the slower reader.
fn is_der(bytes: &[u8], depth: usize) -> Result<bool, Fault> {
    if depth > BER_DEPTH_MAX {
        return Err(DEEP);
    }
    let mut reader = Reader::new(bytes);
    while !reader.is_empty() {
        let Ok(element) = reader.any() else { return Ok(false) };
        if string_tag(element.tag).is_some()
            || element.tag & 0x20 != 0 && !is_der(element.content, depth.saturating_add(1))?
        {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The primitive tag of a string in pieces (BIT STRING, OCTET STRING and the character strings).
fn string_tag(tag: u8) -> Option<u8> {
    let number = tag & 0x1f;
    (tag & 0xe0 == 0x20 && matches!(number, 3 | 4 | 12 | 18..=22 | 25..=28 | 30)).then_some(number)
}

/// One element before it is written again.
struct Node<'a> {
    tag: u8,
    length: usize,
    body: Body<'a>,
}

enum Body<'a> {
    Bytes(&'a [u8]),
    /// Bytes of a string in pieces, behind its count of unused bits where it is a BIT STRING.
    Pieces(Option<u8>, Vec<&'a [u8]>),
    Children(Vec<Node<'a>>),
}

impl<'a> Node<'a> {
    /// Takes one element off the front.
    fn read(rest: &mut &'a [u8], depth: usize, budget: &mut usize) -> Result<Self, Fault> {
        if depth > BER_DEPTH_MAX {
            return Err(DEEP);
        }
        *budget = budget.checked_sub(1).ok_or("it has too many elements")?;
        let (tag, length) = header(rest)?;
        let (constructed, inner) = (tag & 0x20 != 0, depth.saturating_add(1));
        let mut children = Vec::new();
        match length {
            Some(length) => {
                let (content, after) = rest.split_at_checked(length).ok_or(SHORT)?;
                *rest = after;
                if !constructed {
                    return Ok(Node { tag, length, body: Body::Bytes(content) });
                }
                let mut content = content;
                while !content.is_empty() {
                    children.push(Node::read(&mut content, inner, budget)?);
                }
            }
            None if !constructed => return Err("an indefinite length of a primitive element"),
            None => loop {
                // X.690, 8.1.5: two zero bytes end it.
                if let [0, 0, after @ ..] = *rest {
                    *rest = after;
                    break;
                }
                children.push(Node::read(rest, inner, budget)?);
            },
        }
        match string_tag(tag) {
            Some(primitive) => Node::joined(primitive, children),
            None => {
                let length = children.iter().map(Node::whole_length).sum();
                Ok(Node { tag, length, body: Body::Children(children) })
            }
        }
    }

    /// The string whose pieces these are.
    fn joined(tag: u8, children: Vec<Node<'a>>) -> Result<Self, Fault> {
        let is_bits = tag == crate::cert::der::BIT_STRING;
        let (mut pieces, mut unused) = (Vec::with_capacity(children.len()), 0);
        for child in children {
            // X.690, 8.21.6 allows pieces of a character string as octet strings.
            if child.tag != tag && (is_bits || child.tag != crate::cert::der::OCTET_STRING) {
                return Err("a string with a piece of another type");
            }
            if unused != 0 {
                return Err("a bit string with unused bits before its end");
            }
            match child.body {
                Body::Bytes(bytes) if is_bits => {
                    let (&first, bits) = bytes.split_first().ok_or(SHORT)?;
                    unused = first;
                    pieces.push(bits);
                }
                Body::Bytes(bytes) => pieces.push(bytes),
                Body::Pieces(last, more) => {
                    unused = last.unwrap_or(0);
                    pieces.extend(more);
                }
                Body::Children(_) => return Err("a string with a piece of another type"),
            }
        }
        let length =
            pieces.iter().map(|piece| piece.len()).sum::<usize>().saturating_add(usize::from(is_bits));
        Ok(Node { tag, length, body: Body::Pieces(is_bits.then_some(unused), pieces) })
    }

    fn whole_length(&self) -> usize {
        self.length.saturating_add(der_writing::header_length(self.length))
    }

    fn write(&self, out: &mut Vec<u8>) {
        der_writing::header(out, self.tag, self.length);
        match &self.body {
            Body::Bytes(bytes) => out.extend_from_slice(bytes),
            Body::Pieces(unused, pieces) => {
                out.extend(unused);
                pieces.iter().for_each(|piece| out.extend_from_slice(piece));
            }
            Body::Children(children) => children.iter().for_each(|child| child.write(out)),
        }
    }
}

/// Takes tag and length off the front; no length where it is indefinite.
fn header(rest: &mut &[u8]) -> Result<(u8, Option<usize>), Fault> {
    let [tag, first, after @ ..] = *rest else { return Err(SHORT) };
    if tag & 0x1f == 0x1f {
        return Err("a tag of several bytes, which no such file has");
    }
    if *tag == 0 {
        return Err("an end mark without a beginning");
    }
    let (length, after) = match first {
        0x80 => (None, after),
        0..0x80 => (Some(usize::from(*first)), after),
        _ => {
            let (digits, after) = after.split_at_checked(usize::from(first & 0x7f)).ok_or(SHORT)?;
            // BER allows zeros in front.
            let zeros = digits.iter().take_while(|digit| **digit == 0).count();
            let digits = digits.get(zeros..).unwrap_or_default();
            if digits.len() > 4 {
                return Err("a length of more than four bytes");
            }
            (Some(digits.iter().fold(0, |sum, digit| sum << 8 | usize::from(*digit))), after)
        }
    };
    *rest = after;
    Ok((*tag, length))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn der(bytes: &[u8]) -> Option<Vec<u8>> {
        to_der(bytes).ok().map(|normal| normal.to_vec())
    }

    #[test]
    fn indefinite_lengths_and_pieces_become_definite() {
        let pieces = [0x30, 0x80, 0x24, 0x80, 4, 1, 1, 0x24, 3, 4, 1, 2, 0, 0, 2, 0x81, 1, 7, 0, 0];
        assert_eq!(der(&pieces), Some(vec![0x30, 7, 4, 2, 1, 2, 2, 1, 7]));
        assert_eq!(der(&[0x23, 8, 3, 2, 0, 0xaa, 3, 2, 4, 0xb0]), Some(vec![3, 3, 4, 0xaa, 0xb0]));
        assert_eq!(der(&[0x30, 0x82, 0, 3, 2, 1, 7]), Some(vec![0x30, 3, 2, 1, 7]));
    }

    #[test]
    fn what_is_cut_off_nested_or_followed_is_refused() {
        for wrong in [&[0x30, 0x80][..], &[0x30, 0x80, 0, 0, 0], &[4, 0x80, 0, 0], &[0x24, 2, 2, 0], &[]] {
            assert!(der(wrong).is_none(), "{wrong:?}");
        }
        let deep = [0x30, 0x80].repeat(100_000);
        assert!(der(&deep).is_none());
    }
}
