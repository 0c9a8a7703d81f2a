//! What cloud-init writes on a new machine is what the program itself takes.
#![expect(clippy::unwrap_used, reason = "a test fails by panic")]

use std::process::Command;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cmgateway::azure::{AzureOptions, Credential};
use cmgateway::gateway::provision::{Go, ResourceManagerCloud};
use cmgateway::gateway::service::read_instance_file;
use cmgateway::gateway::spec::GatewaySpec;
use cmgateway::net::{ManualTimer, TrustedRoots};
use cmgateway::site::{EmbeddedSite, SiteCode};
use cmgateway::{ErrorKind, Secret};
use cmgateway_tests::azure_simulator::{AzureSimulator, TOKEN};
use cmgateway_tests::folder::TestFolder;
use cmgateway_tests::gateway_files::{self, SUBSCRIPTION};
use cmgateway_tests::program::program;

/// What a machine gets, as the service stores it.
async fn custom_data(instances: u32) -> (TestFolder, String) {
    let folder = TestFolder::new();
    gateway_files::write_to(folder.path());
    let simulator = AzureSimulator::start().await;
    let options = AzureOptions {
        resource_manager_url: Some(simulator.url()),
        key_vault_url: Some(simulator.url()),
        trusted_roots: TrustedRoots::Pem(simulator.ca_pem.clone().into_bytes()),
        timer: Arc::new(ManualTimer::new(gateway_files::NOW)),
        ..AzureOptions::default()
    };
    let token = Credential::Token(Secret::new(TOKEN));
    let cloud = ResourceManagerCloud::new(options, SUBSCRIPTION, token).unwrap();
    let mut spec = GatewaySpec::load(folder.file("gateway.toml")).await.unwrap();
    spec.vm_instance_count = instances;
    let site = EmbeddedSite::create(folder.file("site.db"), &SiteCode::new("ABC").unwrap()).await.unwrap();
    let plan = cloud.plan(&spec).await.unwrap();
    cloud.apply(&site.into(), &plan, &|_| Go::On).await.unwrap();
    // No answer of the service holds it: only what was sent.
    let sent = simulator.requests().into_iter().find(|request| {
        request.method == "PUT" && request.target.to_ascii_lowercase().contains("/virtualmachinescalesets/")
    });
    let machines: serde_json::Value = serde_json::from_str(&sent.unwrap().body).unwrap();
    let data = machines["properties"]["virtualMachineProfile"]["osProfile"]["customData"].as_str().unwrap();
    (folder, String::from_utf8(STANDARD.decode(data).unwrap()).unwrap())
}

/// The files of a cloud-init text.
fn files(text: &str) -> Vec<(String, String)> {
    let mut files: Vec<(String, String)> = Vec::new();
    for line in text.lines() {
        if let Some(path) = line.strip_prefix("  - path: ") {
            files.push((path.to_owned(), String::new()));
        } else if let (Some(line), Some((_, content))) = (line.strip_prefix("      "), files.last_mut()) {
            content.push_str(line);
            content.push('\n');
        }
    }
    files
}

#[tokio::test]
async fn the_program_takes_the_settings_and_the_command_line() {
    for (instances, tunnels) in [(1, 0), (3, 1)] {
        let (folder, text) = custom_data(instances).await;
        let files = files(&text);
        let content = |path: &str| files.iter().find(|(name, _)| name == path).unwrap().1.clone();
        let unit = content("/etc/systemd/system/cmgateway.service");
        let settings = content("/etc/cmgateway/instance.toml");
        assert!(content("/etc/cmgateway/server.pem").starts_with("-----BEGIN CERTIFICATE-----"));

        std::fs::write(folder.file("instance.toml"), &settings).unwrap();
        let options = read_instance_file(folder.file("instance.toml")).unwrap();
        assert_eq!(options.listen, ["0.0.0.0:443".parse().unwrap()]);
        assert_eq!(options.tunnel_listen.len(), tunnels);
        assert_eq!(options.connection_point_pins.len(), 1);

        // The very words of the unit, with the file where it lies here.
        let mut commands = 0;
        for line in unit.lines().filter_map(|line| line.strip_prefix("ExecStart")) {
            if line.ends_with("/cmgateway-number") {
                continue;
            }
            let words: Vec<_> = line.split_once('=').unwrap().1.split(' ').collect();
            assert_eq!(words[0], "/usr/local/bin/cmgateway");
            let (action, file) = (words[2], *words.last().unwrap());
            assert_eq!(file, "/etc/cmgateway/instance.toml");
            let here = folder.file("instance.toml");
            let words =
                words[1..].iter().map(|word| if *word == file { here.to_str().unwrap() } else { word });
            // A run on the ports of a server is left to a machine; its command line is the same but for one word.
            let words = words.map(|word| if word == "run" { "check" } else { word });
            let output = Command::new(program()).args(words).output().unwrap();
            assert!(output.status.success(), "{action}: {}", String::from_utf8_lossy(&output.stderr));
            commands += 1;
        }
        assert_eq!(commands, 2);
    }
}

/// A metadata service that calls the machine this, for one request.
fn metadata_service(name: &'static str) -> (String, std::thread::JoinHandle<String>) {
    use std::io::{Read, Write};
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let asked = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut bytes = [0; 2048];
        let count = stream.read(&mut bytes).unwrap();
        let length = name.len();
        write!(stream, "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{name}")
            .unwrap();
        String::from_utf8_lossy(&bytes[..count]).into_owned()
    });
    (url, asked)
}

#[cfg(unix)]
#[tokio::test]
async fn each_machine_gets_the_number_of_its_name() {
    let (folder, text) = custom_data(3).await;
    let files = files(&text);
    let content = |path: &str| files.iter().find(|(name, _)| name == path).unwrap().1.clone();
    std::fs::write(folder.file("number.sh"), content("/usr/local/sbin/cmgateway-number")).unwrap();
    for (name, number) in
        [("granitefalls-vmss_3", 3), ("granitefalls-vmss_000017", 17), ("x_0", 0), ("strange", 0)]
    {
        std::fs::write(folder.file("instance.toml"), content("/etc/cmgateway/instance.toml")).unwrap();
        let (url, asked) = metadata_service(name);
        let mut command = Command::new("sh");
        command.arg(folder.file("number.sh")).arg(folder.file("instance.toml")).arg(url);
        let output = command.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        assert!(asked.join().unwrap().contains("Metadata: true"));
        assert_eq!(read_instance_file(folder.file("instance.toml")).unwrap().number, number, "{name}");
    }
}

#[tokio::test]
async fn a_gateway_without_a_connection_point_is_refused() {
    let folder = TestFolder::new();
    gateway_files::write_to(folder.path());
    let mut spec = GatewaySpec::load(folder.file("gateway.toml")).await.unwrap();
    spec.connection_point_cert.clear();
    let error = ResourceManagerCloud::plan_offline(&spec, gateway_files::NOW).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(error.cause().contains("connection_point_cert is missing"), "{error}");
}
