//! Revocation lists as DER: RFC 5280, 5.1.

use time::{Duration, OffsetDateTime};

use super::authority::{Authority, refused};
use super::certificate_writing::{signed, time as moment};
use super::revocation::Entries;
use crate::cert::der_writing::{element, integer, sequence};
use crate::cert::extension_writing::{self as write, extension};
use crate::cert::{Crl, Revocation, RevocationReason, der};
use crate::error::Result;

const ENUMERATED: u8 = 0x0a;

/// What a revocation list is to be.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CrlOptions {
    /// When it is made.
    pub this_update: OffsetDateTime,
    /// How long it counts.
    pub valid_for: Duration,
    /// Makes a list of what changed since the last complete one.
    pub delta: bool,
    /// Addresses for a critical issuing distribution point, where a list is only good when it comes from there.
    pub distribution_point: Vec<String>,
}

impl CrlOptions {
    /// A complete list that counts for a week from `now` on.
    pub fn new(now: OffsetDateTime) -> Self {
        CrlOptions {
            this_update: now,
            valid_for: Duration::days(7),
            delta: false,
            distribution_point: Vec::new(),
        }
    }
}

impl Authority {
    /// Makes the next revocation list, complete or delta, with the next number.
    ///
    /// # Errors
    /// `config` where the time it counts is not positive, the authority's key may not sign lists, or a delta list is asked for
    /// before there is a complete one.
    pub fn crl(&mut self, options: &CrlOptions) -> Result<Crl> {
        let failed = refused("make revocation list");
        let own = self.certificate();
        if own.key_usage().is_some_and(|usage| !usage.contains(&"cRLSign")) {
            return Err(failed(format!("the key of {} may not sign lists (key usage)", own.subject())));
        }
        let second =
            |at: OffsetDateTime| at.replace_nanosecond(0).unwrap_or(at).to_offset(time::UtcOffset::UTC);
        let this_update = second(options.this_update);
        let next_update = this_update.checked_add(options.valid_for).map(second);
        let next_update = next_update.filter(|next| *next > this_update && next.year() <= 9999);
        let next_update =
            next_update.ok_or_else(|| failed("the time that it counts is not possible".into()))?;
        let number = self.revocations.last_number.saturating_add(1);
        let (base, entries) = match (&self.revocations.base, options.delta) {
            (Some((base, old)), true) => (Some(*base), changes(old, &self.revocations.entries, this_update)),
            (None, true) => {
                return Err(failed("there is no complete list that a delta list could build on".into()));
            }
            (_, false) => (None, self.revocations.entries.clone()),
        };
        let der = self.write(&entries, this_update, next_update, &extensions(self, number, base, options));
        let list = Crl::from_der(&der.map_err(&failed)?)?;
        self.revocations.last_number = number;
        if !options.delta {
            self.revocations.base = Some((number, entries));
        }
        Ok(list)
    }

    fn write(
        &self,
        entries: &Entries,
        this_update: OffsetDateTime,
        next_update: OffsetDateTime,
        extensions: &[u8],
    ) -> std::result::Result<Vec<u8>, String> {
        let own = self.certificate();
        let algorithm = self.private_key.signature_algorithm()?;
        let list: Vec<u8> = entries.iter().flat_map(|(serial, entry)| revoked(serial, *entry)).collect();
        // RFC 5280, 5.1.2.6: absent where it is empty.
        let list = if list.is_empty() { list } else { sequence(&[&list]) };
        let body = sequence(&[
            &integer(1),
            &algorithm,
            &sequence(&[own.part(own.layout().subject)]),
            &moment(this_update),
            &moment(next_update),
            &list,
            &element(0xa0, &[&sequence(&[extensions])]),
        ]);
        signed(&body, &algorithm, &self.private_key)
    }
}

fn extensions(authority: &Authority, number: u64, base: Option<u64>, options: &CrlOptions) -> Vec<u8> {
    let mut out = extension(write::AUTHORITY_KEY_ID, false, &write::authority_key_id(&authority.key_id()));
    out.extend(extension(write::CRL_NUMBER, false, &big_integer(number)));
    if let Some(base) = base {
        out.extend(extension(write::DELTA_CRL_INDICATOR, true, &big_integer(base)));
    }
    if !options.distribution_point.is_empty() {
        let value = sequence(&[&write::distribution_point_name(&options.distribution_point)]);
        out.extend(extension(write::ISSUING_DISTRIBUTION_POINT, true, &value));
    }
    out
}

fn revoked(serial: &[u8], entry: Revocation) -> Vec<u8> {
    let reason = match entry.reason {
        // RFC 5280, 5.3.1: left out where there is none.
        RevocationReason::Unspecified => Vec::new(),
        reason => sequence(&[&extension(write::REASON_CODE, false, &[ENUMERATED, 1, reason.code()])]),
    };
    let date = entry.date.to_offset(time::UtcOffset::UTC);
    sequence(&[&element(der::INTEGER, &[serial]), &moment(date), &reason])
}

/// What a delta list says: what is new or different, and what is no longer revoked.
fn changes(old: &Entries, new: &Entries, at: OffsetDateTime) -> Entries {
    let changed = new.iter().filter(|(serial, entry)| old.get(*serial) != Some(entry));
    let mut out: Entries = changed.map(|(serial, entry)| (serial.clone(), *entry)).collect();
    for serial in old.keys().filter(|serial| !new.contains_key(*serial)) {
        out.insert(serial.clone(), Revocation { reason: RevocationReason::RemoveFromCrl, date: at });
    }
    out
}

/// An INTEGER of up to 63 bits.
fn big_integer(number: u64) -> Vec<u8> {
    let digits: Vec<u8> = number.to_be_bytes().into_iter().skip_while(|digit| *digit == 0).collect();
    let pad: &[u8] = if digits.first().is_none_or(|first| first & 0x80 != 0) { &[0] } else { &[] };
    element(der::INTEGER, &[pad, &digits])
}
