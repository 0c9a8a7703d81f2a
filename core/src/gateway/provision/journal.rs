//! Where a plan's application is, written into the site after each step.
//!
//! One `SMS_AzureServicesTask` a run: its documented states say how it goes, its `TaskKeyValue` (free for our use: the SDK's
//! page says that it is ignored) holds the operation that is under way. Only in embedded sites: a real site would act on a task.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::error::{Error, ErrorKind, Result};
use crate::site::{PutMode, Site};
use crate::wmi::wql::Parameters;
use crate::wmi::{DateTime, Instance, Value};

/// `TaskStateId`.
const IN_PROGRESS: u32 = 2;
const COMPLETED: u32 = 3;
/// `TaskTypeId`: CreateDeployment.
const CREATE: u32 = 1;

/// What a run has done and is doing.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Journal {
    pub(super) service_name: String,
    /// The keys of the resources that are done.
    #[serde(default)]
    pub(super) done: Vec<String>,
    /// The resource that is being made, and the operation to ask.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) under_way: Option<(String, serde_json::Value)>,
    /// Why the run stopped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) error: Option<String>,
}

/// The journal of a run in its site.
pub(super) struct StoredJournal {
    site: Site,
    instance: Instance,
    pub(super) journal: Journal,
}

impl StoredJournal {
    /// The journal of the run that was not completed, or that of a new run.
    pub(super) async fn open(
        site: &Site,
        azure_service_id: i128,
        service_name: &str,
        now: OffsetDateTime,
    ) -> Result<Self> {
        site.embedded().map_err(|error| {
            let cause = "a gateway of our own is kept in an embedded site (sqlite:FILE); on a real site ConfigMgr makes it";
            Error::new(ErrorKind::Unsupported, error.operation(), cause)
        })?;
        let wql = "SELECT * FROM SMS_AzureServicesTask WHERE AzureServiceId = ? AND TaskStateId = ?";
        let id = u32::try_from(azure_service_id).unwrap_or_default();
        let parameters = Parameters::Positional(vec![id.into(), IN_PROGRESS.into()]);
        let found = site.query(wql, &parameters).await?.all().await?.pop();
        if let Some(instance) = found {
            let text = instance.text("TaskKeyValue").unwrap_or_default();
            // What cannot be read is done again from the start: every step looks before it acts.
            let journal = serde_json::from_str(text).unwrap_or_default();
            return Ok(StoredJournal { site: site.clone(), instance, journal });
        }
        let mut instance = site.new_instance("SMS_AzureServicesTask").await?;
        instance.set("AzureServiceId", id)?;
        instance.set("SiteCode", site.code().await?.as_str())?;
        instance.set("TaskTypeId", CREATE)?;
        instance.set("TaskStateId", IN_PROGRESS)?;
        instance.set("Type", 0_u32)?;
        instance.set("TaskCreationTime", moment(now)?)?;
        let journal = Journal { service_name: service_name.to_owned(), ..Journal::default() };
        let mut stored = StoredJournal { site: site.clone(), instance, journal };
        stored.save().await?;
        Ok(stored)
    }

    /// Writes it down.
    pub(super) async fn save(&mut self) -> Result<()> {
        let text = serde_json::to_string(&self.journal).unwrap_or_default();
        self.instance.set("TaskKeyValue", text)?;
        self.site.put(&mut self.instance, PutMode::CreateOrUpdate).await.map(drop)
    }

    /// Notes that the run is completed.
    pub(super) async fn complete(&mut self, now: OffsetDateTime) -> Result<()> {
        self.instance.set("TaskStateId", COMPLETED)?;
        self.instance.set("TaskEndTime", moment(now)?)?;
        self.save().await
    }
}

fn moment(now: OffsetDateTime) -> Result<Value> {
    DateTime::from_offset_date_time(now).map(Value::DateTime)
}
