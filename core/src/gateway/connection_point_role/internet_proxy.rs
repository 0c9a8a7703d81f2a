//! The internet proxy of a server: what its connection point dials the gateway through.

use std::fmt;

use serde::Serialize;
use serde_json::Value;

use crate::error::{Error, ErrorKind, Result};
use crate::gateway::fields::Fields;
use crate::gateway::site_control::{PropertyChange, PropertyValue, flag, number, text};
use crate::wmi::Instance;

const USE: &str = "UseProxy";
const NAME: &str = "ProxyName";
const PORT: &str = "ProxyServerPort";
const ANONYMOUS: &str = "AnonymousProxyAccess";
const USER: &str = "ProxyUserName";
/// The port of a proxy where nothing is said.
const USUAL_PORT: u16 = 80;

/// An internet proxy, as a server of the site has it.
///
/// Its properties (`UseProxy`, `ProxyName`, `ProxyServerPort`, `AnonymousProxyAccess`, `ProxyUserName`) belong to the
/// server's role `SMS Site System`; that is from public scripts, no page of Microsoft's says so. The account's password is
/// kept among the site's accounts, not here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct InternetProxy {
    /// Its host.
    pub server: String,
    /// Its TCP port.
    pub port: u16,
    /// The account that the server shows; None where it shows none.
    pub user: Option<String>,
}

impl InternetProxy {
    /// Reads `host:port`, `host` (port 80), or a table with `server`, `port` and `user`.
    ///
    /// # Errors
    /// `config` where it is neither, with the field and its rule.
    ///
    /// ```
    /// use cmgateway::gateway::connection_point_role::InternetProxy;
    /// let proxy = InternetProxy::from_json(&"proxy.contoso.com:8080".into())?;
    /// assert_eq!((proxy.server.as_str(), proxy.port), ("proxy.contoso.com", 8080));
    /// # Ok::<(), cmgateway::Error>(())
    /// ```
    pub fn from_json(given: &Value) -> Result<Self> {
        let operation = "read the internet proxy";
        let refuse = |cause: String| Err(Error::new(ErrorKind::Config, operation, cause));
        let proxy = match given {
            Value::String(text) => {
                let (server, port) = match text.rsplit_once(':') {
                    Some((server, port)) => (server, port.parse().ok().filter(|port| *port > 0)),
                    None => (text.as_str(), Some(USUAL_PORT)),
                };
                let Some(port) = port else {
                    return refuse(format!("internet_proxy must be host:port, not {text:?}"));
                };
                InternetProxy { server: server.to_owned(), port, user: None }
            }
            Value::Object(map) => {
                let mut fields = Fields::new("an internet proxy", map.clone());
                let server = fields.required_text("server");
                let port = fields.number("port", USUAL_PORT.into(), 1..=65_535);
                let user = fields.text("user");
                fields.finish(operation)?;
                InternetProxy { server, port: u16::try_from(port).unwrap_or(USUAL_PORT), user }
            }
            _ => return refuse("internet_proxy must be text, a table, or false".to_owned()),
        };
        let is_host = |c: char| c.is_ascii_alphanumeric() || "-._".contains(c);
        if proxy.server.is_empty() || !proxy.server.chars().all(is_host) {
            return refuse(format!(
                "the host {:?} of internet_proxy must be a DNS name or an IPv4 address",
                proxy.server
            ));
        }
        Ok(proxy)
    }

    /// The proxy of a server, from its role `SMS Site System`.
    pub(super) fn read(site_system: &Instance) -> Result<Option<Self>> {
        if !flag(site_system, USE)?.unwrap_or(false) {
            return Ok(None);
        }
        let port = number(site_system, PORT)?.and_then(|port| u16::try_from(port).ok());
        let user = text(site_system, USER, "Value2")?.filter(|user| !user.is_empty());
        let is_anonymous = flag(site_system, ANONYMOUS)?.unwrap_or(user.is_none());
        Ok(Some(InternetProxy {
            server: text(site_system, NAME, "Value2")?.unwrap_or_default(),
            port: port.unwrap_or(USUAL_PORT),
            user: user.filter(|_| !is_anonymous),
        }))
    }

    /// What to write so that the server uses this proxy, or none.
    pub(super) fn changes(site_system: &Instance, wanted: Option<&Self>) -> Result<Vec<PropertyChange>> {
        let properties = Self::properties(wanted);
        let change = |(name, after): (&'static str, PropertyValue)| {
            let before = match &after {
                PropertyValue::Value(_) => number(site_system, name)?.map(PropertyValue::Value),
                PropertyValue::Value1(_) => text(site_system, name, "Value1")?.map(PropertyValue::Value1),
                PropertyValue::Value2(_) => text(site_system, name, "Value2")?.map(PropertyValue::Value2),
            };
            Ok(PropertyChange { name, before, after })
        };
        properties.into_iter().map(change).collect()
    }

    /// The properties of a server that uses this proxy, or none; a proxy that is off keeps its name.
    pub(super) fn properties(wanted: Option<&Self>) -> Vec<(&'static str, PropertyValue)> {
        let Some(proxy) = wanted else { return vec![(USE, PropertyValue::Value(0))] };
        vec![
            (USE, PropertyValue::Value(1)),
            (NAME, PropertyValue::Value2(proxy.server.clone())),
            (PORT, PropertyValue::Value(proxy.port.into())),
            (ANONYMOUS, PropertyValue::Value(proxy.user.is_none().into())),
            (USER, PropertyValue::Value2(proxy.user.clone().unwrap_or_default())),
        ]
    }
}

impl fmt::Display for InternetProxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.server, self.port)?;
        match &self.user {
            Some(user) => write!(f, " as {user}"),
            None => Ok(()),
        }
    }
}
