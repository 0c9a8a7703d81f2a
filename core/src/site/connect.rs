//! Which site to connect to, and how.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use crate::error::{Error, ErrorKind, Result};
use crate::limits::REQUEST_TIMEOUT;
use crate::net::AuthMethod;
use crate::secret::Secret;
use crate::site::com::ComAddress;
use crate::site::shown_address;
use crate::site::winrm::Endpoint;

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
#[derive(Clone)]
pub struct ConnectOptions {
    /// `sqlite:FILE` for an embedded site, `https://HOST/AdminService` for an AdminService, and for WS-Management
    /// (WinRM) `winrm://HOST[:5985]/root/sms/site_GF1`, which seals its messages by Kerberos or NTLM, or
    /// `winrms://HOST[:5986]/root/sms/site_GF1` over TLS; `http(s)://HOST:PORT/wsman/root/sms/site_GF1` is the same.
    /// On Windows also `com://HOST/root/sms/site_GF1` (`.` for this machine), WMI over COM.
    ///
    /// An AdminService on another machine is reached through the proxy that the environment names (`HTTPS_PROXY` or
    /// `ALL_PROXY`, except for hosts in `NO_PROXY`).
    pub url: String,
    /// The bearer token of an AdminService.
    pub token: Option<Secret>,
    /// How the user is proved; with a user and nothing said it is [`AuthMethod::Negotiate`].
    pub auth: Option<AuthMethod>,
    /// `DOMAIN\\user`, `user@suffix`, or the bare name with a realm.
    pub user: Option<String>,
    /// The user's password.
    pub password: Option<Secret>,
    /// The Kerberos realm, or the domain, of a bare user name.
    pub realm: Option<String>,
    /// A keytab with the user's Kerberos keys, in place of a password.
    pub keytab_file: Option<PathBuf>,
    /// Host, and port where it is not 88, of the KDC, in place of the one that `krb5.conf` or the domain names.
    pub kdc: Option<String>,
    /// The client's certificate, then its intermediates, PEM.
    pub certificate_file: Option<PathBuf>,
    /// The private key of the client's certificate, PEM.
    pub key_file: Option<PathBuf>,
    /// True lets a password travel in clear, with auth `basic` and a `winrm:` address of another machine.
    pub danger_unencrypted: bool,
    /// Certificates (PEM or DER) that an AdminService's certificate must chain to, in place of the system's roots.
    pub ca_file: Option<PathBuf>,
    /// Longest wait for one answer.
    pub timeout: Duration,
}

impl ConnectOptions {
    /// True where something is given that only a remote site takes.
    pub(super) fn proves_somebody(&self) -> bool {
        let words = [&self.user, &self.realm, &self.kdc].into_iter().any(Option::is_some);
        let files =
            [&self.keytab_file, &self.certificate_file, &self.key_file].into_iter().any(Option::is_some);
        words || files || self.auth.is_some() || self.password.is_some()
    }

    /// Options with no token, the system's roots and a timeout of 60 seconds.
    pub fn new(url: impl Into<String>) -> Self {
        ConnectOptions {
            url: url.into(),
            token: None,
            auth: None,
            user: None,
            password: None,
            realm: None,
            keytab_file: None,
            kdc: None,
            certificate_file: None,
            key_file: None,
            danger_unencrypted: false,
            ca_file: None,
            timeout: REQUEST_TIMEOUT,
        }
    }
}

impl fmt::Debug for ConnectOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConnectOptions")
            .field("url", &shown_address(&self.url))
            .field("token", &self.token)
            .field("auth", &self.auth)
            .field("user", &self.user)
            .field("password", &self.password)
            .field("realm", &self.realm)
            .field("keytab_file", &self.keytab_file)
            .field("kdc", &self.kdc)
            .field("certificate_file", &self.certificate_file)
            .field("key_file", &self.key_file)
            .field("danger_unencrypted", &self.danger_unencrypted)
            .field("ca_file", &self.ca_file)
            .field("timeout", &self.timeout)
            .finish()
    }
}

/// A site address, taken apart.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Address {
    /// The file of an embedded site.
    Embedded(PathBuf),
    /// The URL of an AdminService.
    AdminService(String),
    /// A namespace behind a WS-Management service.
    WinRm(Endpoint),
    /// A namespace of WMI, over COM.
    Com(ComAddress),
}

impl Address {
    pub(super) fn parse(url: &str) -> Result<Self> {
        let operation = format!("connect to {}", shown_address(url));
        let refuse = |cause: &str| Err(Error::new(ErrorKind::Config, operation.as_str(), cause));
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
            Some((scheme, _)) if scheme.eq_ignore_ascii_case("com") => {
                ComAddress::parse(url).map(Address::Com)
            }
            Some((scheme, _))
                if ["winrm", "winrms"].iter().any(|known| scheme.eq_ignore_ascii_case(known)) =>
            {
                Endpoint::parse(url).map(Address::WinRm)
            }
            Some(_) if is_http(url) && Endpoint::is_wsman_path(url) => {
                Endpoint::parse(url).map(Address::WinRm)
            }
            Some((scheme, _)) if scheme.eq_ignore_ascii_case("https") => {
                Ok(Address::AdminService(url.to_owned()))
            }
            Some((scheme, _)) if scheme.eq_ignore_ascii_case("http") => {
                refuse("an AdminService speaks HTTPS only; a token must not travel in clear")
            }
            Some((scheme, _)) if ["com", "wmi", "winmgmts"].contains(&&*scheme.to_ascii_lowercase()) => {
                Err(Error::new(
                    ErrorKind::Unsupported,
                    operation.as_str(),
                    "this version reaches a site by sqlite:, https:, winrm: and winrms: only",
                ))
            }
            // A bare file name, or one with the letter of a drive.
            Some((drive, _)) if drive.len() == 1 => refuse(&bare_file(url)),
            None if !url.is_empty() => refuse(&bare_file(url)),
            _ => refuse("an address begins with sqlite:, https:, winrm: or winrms:"),
        }
    }
}

fn is_http(url: &str) -> bool {
    let scheme = url.split(':').next().unwrap_or_default();
    scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https")
}

fn bare_file(file: &str) -> String {
    format!("an address begins with sqlite:, https:, winrm: or winrms:; did you mean sqlite:{file}?")
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
            ("winmgmts://cm1", ErrorKind::Unsupported),
            ("winrm://cm1/sms", ErrorKind::Config),
            ("sqlite:a\0b", ErrorKind::Config),
        ] {
            assert_eq!(Address::parse(url).unwrap_err().kind(), kind, "{url}");
        }
    }
}
