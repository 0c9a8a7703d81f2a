//! How a connection is let in, from the options of `connect`.

use super::connect::ConnectOptions;
use crate::error::{Error, ErrorKind, Result};
use crate::net::authenticated_http::Authentication;
use crate::net::http::bearer;
use crate::net::{AuthMethod, ClientIdentity, Credentials};

/// What a remote transport sends to be let in.
pub(crate) struct Access {
    pub(crate) authentication: Authentication,
    /// What the client shows within the TLS handshake.
    pub(crate) identity: Option<ClientIdentity>,
    pub(crate) method: Option<AuthMethod>,
}

impl Access {
    /// Reads the options; what does not fit together is refused, rather than left out without a word.
    pub(crate) fn from_options(options: &ConnectOptions, operation: &str) -> Result<Self> {
        let refuse = |cause: &str| Err(Error::new(ErrorKind::Config, operation, cause));
        let identity = match (&options.certificate_file, &options.key_file) {
            (Some(chain), Some(key)) => {
                Some(ClientIdentity { chain: chain.clone().into(), key: key.clone().into() })
            }
            (None, None) => None,
            _ => return refuse("a client certificate needs both certificate_file and key_file"),
        };
        let has_user = options.user.is_some();
        let method = match options.auth {
            None if options.token.is_none() && has_user => Some(AuthMethod::Negotiate),
            None if options.token.is_none() && identity.is_some() => Some(AuthMethod::Certificate),
            given => given,
        };
        let Some(method) = method else {
            if has_user || options.password.is_some() || options.keytab_file.is_some() {
                return refuse("a token and a user do not go together");
            }
            let authentication = match &options.token {
                Some(token) => Authentication::Header(bearer(token, operation)?),
                None => Authentication::None,
            };
            return Ok(Access { authentication, identity, method: None });
        };
        if options.token.is_some() {
            return refuse("a token and auth do not go together");
        }
        if !method.is_negotiated() && (options.kdc.is_some() || options.keytab_file.is_some()) {
            return refuse("kdc and keytab_file are for auth negotiate and kerberos");
        }
        let authentication = match method {
            AuthMethod::Certificate if identity.is_none() => {
                return refuse("auth certificate needs certificate_file and key_file");
            }
            AuthMethod::Certificate if has_user => return refuse("auth certificate takes no user"),
            AuthMethod::Certificate => Authentication::None,
            AuthMethod::Basic => Authentication::Header(credentials(options, operation)?.basic()?),
            _ => Authentication::Negotiated {
                method,
                credentials: credentials(options, operation)?,
                sealing: false,
            },
        };
        Ok(Access { authentication, identity, method: Some(method) })
    }
}

fn credentials(options: &ConnectOptions, operation: &str) -> Result<Credentials> {
    let refuse = |cause: &str| Err(Error::new(ErrorKind::Config, operation, cause));
    let Some(user) = &options.user else { return refuse("auth needs a user") };
    let mut credentials = match (&options.password, &options.keytab_file) {
        (Some(password), None) => Credentials::password(user, password.clone())?,
        (None, Some(_)) if options.auth == Some(AuthMethod::Ntlm) => {
            return refuse("NTLM takes a password, no keytab");
        }
        (None, Some(file)) => Credentials::keytab(user, file)?,
        (None, None) => return refuse("the user has neither a password nor a keytab_file"),
        (Some(_), Some(_)) => return refuse("give the password or the keytab_file, not both"),
    };
    if let Some(realm) = &options.realm {
        credentials = credentials.with_realm(realm)?;
    }
    Ok(match &options.kdc {
        Some(kdc) => credentials.with_kdc(kdc),
        None => credentials,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::Secret;

    #[test]
    fn options_that_do_not_fit_together_are_refused() {
        let refusal = |set: fn(&mut ConnectOptions)| {
            let mut options = ConnectOptions::new("https://cm1/AdminService");
            set(&mut options);
            Access::from_options(&options, "connect").err().map(|error| error.cause().to_owned())
        };
        assert_eq!(refusal(|_| ()), None);
        assert_eq!(refusal(|o| (o.user, o.password) = (Some("a".into()), Some(Secret::new("x")))), None);
        for (set, says) in [
            ((|o| o.auth = Some(AuthMethod::Negotiate)) as fn(&mut ConnectOptions), "needs a user"),
            (|o| o.user = Some("a".into()), "neither a password nor a keytab"),
            (|o| o.auth = Some(AuthMethod::Certificate), "needs certificate_file"),
            (|o| o.key_file = Some("k.pem".into()), "both certificate_file and key_file"),
            (
                |o| {
                    o.token = Some(Secret::new("t"));
                    o.user = Some("a".into());
                },
                "do not go together",
            ),
            (
                |o| {
                    o.auth = Some(AuthMethod::Ntlm);
                    o.user = Some("a".into());
                    o.keytab_file = Some("a.keytab".into());
                },
                "no keytab",
            ),
            (
                |o| {
                    o.auth = Some(AuthMethod::Basic);
                    o.user = Some("a".into());
                    o.password = Some(Secret::new("x"));
                    o.kdc = Some("dc1".into());
                },
                "kdc",
            ),
        ] {
            let cause = refusal(set).unwrap_or_default();
            assert!(cause.contains(says), "{cause:?} {says:?}");
        }
    }
}
