//! An instance or a connection point as a service of Windows.
//!
//! The service manager stops it as SIGTERM does elsewhere, and `sc control NAME paramchange` has it read its settings again.

use std::ffi::{OsStr, OsString};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::OnceLock;
use std::time::Duration;

use clap::{Subcommand, ValueEnum as _};
use cmgateway::{Error, ErrorKind, Result};
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tracing::level_filters::LevelFilter;
use windows_service::service::{
    Service, ServiceAccess, ServiceAction, ServiceActionType, ServiceControl, ServiceControlAccept,
    ServiceErrorControl, ServiceExitCode, ServiceFailureActions, ServiceFailureResetPeriod, ServiceInfo,
    ServiceStartType, ServiceState, ServiceStatus, ServiceType,
};
use windows_service::service_control_handler::{self, ServiceControlHandlerResult, ServiceStatusHandle};
use windows_service::service_manager::{ServiceManager, ServiceManagerAccess};
use windows_service::{define_windows_service, service_dispatcher};

use crate::event_log::{self, EventLog};
use crate::job::{Job, Role};
use crate::signals::{Signal, Signals};

/// How long Windows waits for the next word while the service starts or lets open requests end.
const PATIENCE: Duration = Duration::from_secs(60);
/// `ERROR_SERVICE_DOES_NOT_EXIST`, `ERROR_FAILED_SERVICE_CONTROLLER_CONNECT` and `ERROR_ACCESS_DENIED`.
const NO_SUCH_SERVICE: i32 = 1060;
const NOT_STARTED_BY_THE_MANAGER: i32 = 1063;
const DENIED: i32 = 5;

#[derive(Subcommand)]
pub(crate) enum Action {
    /// Makes the service, or changes the one of this name; it is started by `sc start NAME` or with the machine.
    #[command(after_help = "Example:
  cmgateway service install --role connection-point --name cmgateway-cp1 --config C:\\cmgateway\\connection_point.toml")]
    Install {
        /// What it runs.
        #[arg(long, value_enum)]
        role: Role,
        /// The settings, TOML.
        #[arg(long)]
        config: PathBuf,
        /// The name of the service.
        #[arg(long)]
        name: String,
        /// The account that it runs as; it needs to read the settings and the keys, and no more.
        #[arg(long, default_value = r"NT AUTHORITY\LocalService")]
        account: String,
        /// Says what would be done, and does nothing.
        #[arg(long)]
        plan: bool,
    },
    /// Takes the service out; one that runs is stopped before.
    #[command(after_help = "Example:
  cmgateway service remove --name cmgateway-cp1")]
    Remove {
        /// The name of the service.
        #[arg(long)]
        name: String,
        /// Says what would be done, and does nothing.
        #[arg(long)]
        plan: bool,
    },
    /// What the service manager starts.
    #[command(hide = true)]
    Run {
        #[arg(long, value_enum)]
        role: Role,
        #[arg(long)]
        config: PathBuf,
        #[arg(long)]
        name: String,
    },
}

/// Does what is asked for.
pub(crate) fn run(action: Action) -> Result<()> {
    match action {
        Action::Install { role, config, name, account, plan } => {
            let config = std::path::absolute(&config)
                .map_err(|error| Error::new(ErrorKind::Config, "install a service", error.to_string()))?;
            install(&Job { role, config }, &name, &account, plan)
        }
        Action::Remove { name, plan } => remove(&name, plan),
        Action::Run { role, config, name } => dispatch(Job { role, config }, name),
    }
}

fn failure(operation: String) -> impl Fn(windows_service::Error) -> Error {
    move |error| {
        let code = code(&error);
        let (kind, cause) = match code {
            Some(DENIED) => (ErrorKind::Auth, "access is denied: run it as administrator".to_owned()),
            Some(NO_SUCH_SERVICE) => (ErrorKind::NotFound, "there is no such service".to_owned()),
            Some(NOT_STARTED_BY_THE_MANAGER) => {
                let cause = "only the service manager starts it; by hand it is `gateway run` or `connection-point run`";
                (ErrorKind::Unsupported, cause.to_owned())
            }
            _ => match &error {
                windows_service::Error::Winapi(inner) => (ErrorKind::Unavailable, inner.to_string()),
                other => (ErrorKind::Unavailable, other.to_string()),
            },
        };
        Error::new(kind, &operation, cause)
    }
}

fn code(error: &windows_service::Error) -> Option<i32> {
    match error {
        windows_service::Error::Winapi(inner) => inner.raw_os_error(),
        _ => None,
    }
}

