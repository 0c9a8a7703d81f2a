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
use cmgateway::proxy::Pin;
use cmgateway::site::{EmbeddedSite, PutMode, Site, SiteCode};
use cmgateway::wmi;
use cmgateway_tests::gateway_client::GatewayClient;
use cmgateway_tests::gateway_parts::{GatewayPki, ROLE};
use cmgateway_tests::inside_server::InsideServer;

fn instance_file(pki: &GatewayPki, listen: &str) -> PathBuf {
    let file = pki.folder.file("instance.toml");
    let pin = Pin::of(&pki.connection_point.certificate);
    let text = format!(
        "listen = [\"{listen}\"]\ncertificate = \"server.pem\"\nkey = \"server.key\"\nconnection_points = [\"{pin}\"]\n\
         [ping]\ninterval_seconds = 1\ndeadline_seconds = 1\n"
    );
    std::fs::write(&file, text).unwrap();
    file
}

fn point_file(pki: &GatewayPki, name: &str, ports: &[u16], inside: &str, more: &str) -> PathBuf {
    std::fs::write(pki.folder.file("sub1.pem"), pki.sub_ca.certificate.to_pem()).unwrap();
    std::fs::write(pki.folder.file("sub2.pem"), pki.other_sub_ca.certificate.to_pem()).unwrap();
    let addresses: Vec<String> = ports.iter().map(|port| format!("[\"localhost:{port}\"]")).collect();
    let text = format!(
        "name = \"{name}\"\ncertificate = \"connection-point.pem\"\nkey = \"connection-point.key\"\n\
         instance_pins = [\"server.pem\"]\n\
         [gateway]\nservice_name = \"localhost\"\naddresses = [{}]\n\
         [inside]\nroots = \"root.pem\"\ncertificate = \"inside-client.pem\"\nkey = \"inside-client.key\"\n\
         [trust]\nroots = [\"root.pem\"]\nsub_cas = [\"sub1.pem\", \"sub2.pem\"]\n\
         [[mapping]]\nid = {ROLE}\ninternal = [\"{inside}\"]\n{more}",
        addresses.join(", ")
    );
    let file = pki.folder.file(&format!("{name}.toml"));
    std::fs::write(&file, text).unwrap();
    file
}

fn path(rest: &str) -> String {
    format!("/CCM_Proxy_MutualAuth/{ROLE}/{rest}")
}

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
