//! Which connections a gateway needs; pure.

use serde::Serialize;

use super::RequiredPorts;
use crate::azure::AzureEnvironment;
use crate::gateway::site_roles::{RoleKind, SiteRole};

/// The first port of the HTTPS channels to several instances: instance n has 10124 + (n - 1).
const HTTPS_CHANNEL: u16 = 10_124;
/// The first port of the TCP-TLS channels of classic deployments.
const TLS_CHANNEL: u16 = 10_140;

/// What the rows follow from.
#[derive(Clone, Debug)]
pub struct PortsInput {
    /// The gateway's service name.
    pub service_name: String,
    /// Its name in Azure; empty where the site does not tell it.
    pub name: String,
    /// Its deployment name; empty where the site does not tell it.
    pub fqdn: String,
    /// How many instances it has, 1 to 16.
    pub instances: u16,
    /// True for a scale set of the Resource Manager; else the TCP-TLS channels of classic deployments are listed too.
    pub is_resource_manager: bool,
    /// True for Azure's US government cloud.
    pub is_government: bool,
    /// The roles inside that take gateway traffic.
    pub inside: Vec<SiteRole>,
}

/// Who opens a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum PortSource {
    /// A server with the role of a connection point.
    ConnectionPoint,
    /// The service connection point, which deploys the gateway.
    ServiceConnectionPoint,
    /// A client on the Internet.
    Client,
}

impl PortSource {
    /// In words, for tables.
    pub(super) fn words(self) -> &'static str {
        match self {
            PortSource::ConnectionPoint => "connection point",
            PortSource::ServiceConnectionPoint => "service connection point",
            PortSource::Client => "client",
        }
    }
}

/// One connection that a firewall must let through.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct RequiredPort {
    /// Who opens it.
    pub from: PortSource,
    /// To which host.
    pub to: String,
    /// What is spoken: `HTTPS`, `HTTP` or `TCP-TLS`.
    pub protocol: String,
    /// The first TCP port.
    pub first_port: u16,
    /// The last TCP port; the first one again where it is only one.
    pub last_port: u16,
    /// True where it goes to the gateway itself.
    pub to_gateway: bool,
    /// What it is for.
    pub purpose: String,
}

impl RequiredPort {
    /// The ports as `443` or `10124-10127`.
    pub fn ports(&self) -> String {
        match self.first_port == self.last_port {
            true => self.first_port.to_string(),
            false => format!("{}-{}", self.first_port, self.last_port),
        }
    }

    pub(super) fn cells(&self) -> [String; 5] {
        let from = self.from.words().to_owned();
        [from, self.to.clone(), self.protocol.clone(), self.ports(), self.purpose.clone()]
    }
}

/// Lists the connections.
///
/// ```
/// use cmgateway::gateway::required_ports::{PortsInput, required_ports};
/// let ports = required_ports(&PortsInput {
///     service_name: "GraniteFalls.contoso.com".into(),
///     name: "granitefalls".into(),
///     fqdn: "granitefalls.westus2.cloudapp.azure.com".into(),
///     instances: 4,
///     is_resource_manager: true,
///     is_government: false,
///     inside: Vec::new(),
/// });
/// assert_eq!(ports.rows[0].ports(), "10124-10127");
/// ```
pub fn required_ports(input: &PortsInput) -> RequiredPorts {
    let mut rows = Vec::new();
    channels(input, &mut rows);
    inside(input, &mut rows);
    azure(input, &mut rows);
    let notes = vec![
        "devices on the way must let through the verbs HEAD, GET, CCM_POST, BITS_POST, PROPFIND and the headers Range, \
         CCMClientID, CCMClientIDSignature, CCMClientTimestamp, CCMClientTimestampSignature"
            .to_owned(),
        "nothing inspects TLS on the way: clients show certificates, and the connection point pins the gateway's".to_owned(),
    ];
    RequiredPorts { service_name: input.service_name.clone(), rows, notes }
}

