//! ConfigMgr's own way to a gateway: its site is told by rows, and does the work itself.

mod options;
mod service_row;
mod task;
mod wait;

use std::sync::Arc;

use serde_json::{Value, json};

pub use self::options::SiteCloudOptions;
use self::service_row::mark_of;
use self::task::{Task, TaskType, Tasks};
use self::wait::Until;
use super::cloud::{CloudInstance, ProgressFn, boxed_cloud};
use super::comparison::{Observed, differences};
use super::plan::{self, GatewayPlan};
use super::resource::{How, Resource};
use super::row::shown;
use super::waiting::{Waiting, planning_failed};
use crate::error::{Error, ErrorKind, Result};
use crate::gateway::spec::GatewaySpec;
use crate::gateway::{Gateway, GatewayState, state_of};
use crate::site::{MethodInput, Site};
use crate::wmi::{Instance, ObjectPath};

/// What it is called in plans.
const NAME: &str = "Configuration Manager";

/// A site's own Configuration Manager as what makes gateways: it is told by rows and tasks, and watched.
///
/// `SMS_AzureService` says what the gateway shall be, an `SMS_AzureServicesTask` has it made, changed or deleted; `Start` and `Stop`
/// are methods of the first. It goes over every transport. Tried on embedded sites and a served AdminService, never on a live
/// site: in which form it wants the certificate's key is not documented (only the certificate is written; `properties` can
/// add what a site needs), nor that it takes tasks from outside.
///
/// ```
/// use cmgateway::gateway::provision::{Cloud, SiteCloud, SiteCloudOptions};
/// use cmgateway::site::{EmbeddedSite, SiteCode};
/// # tokio::runtime::Runtime::new().unwrap().block_on(async {
/// let file = std::env::temp_dir().join(format!("site-cloud-{}.db", std::process::id()));
/// let site = EmbeddedSite::create(&file, &SiteCode::new("GF1")?).await?;
/// let cloud = SiteCloud::new(site.into(), SiteCloudOptions::default());
/// assert_eq!(cloud.name(), "Configuration Manager");
/// # std::fs::remove_file(file).ok();
/// # Ok::<(), cmgateway::Error>(())
/// # }).unwrap();
/// ```
#[derive(Debug)]
pub struct SiteCloud {
    site: Site,
    options: SiteCloudOptions,
}

/// A change of whether a gateway runs.
struct Power {
    method: &'static str,
    /// What tells the site where nobody runs the methods.
    task: TaskType,
    wanted: GatewayState,
}

/// What the site is to be told: a gateway that it has not made yet is made, though its row may be there.
fn task_type(row: Option<&Instance>) -> TaskType {
    match row.and_then(state_of) {
        None | Some(GatewayState::Provisioning) => TaskType::CreateDeployment,
        Some(_) => TaskType::UpgradeDeployment,
    }
}

impl SiteCloud {
    /// Takes the site whose Configuration Manager shall do it.
    pub fn new(site: Site, options: SiteCloudOptions) -> Self {
        SiteCloud { site, options }
    }

    /// Says what creating or changing the gateway would do; nothing is changed.
    ///
    /// # Errors
    /// `config` with every rule of the spec that is broken; those of reading from the site.
    pub async fn plan(&self, spec: &GatewaySpec) -> Result<GatewayPlan> {
        let spec = Arc::new(spec.check(self.options.timer.now()).await?);
        spec.check_for_azure(false)?;
        let row = self.row(&spec.service_name).await.map_err(planning_failed)?;
        let wanted = self.properties(&spec)?;
        let seen = row.as_ref().map(|row| shown(row, &wanted));
        let task_type = task_type(row.as_ref());
        let is_ready = row.as_ref().and_then(state_of) == Some(GatewayState::Ready);
        let is_same = seen.as_ref().is_some_and(|seen| differences(&wanted, seen).is_empty());
        let is_done = is_ready && is_same && {
            let (_, id) = self.identified(&spec.service_name).await.map_err(planning_failed)?;
            Tasks::read(&self.site, id).await.map_err(planning_failed)?.are_done_for(&mark_of(&wanted))
        };
        let resource = |key: &str, kind, name: String, how, body| Resource {
            key: key.to_owned(),
            kind,
            name,
            how,
            path: String::new(),
            api_version: "",
            body,
        };
        let (task, state) = (json!({ "is_done": true }), json!({ "state": GatewayState::Ready.to_string() }));
        let now = row.as_ref().and_then(state_of).map(|state| json!({ "state": state.to_string() }));
        let observed = Observed::from([
            ("row".to_owned(), seen),
            ("task".to_owned(), is_done.then(|| task.clone())),
            ("state".to_owned(), now),
        ]);
        let resources = vec![
            resource("row", "SMS_AzureService", spec.service_name.clone(), How::Row, wanted),
            resource("task", "SMS_AzureServicesTask", task_type.name().to_owned(), How::Task, task),
            resource("state", "state", "Ready".to_owned(), How::Instances, state),
        ];
        let warnings =
            plan::azure_warnings(&spec).into_iter().filter(|one| !one.contains("instance_program_url"));
        Ok(plan::plan(spec, NAME, resources, &observed, warnings.collect()))
    }

