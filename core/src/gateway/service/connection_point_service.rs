//! A connection point that runs from a settings file and follows its site.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use time::OffsetDateTime;
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval, sleep};

use super::connection_point_file::{PointFile, read};
use super::dashboard::Dashboard;
use super::health::GatewayHealth;
use super::health_watch::HealthWatch;
use super::key_set::KeySetSource;
use super::site_watch::SiteWatch;
use crate::background;
use crate::error::{Error, ErrorKind, Result};
use crate::limits::KEY_SET_INTERVAL_MIN;
use crate::proxy::{ConnectionPoint, ConnectionPointStatus};

/// A running connection point, started from a settings file.
///
/// Where the file names a site, the sub-CA thumbprints of the gateway are read from it again and again, and instances
/// trust those of the uploaded sub-CAs that it lists. A site that cannot be reached leaves the last list in force.
#[derive(Debug)]
pub struct ConnectionPointService {
    file: PathBuf,
    point: Arc<ConnectionPoint>,
    settings: Arc<Mutex<PointFile>>,
    watch: Option<Task>,
    keys: Mutex<Option<Task>>,
    health: Arc<HealthWatch>,
    judging: Mutex<Option<Task>>,
    dashboard: Option<Dashboard>,
}

/// A task that ends with its owner.
#[derive(Debug)]
pub(super) struct Task(pub(super) JoinHandle<()>);

impl Drop for Task {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl ConnectionPointService {
    /// Starts a connection point from its settings file, TOML.
    ///
    /// It returns at once; instances that cannot be reached are dialled again and again.
    ///
    /// # Errors
    /// As [`read_connection_point_file`](super::read_connection_point_file) and [`ConnectionPoint::start`], and those of
    /// the site.
    pub async fn start(file: impl AsRef<Path>) -> Result<Self> {
        let file = file.as_ref().to_owned();
        let mut settings = read_settings(&file).await?;
        let watch = match settings.site.clone() {
            Some(source) => {
                let watch = SiteWatch::open(source).await?;
                watch.look(&settings.uploaded).await?.put_into(&mut settings.options.configuration);
                Some(watch)
            }
            None => None,
        };
        let point = Arc::new(ConnectionPoint::start(settings.options.clone()).await?);
        let keys = Mutex::new(settings.key_set.clone().map(|source| follow_keys(source, &point)));
        let dashboard = settings.dashboard.clone();
        let judges = settings.monitor.is_some();
        let settings = Arc::new(Mutex::new(settings));
        let site = watch.as_ref().map(|watch| watch.site().clone());
        let watch =
            watch.map(|watch| Task(tokio::spawn(follow(watch, Arc::clone(&point), Arc::clone(&settings)))));
        let health = HealthWatch::new(Arc::clone(&point), Arc::clone(&settings), site);
        let dashboard = match dashboard {
            Some(dashboard) => Some(Dashboard::start(dashboard, Arc::clone(&health)).await?),
            None => None,
        };
        let judging = Mutex::new(judges.then(|| Task(tokio::spawn(Arc::clone(&health).run()))));
        Ok(ConnectionPointService { file, point, settings, watch, keys, health, judging, dashboard })
    }

    /// All that the connection point knows of its gateway at this moment; nothing is changed.
    ///
    /// Where the settings have a `[monitor]`, traffic and alerts are written and notices told by themselves.
    pub async fn health(&self) -> GatewayHealth {
        self.health.look(OffsetDateTime::now_utc()).await
    }

    /// Where the dashboard is served, with the port that was taken; nothing where the settings have none.
    pub fn dashboard_url(&self) -> Option<String> {
        self.dashboard.as_ref().map(Dashboard::url)
    }

    /// What the connection point is doing.
    pub fn status(&self) -> ConnectionPointStatus {
        self.point.status()
    }

    /// Waits until every instance is connected and goes by the configuration of this moment.
    ///
    /// # Errors
    /// `timed_out` with the state of an instance that is not ready.
    pub async fn ready(&self, time: Duration) -> Result<()> {
        self.point.ready(time).await
    }

