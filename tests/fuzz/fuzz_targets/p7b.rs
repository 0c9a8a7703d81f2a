//! P7B files from anyone; what was read is written and read again.
#![no_main]

use cmgateway::cert::{load_p7b, write_p7b};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(certificates) = load_p7b(bytes)
        && !certificates.is_empty()
        && let Ok(written) = write_p7b(&certificates)
    {
        assert_eq!(load_p7b(&written).unwrap().len(), certificates.len());
    }
});
