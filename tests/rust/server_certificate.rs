//! The gateway's own rules about its server certificate and its names.

// Helpers outside of `#[test]` functions stop a test the same way.
#![allow(clippy::unwrap_used, clippy::panic)]

use cmgateway::ErrorKind;
use cmgateway::cert::{
    Authority, AuthorityOptions, Certificate, DistinguishedName, IssueOptions, KeyKind, PfxProfile,
    SubjectAlternativeName, load_pfx,
};
use cmgateway::gateway::server_certificate::{
    AzureCloud, DeploymentModel, DeploymentName, Finding, ServerCertificateOptions, ServiceName,
    check_renewal, check_server_certificate, check_server_pfx,
};
use cmgateway_tests::authority::{DURING, owner_params};
use time::macros::datetime;
use time::{Duration, OffsetDateTime};

const NOW: OffsetDateTime = datetime!(2026-01-01 00:00 UTC);

fn root() -> Authority {
    let mut options = AuthorityOptions::new(DistinguishedName::parse("CN=Root").unwrap(), NOW);
    options.key = KeyKind::EcP256;
    Authority::root(&options).unwrap()
}

fn names(texts: &[&str]) -> Vec<SubjectAlternativeName> {
    texts.iter().map(|text| SubjectAlternativeName::parse(text).unwrap()).collect()
}

fn issue(subject: Option<&str>, hosts: &[&str], key: KeyKind) -> Certificate {
    let mut options = IssueOptions::new(&names(hosts), NOW);
    options.key = key;
    options.subject = subject.map(|text| DistinguishedName::parse(text).unwrap());
    root().issue_server(&options).unwrap().certificate().clone()
}

fn short(findings: &[Finding]) -> Vec<String> {
    findings.iter().map(|each| format!("{} {}", each.severity.as_str(), each.rule)).collect()
}

fn check(certificate: &Certificate, change: impl FnOnce(&mut ServerCertificateOptions)) -> Vec<String> {
    let mut options = ServerCertificateOptions::new(NOW);
    change(&mut options);
    short(&check_server_certificate(certificate, &options).findings)
}

#[test]
fn a_certificate_as_microsoft_asks_for_it_is_good() {
    for key in [KeyKind::Rsa2048, KeyKind::Rsa4096] {
        let certificate = issue(None, &["granitefalls.contoso.com"], key);
        let report = check_server_certificate(&certificate, &ServerCertificateOptions::new(NOW));
        assert!(report.findings.is_empty(), "{:?}", report.findings);
        assert!(report.is_good() && report.needs_cname());
        assert_eq!(report.service_name.unwrap().as_str(), "granitefalls.contoso.com");
        assert_eq!(report.days_left, 365);
    }
    // Microsoft's own example has capitals, which one of its pages forbids.
    let certificate = issue(None, &["GraniteFalls.contoso.com"], KeyKind::Rsa2048);
    let report = check_server_certificate(&certificate, &ServerCertificateOptions::new(NOW));
    assert_eq!((short(&report.findings), report.is_good()), (vec!["warning name_case".to_owned()], true));
    // A name of Azure needs no CNAME.
    let certificate = issue(None, &["gwest.westus.cloudapp.azure.com"], KeyKind::Rsa2048);
    let report = check_server_certificate(&certificate, &ServerCertificateOptions::new(NOW));
    assert!(report.is_good() && !report.needs_cname());
    assert_eq!(check(&certificate, |options| options.cloud = AzureCloud::Government), ["error cloud"]);
}

#[test]
fn every_finding_is_told_at_once() {
    let mut params = owner_params("gw_1.contoso.com", &["other.contoso.com"]);
    params.extended_key_usages = vec![rcgen::ExtendedKeyUsagePurpose::ClientAuth];
    params.key_usages = vec![rcgen::KeyUsagePurpose::KeyAgreement];
    let authority =
        cmgateway_tests::authority::Authority::root(cmgateway_tests::authority::authority_params("R"));
    let certificate = authority.leaf(&params);
    let mut options = ServerCertificateOptions::new(DURING);
    options.at = certificate.not_after() - Duration::days(3);
    let report = check_server_certificate(&certificate, &options);
    assert_eq!(
        short(&report.findings),
        ["error purpose", "error key_usage", "error key_kind", "warning expires_soon", "error service_name",]
    );
    assert!(!report.is_good() && !report.needs_cname());
    assert!(report.findings[0].text.contains("it has clientAuth"));
    assert_eq!(report.days_left, 3);

    assert_eq!(
        check(&authority.certificate, |options| options.at = DURING)[..2],
        ["error purpose", "error key_usage"]
    );
}

