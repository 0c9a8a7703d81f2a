//! Subject alternative names.

use std::fmt;
use std::net::IpAddr;

use super::der::{self, Element, Fault, Hex, Oid, Reader};
use super::der_writing::{element, oid as object_identifier};
use super::distinguished_name::DistinguishedName;
use super::name;
use crate::error::{Error, ErrorKind, Result};

// 1.3.6.1.4.1.311.20.2.3: the user principal name of Active Directory.
const USER_PRINCIPAL_NAME: &[u8] = &[0x2b, 0x06, 1, 4, 1, 0x82, 0x37, 0x14, 2, 3];

/// What sort of name a [`SubjectAlternativeName`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AlternativeNameKind {
    /// A DNS name; this is what a client compares the host of a URL with.
    Dns,
    /// An IP address.
    Ip,
    /// A mail address.
    Email,
    /// A URI.
    Uri,
    /// A distinguished name.
    DirectoryName,
    /// The user principal name that Active Directory puts in.
    UserPrincipalName,
    /// Anything else; the text is `#` and the encoding in hex.
    Other,
}

impl AlternativeNameKind {
    /// The word that Python and Lua use.
    pub fn as_str(self) -> &'static str {
        match self {
            AlternativeNameKind::Dns => "dns",
            AlternativeNameKind::Ip => "ip",
            AlternativeNameKind::Email => "email",
            AlternativeNameKind::Uri => "uri",
            AlternativeNameKind::DirectoryName => "directory_name",
            AlternativeNameKind::UserPrincipalName => "user_principal_name",
            AlternativeNameKind::Other => "other",
        }
    }
}

/// One further name of the subject; prints as `dns:gw.contoso.com`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct SubjectAlternativeName {
    /// What sort of name it is.
    pub kind: AlternativeNameKind,
    /// The name itself, without the kind.
    pub text: String,
}

impl fmt::Display for SubjectAlternativeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.kind.as_str(), self.text)
    }
}

impl SubjectAlternativeName {
    /// A name from text: a DNS name (with `*.` in front at most), an IP address, or any kind as it prints.
    ///
    /// `email:`, `uri:`, `user_principal_name:` and `directory_name:` go in front of the others; `dns:` and `ip:` may.
    ///
    /// # Errors
    /// `config` where the text is no name of its kind.
    ///
    /// ```
    /// use cmgateway::cert::{AlternativeNameKind, SubjectAlternativeName};
    /// assert_eq!(SubjectAlternativeName::parse("gw.contoso.com")?.kind, AlternativeNameKind::Dns);
    /// assert_eq!(SubjectAlternativeName::parse("::1")?.kind, AlternativeNameKind::Ip);
    /// assert_eq!(SubjectAlternativeName::parse("email:a@contoso.com")?.kind, AlternativeNameKind::Email);
    /// # Ok::<(), cmgateway::Error>(())
    /// ```
    pub fn parse(text: &str) -> Result<Self> {
        let named = KINDS.iter().find_map(|kind| {
            let rest = text.strip_prefix(kind.as_str())?.strip_prefix(':')?;
            Some((*kind, rest))
        });
        let is_address = text.parse::<IpAddr>().is_ok();
        let other = if is_address { AlternativeNameKind::Ip } else { AlternativeNameKind::Dns };
        let (kind, rest) = named.filter(|_| !is_address).unwrap_or((other, text));
        let name = SubjectAlternativeName { kind, text: rest.to_owned() };
        name.to_der().map(|_| name).map_err(|cause| {
            Error::new(ErrorKind::Config, "read alternative name", format!("{text:?}: {cause}"))
        })
    }

    /// The GeneralName with its tag; the error is a cause.
    pub(super) fn to_der(&self) -> std::result::Result<Vec<u8>, String> {
        let text = self.text.as_str();
        let uri_or_mail = |tag, what: &str| match text {
            "" => Err(format!("it is no {what}")),
            _ if !text.bytes().all(|byte| byte.is_ascii_graphic()) => Err(format!("it is no {what}")),
            _ => Ok(element(tag, &[text.as_bytes()])),
        };
        match self.kind {
            AlternativeNameKind::Dns if is_dns_name(text) => Ok(element(0x82, &[text.as_bytes()])),
            AlternativeNameKind::Dns => Err("it is neither a DNS name nor an IP address".into()),
            AlternativeNameKind::Ip => match text.parse() {
                Ok(IpAddr::V4(address)) => Ok(element(0x87, &[&address.octets()])),
                Ok(IpAddr::V6(address)) => Ok(element(0x87, &[&address.octets()])),
                Err(_) => Err("it is no IP address".into()),
            },
            AlternativeNameKind::Email if !text.contains('@') => Err("it is no mail address".into()),
            AlternativeNameKind::Email => uri_or_mail(0x81, "mail address"),
            AlternativeNameKind::Uri if !text.contains(':') => Err("it is no URI".into()),
            AlternativeNameKind::Uri => uri_or_mail(0x86, "URI"),
            AlternativeNameKind::DirectoryName => {
                let name = DistinguishedName::parse(text).map_err(|error| error.cause().to_owned())?;
                Ok(element(0xa4, &[&element(der::SEQUENCE, &[name.content()])]))
            }
            AlternativeNameKind::UserPrincipalName if text.is_empty() => Err("it is empty".into()),
            AlternativeNameKind::UserPrincipalName => {
                let value = element(0xa0, &[&element(0x0c, &[text.as_bytes()])]);
                Ok(element(0xa0, &[&object_identifier(USER_PRINCIPAL_NAME), &value]))
            }
            AlternativeNameKind::Other => Err("names of other kinds cannot be written".into()),
        }
    }
}

