//! Certificate requests from anyone: read, shown, and signed, whatever they ask for.
#![no_main]

use std::sync::LazyLock;

use cmgateway::cert::{
    Authority, AuthorityOptions, Certificate, DistinguishedName, KeyKind, SignOptions, UnknownExtensions,
    load_csr,
};
use libfuzzer_sys::fuzz_target;
use time::OffsetDateTime;

static AUTHORITY: LazyLock<Authority> = LazyLock::new(|| {
    let name = DistinguishedName::parse("CN=Root,O=Contoso").unwrap();
    let mut options = AuthorityOptions::new(name, now());
    options.key = KeyKind::EcP256;
    Authority::root(&options).unwrap()
});

fn now() -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(1_780_000_000).unwrap()
}

fuzz_target!(|bytes: &[u8]| {
    let Ok(request) = load_csr(bytes) else { return };
    let _ = format!("{request:?} {} {} {:?}", request.subject(), request.windows_subject(), request.common_name());
    let _ = format!("{:?} {:?} {:?}", request.template(), request.origin(), request.extended_key_usage());
    let _ = (request.subject_alternative_names(), request.key_usage(), request.extensions(), request.attributes());
    assert!(!load_csr(request.to_pem().as_bytes()).unwrap().subject().contains('\0'));
    for (unknown, authority) in
        [(UnknownExtensions::Refuse, false), (UnknownExtensions::Keep, false), (UnknownExtensions::Keep, true)]
    {
        let mut options = SignOptions::new(now());
        (options.unknown_extensions, options.authority) = (unknown, authority);
        if let Ok(issued) = AUTHORITY.sign(&request, &options) {
            // What is issued is a certificate that we read ourselves.
            assert_eq!(Certificate::from_der(issued.der()).unwrap(), issued);
        }
    }
});
