//! `cmgateway`: runs an instance or a connection point of a gateway, each from one settings file, and tells what is wrong
//! with a gateway.
//!
//! SIGHUP reads the settings again, SIGTERM and Ctrl-C let open requests end and stop.

mod analyze;
mod signals;
mod supervisor_input;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand, ValueEnum};
use cmgateway::Result;
use cmgateway::gateway::provision::{supervise, supervise_detached};
use cmgateway::gateway::service::{
    ConnectionPointService, InstanceService, read_connection_point_file, read_instance_file,
};
use tracing::level_filters::LevelFilter;

use crate::signals::{Signal, Signals};

/// Requests are small and short: the allocator of the system takes a fifth of their time.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The cloud management gateway of Configuration Manager.
#[derive(Parser)]
#[command(version)]
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
    #[command(subcommand)]
    Gateway(GatewayAction),
    /// A connection point: dials the instances and asks the servers inside.
    #[command(subcommand)]
    ConnectionPoint(Action),
    /// Looks for what is wrong with a gateway: every check in the order of cause and effect.
    ///
    /// Ends with 0 where nothing failed, with 1 where a check failed, and with 2 where there is no report.
    Analyze(Box<analyze::Arguments>),
}

#[derive(Subcommand)]
enum GatewayAction {
    /// Runs until it is told to stop.
    Run {
        /// The settings, TOML.
        #[arg(long)]
        config: PathBuf,
        /// Reads the settings again for each line `reload` of the standard input, and stops where that ends.
        #[arg(long)]
        supervised: bool,
    },
    /// Reads the settings and says whether they are right.
    Check {
        /// The settings, TOML.
        #[arg(long)]
        config: PathBuf,
    },
    /// Keeps the instances of a gateway on this machine running, as a script has made it in this folder.
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
    Run {
        /// The settings, TOML.
        #[arg(long)]
        config: PathBuf,
    },
    /// Reads the settings and says whether they are right.
    Check {
        /// The settings, TOML.
        #[arg(long)]
        config: PathBuf,
    },
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let level = match arguments.log {
        Level::Error => LevelFilter::ERROR,
        Level::Warn => LevelFilter::WARN,
        Level::Info => LevelFilter::INFO,
        Level::Debug => LevelFilter::DEBUG,
    };
    let log = tracing_subscriber::fmt().with_max_level(level).with_writer(std::io::stderr).with_ansi(false);
    match arguments.log_format {
        LogFormat::Text => log.init(),
        LogFormat::Json => log.json().flatten_event(true).init(),
    }
    // It needs no runtime, and is to cost little.
    if let Command::Gateway(GatewayAction::Supervise { folder, detach }) = &arguments.command {
        let done = if *detach { supervise_detached(folder) } else { supervise(folder) };
        return done.map_or_else(|error| failed(&error), |()| ExitCode::SUCCESS);
    }
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return failed(&error),
    };
    match arguments.command {
        Command::Analyze(arguments) => runtime.block_on(analyze::run(*arguments)),
        command => match runtime.block_on(run(command)) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => failed(&error),
        },
    }
}

fn failed(error: &dyn std::fmt::Display) -> ExitCode {
    eprintln!("cmgateway: {error}");
    ExitCode::FAILURE
}

async fn run(command: Command) -> Result<()> {
    match command {
        Command::Gateway(GatewayAction::Check { config }) => read_instance_file(config).map(drop),
        Command::ConnectionPoint(Action::Check { config }) => read_connection_point_file(config).map(drop),
        // Done before, with exit codes of its own or without a runtime.
        Command::Gateway(GatewayAction::Supervise { .. }) | Command::Analyze(_) => Ok(()),
        Command::Gateway(GatewayAction::Run { config, supervised }) => {
            let mut signals = Signals::new(supervised)?;
            let service = InstanceService::start(config).await?;
            for address in service.addresses() {
                // For whoever started it with port 0.
                println!("listening on {address}");
            }
            while signals.next().await == Signal::Reload {
                reloaded(service.reload().await);
            }
            service.stop().await;
            Ok(())
        }
        Command::ConnectionPoint(Action::Run { config }) => {
            let mut signals = Signals::new(false)?;
            let service = ConnectionPointService::start(config).await?;
            println!("started");
            while signals.next().await == Signal::Reload {
                reloaded(service.reload().await);
            }
            service.stop().await;
            Ok(())
        }
    }
}

fn reloaded(result: Result<()>) {
    match result {
        Ok(()) => tracing::info!("settings were read again"),
        Err(error) => tracing::error!(%error, "settings are not taken; the old ones stay"),
    }
}
