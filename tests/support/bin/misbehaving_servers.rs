//! AdminServices that go wrong in every way, for the tests in Python and Lua.
//!
//! Prints a line for each case, `name`, `url`, `token`, `expected kind` with tabs between, then `ready`. The token
//! chooses what the server does. It ends when a request brings the token `stop`, and after two minutes anyway.
#![expect(clippy::expect_used, reason = "a test's set-up fails by panic")]

use std::path::PathBuf;
use std::time::Duration;

use cmgateway_tests::test_pki::TestPki;
use cmgateway_tests::wire_server::{Reaction, WireRequest, WireServer};

const LONGEST: Duration = Duration::from_secs(120);

/// Case, and the kind of error it must become.
const CASES: &[(&str, &str)] = &[
    ("status-400", "config"),
    ("status-401", "auth"),
    ("status-403", "auth"),
    ("status-404", "not_found"),
    ("status-409", "conflict"),
    ("status-500", "unavailable"),
    ("status-503", "unavailable"),
    ("web-page", "protocol"),
    ("no-json", "protocol"),
    ("half-a-body", "protocol"),
    ("redirect", "protocol"),
    ("silence", "timed_out"),
];

fn react(request: &WireRequest) -> Reaction {
    let head = request.head.to_ascii_lowercase();
    let token = head.lines().find_map(|line| line.strip_prefix("authorization: bearer "));
    let token = token.unwrap_or_default().trim();
    let status =
        |status: u16| Reaction::json(status, r#"{"error":{"code":"Case","message":"as the test asked"}}"#);
    match token {
        "stop" => std::process::exit(0),
        "silence" => Reaction::Silence,
        "web-page" => Reaction::answer(200, "text/html", "<html><title>Sign in</title></html>"),
        "no-json" => Reaction::json(200, "{\"value\": [}"),
        "half-a-body" => Reaction::Bytes(
            b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{\"value\""
                .to_vec(),
        ),
        "redirect" => Reaction::with_headers(302, "Location: https://elsewhere.example/\r\n", ""),
        token => status(token.strip_prefix("status-").and_then(|code| code.parse().ok()).unwrap_or(500)),
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let ca_file = PathBuf::from(std::env::args().nth(1).expect("usage: misbehaving-servers CA_FILE"));
    let (pki, stranger) = (TestPki::new(), TestPki::new());
    std::fs::write(&ca_file, pki.ca_pem()).expect("the CA file is writable");
    let server = WireServer::start(&pki.server(&["localhost"]), react).await;
    for (name, kind) in CASES {
        println!("{name}\t{}\t{name}\t{kind}", server.url());
    }
    let yesterday = pki.server_valid(&["localhost"], time::Duration::days(-9), time::Duration::days(-2));
    let mut servers = vec![server];
    for (name, certificate) in [
        ("wrong-name", pki.server(&["cm1.contoso.com"])),
        ("untrusted-issuer", stranger.server(&["localhost"])),
        ("expired-certificate", yesterday),
    ] {
        let server = WireServer::start(&certificate, react).await;
        println!("{name}\t{}\t{name}\tcertificate", server.url());
        servers.push(server);
    }
    let nobody =
        std::net::TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address");
    println!("nobody-there\thttps://{nobody}/AdminService\tnobody\tunavailable");
    println!("ready");
    tokio::time::sleep(LONGEST).await;
}
