//! Clients without a certificate: bearer tokens signed by an issuer, and the keys of issuers as they change.
#![expect(clippy::unwrap_used, reason = "a test fails by panic")]

use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use cmgateway::gateway::service::ConnectionPointService;
use cmgateway::proxy::TokenRules;
use cmgateway_tests::gateway_client::GatewayClient;
use cmgateway_tests::gateway_parts::{GatewayPki, ROLE};
use cmgateway_tests::gateway_program::point_file;
use cmgateway_tests::inside_server::InsideServer;
use cmgateway_tests::openssl_files::OpensslFiles;
use cmgateway_tests::running_gateway::RunningGateway;
use cmgateway_tests::token_issuer::{AUDIENCE, ISSUER, IssuerKey, claims, rules};
use http_body_util::Full;
use hyper::Request;
use serde_json::{Value, json};

/// The status of a request with this value of `Authorization`.
async fn ask(gateway: &RunningGateway, authorization: &str) -> u16 {
    ask_with(&mut gateway.client(&gateway.pki.client), authorization).await
}

async fn ask_with(client: &mut GatewayClient, authorization: &str) -> u16 {
    let request = Request::get(format!("/CCM_Proxy_ServerAuth/{ROLE}/SMS_MP/x"))
        .header("host", "localhost")
        .header("authorization", authorization)
        .body(Full::<Bytes>::default());
    client.send(request.unwrap()).await.unwrap().status().as_u16()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_opens_and_every_flaw_of_it_is_seen() {
    let (key, other) = (IssuerKey::new("one"), IssuerKey::new("one"));
    let rules = rules(&[&key]);
    let gateway =
        RunningGateway::start_with(|_, _| {}, |_, options| options.configuration.tokens = Some(rules)).await;
    let now = time::OffsetDateTime::now_utc().unix_timestamp();
    for algorithm in ["RS256", "PS256"] {
        let token = key.sign(algorithm, &claims(&[]));
        assert_eq!(ask(&gateway, &format!("Bearer {token}")).await, 200, "{algorithm}");
        assert_eq!(ask(&gateway, &format!("bearer {token}")).await, 200, "{algorithm}");
    }
    let audiences = claims(&[("aud", json!(["https://other", AUDIENCE]))]);
    assert_eq!(ask(&gateway, &format!("Bearer {}", key.sign("RS256", &audiences))).await, 200);
    for (what, changes) in [
        ("another issuer", [("iss", json!("https://sts.windows.net/other/"))]),
        ("no issuer", [("iss", Value::Null)]),
        ("another audience", [("aud", json!("https://other"))]),
        ("no audience", [("aud", Value::Null)]),
        ("expired", [("exp", json!(now - 600))]),
        ("no end", [("exp", Value::Null)]),
        ("an end that is text", [("exp", json!("tomorrow"))]),
        ("not yet", [("nbf", json!(now + 600))]),
    ] {
        let token = key.sign("RS256", &claims(&changes));
        assert_eq!(ask(&gateway, &format!("Bearer {token}")).await, 401, "{what}");
    }
    let good = key.sign("RS256", &claims(&[]));
    let parts: Vec<&str> = good.split('.').collect();
    let none = URL_SAFE_NO_PAD.encode(json!({"alg": "none", "kid": "one"}).to_string());
    // An HMAC with the public key as its secret: the classic confusion.
    let hmac_head = URL_SAFE_NO_PAD.encode(json!({"alg": "HS256", "kid": "one"}).to_string());
    for (what, token) in [
        ("signed by somebody else", other.sign("RS256", &claims(&[]))),
        ("no signature", format!("{none}.{}.", parts[1])),
        ("a symmetric signature", format!("{hmac_head}.{}.{}", parts[1], parts[2])),
        ("an algorithm of the other kind", key.sign("RS512", &claims(&[]))),
        ("other claims", format!("{}.{}.{}", parts[0], URL_SAFE_NO_PAD.encode("{}"), parts[2])),
        ("cut", good[..good.len() - 4].to_owned()),
        ("longer than any token", format!("{good}{}", "A".repeat(40 << 10))),
        ("nothing", String::new()),
    ] {
        assert_eq!(ask(&gateway, &format!("Bearer {token}")).await, 401, "{what}");
    }
    assert_eq!(ask(&gateway, &format!("Basic {good}")).await, 401);
    assert_eq!(gateway.inside.count("/SMS_MP/x"), 5, "what is refused does not get inside");
}

#[tokio::test(flavor = "multi_thread")]
async fn issuers_change_their_keys_without_a_gap() {
    let (old, new) = (IssuerKey::new("old"), IssuerKey::new("new"));
    let first = rules(&[&old]);
    let gateway =
        RunningGateway::start_with(|_, _| {}, |_, options| options.configuration.tokens = Some(first)).await;
    let bearer = |key: &IssuerKey| format!("Bearer {}", key.sign("PS256", &claims(&[])));
    assert_eq!((ask(&gateway, &bearer(&old)).await, ask(&gateway, &bearer(&new)).await), (200, 401));
    configure(&gateway, Some(rules(&[&old, &new]))).await;
    assert_eq!((ask(&gateway, &bearer(&old)).await, ask(&gateway, &bearer(&new)).await), (200, 200));
    configure(&gateway, Some(rules(&[&new]))).await;
    assert_eq!((ask(&gateway, &bearer(&old)).await, ask(&gateway, &bearer(&new)).await), (401, 200));
    configure(&gateway, None).await;
    assert_eq!(ask(&gateway, &bearer(&new)).await, 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_are_fetched_from_where_the_issuer_publishes_them() {
    let (old, new) = (IssuerKey::new("old"), IssuerKey::new("new"));
    let pki = GatewayPki::new();
    let inside = InsideServer::start(&pki).await;
    let Some(issuer) = OpensslFiles::start(&pki.server) else { return };
    std::fs::write(issuer.file("keys"), rules(&[&old]).keys).unwrap();
    let instance = pki.instance().await;
    let more = format!(
        "[tokens]\nissuers = [\"{ISSUER}\"]\naudiences = [\"{AUDIENCE}\"]\nkeys = \"{}\"\nroots = \"root.pem\"\n",
        issuer.url("keys")
    );
    let file = point_file(&pki, "CP1", &[instance.addresses()[0].port()], &inside.url(), &more);
    let point = ConnectionPointService::start(&file).await.unwrap();
    point.ready(Duration::from_secs(20)).await.unwrap();
    let client = async |key: &IssuerKey| {
        let mut client = GatewayClient::new(&pki, &pki.client, instance.addresses()[0]);
        ask_with(&mut client, &format!("Bearer {}", key.sign("RS256", &claims(&[])))).await
    };
    let until = Instant::now() + Duration::from_secs(20);
    while client(&old).await != 200 {
        assert!(Instant::now() < until, "{:?}", point.status());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(client(&new).await, 401);
    std::fs::write(issuer.file("keys"), rules(&[&new]).keys).unwrap();
    point.reload().await.unwrap();
    point.ready(Duration::from_secs(10)).await.unwrap();
    assert_eq!((client(&old).await, client(&new).await), (401, 200));
    // An issuer that publishes nonsense, and one that is away, leave the last keys in force.
    std::fs::write(issuer.file("keys"), "<html>maintenance</html>").unwrap();
    point.reload().await.unwrap();
    assert_eq!(client(&new).await, 200);
    drop(issuer);
    point.reload().await.unwrap();
    assert_eq!(client(&new).await, 200);
    let plain = std::fs::read_to_string(&file).unwrap().replace("keys = \"https:", "keys = \"http:");
    std::fs::write(&file, plain).unwrap();
    let error = point.reload().await.unwrap_err().to_string();
    assert!(error.contains("CP1.toml:21: ") && error.contains("https: addresses only"), "{error}");
}

async fn configure(gateway: &RunningGateway, tokens: Option<TokenRules>) {
    let mut configuration = gateway.point.configuration();
    configuration.tokens = tokens;
    let mappings = gateway.pki.point_options("CP1", &[&gateway.instance], &gateway.inside.url()).mappings;
    gateway.point.configure(&mappings, configuration).unwrap();
    gateway.point.ready(std::time::Duration::from_secs(10)).await.unwrap();
}
