//! The traffic of a gateway against its thresholds, its alerts, and warnings about what ends soon.
#![expect(clippy::unwrap_used, reason = "a test fails by panic")]

use std::io::{Read, Write};
use std::net::TcpListener;

use cmgateway::Secret;
use cmgateway::cert::{Crl, load_cer};
use cmgateway::gateway::Gateway;
use cmgateway::gateway::monitor::{
    Condition, Expiring, Level, Monitor, Notices, Thresholds, Webhook, expiring_of_connection_point,
    expiry_warnings,
};
use cmgateway::proxy::ConnectionPointOptions;
use cmgateway::site::{EmbeddedSite, PutMode, Site, SiteCode};
use cmgateway::wmi::{Instance, Value};
use cmgateway_tests::folder::TestFolder;
use cmgateway_tests::gateway_parts::GatewayPki;
use cmgateway_tests::running_gateway::RunningGateway;
use cmgateway_tests::skip::skipped;
use time::macros::datetime;
use time::{Duration, OffsetDateTime};

const NAME: &str = "gw.contoso.test";
const START: OffsetDateTime = datetime!(2026-03-01 00:00 UTC);
const GIGABYTE: u64 = 1 << 30;

async fn watched(folder: &TestFolder, stops: bool) -> (Site, Monitor) {
    let site: Site =
        EmbeddedSite::create(folder.file("site.db"), &SiteCode::new("GF1").unwrap()).await.unwrap().into();
    let mut row = Instance::new("SMS_AzureService").unwrap();
    for (name, value) in [("ServiceCName", NAME), ("ServiceType", "CloudProxyService")] {
        row.set(name, value).unwrap();
    }
    for (name, value) in [("TrafficOutInGB", 100_u32), ("State", 0), ("TrafficWarningThreshold", 50)] {
        row.set(name, value).unwrap();
    }
    row.set("TrafficOutStopService", stops).unwrap();
    site.put(&mut row, PutMode::CreateOnly).await.unwrap();
    let monitor = Gateway::find(&site, NAME).await.unwrap().monitor();
    (site, monitor)
}

