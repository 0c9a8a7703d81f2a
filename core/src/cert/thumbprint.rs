//! SHA-1 thumbprints, by which a site knows its sub-CAs.

use std::fmt;
use std::str::FromStr;

use aws_lc_rs::digest;

use crate::error::{Error, ErrorKind, Result};

const DIGITS: usize = 40;

/// The SHA-1 thumbprint of a certificate, as Windows shows it.
///
/// 20 bytes, shown as 40 upper-case hex digits.
/// It is a name, not a proof: Windows and the site look certificates up by it. Trust is decided elsewhere.
///
/// ```
/// use cmgateway::cert::Thumbprint;
/// let pasted = "a9 4a 8f e5 cc b1 9b a6 1c 4c 08 73 d3 91 e9 87 98 2f bb d3";
/// let thumbprint = Thumbprint::from_hex(pasted)?;
/// assert_eq!(thumbprint.to_string(), "A94A8FE5CCB19BA61C4C0873D391E987982FBBD3");
/// # Ok::<(), cmgateway::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Thumbprint([u8; 20]);

impl Thumbprint {
    /// Reads a thumbprint as people paste it: blanks, colons, lower case, the invisible U+200E.
    ///
    /// The Windows certificate dialog puts such marks in front; hyphens are passed over too.
    ///
    /// # Errors
    /// `config` where another character is found (with its position) or where there are not exactly 40 digits.
    ///
    /// ```
    /// use cmgateway::cert::Thumbprint;
    /// let error = Thumbprint::from_hex("A9:4G").unwrap_err();
    /// assert_eq!(error.to_string(), "could not read thumbprint: 'G' at position 5 is not a hex digit");
    /// ```
    pub fn from_hex(text: &str) -> Result<Self> {
        let refuse = |cause: String| Err(Error::new(ErrorKind::Config, "read thumbprint", cause));
        let (mut bytes, mut count) = ([0_u8; 20], 0_usize);
        for (at, c) in text.chars().enumerate() {
            let Some(digit) = c.to_digit(16) else {
                if is_separator(c) {
                    continue;
                }
                let shown = c.escape_debug();
                return refuse(format!("'{shown}' at position {} is not a hex digit", at.saturating_add(1)));
            };
            if let Some(byte) = bytes.get_mut(count / 2) {
                // A hex digit has four bits.
                *byte = *byte << 4 | digit as u8;
            }
            count = count.saturating_add(1);
        }
        match count {
            DIGITS => Ok(Thumbprint(bytes)),
            0 => refuse("it is empty, a SHA-1 thumbprint has 40 hex digits".into()),
            64 => refuse(
                "it has 64 hex digits and looks like SHA-256; the site wants SHA-1, which has 40 hex digits"
                    .into(),
            ),
            1 => refuse("it has 1 hex digit, a SHA-1 thumbprint has 40".into()),
            _ => refuse(format!("it has {count} hex digits, a SHA-1 thumbprint has 40")),
        }
    }

    /// The thumbprint of a certificate given as DER; the bytes are not checked.
    ///
    /// ```
    /// use cmgateway::cert::Thumbprint;
    /// assert_eq!(Thumbprint::of_der(b"test").to_string(), "A94A8FE5CCB19BA61C4C0873D391E987982FBBD3");
    /// ```
    pub fn of_der(der: &[u8]) -> Self {
        let mut bytes = [0; 20];
        // SHA-1 gives 20 bytes, always.
        for (byte, from) in
            bytes.iter_mut().zip(digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, der).as_ref())
        {
            *byte = *from;
        }
        Thumbprint(bytes)
    }

    /// Takes 20 bytes as they are, for example from a certificate store.
    pub const fn from_bytes(bytes: [u8; 20]) -> Self {
        Thumbprint(bytes)
    }

    /// The 20 bytes.
    pub const fn as_bytes(&self) -> &[u8; 20] {
        &self.0
    }
}

/// What people paste between and around the digits.
fn is_separator(c: char) -> bool {
    match c {
        ':' | '-' => true,
        // Zero-width blanks and joiners, the marks for writing direction, word joiner, byte order mark, soft hyphen.
        '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}' | '\u{2066}'..='\u{2069}' => true,
        '\u{FEFF}' | '\u{AD}' => true,
        _ => c.is_whitespace(),
    }
}

impl FromStr for Thumbprint {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Thumbprint::from_hex(text)
    }
}

impl fmt::Display for Thumbprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Forty digits at once: thumbprints are printed by the thousand.
        const HEX: [u8; 16] = *b"0123456789ABCDEF";
        let mut text = [0_u8; DIGITS];
        for (pair, byte) in text.chunks_exact_mut(2).zip(self.0) {
            for (digit, value) in pair.iter_mut().zip([byte >> 4, byte & 0x0f]) {
                *digit = HEX.get(usize::from(value)).copied().unwrap_or_default();
            }
        }
        f.pad(std::str::from_utf8(&text).map_err(|_| fmt::Error)?)
    }
}

impl fmt::Debug for Thumbprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Thumbprint({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: &str = "A94A8FE5CCB19BA61C4C0873D391E987982FBBD3";

    #[test]
    fn reads_what_people_paste() {
        let spaced: Vec<_> =
            PLAIN.as_bytes().chunks(2).map(|pair| std::str::from_utf8(pair).unwrap()).collect();
        for text in [
            PLAIN.to_owned(),
            PLAIN.to_lowercase(),
            spaced.join(" "),
            spaced.join(":"),
            spaced.join("-"),
            spaced.join("\u{A0}"),
            format!("\u{200E}{}\t\r\n", spaced.join(" ")),
            format!("\u{FEFF}\u{200F}{PLAIN}\u{200B}\u{202C}"),
        ] {
            assert_eq!(Thumbprint::from_hex(&text).unwrap().to_string(), PLAIN, "{text:?}");
        }
    }

    #[test]
    fn says_where_and_how_many() {
        let cause = |text: &str| {
            let error = Thumbprint::from_hex(text).unwrap_err();
            assert_eq!((error.kind(), error.operation()), (ErrorKind::Config, "read thumbprint"));
            error.cause().to_owned()
        };
        assert_eq!(cause("\u{200E}a9 \u{F6}"), "'\u{F6}' at position 5 is not a hex digit");
        assert_eq!(cause("a9\0"), "'\\0' at position 3 is not a hex digit");
        assert_eq!(cause("0xA9"), "'x' at position 2 is not a hex digit");
        assert_eq!(cause("\u{FF11}"), "'\u{FF11}' at position 1 is not a hex digit");
        assert_eq!(cause(&PLAIN[1..]), "it has 39 hex digits, a SHA-1 thumbprint has 40");
        assert_eq!(cause(&PLAIN.repeat(1000)), "it has 40000 hex digits, a SHA-1 thumbprint has 40");
        assert_eq!(cause("a"), "it has 1 hex digit, a SHA-1 thumbprint has 40");
        assert!(cause(&"a".repeat(64)).contains("looks like SHA-256"));
        assert!(cause(" \u{200E}").starts_with("it is empty"));
    }

    #[test]
    fn orders_by_its_bytes() {
        let (low, high) = (Thumbprint::from_bytes([1; 20]), Thumbprint::from_bytes([2; 20]));
        assert!(low < high);
        assert_eq!(format!("{low:?}"), format!("Thumbprint({})", "01".repeat(20)));
        assert_eq!(high.as_bytes(), &[2; 20]);
    }
}
