//! The program `cmgateway` as a process of its own, and the settings files that it runs from.

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use cmgateway::proxy::Pin;
use cmgateway_examples::checkout::{cargo, target};

use crate::gateway_parts::{GatewayPki, ROLE};

#[expect(clippy::expect_used, reason = "a test's set-up fails by panic")]
/// Writes the settings file of an instance into the folder of the authorities.
///
/// # Panics
/// Where it cannot be written.
pub fn instance_file(pki: &GatewayPki, listen: &str) -> PathBuf {
    let file = pki.folder.file("instance.toml");
    let pin = Pin::of(&pki.connection_point.certificate);
    let text = format!(
        "listen = [\"{listen}\"]\ncertificate = \"server.pem\"\nkey = \"server.key\"\nconnection_points = [\"{pin}\"]\n\
         [ping]\ninterval_seconds = 1\ndeadline_seconds = 1\n"
    );
    std::fs::write(&file, text).expect("a file");
    file
}

#[expect(clippy::expect_used, reason = "a test's set-up fails by panic")]
/// Writes the settings file of a connection point of instances at these ports; `more` stands at its end.
///
/// # Panics
/// Where it cannot be written.
pub fn point_file(pki: &GatewayPki, name: &str, ports: &[u16], inside: &str, more: &str) -> PathBuf {
    std::fs::write(pki.folder.file("sub1.pem"), pki.sub_ca.certificate.to_pem()).expect("a file");
    std::fs::write(pki.folder.file("sub2.pem"), pki.other_sub_ca.certificate.to_pem()).expect("a file");
    let addresses: Vec<String> = ports.iter().map(|port| format!("[\"localhost:{port}\"]")).collect();
    let text = format!(
        "name = \"{name}\"\ncertificate = \"connection-point.pem\"\nkey = \"connection-point.key\"\n\
         instance_pins = [\"server.pem\"]\n\
         [gateway]\nservice_name = \"localhost\"\naddresses = [{}]\n\
         [inside]\nroots = \"root.pem\"\ncertificate = \"inside-client.pem\"\nkey = \"inside-client.key\"\n\
         [trust]\nroots = [\"root.pem\"]\nsub_cas = [\"sub1.pem\", \"sub2.pem\"]\n\
         [[mapping]]\nid = {ROLE}\ninternal = [\"{inside}\"]\n{more}",
        addresses.join(", ")
    );
    let file = pki.folder.file(&format!("{name}.toml"));
    std::fs::write(&file, text).expect("a file");
    file
}

/// Builds the program, since Cargo does not for the tests of another package.
///
/// # Panics
/// Where it cannot be built.
#[expect(clippy::expect_used, reason = "a test's set-up fails by panic")]
pub fn build_program() {
    let built = cargo().args(["build", "-q", "-p", "cmgateway-program"]).status().expect("cargo");
    assert!(built.success());
}

/// A running program; killed when dropped.
#[derive(Debug)]
pub struct Program {
    child: Child,
    said: Arc<Mutex<String>>,
    readers: Vec<JoinHandle<()>>,
}

#[expect(clippy::expect_used, reason = "a test's set-up fails by panic")]
impl Program {
    /// Runs `gateway` or `connection-point` from this file, with more arguments.
    ///
    /// # Panics
    /// Where it does not start.
    pub fn run(kind: &str, file: &Path, more: &[&str]) -> Self {
        Self::spawn(Self::command(kind, file, more))
    }

    /// Where the program is.
    pub fn path() -> PathBuf {
        target().join("debug").join(format!("cmgateway{}", std::env::consts::EXE_SUFFIX))
    }

    /// The command that [`run`](Self::run) starts.
    pub fn command(kind: &str, file: &Path, more: &[&str]) -> Command {
        let mut command = Command::new(Self::path());
        command.args([kind, "run", "--config"]).arg(file);
        if more.is_empty() {
            command.args(["--log", "warn"])
        } else {
            command.args(more)
        };
        command
    }

    /// Starts a command that ends in the program.
    ///
    /// # Panics
    /// Where it does not start.
    pub fn spawn(mut command: Command) -> Self {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program");
        let said = Arc::new(Mutex::new(String::new()));
        let outputs: [Box<dyn Read + Send>; 2] = [
            Box::new(child.stdout.take().expect("an output")),
            Box::new(child.stderr.take().expect("an output")),
        ];
        let reader = |output: Box<dyn Read + Send>| {
            let said = Arc::clone(&said);
            std::thread::spawn(move || {
                for line in BufReader::new(output).lines().map_while(Result::ok) {
                    let mut said = said.lock().unwrap_or_else(PoisonError::into_inner);
                    said.push_str(&line);
                    said.push('\n');
                }
            })
        };
        let readers = outputs.into_iter().map(reader).collect();
        Program { child, said, readers }
    }

    /// Everything that it has said so far.
    pub fn said(&self) -> String {
        self.said.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// True until it has ended.
    ///
    /// # Panics
    /// Where the system does not tell.
    pub fn is_running(&mut self) -> bool {
        self.child.try_wait().expect("a state").is_none()
    }

    /// Sends a signal, `-TERM` say.
    ///
    /// # Panics
    /// Where it cannot be sent.
    #[cfg(unix)]
    pub fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([name, &self.child.id().to_string()]).status().expect("kill");
        assert!(sent.success());
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        self.readers.drain(..).for_each(|reader| drop(reader.join()));
    }
}
