//! Tunnels through an HTTP proxy that wants to know who asks: Apache, with passwords, Kerberos and NTLM.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test fails by panic")]

use std::time::Duration;

use cmgateway::net::{AuthMethod, Credentials};
use cmgateway::proxy::{ConnectionPoint, TunnelProxy};
use cmgateway::{ErrorKind, Secret};
use cmgateway_tests::apache::{Apache, Mechanism, NTLM_DOMAIN};
use cmgateway_tests::gateway_client::GatewayClient;
use cmgateway_tests::gateway_parts::GatewayPki;
use cmgateway_tests::inside_server::InsideServer;
use cmgateway_tests::kerberos_realm::{KerberosRealm, PASSWORD, REALM, USER};
use cmgateway_tests::running_gateway::path;
use cmgateway_tests::skip::skipped;

fn password(user: &str, password: &str) -> Credentials {
    Credentials::password(user, Secret::new(password)).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tunnel_goes_through_a_proxy_by_every_way_in() {
    if !Apache::is_installed() {
        return skipped("Apache with mod_auth_gssapi is not installed");
    }
    let Some(realm) = KerberosRealm::start() else { return skipped("MIT's KDC is not installed") };
    let pki = GatewayPki::new();
    let inside = InsideServer::start(&pki).await;
    let instance = pki.instance().await;
    let port = instance.addresses()[0].port();
    let in_realm = |credentials: Credentials| credentials.with_realm(REALM).unwrap().with_kdc(realm.kdc());
    for (mechanism, method, good, bad) in [
        (Mechanism::Basic, AuthMethod::Basic, password(USER, PASSWORD), password(USER, "wrong")),
        (
            Mechanism::Kerberos,
            AuthMethod::Kerberos,
            in_realm(Credentials::keytab(USER, realm.user_keytab()).unwrap()),
            in_realm(password(USER, "wrong")),
        ),
        (
            Mechanism::Ntlm,
            AuthMethod::Ntlm,
            password(&format!("{NTLM_DOMAIN}\\{USER}"), PASSWORD),
            password(&format!("{NTLM_DOMAIN}\\{USER}"), "wrong"),
        ),
    ] {
        let proxy = Apache::forward_proxy(&realm, mechanism, &[port]);
        let start = async |login| {
            let mut options = pki.point_options("CP1", &[&instance], &inside.url());
            options.proxy = Some(TunnelProxy { address: proxy.address(), login });
            ConnectionPoint::start(options).await.unwrap()
        };
        let point = start(Some((method, good))).await;
        let ready = point.ready(Duration::from_secs(20)).await;
        ready.unwrap_or_else(|error| panic!("{mechanism:?}: {error}\n{}", proxy.log()));
        let mut client = GatewayClient::new(&pki, &pki.client, instance.addresses()[0]);
        let (status, body) = client.get(&path("SMS_MP/bytes?n=3000000")).await.unwrap();
        assert_eq!((status, body.len()), (200, 3_000_000), "{mechanism:?}");
        point.stop().await;
        for login in [Some((method, bad)), None] {
            let stranger = start(login).await;
            let error = stranger.ready(Duration::from_secs(3)).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::TimedOut, "{error}");
            assert!(error.to_string().contains("the proxy localhost:"), "{mechanism:?}: {error}");
            assert!(!error.to_string().contains("wrong"), "{error}");
        }
    }
}
