//! This machine as a cloud: instances are processes that a supervisor keeps running, also when the script has ended.

mod detached;
mod folder;
mod instance_process;
mod local_steps;
mod probe;
mod program;
mod supervisor;

use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use time::OffsetDateTime;

pub use self::detached::supervise_detached;
use self::folder::{Folder, Told, Wanted};
pub use self::supervisor::supervise;
use super::apply::apply;
use super::cloud::{CloudInstance, ProgressFn, boxed_cloud};
use super::plan::{self, GatewayPlan};
use super::row::{RowPlace, set_state, with_row};
use super::steps::Steps;
use super::waiting::{Waiting, planning_failed};
use crate::background;
use crate::error::{Error, ErrorKind, Result};
use crate::gateway::service::read_instance_file;
use crate::gateway::spec::{CheckedSpec, GatewaySpec};
use crate::gateway::{Gateway, GatewayState};
use crate::limits::{GATEWAY_INSTANCES_MAX, LOCAL_INSTANCES_TIMEOUT};
use crate::net::{Clock, SystemClock};
use crate::site::Site;
use crate::wmi::Instance;

/// What it is called in plans.
const NAME: &str = "this machine";
/// How often the supervisor's word is read while it is waited for.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Which ports instances on this machine take.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LocalPorts {
    /// Microsoft's: tunnels at 10140 and up; clients at 443, with several instances at 10124 and up.
    #[default]
    Microsoft,
    /// Free ones, chosen when an instance is made and kept for its life.
    Free,
}

impl LocalPorts {
    /// Both.
    pub const ALL: [LocalPorts; 2] = [LocalPorts::Microsoft, LocalPorts::Free];

    /// The word that Python and Lua use.
    pub fn as_str(self) -> &'static str {
        match self {
            LocalPorts::Microsoft => "microsoft",
            LocalPorts::Free => "free",
        }
    }
}

/// How gateways run on this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LocalCloudOptions {
    /// Where gateways are kept, each in a folder of its own; None is the user's own place for such state.
    pub folder: Option<PathBuf>,
    /// The program `cmgateway`; None looks at `CMGATEWAY_PROGRAM`, beside the running program, and in `PATH`.
    pub program: Option<PathBuf>,
    /// The address that instances listen at.
    pub address: IpAddr,
    /// Their ports.
    pub ports: LocalPorts,
}

impl Default for LocalCloudOptions {
    /// The usual folder and program, the loopback address, Microsoft's ports.
    fn default() -> Self {
        let address = IpAddr::V4(Ipv4Addr::LOCALHOST);
        LocalCloudOptions { folder: None, program: None, address, ports: LocalPorts::default() }
    }
}

/// This machine as the place where gateways run: each instance is a process, kept running by a supervisor.
///
/// The supervisor outlives the script and is found again by the lock that it holds in the gateway's folder.
///
/// ```
/// use cmgateway::gateway::provision::{Cloud, LocalCloud, LocalCloudOptions};
/// let mut options = LocalCloudOptions::default();
/// options.folder = Some(std::env::temp_dir().join("gateways"));
/// assert_eq!(LocalCloud::new(options)?.name(), "this machine");
/// # Ok::<(), cmgateway::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct LocalCloud {
    options: LocalCloudOptions,
    root: PathBuf,
}

impl LocalCloud {
    /// Takes the options; looks at nothing yet.
    ///
    /// # Errors
    /// `config` where there is no usual folder and none is named.
    pub fn new(options: LocalCloudOptions) -> Result<Self> {
        let root = match &options.folder {
            Some(folder) => std::path::absolute(folder).map_err(|error| {
                Error::new(ErrorKind::Config, format!("use folder {}", folder.display()), error.to_string())
            })?,
            None => program::usual_folder()?,
        };
        Ok(LocalCloud { options, root })
    }

    fn folder(&self, prefix: &str) -> Folder {
        Folder::new(self.root.join(prefix))
    }

    /// Says what creating or changing the gateway would do; nothing is changed.
    ///
    /// # Errors
    /// `config` with every rule of the spec that is broken; `not_found` where the program is nowhere.
    pub async fn plan(&self, spec: &GatewaySpec) -> Result<GatewayPlan> {
        program::find(self.options.program.as_deref())?;
        let spec = Arc::new(spec.check(self.now()).await?);
        let resources = self.wanted(&spec)?;
        let observed = self.observe_all(&resources).await.map_err(planning_failed)?;
        let mut warnings = Vec::new();
        if spec.roots.is_empty() {
            warnings
                .push("no root is given: clients with a certificate of a PKI will not be let in".to_owned());
        }
        if self.options.address.is_loopback() {
            warnings.push(format!("only this machine reaches the instances, at {}", self.options.address));
        }
        Ok(plan::plan(spec, NAME, resources, &observed, warnings))
    }

