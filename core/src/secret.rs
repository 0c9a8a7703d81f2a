//! Text and bytes that must not be seen: tokens, passwords, keys.

use std::fmt;

use zeroize::Zeroizing;

/// A text that is wiped when it is dropped and prints as `[redacted]`.
///
/// ```
/// use cmgateway::Secret;
/// let token = Secret::new("s3cret");
/// assert_eq!(format!("{token:?}"), "[redacted]");
/// assert!(token.matches("s3cret"));
/// ```
#[derive(Clone)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes the text over.
    pub fn new(text: impl Into<String>) -> Self {
        Secret(Zeroizing::new(text.into()))
    }

    /// Shows the text; for the place that sends it.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Compares in a time that does not depend on where the texts differ.
    pub fn matches(&self, other: &str) -> bool {
        aws_lc_rs::constant_time::verify_slices_are_equal(self.0.as_bytes(), other.as_bytes()).is_ok()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

/// Bytes that are wiped when they are dropped and print as `[redacted]`, such as a private key in DER.
///
/// ```
/// use cmgateway::SecretBytes;
/// let key = SecretBytes::new(vec![1, 2, 3]);
/// assert_eq!(format!("{key:?}"), "[redacted]");
/// assert_eq!(key.expose(), [1, 2, 3]);
/// ```
#[derive(Clone)]
pub struct SecretBytes(Zeroizing<Vec<u8>>);

impl SecretBytes {
    /// Takes the bytes over.
    pub fn new(bytes: Vec<u8>) -> Self {
        SecretBytes(Zeroizing::new(bytes))
    }

    /// Shows the bytes; for the place that uses them.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for SecretBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}
