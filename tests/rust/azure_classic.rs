//! The functions of the classic API, each against what was recorded for it.

// Helpers outside of `#[test]` functions stop a test the same way.
#![allow(clippy::unwrap_used, clippy::panic, clippy::field_reassign_with_default)]

use std::sync::Arc;

use cmgateway::azure::asm::{
    DeploymentAt, DeploymentRequest, DeploymentStatus, ManagementCertificate, ServiceConfiguration,
    ServiceManagement, UpgradeMode,
};
use cmgateway::azure::{AzureOptions, Credential};
use cmgateway::cert::Thumbprint;
use cmgateway::net::{ManualTimer, TrustedRoots};
use cmgateway::{ErrorKind, Secret};
use cmgateway_tests::recording::{Exchange, ReplayServer, folder, stories};
use cmgateway_tests::skip::not_here;
use time::macros::datetime;

const SUBSCRIPTION: &str = "00000000-0000-0000-0000-000000000001";

async fn story(name: &str) -> Option<(ReplayServer, ServiceManagement, Vec<Exchange>)> {
    if folder().is_none() {
        not_here("the recordings");
        return None;
    }
    let exchanges = stories(name).remove(0).1;
    let server = ReplayServer::start(&exchanges).await;
    let mut options = AzureOptions::default();
    options.service_management_url = Some(server.url());
    options.trusted_roots = TrustedRoots::Pem(server.ca_pem.clone().into_bytes());
    options.timer = Arc::new(ManualTimer::new(datetime!(2026-01-01 00:00 UTC)));
    let token = Credential::Token(Secret::new("a.b.c"));
    let azure = ServiceManagement::with_credential(&options, SUBSCRIPTION, &token).unwrap();
    Some((server, azure, exchanges))
}

/// The names of the elements of a request, in order, the root first.
fn names(body: &str) -> Vec<String> {
    body.split('<')
        .skip(1)
        .filter(|tag| !tag.starts_with(['/', '?', '!']))
        .map(|tag| tag.split([' ', '>', '/']).next().unwrap().to_owned())
        .collect()
}

/// What was recorded must be in what was sent, in the same order.
fn assert_in_order(sent: &str, recorded: &Exchange) {
    let (sent, recorded) = (names(sent), names(recorded.request_body.as_deref().unwrap()));
    let mut rest = sent.iter();
    for name in &recorded {
        assert!(rest.any(|other| other == name), "{name} of {recorded:?} is out of order in {sent:?}");
    }
}

#[tokio::test]
async fn life_of_a_cloud_service() {
    let Some((server, azure, recorded)) = story("asm-01").await else { return };
    let locations = azure.locations().await.unwrap();
    assert!(
        locations
            .iter()
            .any(|location| location.name == "West US" && location.services.contains(&"Compute".into()))
    );
    assert!(locations.iter().all(|location| !location.role_sizes.is_empty()));
    azure.create_hosted_service("testsvc9654", "testsvc9654", None, "West US", &[]).await.unwrap();
    assert_in_order(&server.requests()[1].body, &recorded[1]);

    let configuration = ServiceConfiguration::new("OneWebOneWorker").to_xml();
    let mut request = DeploymentRequest::default();
    request.name = "testsvc9654Prod".into();
    request.package_url = "https://teststorage8356.blob.core.windows.net/p/OneWebOneWorker.cspkg".into();
    request.label = "testsvc9654".into();
    request.configuration = configuration;
    request.start = true;
    let operation = azure.create_deployment("testsvc9654", DeploymentAt::Production, &request).await.unwrap();
    assert_in_order(&server.requests()[2].body, &recorded[2]);
    azure.finish(&operation).await.unwrap();

    let named = DeploymentAt::Named("testsvc9654Prod");
    let first = azure.deployment("testsvc9654", DeploymentAt::Production).await.unwrap().unwrap();
    assert_eq!((first.status.as_str(), first.label.as_str()), ("Running", "testsvc9654"));
    assert_eq!(first.instances.len(), 8);
    assert!(!first.is_ready(), "Running does not mean that instances are up");
    let read = first.service_configuration().unwrap();
    assert_eq!(read.roles.iter().map(|role| role.instances).sum::<u32>(), 8);
    let mut seen = Vec::new();
    let mut was_ready = false;
    while server.next().unwrap().method == "GET" {
        let deployment = azure.deployment("testsvc9654", named).await.unwrap().unwrap();
        seen.extend(deployment.instances.iter().map(|instance| instance.status.as_str().to_owned()));
        was_ready = deployment.is_ready();
        assert_eq!(deployment.troubled().count(), 0);
    }
    assert!(was_ready, "the last one recorded before the upgrade is ready");
    for state in ["StartingVM", "RoleStateUnknown", "BusyRole", "ReadyRole"] {
        assert!(seen.iter().any(|other| other == state), "{state}");
    }

    let operation =
        azure.upgrade_deployment("testsvc9654", named, &request, UpgradeMode::Auto, true).await.unwrap();
    assert_in_order(
        &server.requests().last().unwrap().body,
        recorded.iter().find(|e| e.target.contains("upgrade")).unwrap(),
    );
    azure.finish(&operation).await.unwrap();
    let upgrading = azure.deployment("testsvc9654", named).await.unwrap().unwrap();
    assert!(upgrading.is_upgrading && upgrading.status == "RunningTransitioning");
    let gone = ["WebRole1_IN_0".to_owned()];
    let operation = azure.delete_role_instances("testsvc9654", named, &gone).await.unwrap();
    azure.finish(&operation).await.unwrap();
    let gone = ["WorkerRole1_IN_2".to_owned()];
    let operation =
        azure.delete_role_instances("testsvc9654", DeploymentAt::Production, &gone).await.unwrap();
    azure.finish(&operation).await.unwrap();
    let last = azure.deployment("testsvc9654", DeploymentAt::Production).await.unwrap().unwrap();
    assert_eq!(last.instances.len(), 6);
    assert!(server.next().is_none(), "every recorded exchange was asked for");
}