#[tokio::test]
async fn alerts_are_raised_once_and_recover() {
    let folder = TestFolder::new();
    let (site, monitor) = watched(&folder, true).await;
    let first = monitor.check(START).await.unwrap();
    assert_eq!((first.traffic.bytes, first.traffic.level), (0, Level::Normal));
    assert_eq!((first.alerts.len(), first.raised.len(), first.has_stopped), (2, 0, false));
    assert!(first.alerts.iter().all(|alert| !alert.is_active && alert.occurrences == 0));

    // Two instances; one of them starts again on the way.
    let at = |hours: i64| START + Duration::hours(hours);
    assert_eq!(monitor.record("0", 30 * GIGABYTE, at(1)).await.unwrap().bytes_out, 30 * GIGABYTE);
    monitor.record("1", 10 * GIGABYTE, at(1)).await.unwrap();
    assert_eq!(monitor.record("0", 5 * GIGABYTE, at(2)).await.unwrap().bytes_out, 5 * GIGABYTE);
    assert_eq!(monitor.record("1", 16 * GIGABYTE, at(2)).await.unwrap().bytes_out, 6 * GIGABYTE);
    let warned = monitor.check(at(2)).await.unwrap();
    assert_eq!(
        (warned.traffic.gigabytes, warned.traffic.percent, warned.traffic.level),
        (51, 51, Level::Warning)
    );
    assert_eq!(warned.raised, [format!("$Outbound traffic of {NAME}: warning")]);
    let again = monitor.check(at(2)).await.unwrap();
    assert!(again.raised.is_empty() && again.recovered.is_empty());
    assert_eq!(again.alerts, warned.alerts);
    let row = monitor.gateway().instance().await.unwrap();
    assert_eq!(row.get("TrafficOutUsage"), Some(&Value::Integer(51)));

    monitor.record("1", 60 * GIGABYTE, at(30)).await.unwrap();
    let critical = monitor.check(at(30)).await.unwrap();
    assert!(critical.has_stopped && critical.traffic.level == Level::Critical);
    assert_eq!(critical.raised.len(), 1);
    assert_eq!(monitor.gateway().instance().await.unwrap().get("State"), Some(&Value::Integer(6)));
    assert!(!monitor.check(at(30)).await.unwrap().has_stopped, "it is stopped already");

    // A fortnight after the first samples only the last one counts.
    let later = monitor.check(at(24 * 14 + 3)).await.unwrap();
    assert_eq!((later.traffic.gigabytes, later.traffic.level), (44, Level::Normal));
    assert_eq!(monitor.traffic(at(24 * 30)).await.unwrap().bytes, 0, "an empty history counts, not the row");
    assert_eq!(later.recovered.len(), 2);
    let warning = later.alerts.iter().find(|alert| alert.level == Level::Warning).unwrap();
    assert!(!warning.is_active && warning.occurrences == 1);
    assert!(warning.cause.as_deref().unwrap().contains("of 100 GB went out in 14 days"), "{warning:?}");
    monitor.record("0", 6 * GIGABYTE, at(24 * 14 + 4)).await.unwrap();
    assert_eq!(monitor.history(at(24 * 14 + 4)).await.unwrap().len(), 2, "old samples are deleted");

    // The alerts are plain rows that any script reads.
    let rows = site.query("SELECT * FROM SMS_Alert", &cmgateway::wmi::wql::Parameters::None).await.unwrap();
    let rows = rows.all().await.unwrap();
    assert_eq!(rows.len(), 2);
    assert!(
        rows.iter().all(|row| row.text("SourceSiteCode") == Some("GF1") && row.get("AlertState").is_some())
    );
}

