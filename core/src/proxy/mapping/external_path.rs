//! What a client asks for, read from the path of its request.

use std::fmt;
use std::str::FromStr;

use crate::error::{Error, ErrorKind};

/// How often a path is decoded to look for what hides behind `%25`: more layers than any server takes off.
const DECODING_ROUNDS: usize = 4;

/// The number of one published role, such as a management point.
///
/// Microsoft's are around 2^56, so it is never a floating-point number.
///
/// ```
/// use cmgateway::proxy::RoleId;
/// let id: RoleId = "72057594037937981".parse()?;
/// assert_eq!(id.get(), 72_057_594_037_937_981);
/// assert!("007".parse::<RoleId>().is_err());
/// # Ok::<(), cmgateway::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RoleId(u64);

impl RoleId {
    /// The role with this number.
    pub fn new(number: u64) -> Self {
        RoleId(number)
    }

    /// The number.
    pub fn get(self) -> u64 {
        self.0
    }
}

impl fmt::Display for RoleId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for RoleId {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        read_id(text).ok_or_else(|| {
            let cause = "it is no decimal number from 0 to 2^64-1 without leading zeros";
            Error::new(ErrorKind::Config, format!("read role id {text:?}"), cause)
        })
    }
}

/// One spelling for one id: two would be two names for what a log shows as one.
fn read_id(text: &str) -> Option<RoleId> {
    let is_canonical =
        text.bytes().all(|byte| byte.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    if is_canonical { text.parse().ok().map(RoleId) } else { None }
}

/// How the client of a request proves who it is; the first part of the path says which.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Authentication {
    /// `CCM_Proxy_MutualAuth`: a client certificate.
    MutualAuth,
    /// `CCM_Proxy_ServerAuth`: a bearer token.
    ServerAuth,
}

impl Authentication {
    /// The first part of the path, as Microsoft writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Authentication::MutualAuth => "CCM_Proxy_MutualAuth",
            Authentication::ServerAuth => "CCM_Proxy_ServerAuth",
        }
    }

    fn read(part: &str) -> Option<Self> {
        let all = [Authentication::MutualAuth, Authentication::ServerAuth];
        all.into_iter().find(|each| each.as_str().eq_ignore_ascii_case(part))
    }
}

/// What a path leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ExternalTarget {
    /// A published role.
    Role(RoleId),
    /// What the gateway says about itself; answered without authentication.
    ServiceMetadata,
    /// What a client needs to sign in to Microsoft Entra ID; answered without authentication.
    AadAuthInfo,
}

/// Why a path is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PathRefusal {
    /// It has none of the shapes that a gateway serves.
    NotOurs,
    /// It tries to leave its place: dot segments, encoded slashes, backslashes, or bytes that servers read differently.
    Escaping,
}

impl PathRefusal {
    /// One word for logs and metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            PathRefusal::NotOurs => "not_ours",
            PathRefusal::Escaping => "escaping",
        }
    }
}

/// The path of a request, read and found harmless.
///
/// ```
/// use cmgateway::proxy::{Authentication, ExternalPath, ExternalTarget, RoleId};
/// let path = ExternalPath::read("/ccm_proxy_mutualauth/9/SMS_MP/.sms_aut")?;
/// assert_eq!(path.authentication, Authentication::MutualAuth);
/// assert_eq!(path.target, ExternalTarget::Role(RoleId::new(9)));
/// assert_eq!(path.rest, "/SMS_MP/.sms_aut");
/// assert!(ExternalPath::read("/CCM_Proxy_MutualAuth/9/SMS_MP/%2e%2e/admin").is_err());
/// # Ok::<(), cmgateway::proxy::PathRefusal>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ExternalPath<'a> {
    /// How the client has to prove who it is.
    pub authentication: Authentication,
    /// What it asks for.
    pub target: ExternalTarget,
    /// What stands behind the id, as it was sent; begins with a slash where there is anything.
    pub rest: &'a str,
}

