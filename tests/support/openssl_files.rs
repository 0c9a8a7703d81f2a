//! `openssl s_server` as a web server of files: a server over TLS that was not written for us.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use crate::folder::TestFolder;
use crate::gateway_parts::Owner;
use crate::skip::skipped;

/// A running server; it stops when it is dropped.
#[derive(Debug)]
pub struct OpensslFiles {
    child: Child,
    port: u16,
    folder: TestFolder,
}

#[expect(clippy::expect_used, reason = "a test's set-up fails by panic")]
impl OpensslFiles {
    /// Starts it with this certificate, on a free port; nothing where there is no openssl, which is said.
    ///
    /// # Panics
    /// Where it does not start.
    pub fn start(owner: &Owner) -> Option<Self> {
        let folder = TestFolder::new();
        let mut command = Command::new("openssl");
        command
            .args(["s_server", "-accept", "127.0.0.1:0", "-WWW", "-cert"])
            .arg(&owner.chain_file)
            .arg("-key")
            .arg(&owner.key_file)
            .current_dir(folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        let mut child = match command.spawn() {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                skipped("there is no openssl");
                return None;
            }
            spawned => spawned.expect("openssl"),
        };
        let output = BufReader::new(child.stdout.take().expect("an output"));
        let mut lines = output.lines().map_while(Result::ok);
        let port = lines
            .find_map(|line| line.strip_prefix("ACCEPT ")?.rsplit(':').next()?.parse().ok())
            .expect("a port");
        // What it says later has to go somewhere; the thread ends with the server.
        std::thread::spawn(move || lines.for_each(drop));
        Some(OpensslFiles { child, port, folder })
    }

    /// The address of a file.
    pub fn url(&self, name: &str) -> String {
        format!("https://localhost:{}/{name}", self.port)
    }

    /// Where the file of this name is.
    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.file(name)
    }
}

impl Drop for OpensslFiles {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
