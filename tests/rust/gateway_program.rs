//! The program `cmgateway`, run as services run it: signals, logs, and a system that runs short.
#![cfg(unix)]

use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use cmgateway_tests::analyzed_gateway::{Plan, SERVICE_NAME, Shared};
use cmgateway_tests::gateway_client::GatewayClient;
use cmgateway_tests::gateway_parts::GatewayPki;
use cmgateway_tests::gateway_program::{Program, build_program, instance_file, point_file};
use cmgateway_tests::inside_server::InsideServer;
use cmgateway_tests::running_gateway::path;
use cmgateway_tests::skip::skipped;
use serde_json::Value;
use tokio::time::{sleep, timeout};

/// Waits until the program has said something of this kind.
async fn said<T>(program: &Program, what: &str, find: impl Fn(&str) -> Option<T>) -> T {
    let until = Instant::now() + Duration::from_secs(20);
    loop {
        if let Some(found) = find(&program.said()) {
            return found;
        }
        assert!(Instant::now() < until, "{what}: {}", program.said());
        sleep(Duration::from_millis(20)).await;
    }
}

fn listening(text: &str) -> Option<SocketAddr> {
    text.lines().find_map(|line| line.strip_prefix("listening on ")?.parse().ok())
}

/// An instance as a process, with more arguments, and a connection point as another.
async fn both(
    pki: &GatewayPki,
    inside: &InsideServer,
    instance: Command,
    more: &[&str],
) -> (Program, Program, SocketAddr) {
    let instance = Program::spawn(instance);
    let address = said(&instance, "it listens", listening).await;
    let file = point_file(pki, "CP1", &[address.port()], &inside.url(), "");
    let point = Program::run("connection-point", &file, more);
    let mut client = GatewayClient::new(pki, &pki.client, address);
    let until = Instant::now() + Duration::from_secs(20);
    while client.get(&path("SMS_MP/x")).await.is_ok_and(|(status, _)| status != 200)
        || client.get(&path("SMS_MP/x")).await.is_err()
    {
        assert!(Instant::now() < until, "{} {}", instance.said(), point.said());
        sleep(Duration::from_millis(50)).await;
    }
    (instance, point, address)
}

