//! Object paths and datetimes from anyone: what is read prints as a text that reads as the same.
#![no_main]

use cmgateway::wmi::{DateTime, ObjectPath};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Ok(path) = ObjectPath::parse(text) {
        let printed = path.to_string();
        assert_eq!(ObjectPath::parse(&printed).unwrap(), path, "{printed}");
    }
    if let Ok(moment) = DateTime::parse(text) {
        assert_eq!(DateTime::parse(&moment.to_string()).unwrap(), moment);
    }
});
