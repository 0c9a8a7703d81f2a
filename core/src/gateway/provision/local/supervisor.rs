//! The supervisor: one process that keeps the instances of a gateway running. No runtime, one thread and one for each instance's
//! output, so that it costs little.

use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::folder::{Folder, Told, ToldInstance, Wanted};
use super::instance_process::InstanceProcess;
use crate::error::{Error, ErrorKind, Result};
use crate::limits::{SUPERVISOR_BACKOFF, SUPERVISOR_BACKOFF_MAX, SUPERVISOR_INTERVAL, SUPERVISOR_STEADY};

/// One place for an instance.
struct Slot {
    number: u16,
    process: Option<InstanceProcess>,
    /// When it may be started again.
    not_before: Option<Instant>,
    pause: Duration,
    restarts: u32,
    last_exit: Option<String>,
}

impl Slot {
    fn new(number: u16) -> Self {
        Slot {
            number,
            process: None,
            not_before: None,
            pause: SUPERVISOR_BACKOFF,
            restarts: 0,
            last_exit: None,
        }
    }

    /// Looks at the process and does what is due.
    fn tend(&mut self, folder: &Folder, wanted: &Wanted, is_wanted: bool) {
        if let Some(exit) = self.process.as_mut().and_then(InstanceProcess::ended) {
            let process = self.process.take();
            let was_asked = process.as_ref().is_some_and(InstanceProcess::is_stopping);
            if !was_asked {
                if process.is_some_and(|process| process.age() > SUPERVISOR_STEADY) {
                    self.pause = SUPERVISOR_BACKOFF;
                }
                tracing::warn!(instance = self.number, %exit, again_in = ?self.pause, "an instance has ended by itself");
                self.last_exit = Some(exit);
                self.restarts = self.restarts.saturating_add(1);
                self.not_before = Some(Instant::now() + self.pause);
                self.pause = (self.pause * 2).min(SUPERVISOR_BACKOFF_MAX);
            }
        }
        match (&mut self.process, is_wanted) {
            (Some(process), false) => process.stop(),
            (Some(process), true) => process.follow(folder),
            (None, true) if self.not_before.is_none_or(|time| time <= Instant::now()) => {
                match InstanceProcess::start(folder, &wanted.program, self.number) {
                    Ok(process) => self.process = Some(process),
                    Err(error) => {
                        tracing::error!(instance = self.number, %error, "an instance cannot be started");
                        self.last_exit = Some(error.to_string());
                        self.not_before = Some(Instant::now() + self.pause);
                        self.pause = (self.pause * 2).min(SUPERVISOR_BACKOFF_MAX);
                    }
                }
            }
            (None, _) => {}
        }
    }

    fn told(&self) -> ToldInstance {
        ToldInstance {
            number: self.number,
            state: self.process.as_ref().map_or("waiting", InstanceProcess::state).to_owned(),
            process: self.process.as_ref().map(InstanceProcess::id),
            restarts: self.restarts,
            settings: self.process.as_ref().map(|process| process.settings().to_owned()).unwrap_or_default(),
            last_exit: self.last_exit.clone(),
        }
    }
}

/// Keeps the instances of the gateway in this folder running until the gateway is stopped or deleted.
///
/// It blocks, and is what `cmgateway gateway supervise` does. Instances that end by themselves are started again, after a
/// pause that doubles from 0.5 s to 30 s. Where this process dies, the instances stop, since the pipe to them closes.
///
/// # Errors
/// `conflict` where another supervisor runs in the folder; those of reading and writing there.
pub fn supervise(folder: &Path) -> Result<()> {
    let folder = Folder::new(folder.to_path_buf());
    let operation = format!("supervise {}", folder.path().display());
    let Some(_lock) = folder.lock()? else {
        return Err(Error::new(ErrorKind::Conflict, operation, "another supervisor runs there"));
    };
    let mut slots: Vec<Slot> = Vec::new();
    let mut before = None;
    let mut wanted = Wanted::default();
    loop {
        match folder.read_wanted() {
            Ok(Some(read)) => wanted = read,
            // The folder is gone, and so is the gateway.
            Ok(None) => wanted.is_running = false,
            // Half a disk is no reason to stop what runs.
            Err(error) => tracing::error!(%error, "what is wanted cannot be read; what runs goes on"),
        }
        let count = if wanted.is_running { wanted.instances } else { 0 };
        while slots.len() < usize::from(count) {
            slots.push(Slot::new(slots.len() as u16));
        }
        for slot in &mut slots {
            let is_wanted = slot.number < count;
            slot.tend(&folder, &wanted, is_wanted);
        }
        slots.retain(|slot| slot.number < count || slot.process.is_some());
        let told = Told { supervisor: std::process::id(), instances: slots.iter().map(Slot::told).collect() };
        if before.as_ref() != Some(&told) && folder.path().is_dir() {
            match folder.write_told(&told) {
                Ok(()) => before = Some(told),
                Err(error) => tracing::error!(%error, "the state cannot be written"),
            }
        }
        if !wanted.is_running && slots.is_empty() {
            return Ok(());
        }
        sleep(SUPERVISOR_INTERVAL);
    }
}
