//! What a certificate demands of a path: the extensions that RFC 5280 section 6 works on.

use super::extension::{self, DistributionPoint};
use super::name_constraints::NameConstraints;
use crate::cert::certificate::Certificate;
use crate::cert::der::{self, Fault, Hex, Oid, Reader};
use crate::limits::{DISTRIBUTION_POINTS_MAX, POLICIES_PER_CERTIFICATE_MAX};

pub(super) const SUBJECT_KEY_ID: u8 = 14;
pub(super) const KEY_USAGE: u8 = 15;
pub(super) const ALTERNATIVE_NAMES: u8 = 17;
pub(super) const BASIC_CONSTRAINTS: u8 = 19;
pub(super) const NAME_CONSTRAINTS: u8 = 30;
const DISTRIBUTION_POINTS: u8 = 31;
const POLICIES: u8 = 32;
const POLICY_MAPPINGS: u8 = 33;
pub(super) const AUTHORITY_KEY_ID: u8 = 35;
pub(super) const POLICY_CONSTRAINTS: u8 = 36;
pub(super) const EXTENDED_KEY_USAGE: u8 = 37;
const FRESHEST: u8 = 46;
pub(super) const INHIBIT_ANY_POLICY: u8 = 54;
/// 1.3.6.1.4.1.311.21.10.
const APPLICATION_POLICIES: &[u8] = &[0x2b, 6, 1, 4, 1, 0x82, 0x37, 21, 10];
// 1.3.6.1.5.5.7.1.1, and in it 1.3.6.1.5.5.7.48.2.
const AUTHORITY_INFORMATION: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 1, 1];
const CA_ISSUERS: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 0x30, 2];

/// A policy of the issuer's domain and what it is called in the subject's.
pub(super) type Mapping<'a> = (&'a [u8], &'a [u8]);

/// The parts of one certificate that take part in the validation of a path; slices are contents.
#[derive(Default)]
pub(super) struct Constraints<'a> {
    pub(super) present: u64,
    pub(super) critical: u64,
    pub(super) names: Option<NameConstraints<'a>>,
    pub(super) policies: Option<Vec<&'a [u8]>>,
    pub(super) mappings: Vec<Mapping<'a>>,
    pub(super) require_explicit: Option<u32>,
    pub(super) inhibit_mapping: Option<u32>,
    pub(super) inhibit_any: Option<u32>,
    pub(super) distribution_points: Vec<DistributionPoint<'a>>,
    /// Authority information access, which has no weight for a path: RFC 5280, 4.2.2.1.
    pub(super) critical_access: bool,
    pub(super) broken_access: bool,
    /// A critical extension that the library does not know.
    pub(super) unknown_critical: Option<&'a [u8]>,
}

impl<'a> Constraints<'a> {
    /// Reads what [`Certificate::from_der`] left alone; the fault names the extension.
    pub(super) fn read(certificate: &'a Certificate) -> Result<Self, String> {
        let mut out = Constraints::default();
        let Some(list) = certificate.layout().extension_list else { return Ok(out) };
        let broken = |fault: Fault| format!("its extensions cannot be read: {fault}");
        let mut list = Reader::new(der::only(certificate.part(list), der::SEQUENCE).map_err(broken)?);
        while !list.is_empty() {
            let extension = extension::next(&mut list).map_err(broken)?;
            let known = match extension.number() {
                Some(number @ 0..64) => {
                    out.present |= 1 << number;
                    out.critical |= u64::from(extension.critical) << number;
                    out.take(number, extension.value)
                }
                _ if extension.kind == AUTHORITY_INFORMATION => {
                    out.critical_access = extension.critical;
                    out.broken_access = check_access(extension.value).is_err();
                    Ok(!out.broken_access)
                }
                // Windows' own form of extended key usage, which must say the same where both are there.
                _ if extension.kind == APPLICATION_POLICIES => {
                    Ok(certificate.layout().extensions.extended_key_usage.is_some())
                }
                _ => Ok(false),
            };
            // RFC 5280, 4.2.1.4: a critical policy with a qualifier that is not understood refuses the certificate.
            let known = match known {
                Ok(true) if extension.critical && extension.number() == Some(POLICIES) => {
                    Ok(!has_unknown_qualifier(extension.value))
                }
                other => other,
            };
            let name = || Oid(extension.kind).to_string();
            match known {
                Ok(false) if extension.critical => out.unknown_critical = Some(extension.kind),
                Ok(_) => {}
                Err(fault) => return Err(format!("its extension {} cannot be read: {fault}", name())),
            }
        }
        Ok(out)
    }

