//! One instance as a process of the supervisor.

use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Instant, SystemTime};

use super::folder::{Folder, failed, read};
use crate::error::Result;
use crate::limits::{INSTANCE_LOG_BYTES_MAX, INSTANCE_STOP_TIMEOUT};

/// A running instance; it is told to stop, and to read its settings again, through its standard input.
pub(super) struct InstanceProcess {
    number: u16,
    child: Child,
    /// None once it was told to stop.
    input: Option<ChildStdin>,
    listens: Arc<AtomicBool>,
    started: Instant,
    stop_asked: Option<Instant>,
    settings: String,
    /// When its files were written.
    stamp: Vec<Option<SystemTime>>,
    /// The lines of the settings that change with a restart only.
    fixed: Vec<String>,
}

impl InstanceProcess {
    pub(super) fn start(folder: &Folder, program: &Path, number: u16) -> Result<Self> {
        let settings = folder.settings(number);
        let mut command = Command::new(program);
        command.args(["gateway", "run", "--supervised", "--log", "warn", "--config"]).arg(&settings);
        command.current_dir(folder.path()).stdin(Stdio::piped()).stdout(Stdio::piped());
        command.stderr(log(&folder.log(number))?);
        hide(&mut command);
        let stamp = folder.stamp(number);
        let digest = folder.digest(number)?;
        let fixed = fixed_lines(&settings)?;
        let mut child = command.spawn().map_err(|error| failed("start", program, error))?;
        let listens = Arc::new(AtomicBool::new(false));
        if let Some(output) = child.stdout.take() {
            let listens = Arc::clone(&listens);
            // Reads to the end, so that the instance never waits for somebody to read.
            std::thread::spawn(move || {
                for line in BufReader::new(output).lines().map_while(std::result::Result::ok) {
                    if line.starts_with("listening on ") {
                        listens.store(true, Ordering::Relaxed);
                    }
                }
            });
        }
        let input = child.stdin.take();
        Ok(InstanceProcess {
            number,
            child,
            input,
            listens,
            started: Instant::now(),
            stop_asked: None,
            settings: digest,
            stamp,
            fixed,
        })
    }

    pub(super) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(super) fn state(&self) -> &'static str {
        match (self.stop_asked, self.listens.load(Ordering::Relaxed)) {
            (Some(_), _) => "stopping",
            (None, true) => "running",
            (None, false) => "starting",
        }
    }

    pub(super) fn settings(&self) -> &str {
        &self.settings
    }

    pub(super) fn is_stopping(&self) -> bool {
        self.stop_asked.is_some()
    }

    pub(super) fn age(&self) -> std::time::Duration {
        self.started.elapsed()
    }

    /// How it has ended; None while it runs.
    pub(super) fn ended(&mut self) -> Option<String> {
        if self.stop_asked.is_some_and(|asked| asked.elapsed() > INSTANCE_STOP_TIMEOUT) {
            let _ = self.child.kill();
        }
        match self.child.try_wait() {
            Ok(None) => None,
            Ok(Some(status)) => Some(status.to_string()),
            Err(error) => Some(error.to_string()),
        }
    }

    /// Lets open requests end; a second call does nothing.
    pub(super) fn stop(&mut self) {
        if self.input.take().is_some() {
            self.stop_asked = Some(Instant::now());
        }
    }

    /// Has the instance read its settings again where they have changed, or stops it for a new start.
    pub(super) fn follow(&mut self, folder: &Folder) {
        let stamp = folder.stamp(self.number);
        if stamp == self.stamp || self.state() != "running" {
            return;
        }
        let Ok(digest) = folder.digest(self.number) else { return };
        self.stamp = stamp;
        if digest == self.settings {
            return;
        }
        let is_same_place = fixed_lines(&folder.settings(self.number)).is_ok_and(|lines| lines == self.fixed);
        let told = self.input.as_mut().map(|input| input.write_all(b"reload\n").and_then(|()| input.flush()));
        if is_same_place && matches!(told, Some(Ok(()))) {
            self.settings = digest;
        } else {
            self.stop();
        }
    }
}

fn fixed_lines(settings: &Path) -> Result<Vec<String>> {
    let text = String::from_utf8_lossy(&read(settings)?.unwrap_or_default()).into_owned();
    let is_fixed =
        |line: &&str| ["number", "listen", "tunnel_listen"].iter().any(|name| line.starts_with(name));
    Ok(text.lines().filter(is_fixed).map(str::to_owned).collect())
}

/// The log, begun anew where it has become long; the old one is kept beside it.
pub(super) fn log(path: &Path) -> Result<File> {
    if std::fs::metadata(path).is_ok_and(|file| file.len() > INSTANCE_LOG_BYTES_MAX) {
        let _ = std::fs::rename(path, path.with_extension("log.old"));
    }
    OpenOptions::new().create(true).append(true).open(path).map_err(|error| failed("open", path, error))
}

/// No window on Windows.
fn hide(command: &mut Command) {
    #[cfg(windows)]
    {
        // CREATE_NO_WINDOW
        std::os::windows::process::CommandExt::creation_flags(command, 0x0800_0000);
    }
    #[cfg(not(windows))]
    let _ = command;
}
