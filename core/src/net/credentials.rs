//! Who asks: user names, passwords, keytabs, and by which scheme they are shown.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use crate::error::{Error, ErrorKind, Result};
use crate::secret::Secret;

/// How a client proves who it is.
///
/// ```
/// use cmgateway::net::AuthMethod;
/// assert_eq!("kerberos".parse::<AuthMethod>()?, AuthMethod::Kerberos);
/// # Ok::<(), cmgateway::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AuthMethod {
    /// SPNEGO: Kerberos where a KDC of the user's realm can be asked, else NTLM.
    Negotiate,
    /// SPNEGO with Kerberos only; a realm whose KDC does not answer is an error.
    Kerberos,
    /// SPNEGO with NTLM only. AdminServices from version 2509 on are said to refuse it.
    Ntlm,
    /// User name and password in clear within the request; over TLS only.
    Basic,
    /// The client's certificate within the TLS handshake.
    Certificate,
}

impl AuthMethod {
    /// Every method.
    pub const ALL: [AuthMethod; 5] = [
        AuthMethod::Negotiate,
        AuthMethod::Kerberos,
        AuthMethod::Ntlm,
        AuthMethod::Basic,
        AuthMethod::Certificate,
    ];

    /// The word for it in scripts.
    pub fn as_str(self) -> &'static str {
        match self {
            AuthMethod::Negotiate => "negotiate",
            AuthMethod::Kerberos => "kerberos",
            AuthMethod::Ntlm => "ntlm",
            AuthMethod::Basic => "basic",
            AuthMethod::Certificate => "certificate",
        }
    }

    /// True for the methods that speak SPNEGO in several legs.
    pub(crate) fn is_negotiated(self) -> bool {
        matches!(self, AuthMethod::Negotiate | AuthMethod::Kerberos | AuthMethod::Ntlm)
    }
}

impl FromStr for AuthMethod {
    type Err = Error;

    /// Reads the word that scripts use: `negotiate`, `kerberos`, `ntlm`, `basic`, `certificate`.
    fn from_str(word: &str) -> Result<Self> {
        AuthMethod::ALL.into_iter().find(|method| method.as_str() == word).ok_or_else(|| {
            let cause = format!("{word:?} is not negotiate, kerberos, ntlm, basic or certificate");
            Error::new(ErrorKind::Config, "read auth", cause)
        })
    }
}

/// A user and what proves it: a password or a keytab.
///
/// The user is `DOMAIN\user`, `user@suffix` or, with a realm, the bare name. A name with `@` is an *enterprise* name
/// for Kerberos, which Active Directory looks up among its user principal names; an MIT KDC knows `REALM\user` or the
/// bare name with its realm.
///
/// ```
/// use cmgateway::Secret;
/// use cmgateway::net::Credentials;
/// let credentials = Credentials::password(r"CONTOSO\anna", Secret::new("…"))?;
/// assert_eq!(format!("{credentials:?}"), r#"Credentials { user: "CONTOSO\\anna" }"#);
/// # Ok::<(), cmgateway::Error>(())
/// ```
#[derive(Clone)]
pub struct Credentials {
    pub(super) user: String,
    pub(super) realm: Option<String>,
    pub(super) proof: Proof,
    pub(super) kdc: Option<String>,
}

/// What proves a user.
#[derive(Clone)]
pub(super) enum Proof {
    Password(Secret),
    Keytab(PathBuf),
}

impl Credentials {
    /// A user with a password.
    ///
    /// # Errors
    /// `config` where the user name is empty or has a control character.
    pub fn password(user: impl Into<String>, password: Secret) -> Result<Self> {
        Self::new(user.into(), Proof::Password(password))
    }

    /// A user with a keytab: a file with Kerberos keys, as `ktutil` and `ktpass` make them.
    ///
    /// # Errors
    /// `config` where the user name is empty or has a control character.
    pub fn keytab(user: impl Into<String>, file: impl Into<PathBuf>) -> Result<Self> {
        Self::new(user.into(), Proof::Keytab(file.into()))
    }

    fn new(user: String, proof: Proof) -> Result<Self> {
        let refuse = |cause: &str| Err(Error::new(ErrorKind::Config, "read user", cause));
        if user.is_empty() {
            return refuse("the user name is empty");
        }
        if user.chars().any(char::is_control) {
            return refuse("the user name has a control character");
        }
        Ok(Credentials { user, realm: None, proof, kdc: None })
    }

    /// The Kerberos realm (or the domain) of a user name that has none.
    ///
    /// # Errors
    /// `config` where the user name has a domain already.
    pub fn with_realm(mut self, realm: impl Into<String>) -> Result<Self> {
        if self.user.contains(['\\', '@']) {
            let cause = "the user name has a domain already; give one of them";
            return Err(Error::new(ErrorKind::Config, "read realm", cause));
        }
        self.realm = Some(realm.into());
        Ok(self)
    }

    /// The host of the KDC, with a port where it is not 88, in place of the one that `krb5.conf` or, on Windows, the
    /// domain names.
    #[must_use]
    pub fn with_kdc(mut self, kdc: impl Into<String>) -> Self {
        self.kdc = Some(kdc.into());
        self
    }

    /// The user name as it was given.
    pub fn user(&self) -> &str {
        &self.user
    }

    /// The value of `Authorization: Basic` (RFC 7617).
    pub(crate) fn basic(&self) -> Result<Secret> {
        use base64::Engine;
        let refuse = |cause: &str| Err(Error::new(ErrorKind::Config, "use basic authentication", cause));
        let Proof::Password(password) = &self.proof else { return refuse("it takes a password, no keytab") };
        if self.user.contains(':') {
            return refuse("the user name has a colon");
        }
        let pair = zeroize::Zeroizing::new(format!("{}:{}", self.user, password.expose()));
        let encoded = base64::engine::general_purpose::STANDARD.encode(pair.as_bytes());
        Ok(Secret::new(format!("Basic {encoded}")))
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials").field("user", &self.user).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_read_back() {
        for method in AuthMethod::ALL {
            assert_eq!(method.as_str().parse::<AuthMethod>().unwrap(), method);
        }
        assert_eq!("digest".parse::<AuthMethod>().unwrap_err().kind(), ErrorKind::Config);
    }

    #[test]
    fn basic_is_that_of_the_rfc_and_nothing_shows_the_password() {
        // RFC 7617, section 2.
        let credentials = Credentials::password("Aladdin", Secret::new("open sesame")).unwrap();
        assert_eq!(credentials.basic().unwrap().expose(), "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
        assert!(!format!("{credentials:?}").contains("sesame"));
        assert!(Credentials::password("a:b", Secret::new("x")).unwrap().basic().is_err());
        assert!(Credentials::password("", Secret::new("x")).is_err());
        let with_domain = Credentials::password("A\\b", Secret::new("x")).unwrap();
        assert_eq!(with_domain.with_realm("R").unwrap_err().kind(), ErrorKind::Config);
    }
}
