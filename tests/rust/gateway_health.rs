//! A connection point watches over its gateway by itself: traffic, alerts, the stop at the threshold, notices.
#![expect(clippy::unwrap_used, reason = "a test fails by panic")]

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use cmgateway::gateway::Gateway;
use cmgateway::gateway::monitor::Level;
use cmgateway::gateway::service::{
    ConnectionPointService, GatewayHealth, InstanceService, read_connection_point_file,
};
use cmgateway::site::{EmbeddedSite, PutMode, Site, SiteCode};
use cmgateway::wmi;
use cmgateway_tests::gateway_client::GatewayClient;
use cmgateway_tests::gateway_parts::GatewayPki;
use cmgateway_tests::gateway_program::{instance_file, point_file};
use cmgateway_tests::inside_server::InsideServer;
use cmgateway_tests::running_gateway::path;
use serde_json::Value;

/// A receiver of notices that says yes; each notice as it comes.
fn receiver() -> (String, Receiver<Value>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    let (to, from) = channel();
    std::thread::spawn(move || {
        for socket in listener.incoming() {
            let (mut socket, mut all, mut piece) = (socket.unwrap(), Vec::new(), [0; 65536]);
            let body = loop {
                let count = socket.read(&mut piece).unwrap();
                all.extend_from_slice(&piece[..count]);
                let text = String::from_utf8_lossy(&all).into_owned();
                let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
                let length = head.to_lowercase();
                let length = length.lines().find_map(|line| line.strip_prefix("content-length: "));
                if body.len() >= length.unwrap().parse::<usize>().unwrap() {
                    break body.to_owned();
                }
            };
            socket.write_all(b"HTTP/1.1 204 Taken\r\nConnection: close\r\n\r\n").unwrap();
            let document: Value = serde_json::from_str(&body).unwrap();
            for notice in document["notices"].as_array().unwrap() {
                let _ = to.send(notice.clone());
            }
        }
    });
    (url, from)
}

async fn site_of(pki: &GatewayPki) -> Site {
    let file = pki.folder.file("site.db");
    let site: Site = EmbeddedSite::create(&file, &SiteCode::new("GF1").unwrap()).await.unwrap().into();
    let mut row = wmi::Instance::new("SMS_AzureService").unwrap();
    row.set("ServiceCName", "localhost").unwrap();
    row.set("ServiceType", "CloudProxyService").unwrap();
    row.set("SubCACertThumbprint", pki.sub_ca.certificate.thumbprint().to_string().as_str()).unwrap();
    row.set("TrafficOutInGB", 1_u32).unwrap();
    row.set("TrafficOutStopService", true).unwrap();
    row.set("State", 0_u32).unwrap();
    site.put(&mut row, PutMode::CreateOnly).await.unwrap();
    site
}

