//! The settings file of an instance.

use std::path::Path;
use std::time::Duration;

use serde::Deserialize;
use toml::Spanned;

use super::file::SettingsFile;
use crate::error::Result;
use crate::proxy::{InstanceLimits, InstanceOptions};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    #[serde(default)]
    number: u16,
    listen: Spanned<Vec<Spanned<String>>>,
    #[serde(default)]
    tunnel_listen: Vec<Spanned<String>>,
    admin_listen: Option<Spanned<String>>,
    certificate: Spanned<String>,
    key: Spanned<String>,
    connection_points: Spanned<Vec<Spanned<String>>>,
    drain_seconds: Option<u64>,
    #[serde(default)]
    limits: Limits,
    #[serde(default)]
    ping: Ping,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Limits {
    connections: Option<usize>,
    requests: Option<usize>,
    requests_per_client: Option<usize>,
    handshake_seconds: Option<u64>,
    head_seconds: Option<u64>,
    idle_seconds: Option<u64>,
    stall_seconds: Option<u64>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Ping {
    pub(super) interval_seconds: Option<u64>,
    pub(super) deadline_seconds: Option<u64>,
}

/// Reads the settings file of an instance, TOML.
///
/// Relative paths begin at the folder of the file. `examples/gateway/instance.toml` shows every key.
///
/// # Errors
/// `not_found` where there is no file; `config` and `certificate` with file and line for what is wrong in it.
pub fn read_instance_file(path: impl AsRef<Path>) -> Result<InstanceOptions> {
    let file = SettingsFile::open(path.as_ref())?;
    let settings: Settings = file.parse()?;
    let addresses = |texts: &[Spanned<String>]| {
        texts.iter().map(|text| file.read(text, "IP address with a port")).collect::<Result<Vec<_>>>()
    };
    let listen = addresses(settings.listen.get_ref())?;
    let Some(first) = listen.first() else {
        return Err(file.refuse(settings.listen.span(), "listen: at least one address is needed"));
    };
    let pins = file.pins(settings.connection_points.get_ref())?;
    let identity = (file.pem(&settings.certificate), file.pem(&settings.key));
    let mut options = InstanceOptions::new(*first, identity, pins);
    options.number = settings.number;
    options.listen = listen;
    options.tunnel_listen = addresses(&settings.tunnel_listen)?;
    if let Some(admin) = &settings.admin_listen {
        options.admin_listen = Some(file.read(admin, "IP address with a port")?);
    }
    options.limits = limits(&settings.limits);
    set_seconds(&mut options.drain, settings.drain_seconds);
    set_seconds(&mut options.ping_interval, settings.ping.interval_seconds);
    set_seconds(&mut options.ping_deadline, settings.ping.deadline_seconds);
    file.at(0..0, options.check())?;
    Ok(options)
}

fn limits(given: &Limits) -> InstanceLimits {
    let mut limits = InstanceLimits::default();
    let set = |to: &mut usize, from: Option<usize>| *to = from.unwrap_or(*to);
    set(&mut limits.connections, given.connections);
    set(&mut limits.requests, given.requests);
    set(&mut limits.requests_per_client, given.requests_per_client);
    set_seconds(&mut limits.handshake, given.handshake_seconds);
    set_seconds(&mut limits.head, given.head_seconds);
    set_seconds(&mut limits.idle, given.idle_seconds);
    set_seconds(&mut limits.stall, given.stall_seconds);
    limits
}

pub(super) fn set_seconds(to: &mut Duration, from: Option<u64>) {
    if let Some(seconds) = from {
        *to = Duration::from_secs(seconds);
    }
}
