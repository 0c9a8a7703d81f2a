//! Distinguished names as text, after RFC 4514.

use std::borrow::Cow;
use std::fmt::Write;

use super::der::{self, Element, Fault, Hex, Oid, Reader};

const COMMON_NAME: &[u8] = &[0x55, 4, 3];

/// Checks the content of a Name, so that the functions below can always read it.
pub(super) fn check(content: &[u8]) -> Result<(), Fault> {
    let mut parts = Reader::new(content);
    while !parts.is_empty() {
        let mut attributes = parts.enter(der::SET)?;
        if attributes.is_empty() {
            return Err("a part of the name is empty");
        }
        while !attributes.is_empty() {
            let mut attribute = attributes.enter(der::SEQUENCE)?;
            der::check_oid(attribute.expect(der::OBJECT_IDENTIFIER)?.content)?;
            attribute.any()?;
            attribute.end()?;
        }
    }
    Ok(())
}

/// The name as text, last part first: RFC 4514, 2.1.
pub(super) fn text(content: &[u8]) -> String {
    let mut out = String::new();
    for part in parts(content).into_iter().rev() {
        for (at, (kind, value)) in part.into_iter().enumerate() {
            if !out.is_empty() {
                out.push(if at == 0 { ',' } else { '+' });
            }
            push_attribute(&mut out, kind, value);
        }
    }
    out
}

/// The last common name, which is the most specific one.
pub(super) fn common_name(content: &[u8]) -> Option<String> {
    let attribute = parts(content).into_iter().flatten().rfind(|(kind, _)| kind.0 == COMMON_NAME)?;
    Some(decode(attribute.1).map_or_else(|| dump(attribute.1), Cow::into_owned))
}

pub(super) fn parts(content: &[u8]) -> Vec<Vec<(Oid<'_>, Element<'_>)>> {
    let mut out = Vec::new();
    let mut parts = Reader::new(content);
    while let Ok(part) = parts.enter(der::SET) {
        out.push(attributes(part));
    }
    out
}

/// The attributes of one part of a name.
pub(super) fn attributes(mut part: Reader<'_>) -> Vec<(Oid<'_>, Element<'_>)> {
    let mut out = Vec::with_capacity(1);
    while let Ok(mut attribute) = part.enter(der::SEQUENCE) {
        if let (Ok(kind), Ok(value)) = (attribute.expect(der::OBJECT_IDENTIFIER), attribute.any()) {
            out.push((Oid(kind.content), value));
        }
    }
    out
}

fn push_attribute(out: &mut String, kind: Oid<'_>, value: Element<'_>) {
    let known = keyword(kind);
    // Writing to a string does not fail.
    let _ = match known {
        Some(word) => write!(out, "{word}="),
        None => write!(out, "{kind}="),
    };
    // RFC 4514, 2.4: an attribute without a keyword is written as its encoding.
    match decode(value).filter(|_| known.is_some()) {
        Some(text) => push_escaped(out, &text),
        None => out.push_str(&dump(value)),
    }
}

fn dump(value: Element<'_>) -> String {
    format!("#{}", Hex(value.whole))
}

