//! What is known of a gateway at a moment: one report for scripts, notices and the dashboard.

use std::collections::BTreeMap;

use serde::Serialize;
use time::{Date, Duration, OffsetDateTime, UtcOffset};

use crate::error::Error;
use crate::gateway::GatewayState;
use crate::gateway::monitor::{Alert, Condition, ExpiryWarning, Level, TrafficSample, TrafficState};
use crate::gateway::provision::CloudInstance;
use crate::limits::CONDITIONS_MAX;
use crate::proxy::{ConnectionPointStatus, EndpointTraffic, InstanceStatus};

/// The days that traffic counts.
const DAYS: i64 = 14;

/// What went out on one day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct DayOfTraffic {
    /// The day, `2026-03-01`, in UTC.
    pub day: String,
    /// What went out, in bytes.
    pub bytes: u64,
    /// What went out on it and the days before it of the 14, in bytes.
    pub bytes_so_far: u64,
}

/// All that a connection point knows of its gateway at a moment.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct GatewayHealth {
    /// The gateway.
    pub service_name: String,
    /// When it was looked at.
    #[serde(serialize_with = "crate::gateway::monitor::moment::serialize")]
    pub at: OffsetDateTime,
    /// How bad it is altogether.
    pub level: Level,
    /// Its state in the site; nothing where there is no site or it tells none.
    pub state: Option<GatewayState>,
    /// True where instances are told to refuse every request.
    pub is_stopped: bool,
    /// The connection points that are connected to an instance, by name.
    pub connection_points: Vec<String>,
    /// The instances as this connection point sees them.
    pub instances: Vec<InstanceStatus>,
    /// The instances as the cloud of this machine tells of them, where the settings name it.
    pub cloud_instances: Vec<CloudInstance>,
    /// What this connection point carried to each endpoint.
    pub endpoints: Vec<EndpointTraffic>,
    /// What instances refused since they started, by reason.
    pub refusals: BTreeMap<String, u64>,
    /// The outbound traffic of 14 days against its thresholds; nothing without a site.
    pub traffic: Option<TrafficState>,
    /// The same day by day, the oldest first; empty where the site keeps no history.
    pub days: Vec<DayOfTraffic>,
    /// The gateway's alerts in the site.
    pub alerts: Vec<Alert>,
    /// Certificates, revocation lists and secrets by the days left, the first to end first.
    pub expiring: Vec<ExpiryWarning>,
    /// What somebody should know, the worst first.
    pub conditions: Vec<Condition>,
    /// What could not be looked at or done, and why.
    pub failures: Vec<String>,
    /// Something could not be looked at: what is not among the conditions may hold all the same.
    #[serde(skip)]
    pub(super) is_partial: bool,
}

impl GatewayHealth {
    pub(super) fn new(service_name: &str, point: ConnectionPointStatus, at: OffsetDateTime) -> Self {
        let mut health = GatewayHealth {
            service_name: service_name.to_owned(),
            at,
            level: Level::Normal,
            state: None,
            is_stopped: false,
            connection_points: Vec::new(),
            instances: point.instances,
            cloud_instances: Vec::new(),
            endpoints: point.traffic,
            refusals: BTreeMap::new(),
            traffic: None,
            days: Vec::new(),
            alerts: Vec::new(),
            expiring: Vec::new(),
            conditions: Vec::new(),
            failures: Vec::new(),
            is_partial: false,
        };
        for instance in &health.instances {
            // Of one that is lost these are what it told last.
            let Some(counts) = &instance.counts else { continue };
            if instance.connections > 0 {
                health.connection_points.extend(counts.connection_points.iter().cloned());
            }
            for (words, count) in counts.refused.iter().chain(&counts.refused_certificates) {
                let sum = health.refusals.entry(words.clone()).or_default();
                *sum = sum.saturating_add(*count);
            }
        }
        if health.instances.iter().any(|instance| instance.connections > 0) {
            health.connection_points.push(point.name);
        }
        health.connection_points.sort_unstable();
        health.connection_points.dedup();
        health
    }

    /// Notes what could not be looked at.
    pub(super) fn could_not_look(&mut self, error: &Error) {
        self.failures.push(error.to_string());
        self.is_partial = true;
    }

