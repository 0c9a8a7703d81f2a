//! `SMS_AzureServicesTask`: what ConfigMgr is told to do with a gateway, and how far it is.

use crate::error::{Error, ErrorKind, Result};
use crate::site::{PutMode, Site};
use crate::wmi::wql::Parameters;
use crate::wmi::{Instance, ObjectPath};

/// `TaskTypeId`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::enum_variant_names, reason = "these are the names of its page")]
pub(super) enum TaskType {
    CreateDeployment = 1,
    UpgradeDeployment = 2,
    DeleteDeployment = 3,
    StopDeployment = 4,
    StartDeployment = 5,
}

/// `TaskStateId`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TaskState {
    Created,
    InProgress,
    Completed,
    Failed,
    /// A value that the class page does not name.
    Other(i128),
}

impl TaskState {
    fn of(task: &Instance) -> Self {
        match task.get("TaskStateId").and_then(|value| value.as_integer()).unwrap_or_default() {
            1 => TaskState::Created,
            2 => TaskState::InProgress,
            3 => TaskState::Completed,
            4 => TaskState::Failed,
            other => TaskState::Other(other),
        }
    }

    pub(super) fn text(self) -> String {
        match self {
            TaskState::Other(code) => format!("task state {code} (not known)"),
            known => format!("task {known:?}"),
        }
    }
}

/// A task of a gateway.
pub(super) struct Task {
    path: ObjectPath,
    task_type: TaskType,
}

impl Task {
    /// The task of this type that ConfigMgr has not ended yet, else a new one. While a gateway is being made or changed, the
    /// task that does so is the one, whichever it is: a second one would only come in its way.
    pub(super) async fn begin(site: &Site, service_id: u32, task_type: TaskType) -> Result<Self> {
        let operation = format!("tell the site to run {task_type:?}");
        let wql = "SELECT * FROM SMS_AzureServicesTask WHERE AzureServiceId = ?";
        let parameters = Parameters::Positional(vec![service_id.into()]);
        let rows = site.query(wql, &parameters).await?.all().await?;
        let deploying = [TaskType::CreateDeployment, TaskType::UpgradeDeployment];
        let wanted = if deploying.contains(&task_type) { deploying } else { [task_type; 2] };
        for task in rows {
            let number = task.get("TaskTypeId").and_then(|value| value.as_integer());
            let found = wanted.into_iter().find(|one| number == Some((*one as u32).into()));
            let is_open = !matches!(TaskState::of(&task), TaskState::Completed | TaskState::Failed);
            if let (Some(task_type), true, Some(path)) = (found, is_open, task.path().cloned()) {
                return Ok(Task { path, task_type });
            }
        }
        let mut task = site.new_instance("SMS_AzureServicesTask").await?;
        task.set("AzureServiceId", service_id)?;
        task.set("SiteCode", site.code().await?.as_str())?;
        task.set("TaskTypeId", task_type as u32)?;
        task.set("TaskStateId", 1_u32)?;
        // RunOnce.
        task.set("Type", 0_u32)?;
        let path = site.put(&mut task, PutMode::CreateOnly).await.map_err(|error| error.during(operation))?;
        Ok(Task { path, task_type })
    }

    pub(super) fn name(&self) -> String {
        format!("{:?}", self.task_type)
    }

    /// How far it is; completed where its row is gone, as that of a gateway that was deleted.
    pub(super) async fn state(&self, site: &Site) -> Result<TaskState> {
        match site.get(&self.path).await {
            Ok(task) => Ok(TaskState::of(&task)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(TaskState::Completed),
            Err(error) => Err(error),
        }
    }

    /// The error of a task that failed.
    pub(super) fn failed(&self, service_name: &str) -> Error {
        let cause =
            "the site says that the task failed; CloudMgr.log on the site server says why, then apply again";
        Error::new(ErrorKind::Conflict, format!("run {} for {service_name}", self.name()), cause)
            .with_context("task", self.path.to_string())
    }
}
