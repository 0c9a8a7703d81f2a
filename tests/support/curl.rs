//! curl as a client: a program that was not written for us.

use std::process::{Command, Output};

use crate::gateway_parts::{GatewayPki, Owner};

/// What came of one call.
#[derive(Clone, Debug)]
pub struct Fetched {
    /// The exit code; 0 where all went well.
    pub exit: i32,
    /// The status, 0 for none.
    pub status: u16,
    /// The head of the answer.
    pub head: String,
    /// The body.
    pub body: Vec<u8>,
    /// What curl said.
    pub said: String,
}

impl Fetched {
    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The reason phrase of the status line.
    pub fn phrase(&self) -> &str {
        self.head.lines().next().and_then(|line| line.splitn(3, ' ').nth(2)).unwrap_or_default().trim()
    }
}

/// True where there is a curl.
pub fn is_there() -> bool {
    Command::new("curl").arg("--version").output().is_ok()
}

/// Calls curl with these arguments, as this client.
///
/// # Panics
/// Where there is no curl.
#[expect(clippy::expect_used, reason = "a test's set-up fails by panic")]
pub async fn fetch(pki: &GatewayPki, client: Option<&Owner>, arguments: &[&str]) -> Fetched {
    let head = pki.folder.file(&format!("head-{}", NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed)));
    let mut command = Command::new("curl");
    command.args(["-sS", "--http1.1", "--max-time", "60", "--noproxy", "*", "-o", "-", "-D"]).arg(&head);
    command.arg("--cacert").arg(&pki.root_file);
    if let Some(client) = client {
        command.arg("--cert").arg(&client.chain_file).arg("--key").arg(&client.key_file);
    }
    command.args(arguments);
    let output =
        tokio::task::spawn_blocking(move || command.output()).await.expect("a thread").expect("curl");
    fetched(output, std::fs::read_to_string(head).unwrap_or_default())
}

static NEXT: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);

fn fetched(output: Output, heads: String) -> Fetched {
    // The last head: those before it are of 100 Continue.
    let heads = heads.replace("\r\n", "\n");
    let head = heads.trim_end().rsplit("\n\n").next().unwrap_or_default().to_owned();
    let status = head.split(' ').nth(1).and_then(|text| text.trim().parse().ok()).unwrap_or(0);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    Fetched { exit: output.status.code().unwrap_or(-1), status, head, body: output.stdout, said }
}