/// The text of a string of any of the types that X.520 allows; nothing where it is none or is broken.
pub(super) fn decode(value: Element<'_>) -> Option<Cow<'_, str>> {
    let bytes = value.content;
    match value.tag {
        0x0c => std::str::from_utf8(bytes).ok().map(Cow::Borrowed),
        // Numeric, Printable, Teletex, IA5, Visible, General: read as Latin-1, which certification authorities mean.
        0x12 | 0x13 | 0x14 | 0x16 | 0x1a | 0x1b => Some(match std::str::from_utf8(bytes) {
            Ok(text) if text.is_ascii() => Cow::Borrowed(text),
            _ => Cow::Owned(bytes.iter().copied().map(char::from).collect()),
        }),
        0x1e => {
            let (units, rest) = bytes.as_chunks::<2>();
            let units = units.iter().copied().map(u16::from_be_bytes);
            rest.is_empty()
                .then(|| char::decode_utf16(units).collect::<Result<String, _>>().ok())?
                .map(Cow::Owned)
        }
        0x1c => {
            let (units, rest) = bytes.as_chunks::<4>();
            let text = units
                .iter()
                .map(|unit| char::from_u32(u32::from_be_bytes(*unit)))
                .collect::<Option<String>>();
            text.filter(|_| rest.is_empty()).map(Cow::Owned)
        }
        _ => None,
    }
}

/// RFC 4514, 2.4, and control characters as hex so that a name stays on its line.
fn push_escaped(out: &mut String, text: &str) {
    let last = text.chars().count().saturating_sub(1);
    for (at, c) in text.chars().enumerate() {
        match c {
            ',' | '+' | '"' | '\\' | '<' | '>' | ';' => out.extend(['\\', c]),
            '#' if at == 0 => out.push_str("\\#"),
            ' ' if at == 0 || at == last => out.push_str("\\ "),
            '\0'..='\x1f' | '\x7f' => {
                let _ = write!(out, "\\{:02X}", u32::from(c));
            }
            _ => out.push(c),
        }
    }
}

/// The short word for a kind of attribute: RFC 4514 section 3, then the ones OpenSSL shows.
fn keyword(kind: Oid<'_>) -> Option<&'static str> {
    Some(match kind.0 {
        [0x55, 4, last] => match last {
            3 => "CN",
            4 => "SN",
            5 => "serialNumber",
            6 => "C",
            7 => "L",
            8 => "ST",
            9 => "street",
            10 => "O",
            11 => "OU",
            12 => "title",
            13 => "description",
            15 => "businessCategory",
            17 => "postalCode",
            41 => "name",
            42 => "GN",
            43 => "initials",
            44 => "generationQualifier",
            46 => "dnQualifier",
            65 => "pseudonym",
            97 => "organizationIdentifier",
            _ => return None,
        },
        [0x09, 0x92, 0x26, 0x89, 0x93, 0xf2, 0x2c, 0x64, 1, 25] => "DC",
        [0x09, 0x92, 0x26, 0x89, 0x93, 0xf2, 0x2c, 0x64, 1, 1] => "UID",
        [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 1] => "emailAddress",
        [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 2] => "unstructuredName",
        [0x2b, 0x06, 1, 4, 1, 0x82, 0x37, 0x3c, 2, 1, 1] => "jurisdictionL",
        [0x2b, 0x06, 1, 4, 1, 0x82, 0x37, 0x3c, 2, 1, 2] => "jurisdictionST",
        [0x2b, 0x06, 1, 4, 1, 0x82, 0x37, 0x3c, 2, 1, 3] => "jurisdictionC",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn escaped(text: &str) -> String {
        let mut out = String::new();
        push_escaped(&mut out, text);
        out
    }

    #[test]
    fn escapes_what_would_change_the_meaning() {
        assert_eq!(escaped("Contoso, Ltd. <\"a\"+b>;\\"), "Contoso\\, Ltd. \\<\\\"a\\\"\\+b\\>\\;\\\\");
        assert_eq!(escaped("#1 #2"), "\\#1 #2");
        assert_eq!(escaped(" a "), "\\ a\\ ");
        assert_eq!(escaped(" "), "\\ ");
        assert_eq!(escaped("a\r\0"), "a\\0D\\00");
    }

    #[test]
    fn decodes_every_string_type_and_dumps_the_rest() {
        let value = |tag, content: &'static [u8]| decode(Element { tag, content, whole: content });
        assert_eq!(value(0x0c, "é".as_bytes()).as_deref(), Some("é"));
        assert_eq!(value(0x0c, b"\xe9"), None);
        assert_eq!(value(0x14, b"\xe9").as_deref(), Some("é"));
        assert_eq!(value(0x1e, b"\x00\xe9\xd8\x3d\xde\x00").as_deref(), Some("é😀"));
        assert_eq!(value(0x1e, b"\x00\xe9\x00"), None);
        assert_eq!(value(0x1c, b"\x00\x00\x00\xe9").as_deref(), Some("é"));
        assert_eq!(value(0x03, b"\x00\xe9"), None);
    }
}
