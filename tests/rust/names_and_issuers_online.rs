//! The CNAME of a gateway, asked of a real name server (dnsmasq), and issuers fetched from a web server.

// Helpers outside of `#[test]` functions stop a test the same way.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use cmgateway::ErrorKind;
use cmgateway::cert::{
    Authority, AuthorityOptions, Certificate, DistinguishedName, IssueOptions, KeyKind,
    SubjectAlternativeName, write_p7b,
};
use cmgateway::gateway::analyzer::{AnalyzeOptions, analyze};
use cmgateway::gateway::server_certificate::{DeploymentName, ServiceName};
use cmgateway::gateway::{CnameOptions, check_cname};
use cmgateway::net::{FetchedChain, fetch_issuers};
use cmgateway_tests::skip::skipped;
use time::macros::datetime;

const DEPLOYMENT: &str = "granitefalls.westus.cloudapp.azure.com";

/// A name server of the test's own, stopped at its end.
struct NameServer(Child, SocketAddr);

impl NameServer {
    fn start() -> Option<Self> {
        let free = UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let port = format!("--port={}", free.port());
        let mut command = Command::new("dnsmasq");
        command.args([
            "--keep-in-foreground",
            "--conf-file=/dev/null",
            "--no-resolv",
            "--no-hosts",
            "--user=",
            &port,
        ]);
        command.args([
            "--listen-address=127.0.0.1",
            "--bind-interfaces",
            "--pid-file=",
            "--local=/contoso.com/azure.com/",
        ]);
        command.arg(format!("--host-record={DEPLOYMENT},192.0.2.1"));
        command.arg("--host-record=plain.contoso.com,192.0.2.2");
        command.arg("--host-record=other.westus.cloudapp.azure.com,192.0.2.3");
        command.arg(format!("--cname=granitefalls.contoso.com,{DEPLOYMENT}"));
        command.arg("--cname=gw.contoso.com,granitefalls.contoso.com");
        command.arg("--cname=wrong.contoso.com,other.westus.cloudapp.azure.com");
        let Ok(child) = command.stderr(Stdio::null()).stdout(Stdio::null()).spawn() else {
            skipped("dnsmasq is not installed; on Debian: apt-get install dnsmasq-base");
            return None;
        };
        let server = NameServer(child, free);
        server.wait();
        Some(server)
    }

    /// Asks for the root until something answers.
    fn wait(&self) {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
        let question = [0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 1];
        for _ in 0..100 {
            let sent = socket.send_to(&question, self.1);
            if sent.is_ok() && socket.recv(&mut [0; 512]).is_ok() {
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        panic!("dnsmasq does not answer on {}", self.1);
    }
}

impl Drop for NameServer {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

async fn check(server: SocketAddr, service: &str) -> cmgateway::Result<Vec<String>> {
    let mut options = CnameOptions::default();
    (options.name_server, options.timeout) = (Some(server), Duration::from_secs(3));
    let deployment = DeploymentName::parse(DEPLOYMENT).unwrap();
    check_cname(&ServiceName::parse(service).unwrap(), &deployment, &options).await
}

#[tokio::test]
async fn dns_leads_to_the_deployment_or_the_error_says_where() {
    let Some(server) = NameServer::start() else { return };
    let way = check(server.1, "GraniteFalls.contoso.com").await.unwrap();
    assert_eq!(way, ["GraniteFalls.contoso.com", DEPLOYMENT]);
    let way = check(server.1, "gw.contoso.com").await.unwrap();
    assert_eq!(way, ["gw.contoso.com", "granitefalls.contoso.com", DEPLOYMENT]);
    assert_eq!(check(server.1, DEPLOYMENT).await.unwrap(), [DEPLOYMENT]);

    let error = check(server.1, "wrong.contoso.com").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict);
    assert_eq!(error.context(), [("target", "other.westus.cloudapp.azure.com".to_owned())]);
    let error = check(server.1, "plain.contoso.com").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert!(error.to_string().contains("has no CNAME record"), "{error}");
    let error = check(server.1, "none.contoso.com").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert!(error.to_string().contains("there is no name none.contoso.com"), "{error}");
}

#[tokio::test]
async fn a_silent_name_server_is_waited_for_no_longer_than_asked() {
    // It takes the question and says nothing.
    let silent = UdpSocket::bind("127.0.0.1:0").unwrap();
    let mut options = CnameOptions::default();
    (options.name_server, options.timeout) = (Some(silent.local_addr().unwrap()), Duration::from_millis(300));
    let (service, deployment) =
        ("gw.contoso.com".parse().unwrap(), DeploymentName::parse(DEPLOYMENT).unwrap());
    let start = std::time::Instant::now();
    let error = check_cname(&service, &deployment, &options).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TimedOut, "{error}");
    assert!(start.elapsed() < Duration::from_secs(3));
    assert!(error.to_string().contains(&silent.local_addr().unwrap().to_string()), "{error}");
}

/// Paths and what lies there.
type ServedFiles = Vec<(String, Vec<u8>)>;

/// Answers of a web server by path, and the paths that were asked for.
#[derive(Clone)]
struct WebServer {
    address: SocketAddr,
    files: Arc<Mutex<ServedFiles>>,
    asked: Arc<Mutex<Vec<String>>>,
}

impl WebServer {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let server = WebServer { address, files: Arc::default(), asked: Arc::default() };
        let own = server.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n") {
                    let mut byte = [0];
                    if stream.read(&mut byte).unwrap_or(0) == 0 {
                        break;
                    }
                    head.extend(byte);
                }
                let head = String::from_utf8_lossy(&head).into_owned();
                let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
                own.asked.lock().unwrap().push(path.clone());
                let files = own.files.lock().unwrap();
                let found = files.iter().find(|(name, _)| *name == path).map(|(_, body)| body.clone());
                let (status, body) = found.map_or((404, Vec::new()), |body| (200, body));
                let head = format!(
                    "HTTP/1.1 {status} X\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
                    body.len()
                );
                let _ = stream.write_all(&[head.as_bytes(), &body].concat());
            }
        });
        server
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    fn put(&self, path: &str, body: &[u8]) {
        self.files.lock().unwrap().push((path.to_owned(), body.to_vec()));
    }
}