/// Asks until it is so.
async fn health_until(
    point: &ConnectionPointService,
    is_so: impl Fn(&GatewayHealth) -> bool,
) -> GatewayHealth {
    let until = Instant::now() + Duration::from_secs(20);
    loop {
        let health = point.health().await;
        if is_so(&health) {
            return health;
        }
        assert!(Instant::now() < until, "{health:#?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn status_until(client: &mut GatewayClient, wanted: u16) {
    let until = Instant::now() + Duration::from_secs(10);
    while !client.get(&path("SMS_MP/x")).await.is_ok_and(|(status, _)| status == wanted) {
        assert!(Instant::now() < until, "no {wanted}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn notice(from: &Receiver<Value>, id: &str) -> Value {
    loop {
        let notice = from.recv_timeout(Duration::from_secs(20)).unwrap();
        if notice["id"].as_str().unwrap().contains(id) {
            return notice;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_is_stopped_at_its_threshold_and_everybody_is_told_once() {
    let pki = GatewayPki::new();
    let inside = InsideServer::start(&pki).await;
    let site = site_of(&pki).await;
    let instance = InstanceService::start(instance_file(&pki, "127.0.0.1:0")).await.unwrap();
    let address = instance.addresses()[0];
    let (url, from) = receiver();
    std::fs::write(pki.folder.file("hook-secret"), "shared").unwrap();
    let more = format!(
        "[site]\naddress = \"sqlite:{}\"\n[monitor]\ninterval_seconds = 1\ncritical_days = 2\nwarning_days = 7\n\
         secrets = {{ app = \"2020-01-01\" }}\n[[monitor.webhook]]\nurl = \"{url}\"\nsecret_file = \"hook-secret\"\n",
        pki.folder.file("site.db").display()
    );
    let file = point_file(&pki, "CP1", &[address.port()], &inside.url(), &more);
    let point = ConnectionPointService::start(&file).await.unwrap();
    point.ready(Duration::from_secs(20)).await.unwrap();
    let mut client = GatewayClient::new(&pki, &pki.client, address);
    assert_eq!(client.get(&path("SMS_MP/bytes?n=100000")).await.unwrap().1.len(), 100_000);
    assert_eq!(client.get("/CCM_Proxy_MutualAuth/17/SMS_MP/x").await.unwrap().0, 404);

    // What goes through is written down by itself, and instances tell what they count.
    let counted = |health: &GatewayHealth| {
        health.traffic.as_ref().is_some_and(|traffic| traffic.bytes >= 100_000)
            && health.refusals.contains_key("CMGService_Not_Found")
    };
    let health = health_until(&point, counted).await;
    assert_eq!((health.days.len(), health.connection_points.as_slice()), (14, &["CP1".to_owned()][..]));
    assert_eq!(health.days.iter().map(|day| day.bytes).sum::<u64>(), health.traffic.unwrap().bytes);
    assert_eq!(health.endpoints[0].endpoint, "SMS_MP");
    let counts = health.instances[0].counts.as_ref().unwrap();
    assert!(counts.requests >= 2 && counts.bytes_out >= 100_000, "{counts:?}");
    assert_eq!(notice(&from, "secret app").get("level").unwrap(), "critical");
    assert!(!health.is_stopped && health.level == Level::Critical, "a secret has ended");

    // A gigabyte on top is more than the threshold: the next look stops the gateway, clients are refused.
    let gateway = Gateway::find(&site, "localhost").await.unwrap();
    gateway.monitor().record("CP2", 1 << 30, time::OffsetDateTime::now_utc()).await.unwrap();
    status_until(&mut client, 503).await;
    let health = health_until(&point, |health| health.is_stopped).await;
    assert_eq!(health.state.map(|state| state.code()), Some(6));
    assert!(health.alerts.iter().filter(|alert| alert.is_active).count() == 2, "{:?}", health.alerts);
    assert_eq!(notice(&from, ": critical")["level"], "critical");
    assert_eq!(notice(&from, "is stopped")["is_recovery"], false);

    // Started again, the connection point tells nothing twice, and the gateway stays stopped.
    point.stop().await;
    let point = ConnectionPointService::start(&file).await.unwrap();
    point.ready(Duration::from_secs(20)).await.unwrap();
    assert_eq!(client.get(&path("SMS_MP/x")).await.unwrap().0, 503);
    tokio::time::sleep(Duration::from_millis(1500)).await;
    assert_eq!(from.try_iter().filter(|notice| notice["is_recovery"] == false).count(), 0);

    // Whoever raises the threshold and starts the gateway hears that it is over.
    let mut row = gateway.instance().await.unwrap();
    row.set("TrafficOutInGB", 100_u32).unwrap();
    row.set("State", 0_u32).unwrap();
    site.put(&mut row, PutMode::UpdateOnly).await.unwrap();
    status_until(&mut client, 200).await;
    assert_eq!(notice(&from, "is stopped")["is_recovery"], true);
    point.stop().await;
    instance.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_site_and_an_instance_the_health_says_so() {
    let pki = GatewayPki::new();
    let point = ConnectionPointService::start(point_file(&pki, "CP1", &[1], "https://localhost:1", ""));
    let point = point.await.unwrap();
    let health = health_until(&point, |health| health.instances[0].last_error.is_some()).await;
    assert_eq!(health.level, Level::Critical);
    assert!(health.conditions[0].text.contains("is not connected"), "{:?}", health.conditions);
    assert!(health.traffic.is_none() && health.days.is_empty() && health.connection_points.is_empty());
    assert!(health.expiring.iter().any(|each| each.item.what == "root"), "{:?}", health.expiring);
    assert_eq!(point.dashboard_url(), None);
    point.stop().await;
}

#[test]
fn every_mistake_about_watching_has_its_line() {
    let pki = GatewayPki::new();
    std::fs::write(pki.folder.file("secret"), "s").unwrap();
    std::fs::write(pki.folder.file("token"), "0123456789abcdef").unwrap();
    for (more, cause) in [
        ("[monitor]\nhow_often = 1\n", "CP1.toml:19: unknown field `how_often`"),
        ("[monitor]\nsecrets = { app = \"soon\" }\n", "CP1.toml:19: secrets: it is no moment"),
        ("[monitor]\ncertificates = [\"none.pem\"]\n", "CP1.toml:19: "),
        (
            "[[monitor.webhook]]\nurl = \"http://hooks.contoso.com\"\nsecret_file = \"secret\"\n",
            "CP1.toml:18: could not send notices: url: only https",
        ),
        ("[[monitor.webhook]]\nurl = \"https://h\"\nsecret_file = \"none\"\n", "CP1.toml:20: "),
        (
            "[[monitor.webhook]]\nurl = \"https://h\"\nsecret_file = \"secret\"\n\
             [[monitor.webhook]]\nurl = \"https://H/\"\nsecret_file = \"secret\"\n",
            "webhook: this url is there twice",
        ),
        (
            "[[monitor.mail]]\nserver = \"smtp\"\nsender = \"nobody\"\nrecipients = [\"a@b.c\"]\n",
            "CP1.toml:18: could not send notices by mail: sender",
        ),
        (
            "[[monitor.mail]]\nserver = \"smtp\"\nsecurity = \"none\"\nsender = \"a@b.c\"\nrecipients = []\n",
            "CP1.toml:20: security: it is one of",
        ),
        ("[dashboard]\nlisten = \"nowhere\"\n", "CP1.toml:19: \"nowhere\" is no IP address"),
        ("[dashboard]\nlisten = \"127.0.0.1:0\"\n", "token_file or client_roots is needed"),
        (
            "[dashboard]\nlisten = \"127.0.0.1:0\"\ntoken_file = \"secret\"\n",
            "CP1.toml:20: token_file: the token is shorter",
        ),
        (
            "[dashboard]\nlisten = \"0.0.0.0:0\"\ntoken_file = \"token\"\n",
            "CP1.toml:19: dashboard: without certificate",
        ),
        (
            "[dashboard]\nlisten = \"127.0.0.1:0\"\nclient_roots = [\"root.pem\"]\n",
            "client_roots needs certificate and key",
        ),
    ] {
        let file = point_file(&pki, "CP1", &[1], "https://mp1", more);
        let error = read_connection_point_file(file).unwrap_err().to_string();
        assert!(error.contains(cause), "{error}\nnot: {cause}");
    }
}
