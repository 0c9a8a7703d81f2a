//! The strict profile: MUSTs of RFC 5280 section 4 and main rules of the CA/Browser Forum's baseline requirements.

use super::certificate_rules::{Fault, KEY_CERT_SIGN};
use super::constraints::{
    ALTERNATIVE_NAMES, AUTHORITY_KEY_ID, BASIC_CONSTRAINTS, Constraints, EXTENDED_KEY_USAGE,
    INHIBIT_ANY_POLICY, NAME_CONSTRAINTS, POLICY_CONSTRAINTS, SUBJECT_KEY_ID,
};
use super::der::Reader;
use super::refusal::RefusalReason;
use super::store::Node;
use super::verifier::Purpose;
use super::{AlternativeNameKind, host_name};

/// RFC 5280, 4.1.2.2.
const SERIAL_BYTES_MAX: usize = 20;

/// Checks a certificate below the anchor.
pub(super) fn fault(node: &Node, own: &Constraints<'_>, is_leaf: bool, purpose: Purpose) -> Option<Fault> {
    let text = shape(node, own)
        .or_else(|| (!own.has(AUTHORITY_KEY_ID)).then_some("it has no authority key identifier"))
        .or_else(|| node.authority_key_id().is_none().then_some("its authority key identifier has no key"))
        .or_else(|| if is_leaf { leaf(node, own, purpose) } else { authority(node, own) });
    text.map(|text| (RefusalReason::ProfileViolation, text.to_owned()))
}

/// Checks an anchor whose extensions count.
pub(super) fn anchor_fault(node: &Node, own: &Constraints<'_>) -> Option<Fault> {
    let text = shape(node, own).or_else(|| authority(node, own)).or_else(|| {
        if own.has(EXTENDED_KEY_USAGE) && node.is_self_issued() {
            return Some("a root names purposes");
        }
        if !own.has(AUTHORITY_KEY_ID) || !node.is_self_issued() {
            return None;
        }
        let same = node.authority_key_id().is_some() && node.authority_key_id() == node.subject_key_id();
        (!same || has_authority_names(node))
            .then_some("a root names another key than its own as its issuer's")
    });
    text.map(|text| (RefusalReason::ProfileViolation, text.to_owned()))
}

/// What every certificate has to keep.
fn shape(node: &Node, own: &Constraints<'_>) -> Option<&'static str> {
    let layout = node.certificate.layout();
    let serial = node.certificate.part(layout.serial);
    let subject_is_empty = node.certificate.part(layout.subject).is_empty();
    let alternative = layout.extensions.alternative_names;
    Some(match () {
        () if layout.version != 2 => "it is not of version 3",
        () if serial.iter().all(|byte| *byte == 0) => "its serial number is zero",
        () if serial.first().is_some_and(|byte| byte & 0x80 != 0) => "its serial number is negative",
        () if serial.len() > SERIAL_BYTES_MAX => "its serial number is longer than 20 bytes",
        () if layout.not_after < layout.not_before => "its validity ends before it begins",
        () if own.is_critical(AUTHORITY_KEY_ID) => "its authority key identifier is critical",
        () if own.is_critical(SUBJECT_KEY_ID) => "its subject key identifier is critical",
        () if alternative.is_some_and(|names| node.certificate.part(names).is_empty()) => {
            "it has an empty list of alternative names"
        }
        () if subject_is_empty && !own.is_critical(ALTERNATIVE_NAMES) => {
            "its subject is empty and its alternative names are not critical"
        }
        () if node.certificate.part(layout.issuer).is_empty() => "its issuer is empty",
        () if own.names.as_ref().is_some_and(|names| names.has_leading_point()) => {
            "a name constraint begins with a point"
        }
        () => return weak_key(node),
    })
}

/// The keys of the baseline requirements, 6.1.5.
fn weak_key(node: &Node) -> Option<&'static str> {
    let bits = node.certificate.key_size_bits().unwrap_or(0);
    match node.certificate.key_algorithm().as_str() {
        "RSA" if bits < 2048 => Some("its RSA key is too small"),
        "RSA" if !bits.is_multiple_of(8) => Some("the size of its RSA key is no number of whole bytes"),
        "RSA" | "EC P-256" | "EC P-384" | "EC P-521" | "Ed25519" => None,
        _ => Some("its key is of a kind that is not allowed"),
    }
}

