//! The folder that holds what is known of a gateway on this machine.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::error::{Error, ErrorKind, Result};
use crate::limits::GATEWAY_FILE_BYTES_MAX;

/// What the supervisor shall do; `LocalCloud` writes it, the supervisor reads it again and again.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Wanted {
    pub(super) service_name: String,
    /// The program that instances are.
    pub(super) program: PathBuf,
    pub(super) instances: u16,
    /// False for a gateway that was stopped.
    pub(super) is_running: bool,
}

/// What the supervisor tells.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Told {
    /// Its process.
    pub(super) supervisor: u32,
    pub(super) instances: Vec<ToldInstance>,
}

/// What the supervisor tells of an instance.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct ToldInstance {
    pub(super) number: u16,
    /// `starting`, `running`, `waiting` (to be started again) or `stopping`.
    pub(super) state: String,
    pub(super) process: Option<u32>,
    pub(super) restarts: u32,
    /// The digest of the settings and the certificate that it goes by.
    pub(super) settings: String,
    /// How it ended the last time by itself.
    pub(super) last_exit: Option<String>,
}

/// The folder of one gateway.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Folder(PathBuf);

impl Folder {
    pub(super) fn new(path: PathBuf) -> Self {
        Folder(path)
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    pub(super) fn certificate(&self) -> PathBuf {
        self.0.join("server.pem")
    }

    pub(super) fn key(&self) -> PathBuf {
        self.0.join("server.key")
    }

    pub(super) fn settings(&self, number: u16) -> PathBuf {
        self.0.join(format!("instance-{number}.toml"))
    }

    pub(super) fn log(&self, number: u16) -> PathBuf {
        self.0.join(format!("instance-{number}.log"))
    }

    pub(super) fn supervisor_log(&self) -> PathBuf {
        self.0.join("supervisor.log")
    }

    fn wanted(&self) -> PathBuf {
        self.0.join("gateway.json")
    }

    fn told(&self) -> PathBuf {
        self.0.join("state.json")
    }

    pub(super) fn read_wanted(&self) -> Result<Option<Wanted>> {
        read_json(&self.wanted())
    }

    pub(super) fn write_wanted(&self, wanted: &Wanted) -> Result<()> {
        write_json(&self.wanted(), wanted)
    }

    /// What the supervisor told last; nothing where none runs.
    pub(super) fn read_told(&self) -> Result<Option<Told>> {
        if self.is_supervised()? { read_json(&self.told()) } else { Ok(None) }
    }

    pub(super) fn write_told(&self, told: &Told) -> Result<()> {
        write_json(&self.told(), told)
    }

    /// The lock that a supervisor holds as long as it lives; None where another holds it.
    ///
    /// The system gives it up with the process, however that ends: no process id has to be believed.
    pub(super) fn lock(&self) -> Result<Option<File>> {
        let path = self.0.join("supervisor.lock");
        let failed = |error: io::Error| failed("lock", &path, error);
        let file = OpenOptions::new().create(true).truncate(false).write(true).open(&path).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(file)),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(failed(error)),
        }
    }

    /// True while a supervisor lives.
    pub(super) fn is_supervised(&self) -> Result<bool> {
        if !self.0.is_dir() {
            return Ok(false);
        }
        self.lock().map(|lock| lock.is_none())
    }

    /// The numbers of the instances that have settings.
    pub(super) fn numbers(&self) -> Vec<u16> {
        (0..crate::limits::GATEWAY_INSTANCES_MAX as u16)
            .filter(|number| self.settings(*number).is_file())
            .collect()
    }

    /// When the files that an instance is started from were written.
    pub(super) fn stamp(&self, number: u16) -> Vec<Option<SystemTime>> {
        let written = |path: PathBuf| std::fs::metadata(path).and_then(|file| file.modified()).ok();
        [self.settings(number), self.certificate(), self.key()].into_iter().map(written).collect()
    }

    /// The digest of what an instance is started from.
    pub(super) fn digest(&self, number: u16) -> Result<String> {
        let mut context = aws_lc_rs::digest::Context::new(&aws_lc_rs::digest::SHA256);
        for path in [self.settings(number), self.certificate(), self.key()] {
            context.update(&read(&path)?.unwrap_or_default());
        }
        Ok(hex::encode(context.finish().as_ref().get(..16).unwrap_or_default()))
    }
}

/// The content of a file; None where there is none.
pub(super) fn read(path: &Path) -> Result<Option<Vec<u8>>> {
    let mut bytes = Vec::new();
    match File::open(path).and_then(|file| file.take(GATEWAY_FILE_BYTES_MAX as u64).read_to_end(&mut bytes)) {
        Ok(_) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(failed("read", path, error)),
    }
}

fn read_json<T: DeserializeOwned>(path: &Path) -> Result<Option<T>> {
    let Some(bytes) = read(path)? else { return Ok(None) };
    serde_json::from_slice(&bytes).map(Some).map_err(|error| {
        Error::new(
            ErrorKind::Config,
            format!("read {}", path.display()),
            format!("line {}: {error}", error.line()),
        )
    })
}

fn write_json(path: &Path, value: &impl Serialize) -> Result<()> {
    let bytes = serde_json::to_vec_pretty(value).map_err(|error| {
        Error::new(ErrorKind::Internal, format!("write {}", path.display()), error.to_string())
    })?;
    write(path, &bytes, false)
}

/// Writes a file as a whole: a reader sees the old one or the new one.
pub(super) fn write(path: &Path, bytes: &[u8], is_private: bool) -> Result<()> {
    let failed = |error| failed("write", path, error);
    let new = path.with_extension(format!("new-{}", std::process::id()));
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    if is_private {
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    }
    // On Windows the folder lies in the user's own profile, whose files others cannot read.
    #[cfg(not(unix))]
    let _ = is_private;
    let mut file = options.open(&new).map_err(failed)?;
    file.write_all(bytes).and_then(|()| file.sync_all()).map_err(failed)?;
    drop(file);
    std::fs::rename(&new, path).map_err(failed)
}

pub(super) fn failed(verb: &str, path: &Path, error: io::Error) -> Error {
    let kind = match error.kind() {
        io::ErrorKind::PermissionDenied => ErrorKind::Auth,
        io::ErrorKind::NotFound => ErrorKind::NotFound,
        _ => ErrorKind::Unavailable,
    };
    Error::new(kind, format!("{verb} {}", path.display()), error.to_string()).with_source(error)
}
