//! Which library seals and opens records: the one that is faster on this processor.
//!
//! AWS-LC's AES-GCM uses instructions for several blocks at a time (VAES) only together with AVX-512, and takes twice the time
//! of ring's on processors that have them with AVX2 alone: AMD's Zen 3, Intel's for desktops of late
//! (<https://github.com/aws/aws-lc/issues/2283>). Handshakes are AWS-LC's everywhere; a record is the same whoever seals it.

use rustls::SupportedCipherSuite;

/// The same suite with the faster ciphers.
pub(super) fn faster_twin(suite: SupportedCipherSuite) -> SupportedCipherSuite {
    let suites = if has_vaes_without_avx512() { rustls::crypto::ring::ALL_CIPHER_SUITES } else { &[] };
    let is_twin = |twin: &&SupportedCipherSuite| twin.suite() == suite.suite();
    suites.iter().filter(is_aes_gcm).find(is_twin).copied().unwrap_or(suite)
}

fn is_aes_gcm(suite: &&SupportedCipherSuite) -> bool {
    let name = suite.suite().as_str().unwrap_or_default();
    name.contains("_AES_")
}

#[cfg(target_arch = "x86_64")]
fn has_vaes_without_avx512() -> bool {
    is_x86_feature_detected!("vaes")
        && is_x86_feature_detected!("vpclmulqdq")
        && is_x86_feature_detected!("avx2")
        && !is_x86_feature_detected!("avx512f")
}

#[cfg(not(target_arch = "x86_64"))]
fn has_vaes_without_avx512() -> bool {
    false
}
