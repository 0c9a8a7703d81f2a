//! What the program runs until it is told to stop: an instance or a connection point.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::ValueEnum;
use cmgateway::Result;
use cmgateway::gateway::service::{
    ConnectionPointService, InstanceService, read_connection_point_file, read_instance_file,
};

use crate::signals::{Signal, Signals};

/// Which half of a gateway.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Role {
    /// An instance: the front that clients connect to.
    Gateway,
    /// A connection point: dials the instances and asks the servers inside.
    ConnectionPoint,
}

/// A half of a gateway with its settings.
#[derive(Clone, Debug)]
pub(crate) struct Job {
    pub(crate) role: Role,
    pub(crate) config: PathBuf,
}

impl Job {
    /// Reads the settings and says whether they are right.
    pub(crate) fn check(&self) -> Result<()> {
        match self.role {
            Role::Gateway => read_instance_file(&self.config).map(drop),
            Role::ConnectionPoint => read_connection_point_file(&self.config).map(drop),
        }
    }

    /// Runs it; `started` is called once it serves, with the addresses that it listens on.
    pub(crate) async fn run(
        &self,
        mut signals: Signals,
        started: impl FnOnce(Vec<SocketAddr>),
        stopping: impl FnOnce(),
    ) -> Result<()> {
        match self.role {
            Role::Gateway => {
                let service = InstanceService::start(&self.config).await?;
                started(service.addresses().to_vec());
                while signals.next().await == Signal::Reload {
                    reloaded(service.reload().await);
                }
                stopping();
                service.stop().await;
            }
            Role::ConnectionPoint => {
                let service = ConnectionPointService::start(&self.config).await?;
                started(Vec::new());
                while signals.next().await == Signal::Reload {
                    reloaded(service.reload().await);
                }
                stopping();
                service.stop().await;
            }
        }
        Ok(())
    }
}

fn reloaded(result: Result<()>) {
    match result {
        Ok(()) => tracing::info!("settings were read again"),
        Err(error) => tracing::error!(%error, "settings are not taken; the old ones stay"),
    }
}
