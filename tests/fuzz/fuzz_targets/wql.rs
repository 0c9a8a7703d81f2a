//! WQL from anyone: what is read prints as a text that reads as the same.
#![no_main]

use cmgateway::wmi::wql::{EventQuery, Select};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Ok(query) = Select::parse(text) {
        let printed = query.to_string();
        assert_eq!(Select::parse(&printed).unwrap(), query, "{printed}");
    }
    let _ = EventQuery::parse(text);
});
