//! Starts a supervisor that outlives whoever started it.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::folder::{Folder, failed, read};
use super::instance_process::log;
use super::program;
use crate::error::{Error, ErrorKind, Result};
use crate::limits::SUPERVISOR_START_TIMEOUT;

/// Starts a supervisor for the gateway in this folder and returns when it is at work: `cmgateway gateway supervise --detach`.
///
/// Called in a process of its own, which ends then: the supervisor has no parent that it could outlive as a zombie.
///
/// # Errors
/// `unavailable` with the end of its log where it ends at once; `timed_out` where it does not take its lock.
pub fn supervise_detached(folder: &Path) -> Result<()> {
    let operation = format!("start a supervisor for {}", folder.display());
    let state = Folder::new(folder.to_path_buf());
    if state.is_supervised()? {
        return Ok(());
    }
    // The one that the caller has named, this very program, or, where the running one is an interpreter, the installed one.
    let program = match std::env::current_exe() {
        _ if std::env::var_os(program::VARIABLE).is_some() => program::find(None)?,
        Ok(running) if running.file_stem().is_some_and(|name| name == "cmgateway") => running,
        Ok(_) => program::find(None)?,
        Err(error) => return Err(failed("find the program", folder, error)),
    };
    let output = log(&state.supervisor_log())?;
    let errors = output.try_clone().map_err(|error| failed("open", &state.supervisor_log(), error))?;
    let mut command = Command::new(&program);
    command.args(["gateway", "supervise", "--folder"]).arg(folder);
    command.stdin(Stdio::null()).stdout(output).stderr(errors);
    detach(&mut command);
    let mut child = command.spawn().map_err(|error| failed("start", &program, error))?;
    let start = Instant::now();
    while start.elapsed() < SUPERVISOR_START_TIMEOUT {
        if let Ok(Some(status)) = child.try_wait() {
            let said = read(&state.supervisor_log())?.unwrap_or_default();
            let said = String::from_utf8_lossy(&said).lines().next_back().unwrap_or_default().to_owned();
            return Err(Error::new(
                ErrorKind::Unavailable,
                operation,
                format!("it ended ({status}): {said}"),
            ));
        }
        if state.is_supervised()? {
            return Ok(());
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    let _ = child.kill();
    let seconds = SUPERVISOR_START_TIMEOUT.as_secs();
    Err(Error::new(ErrorKind::TimedOut, operation, format!("it is not at work after {seconds} s")))
}

/// A process group of its own: Ctrl-C at the terminal of the script does not reach it.
fn detach(command: &mut Command) {
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(command, 0);
    #[cfg(windows)]
    {
        // DETACHED_PROCESS | CREATE_NEW_PROCESS_GROUP
        std::os::windows::process::CommandExt::creation_flags(command, 0x0000_0208);
    }
}
