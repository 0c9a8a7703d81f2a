//! Name constraints: which names an authority may certify (RFC 5280, 4.2.1.10).

use super::extension::DIRECTORY_NAME;
use super::{host_name, name_comparison};
use crate::cert::der::{self, Element, Fault, Reader};

const OTHER_NAME: u8 = 0xa0;
const EMAIL: u8 = 0x81;
const DNS: u8 = 0x82;
const URI: u8 = 0x86;
const IP: u8 = 0x87;

/// The constraints of one authority; an empty list of a kind permits every name of that kind.
#[derive(Default)]
pub(super) struct NameConstraints<'a> {
    permitted: Subtrees<'a>,
    excluded: Subtrees<'a>,
}

/// Constraints by their kind, so that names are held against those of their own kind only.
type Subtrees<'a> = [Vec<Constraint<'a>>; KINDS];

/// DNS, mail, URI, address, directory name, unknown.
const KINDS: usize = 6;

enum Constraint<'a> {
    Dns(&'a str),
    Email(&'a str),
    Uri(&'a str),
    Ip(&'a [u8], &'a [u8]),
    Directory(Vec<u8>),
    /// A kind that the library cannot compare, by its tag.
    Unknown(u8),
}

/// One name of a certificate, ready to be compared.
pub(super) enum Name<'a> {
    Dns(&'a str),
    Email(&'a str),
    Uri(&'a str),
    Ip(&'a [u8]),
    Directory(&'a [u8]),
    Unknown(u8),
}

/// Why a name is not allowed.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Violation {
    NotPermitted,
    Excluded,
    /// The kind of name is constrained, but cannot be compared.
    Incomparable,
    /// The comparisons of this verification are used up.
    TooMuchWork,
}

impl<'a> NameConstraints<'a> {
    pub(super) fn read(content: &'a [u8]) -> Result<Self, Fault> {
        let mut fields = Reader::new(content);
        let mut subtrees = |tag| -> Result<Subtrees<'a>, Fault> {
            let Some(list) = fields.optional(tag)? else { return Ok(Subtrees::default()) };
            let (mut list, mut out) = (Reader::new(list.content), Subtrees::default());
            while !list.is_empty() {
                let mut subtree = list.enter(der::SEQUENCE)?;
                let constraint = Constraint::read(subtree.any()?)?;
                if let Some(of_kind) = out.get_mut(constraint.kind()) {
                    of_kind.push(constraint);
                }
                // RFC 5280: minimum is zero, which DER leaves out, and maximum is absent.
                subtree.end().map_err(|_| "a minimum or maximum, which RFC 5280 does not allow")?;
            }
            if is_empty(&out) { Err("an empty list of names") } else { Ok(out) }
        };
        let out = NameConstraints { permitted: subtrees(0xa0)?, excluded: subtrees(0xa1)? };
        fields.end()?;
        if is_empty(&out.permitted) && is_empty(&out.excluded) {
            return Err("it is empty");
        }
        Ok(out)
    }

    /// True where a dns constraint begins with a point, which RFC 5280 does not know.
    pub(super) fn has_leading_point(&self) -> bool {
        let all = self.permitted.iter().chain(&self.excluded).flatten();
        all.into_iter().any(|each| matches!(each, Constraint::Dns(text) if text.starts_with('.')))
    }

    /// Checks one name; every constraint of its kind is taken off `budget` beforehand, whatever the order of the list.
    pub(super) fn check(&self, name: &Name<'_>, budget: &mut usize) -> Result<(), Violation> {
        let of_kind = |subtrees: &'_ Subtrees<'a>| subtrees.get(name.kind()).map_or(0, Vec::len);
        let work = of_kind(&self.excluded).saturating_add(of_kind(&self.permitted));
        *budget = budget.checked_sub(work).ok_or(Violation::TooMuchWork)?;
        for constraint in self.excluded.get(name.kind()).into_iter().flatten() {
            match constraint.matches(name, true) {
                Some(Ok(true)) => return Err(Violation::Excluded),
                Some(Err(violation)) => return Err(violation),
                _ => {}
            }
        }
        let mut constrained = false;
        for constraint in self.permitted.get(name.kind()).into_iter().flatten() {
            match constraint.matches(name, false) {
                Some(Ok(true)) => return Ok(()),
                Some(Ok(false)) => constrained = true,
                Some(Err(violation)) => return Err(violation),
                None => {}
            }
        }
        if constrained { Err(Violation::NotPermitted) } else { Ok(()) }
    }
}

fn is_empty(subtrees: &Subtrees<'_>) -> bool {
    subtrees.iter().all(Vec::is_empty)
}

impl Name<'_> {
    fn kind(&self) -> usize {
        match self {
            Name::Dns(_) => 0,
            Name::Email(_) => 1,
            Name::Uri(_) => 2,
            Name::Ip(_) => 3,
            Name::Directory(_) => 4,
            Name::Unknown(_) => 5,
        }
    }
}

impl<'a> Constraint<'a> {
    fn kind(&self) -> usize {
        match self {
            Constraint::Dns(_) => 0,
            Constraint::Email(_) => 1,
            Constraint::Uri(_) => 2,
            Constraint::Ip(..) => 3,
            Constraint::Directory(_) => 4,
            Constraint::Unknown(_) => 5,
        }
    }

    fn read(name: Element<'a>) -> Result<Self, Fault> {
        let text = || match std::str::from_utf8(name.content) {
            Ok(text) if text.is_ascii() => Ok(text),
            _ => Err("a name that is not ASCII"),
        };
        Ok(match name.tag {
            DNS => {
                let text = text()?;
                let bare = text.strip_prefix('.').unwrap_or(text);
                if !bare.is_empty() && !host_name::is_dns_name(bare) {
                    return Err("a DNS name that is none");
                }
                Constraint::Dns(text)
            }
            EMAIL => {
                let text = text()?;
                if text.contains('@') && split_mail(text).is_none() {
                    return Err("a mail address that is none");
                }
                Constraint::Email(text)
            }
            URI => Constraint::Uri(text()?),
            IP => {
                let half = name.content.len() / 2;
                let (address, mask) =
                    name.content.split_at_checked(half).ok_or("an address that is cut off")?;
                if !matches!(name.content.len(), 8 | 32) {
                    return Err("an address range that is neither IPv4 nor IPv6");
                }
                // RFC 4632: ones, then zeros.
                let (mut zeros, mut contiguous) = (false, true);
                for bit in mask.iter().flat_map(|byte| (0..8).rev().map(move |at| byte >> at & 1)) {
                    contiguous &= bit == 0 || !zeros;
                    zeros |= bit == 0;
                }
                if !contiguous {
                    return Err("an address range with holes in its mask");
                }
                Constraint::Ip(address, mask)
            }
            DIRECTORY_NAME => {
                let content = der::only(name.content, der::SEQUENCE)?;
                crate::cert::name::check(content)?;
                Constraint::Directory(name_comparison::canonical(content))
            }
            tag => Constraint::Unknown(tag),
        })
    }

    /// Nothing where the kinds differ.
    fn matches(&self, name: &Name<'_>, excluding: bool) -> Option<Result<bool, Violation>> {
        Some(Ok(match (self, name) {
            (Constraint::Dns(base), Name::Dns(name)) => dns(base, name, excluding),
            (Constraint::Email(base), Name::Email(name)) => return Some(email(base, name)),
            (Constraint::Uri(base), Name::Uri(name)) => return Some(uri(base, name)),
            (Constraint::Ip(base, mask), Name::Ip(address)) => {
                base.len() == address.len()
                    && base
                        .iter()
                        .zip(*mask)
                        .zip(*address)
                        .all(|((base, mask), byte)| base & mask == byte & mask)
            }
            (Constraint::Directory(base), Name::Directory(name)) => name.starts_with(base),
            (Constraint::Unknown(base), Name::Unknown(kind)) if base == kind => {
                return Some(Err(Violation::Incomparable));
            }
            _ => return None,
        }))
    }
}

/// The name itself or anything below it; with a point in front, as OpenSSL and Windows write it, only below.
fn dns(base: &str, name: &str, excluding: bool) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name);
    if base.is_empty() {
        return true;
    }
    if let Some(rest) = name.strip_prefix("*.") {
        // A wildcard is excluded where one of the names it stands for is; it is permitted where all of them are.
        let below = dns(base, rest, excluding);
        let bare = base.strip_prefix('.');
        if excluding {
            let parent = bare.unwrap_or(base).split_once('.').map(|(_, parent)| parent);
            return below
                || bare.is_some_and(|bare| rest.eq_ignore_ascii_case(bare))
                || parent.is_some_and(|parent| parent.eq_ignore_ascii_case(rest));
        }
        return below || bare.is_some_and(|bare| rest.eq_ignore_ascii_case(bare));
    }
    match base.strip_prefix('.') {
        Some(bare) => is_below(bare, name),
        None => name.eq_ignore_ascii_case(base) || is_below(base, name),
    }
}

fn is_below(base: &str, name: &str) -> bool {
    let Some(at) = name.len().checked_sub(base.len()) else { return false };
    let (Some(front), Some(tail)) = (name.get(..at), name.get(at..)) else { return false };
    front.len() > 1 && front.ends_with('.') && tail.eq_ignore_ascii_case(base)
}

/// RFC 5280: a mailbox, all mailboxes of a host, or with a point in front those of every host below.
fn email(base: &str, name: &str) -> Result<bool, Violation> {
    let (local, host) = split_mail(name).ok_or(Violation::Incomparable)?;
    Ok(match (base.rsplit_once('@'), base.strip_prefix('.')) {
        (Some((base_local, base_host)), _) => local == base_local && host.eq_ignore_ascii_case(base_host),
        (None, Some(bare)) => is_below(bare, host),
        (None, None) => base.is_empty() || host.eq_ignore_ascii_case(base),
    })
}

/// RFC 5280: the host of the URI, or with a point in front every host below.
/// The local part and the host of a mail address; only a quoted local part may hold an @.
pub(super) fn split_mail(address: &str) -> Option<(&str, &str)> {
    let (local, host) = address.rsplit_once('@')?;
    let quoted = local.len() > 1 && local.starts_with('"') && local.ends_with('"');
    let proper = !local.is_empty() && !host.is_empty() && (quoted || !local.contains('@'));
    proper.then_some((local, host))
}

fn uri(base: &str, name: &str) -> Result<bool, Violation> {
    let host = uri_host(name).ok_or(Violation::Incomparable)?;
    Ok(match base.strip_prefix('.') {
        Some(bare) => is_below(bare, host),
        None => base.is_empty() || host.eq_ignore_ascii_case(base),
    })
}

/// The host name of a URI; nothing where it has none, or has an address, which cannot be compared.
fn uri_host(uri: &str) -> Option<&str> {
    let (_, rest) = uri.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let host = host.split_once(':').map_or(host, |(host, _)| host);
    let host = host.strip_suffix('.').unwrap_or(host);
    (!host.is_empty() && host.parse::<std::net::Ipv4Addr>().is_err() && host_name::is_dns_name(host))
        .then_some(host)
}

/// Each subject alternative name of a certificate, for [`NameConstraints::check`]; content of GeneralNames.
pub(super) fn names(content: &[u8]) -> Vec<Name<'_>> {
    let (mut list, mut out) = (Reader::new(content), Vec::new());
    while let Ok(name) = list.any() {
        // What is no ASCII is no name of its kind; it counts as one that cannot be compared, never as no name.
        let text = std::str::from_utf8(name.content).ok().filter(|text| text.is_ascii());
        out.push(match (name.tag, text) {
            (DNS, text) => Name::Dns(text.unwrap_or("")),
            (EMAIL, text) => Name::Email(text.unwrap_or("")),
            (URI, text) => Name::Uri(text.unwrap_or("")),
            (IP, _) => Name::Ip(name.content),
            (DIRECTORY_NAME, _) => {
                // The caller compares directory names by their canonical form.
                continue;
            }
            (OTHER_NAME, _) => Name::Unknown(OTHER_NAME),
            (tag, _) => Name::Unknown(tag),
        });
    }
    out
}

