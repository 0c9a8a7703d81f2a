//! The program `cmgateway`, built once for a test binary.

use std::path::PathBuf;
use std::sync::OnceLock;

use cmgateway_examples::checkout::{cargo, target};

/// Builds the program where that is needed and gives its path.
///
/// # Panics
/// Where it cannot be built; a test cannot go on then.
#[expect(clippy::expect_used, reason = "a test's set-up fails by panic")]
pub fn program() -> PathBuf {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT
        .get_or_init(|| {
            let status = cargo().args(["build", "-q", "-p", "cmgateway-program"]).status();
            assert!(status.expect("cargo runs").success(), "the program builds");
            target().join("debug").join(format!("cmgateway{}", std::env::consts::EXE_SUFFIX))
        })
        .clone()
}