    /// Reads the settings file again: mappings, trust, tokens, certificates; connections that are open stay.
    ///
    /// Name, instances, site and dashboard cannot change while it runs.
    ///
    /// # Errors
    /// As [`start`](Self::start); the old settings then stay.
    pub async fn reload(&self) -> Result<()> {
        let mut new = read_settings(&self.file).await?;
        {
            let old = self.settings.lock().unwrap_or_else(PoisonError::into_inner);
            if new.site.as_ref().map(|site| &site.connect.url)
                != old.site.as_ref().map(|site| &site.connect.url)
            {
                let cause = "the site changes with a restart only";
                return Err(Error::new(ErrorKind::Config, format!("reload {}", self.file.display()), cause));
            }
            let is_same = match (&new.dashboard, &old.dashboard) {
                (Some(new), Some(old)) => new.is_same(old),
                (new, old) => new.is_none() && old.is_none(),
            };
            if !is_same {
                let cause = "the dashboard changes with a restart only";
                return Err(Error::new(ErrorKind::Config, format!("reload {}", self.file.display()), cause));
            }
        }
        if let Some(source) = new.site.clone() {
            let watch = SiteWatch::open(source).await?;
            watch.look(&new.uploaded).await?.put_into(&mut new.options.configuration);
        }
        if let Some(source) = &new.key_set {
            // An issuer that gives no answer just now leaves the last keys in force.
            let last = self.point.configuration().tokens;
            new.options.configuration.tokens = source.fetch().await.ok().or(last);
        }
        self.point.reload(new.options.clone()).await?;
        *self.keys.lock().unwrap_or_else(PoisonError::into_inner) =
            new.key_set.clone().map(|source| follow_keys(source, &self.point));
        let judges = new.monitor.is_some();
        *self.settings.lock().unwrap_or_else(PoisonError::into_inner) = new;
        *self.judging.lock().unwrap_or_else(PoisonError::into_inner) =
            judges.then(|| Task(tokio::spawn(Arc::clone(&self.health).run())));
        Ok(())
    }

    /// Asks the instances for no more requests, lets open ones end for a limited time, and closes.
    pub async fn stop(mut self) {
        drop((self.dashboard.take(), self.judging.lock().unwrap_or_else(PoisonError::into_inner).take()));
        drop((self.watch.take(), self.keys.lock().unwrap_or_else(PoisonError::into_inner).take()));
        self.point.shut_down().await;
    }
}

impl Drop for ConnectionPointService {
    fn drop(&mut self) {
        // Tasks that share it end when they are next looked at, on threads that should not wait for others.
        self.point.let_go();
    }
}

async fn read_settings(file: &Path) -> Result<PointFile> {
    let path = file.to_owned();
    background::run("read settings", move || read(&path)).await
}

/// Tells the instances whenever the site lists other sub-CAs.
async fn follow(watch: SiteWatch, point: Arc<ConnectionPoint>, settings: Arc<Mutex<PointFile>>) {
    let mut ticks = interval(watch.interval());
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut has_failed = false;
    loop {
        ticks.tick().await;
        let uploaded = settings.lock().unwrap_or_else(PoisonError::into_inner).uploaded.clone();
        match watch.look(&uploaded).await {
            Ok(said) => {
                has_failed = false;
                match point.amend(|configuration| said.put_into(configuration)) {
                    Ok(true) => {
                        tracing::info!(
                            "the site lists other sub-CAs, or has another state; instances are told"
                        )
                    }
                    Ok(false) => {}
                    Err(error) => tracing::error!(%error, "what the site says cannot be passed on"),
                }
            }
            Err(error) if !has_failed => {
                has_failed = true;
                tracing::error!(%error, "the site gives no answer; the last list of sub-CAs stays in force");
            }
            Err(_) => {}
        }
    }
}

/// Tells the instances whenever the issuers sign with other keys.
fn follow_keys(source: KeySetSource, point: &Arc<ConnectionPoint>) -> Task {
    let point = Arc::clone(point);
    Task(tokio::spawn(async move {
        let mut has_failed = false;
        loop {
            let pause = match source.fetch().await {
                Ok(rules) => {
                    has_failed = false;
                    match point.amend(|configuration| configuration.tokens = Some(rules)) {
                        Ok(true) => tracing::info!("token issuers have other keys; instances are told"),
                        Ok(false) => {}
                        Err(error) => {
                            tracing::error!(%error, "the keys of token issuers cannot be passed on")
                        }
                    }
                    source.interval
                }
                Err(error) => {
                    if !std::mem::replace(&mut has_failed, true) {
                        tracing::error!(%error, "no keys of token issuers; the last ones stay in force");
                    }
                    KEY_SET_INTERVAL_MIN
                }
            };
            sleep(pause).await;
        }
    }))
}