#[test]
fn keys_and_dates_are_checked() {
    let three = issue(None, &["granitefalls.contoso.com"], KeyKind::Rsa3072);
    assert_eq!(check(&three, |_| ()), ["warning key_size"]);
    let curve = issue(None, &["granitefalls.contoso.com"], KeyKind::EcP256);
    assert_eq!(check(&curve, |_| ()), ["error key_kind"]);
    let good = issue(None, &["granitefalls.contoso.com"], KeyKind::Rsa2048);
    for (at, rules) in [
        (NOW - Duration::seconds(1), vec!["error not_yet_valid"]),
        (NOW + Duration::days(335), vec![]),
        (NOW + Duration::days(336), vec!["warning expires_soon"]),
        (NOW + Duration::days(366), vec!["error expired"]),
    ] {
        assert_eq!(check(&good, |options| options.at = at), rules, "{at}");
    }
    assert_eq!(good.days_left(NOW + Duration::days(366)), -1);
}

#[test]
fn several_names_and_wildcards_need_a_choice() {
    let several =
        issue(Some("CN=gwone.contoso.com"), &["gwtwo.contoso.com", "gwone.contoso.com"], KeyKind::Rsa2048);
    assert_eq!(check(&several, |_| ()), ["warning several_names"]);
    assert!(check(&several, |options| options.service_name = Some("GWTWO.contoso.com".into())).len() < 2);
    let found = ServiceName::of_certificate(&several, None).unwrap();
    assert_eq!(found.as_str(), "gwone.contoso.com", "the common name goes first");
    // Without a host in the common name, the first DNS name counts.
    let no_host =
        issue(Some("CN=Gateway One"), &["gwtwo.contoso.com", "gwone.contoso.com"], KeyKind::Rsa2048);
    assert_eq!(ServiceName::of_certificate(&no_host, None).unwrap().as_str(), "gwtwo.contoso.com");
    assert_eq!(
        check(&no_host, |options| options.service_name = Some("gwx.contoso.com".into())),
        ["error service_name"]
    );

    let wildcard = issue(None, &["*.contoso.com"], KeyKind::Rsa2048);
    assert_eq!(check(&wildcard, |_| ()), ["error wildcard_prefix"]);
    for wanted in ["granitefalls", "granitefalls.contoso.com"] {
        assert!(check(&wildcard, |options| options.service_name = Some(wanted.into())).is_empty());
        let name = ServiceName::of_certificate(&wildcard, Some(wanted)).unwrap();
        assert_eq!(name.as_str(), "granitefalls.contoso.com");
    }
    for wanted in ["a.b.contoso.com", "granitefalls.fabrikam.com"] {
        let error = ServiceName::of_certificate(&wildcard, Some(wanted)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Certificate, "{wanted}");
    }
    // A common name that the DNS names do not have.
    let other = issue(Some("CN=gwone.contoso.com"), &["gwtwo.contoso.com"], KeyKind::Rsa2048);
    assert_eq!(check(&other, |_| ()), ["warning several_names", "error alternative_names"]);
}

