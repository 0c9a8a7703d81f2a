//! What breaks between clients and servers inside, and what clients see of it.
#![expect(clippy::unwrap_used, reason = "a test fails by panic")]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use cmgateway::cert::{Crl, RevocationMode};
use cmgateway::proxy::{ConnectionPoint, Instance, InstanceAddress, InstanceOptions};
use cmgateway_tests::gateway_client::GatewayClient;
use cmgateway_tests::gateway_parts::GatewayPki;
use cmgateway_tests::inside_server::InsideServer;
use cmgateway_tests::nginx::{self, Nginx};
use cmgateway_tests::relay::{Relay, Way};
use cmgateway_tests::running_gateway::{RunningGateway, path};
use cmgateway_tests::skip::skipped;
use http_body_util::Full;
use hyper::Request;
use time::OffsetDateTime;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{sleep, timeout};

/// Waits until this is so.
async fn until(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(20);
    while !is_so().await {
        assert!(Instant::now() < end, "{what}");
        sleep(Duration::from_millis(20)).await;
    }
}

async fn status(client: &mut GatewayClient, rest: &str) -> u16 {
    client.get(&path(rest)).await.map_or(0, |(status, _)| status)
}

fn quick_pings(options: &mut InstanceOptions) {
    (options.ping_interval, options.ping_deadline) = (Duration::from_millis(300), Duration::from_millis(500));
}

/// A connection point that reaches the only instance through a relay.
async fn point_through(gateway: &RunningGateway, name: &str, relay: &Relay) -> ConnectionPoint {
    let mut options = gateway.pki.point_options(name, &[&gateway.instance], &gateway.inside.url());
    options.instances =
        vec![InstanceAddress { candidates: vec![format!("localhost:{}", relay.address.port())] }];
    (options.ping_interval, options.ping_deadline) = (Duration::from_millis(300), Duration::from_millis(500));
    let point = ConnectionPoint::start(options).await.unwrap();
    point.ready(Duration::from_secs(20)).await.unwrap();
    point
}

/// An instance whose only connection point is 50 ms away.
struct FarGateway {
    inside: InsideServer,
    far: ConnectionPoint,
    client: GatewayClient,
    _relay: Relay,
    _instance: Instance,
}

