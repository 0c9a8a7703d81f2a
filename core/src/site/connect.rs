//! Which site to connect to, and how.

use std::path::PathBuf;
use std::time::Duration;

use crate::error::{Error, ErrorKind, Result};
use crate::limits::REQUEST_TIMEOUT;
use crate::secret::Secret;

/// Where a site is and how to be let in.
///
/// ```
/// use std::time::Duration;
/// use cmgateway::Secret;
/// use cmgateway::site::ConnectOptions;
/// let mut options = ConnectOptions::new("https://cm1.contoso.com/AdminService");
/// options.token = Some(Secret::new("…"));
/// options.timeout = Duration::from_secs(30);
/// ```
#[derive(Clone, Debug)]
pub struct ConnectOptions {
    /// `sqlite:FILE` for an embedded site, `https://HOST/AdminService` for an AdminService.
    pub url: String,
    /// The bearer token of an AdminService.
    pub token: Option<Secret>,
    /// Certificates (PEM or DER) that an AdminService's certificate must chain to, in place of the system's roots.
    pub ca_file: Option<PathBuf>,
    /// Longest wait for one answer.
    pub timeout: Duration,
}

impl ConnectOptions {
    /// Options with no token, the system's roots and a timeout of 60 seconds.
    pub fn new(url: impl Into<String>) -> Self {
        ConnectOptions { url: url.into(), token: None, ca_file: None, timeout: REQUEST_TIMEOUT }
    }
}

/// A site address, taken apart.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Address {
    /// The file of an embedded site.
    Embedded(PathBuf),
    /// The URL of an AdminService.
    AdminService(String),
}

impl Address {
    pub(super) fn parse(url: &str) -> Result<Self> {
        let refuse = |cause: &str| Err(Error::new(ErrorKind::Config, format!("connect to {url}"), cause));
        if url.contains('\0') {
            return Err(Error::new(
                ErrorKind::Config,
                "connect to a site",
                "the address has a NUL character",
            ));
        }
        match url.split_once(':') {
            Some((scheme, "")) if scheme.eq_ignore_ascii_case("sqlite") => {
                refuse("the file is missing: sqlite:FILE")
            }
            Some((scheme, file)) if scheme.eq_ignore_ascii_case("sqlite") => {
                Ok(Address::Embedded(PathBuf::from(file)))
            }
            Some((scheme, _)) if scheme.eq_ignore_ascii_case("https") => {
                Ok(Address::AdminService(url.to_owned()))
            }
            Some((scheme, _)) if scheme.eq_ignore_ascii_case("http") => {
                refuse("an AdminService speaks HTTPS only; a token must not travel in clear")
            }
            Some((scheme, _))
                if ["winrm", "com", "wmi", "winmgmts"].contains(&&*scheme.to_ascii_lowercase()) =>
            {
                Err(Error::new(
                    ErrorKind::Unsupported,
                    format!("connect to {url}"),
                    "this version reaches a site by sqlite: and https: only",
                ))
            }
            // A bare file name, or one with the letter of a drive.
            Some((drive, _)) if drive.len() == 1 => refuse(&bare_file(url)),
            None if !url.is_empty() => refuse(&bare_file(url)),
            _ => refuse("an address begins with sqlite: or https:"),
        }
    }
}

fn bare_file(file: &str) -> String {
    format!("an address begins with sqlite: or https:; did you mean sqlite:{file}?")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scheme_chooses_the_transport() {
        assert_eq!(Address::parse("sqlite:lab.db").unwrap(), Address::Embedded("lab.db".into()));
        assert_eq!(
            Address::parse(r"sqlite:C:\sites\a.db").unwrap(),
            Address::Embedded(r"C:\sites\a.db".into())
        );
        let url = "https://cm1/AdminService";
        assert_eq!(Address::parse(url).unwrap(), Address::AdminService(url.into()));
        for (url, kind) in [
            ("", ErrorKind::Config),
            ("lab.db", ErrorKind::Config),
            ("sqlite:", ErrorKind::Config),
            ("http://cm1/AdminService", ErrorKind::Config),
            ("winrm://cm1", ErrorKind::Unsupported),
            ("sqlite:a\0b", ErrorKind::Config),
        ] {
            assert_eq!(Address::parse(url).unwrap_err().kind(), kind, "{url}");
        }
    }
}
