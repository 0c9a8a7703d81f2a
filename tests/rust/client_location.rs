//! Where a client is, and whom it talks to: a real name server (dnsmasq), a directory on the wire, a management point over TLS,
//! and a real gateway between.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panic")]

use std::net::{SocketAddr, UdpSocket};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use cmgateway::ErrorKind;
use cmgateway::gateway::client_location::{
    CandidateKind, CandidateSource, ClientLocation, LocationProber, LocationProberOptions, MpCandidate,
    PublishedRole, ReferenceClient, ReferenceClientOptions, candidates_of,
};
use cmgateway::gateway::site_roles::{RoleChanges, RoleKind, SiteRoles};
use cmgateway::net::{ManualTimer, TrustedRoots};
use cmgateway::site::{EmbeddedSite, Site, SiteCode};
use cmgateway_tests::folder::TestFolder;
use cmgateway_tests::gateway_parts::{GatewayPki, ROLE};
use cmgateway_tests::relay::{Relay, Way};
use cmgateway_tests::running_gateway::RunningGateway;
use cmgateway_tests::skip::skipped;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

const OPEN: Way = Way::Open(Duration::ZERO);

/// A name server that knows one domain controller, on this machine and port.
struct NameServer(Child, SocketAddr);

impl NameServer {
    fn start(controller_port: u16) -> Option<Self> {
        let free = UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let mut command = Command::new("dnsmasq");
        command.args([
            "--keep-in-foreground",
            "--conf-file=/dev/null",
            "--no-resolv",
            "--no-hosts",
            "--user=",
        ]);
        command.args([
            "--listen-address=127.0.0.1",
            "--bind-interfaces",
            "--pid-file=",
            "--local=/contoso.com/",
        ]);
        command.arg(format!("--port={}", free.port()));
        command.arg("--host-record=dc1.contoso.com,127.0.0.1");
        // Preferred, and nobody listens there.
        command.arg("--host-record=dc0.contoso.com,127.0.0.1");
        command.arg("--srv-host=_ldap._tcp.dc._msdcs.contoso.com,dc0.contoso.com,1,0,100");
        command.arg(format!(
            "--srv-host=_ldap._tcp.dc._msdcs.contoso.com,dc1.contoso.com,{controller_port},10,100"
        ));
        let Ok(child) = command.stderr(Stdio::null()).stdout(Stdio::null()).spawn() else {
            skipped("dnsmasq is not installed; on Debian: apt-get install dnsmasq-base");
            return None;
        };
        let server = NameServer(child, free);
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
        let question = [0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 1];
        for _ in 0..100 {
            if socket.send_to(&question, free).is_ok() && socket.recv(&mut [0; 512]).is_ok() {
                return Some(server);
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        panic!("dnsmasq does not answer on {free}");
    }
}

impl Drop for NameServer {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A directory that answers a search for its root, or greets as a web server does.
async fn directory(speaks_ldap: Arc<AtomicBool>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let mut question = [0; 256];
            let count = socket.read(&mut question).await.unwrap_or(0);
            // A search (0x63) as message 1, for the base object "".
            let is_search =
                question[..count].starts_with(&[0x30, 0x25, 0x02, 0x01, 0x01, 0x63, 0x20, 0x04, 0x00]);
            let answer: &[u8] = match is_search && speaks_ldap.load(Ordering::SeqCst) {
                // One entry "" without attributes, then the end of the search: success.
                true => &[
                    0x30, 0x84, 0, 0, 0, 0x0D, 0x02, 0x01, 0x01, 0x64, 0x84, 0, 0, 0, 0x04, 0x04, 0, 0x30, 0,
                    0x30, 0x0C, 0x02, 0x01, 0x01, 0x65, 0x07, 0x0A, 0x01, 0, 0x04, 0, 0x04, 0,
                ],
                false => b"HTTP/1.1 400 Bad Request\r\n\r\n",
            };
            let _ = socket.write_all(answer).await;
        }
    });
    port
}

fn prober_options(pki: &GatewayPki, points: &[String]) -> LocationProberOptions {
    let mut options = LocationProberOptions::default();
    options.management_points = points.to_vec();
    options.trusted_roots = TrustedRoots::File(pki.root_file.clone());
    options.identity = Some(pki.client.identity());
    options.timeout = Duration::from_secs(3);
    options
}

