//! Our certificate reader beside x509-parser: what ours accepts, the other accepts, and both read the same.
//!
//! The reader is our own because it checks the whole structure in a fifth of the time; this keeps it honest.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panic")]

use cmgateway::cert::{Certificate, DevelopmentPki, DevelopmentPkiOptions, load_cer_file};
use cmgateway_tests::skip::skipped;
use time::macros::datetime;
use x509_parser::extensions::ParsedExtension;
use x509_parser::prelude::{FromDer, X509Certificate};

fn compare(ours: &Certificate) {
    let (rest, theirs) = X509Certificate::from_der(ours.der()).unwrap();
    assert!(rest.is_empty());
    let name = ours.subject();
    assert_eq!(ours.not_before().unix_timestamp(), theirs.validity().not_before.timestamp(), "{name}");
    assert_eq!(ours.not_after().unix_timestamp(), theirs.validity().not_after.timestamp(), "{name}");
    let serial: String = theirs.raw_serial().iter().map(|byte| format!("{byte:02X}")).collect();
    assert_eq!(ours.serial_number().trim_start_matches('0'), serial.trim_start_matches('0'), "{name}");
    assert_eq!(ours.is_ca(), theirs.is_ca(), "{name}");
    assert_eq!(ours.is_self_issued(), theirs.subject().as_raw() == theirs.issuer().as_raw(), "{name}");
    let common_name = theirs.subject().iter_common_name().last().and_then(|name| name.as_str().ok());
    if let Some(common_name) = common_name {
        assert_eq!(ours.common_name().as_deref(), Some(common_name));
    }
    let alternative_names =
        theirs.subject_alternative_name().unwrap().map(|names| names.value.general_names.len());
    assert_eq!(ours.subject_alternative_names().len(), alternative_names.unwrap_or(0), "{name}");
    let usages = theirs.key_usage().unwrap().map(|usage| usage.value.flags.count_ones() as usize);
    assert_eq!(ours.key_usage().map(|usages| usages.len()), usages, "{name}");
    for extension in theirs.extensions() {
        if let ParsedExtension::SubjectKeyIdentifier(id) = extension.parsed_extension() {
            let id: String = id.0.iter().map(|byte| format!("{byte:02X}")).collect();
            assert_eq!(ours.subject_key_id(), Some(id), "{name}");
        }
    }
}

#[test]
fn the_machines_ca_bundle_reads_the_same() {
    let Ok(certificates) = load_cer_file("/etc/ssl/certs/ca-certificates.crt") else {
        skipped("this machine has no CA bundle in the place Debian puts it");
        return;
    };
    assert!(certificates.len() > 50);
    certificates.iter().for_each(compare);
}

#[test]
fn a_rehearsals_certificates_read_the_same() {
    let pki = DevelopmentPki::new(&DevelopmentPkiOptions::new(datetime!(2026-01-01 00:00 UTC))).unwrap();
    for issued in pki.sub_cas().iter().chain([pki.root(), pki.server(), pki.client()]) {
        compare(issued.certificate());
    }
}

/// Every byte changed to every other value: ours may be stricter, never laxer.
///
/// This found unused bits of a bit string that were not zero.
#[test]
fn a_damaged_certificate_that_we_accept_x509_parser_accepts_too() {
    let pki = DevelopmentPki::new(&DevelopmentPkiOptions::new(datetime!(2026-01-01 00:00 UTC))).unwrap();
    let der = pki.server().certificate().der().to_vec();
    let (mut accepted, mut laxer) = (0, Vec::new());
    for at in 0..der.len() {
        let mut damaged = der.clone();
        for value in 0..=255 {
            damaged[at] = value;
            if let Ok(ours) = Certificate::from_der(&damaged) {
                accepted += 1;
                // No accessor may panic on what was accepted.
                let _ = (ours.subject(), ours.subject_alternative_names(), ours.extended_key_usage());
                if X509Certificate::from_der(&damaged).is_err() {
                    laxer.push((at, value, der[at]));
                }
            }
        }
    }
    assert!(accepted > 1000, "the signature's bytes alone are that many");
    assert!(laxer.is_empty(), "laxer than x509-parser at (offset, value, original): {laxer:?}");
}
