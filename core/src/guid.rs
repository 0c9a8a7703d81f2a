//! GUIDs as Microsoft writes them: with hyphens, without braces.

use aws_lc_rs::rand;

/// True for a GUID with hyphens, in either case.
pub(crate) fn is_guid(text: &str) -> bool {
    // Of the ways to write one, only that with hyphens has 36 characters.
    text.len() == 36 && uuid::Uuid::try_parse(text).is_ok()
}

/// A fresh one (RFC 9562, version 4); without random numbers all are alike.
pub(crate) fn fresh() -> String {
    let mut bytes = [0; 16];
    let _ = rand::fill(&mut bytes);
    uuid::Builder::from_random_bytes(bytes).into_uuid().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_guid_has_hyphens_and_no_braces() {
        assert!(is_guid("72F988BF-86f1-41af-91ab-2d7cd011db47"));
        for not in [
            "",
            "72f988bf86f141af91ab2d7cd011db47",
            "{72f988bf-86f1-41af-91ab-2d7cd011db4}",
            "72f988bf-86f1-41af-91ab-2d7cd011db4g",
        ] {
            assert!(!is_guid(not), "{not}");
        }
        let (one, other) = (fresh(), fresh());
        assert!(is_guid(&one) && one != other && one.as_bytes()[14] == b'4');
    }
}
