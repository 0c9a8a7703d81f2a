//! Whether a domain controller answers: the smallest question of LDAP, for the root of the directory.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// A search for the root DSE (RFC 4511, 4.5.1; RFC 4512, 5.1): message 1, base object "", one entry, any class. Every server
/// answers it to anybody.
const ROOT_DSE: [u8; 39] = [
    0x30, 0x25, 0x02, 0x01, 0x01, 0x63, 0x20, 0x04, 0x00, 0x0A, 0x01, 0x00, 0x0A, 0x01, 0x00, 0x02, 0x01,
    0x01, 0x02, 0x01, 0x00, 0x01, 0x01, 0x00, 0x87, 0x0B, b'o', b'b', b'j', b'e', b'c', b't', b'C', b'l',
    b'a', b's', b's', 0x30, 0x00,
];
/// What of the answer tells that it is one.
const HEAD_BYTES: usize = 16;

/// Asks a directory; the error is the cause alone.
pub(super) async fn answers(address: SocketAddr) -> Result<(), String> {
    let mut socket = TcpStream::connect(address).await.map_err(|error| error.to_string())?;
    socket.write_all(&ROOT_DSE).await.map_err(|error| error.to_string())?;
    let mut head = Vec::with_capacity(HEAD_BYTES);
    while head.len() < HEAD_BYTES {
        let mut part = [0; HEAD_BYTES];
        let count = socket.read(&mut part).await.map_err(|error| error.to_string())?;
        if count == 0 {
            break;
        }
        head.extend(part.iter().take(count));
        if is_answer(&head) {
            return Ok(());
        }
    }
    match is_answer(&head) {
        true => Ok(()),
        false => Err("what answers there speaks no LDAP".to_owned()),
    }
}

/// A message with our number that holds an entry (4) or the end of a search (5).
fn is_answer(head: &[u8]) -> bool {
    let Some((0x30, rest)) = head.split_first().map(|(first, rest)| (*first, rest)) else { return false };
    let rest = match rest.first() {
        Some(length) if *length < 0x80 => rest.get(1..),
        // The long form: so many bytes of length follow.
        Some(length) => rest.get(1 + usize::from(length & 0x7F)..),
        None => None,
    };
    matches!(rest, Some([0x02, 0x01, 0x01, 0x64 | 0x65, ..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_told_from_other_bytes() {
        assert!(is_answer(&[0x30, 0x0C, 0x02, 0x01, 0x01, 0x65, 0x07]));
        assert!(is_answer(&[0x30, 0x84, 0, 0, 0, 0x10, 0x02, 0x01, 0x01, 0x64]));
        for wrong in
            [&b"HTTP/1.1 400 Bad"[..], &[], &[0x30], &[0x30, 0xFF], &[0x30, 0x0C, 0x02, 0x01, 0x02, 0x65]]
        {
            assert!(!is_answer(wrong), "{wrong:?}");
        }
    }
}
