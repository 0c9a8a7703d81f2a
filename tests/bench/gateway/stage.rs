//! The stage of a measure: an origin, nginx in front of it, and a gateway in front of it.

use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::ClientConfig;

use crate::Options;
use crate::client::{self, Client};
use crate::pki::{Keys, Pki};
use crate::processes::Process;
use crate::relay;

const ROLE: u64 = 42;
/// The large file.
pub(crate) const LARGE: usize = 100 << 20;

/// What is measured: where it is, what it is made of.
pub(crate) struct Target {
    pub(crate) name: &'static str,
    pub(crate) address: SocketAddr,
    pub(crate) prefix: String,
    pub(crate) processes: Vec<Process>,
}

impl Target {
    pub(crate) fn path(&self, rest: &str) -> String {
        format!("{}/SMS_MP/{rest}", self.prefix)
    }

    /// CPU time so far, in seconds.
    pub(crate) fn cpu(&self) -> f64 {
        self.processes.iter().map(Process::cpu).sum()
    }

    /// Resident memory, in KiB.
    pub(crate) fn memory(&self) -> f64 {
        self.processes.iter().map(Process::memory).sum()
    }
}

/// Origin and targets; all of it ends with it.
pub(crate) struct Stage {
    pub(crate) targets: Vec<Target>,
    pub(crate) pki: Pki,
    pub(crate) tls: Arc<ClientConfig>,
    pub(crate) origin: u16,
    pub(crate) folder: PathBuf,
    _origin: Process,
}

impl Drop for Stage {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

impl Stage {
    /// The origin, and the targets that are wanted.
    pub(crate) async fn set(options: &Options, keys: Keys, revoked: usize) -> Self {
        let mut stage = Self::bare(keys, revoked);
        if options.wants("nginx") {
            stage.targets.push(stage.nginx());
        }
        if let Some(program) = options.rathole.as_deref().filter(|_| options.wants("rathole")) {
            stage.targets.push(stage.rathole(program, None).await);
        }
        if let Some(program) = options.envoy.as_deref().filter(|_| options.wants("envoy")) {
            stage.targets.push(stage.envoy(program));
        }
        if options.wants("ours") {
            let instance = stage.instance(options);
            let (address, process) = instance;
            let dialled = match options.delay {
                Duration::ZERO => address,
                delay => relay::start(address, delay).await,
            };
            let point = stage.connection_point(options, "CP1", dialled.port());
            let mut target = stage.ours(address);
            target.processes = vec![process, point];
            stage.targets.push(target);
        }
        for target in &stage.targets {
            stage.until_served(target).await;
        }
        stage
    }

    /// The origin alone.
    pub(crate) fn bare(keys: Keys, revoked: usize) -> Self {
        static NEXT: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
        let base = Path::new("/dev/shm");
        let base = if base.is_dir() { base.to_owned() } else { std::env::temp_dir() };
        let number = NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let folder = base.join(format!("cmgateway-bench-{}-{number}", std::process::id()));
        let files = folder.join("www/SMS_MP");
        std::fs::create_dir_all(&files).unwrap();
        std::fs::write(files.join("small"), [b'x'; 1024]).unwrap();
        let pattern: Vec<u8> = (0..LARGE).map(|index| (index % 251) as u8).collect();
        std::fs::write(files.join("large"), pattern).unwrap();
        let pki = Pki::new(&folder, keys, revoked);
        let tls = client::tls(&pki.root, pki.client("bench client"));
        let origin = free_port();
        let configuration = format!(
            "server {{ listen 127.0.0.1:{origin} ssl backlog=4096 sndbuf=256k; server_name localhost; root {}/www;\n\
             ssl_certificate server.pem; ssl_certificate_key server.key;\n\
             ssl_client_certificate root.pem; ssl_verify_client optional;\n\
             client_max_body_size 0; client_body_buffer_size 1m; dav_methods PUT; create_full_put_path on; }}",
            folder.display()
        );
        let process = nginx(&folder, "origin", &configuration, origin);
        Stage { targets: Vec::new(), pki, tls, origin, folder, _origin: process }
    }

    /// nginx as a reverse proxy: connections to the origin are kept, nothing is written to disk.
    fn nginx(&self) -> Target {
        self.proxy("nginx", self.origin)
    }

    /// nginx in front of this port, which leads to the origin.
    pub(crate) fn proxy(&self, name: &'static str, inside: u16) -> Target {
        let port = free_port();
        let crl = if self.folder.join("crls.pem").exists() { "ssl_crl crls.pem;" } else { "" };
        let configuration = format!(
            "upstream origin {{ server 127.0.0.1:{}; keepalive 256; }}\n\
             server {{ listen 127.0.0.1:{port} ssl backlog=4096; server_name localhost;\n\
             ssl_certificate server.pem; ssl_certificate_key server.key;\n\
             ssl_client_certificate both.pem; ssl_verify_client on; ssl_verify_depth 3; {crl}\n\
             client_max_body_size 0;\n\
             location / {{ proxy_pass https://origin; proxy_http_version 1.1; proxy_set_header Connection \"\";\n\
             proxy_set_header X-Forwarded-For $remote_addr; proxy_set_header Client-Cert $ssl_client_escaped_cert;\n\
             proxy_ssl_certificate inside-client.pem; proxy_ssl_certificate_key inside-client.key;\n\
             proxy_ssl_trusted_certificate root.pem; proxy_ssl_verify on; proxy_ssl_name localhost;\n\
             proxy_request_buffering off; proxy_max_temp_file_size 0; }} }}",
            inside
        );
        let process = nginx(&self.folder, name, &configuration, port);
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        Target { name, address, prefix: String::new(), processes: vec![process] }
    }

