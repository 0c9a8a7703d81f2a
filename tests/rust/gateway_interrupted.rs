//! The creation of a gateway, stopped, killed and disturbed at every place: it goes on, and nothing is made twice.

// Helpers outside of `#[test]` functions stop a test the same way.
#![cfg_attr(
    not(target_os = "linux"),
    allow(dead_code, unused_imports, reason = "what looks at processes runs on Linux")
)]
#![allow(clippy::unwrap_used, clippy::panic, clippy::field_reassign_with_default)]

use std::process::{Command, Output};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use cmgateway::gateway::Gateway;
use cmgateway::gateway::provision::{Cloud, Go, LocalCloud, LocalCloudOptions, LocalPorts};
use cmgateway::net::SystemTimer;
use cmgateway::site::{EmbeddedSite, Site};
use cmgateway::wmi::wql::Parameters;
use cmgateway::{Error, ErrorKind};
use cmgateway_tests::azure_simulator::FaultSchedule;
use cmgateway_tests::gateway_files::SERVICE_NAME;
use cmgateway_tests::program::program;
use cmgateway_tests::simulated_cloud::{SimulatedWorld, attempt, classic, new_site, quiet, resource_manager};

const CLOUDS: [&str; 2] = ["resource-manager", "classic"];

fn cloud(name: &str, world: &SimulatedWorld) -> Box<dyn Cloud> {
    match name {
        "classic" => Box::new(world.classic()),
        _ => Box::new(world.resource_manager()),
    }
}

/// Makes sure that nothing is there twice.
fn assert_single(name: &str, world: &SimulatedWorld, when: &str) {
    match name {
        "classic" => {
            let state = world.simulator.state();
            let (_, service) = state.iter().find(|(name, _)| name == "granitefalls").unwrap();
            assert_eq!(service["certificates"].as_array().unwrap().len(), 2, "{when}");
            assert_eq!(service["deployments"].as_array().unwrap().len(), 1, "{when}");
        }
        _ => {
            assert_eq!(world.simulator.count("virtualMachineScaleSets"), 1, "{when}");
            assert_eq!(world.simulator.certificate_versions(), [("server".to_owned(), 1)], "{when}");
        }
    }
}

#[tokio::test]
async fn stopped_at_every_event_it_goes_on() {
    for name in CLOUDS {
        let world = SimulatedWorld::start().await;
        let cloud = cloud(name, &world);
        let plan = cloud.plan(&world.spec).await.unwrap();
        let mut stops = 0;
        for stop_at in 1.. {
            let seen = AtomicUsize::new(0);
            let result = cloud
                .apply(&world.site, &plan, &|_| {
                    let number = seen.fetch_add(1, Ordering::Relaxed) + 1;
                    if number == stop_at { Go::Stop } else { Go::On }
                })
                .await;
            match result {
                Ok(_) => break,
                Err(error) => assert_eq!(error.kind(), ErrorKind::Stopped, "{name}: {error}"),
            }
            stops += 1;
            assert!(stops < 200);
        }
        assert!(stops > 10, "{name}: {stops}");
        assert_single(name, &world, name);
        assert!(!cloud.plan(&world.spec).await.unwrap().is_change());
    }
}

#[tokio::test]
async fn a_wait_that_takes_many_seconds_is_ended_within_one() {
    for name in CLOUDS {
        let world = SimulatedWorld::start().await;
        let mut options = world.options();
        // Real seconds: the services ask to wait five to fifteen of them between two looks.
        options.timer = Arc::new(SystemTimer::new());
        options.retry.poll_pause = Duration::from_secs(30);
        world.simulator.register_providers();
        let cloud: Box<dyn Cloud> = match name {
            "classic" => Box::new(classic(&options, world.folder.path()).unwrap()),
            _ => Box::new(resource_manager(options).unwrap()),
        };
        let plan = cloud.plan(&world.spec).await.unwrap();
        let (last, asked) = (Mutex::new(Instant::now()), Mutex::new(None));
        let error = cloud
            .apply(&world.site, &plan, &|now| {
                // Nothing has happened for a while: the beat of a wait.
                let quiet = std::mem::replace(&mut *last.lock().unwrap(), Instant::now()).elapsed();
                if now.phase != "waiting" || quiet < Duration::from_millis(900) {
                    return Go::On;
                }
                assert!(quiet < Duration::from_millis(2500), "{quiet:?}");
                *asked.lock().unwrap() = Some(Instant::now());
                Go::Stop
            })
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Stopped, "{name}: {error}");
        assert!(error.cause().contains("apply again"), "{name}: {error}");
        let asked = asked.into_inner().unwrap().unwrap();
        assert!(asked.elapsed() < Duration::from_millis(1500), "{name}: {:?}", asked.elapsed());
    }
}