    /// As [`LocalCloud::plan`], and says what would change in the gateway's row in this site, which holds what no cloud does: roots,
    /// thresholds, switches.
    ///
    /// # Errors
    /// Those of [`LocalCloud::plan`] and of reading from the site.
    pub async fn plan_in(&self, site: &Site, spec: &GatewaySpec) -> Result<GatewayPlan> {
        let plan = self.plan(spec).await?;
        let place = row_place(&plan.spec);
        with_row(plan, site, &place).await
    }

    /// Does what a plan says, keeps the gateway in the site, and reads back: every instance answers over HTTPS then.
    ///
    /// Safe to call twice; what was killed on its way is taken up.
    ///
    /// # Errors
    /// `unsupported` for a site that is not embedded; `stopped` where `progress` says so; `timed_out` with the end of its log where
    /// an instance does not serve.
    pub async fn apply(&self, site: &Site, plan: &GatewayPlan, progress: &ProgressFn<'_>) -> Result<Gateway> {
        apply(self, &row_place(&plan.spec), site, plan, progress).await
    }

    /// Starts the instances of a gateway that was stopped.
    ///
    /// # Errors
    /// `not_found` where the site or this machine has no such gateway; those of [`LocalCloud::apply`].
    pub async fn start(&self, site: &Site, service_name: &str, progress: &ProgressFn<'_>) -> Result<()> {
        let waiting = Waiting::of_call(progress, "start", service_name);
        waiting.during(self.start_all(site, service_name, &waiting)).await?;
        waiting.tell("done")
    }

    async fn start_all(&self, site: &Site, service_name: &str, waiting: &Waiting<'_>) -> Result<()> {
        let (mut row, folder) = self.locate(site, service_name).await?;
        let mut wanted = wanted_of(&folder, service_name)?;
        set_state(site, &mut row, GatewayState::Starting).await?;
        wanted.is_running = true;
        wanted.program = program::find(self.options.program.as_deref())?;
        folder.write_wanted(&wanted)?;
        self.supervise(&folder, &wanted.program).await?;
        let count = usize::from(wanted.instances);
        let is_there = |told: Option<&Told>| told.is_some_and(|told| running(told) == count);
        until(&folder, "start", waiting, is_there).await?;
        set_state(site, &mut row, GatewayState::Ready).await
    }

    /// Stops the instances of a gateway, which end their open requests first; it can be started again.
    ///
    /// # Errors
    /// Those of [`LocalCloud::start`].
    pub async fn stop(&self, site: &Site, service_name: &str, progress: &ProgressFn<'_>) -> Result<()> {
        let waiting = Waiting::of_call(progress, "stop", service_name);
        waiting.during(self.stop_all(site, service_name, &waiting)).await?;
        waiting.tell("done")
    }

    async fn stop_all(&self, site: &Site, service_name: &str, waiting: &Waiting<'_>) -> Result<()> {
        let (mut row, folder) = self.locate(site, service_name).await?;
        let mut wanted = wanted_of(&folder, service_name)?;
        set_state(site, &mut row, GatewayState::Stopping).await?;
        wanted.is_running = false;
        folder.write_wanted(&wanted)?;
        until(&folder, "stop", waiting, |told| told.is_none()).await?;
        set_state(site, &mut row, GatewayState::Stopped).await
    }

    /// Stops a gateway and deletes its folder, then its row in the site. Safe to call twice.
    ///
    /// # Errors
    /// Those of [`LocalCloud::start`].
    pub async fn delete(&self, site: &Site, service_name: &str, progress: &ProgressFn<'_>) -> Result<()> {
        let waiting = Waiting::of_call(progress, "delete", service_name);
        waiting.during(self.delete_all(site, service_name, &waiting)).await?;
        waiting.tell("done")
    }

