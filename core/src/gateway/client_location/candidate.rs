//! The management points that a client may talk to, in the shape of `SMS_ActiveMPCandidate`.

use serde::{Serialize, Serializer};

use crate::error::{Error, ErrorKind, Result};
use crate::gateway::site_roles::{ClientConnections, RoleKind, SiteRole};
use crate::wmi::Instance;

/// The class of the client, in `root\ccm\LocationServices`.
const CLASS: &str = "SMS_ActiveMPCandidate";

/// Where a candidate serves clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CandidateKind {
    /// A management point inside.
    Assigned,
    /// A management point that the gateway leads to.
    Internet,
}

impl CandidateKind {
    /// The word of the class: `Assigned` or `Internet`.
    pub fn as_str(self) -> &'static str {
        match self {
            CandidateKind::Assigned => "Assigned",
            CandidateKind::Internet => "Internet",
        }
    }
}

impl Serialize for CandidateKind {
    fn serialize<S: Serializer>(&self, to: S) -> std::result::Result<S::Ok, S::Error> {
        to.serialize_str(self.as_str())
    }
}

/// A management point that a client may talk to.
///
/// The properties are those that public scripts show of `SMS_ActiveMPCandidate`; its whole schema is not confirmed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct MpCandidate {
    /// The host, with a port where it is not the usual one; through the gateway `<service name>/CCM_Proxy_MutualAuth/<id>`.
    pub mp: String,
    /// Where it serves clients.
    #[serde(rename = "type")]
    pub kind: CandidateKind,
    /// Its place in the list.
    pub index: u32,
    /// Its version; 1 where nothing is known.
    pub version: u32,
    /// What it can do, as the XML that the class holds.
    pub capabilities: String,
    /// True where it is reached over HTTPS.
    pub https: bool,
}

impl MpCandidate {
    /// A management point inside.
    ///
    /// # Errors
    /// `config` where the name cannot be a host, with a port or without.
    pub fn inside(host: &str, https: bool) -> Result<Self> {
        Self::new(host, CandidateKind::Assigned, https)
    }

    /// A management point through the gateway: the name under which clients list it.
    ///
    /// # Errors
    /// `config` where the service name cannot be a host.
    ///
    /// ```
    /// use cmgateway::gateway::client_location::MpCandidate;
    /// let one = MpCandidate::through_gateway("GraniteFalls.contoso.com", 72057594037937981)?;
    /// assert_eq!(one.mp, "GraniteFalls.contoso.com/CCM_Proxy_MutualAuth/72057594037937981");
    /// # Ok::<(), cmgateway::Error>(())
    /// ```
    pub fn through_gateway(service_name: &str, role_id: u64) -> Result<Self> {
        let mut one = Self::new(service_name, CandidateKind::Internet, true)?;
        one.mp = format!("{service_name}/CCM_Proxy_MutualAuth/{role_id}");
        Ok(one)
    }

    /// Reads a candidate as the class shows it: a host, or `<service name>/CCM_Proxy_MutualAuth/<id>`; over HTTPS.
    ///
    /// # Errors
    /// `config` where it is neither.
    pub fn from_text(text: &str) -> Result<Self> {
        let Some((host, rest)) = text.split_once('/') else { return Self::inside(text, true) };
        let id = match rest.split_once('/') {
            Some((way, id)) if way.eq_ignore_ascii_case("CCM_Proxy_MutualAuth") => id.parse().ok(),
            _ => None,
        };
        let Some(id) = id else {
            let cause = format!("{text:?} is neither a host nor <service name>/CCM_Proxy_MutualAuth/<id>");
            return Err(Error::new(ErrorKind::Config, "make a management point candidate", cause));
        };
        Self::through_gateway(host, id)
    }

    fn new(host: &str, kind: CandidateKind, https: bool) -> Result<Self> {
        let is_part = |c: char| c.is_ascii_alphanumeric() || "-._:[]".contains(c);
        if host.is_empty() || !host.chars().all(is_part) {
            let cause = format!("{host:?} is no host name");
            return Err(Error::new(ErrorKind::Config, "make a management point candidate", cause));
        }
        // What clients have seen: 63 for HTTPS, 0 for HTTP.
        let state = if https { 63 } else { 0 };
        let capabilities = format!(
            "<Capabilities SchemaVersion=\"1.0\"><Property Name=\"SSLState\" Value=\"{state}\"/></Capabilities>"
        );
        Ok(MpCandidate { mp: host.to_owned(), kind, index: 0, version: 1, capabilities, https })
    }

    /// The address of a file that it has.
    pub(super) fn url(&self, path: &str) -> String {
        let scheme = if self.https { "https" } else { "http" };
        format!("{scheme}://{}/{}", self.mp, path.trim_start_matches('/'))
    }

    /// The candidate as an instance of the class.
    ///
    /// # Errors
    /// None that a caller could cause.
    pub fn to_instance(&self) -> Result<Instance> {
        let mut instance = Instance::new(CLASS)?;
        instance.set("MP", self.mp.as_str())?;
        instance.set("Type", self.kind.as_str())?;
        instance.set("Index", self.index)?;
        instance.set("Version", self.version)?;
        instance.set("Capabilities", self.capabilities.as_str())?;
        Ok(instance)
    }
}

/// A management point that a gateway publishes: its server, and the number of its mapping.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublishedRole {
    /// The number in external addresses. The SMS Provider does not tell it; the mapping of the connection point does.
    pub id: u64,
    /// The server inside.
    pub server: String,
}

/// The candidates of a site: its management points for clients inside, and those that the gateway publishes.
///
/// A published one counts only where its role takes gateway traffic.
///
/// # Errors
/// `config` where a name cannot be a host.
pub fn candidates_of(
    roles: &[SiteRole],
    service_name: &str,
    published: &[PublishedRole],
) -> Result<Vec<MpCandidate>> {
    let points = || roles.iter().filter(|role| role.kind == RoleKind::ManagementPoint);
    let mut found = Vec::new();
    for role in points().filter(|role| role.client_connections != Some(ClientConnections::Internet)) {
        found.push(MpCandidate::inside(&role.server, role.https)?);
    }
    for role in points().filter(|role| role.gateway_traffic) {
        let own = published.iter().filter(|one| one.server.eq_ignore_ascii_case(&role.server));
        for one in own {
            found.push(MpCandidate::through_gateway(service_name, one.id)?);
        }
    }
    for (index, one) in found.iter_mut().enumerate() {
        one.index = u32::try_from(index).unwrap_or(u32::MAX);
    }
    Ok(found)
}
