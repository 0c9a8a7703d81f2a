//! Bodies that are sealed by the security context: `multipart/encrypted` (MS-WSMV, section 2.2.9.1).

use super::SecurityContext;
use crate::error::{Error, ErrorKind, Result};

/// The content type of a sealed body.
pub(in crate::net) const SEALED_CONTENT_TYPE: &str = "multipart/encrypted;\
     protocol=\"application/HTTP-SPNEGO-session-encrypted\";boundary=\"Encrypted Boundary\"";

const BOUNDARY: &str = "--Encrypted Boundary";
const STREAM: &[u8] = b"application/octet-stream\r\n";

/// True where a content type is that of a sealed body.
pub(in crate::net) fn is_sealed(content_type: &str) -> bool {
    content_type.trim_start().get(..19).is_some_and(|start| start.eq_ignore_ascii_case("multipart/encrypted"))
}

/// Seals a body of this content type.
pub(in crate::net) fn sealed(
    context: &mut SecurityContext,
    content_type: &str,
    plain: &[u8],
) -> Result<Vec<u8>> {
    let (signature, data) = context.seal(plain)?;
    let mut body = format!(
        "{BOUNDARY}\r\n\tContent-Type: application/HTTP-SPNEGO-session-encrypted\r\n\
         \tOriginalContent: type={content_type};Length={}\r\n\
         {BOUNDARY}\r\n\tContent-Type: application/octet-stream\r\n",
        plain.len()
    )
    .into_bytes();
    body.extend_from_slice(&(signature.len() as u32).to_le_bytes());
    body.extend_from_slice(&signature);
    body.extend_from_slice(&data);
    body.extend_from_slice(BOUNDARY.as_bytes());
    body.extend_from_slice(b"--\r\n");
    Ok(body)
}

/// Opens a sealed body.
pub(in crate::net) fn unsealed(context: &mut SecurityContext, body: &[u8]) -> Result<Vec<u8>> {
    let refuse =
        |cause: &str| Error::new(ErrorKind::Protocol, "read a sealed answer", format!("the body {cause}"));
    let parts = Parts::read(body).map_err(refuse)?;
    let plain = context.unseal(parts.signature, parts.data)?;
    // Without it a peer's padding would become part of the message.
    if plain.len() != parts.plain_length {
        return Err(refuse("has another length than it says"));
    }
    Ok(plain)
}

#[derive(Debug, PartialEq, Eq)]
struct Parts<'a> {
    plain_length: usize,
    signature: &'a [u8],
    data: &'a [u8],
}

impl<'a> Parts<'a> {
    fn read(body: &'a [u8]) -> std::result::Result<Self, &'static str> {
        let start = find(body, STREAM).ok_or("has no part that is a stream")?;
        let (head, rest) = body.split_at_checked(start + STREAM.len()).ok_or("is cut off")?;
        let head = String::from_utf8_lossy(head).to_ascii_lowercase();
        let length = head.split("length=").nth(1).ok_or("does not tell its length")?;
        let digits = length.trim_start().split(|character: char| !character.is_ascii_digit()).next();
        let plain_length = digits.and_then(|digits| digits.parse().ok()).ok_or("does not tell its length")?;
        // The sealed bytes may hold anything, so the end is looked for from behind. Old servers write a blank more.
        let end = [&b"--Encrypted Boundary--"[..], b"-- Encrypted Boundary--"]
            .iter()
            .filter_map(|mark| rest.windows(mark.len()).rposition(|window| window == *mark))
            .max()
            .ok_or("does not end with its boundary")?;
        let sealed = rest.get(..end).ok_or("is cut off")?;
        let (length, sealed) = sealed.split_at_checked(4).ok_or("has no signature")?;
        let length = u32::from_le_bytes(length.try_into().map_err(|_| "has no signature")?) as usize;
        let (signature, data) = sealed.split_at_checked(length).ok_or("has a signature that is too long")?;
        Ok(Parts { plain_length, signature, data })
    }
}

fn find(text: &[u8], part: &[u8]) -> Option<usize> {
    text.windows(part.len()).position(|window| window == part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_are_taken_apart_and_broken_ones_are_refused() {
        let head = "--Encrypted Boundary\r\nContent-Type: application/HTTP-SPNEGO-session-encrypted\r\n\
                    OriginalContent: type=application/soap+xml;charset=UTF-8;Length=3\r\n\
                    --Encrypted Boundary\r\nContent-Type: application/octet-stream\r\n";
        let body = |rest: &[u8]| [head.as_bytes(), rest].concat();
        let good = body(b"\x02\0\0\0SSa--\xff--Encrypted Boundary--\r\n");
        let parts = Parts { plain_length: 3, signature: b"SS", data: b"a--\xff" };
        assert_eq!(Parts::read(&good), Ok(parts));
        for length in 0..good.len() - 2 {
            assert!(Parts::read(&good[..length]).is_err(), "{length}");
        }
        assert!(Parts::read(&body(b"\xff\xff\xff\xffSS--Encrypted Boundary--")).is_err());
        assert!(is_sealed("Multipart/Encrypted;protocol=x") && !is_sealed("text/html"));
    }
}
