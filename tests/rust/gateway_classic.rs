//! A gateway is created, changed, stopped and deleted through a simulated classic API.

// Helpers outside of `#[test]` functions stop a test the same way.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::sync::Mutex;
use std::time::Duration;

use cmgateway::ErrorKind;
use cmgateway::azure::AzureEnvironment;
use cmgateway::azure::asm::DeploymentAt;
use cmgateway::gateway::Gateway;
use cmgateway::gateway::provision::{ClassicCloud, Cloud, GatewayStepAction, Go, Progress};
use cmgateway::net::Timer;
use cmgateway::site::Site;
use cmgateway_tests::azure_simulator::{Fault, FaultSchedule};
use cmgateway_tests::gateway_files::{SERVICE_NAME, SUBSCRIPTION};
use cmgateway_tests::simulated_cloud::{
    SimulatedWorld, attempt, kinds, management, package, quiet, resource_manager, token,
};

async fn row(site: &Site) -> cmgateway::wmi::Instance {
    Gateway::find(site, SERVICE_NAME).await.unwrap().instance().await.unwrap()
}

async fn state_of(site: &Site) -> Option<i128> {
    row(site).await.get("State").and_then(|state| state.as_integer())
}

fn changes(world: &SimulatedWorld) -> usize {
    world.simulator.requests().iter().filter(|request| request.method != "GET").count()
}

#[tokio::test]
async fn life_of_a_classic_gateway() {
    let mut world = SimulatedWorld::start().await;
    let cloud = world.classic();
    let plan = cloud.plan(&world.spec).await.unwrap();
    let expected = [
        "management certificate",
        "cloud service",
        "server certificate",
        "sub-CA certificate",
        "deployment",
        "role instances",
    ];
    assert_eq!(plan.steps.iter().map(|step| step.kind.as_str()).collect::<Vec<_>>(), expected);
    assert_eq!((plan.count(GatewayStepAction::Keep), changes(&world)), (0, 0), "a plan changes nothing");
    assert!(plan.to_string().contains("CNAME from GraniteFalls.contoso.com to granitefalls.cloudapp.net"));
    let secrets = plan.to_json() + &format!("{cloud:?} {:?}", package());
    assert!(!secrets.contains("SECRET") && !secrets.contains("correct horse"), "{secrets}");

    let gateway = cloud.apply(&world.site, &plan, &quiet).await.unwrap();
    let certificate = management(world.folder.path());
    let with_certificate =
        world.simulator.requests().into_iter().filter(|request| request.client_certificate.is_some());
    assert!(with_certificate.count() > 10, "the management certificate lets in");
    assert_eq!(gateway.sub_ca().list().await.unwrap().thumbprints().count(), 1);
    let row = row(&world.site).await;
    assert_eq!(row.text("Fqdn"), Some("granitefalls.cloudapp.net"));
    let thumbprint = certificate.certificate().thumbprint().to_string();
    assert_eq!(row.text("ManagementThumbprint"), Some(thumbprint.as_str()));
    let instances = cloud.instances(&world.site, SERVICE_NAME).await.unwrap();
    let names: Vec<_> =
        instances.iter().map(|one| (one.name.as_str(), one.state.as_str(), one.is_ready)).collect();
    assert_eq!(names, [("ProxyService_IN_0", "ReadyRole", true), ("ProxyService_IN_1", "ReadyRole", true)]);

    // The second time nothing is left to do.
    let (plan, before) = (cloud.plan(&world.spec).await.unwrap(), changes(&world));
    assert!(!plan.is_change(), "{plan}");
    cloud.apply(&world.site, &plan, &quiet).await.unwrap();
    assert_eq!(changes(&world), before, "a plan without a change sends none");

    // More instances, then fewer: a new configuration, and a wait.
    for count in [4, 1] {
        world.spec.vm_instance_count = count;
        let plan = cloud.plan(&world.spec).await.unwrap();
        assert_eq!(kinds(&plan, GatewayStepAction::Change), ["deployment", "role instances"], "{plan}");
        cloud.apply(&world.site, &plan, &quiet).await.unwrap();
        assert!(!cloud.plan(&world.spec).await.unwrap().is_change());
        assert_eq!(cloud.instances(&world.site, SERVICE_NAME).await.unwrap().len() as u32, count);
    }

    // Another package is an upgrade; a new signature of its address is none.
    let with = |url: &str| {
        let mut package = package();
        package.url = url.to_owned();
        let management = Some(management(world.folder.path()));
        ClassicCloud::new(&world.options(), SUBSCRIPTION, management, None, package).unwrap()
    };
    let same = with("https://gfstore.blob.core.windows.net/p/cmg.cspkg?sig=OTHER");
    assert!(!same.plan(&world.spec).await.unwrap().is_change());
    attempt(&with("https://gfstore.blob.core.windows.net/p/cmg2.cspkg"), &world.site, &world.spec)
        .await
        .unwrap();
    let upgrades =
        world.simulator.requests().into_iter().filter(|request| request.target.ends_with("comp=upgrade"));
    assert_eq!(upgrades.count(), 1);

    let cloud = with("https://gfstore.blob.core.windows.net/p/cmg2.cspkg");
    cloud.stop(&world.site, SERVICE_NAME, &quiet).await.unwrap();
    assert_eq!(state_of(&world.site).await, Some(6));
    assert!(cloud.instances(&world.site, SERVICE_NAME).await.unwrap().iter().all(|one| !one.is_ready));
    assert_eq!(kinds(&cloud.plan(&world.spec).await.unwrap(), GatewayStepAction::Change), ["role instances"]);
    cloud.start(&world.site, SERVICE_NAME, &quiet).await.unwrap();
    assert_eq!(state_of(&world.site).await, Some(0));

    cloud.delete(&world.site, SERVICE_NAME, &quiet).await.unwrap();
    let left: Vec<_> = world.simulator.state().into_iter().map(|(name, _)| name).collect();
    assert_eq!(left, [thumbprint], "the management certificate stays");
    assert_eq!(Gateway::find(&world.site, SERVICE_NAME).await.unwrap_err().kind(), ErrorKind::NotFound);
}

