//! Rules of an Azure network security group.

use serde_json::{Value, json};

use super::RequiredPorts;
use super::rows::PortSource;

/// The first priority; each rule has the next but nine, so that others fit between.
const FIRST_PRIORITY: usize = 100;

/// What comes in at the gateway.
pub(super) fn rules(ports: &RequiredPorts) -> String {
    let inbound = ports.rows.iter().filter(|row| row.to_gateway);
    let rules: Vec<Value> = inbound
        .enumerate()
        .map(|(at, row)| {
            let who = match row.from {
                PortSource::Client => "clients",
                _ => "connection-points",
            };
            json!({
                "name": format!("cmg-{who}-{}", row.ports()),
                "properties": {
                    "description": row.purpose,
                    "priority": FIRST_PRIORITY + at * 10,
                    "direction": "Inbound",
                    "access": "Allow",
                    "protocol": "Tcp",
                    "sourceAddressPrefix": "Internet",
                    "sourcePortRange": "*",
                    "destinationAddressPrefix": "*",
                    "destinationPortRange": row.ports(),
                },
            })
        })
        .collect();
    serde_json::to_string_pretty(&rules).unwrap_or_default()
}
