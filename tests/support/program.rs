//! The program `cmgateway`, built once for a test binary.

use std::path::PathBuf;
use std::sync::OnceLock;

use cmgateway_examples::checkout::target;

/// Builds the program where that is needed and gives its path.
///
/// # Panics
/// Where it cannot be built; a test cannot go on then.
pub fn program() -> PathBuf {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT
        .get_or_init(|| {
            crate::gateway_program::build_program();
            target().join("debug").join(format!("cmgateway{}", std::env::consts::EXE_SUFFIX))
        })
        .clone()
}
