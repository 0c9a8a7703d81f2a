//! Certificates as DER: RFC 5280, 4.1.

use aws_lc_rs::{digest, rand};
use time::format_description::FormatItem;
use time::macros::format_description;
use time::{Duration, OffsetDateTime};

use crate::cert::der::{self, Reader};
use crate::cert::der_writing::{element, integer, sequence};
use crate::cert::key_file::PrivateKey;
use crate::cert::{Certificate, extension_writing as write};

const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;

/// What a certificate is to say; names and keys are contents, extensions are whole.
pub(super) struct Draft<'a> {
    pub(super) issuer: &'a [u8],
    pub(super) subject: &'a [u8],
    pub(super) validity: Validity,
    /// The SubjectPublicKeyInfo with its tag.
    pub(super) public_key_info: &'a [u8],
    pub(super) extensions: Vec<u8>,
}

impl Draft<'_> {
    /// The certificate, signed with this key; the error is a cause.
    pub(super) fn sign(self, key: &PrivateKey) -> Result<Certificate, String> {
        let algorithm = key.signature_algorithm()?;
        let body = sequence(&[
            &element(0xa0, &[&integer(2)]),
            &serial_number()?,
            &algorithm,
            &sequence(&[self.issuer]),
            &sequence(&[&time(self.validity.not_before), &time(self.validity.not_after)]),
            &sequence(&[self.subject]),
            self.public_key_info,
            &element(0xa3, &[&sequence(&[&self.extensions])]),
        ]);
        Certificate::from_der(&signed(&body, &algorithm, key)?).map_err(|error| error.cause().to_owned())
    }
}

/// A body, the algorithm and the signature over the body.
pub(super) fn signed(body: &[u8], algorithm: &[u8], key: &PrivateKey) -> Result<Vec<u8>, String> {
    let signature = element(der::BIT_STRING, &[&[0], &key.sign(body)?]);
    Ok(sequence(&[body, algorithm, &signature]))
}

/// The first and the last second in which something is valid.
#[derive(Clone, Copy)]
pub(super) struct Validity {
    pub(super) not_before: OffsetDateTime,
    pub(super) not_after: OffsetDateTime,
}

impl Validity {
    /// So many days from this second on; the error is a cause.
    pub(super) fn of_days(not_before: OffsetDateTime, days: u32) -> Result<Self, String> {
        let not_before =
            not_before.replace_nanosecond(0).unwrap_or(not_before).to_offset(time::UtcOffset::UTC);
        let not_after = not_before.checked_add(Duration::days(i64::from(days)));
        match not_after {
            Some(not_after) if days > 0 && (1950..=9999).contains(&not_before.year()) => {
                Ok(Validity { not_before, not_after })
            }
            _ => Err(format!("{days} days of validity are not possible")),
        }
    }
}

/// RFC 5280, 4.1.2.5: two digits of the year until 2049.
pub(super) fn time(at: OffsetDateTime) -> Vec<u8> {
    const SHORT: &[FormatItem<'_>] =
        format_description!("[year repr:last_two][month][day][hour][minute][second]Z");
    const LONG: &[FormatItem<'_>] = format_description!("[year][month][day][hour][minute][second]Z");
    let (tag, format) = if at.year() < 2050 { (UTC_TIME, SHORT) } else { (GENERALIZED_TIME, LONG) };
    // Every moment from 1950 to 9999 has this form.
    element(tag, &[at.format(format).unwrap_or_default().as_bytes()])
}

/// 127 random bits and a first one, so that it has 16 bytes: RFC 5280, 4.1.2.2.
fn serial_number() -> Result<Vec<u8>, String> {
    let mut bytes = [0; 16];
    rand::fill(&mut bytes).map_err(|_| "the system gives no random numbers".to_owned())?;
    bytes[0] = bytes[0] & 0x7f | 0x40;
    Ok(element(der::INTEGER, &[&bytes]))
}

/// The key identifier of RFC 5280, 4.2.1.2, method 1, as Windows makes it: SHA-1 over the bits of the key.
pub(super) fn key_id(public_key_info: &[u8]) -> Vec<u8> {
    let mut info = Reader::new(der::only(public_key_info, der::SEQUENCE).unwrap_or_default());
    let bits = info.expect(der::SEQUENCE).and_then(|_| info.expect(der::BIT_STRING)).map(|bits| bits.content);
    let key = bits.and_then(der::bit_string).unwrap_or_default();
    digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, key).as_ref().to_vec()
}

/// The subject key identifier, and that of the authority.
pub(super) fn key_ids(public_key_info: &[u8], issuer_key_id: Option<&[u8]>) -> Vec<u8> {
    let id = key_id(public_key_info);
    let mut out = write::extension(write::SUBJECT_KEY_ID, false, &crate::cert::der_writing::octets(&id));
    if let Some(issuer) = issuer_key_id {
        out.extend(write::extension(write::AUTHORITY_KEY_ID, false, &write::authority_key_id(issuer)));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    #[test]
    fn times_have_the_form_of_their_century() {
        assert_eq!(time(datetime!(2049-12-31 23:59:59 UTC)), b"\x17\x0d491231235959Z");
        assert_eq!(time(datetime!(2050-01-01 0:00 UTC)), b"\x18\x0f20500101000000Z");
        assert_eq!(time(datetime!(1950-01-01 0:00 UTC)), b"\x17\x0d500101000000Z");
        assert!(Validity::of_days(datetime!(2026-01-01 0:00 UTC), 0).is_err());
        assert!(Validity::of_days(datetime!(2026-01-01 0:00 UTC), u32::MAX).is_err());
    }
}