/// Runs the creator in a process of its own.
fn create(name: &str, world: &SimulatedWorld, kill_at: usize) -> Output {
    Command::new(env!("CARGO_BIN_EXE_gateway-creator"))
        .args([name, &world.simulator.url()])
        .arg(world.folder.path())
        .arg(kill_at.to_string())
        .env("CMGATEWAY_PROGRAM", program())
        .output()
        .unwrap()
}

async fn assert_recorded_once(world: &SimulatedWorld, when: &str) {
    let site: Site = EmbeddedSite::open(world.folder.file("site.db")).await.unwrap().into();
    let instance = Gateway::find(&site, SERVICE_NAME).await.unwrap().instance().await.unwrap();
    assert_eq!(instance.get("State").and_then(|state| state.as_integer()), Some(0), "{when}");
    for (class, count) in [("SMS_AzureService", 1), ("SMS_AzureServicesTask", 1)] {
        let rows = site.query(&format!("SELECT * FROM {class}"), &Parameters::None).await.unwrap();
        assert_eq!(rows.all().await.unwrap().len(), count, "{class}, {when}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_every_event_it_is_taken_up() {
    for name in CLOUDS {
        let mut expected = None;
        for kill_at in 0.. {
            let world = SimulatedWorld::start().await;
            world.simulator.register_providers();
            world.site.close().await.unwrap();
            let output = tokio::task::block_in_place(|| create(name, &world, kill_at));
            if kill_at > 0 && output.status.success() {
                assert!(kill_at > 10, "{kill_at} events");
                eprintln!("{name}: killed at each of {} events", kill_at - 1);
                break;
            }
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            assert!(output.status.code() != Some(1), "{name}, {kill_at}: {said}");
            if kill_at > 0 {
                let output = tokio::task::block_in_place(|| create(name, &world, 0));
                let said = String::from_utf8_lossy(&output.stderr).into_owned();
                assert!(output.status.success(), "{name} after {kill_at}: {said}");
            }
            let state = world.simulator.state();
            let when = format!("{name} killed at {kill_at}");
            assert_eq!(state, *expected.get_or_insert_with(|| state.clone()), "{when}");
            assert_single(name, &world, &when);
            assert_recorded_once(&world, &when).await;
        }
    }
}

/// The gateways of a folder on this machine; where a test fails, its processes go with their supervisor.
struct Local<'a>(&'a SimulatedWorld);

impl Local<'_> {
    fn cloud(&self) -> LocalCloud {
        let mut options = LocalCloudOptions::default();
        options.folder = Some(self.0.folder.file("gateways"));
        options.program = Some(program());
        options.ports = LocalPorts::Free;
        LocalCloud::new(options).unwrap()
    }

    fn state(&self) -> std::path::PathBuf {
        self.0.folder.file("gateways/granitefalls")
    }

    /// Without what only tells how it came to be.
    fn files(&self) -> Vec<String> {
        let names = std::fs::read_dir(self.state()).unwrap().map(|entry| entry.unwrap().file_name());
        let mut names: Vec<_> = names.map(|name| name.into_string().unwrap()).collect();
        names.retain(|name| !name.contains(".new-"));
        names.sort();
        names
    }
}

impl Drop for Local<'_> {
    fn drop(&mut self) {
        let told = std::fs::read(self.state().join("state.json")).unwrap_or_default();
        let told: serde_json::Value = serde_json::from_slice(&told).unwrap_or_default();
        if let Some(supervisor) = told["supervisor"].as_u64() {
            let _ = Command::new("kill").args(["-9", &supervisor.to_string()]).status();
        }
    }
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn killed_at_every_event_a_local_gateway_is_taken_up() {
    let mut expected = None;
    for kill_at in 0.. {
        let world = SimulatedWorld::start().await;
        let local = Local(&world);
        world.site.close().await.unwrap();
        let output = tokio::task::block_in_place(|| create("local", &world, kill_at));
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.code() != Some(1), "{kill_at}: {said}");
        let was_killed = !output.status.success();
        if was_killed {
            let output = tokio::task::block_in_place(|| create("local", &world, 0));
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            assert!(output.status.success(), "after {kill_at}: {said}");
        }
        let when = format!("killed at {kill_at}");
        assert_recorded_once(&world, &when).await;
        let (site, cloud) =
            (EmbeddedSite::open(world.folder.file("site.db")).await.unwrap().into(), local.cloud());
        let all = cloud.instances(&site, SERVICE_NAME).await.unwrap();
        assert!(all.len() == 2 && all.iter().all(|one| one.is_ready && one.restarts == 0), "{when}: {all:?}");
        assert!(all[0].process != all[1].process && all[0].address != all[1].address, "{when}: {all:?}");
        assert!(!cloud.plan(&world.spec).await.unwrap().is_change(), "{when}");
        assert_eq!(local.files(), *expected.get_or_insert_with(|| local.files()), "{when}");
        cloud.delete(&site, SERVICE_NAME, &quiet).await.unwrap();
        if kill_at > 0 && !was_killed {
            assert!(kill_at > 10, "{kill_at} events");
            eprintln!("this machine: killed at each of {} events", kill_at - 1);
            break;
        }
    }
}

