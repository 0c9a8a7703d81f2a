//! The name that a client wanted to reach, compared with a server's certificate: RFC 9525.

use std::net::IpAddr;

use idna::AsciiDenyList;
use idna::uts46::{DnsLength, Hyphens, Uts46};

use super::name_constraints;
use crate::cert::certificate::Certificate;
use crate::cert::der::Reader;
use crate::limits::HOST_NAME_BYTES_MAX;

/// What a client wanted to reach: a DNS name in ASCII and lower case, or an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum HostName {
    Dns(String),
    Ip(IpAddr),
    /// A mail address, whose host is compared without case: RFC 5280, 7.5.
    Mail(String),
}

impl HostName {
    /// Reads a host as it stands in a URL: `gw.contoso.com`, `bücher.example`, `10.0.0.1`, `[::1]`.
    pub(super) fn parse(text: &str) -> Result<Self, &'static str> {
        let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
        if let Ok(address) = bare.unwrap_or(text).parse::<IpAddr>() {
            if bare.is_some() && address.is_ipv4() {
                return Err("only an IPv6 address stands in brackets");
            }
            return Ok(HostName::Ip(address));
        }
        if let Some((_, host)) = name_constraints::split_mail(text) {
            return match is_dns_name(host) && text.is_ascii() {
                true => Ok(HostName::Mail(text.to_owned())),
                false => Err("it is no mail address"),
            };
        }
        // The point at the end says that the name is complete; no certificate has it.
        let text = text.strip_suffix('.').unwrap_or(text);
        let ascii = Uts46::new()
            .to_ascii(text.as_bytes(), AsciiDenyList::EMPTY, Hyphens::Allow, DnsLength::Verify)
            .map_err(|_| "it is neither a DNS name nor an IP address")?;
        if !is_dns_name(&ascii) || ends_in_number(&ascii) {
            return Err("it is neither a DNS name nor an IP address");
        }
        Ok(HostName::Dns(ascii.to_ascii_lowercase()))
    }

    /// True where one of the certificate's alternative names is this one; the common name counts only where
    /// the caller says so and there is no DNS name and no address at all.
    pub(super) fn matches(&self, certificate: &Certificate, common_name: bool) -> bool {
        let content = certificate.optional_part(certificate.layout().extensions.alternative_names);
        let (mut names, mut any) = (Reader::new(content), false);
        while let Ok(name) = names.any() {
            any |= matches!(name.tag, 0x82 | 0x87);
            let found = match (self, name.tag) {
                (HostName::Dns(wanted), 0x82) => {
                    std::str::from_utf8(name.content).is_ok_and(|presented| dns_matches(presented, wanted))
                }
                (HostName::Ip(IpAddr::V4(wanted)), 0x87) => name.content == wanted.octets(),
                (HostName::Ip(IpAddr::V6(wanted)), 0x87) => name.content == wanted.octets(),
                (HostName::Mail(wanted), 0x81) => same_mailbox(name.content, wanted),
                _ => false,
            };
            if found {
                return true;
            }
        }
        match self {
            HostName::Dns(wanted) if common_name && !any => {
                certificate.common_name().is_some_and(|presented| dns_matches(&presented, wanted))
            }
            _ => false,
        }
    }
}

fn same_mailbox(presented: &[u8], wanted: &str) -> bool {
    let presented = std::str::from_utf8(presented).ok().and_then(name_constraints::split_mail);
    match (presented, name_constraints::split_mail(wanted)) {
        (Some((local, host)), Some((wanted_local, wanted_host))) => {
            local == wanted_local && host.eq_ignore_ascii_case(wanted_host)
        }
        _ => false,
    }
}