impl<'a> ExternalPath<'a> {
    /// Reads the path of a request, without its query.
    ///
    /// # Errors
    /// The reason, for the log; a client is told `404` or `400` without more.
    pub fn read(path: &'a str) -> Result<Self, PathRefusal> {
        if !is_harmless(path) {
            return Err(PathRefusal::Escaping);
        }
        let (first, behind) = part(path).ok_or(PathRefusal::NotOurs)?;
        let authentication = Authentication::read(first).ok_or(PathRefusal::NotOurs)?;
        let (second, rest) = part(behind).ok_or(PathRefusal::NotOurs)?;
        let target = match read_id(second) {
            Some(id) => ExternalTarget::Role(id),
            None if !rest.is_empty() => return Err(PathRefusal::NotOurs),
            None if second.eq_ignore_ascii_case("ServiceMetadata") => ExternalTarget::ServiceMetadata,
            None if second.eq_ignore_ascii_case("AADAuthInfo")
                && authentication == Authentication::ServerAuth =>
            {
                ExternalTarget::AadAuthInfo
            }
            None => return Err(PathRefusal::NotOurs),
        };
        Ok(ExternalPath { authentication, target, rest })
    }
}

/// The first part of a path, and what stands behind it with its slash.
fn part(path: &str) -> Option<(&str, &str)> {
    let inner = path.strip_prefix('/')?;
    let end = inner.find('/').unwrap_or(inner.len());
    Some(inner.split_at(end))
}

/// True where every server reads this path alike, however often it decodes it.
fn is_harmless(path: &str) -> bool {
    if !path.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\' && byte != b'#') {
        return false;
    }
    if !path.split('/').all(is_harmless_segment) {
        return false;
    }
    if !path.contains('%') {
        return true;
    }
    // What is inside a segment must stay inside it at every round.
    path.split('/').filter(|segment| segment.contains('%')).all(|segment| {
        let Some(mut text) = decode(segment) else { return false };
        for _ in 0..DECODING_ROUNDS {
            let breaks_out = text.chars().any(|each| each.is_control() || each == '/' || each == '\\');
            if breaks_out || !is_harmless_segment(&text) {
                return false;
            }
            // A lone percent sign is what an honest name may leave; a careless server decodes around it.
            match String::from_utf8(decode_where_possible(&text)) {
                Ok(again) if again == text => return true,
                Ok(again) => text = again,
                Err(_) => return false,
            }
        }
        false
    })
}

/// Windows drops dots and blanks at the end of a name, and some servers what follows a semicolon.
fn is_harmless_segment(segment: &str) -> bool {
    let name = segment.split(';').next().unwrap_or(segment);
    name.is_empty() == segment.is_empty()
        && (segment.is_empty() || !name.chars().all(|each| each == '.' || each == ' '))
}

/// Takes one layer of percent encoding off; nothing where it is malformed or no UTF-8.
pub(super) fn decode(text: &str) -> Option<String> {
    let is_digit = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_hexdigit);
    let bytes = text.as_bytes();
    let mut marks = bytes.iter().enumerate().filter(|(_, byte)| **byte == b'%').map(|(at, _)| at);
    let is_well_formed = marks.all(|at| is_digit(bytes.get(at + 1)) && is_digit(bytes.get(at + 2)));
    if is_well_formed { String::from_utf8(decode_where_possible(text)).ok() } else { None }
}

fn decode_where_possible(text: &str) -> Vec<u8> {
    let digit = |byte: Option<&u8>| char::from(*byte?).to_digit(16);
    let (bytes, mut at) = (text.as_bytes(), 0);
    let mut decoded = Vec::with_capacity(bytes.len());
    while let Some(&byte) = bytes.get(at) {
        match (byte, digit(bytes.get(at + 1)), digit(bytes.get(at + 2))) {
            (b'%', Some(high), Some(low)) => {
                decoded.push((high * 16 + low) as u8);
                at += 3;
            }
            _ => {
                decoded.push(byte);
                at += 1;
            }
        }
    }
    decoded
}

