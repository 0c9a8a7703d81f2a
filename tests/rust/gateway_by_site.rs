//! A gateway that the site's own Configuration Manager makes, on an embedded site and through a served AdminService.

// Helpers outside of `#[test]` functions stop a test the same way.
#![allow(clippy::unwrap_used, clippy::panic, clippy::field_reassign_with_default)]

use std::sync::Mutex;
use std::time::Duration;

use cmgateway::gateway::provision::{GatewayStepAction, Go, SiteCloud, SiteCloudOptions};
use cmgateway::gateway::spec::GatewaySpec;
use cmgateway::gateway::{Gateway, GatewayState};
use cmgateway::net::PemSource;
use cmgateway::site::{
    AdminServiceServer, ConnectOptions, EmbeddedSite, PutMode, ServerOptions, Site, SiteCode,
};
use cmgateway::wmi::Instance;
use cmgateway::wmi::wql::Parameters;
use cmgateway::{ErrorKind, Secret};
use cmgateway_tests::folder::TestFolder;
use cmgateway_tests::gateway_files::{self, SERVICE_NAME};
use cmgateway_tests::simulated_cloud::{kinds, quiet};
use cmgateway_tests::site_manager::{SiteManager, add_methods};
use cmgateway_tests::test_pki::TestPki;

const TOKEN: &str = "site";

struct Lab {
    embedded: EmbeddedSite,
    spec: GatewaySpec,
    folder: TestFolder,
}

async fn lab() -> Lab {
    let folder = TestFolder::new();
    gateway_files::write_to(folder.path());
    let embedded =
        EmbeddedSite::create(folder.file("site.db"), &SiteCode::new("GF1").unwrap()).await.unwrap();
    let spec = GatewaySpec::load(folder.file("gateway.toml")).await.unwrap();
    Lab { embedded, spec, folder }
}

fn cloud(site: &Site, milliseconds: u64) -> SiteCloud {
    let mut options = SiteCloudOptions::default();
    options.poll = Duration::from_millis(2);
    options.timeout = Duration::from_millis(milliseconds);
    options.properties.insert("AADApplicationId".to_owned(), 16_777_217.into());
    SiteCloud::new(site.clone(), options)
}

async fn served(lab: &Lab) -> (AdminServiceServer, Site) {
    let pki = TestPki::new();
    let certificate = pki.server(&["localhost", "127.0.0.1"]);
    let options = ServerOptions {
        address: "127.0.0.1:0".parse().unwrap(),
        certificate_chain_pem: PemSource::bytes(certificate.chain_pem),
        key_pem: PemSource::bytes(certificate.key_pem),
        token: Secret::new(TOKEN),
    };
    let server = AdminServiceServer::start(lab.embedded.clone(), options).await.unwrap();
    std::fs::write(lab.folder.file("ca.pem"), pki.ca_pem()).unwrap();
    let mut given = ConnectOptions::new(server.url());
    (given.token, given.ca_file) = (Some(Secret::new(TOKEN)), Some(lab.folder.file("ca.pem")));
    (server, Site::connect(given).await.unwrap())
}

async fn tasks(site: &Site) -> usize {
    site.query("SELECT * FROM SMS_AzureServicesTask", &Parameters::None)
        .await
        .unwrap()
        .all()
        .await
        .unwrap()
        .len()
}

async fn life(site: &Site, lab: &Lab) {
    let (cloud, mut spec) = (cloud(site, 20_000), lab.spec.clone());
    let plan = cloud.plan(&spec).await.unwrap();
    assert_eq!(
        kinds(&plan, GatewayStepAction::Create),
        ["SMS_AzureService", "SMS_AzureServicesTask"],
        "{plan}"
    );
    assert_eq!(plan.steps[1].name, "CreateDeployment");
    assert_eq!(tasks(site).await, 0, "a plan changes nothing");
    let heard = Mutex::new(Vec::new());
    let gateway = cloud
        .apply(site, &plan, &|now| {
            heard.lock().unwrap().push(now.to_string());
            Go::On
        })
        .await
        .unwrap();
    let heard = heard.into_inner().unwrap();
    assert!(heard.last().unwrap().ends_with("state Ready: done (Ready, task Completed)"), "{heard:?}");
    assert_eq!(gateway.state().await.unwrap(), Some(GatewayState::Ready));
    let row = gateway.instance().await.unwrap();
    assert_eq!(row.get("AADApplicationId").and_then(|id| id.as_integer()), Some(16_777_217));

    let plan = cloud.plan(&spec).await.unwrap();
    assert!(!plan.is_change(), "{plan}");
    cloud.apply(site, &plan, &quiet).await.unwrap();
    assert_eq!(tasks(site).await, 1, "nothing is told twice");

    spec.vm_instance_count = 5;
    let plan = cloud.plan(&spec).await.unwrap();
    assert_eq!(plan.steps[0].changes, ["NumberOfInstances: 2 → 5"]);
    assert_eq!(plan.steps[1].name, "UpgradeDeployment");
    cloud.apply(site, &plan, &quiet).await.unwrap();
    assert_eq!(tasks(site).await, 2);
    assert!(!cloud.plan(&spec).await.unwrap().is_change());

    cloud.stop(site, SERVICE_NAME, &quiet).await.unwrap();
    assert_eq!(cloud.instances(site, SERVICE_NAME).await.unwrap()[0].state, "Stopped");
    cloud.start(site, SERVICE_NAME, &quiet).await.unwrap();
    assert!(cloud.instances(site, SERVICE_NAME).await.unwrap()[0].is_ready);
    cloud.delete(site, SERVICE_NAME, &quiet).await.unwrap();
    assert_eq!(Gateway::find(site, SERVICE_NAME).await.unwrap_err().kind(), ErrorKind::NotFound);
}

