//! Which paths pass a gateway: whatever a client sends, nothing leads out of what is published.
#![expect(clippy::unwrap_used, reason = "a test fails by panic")]

use cmgateway::proxy::{ExternalPath, MappingTable, Published};
use proptest::prelude::*;

const ID: u64 = 72_057_594_037_937_981;

fn table() -> MappingTable {
    let endpoints = vec!["SMS_MP".to_owned(), "ccm_system_tokenauth/request".to_owned()];
    MappingTable::new(vec![Published { id: ID, endpoints, request_body_bytes_max: None }]).unwrap()
}

fn passes(path: &str) -> bool {
    ExternalPath::read(path).is_ok_and(|path| table().find(&path).is_some())
}

/// The most careless server there could be: decodes again and again, takes backslashes for slashes, drops what
/// follows a semicolon and blanks and dots at the end of a name, and then goes where the dots lead.
fn where_a_careless_server_goes(path: &str, rounds: usize) -> Vec<String> {
    let mut bytes = path.as_bytes().to_vec();
    for _ in 0..rounds {
        let mut decoded = Vec::new();
        let mut at = 0;
        while let Some(&byte) = bytes.get(at) {
            let digits = bytes.get(at + 1..at + 3).and_then(|two| std::str::from_utf8(two).ok());
            match digits.and_then(|two| u8::from_str_radix(two, 16).ok()) {
                Some(value) if byte == b'%' => {
                    decoded.push(value);
                    at += 3;
                }
                _ => {
                    decoded.push(byte);
                    at += 1;
                }
            }
        }
        bytes = decoded;
    }
    let text = String::from_utf8_lossy(&bytes).replace('\\', "/");
    let mut place = Vec::new();
    for part in text.split('/') {
        let name = part.split(';').next().unwrap_or_default().trim_end_matches(' ');
        match name {
            ".." => drop(place.pop()),
            "." | "" => {}
            name => place.push(name.to_ascii_lowercase()),
        }
    }
    place
}

/// Pieces that have fooled servers, and honest ones.
fn piece() -> impl Strategy<Value = String> {
    let nasty = [
        "..", ".", "/", "//", "%2e", "%2E", "%2f", "%5c", "\\", "%25", "%252e", "%252f", "%00", ";", "..;",
        "%3b", "%20", "%u002e", "%c0%af", "%", "a", "SMS_MP", "sms_mp", "request", "admin", "%61", "?", "#",
        " ", "2e", "2f", "\u{2024}",
    ];
    prop_oneof![8 => prop::sample::select(nasty.to_vec()).prop_map(str::to_owned), 1 => ".{0,3}"]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20_000))]

    #[test]
    fn what_passes_stays_inside_for_every_server(pieces in prop::collection::vec(piece(), 0..12)) {
        let path = format!("/CCM_Proxy_MutualAuth/{ID}/SMS_MP/{}", pieces.concat());
        if passes(&path) {
            for rounds in 0..6 {
                let place = where_a_careless_server_goes(&path, rounds);
                let inside = ["ccm_proxy_mutualauth".to_owned(), ID.to_string(), "sms_mp".to_owned()];
                prop_assert!(place.starts_with(&inside), "{path} went to {place:?} after {rounds} rounds");
            }
        }
    }

    #[test]
    fn the_reader_bears_any_text(text in ".{0,200}") {
        let _ = ExternalPath::read(&text);
    }

    #[test]
    fn case_makes_no_difference(flips in prop::collection::vec(any::<bool>(), 60)) {
        let path = format!("/CCM_Proxy_ServerAuth/{ID}/ccm_system_tokenauth/request");
        let flipped: String = path.chars().zip(flips.iter().cycle()).map(|(each, up)| match up {
            true => each.to_ascii_uppercase(),
            false => each.to_ascii_lowercase(),
        }).collect();
        prop_assert!(passes(&flipped));
    }

    #[test]
    fn ids_are_exact(id in any::<u64>()) {
        let path = format!("/CCM_Proxy_MutualAuth/{id}/SMS_MP");
        prop_assert_eq!(passes(&path), id == ID);
    }
}

#[test]
fn whole_parts_only_are_published() {
    let base = format!("/CCM_Proxy_MutualAuth/{ID}");
    for rest in ["/SMS_MP", "/SMS_MP/", "/sms_mp/x/y", "/SMS%5FMP/x", "/ccm_system_tokenauth/request/x"] {
        assert!(passes(&format!("{base}{rest}")), "{rest}");
    }
    for rest in [
        "",
        "/",
        "/SMS_MPx",
        "/SMS_M",
        "//SMS_MP",
        "/x/SMS_MP",
        "/ccm_system_tokenauth",
        "/ccm_system_tokenauth/requests",
    ] {
        assert!(!passes(&format!("{base}{rest}")), "{rest}");
    }
}

#[test]
fn a_neighbour_in_floating_point_is_another_role() {
    assert!(!passes(&format!("/CCM_Proxy_MutualAuth/{}/SMS_MP", ID + 1)));
}

#[test]
fn tables_refuse_what_they_could_not_tell_apart() {
    let role = |id, endpoint: &str| Published {
        id,
        endpoints: vec![endpoint.to_owned()],
        request_body_bytes_max: None,
    };
    let cause = |published| MappingTable::new(published).unwrap_err().to_string();
    assert_eq!(cause(vec![role(1, "A"), role(1, "B")]), "could not publish role 1: it is published twice");
    for endpoint in ["", "/A", "A/", "A/../B", "A b", "A%20", "..", "A//B"] {
        assert!(
            cause(vec![role(1, endpoint)]).contains("is no path without slashes around it"),
            "{endpoint}"
        );
    }
}
