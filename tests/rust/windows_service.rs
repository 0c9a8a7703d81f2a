//! An instance as a service of Windows: made, started, asked, told to read its settings again, stopped, taken out.
#![cfg(windows)]
#![expect(clippy::unwrap_used, reason = "a test fails by panic")]

use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use cmgateway::gateway::service::ConnectionPointService;
use cmgateway_tests::gateway_client::GatewayClient;
use cmgateway_tests::gateway_parts::GatewayPki;
use cmgateway_tests::gateway_program::{instance_file, point_file};
use cmgateway_tests::inside_server::InsideServer;
use cmgateway_tests::running_gateway::path;

/// The service of one test, taken out at its end.
struct Service(&'static str);

impl Service {
    fn program(&self, words: &[&str], file: Option<&Path>) -> Output {
        // Tests lie in a folder beside the program.
        let program =
            std::env::current_exe().unwrap().parent().unwrap().parent().unwrap().join("cmgateway.exe");
        let mut command = Command::new(program);
        command.arg("service").args(words).args(["--name", self.0]);
        if let Some(file) = file {
            command.arg("--config").arg(file);
        }
        command.output().unwrap()
    }

    fn done(&self, words: &[&str], file: Option<&Path>) -> String {
        let output = self.program(words, file);
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{words:?}: {said}{}", String::from_utf8_lossy(&output.stderr));
        said
    }

    fn control(&self, verb: &str) -> bool {
        Command::new("sc").args([verb, self.0]).output().unwrap().status.success()
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.program(&["remove"], None);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_instance_runs_as_a_service() {
    let pki = GatewayPki::new();
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let file = instance_file(&pki, &format!("127.0.0.1:{port}"));
    let service = Service("cmgateway-test");
    let install = ["install", "--role", "gateway", "--account", "LocalSystem"];
    let plan = service.done(&[&install[..], &["--plan"]].concat(), Some(&file));
    assert!(plan.starts_with("would create the service cmgateway-test: "), "{plan}");
    assert!(!service.control("start"), "a plan makes nothing");
    assert!(service.done(&install, Some(&file)).starts_with("created the service cmgateway-test: "));
    assert!(
        service.done(&install, Some(&file)).starts_with("changed the service"),
        "it is safe to run twice"
    );
    assert!(service.control("start"));

    let inside = InsideServer::start(&pki).await;
    let point =
        ConnectionPointService::start(point_file(&pki, "CP1", &[port], &inside.url(), "")).await.unwrap();
    point.ready(Duration::from_secs(60)).await.unwrap();
    let mut client = GatewayClient::new(&pki, &pki.client, ([127, 0, 0, 1], port).into());
    assert_eq!(client.get(&path("SMS_MP/x")).await.unwrap().0, 200);

    assert!(service.done(&["remove"], None).starts_with("removed the service"));
    let until = Instant::now() + Duration::from_secs(60);
    while client.get(&path("SMS_MP/x")).await.is_ok() {
        assert!(Instant::now() < until, "it runs on");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert!(service.done(&["remove"], None).starts_with("there is no service"), "it is safe to run twice");
}

#[test]
fn settings_that_are_wrong_make_no_service() {
    let pki = GatewayPki::new();
    let file = pki.folder.file("wrong.toml");
    std::fs::write(&file, "listen = 1\n").unwrap();
    let service = Service("cmgateway-test-wrong");
    let output = service.program(&["install", "--role", "gateway"], Some(&file));
    assert!(!output.status.success());
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("wrong.toml:1: "), "{said}");
    assert!(!service.control("start"));
}