    /// True where it has the extension 2.5.29.`number`.
    pub(super) fn has(&self, number: u8) -> bool {
        self.present & (1_u64 << number.min(63)) != 0
    }

    /// True where it has the extension 2.5.29.`number`, marked critical.
    pub(super) fn is_critical(&self, number: u8) -> bool {
        self.critical & (1_u64 << number.min(63)) != 0
    }

    /// Reads one extension; false where the library does not know it.
    fn take(&mut self, number: u8, value: &'a [u8]) -> Result<bool, Fault> {
        match number {
            // Read with the certificate, or of no weight for a path (18: issuer alternative names).
            SUBJECT_KEY_ID | KEY_USAGE | ALTERNATIVE_NAMES | 18 | BASIC_CONSTRAINTS | AUTHORITY_KEY_ID
            | EXTENDED_KEY_USAGE => {}
            NAME_CONSTRAINTS => self.names = Some(NameConstraints::read(der::only(value, der::SEQUENCE)?)?),
            DISTRIBUTION_POINTS | FRESHEST => {
                let points = read_points(der::only(value, der::SEQUENCE)?)?;
                // Where to find deltas says nothing about which list counts.
                if number == DISTRIBUTION_POINTS {
                    self.distribution_points = points;
                }
            }
            POLICIES => self.policies = Some(read_policies(der::only(value, der::SEQUENCE)?)?),
            POLICY_MAPPINGS => self.mappings = read_mappings(der::only(value, der::SEQUENCE)?)?,
            POLICY_CONSTRAINTS => {
                let mut fields = Reader::new(der::only(value, der::SEQUENCE)?);
                self.require_explicit =
                    fields.optional(0x80)?.map(|count| skip(count.content)).transpose()?;
                self.inhibit_mapping = fields.optional(0x81)?.map(|count| skip(count.content)).transpose()?;
                fields.end()?;
                // RFC 5280, 4.2.1.11: never empty.
                if self.require_explicit.or(self.inhibit_mapping).is_none() {
                    return Err("it is empty");
                }
            }
            INHIBIT_ANY_POLICY => self.inhibit_any = Some(skip(der::only(value, der::INTEGER)?)?),
            _ => return Ok(false),
        }
        Ok(true)
    }
}

/// SkipCerts: a number of certificates; more than any path has is as good as the largest.
fn skip(content: &[u8]) -> Result<u32, Fault> {
    der::check_integer(content)?;
    match content {
        [first, ..] if first & 0x80 != 0 => Err("a negative number"),
        digits if digits.len() > 4 => Ok(u32::MAX),
        digits => Ok(digits.iter().fold(0, |sum, &digit| sum << 8 | u32::from(digit))),
    }
}

fn read_points(content: &[u8]) -> Result<Vec<DistributionPoint<'_>>, Fault> {
    let (mut list, mut out) = (Reader::new(content), Vec::new());
    while !list.is_empty() {
        if out.len() >= DISTRIBUTION_POINTS_MAX {
            return Err("too many distribution points");
        }
        out.push(DistributionPoint::read(list.enter(der::SEQUENCE)?)?);
    }
    Ok(out)
}

fn read_policies(content: &[u8]) -> Result<Vec<&[u8]>, Fault> {
    let (mut list, mut out) = (Reader::new(content), Vec::new());
    while !list.is_empty() {
        let mut policy = list.enter(der::SEQUENCE)?;
        let id = policy.expect(der::OBJECT_IDENTIFIER)?.content;
        der::check_oid(id)?;
        policy.optional(der::SEQUENCE)?;
        policy.end()?;
        if out.len() >= POLICIES_PER_CERTIFICATE_MAX {
            return Err("too many policies");
        }
        out.push(id);
    }
    if out.is_empty() {
        return Err("it is empty");
    }
    out.sort_unstable();
    // RFC 5280, 4.2.1.4: a policy must not be there more than once.
    if out.windows(2).any(|pair| matches!(pair, [one, other] if one == other)) {
        return Err("a policy is there twice");
    }
    Ok(out)
}

