//! Distinguished names as they are written: from text to DER.

use std::fmt;
use std::iter::Peekable;
use std::str::{Chars, FromStr};

use super::der::{self, Reader};
use super::der_writing::{element, oid as object_identifier, sequence};
use super::{name, oid, windows_name};
use crate::error::{Error, ErrorKind, Result};
use crate::limits::DISTINGUISHED_NAME_BYTES_MAX;

const UTF8_STRING: u8 = 0x0c;
const PRINTABLE_STRING: u8 = 0x13;
const IA5_STRING: u8 = 0x16;

/// The name of an owner or an authority, read from the text of RFC 4514 or of Windows.
///
/// The most specific part comes first, as both print it: `CN=gw.contoso.com,O="Contoso, Ltd."`. A comma inside of a value has a
/// backslash in front, or the value is in quotes. Kinds of parts are known by their short words (`CN`, `O`, `OU`, `L`, `ST` or
/// `S`, `C`, `DC`, `E`…) or by their object identifiers. Lengths are those of X.520: Windows refuses longer ones.
///
/// ```
/// use cmgateway::cert::DistinguishedName;
/// let name = DistinguishedName::parse("CN=gw.contoso.com, O=\"Contoso, Ltd.\", C=US")?;
/// assert_eq!(name.to_string(), r"CN=gw.contoso.com,O=Contoso\, Ltd.,C=US");
/// assert_eq!(name.to_windows(), "CN=gw.contoso.com, O=\"Contoso, Ltd.\", C=US");
/// # Ok::<(), cmgateway::Error>(())
/// ```
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct DistinguishedName {
    content: Vec<u8>,
}

impl DistinguishedName {
    /// Reads a name from text; the empty text is the empty name.
    ///
    /// # Errors
    /// `config` where a part has no known kind, a value is too long for its kind, has characters that it must not have, or the
    /// text is cut off.
    pub fn parse(text: &str) -> Result<Self> {
        let refuse = |cause: String| {
            Error::new(ErrorKind::Config, "read distinguished name", format!("{text:?}: {cause}"))
        };
        if text.len() > DISTINGUISHED_NAME_BYTES_MAX {
            let cause = format!("it has more than {DISTINGUISHED_NAME_BYTES_MAX} bytes");
            return Err(Error::new(ErrorKind::Config, "read distinguished name", cause));
        }
        let mut parts = Text { rest: text.trim().chars().peekable() }.parts().map_err(refuse)?;
        // The least specific part is the first one in DER.
        parts.reverse();
        Ok(DistinguishedName { content: parts.concat() })
    }

    /// A name of nothing but a common name.
    ///
    /// # Errors
    /// `config` where it is empty or has more than 64 characters.
    pub fn of_common_name(common_name: &str) -> Result<Self> {
        DistinguishedName::of_part(3, "CN", common_name)
    }

    /// A name of nothing but an organisation.
    pub(super) fn of_organization(organization: &str) -> Result<Self> {
        DistinguishedName::of_part(10, "O", organization)
    }

    fn of_part(last: u8, word: &str, value: &str) -> Result<Self> {
        let kind = Kind { oid: vec![0x55, 4, last], word: word.into() };
        let attribute = kind.attribute(value).map_err(|cause| {
            Error::new(ErrorKind::Config, "read distinguished name", format!("{value:?}: {cause}"))
        })?;
        Ok(DistinguishedName { content: element(der::SET, &[&attribute]) })
    }

    /// The name with the parts of another one above it.
    pub(super) fn below(&self, above: &Self) -> Self {
        DistinguishedName { content: [&above.content[..], &self.content].concat() }
    }

    /// From the checked content of a Name.
    pub(super) fn from_content(content: &[u8]) -> Self {
        DistinguishedName { content: content.to_vec() }
    }

    /// The name as Windows prints it.
    pub fn to_windows(&self) -> String {
        windows_name::text(&self.content)
    }

    /// True for the name without parts.
    pub fn is_empty(&self) -> bool {
        self.content.is_empty()
    }

    /// The content of the Name.
    pub(super) fn content(&self) -> &[u8] {
        &self.content
    }
}

impl FromStr for DistinguishedName {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        DistinguishedName::parse(text)
    }
}

impl fmt::Display for DistinguishedName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&name::text(&self.content))
    }
}

impl fmt::Debug for DistinguishedName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DistinguishedName({self})")
    }
}

/// The text, taken apart from its front.
struct Text<'a> {
    rest: Peekable<Chars<'a>>,
}