#[tokio::test]
async fn suspending_a_deployment() {
    let Some((server, azure, recorded)) = story("asm-02").await else { return };
    azure.create_hosted_service("azsmnet9795", "azsmnet9795", None, "East US", &[]).await.unwrap();
    let mut request = DeploymentRequest::default();
    request.name = "azsmnet6862".into();
    request.start = true;
    let operation = azure.create_deployment("azsmnet9795", DeploymentAt::Production, &request).await.unwrap();
    azure.finish(&operation).await.unwrap();
    let named = DeploymentAt::Named("azsmnet6862");
    let operation =
        azure.update_deployment_status("azsmnet9795", named, DeploymentStatus::Suspended).await.unwrap();
    assert_in_order(&server.requests().last().unwrap().body, &recorded[3]);
    azure.finish(&operation).await.unwrap();
    assert!(server.next().is_none());
}

#[tokio::test]
async fn certificates_of_a_cloud_service() {
    let Some((server, azure, _)) = story("asm-03").await else { return };
    azure.create_hosted_service("clitestcert4113", "clitestcert4113", None, "West US", &[]).await.unwrap();
    let operation = azure.add_service_pfx("clitestcert4113", b"pfx", &Secret::new("a<b")).await.unwrap();
    let body = &server.requests()[1].body;
    assert_eq!(names(body), ["CertificateFile", "Data", "CertificateFormat", "Password"]);
    assert!(body.contains("<Password>a&lt;b</Password>"), "{body}");
    azure.finish(&operation).await.unwrap();
    let service = azure.hosted_services().await.unwrap();
    let service = service.iter().find(|service| service.name == "clitestcert4113").unwrap();
    assert_eq!((service.label.as_str(), service.location.as_deref()), ("clitestcert4113", Some("West US")));
    assert_eq!(service.description, None, "i:nil is nothing");
    let thumbprint = Thumbprint::from_hex("8824022CB382CADD9E19290449B893A839140962").unwrap();
    let listed = azure.service_certificates("clitestcert4113").await.unwrap();
    assert_eq!(listed[0].thumbprint, Some(thumbprint));
    assert_eq!(listed[0].certificate.as_ref().unwrap().thumbprint(), thumbprint);
    let one = azure.service_certificate("clitestcert4113", thumbprint).await.unwrap().unwrap();
    assert_eq!(one.certificate, listed[0].certificate);
    assert!(azure.delete_hosted_service("clitestcert4113").await.unwrap());
    assert!(server.next().is_none());
}

#[tokio::test]
async fn a_failed_operation_is_an_error_with_its_reason() {
    let Some((_server, azure, _)) = story("asm-05").await else { return };
    let answer =
        azure.call("POST", "/services/hostedservices/clitestvm8077/deployments", None).await.unwrap();
    let error = azure.finish(&answer.operation).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(error.cause().contains("Port 22 is already in use"), "{error}");
    assert!(error.cause().contains("(request id 724958e2ea8a92ba8dd885fb474f952c)"), "{error}");
    // 503 twice without Retry-After, then nothing recorded is left.
    let error = azure.call("PUT", "/services?service=sqlserver&action=register", None).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound, "both were waited for: {error}");
    assert_eq!(azure.hosted_service("clitestVnet2625").await.unwrap(), None);
    let error = azure.call("GET", "/services/publisherextensions", None).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Auth);
}

#[test]
fn a_management_certificate_is_what_the_portal_took() {
    let made = ManagementCertificate::make("CMG management", datetime!(2026-01-01 00:00 UTC), 30).unwrap();
    let certificate = made.certificate();
    assert_eq!(
        (certificate.key_size_bits(), certificate.common_name().as_deref()),
        (Some(2048), Some("CMG management"))
    );
    assert!(made.key_pair().private_key.matches(certificate));
    assert!(ManagementCertificate::make("", datetime!(2026-01-01 00:00 UTC), 30).is_err());
}
