//! Looks at a gateway again and again: writes traffic and alerts, stops it at its threshold, tells what has changed.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use time::OffsetDateTime;
use tokio::time::{MissedTickBehavior, interval};

use super::connection_point_file::PointFile;
use super::health::GatewayHealth;
use super::monitor_file::MonitorSettings;
use crate::error::Result;
use crate::gateway::monitor::{
    Level, Notices, expiring_of_connection_point, expiry_levels, keep_told, read_told,
};
use crate::gateway::provision::{Go, LocalCloud, LocalCloudOptions};
use crate::gateway::{Gateway, GatewayState};
use crate::proxy::ConnectionPoint;
use crate::site::Site;

/// What is watched, and what its recipients were told.
#[derive(Debug)]
pub(super) struct HealthWatch {
    point: Arc<ConnectionPoint>,
    settings: Arc<Mutex<PointFile>>,
    site: Option<Site>,
    told: tokio::sync::Mutex<HashMap<String, Notices>>,
    /// What the last look of the loop could not do.
    failures: Mutex<Vec<String>>,
}

impl HealthWatch {
    pub(super) fn new(
        point: Arc<ConnectionPoint>,
        settings: Arc<Mutex<PointFile>>,
        site: Option<Site>,
    ) -> Arc<Self> {
        Arc::new(HealthWatch { point, settings, site, told: Default::default(), failures: Mutex::default() })
    }

    fn settings(&self) -> MonitorSettings {
        let settings = self.settings.lock().unwrap_or_else(PoisonError::into_inner);
        settings.monitor.clone().unwrap_or_default()
    }

    /// The site that the settings name.
    pub(super) fn site(&self) -> Option<&Site> {
        self.site.as_ref()
    }

    /// The connection point's own options as they are now.
    pub(super) fn options(&self) -> crate::proxy::ConnectionPointOptions {
        self.settings.lock().unwrap_or_else(PoisonError::into_inner).options.clone()
    }

    pub(super) fn service_name(&self) -> String {
        self.point.configuration().service_name
    }

    /// Looks, and changes nothing.
    pub(super) async fn look(&self, at: OffsetDateTime) -> GatewayHealth {
        let mut health = self.seen(at).await;
        let last = self.failures.lock().unwrap_or_else(PoisonError::into_inner).clone();
        for failure in last {
            if !health.failures.contains(&failure) {
                health.failures.push(failure);
            }
        }
        health.conclude();
        health
    }

    /// Judges again and again, as often as the settings say, for as long as it is not dropped.
    pub(super) async fn run(self: Arc<Self>) {
        let mut ticks = interval(self.settings().interval);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            let now = OffsetDateTime::now_utc();
            let mut failures = Vec::new();
            if let Err(error) = self.judge(now).await {
                failures.push(error.to_string());
            }
            *self.failures.lock().unwrap_or_else(PoisonError::into_inner) = failures;
            let health = self.look(now).await;
            let failures = self.tell(&health, now).await;
            self.failures.lock().unwrap_or_else(PoisonError::into_inner).extend(failures);
        }
    }

    /// Writes down this connection point's traffic, raises and ends alerts, stops the gateway at its threshold.
    async fn judge(&self, now: OffsetDateTime) -> Result<()> {
        let Some(site) = self.site.as_ref().filter(|site| site.embedded().is_ok()) else { return Ok(()) };
        let status = self.point.status();
        let gateway = Gateway::find(site, &self.service_name()).await?;
        let monitor = gateway.monitor();
        let out = status.traffic.iter().fold(0_u64, |sum, each| sum.saturating_add(each.bytes_out));
        // Where too much is written already, the threshold is looked at all the same.
        let recorded = monitor.record(&status.name, out, now).await;
        let report = monitor.check(now).await?;
        if report.has_stopped {
            tracing::error!(
                gateway = gateway.service_name(),
                "the threshold of its traffic stops the gateway"
            );
        }
        let stops = report.traffic.stops && report.traffic.level == Level::Critical;
        if let Some(cloud) = self.cloud()?.filter(|_| stops) {
            let instances = cloud.instances(site, gateway.service_name()).await?;
            if instances.iter().any(|instance| instance.is_ready) {
                cloud.stop(site, gateway.service_name(), &|_| Go::On).await?;
            }
        }
        recorded.map(drop)
    }

    fn cloud(&self) -> Result<Option<LocalCloud>> {
        let Some(folder) = self.settings().cloud_folder else { return Ok(None) };
        let options = LocalCloudOptions { folder: Some(folder), ..LocalCloudOptions::default() };
        LocalCloud::new(options).map(Some)
    }

    async fn seen(&self, at: OffsetDateTime) -> GatewayHealth {
        let settings = self.settings();
        let mut health = GatewayHealth::new(&self.service_name(), self.point.status(), at);
        health.is_stopped = self.point.configuration().is_stopped;
        match expiring_of_connection_point(&self.options()) {
            Ok(mut items) => {
                items.extend(settings.further.iter().cloned());
                health.expiring = expiry_levels(&items, at, settings.critical_days, settings.warning_days);
            }
            Err(error) => health.could_not_look(&error),
        }
        if let Some(site) = &self.site
            && let Err(error) = self.ask_site(site, &mut health).await
        {
            health.could_not_look(&error);
        }
        health
    }

    async fn ask_site(&self, site: &Site, health: &mut GatewayHealth) -> Result<()> {
        let gateway = Gateway::find(site, &health.service_name).await?;
        let monitor = gateway.monitor();
        health.state = gateway.state().await?;
        health.traffic = Some(monitor.traffic(health.at).await?);
        let samples = monitor.history(health.at).await?;
        if site.embedded().is_ok() {
            health.take_history(&samples);
        }
        health.alerts = monitor.alerts().await?;
        if let Some(cloud) = self.cloud()? {
            health.cloud_instances = cloud.instances(site, gateway.service_name()).await?;
        }
        health.is_stopped |= site.embedded().is_ok() && health.state == Some(GatewayState::Stopped);
        Ok(())
    }

    /// Tells each recipient what has changed; what failed, and why.
    async fn tell(&self, health: &GatewayHealth, now: OffsetDateTime) -> Vec<String> {
        let source = self.point.status().name;
        let gateway = match &self.site {
            Some(site) => Gateway::find(site, &health.service_name).await.ok(),
            None => None,
        };
        let mut failures = Vec::new();
        let mut told = self.told.lock().await;
        for recipient in &self.settings().recipients {
            let name = recipient.name();
            let mut notices = match (told.get(&name), &gateway) {
                (Some(known), _) => known.clone(),
                (None, Some(gateway)) => read_told(gateway, &source, &name).await.unwrap_or_default(),
                (None, None) => Notices::default(),
            };
            let mut holding = health.conditions.clone();
            if health.is_partial {
                holding.extend(notices.not_among(&health.conditions));
            }
            match notices.tell(recipient, &holding, now).await {
                Ok(sent) if sent.is_empty() => {}
                Ok(sent) => {
                    tracing::info!(recipient = name, count = sent.len(), "notices were told");
                    if let Some(gateway) = &gateway
                        && let Err(error) = keep_told(gateway, &source, &name, &notices).await
                    {
                        failures.push(error.to_string());
                    }
                }
                Err(error) => {
                    tracing::error!(recipient = name, %error, "notices could not be told");
                    failures.push(format!("{name}: {error}"));
                }
            }
            told.insert(name, notices);
        }
        failures
    }
}
