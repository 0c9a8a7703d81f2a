//! Certificates from anyone: every accessor of what was read.
#![no_main]

use cmgateway::cert::{Certificate, load_cer};
use libfuzzer_sys::fuzz_target;
use time::OffsetDateTime;

fuzz_target!(|bytes: &[u8]| {
    for certificate in load_cer(bytes).unwrap_or_default() {
        read(&certificate);
        // What was read is read again as the same.
        assert!(Certificate::from_der(certificate.der()).is_ok_and(|again| again == certificate));
    }
});

fn read(certificate: &Certificate) {
    let _ = format!("{certificate:?} {} {}", certificate.issuer(), certificate.serial_number());
    let _ = (certificate.key_algorithm(), certificate.key_size_bits(), certificate.signature_algorithm());
    let _ = (certificate.key_usage(), certificate.extended_key_usage(), certificate.subject_alternative_names());
    let _ = (certificate.subject_key_id(), certificate.authority_key_id(), certificate.path_length());
    let _ = (certificate.common_name(), certificate.is_expired(OffsetDateTime::UNIX_EPOCH));
    let _ = (certificate.thumbprint(), certificate.to_pem());
}
