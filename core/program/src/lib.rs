//! `cmgateway`: runs an instance or a connection point of a gateway, each from one settings file, and tells what is wrong
//! with a gateway. Its own program starts it, and so does the Python package.

mod analyze;
#[cfg(windows)]
mod event_log;
mod job;
mod signals;
mod supervisor_input;
#[cfg(windows)]
mod windows_service;

use std::ffi::OsString;
use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{CommandFactory, Parser, Subcommand, ValueEnum};
use cmgateway::Result;
use cmgateway::gateway::provision::{supervise, supervise_detached};
use tracing::level_filters::LevelFilter;

use crate::job::{Job, Role};
use crate::signals::Signals;

/// A command ended as it should.
const DONE: u8 = 0;
/// A command did not.
const FAILED: u8 = 1;

/// The cloud management gateway of Configuration Manager.
///
/// Runs the two halves of a gateway, each from one settings file, and tells what is wrong with one. `cmgateway help COMMAND`
/// says more of each command. What is changed at a site or in Azure is a script's work, in Python, Lua or Rust.
#[derive(Parser)]
#[command(
    name = "cmgateway",
    version,
    after_help = "Example:
  cmgateway analyze --service-name GraniteFalls.contoso.com"
)]
struct Arguments {
    /// How much is logged, to standard error.
    #[arg(long, global = true, value_enum, default_value = "info")]
    log: Level,
    /// How a line of the log looks.
    #[arg(long, global = true, value_enum, default_value = "text")]
    log_format: LogFormat,
    #[command(subcommand)]
    command: Command,
}

#[derive(Clone, Copy, ValueEnum)]
enum Level {
    Error,
    Warn,
    Info,
    Debug,
}

#[derive(Clone, Copy, ValueEnum)]
enum LogFormat {
    /// For people.
    Text,
    /// A JSON object a line, for programs that collect logs.
    Json,
}

#[derive(Subcommand)]
enum Command {
    /// An instance of a gateway: the front that clients connect to.
    #[command(
        subcommand,
        after_help = "Example:
  cmgateway gateway run --config instance.toml"
    )]
    Gateway(GatewayAction),
    /// A connection point: dials the instances and asks the servers inside.
    #[command(
        subcommand,
        after_help = "Example:
  cmgateway connection-point run --config connection_point.toml"
    )]
    ConnectionPoint(Action),
    /// Looks for what is wrong with a gateway: every check in the order of cause and effect.
    ///
    /// Ends with 0 where nothing failed, with 1 where a check failed, and with 2 where there is no report.
    #[command(after_help = "Examples:
  cmgateway analyze --service-name GraniteFalls.contoso.com
  cmgateway analyze --service-name GraniteFalls.contoso.com --connection-point connection_point.toml --asks-inside
  cmgateway analyze --service-name GraniteFalls.contoso.com --client-certificate me.pem --client-key me.key --format html
  cmgateway analyze --list-checks")]
    Analyze(Box<analyze::Arguments>),
    /// An instance or a connection point as a service of Windows: it starts with the machine, without anybody logged on.
    #[cfg(windows)]
    #[command(
        subcommand,
        after_help = "Example:
  cmgateway service install --role gateway --name cmgateway --config C:\\cmgateway\\instance.toml --plan"
    )]
    Service(windows_service::Action),
}

#[derive(Subcommand)]
enum GatewayAction {
    /// Runs until it is told to stop.
    ///
    /// Prints "listening on ADDRESS" for each address, also where the settings say port 0. SIGHUP reads the settings again: those that are
    /// wrong are not taken, and the old ones stay. SIGTERM and Ctrl-C let open requests end and stop.
    #[command(after_help = "Example:
  cmgateway gateway run --config instance.toml")]
    Run {
        /// The settings, TOML.
        #[arg(long)]
        config: PathBuf,
        /// Reads the settings again for each line `reload` of the standard input, and stops where that ends.
        #[arg(long)]
        supervised: bool,
    },
    /// Reads the settings and says whether they are right.
    ///
    /// Starts nothing. Ends with 1 where they are wrong, and says which line or file is.
    #[command(after_help = "Example:
  cmgateway gateway check --config instance.toml")]
    Check {
        /// The settings, TOML.
        #[arg(long)]
        config: PathBuf,
    },
    /// Keeps the instances of a gateway on this machine running, as a script has made it in this folder.
    #[command(after_help = "Example:
  cmgateway gateway supervise --folder /var/lib/cmgateway/GraniteFalls --detach")]
    Supervise {
        /// The gateway's folder.
        #[arg(long)]
        folder: PathBuf,
        /// Starts the supervisor as a process of its own and returns when it is at work.
        #[arg(long)]
        detach: bool,
    },
}

