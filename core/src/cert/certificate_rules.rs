//! What one certificate must be like for its place in a path.

use time::OffsetDateTime;

use super::constraints::Constraints;
use super::store::Node;
use super::verifier::Purpose;
use super::{Profile, refusal::RefusalReason};
use crate::cert::der::Oid;

// The bits of key usage, first bit highest: RFC 5280, 4.2.1.3.
const DIGITAL_SIGNATURE: u16 = 0x8000;
const KEY_ENCIPHERMENT: u16 = 0x2000;
const KEY_AGREEMENT: u16 = 0x0800;
pub(super) const KEY_CERT_SIGN: u16 = 0x0400;
pub(super) const CRL_SIGN: u16 = 0x0200;

/// A reason and what there is to say about it.
pub(super) type Fault = (RefusalReason, String);

/// Checks the dates: RFC 5280, 6.1.3 (a) (2).
pub(super) fn date_fault(node: &Node, at: OffsetDateTime) -> Option<Fault> {
    let certificate = &node.certificate;
    if at < certificate.not_before() {
        return Some((RefusalReason::NotYetValid, format!("it is valid from {}", certificate.not_before())));
    }
    let until = certificate.not_after();
    certificate.is_expired(at).then(|| (RefusalReason::Expired, format!("it was valid until {until}")))
}

/// Checks that a certificate may sign others: RFC 5280, 6.1.4 (k) and (n); and its dates.
pub(super) fn authority_fault(node: &Node, at: OffsetDateTime) -> Option<Fault> {
    authority_shape_fault(node).or_else(|| date_fault(node, at))
}

pub(super) fn authority_shape_fault(node: &Node) -> Option<Fault> {
    let layout = node.certificate.layout();
    if layout.extensions.is_ca != Some(true) {
        return Some((RefusalReason::NotACa, "it is no certification authority".into()));
    }
    match layout.extensions.key_usage {
        Some(usage) if usage & KEY_CERT_SIGN == 0 => {
            Some((RefusalReason::WrongKeyUsage, "its key may not sign certificates".into()))
        }
        _ => None,
    }
}

/// Checks the purpose of a leaf or, since authorities hand purposes down, of an issuer.
pub(super) fn purpose_fault(node: &Node, purpose: Purpose, profile: Profile, is_leaf: bool) -> Option<Fault> {
    let (wanted, usages) = match purpose {
        Purpose::ServerAuth => ("1.3.6.1.5.5.7.3.1", DIGITAL_SIGNATURE | KEY_ENCIPHERMENT | KEY_AGREEMENT),
        Purpose::ClientAuth => ("1.3.6.1.5.5.7.3.2", DIGITAL_SIGNATURE | KEY_AGREEMENT),
        Purpose::Any => return None,
    };
    let strict_leaf = profile == Profile::Strict && is_leaf;
    let extensions = &node.certificate.layout().extensions;
    let wrong = |detail: &str| Some((RefusalReason::WrongPurpose, detail.to_owned()));
    if extensions.extended_key_usage.is_none() {
        return if strict_leaf { wrong("it names no purpose") } else { None };
    }
    let purposes = node.certificate.extended_key_usage();
    let any = purposes.iter().any(|each| each.oid() == "2.5.29.37.0");
    if strict_leaf && any {
        return wrong("it is for any purpose");
    }
    if !any && !purposes.iter().any(|each| each.oid() == wanted) {
        return wrong(&format!("it is not for {}", purpose.as_str()));
    }
    // RFC 5280, 4.2.1.12: both extensions have to agree.
    match extensions.key_usage {
        Some(usage) if is_leaf && usage & usages == 0 => {
            Some((RefusalReason::WrongKeyUsage, format!("its key may not be used for {}", purpose.as_str())))
        }
        _ => None,
    }
}

/// Refuses what is critical and unknown: RFC 5280, 6.1.4 (o) and 6.1.5 (f).
pub(super) fn critical_fault(constraints: &Constraints<'_>) -> Option<Fault> {
    let kind = constraints.unknown_critical?;
    let detail = format!("its extension {} is critical and not understood", Oid(kind));
    Some((RefusalReason::UnknownCriticalExtension, detail))
}