impl FarGateway {
    async fn start() -> Self {
        let gateway = RunningGateway::start().await;
        let relay = Relay::start(gateway.instance.addresses()[0], Way::Open(Duration::from_millis(50))).await;
        let far = point_through(&gateway, "CP2", &relay).await;
        let RunningGateway { pki, inside, instance, point } = gateway;
        point.stop().await;
        until("one connection point", async || instance.state().connection_points == ["CP2"]).await;
        let client = GatewayClient::new(&pki, &pki.client, instance.addresses()[0]);
        FarGateway { inside, far, client, _relay: relay, _instance: instance }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tunnel_that_goes_silent_is_noticed_and_dialled_anew() {
    let gateway = RunningGateway::start_with(|_, options| quick_pings(options), |_, _| {}).await;
    let relay = Relay::start(gateway.instance.addresses()[0], Way::Open(Duration::ZERO)).await;
    let far = point_through(&gateway, "CP2", &relay).await;
    until("two connection points", async || gateway.instance.state().tunnels == 4).await;

    // Clients that never pause see no failure while one of the two tunnels is open but dead.
    let stop = Arc::new(AtomicBool::new(false));
    let clients: Vec<_> = (0..4)
        .map(|_| {
            let (mut client, stop) = (gateway.client(&gateway.pki.client), Arc::clone(&stop));
            tokio::spawn(async move {
                let mut answers = 0;
                while !stop.load(Ordering::Relaxed) {
                    assert_eq!(client.get(&path("SMS_MP/x")).await.unwrap().0, 200);
                    answers += 1;
                }
                answers
            })
        })
        .collect();
    sleep(Duration::from_millis(200)).await;
    relay.set(Way::Silent);
    until("the dead tunnel is given up", async || gateway.instance.state().connection_points == ["CP1"])
        .await;
    relay.set(Way::Open(Duration::ZERO));
    until("it is dialled anew", async || gateway.instance.state().tunnels == 4).await;
    stop.store(true, Ordering::Relaxed);
    for client in clients {
        assert!(client.await.unwrap() > 0);
    }
    assert!(far.status().instances[0].last_error.is_some(), "{:?}", far.status());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_way_costs_time_and_nothing_else() {
    let FarGateway { inside, far, mut client, _relay, _instance } = FarGateway::start().await;
    let (code, body) = client.get(&path("SMS_MP/bytes?n=20000000")).await.unwrap();
    assert_eq!((code, body.len()), (200, 20_000_000));
    let content = Bytes::from(vec![b'u'; 5_000_000]);
    let post = Request::post(path("SMS_MP/count")).header("host", "localhost").body(Full::new(content));
    assert_eq!(client.send(post.unwrap()).await.unwrap().body().as_ref(), b"5000000");
    assert_eq!(far.status().instances[0].last_error, None);
    assert_eq!(inside.count("/SMS_MP/count"), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_lets_the_last_answer_through_to_its_end() {
    let FarGateway { inside, far, mut client, _relay, _instance } = FarGateway::start().await;
    let asked = tokio::spawn(async move { client.get(&path("SMS_MP/bytes?n=3000000")).await });
    until("a request inside", async || inside.count("/SMS_MP/bytes?n=3000000") == 1).await;
    let began = Instant::now();
    far.stop().await;
    let (code, body) = asked.await.unwrap().unwrap();
    assert_eq!((code, body.len()), (200, 3_000_000));
    assert!(began.elapsed() < Duration::from_secs(20), "it waits for something else");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_instance_that_dies_takes_only_its_own_connections_along() {
    let pki = Arc::new(GatewayPki::new());
    let inside = InsideServer::start(&pki).await;
    let (doomed, stays) = (pki.instance().await, pki.instance().await);
    let point = pki.connection_point("CP1", &[&doomed, &stays], &inside.url()).await;
    let addresses = [doomed.addresses()[0], stays.addresses()[0]];
    let posts = |number: usize, address| {
        let mut client = GatewayClient::new(&pki, &pki.client, address);
        tokio::spawn(async move {
            let mut sent = Vec::new();
            for turn in 0..60 {
                let rest = format!("SMS_MP/post?{number}-{turn}");
                let request = Request::post(path(&rest))
                    .header("host", "localhost")
                    .body(Full::new(Bytes::from_static(b"once")));
                let answer = client.send(request.unwrap()).await;
                let failure = match answer {
                    Ok(answer) if answer.status() == 200 => None,
                    Ok(answer) => Some(answer.status().to_string()),
                    Err(error) => Some(error.to_string()),
                };
                sent.push((rest, failure));
                sleep(Duration::from_millis(5)).await;
            }
            sent
        })
    };
    let tasks: Vec<_> = (0..8).map(|number| posts(number, addresses[number % 2])).collect();
    sleep(Duration::from_millis(120)).await;
    drop(doomed);
    let mut failed = 0;
    for (number, task) in tasks.into_iter().enumerate() {
        for (rest, failure) in task.await.unwrap() {
            let answered = failure.is_none();
            let count = inside.count(&format!("/{rest}"));
            assert!(count <= 1, "{rest} was done {count} times");
            assert!(count == 1 || !answered, "{rest} was answered and never done");
            assert!(answered || number % 2 == 0, "{rest} failed on the instance that lives: {failure:?}");
            failed += usize::from(!answered);
        }
    }
    assert!(failed > 0, "the instance died after all was done");
    assert_eq!(point.status().instances[1].connections, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_that_is_answered_early_holds_nobody_else_up() {
    if nginx::find().is_none() {
        return skipped("there is no nginx");
    }
    let pki = GatewayPki::new();
    let inside = Nginx::management_point(&pki);
    std::fs::write(inside.root.join("SMS_MP/file.cab"), b"cabinet").unwrap();
    let instance = pki.instance().await;
    let _point = pki.connection_point("CP1", &[&instance], &inside.url()).await;
    let mut other = GatewayClient::new(&pki, &pki.client, instance.addresses()[0]);
    // nginx answers this at once, and waits for the rest of the body to use the connection for something else.
    let mut uploading = other.raw().await.unwrap();
    let head = format!(
        "POST {} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\nbegin",
        path("SMS_MP/x")
    );
    uploading.write_all(head.as_bytes()).await.unwrap();
    let mut answer = [0; 15];
    uploading.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 200 OK");
    sleep(Duration::from_millis(100)).await;
    for _ in 0..3 {
        let answer = timeout(Duration::from_secs(2), other.get(&path("SMS_MP/file.cab"))).await;
        assert_eq!(answer.expect("it waits for the upload").unwrap().0, 200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_management_point_that_dies_is_replaced_or_told_of() {
    if nginx::find().is_none() {
        return skipped("there is no nginx");
    }
    let pki = GatewayPki::new();
    let (mut first, mut second) = (Nginx::management_point(&pki), Nginx::management_point(&pki));
    for server in [&first, &second] {
        std::fs::write(server.root.join("SMS_MP/file.cab"), b"cabinet").unwrap();
    }
    let instance = pki.instance().await;
    let mut options = pki.point_options("CP1", &[&instance], &first.url());
    let (one, two) = (first.url(), second.url());
    options.mappings = vec![
        cmgateway::proxy::Mapping::new(
            cmgateway_tests::gateway_parts::ROLE,
            &cmgateway::proxy::MANAGEMENT_POINT_ENDPOINTS,
            &[one.as_str(), two.as_str()],
        )
        .unwrap(),
    ];
    let point = ConnectionPoint::start(options).await.unwrap();
    point.ready(Duration::from_secs(20)).await.unwrap();
    let mut client = GatewayClient::new(&pki, &pki.client, instance.addresses()[0]);
    for _ in 0..4 {
        assert_eq!(status(&mut client, "SMS_MP/file.cab").await, 200);
    }
    first.kill();
    for _ in 0..20 {
        assert_eq!(status(&mut client, "SMS_MP/file.cab").await, 200, "the other one serves");
    }
    second.kill();
    let request =
        Request::get(path("SMS_MP/file.cab")).header("host", "localhost").body(Full::<Bytes>::default());
    let answer = client.send(request.unwrap()).await.unwrap();
    assert_eq!(
        (answer.status().as_u16(), answer.body().as_ref()),
        (502, &b"CMGConnector_ServiceUnavailable"[..])
    );
    second.start_again();
    assert_eq!(status(&mut client, "SMS_MP/file.cab").await, 200, "and serves when it is back");
}

/// Gives the gateway these revocation lists.
async fn revocation(gateway: &RunningGateway, mode: RevocationMode, lists: Vec<Vec<u8>>) {
    let mut configuration = gateway.point.configuration();
    configuration.revocation = mode;
    configuration.crls = lists.iter().map(|der| Crl::from_der(der).unwrap()).collect();
    let mappings = gateway.pki.point_options("CP1", &[&gateway.instance], &gateway.inside.url()).mappings;
    gateway.point.configure(&mappings, configuration).unwrap();
    gateway.point.ready(Duration::from_secs(10)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn revocation_lists_that_are_empty_missing_or_too_old() {
    let gateway = RunningGateway::start().await;
    let pki = &gateway.pki;
    let mut open = gateway.client(&pki.client);
    let fresh = async || status(&mut gateway.client(&pki.client), "SMS_MP/x").await;
    assert_eq!((status(&mut open, "SMS_MP/x").await, fresh().await), (200, 200));
    let now = OffsetDateTime::now_utc();
    let list = |revoked: &[Vec<u8>]| {
        pki.sub_ca.revocation_list_between(revoked, now - time::Duration::DAY, now + time::Duration::DAY)
    };
    // An empty list says that nobody is revoked.
    revocation(&gateway, RevocationMode::Leaf, vec![list(&[])]).await;
    assert_eq!((status(&mut open, "SMS_MP/x").await, fresh().await), (200, 200));
    // No list says nothing, and nobody is let in; who is connected is told so in words.
    revocation(&gateway, RevocationMode::Leaf, vec![]).await;
    assert_eq!((status(&mut open, "SMS_MP/x").await, fresh().await), (403, 0));
    // Nor does one that is too old.
    let old =
        pki.sub_ca.revocation_list_between(&[], now - time::Duration::days(9), now - time::Duration::days(2));
    revocation(&gateway, RevocationMode::Leaf, vec![old]).await;
    assert_eq!((status(&mut open, "SMS_MP/x").await, fresh().await), (403, 0));
    // For the whole chain the root has to say something about the issuing authority too.
    revocation(&gateway, RevocationMode::Chain, vec![list(&[])]).await;
    assert_eq!(fresh().await, 0);
    let of_root = pki.root.revocation_list_between(&[], now - time::Duration::DAY, now + time::Duration::DAY);
    revocation(&gateway, RevocationMode::Chain, vec![list(&[]), of_root]).await;
    assert_eq!((status(&mut open, "SMS_MP/x").await, fresh().await), (200, 200));
    // Revoked while connected: the next request is refused.
    let text = pki.client.certificate.serial_number();
    let digits = text.as_bytes().chunks(2).map(|pair| std::str::from_utf8(pair).unwrap());
    let serial: Vec<u8> = digits.map(|pair| u8::from_str_radix(pair, 16).unwrap()).collect();
    revocation(&gateway, RevocationMode::Leaf, vec![list(&[serial])]).await;
    assert_eq!((status(&mut open, "SMS_MP/x").await, fresh().await), (403, 0));
    let reasons = gateway.instance.state().refused_certificates;
    assert!(reasons.contains_key("revoked") && reasons.len() >= 2, "{reasons:?}");
    revocation(&gateway, RevocationMode::Off, vec![]).await;
    assert_eq!((status(&mut open, "SMS_MP/x").await, fresh().await), (200, 200));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_that_expires_ends_what_it_opened() {
    let gateway = RunningGateway::start().await;
    let brief =
        gateway.pki.client_until("brief-client", OffsetDateTime::now_utc() + time::Duration::seconds(4));
    let mut client = gateway.client(&brief);
    assert_eq!(status(&mut client, "SMS_MP/x").await, 200);
    until("it is refused", async || status(&mut client, "SMS_MP/x").await == 403).await;
    assert_eq!(status(&mut gateway.client(&brief), "SMS_MP/x").await, 0);
    assert!(gateway.instance.state().refused_certificates.contains_key("expired"));
}