/// True for a qualifier that is neither a statement of practice nor a notice to users (1.3.6.1.5.5.7.2.1 and 2.2).
fn has_unknown_qualifier(value: &[u8]) -> bool {
    const QUALIFIERS: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 2];
    let mut policies = Reader::new(der::only(value, der::SEQUENCE).unwrap_or_default());
    while let Ok(mut policy) = policies.enter(der::SEQUENCE) {
        let _ = policy.expect(der::OBJECT_IDENTIFIER);
        let Ok(Some(list)) = policy.optional(der::SEQUENCE) else { continue };
        let mut list = Reader::new(list.content);
        while let Ok(mut qualifier) = list.enter(der::SEQUENCE) {
            let kind = qualifier.expect(der::OBJECT_IDENTIFIER).map_or(&[][..], |kind| kind.content);
            if !matches!(kind.strip_prefix(QUALIFIERS), Some([1 | 2])) {
                return true;
            }
        }
    }
    false
}

fn read_mappings(content: &[u8]) -> Result<Vec<Mapping<'_>>, Fault> {
    let (mut list, mut out) = (Reader::new(content), Vec::new());
    while !list.is_empty() {
        let mut mapping = list.enter(der::SEQUENCE)?;
        let from = mapping.expect(der::OBJECT_IDENTIFIER)?.content;
        let to = mapping.expect(der::OBJECT_IDENTIFIER)?.content;
        der::check_oid(from)?;
        der::check_oid(to)?;
        mapping.end()?;
        if out.len() >= POLICIES_PER_CERTIFICATE_MAX {
            return Err("too many policy mappings");
        }
        out.push((from, to));
    }
    if out.is_empty() { Err("it is empty") } else { Ok(out) }
}

fn check_access(value: &[u8]) -> Result<(), Fault> {
    let mut list = Reader::new(der::only(value, der::SEQUENCE)?);
    while !list.is_empty() {
        let mut description = list.enter(der::SEQUENCE)?;
        der::check_oid(description.expect(der::OBJECT_IDENTIFIER)?.content)?;
        description.any()?;
        description.end()?;
    }
    if value.len() <= 2 { Err("it is empty") } else { Ok(()) }
}

/// Where the certificate says that its issuer's certificate can be fetched: RFC 5280, 4.2.2.1.
pub(super) fn issuer_urls(certificate: &Certificate) -> Vec<String> {
    let mut out = Vec::new();
    let Some(list) = certificate.layout().extension_list else { return out };
    let mut list = Reader::new(der::only(certificate.part(list), der::SEQUENCE).unwrap_or_default());
    while let Ok(extension) = extension::next(&mut list) {
        if extension.kind != AUTHORITY_INFORMATION {
            continue;
        }
        let mut access = Reader::new(der::only(extension.value, der::SEQUENCE).unwrap_or_default());
        while let Ok(mut description) = access.enter(der::SEQUENCE) {
            let method = description.expect(der::OBJECT_IDENTIFIER).map_or(&[][..], |method| method.content);
            if let (CA_ISSUERS, Ok(place)) = (method, description.expect(0x86)) {
                out.push(String::from_utf8_lossy(place.content).into_owned());
            }
        }
    }
    out
}

/// The key identifier as people read it.
pub(super) fn hex(bytes: &[u8]) -> String {
    Hex(bytes).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn qualifiers_of_policies_are_known_by_their_kind() {
        let policy = |qualifiers: &[u8]| {
            let length = u8::try_from(qualifiers.len()).unwrap();
            let policy = [&[6, 3, 0x2a, 3, 4, 0x30, length], qualifiers].concat();
            [&[0x30, length + 9, 0x30, length + 7], &policy[..]].concat()
        };
        let practice = [0x30, 0x0d, 6, 8, 0x2b, 6, 1, 5, 5, 7, 2, 1, 0x16, 1, b'a'];
        let unknown = [0x30, 0x08, 6, 3, 0x2a, 3, 5, 0x16, 1, b'a'];
        assert_eq!(read_policies(der::only(&policy(&practice), der::SEQUENCE).unwrap()).unwrap().len(), 1);
        assert!(!has_unknown_qualifier(&policy(&practice)));
        assert!(has_unknown_qualifier(&policy(&unknown)));
        assert!(has_unknown_qualifier(&policy(&[&practice[..], &unknown[..]].concat())));
    }
}
