//! The ports that a gateway needs open, for the firewall team: as rows, JSON, rules of an Azure network security group,
//! and an nftables file.

mod nftables;
mod rows;
mod security_group;

use std::fmt;

use serde::Serialize;

pub use self::rows::{PortSource, PortsInput, RequiredPort, required_ports};
use super::Gateway;
use super::site_roles::{RoleKind, SiteRole, SiteRoles};
use crate::error::Result;
use crate::wmi::{Instance, Value};

/// The connections that a gateway needs, each with who opens it, to where, and on which TCP ports.
///
/// It prints as a table and serialises to JSON. All connections start inside or at the client: no port is opened from the
/// Internet to the site. From Microsoft's page on the data flow of the gateway, and its list of endpoints.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct RequiredPorts {
    /// The gateway's service name.
    pub service_name: String,
    /// The connections.
    pub rows: Vec<RequiredPort>,
    /// What else devices on the way must let through.
    pub notes: Vec<String>,
}

impl RequiredPorts {
    /// The rows as JSON text, indented by two blanks.
    pub fn to_json(&self) -> String {
        // Texts, numbers and lists of them always have a JSON form.
        serde_json::to_string_pretty(self).unwrap_or_default()
    }

    /// The inbound rules of the gateway's network security group, as the JSON array `securityRules` of a template.
    pub fn to_security_group(&self) -> String {
        security_group::rules(self)
    }

    /// An nftables chain for what goes out of the site; jump to it, and fill its address sets.
    ///
    /// `nft` takes no names of changing addresses, so each destination is an empty set with the name beside it.
    pub fn to_nftables(&self) -> String {
        nftables::file(self)
    }
}

impl fmt::Display for RequiredPorts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cells: Vec<[String; 5]> = self.rows.iter().map(RequiredPort::cells).collect();
        let heading = ["FROM", "TO", "PROTOCOL", "TCP PORTS", "WHY"].map(str::to_owned);
        let width = |at: usize| {
            let cells = cells.iter().chain(std::iter::once(&heading));
            cells.filter_map(|row| row.get(at)).map(|cell| cell.chars().count()).max().unwrap_or(0)
        };
        let widths = [0, 1, 2, 3].map(width);
        writeln!(f, "Ports of gateway {}", self.service_name)?;
        for row in std::iter::once(&heading).chain(&cells) {
            let [from, to, protocol, ports, why] = row;
            let [a, b, c, d] = widths;
            writeln!(f, "  {from:a$}  {to:b$}  {protocol:c$}  {ports:d$}  {why}")?;
        }
        for (at, note) in self.notes.iter().enumerate() {
            f.write_str(if at > 0 { "\n" } else { "" })?;
            write!(f, "  note: {note}")?;
        }
        Ok(())
    }
}

impl Gateway {
    /// Lists the ports that the gateway, its connection points and its clients need open.
    ///
    /// Number of instances, deployment model and names come from the site's row of the gateway, the servers inside from its
    /// roles that take gateway traffic.
    ///
    /// # Errors
    /// Those of [`Gateway::find`] and [`SiteRoles::list`].
    pub async fn required_ports(&self) -> Result<RequiredPorts> {
        let row = self.instance().await?;
        let roles = SiteRoles::of(self.site()).list(None).await?;
        // A distribution point that says so is a leftover of 1606 and takes none.
        let takes_traffic =
            |role: &SiteRole| role.gateway_traffic && role.kind != RoleKind::DistributionPoint;
        let inside = roles.into_iter().filter(takes_traffic).collect();
        let number = |name: &str| row.get(name).and_then(Value::as_integer);
        let instances = number("NumberOfInstances").and_then(|all| u16::try_from(all).ok()).unwrap_or(1);
        Ok(required_ports(&PortsInput {
            service_name: self.service_name().to_owned(),
            name: text(&row, "Name"),
            fqdn: text(&row, "Fqdn"),
            instances,
            // 1 is the Resource Manager; which number is the classic model is not documented.
            is_resource_manager: number("DeploymentModel") == Some(1),
            is_government: text(&row, "Fqdn").contains("usgov"),
            inside,
        }))
    }
}

fn text(row: &Instance, name: &str) -> String {
    row.text(name).unwrap_or_default().to_owned()
}
