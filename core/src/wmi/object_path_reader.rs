//! Text to object path.

use std::collections::HashSet;

use crate::error::{Error, ErrorKind, Result};
use crate::limits::{OBJECT_PATH_BYTES_MAX, PROPERTIES_PER_CLASS_MAX};
use crate::wmi::value::{is_refused_control, is_wmi_integer};
use crate::wmi::{Identifier, KeyValue, ObjectPath, WbemError};

/// `WBEM_E_INVALID_OBJECT_PATH`
const INVALID_OBJECT_PATH: u32 = 0x8004_103A;

impl ObjectPath {
    /// Reads a path in any form WMI writes or accepts.
    ///
    /// Both separators, both quotes, one key without its name, `Class=@`, hexadecimal numbers, and a bare `"`
    /// between `'…'`. In quotes, `\` escapes `\`, `"` and `'` and nothing else. A path may leave out keys: the
    /// provider decides whether it knows the object by the others.
    ///
    /// # Errors
    /// `config` where the text is not a path, with the position in characters.
    ///
    /// ```
    /// use cmgateway::wmi::ObjectPath;
    /// let path = ObjectPath::parse("SMS_Collection='ABC00001'")?;
    /// assert_eq!(path.to_string(), r#"SMS_Collection="ABC00001""#);
    /// assert!(ObjectPath::parse("SMS_Collection=").is_err());
    /// # Ok::<(), cmgateway::Error>(())
    /// ```
    pub fn parse(text: &str) -> Result<Self> {
        let mut reader = Reader { text, at: 0 };
        if text.len() > OBJECT_PATH_BYTES_MAX {
            let cause = format!("the path has {} bytes, {OBJECT_PATH_BYTES_MAX} are allowed,", text.len());
            return Err(reader.refuse(0, &cause));
        }
        let (server, namespace) = reader.location()?;
        let class = reader.name("a class name")?;
        let keys = reader.keys()?;
        Ok(ObjectPath { server, namespace, class, keys })
    }
}

struct Reader<'t> {
    text: &'t str,
    at: usize,
}

fn is_separator(c: char) -> bool {
    matches!(c, '\\' | '/')
}

impl<'t> Reader<'t> {
    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or("")
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    /// Steps over the character where it is the next.
    fn eat(&mut self, wanted: char) -> bool {
        let found = self.peek() == Some(wanted);
        if found {
            self.at += wanted.len_utf8();
        }
        found
    }

    fn refuse(&self, at: usize, cause: &str) -> Error {
        let position = self.text.get(..at).unwrap_or(self.text).chars().count() + 1;
        Error::new(ErrorKind::Config, "read object path", format!("{cause} at position {position}"))
            .with_context("position", position.to_string())
            .with_source(WbemError::from_code(INVALID_OBJECT_PATH))
    }

    fn expected(&self, expected: &str) -> Error {
        let found = self.peek().map_or("the end".to_owned(), |c| format!("{c:?}"));
        self.refuse(self.at, &format!("expected {expected}, found {found}"))
    }

