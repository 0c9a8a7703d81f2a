//! The strict profile for leaves: what the baseline requirements ask of certificates of servers and of mail.

use std::net::IpAddr;

use super::constraints::{ALTERNATIVE_NAMES, Constraints, EXTENDED_KEY_USAGE, NAME_CONSTRAINTS};
use super::host_name;
use super::store::Node;
use super::verifier::Purpose;
use crate::cert::der::{self, Reader};
use crate::cert::{AlternativeNameKind as Kind, Certificate, SubjectAlternativeName};

/// The purposes below 1.3.6.1.5.5.7.3.
const PURPOSES: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 3];
/// 1.3.6.1.4.1.11129.2.4.4, for signers of precertificates only: RFC 6962.
const PRECERTIFICATES: &[u8] = &[0x2b, 6, 1, 4, 1, 0xd6, 0x79, 2, 4, 4];
/// 2.5.29.37.0.
const ANY: &[u8] = &[0x55, 0x1d, 0x25, 0];

pub(super) fn fault(node: &Node, own: &Constraints<'_>, purpose: Purpose) -> Option<&'static str> {
    let extensions = &node.certificate.layout().extensions;
    match () {
        () if extensions.is_ca == Some(true) => return Some("it is an authority"),
        () if own.has(NAME_CONSTRAINTS) => return Some("it constrains names and is no authority"),
        () if own.is_critical(EXTENDED_KEY_USAGE) => return Some("its extended key usage is critical"),
        () => {}
    }
    if !matches!(purpose, Purpose::ServerAuth | Purpose::ClientAuth | Purpose::EmailProtection) {
        return None;
    }
    if has_foreign_purpose(node, purpose) {
        return Some("it is also for a purpose that does not go with this one");
    }
    if purpose == Purpose::ClientAuth {
        return None;
    }
    let Some(names) = extensions.alternative_names else { return Some("it has no alternative names") };
    let certificate = &node.certificate;
    if own.is_critical(ALTERNATIVE_NAMES) && !certificate.part(certificate.layout().subject).is_empty() {
        return Some("its alternative names are critical though it has a subject");
    }
    match purpose {
        Purpose::EmailProtection if extensions.key_usage.is_none() => Some("it has no key usage"),
        Purpose::EmailProtection => {
            let mut names = Reader::new(certificate.part(names));
            let any = std::iter::from_fn(|| names.any().ok()).any(|name| name.tag == 0x81);
            (!any).then_some("none of its alternative names is a mail address")
        }
        _ => server_names(certificate),
    }
}

/// True for purposes that must not be there beside this one: baseline requirements, 7.1.2.7.10, and those for S/MIME,
/// 7.1.2.3.
pub(super) fn has_foreign_purpose(node: &Node, purpose: Purpose) -> bool {
    let Some(list) = node.certificate.layout().extensions.extended_key_usage else { return false };
    let mut list = Reader::new(node.certificate.part(list));
    while let Ok(found) = list.expect(der::OBJECT_IDENTIFIER) {
        let foreign = match found.content.strip_prefix(PURPOSES) {
            Some([1]) => purpose == Purpose::EmailProtection,
            Some([4]) => purpose == Purpose::ServerAuth,
            // Programs, time stamps, answers about revocation.
            Some([3 | 8 | 9]) => true,
            _ => matches!(found.content, ANY | PRECERTIFICATES),
        };
        if foreign {
            return true;
        }
    }
    false
}

/// Baseline requirements, 7.1.2.7.12 and 7.1.4.3; directory names are let pass, as nobody is misled by them.
fn server_names(certificate: &Certificate) -> Option<&'static str> {
    let names = certificate.subject_alternative_names();
    let wrong = names.iter().any(|name| match name.kind {
        Kind::Dns => !host_name::is_presentable(&name.text),
        Kind::Ip | Kind::DirectoryName => false,
        _ => true,
    });
    if wrong {
        return Some("one of its alternative names is no proper DNS name or address");
    }
    let common = certificate.common_name()?;
    (!fits(&common, &names)).then_some("its common name is none of its alternative names")
}

/// True where a common name says nothing that the alternative names do not say, character for character.
///
/// A domain above one of the names, and a name beside addresses only, claim nothing that a client would compare.
fn fits(common: &str, names: &[SubjectAlternativeName]) -> bool {
    if names.iter().any(|name| name.text == common || name.text == format!("CN={common}")) {
        return true;
    }
    if common.parse::<IpAddr>().is_ok() || host_name::ends_in_number(common) {
        return false;
    }
    let mut hosts = names.iter().filter(|name| name.kind == Kind::Dns).peekable();
    let below = |name: &SubjectAlternativeName| {
        name.text.strip_suffix(common).is_some_and(|front| front.ends_with('.'))
    };
    hosts.peek().is_none() || hosts.any(below)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_common_name_is_a_copy_of_a_name_or_above_one() {
        let dns = |text: &str| SubjectAlternativeName { kind: Kind::Dns, text: text.into() };
        let ip = |text: &str| SubjectAlternativeName { kind: Kind::Ip, text: text.into() };
        for (common, name, expected) in [
            ("gw.contoso.com", dns("gw.contoso.com"), true),
            ("GW.contoso.com", dns("gw.contoso.com"), false),
            ("contoso.com", dns("gw.contoso.com"), true),
            ("contoso.com", dns("*.contoso.com"), true),
            ("other.contoso.com", dns("gw.contoso.com"), false),
            ("toso.com", dns("gw.contoso.com"), false),
            ("b\u{fc}cher.example", dns("xn--bcher-kva.example"), false),
            ("contoso.com", ip("192.0.2.1"), true),
            ("192.0.2.1", ip("192.0.2.1"), true),
            ("192.0.002.001", ip("192.0.2.1"), false),
            ("0xC0000201", ip("192.0.2.1"), false),
            ("2001:DB8::1", ip("2001:db8::1"), false),
            ("2001:db8:0::1", ip("2001:db8::1"), false),
        ] {
            assert_eq!(fits(common, &[name]), expected, "{common}");
        }
    }
}
