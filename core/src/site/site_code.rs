//! The code of a site.

use std::fmt;

use crate::error::{Error, ErrorKind, Result};

/// The three characters that name a Configuration Manager site, in capitals.
///
/// ```
/// use cmgateway::site::SiteCode;
/// assert_eq!(SiteCode::new("gf1")?.as_str(), "GF1");
/// assert!(SiteCode::new("GF-1").is_err());
/// # Ok::<(), cmgateway::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SiteCode(String);

impl SiteCode {
    /// Checks the text: three letters or digits.
    ///
    /// # Errors
    /// `config` where it is anything else.
    pub fn new(text: &str) -> Result<Self> {
        if text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return Ok(SiteCode(text.to_ascii_uppercase()));
        }
        let cause = format!("{text:?} is not three letters or digits");
        Err(Error::new(ErrorKind::Config, "read site code", cause))
    }

    /// The code.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SiteCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