    /// Server and namespace, where the path has them.
    fn location(&mut self) -> Result<(Option<String>, Option<String>)> {
        let mut server = None;
        if self.rest().starts_with("\\\\") || self.rest().starts_with("//") {
            self.at += 2;
            let rest = self.rest();
            let end = rest.find(is_separator).unwrap_or(rest.len());
            let host = &rest[..end];
            let is_host = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | ':' | '[' | ']');
            if host.is_empty() || !host.chars().all(is_host) {
                return Err(self.refuse(self.at, "expected a server name"));
            }
            self.at += end;
            if self.rest().is_empty() {
                return Err(self.expected("a namespace"));
            }
            self.at += 1;
            server = Some(host.to_owned());
        }
        let rest = self.rest();
        let end = rest.find([':', '=', '.', '"', '\'']).filter(|end| rest[*end..].starts_with(':'));
        let Some(end) = end else {
            return match server {
                Some(_) => Err(self.refuse(self.at, "the namespace is not followed by \":\" and a class")),
                None => Ok((None, None)),
            };
        };
        let is_part = |part: &str| {
            !part.is_empty() && part.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-'))
        };
        let parts: Vec<_> = rest[..end].split(is_separator).collect();
        if !parts.iter().all(|part| is_part(part)) {
            return Err(self.refuse(self.at, "expected a namespace"));
        }
        self.at += end + 1;
        Ok((server, Some(parts.join("\\"))))
    }

    fn name(&mut self, expected: &str) -> Result<Identifier> {
        let rest = self.rest();
        let end = rest.find(|c: char| c != '_' && !c.is_ascii_alphanumeric()).unwrap_or(rest.len());
        if end == 0 {
            return Err(self.expected(expected));
        }
        let name = Identifier::new(&rest[..end]).map_err(|error| self.refuse(self.at, error.cause()))?;
        self.at += end;
        Ok(name)
    }

    fn keys(&mut self) -> Result<Vec<(Option<Identifier>, KeyValue)>> {
        let mut keys = Vec::new();
        if self.eat('=') {
            let value = if self.eat('@') { KeyValue::Singleton } else { self.value("a value or \"@\"")? };
            keys.push((None, value));
        } else if self.eat('.') {
            let mut names = HashSet::new();
            loop {
                let at = self.at;
                let name = self.name("a key name")?;
                if !names.insert(name.clone()) {
                    return Err(self.refuse(at, &format!("key {name} is given twice, again")));
                }
                if keys.len() == PROPERTIES_PER_CLASS_MAX {
                    let cause = format!("more than {PROPERTIES_PER_CLASS_MAX} keys");
                    return Err(self.refuse(at, &cause));
                }
                if !self.eat('=') {
                    return Err(self.expected("\"=\""));
                }
                keys.push((Some(name), self.value("a value")?));
                if !self.eat(',') {
                    break;
                }
            }
        }
        match (self.peek(), keys.is_empty()) {
            (None, _) => Ok(keys),
            (Some(_), true) => Err(self.expected("\".\", \"=\" or the end")),
            (Some(_), false) => Err(self.expected("\",\" or the end")),
        }
    }

    fn value(&mut self, expected: &str) -> Result<KeyValue> {
        let at = self.at;
        if let Some(quote @ ('"' | '\'')) = self.peek() {
            return self.quoted(quote).map(KeyValue::String);
        }
        let rest = self.rest();
        let end = rest.find(',').unwrap_or(rest.len());
        let word = &rest[..end];
        let value = match word.to_ascii_lowercase().as_str() {
            "true" => KeyValue::Boolean(true),
            "false" => KeyValue::Boolean(false),
            word => match integer(word) {
                Some(number) if is_wmi_integer(number) => KeyValue::Integer(number),
                Some(_) => return Err(self.refuse(at, "the number is not between -2^63 and 2^64-1,")),
                None => return Err(self.expected(expected)),
            },
        };
        self.at += end;
        Ok(value)
    }

    fn quoted(&mut self, quote: char) -> Result<String> {
        let start = self.at;
        let mut content = String::new();
        let mut characters = self.rest().char_indices().skip(1);
        while let Some((offset, c)) = characters.next() {
            let here = start + offset;
            match c {
                '\\' => match characters.next() {
                    Some((_, escaped @ ('\\' | '"' | '\''))) => content.push(escaped),
                    _ => {
                        let cause =
                            r#"a backslash must be followed by \, " or ' (write \\ for one backslash)"#;
                        return Err(self.refuse(here, cause));
                    }
                },
                c if c == quote => {
                    self.at = here + 1;
                    return Ok(content);
                }
                c if is_refused_control(c) => {
                    let cause = format!("the value has a control character (U+{:04X})", u32::from(c));
                    return Err(self.refuse(here, &cause));
                }
                c => content.push(c),
            }
        }
        Err(self.refuse(start, "the value has no closing quote; it begins"))
    }
}

fn integer(word: &str) -> Option<i128> {
    match word.strip_prefix("0x") {
        Some(digits) if digits.starts_with(|c: char| c.is_ascii_hexdigit()) => {
            i128::from_str_radix(digits, 16).ok()
        }
        Some(_) => None,
        None => word.parse().ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_every_form_and_writes_one() {
        for (text, canonical) in [
            (r"SMS_Site", r"SMS_Site"),
            (r"root\ccm:SMS_Client=@", r"root\ccm:SMS_Client=@"),
            (r"//CM1.contoso.com/root/sms/site_ABC:C.K=0x1F", r"\\CM1.contoso.com\root\sms\site_ABC:C.K=31"),
            (r#"C.A='x:y',B=-5,c=true"#, r#"C.A="x:y",B=-5,c=TRUE"#),
            (r#"C.A='["Display=\\\\srv\\"]',B='1'"#, r#"C.A="[\"Display=\\\\srv\\\"]",B="1""#),
            (r"C='it\'s'", r#"C="it's""#),
            (r"\\.\root:C", r"\\.\root:C"),
        ] {
            let path = ObjectPath::parse(text).unwrap();
            assert_eq!(path.to_string(), canonical);
            assert_eq!(ObjectPath::parse(canonical).unwrap(), path);
        }
    }

    #[test]
    fn refuses_with_the_position() {
        for (text, position) in [
            ("", 1),
            ("C.", 3),
            ("C=", 3),
            ("C.K", 4),
            ("C.K=1,", 7),
            ("C.K=1,k=2", 7),
            ("C.K = 1", 4),
            ("C.K=1x", 5),
            ("C.K='a", 5),
            (r"C.K='a\b'", 7),
            ("C.K='a\0'", 7),
            ("C.K='ü'x", 8),
            ("C=@,K=1", 4),
            ("C.K=18446744073709551616", 5),
            (r"\\CM1", 6),
            (r"\\CM1\root", 7),
            (r"\\\root:C", 3),
            (r"a\\b:C", 1),
        ] {
            let error = ObjectPath::parse(text).unwrap_err();
            assert!(error.to_string().ends_with(&format!(" at position {position}")), "{text}: {error}");
        }
    }
}
