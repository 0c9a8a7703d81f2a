//! rathole as a peer: a tunnel dialled from inside that knows bytes only, over TLS, with nginx for the clients' certificates.

use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::processes::Process;
use crate::relay;
use crate::stage::{Stage, Target, free_port};

impl Stage {
    /// nginx, both ends of rathole behind it, and a way between these that takes its time.
    pub(crate) async fn rathole(&self, program: &Path, delay: Option<Duration>) -> Target {
        let (tunnel, service) = (free_port(), free_port());
        let archive = Command::new("openssl")
            .args([
                "pkcs12",
                "-export",
                "-in",
                "server.pem",
                "-inkey",
                "server.key",
                "-passout",
                "pass:bench",
            ])
            .args(["-out", "server.pfx"])
            .current_dir(&self.folder)
            .status();
        assert!(archive.unwrap().success(), "openssl");
        let server = format!(
            "[server]\nbind_addr = \"127.0.0.1:{tunnel}\"\ndefault_token = \"bench\"\n\
             [server.transport]\ntype = \"tls\"\n[server.transport.tls]\n\
             pkcs12 = \"server.pfx\"\npkcs12_password = \"bench\"\n\
             [server.services.origin]\nbind_addr = \"127.0.0.1:{service}\"\n"
        );
        let outside = self.rathole_end(program, "--server", "rathole-server.toml", &server);
        until_listening(tunnel);
        let dialled = match delay {
            Some(delay) => relay::start(SocketAddr::from(([127, 0, 0, 1], tunnel)), delay).await.port(),
            None => tunnel,
        };
        let client = format!(
            "[client]\nremote_addr = \"127.0.0.1:{dialled}\"\ndefault_token = \"bench\"\n\
             [client.transport]\ntype = \"tls\"\n[client.transport.tls]\n\
             trusted_root = \"root.pem\"\nhostname = \"localhost\"\n\
             [client.services.origin]\nlocal_addr = \"127.0.0.1:{}\"\n",
            self.origin
        );
        let inside = self.rathole_end(program, "--client", "rathole-client.toml", &client);
        // It listens for the service once the client has named it.
        until_listening(service);
        let mut target = self.proxy("rathole", service);
        target.processes.extend([outside, inside]);
        target
    }

    fn rathole_end(&self, program: &Path, role: &str, file: &str, text: &str) -> Process {
        std::fs::write(self.folder.join(file), text).unwrap();
        let mut command = Command::new(program);
        command.args([role, file]).current_dir(&self.folder).stdout(Stdio::null()).env("RUST_LOG", "error");
        Process::start(&mut command)
    }
}

fn until_listening(port: u16) {
    let until = Instant::now() + Duration::from_secs(20);
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert!(Instant::now() < until, "nothing listens on {port}");
        std::thread::sleep(Duration::from_millis(20));
    }
}