#[tokio::test(flavor = "multi_thread")]
async fn life_on_an_embedded_site_whose_methods_have_handlers() {
    let lab = lab().await;
    add_methods(&lab.embedded).await.unwrap();
    let site: Site = lab.embedded.clone().into();
    let _manager = SiteManager::start(site.clone(), false);
    life(&site, &lab).await;
    assert_eq!(tasks(&site).await, 3, "start and stop are methods");
}

#[tokio::test(flavor = "multi_thread")]
async fn life_without_methods_by_tasks_alone() {
    let lab = lab().await;
    let site: Site = lab.embedded.clone().into();
    let _manager = SiteManager::start(site.clone(), false);
    life(&site, &lab).await;
    assert_eq!(tasks(&site).await, 5, "start and stop are tasks where nobody runs the methods");
}

#[tokio::test(flavor = "multi_thread")]
async fn life_through_an_adminservice() {
    let lab = lab().await;
    add_methods(&lab.embedded).await.unwrap();
    let _manager = SiteManager::start(lab.embedded.clone().into(), false);
    let (server, site) = served(&lab).await;
    life(&site, &lab).await;
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn waits_end_and_failures_are_told() {
    let lab = lab().await;
    let site: Site = lab.embedded.clone().into();
    let short = cloud(&site, 100);
    let plan = short.plan(&lab.spec).await.unwrap();
    // Nobody works at this site.
    let error = short.apply(&site, &plan, &quiet).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TimedOut);
    assert!(error.cause().contains("it is at: no state, task Created"), "{error}");
    let error =
        short.apply(&site, &plan, &|now| if now.step == 3 { Go::Stop } else { Go::On }).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Stopped);
    assert_eq!(tasks(&site).await, 1, "the open task is waited for");
    // Planned anew, as another process would after a crash: the row is there now, and the gateway was never made.
    let anew = short.plan(&lab.spec).await.unwrap();
    assert!(anew.steps.iter().any(|step| step.name == "CreateDeployment"), "{anew}");
    assert_eq!(short.apply(&site, &anew, &quiet).await.unwrap_err().kind(), ErrorKind::TimedOut);
    assert_eq!(tasks(&site).await, 1, "nothing is told twice");

    let failing = SiteManager::start(site.clone(), true);
    let error = cloud(&site, 20_000).apply(&site, &plan, &quiet).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict);
    assert!(error.to_string().contains("run CreateDeployment for GraniteFalls.contoso.com"), "{error}");
    drop(failing);

    // Applied again: a new task, since the old one is over.
    let _manager = SiteManager::start(site.clone(), false);
    cloud(&site, 20_000).apply(&site, &plan, &quiet).await.unwrap();
    assert_eq!(tasks(&site).await, 2);
    let other =
        EmbeddedSite::create(lab.folder.file("other.db"), &SiteCode::new("GF2").unwrap()).await.unwrap();
    let error = short.start(&other.into(), SERVICE_NAME, &quiet).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
}

/// Makes what the site does visible one step after the other.
async fn set_task(site: &Site, number: usize, state: u32) {
    let mut all = all_tasks(site).await;
    all[number].set("TaskStateId", state).unwrap();
    site.put(&mut all[number], PutMode::UpdateOnly).await.unwrap();
}

async fn all_tasks(site: &Site) -> Vec<Instance> {
    let wql = "SELECT * FROM SMS_AzureServicesTask ORDER BY TaskID";
    site.query(wql, &Parameters::None).await.unwrap().all().await.unwrap()
}

