//! nginx as a management point: a server that was not written for us.

use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::folder::TestFolder;
use crate::gateway_parts::GatewayPki;

/// A running nginx; stopped when dropped.
#[derive(Debug)]
pub struct Nginx {
    child: Child,
    /// Where it listens.
    pub port: u16,
    /// Its document root.
    pub root: PathBuf,
    folder: TestFolder,
}

/// Where nginx is, if anywhere.
pub fn find() -> Option<PathBuf> {
    ["/usr/sbin/nginx", "/usr/bin/nginx", "/usr/local/sbin/nginx"]
        .iter()
        .map(PathBuf::from)
        .find(|path| path.is_file())
}

#[expect(clippy::expect_used, reason = "a test's set-up fails by panic")]
impl Nginx {
    /// Starts it over TLS, asking for client certificates of the root; `/SMS_MP` serves files and answers the methods
    /// of clients.
    ///
    /// # Panics
    /// Where it does not start.
    pub fn management_point(pki: &GatewayPki) -> Self {
        let block = format!(
            "server_name localhost; ssl_certificate {chain}; ssl_certificate_key {key}; ssl_client_certificate {ca};\n\
             ssl_verify_client on;\n\
             location / {{ if ($request_method !~ ^(GET|HEAD)$) {{ return 200 \"$request_method $uri $http_range\\n\"; }} }}\n\
             location /SMS_MP/whoami {{ return 200 \"$ssl_client_s_dn|$http_client_cert|$http_x_forwarded_for\\n\"; }}\n",
            chain = pki.server.chain_file.display(),
            key = pki.server.key_file.display(),
            ca = pki.root_file.display(),
        );
        let nginx = Self::serving(&block);
        std::fs::create_dir_all(nginx.root.join("SMS_MP")).expect("a folder");
        nginx
    }

    /// Starts it over TLS with these directives of its only server.
    ///
    /// # Panics
    /// Where it does not start.
    pub fn serving(block: &str) -> Self {
        let folder = TestFolder::new();
        let root = folder.file("www");
        std::fs::create_dir_all(&root).expect("a folder");
        let port = free_port();
        let configuration = format!(
            "daemon off; master_process off; worker_processes 1; pid {folder}/pid; error_log {folder}/error.log warn;\n\
             events {{ worker_connections 4096; }}\n\
             http {{ access_log off; default_type application/octet-stream; client_max_body_size 0;\n\
             client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/f;\n\
             uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;\n\
             server {{ listen 127.0.0.1:{port} ssl; root {folder}/www; keepalive_requests 1000000;\n{block} }} }}\n",
            folder = folder.path().display(),
        );
        let file = folder.file("nginx.conf");
        std::fs::write(&file, configuration).expect("a file");
        let child = spawn(&folder, port);
        Nginx { child, port, root, folder }
    }

    /// Its address as a mapping has it.
    pub fn url(&self) -> String {
        format!("https://localhost:{}", self.port)
    }

    /// Ends it without warning.
    ///
    /// # Panics
    /// Where it cannot be killed.
    pub fn kill(&mut self) {
        self.child.kill().expect("kill");
        let _ = self.child.wait();
    }

    /// Starts it again on the same port.
    ///
    /// # Panics
    /// Where it does not start.
    pub fn start_again(&mut self) {
        self.child = spawn(&self.folder, self.port);
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[expect(clippy::expect_used, reason = "a test's set-up fails by panic")]
fn spawn(folder: &TestFolder, port: u16) -> Child {
    let program = find().expect("nginx");
    let child = Command::new(program)
        .arg("-e")
        .arg(folder.file("error.log"))
        .arg("-p")
        .arg(folder.path())
        .arg("-c")
        .arg(folder.file("nginx.conf"))
        .stdin(Stdio::null())
        .spawn()
        .expect("nginx");
    let until = Instant::now() + Duration::from_secs(10);
    while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
        let log = std::fs::read_to_string(folder.file("error.log")).unwrap_or_default();
        assert!(Instant::now() < until, "nginx did not start: {log}");
        std::thread::sleep(Duration::from_millis(20));
    }
    child
}

#[expect(clippy::expect_used, reason = "a test's set-up fails by panic")]
fn free_port() -> u16 {
    TcpListener::bind(("127.0.0.1", 0)).and_then(|socket| socket.local_addr()).expect("a port").port()
}
