//! Gateways on this machine: real processes of the real program, killed, scaled, stopped, found again, deleted.
#![cfg_attr(
    not(target_os = "linux"),
    allow(dead_code, unused_imports, reason = "what looks at processes runs on Linux")
)]
#![expect(clippy::unwrap_used, reason = "a test fails by panic")]

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use cmgateway::ErrorKind;
use cmgateway::gateway::provision::{
    CloudInstance, GatewayPlan, GatewayStepAction, Go, LocalCloud, LocalCloudOptions, LocalPorts, Progress,
    supervise,
};
use cmgateway::gateway::service::ConnectionPointService;
use cmgateway::gateway::spec::GatewaySpec;
use cmgateway::gateway::{Gateway, GatewayState};
use cmgateway::site::{EmbeddedSite, PutMode, Site, SiteCode};
use cmgateway_tests::folder::TestFolder;
use cmgateway_tests::gateway_files::{self, SERVICE_NAME};
use cmgateway_tests::gateway_parts::GatewayPki;
use cmgateway_tests::gateway_program::point_file;
use cmgateway_tests::program::program;

struct World {
    folder: TestFolder,
    cloud: LocalCloud,
    site: Site,
    spec: GatewaySpec,
}

impl Drop for World {
    fn drop(&mut self) {
        // Where a test fails, its processes go with their supervisor's pipes.
        if let Some(process) = supervisor(&self.folder.path().join("gateways/granitefalls")) {
            let _ = Command::new("kill").args(["-9", &process.to_string()]).status();
        }
    }
}

fn cloud(folder: &TestFolder) -> LocalCloud {
    let mut options = LocalCloudOptions::default();
    options.folder = Some(folder.file("gateways"));
    options.program = Some(program());
    options.ports = LocalPorts::Free;
    LocalCloud::new(options).unwrap()
}

async fn world() -> World {
    let folder = TestFolder::new();
    gateway_files::write_to(folder.path());
    let site = EmbeddedSite::create(folder.file("site.db"), &SiteCode::new("ABC").unwrap()).await.unwrap();
    let spec = GatewaySpec::load(folder.file("gateway.toml")).await.unwrap();
    World { cloud: cloud(&folder), site: site.into(), spec, folder }
}

fn quiet(_: &Progress) -> Go {
    Go::On
}

fn supervisor(folder: &Path) -> Option<u64> {
    let told = std::fs::read(folder.join("state.json")).ok()?;
    serde_json::from_slice::<serde_json::Value>(&told).ok()?["supervisor"].as_u64()
}

fn actions(plan: &GatewayPlan, action: GatewayStepAction) -> Vec<&str> {
    plan.steps.iter().filter(|step| step.action == action).map(|step| step.name.as_str()).collect()
}

async fn apply(world: &World) -> GatewayPlan {
    let plan = world.cloud.plan(&world.spec).await.unwrap();
    world.cloud.apply(&world.site, &plan, &quiet).await.unwrap();
    let after = world.cloud.plan(&world.spec).await.unwrap();
    assert!(!after.is_change(), "{after}");
    plan
}

async fn instances(world: &World) -> Vec<CloudInstance> {
    world.cloud.instances(&world.site, SERVICE_NAME).await.unwrap()
}

