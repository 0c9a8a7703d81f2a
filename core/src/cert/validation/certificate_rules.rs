//! What one certificate must be like for its place in a path.

use time::OffsetDateTime;

use super::constraints::Constraints;
use super::signature::{RSA_KEY_BITS_MIN, RSA_KEY_BITS_READ_MIN};
use super::store::Node;
use super::verifier::{Purpose, VerifierOptions};
use super::{Profile, refusal::RefusalReason};
use crate::cert::algorithm;
use crate::cert::der::{self, Oid, Reader};
use crate::cert::key_usage::{self, ExtendedKeyUsage};

/// 2.5.29.37.0.
const ANY_PURPOSE: &[u8] = &[0x55, 0x1d, 0x25, 0];

// The bits of key usage, first bit highest: RFC 5280, 4.2.1.3.
const DIGITAL_SIGNATURE: u16 = 0x8000;
const NON_REPUDIATION: u16 = 0x4000;
/// Whatever a key that can only sign cannot be used for.
pub(super) const NOT_FOR_SIGNING: u16 = 0x3880 | 0x0100;
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

/// Refuses a leaf whose key is too small, and one that has marks of an authority and is none: RFC 5280, 4.2.1.3 and
/// 4.2.1.9.
pub(super) fn leaf_fault(node: &Node, options: &VerifierOptions) -> Option<Fault> {
    let extensions = &node.certificate.layout().extensions;
    if let Some(bits) = algorithm::rsa_bits(node.key()) {
        let least = if options.danger_allow_small_rsa { RSA_KEY_BITS_READ_MIN } else { RSA_KEY_BITS_MIN };
        if bits < least {
            return Some((RefusalReason::WeakKey, format!("its RSA key has {bits} bits")));
        }
    }
    if extensions.is_ca == Some(true) {
        return None;
    }
    let wrong = |detail: &str| Some((RefusalReason::ProfileViolation, detail.to_owned()));
    match extensions.key_usage {
        _ if extensions.path_length.is_some() => wrong("it has a path length and is no authority"),
        Some(usage) if usage & KEY_CERT_SIGN != 0 => {
            wrong("its key may sign certificates, and it is no authority")
        }
        _ => None,
    }
}

/// Checks the purposes of a leaf or, since authorities hand purposes down, of an issuer.
pub(super) fn purpose_fault(
    node: &Node,
    wanted: &[Vec<u8>],
    options: &VerifierOptions,
    is_leaf: bool,
) -> Option<Fault> {
    if wanted.is_empty() {
        return None;
    }
    let strict_leaf = options.profile == Profile::Strict && is_leaf;
    let extensions = &node.certificate.layout().extensions;
    let wrong = |detail: &str| Some((RefusalReason::WrongPurpose, detail.to_owned()));
    let Some(purposes) = extensions.extended_key_usage else {
        return if strict_leaf { wrong("it names no purpose") } else { None };
    };
    let (mut any, mut missing) = (false, vec![true; wanted.len()]);
    let mut purposes = Reader::new(node.certificate.part(purposes));
    while let Ok(purpose) = purposes.expect(der::OBJECT_IDENTIFIER) {
        any |= purpose.content == ANY_PURPOSE;
        for (missing, wanted) in missing.iter_mut().zip(wanted) {
            *missing &= wanted != purpose.content;
        }
    }
    if strict_leaf && any {
        return wrong("it is for any purpose");
    }
    let lacks = missing.iter().zip(wanted).find(|(missing, _)| **missing && !any);
    if let Some((_, purpose)) = lacks {
        let name = ExtendedKeyUsage::new(Oid(purpose).to_string());
        return wrong(&format!("it is not for {name}"));
    }
    // RFC 5280, 4.2.1.12: both extensions have to agree.
    match extensions.key_usage {
        Some(usage) if is_leaf && usage & usages_of(options.purpose) == 0 => Some((
            RefusalReason::WrongKeyUsage,
            format!("its key may not be used for {}", options.purpose.as_str()),
        )),
        _ => None,
    }
}

/// The key usages of which a purpose needs one.
fn usages_of(purpose: Purpose) -> u16 {
    match purpose {
        Purpose::ServerAuth => DIGITAL_SIGNATURE | KEY_ENCIPHERMENT | KEY_AGREEMENT,
        Purpose::ClientAuth => DIGITAL_SIGNATURE | KEY_AGREEMENT,
        Purpose::EmailProtection => DIGITAL_SIGNATURE | NON_REPUDIATION | KEY_ENCIPHERMENT | KEY_AGREEMENT,
        Purpose::CodeSigning => DIGITAL_SIGNATURE,
        Purpose::TimeStamping | Purpose::OcspSigning => DIGITAL_SIGNATURE | NON_REPUDIATION,
        Purpose::Any => u16::MAX,
    }
}

/// Checks that the leaf's key may do everything that the caller wants of it.
pub(super) fn key_usage_fault(node: &Node, wanted: u16) -> Option<Fault> {
    let lacking = wanted & !node.certificate.layout().extensions.key_usage?;
    let name = *key_usage::names(lacking).first()?;
    Some((RefusalReason::WrongKeyUsage, format!("its key may not be used for {name}")))
}

/// Refuses what is critical and unknown: RFC 5280, 6.1.4 (o) and 6.1.5 (f).
pub(super) fn critical_fault(constraints: &Constraints<'_>) -> Option<Fault> {
    let kind = constraints.unknown_critical?;
    let detail = format!("its extension {} is critical and not understood", Oid(kind));
    Some((RefusalReason::UnknownCriticalExtension, detail))
}