/// Mail addresses in the subject, which count where no alternative name is one: RFC 5280, 4.2.1.10.
pub(super) fn subject_emails(subject: &[u8]) -> Vec<String> {
    const EMAIL_ADDRESS: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 1];
    let attributes = crate::cert::name::parts(subject).into_iter().flatten();
    attributes
        .filter(|(kind, _)| kind.0 == EMAIL_ADDRESS)
        .map(|(_, value)| {
            crate::cert::name::decode(value).map_or_else(String::new, std::borrow::Cow::into_owned)
        })
        .collect()
}

/// True where an alternative name is a mail address.
pub(super) fn has_email(names: &[Name<'_>]) -> bool {
    names.iter().any(|name| matches!(name, Name::Email(_)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dns_table() {
        for (base, name, permitted, excluded) in [
            ("example.com", "example.com", true, true),
            ("example.com", "EXAMPLE.com", true, true),
            ("example.com", "a.b.example.com", true, true),
            ("example.com", "badexample.com", false, false),
            ("example.com", ".example.com", false, false),
            ("", "anything", true, true),
            (".example.com", "example.com", false, false),
            (".example.com", "a.example.com", true, true),
            ("foo.example.com", "*.example.com", false, true),
            ("example.com", "*.example.com", true, true),
            (".example.com", "*.example.com", true, true),
            ("a.b.example.com", "*.example.com", false, false),
            ("example.com", "*.com", false, true),
        ] {
            assert_eq!(dns(base, name, false), permitted, "{name} permitted by {base:?}");
            assert_eq!(dns(base, name, true), excluded, "{name} excluded by {base:?}");
        }
    }

    #[test]
    fn email_and_uri_tables() {
        for (base, name, expected) in [
            ("a@x.org", "a@X.org", Ok(true)),
            ("a@x.org", "A@x.org", Ok(false)),
            ("x.org", "a@x.org", Ok(true)),
            ("x.org", "a@b.x.org", Ok(false)),
            (".x.org", "a@b.x.org", Ok(true)),
            (".x.org", "a@x.org", Ok(false)),
            ("x.org", "nobody", Err(Violation::Incomparable)),
        ] {
            assert_eq!(email(base, name), expected, "{base} {name}");
        }
        for (base, name, expected) in [
            ("x.org", "http://x.org/a", Ok(true)),
            ("x.org", "ldap://u@X.org:389/cn=a", Ok(true)),
            ("x.org", "http://a.x.org", Ok(false)),
            (".x.org", "http://a.x.org?q", Ok(true)),
            (".x.org", "http://x.org", Ok(false)),
            ("x.org", "urn:x", Err(Violation::Incomparable)),
            ("x.org", "http://10.0.0.1/", Err(Violation::Incomparable)),
            ("x.org", "http://[::1]/", Err(Violation::Incomparable)),
        ] {
            assert_eq!(uri(base, name), expected, "{base} {name}");
        }
    }

    #[test]
    fn addresses_and_what_cannot_be_compared() {
        let constraint =
            |tag, content: &'static [u8]| Constraint::read(Element { tag, content, whole: content });
        let net = constraint(IP, &[10, 0, 0, 0, 255, 0, 0, 0]).unwrap_or(Constraint::Unknown(0));
        assert_eq!(net.matches(&Name::Ip(&[10, 1, 2, 3]), false), Some(Ok(true)));
        assert_eq!(net.matches(&Name::Ip(&[11, 1, 2, 3]), false), Some(Ok(false)));
        assert_eq!(net.matches(&Name::Ip(&[0; 16]), false), Some(Ok(false)));
        assert_eq!(net.matches(&Name::Dns("10.1.2.3"), false), None);
        assert!(constraint(IP, &[10, 0, 0, 0, 255, 0, 255, 0]).is_err());
        assert!(constraint(IP, &[10, 0, 0, 0]).is_err());
        assert!(constraint(DNS, b"*.example.com").is_err());
        let other = Constraint::Unknown(OTHER_NAME);
        assert_eq!(other.matches(&Name::Unknown(OTHER_NAME), false), Some(Err(Violation::Incomparable)));
    }

    #[test]
    fn work_is_bounded() {
        let mut flood = NameConstraints::default();
        flood.excluded[0] = vec![Constraint::Dns("a"), Constraint::Dns("b")];
        flood.permitted[0] = vec![Constraint::Dns("c")];
        flood.permitted[3] = vec![Constraint::Ip(&[0; 4], &[0; 4])];
        let mut budget = 5;
        assert_eq!(flood.check(&Name::Dns("c"), &mut budget), Ok(()));
        assert_eq!(budget, 2);
        // Names of other kinds cost nothing, and what is not paid for is not compared.
        assert_eq!(flood.check(&Name::Uri("http://c"), &mut budget), Ok(()));
        assert_eq!(budget, 2);
        assert_eq!(flood.check(&Name::Dns("c"), &mut budget), Err(Violation::TooMuchWork));
    }
}
