//! Class definitions from anyone.
#![no_main]

use cmgateway::wmi::mof;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    for class in mof::parse_classes(text).unwrap_or_default() {
        let _ = format!("{class:?}");
    }
});