impl Text<'_> {
    /// Each part as a SET of attributes.
    fn parts(&mut self) -> Result<Vec<Vec<u8>>, String> {
        let mut parts = Vec::new();
        if self.rest.peek().is_none() {
            return Ok(parts);
        }
        loop {
            let mut attributes = Vec::new();
            let end = loop {
                let (attribute, end) = self.attribute()?;
                attributes.push(attribute);
                if end != Some('+') {
                    break end;
                }
            };
            // DER sorts a set: X.690, 11.6.
            attributes.sort();
            parts.push(element(der::SET, &[&attributes.concat()]));
            if end.is_none() {
                return Ok(parts);
            }
        }
    }

    /// One `kind=value` and the separator after it.
    fn attribute(&mut self) -> Result<(Vec<u8>, Option<char>), String> {
        let mut word = String::new();
        loop {
            match self.rest.next() {
                Some('=') => break,
                Some(c @ (',' | ';' | '+')) => return Err(format!("there is no '=' before {c:?}")),
                Some(c) => word.push(c),
                None => return Err(format!("{:?} is not of the form kind=value", word.trim())),
            }
        }
        let kind = Kind::read(word.trim())?;
        while self.rest.next_if_eq(&' ').is_some() {}
        let (value, end) = match self.rest.peek() {
            Some('"') => self.quoted(&kind)?,
            _ => self.plain()?,
        };
        let attribute = match value {
            Value::Text(text) => kind.attribute(&text)?,
            Value::Encoded(der) => sequence(&[&object_identifier(&kind.oid), &der]),
        };
        Ok((attribute, end))
    }

    /// A value in quotes, as Windows and RFC 1779 have it.
    fn quoted(&mut self, kind: &Kind) -> Result<(Value, Option<char>), String> {
        let mut value = String::new();
        self.rest.next();
        loop {
            match self.rest.next() {
                // Windows doubles a quote inside.
                Some('"') if self.rest.next_if_eq(&'"').is_some() => value.push('"'),
                Some('"') => break,
                Some('\\') => value.extend(self.rest.next()),
                Some(c) => value.push(c),
                None => return Err(format!("the quotes around the value of {} are not closed", kind.word)),
            }
        }
        while self.rest.next_if_eq(&' ').is_some() {}
        match self.rest.next() {
            end @ (None | Some(',' | ';' | '+')) => Ok((Value::Text(value), end)),
            Some(c) => Err(format!("{c:?} follows the quotes around the value of {}", kind.word)),
        }
    }

    /// A value without quotes: RFC 4514, 2.4 and 3.
    fn plain(&mut self) -> Result<(Value, Option<char>), String> {
        let encoded = self.rest.peek() == Some(&'#');
        let (mut bytes, mut kept) = (Vec::new(), 0);
        let end = loop {
            match self.rest.next() {
                end @ (None | Some(',' | ';' | '+')) => break end,
                Some('\\') => {
                    self.escaped(&mut bytes)?;
                    kept = bytes.len();
                }
                Some(c) => {
                    bytes.extend(c.encode_utf8(&mut [0; 4]).bytes());
                    // Blanks at the end count only where they are escaped.
                    kept = if c == ' ' { kept } else { bytes.len() };
                }
            }
        };
        bytes.truncate(kept);
        if encoded {
            let der = bytes.get(1..).and_then(from_hex).filter(|der| is_element(der));
            let der = der.ok_or("what follows '#' is not one DER element in hex")?;
            return Ok((Value::Encoded(der), end));
        }
        let text = String::from_utf8(bytes).map_err(|_| "its escaped bytes are not UTF-8".to_owned())?;
        Ok((Value::Text(text), end))
    }

    fn escaped(&mut self, bytes: &mut Vec<u8>) -> Result<(), String> {
        let first = self.rest.next().ok_or("a backslash ends it")?;
        match first.to_digit(16).zip(self.rest.peek().and_then(|second| second.to_digit(16))) {
            Some((high, low)) => {
                self.rest.next();
                // Two hex digits are one byte.
                bytes.push(u8::try_from(high << 4 | low).unwrap_or_default());
            }
            None => bytes.extend(first.encode_utf8(&mut [0; 4]).bytes()),
        }
        Ok(())
    }
}

enum Value {
    Text(String),
    Encoded(Vec<u8>),
}

fn from_hex(digits: &[u8]) -> Option<Vec<u8>> {
    let (pairs, rest) = digits.as_chunks::<2>();
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let byte = |[high, low]: &[u8; 2]| u8::try_from(digit(*high)? << 4 | digit(*low)?).ok();
    if rest.is_empty() { pairs.iter().map(byte).collect() } else { None }
}

fn is_element(der: &[u8]) -> bool {
    let mut reader = Reader::new(der);
    reader.any().is_ok() && reader.is_empty()
}

/// A kind of part.
struct Kind {
    oid: Vec<u8>,
    word: String,
}