#[tokio::test]
async fn a_domain_controller_is_found_by_dns_and_asked_over_ldap() {
    let speaks = Arc::new(AtomicBool::new(true));
    let port = directory(Arc::clone(&speaks)).await;
    let Some(server) = NameServer::start(port) else { return };
    let probe = |domain: &str, name_server: SocketAddr| {
        let mut options = LocationProberOptions::default();
        options.domain = Some(domain.to_owned());
        options.name_server = Some(name_server);
        options.timeout = Duration::from_secs(2);
        async move { LocationProber::new(options).await.unwrap().probe().await }
    };
    let found = probe("contoso.com", server.1).await;
    assert_eq!(found.domain_controller.answered.as_deref(), Some("dc1.contoso.com"));
    assert!(found.domain_controller.failures[0].starts_with("dc0.contoso.com:1: "), "{found:?}");
    assert_eq!(found.decide(false).location, ClientLocation::CurrentlyIntranet);
    assert_eq!(found.decide(true).location, ClientLocation::AlwaysInternet);

    // Somebody answers on the port, and it is no directory: a captive portal is no intranet.
    speaks.store(false, Ordering::SeqCst);
    let found = probe("contoso.com", server.1).await;
    assert_eq!(found.domain_controller.answered, None);
    assert!(found.domain_controller.failures.iter().any(|failure| failure.contains("no LDAP")), "{found:?}");
    assert_eq!(found.decide(false).location, ClientLocation::CurrentlyInternet);

    let found = probe("other.contoso.com", server.1).await;
    assert!(
        found.domain_controller.failures[0].contains("DNS has no record _ldap._tcp.dc._msdcs"),
        "{found:?}"
    );
    let silent = UdpSocket::bind("127.0.0.1:0").unwrap();
    let start = std::time::Instant::now();
    let found = probe("contoso.com", silent.local_addr().unwrap()).await;
    assert_eq!(found.domain_controller.answered, None);
    assert!(start.elapsed() < Duration::from_secs(8), "{:?}", start.elapsed());
}

#[tokio::test]
async fn a_management_point_counts_only_with_a_trusted_certificate() {
    let gateway = RunningGateway::start().await;
    let inside = format!("localhost:{}", gateway.inside.address.port());
    let probe =
        LocationProber::new(prober_options(&gateway.pki, std::slice::from_ref(&inside))).await.unwrap();
    assert_eq!(probe.probe().await.management_point.answered.as_deref(), Some(inside.as_str()));
    let mut foreign = prober_options(&gateway.pki, std::slice::from_ref(&inside));
    foreign.trusted_roots = TrustedRoots::Pem(GatewayPki::new().root.certificate.to_pem().into_bytes());
    let found = LocationProber::new(foreign).await.unwrap().probe().await;
    assert_eq!(found.management_point.answered, None, "{found:?}");
    assert_eq!(found.management_point.failures.len(), 1);
    // The first one takes connections and says nothing: there is time left for the second.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let first = format!("localhost:{}", silent.local_addr().unwrap().port());
    let mut both = prober_options(&gateway.pki, &[first.clone(), inside.clone()]);
    both.timeout = Duration::from_secs(2);
    let found = LocationProber::new(both).await.unwrap().probe().await;
    assert_eq!(found.management_point.answered.as_deref(), Some(inside.as_str()), "{found:?}");
    assert!(found.management_point.failures[0].starts_with(&format!("{first}: no answer")), "{found:?}");
    let nobody = LocationProber::new(LocationProberOptions::default()).await.unwrap_err();
    assert_eq!(nobody.kind(), ErrorKind::Config);
    let wrong = LocationProber::new(prober_options(&gateway.pki, &["a b".to_owned()])).await.unwrap_err();
    assert!(wrong.cause().contains("no host name"), "{wrong}");
}

/// A client whose way inside goes through a relay that a test cuts.
async fn client_of(gateway: &RunningGateway, relay: &Relay, timer: &Arc<ManualTimer>) -> ReferenceClient {
    let inside = format!("localhost:{}", relay.address.port());
    let outside = format!("localhost:{}", gateway.instance.addresses()[0].port());
    let list = vec![
        MpCandidate::inside(&inside, true).unwrap(),
        MpCandidate::through_gateway(&outside, ROLE).unwrap(),
    ];
    let mut prober = prober_options(&gateway.pki, &[inside]);
    prober.timeout = Duration::from_millis(800);
    let mut options = ReferenceClientOptions::new(CandidateSource::List(list), prober);
    options.timer = timer.clone();
    ReferenceClient::new(options).await.unwrap()
}

