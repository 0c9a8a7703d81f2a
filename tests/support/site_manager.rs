//! What Configuration Manager does at a site, as far as gateways go: it runs tasks, moves states, and has two methods.

use std::sync::Arc;
use std::time::Duration;

use cmgateway::site::embedded::MethodCall;
use cmgateway::site::{EmbeddedSite, PutMode, Site};
use cmgateway::wmi::wql::Parameters;
use cmgateway::{Error, ErrorKind, Result};
use tokio::task::JoinHandle;

/// A cloud services manager at work in an embedded site; stops when it is dropped.
#[derive(Debug)]
pub struct SiteManager(JoinHandle<()>);

/// How often it looks.
const INTERVAL: Duration = Duration::from_millis(5);

impl SiteManager {
    /// Starts it; with `fails` every task fails.
    pub fn start(site: Site, fails: bool) -> Self {
        SiteManager(tokio::spawn(async move {
            loop {
                // Whoever writes at the same moment is tried again.
                let _ = round(&site, fails).await;
                tokio::time::sleep(INTERVAL).await;
            }
        }))
    }
}

impl Drop for SiteManager {
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn round(site: &Site, fails: bool) -> Result<()> {
    let wql = "SELECT * FROM SMS_AzureServicesTask WHERE TaskStateId < 3";
    for mut task in site.query(wql, &Parameters::None).await?.all().await? {
        let number = |name: &str| task.get(name).and_then(|value| value.as_integer()).unwrap_or_default();
        let (state, kind, id) = (number("TaskStateId"), number("TaskTypeId"), number("AzureServiceId"));
        // States on the way, and at the end.
        let (during, after) = match kind {
            1 | 2 => (1, 0),
            3 => (99, 99),
            4 => (5, 6),
            _ => (4, 0),
        };
        let next = match (state, fails) {
            (1, _) => 2,
            (_, true) => 4,
            (_, false) => 3,
        };
        if next != 4 {
            set_state(site, id, if next == 2 { during } else { after }).await?;
        }
        task.set("TaskStateId", next)?;
        site.put(&mut task, PutMode::UpdateOnly).await?;
    }
    Ok(())
}

async fn set_state(site: &Site, id: i128, state: u32) -> Result<()> {
    let wql = "SELECT * FROM SMS_AzureService WHERE AzureServiceID = ?";
    let id = u32::try_from(id).unwrap_or_default();
    let parameters = Parameters::Positional(vec![id.into()]);
    let Some(mut row) = site.query(wql, &parameters).await?.all().await?.pop() else {
        return Err(Error::new(ErrorKind::NotFound, "move the state", "no such gateway"));
    };
    row.set("State", state)?;
    site.put(&mut row, PutMode::UpdateOnly).await.map(drop)
}

/// Gives the site `Start` and `Stop`, which move the state at once.
///
/// # Errors
/// Those of the site.
pub async fn add_methods(site: &EmbeddedSite) -> Result<()> {
    for (name, state) in [("Start", 0_u32), ("Stop", 6)] {
        let shared = site.clone();
        let handler = move |call: &MethodCall<'_>| {
            let id = call.input.get("AzureServiceID").and_then(|id| id.as_integer()).unwrap_or_default();
            let site: Site = shared.clone().into();
            // The handler runs on the thread that waits; the change needs one of its own.
            let handle = tokio::runtime::Handle::current();
            let done = std::thread::scope(|scope| {
                scope.spawn(|| handle.block_on(set_state(&site, id, state))).join()
            });
            let code = if matches!(done, Ok(Ok(()))) { 0_u32 } else { 2 };
            Ok(vec![("ReturnValue".to_owned(), code.into())])
        };
        site.on_method("SMS_AzureService", name, Arc::new(handler)).await?;
    }
    Ok(())
}