/// The service as it is to be.
fn wanted(job: &Job, name: &str, account: &str) -> Result<ServiceInfo> {
    let program = std::env::current_exe()
        .map_err(|error| Error::new(ErrorKind::Unavailable, "find this program", error.to_string()))?;
    // From the Python package this would be Python, which the service manager cannot start so.
    if !program.file_stem().is_some_and(|stem| stem.eq_ignore_ascii_case("cmgateway")) {
        let cause =
            format!("{} is not the program cmgateway: install the service with that", program.display());
        return Err(Error::new(ErrorKind::Unsupported, format!("install the service {name}"), cause));
    }
    let role = job.role.to_possible_value().map(|role| role.get_name().to_owned()).unwrap_or_default();
    let words = ["service", "run", "--role", role.as_str(), "--name", name, "--config"];
    let mut arguments: Vec<OsString> = words.map(OsString::from).to_vec();
    arguments.push(job.config.clone().into());
    let what = match job.role {
        Role::Gateway => "instance",
        Role::ConnectionPoint => "connection point",
    };
    Ok(ServiceInfo {
        name: name.into(),
        display_name: format!("Cloud management gateway {what} ({name})").into(),
        service_type: ServiceType::OWN_PROCESS,
        start_type: ServiceStartType::AutoStart,
        error_control: ServiceErrorControl::Normal,
        executable_path: program,
        launch_arguments: arguments,
        dependencies: Vec::new(),
        account_name: Some(account.into()),
        account_password: None,
    })
}

