//! A gateway is created, changed, stopped and deleted in a simulated Azure, through kills and faults.

// Helpers outside of `#[test]` functions stop a test the same way.
#![allow(clippy::unwrap_used, clippy::panic, clippy::field_reassign_with_default)]

use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use cmgateway::azure::{AzureOptions, Credential};
use cmgateway::gateway::Gateway;
use cmgateway::gateway::provision::{GatewayPlan, GatewayStepAction, Go, ResourceManagerCloud};
use cmgateway::gateway::spec::GatewaySpec;
use cmgateway::net::{ManualTimer, TrustedRoots};
use cmgateway::site::{EmbeddedSite, Site, SiteCode};
use cmgateway::wmi::wql::Parameters;
use cmgateway::{Error, ErrorKind, Secret};
use cmgateway_tests::azure_simulator::{AzureSimulator, Fault, FaultSchedule, TOKEN};
use cmgateway_tests::folder::TestFolder;
use cmgateway_tests::gateway_files::{self, NOW, SERVICE_NAME, SUBSCRIPTION};

struct World {
    simulator: AzureSimulator,
    cloud: ResourceManagerCloud,
    site: Site,
    spec: GatewaySpec,
    folder: TestFolder,
    timer: Arc<ManualTimer>,
}

async fn world() -> World {
    let folder = TestFolder::new();
    gateway_files::write_to(folder.path());
    let simulator = AzureSimulator::start().await;
    let timer = Arc::new(ManualTimer::new(NOW));
    let mut options = AzureOptions::default();
    options.resource_manager_url = Some(simulator.url());
    options.key_vault_url = Some(simulator.url());
    options.trusted_roots = TrustedRoots::Pem(simulator.ca_pem.clone().into_bytes());
    options.timer = Arc::clone(&timer) as Arc<_>;
    let cloud =
        ResourceManagerCloud::new(options, SUBSCRIPTION, Credential::Token(Secret::new(TOKEN))).unwrap();
    let site = site(&folder, "site.db").await;
    let spec = GatewaySpec::load(folder.file("gateway.toml")).await.unwrap();
    World { simulator, cloud, site, spec, folder, timer }
}

async fn site(folder: &TestFolder, name: &str) -> Site {
    EmbeddedSite::create(folder.file(name), &SiteCode::new("ABC").unwrap()).await.unwrap().into()
}

fn quiet(_: &cmgateway::gateway::provision::Progress) -> Go {
    Go::On
}

fn actions(plan: &GatewayPlan, action: GatewayStepAction) -> Vec<&str> {
    plan.steps.iter().filter(|step| step.action == action).map(|step| step.kind.as_str()).collect()
}

async fn state_of(site: &Site) -> Option<i128> {
    let instance = Gateway::find(site, SERVICE_NAME).await.unwrap().instance().await.unwrap();
    instance.get("State").and_then(|state| state.as_integer())
}

#[tokio::test]
async fn life_of_a_gateway() {
    let World { simulator, cloud, site, mut spec, timer, folder: _folder } = world().await;
    let plan = cloud.plan(&spec).await.unwrap();
    assert!(plan.is_change());
    assert_eq!(plan.count(GatewayStepAction::Keep), 0);
    assert!(simulator.requests().iter().all(|request| request.method == "GET"), "a plan changes nothing");
    let text = plan.to_string();
    assert!(
        text.contains("CNAME from GraniteFalls.contoso.com to granitefalls.westus2.cloudapp.azure.com"),
        "{text}"
    );
    assert!(!plan.to_json().contains("correct horse"));

    let before = (simulator.requests().len(), timer.clone());
    let gateway = cloud.apply(&site, &plan, &quiet).await.unwrap();
    let seconds = cmgateway::net::Timer::elapsed(&*before.1).as_secs();
    eprintln!(
        "measured: {} calls, {seconds} s of waiting, to create a gateway",
        simulator.requests().len() - before.0
    );
    assert_eq!(gateway.service_name(), SERVICE_NAME);
    assert_eq!(state_of(&site).await, Some(0));
    for (kind, count) in [
        ("publicIPAddresses", 1),
        ("loadBalancers", 1),
        ("virtualMachineScaleSets", 1),
        ("vaults", 1),
        ("storageAccounts", 1),
    ] {
        assert_eq!(simulator.count(kind), count, "{kind}");
    }
    assert_eq!(simulator.certificate_versions(), [("server".to_owned(), 1)]);
    let listed = gateway.sub_ca().list().await.unwrap();
    assert_eq!(listed.thumbprints().count(), 1);

    // The second time nothing is left to do.
    let plan = cloud.plan(&spec).await.unwrap();
    assert!(!plan.is_change(), "{plan}");
    let changes = |simulator: &AzureSimulator| {
        simulator.requests().iter().filter(|request| request.method != "GET").count()
    };
    let before = changes(&simulator);
    cloud.apply(&site, &plan, &quiet).await.unwrap();
    assert_eq!(changes(&simulator), before, "a plan without a change sends none");

    // More instances: the scale set alone changes.
    spec.vm_instance_count = 4;
    let plan = cloud.plan(&spec).await.unwrap();
    assert_eq!(actions(&plan, GatewayStepAction::Change), ["scale set", "instances"], "{plan}");
    cloud.apply(&site, &plan, &quiet).await.unwrap();
    assert!(!cloud.plan(&spec).await.unwrap().is_change());

    cloud.stop(&site, SERVICE_NAME).await.unwrap();
    assert_eq!(state_of(&site).await, Some(6));
    assert_eq!(actions(&cloud.plan(&spec).await.unwrap(), GatewayStepAction::Change), ["instances"]);
    cloud.start(&site, SERVICE_NAME).await.unwrap();
    assert_eq!(state_of(&site).await, Some(0));

    cloud.delete(&site, SERVICE_NAME).await.unwrap();
    assert_eq!(
        simulator.state().len(),
        1,
        "only the vault's deleted contents are left: {:?}",
        simulator.state()
    );
    assert_eq!(Gateway::find(&site, SERVICE_NAME).await.unwrap_err().kind(), ErrorKind::NotFound);
    // The vault of the same name is recovered, where a new one would be refused.
    let plan = cloud.plan(&spec).await.unwrap();
    cloud.apply(&site, &plan, &quiet).await.unwrap();
    assert_eq!(simulator.count("vaults"), 1);
}