    async fn delete_all(&self, site: &Site, service_name: &str, waiting: &Waiting<'_>) -> Result<()> {
        let (mut row, folder) = self.locate(site, service_name).await?;
        set_state(site, &mut row, GatewayState::Deleting).await?;
        if let Some(mut wanted) = folder.read_wanted()? {
            wanted.is_running = false;
            folder.write_wanted(&wanted)?;
            until(&folder, "stop", waiting, |told| told.is_none()).await?;
        }
        let path = folder.path().to_path_buf();
        background::run("delete the gateway's folder", move || match std::fs::remove_dir_all(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(folder::failed("delete", &path, error))
            }
            _ => Ok(()),
        })
        .await?;
        match row.path() {
            Some(path) => site.delete(path).await,
            None => Ok(()),
        }
    }

    /// The instances of a gateway with their processes and addresses.
    ///
    /// # Errors
    /// `not_found` where the site or this machine has no such gateway.
    pub async fn instances(&self, site: &Site, service_name: &str) -> Result<Vec<CloudInstance>> {
        let (_, folder) = self.locate(site, service_name).await?;
        let told = folder.read_told()?.unwrap_or_default();
        let mut all = Vec::new();
        for number in folder.numbers() {
            let settings = read_instance_file(folder.settings(number))?;
            let told = told.instances.iter().find(|one| one.number == number);
            let address = |list: &[std::net::SocketAddr]| list.first().map(ToString::to_string);
            all.push(CloudInstance {
                name: format!("instance {number}"),
                state: told.map_or("stopped", |told| &told.state).to_owned(),
                is_ready: told.is_some_and(|told| told.state == "running"),
                address: address(&settings.listen).unwrap_or_default(),
                tunnel_address: address(&settings.tunnel_listen).unwrap_or_default(),
                process: told.and_then(|told| told.process),
                restarts: told.map_or(0, |told| told.restarts),
            });
        }
        Ok(all)
    }

    async fn locate(&self, site: &Site, service_name: &str) -> Result<(Instance, Folder)> {
        let row = Gateway::find(site, service_name).await?.instance().await?;
        let prefix = row.text("Name").unwrap_or_default().to_owned();
        let is_name = !prefix.is_empty() && prefix.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
        if !is_name {
            let cause = "the site does not tell its name (Name)";
            return Err(Error::new(ErrorKind::NotFound, format!("find {service_name} here"), cause));
        }
        Ok((row, self.folder(&prefix)))
    }

    /// Has a supervisor at work in the folder.
    async fn supervise(&self, folder: &Folder, program: &std::path::Path) -> Result<()> {
        if folder.is_supervised()? {
            return Ok(());
        }
        let operation = format!("start a supervisor for {}", folder.path().display());
        let (folder, path) = (folder.path().to_path_buf(), program.to_path_buf());
        background::run(&operation.clone(), move || {
            let mut command = std::process::Command::new(&path);
            command.args(["gateway", "supervise", "--detach", "--folder"]).arg(&folder);
            // Where this is a script, what runs is its interpreter.
            command.env(program::VARIABLE, &path);
            command.stdin(std::process::Stdio::null());
            let output = command.output().map_err(|error| folder::failed("start", &path, error))?;
            if output.status.success() {
                return Ok(());
            }
            let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
            Err(Error::new(ErrorKind::Unavailable, operation, said))
        })
        .await
    }
}

fn row_place(spec: &CheckedSpec) -> RowPlace {
    // The value of DeploymentModel for a gateway of our own is not ConfigMgr's to give.
    RowPlace { fqdn: spec.service_name.clone(), group: String::new(), model: None, management: None }
}

fn running(told: &Told) -> usize {
    told.instances.iter().filter(|one| one.state == "running").count()
}

fn wanted_of(folder: &Folder, service_name: &str) -> Result<Wanted> {
    folder.read_wanted()?.ok_or_else(|| {
        let cause = format!("{} holds no gateway; apply its plan", folder.path().display());
        Error::new(ErrorKind::NotFound, format!("find {service_name} here"), cause)
    })
}

/// Waits until the supervisor's word is as wanted.
async fn until(
    folder: &Folder,
    verb: &str,
    waiting: &Waiting<'_>,
    is_so: impl Fn(Option<&Told>) -> bool,
) -> Result<()> {
    let start = Instant::now();
    loop {
        let told = folder.read_told()?;
        let instances = told.iter().flat_map(|told| &told.instances);
        let said: Vec<_> = instances.map(|one| format!("instance {} {}", one.number, one.state)).collect();
        waiting.say(&said.join(", "))?;
        if is_so(told.as_ref()) {
            return Ok(());
        }
        if start.elapsed() > LOCAL_INSTANCES_TIMEOUT {
            return Err(not_in_time(folder, verb, told.as_ref()));
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// The error that tells what the instances say.
fn not_in_time(folder: &Folder, verb: &str, told: Option<&Told>) -> Error {
    let mut said: Vec<String> = Vec::new();
    for one in told.into_iter().flat_map(|told| &told.instances).filter(|one| one.state != "running") {
        let log = folder::read(&folder.log(one.number)).ok().flatten().unwrap_or_default();
        let line = String::from_utf8_lossy(&log).lines().next_back().unwrap_or_default().to_owned();
        said.push(format!("instance {} is {}: {line}", one.number, one.state));
    }
    if said.is_empty() {
        said.push("no supervisor is at work".to_owned());
    }
    let cause = format!("not within {} s; {}", LOCAL_INSTANCES_TIMEOUT.as_secs(), said.join("; "));
    Error::new(ErrorKind::TimedOut, format!("{verb} the instances in {}", folder.path().display()), cause)
}

/// How many instances a gateway may have here.
const INSTANCES_MAX: u16 = GATEWAY_INSTANCES_MAX as u16;

impl LocalCloud {
    fn now(&self) -> OffsetDateTime {
        SystemClock.now()
    }
}

boxed_cloud!(LocalCloud, NAME);