impl Kind {
    fn read(word: &str) -> Result<Self, String> {
        let dotted = word.strip_prefix("OID.").or(word.strip_prefix("oid.")).unwrap_or(word);
        let last = match word.to_ascii_lowercase().as_str() {
            "cn" => 3,
            "sn" => 4,
            "serialnumber" => 5,
            "c" => 6,
            "l" => 7,
            "st" | "s" => 8,
            "street" => 9,
            "o" => 10,
            "ou" => 11,
            "t" | "title" => 12,
            "description" => 13,
            "postalcode" => 17,
            "gn" | "g" => 42,
            "i" | "initials" => 43,
            "dnqualifier" => 46,
            lower => {
                let oid = match lower {
                    "dc" => oid::encode("0.9.2342.19200300.100.1.25"),
                    "uid" => oid::encode("0.9.2342.19200300.100.1.1"),
                    "e" | "emailaddress" => oid::encode("1.2.840.113549.1.9.1"),
                    _ => oid::encode(dotted),
                };
                let oid = oid.ok_or_else(|| format!("{word:?} is no kind of part that is known"))?;
                return Ok(Kind { oid, word: word.into() });
            }
        };
        Ok(Kind { oid: vec![0x55, 4, last], word: word.into() })
    }

    /// The attribute with this value, in the string type that RFC 5280 asks for.
    fn attribute(&self, text: &str) -> Result<Vec<u8>, String> {
        let last = match self.oid[..] {
            [0x55, 4, last] => last,
            _ => 0,
        };
        // X.520, annex C.
        let most = match last {
            3 | 5 | 10..=12 => 64,
            6 => 2,
            7..=9 => 128,
            _ => 1024,
        };
        let length = text.chars().count();
        if !(1..=most).contains(&length) || last == 6 && length != 2 {
            let least = if last == 6 { 2 } else { 1 };
            return Err(format!(
                "the value of {} has {length} characters, {least} to {most} are allowed",
                self.word
            ));
        }
        let (tag, fits) = match last {
            5 | 6 | 46 => (PRINTABLE_STRING, text.chars().all(is_printable)),
            _ if self.is_ia5() => (IA5_STRING, text.is_ascii()),
            _ => (UTF8_STRING, true),
        };
        if !fits {
            return Err(format!("the value of {} has characters that it must not have", self.word));
        }
        Ok(sequence(&[&object_identifier(&self.oid), &element(tag, &[text.as_bytes()])]))
    }

    /// Domain components and mail addresses are ASCII.
    fn is_ia5(&self) -> bool {
        matches!(
            self.oid[..],
            [0x09, 0x92, 0x26, 0x89, 0x93, 0xf2, 0x2c, 0x64, 1, 25]
                | [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 1]
        )
    }
}

/// The characters of PrintableString: X.680, 41.4.
fn is_printable(c: char) -> bool {
    c.is_ascii_alphanumeric() || " '()+,-./:=?".contains(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> String {
        DistinguishedName::parse(text).map_or_else(|error| error.cause().to_owned(), |name| name.to_string())
    }

    #[test]
    fn text_comes_back() {
        for text in [
            "",
            "CN=gw.contoso.com",
            "CN=a,OU=b,O=Contoso\\, Ltd.,L=Redmond,ST=WA,C=US",
            "CN=\\ a\\ ,DC=contoso,DC=com",
            "CN=\\#1,emailAddress=a@b.c",
            "CN=Bj\u{f6}rn \u{1f600}",
            "CN=a\\0Ab",
            "serialNumber=12,CN=x",
            "1.2.3.4=#0C0178",
        ] {
            assert_eq!(read(text), text);
        }
        assert_eq!(
            read(" CN = a ,  O = \"Contoso, \"\"Ltd.\"\"\" ; c=US"),
            "CN=a,O=Contoso\\, \\\"Ltd.\\\",C=US"
        );
        assert_eq!(read("CN=Lu\\C4\\8Di\\C4\\87"), "CN=Lu\u{10d}i\u{107}");
        assert_eq!(read("OID.2.5.4.3=a+OU=b"), "CN=a+OU=b");
    }

    #[test]
    fn what_is_no_name_is_refused() {
        for (text, part) in [
            ("contoso", "not of the form"),
            ("CN=a,b", "not of the form"),
            ("CN=a,", "not of the form"),
            ("a,CN=b", "no '='"),
            ("XX=a", "no kind"),
            ("CN=", "0 characters"),
            ("C=USA", "3 characters, 2 to 2"),
            ("C=ü1", "must not have"),
            ("DC=ü", "must not have"),
            ("CN=\"a", "not closed"),
            ("CN=\"a\"b", "follows the quotes"),
            ("CN=a\\", "a backslash ends it"),
            ("CN=\\ff", "not UTF-8"),
            ("CN=#0c", "not one DER element"),
            ("CN=#xy", "not one DER element"),
        ] {
            assert!(read(text).contains(part), "{text}: {}", read(text));
        }
        assert!(read(&format!("CN={}", "a".repeat(65))).contains("65 characters, 1 to 64"));
    }
}