#[tokio::test]
async fn ports_are_those_that_are_needed() {
    let World { spec, folder: _folder, .. } = world().await;
    for (count, expected) in [(1, vec!["443", "443"]), (2, vec!["443", "443", "10124"])] {
        let mut spec = spec.clone();
        spec.vm_instance_count = count;
        let simulated = world().await;
        let plan = simulated.cloud.plan(&spec).await.unwrap();
        simulated.cloud.apply(&simulated.site, &plan, &quiet).await.unwrap();
        let state = simulated.simulator.state();
        let find = |kind: &str| state.iter().find(|(path, _)| path.contains(kind)).unwrap().1.clone();
        let rules =
            find("/networksecuritygroups/")["properties"]["securityRules"].as_array().unwrap().clone();
        let ports: Vec<_> =
            rules.iter().map(|rule| rule["properties"]["destinationPortRange"].as_str().unwrap()).collect();
        assert_eq!(ports, expected);
        let pools = find("/loadbalancers/")["properties"]["inboundNatPools"].as_array().unwrap().clone();
        assert_eq!(pools.len(), usize::from(count > 1));
    }
}

#[tokio::test]
async fn a_group_that_is_being_deleted_is_waited_for() {
    let World { simulator, cloud, site, spec, folder: _folder, .. } = world().await;
    let plan = cloud.plan(&spec).await.unwrap();
    cloud.apply(&site, &plan, &quiet).await.unwrap();
    simulator.begin_deletion(&cloud.manager().group_path("cmg-granitefalls"), 12);
    let plan = cloud.plan(&spec).await.unwrap();
    assert!(actions(&plan, GatewayStepAction::Create).contains(&"resource group"), "{plan}");
    cloud.apply(&site, &plan, &quiet).await.unwrap();
    assert!(!cloud.plan(&spec).await.unwrap().is_change());
}

#[tokio::test]
async fn a_429_storm_is_sat_out() {
    let World { simulator, cloud, site, spec, timer, folder: _folder } = world().await;
    let plan = cloud.plan(&spec).await.unwrap();
    let storm = (0..8).map(|_| Some(Fault::Throttled { seconds: Some(17) }));
    simulator.set_faults(FaultSchedule::new(storm));
    cloud.apply(&site, &plan, &quiet).await.unwrap();
    assert!(cmgateway::net::Timer::elapsed(&*timer) >= Duration::from_secs(8 * 17));
    // One that does not end is told, with the time to come back.
    simulator.set_faults(FaultSchedule::new((0..200).map(|_| Some(Fault::Throttled { seconds: Some(17) }))));
    let error = cloud.plan(&spec).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.retry()),
        (ErrorKind::Unavailable, cmgateway::Retry::After(Duration::from_secs(17)))
    );
}

