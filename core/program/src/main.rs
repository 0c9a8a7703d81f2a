//! `cmgateway`: runs an instance or a connection point of a gateway, each from one settings file.
//!
//! SIGHUP reads the settings again, SIGTERM and Ctrl-C let open requests end and stop.

mod signals;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand, ValueEnum};
use cmgateway::Result;
use cmgateway::gateway::service::{
    ConnectionPointService, InstanceService, read_connection_point_file, read_instance_file,
};
use tracing::level_filters::LevelFilter;

use crate::signals::{Signal, Signals};

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
    Gateway(Action),
    /// A connection point: dials the instances and asks the servers inside.
    #[command(subcommand)]
    ConnectionPoint(Action),
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
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return failed(&error),
    };
    match runtime.block_on(run(arguments.command)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => failed(&error),
    }
}

fn failed(error: &dyn std::fmt::Display) -> ExitCode {
    eprintln!("cmgateway: {error}");
    ExitCode::FAILURE
}

async fn run(command: Command) -> Result<()> {
    match command {
        Command::Gateway(Action::Check { config }) => read_instance_file(config).map(drop),
        Command::ConnectionPoint(Action::Check { config }) => read_connection_point_file(config).map(drop),
        Command::Gateway(Action::Run { config }) => {
            let mut signals = Signals::new()?;
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
            let mut signals = Signals::new()?;
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
