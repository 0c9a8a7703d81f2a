//! A front that is none of ours (nginx), as a gateway of Microsoft's would be: what needs no protocol of our own is
//! checked all the same. It stands in for a live gateway, which was not at hand.

use cmgateway::gateway::analyzer::{AnalysisReport, AnalyzeOptions, Outcome, analyze};
use cmgateway::net::TrustedRoots;
use cmgateway_tests::analyzed_gateway::{SERVICE_NAME, Shared};
use cmgateway_tests::nginx::{self, Nginx};
use cmgateway_tests::skip::skipped;

fn front(shared: &Shared, block: &str) -> (Nginx, AnalyzeOptions) {
    let file = |name: &str, text: &str| {
        let path = shared.pki.folder.file(name);
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    let (root, sub_ca) = (&shared.pki.root.certificate, &shared.pki.sub_ca.certificate);
    let nginx = Nginx::serving(&format!(
        "ssl_certificate {}; ssl_certificate_key {}; ssl_client_certificate {}; ssl_verify_client optional;\n{block}",
        file("front.pem", &shared.server.chain_pem),
        file("front.key", &shared.server.key_pem),
        file("authorities.pem", &format!("{}{}", root.to_pem(), sub_ca.to_pem())),
    ));
    let mut options = AnalyzeOptions::new(SERVICE_NAME);
    options.addresses = vec![format!("127.0.0.1:{}", nginx.port)];
    options.trusted_roots = TrustedRoots::Pem(root.to_pem().into_bytes());
    options.client_identity = Some(shared.pki.client.identity());
    (options.roots, options.sub_cas) = (vec![root.clone()], vec![sub_ca.clone()]);
    (options.roles, options.warn_days) = (vec![17], 7);
    (nginx, options)
}

const SERVES: &str = "location = /CCM_Proxy_ServerAuth/ServiceMetadata { return 200 '<ServiceMetadata/>'; }\n\
    location ~ ^/CCM_Proxy_MutualAuth/17/ { if ($ssl_client_verify != SUCCESS) { return 403; } return 200 'MPList'; }\n\
    location / { return 404; }\n";

fn first(report: &AnalysisReport) -> Option<&'static str> {
    report.first_cause().map(|first| first.id)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_front_of_another_maker_is_checked_as_far_as_that_goes() {
    if nginx::find().is_none() {
        return skipped("there is no nginx");
    }
    let shared = Shared::new();
    // nginx's usual suites are some without forward secrecy too.
    let (_nginx, options) = front(&shared, &format!("ssl_ciphers ECDHE+AESGCM;\n{SERVES}"));
    let report = analyze(options.clone()).await.unwrap();
    assert!(report.is_healthy() && report.count(Outcome::Warning) == 0, "{report}");
    for id in
        ["request_certificate", "roles_published", "server_name", "client_hints", "clock", "service_answers"]
    {
        assert_eq!(report.result(id).unwrap().outcome, Outcome::Passed, "{report}");
    }
    for id in ["connection_point_connected", "configuration_in_force", "service_identity", "tunnel_up"] {
        assert_eq!(report.result(id).unwrap().outcome, Outcome::Skipped, "{report}");
    }
    let mut other = options.clone();
    other.roles.push(18);
    assert_eq!(first(&analyze(other).await.unwrap()), Some("roles_published"));
    // The administrator believes that this root was uploaded; the gateway says otherwise.
    let mut other = options.clone();
    other.roots.push(shared.stranger.certificate.clone());
    other.client_identity = Some(shared.client_with(&shared.stranger, |_| {}).identity());
    let report = analyze(other).await.unwrap();
    assert_eq!(first(&report), Some("client_hints"), "{report}");

    let (_nginx, options) = front(&shared, "location / { return 503; }\n");
    assert_eq!(first(&analyze(options).await.unwrap()), Some("service_answers"));
    let (_nginx, options) =
        front(&shared, "ssl_protocols TLSv1.2; ssl_ciphers AES128-GCM-SHA256; location / { return 404; }\n");
    assert_eq!(
        first(&analyze(options).await.unwrap()),
        Some("tls_handshake"),
        "no suite without forward secrecy"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_front_that_still_agrees_to_weak_tls_is_told_of() {
    if nginx::find().is_none() {
        return skipped("there is no nginx");
    }
    let shared = Shared::new();
    for (settings, found) in [
        (
            "ssl_protocols TLSv1.1 TLSv1.2 TLSv1.3; ssl_ciphers ECDHE:@SECLEVEL=0;",
            "TLS 1.1, cipher suite 0xC014",
        ),
        (
            "ssl_protocols TLSv1.2 TLSv1.3; ssl_ciphers ECDHE:AES128-GCM-SHA256;",
            "TLS 1.2, cipher suite 0x009C",
        ),
    ] {
        let (_nginx, options) = front(&shared, &format!("{settings}\n{SERVES}"));
        let report = analyze(options).await.unwrap();
        let result = report.result("tls_version").unwrap();
        assert_eq!(result.outcome, Outcome::Warning, "{report}");
        assert!(result.finding.ends_with(&format!("agrees to {found}")), "{report}");
        assert!(report.is_healthy(), "it is served all the same: {report}");
    }
}
