//! Instances and connection points as services: settings files, the site, the program, and what happens when parts die.
#![expect(clippy::unwrap_used, reason = "a test fails by panic")]

use std::path::PathBuf;
use std::time::{Duration, Instant};

use cmgateway::ErrorKind;
use cmgateway::gateway::Gateway;
use cmgateway::gateway::service::{
    ConnectionPointService, InstanceService, read_connection_point_file, read_instance_file,
};
use cmgateway::gateway::sub_ca::SubCaSource;
use cmgateway::site::{EmbeddedSite, PutMode, Site, SiteCode};
use cmgateway::wmi;
use cmgateway_tests::gateway_client::GatewayClient;
use cmgateway_tests::gateway_parts::{GatewayPki, ROLE};
use cmgateway_tests::gateway_program::{Program, build_program, instance_file, point_file};
use cmgateway_tests::inside_server::InsideServer;
use cmgateway_tests::running_gateway::path;

#[tokio::test(flavor = "multi_thread")]
async fn a_sub_ca_added_on_the_site_is_trusted_within_a_second() {
    let pki = GatewayPki::new();
    let inside = InsideServer::start(&pki).await;
    let file = pki.folder.file("site.db");
    let site: Site = EmbeddedSite::create(&file, &SiteCode::new("GF1").unwrap()).await.unwrap().into();
    let mut service = wmi::Instance::new("SMS_AzureService").unwrap();
    service.set("ServiceCName", "localhost").unwrap();
    service.set("ServiceType", "CloudProxyService").unwrap();
    service.set("SubCACertThumbprint", pki.sub_ca.certificate.thumbprint().to_string().as_str()).unwrap();
    site.put(&mut service, PutMode::CreateOnly).await.unwrap();

    let instance = InstanceService::start(instance_file(&pki, "127.0.0.1:0")).await.unwrap();
    let address = instance.addresses()[0];
    let watched = format!("[site]\naddress = \"sqlite:{}\"\n", file.display());
    let point =
        ConnectionPointService::start(point_file(&pki, "CP1", &[address.port()], &inside.url(), &watched));
    let point = point.await.unwrap();
    point.ready(Duration::from_secs(20)).await.unwrap();

    let mut old = GatewayClient::new(&pki, &pki.client, address);
    let mut new = GatewayClient::new(&pki, &pki.other_client, address);
    assert_eq!(old.get(&path("SMS_MP/x")).await.unwrap().0, 200);
    assert!(new.get(&path("SMS_MP/x")).await.is_err());
    let mut held = GatewayClient::new(&pki, &pki.client, address);
    let held = tokio::spawn(async move { held.get(&path("SMS_MP/hold?ms=3000")).await });
    tokio::time::sleep(Duration::from_millis(100)).await;

    let gateway = Gateway::find(&site, "localhost").await.unwrap();
    let source = SubCaSource::Certificate(pki.other_sub_ca.certificate.clone());
    gateway.sub_ca().add(&[source]).await.unwrap();
    let changed = Instant::now();
    while new.get(&path("SMS_MP/x")).await.is_err() {
        assert!(changed.elapsed() < Duration::from_secs(5), "{:?}", point.status());
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let took = changed.elapsed();
    assert!(took < Duration::from_secs(1), "it took {took:?}");
    eprintln!("a new sub-CA was trusted after {took:?}");
    assert_eq!(held.await.unwrap().unwrap().0, 200, "nobody was disconnected");

    // Taken off the list, a connected client is refused at its next request.
    let gone = SubCaSource::Certificate(pki.other_sub_ca.certificate.clone());
    gateway.sub_ca().remove(&[gone]).await.unwrap();
    let changed = Instant::now();
    while new.get(&path("SMS_MP/x")).await.is_ok_and(|(status, _)| status == 200) {
        assert!(changed.elapsed() < Duration::from_secs(2), "{:?}", point.status());
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(old.get(&path("SMS_MP/x")).await.unwrap().0, 200);
    point.stop().await;
    instance.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn open_requests_have_as_long_as_the_settings_say() {
    let pki = GatewayPki::new();
    let inside = InsideServer::start(&pki).await;
    let instance_settings = instance_file(&pki, "127.0.0.1:0");
    let instance = InstanceService::start(&instance_settings).await.unwrap();
    let address = instance.addresses()[0];
    let settings = point_file(&pki, "CP1", &[address.port()], &inside.url(), "");
    let point = ConnectionPointService::start(&settings).await.unwrap();
    point.ready(Duration::from_secs(20)).await.unwrap();
    for file in [&instance_settings, &settings] {
        let text = std::fs::read_to_string(file).unwrap();
        std::fs::write(file, format!("drain_seconds = 86401\n{text}")).unwrap();
        let refused = match *file == settings {
            true => point.reload().await.unwrap_err(),
            false => instance.reload().await.unwrap_err(),
        };
        assert!(refused.to_string().ends_with("toml:1: drain_seconds: it must be 0 to 86400"), "{refused}");
        std::fs::write(file, format!("drain_seconds = 1\n{text}")).unwrap();
    }
    point.reload().await.unwrap();
    instance.reload().await.unwrap();

    let held = || {
        let mut client = GatewayClient::new(&pki, &pki.client, address);
        tokio::spawn(async move { client.get(&path("SMS_MP/hold?ms=20000")).await })
    };
    let first = held();
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(instance.state().open_requests, 1);
    let began = Instant::now();
    point.stop().await;
    let took = began.elapsed();
    assert!(took >= Duration::from_secs(1) && took < Duration::from_secs(10), "it took {took:?}");
    assert_eq!(first.await.unwrap().unwrap().0, 503, "the client is told");

    let point = ConnectionPointService::start(&settings).await.unwrap();
    point.ready(Duration::from_secs(20)).await.unwrap();
    let second = held();
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(instance.state().open_requests, 1);
    let began = Instant::now();
    instance.stop().await;
    let took = began.elapsed();
    assert!(took >= Duration::from_secs(1) && took < Duration::from_secs(10), "it took {took:?}");
    assert!(second.await.unwrap().is_err(), "the connection ends");
    point.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_reload_leaves_the_old_settings_in_force() {
    let pki = GatewayPki::new();
    let inside = InsideServer::start(&pki).await;
    let instance = InstanceService::start(instance_file(&pki, "127.0.0.1:0")).await.unwrap();
    let address = instance.addresses()[0];
    let file = point_file(&pki, "CP1", &[address.port()], &inside.url(), "");
    let point = ConnectionPointService::start(&file).await.unwrap();
    point.ready(Duration::from_secs(20)).await.unwrap();
    let mut client = GatewayClient::new(&pki, &pki.client, address);
    assert_eq!(client.get(&path("SMS_MP/x")).await.unwrap().0, 200);

    let good = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, good.replace("[[mapping]]", "surprise = 1\n[[mapping]]")).unwrap();
    let error = point.reload().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(error.to_string().contains("CP1.toml:15: unknown field `surprise`"), "{error}");
    assert_eq!(client.get(&path("SMS_MP/x")).await.unwrap().0, 200);

    std::fs::write(&file, good.replace(&ROLE.to_string(), "17")).unwrap();
    point.reload().await.unwrap();
    let until = Instant::now() + Duration::from_secs(5);
    while client.get("/CCM_Proxy_MutualAuth/17/SMS_MP/x").await.unwrap().0 != 200 {
        assert!(Instant::now() < until, "{:?}", point.status());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(client.get(&path("SMS_MP/x")).await.unwrap().0, 404);

    std::fs::write(pki.folder.file("server.pem"), "nonsense").unwrap();
    assert_eq!(instance.reload().await.unwrap_err().kind(), ErrorKind::Certificate);
    assert_eq!(client.get("/CCM_Proxy_MutualAuth/17/SMS_MP/x").await.unwrap().0, 200);
}

#[test]
fn every_mistake_in_a_file_has_its_line() {
    let pki = GatewayPki::new();
    let file = instance_file(&pki, "nowhere");
    let error = read_instance_file(&file).unwrap_err().to_string();
    assert!(error.ends_with("instance.toml:1: \"nowhere\" is no IP address with a port"), "{error}");
    for (key, table, value, bounds) in [
        ("requests", "limits", 0, "1 to 1000000"),
        ("connections", "limits", 1_000_001, "1 to 1000000"),
        ("idle_seconds", "limits", 0, "1 to 86400"),
        ("deadline_seconds", "ping", 86_401, "1 to 86400"),
    ] {
        let file = instance_file(&pki, "127.0.0.1:0");
        let good = std::fs::read_to_string(&file).unwrap();
        let (good, _) = good.split_once("[ping]").unwrap();
        let lines = good.lines().count();
        std::fs::write(&file, format!("{good}[{table}]\n{key} = {value}\n")).unwrap();
        let error = read_instance_file(&file).unwrap_err().to_string();
        let expected = format!("instance.toml:{}: {key}: it must be {bounds}", lines + 2);
        assert!(error.ends_with(&expected), "{error}");
    }
    let file = point_file(&pki, "CP1", &[1], "ftp://mp1", "");
    let error = read_connection_point_file(&file).unwrap_err().to_string();
    assert!(error.contains("CP1.toml:15: ") && error.contains("does not begin with https://"), "{error}");
    let text = std::fs::read_to_string(&file).unwrap().replace("sub2.pem", "none.pem");
    std::fs::write(&file, text).unwrap();
    let error = read_connection_point_file(&file).unwrap_err();
    assert!(error.to_string().contains("CP1.toml:14: "), "{error}");
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert_eq!(read_instance_file("no-such.toml").unwrap_err().kind(), ErrorKind::NotFound);
}

/// Failed requests, and the longest time between two that succeeded, of clients that never pause.
async fn load(pki: &GatewayPki, address: std::net::SocketAddr, time: Duration) -> (u32, u32, Duration) {
    let until = Instant::now() + time;
    let one = |mut client: GatewayClient| async move {
        let (mut done, mut failed, mut gap, mut last) = (0, 0, Duration::ZERO, Instant::now());
        while Instant::now() < until {
            match client.get(&path("SMS_MP/bytes?n=1024")).await {
                Ok((200, body)) if body.len() == 1024 => {
                    (gap, last) = (gap.max(last.elapsed()), Instant::now());
                    done += 1;
                }
                other => {
                    eprintln!("failed: {:?}", other.map(|(status, body)| (status, body.len())));
                    failed += 1;
                }
            }
        }
        (done, failed, gap)
    };
    let tasks: Vec<_> =
        (0..8).map(|_| tokio::spawn(one(GatewayClient::new(pki, &pki.client, address)))).collect();
    let mut sum = (0, 0, Duration::ZERO);
    for task in tasks {
        let (done, failed, gap) = task.await.unwrap();
        sum = (sum.0 + done, sum.1 + failed, sum.2.max(gap));
    }
    sum
}

/// Requests of eight clients that may fail, each with an answer, while connection points are killed and frozen.
#[cfg(unix)]
const FAILED_MAX: u32 = 16;

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn killed_frozen_and_restarted_connection_points_lose_no_get() {
    build_program();
    let pki = GatewayPki::new();
    let inside = InsideServer::start(&pki).await;
    let instance = InstanceService::start(instance_file(&pki, "127.0.0.1:0")).await.unwrap();
    let address = instance.addresses()[0];
    let files: Vec<PathBuf> = ["CP1", "CP2"]
        .iter()
        .map(|name| point_file(&pki, name, &[address.port()], &inside.url(), ""))
        .collect();
    let run = |file: &PathBuf| Program::run("connection-point", file, &[]);
    let mut points: Vec<Program> = files.iter().map(run).collect();
    let until = Instant::now() + Duration::from_secs(20);
    while instance.state().tunnels < 4 {
        assert!(Instant::now() < until, "{:?}", instance.state());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let killer = async {
        tokio::time::sleep(Duration::from_millis(700)).await;
        points[0].signal("-KILL");
        tokio::time::sleep(Duration::from_millis(700)).await;
        points[0] = run(&files[0]);
        tokio::time::sleep(Duration::from_millis(700)).await;
        // Frozen, and a new run of the same connection point started: it takes over at once.
        points[1].signal("-STOP");
        let successor = run(&files[1]);
        tokio::time::sleep(Duration::from_millis(900)).await;
        points.push(successor);
    };
    let ((done, failed, gap), ()) = tokio::join!(load(&pki, address, Duration::from_secs(3)), killer);
    eprintln!("{done} answered, {failed} failed, longest gap {gap:?}");
    // None fails on a machine with time to spare; where other programs take the processor, the retry of a request can
    // end with its deadline, and is then reported to the client.
    assert!(done > 100 && failed <= FAILED_MAX, "{done} answered, {failed} failed, longest gap {gap:?}");
    assert!(gap < Duration::from_secs(2), "{gap:?}");

    // Told to stop, it lets open requests end.
    let mut held = GatewayClient::new(&pki, &pki.client, address);
    let held = tokio::spawn(async move { held.get(&path("SMS_MP/hold?ms=1500")).await });
    tokio::time::sleep(Duration::from_millis(200)).await;
    points.iter().for_each(|point| point.signal("-TERM"));
    assert_eq!(held.await.unwrap().unwrap().0, 200);
    let until = Instant::now() + Duration::from_secs(10);
    while points[0].is_running() {
        assert!(Instant::now() < until, "it does not stop");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let mut late = GatewayClient::new(&pki, &pki.client, address);
    assert_eq!(late.get(&path("SMS_MP/x")).await.unwrap().0, 503);
}
