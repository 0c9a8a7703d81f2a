//! The spec of a gateway: read, checked, every mistake told at once.

// Helpers outside of `#[test]` functions stop a test the same way.
#![allow(clippy::unwrap_used, clippy::panic)]

use cmgateway::ErrorKind;
use cmgateway::gateway::spec::GatewaySpec;
use cmgateway_tests::folder::TestFolder;
use cmgateway_tests::gateway_files::{self, NOW, SERVICE_NAME};
use serde_json::json;
use time::macros::datetime;

#[tokio::test]
async fn a_spec_is_read_and_its_name_comes_from_the_certificate() {
    let folder = TestFolder::new();
    gateway_files::write_to(folder.path());
    let spec = GatewaySpec::load(folder.file("gateway.toml")).await.unwrap();
    let checked = spec.check(NOW).await.unwrap();
    assert_eq!((checked.service_name.as_str(), checked.prefix.as_str()), (SERVICE_NAME, "granitefalls"));
    assert_eq!(checked.regional_name(), "granitefalls.westus2.cloudapp.azure.com");
    assert_eq!(
        (checked.group().as_str(), checked.roots.len(), checked.sub_cas.len()),
        ("cmg-granitefalls", 1, 1)
    );
    assert_eq!((spec.traffic_out_gb, spec.traffic_warning_pct, spec.traffic_critical_pct), (10_000, 50, 90));
    assert!(!format!("{spec:?}").contains("correct horse"));
}

#[test]
fn every_mistake_is_told_at_once() {
    let error = GatewaySpec::from_json(json!({
        "subscription_id": "not-a-guid", "region": "West/US", "vm_instance_count": 17, "vmss_vm_size": "Huge",
        "traffic_warning_pct": 95, "enforce_protocol": "yes", "storage_quota_gb": 1.5, "ca_root_cert": [1],
        "service_name": "1-granite--falls", "environment_setting": "AzureGermanCloud", "instances": 3,
    }))
    .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    for expected in [
        "service_cert_path is missing",
        "subscription_id must be a GUID",
        "region must be letters and digits",
        "vm_instance_count must be from 1 to 16",
        "vmss_vm_size must be B2s, A2_v2 or A4_v2",
        "traffic_warning_pct must be below the critical percentage",
        "enforce_protocol must be true or false",
        "storage_quota_gb must be a whole number",
        "ca_root_cert must be a list of file names",
        "service_name breaks the rule name_hyphen",
        "service_name breaks the rule name_first_letter",
        "service_name cannot be a service name",
        "environment_setting cannot be read",
        "instances is not a field of a spec",
    ] {
        assert!(error.cause().contains(expected), "{expected}\nin {}", error.cause());
    }
    let fields: Vec<_> = error.context().iter().map(|(_, field)| field.as_str()).collect();
    assert!(fields.contains(&"vm_instance_count") && fields.contains(&"instances"));
}

#[test]
fn a_broken_file_shows_no_password() {
    let error = GatewaySpec::from_toml("service_cert_password = 'horse\nregion = 1").unwrap_err();
    assert!(!error.to_string().contains("horse"), "{error}");
    assert!(error.cause().starts_with("line 1"), "{error}");
}

#[tokio::test]
async fn certificates_are_checked_with_the_rest() {
    let folder = TestFolder::new();
    let text = gateway_files::write_to(folder.path());
    std::fs::write(
        folder.file("gateway.toml"),
        text.replace("['root.cer']", "['nothing.cer', 'server.pfx']"),
    )
    .unwrap();
    let spec = GatewaySpec::load(folder.file("gateway.toml")).await.unwrap();
    let error = spec.check(datetime!(2040-01-01 00:00 UTC)).await.unwrap_err();
    for expected in ["service_cert_path breaks the rule", "nothing.cer cannot be read", "which has expired"] {
        assert!(error.cause().contains(expected), "{expected}\nin {}", error.cause());
    }
    let wrong = text.replace("correct horse", "wrong");
    std::fs::write(folder.file("gateway.toml"), wrong + "service_name = 'other.contoso.com'\n").unwrap();
    let spec = GatewaySpec::load(folder.file("gateway.toml")).await.unwrap();
    let error = spec.check(NOW).await.unwrap_err();
    assert!(error.cause().contains("service_cert_path cannot be read"), "{error}");
    std::fs::write(folder.file("gateway.toml"), text + "service_name = 'other.contoso.com'\n").unwrap();
    let spec = GatewaySpec::load(folder.file("gateway.toml")).await.unwrap();
    let error = spec.check(NOW).await.unwrap_err();
    assert!(error.cause().contains("it is not for other.contoso.com"), "{error}");
}
