//! An instance that runs from a settings file.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use super::instance_file::read_instance_file;
use crate::background;
use crate::error::Result;
use crate::proxy::{Instance, InstanceState};

/// A running instance of a gateway, started from a settings file.
#[derive(Debug)]
pub struct InstanceService {
    file: PathBuf,
    instance: Instance,
}

impl InstanceService {
    /// Starts an instance of a gateway from its settings file, TOML.
    ///
    /// It listens when this returns; until a connection point brings a configuration it trusts nobody.
    ///
    /// # Errors
    /// As [`read_instance_file`] and [`Instance::start`].
    pub async fn start(file: impl AsRef<Path>) -> Result<Self> {
        let file = file.as_ref().to_owned();
        let path = file.clone();
        let options = background::run("read settings", move || read_instance_file(path)).await?;
        Ok(InstanceService { file, instance: Instance::start(options).await? })
    }

    /// Where clients connect, with the ports that were taken.
    pub fn addresses(&self) -> &[SocketAddr] {
        self.instance.addresses()
    }

    /// Where metrics and health are asked for, with the port that was taken; nothing without `admin_listen`.
    pub fn admin_address(&self) -> Option<SocketAddr> {
        self.instance.admin_address()
    }

    /// The instance itself.
    pub fn instance(&self) -> &Instance {
        &self.instance
    }

    /// What the instance is doing.
    pub fn state(&self) -> InstanceState {
        self.instance.state()
    }

    /// Reads the settings file, certificate and key again; connections that are open stay.
    ///
    /// # Errors
    /// As [`read_instance_file`] and [`Instance::reload`]; the old settings then stay.
    pub async fn reload(&self) -> Result<()> {
        let path = self.file.clone();
        let options = background::run("read settings", move || read_instance_file(path)).await?;
        self.instance.reload(options).await
    }

    /// Stops accepting, lets open requests end for a limited time, and closes.
    pub async fn stop(self) {
        self.instance.stop().await;
    }
}
