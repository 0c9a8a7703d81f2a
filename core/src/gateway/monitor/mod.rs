//! What keeps a gateway healthy: its traffic of 14 days against the thresholds, alerts, and what ends soon.
//!
//! | file | what it holds |
//! | --- | --- |
//! | `history` | samples of outbound traffic, kept in the site |
//! | `threshold` | the sums of 14 days against warning and critical levels; pure |
//! | `alert` | the `SMS_Alert` rows of a gateway |
//! | `expiry` | certificates, revocation lists and secrets that end soon; pure |
//! | `notice` | what has changed since the last look, told once; pure |
//! | `condition` | what holds at this moment and somebody should know; pure |
//! | `recipient` | who is told: one of the next two |
//! | `webhook` | notices as signed JSON over HTTPS |
//! | `mail` | notices as a mail over SMTP |
//! | `told` | what each recipient was told, kept in the site |

mod alert;
mod condition;
mod expiry;
mod history;
mod mail;
mod notice;
mod recipient;
mod threshold;
mod told;
mod webhook;

use time::OffsetDateTime;

pub use self::alert::Alert;
pub use self::condition::{Condition, GivenConditions};
pub use self::expiry::{
    Expiring, ExpiryWarning, expiring_of_connection_point, expiry_levels, expiry_warnings,
};
pub use self::history::TrafficSample;
pub use self::mail::{Mail, MailSecurity};
pub use self::notice::{Notice, Notices};
pub use self::recipient::Recipient;
pub use self::threshold::{Level, Thresholds, TrafficState};
pub(in crate::gateway) use self::told::{keep_told, read_told};
pub use self::webhook::Webhook;
use super::Gateway;
use crate::error::{Error, ErrorKind, Result};
use crate::site::PutMode;
use crate::wmi::Value;

/// The state of a gateway whose threshold has stopped it, as public scripts have it.
const STOPPED: u32 = 6;

/// What watches over a gateway: its traffic, its thresholds, its alerts.
///
/// The history is kept in an embedded site, in a class of our own (`CMGateway_TrafficSample`, defined as MOF). A real site has
/// counters of its own, and takes no class of ours: there only [`Monitor::traffic`] by the row's own `TrafficOutUsage` and the
/// alerts that the site has are read.
#[derive(Clone, Debug)]
pub struct Monitor {
    gateway: Gateway,
}

/// What one look at the traffic came to.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[non_exhaustive]
pub struct MonitorReport {
    /// The traffic of 14 days against its thresholds.
    pub traffic: TrafficState,
    /// Every alert of the gateway as it is now.
    pub alerts: Vec<Alert>,
    /// The alerts that this look has raised.
    pub raised: Vec<String>,
    /// The alerts that this look has ended.
    pub recovered: Vec<String>,
    /// True where this look has stopped the gateway.
    pub has_stopped: bool,
}

impl Monitor {
    pub(super) fn new(gateway: Gateway) -> Self {
        Monitor { gateway }
    }

    /// The gateway it watches.
    pub fn gateway(&self) -> &Gateway {
        &self.gateway
    }

    /// Writes down how much went out since the last sample of this source, such as an instance.
    ///
    /// `bytes_out_total` is what the source has counted since it started; one that counts less than before has started again.
    /// Samples older than 14 days are deleted.
    ///
    /// # Errors
    /// `unsupported` on a site that is no embedded one; those of [`Gateway::find`].
    pub async fn record(
        &self,
        source: &str,
        bytes_out_total: u64,
        at: OffsetDateTime,
    ) -> Result<TrafficSample> {
        history::record(&self.gateway, source, bytes_out_total, at).await
    }

    /// The samples of the last 14 days, the oldest first.
    ///
    /// # Errors
    /// Those of the transport.
    pub async fn history(&self, at: OffsetDateTime) -> Result<Vec<TrafficSample>> {
        Ok(history::samples(&self.gateway, at).await?.unwrap_or_default())
    }

    /// The outbound traffic of 14 days against the thresholds of the gateway.
    ///
    /// It is the sum of the history where there is one, else what the site itself says (`TrafficOutUsage`).
    ///
    /// # Errors
    /// Those of [`Gateway::find`].
    pub async fn traffic(&self, at: OffsetDateTime) -> Result<TrafficState> {
        let row = self.gateway.instance().await?;
        let samples = history::samples(&self.gateway, at).await?;
        Ok(threshold::state(&Thresholds::of(&row), &row, samples.as_deref()))
    }

    /// Judges the traffic: writes `TrafficOutUsage` and alerts, and stops the gateway where its threshold says so.
    ///
    /// Meant to be called every six minutes, as the product does; a connection point whose settings have a `[monitor]` does so.
    /// A gateway that is stopped has `State` 6 in its row. Connection points that follow the site then have every instance
    /// answer 503; the instances themselves go on running, except on a local cloud that the settings name. Safe to call twice.
    ///
    /// # Errors
    /// `unsupported` on a site that is no embedded one: there the product does all of this itself; those of [`Gateway::find`].
    pub async fn check(&self, at: OffsetDateTime) -> Result<MonitorReport> {
        let site = self.gateway.site();
        embedded_only(&self.gateway, "watch the traffic")?;
        let traffic = self.traffic(at).await?;
        let (raised, recovered) = alert::update(&self.gateway, &traffic, at).await?;
        let mut row = self.gateway.instance().await?;
        let usage = u32::try_from(traffic.gigabytes).unwrap_or(u32::MAX);
        let mut is_change = false;
        if row.get("TrafficOutUsage").and_then(Value::as_integer) != Some(usage.into()) {
            row.set("TrafficOutUsage", usage)?;
            is_change = true;
        }
        let is_stopped = row.get("State").and_then(Value::as_integer) == Some(STOPPED.into());
        let stops = traffic.stops && traffic.level == Level::Critical && !is_stopped;
        if stops {
            row.set("State", STOPPED)?;
            is_change = true;
        }
        if is_change {
            site.put(&mut row, PutMode::UpdateUnchanged).await?;
        }
        let alerts = alert::list(&self.gateway).await?;
        Ok(MonitorReport { traffic, alerts, raised, recovered, has_stopped: stops })
    }

    /// The alerts of the gateway that the site has.
    ///
    /// # Errors
    /// Those of the transport.
    pub async fn alerts(&self) -> Result<Vec<Alert>> {
        alert::list(&self.gateway).await
    }
}

fn embedded_only(gateway: &Gateway, operation: &str) -> Result<()> {
    gateway.site().embedded().map(drop).map_err(|_| {
        let cause = "the history of our own gateways is kept in an embedded site (sqlite:FILE); a real site counts itself";
        Error::new(ErrorKind::Unsupported, operation, cause)
    })
}

/// Moments as RFC 3339 has them.
pub(in crate::gateway) mod moment {
    use serde::{Deserialize, Deserializer, Serializer, de::Error as _};
    use time::{OffsetDateTime, format_description::well_known::Rfc3339};

    pub(in crate::gateway) fn serialize<S: Serializer>(
        at: &OffsetDateTime,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        to.serialize_str(&super::rfc3339(*at))
    }

    pub(in crate::gateway) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<OffsetDateTime, D::Error> {
        let text = String::deserialize(from)?;
        OffsetDateTime::parse(&text, &Rfc3339).map_err(|_| D::Error::custom(format!("{text:?} is no moment")))
    }
}

pub(in crate::gateway) fn rfc3339(at: OffsetDateTime) -> String {
    at.format(&time::format_description::well_known::Rfc3339).unwrap_or_default()
}