#[tokio::test]
async fn a_client_moves_over_to_the_gateway_and_back_when_the_network_changes() {
    let gateway = RunningGateway::start().await;
    let relay = Relay::start(gateway.inside.address, OPEN).await;
    let timer = Arc::new(ManualTimer::new(time::OffsetDateTime::UNIX_EPOCH));
    let client = client_of(&gateway, &relay, &timer).await;
    let path = "SMS_MP/bytes?n=100000";
    let file = client.get(path).await.unwrap();
    assert_eq!(
        (file.status, file.body.len(), file.location),
        (200, 100_000, ClientLocation::CurrentlyIntranet)
    );

    // The cable is pulled: nobody told the client, and the next request finds its way through the gateway.
    relay.set(Way::Silent);
    let moved = client.get(path).await.unwrap();
    assert_eq!((moved.status, moved.location), (200, ClientLocation::CurrentlyInternet));
    assert_eq!(moved.body, file.body);
    assert!(moved.mp.ends_with(&format!("/CCM_Proxy_MutualAuth/{ROLE}")), "{}", moved.mp);

    // Back in the office, the client stays with the gateway until something tells it: a change of the network, ...
    relay.set(OPEN);
    assert_eq!(client.get(path).await.unwrap().location, ClientLocation::CurrentlyInternet);
    client.network_changed().await;
    assert_eq!(client.get(path).await.unwrap().location, ClientLocation::CurrentlyIntranet);

    // ... the restart of the agent, or the 24 hours.
    relay.set(Way::Silent);
    assert_eq!(client.refresh().await.unwrap().location, ClientLocation::CurrentlyInternet);
    relay.set(OPEN);
    timer.advance(Duration::from_secs(24 * 3600 - 60));
    assert_eq!(client.location().await.unwrap().location, ClientLocation::CurrentlyInternet);
    timer.advance(Duration::from_secs(60));
    assert_eq!(client.location().await.unwrap().location, ClientLocation::CurrentlyIntranet);
    assert!(gateway.inside.count(&format!("/{path}")) >= 4);
}

#[tokio::test]
async fn a_client_that_is_told_so_uses_the_gateway_inside_as_well() {
    let gateway = RunningGateway::start().await;
    let inside = format!("localhost:{}", gateway.inside.address.port());
    let outside = format!("localhost:{}", gateway.instance.addresses()[0].port());
    let list = vec![
        MpCandidate::inside(&inside, true).unwrap(),
        MpCandidate::through_gateway(&outside, ROLE).unwrap(),
    ];
    let prober = prober_options(&gateway.pki, std::slice::from_ref(&inside));
    let mut options = ReferenceClientOptions::new(CandidateSource::List(list), prober.clone());
    options.always_on_internet = true;
    let client = ReferenceClient::new(options).await.unwrap();
    let file = client.get("SMS_MP/bytes?n=5").await.unwrap();
    assert_eq!((file.status, file.body.len(), file.location), (200, 5, ClientLocation::AlwaysInternet));
    let only_inside = CandidateSource::List(vec![MpCandidate::inside(&inside, true).unwrap()]);
    let mut options = ReferenceClientOptions::new(only_inside, prober);
    options.always_on_internet = true;
    let error = ReferenceClient::new(options).await.unwrap().get("x").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert!(error.cause().contains("always_internet"), "{error}");
}

#[tokio::test]
async fn the_candidates_of_a_site_follow_its_roles() {
    let folder = TestFolder::new();
    let embedded =
        EmbeddedSite::create(folder.file("site.db"), &SiteCode::new("GF1").unwrap()).await.unwrap();
    let mof = r#"
    instance of SMS_SCI_SysResUse { FileType = 2; ItemType = "System Resource Usage"; SiteCode = "GF1"; ItemName = "MP1";
        NetworkOSPath = "\\\\MP1.contoso.com"; RoleName = "SMS Management Point"; };
    instance of SMS_SCI_SysResUse { FileType = 2; ItemType = "System Resource Usage"; SiteCode = "GF1"; ItemName = "MP2";
        NetworkOSPath = "\\\\MP2.contoso.com"; RoleName = "SMS Management Point"; };"#;
    embedded.compile_mof(mof).await.unwrap();
    let site: Site = embedded.into();
    let published = vec![PublishedRole { id: ROLE, server: "mp2.contoso.com".into() }];
    let roles = SiteRoles::of(&site);
    let listed = |all: Vec<MpCandidate>| all.into_iter().map(|one| one.mp).collect::<Vec<_>>();
    let all = roles.list(None).await.unwrap();
    let candidates = candidates_of(&all, "gf.contoso.com", &published).unwrap();
    assert_eq!(listed(candidates), ["MP1.contoso.com", "MP2.contoso.com"], "no role takes traffic yet");
    let changes =
        serde_json::json!({ "https": true, "gateway_traffic": true, "client_connections": "internet" });
    let changes = RoleChanges::from_json(changes).unwrap();
    roles.set(RoleKind::ManagementPoint, "MP2.contoso.com", &changes).await.unwrap();
    let all = roles.list(None).await.unwrap();
    let candidates = candidates_of(&all, "gf.contoso.com", &published).unwrap();
    let through = format!("gf.contoso.com/CCM_Proxy_MutualAuth/{ROLE}");
    assert_eq!(listed(candidates.clone()), ["MP1.contoso.com".to_owned(), through.clone()]);
    assert_eq!((candidates[1].kind, candidates[1].index), (CandidateKind::Internet, 1));
    // In the shape of the client's class.
    let row = candidates[1].to_instance().unwrap();
    assert!(row.is_a("SMS_ActiveMPCandidate"));
    assert_eq!((row.text("MP"), row.text("Type")), (Some(through.as_str()), Some("Internet")));
    assert!(row.text("Capabilities").unwrap().contains(r#"Name="SSLState" Value="63""#));
}