    /// Sums the samples up by their days.
    pub(super) fn take_history(&mut self, samples: &[TrafficSample]) {
        let today = self.at.to_offset(UtcOffset::UTC).date();
        let mut by_day: BTreeMap<Date, u64> = BTreeMap::new();
        for back in 0..DAYS {
            if let Some(day) = today.checked_sub(Duration::days(back)) {
                by_day.insert(day, 0);
            }
        }
        let first = by_day.keys().next().copied().unwrap_or(today);
        for sample in samples {
            // The window of 14 times 24 hours begins within the day before the first.
            let sum = by_day.entry(sample.time.to_offset(UtcOffset::UTC).date().max(first)).or_default();
            *sum = sum.saturating_add(sample.bytes_out);
        }
        let mut so_far = 0_u64;
        let day = |(day, bytes): (Date, u64)| {
            so_far = so_far.saturating_add(bytes);
            DayOfTraffic { day: day.to_string(), bytes, bytes_so_far: so_far }
        };
        self.days = by_day.into_iter().map(day).collect();
    }

    /// Draws the conclusions, when everything else is there.
    pub(super) fn conclude(&mut self) {
        let mut conditions = Condition::of_alerts(&self.alerts);
        let soon: Vec<ExpiryWarning> =
            self.expiring.iter().filter(|each| each.level != Level::Normal).cloned().collect();
        conditions.extend(Condition::of_expiry(&soon));
        conditions.extend(self.instances.iter().filter_map(of_instance));
        let ended = self.cloud_instances.iter().filter(|each| !each.is_ready && !self.is_stopped);
        conditions.extend(ended.map(|each| {
            let text = format!("{} is {}", each.name, each.state);
            Condition::new(format!("{} of {}", each.name, self.service_name), Level::Critical, text)
        }));
        if self.is_stopped {
            let text = format!("{} is stopped: every request to a role is refused", self.service_name);
            conditions.push(Condition::new(
                format!("{} is stopped", self.service_name),
                Level::Critical,
                text,
            ));
        }
        if !self.failures.is_empty() {
            let id = format!("{} cannot be watched", self.service_name);
            conditions.push(Condition::new(id, Level::Warning, self.failures.join("; ")));
        }
        conditions.sort_by_key(|each| std::cmp::Reverse(each.level));
        conditions.truncate(CONDITIONS_MAX);
        self.level = conditions.iter().map(|each| each.level).max().unwrap_or(Level::Normal);
        self.conditions = conditions;
    }
}

/// What is wrong with an instance as its connection point sees it.
fn of_instance(instance: &InstanceStatus) -> Option<Condition> {
    let name = instance.addresses.first().map_or("an instance", String::as_str);
    let id = format!("instance {name}");
    if instance.connections == 0 {
        // Just begun: the first attempt is still on its way.
        let why = instance.last_error.as_deref()?;
        return Some(Condition::new(id, Level::Critical, format!("instance {name} is not connected: {why}")));
    }
    let why = instance.refused.as_deref()?;
    let text = format!("instance {name} does not take the configuration: {why}");
    Some(Condition::new(id, Level::Critical, text))
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;
    use crate::proxy::InstanceCounts;

    fn health(at: OffsetDateTime) -> GatewayHealth {
        let point = ConnectionPointStatus {
            name: "CP1".into(),
            configuration: 1,
            instances: vec![InstanceStatus {
                addresses: vec!["gw:443".into()],
                last_error: Some("refused".into()),
                counts: Some(InstanceCounts { connection_points: vec!["CP1".into()], ..Default::default() }),
                ..Default::default()
            }],
            traffic: Vec::new(),
        };
        GatewayHealth::new("gw", point, at)
    }

    #[test]
    fn the_days_are_fourteen_and_nothing_is_lost_at_the_edge() {
        let at = datetime!(2026-03-15 12:00 UTC);
        let sample =
            |time, bytes_out| TrafficSample { source: "CP1".into(), time, bytes_out, bytes_out_total: 0 };
        let mut health = health(at);
        health.take_history(&[
            sample(datetime!(2026-03-01 13:00 UTC), 5),
            sample(datetime!(2026-03-02 01:00 UTC), 7),
            // In UTC it is still the day before.
            sample(datetime!(2026-03-16 01:30 +02:00), 11),
        ]);
        assert_eq!(health.days.len(), 14);
        let (first, last) = (&health.days[0], &health.days[13]);
        assert_eq!((first.day.as_str(), first.bytes), ("2026-03-02", 12));
        assert_eq!((last.day.as_str(), last.bytes, last.bytes_so_far), ("2026-03-15", 11, 23));
    }

    #[test]
    fn what_is_wrong_becomes_conditions() {
        let mut health = health(datetime!(2026-03-15 12:00 UTC));
        health.failures.push("no site".into());
        health.is_stopped = true;
        health.conclude();
        let ids: Vec<&str> = health.conditions.iter().map(|each| each.id.as_str()).collect();
        assert_eq!(ids, ["instance gw:443", "gw is stopped", "gw cannot be watched"]);
        assert_eq!(health.level, Level::Critical);
        assert!(health.connection_points.is_empty());
    }
}
