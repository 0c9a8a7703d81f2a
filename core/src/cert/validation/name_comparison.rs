//! When two distinguished names are the same name: RFC 5280 section 7.1.

use crate::cert::der::{Element, Oid};
use crate::cert::name;

/// A form of a Name that is equal, byte for byte, for names that are equal.
///
/// Letter case, kind of string and runs of spaces do not count; the order of the parts does. The form of a name that
/// begins with all parts of another begins with the form of the other, which is what directoryName constraints ask.
pub(in crate::cert) fn canonical(content: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(content.len().saturating_add(16));
    for part in name::parts(content) {
        push_part(&mut out, &part);
    }
    out
}

/// Adds one relative name, whose attributes have no order among themselves.
pub(super) fn push_part(out: &mut Vec<u8>, part: &[(Oid<'_>, Element<'_>)]) {
    let start = out.len();
    if let [(kind, value)] = part {
        push_attribute(out, *kind, *value);
    } else {
        let mut attributes: Vec<Vec<u8>> = part
            .iter()
            .map(|(kind, value)| {
                let mut attribute = Vec::new();
                push_attribute(&mut attribute, *kind, *value);
                attribute
            })
            .collect();
        attributes.sort_unstable();
        out.extend(attributes.concat());
    }
    // The length in front makes parts self-contained; names have far fewer bytes than four can count.
    let length = u32::try_from(out.len().saturating_sub(start)).unwrap_or(u32::MAX);
    out.splice(start..start, length.to_be_bytes());
}

fn push_attribute(out: &mut Vec<u8>, kind: Oid<'_>, value: Element<'_>) {
    let folded = name::decode(value).map(|text| fold(&text));
    let (sort, bytes) = match &folded {
        Some(text) => (1, text.as_bytes()),
        None => (0, value.whole),
    };
    for field in [kind.0, bytes] {
        out.extend(u32::try_from(field.len()).unwrap_or(u32::MAX).to_be_bytes());
        out.extend(field);
    }
    out.push(sort);
}

/// Letter case and spaces taken out of the comparison, as RFC 4518 prepares strings.
fn fold(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut space = false;
    for c in text.chars() {
        if is_nothing(c) {
            continue;
        }
        if c.is_whitespace() {
            space = true;
            continue;
        }
        if space && !out.is_empty() {
            out.push(' ');
        }
        space = false;
        if c.is_ascii() {
            out.push(c.to_ascii_lowercase());
        } else {
            out.extend(c.to_lowercase());
        }
    }
    out
}

/// RFC 4518, 2.2: characters that are mapped to nothing.
fn is_nothing(c: char) -> bool {
    match c {
        '\t' | '\n' | '\x0b' | '\x0c' | '\r' | '\u{85}' => false,
        '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}' | '\u{feff}' => true,
        _ => c.is_control(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(tag: u8, value: &[u8]) -> Vec<u8> {
        let n = u8::try_from(value.len()).unwrap();
        let mut out = vec![0x31, n + 9, 0x30, n + 7, 6, 3, 0x55, 4, 3, tag, n];
        out.extend(value);
        out
    }

    #[test]
    fn case_spaces_and_kind_of_string_do_not_count() {
        let plain = canonical(&name(0x13, b"Contoso CA 1"));
        assert_eq!(plain, canonical(&name(0x0c, b"  contoso   cA 1 ")));
        assert_eq!(plain, canonical(&name(0x16, b"CONTOSO\tCA 1")));
        assert_eq!(plain, canonical(&name(0x0c, "Con\u{ad}toso CA 1".as_bytes())));
        assert_ne!(plain, canonical(&name(0x13, b"ContosoCA 1")));
        assert_ne!(plain, canonical(&name(0x03, b"\0Contoso CA 1")));
        assert_eq!(canonical(&name(0x0c, "ÉCOLE".as_bytes())), canonical(&name(0x0c, "école".as_bytes())));
    }

    #[test]
    fn a_longer_name_begins_with_the_shorter_one() {
        let (mut long, short) = (name(0x13, b"Contoso"), name(0x13, b"CONTOSO"));
        long.extend(name(0x13, b"a"));
        assert!(canonical(&long).starts_with(&canonical(&short)));
        assert!(!canonical(&name(0x13, b"Contoso2")).starts_with(&canonical(&short)));
        let swapped = [name(0x13, b"a"), name(0x13, b"Contoso")].concat();
        assert_ne!(canonical(&swapped), canonical(&long));
    }
}
