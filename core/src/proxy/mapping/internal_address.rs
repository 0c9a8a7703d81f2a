//! Where a published role lives inside.

use std::fmt;
use std::str::FromStr;

use hyper::Uri;
use hyper::http::uri::Scheme;

use crate::error::{Error, ErrorKind};

/// The base address of a role inside, such as `https://mp1.contoso.com`.
///
/// ```
/// use cmgateway::proxy::InternalAddress;
/// let address: InternalAddress = "https://mp1.contoso.com/base/".parse()?;
/// assert_eq!(address.to_string(), "https://mp1.contoso.com/base");
/// assert!("ftp://mp1.contoso.com".parse::<InternalAddress>().is_err());
/// # Ok::<(), cmgateway::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct InternalAddress {
    is_tls: bool,
    host: String,
    port: u16,
    authority: String,
    base: String,
}

impl InternalAddress {
    /// True for `https`.
    pub fn is_tls(&self) -> bool {
        self.is_tls
    }

    /// The host name, or the IP address without brackets.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port, 443 or 80 where the address names none.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Host and port as they go into the `Host` header.
    pub fn authority(&self) -> &str {
        &self.authority
    }

    /// The path and query to ask for: the base, what stands behind the id, and the query.
    pub fn path_and_query(&self, rest: &str, query: Option<&str>) -> String {
        let rest = if rest.is_empty() { "/" } else { rest };
        match query {
            Some(query) => format!("{}{rest}?{query}", self.base),
            None => format!("{}{rest}", self.base),
        }
    }
}

impl FromStr for InternalAddress {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let refuse =
            |cause: &str| Error::new(ErrorKind::Config, format!("read internal address {text:?}"), cause);
        let uri: Uri = text.parse().map_err(|_| refuse("it is no URL"))?;
        let is_tls = match uri.scheme() {
            Some(scheme) if *scheme == Scheme::HTTPS => true,
            Some(scheme) if *scheme == Scheme::HTTP => false,
            _ => return Err(refuse("it does not begin with https:// or http://")),
        };
        let authority = uri.authority().ok_or_else(|| refuse("it names no host"))?;
        if authority.as_str().contains('@') {
            return Err(refuse("it holds a user name"));
        }
        if uri.query().is_some() || text.contains('#') {
            return Err(refuse("it holds a query or a fragment"));
        }
        let host = authority.host().trim_start_matches('[').trim_end_matches(']').to_owned();
        if host.is_empty() {
            return Err(refuse("it names no host"));
        }
        Ok(InternalAddress {
            is_tls,
            port: authority.port_u16().unwrap_or(if is_tls { 443 } else { 80 }),
            authority: authority.as_str().to_owned(),
            host,
            base: uri.path().trim_end_matches('/').to_owned(),
        })
    }
}

impl fmt::Display for InternalAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.is_tls { "https" } else { "http" };
        write!(f, "{scheme}://{}{}", self.authority, self.base)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_base_takes_what_stands_behind_the_id() {
        let address: InternalAddress = "https://[::1]:8443/inner".parse().unwrap();
        assert_eq!((address.host(), address.port(), address.authority()), ("::1", 8443, "[::1]:8443"));
        assert_eq!(
            address.path_and_query("/SMS_MP/.sms_aut", Some("MPLIST")),
            "/inner/SMS_MP/.sms_aut?MPLIST"
        );
        assert_eq!(address.path_and_query("", None), "/inner/");
    }

    #[test]
    fn what_is_no_base_is_refused_with_its_reason() {
        for (text, cause) in [
            ("mp1.contoso.com", "it does not begin with https:// or http://"),
            ("https://u:p@mp1", "it holds a user name"),
            ("https://mp1/?q", "it holds a query or a fragment"),
            ("https://mp1/ x", "it is no URL"),
        ] {
            assert_eq!(text.parse::<InternalAddress>().unwrap_err().cause(), cause);
        }
    }
}