    pub(crate) fn ours(&self, address: SocketAddr) -> Target {
        let prefix = format!("/CCM_Proxy_MutualAuth/{ROLE}");
        Target { name: "ours", address, prefix, processes: Vec::new() }
    }

    /// An instance on a free port.
    pub(crate) fn instance(&self, options: &Options) -> (SocketAddr, Process) {
        let text = "listen = [\"127.0.0.1:0\"]\ncertificate = \"server.pem\"\nkey = \"server.key\"\n\
                    connection_points = [\"connection-point.pem\"]\n[limits]\nrequests_per_client = 10000\n\
                    [ping]\ninterval_seconds = 1\ndeadline_seconds = 1\n";
        let file = self.folder.join("instance.toml");
        std::fs::write(&file, text).unwrap();
        let mut command = Command::new(&options.program);
        command.args(["gateway", "run", "--log", "warn", "--config"]).arg(file).stdout(Stdio::piped());
        let mut process = Process::start(&mut command);
        let mut line = String::new();
        BufReader::new(process.child().stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim().strip_prefix("listening on ").expect("an address").parse().unwrap();
        (address, process)
    }

    /// A connection point that dials this port.
    pub(crate) fn connection_point(&self, options: &Options, name: &str, port: u16) -> Process {
        let (crls, revocation) = match self.folder.join("crl1.pem").exists() {
            true => ("\"crl1.pem\", \"crl2.pem\"", "chain"),
            false => ("", "off"),
        };
        let text = format!(
            "name = \"{name}\"\ncertificate = \"connection-point.pem\"\nkey = \"connection-point.key\"\n\
             instance_pins = [\"server.pem\"]\n\
             [gateway]\nservice_name = \"localhost\"\naddresses = [[\"localhost:{port}\"]]\n\
             [inside]\nroots = \"root.pem\"\ncertificate = \"inside-client.pem\"\nkey = \"inside-client.key\"\n\
             [trust]\nroots = [\"root.pem\"]\nsub_cas = [\"issuing.pem\"]\ncrls = [{crls}]\nrevocation = \"{revocation}\"\n\
             [[mapping]]\nid = {ROLE}\ninternal = [\"https://localhost:{}\"]\n",
            self.origin
        );
        let file = self.folder.join(format!("{name}.toml"));
        std::fs::write(&file, text).unwrap();
        let mut command = Command::new(&options.program);
        command
            .args(["connection-point", "run", "--log", "warn", "--config"])
            .arg(file)
            .stdout(Stdio::null());
        Process::start(&mut command)
    }

    /// Returns when the target answers.
    pub(crate) async fn until_served(&self, target: &Target) {
        let until = Instant::now() + Duration::from_secs(20);
        loop {
            let answered = match Client::connect(target.address, &self.tls, 16 << 10).await {
                Ok(mut client) => client.get(&target.path("small")).await,
                Err(error) => Err(error),
            };
            match answered {
                Ok(_) => return,
                Err(error) => assert!(Instant::now() < until, "{} does not serve: {error}", target.name),
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

pub(crate) fn free_port() -> u16 {
    TcpListener::bind(("127.0.0.1", 0)).and_then(|socket| socket.local_addr()).unwrap().port()
}

/// Starts nginx with two workers and this server.
fn nginx(folder: &Path, name: &str, server: &str, port: u16) -> Process {
    let places = ["/usr/sbin/nginx", "/usr/bin/nginx", "/usr/local/sbin/nginx"];
    let program = places.iter().find(|place| Path::new(place).is_file()).expect("nginx");
    // Started by root, workers would be somebody who may not write here.
    let user = Command::new("id").arg("-u").output().unwrap().stdout;
    let user = if user.trim_ascii() == b"0" { "user root;" } else { "" };
    let configuration = format!(
        "{user} daemon off; worker_processes 2; worker_rlimit_nofile 65536; pid {name}.pid; error_log {name}.log warn;\n\
         events {{ worker_connections 32768; }}\n\
         http {{ access_log off; keepalive_requests 100000000; keepalive_timeout 600s; sendfile on;\n\
         client_body_temp_path {name}-body; proxy_temp_path {name}-proxy; fastcgi_temp_path {name}-f;\n\
         uwsgi_temp_path {name}-u; scgi_temp_path {name}-s; {server} }}\n"
    );
    let file = folder.join(format!("{name}.conf"));
    std::fs::write(&file, configuration).unwrap();
    let mut command = Command::new(program);
    command.arg("-e").arg(folder.join(format!("{name}.log")));
    command.arg("-p").arg(folder).arg("-c").arg(file);
    let process = Process::start(&mut command);
    let until = Instant::now() + Duration::from_secs(20);
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert!(Instant::now() < until, "nginx did not start");
        std::thread::sleep(Duration::from_millis(20));
    }
    process
}
