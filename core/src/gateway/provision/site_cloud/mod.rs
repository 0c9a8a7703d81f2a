//! ConfigMgr's own way to a gateway: its site is told by rows, and does the work itself.

mod task;

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value, json};

use self::task::{Task, TaskState, TaskType};
use super::apply::{Go, Progress};
use super::cloud::{CloudInstance, ProgressFn, boxed_cloud};
use super::comparison::{Observed, differences};
use super::plan::{self, GatewayPlan};
use super::resource::{How, Resource};
use super::row::{RowPlace, fill};
use crate::error::{Error, ErrorKind, Result};
use crate::gateway::spec::{CheckedSpec, GatewaySpec};
use crate::gateway::{Gateway, GatewayState, state_of};
use crate::limits::SITE_GATEWAY_TIMEOUT;
use crate::net::{SystemTimer, Timer};
use crate::site::{MethodInput, PutMode, Site};
use crate::wmi::{self, Instance, ObjectPath};

/// What it is called in plans.
const NAME: &str = "Configuration Manager";

/// How a site is told, and waited for.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SiteCloudOptions {
    /// Properties of `SMS_AzureService` beyond what a spec says, such as `AADApplicationId`; text, numbers, true and false.
    pub properties: Map<String, Value>,
    /// How often the site is asked how far it is; 10 s.
    pub poll: Duration,
    /// How long it is waited for; an hour, since Microsoft's page says 5 to 15 minutes.
    pub timeout: Duration,
    /// What waits.
    pub timer: Arc<dyn Timer>,
}

impl Default for SiteCloudOptions {
    fn default() -> Self {
        SiteCloudOptions {
            properties: Map::new(),
            poll: Duration::from_secs(10),
            timeout: SITE_GATEWAY_TIMEOUT,
            timer: Arc::new(SystemTimer::new()),
        }
    }
}

impl SiteCloudOptions {
    /// Reads the options from a table: `properties`, and `poll` and `timeout` in seconds; null says nothing.
    ///
    /// # Errors
    /// `config` for an unknown name or a value that cannot be, by name.
    ///
    /// ```
    /// use cmgateway::gateway::provision::SiteCloudOptions;
    /// let options = SiteCloudOptions::from_json(serde_json::json!({ "poll": 0.5, "properties": { "AADApplicationId": 1 } }))?;
    /// assert_eq!(options.poll.as_millis(), 500);
    /// # Ok::<(), cmgateway::Error>(())
    /// ```
    pub fn from_json(value: Value) -> Result<Self> {
        let refused = |name: &str, rule: &str| {
            Error::new(
                ErrorKind::Config,
                "use the site's own Configuration Manager",
                format!("{name} {rule}"),
            )
            .with_context("field", name)
        };
        let Value::Object(map) = value else { return Err(refused("the options", "must be a table")) };
        let mut options = SiteCloudOptions::default();
        for (name, value) in map.into_iter().filter(|(_, value)| !value.is_null()) {
            let seconds = || {
                let time = value.as_f64().filter(|seconds| *seconds > 0.0);
                let time = time.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
                time.ok_or_else(|| refused(&name, "must be seconds above 0"))
            };
            match (name.as_str(), &value) {
                ("poll", _) => options.poll = seconds()?,
                ("timeout", _) => options.timeout = seconds()?,
                ("properties", Value::Object(map)) => options.properties.clone_from(map),
                ("properties", Value::Array(items)) if items.is_empty() => {}
                ("properties", _) => return Err(refused("properties", "must be a table")),
                _ => return Err(refused(&name, "is not one of properties, poll, timeout")),
            }
        }
        Ok(options)
    }
}

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

