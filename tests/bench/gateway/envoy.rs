//! Envoy as a peer: a reverse proxy with mutual TLS and no tunnel, as nginx is.

use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::processes::Process;
use crate::stage::{Stage, Target, free_port};

impl Stage {
    /// Envoy with two workers in front of the origin.
    pub(crate) fn envoy(&self, program: &Path) -> Target {
        let port = free_port();
        let crl = match self.folder.join("crls.pem").exists() {
            true => "crl: {filename: crls.pem}, ",
            false => "",
        };
        let configuration = format!(
            "static_resources:\n\
             \x20 listeners:\n\
             \x20 - address: {{socket_address: {{address: 127.0.0.1, port_value: {port}}}}}\n\
             \x20   filter_chains:\n\
             \x20   - transport_socket:\n\
             \x20       name: envoy.transport_sockets.tls\n\
             \x20       typed_config:\n\
             \x20         \"@type\": type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext\n\
             \x20         require_client_certificate: true\n\
             \x20         common_tls_context:\n\
             \x20           tls_certificates: [{{certificate_chain: {{filename: server.pem}}, private_key: {{filename: server.key}}}}]\n\
             \x20           validation_context: {{{crl}trusted_ca: {{filename: both.pem}}}}\n\
             \x20     filters:\n\
             \x20     - name: envoy.filters.network.http_connection_manager\n\
             \x20       typed_config:\n\
             \x20         \"@type\": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager\n\
             \x20         stat_prefix: front\n\
             \x20         http_filters: [{{name: envoy.filters.http.router, typed_config: {{\"@type\": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router}}}}]\n\
             \x20         route_config: {{virtual_hosts: [{{name: all, domains: [\"*\"], routes: [{{match: {{prefix: /}}, route: {{cluster: origin, timeout: 0s}}}}]}}]}}\n\
             \x20 clusters:\n\
             \x20 - name: origin\n\
             \x20   load_assignment: {{cluster_name: origin, endpoints: [{{lb_endpoints: [{{endpoint: {{address: {{socket_address: {{address: 127.0.0.1, port_value: {}}}}}}}}}]}}]}}\n\
             \x20   transport_socket:\n\
             \x20     name: envoy.transport_sockets.tls\n\
             \x20     typed_config:\n\
             \x20       \"@type\": type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext\n\
             \x20       sni: localhost\n\
             \x20       common_tls_context:\n\
             \x20         tls_certificates: [{{certificate_chain: {{filename: inside-client.pem}}, private_key: {{filename: inside-client.key}}}}]\n\
             \x20         validation_context: {{trusted_ca: {{filename: root.pem}}}}\n",
            self.origin
        );
        std::fs::write(self.folder.join("envoy.yaml"), configuration).unwrap();
        let mut command = Command::new(program);
        command
            .args(["-c", "envoy.yaml", "--concurrency", "2", "-l", "error", "--disable-hot-restart"])
            .current_dir(&self.folder)
            .stdout(Stdio::null());
        let process = Process::start(&mut command);
        let until = Instant::now() + Duration::from_secs(20);
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(Instant::now() < until, "envoy did not start");
            std::thread::sleep(Duration::from_millis(20));
        }
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        Target { name: "envoy", address, prefix: String::new(), processes: vec![process] }
    }
}