#[tokio::test]
async fn a_gateway_is_stopped_only_where_its_row_says_so() {
    let folder = TestFolder::new();
    let (_, monitor) = watched(&folder, false).await;
    monitor.record("0", 500 * GIGABYTE, START).await.unwrap();
    let report = monitor.check(START).await.unwrap();
    assert!(report.traffic.level == Level::Critical && !report.has_stopped);
    assert_eq!(report.raised.len(), 2);
    assert_eq!(monitor.gateway().instance().await.unwrap().get("State"), Some(&Value::Integer(0)));
    let empty = monitor.record(" ", 1, START).await.unwrap_err();
    assert_eq!(empty.kind(), cmgateway::ErrorKind::Config);
    let thresholds = Thresholds::of(&monitor.gateway().instance().await.unwrap());
    assert_eq!((thresholds.gigabytes, thresholds.critical_percent, thresholds.stops), (100, 90, false));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_instance_counts_is_what_is_written_down() {
    let folder = TestFolder::new();
    let (_, monitor) = watched(&folder, false).await;
    let gateway = RunningGateway::start().await;
    let mut client = gateway.client(&gateway.pki.client);
    for _ in 0..3 {
        let path = cmgateway_tests::running_gateway::path("SMS_MP/bytes?n=100000");
        assert_eq!(client.get(&path).await.unwrap().1.len(), 100_000);
    }
    let counted: u64 = gateway.point.status().traffic.iter().map(|each| each.bytes_out).sum();
    assert_eq!(counted, 300_000);
    monitor.record("CP1", counted, START).await.unwrap();
    assert_eq!(monitor.traffic(START).await.unwrap().bytes, 300_000);
}

#[test]
fn what_ends_soon_is_warned_about_the_first_to_end_first() {
    let pki = GatewayPki::new();
    let now = OffsetDateTime::now_utc();
    let mut configuration = pki.configuration(1);
    let list = pki.sub_ca.revocation_list_between(&[], now - Duration::DAY, now + Duration::hours(30));
    configuration.crls = vec![Crl::from_der(&list).unwrap()];
    let pins = Vec::new();
    let mut point = ConnectionPointOptions::new(
        "CP1",
        Vec::new(),
        pki.connection_point.identity(),
        pins,
        Vec::new(),
        configuration,
    );
    point.inside_identity = Some(pki.inside_client.identity());
    let mut items = expiring_of_connection_point(&point).unwrap();
    let kinds: Vec<&str> = items.iter().map(|item| item.what.as_str()).collect();
    assert_eq!(
        kinds,
        [
            "root",
            "sub-CA",
            "revocation list",
            "connection point certificate",
            "client authentication certificate"
        ]
    );
    // Everything of the PKI ends in 30 days, the list in 30 hours.
    let soon = expiry_warnings(&items, now, 2, 7);
    assert_eq!(soon.len(), 1, "{soon:?}");
    assert_eq!((soon[0].level, soon[0].days_left), (Level::Warning, 1));
    assert!(
        soon[0].to_string().starts_with("warning: revocation list CN=Gateway test issuing 1 ends in 1 day")
    );
    items.push(Expiring::new("client secret", "server app", now - Duration::hours(1)));
    let server = load_cer(pki.server.chain_pem.as_bytes()).unwrap();
    items.push(Expiring::certificate("server certificate", &server[0]));
    let all = expiry_warnings(&items, now, 2, 45);
    assert_eq!(all.len(), items.len());
    assert_eq!(
        (all[0].item.what.as_str(), all[0].level, all[0].days_left),
        ("client secret", Level::Critical, -1)
    );
    assert!(all.windows(2).all(|pair| pair[0].item.end <= pair[1].item.end));
}

/// Reads one request to its end and answers with this status; the head and the body.
fn receive(listener: &TcpListener, status: u16) -> (String, Vec<u8>) {
    let (mut socket, _) = listener.accept().unwrap();
    let mut all = Vec::new();
    let (head, length) = loop {
        let mut piece = [0; 4096];
        let count = socket.read(&mut piece).unwrap();
        all.extend_from_slice(&piece[..count]);
        let text = String::from_utf8_lossy(&all).into_owned();
        if let Some((head, _)) = text.split_once("\r\n\r\n") {
            let head = head.to_ascii_lowercase();
            let length =
                head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse::<usize>().ok());
            break (head, length.unwrap());
        }
    };
    while all.len() < head.len() + 4 + length {
        let mut piece = [0; 4096];
        let count = socket.read(&mut piece).unwrap();
        all.extend_from_slice(&piece[..count]);
    }
    write!(socket, "HTTP/1.1 {status} Said\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").unwrap();
    (head.clone(), all[head.len() + 4..].to_vec())
}