fn authority(node: &Node, own: &Constraints<'_>) -> Option<&'static str> {
    let layout = node.certificate.layout();
    Some(match () {
        () if !own.is_critical(BASIC_CONSTRAINTS) => "its basic constraints are not critical",
        () if layout.extensions.key_usage.is_none() => "it is an authority without key usage",
        () if !own.has(SUBJECT_KEY_ID) => "it is an authority without a subject key identifier",
        () if node.subject.is_empty() => "it is an authority without a name",
        () if own.has(NAME_CONSTRAINTS) && !own.is_critical(NAME_CONSTRAINTS) => {
            "its name constraints are not critical"
        }
        () if own.has(POLICY_CONSTRAINTS) && !own.is_critical(POLICY_CONSTRAINTS) => {
            "its policy constraints are not critical"
        }
        () if own.has(INHIBIT_ANY_POLICY) && !own.is_critical(INHIBIT_ANY_POLICY) => {
            "its inhibition of anyPolicy is not critical"
        }
        () => return None,
    })
}

fn leaf(node: &Node, own: &Constraints<'_>, purpose: Purpose) -> Option<&'static str> {
    let (certificate, extensions) = (&node.certificate, &node.certificate.layout().extensions);
    match () {
        () if extensions.is_ca == Some(true) => return Some("it is an authority"),
        () if extensions.path_length.is_some() => return Some("it has a path length and is no authority"),
        () if extensions.key_usage.is_some_and(|usage| usage & KEY_CERT_SIGN != 0) => {
            return Some("its key may sign certificates, and it is no authority");
        }
        () if own.has(NAME_CONSTRAINTS) => return Some("it constrains names and is no authority"),
        () if own.is_critical(EXTENDED_KEY_USAGE) => return Some("its extended key usage is critical"),
        () => {}
    }
    if purpose != Purpose::ServerAuth {
        return None;
    }
    if extensions.alternative_names.is_none() {
        return Some("it has no alternative names");
    }
    let names = certificate.subject_alternative_names();
    let subject_is_empty = certificate.part(certificate.layout().subject).is_empty();
    if own.is_critical(ALTERNATIVE_NAMES) && !subject_is_empty {
        return Some("its alternative names are critical though it has a subject");
    }
    let wrong = names.iter().any(|name| match name.kind {
        AlternativeNameKind::Dns => !host_name::is_presentable(&name.text),
        AlternativeNameKind::Ip => false,
        _ => true,
    });
    if wrong {
        return Some("one of its alternative names is no proper DNS name or address");
    }
    match certificate.common_name() {
        Some(common) if !names.iter().any(|name| name.text.eq_ignore_ascii_case(&common)) => {
            Some("its common name is none of its alternative names")
        }
        _ => None,
    }
}

/// True where the authority key identifier also names the issuer's certificate.
fn has_authority_names(node: &Node) -> bool {
    let layout = node.certificate.layout();
    let Some(list) = layout.extension_list else { return false };
    let list = super::der::only(node.certificate.part(list), super::der::SEQUENCE).unwrap_or_default();
    let mut list = Reader::new(list);
    while let Ok(extension) = super::extension::next(&mut list) {
        if extension.number() == Some(AUTHORITY_KEY_ID) {
            let value = super::der::only(extension.value, super::der::SEQUENCE).unwrap_or_default();
            let mut fields = Reader::new(value);
            while let Ok(field) = fields.any() {
                if matches!(field.tag, 0xa1 | 0x82) {
                    return true;
                }
            }
        }
    }
    false
}
