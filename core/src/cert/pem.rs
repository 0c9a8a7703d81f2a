//! PEM armour (RFC 7468), read as files of the wild have it.

use std::fmt::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroize;

const BEGIN: &[u8] = b"-----BEGIN ";
const END: &[u8] = b"-----END ";
const TAIL: &[u8] = b"-----";

/// One block and the line (from 1) of its BEGIN.
pub(super) struct Block<'a> {
    pub(super) label: &'a [u8],
    pub(super) line: usize,
    /// Lines with a colon before the base64 of a private key (RFC 1421, 4.4).
    pub(super) headers: Vec<&'a [u8]>,
    pub(super) bytes: Result<Vec<u8>, String>,
}

/// True where at least one line begins a block.
pub(super) fn is_armoured(text: &[u8]) -> bool {
    text.split(is_line_end).any(|line| begins(line.trim_ascii()).is_some())
}

fn begins(line: &[u8]) -> Option<&[u8]> {
    line.strip_prefix(BEGIN)?.strip_suffix(TAIL)
}

fn is_line_end(byte: &u8) -> bool {
    *byte == b'\n'
}

/// Every block whose label is wanted; what lies between blocks is comment.
///
/// A lone CR, as old Macintosh files end their lines, counts as a blank: such a file is one line.
pub(super) fn blocks<'a>(text: &'a [u8], wanted: fn(&[u8]) -> bool) -> Vec<Block<'a>> {
    let mut out = Vec::new();
    let mut lines = text.split(is_line_end).map(<[u8]>::trim_ascii).zip(1_usize..).peekable();
    while let Some((line, number)) = lines.next() {
        let Some(label) = begins(line) else { continue };
        // Large enough for a key of any size: growing would leave copies of it behind.
        let secret = label.ends_with(b"PRIVATE KEY");
        let mut digits = Vec::with_capacity(if secret { 32 << 10 } else { 2048 });
        let (mut fault, mut headers) = (None, Vec::new());
        let closed = loop {
            let Some((line, number)) = lines.next_if(|(line, _)| begins(line).is_none()) else { break false };
            if let Some(rest) = line.strip_prefix(END) {
                if rest.strip_suffix(TAIL) != Some(label) {
                    fault = fault.or(Some(format!("its END in line {number} has another label")));
                }
                break true;
            }
            if secret && digits.is_empty() && line.contains(&b':') {
                headers.push(line);
                continue;
            }
            if let Some(wrong) = line.iter().find(|byte| !is_base64(**byte)) {
                let shown = wrong.escape_ascii();
                fault = fault.or(Some(format!("'{shown}' in line {number} is not base64")));
            }
            digits.extend(line.iter().filter(|byte| !byte.is_ascii_whitespace()));
        };
        if !wanted(label) {
            continue;
        }
        let bytes = match fault {
            _ if !closed => Err("its END line is missing".into()),
            Some(fault) => Err(fault),
            None => decode(&digits),
        };
        if secret {
            digits.zeroize();
        }
        out.push(Block { label, line: number, headers, bytes });
    }
    out
}

fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=') || byte.is_ascii_whitespace()
}

fn decode(digits: &[u8]) -> Result<Vec<u8>, String> {
    if digits.is_empty() {
        return Err("there is nothing between BEGIN and END".into());
    }
    STANDARD.decode(digits).map_err(|_| "its base64 is cut off or wrongly padded".into())
}

/// Base64 without armour, as it is pasted from web pages; nothing where the text is something else.
pub(super) fn decode_bare(text: &[u8]) -> Option<Result<Vec<u8>, String>> {
    if !text.iter().all(|byte| is_base64(*byte)) {
        return None;
    }
    let digits: Vec<u8> = text.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
    // DER of a certificate begins with 30 82 or 30 81, which is `MI` in base64.
    digits.starts_with(b"MI").then(|| decode(&digits))
}

pub(super) fn encode(label: &str, bytes: &[u8]) -> String {
    let digits = STANDARD.encode(bytes);
    let mut out = String::with_capacity(digits.len() + digits.len() / 64 + 64);
    // Writing to a string does not fail.
    let _ = writeln!(out, "-----BEGIN {label}-----");
    for line in digits.as_bytes().chunks(64) {
        out.extend(line.iter().copied().map(char::from));
        out.push('\n');
    }
    let _ = writeln!(out, "-----END {label}-----");
    out
}
