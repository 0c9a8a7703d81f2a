//! Revocation lists from anyone.
#![no_main]

use cmgateway::cert::load_crl;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    for list in load_crl(bytes).unwrap_or_default() {
        let _ = format!("{list:?} {:?} {:?}", list.number(), list.base_number());
        let _ = (list.is_delta(), list.is_indirect(), list.authority_key_id(), list.signature_algorithm());
        let _ = (list.this_update(), list.next_update(), list.len());
    }
});