#[tokio::test]
async fn what_cannot_be_is_told_before_anything_is_made() {
    let mut world = SimulatedWorld::start().await;
    let cloud = world.classic();
    world.simulator.take_name("GraniteFalls");
    let error = cloud.plan(&world.spec).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict);
    assert!(error.cause().contains("HostedServiceAlreadyExists): choose another service_name"), "{error}");

    // A certificate that the subscription does not know, and nobody to upload it.
    let unknown = Some(management(world.folder.path()));
    let alone = ClassicCloud::new(&world.options(), SUBSCRIPTION, unknown, None, package()).unwrap();
    let error = alone.plan(&world.spec).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Auth);
    assert!(error.cause().contains("CN=CMG management") && error.cause().contains("upload it"), "{error}");
    let error = ClassicCloud::new(&world.options(), SUBSCRIPTION, None, None, package()).unwrap_err();
    assert!(error.cause().contains("certificate or credential"), "{error}");

    // A cloud service does not move.
    let world2 = SimulatedWorld::start().await;
    let by_token =
        ClassicCloud::new(&world2.options(), SUBSCRIPTION, None, Some(token()), package()).unwrap();
    attempt(&by_token, &world2.site, &world2.spec).await.unwrap();
    world.spec = world2.spec.clone();
    world.spec.region = "WestEurope".into();
    let error = by_token.plan(&world.spec).await.unwrap_err();
    assert!(error.cause().contains("it lies in West US 2, not in West Europe"), "{error}");
    assert_eq!(by_token.name(), "Azure classic");
}

/// Every request that was sent since, without those of tokens.
fn sent(world: &SimulatedWorld, before: usize) -> Vec<String> {
    let all = world.simulator.requests();
    all.into_iter().skip(before).map(|request| format!("{} {}", request.method, request.target)).collect()
}

#[tokio::test]
async fn a_new_management_certificate_is_waited_for_also_where_the_answer_got_lost() {
    for is_lost in [false, true] {
        let world = SimulatedWorld::start().await;
        world.simulator.refuse_fresh_certificates(4);
        let cloud = world.classic();
        let plan = cloud.plan(&world.spec).await.unwrap();
        if is_lost {
            world.simulator.lose_answer_of("POST", "/certificates");
        }
        cloud.apply(&world.site, &plan, &quiet).await.unwrap();
        assert!(!cloud.plan(&world.spec).await.unwrap().is_change());
        let uploads = sent(&world, 0).into_iter().filter(|one| one.starts_with("POST"));
        let uploads = uploads.filter(|one| one.ends_with(&format!("{SUBSCRIPTION}/certificates")));
        assert_eq!(uploads.count(), 1, "lost: {is_lost}");
    }
}

