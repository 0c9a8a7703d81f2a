//! The trust decision over certificates and revocation lists from anyone, in both profiles.
#![no_main]

use cmgateway::cert::{
    Certificate, Crl, Profile, Purpose, RevocationMode, Verifier, VerifierOptions, build_chain,
};
use libfuzzer_sys::fuzz_target;
use time::OffsetDateTime;

/// A moment at which the seeds are valid.
const AT: i64 = 1_780_000_000;

// The input is a row of DER elements; each is a certificate, a list, or nothing. The first certificate is the leaf, the
// last one the root.
fuzz_target!(|bytes: &[u8]| {
    let (mut certificates, mut lists) = (Vec::new(), Vec::new());
    let mut rest = bytes;
    while let Some((element, tail)) = split(rest) {
        rest = tail;
        match Certificate::from_der(element) {
            Ok(certificate) => certificates.push(certificate),
            Err(_) => lists.extend(Crl::from_der(element).ok()),
        }
        if certificates.len() + lists.len() > 40 {
            break;
        }
    }
    let (Some(leaf), Some(root)) = (certificates.first(), certificates.last()) else { return };
    let _ = build_chain(leaf, &certificates);
    let at = OffsetDateTime::from_unix_timestamp(AT).unwrap();
    for profile in [Profile::Enterprise, Profile::Strict] {
        let mut options = VerifierOptions::new(vec![root.clone()], at);
        options.intermediates = certificates.clone();
        options.crls = lists.clone();
        options.profile = profile;
        options.purpose = if lists.is_empty() { Purpose::ServerAuth } else { Purpose::Any };
        options.revocation = if lists.is_empty() { RevocationMode::Off } else { RevocationMode::Chain };
        options.partial_chain = Some(true);
        options.danger_allow_sha1 = true;
        let verifier = Verifier::new(options).unwrap();
        let _ = verifier.verify(leaf, Some("localhost")).map_err(|error| error.to_string());
    }
});

fn split(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let length = match *bytes.get(1)? {
        short @ 0..0x80 => usize::from(short) + 2,
        0x81 => usize::from(*bytes.get(2)?) + 3,
        0x82 => (usize::from(*bytes.get(2)?) << 8) + usize::from(*bytes.get(3)?) + 4,
        _ => return None,
    };
    bytes.split_at_checked(length)
}
