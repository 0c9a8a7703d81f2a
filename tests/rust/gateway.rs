//! A whole gateway on loopback: real TLS, real sockets, curl as client, nginx and a server of our own inside.

use std::time::Duration;

use cmgateway_tests::curl::fetch;
use cmgateway_tests::gateway_parts::{GatewayPki, ROLE, url};
use cmgateway_tests::inside_server::InsideServer;
use cmgateway_tests::nginx::{self, Nginx};
use cmgateway_tests::running_gateway::{RunningGateway, has_curl, path};
use cmgateway_tests::skip::skipped;

#[tokio::test(flavor = "multi_thread")]
async fn a_client_with_a_certificate_reaches_a_server_inside() {
    if !has_curl() {
        return;
    }
    let gateway = RunningGateway::start().await;
    let answer =
        gateway.get("SMS_MP/.sms_aut?MPLIST2&GF1", &["-H", "Range: bytes=0-1", "-H", "CCMClientID: x"]).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let text = answer.text();
    assert!(text.starts_with("GET /SMS_MP/.sms_aut?MPLIST2&GF1\n"), "{text}");
    for line in
        ["range: bytes=0-1", "ccmclientid: x", "x-forwarded-for: 127.0.0.1", "x-forwarded-proto: https"]
    {
        assert!(text.contains(&format!("\n{line}\n")), "{line} is not in {text}");
    }
    assert!(text.contains(&format!("\nhost: localhost:{}\n", gateway.inside.address.port())), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_method_of_clients_passes() {
    if !has_curl() {
        return;
    }
    let gateway = RunningGateway::start().await;
    for method in ["CCM_POST", "BITS_POST", "PROPFIND", "PUT", "DELETE", "OPTIONS"] {
        let answer = gateway.get("CCM_System/request", &["-X", method, "-d", "x=1"]).await;
        assert!(
            answer.text().starts_with(&format!("{method} /CCM_System/request\n")),
            "{method}: {answer:?}"
        );
    }
    let head = gateway.get("SMS_MP/bytes?n=12345", &["-I"]).await;
    assert_eq!((head.status, head.body.len()), (200, head.body.len()), "{head:?}");
    assert!(head.head.contains("content-length: 12345"), "{head:?}");
    for method in ["TRACE", "CONNECT"] {
        let answer = gateway.get("SMS_MP/x", &["-X", method]).await;
        assert!(matches!(answer.status, 400 | 405), "{method}: {answer:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_not_in_is_told_so_in_microsofts_words() {
    if !has_curl() {
        return;
    }
    let gateway = RunningGateway::start().await;
    let nobody = gateway.get_as(None, "SMS_MP/x", &[]).await;
    assert_eq!((nobody.status, nobody.phrase()), (403, "CMGService_Clientcertificaterequired"), "{nobody:?}");
    let stranger = gateway.get_as(Some(&gateway.pki.other_client), "SMS_MP/x", &[]).await;
    assert_eq!(stranger.status, 0, "{stranger:?}");
    assert!(stranger.said.contains("unknown ca"), "{stranger:?}");
    assert_eq!(gateway.instance.state().refused_certificates.get("unknown_issuer"), Some(&1));
    let forbidden = gateway.get("SMS_MP/forbidden", &[]).await;
    assert_eq!((forbidden.status, forbidden.phrase()), (403, "CMGConnector_Forbidden"), "{forbidden:?}");
    assert_eq!(forbidden.text(), "no");
    let port = gateway.instance.addresses()[0].port();
    let token = format!("https://localhost:{port}/CCM_Proxy_ServerAuth/{ROLE}/SMS_MP/x");
    let token =
        fetch(&gateway.pki, Some(&gateway.pki.client), &["-H", "Authorization: Bearer x", &token]).await;
    assert_eq!((token.status, token.phrase()), (401, "CMGService_Invalid_Token"), "{token:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_passes_that_is_not_published() {
    if !has_curl() {
        return;
    }
    let gateway = RunningGateway::start().await;
    let port = gateway.instance.addresses()[0].port();
    for (path, status) in [
        (format!("/CCM_Proxy_MutualAuth/{ROLE}/admin"), 404),
        (format!("/CCM_Proxy_MutualAuth/{}/SMS_MP", ROLE + 1), 404),
        (format!("/CCM_Proxy_MutualAuth/{ROLE}/SMS_MP/../admin"), 400),
        (format!("/CCM_Proxy_MutualAuth/{ROLE}/SMS_MP/%2e%2e/admin"), 400),
        (format!("/CCM_Proxy_MutualAuth/{ROLE}/SMS_MP%2f..%2fadmin"), 400),
        ("/cmgateway/control".to_owned(), 404),
        ("/".to_owned(), 404),
        (format!("/ccm_proxy_mutualauth/{ROLE}/sms_mp/echo"), 200),
    ] {
        let address = format!("https://localhost:{port}{path}");
        let answer = fetch(&gateway.pki, Some(&gateway.pki.client), &["--path-as-is", &address]).await;
        assert_eq!(answer.status, status, "{path}: {answer:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_client_says_about_itself_does_not_pass() {
    if !has_curl() {
        return;
    }
    let gateway = RunningGateway::start().await;
    let forged = ["-H", "Client-Cert: :AAAA:", "-H", "Client_Cert: :AAAA:", "-H", "X-ARR-ClientCert: AAAA"];
    let more = ["-H", "X-Forwarded-For: 6.6.6.6", "-H", "Forwarded: for=6.6.6.6", "-H", "X-Real-IP: 6.6.6.6"];
    let answer = gateway.get("SMS_MP/x", &[&forged[..], &more[..]].concat()).await;
    let text = answer.text();
    assert!(!text.contains("AAAA") && !text.contains("6.6.6.6"), "{text}");
    let value = |name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(&format!("{name}: "))).unwrap();
        line.split(", ").map(|part| part.trim_matches(':').to_owned()).collect::<Vec<_>>()
    };
    let der = |text: &str| {
        use std::process::{Command, Stdio};
        let mut command = Command::new("openssl");
        command.args(["base64", "-d", "-A"]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        std::io::Write::write_all(child.stdin.as_mut().unwrap(), text.as_bytes()).unwrap();
        child.wait_with_output().unwrap().stdout
    };
    assert_eq!(der(&value("client-cert")[0]), gateway.pki.client.certificate.der());
    assert_eq!(value("client-cert-chain").len(), 1);
    assert_eq!(der(&value("client-cert-chain")[0]), gateway.pki.sub_ca.certificate.der());
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_pass_both_ways_in_every_framing() {
    if !has_curl() {
        return;
    }
    let gateway = RunningGateway::start().await;
    let file = gateway.pki.folder.file("upload");
    std::fs::write(&file, vec![b'u'; 40 << 20]).unwrap();
    let upload = format!("@{}", file.display());
    let sized = gateway.get("SMS_MP/count", &["--data-binary", &upload]).await;
    assert_eq!(sized.text(), (40 << 20).to_string(), "{}", sized.said);
    let arguments =
        ["-H", "Transfer-Encoding: chunked", "-H", "Expect: 100-continue", "--data-binary", upload.as_str()];
    let chunked = gateway.get("SMS_MP/count", &arguments).await;
    assert_eq!(chunked.text(), (40 << 20).to_string(), "{}", chunked.said);
    let down = gateway.get("SMS_MP/bytes?n=60000001", &[]).await;
    assert_eq!((down.status, down.body.len()), (200, 60_000_001), "{}", down.said);
    assert!(down.body.iter().all(|byte| *byte == b'x'));
    let echoed = gateway.get("SMS_MP/echo", &["--data-binary", &upload]).await;
    assert_eq!((echoed.status, echoed.body.len()), (200, 40 << 20), "{}", echoed.said);
    for size in [0, 1, 24_576, 24_577, 65_536, 65_537, 131_072] {
        let exact = gateway.get(&format!("SMS_MP/bytes?n={size}"), &[]).await;
        assert_eq!(exact.body.len(), size);
    }
    let traffic = gateway.point.status().traffic;
    assert_eq!(traffic.len(), 1, "{traffic:?}");
    assert!(traffic[0].bytes_in > 3 * (40 << 20) - 1 && traffic[0].endpoint == "SMS_MP", "{traffic:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_breaks_off_is_not_taken_for_whole() {
    if !has_curl() {
        return;
    }
    let gateway = RunningGateway::start().await;
    let broken = gateway.get("SMS_MP/broken?n=5000000", &[]).await;
    assert_ne!(broken.exit, 0, "{} {} {}", broken.said, broken.head, broken.body.len());
    assert_eq!(gateway.get("SMS_MP/echo", &[]).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_may_be_held_for_long() {
    if !has_curl() {
        return;
    }
    let gateway = RunningGateway::start().await;
    let held = gateway.get("SMS_MP/hold?ms=3000", &[]);
    let others = async {
        for _ in 0..5 {
            assert_eq!(gateway.get("SMS_MP/x", &[]).await.status, 200);
        }
    };
    let (held, ()) = tokio::join!(held, others);
    assert_eq!(held.text(), "held", "{held:?}");
    // A client that leaves is not served on.
    let left = gateway.get("SMS_MP/hold?ms=60000", &["--max-time", "1"]).await;
    assert_eq!(left.exit, 28, "{left:?}");
    let until = tokio::time::Instant::now() + Duration::from_secs(5);
    while gateway.point.status().traffic[0].cancelled == 0 || gateway.instance.state().open_requests > 0 {
        assert!(tokio::time::Instant::now() < until, "{:?}", gateway.instance.state());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn http2_clients_are_served_too() {
    if !has_curl() {
        return;
    }
    let gateway = RunningGateway::start().await;
    let answer = gateway.get("SMS_MP/bytes?n=3000000", &["--http2"]).await;
    assert!(answer.head.starts_with("HTTP/2 200"), "{}", answer.head);
    assert_eq!(answer.body.len(), 3_000_000);
    let posted = gateway.get("SMS_MP/echo", &["--http2", "-d", "hello"]).await;
    assert_eq!(posted.text(), "hello");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_says_what_it_is_without_authentication() {
    if !has_curl() {
        return;
    }
    let gateway = RunningGateway::start().await;
    let port = gateway.instance.addresses()[0].port();
    for first in ["CCM_Proxy_MutualAuth", "CCM_Proxy_ServerAuth"] {
        let address = format!("https://localhost:{port}/{first}/ServiceMetadata");
        let answer = fetch(&gateway.pki, None, &[&address]).await;
        let document: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
        assert_eq!(document["ConfigurationVersion"], 1);
        assert_eq!(document["ConnectionPoints"], serde_json::json!(["CP1"]));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nginx_serves_as_management_point() {
    if !has_curl() {
        return;
    }
    if nginx::find().is_none() {
        return skipped("there is no nginx");
    }
    let pki = GatewayPki::new();
    let nginx = Nginx::management_point(&pki);
    let file: Vec<u8> = (0..3_000_000_u32).map(|at| ((at * 7) >> 3) as u8).collect();
    std::fs::write(nginx.root.join("SMS_MP/file.cab"), &file).unwrap();
    let instance = pki.instance().await;
    let _point = pki.connection_point("CP1", &[&instance], &nginx.url()).await;
    let get = async |rest: &str, arguments: &[&str]| {
        let address = url(&instance, rest);
        let arguments: Vec<&str> = arguments.iter().copied().chain([address.as_str()]).collect();
        fetch(&pki, Some(&pki.client), &arguments).await
    };
    let whole = get("SMS_MP/file.cab", &[]).await;
    assert_eq!((whole.status, &whole.body), (200, &file), "{}", whole.said);
    let part = get("SMS_MP/file.cab", &["-r", "1000-1999"]).await;
    assert_eq!((part.status, part.body.as_slice()), (206, &file[1000..2000]));
    for method in ["CCM_POST", "BITS_POST", "PROPFIND"] {
        let answer = get("CCM_System/request", &["-X", method, "-d", "body", "-H", "Range: bytes=1-2"]).await;
        assert_eq!(answer.text(), format!("{method} /CCM_System/request bytes=1-2\n"), "{answer:?}");
    }
    let who = get("SMS_MP/whoami", &[]).await.text();
    assert!(who.starts_with("CN=inside-client|:"), "{who}");
    assert!(who.ends_with("|127.0.0.1\n"), "{who}");
    assert_eq!(get("SMS_MP/none", &[]).await.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_resumed_session_is_judged_by_the_trust_of_now() {
    let gateway = RunningGateway::start().await;
    let path = path("SMS_MP/x");
    let mut client = gateway.client(&gateway.pki.client);
    for _ in 0..3 {
        assert_eq!(client.get(&path).await.unwrap().0, 200);
        client.disconnect();
    }
    let resumed = |text: &str| -> u64 {
        let line = text.lines().find_map(|line| line.strip_prefix("cmgateway_handshakes_resumed_total "));
        line.and_then(|count| count.parse().ok()).unwrap()
    };
    assert_eq!(resumed(&gateway.instance.metrics()), 2);
    let mut configuration = gateway.point.configuration();
    configuration.sub_cas.clear();
    let mappings = gateway.pki.point_options("CP1", &[&gateway.instance], &gateway.inside.url()).mappings;
    gateway.point.configure(&mappings, configuration).unwrap();
    gateway.point.ready(Duration::from_secs(10)).await.unwrap();
    // The handshake succeeds, since it shows no certificate; the request does not.
    assert_eq!(client.get(&path).await.unwrap().0, 403);
    assert_eq!(resumed(&gateway.instance.metrics()), 3);
    assert_eq!(gateway.inside.count("/SMS_MP/x"), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_admin_address_tells_health_and_counts() {
    if !has_curl() {
        return;
    }
    let pki = GatewayPki::new();
    let mut options = pki.instance_options();
    options.admin_listen = Some(([127, 0, 0, 1], 0).into());
    let instance = cmgateway::proxy::Instance::start(options).await.unwrap();
    let admin = instance.admin_address().unwrap();
    let ask = async |path: &str| fetch(&pki, None, &[&format!("http://{admin}{path}")]).await;
    assert_eq!((ask("/live").await.status, ask("/health").await.status), (200, 503));
    assert_eq!(ask("/health").await.text(), "no connection point\n");
    let inside = InsideServer::start(&pki).await;
    let _point = pki.connection_point("CP1", &[&instance], &inside.url()).await;
    assert_eq!((ask("/health").await.status, ask("/other").await.status), (200, 404));
    let served = fetch(&pki, Some(&pki.client), &[&url(&instance, "SMS_MP/x")]).await;
    let refused = fetch(&pki, None, &[&url(&instance, "SMS_MP/x")]).await;
    assert_eq!((served.status, refused.status), (200, 403));
    let metrics = ask("/metrics").await;
    assert!(metrics.head.contains("text/plain; version=0.0.4"), "{}", metrics.head);
    for line in [
        "cmgateway_responses_total{class=\"2xx\"} 1",
        "cmgateway_responses_total{class=\"4xx\"} 1",
        "cmgateway_refused_total{words=\"CMGService_Clientcertificaterequired\"} 1",
        "cmgateway_handshakes_total 2",
    ] {
        assert!(metrics.text().lines().any(|each| each == line), "{line} is not in {}", metrics.text());
    }
    // What is for operators is not on the address of clients.
    let port = instance.addresses()[0].port();
    let outside = fetch(&pki, None, &[&format!("https://localhost:{port}/metrics")]).await;
    assert_eq!(outside.status, 404);
}
