//! The alerts of a gateway, as rows of `SMS_Alert`.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::threshold::{Level, TrafficState};
use crate::error::{ErrorKind, Result};
use crate::gateway::Gateway;
use crate::site::PutMode;
use crate::wmi::wql::Parameters;
use crate::wmi::{DateTime, Instance, Value};

/// `SMS_Alert.AlertState`, from its class page.
const ACTIVE: u32 = 0;
const CANCELED: u32 = 2;
const NEVER_TRIGGERED: u32 = 5;
/// `SMS_Alert.Severity`.
const ERROR: u32 = 1;
const WARNING: u32 = 2;

/// An alert about a gateway.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Alert {
    /// Its name, which begins with `$` where a program made it.
    pub name: String,
    /// How bad it is.
    pub level: Level,
    /// True while it holds.
    pub is_active: bool,
    /// How often it was raised.
    pub occurrences: u32,
    /// Why it was raised last.
    pub cause: Option<String>,
}

/// The two alerts of outbound traffic: name, level.
fn kinds(gateway: &Gateway) -> [(String, Level); 2] {
    let name = gateway.service_name();
    [
        (format!("$Outbound traffic of {name}: warning"), Level::Warning),
        (format!("$Outbound traffic of {name}: critical"), Level::Critical),
    ]
}

async fn rows(gateway: &Gateway) -> Result<Vec<Instance>> {
    let wql = "SELECT * FROM SMS_Alert WHERE InstanceNameParam1 = ?";
    let parameters = Parameters::Positional(vec![gateway.service_name().into()]);
    match gateway.site().query(wql, &parameters).await {
        Ok(rows) => rows.all().await,
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

pub(super) async fn list(gateway: &Gateway) -> Result<Vec<Alert>> {
    let mut found: Vec<Alert> = rows(gateway).await?.iter().map(read).collect();
    found.sort_by(|one, two| one.name.cmp(&two.name));
    Ok(found)
}

fn number(row: &Instance, name: &str) -> u32 {
    row.get(name).and_then(Value::as_integer).and_then(|number| u32::try_from(number).ok()).unwrap_or(0)
}

fn read(row: &Instance) -> Alert {
    Alert {
        name: row.text("Name").unwrap_or_default().to_owned(),
        level: if number(row, "Severity") == ERROR { Level::Critical } else { Level::Warning },
        is_active: row.get("AlertState").and_then(Value::as_integer) == Some(ACTIVE.into()),
        occurrences: number(row, "OccurrenceCount"),
        cause: row.text("RootCauseMessage").map(str::to_owned),
    }
}

/// Raises and ends alerts as the traffic is; the names of those that changed.
pub(super) async fn update(
    gateway: &Gateway,
    traffic: &TrafficState,
    at: OffsetDateTime,
) -> Result<(Vec<String>, Vec<String>)> {
    let site = gateway.site();
    let stored = rows(gateway).await?;
    let (mut raised, mut recovered) = (Vec::new(), Vec::new());
    for (name, level) in kinds(gateway) {
        let holds = traffic.level >= level;
        let found = stored.iter().find(|row| row.text("Name") == Some(name.as_str())).cloned();
        let is_new = found.is_none();
        let mut row = match found {
            Some(row) => row,
            None => new_row(gateway, &name, level, at).await?,
        };
        let was_active = row.get("AlertState").and_then(Value::as_integer) == Some(ACTIVE.into());
        if holds == was_active && !is_new {
            continue;
        }
        let now = Value::DateTime(DateTime::from_offset_date_time(at)?);
        if holds != was_active {
            row.set("AlertState", if holds { ACTIVE } else { CANCELED })?;
            row.set("DateAlertStateModified", now.clone())?;
        }
        if holds && !was_active {
            row.set("OccurrenceCount", number(&row, "OccurrenceCount").saturating_add(1))?;
            if matches!(row.get("DateFirstActivated"), None | Some(Value::Null)) {
                row.set("DateFirstActivated", now.clone())?;
            }
            row.set("RootCauseMessage", cause(traffic))?;
            raised.push(name);
        } else if was_active && !holds {
            recovered.push(name);
        }
        row.set("DateLastModified", now)?;
        site.put(&mut row, PutMode::CreateOrUpdate).await?;
    }
    Ok((raised, recovered))
}

fn cause(traffic: &TrafficState) -> String {
    let (used, limit) = (traffic.gigabytes, traffic.thresholds.gigabytes);
    format!("{used} GB of {limit} GB went out in 14 days, {} %", traffic.percent)
}

/// A row that was never raised. `TypeID` and `FeatureArea` of the product's own alerts are not published: none are set.
async fn new_row(gateway: &Gateway, name: &str, level: Level, at: OffsetDateTime) -> Result<Instance> {
    let site = gateway.site();
    let mut row = site.new_instance("SMS_Alert").await?;
    row.set("Name", name)?;
    row.set("InstanceNameParam1", gateway.service_name())?;
    row.set("SourceSiteCode", site.code().await?.as_str())?;
    row.set("AlertState", NEVER_TRIGGERED)?;
    row.set("Severity", if level == Level::Critical { ERROR } else { WARNING })?;
    row.set("OccurrenceCount", 0_u32)?;
    row.set("Enabled", true)?;
    row.set("DateCreated", Value::DateTime(DateTime::from_offset_date_time(at)?))?;
    Ok(row)
}
