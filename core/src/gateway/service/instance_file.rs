//! The settings file of an instance.

use std::ops::RangeInclusive;
use std::path::Path;
use std::time::Duration;

use serde::Deserialize;
use toml::Spanned;

use super::file::SettingsFile;
use crate::error::Result;
use crate::limits::{FRONT_COUNT_MAX, SERVICE_TIME_MAX, WORKERS_MAX};
use crate::proxy::{InstanceLimits, InstanceOptions};

/// What open requests may have when a service stops, and what anything else may have.
pub(super) const DRAIN_SECONDS: RangeInclusive<u64> = 0..=SERVICE_TIME_MAX.as_secs();
const SECONDS: RangeInclusive<u64> = 1..=SERVICE_TIME_MAX.as_secs();

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
    drain_seconds: Option<Spanned<u64>>,
    workers: Option<Spanned<u64>>,
    #[serde(default)]
    limits: Limits,
    #[serde(default)]
    ping: Ping,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Limits {
    connections: Option<Spanned<u64>>,
    requests: Option<Spanned<u64>>,
    requests_per_client: Option<Spanned<u64>>,
    handshake_seconds: Option<Spanned<u64>>,
    head_seconds: Option<Spanned<u64>>,
    idle_seconds: Option<Spanned<u64>>,
    stall_seconds: Option<Spanned<u64>>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Ping {
    interval_seconds: Option<Spanned<u64>>,
    deadline_seconds: Option<Spanned<u64>>,
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
    file.set_number(&mut options.workers, ("workers", &settings.workers), 1..=WORKERS_MAX)?;
    set_limits(&file, &mut options.limits, &settings.limits)?;
    file.set_seconds(&mut options.drain, ("drain_seconds", &settings.drain_seconds), DRAIN_SECONDS)?;
    settings.ping.set(&file, &mut options.ping_interval, &mut options.ping_deadline)?;
    file.at(0..0, options.check())?;
    Ok(options)
}

fn set_limits(file: &SettingsFile, limits: &mut InstanceLimits, given: &Limits) -> Result<()> {
    for (to, named) in [
        (&mut limits.connections, ("connections", &given.connections)),
        (&mut limits.requests, ("requests", &given.requests)),
        (&mut limits.requests_per_client, ("requests_per_client", &given.requests_per_client)),
    ] {
        file.set_number(to, named, 1..=FRONT_COUNT_MAX)?;
    }
    for (to, named) in [
        (&mut limits.handshake, ("handshake_seconds", &given.handshake_seconds)),
        (&mut limits.head, ("head_seconds", &given.head_seconds)),
        (&mut limits.idle, ("idle_seconds", &given.idle_seconds)),
        (&mut limits.stall, ("stall_seconds", &given.stall_seconds)),
    ] {
        file.set_seconds(to, named, SECONDS)?;
    }
    Ok(())
}

impl Ping {
    pub(super) fn set(
        &self,
        file: &SettingsFile,
        interval: &mut Duration,
        deadline: &mut Duration,
    ) -> Result<()> {
        file.set_seconds(interval, ("interval_seconds", &self.interval_seconds), SECONDS)?;
        file.set_seconds(deadline, ("deadline_seconds", &self.deadline_seconds), SECONDS)
    }
}
