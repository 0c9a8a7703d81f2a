//! The settings file of a connection point.

use std::path::Path;
use std::time::Duration;

use serde::Deserialize;
use toml::Spanned;

use super::file::SettingsFile;
use super::instance_file::{DRAIN_SECONDS, Ping};
use super::key_set::KeySetSource;
use super::monitor_file::{
    DashboardFile, DashboardSettings, MonitorFile, MonitorSettings, dashboard_settings, monitor_settings,
};
use super::site_watch::SiteSource;
use crate::cert::{Certificate, RevocationMode, load_crl_file};
use crate::error::Result;
use crate::limits::{
    KEY_SET_INTERVAL, KEY_SET_INTERVAL_MIN, REMOTE_SITE_WATCH_INTERVAL, SITE_WATCH_INTERVAL,
    SITE_WATCH_INTERVAL_MIN, TUNNEL_CONNECTIONS_MAX, WORKERS_MAX,
};
use crate::net::{AuthMethod, Credentials, TrustedRoots};
use crate::proxy::{
    Configuration, ConnectionPointOptions, EntraTenant, InstanceAddress, MANAGEMENT_POINT_ENDPOINTS, Mapping,
    TokenRules, TunnelProxy, usual_connections,
};
use crate::secret::Secret;
use crate::site::ConnectOptions;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    name: String,
    certificate: Spanned<String>,
    key: Spanned<String>,
    instance_pins: Vec<Spanned<String>>,
    connections: Option<Spanned<u64>>,
    workers: Option<Spanned<u64>>,
    drain_seconds: Option<Spanned<u64>>,
    gateway: Spanned<GatewaySettings>,
    proxy: Option<ProxySettings>,
    #[serde(default)]
    inside: Inside,
    trust: Trust,
    site: Option<SiteSettings>,
    mapping: Vec<Spanned<MappingSettings>>,
    tokens: Option<Tokens>,
    #[serde(default)]
    entra: Vec<EntraTenant>,
    #[serde(default)]
    ping: Ping,
    monitor: Option<MonitorFile>,
    dashboard: Option<DashboardFile>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct GatewaySettings {
    service_name: String,
    instances: Option<u16>,
    addresses: Option<Vec<Vec<String>>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ProxySettings {
    address: String,
    auth: Option<Spanned<String>>,
    user: Option<Spanned<String>>,
    password_file: Option<Spanned<String>>,
    keytab_file: Option<Spanned<String>>,
    realm: Option<String>,
    kdc: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Inside {
    roots: Option<Spanned<String>>,
    certificate: Option<Spanned<String>>,
    key: Option<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Trust {
    roots: Vec<Spanned<String>>,
    #[serde(default)]
    sub_cas: Vec<Spanned<String>>,
    #[serde(default)]
    crls: Vec<Spanned<String>>,
    revocation: Option<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SiteSettings {
    address: String,
    token_file: Option<Spanned<String>>,
    roots: Option<Spanned<String>>,
    poll_milliseconds: Option<u64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MappingSettings {
    id: u64,
    internal: Vec<String>,
    endpoints: Option<Vec<String>>,
    request_body_bytes_max: Option<u64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Tokens {
    issuers: Vec<String>,
    audiences: Vec<String>,
    /// A file, or where the issuer publishes it.
    keys: Spanned<String>,
    roots: Option<Spanned<String>>,
    refresh_seconds: Option<u64>,
}

/// What a settings file says: the options, every uploaded sub-CA, and the site that says which of them count.
#[derive(Debug)]
pub(super) struct PointFile {
    pub(super) options: ConnectionPointOptions,
    pub(super) uploaded: Vec<Certificate>,
    pub(super) site: Option<SiteSource>,
    pub(super) key_set: Option<KeySetSource>,
    /// Nothing where nobody watches by itself.
    pub(super) monitor: Option<MonitorSettings>,
    pub(super) dashboard: Option<DashboardSettings>,
}

/// Reads the settings file of a connection point, TOML.
///
/// Relative paths begin at the folder of the file. `examples/gateway/connection_point.toml` shows every key. Where it
/// names a site, the sub-CAs of the options are all that were uploaded; the site then says which count.
///
/// # Errors
/// `not_found` where there is no file; `config` and `certificate` with file and line for what is wrong in it.
pub fn read_connection_point_file(path: impl AsRef<Path>) -> Result<ConnectionPointOptions> {
    read(path.as_ref()).map(|read| read.options)
}

pub(super) fn read(path: &Path) -> Result<PointFile> {
    let file = SettingsFile::open(path)?;
    let settings: Settings = file.parse()?;
    let uploaded = file.certificates(&settings.trust.sub_cas)?;
    let mappings = settings.mapping.iter().map(|each| mapping(&file, each)).collect::<Result<Vec<_>>>()?;
    let gateway = settings.gateway.get_ref();
    let mut options = ConnectionPointOptions::new(
        settings.name.clone(),
        file.at(settings.gateway.span(), instances(gateway))?,
        (file.pem(&settings.certificate), file.pem(&settings.key)),
        file.pins(&settings.instance_pins)?,
        mappings,
        configuration(&file, &settings, &uploaded)?,
    );
    file.set_number(&mut options.workers, ("workers", &settings.workers), 1..=WORKERS_MAX)?;
    options.connections = usual_connections(options.workers);
    let connections = ("connections", &settings.connections);
    file.set_number(&mut options.connections, connections, 1..=TUNNEL_CONNECTIONS_MAX)?;
    file.set_seconds(&mut options.drain, ("drain_seconds", &settings.drain_seconds), DRAIN_SECONDS)?;
    settings.ping.set(&file, &mut options.ping_interval, &mut options.ping_deadline)?;
    if let Some(roots) = &settings.inside.roots {
        options.inside_roots = TrustedRoots::File(file.path(roots));
    }
    options.inside_identity = match (&settings.inside.certificate, &settings.inside.key) {
        (Some(certificate), Some(key)) => Some((file.pem(certificate), file.pem(key))),
        (None, None) => None,
        (Some(alone), None) | (None, Some(alone)) => {
            return Err(file.refuse(alone.span(), "inside: certificate and key belong together"));
        }
    };
    options.proxy = settings.proxy.as_ref().map(|proxy| tunnel_proxy(&file, proxy)).transpose()?;
    file.at(0..0, options.check())?;
    let site =
        settings.site.as_ref().map(|site| site_source(&file, site, &gateway.service_name)).transpose()?;
    let key_set = match &settings.tokens {
        Some(tokens) if is_address(&tokens.keys) => Some(key_set_source(&file, tokens)?),
        _ => None,
    };
    let monitor = settings.monitor.as_ref().map(|given| monitor_settings(&file, given)).transpose()?;
    let dashboard = settings.dashboard.as_ref().map(|given| dashboard_settings(&file, given)).transpose()?;
    Ok(PointFile { options, uploaded, site, key_set, monitor, dashboard })
}

fn tunnel_proxy(file: &SettingsFile, given: &ProxySettings) -> Result<TunnelProxy> {
    let address = given.address.clone();
    let Some(user) = &given.user else {
        let alone = [&given.auth, &given.password_file, &given.keytab_file].into_iter().flatten().next();
        return match alone {
            Some(alone) => Err(file.refuse(alone.span(), "proxy: it needs a user as well")),
            None => Ok(TunnelProxy { address, login: None }),
        };
    };
    let method = match &given.auth {
        None => AuthMethod::Basic,
        Some(word) => file.at(word.span(), word.get_ref().parse())?,
    };
    if method == AuthMethod::Certificate {
        return Err(file.refuse(user.span(), "proxy: auth is one of basic, negotiate, kerberos, ntlm"));
    }
    let credentials = match (&given.password_file, &given.keytab_file) {
        (Some(password), None) => Credentials::password(user.get_ref(), secret(file, password)?),
        (None, Some(keytab)) => Credentials::keytab(user.get_ref(), file.path(keytab)),
        _ => {
            return Err(file.refuse(user.span(), "proxy: it needs password_file or keytab_file, one of them"));
        }
    };
    let mut credentials = file.at(user.span(), credentials)?;
    if let Some(realm) = &given.realm {
        credentials = file.at(user.span(), credentials.with_realm(realm))?;
    }
    if let Some(kdc) = &given.kdc {
        credentials = credentials.with_kdc(kdc);
    }
    Ok(TunnelProxy { address, login: Some((method, credentials)) })
}

fn is_address(keys: &Spanned<String>) -> bool {
    keys.get_ref().contains("://")
}

fn key_set_source(file: &SettingsFile, tokens: &Tokens) -> Result<KeySetSource> {
    let trusted_roots =
        tokens.roots.as_ref().map_or(TrustedRoots::System, |roots| TrustedRoots::File(file.path(roots)));
    let interval =
        tokens.refresh_seconds.map_or(KEY_SET_INTERVAL, Duration::from_secs).max(KEY_SET_INTERVAL_MIN);
    let rules = TokenRules {
        issuers: tokens.issuers.clone(),
        audiences: tokens.audiences.clone(),
        keys: String::new(),
    };
    file.at(tokens.keys.span(), KeySetSource::new(tokens.keys.get_ref(), trusted_roots, rules, interval))
}

fn instances(gateway: &GatewaySettings) -> Result<Vec<InstanceAddress>> {
    match &gateway.addresses {
        Some(addresses) => Ok(addresses
            .iter()
            .map(|candidates| InstanceAddress { candidates: candidates.clone() })
            .collect()),
        None => InstanceAddress::of_service(&gateway.service_name, gateway.instances.unwrap_or(1)),
    }
}

fn mapping(file: &SettingsFile, settings: &Spanned<MappingSettings>) -> Result<Mapping> {
    let given = settings.get_ref();
    let internal: Vec<&str> = given.internal.iter().map(String::as_str).collect();
    let endpoints: Vec<&str> = match &given.endpoints {
        Some(endpoints) => endpoints.iter().map(String::as_str).collect(),
        None => MANAGEMENT_POINT_ENDPOINTS.to_vec(),
    };
    let mut mapping = file.at(settings.span(), Mapping::new(given.id, &endpoints, &internal))?;
    mapping.published.request_body_bytes_max = given.request_body_bytes_max;
    Ok(mapping)
}

fn configuration(
    file: &SettingsFile,
    settings: &Settings,
    uploaded: &[Certificate],
) -> Result<Configuration> {
    // Later than any version of an earlier run.
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    let mut configuration = Configuration::new(u64::try_from(since.as_millis()).unwrap_or(u64::MAX));
    configuration.service_name = settings.gateway.get_ref().service_name.clone();
    configuration.roots = file.certificates(&settings.trust.roots)?;
    configuration.sub_cas = uploaded.to_vec();
    for crl in &settings.trust.crls {
        configuration.crls.extend(file.at(crl.span(), load_crl_file(file.path(crl)))?);
    }
    configuration.revocation = match &settings.trust.revocation {
        None => RevocationMode::Off,
        Some(word) => match word.get_ref().as_str() {
            "off" => RevocationMode::Off,
            "leaf" => RevocationMode::Leaf,
            "chain" => RevocationMode::Chain,
            _ => return Err(file.refuse(word.span(), "revocation: it is one of off, leaf, chain")),
        },
    };
    if let Some(tokens) = settings.tokens.as_ref().filter(|tokens| !is_address(&tokens.keys)) {
        let keys = SettingsFile::open(&file.path(&tokens.keys));
        let rules = TokenRules {
            issuers: tokens.issuers.clone(),
            audiences: tokens.audiences.clone(),
            keys: file.at(tokens.keys.span(), keys)?.text().to_owned(),
        };
        file.at(tokens.keys.span(), rules.check())?;
        configuration.tokens = Some(rules);
    }
    configuration.entra = settings.entra.clone();
    Ok(configuration)
}

pub(super) fn secret(file: &SettingsFile, path: &Spanned<String>) -> Result<Secret> {
    let content = file.at(path.span(), SettingsFile::open(&file.path(path)))?;
    Ok(Secret::new(content.text().trim()))
}

fn site_source(file: &SettingsFile, site: &SiteSettings, service_name: &str) -> Result<SiteSource> {
    let token = site.token_file.as_ref().map(|path| secret(file, path)).transpose()?;
    // A file is asked often, somebody else's server is not.
    let usual =
        if site.address.starts_with("sqlite:") { SITE_WATCH_INTERVAL } else { REMOTE_SITE_WATCH_INTERVAL };
    let interval = site.poll_milliseconds.map_or(usual, Duration::from_millis);
    let mut connect = ConnectOptions::new(site.address.clone());
    connect.token = token;
    connect.ca_file = site.roots.as_ref().map(|path| file.path(path));
    Ok(SiteSource {
        connect,
        service_name: service_name.to_owned(),
        interval: interval.max(SITE_WATCH_INTERVAL_MIN),
    })
}
