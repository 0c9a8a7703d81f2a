//! Extensions as they are written into certificates, requests and revocation lists.

use std::net::IpAddr;

use super::alternative_name::{SubjectAlternativeName, is_dns_name};
use super::certificate_fields::NameConstraints;
use super::der;
use super::der_writing::{element, integer, octets, oid, sequence};
use super::distinguished_name::DistinguishedName;
use super::key_usage::{self, ExtendedKeyUsage};

pub(super) const SUBJECT_KEY_ID: &[u8] = &[0x55, 0x1d, 14];
pub(super) const KEY_USAGE: &[u8] = &[0x55, 0x1d, 15];
pub(super) const ALTERNATIVE_NAMES: &[u8] = &[0x55, 0x1d, 17];
pub(super) const BASIC_CONSTRAINTS: &[u8] = &[0x55, 0x1d, 19];
pub(super) const CRL_NUMBER: &[u8] = &[0x55, 0x1d, 20];
pub(super) const REASON_CODE: &[u8] = &[0x55, 0x1d, 21];
pub(super) const DELTA_CRL_INDICATOR: &[u8] = &[0x55, 0x1d, 27];
pub(super) const ISSUING_DISTRIBUTION_POINT: &[u8] = &[0x55, 0x1d, 28];
pub(super) const NAME_CONSTRAINTS: &[u8] = &[0x55, 0x1d, 30];
pub(super) const CRL_DISTRIBUTION_POINTS: &[u8] = &[0x55, 0x1d, 31];
pub(super) const AUTHORITY_KEY_ID: &[u8] = &[0x55, 0x1d, 35];
pub(super) const EXTENDED_KEY_USAGE: &[u8] = &[0x55, 0x1d, 37];
pub(super) const FRESHEST_CRL: &[u8] = &[0x55, 0x1d, 46];
// 1.3.6.1.5.5.7.1.1, and below 1.3.6.1.5.5.7.48 the two methods.
pub(super) const AUTHORITY_INFORMATION: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 1, 1];
pub(super) const OCSP: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 0x30, 1];
pub(super) const CA_ISSUERS: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 0x30, 2];

/// The uniformResourceIdentifier choice of a GeneralName.
const URI: u8 = 0x86;

/// One extension with its tag.
pub(super) fn extension(kind: &[u8], critical: bool, value: &[u8]) -> Vec<u8> {
    let flag: &[u8] = if critical { &[der::BOOLEAN, 1, 0xff] } else { &[] };
    sequence(&[&oid(kind), flag, &octets(value)])
}

/// The value of a key usage extension from the words of RFC 5280; the error is a cause.
pub(super) fn key_usage(names: &[String]) -> Result<Vec<u8>, String> {
    let mut bits = 0;
    for name in names {
        bits |= key_usage::bit(name).ok_or_else(|| format!("{name:?} is no key usage"))?;
    }
    Ok(bit_string(bits))
}

/// A BIT STRING of named bits, first bit highest, without zero bits at its end (X.690, 11.2.2).
pub(super) fn bit_string(bits: u16) -> Vec<u8> {
    let [first, second] = bits.to_be_bytes();
    // At most 7 bits are unused in the last byte.
    let unused = |byte: u8| u8::try_from(byte.trailing_zeros().min(7)).unwrap_or(0);
    match (first, second) {
        (0, 0) => element(der::BIT_STRING, &[&[0]]),
        (_, 0) => element(der::BIT_STRING, &[&[unused(first), first]]),
        _ => element(der::BIT_STRING, &[&[unused(second), first, second]]),
    }
}

/// The value of an extended key usage extension.
pub(super) fn extended_key_usage(purposes: &[ExtendedKeyUsage]) -> Vec<u8> {
    let purposes: Vec<u8> = purposes.iter().flat_map(|purpose| oid(&purpose.content())).collect();
    sequence(&[&purposes])
}

/// The value of a subject alternative name extension; the error is a cause.
pub(super) fn alternative_names(names: &[SubjectAlternativeName]) -> Result<Vec<u8>, String> {
    let names = names.iter().map(SubjectAlternativeName::to_der).collect::<Result<Vec<_>, _>>()?;
    Ok(sequence(&[&names.concat()]))
}

/// The value of a basic constraints extension of an authority, or of an owner where it is none.
pub(super) fn basic_constraints(is_ca: bool, path_length: Option<u32>) -> Vec<u8> {
    let flag: &[u8] = if is_ca { &[der::BOOLEAN, 1, 0xff] } else { &[] };
    sequence(&[flag, &path_length.map(integer).unwrap_or_default()])
}

/// The value of an authority key identifier extension.
pub(super) fn authority_key_id(key_id: &[u8]) -> Vec<u8> {
    sequence(&[&element(0x80, &[key_id])])
}