#[tokio::test(flavor = "multi_thread")]
async fn notices_are_signed_told_once_and_told_again_when_it_is_over() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    let receiver = std::thread::spawn(move || (receive(&listener, 204), receive(&listener, 500)));
    let hook = Webhook::new(&url, Secret::new("shared")).unwrap();
    let full = [Condition::new("disk", Level::Warning, "it is nearly full")];
    let mut told = Notices::default();
    let first = told.changes(&full, START);
    hook.send(&first, START).await.unwrap();
    assert!(told.changes(&full, START).is_empty());
    let mut told = Notices::from_json(&told.to_json()).unwrap();
    let worse = told.changes(&[Condition::new("disk", Level::Critical, "it is full")], START);
    assert_eq!((worse.len(), worse[0].level, worse[0].is_recovery), (1, Level::Critical, false));
    let over = told.changes(&[], START);
    assert_eq!((over.len(), over[0].level, over[0].is_recovery), (1, Level::Normal, true));
    let refused = hook.send(&over, START).await.unwrap_err();
    assert_eq!(refused.kind(), cmgateway::ErrorKind::Unavailable);
    assert!(refused.to_string().contains("answered 500"), "{refused}");
    hook.send(&[], START).await.unwrap();

    let ((head, body), _) = receiver.join().unwrap();
    let document: serde_json::Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(document["notices"][0]["id"], "disk");
    assert_eq!(document["notices"][0]["at"], "2026-03-01T00:00:00Z");
    let value = |name: &str| head.lines().find_map(|line| line.strip_prefix(name)).unwrap().trim().to_owned();
    assert_eq!(value("cmgateway-time:"), START.unix_timestamp().to_string());
    // OpenSSL, which shares no code with us, comes to the same.
    let message = [format!("{}.", START.unix_timestamp()).as_bytes(), &body].concat();
    let folder = TestFolder::new();
    std::fs::write(folder.file("message"), message).unwrap();
    let made = std::process::Command::new("openssl")
        .args(["dgst", "-sha256", "-hmac", "shared", "-r"])
        .arg(folder.file("message"))
        .output();
    match made {
        Ok(made) => {
            let text = String::from_utf8(made.stdout).unwrap();
            let expected = text.split_whitespace().next().unwrap();
            assert_eq!(value("cmgateway-signature:"), format!("sha256={expected}"));
        }
        Err(_) => skipped("there is no openssl"),
    }
    assert!(Webhook::new("http://hooks.contoso.com/x", Secret::new("s")).is_err());
    assert!(Webhook::new("https://hooks.contoso.com/x", Secret::new("")).is_err());
}

#[tokio::test]
async fn a_sample_written_down_again_and_a_source_that_was_silent_count_once() {
    let folder = TestFolder::new();
    let (_, monitor) = watched(&folder, false).await;
    let day = |days: i64| START + Duration::days(days);
    monitor.record("0", 10 * GIGABYTE, day(0)).await.unwrap();
    for _ in 0..2 {
        assert_eq!(monitor.record("0", 14 * GIGABYTE, day(1)).await.unwrap().bytes_out, 4 * GIGABYTE);
    }
    assert_eq!(monitor.traffic(day(1)).await.unwrap().bytes, 14 * GIGABYTE);
    // Three weeks without a word of it, while another one is heard.
    monitor.record("1", GIGABYTE, day(22)).await.unwrap();
    assert_eq!(monitor.record("0", 15 * GIGABYTE, day(22)).await.unwrap().bytes_out, GIGABYTE);
}

#[test]
fn two_conditions_of_one_name_are_told_once_as_the_worse() {
    let both = [
        Condition::new("root CN=A", Level::Warning, "soon"),
        Condition::new("root CN=A", Level::Critical, "now"),
        Condition::new("root CN=A", Level::Warning, "later"),
    ];
    let mut told = Notices::default();
    let first = told.changes(&both, START);
    assert_eq!((first.len(), first[0].level, first[0].text.as_str()), (1, Level::Critical, "now"));
    assert!(told.changes(&both, START).is_empty());
}

#[tokio::test]
async fn conditions_come_from_each_kind_of_look() {
    let folder = TestFolder::new();
    let (_, monitor) = watched(&folder, false).await;
    monitor.record("0", 60 * GIGABYTE, START).await.unwrap();
    let conditions = Condition::of_monitor(&monitor.check(START).await.unwrap());
    assert_eq!((conditions.len(), conditions[0].level), (1, Level::Warning));
    let secret = Expiring::new("client secret", "app", START + Duration::days(2));
    let conditions = Condition::of_expiry(&expiry_warnings(&[secret], START, 7, 30));
    assert_eq!(conditions[0].id, "client secret app ends on 2026-03-03");
    let report =
        cmgateway::gateway::analyzer::analyze(cmgateway::gateway::analyzer::AnalyzeOptions::new("gw"));
    let conditions = Condition::of_analysis(&report.await.unwrap());
    assert_eq!((conditions[0].id.as_str(), conditions[0].level), ("gw: service_name", Level::Critical));
}