#[tokio::test]
async fn schedules_of_faults() {
    // CMGATEWAY_FAULT_SCHEDULES=200 runs all that were ever run; a few are enough to notice a mistake.
    let given = std::env::var("CMGATEWAY_FAULT_SCHEDULES").ok().and_then(|text| text.parse().ok());
    let schedules = given.unwrap_or(25_u64);
    for name in CLOUDS {
        let world = SimulatedWorld::start().await;
        let cloud = cloud(name, &world);
        let mut again = 0;
        for seed in 0..schedules {
            let site = new_site(&world.folder, &format!("site{seed}.db")).await;
            world.simulator.set_faults(FaultSchedule::random(seed, 400, 5 + seed % 30));
            let mut done = false;
            for _ in 0..10 {
                match attempt(&*cloud, &site, &world.spec).await {
                    Ok(()) => done = true,
                    Err(error) => {
                        again += 1;
                        assert!(says_what_to_do(&error), "{name}, seed {seed}: {error:?}");
                        continue;
                    }
                }
                break;
            }
            assert!(done, "{name}: seed {seed} did not come to an end");
            world.simulator.set_faults(FaultSchedule::default());
            assert!(!cloud.plan(&world.spec).await.unwrap().is_change(), "{name}: seed {seed}");
            assert_single(name, &world, &format!("{name}, seed {seed}"));
            cloud.delete(&site, SERVICE_NAME, &quiet).await.unwrap();
            site.close().await.unwrap();
        }
        eprintln!("{name}: {schedules} schedules converged, {again} attempts were taken up again");
    }
}

/// Names what it was about, and says what to do next; `retry` alone would be for programs.
fn says_what_to_do(error: &Error) -> bool {
    let cause = error.cause();
    let planned = cause.ends_with("nothing was changed: plan again");
    // The step, the kind of its resource and its name.
    let step = cause.rsplit_once("; at step ").map(|(_, step)| step);
    let place = step.and_then(|step| step.split_once(": ")).map(|(place, _)| place);
    let kinds = ["management certificate", "cloud service", "server certificate", "sub-CA certificate"];
    let kinds = kinds.into_iter().chain(["deployment", "role instances"]).chain(ARM_KINDS);
    let is_named = |place: &str| kinds.clone().any(|kind| place.contains(&format!(", {kind} ")));
    let advice =
        ["apply again: it looks first, and goes on from what is there", "plan anew, then apply again"];
    let applied = place.is_some_and(is_named) && advice.iter().any(|advice| cause.ends_with(advice));
    // A thing and a verb, in words of their own.
    error.operation().contains(' ') && (planned || applied)
}

/// What a gateway in the Resource Manager is made of.
const ARM_KINDS: [&str; 11] = [
    "resource provider",
    "resource group",
    "security group",
    "virtual network",
    "public address",
    "load balancer",
    "managed identity",
    "key vault",
    "storage account",
    "scale set",
    "instances",
];

#[test]
fn an_error_without_advice_would_be_noticed() {
    use cmgateway::ErrorKind::{Conflict, Unavailable};
    let advice = "apply again: it looks first, and goes on from what is there";
    for (cause, expected) in [
        ("503 ServerBusy", false),
        ("503 ServerBusy; apply again", false),
        (&format!("503 ServerBusy; at step 2 of 6, cloud service granitefalls: {advice}"), true),
        (&format!("503 ServerBusy; at step 2 of 6, something: {advice}"), false),
        ("503 ServerBusy; at step 2 of 6, cloud service granitefalls: sorry", false),
        ("503 ServerBusy; nothing was changed: plan again", true),
    ] {
        for kind in [Conflict, Unavailable] {
            let error = Error::new(kind, "read cloud service granitefalls", cause);
            assert_eq!(says_what_to_do(&error), expected, "{cause}");
        }
    }
}