async fn until(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let start = Instant::now();
    while !is_so().await {
        assert!(start.elapsed() < Duration::from_secs(30), "{what}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

fn is_alive(process: u32) -> bool {
    // A zombie is dead.
    std::fs::read_to_string(format!("/proc/{process}/stat"))
        .is_ok_and(|stat| !stat.rsplit(')').next().unwrap_or_default().trim_start().starts_with('Z'))
}

fn memory_kib(process: u64) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|text| text.parse().ok()).unwrap_or_default()
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn life_of_a_gateway_on_this_machine() {
    let mut world = world().await;
    let plan = world.cloud.plan(&world.spec).await.unwrap();
    assert_eq!(plan.count(GatewayStepAction::Keep), 0);
    assert!(!world.folder.file("gateways").exists(), "a plan changes nothing");
    let start = Instant::now();
    world.cloud.apply(&world.site, &plan, &quiet).await.unwrap();
    eprintln!("measured: {:?} until two instances answer over HTTPS", start.elapsed());
    let first = instances(&world).await;
    assert!(first.len() == 2 && first.iter().all(|one| one.is_ready && one.restarts == 0), "{first:?}");

    // A killed instance comes back at the same place.
    let killed = first[1].process.unwrap();
    assert!(Command::new("kill").args(["-9", &killed.to_string()]).status().unwrap().success());
    until("it is started again", async || {
        let now = instances(&world).await;
        now[1].is_ready && now[1].process != Some(killed)
    })
    .await;
    let again = instances(&world).await;
    assert_eq!((again[1].restarts, &again[1].address), (1, &first[1].address));
    assert_eq!(again[0].process, first[0].process, "the other one is left alone");

    // More, then fewer; another run of the script finds them.
    world.spec.vm_instance_count = 3;
    let other = World {
        cloud: cloud(&world.folder),
        folder: TestFolder::new(),
        site: world.site.clone(),
        spec: world.spec.clone(),
    };
    let plan = apply(&other).await;
    assert_eq!(actions(&plan, GatewayStepAction::Create), ["instance 2"]);
    assert_eq!(instances(&world).await[0].process, first[0].process);
    world.spec.vm_instance_count = 1;
    let plan = apply(&world).await;
    assert_eq!(actions(&plan, GatewayStepAction::Delete), ["instance 1", "instance 2"], "{plan}");
    assert_eq!(instances(&world).await.len(), 1);

    // Another connection point: the settings are read again, and the process stays.
    let process = instances(&world).await[0].process;
    world.spec.connection_point_cert = vec![world.folder.file("root.cer")];
    assert_eq!(actions(&apply(&world).await, GatewayStepAction::Change), ["instance 0"]);
    assert_eq!(instances(&world).await[0].process, process);

    world.cloud.stop(&world.site, SERVICE_NAME, &quiet).await.unwrap();
    assert!(!is_alive(process.unwrap()));
    assert_eq!(instances(&world).await[0].state, "stopped");
    world.cloud.start(&world.site, SERVICE_NAME, &quiet).await.unwrap();
    let before = instances(&world).await[0].process.unwrap();

    // The supervisor dies: nothing is left behind, the plan says so, and applying it heals.
    let state = world.folder.file("gateways/granitefalls");
    let dead = supervisor(&state).unwrap();
    assert!(Command::new("kill").args(["-9", &dead.to_string()]).status().unwrap().success());
    until("the instance goes with its supervisor", async || !is_alive(before)).await;
    let plan = apply(&world).await;
    assert_eq!(actions(&plan, GatewayStepAction::Change), ["1 running"]);
    assert_ne!(supervisor(&state), Some(dead));
    let error = supervise(&state).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict, "{error}");

    let last = instances(&world).await[0].process.unwrap();
    world.cloud.delete(&world.site, SERVICE_NAME, &quiet).await.unwrap();
    assert!(!state.exists() && !is_alive(last));
    assert_eq!(Gateway::find(&world.site, SERVICE_NAME).await.unwrap_err().kind(), ErrorKind::NotFound);
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn the_threshold_of_its_traffic_stops_its_processes() {
    let world = world().await;
    apply(&world).await;
    let gateway = Gateway::find(&world.site, SERVICE_NAME).await.unwrap();
    let mut row = gateway.instance().await.unwrap();
    row.set("TrafficOutInGB", 1_u32).unwrap();
    row.set("TrafficOutStopService", true).unwrap();
    world.site.put(&mut row, PutMode::UpdateOnly).await.unwrap();
    let pki = GatewayPki::new();
    let more = format!(
        "[site]\naddress = \"sqlite:{}\"\n[monitor]\ninterval_seconds = 1\ncloud_folder = \"{}\"\n",
        world.folder.file("site.db").display(),
        world.folder.file("gateways").display()
    );
    let file = point_file(&pki, "CP1", &[1], "https://localhost:1", &more);
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text.replace("\"localhost\"", &format!("\"{SERVICE_NAME}\""))).unwrap();
    let point = ConnectionPointService::start(&file).await.unwrap();
    until("the processes are told of", async || point.health().await.cloud_instances.len() == 2).await;
    assert!(instances(&world).await.iter().all(|one| one.is_ready));

    gateway.monitor().record("CP2", 2 << 30, time::OffsetDateTime::now_utc()).await.unwrap();
    until("the processes end", async || instances(&world).await.iter().all(|one| !one.is_ready)).await;
    until("the site says so", async || gateway.state().await.unwrap() == Some(GatewayState::Stopped)).await;
    let health = point.health().await;
    assert!(health.is_stopped && health.failures.is_empty(), "{:?}", health.failures);
    point.stop().await;
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn sixteen_instances_cost_a_supervisor_little() {
    let mut world = world().await;
    world.spec.vm_instance_count = 16;
    let start = Instant::now();
    apply(&world).await;
    let supervisor = supervisor(&world.folder.file("gateways/granitefalls")).unwrap();
    let kib = memory_kib(supervisor);
    eprintln!("measured: 16 instances after {:?}, supervisor {kib} KiB resident", start.elapsed());
    assert!(kib > 0 && kib < 32 << 10, "{kib} KiB");
    world.cloud.delete(&world.site, SERVICE_NAME, &quiet).await.unwrap();
}

#[tokio::test]
async fn a_program_that_is_nowhere_is_told() {
    let world = world().await;
    let mut options = LocalCloudOptions::default();
    options.folder = Some(world.folder.file("gateways"));
    options.program = Some(world.folder.file("nothing"));
    let error = LocalCloud::new(options).unwrap().plan(&world.spec).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert!(error.cause().contains("the option program names"), "{error}");
}
