//! A role on a server, as far as gateway traffic goes, and what to change of it.

use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

use crate::error::{Error, ErrorKind, Result};
use crate::gateway::fields::Fields;
use crate::gateway::site_control::{flag, number, server_of};
use crate::wmi::{Instance, Value as WmiValue};

/// A role that clients talk to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RoleKind {
    /// `SMS Management Point`.
    ManagementPoint,
    /// `SMS Software Update Point`.
    SoftwareUpdatePoint,
    /// `SMS Distribution Point`.
    DistributionPoint,
}

impl RoleKind {
    /// All of them.
    pub const ALL: [RoleKind; 3] =
        [RoleKind::ManagementPoint, RoleKind::SoftwareUpdatePoint, RoleKind::DistributionPoint];

    /// The word that scripts use.
    pub fn as_str(self) -> &'static str {
        match self {
            RoleKind::ManagementPoint => "management_point",
            RoleKind::SoftwareUpdatePoint => "software_update_point",
            RoleKind::DistributionPoint => "distribution_point",
        }
    }

    /// Its `RoleName` in the site.
    pub fn role_name(self) -> &'static str {
        match self {
            RoleKind::ManagementPoint => "SMS Management Point",
            RoleKind::SoftwareUpdatePoint => "SMS Software Update Point",
            RoleKind::DistributionPoint => "SMS Distribution Point",
        }
    }

    /// The property that says HTTPS.
    pub(super) fn https_property(self) -> &'static str {
        match self {
            RoleKind::SoftwareUpdatePoint => "SSLWSUS",
            _ => "SslState",
        }
    }

    /// The properties that say whether clients come from the Internet and from the intranet.
    pub(super) fn connection_properties(self) -> Option<(&'static str, &'static str)> {
        match self {
            RoleKind::ManagementPoint => Some(("MPInternetFacing", "MPIntranetFacing")),
            RoleKind::SoftwareUpdatePoint => Some(("IsINF", "IsIntranet")),
            RoleKind::DistributionPoint => None,
        }
    }
}

impl std::str::FromStr for RoleKind {
    type Err = Error;

    /// Reads the word that scripts use, or the site's own name.
    fn from_str(word: &str) -> Result<Self> {
        let is = |kind: &RoleKind| kind.as_str() == word || kind.role_name().eq_ignore_ascii_case(word);
        RoleKind::ALL.into_iter().find(is).ok_or_else(|| {
            let words: Vec<_> = RoleKind::ALL.iter().map(|kind| kind.as_str()).collect();
            let cause = format!("role {word:?} must be one of {}", words.join(", "));
            Error::new(ErrorKind::Config, "find a role", cause)
        })
    }
}

impl Serialize for RoleKind {
    fn serialize<S: Serializer>(&self, to: S) -> std::result::Result<S::Ok, S::Error> {
        to.serialize_str(self.as_str())
    }
}

/// Where the clients of a role are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientConnections {
    /// Inside only.
    Intranet,
    /// On the Internet only.
    Internet,
    /// Both.
    InternetAndIntranet,
}

impl ClientConnections {
    /// The words that scripts use, with their meaning.
    pub const WORDS: [(&'static str, ClientConnections); 3] = [
        ("intranet", ClientConnections::Intranet),
        ("internet", ClientConnections::Internet),
        ("internet_and_intranet", ClientConnections::InternetAndIntranet),
    ];

    /// The word that scripts use.
    pub fn as_str(self) -> &'static str {
        Self::WORDS.iter().find(|(_, each)| *each == self).map_or("", |(word, _)| word)
    }

    /// Whether clients come from the Internet and from the intranet.
    pub(super) fn sides(self) -> (bool, bool) {
        (self != ClientConnections::Intranet, self != ClientConnections::Internet)
    }
}

impl Serialize for ClientConnections {
    fn serialize<S: Serializer>(&self, to: S) -> std::result::Result<S::Ok, S::Error> {
        to.serialize_str(self.as_str())
    }
}