fn row(from: PortSource, to: &str, protocol: &str, ports: (u16, u16), purpose: &str) -> RequiredPort {
    RequiredPort {
        from,
        to: to.to_owned(),
        protocol: protocol.to_owned(),
        first_port: ports.0,
        last_port: ports.1,
        to_gateway: false,
        purpose: purpose.to_owned(),
    }
}

/// What goes to the gateway itself.
fn channels(input: &PortsInput, rows: &mut Vec<RequiredPort>) {
    let last = |first: u16| first + input.instances.clamp(1, 16) - 1;
    let gateway = if input.fqdn.is_empty() { &input.service_name } else { &input.fqdn };
    let mut to_gateway = |from, to: &str, protocol, ports, purpose| {
        rows.push(RequiredPort { to_gateway: true, ..row(from, to, protocol, ports, purpose) });
    };
    let point = PortSource::ConnectionPoint;
    if !input.is_resource_manager {
        let ports = (TLS_CHANNEL, last(TLS_CHANNEL));
        let why =
            "channel, a port for each instance; classic deployments try it first, no proxy can be between";
        to_gateway(point, gateway, "TCP-TLS", ports, why);
    }
    match input.instances {
        0 | 1 => to_gateway(point, gateway, "HTTPS", (443, 443), "channel to the one instance"),
        _ => {
            let ports = (HTTPS_CHANNEL, last(HTTPS_CHANNEL));
            to_gateway(point, gateway, "HTTPS", ports, "channel, a port for each instance; 443 is not used");
        }
    }
    to_gateway(PortSource::Client, &input.service_name, "HTTPS", (443, 443), "all traffic of clients");
}

/// What the connection point passes requests on to.
fn inside(input: &PortsInput, rows: &mut Vec<RequiredPort>) {
    for role in &input.inside {
        let protocol = if role.https { "HTTPS" } else { "HTTP" };
        let purpose = match role.kind {
            RoleKind::SoftwareUpdatePoint => "requests of clients to the software update point",
            _ => "requests of clients to the management point",
        };
        rows.push(row(PortSource::ConnectionPoint, &role.server, protocol, (role.port, role.port), purpose));
    }
}

/// What a gateway in Azure needs beside itself; the names follow from its own.
fn azure(input: &PortsInput, rows: &mut Vec<RequiredPort>) {
    let cloud = match input.is_government {
        true => AzureEnvironment::UsGovernmentCloud,
        false => AzureEnvironment::PublicCloud,
    };
    if input.name.is_empty() || !input.fqdn.contains("cloudapp") {
        return;
    }
    let (storage, vault) = (cloud.storage_suffix(), cloud.key_vault_suffix());
    let host = |url: &'static str| url.trim_start_matches("https://").to_owned();
    let blob = format!("{}.blob.{storage}", input.name);
    let (point, https) = (PortSource::ConnectionPoint, (443, 443));
    rows.push(row(point, &blob, "HTTPS", https, "storage of the gateway"));
    let table = format!("{}.table.{storage}", input.name);
    rows.push(row(point, &table, "HTTPS", https, "storage of the gateway"));
    if input.is_resource_manager {
        rows.push(row(
            point,
            &format!("{}.{vault}", input.name),
            "HTTPS",
            https,
            "certificates of the gateway",
        ));
    }
    let client = PortSource::Client;
    rows.push(row(client, &blob, "HTTPS", https, "content that the gateway serves"));
    let login = host(cloud.authority_url());
    rows.push(row(client, &login, "HTTPS", https, "sign-in, for clients that prove themselves by Entra ID"));
    let (deployer, manager) = (PortSource::ServiceConnectionPoint, host(cloud.resource_manager_url()));
    rows.push(row(deployer, &manager, "HTTPS", https, "deployment of the gateway"));
    rows.push(row(deployer, &login, "HTTPS", https, "sign-in for the deployment"));
}