const KINDS: [AlternativeNameKind; 6] = [
    AlternativeNameKind::Dns,
    AlternativeNameKind::Ip,
    AlternativeNameKind::Email,
    AlternativeNameKind::Uri,
    AlternativeNameKind::DirectoryName,
    AlternativeNameKind::UserPrincipalName,
];

/// A DNS name as certificates have it: `_` is allowed, as Windows allows it, and `*` for the whole first label.
pub(super) fn is_dns_name(name: &str) -> bool {
    let label = |label: &str| {
        let allowed = label.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
        (1..=63).contains(&label.len()) && allowed && !label.starts_with('-') && !label.ends_with('-')
    };
    name.len() <= 253 && name.strip_prefix("*.").unwrap_or(name).split('.').all(label)
}

/// Checks the content of GeneralNames, so that [`all`] can always read it.
pub(super) fn check(content: &[u8]) -> std::result::Result<(), Fault> {
    let mut names = Reader::new(content);
    while !names.is_empty() {
        let name = names.any()?;
        match name.tag {
            0xa0 => {
                let mut other = Reader::new(name.content);
                der::check_oid(other.expect(der::OBJECT_IDENTIFIER)?.content)?;
                let mut value = other.enter(0xa0)?;
                value.any()?;
                value.end()?;
                other.end()?;
            }
            0xa4 => name::check(der::only(name.content, der::SEQUENCE)?)?,
            0x88 => der::check_oid(name.content)?,
            0x81 | 0x82 | 0x86 | 0x87 | 0xa3 | 0xa5 => {}
            _ => return Err("a name of an unknown type"),
        }
    }
    Ok(())
}

/// Every name, in the order of the certificate.
pub(super) fn all(content: &[u8]) -> Vec<SubjectAlternativeName> {
    let (mut names, mut out) = (Reader::new(content), Vec::new());
    while let Ok(name) = names.any() {
        let (kind, text) =
            read(name).unwrap_or_else(|| (AlternativeNameKind::Other, format!("#{}", Hex(name.whole))));
        out.push(SubjectAlternativeName { kind, text });
    }
    out
}

fn read(name: Element<'_>) -> Option<(AlternativeNameKind, String)> {
    match name.tag {
        0x81 => Some((AlternativeNameKind::Email, ascii(name.content))),
        0x82 => Some((AlternativeNameKind::Dns, ascii(name.content))),
        0x86 => Some((AlternativeNameKind::Uri, ascii(name.content))),
        0x87 => ip(name.content).map(|address| (AlternativeNameKind::Ip, address.to_string())),
        0xa4 => {
            let content = der::only(name.content, der::SEQUENCE).ok()?;
            Some((AlternativeNameKind::DirectoryName, name::text(content)))
        }
        0xa0 => {
            let mut other = Reader::new(name.content);
            if other.expect(der::OBJECT_IDENTIFIER).ok()?.content != USER_PRINCIPAL_NAME {
                return None;
            }
            let value = other.enter(0xa0).ok()?.any().ok()?;
            name::decode(value).map(|text| (AlternativeNameKind::UserPrincipalName, text.into_owned()))
        }
        0x88 => Some((AlternativeNameKind::Other, Oid(name.content).to_string())),
        _ => None,
    }
}

/// IA5 by the standard; some authorities put UTF-8 or Latin-1 there.
fn ascii(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes.iter().copied().map(char::from).collect(),
    }
}

fn ip(bytes: &[u8]) -> Option<IpAddr> {
    let four = <[u8; 4]>::try_from(bytes).map(IpAddr::from);
    four.or_else(|_| <[u8; 16]>::try_from(bytes).map(IpAddr::from)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_each_kind() {
        let names = b"\x82\x03a.b\x87\x04\x0a\x00\x00\x01\x87\x01\x05\x86\x03x:y\x81\x03a@b\
            \xa4\x10\x30\x0e\x31\x0c\x30\x0a\x06\x03\x55\x04\x03\x0c\x03a,b\
            \xa0\x11\x06\x0a\x2b\x06\x01\x04\x01\x82\x37\x14\x02\x03\xa0\x03\x0c\x01u";
        check(names).unwrap();
        let texts: Vec<_> = all(names).iter().map(ToString::to_string).collect();
        assert_eq!(
            texts,
            [
                "dns:a.b",
                "ip:10.0.0.1",
                "other:#870105",
                "uri:x:y",
                "email:a@b",
                "directory_name:CN=a\\,b",
                "user_principal_name:u"
            ]
        );
        assert!(check(b"\x89\x00").is_err());
        assert!(check(b"\xa0\x03\x06\x01\x2a").is_err());
    }
}
