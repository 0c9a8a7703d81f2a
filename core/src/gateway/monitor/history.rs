//! Samples of outbound traffic, kept in the site.

use std::collections::HashMap;

use serde::Serialize;
use time::{Duration, OffsetDateTime};

use super::embedded_only;
use crate::error::{Error, ErrorKind, Result};
use crate::gateway::Gateway;
use crate::limits::TRAFFIC_SAMPLES_MAX;
use crate::site::{PutMode, Site};
use crate::wmi::wql::Parameters;
use crate::wmi::{DateTime, Instance, Value};

/// The class that holds the history; no site of Microsoft has it.
const MOF: &str = "class CMGateway_TrafficSample { [key] string ServiceCName; [key] string Source; [key] datetime Time; \
                   uint64 BytesOut; uint64 BytesOutTotal; };";
const CLASS: &str = "CMGateway_TrafficSample";

/// How far back traffic counts.
pub(super) const WINDOW: Duration = Duration::days(14);

/// How much went out of one source between two looks at it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct TrafficSample {
    /// What counted it, such as an instance.
    pub source: String,
    /// When it was written down.
    #[serde(serialize_with = "super::moment::serialize")]
    pub time: OffsetDateTime,
    /// What went out since the sample before, in bytes.
    pub bytes_out: u64,
    /// What the source had counted since it started.
    pub bytes_out_total: u64,
}

/// The samples that count, the oldest first; nothing where the site keeps no history.
pub(super) async fn samples(gateway: &Gateway, at: OffsetDateTime) -> Result<Option<Vec<TrafficSample>>> {
    let Some(rows) = rows(gateway).await? else { return Ok(None) };
    let mut found: Vec<TrafficSample> = rows
        .iter()
        .filter_map(read)
        .filter(|sample| sample.time > at - WINDOW && sample.time <= at)
        .collect();
    found.sort_by(|one, two| (one.time, &one.source).cmp(&(two.time, &two.source)));
    Ok(Some(found))
}

/// Every stored sample of a gateway; nothing where the site has no history.
async fn rows(gateway: &Gateway) -> Result<Option<Vec<Instance>>> {
    if gateway.site().embedded().is_err() || !has_class(gateway.site(), CLASS).await? {
        return Ok(None);
    }
    let wql = format!("SELECT * FROM {CLASS} WHERE ServiceCName = ?");
    let parameters = Parameters::Positional(vec![gateway.service_name().into()]);
    Ok(Some(gateway.site().query(&wql, &parameters).await?.all().await?))
}

pub(super) async fn has_class(site: &Site, class: &str) -> Result<bool> {
    match site.class(class).await {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

fn read(row: &Instance) -> Option<TrafficSample> {
    let number =
        |name: &str| row.get(name).and_then(Value::as_integer).and_then(|number| u64::try_from(number).ok());
    let time = match row.get("Time")? {
        Value::DateTime(time) => time.to_offset_date_time()?,
        _ => return None,
    };
    Some(TrafficSample {
        source: row.text("Source")?.to_owned(),
        time,
        bytes_out: number("BytesOut")?,
        bytes_out_total: number("BytesOutTotal")?,
    })
}

/// Writes down what came since the sample before, and deletes what no longer counts.
pub(super) async fn record(
    gateway: &Gateway,
    source: &str,
    bytes_out_total: u64,
    at: OffsetDateTime,
) -> Result<TrafficSample> {
    let operation = "write down traffic";
    embedded_only(gateway, operation)?;
    let site = gateway.site();
    if source.trim().is_empty() {
        return Err(Error::new(ErrorKind::Config, operation, "source: it is empty"));
    }
    if !has_class(site, CLASS).await? {
        site.embedded()?.compile_mof(MOF).await?;
    }
    let stored = rows(gateway).await?.unwrap_or_default();
    let mut newest: HashMap<String, TrafficSample> = HashMap::new();
    let mut last: Option<TrafficSample> = None;
    for sample in stored.iter().filter_map(read) {
        let is_newer = |other: &TrafficSample| other.time < sample.time;
        // Written down again for the same moment, it is the same sample.
        if sample.source.eq_ignore_ascii_case(source)
            && sample.time < at
            && last.as_ref().is_none_or(is_newer)
        {
            last = Some(sample.clone());
        }
        let of_source = newest.entry(sample.source.to_lowercase()).or_insert_with(|| sample.clone());
        if of_source.time < sample.time {
            *of_source = sample;
        }
    }
    let mut left = stored.len();
    for row in &stored {
        let is_old = read(row).is_none_or(|sample| {
            // The newest of a source stays: without it all that it ever counted would be new.
            let is_newest = newest.get(&sample.source.to_lowercase()).is_some_and(|last| *last == sample);
            sample.time <= at - WINDOW && !is_newest
        });
        if let Some(path) = row.path().filter(|_| is_old) {
            site.delete(path).await?;
            left = left.saturating_sub(1);
        }
    }
    if left >= TRAFFIC_SAMPLES_MAX {
        let cause = format!("more than {TRAFFIC_SAMPLES_MAX} samples in 14 days; write them down less often");
        return Err(Error::new(ErrorKind::Config, operation, cause));
    }
    // A source that counts less than before has started again.
    let before = last.map_or(0, |last| last.bytes_out_total);
    let bytes_out = bytes_out_total.checked_sub(before).unwrap_or(bytes_out_total);
    let mut row = site.new_instance(CLASS).await?;
    row.set("ServiceCName", gateway.service_name())?;
    row.set("Source", source)?;
    row.set("Time", Value::DateTime(DateTime::from_offset_date_time(at)?))?;
    row.set("BytesOut", bytes_out)?;
    row.set("BytesOutTotal", bytes_out_total)?;
    site.put(&mut row, PutMode::CreateOrUpdate).await?;
    Ok(TrafficSample { source: source.to_owned(), time: at, bytes_out, bytes_out_total })
}