#[tokio::test]
async fn a_certificate_that_was_uploaded_before_a_crash_is_waited_for() {
    let world = SimulatedWorld::start().await;
    world.simulator.refuse_fresh_certificates(7);
    let cloud = world.classic();
    let plan = cloud.plan(&world.spec).await.unwrap();
    // Stopped while it is not yet let in, as by a crash.
    let error = cloud
        .apply(&world.site, &plan, &|now| if now.phase == "waiting" { Go::Stop } else { Go::On })
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Stopped, "{error}");
    let plan = cloud.plan(&world.spec).await.unwrap();
    assert_eq!(kinds(&plan, GatewayStepAction::Change)[0], "management certificate", "{plan}");
    cloud.apply(&world.site, &plan, &quiet).await.unwrap();
    assert!(!cloud.plan(&world.spec).await.unwrap().is_change());
}

#[tokio::test]
async fn what_others_do_to_the_deployment_is_met() {
    let world = SimulatedWorld::start().await;
    let cloud = world.classic();
    attempt(&cloud, &world.site, &world.spec).await.unwrap();
    // Somebody suspends it: it is told to run again, and not waited for in vain.
    world.simulator.interfere_with("GraniteFalls", false);
    let (before, start) = (sent(&world, 0).len(), world.timer.elapsed());
    let heard = Mutex::new(String::new());
    let listen = |now: &Progress| {
        heard.lock().unwrap().push_str(&format!("{now}\n"));
        Go::On
    };
    cloud.start(&world.site, SERVICE_NAME, &listen).await.unwrap();
    let heard = heard.into_inner().unwrap();
    for told in
        ["(Suspending, ProxyService_IN_0 ", "ProxyService_IN_0 BusyRole, ProxyService_IN_1 ", "ReadyRole)"]
    {
        assert!(heard.contains(told), "{told}: {heard}");
    }
    assert!(
        sent(&world, before).iter().any(|one| one.ends_with("comp=status")),
        "{:?}",
        sent(&world, before)
    );
    assert!(world.timer.elapsed() - start < Duration::from_secs(600));
    assert_eq!(state_of(&world.site).await, Some(0));
    // Stopping one that is being suspended is no change, only a wait.
    world.simulator.interfere_with("GraniteFalls", false);
    cloud.stop(&world.site, SERVICE_NAME, &quiet).await.unwrap();
    assert_eq!(state_of(&world.site).await, Some(6));
    // Somebody deletes it: that is told at once, with what to do.
    world.simulator.interfere_with("GraniteFalls", true);
    let start = world.timer.elapsed();
    let error = cloud.start(&world.site, SERVICE_NAME, &quiet).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict, "{error}");
    assert!(error.cause().contains("deleting it") && error.cause().contains("apply"), "{error}");
    assert!(world.timer.elapsed() - start < Duration::from_secs(600));
    attempt(&cloud, &world.site, &world.spec).await.unwrap();
    assert_eq!(state_of(&world.site).await, Some(0));
}

#[tokio::test]
async fn what_a_configuration_holds_beyond_ours_stays_in_the_deployment() {
    let mut world = SimulatedWorld::start().await;
    let with = |configuration: Option<String>| {
        let mut package = package();
        package.configuration = configuration;
        let management = Some(management(world.folder.path()));
        ClassicCloud::new(&world.options(), SUBSCRIPTION, management, Some(token()), package).unwrap()
    };
    let text = "<ServiceConfiguration xmlns='http://schemas.microsoft.com/ServiceHosting/2008/10/ServiceConfiguration' \
         serviceName='CMG' osFamily='4' osVersion='*' schemaVersion='2015-04.2.6'>\
         <Role name='ProxyService' vmName='proxy'><OsImage href='x'/><Instances count='1'/>\
         <ConfigurationSettings><Setting name='A' value='1'/></ConfigurationSettings></Role>\
         <Role name='Other'><Instances count='1'/></Role>\
         <NetworkConfiguration><Net name='one'/></NetworkConfiguration></ServiceConfiguration>";
    let (given, none) = (with(Some(text.into())), with(None));
    let other = with(Some(text.replace("'one'", "'two'")));
    attempt(&given, &world.site, &world.spec).await.unwrap();
    let deployed = async || {
        let read = given.service_management().deployment("granitefalls", DeploymentAt::Production);
        read.await.unwrap().unwrap().configuration.unwrap()
    };
    let before = deployed().await;
    for kept in
        ["vmName=\"proxy\"", "schemaVersion=\"2015-04.2.6\"", "OsImage href=\"x\"", "<Net name=\"one\""]
    {
        assert!(before.contains(kept), "{kept}: {before}");
    }
    // Nobody asked for another network, or for none.
    assert!(!given.plan(&world.spec).await.unwrap().is_change());
    assert!(!none.plan(&world.spec).await.unwrap().is_change());
    world.spec.vm_instance_count = 3;
    attempt(&none, &world.site, &world.spec).await.unwrap();
    assert_eq!(deployed().await, before.replace("count=\"2\"", "count=\"3\""));
    // Here somebody does.
    let plan = other.plan(&world.spec).await.unwrap();
    assert_eq!(kinds(&plan, GatewayStepAction::Change), ["deployment"], "{plan}");
    attempt(&other, &world.site, &world.spec).await.unwrap();
    assert!(deployed().await.contains("<Net name=\"two\""));
}