/// What a wait is for.
struct Wait<'a> {
    service_name: &'a str,
    task: Option<&'a Task>,
    wanted: GatewayState,
    kind: &'static str,
    step: usize,
    steps: usize,
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
        let row = self.row(&spec.service_name).await?;
        let wanted = self.properties(&spec)?;
        let seen = row.as_ref().map(|row| shown(row, &wanted));
        let task_type = task_type(row.as_ref());
        let is_ready = row.as_ref().and_then(state_of) == Some(GatewayState::Ready);
        let is_same = seen.as_ref().is_some_and(|seen| differences(&wanted, seen).is_empty());
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
            ("task".to_owned(), (is_ready && is_same).then(|| task.clone())),
            ("state".to_owned(), now),
        ]);
        let resources = vec![
            resource("row", "SMS_AzureService", spec.service_name.clone(), How::Row, wanted),
            resource("task", "SMS_AzureServicesTask", format!("{task_type:?}"), How::Task, task),
            resource("state", "state", "Ready".to_owned(), How::Instances, state),
        ];
        let warnings =
            plan::azure_warnings(&spec).into_iter().filter(|one| !one.contains("instance_program_url"));
        Ok(plan::plan(spec, NAME, resources, &observed, warnings.collect()))
    }

    /// Writes the gateway's row, tells the site to make or to change it, and waits until its state is `Ready`.
    ///
    /// The site must be the one that it was planned on. A task that is still open is waited for, not made again, so it is safe
    /// to call twice. `progress` hears of every look; where it stops the wait, the site goes on.
    ///
    /// # Errors
    /// `config` for another site; `conflict` where the site says that the task failed; `timed_out` with its last state; `stopped`;
    /// those of the transport.
    pub async fn apply(&self, site: &Site, plan: &GatewayPlan, progress: &ProgressFn<'_>) -> Result<Gateway> {
        self.check_site(site)?;
        let name = plan.spec.service_name.as_str();
        let wanted = self.properties(&plan.spec)?;
        let row = self.row(name).await?;
        let task_type = task_type(row.as_ref());
        let is_same = row.as_ref().is_some_and(|row| differences(&wanted, &shown(row, &wanted)).is_empty());
        let is_ready = row.as_ref().and_then(state_of) == Some(GatewayState::Ready);
        tell(progress, (1, 3), ("SMS_AzureService", name), "making")?;
        if !is_same {
            self.write(row, &plan.spec, &wanted).await?;
        }
        if is_same && is_ready {
            tell(progress, (3, 3), ("state", "Ready"), "kept")?;
            return Gateway::find(&self.site, name).await;
        }
        let (_, id) = self.identified(name).await?;
        let task = Task::begin(&self.site, id, task_type).await?;
        tell(progress, (2, 3), ("SMS_AzureServicesTask", &task.name()), "done")?;
        let wanted = GatewayState::Ready;
        let wait = Wait { service_name: name, task: Some(&task), wanted, kind: "state", step: 3, steps: 3 };
        self.wait(&wait, progress).await?;
        Gateway::find(&self.site, name).await
    }

    /// Calls `SMS_AzureService.Start` and waits until the state is `Ready`; a site that runs no methods is told by a task.
    ///
    /// # Errors
    /// `not_found` where the site has no such gateway; those of [`SiteCloud::apply`].
    pub async fn start(&self, site: &Site, service_name: &str) -> Result<()> {
        self.power(site, service_name, "Start", TaskType::StartDeployment, GatewayState::Ready).await
    }

    /// Calls `SMS_AzureService.Stop` and waits until the state is `Stopped`; a site that runs no methods is told by a task.
    ///
    /// # Errors
    /// Those of [`SiteCloud::start`].
    pub async fn stop(&self, site: &Site, service_name: &str) -> Result<()> {
        self.power(site, service_name, "Stop", TaskType::StopDeployment, GatewayState::Stopped).await
    }

    /// Tells the site to delete the gateway, waits until the task is completed, and deletes its row where the site has left it.
    ///
    /// # Errors
    /// Those of [`SiteCloud::start`].
    pub async fn delete(&self, site: &Site, service_name: &str) -> Result<()> {
        self.check_site(site)?;
        let (_, id) = self.identified(service_name).await?;
        let task = Task::begin(&self.site, id, TaskType::DeleteDeployment).await?;
        let wanted = GatewayState::Deleting;
        let wait = Wait { service_name, task: Some(&task), wanted, kind: "state", step: 1, steps: 1 };
        self.wait(&wait, &|_| Go::On).await?;
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

    /// What the row shall hold, as JSON.
    fn properties(&self, spec: &CheckedSpec) -> Result<Value> {
        let place = RowPlace::resource_manager(spec);
        let mut made = Instance::new("SMS_AzureService")?;
        fill(&mut made, spec, &place)?;
        let mut all = Map::new();
        for property in made.properties() {
            all.insert(property.name.as_str().to_owned(), json_of(&property.value));
        }
        all.extend(self.options.properties.clone());
        Ok(Value::Object(all))
    }

    async fn write(&self, row: Option<Instance>, spec: &CheckedSpec, wanted: &Value) -> Result<()> {
        let operation = format!("write gateway {} into the site", spec.service_name);
        let (mut row, is_new) = match row {
            Some(row) => (row, false),
            None => (self.site.new_instance("SMS_AzureService").await?, true),
        };
        if is_new {
            row.set("SiteCode", self.site.code().await?.as_str())?;
        }
        for (name, value) in wanted.as_object().into_iter().flatten() {
            match value {
                Value::String(text) => row.set(name, text.as_str())?,
                Value::Bool(flag) => row.set(name, *flag)?,
                Value::Number(number) if number.is_i64() => {
                    row.set(name, number.as_i64().unwrap_or_default())?
                }
                _ => {
                    let cause = format!("property {name} must be text, a whole number, true or false");
                    return Err(Error::new(ErrorKind::Config, operation, cause));
                }
            }
        }
        let mode = if is_new { PutMode::CreateOnly } else { PutMode::UpdateUnchanged };
        self.site.put(&mut row, mode).await.map(drop)
    }

    async fn power(
        &self,
        site: &Site,
        service_name: &str,
        method: &str,
        task_type: TaskType,
        wanted: GatewayState,
    ) -> Result<()> {
        self.check_site(site)?;
        let (_, id) = self.identified(service_name).await?;
        let class = ObjectPath::parse("SMS_AzureService")?;
        let input = MethodInput::named([("AzureServiceID", id)]);
        let task = match self.site.call(&class, method, input).await {
            Ok(output) => {
                check_returned(&output, method, service_name)?;
                None
            }
            Err(error) if error.kind() == ErrorKind::Unsupported => {
                Some(Task::begin(&self.site, id, task_type).await?)
            }
            Err(error) => return Err(error),
        };
        let wait = Wait { service_name, task: task.as_ref(), wanted, kind: "state", step: 1, steps: 1 };
        self.wait(&wait, &|_| Go::On).await
    }

    /// Looks again and again until the state is the wanted one and the task, where there is one, is completed.
    async fn wait(&self, wait: &Wait<'_>, progress: &ProgressFn<'_>) -> Result<()> {
        let timer = &self.options.timer;
        let start = timer.elapsed();
        loop {
            let task = match wait.task {
                Some(task) => Some(task.state(&self.site).await?),
                None => None,
            };
            let row = self.row(wait.service_name).await?;
            let state = row.as_ref().and_then(state_of);
            let said = match (state, &row) {
                (Some(state), _) => state.to_string(),
                (None, Some(_)) => "no state".to_owned(),
                (None, None) => "no row".to_owned(),
            };
            let is_there = match wait.wanted {
                // The row of a deleted gateway may stay or go.
                GatewayState::Deleting => task == Some(TaskState::Completed) || row.is_none(),
                wanted => state == Some(wanted) && task.is_none_or(|task| task == TaskState::Completed),
            };
            let text = task.map_or_else(|| said.clone(), |task| format!("{said}, {}", task.text()));
            let phase = if is_there { "done" } else { "waiting" };
            tell(progress, (wait.step, wait.steps), (wait.kind, &text), phase)?;
            if is_there {
                return Ok(());
            }
            if let (Some(TaskState::Failed), Some(task)) = (task, wait.task) {
                return Err(task.failed(wait.service_name));
            }
            if timer.elapsed().saturating_sub(start).saturating_add(self.options.poll) > self.options.timeout
            {
                let seconds = self.options.timeout.as_secs();
                let cause = format!(
                    "not within {seconds} s; it is at: {text}; the site goes on, so wait and apply again"
                );
                let operation = format!("wait until {} is {}", wait.service_name, wait.wanted);
                return Err(Error::new(ErrorKind::TimedOut, operation, cause));
            }
            timer.sleep(self.options.poll).await;
        }
    }
}

/// The properties of a row that are asked for, as JSON.
fn shown(row: &Instance, wanted: &Value) -> Value {
    let names = wanted.as_object().into_iter().flatten().map(|(name, _)| name);
    Value::Object(names.map(|name| (name.clone(), row.get(name).map_or(Value::Null, json_of))).collect())
}

fn json_of(value: &wmi::Value) -> Value {
    match value {
        wmi::Value::String(text) => text.as_str().into(),
        wmi::Value::Boolean(flag) => (*flag).into(),
        wmi::Value::Integer(number) => i64::try_from(*number).map_or(Value::Null, Value::from),
        _ => Value::Null,
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

fn tell(
    progress: &ProgressFn<'_>,
    (step, steps): (usize, usize),
    (kind, name): (&str, &str),
    phase: &'static str,
) -> Result<()> {
    let now = Progress { step, steps, kind: kind.to_owned(), name: name.to_owned(), phase };
    match progress(&now) {
        Go::On => Ok(()),
        Go::Stop => {
            let cause = "it was stopped; the site goes on by itself, and applying again waits for it";
            Err(Error::new(ErrorKind::Stopped, "apply the gateway's plan", cause))
        }
    }
}

boxed_cloud!(SiteCloud, NAME);
