//! Object paths and datetimes through the front door: what must hold for every one.

#![expect(clippy::unwrap_used, reason = "the makers of random values are part of the test")]

use std::collections::HashSet;
use std::time::Duration;

use cmgateway::wmi::{DateTime, Identifier, KeyValue, ObjectPath};
use proptest::prelude::*;

fn name() -> impl Strategy<Value = Identifier> {
    "[A-Za-z_][A-Za-z0-9_]{0,8}".prop_map(|name| Identifier::new(&name).unwrap())
}

fn value() -> impl Strategy<Value = KeyValue> {
    prop_oneof![
        prop_oneof![r#"[\\"'=,.:@a-c \t\r\n]{0,12}"#, "\\PC{0,12}"].prop_map(KeyValue::String),
        any::<i64>().prop_map(KeyValue::from),
        any::<u64>().prop_map(KeyValue::from),
        any::<bool>().prop_map(KeyValue::from),
    ]
}

fn path() -> impl Strategy<Value = ObjectPath> {
    let named = prop::collection::hash_map(name(), value(), 0..4)
        .prop_map(|keys| keys.into_iter().map(|(name, value)| (Some(name), value)).collect::<Vec<_>>());
    let unnamed = prop_oneof![value(), Just(KeyValue::Singleton)].prop_map(|value| vec![(None, value)]);
    let location = prop_oneof![
        Just((None, None)),
        Just((None, Some("root\\ccm".to_owned()))),
        "[A-Za-z0-9.-]{1,8}".prop_map(|host| (Some(host), Some("root\\sms\\site_ABC".to_owned()))),
    ];
    (location, name(), prop_oneof![named, unnamed])
        .prop_map(|((server, namespace), class, keys)| ObjectPath { server, namespace, class, keys })
}

#[test]
fn equality_knows_no_case_and_no_order_but_exact_values() {
    let of = |text: &str| ObjectPath::parse(text).unwrap();
    let path = of(r#"\\CM1\root\sms:C.A="x",B=1"#);
    let same = of(r"//cm1/ROOT/SMS:c.b=1,a='x'");
    assert_eq!(path, same);
    assert_eq!(HashSet::from([path.clone(), same]).len(), 1);
    for other in [r#"C.A="x",B=1"#, r#"\\CM1\root\sms:C.A="X",B=1"#, r#"\\CM1\root\sms:C.A="x",B="1""#] {
        assert_ne!(path, of(other));
    }
    assert_eq!(path.relative(), of(r#"C.A="x",B=1"#));
    assert!(of("C").is_class() && !of("C").is_singleton());
    assert!(of("C=@").is_singleton() && !of("C=@").is_class());
    assert!(!of("C='@'").is_singleton());
}

#[test]
fn site_control_paths_of_the_field_are_read() {
    let item = r#"["Display=\\CM1.contoso.com\"]MSWNET:["SMS_SITE=ABC"]\\CM1.contoso.com\,SMS Cloud Proxy Connector"#;
    let doubled = item.replace('\\', r"\\");
    let text = format!("SMS_SCI_SysResUse.FileType=2,ItemName='{doubled}',ItemType='x',SiteCode='ABC'");
    let path = ObjectPath::parse(&text).unwrap();
    assert_eq!(path.key("ITEMNAME"), Some(&KeyValue::from(item)));
    assert_eq!(ObjectPath::parse(&path.to_string()).unwrap(), path);
}

proptest! {
    #[test]
    fn every_path_prints_as_text_that_reads_back_equal(path in path()) {
        let printed = path.to_string();
        prop_assert_eq!(ObjectPath::parse(&printed).map_err(|e| TestCaseError::fail(format!("{printed}: {e}")))?, path);
    }

    #[test]
    fn no_text_makes_the_readers_panic(text in "\\PC*", pieces in r#"[\\/:.=,"'@a-c0-9x*+é-]{0,25}"#) {
        for text in [&text, &pieces] {
            if let Ok(path) = ObjectPath::parse(text) {
                prop_assert_eq!(ObjectPath::parse(&path.to_string()).unwrap(), path);
            }
            let _ = DateTime::parse(text);
            let _ = DateTime::from_rfc3339(text);
        }
    }

    #[test]
    fn points_in_time_come_back(
        micros in -62_000_000_000_000_000_i128..253_000_000_000_000_000, minutes in -840_i32..=840,
    ) {
        let offset = time::UtcOffset::from_whole_seconds(minutes * 60).unwrap();
        let point = time::OffsetDateTime::from_unix_timestamp_nanos(micros * 1_000).unwrap().to_offset(offset);
        let datetime = DateTime::from_offset_date_time(point).unwrap();
        prop_assert_eq!(datetime.to_offset_date_time(), Some(point));
        prop_assert_eq!(&DateTime::parse(datetime.as_str()).unwrap(), &datetime);
        prop_assert_eq!(DateTime::from_rfc3339(&datetime.to_rfc3339().unwrap()).unwrap(), datetime);
    }

    #[test]
    fn intervals_come_back(seconds in 0_u64..99_999_999 * 86_400, micros in 0_u64..1_000_000) {
        let length = Duration::from_secs(seconds) + Duration::from_micros(micros);
        let datetime = DateTime::from_duration(length).unwrap();
        prop_assert!(datetime.is_interval());
        prop_assert_eq!(datetime.to_duration(), Some(length));
        prop_assert_eq!(DateTime::parse(datetime.as_str()).unwrap(), datetime);
    }
}