async fn set_state(site: &Site, state: u32) {
    let mut row = Gateway::find(site, SERVICE_NAME).await.unwrap().instance().await.unwrap();
    row.set("State", state).unwrap();
    site.put(&mut row, PutMode::UpdateOnly).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_for_the_row_as_it_was_is_no_task_for_the_row_as_it_is() {
    let lab = lab().await;
    let site: Site = lab.embedded.clone().into();
    let (short, long) = (cloud(&site, 60), cloud(&site, 20_000));
    let plan = short.plan(&lab.spec).await.unwrap();
    short.apply(&site, &plan, &quiet).await.unwrap_err();
    // The site has begun: it has read the row.
    set_task(&site, 0, 2).await;
    let mut spec = lab.spec.clone();
    spec.vm_instance_count = 5;
    let plan = short.plan(&spec).await.unwrap();
    let error = short.apply(&site, &plan, &quiet).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TimedOut, "{error}");
    assert!(error.cause().contains("a task for the row as it was"), "{error}");
    assert_eq!(tasks(&site).await, 1, "two at a time would only come in each other's way");
    // As after a crash: the row is the new one already, and the old task still runs.
    let plan = short.plan(&spec).await.unwrap();
    assert_eq!(plan.steps[0].action, GatewayStepAction::Keep, "{plan}");
    let error = short.apply(&site, &plan, &quiet).await.unwrap_err();
    assert!(error.cause().contains("a task for the row as it was"), "{error}");
    assert_eq!(tasks(&site).await, 1);

    // It ends while somebody waits: the site is told again, and that task is the one.
    let applying = tokio::spawn({
        let (site, plan) = (site.clone(), plan.clone());
        async move { long.apply(&site, &plan, &quiet).await.map(drop) }
    });
    tokio::time::sleep(Duration::from_millis(100)).await;
    set_state(&site, 0).await;
    set_task(&site, 0, 3).await;
    let end = std::time::Instant::now() + Duration::from_secs(10);
    while tasks(&site).await < 2 {
        assert!(std::time::Instant::now() < end && !applying.is_finished());
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(!applying.is_finished(), "Ready by the old task is not ready");
    assert!(short.plan(&spec).await.unwrap().is_change(), "nor is it for a plan");
    set_task(&site, 1, 3).await;
    applying.await.unwrap().unwrap();
    assert!(!short.plan(&spec).await.unwrap().is_change());
    assert_eq!(tasks(&site).await, 2);

    // A task that the site has not begun yet will read the row as it is then.
    spec.vm_instance_count = 6;
    let plan = short.plan(&spec).await.unwrap();
    short.apply(&site, &plan, &quiet).await.unwrap_err();
    spec.vm_instance_count = 7;
    let plan = short.plan(&spec).await.unwrap();
    short.apply(&site, &plan, &quiet).await.unwrap_err();
    assert_eq!(tasks(&site).await, 3, "it is waited for");
    let _manager = SiteManager::start(site.clone(), false);
    cloud(&site, 20_000).apply(&site, &plan, &quiet).await.unwrap();
    assert_eq!(tasks(&site).await, 3);
    assert!(!short.plan(&spec).await.unwrap().is_change());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_that_only_reached_the_row_is_told_by_the_next_run() {
    let lab = lab().await;
    let site: Site = lab.embedded.clone().into();
    let manager = SiteManager::start(site.clone(), false);
    let cloud = cloud(&site, 20_000);
    cloud.apply(&site, &cloud.plan(&lab.spec).await.unwrap(), &quiet).await.unwrap();
    // As a console would have made it: its task says nothing of the row.
    let mut all = all_tasks(&site).await;
    all[0].set("TaskKeyValue", "").unwrap();
    site.put(&mut all[0], PutMode::UpdateOnly).await.unwrap();
    assert!(!cloud.plan(&lab.spec).await.unwrap().is_change());

    let mut spec = lab.spec.clone();
    spec.vm_instance_count = 5;
    let plan = cloud.plan(&spec).await.unwrap();
    let stop_once_written = |now: &cmgateway::gateway::provision::Progress| {
        if now.to_string().contains("SMS_AzureService ") && now.to_string().ends_with("done") {
            Go::Stop
        } else {
            Go::On
        }
    };
    let error = cloud.apply(&site, &plan, &stop_once_written).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Stopped, "{error}");
    assert_eq!(tasks(&site).await, 1, "the row alone was written");
    let plan = cloud.plan(&spec).await.unwrap();
    assert!(plan.is_change(), "{plan}");
    cloud.apply(&site, &plan, &quiet).await.unwrap();
    assert_eq!(tasks(&site).await, 2);
    assert!(!cloud.plan(&spec).await.unwrap().is_change());
    drop(manager);
}
