//! Tokens of the `az` program, for whoever signed in with it.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::background;
use crate::error::{Error, ErrorKind, Result};
use crate::limits::{AZ_OUTPUT_BYTES_MAX, AZ_TIMEOUT};
use crate::secret::Secret;

const OPERATION: &str = "get a token from az";
/// How often the program is asked whether it has ended.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Runs `az account get-access-token` and gives the token, and the seconds it is good for.
pub(super) async fn token(audience: &str, tenant_id: Option<&str>) -> Result<(Secret, u64)> {
    let mut arguments = vec!["account", "get-access-token", "--output", "json", "--resource", audience];
    if let Some(tenant_id) = tenant_id {
        arguments.extend(["--tenant", tenant_id]);
    }
    let arguments: Vec<String> = arguments.into_iter().map(str::to_owned).collect();
    background::run(OPERATION, move || run(&arguments)).await
}

fn run(arguments: &[String]) -> Result<(Secret, u64)> {
    let refuse = |kind, cause: String| Err(Error::new(kind, OPERATION, cause));
    let Some(program) = find() else {
        let cause =
            "the program az is not in the search path; install the Azure CLI, or use another credential";
        return refuse(ErrorKind::Config, cause.into());
    };
    let spawned = Command::new(&program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let mut child = match spawned {
        Ok(child) => child,
        Err(error) => return refuse(ErrorKind::Unavailable, format!("{}: {error}", program.display())),
    };
    let (out, err) = (reader(child.stdout.take()), reader(child.stderr.take()));
    let start = Instant::now();
    let status = loop {
        match child.try_wait() {
            Ok(Some(status)) => break status,
            Ok(None) if start.elapsed() < AZ_TIMEOUT => std::thread::sleep(LOOK_EVERY),
            Ok(None) => {
                let _ = child.kill();
                let _ = child.wait();
                return refuse(ErrorKind::TimedOut, format!("no answer within {} s", AZ_TIMEOUT.as_secs()));
            }
            Err(error) => return refuse(ErrorKind::Unavailable, error.to_string()),
        }
    };
    let (out, err) = (joined(out), joined(err));
    if !status.success() {
        let said = String::from_utf8_lossy(&err);
        let said = said.lines().find(|line| !line.trim().is_empty()).unwrap_or_default().trim();
        return refuse(ErrorKind::Auth, format!("it ended with {status}: {said}; sign in with az login"));
    }
    read(&out).ok_or_else(|| Error::new(ErrorKind::Protocol, OPERATION, "its answer holds no token"))
}

/// The token and its seconds; a wall-timer end (`expires_on`) is left to the service, which then answers 401.
fn read(out: &[u8]) -> Option<(Secret, u64)> {
    let json: Value = serde_json::from_slice(out).ok()?;
    let token = json.get("accessToken")?.as_str()?;
    // The program hands out tokens that are good for five minutes at least.
    Some((Secret::new(token), 300))
}

fn reader(pipe: Option<impl std::io::Read + Send + 'static>) -> Option<std::thread::JoinHandle<Vec<u8>>> {
    let pipe = pipe?;
    Some(std::thread::spawn(move || {
        use std::io::Read;
        let mut bytes = Vec::new();
        let mut pipe = pipe.take(AZ_OUTPUT_BYTES_MAX as u64);
        let _ = pipe.read_to_end(&mut bytes);
        // Reads on, so that a talkative program is not stuck.
        let _ = std::io::copy(&mut pipe.into_inner(), &mut std::io::sink());
        bytes
    }))
}

fn joined(thread: Option<std::thread::JoinHandle<Vec<u8>>>) -> Vec<u8> {
    thread.and_then(|thread| thread.join().ok()).unwrap_or_default()
}

/// The program in the search path; on Windows it is a batch file, and the current folder is not searched.
fn find() -> Option<PathBuf> {
    let names: &[&str] = if cfg!(windows) { &["az.cmd", "az.exe", "az.bat"] } else { &["az"] };
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .filter(|folder| folder.is_absolute())
        .flat_map(|folder| names.iter().map(move |name| folder.join(name)))
        .find(|file| file.is_file())
}