#[tokio::test(flavor = "multi_thread")]
async fn one_request_has_one_id_in_both_logs_and_a_hangup_reads_the_settings_again() {
    build_program();
    let pki = GatewayPki::new();
    let inside = InsideServer::start(&pki).await;
    let json = ["--log", "debug", "--log-format", "json"];
    let command = Program::command("gateway", &instance_file(&pki, "127.0.0.1:0"), &json);
    let (instance, point, address) = both(&pki, &inside, command, &json).await;
    let ids = |text: &str| -> Vec<String> {
        let objects = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let answered = objects.filter(|object| object["message"] == "answered" && object["status"] == 200);
        answered.filter_map(|object| object["request"].as_str().map(str::to_owned)).collect()
    };
    let served = said(&instance, "it answers", |text| Some(ids(text)).filter(|ids| !ids.is_empty())).await;
    said(&point, "the same id", |text| Some(()).filter(|()| ids(text).contains(&served[0]))).await;
    let not_json = instance.said().lines().filter(|line| !line.starts_with('{')).count();
    assert_eq!(not_json, 1, "only where it listens: {}", instance.said());

    let file = pki.folder.file("CP1.toml");
    let good = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, format!("surprise = 1\n{good}")).unwrap();
    point.signal("-HUP");
    said(&point, "it refuses", |text| text.contains("unknown field `surprise`").then_some(())).await;
    let mut client = GatewayClient::new(&pki, &pki.client, address);
    assert_eq!(client.get(&path("SMS_MP/x")).await.unwrap().0, 200);
    std::fs::write(
        &file,
        good.replace("[[mapping]]\nid = ", "[[mapping]]\nendpoints = [\"CCM_Client\"]\nid = "),
    )
    .unwrap();
    point.signal("-HUP");
    said(&point, "it takes them", |text| text.contains("settings were read again").then_some(())).await;
    let until = Instant::now() + Duration::from_secs(5);
    while client.get(&path("SMS_MP/x")).await.unwrap().0 != 404 {
        assert!(Instant::now() < until);
        sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(client.get(&path("CCM_Client/x")).await.unwrap().0, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_are_checked_without_running_them() {
    build_program();
    let pki = GatewayPki::new();
    let check = |kind: &str, file: &Path| {
        let mut command = Program::command(kind, file, &["--log", "error"]);
        let arguments: Vec<_> = command
            .get_args()
            .map(|each| if each == "run" { "check".into() } else { each.to_owned() })
            .collect();
        command = Command::new(command.get_program());
        command.args(arguments).output().unwrap()
    };
    let good = check("gateway", &instance_file(&pki, "127.0.0.1:0"));
    assert!(good.status.success() && good.stderr.is_empty(), "{good:?}");
    let bad = check("gateway", &instance_file(&pki, "nowhere"));
    let said = String::from_utf8(bad.stderr).unwrap();
    assert!(
        !bad.status.success() && said.contains("instance.toml:1: \"nowhere\" is no IP address"),
        "{said}"
    );
    let bad = check("connection-point", &point_file(&pki, "CP1", &[1], "ftp://mp1", ""));
    assert!(String::from_utf8(bad.stderr).unwrap().contains("CP1.toml:15: "));
}

#[tokio::test(flavor = "multi_thread")]
async fn out_of_file_descriptors_those_inside_are_served_and_the_others_wait() {
    build_program();
    let pki = GatewayPki::new();
    let inside = InsideServer::start(&pki).await;
    let run = Program::command("gateway", &instance_file(&pki, "127.0.0.1:0"), &[]);
    let mut limited = Command::new("sh");
    limited.args(["-c", "ulimit -n 40; exec \"$@\"", "sh"]).arg(run.get_program()).args(run.get_args());
    let (instance, _point, address) = both(&pki, &inside, limited, &[]).await;
    let mut inside_client = GatewayClient::new(&pki, &pki.client, address);
    assert_eq!(inside_client.get(&path("SMS_MP/x")).await.unwrap().0, 200);
    let mut crowd = Vec::new();
    for _ in 0..60 {
        let client = GatewayClient::new(&pki, &pki.client, address);
        if let Ok(Ok(stream)) = timeout(Duration::from_millis(300), client.raw()).await {
            crowd.push(stream);
        }
        if instance.said().contains("could not be accepted") {
            break;
        }
    }
    assert!(instance.said().contains("could not be accepted"), "{} {}", crowd.len(), instance.said());
    for _ in 0..10 {
        assert_eq!(inside_client.get(&path("SMS_MP/x")).await.unwrap().0, 200);
    }
    drop(crowd);
    let mut late = GatewayClient::new(&pki, &pki.client, address);
    assert_eq!(timeout(Duration::from_secs(10), late.get(&path("SMS_MP/x"))).await.unwrap().unwrap().0, 200);
}

/// The library that gives a process another time, where it is installed.
fn faketime() -> Option<std::path::PathBuf> {
    let folders = std::fs::read_dir("/usr/lib").ok()?;
    folders
        .filter_map(Result::ok)
        .map(|folder| folder.path().join("faketime/libfaketimeMT.so.1"))
        .find(|file| file.is_file())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_jumps_ends_no_tunnel_and_moves_only_what_dates_say() {
    let Some(library) = faketime() else { return skipped("there is no libfaketime") };
    build_program();
    let pki = GatewayPki::new();
    let inside = InsideServer::start(&pki).await;
    let clock = pki.folder.file("clock");
    std::fs::write(&clock, "+0\n").unwrap();
    let mut command = Program::command("gateway", &instance_file(&pki, "127.0.0.1:0"), &[]);
    command.env("LD_PRELOAD", library).env("FAKETIME_TIMESTAMP_FILE", &clock);
    command.env("FAKETIME_NO_CACHE", "1").env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
    let (instance, point, address) = both(&pki, &inside, command, &[]).await;
    let mut client = GatewayClient::new(&pki, &pki.client, address);
    let mut status = async || client.get(&path("SMS_MP/x")).await.map_or(0, |(status, _)| status);
    for jump in ["+3600\n", "-3600\n", "+86400\n"] {
        std::fs::write(&clock, jump).unwrap();
        for _ in 0..5 {
            assert_eq!(status().await, 200, "{jump}");
            sleep(Duration::from_millis(100)).await;
        }
    }
    // All certificates of the test have ended 40 days from now; who is connected is looked at again.
    std::fs::write(&clock, "+3456000\n").unwrap();
    let until = Instant::now() + Duration::from_secs(20);
    while status().await != 403 {
        assert!(Instant::now() < until);
        sleep(Duration::from_millis(200)).await;
    }
    std::fs::write(&clock, "+0\n").unwrap();
    let until = Instant::now() + Duration::from_secs(20);
    while status().await != 200 {
        assert!(Instant::now() < until);
        sleep(Duration::from_millis(200)).await;
    }
    for program in [&instance, &point] {
        assert!(!program.said().contains("ping"), "no tunnel ended: {}", program.said());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn analyze_prints_a_report_and_ends_with_what_it_found() {
    build_program();
    let shared = std::sync::Arc::new(Shared::new());
    let gateway = Plan::new(&shared, 1).start().await;
    let root = shared.pki.root_file.display().to_string();
    let address = gateway.told.addresses.first().unwrap().clone();
    let run = |arguments: &[&str]| {
        let program = Program::path();
        let done = Command::new(program).arg("analyze").args(arguments).output().unwrap();
        let said = String::from_utf8(done.stdout).unwrap();
        (done.status.code(), said, String::from_utf8(done.stderr).unwrap())
    };
    let usual = ["--service-name", SERVICE_NAME, "--address", &address, "--warn-days", "7"];
    let healthy: Vec<&str> = usual.iter().copied().chain(["--roots", &root]).collect();
    let (code, said, errors) = run(&healthy);
    assert_eq!(code, Some(0), "{said}{errors}");
    assert!(said.contains("All is well"), "{said}");
    let json: Vec<&str> = usual.iter().copied().chain(["--format", "json"]).collect();
    let (code, said, _) = run(&json);
    let report: Value = serde_json::from_str(&said).unwrap();
    assert_eq!((code, &report["first_cause"]), (Some(1), &Value::from("server_trusted")), "{said}");
    let (code, _, errors) = run(&[&healthy[..], &["--client-root", "none.cer"]].concat());
    assert_eq!(code, Some(2), "{errors}");
    assert!(errors.contains("none.cer"), "{errors}");
    let (code, page, _) = run(&["--list-checks"]);
    assert_eq!((code, page), (Some(0), cmgateway::gateway::analyzer::checks_page()));
    assert_eq!(run(&[]).0, Some(2), "the service name is missing");
}
