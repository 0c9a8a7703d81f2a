//! A gateway is created, changed, stopped and deleted in a simulated Resource Manager.

// Helpers outside of `#[test]` functions stop a test the same way.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::time::Duration;

use cmgateway::ErrorKind;
use cmgateway::gateway::Gateway;
use cmgateway::gateway::provision::GatewayStepAction;
use cmgateway::site::Site;
use cmgateway_tests::azure_simulator::{AzureSimulator, Fault, FaultSchedule};
use cmgateway_tests::gateway_files::SERVICE_NAME;
use cmgateway_tests::simulated_cloud::{SimulatedWorld, kinds, quiet};

async fn state_of(site: &Site) -> Option<i128> {
    let instance = Gateway::find(site, SERVICE_NAME).await.unwrap().instance().await.unwrap();
    instance.get("State").and_then(|state| state.as_integer())
}

#[tokio::test]
async fn life_of_a_gateway() {
    let world = SimulatedWorld::start().await;
    let cloud = world.resource_manager();
    let SimulatedWorld { simulator, site, mut spec, timer, folder: _folder } = world;
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
    assert_eq!(kinds(&plan, GatewayStepAction::Change), ["scale set", "instances"], "{plan}");
    cloud.apply(&site, &plan, &quiet).await.unwrap();
    assert!(!cloud.plan(&spec).await.unwrap().is_change());

    cloud.stop(&site, SERVICE_NAME, &quiet).await.unwrap();
    assert_eq!(state_of(&site).await, Some(6));
    assert_eq!(kinds(&cloud.plan(&spec).await.unwrap(), GatewayStepAction::Change), ["instances"]);
    cloud.start(&site, SERVICE_NAME, &quiet).await.unwrap();
    assert_eq!(state_of(&site).await, Some(0));

    cloud.delete(&site, SERVICE_NAME, &quiet).await.unwrap();
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
    let SimulatedWorld { spec, folder: _folder, .. } = SimulatedWorld::start().await;
    for (count, expected) in [(1, vec!["443", "443"]), (2, vec!["443", "443", "10124"])] {
        let mut spec = spec.clone();
        spec.vm_instance_count = count;
        let simulated = SimulatedWorld::start().await;
        let cloud = simulated.resource_manager();
        let plan = cloud.plan(&spec).await.unwrap();
        cloud.apply(&simulated.site, &plan, &quiet).await.unwrap();
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
    let world = SimulatedWorld::start().await;
    let cloud = world.resource_manager();
    let SimulatedWorld { simulator, site, spec, folder: _folder, .. } = world;
    let plan = cloud.plan(&spec).await.unwrap();
    cloud.apply(&site, &plan, &quiet).await.unwrap();
    simulator.begin_deletion(&cloud.manager().group_path("cmg-granitefalls"), 12);
    let plan = cloud.plan(&spec).await.unwrap();
    assert!(kinds(&plan, GatewayStepAction::Create).contains(&"resource group"), "{plan}");
    cloud.apply(&site, &plan, &quiet).await.unwrap();
    assert!(!cloud.plan(&spec).await.unwrap().is_change());
}

#[tokio::test]
async fn a_429_storm_is_sat_out() {
    let world = SimulatedWorld::start().await;
    let cloud = world.resource_manager();
    let SimulatedWorld { simulator, site, spec, timer, folder: _folder } = world;
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
