//! The TLS of the gateway's data path against programs that were not written for us: OpenSSL, curl on it, nginx.

use std::io::{Read, Write};
use std::process::{Command, Stdio};
use std::time::Duration;

use cmgateway_tests::curl::fetch;
use cmgateway_tests::gateway_parts::{GatewayPki, url};
use cmgateway_tests::nginx::{self, Nginx};
use cmgateway_tests::running_gateway::{RunningGateway, has_curl, path};
use cmgateway_tests::skip::skipped;

/// What curl calls a version with its ciphers, of which each is tried by itself.
const SUITES: &[(&[&str], &str, &[&str])] = &[
    (
        &["--tlsv1.3"],
        "--tls13-ciphers",
        &["TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"],
    ),
    (
        &["--tls-max", "1.2"],
        "--ciphers",
        &["ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-ECDSA-CHACHA20-POLY1305"],
    ),
];

#[tokio::test(flavor = "multi_thread")]
async fn every_suite_carries_bodies_both_ways() {
    if !has_curl() {
        return;
    }
    let gateway = RunningGateway::start().await;
    let sent = gateway.pki.folder.file("sent");
    std::fs::write(&sent, vec![b'u'; 1_500_000]).unwrap();
    let upload = format!("@{}", sent.display());
    for (version, option, ciphers) in SUITES {
        for cipher in *ciphers {
            let tls = [version, &[*option, *cipher][..]].concat();
            let down = gateway.get("SMS_MP/bytes?n=1234567", &tls).await;
            assert_eq!((down.status, down.body.len()), (200, 1_234_567), "{cipher}: {}", down.said);
            let up = gateway.get("SMS_MP/count", &[&tls[..], &["--data-binary", &upload]].concat()).await;
            assert!(up.text().contains("1500000"), "{cipher}: {up:?}");
        }
    }
    let weak = gateway.get("SMS_MP/x", &["--tls-max", "1.2", "--ciphers", "ECDHE-ECDSA-AES128-SHA"]).await;
    assert_ne!(weak.exit, 0, "{weak:?}");
}

/// Talks to the gateway with `openssl s_client`: each word is a line of its own, which it takes for a command where it is one
/// letter.
#[expect(clippy::unwrap_used, reason = "a test fails by panic")]
fn s_client(gateway: &RunningGateway, arguments: &[&str], words: &[&str]) -> Option<String> {
    let address = format!("localhost:{}", gateway.instance.addresses()[0].port());
    let mut command = Command::new("openssl");
    command.args(["s_client", "-connect", &address, "-servername", "localhost", "-alpn", "http/1.1"]);
    command.arg("-CAfile").arg(&gateway.pki.root_file).arg("-cert").arg(&gateway.pki.client.chain_file);
    command.arg("-key").arg(&gateway.pki.client.key_file).args(arguments);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let Ok(mut child) = command.spawn() else {
        skipped("there is no openssl");
        return None;
    };
    let mut errors = child.stderr.take().unwrap();
    let errors = std::thread::spawn(move || {
        let mut text = String::new();
        errors.read_to_string(&mut text).map(|_| text).unwrap_or_default()
    });
    let mut input = child.stdin.take().unwrap();
    for word in words {
        // Only what it reads by itself is a command.
        std::thread::sleep(Duration::from_millis(400));
        if input.write_all(word.as_bytes()).is_err() {
            break;
        }
    }
    let output = child.wait_with_output().unwrap();
    drop(input);
    Some(String::from_utf8_lossy(&output.stdout).into_owned() + &errors.join().unwrap())
}

fn request() -> String {
    format!("GET {} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", path("SMS_MP/bytes?n=70000"))
}

#[tokio::test(flavor = "multi_thread")]
async fn openssl_changes_its_keys_and_asks_for_new_ones() {
    let gateway = RunningGateway::start().await;
    let request = request();
    // `k` is a new key, `K` asks for one in return.
    let words = ["k\n", "K\n", "K\n", "k\n", &request];
    let Some(said) = s_client(&gateway, &["-tls1_3"], &words) else { return };
    assert_eq!(said.matches("KEYUPDATE").count(), 4, "{said}");
    assert!(said.contains("HTTP/1.1 200 OK"), "{said}");
    assert!(said.len() > 70_000, "{said}");
    assert!(!said.to_lowercase().contains("alert"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_renegotiation_of_tls_1_2_is_declined() {
    let gateway = RunningGateway::start().await;
    let Some(said) = s_client(&gateway, &["-tls1_2"], &["R\n", "x\n"]) else { return };
    assert!(said.contains("RENEGOTIATING") && said.contains("no renegotiation"), "{said}");
    let Some(said) = s_client(&gateway, &["-tls1_2"], &[&request()]) else { return };
    assert!(said.contains("HTTP/1.1 200 OK"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nginx_inside_speaks_either_version() {
    if !has_curl() {
        return;
    }
    if nginx::find().is_none() {
        return skipped("there is no nginx");
    }
    let pki = GatewayPki::new();
    for protocol in ["TLSv1.2", "TLSv1.3"] {
        let nginx = Nginx::serving(&format!(
            "server_name localhost; ssl_certificate {}; ssl_certificate_key {}; ssl_protocols {protocol};\n\
             location / {{ add_header X-TLS $ssl_protocol/$ssl_session_reused; }}\n",
            pki.server.chain_file.display(),
            pki.server.key_file.display(),
        ));
        let file: Vec<u8> = (0..2_000_000_u32).map(|at| (at % 241) as u8).collect();
        std::fs::create_dir_all(nginx.root.join("SMS_MP")).unwrap();
        std::fs::write(nginx.root.join("SMS_MP/file.cab"), &file).unwrap();
        let instance = pki.instance().await;
        let _point = pki.connection_point("CP1", &[&instance], &nginx.url()).await;
        let address = url(&instance, "SMS_MP/file.cab");
        let get = async || fetch(&pki, Some(&pki.client), &[&address]).await;
        let whole = get().await;
        assert_eq!((whole.status, &whole.body), (200, &file), "{}", whole.said);
        assert!(whole.head.contains(&format!("x-tls: {protocol}/")), "{}", whole.head);
        // Several at a time open connections of their own, which resume the first one's session.
        let resumed = format!("x-tls: {protocol}/r");
        let mut heads = Vec::new();
        while heads.len() < 40 && !heads.iter().any(|head: &String| head.contains(&resumed)) {
            let four = tokio::join!(get(), get(), get(), get());
            for each in [four.0, four.1, four.2, four.3] {
                assert_eq!(each.body, file);
                heads.push(each.head);
            }
        }
        assert!(heads.iter().any(|head| head.contains(&resumed)), "{heads:?}");
    }
}