#[test]
fn names_of_azure_are_made_and_read() {
    let service = ServiceName::parse("GraniteFalls.contoso.com").unwrap();
    let make = |cloud, model, region| {
        DeploymentName::new(&service, cloud, model, region)
            .map(|name| name.to_string())
            .map_err(|error| error.to_string())
    };
    let (public, government) = (AzureCloud::Public, AzureCloud::Government);
    let (classic, scale_set) = (DeploymentModel::Classic, DeploymentModel::ScaleSet);
    let ok = |text: &str| Ok(text.to_owned());
    assert_eq!(make(public, classic, None), ok("granitefalls.cloudapp.net"));
    assert_eq!(make(public, scale_set, Some("West US 2")), ok("granitefalls.westus2.cloudapp.azure.com"));
    assert_eq!(make(government, classic, None), ok("granitefalls.usgovcloudapp.net"));
    assert_eq!(make(government, scale_set, None), ok("granitefalls.usgovcloudapp.net"));
    for (cloud, model, region) in [
        (public, scale_set, None),
        (public, classic, Some("westus")),
        (government, scale_set, Some("usgovvirginia")),
        (public, scale_set, Some("west.us")),
        (public, scale_set, Some(" ")),
    ] {
        assert!(make(cloud, model, region).unwrap_err().starts_with("could not make deployment name: "));
    }

    let read = |text: &str| DeploymentName::parse(text).unwrap();
    let name = read("GraniteFalls.WestUS.CloudApp.Azure.Com.");
    assert_eq!((name.prefix(), name.region()), ("granitefalls", Some("westus")));
    assert_eq!((name.cloud(), name.model()), (public, Some(scale_set)));
    assert_eq!((read("a.cloudapp.net").model(), read("a.cloudapp.net").region()), (Some(classic), None));
    assert_eq!(
        (read("a.usgovcloudapp.net").cloud(), read("a.usgovcloudapp.net").model()),
        (government, None)
    );
    for wrong in
        ["gw.contoso.com", "cloudapp.net", "a.b.cloudapp.net", "a.cloudapp.azure.com", "a.xcloudapp.net", ""]
    {
        assert_eq!(DeploymentName::parse(wrong).unwrap_err().kind(), ErrorKind::Config, "{wrong}");
    }
    for wrong in ["gw", "", "a..b", "-a.com", "a_b.com", "*.contoso.com", "a b.com", &"a.".repeat(200)] {
        assert_eq!(ServiceName::parse(wrong).unwrap_err().kind(), ErrorKind::Config, "{wrong}");
    }
}

#[test]
fn a_pfx_is_checked_with_its_password_and_chain() {
    let mut below = AuthorityOptions::new(DistinguishedName::parse("CN=Issuing").unwrap(), NOW);
    below.days = Some(1_000);
    let issuing = root().sub_ca(&below).unwrap();
    let server =
        issuing.issue_server(&IssueOptions::new(&names(&["granitefalls.contoso.com"]), NOW)).unwrap();
    let options = ServerCertificateOptions::new(NOW);
    let old = load_pfx(&server.to_pfx("p", PfxProfile::Windows2016).unwrap(), Some("p")).unwrap();
    assert!(check_server_pfx(&old, &options).findings.is_empty());
    let mut new = load_pfx(&server.to_pfx("p", PfxProfile::Modern).unwrap(), Some("p")).unwrap();
    assert_eq!(short(&check_server_pfx(&new, &options).findings), ["warning pfx_modern"]);
    new.certificates.clear();
    new.password_form = None;
    let report = check_server_pfx(&new, &options);
    assert_eq!(short(&report.findings), ["error pfx_password", "warning pfx_modern", "warning pfx_chain"]);
    assert!(report.findings[2].text.contains("CN=Issuing"));
    new.key_pairs.clear();
    assert_eq!(short(&check_server_pfx(&new, &options).findings), ["error pfx_without_key"]);
}

#[test]
fn a_renewal_keeps_the_common_name_in_its_case() {
    let old =
        issue(Some("CN=GraniteFalls.contoso.com,O=Contoso"), &["granitefalls.contoso.com"], KeyKind::EcP256);
    let renew = |subject: &str, days: u32| {
        let mut options = IssueOptions::new(&names(&["granitefalls.contoso.com"]), NOW);
        (options.key, options.days) = (KeyKind::EcP256, days);
        options.subject = Some(DistinguishedName::parse(subject).unwrap());
        let new = root().issue_server(&options).unwrap();
        short(&check_renewal(&old, new.certificate(), NOW + Duration::days(1)))
    };
    assert!(renew("CN=GraniteFalls.contoso.com,O=Contoso", 700).is_empty());
    assert_eq!(renew("CN=GraniteFalls.contoso.com,O=Contoso", 300), ["warning not_longer"]);
    assert_eq!(renew("CN=granitefalls.contoso.com,O=Contoso", 700), ["error common_name_case"]);
    assert_eq!(renew("CN=gw.contoso.com,O=Contoso", 700), ["error common_name"]);
    assert_eq!(renew("CN=GraniteFalls.contoso.com,O=Fabrikam", 700), ["warning subject"]);
    assert_eq!(short(&check_renewal(&old, &old, NOW)), ["warning same_certificate"]);
    assert_eq!(
        short(&check_renewal(&old, &old, NOW - Duration::days(1))),
        ["warning same_certificate", "error validity"]
    );
}
