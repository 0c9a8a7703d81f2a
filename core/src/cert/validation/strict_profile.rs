//! The strict profile: MUSTs of RFC 5280 section 4 and main rules of the CA/Browser Forum's baseline requirements.

use super::certificate_rules::{CRL_SIGN, Fault, KEY_CERT_SIGN, NOT_FOR_SIGNING};
use super::constraints::{
    ALTERNATIVE_NAMES, AUTHORITY_KEY_ID, BASIC_CONSTRAINTS, Constraints, EXTENDED_KEY_USAGE,
    INHIBIT_ANY_POLICY, POLICY_CONSTRAINTS, SUBJECT_KEY_ID,
};
use super::crl::Crl;
use super::extension::DistributionPointName;
use super::refusal::RefusalReason;
use super::store::Node;
use super::strict_leaf;
use super::verifier::{Purpose, VerifierOptions};
use crate::cert::der::Reader;

/// RFC 5280, 4.1.2.2.
const SERIAL_BYTES_MAX: usize = 20;

/// Checks a certificate below the anchor.
pub(super) fn fault(
    node: &Node,
    own: &Constraints<'_>,
    is_leaf: bool,
    purpose: Purpose,
    options: &VerifierOptions,
) -> Option<Fault> {
    let text = shape(node, own)
        .or_else(|| weak_key(node, options))
        .or_else(|| (!own.has(AUTHORITY_KEY_ID)).then_some("it has no authority key identifier"))
        .or_else(|| node.authority_key_id().is_none().then_some("its authority key identifier has no key"))
        .or_else(|| match is_leaf {
            true => strict_leaf::fault(node, own, purpose),
            false => authority(node, own).or_else(|| issuing_authority(node, purpose)),
        });
    text.map(|text| (RefusalReason::ProfileViolation, text.to_owned()))
}

/// What an authority has to keep that is no anchor.
fn issuing_authority(node: &Node, purpose: Purpose) -> Option<&'static str> {
    let both = KEY_CERT_SIGN | CRL_SIGN;
    match node.certificate.layout().extensions.key_usage {
        None => return Some("it is an authority without key usage"),
        // Baseline requirements for S/MIME, 7.1.2.2.
        Some(usage) if purpose == Purpose::EmailProtection && usage & both != both => {
            return Some("it may not sign both certificates and revocation lists");
        }
        Some(_) => {}
    }
    let mixes = purpose == Purpose::EmailProtection && strict_leaf::has_foreign_purpose(node, purpose);
    mixes.then_some("it is also for other purposes than mail")
}

/// What makes a revocation list unusable: RFC 5280, 5.2, and the baseline requirements, 7.2.
pub(super) fn list_fault(list: &Crl) -> Option<&'static str> {
    let scope = list.scope();
    match () {
        () if !list.has_proper_number() => Some("has no number, or a critical one"),
        () if list.key_id().is_none() => Some("has no key identifier"),
        () if list.has_duplicates() => Some("lists a certificate twice"),
        () if scope.indirect => Some("is an indirect one"),
        () if scope.name.is_some_and(|name| !has_only_urls(name)) => {
            Some("has a place that is no address of the web")
        }
        () => None,
    }
}

fn has_only_urls(name: DistributionPointName<'_>) -> bool {
    let DistributionPointName::Full(names) = name else { return false };
    let mut names = Reader::new(names);
    while let Ok(name) = names.any() {
        if name.tag != 0x86 {
            return false;
        }
    }
    true
}

/// Checks an anchor whose extensions count.
pub(super) fn anchor_fault(node: &Node, own: &Constraints<'_>, options: &VerifierOptions) -> Option<Fault> {
    let text =
        shape(node, own).or_else(|| weak_key(node, options)).or_else(|| authority(node, own)).or_else(|| {
            if !node.is_self_issued() && !own.has(AUTHORITY_KEY_ID) {
                return Some("it has no authority key identifier");
            }
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
        () if node.certificate.part(layout.signature_algorithm)
            != node.certificate.part(layout.inner_algorithm) =>
        {
            "it names two signature algorithms"
        }
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
        () if own.critical_access => "its authority information access is critical",
        () if own.broken_access => "its authority information access cannot be read",
        () if own
            .distribution_points
            .iter()
            .any(|point| point.name.is_some_and(|name| !has_only_urls(name))) =>
        {
            "a distribution point is no address of the web"
        }
        () => return None,
    })
}

/// The keys of the baseline requirements, 6.1.5, and those that the caller lets in by name.
fn weak_key(node: &Node, options: &VerifierOptions) -> Option<&'static str> {
    let bits = node.certificate.key_size_bits().unwrap_or(0);
    match node.certificate.key_algorithm().as_str() {
        "RSA" if bits < 2048 && options.danger_allow_small_rsa => None,
        "DSA" if options.danger_allow_dsa => None,
        "RSA" if bits < 2048 => Some("its RSA key is too small"),
        "RSA" if !bits.is_multiple_of(8) => Some("the size of its RSA key is no number of whole bytes"),
        "RSA" | "EC P-256" | "EC P-384" | "EC P-521" | "Ed25519" => None,
        // RFC 9881, 5.
        "ML-DSA-44" | "ML-DSA-65" | "ML-DSA-87" => {
            let usage = node.certificate.layout().extensions.key_usage.unwrap_or(0);
            (usage & NOT_FOR_SIGNING != 0).then_some("its key can only sign, and its key usage says more")
        }
        _ => Some("its key is of a kind that is not allowed"),
    }
}

fn authority(node: &Node, own: &Constraints<'_>) -> Option<&'static str> {
    Some(match () {
        () if !own.is_critical(BASIC_CONSTRAINTS) => "its basic constraints are not critical",
        () if !own.has(SUBJECT_KEY_ID) => "it is an authority without a subject key identifier",
        () if node.subject.is_empty() => "it is an authority without a name",
        () if own.has(POLICY_CONSTRAINTS) && !own.is_critical(POLICY_CONSTRAINTS) => {
            "its policy constraints are not critical"
        }
        () if own.has(INHIBIT_ANY_POLICY) && !own.is_critical(INHIBIT_ANY_POLICY) => {
            "its inhibition of anyPolicy is not critical"
        }
        () => return None,
    })
}

/// True where the authority key identifier also names the issuer's certificate.
fn has_authority_names(node: &Node) -> bool {
    let layout = node.certificate.layout();
    let Some(list) = layout.extension_list else { return false };
    let list =
        crate::cert::der::only(node.certificate.part(list), crate::cert::der::SEQUENCE).unwrap_or_default();
    let mut list = Reader::new(list);
    while let Ok(extension) = super::extension::next(&mut list) {
        if extension.number() == Some(AUTHORITY_KEY_ID) {
            let value =
                crate::cert::der::only(extension.value, crate::cert::der::SEQUENCE).unwrap_or_default();
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