    /// As [`SiteCloud::plan`], where the site is the one that this cloud was made for; its row is a part of every plan.
    ///
    /// # Errors
    /// `config` for another site; those of [`SiteCloud::plan`].
    pub async fn plan_in(&self, site: &Site, spec: &GatewaySpec) -> Result<GatewayPlan> {
        self.check_site(site)?;
        self.plan(spec).await
    }

    /// Writes the gateway's row, tells the site to make or to change it, and waits until its state is `Ready`.
    ///
    /// The site must be the one that it was planned on. Safe to call twice, also after a crash: a task that still belongs to the
    /// row is waited for, and not made again. Each task carries in `TaskKeyValue`, which its page says is ignored, a digest of the
    /// row that it was made for. One without that digest that the site has begun has read the row as it was: it is waited for,
    /// however it ends, then the site is told again. One that the site has not begun will read the row as it is then.
    ///
    /// `progress` hears of every look, and at least once a second; where it stops the wait, the site goes on.
    ///
    /// # Errors
    /// `config` for another site; `conflict` where the site says that the task failed; `timed_out` with its last state; `stopped`;
    /// those of the transport.
    pub async fn apply(&self, site: &Site, plan: &GatewayPlan, progress: &ProgressFn<'_>) -> Result<Gateway> {
        self.check_site(site)?;
        let name = plan.spec.service_name.as_str();
        let wanted = self.properties(&plan.spec)?;
        let step = |number, kind, name| Waiting::of_plan(progress, (number, 3), (kind, name));
        let writing = step(1, "SMS_AzureService", name);
        writing.tell("looking")?;
        let (task_type, is_ready) = writing.during(self.written(plan, &wanted, &writing)).await?;
        let telling = step(2, "SMS_AzureServicesTask", task_type.name());
        let ready = step(3, "state", "Ready");
        let mark = mark_of(&wanted);
        let told = telling.during(self.told(name, task_type, &mark, is_ready, &telling)).await?;
        let Some(task) = told else {
            ready.tell("kept")?;
            return Gateway::find(&self.site, name).await;
        };
        telling.tell("done")?;
        ready.during(self.wait(name, &Until::State(GatewayState::Ready, Some(&task)), &ready)).await?;
        ready.tell("done")?;
        Gateway::find(&self.site, name).await
    }

    /// Has the row say what is wanted; what the site is to be told, and whether it says that it is ready.
    async fn written(
        &self,
        plan: &GatewayPlan,
        wanted: &Value,
        writing: &Waiting<'_>,
    ) -> Result<(TaskType, bool)> {
        let row = self.row(&plan.spec.service_name).await?;
        let task_type = task_type(row.as_ref());
        let is_same = row.as_ref().is_some_and(|row| differences(wanted, &shown(row, wanted)).is_empty());
        let is_ready = is_same && row.as_ref().and_then(state_of) == Some(GatewayState::Ready);
        if is_same {
            writing.tell("kept")?;
        } else {
            writing.tell("making")?;
            if let Some(row) = &row {
                self.mark_what_was_done(&plan.spec.service_name, row, wanted).await?;
            }
            self.write(row, &plan.spec, wanted).await?;
            writing.tell("done")?;
        }
        Ok((task_type, is_ready))
    }

    /// Has the last task, where a console made it, say for which row: after a crash it would be believed for the new one.
    async fn mark_what_was_done(&self, name: &str, row: &Instance, wanted: &Value) -> Result<()> {
        let (_, id) = self.identified(name).await?;
        match Tasks::read(&self.site, id).await?.unmarked_and_done() {
            Some(task) => task.marked(&self.site, &mark_of(&shown(row, wanted))).await.map(drop),
            None => Ok(()),
        }
    }

    /// The task that belongs to the row as it is now, made where there is none; None where nothing is left to do.
    async fn told(
        &self,
        name: &str,
        task_type: TaskType,
        mark: &str,
        is_ready: bool,
        telling: &Waiting<'_>,
    ) -> Result<Option<Task>> {
        let (_, id) = self.identified(name).await?;
        loop {
            let tasks = Tasks::read(&self.site, id).await?;
            if is_ready && tasks.are_done_for(mark) {
                return Ok(None);
            }
            if let Some(task) = tasks.belonging_to(mark) {
                return task.marked(&self.site, mark).await.map(Some);
            }
            match tasks.open_one() {
                // Two at a time would only come in each other's way.
                Some(older) => self.wait(name, &Until::Over(older), telling).await?,
                None => return Task::make(&self.site, id, task_type, mark).await.map(Some),
            }
        }
    }

    /// Calls `SMS_AzureService.Start` and waits until the state is `Ready`; a site that runs no methods is told by a task.
    ///
    /// # Errors
    /// `not_found` where the site has no such gateway; those of [`SiteCloud::apply`].
    pub async fn start(&self, site: &Site, service_name: &str, progress: &ProgressFn<'_>) -> Result<()> {
        let waiting = Waiting::of_call(progress, "start", service_name);
        let power = Power { method: "Start", task: TaskType::StartDeployment, wanted: GatewayState::Ready };
        waiting.during(self.power(site, service_name, &power, &waiting)).await?;
        waiting.tell("done")
    }

