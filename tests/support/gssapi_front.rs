//! A server that authenticates with the system's GSSAPI: `gssapi_front.py`.
#![expect(clippy::panic, reason = "a test's set-up fails by panic")]

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::apache::NTLM_DOMAIN;
use crate::folder::TestFolder;
use crate::kerberos_realm::{KerberosRealm, PASSWORD, USER};
use crate::test_pki::ServerCertificate;

/// The running server; it stops when it is dropped.
#[derive(Debug)]
pub struct GssapiFront {
    _folder: TestFolder,
    port: u16,
    child: Child,
}

impl GssapiFront {
    /// True where the system's Python has the `gssapi` module, and GSSAPI knows NTLM.
    pub fn is_installed() -> bool {
        let found =
            Command::new("/usr/bin/python3").args(["-c", "import gssapi"]).stderr(Stdio::null()).status();
        found.is_ok_and(|status| status.success()) && Path::new("/etc/gss/mech.d/mech.ntlmssp.conf").is_file()
    }

    /// Starts it without TLS: it unseals what comes and hands it on to `backend` (host:port).
    pub fn sealing(realm: &KerberosRealm, backend: &str) -> Self {
        Self::start(realm, backend, None)
    }

    /// Starts it with TLS and with the channel bindings of the second certificate.
    pub fn bound(realm: &KerberosRealm, own: &ServerCertificate, bound_to: &ServerCertificate) -> Self {
        Self::start(realm, "-", Some((own, bound_to)))
    }

    fn start(
        realm: &KerberosRealm,
        backend: &str,
        tls: Option<(&ServerCertificate, &ServerCertificate)>,
    ) -> Self {
        let folder = TestFolder::new();
        let write = |name: &str, text: &str| {
            std::fs::write(folder.file(name), text).unwrap_or_else(|error| panic!("{name}: {error}"));
            folder.file(name)
        };
        let users = write("ntlm_users", &format!("{NTLM_DOMAIN}:{USER}:{PASSWORD}\n"));
        let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("support/gssapi_front.py");
        let mut command = realm.command("/usr/bin/python3");
        command.arg(program).arg(backend);
        if let Some((own, bound_to)) = tls {
            command.arg("--tls").arg(write("chain.pem", &own.chain_pem)).arg(write("key.pem", &own.key_pem));
            command.arg("--bind-to").arg(write("bound_to.pem", &bound_to.chain_pem));
        }
        command.env("NTLM_USER_FILE", users).env("KRB5_KTNAME", realm.service_keytab());
        command.stdout(Stdio::piped()).stderr(Stdio::inherit());
        let mut child = command.spawn().unwrap_or_else(|error| panic!("python3: {error}"));
        // It takes a port that is free and tells it: one that was chosen here could be taken by somebody else meanwhile.
        let mut line = String::new();
        let told = child.stdout.take().map(|output| BufReader::new(output).read_line(&mut line));
        let port = line
            .trim()
            .parse()
            .unwrap_or_else(|_| panic!("gssapi_front.py tells no port: {told:?} {line:?}"));
        GssapiFront { _folder: folder, port, child }
    }

    /// The port it listens on, of 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }
}

impl Drop for GssapiFront {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