/// RFC 9525, 6.3: letter case does not count, and a wildcard is the whole left-most label and stands for one label.
fn dns_matches(presented: &str, wanted: &str) -> bool {
    match presented.strip_prefix("*.") {
        None => is_dns_name(presented) && presented.eq_ignore_ascii_case(wanted),
        Some(base) => {
            // A wildcard for all of a top-level domain is nobody's to have.
            let Some((label, rest)) = wanted.split_once('.') else { return false };
            !label.is_empty() && is_dns_name(base) && base.contains('.') && base.eq_ignore_ascii_case(rest)
        }
    }
}

/// True for a presented name that can be right at all, wildcard included.
pub(super) fn is_presentable(name: &str) -> bool {
    match name.strip_prefix("*.") {
        Some(base) => is_dns_name(base) && base.contains('.'),
        None => is_dns_name(name) && !ends_in_number(name),
    }
}

/// Letters, digits, hyphens and underscores in labels of 1 to 63, without a point at the end.
pub(super) fn is_dns_name(name: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    name.len() <= HOST_NAME_BYTES_MAX && name.split('.').all(label)
}

/// What URLs take for an IPv4 address, right or wrong, is no DNS name.
pub(super) fn ends_in_number(name: &str) -> bool {
    let Some(last) = name.rsplit('.').next() else { return false };
    match last.strip_prefix("0x").or_else(|| last.strip_prefix("0X")) {
        Some(hex) => hex.bytes().all(|byte| byte.is_ascii_hexdigit()),
        None => last.bytes().all(|byte| byte.is_ascii_digit()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn presented_names_match_as_rfc_9525_says() {
        for (presented, wanted, expected) in [
            ("gw.contoso.com", "gw.contoso.com", true),
            ("GW.Contoso.COM", "gw.contoso.com", true),
            ("gw.contoso.com", "contoso.com", false),
            ("contoso.com", "gw.contoso.com", false),
            ("*.contoso.com", "gw.contoso.com", true),
            ("*.contoso.com", "a.gw.contoso.com", false),
            ("*.contoso.com", "contoso.com", false),
            ("*.contoso.com", ".contoso.com", false),
            ("g*.contoso.com", "gw.contoso.com", false),
            ("*w.contoso.com", "gw.contoso.com", false),
            ("gw.*.com", "gw.contoso.com", false),
            ("*.*.com", "gw.contoso.com", false),
            ("*.com", "contoso.com", false),
            ("*", "localhost", false),
            ("*", "contoso.com", false),
            ("localhost", "localhost", true),
            ("gw.contoso.com.", "gw.contoso.com", false),
            ("gw.contoso.com\0.evil.org", "gw.contoso.com", false),
            ("", "contoso.com", false),
            ("xn--bcher-kva.example", "xn--bcher-kva.example", true),
            ("*.xn--bcher-kva.example", "a.xn--bcher-kva.example", true),
            ("a_b.contoso.com", "a_b.contoso.com", true),
        ] {
            assert_eq!(dns_matches(presented, wanted), expected, "{presented:?} for {wanted:?}");
        }
    }

    #[test]
    fn wanted_names_are_read_as_urls_have_them() {
        let dns = |text: &str| Ok(HostName::Dns(text.into()));
        assert_eq!(HostName::parse("GW.contoso.com."), dns("gw.contoso.com"));
        assert_eq!(HostName::parse("Bücher.example"), dns("xn--bcher-kva.example"));
        assert_eq!(HostName::parse("faß.example"), dns("xn--fa-hia.example"));
        assert_eq!(HostName::parse("[::1]"), Ok(HostName::Ip("::1".parse().unwrap())));
        assert_eq!(HostName::parse("10.0.0.1"), Ok(HostName::Ip("10.0.0.1".parse().unwrap())));
        for wrong in
            ["", ".", "a..b", "*.contoso.com", "10.0.0.256", "1.2.3", "[10.0.0.1]", "a b", "-a.com", "a\0b"]
        {
            assert!(HostName::parse(wrong).is_err(), "{wrong:?}");
        }
        assert!(HostName::parse(&["a"; 130].join(".")).is_err());
    }
}
