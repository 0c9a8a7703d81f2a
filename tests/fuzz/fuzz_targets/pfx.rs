//! PFX and key files from anyone, with the password of the seeds and without one.
#![no_main]

use cmgateway::cert::{load_pfx, load_private_key};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    for password in [Some("password"), None] {
        let _ = load_pfx(bytes, password).map(|pfx| format!("{pfx:?}"));
        let _ = load_private_key(bytes, password).map(|key| format!("{key:?}"));
    }
});
