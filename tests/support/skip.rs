//! What a test does where the machine lacks something.

/// `check-all` sets it where nothing may be skipped.
pub const REQUIRE_ALL: &str = "CMGATEWAY_REQUIRE_ALL";

/// Says on standard error why a test is skipped; the test then returns.
///
/// # Panics
/// Where nothing may be skipped: a run that has to be complete fails with the reason.
pub fn skipped(reason: &str) {
    skip(reason, std::env::var_os(REQUIRE_ALL).is_some_and(|value| value == "1"));
}

/// Says that data from beside the project is not here; the test then returns.
///
/// Nobody can install it, and users do not have it, so that a complete run does without.
pub fn not_here(what: &str) {
    skip(&format!("{what} from beside the project are not here"), false);
}

fn skip(reason: &str, require_all: bool) {
    assert!(!require_all, "skipped, and {REQUIRE_ALL} is set: {reason}");
    eprintln!("skipped: {reason}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_skip_is_harmless_by_itself() {
        skip("no such program", false);
    }

    #[test]
    #[should_panic(expected = "no such program")]
    fn a_skip_fails_where_nothing_may_be_skipped() {
        skip("no such program", true);
    }
}