#[tokio::test]
async fn stopped_at_every_event_it_goes_on() {
    let World { simulator, cloud, site, spec, folder: _folder, .. } = world().await;
    let plan = cloud.plan(&spec).await.unwrap();
    let mut stops = 0;
    for stop_at in 1.. {
        let seen = std::sync::atomic::AtomicUsize::new(0);
        let result = cloud
            .apply(&site, &plan, &|_| {
                let number = seen.fetch_add(1, std::sync::atomic::Ordering::Relaxed) + 1;
                if number == stop_at { Go::Stop } else { Go::On }
            })
            .await;
        match result {
            Ok(_) => break,
            Err(error) => assert_eq!(error.kind(), ErrorKind::Stopped, "{error}"),
        }
        stops += 1;
        assert!(stops < 200);
    }
    assert!(stops > 20, "{stops}");
    assert_eq!(simulator.certificate_versions(), [("server".to_owned(), 1)]);
    assert!(!cloud.plan(&spec).await.unwrap().is_change());
}

/// Runs the creator in a process of its own.
fn create(world: &World, site: &str, kill_at: usize) -> std::process::Output {
    Command::new(env!("CARGO_BIN_EXE_gateway-creator"))
        .arg(world.simulator.url())
        .arg(world.folder.file("ca.pem"))
        .arg(world.folder.file(site))
        .arg(world.folder.file("gateway.toml"))
        .arg(kill_at.to_string())
        .output()
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_every_step_it_is_taken_up() {
    let mut expected = None;
    for kill_at in 0.. {
        let world = world().await;
        world.simulator.register_providers();
        std::fs::write(world.folder.file("ca.pem"), &world.simulator.ca_pem).unwrap();
        world.site.close().await.unwrap();
        let output = tokio::task::block_in_place(|| create(&world, "site.db", kill_at));
        if kill_at > 0 && output.status.success() {
            assert!(kill_at > 20, "{kill_at} events");
            eprintln!("killed at each of {} events", kill_at - 1);
            break;
        }
        if kill_at > 0 {
            assert!(output.status.code() != Some(1), "{}", String::from_utf8_lossy(&output.stderr));
            let output = tokio::task::block_in_place(|| create(&world, "site.db", 0));
            assert!(output.status.success(), "after {kill_at}: {}", String::from_utf8_lossy(&output.stderr));
        }
        let state = world.simulator.state();
        assert_eq!(state, *expected.get_or_insert_with(|| state.clone()), "killed at {kill_at}");
        let site: Site = EmbeddedSite::open(world.folder.file("site.db")).await.unwrap().into();
        assert_eq!(state_of(&site).await, Some(0));
        for (class, count) in [("SMS_AzureService", 1), ("SMS_AzureServicesTask", 1)] {
            let rows = site.query(&format!("SELECT * FROM {class}"), &Parameters::None).await.unwrap();
            assert_eq!(rows.all().await.unwrap().len(), count, "{class}, killed at {kill_at}");
        }
    }
}

#[tokio::test]
async fn schedules_of_faults() {
    // CMGATEWAY_FAULT_SCHEDULES=200 runs all that were ever run; a few are enough to notice a mistake.
    let schedules =
        std::env::var("CMGATEWAY_FAULT_SCHEDULES").ok().and_then(|text| text.parse().ok()).unwrap_or(40_u64);
    let World { simulator, cloud, site: _, spec, folder, .. } = world().await;
    let (mut converged, mut again) = (0, 0);
    for seed in 0..schedules {
        let site = site(&folder, &format!("site{seed}.db")).await;
        simulator.set_faults(FaultSchedule::random(seed, 400, 5 + seed % 30));
        let mut done = false;
        for _ in 0..10 {
            match attempt(&cloud, &site, &spec).await {
                Ok(()) => done = true,
                Err(error) => {
                    again += 1;
                    assert!(says_what_to_do(&error), "seed {seed}: {error:?}");
                    continue;
                }
            }
            break;
        }
        assert!(done, "seed {seed} did not come to an end");
        converged += 1;
        if seed % 10 == 9 {
            eprintln!("{converged} schedules converged so far, {again} attempts were taken up again");
        }
        simulator.set_faults(FaultSchedule::default());
        assert!(!cloud.plan(&spec).await.unwrap().is_change(), "seed {seed}");
        assert_eq!(simulator.count("virtualMachineScaleSets"), 1, "seed {seed}");
        cloud.delete(&site, SERVICE_NAME).await.unwrap();
        site.close().await.unwrap();
    }
    eprintln!("{converged} schedules converged, {again} attempts were taken up again");
}

async fn attempt(cloud: &ResourceManagerCloud, site: &Site, spec: &GatewaySpec) -> Result<(), Error> {
    let plan = cloud.plan(spec).await?;
    cloud.apply(site, &plan, &quiet).await.map(drop)
}

/// Either it may be tried again, or it names a cause.
fn says_what_to_do(error: &Error) -> bool {
    error.retry() != cmgateway::Retry::Never || error.cause().contains("again")
}