impl fmt::Display for PathRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl std::error::Error for PathRefusal {}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(path: &str) -> PathRefusal {
        ExternalPath::read(path).unwrap_err()
    }

    #[test]
    fn every_shape_of_microsoft_is_read_without_case() {
        for path in ["/CCM_Proxy_MutualAuth/ServiceMetadata", "/ccm_proxy_serverauth/servicemetadata"] {
            assert_eq!(ExternalPath::read(path).unwrap().target, ExternalTarget::ServiceMetadata);
        }
        let info = ExternalPath::read("/CCM_PROXY_SERVERAUTH/AADAuthInfo").unwrap();
        assert_eq!(
            (info.target, info.authentication),
            (ExternalTarget::AadAuthInfo, Authentication::ServerAuth)
        );
        let role =
            ExternalPath::read("/CCM_PROXY_MUTUALAUTH/18446744073709551615/CCM_System/request").unwrap();
        assert_eq!(role.target, ExternalTarget::Role(RoleId::new(u64::MAX)));
        assert_eq!(role.rest, "/CCM_System/request");
        assert_eq!(ExternalPath::read("/CCM_Proxy_MutualAuth/1").unwrap().rest, "");
    }

    #[test]
    fn other_shapes_are_not_ours() {
        for path in [
            "",
            "/",
            "*",
            "/CCM_Proxy_MutualAuth",
            "/CCM_Proxy_MutualAuth/",
            "/CCM_Proxy/1/SMS_MP",
            "//1/SMS_MP",
            "/CCM_Proxy_MutualAuth/18446744073709551616/SMS_MP",
            "/CCM_Proxy_MutualAuth/01/SMS_MP",
            "/CCM_Proxy_MutualAuth/+1/SMS_MP",
            "/CCM_Proxy_MutualAuth/%31/SMS_MP",
            "/CCM_Proxy_MutualAuth/AADAuthInfo",
            "/CCM_Proxy_MutualAuth/ServiceMetadata/more",
            "/x/1/SMS_MP",
        ] {
            assert_eq!(refusal(path), PathRefusal::NotOurs, "{path}");
        }
    }

    #[test]
    fn nothing_leads_out_of_its_place() {
        for rest in [
            "..",
            ".",
            "../2/SMS_MP",
            "%2e%2e/x",
            "%2E./x",
            ".%2e",
            "a/..%2f..",
            "a%2fb",
            "a%5cb",
            "a\\b",
            "%252e%252e",
            "a%25252fb",
            "a%00b",
            "a%0ab",
            "a%c0%aeb",
            "a%u002e",
            "a%",
            "a%2",
            "a%zz",
            "..;/x",
            "..;a=b",
            ";a",
            "...",
            "..%20",
            ". .",
            "%2e%2e%3b",
            "a\u{e9}",
        ] {
            let path = format!("/CCM_Proxy_MutualAuth/1/SMS_MP/{rest}");
            assert_eq!(refusal(&path), PathRefusal::Escaping, "{path}");
        }
        assert_eq!(refusal("/../CCM_Proxy_MutualAuth/1/SMS_MP"), PathRefusal::Escaping);
    }

    #[test]
    fn honest_names_pass_as_they_are() {
        for rest in [
            ".sms_aut",
            "a%20b.cab",
            "100%25.txt",
            "100%25sure",
            "a..b",
            "x;v=1",
            "%7Bguid%7D",
            "",
            "a//b",
            "...a",
        ] {
            let path = format!("/CCM_Proxy_MutualAuth/1/SMS_MP/{rest}");
            assert_eq!(ExternalPath::read(&path).unwrap().rest, format!("/SMS_MP/{rest}"), "{path}");
        }
    }
}