/// The value of a name constraints extension; the error is a cause.
pub(super) fn name_constraints(constraints: &NameConstraints) -> Result<Vec<u8>, String> {
    let subtrees = |tag, texts: &[String]| -> Result<Vec<u8>, String> {
        let each = |text: &String| Ok(sequence(&[&constraint(text)?]));
        let all = texts.iter().map(each).collect::<Result<Vec<_>, String>>()?.concat();
        Ok(if all.is_empty() { Vec::new() } else { element(tag, &[&all]) })
    };
    let (permitted, excluded) = (&constraints.permitted, &constraints.excluded);
    Ok(sequence(&[&subtrees(0xa0, permitted)?, &subtrees(0xa1, excluded)?]))
}

/// The GeneralName of a constraint such as `dns:contoso.com`, `.contoso.com` or `ip:10.0.0.0/8`.
fn constraint(text: &str) -> Result<Vec<u8>, String> {
    let wrong = |what: &str| format!("the name constraint {text:?} is no {what}");
    let ascii = |tag, rest: &str, what| match rest.bytes().all(|byte| byte.is_ascii_graphic()) {
        true if !rest.is_empty() => Ok(element(tag, &[rest.as_bytes()])),
        _ => Err(wrong(what)),
    };
    match text.split_once(':') {
        Some(("ip", rest)) => {
            network(rest).map(|bytes| element(0x87, &[&bytes])).ok_or_else(|| wrong("network"))
        }
        Some(("email", rest)) => ascii(0x81, rest, "mail domain"),
        Some(("uri", rest)) => ascii(0x86, rest, "host of a URI"),
        Some(("directory_name", rest)) => {
            let name = DistinguishedName::parse(rest).map_err(|_| wrong("distinguished name"))?;
            Ok(element(0xa4, &[&sequence(&[name.content()])]))
        }
        Some(("dns", _)) | None => {
            let rest = text.strip_prefix("dns:").unwrap_or(text);
            let domain = rest.strip_prefix('.').unwrap_or(rest);
            match domain.is_empty() && rest.is_empty() || is_dns_name(domain) && !domain.starts_with('*') {
                true => Ok(element(0x82, &[rest.as_bytes()])),
                false => Err(wrong("domain")),
            }
        }
        Some(_) => Err(wrong("name of a kind that is known: dns, ip, email, uri, directory_name")),
    }
}

/// An address and its mask from `10.0.0.0/8`.
fn network(text: &str) -> Option<Vec<u8>> {
    let (address, length) = text.split_once('/')?;
    let length: u32 = length.parse().ok()?;
    match address.parse().ok()? {
        IpAddr::V4(address) if length <= 32 => {
            let mask = u32::MAX.checked_shl(32 - length).unwrap_or(0);
            Some([address.octets(), mask.to_be_bytes()].concat())
        }
        IpAddr::V6(address) if length <= 128 => {
            let mask = u128::MAX.checked_shl(128 - length).unwrap_or(0);
            Some([address.octets(), mask.to_be_bytes()].concat())
        }
        _ => None,
    }
}

/// Distribution points with these addresses in one point, as AD CS writes them.
pub(super) fn distribution_points(urls: &[String]) -> Vec<u8> {
    sequence(&[&sequence(&[&distribution_point_name(urls)])])
}

/// The `distributionPoint` field with its tag.
pub(super) fn distribution_point_name(urls: &[String]) -> Vec<u8> {
    let names: Vec<u8> = urls.iter().flat_map(|url| element(URI, &[url.as_bytes()])).collect();
    element(0xa0, &[&element(0xa0, &[&names])])
}

/// The value of an authority information access extension.
pub(super) fn authority_information(ca_issuers: &[String], ocsp: &[String]) -> Vec<u8> {
    let description = |method, url: &String| sequence(&[&oid(method), &element(URI, &[url.as_bytes()])]);
    let all = ca_issuers.iter().map(|url| description(CA_ISSUERS, url));
    let all = all.chain(ocsp.iter().map(|url| description(OCSP, url)));
    sequence(&[&all.flatten().collect::<Vec<_>>()])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn named_bits_are_shortest() {
        assert_eq!(bit_string(0), [3, 1, 0]);
        assert_eq!(bit_string(0x8000), [3, 2, 7, 0x80]);
        assert_eq!(bit_string(0xa000), [3, 2, 5, 0xa0]);
        assert_eq!(bit_string(0x0080), [3, 3, 7, 0, 0x80]);
        let names = ["keyCertSign", "cRLSign"].map(str::to_owned);
        assert_eq!(key_usage(&names), Ok(vec![3, 2, 1, 6]));
        assert_eq!(key_usage(&["sign".into()]), Err("\"sign\" is no key usage".into()));
    }
}