/// The service of this name; nothing where there is none, an error where it is another program's.
fn existing(manager: &ServiceManager, name: &str, access: ServiceAccess) -> Result<Option<Service>> {
    let operation = format!("open the service {name}");
    let service = match manager.open_service(name, access | ServiceAccess::QUERY_CONFIG) {
        Ok(service) => service,
        Err(error) if code(&error) == Some(NO_SUCH_SERVICE) => return Ok(None),
        Err(error) => return Err(failure(operation)(error)),
    };
    let command = service.query_config().map_err(failure(operation.clone()))?.executable_path;
    // The path of a service is its whole command line.
    if !command.to_string_lossy().contains(" service run --role ")
        && !command.to_string_lossy().contains(r#""service" "run""#)
    {
        let cause = format!("it belongs to another program: {}", command.display());
        return Err(Error::new(ErrorKind::Conflict, operation, cause));
    }
    Ok(Some(service))
}

fn install(job: &Job, name: &str, account: &str, plan: bool) -> Result<()> {
    job.check()?;
    let operation = format!("install the service {name}");
    let access = ServiceManagerAccess::CONNECT | ServiceManagerAccess::CREATE_SERVICE;
    let manager =
        ServiceManager::local_computer(None::<&OsStr>, access).map_err(failure(operation.clone()))?;
    let wanted = wanted(job, name, account)?;
    let rights = ServiceAccess::CHANGE_CONFIG | ServiceAccess::START;
    let found = existing(&manager, name, rights)?;
    let verb = if found.is_some() { "change" } else { "create" };
    if plan {
        println!("would {verb} the service {name}: {}, as {account}", job.config.display());
        return Ok(());
    }
    event_log::register_source()?;
    let service = match found {
        Some(service) => service.change_config(&wanted).map(|()| service),
        None => manager.create_service(&wanted, rights | ServiceAccess::QUERY_CONFIG),
    };
    let service = service.map_err(failure(operation.clone()))?;
    let restart = |seconds| ServiceAction {
        action_type: ServiceActionType::Restart,
        delay: Duration::from_secs(seconds),
    };
    let restarts = service.update_failure_actions(ServiceFailureActions {
        reset_period: ServiceFailureResetPeriod::After(Duration::from_secs(86_400)),
        reboot_msg: None,
        command: None,
        actions: Some(vec![restart(5), restart(10), restart(60)]),
    });
    if let Err(error) = restarts {
        eprintln!("cmgateway: the service does not start again by itself after a failure: {error}");
    }
    let read = service.query_config().map_err(failure(operation))?;
    println!("{verb}d the service {name}: {}", read.executable_path.display());
    Ok(())
}

fn remove(name: &str, plan: bool) -> Result<()> {
    let operation = format!("remove the service {name}");
    let manager = ServiceManager::local_computer(None::<&OsStr>, ServiceManagerAccess::CONNECT)
        .map_err(failure(operation.clone()))?;
    let rights = ServiceAccess::DELETE | ServiceAccess::STOP | ServiceAccess::QUERY_STATUS;
    let Some(service) = existing(&manager, name, rights)? else {
        println!("there is no service {name}");
        return Ok(());
    };
    if plan {
        println!("would remove the service {name}");
        return Ok(());
    }
    let status = service.query_status().map_err(failure(operation.clone()))?;
    if status.current_state != ServiceState::Stopped {
        // One that stops just now is as good as stopped: Windows takes it out when it has.
        let _ = service.stop();
    }
    service.delete().map_err(failure(operation))?;
    println!("removed the service {name}");
    Ok(())
}

/// What the manager has started; it calls a function without arguments.
static STARTED: OnceLock<(Job, String)> = OnceLock::new();

define_windows_service!(service_entry, serve);

fn dispatch(job: Job, name: String) -> Result<()> {
    tracing_subscriber::fmt()
        .with_max_level(LevelFilter::WARN)
        .with_writer(EventLog::new())
        .with_ansi(false)
        .without_time()
        .init();
    let (_, name) = STARTED.get_or_init(|| (job, name));
    service_dispatcher::start(name, service_entry).map_err(failure(format!("run the service {name}")))
}

fn serve(_arguments: Vec<OsString>) {
    let Some((job, name)) = STARTED.get() else { return };
    let (tell, told) = channel(8);
    let handler = move |control| handle(control, &tell);
    let status = match service_control_handler::register(name, handler) {
        Ok(status) => status,
        Err(error) => {
            tracing::error!(%error, "the service manager does not take the service");
            return;
        }
    };
    say(status, ServiceState::StartPending, 1, ServiceExitCode::NO_ERROR);
    let exit_code = match run_job(job, told, status) {
        Ok(()) => ServiceExitCode::NO_ERROR,
        Err(error) => {
            tracing::error!(service = name, %error, "the service ends");
            ServiceExitCode::ServiceSpecific(1)
        }
    };
    say(status, ServiceState::Stopped, 0, exit_code);
}

fn handle(control: ServiceControl, tell: &Sender<Signal>) -> ServiceControlHandlerResult {
    let signal = match control {
        ServiceControl::Interrogate => return ServiceControlHandlerResult::NoError,
        ServiceControl::Stop | ServiceControl::Shutdown => Signal::Stop,
        ServiceControl::ParamChange => Signal::Reload,
        _ => return ServiceControlHandlerResult::NotImplemented,
    };
    let _ = match signal {
        // Windows asks once; the queue is empty again once the settings are read.
        Signal::Stop => tell.blocking_send(signal).ok(),
        Signal::Reload => tell.try_send(signal).ok(),
    };
    ServiceControlHandlerResult::NoError
}

fn run_job(job: &Job, told: Receiver<Signal>, status: ServiceStatusHandle) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|error| Error::new(ErrorKind::Unavailable, "start the service", error.to_string()))?;
    runtime.block_on(async {
        let started = |_: Vec<SocketAddr>| say(status, ServiceState::Running, 0, ServiceExitCode::NO_ERROR);
        let stopping = || drop(tokio::spawn(go_on_stopping(status)));
        job.run(Signals::new(Some(told))?, started, stopping).await
    })
}

/// Says now and then that the service still stops: open requests may have longer than Windows waits for a word.
async fn go_on_stopping(status: ServiceStatusHandle) {
    let mut looks = tokio::time::interval(PATIENCE / 2);
    for step in 1.. {
        looks.tick().await;
        say(status, ServiceState::StopPending, step, ServiceExitCode::NO_ERROR);
    }
}

/// Tells the service manager what the service is at; a later step of the same state has a higher number.
fn say(status: ServiceStatusHandle, state: ServiceState, step: u32, exit_code: ServiceExitCode) {
    let is_pending = matches!(state, ServiceState::StartPending | ServiceState::StopPending);
    let accepts =
        ServiceControlAccept::STOP | ServiceControlAccept::SHUTDOWN | ServiceControlAccept::PARAM_CHANGE;
    let told = status.set_service_status(ServiceStatus {
        service_type: ServiceType::OWN_PROCESS,
        current_state: state,
        controls_accepted: if state == ServiceState::Running {
            accepts
        } else {
            ServiceControlAccept::empty()
        },
        exit_code,
        checkpoint: step,
        wait_hint: if is_pending { PATIENCE } else { Duration::ZERO },
        process_id: None,
    });
    if let Err(error) = told {
        tracing::error!(%error, "the service manager is not told what the service is at");
    }
}