fn pki(server: &WebServer) -> (Authority, Authority, Certificate) {
    let now = datetime!(2026-01-01 00:00 UTC);
    let options = |name: &str, urls: Vec<String>| {
        let mut options = AuthorityOptions::new(DistinguishedName::parse(name).unwrap(), now);
        options.key = KeyKind::EcP256;
        options.places.ca_issuer_urls = urls;
        options
    };
    let root = Authority::root(&options("CN=Root", vec![server.url("/root.p7c")])).unwrap();
    let urls = vec!["ldap:///CN=Issuing".into(), server.url("/none.cer"), server.url("/issuing.cer")];
    let issuing = root.sub_ca(&options("CN=Issuing", urls)).unwrap();
    let names = [SubjectAlternativeName::parse("gw.contoso.com").unwrap()];
    let mut leaf = IssueOptions::new(&names, now);
    leaf.key = KeyKind::EcP256;
    let leaf = issuing.issue_server(&leaf).unwrap().certificate().clone();
    (root, issuing, leaf)
}

fn errors(fetched: &FetchedChain) -> Vec<String> {
    fetched.downloads.iter().map(|each| each.error.clone().unwrap_or_else(|| "used".into())).collect()
}

#[tokio::test]
async fn missing_issuers_are_fetched_when_asked_for() {
    let server = WebServer::start();
    let (root, issuing, leaf) = pki(&server);
    server.put("/issuing.cer", issuing.certificate().der());
    server.put("/root.p7c", &write_p7b(&[root.certificate().clone()]).unwrap());
    let fetched = fetch_issuers(&leaf, &[], None).await.unwrap();
    assert!(fetched.chain.is_complete(), "{fetched:?}");
    assert_eq!(fetched.chain.root(), Some(root.certificate()));
    assert_eq!(
        errors(&fetched),
        ["only http: addresses are followed, not ldap:", "the server answered 404", "used", "used"]
    );
    // What is known already is not asked for.
    server.asked.lock().unwrap().clear();
    let known = [issuing.certificate().clone(), root.certificate().clone()];
    assert!(fetch_issuers(&leaf, &known, None).await.unwrap().downloads.is_empty());
    assert!(server.asked.lock().unwrap().is_empty());
}

#[tokio::test]
async fn what_cannot_be_used_is_told_and_never_trusted() {
    let server = WebServer::start();
    let (_, _, leaf) = pki(&server);
    // A certificate with the right name and another key, and something that is none.
    let (_, stranger, _) = pki(&server);
    server.put("/issuing.cer", stranger.certificate().der());
    server.put("/none.cer", &vec![b'x'; 2 << 20]);
    let fetched = fetch_issuers(&leaf, &[], Some(Duration::from_secs(10))).await.unwrap();
    assert_eq!(fetched.chain.certificates.len(), 1);
    assert_eq!(fetched.chain.missing.as_ref().unwrap().subject, "CN=Issuing");
    assert!(errors(&fetched)[1].contains("1048576 are read at most"), "{:?}", errors(&fetched));
    let fetched = fetch_issuers(&leaf, &[], Some(Duration::ZERO)).await.unwrap();
    assert!(fetched.downloads.is_empty());
}

/// How the analyzer's checks of names end, by what this name server says.
async fn analyzed(server: SocketAddr, service: &str) -> (String, String) {
    let mut options = AnalyzeOptions::new(service);
    options.name_server = Some(server);
    options.deployment_name = Some(DeploymentName::parse(DEPLOYMENT).unwrap());
    options.timeout = Duration::from_secs(1);
    let report = analyze(options).await.unwrap();
    let shown = |id: &str| {
        let result = report.result(id).unwrap();
        format!("{} {}", result.outcome.as_str(), result.finding)
    };
    (shown("dns_resolves"), shown("dns_cname"))
}

#[tokio::test]
async fn the_analyzer_tells_where_names_lead() {
    let Some(server) = NameServer::start() else { return };
    let (resolves, cname) = analyzed(server.1, "granitefalls.contoso.com").await;
    assert_eq!(resolves, "passed granitefalls.contoso.com:443 leads to 192.0.2.1:443");
    assert_eq!(cname, format!("passed granitefalls.contoso.com leads to {DEPLOYMENT}"));
    let (resolves, cname) = analyzed(server.1, "wrong.contoso.com").await;
    assert!(resolves.starts_with("passed"), "{resolves}");
    assert!(cname.starts_with("failed wrong.contoso.com leads to other.westus."), "{cname}");
    let (resolves, cname) = analyzed(server.1, "none.contoso.com").await;
    assert_eq!(resolves, "failed none.contoso.com:443 has no address");
    assert_eq!(cname, "failed there is no name none.contoso.com in DNS");
    let (_, cname) = analyzed(server.1, "plain.contoso.com").await;
    assert!(cname.contains("has no CNAME record"), "{cname}");
}
