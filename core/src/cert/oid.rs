//! Object identifiers from text.

/// The content of an OBJECT IDENTIFIER from its dotted form; nothing where the text is none.
pub(super) fn encode(text: &str) -> Option<Vec<u8>> {
    let mut arcs = text.split('.').map(|arc| {
        let plain = arc.bytes().all(|byte| byte.is_ascii_digit()) && (arc == "0" || !arc.starts_with('0'));
        arc.parse::<u64>().ok().filter(|_| plain)
    });
    let (top, second) = (arcs.next()??, arcs.next()??);
    if top > 2 || (top < 2 && second > 39) {
        return None;
    }
    let mut out = Vec::new();
    push(&mut out, top.checked_mul(40)?.checked_add(second)?);
    for arc in arcs {
        push(&mut out, arc?);
    }
    Some(out)
}

fn push(out: &mut Vec<u8>, arc: u64) {
    let groups = (64 - arc.leading_zeros()).div_ceil(7).max(1);
    for at in (0..groups).rev() {
        // Seven bits always fit.
        let group = u8::try_from(arc >> (at * 7) & 0x7f).unwrap_or(0);
        out.push(if at == 0 { group } else { group | 0x80 });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cert::der::Oid;

    #[test]
    fn text_and_bytes_are_one() {
        for text in
            ["2.5.29.32.0", "1.2.840.113549.1.1.11", "2.999.3", "0.9.2342", "2.16.840.1.101.3.2.1.48.1"]
        {
            assert_eq!(Oid(&encode(text).unwrap()).to_string(), text);
        }
        for wrong in ["", "1", "3.1", "1.40", "1.2.", "1.02", "1.-2", "a.b", "1.2.99999999999999999999"] {
            assert_eq!(encode(wrong), None, "{wrong:?}");
        }
    }
}
