//! The settings file of an instance, as a cloud writes it; `gateway::service` reads it.

use std::fmt;

use crate::error::{Error, ErrorKind, Result};
use crate::gateway::spec::CheckedSpec;
use crate::proxy::Pin;

/// What stands in the file.
pub(super) struct InstanceSettings<'a> {
    pub(super) number: u16,
    pub(super) listen: String,
    /// Where only tunnels connect.
    pub(super) tunnel_listen: Option<String>,
    /// Files.
    pub(super) certificate: &'a str,
    pub(super) key: &'a str,
    pub(super) connection_points: Vec<Pin>,
}

impl fmt::Display for InstanceSettings<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tunnels: Vec<String> = self.tunnel_listen.iter().map(|address| quoted(address)).collect();
        let pins: Vec<String> = self.connection_points.iter().map(|pin| quoted(&pin.to_string())).collect();
        writeln!(f, "number = {}", self.number)?;
        writeln!(f, "listen = [{}]", quoted(&self.listen))?;
        writeln!(f, "tunnel_listen = [{}]", tunnels.join(", "))?;
        writeln!(f, "certificate = {}", quoted(self.certificate))?;
        writeln!(f, "key = {}", quoted(self.key))?;
        writeln!(f, "connection_points = [{}]", pins.join(", "))
    }
}

/// A text of TOML: its escapes are those of JSON.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// The pins of the connection points that the spec lets in.
pub(super) fn pins(spec: &CheckedSpec) -> Result<Vec<Pin>> {
    if spec.connection_points.is_empty() {
        let cause = "connection_point_cert is missing; the instances let in no connection point without it";
        return Err(Error::new(ErrorKind::Config, "plan the gateway", cause));
    }
    Ok(spec.connection_points.iter().map(Pin::of).collect())
}