    /// Calls `SMS_AzureService.Stop` and waits until the state is `Stopped`; a site that runs no methods is told by a task.
    ///
    /// # Errors
    /// Those of [`SiteCloud::start`].
    pub async fn stop(&self, site: &Site, service_name: &str, progress: &ProgressFn<'_>) -> Result<()> {
        let waiting = Waiting::of_call(progress, "stop", service_name);
        let power = Power { method: "Stop", task: TaskType::StopDeployment, wanted: GatewayState::Stopped };
        waiting.during(self.power(site, service_name, &power, &waiting)).await?;
        waiting.tell("done")
    }

    /// Tells the site to delete the gateway, waits until the task is completed, and deletes its row where the site has left it.
    ///
    /// # Errors
    /// Those of [`SiteCloud::start`].
    pub async fn delete(&self, site: &Site, service_name: &str, progress: &ProgressFn<'_>) -> Result<()> {
        let waiting = Waiting::of_call(progress, "delete", service_name);
        waiting.during(self.delete_all(site, service_name, &waiting)).await?;
        waiting.tell("done")
    }

    async fn delete_all(&self, site: &Site, service_name: &str, waiting: &Waiting<'_>) -> Result<()> {
        self.check_site(site)?;
        let (_, id) = self.identified(service_name).await?;
        let task = Task::open_or_new(&self.site, id, TaskType::DeleteDeployment).await?;
        self.wait(service_name, &Until::Deleted(&task), waiting).await?;
        match self.row(service_name).await?.and_then(|row| row.path().cloned()) {
            Some(path) => match self.site.delete(&path).await {
                Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
                _ => Ok(()),
            },
            None => Ok(()),
        }
    }

    /// The gateway as a whole with its state: a site tells nothing of single machines.
    ///
    /// # Errors
    /// `not_found` where the site has no such gateway.
    pub async fn instances(&self, site: &Site, service_name: &str) -> Result<Vec<CloudInstance>> {
        self.check_site(site)?;
        let row = Gateway::find(&self.site, service_name).await?.instance().await?;
        let state = state_of(&row);
        let host = row.text("Fqdn").unwrap_or_default();
        Ok(vec![CloudInstance {
            name: row.text("Name").unwrap_or(service_name).to_owned(),
            state: state.map_or_else(|| "unknown".to_owned(), |state| state.to_string()),
            is_ready: state == Some(GatewayState::Ready),
            address: if host.is_empty() { String::new() } else { format!("{host}:443") },
            ..CloudInstance::default()
        }])
    }

    fn check_site(&self, site: &Site) -> Result<()> {
        if site.address() == self.site.address() {
            return Ok(());
        }
        let cause = format!("this is another site: {} in place of {}", site.address(), self.site.address());
        Err(Error::new(ErrorKind::Config, "use the site's own Configuration Manager", cause))
    }

    async fn row(&self, service_name: &str) -> Result<Option<Instance>> {
        match Gateway::find(&self.site, service_name).await {
            Ok(gateway) => gateway.instance().await.map(Some),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn identified(&self, service_name: &str) -> Result<(Gateway, u32)> {
        let gateway = Gateway::find(&self.site, service_name).await?;
        let row = gateway.instance().await?;
        let id =
            row.get("AzureServiceID").and_then(|id| id.as_integer()).and_then(|id| u32::try_from(id).ok());
        let id = id.ok_or_else(|| {
            let cause = "the site tells no AzureServiceID";
            Error::new(ErrorKind::Protocol, format!("find gateway {service_name:?}"), cause)
        })?;
        Ok((gateway, id))
    }

    async fn power(
        &self,
        site: &Site,
        service_name: &str,
        power: &Power,
        waiting: &Waiting<'_>,
    ) -> Result<()> {
        self.check_site(site)?;
        let (_, id) = self.identified(service_name).await?;
        let class = ObjectPath::parse("SMS_AzureService")?;
        let input = MethodInput::named([("AzureServiceID", id)]);
        let task = match self.site.call(&class, power.method, input).await {
            Ok(output) => {
                check_returned(&output, power.method, service_name)?;
                None
            }
            Err(error) if error.kind() == ErrorKind::Unsupported => {
                Some(Task::open_or_new(&self.site, id, power.task).await?)
            }
            Err(error) => return Err(error),
        };
        self.wait(service_name, &Until::State(power.wanted, task.as_ref()), waiting).await
    }
}

fn check_returned(output: &Instance, method: &str, service_name: &str) -> Result<()> {
    match output.get("ReturnValue").and_then(|value| value.as_integer()) {
        None | Some(0) => Ok(()),
        Some(code) => {
            let cause = format!(
                "SMS_AzureService.{method} gave back {code}; CloudMgr.log on the site server says why"
            );
            let operation = format!("{} gateway {service_name}", method.to_ascii_lowercase());
            Err(Error::new(ErrorKind::Conflict, operation, cause))
        }
    }
}

boxed_cloud!(SiteCloud, NAME);
