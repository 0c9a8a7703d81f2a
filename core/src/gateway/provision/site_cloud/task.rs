//! `SMS_AzureServicesTask`: what ConfigMgr is told to do with a gateway, and how far it is.

use crate::error::{Error, ErrorKind, Result};
use crate::site::{PutMode, Site};
use crate::wmi::wql::Parameters;
use crate::wmi::{Instance, ObjectPath, Value};

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

impl TaskType {
    const ALL: [TaskType; 5] = [
        TaskType::CreateDeployment,
        TaskType::UpgradeDeployment,
        TaskType::DeleteDeployment,
        TaskType::StopDeployment,
        TaskType::StartDeployment,
    ];

    pub(super) fn name(self) -> &'static str {
        match self {
            TaskType::CreateDeployment => "CreateDeployment",
            TaskType::UpgradeDeployment => "UpgradeDeployment",
            TaskType::DeleteDeployment => "DeleteDeployment",
            TaskType::StopDeployment => "StopDeployment",
            TaskType::StartDeployment => "StartDeployment",
        }
    }

    /// True where it has the gateway be as its row says.
    fn is_deploying(self) -> bool {
        matches!(self, TaskType::CreateDeployment | TaskType::UpgradeDeployment)
    }
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

    /// True where the site does nothing any more.
    pub(super) fn is_over(self) -> bool {
        matches!(self, TaskState::Completed | TaskState::Failed)
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
    id: i128,
    task_type: TaskType,
    /// When it was read.
    state: TaskState,
    /// The digest of the row that it was made for, where it was made here.
    mark: String,
}

/// The tasks that have a gateway be as its row says, oldest first.
pub(super) struct Tasks(Vec<Task>);

impl Tasks {
    pub(super) async fn read(site: &Site, service_id: u32) -> Result<Self> {
        let mut all = read_all(site, service_id).await?;
        all.retain(|task| task.task_type.is_deploying());
        Ok(Tasks(all))
    }

    /// True where nothing is to be done for a row that is ready: the site has last carried out this one, or was never told from
    /// here. One that was told by a console carries no digest, and is believed.
    pub(super) fn are_done_for(&self, mark: &str) -> bool {
        self.0.last().is_none_or(|last| {
            last.state == TaskState::Completed && (last.mark == mark || !is_mark(&last.mark))
        })
    }

    /// The newest open task that belongs to the row: made for it, or not begun yet, so that it will read it.
    pub(super) fn belonging_to(&self, mark: &str) -> Option<&Task> {
        let belongs =
            |task: &&Task| !task.state.is_over() && (task.mark == mark || task.state == TaskState::Created);
        self.0.iter().rev().find(belongs)
    }

    /// Any task that is not over; one whose state is not known is nothing to wait for.
    pub(super) fn open_one(&self) -> Option<&Task> {
        self.0.iter().find(|task| matches!(task.state, TaskState::Created | TaskState::InProgress))
    }

    /// The last task, where the site has carried it out and it does not say for which row.
    pub(super) fn unmarked_and_done(&self) -> Option<&Task> {
        self.0.last().filter(|last| last.state == TaskState::Completed && !is_mark(&last.mark))
    }
}

fn is_mark(text: &str) -> bool {
    text.starts_with("cmgateway row ")
}

async fn read_all(site: &Site, service_id: u32) -> Result<Vec<Task>> {
    let wql = "SELECT * FROM SMS_AzureServicesTask WHERE AzureServiceId = ?";
    let parameters = Parameters::Positional(vec![service_id.into()]);
    let mut all: Vec<_> =
        site.query(wql, &parameters).await?.all().await?.iter().filter_map(Task::of).collect();
    all.sort_by_key(|task| task.id);
    Ok(all)
}

impl Task {
    fn of(row: &Instance) -> Option<Self> {
        let number = |name: &str| row.get(name).and_then(Value::as_integer);
        let type_id = number("TaskTypeId")?;
        Some(Task {
            path: row.path().cloned()?,
            id: number("TaskID").unwrap_or_default(),
            task_type: TaskType::ALL.into_iter().find(|one| type_id == (*one as u32).into())?,
            state: TaskState::of(row),
            mark: row.text("TaskKeyValue").unwrap_or_default().to_owned(),
        })
    }

    /// The task of this type that ConfigMgr has not ended yet, else a new one.
    pub(super) async fn open_or_new(site: &Site, service_id: u32, task_type: TaskType) -> Result<Self> {
        let all = read_all(site, service_id).await?;
        let found = all.into_iter().find(|task| task.task_type == task_type && !task.state.is_over());
        match found {
            Some(task) => Ok(task),
            None => Task::make(site, service_id, task_type, "").await,
        }
    }

    /// Makes one, for the row with this digest.
    pub(super) async fn make(site: &Site, service_id: u32, task_type: TaskType, mark: &str) -> Result<Self> {
        let operation = format!("tell the site to run {}", task_type.name());
        let mut task = site.new_instance("SMS_AzureServicesTask").await?;
        task.set("AzureServiceId", service_id)?;
        task.set("SiteCode", site.code().await?.as_str())?;
        task.set("TaskTypeId", task_type as u32)?;
        task.set("TaskStateId", 1_u32)?;
        // RunOnce.
        task.set("Type", 0_u32)?;
        if !mark.is_empty() {
            task.set("TaskKeyValue", mark)?;
        }
        let path = site.put(&mut task, PutMode::CreateOnly).await.map_err(|error| error.during(operation))?;
        Ok(Task { path, id: 0, task_type, state: TaskState::Created, mark: mark.to_owned() })
    }

    /// The same task, which carries this digest; one that the site has not begun yet will go by the row of today.
    pub(super) async fn marked(&self, site: &Site, mark: &str) -> Result<Task> {
        if self.mark != mark {
            let mut row = site.get(&self.path).await?;
            row.set("TaskKeyValue", mark)?;
            site.put(&mut row, PutMode::UpdateUnchanged).await?;
        }
        let path = self.path.clone();
        Ok(Task { path, id: self.id, task_type: self.task_type, state: self.state, mark: mark.to_owned() })
    }

    /// How far it is now; completed where its row is gone, as that of a gateway that was deleted.
    pub(super) async fn state_now(&self, site: &Site) -> Result<TaskState> {
        match site.get(&self.path).await {
            Ok(task) => Ok(TaskState::of(&task)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(TaskState::Completed),
            Err(error) => Err(error),
        }
    }

    /// The error of a task that failed.
    pub(super) fn failed(&self, service_name: &str) -> Error {
        let cause = "the site says that the task failed; CloudMgr.log on the site server says why";
        Error::new(ErrorKind::Conflict, format!("run {} for {service_name}", self.task_type.name()), cause)
            .with_context("task", self.path.to_string())
    }
}
