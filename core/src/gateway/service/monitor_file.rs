//! The parts of a connection point's settings file about watching: `[monitor]` and `[dashboard]`.

use std::collections::{BTreeMap, HashSet};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use toml::Spanned;

use super::connection_point_file::secret;
use super::file::SettingsFile;
use crate::cert::Certificate;
use crate::error::Result;
use crate::gateway::monitor::{Expiring, Mail, MailSecurity, Recipient, Webhook};
use crate::limits::{
    DASHBOARD_TOKEN_BYTES_MIN, MONITOR_INTERVAL, MONITOR_INTERVAL_MIN, NOTICE_RECIPIENTS_MAX,
};
use crate::net::{PemSource, TrustedRoots};
use crate::secret::Secret;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MonitorFile {
    interval_seconds: Option<u64>,
    critical_days: Option<u32>,
    warning_days: Option<u32>,
    #[serde(default)]
    certificates: Vec<Spanned<String>>,
    #[serde(default)]
    secrets: BTreeMap<String, Spanned<String>>,
    cloud_folder: Option<Spanned<String>>,
    #[serde(default)]
    webhook: Vec<Spanned<WebhookFile>>,
    #[serde(default)]
    mail: Vec<Spanned<MailFile>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WebhookFile {
    url: String,
    secret_file: Spanned<String>,
    roots: Option<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MailFile {
    server: String,
    security: Option<Spanned<String>>,
    sender: String,
    recipients: Vec<String>,
    user: Option<String>,
    password_file: Option<Spanned<String>>,
    roots: Option<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DashboardFile {
    listen: Spanned<String>,
    token_file: Option<Spanned<String>>,
    certificate: Option<Spanned<String>>,
    key: Option<Spanned<String>>,
    #[serde(default)]
    client_roots: Vec<Spanned<String>>,
}

/// How a gateway is watched.
#[derive(Clone, Debug)]
pub(super) struct MonitorSettings {
    pub(super) interval: Duration,
    pub(super) critical_days: i64,
    pub(super) warning_days: i64,
    /// What ends beside the connection point's own certificates and lists.
    pub(super) further: Vec<Expiring>,
    /// Where gateways of this machine are kept, so that a threshold stops their processes.
    pub(super) cloud_folder: Option<PathBuf>,
    pub(super) recipients: Vec<Recipient>,
}

impl Default for MonitorSettings {
    fn default() -> Self {
        MonitorSettings {
            interval: MONITOR_INTERVAL,
            critical_days: 7,
            warning_days: 30,
            further: Vec::new(),
            cloud_folder: None,
            recipients: Vec::new(),
        }
    }
}

/// Where the dashboard is served, and who gets in.
#[derive(Clone, Debug)]
pub(super) struct DashboardSettings {
    pub(super) listen: SocketAddr,
    pub(super) token: Option<Secret>,
    pub(super) identity: Option<(PemSource, PemSource)>,
    pub(super) client_roots: Vec<Certificate>,
}

impl DashboardSettings {
    /// True where nothing differs but what files hold.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        let token = |settings: &Self| settings.token.as_ref().map(|token| token.expose().to_owned());
        let files = |settings: &Self| {
            settings.identity.as_ref().map(|(chain, key)| (chain.to_string(), key.to_string()))
        };
        self.listen == other.listen
            && token(self) == token(other)
            && files(self) == files(other)
            && self.client_roots == other.client_roots
    }
}

pub(super) fn monitor_settings(file: &SettingsFile, given: &MonitorFile) -> Result<MonitorSettings> {
    let usual = MonitorSettings::default();
    let interval = given.interval_seconds.map_or(usual.interval, Duration::from_secs);
    let mut further: Vec<Expiring> = Vec::new();
    let certificates = file.certificates(&given.certificates)?;
    further.extend(certificates.iter().map(|each| Expiring::certificate("certificate", each)));
    for (name, end) in &given.secrets {
        let moment = moment(end.get_ref()).ok_or_else(|| {
            file.refuse(end.span(), "secrets: it is no moment such as 2027-01-31T12:00:00Z")
        })?;
        further.push(Expiring::new("secret", name, moment));
    }
    let mut recipients = Vec::new();
    let mut seen = HashSet::new();
    for hook in &given.webhook {
        let made = webhook(file, hook)?;
        if !seen.insert(made.name()) {
            return Err(file.refuse(hook.span(), "webhook: this url is there twice"));
        }
        recipients.push(made.into());
    }
    for each in &given.mail {
        recipients.push(mail(file, each)?.into());
    }
    if recipients.len() > NOTICE_RECIPIENTS_MAX {
        let cause = format!("monitor: there are more than {NOTICE_RECIPIENTS_MAX} recipients");
        return Err(file.refuse(0..0, cause));
    }
    Ok(MonitorSettings {
        interval: interval.max(MONITOR_INTERVAL_MIN),
        critical_days: given.critical_days.map_or(usual.critical_days, i64::from),
        warning_days: given.warning_days.map_or(usual.warning_days, i64::from),
        further,
        cloud_folder: given.cloud_folder.as_ref().map(|folder| file.path(folder)),
        recipients,
    })
}

/// A moment, or the beginning of a day.
fn moment(text: &str) -> Option<OffsetDateTime> {
    let whole = if text.contains('T') { text.to_owned() } else { format!("{text}T00:00:00Z") };
    OffsetDateTime::parse(&whole, &Rfc3339).ok()
}

fn roots(file: &SettingsFile, given: Option<&Spanned<String>>) -> TrustedRoots {
    given.map_or(TrustedRoots::System, |roots| TrustedRoots::File(file.path(roots)))
}

fn webhook(file: &SettingsFile, given: &Spanned<WebhookFile>) -> Result<Webhook> {
    let hook = given.get_ref();
    let secret = secret(file, &hook.secret_file)?;
    let made = file.at(given.span(), Webhook::new(&hook.url, secret))?;
    Ok(made.with(roots(file, hook.roots.as_ref()), None))
}

fn mail(file: &SettingsFile, given: &Spanned<MailFile>) -> Result<Mail> {
    let mail = given.get_ref();
    let security = match &mail.security {
        None => MailSecurity::default(),
        Some(word) => {
            let known = MailSecurity::ALL.into_iter().find(|each| each.as_str() == word.get_ref());
            known.ok_or_else(|| file.refuse(word.span(), "security: it is one of starttls, tls, local"))?
        }
    };
    let made = Mail::new(&mail.server, security, &mail.sender, &mail.recipients);
    let made = file.at(given.span(), made)?.with(roots(file, mail.roots.as_ref()), None);
    match (&mail.user, &mail.password_file) {
        (Some(user), Some(password)) => Ok(made.with_login(user, secret(file, password)?)),
        (None, None) => Ok(made),
        _ => Err(file.refuse(given.span(), "mail: user and password_file belong together")),
    }
}

pub(super) fn dashboard_settings(file: &SettingsFile, given: &DashboardFile) -> Result<DashboardSettings> {
    let listen: SocketAddr = file.read(&given.listen, "IP address with a port")?;
    let place = || given.listen.span();
    let identity = match (&given.certificate, &given.key) {
        (Some(certificate), Some(key)) => Some((file.pem(certificate), file.pem(key))),
        (None, None) => None,
        _ => return Err(file.refuse(place(), "dashboard: certificate and key belong together")),
    };
    let token = given.token_file.as_ref().map(|token| secret(file, token)).transpose()?;
    if let (Some(token), Some(place)) = (&token, &given.token_file)
        && token.expose().len() < DASHBOARD_TOKEN_BYTES_MIN
    {
        let cause = format!("token_file: the token is shorter than {DASHBOARD_TOKEN_BYTES_MIN} bytes");
        return Err(file.refuse(place.span(), cause));
    }
    let client_roots = file.certificates(&given.client_roots)?;
    if identity.is_none() && !listen.ip().is_loopback() {
        let cause =
            "dashboard: without certificate and key it listens on this machine only (127.0.0.1 or ::1)";
        return Err(file.refuse(place(), cause));
    }
    if identity.is_none() && !client_roots.is_empty() {
        return Err(file.refuse(place(), "dashboard: client_roots needs certificate and key"));
    }
    if token.is_none() && client_roots.is_empty() {
        return Err(file.refuse(place(), "dashboard: token_file or client_roots is needed"));
    }
    Ok(DashboardSettings { listen, token, identity, client_roots })
}
