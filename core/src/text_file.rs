//! Text files as administrators have them: UTF-8 with or without a byte order mark, or UTF-16 with one.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use crate::error::{Error, ErrorKind, Result};

/// Reads a whole text of at most so many bytes.
///
/// # Errors
/// `not_found`, `auth` and `unavailable` as the system says; `config` where it is no file with content, is larger, or is in
/// another encoding: an old code page does not say which it is, and a guess could change a name.
pub(crate) fn read(path: &Path, bytes_max: usize, operation: &str) -> Result<String> {
    let refuse = |cause: String| Error::new(ErrorKind::Config, operation, cause);
    let failed = |error: std::io::Error| {
        let kind = match error.kind() {
            std::io::ErrorKind::NotFound => ErrorKind::NotFound,
            std::io::ErrorKind::PermissionDenied => ErrorKind::Auth,
            _ => ErrorKind::Unavailable,
        };
        Error::new(kind, operation, error.to_string()).with_source(error)
    };
    // Opening a pipe would wait for its other end.
    if !std::fs::metadata(path).map_err(failed)?.is_file() {
        return Err(refuse("it is no file with content: a folder, a pipe, a socket or a device".into()));
    }
    let mut bytes = Vec::new();
    let most = (bytes_max as u64).saturating_add(1);
    File::open(path).and_then(|file| file.take(most).read_to_end(&mut bytes)).map_err(failed)?;
    if bytes.len() > bytes_max {
        return Err(refuse(format!("the file has more than {bytes_max} bytes")));
    }
    decode(bytes).ok_or_else(|| refuse("it is neither UTF-8 nor UTF-16: save it as UTF-8".into()))
}

fn decode(bytes: Vec<u8>) -> Option<String> {
    let utf_16 = |body: &[u8], unit: fn([u8; 2]) -> u16| {
        let (units, rest) = body.as_chunks::<2>();
        let text = String::from_utf16(&units.iter().map(|pair| unit(*pair)).collect::<Vec<_>>());
        text.ok().filter(|_| rest.is_empty())
    };
    match bytes.as_slice() {
        [0xff, 0xfe, body @ ..] => utf_16(body, u16::from_le_bytes),
        [0xfe, 0xff, body @ ..] => utf_16(body, u16::from_be_bytes),
        [0xef, 0xbb, 0xbf, body @ ..] => String::from_utf8(body.to_vec()).ok(),
        _ => String::from_utf8(bytes).ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_encoding_with_a_mark_is_read_and_a_code_page_is_refused() {
        let text = "name = \"Zürich\"\r\n";
        let utf_16 = |unit: fn(u16) -> [u8; 2]| {
            let units: Vec<u8> = text.encode_utf16().flat_map(unit).collect();
            [&unit(0xfeff)[..], &units].concat()
        };
        let marked = [&[0xef, 0xbb, 0xbf][..], text.as_bytes()].concat();
        for bytes in [text.into(), marked, utf_16(u16::to_le_bytes), utf_16(u16::to_be_bytes)] {
            assert_eq!(decode(bytes).as_deref(), Some(text));
        }
        assert_eq!(decode(b"name = \"Z\xfcrich\"".to_vec()), None, "Windows-1252");
        assert_eq!(decode(vec![0xff, 0xfe, 0x41]), None, "half a character");
    }
}