#[derive(Subcommand)]
enum Action {
    /// Runs until it is told to stop.
    ///
    /// Prints "started". SIGHUP reads the settings again: those that are
    /// wrong are not taken, and the old ones stay. SIGTERM and Ctrl-C let open requests end and stop.
    #[command(after_help = "Example:
  cmgateway connection-point run --config connection_point.toml")]
    Run {
        /// The settings, TOML.
        #[arg(long)]
        config: PathBuf,
    },
    /// Reads the settings and says whether they are right.
    ///
    /// Starts nothing. Ends with 1 where they are wrong, and says which line or file is.
    #[command(after_help = "Example:
  cmgateway connection-point check --config connection_point.toml")]
    Check {
        /// The settings, TOML.
        #[arg(long)]
        config: PathBuf,
    },
}

/// Runs the command that the arguments name, the program's own name first, and returns the exit code.
///
/// Wrong arguments, `--help` and `--version` are told as any program tells them.
pub fn main(arguments: impl IntoIterator<Item = OsString>) -> u8 {
    let code = match Arguments::try_parse_from(arguments) {
        Ok(arguments) => start(arguments),
        Err(told) => {
            let _ = told.print();
            u8::try_from(told.exit_code()).unwrap_or(FAILED)
        }
    };
    // In a host such as Python nobody else does it.
    let _ = std::io::stdout().flush();
    code
}

/// Every command with its arguments and its help: what manual pages are made from.
pub fn command() -> clap::Command {
    Arguments::command()
}

fn start(arguments: Arguments) -> u8 {
    // It logs elsewhere.
    #[cfg(windows)]
    if let Command::Service(action) = arguments.command {
        return ended(windows_service::run(action));
    }
    start_log(arguments.log, arguments.log_format);
    // It needs no runtime, and is to cost little.
    if let Command::Gateway(GatewayAction::Supervise { folder, detach }) = &arguments.command {
        return ended(if *detach { supervise_detached(folder) } else { supervise(folder) });
    }
    let runtime = match tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return failed(&error),
    };
    match arguments.command {
        Command::Analyze(arguments) => runtime.block_on(analyze::run(*arguments)),
        command => ended(runtime.block_on(run(command))),
    }
}

fn start_log(level: Level, format: LogFormat) {
    let level = match level {
        Level::Error => LevelFilter::ERROR,
        Level::Warn => LevelFilter::WARN,
        Level::Info => LevelFilter::INFO,
        Level::Debug => LevelFilter::DEBUG,
    };
    let log = tracing_subscriber::fmt().with_max_level(level).with_writer(std::io::stderr).with_ansi(false);
    // A process has one log; a host that has its own already keeps it.
    let _ = match format {
        LogFormat::Text => log.try_init(),
        LogFormat::Json => log.json().flatten_event(true).try_init(),
    };
}

fn ended(result: Result<()>) -> u8 {
    result.map_or_else(|error| failed(&error), |()| DONE)
}

fn failed(error: &dyn std::fmt::Display) -> u8 {
    eprintln!("cmgateway: {error}");
    FAILED
}

async fn run(command: Command) -> Result<()> {
    match command {
        Command::Gateway(GatewayAction::Check { config }) => Job { role: Role::Gateway, config }.check(),
        Command::ConnectionPoint(Action::Check { config }) => {
            Job { role: Role::ConnectionPoint, config }.check()
        }
        Command::Gateway(GatewayAction::Run { config, supervised }) => {
            let signals = Signals::new(supervised.then(supervisor_input::listen))?;
            let started = |addresses: Vec<SocketAddr>| {
                // For whoever started it with port 0.
                addresses.iter().for_each(|address| println!("listening on {address}"));
            };
            Job { role: Role::Gateway, config }.run(signals, started, || {}).await
        }
        Command::ConnectionPoint(Action::Run { config }) => {
            let job = Job { role: Role::ConnectionPoint, config };
            job.run(Signals::new(None)?, |_| println!("started"), || {}).await
        }
        // Done before, with exit codes of their own or without a runtime.
        Command::Gateway(GatewayAction::Supervise { .. }) | Command::Analyze(_) => Ok(()),
        #[cfg(windows)]
        Command::Service(_) => Ok(()),
    }
}