#[tokio::test]
async fn what_only_the_site_holds_is_planned_with_the_site() {
    let mut world = SimulatedWorld::start().await;
    let clouds: [Box<dyn Cloud>; 2] = [Box::new(world.classic()), Box::new(world.resource_manager())];
    for cloud in clouds {
        let plan = cloud.plan_in(&world.site, &world.spec).await.unwrap();
        assert_eq!(plan.steps.last().unwrap().kind, "row in the site");
        assert_eq!(plan.steps.last().unwrap().action, GatewayStepAction::Create);
        cloud.apply(&world.site, &plan, &quiet).await.unwrap();
        assert!(!cloud.plan_in(&world.site, &world.spec).await.unwrap().is_change());
        let mut spec = world.spec.clone();
        (spec.enable_traffic_out, spec.traffic_warning_pct, spec.ca_root_cert) = (true, 40, Vec::new());
        assert!(!cloud.plan(&spec).await.unwrap().is_change(), "the cloud has none of it");
        let plan = cloud.plan_in(&world.site, &spec).await.unwrap();
        assert_eq!(kinds(&plan, GatewayStepAction::Change), ["row in the site"], "{plan}");
        let text = plan.to_string();
        assert!(
            text.contains("TrafficWarningThreshold: 50 → 40") && text.contains("RootCertificate"),
            "{text}"
        );
        cloud.apply(&world.site, &plan, &quiet).await.unwrap();
        assert!(!cloud.plan_in(&world.site, &spec).await.unwrap().is_change());
        cloud.delete(&world.site, SERVICE_NAME, &quiet).await.unwrap();
    }
    // A spec for the government's cloud is none for the public one.
    world.spec.environment_setting = AzureEnvironment::UsGovernmentCloud;
    let error = world.classic().plan(&world.spec).await.unwrap_err();
    assert!(error.cause().contains("AzureUSGovernmentCloud, this is AzurePublicCloud"), "{error}");
    let mut options = world.options();
    options.environment = AzureEnvironment::UsGovernmentCloud;
    world.simulator.be_the_governments();
    let cloud = resource_manager(options).unwrap();
    let plan = cloud.plan(&world.spec).await.unwrap();
    assert!(plan.to_string().contains("granitefalls.westus2.cloudapp.usgovcloudapi.net"), "{plan}");
    cloud.apply(&world.site, &plan, &quiet).await.unwrap();
    assert_eq!(row(&world.site).await.text("Fqdn"), Some("granitefalls.westus2.cloudapp.usgovcloudapi.net"));
}

#[tokio::test]
async fn a_storm_of_503_is_sat_out() {
    let world = SimulatedWorld::start().await;
    let cloud = world.classic();
    let plan = cloud.plan(&world.spec).await.unwrap();
    world.simulator.set_faults(FaultSchedule::new((0..6).map(|_| Some(Fault::Throttled { seconds: None }))));
    cloud.apply(&world.site, &plan, &quiet).await.unwrap();
    world
        .simulator
        .set_faults(FaultSchedule::new((0..500).map(|_| Some(Fault::Throttled { seconds: None }))));
    let error = cloud.plan(&world.spec).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable, "{error}");
    assert!(error.retry() != cmgateway::Retry::Never);
}