/// A management, software update or distribution point, as the site knows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct SiteRole {
    /// Which role.
    pub kind: RoleKind,
    /// The server, by its full name where the site has it.
    pub server: String,
    /// The site.
    pub site_code: String,
    /// True where clients reach it over HTTPS.
    ///
    /// That is the property `SslState` where the item has it, else the item's own `SslState` (1 and 3 are HTTPS); which of
    /// them a real provider goes by is not confirmed. A software update point has `SSLWSUS`.
    pub https: bool,
    /// True where it takes traffic of a cloud management gateway (`AllowProxyTraffic`).
    pub gateway_traffic: bool,
    /// Where its clients are; None for a distribution point.
    pub client_connections: Option<ClientConnections>,
    /// The TCP port on which the connection point reaches it.
    pub port: u16,
    /// The path of its item.
    pub path: String,
}

impl SiteRole {
    /// Reads a role from its item.
    pub(super) fn read(kind: RoleKind, item: &Instance) -> Result<Self> {
        let https = match number(item, kind.https_property())? {
            Some(number) => is_https(number.into()),
            None => item.get("SslState").and_then(WmiValue::as_integer).is_some_and(is_https),
        };
        let client_connections = match kind.connection_properties() {
            None => None,
            Some((internet, intranet)) => {
                match (flag(item, internet)?.unwrap_or(false), flag(item, intranet)?.unwrap_or(true)) {
                    (true, true) => Some(ClientConnections::InternetAndIntranet),
                    (true, false) => Some(ClientConnections::Internet),
                    (false, _) => Some(ClientConnections::Intranet),
                }
            }
        };
        let port = match (kind, https) {
            (RoleKind::SoftwareUpdatePoint, true) => port(item, "WSUSIISSSLPort", 8531)?,
            (RoleKind::SoftwareUpdatePoint, false) => port(item, "WSUSIISPort", 8530)?,
            (_, true) => 443,
            (_, false) => 80,
        };
        Ok(SiteRole {
            kind,
            server: server_of(item),
            site_code: item.text("SiteCode").unwrap_or_default().to_owned(),
            https,
            gateway_traffic: flag(item, "AllowProxyTraffic")?.unwrap_or(false),
            client_connections,
            port,
            path: item.path().map(ToString::to_string).unwrap_or_default(),
        })
    }

    /// The role and its server, for messages.
    pub(super) fn title(&self) -> String {
        format!("{} on {}", self.kind.role_name(), self.server)
    }
}

/// 0 HTTP, 1 HTTPS, 2 not applicable, 3 always HTTPS, 4 always HTTP.
fn is_https(state: i128) -> bool {
    state == 1 || state == 3
}

fn port(item: &Instance, name: &str, usual: u16) -> Result<u16> {
    Ok(number(item, name)?
        .and_then(|port| u16::try_from(port).ok())
        .filter(|port| *port > 0)
        .unwrap_or(usual))
}

/// What to change of a role; what is None stays.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RoleChanges {
    /// Whether clients reach it over HTTPS.
    pub https: Option<bool>,
    /// Whether it takes traffic of a cloud management gateway.
    pub gateway_traffic: Option<bool>,
    /// Where its clients are.
    pub client_connections: Option<ClientConnections>,
}

impl RoleChanges {
    /// Reads the changes from a table with the names of the fields; every mistake is told at once.
    ///
    /// # Errors
    /// `config` with every field that is unknown or of another type, and where nothing is asked for.
    ///
    /// ```
    /// use cmgateway::gateway::site_roles::RoleChanges;
    /// let changes = RoleChanges::from_json(serde_json::json!({ "https": true, "gateway_traffic": true }))?;
    /// assert_eq!(changes.gateway_traffic, Some(true));
    /// # Ok::<(), cmgateway::Error>(())
    /// ```
    pub fn from_json(table: Value) -> Result<Self> {
        let operation = "read the changes of a role";
        let map = match table {
            Value::Object(map) => map,
            Value::Null => Map::new(),
            _ => return Err(Error::new(ErrorKind::Config, operation, "the changes must be a table")),
        };
        let mut fields = Fields::new("a role", map);
        let changes = RoleChanges {
            https: fields.said("https"),
            gateway_traffic: fields.said("gateway_traffic"),
            client_connections: fields.word("client_connections", &ClientConnections::WORDS),
        };
        fields.finish(operation)?;
        if changes == RoleChanges::default() {
            return Err(Error::new(ErrorKind::Config, operation, "nothing is given to change"));
        }
        Ok(changes)
    }
}
