//! The Rust tests that run under Wine, and why the others do not.

use cmgateway_examples::checkout::{cargo, run};
use cmgateway_tests::report::{Report, Skip};

use crate::TARGET;
use crate::wine::Wine;

/// Test files in `tests/rust` that run whole.
const UNDER_WINE: &[&str] = &[
    "adminservice_client",
    "adminservice_methods",
    "adminservice_server",
    "associations",
    "azure_classic",
    "azure_recordings",
    "certificate_store",
    "certificates",
    "certificates_against_x509_parser",
    "chains",
    "embedded_site",
    "gateway_abuse",
    "gateway_spec",
    "gateway_tokens",
    "issuing",
    "object_path_and_datetime",
    "pfx_and_p7b",
    "pkits",
    "requests",
    "server_certificate",
    "snapshots",
    "sub_ca",
    "tls_verifiers",
    "url_mappings",
    "watches",
    "windows_service",
    "wmi_classes",
    "wql",
    "wql_against_evaluator",
    "wql_on_sqlite",
];

/// Builds and runs them.
pub(crate) fn check(report: &mut Report, wine: &Wine) {
    report.step("unit tests under Wine", || tests(wine, &["--package", "cmgateway", "--lib"]));
    report.step("tests under Wine", || {
        let files = UNDER_WINE.iter().flat_map(|file| ["--test", file]);
        tests(wine, &["--package", "cmgateway-tests"].into_iter().chain(files).collect::<Vec<_>>())
    });
    // Wine's WMI serves one connection at a time: with two it reads tables that the other is filling.
    report.step("COM under Wine", || {
        tests(wine, &["--package", "cmgateway-tests", "--test", "com", "--", "--test-threads", "1"])
    });
}

fn tests(wine: &Wine, what: &[&str]) -> Result<(), Skip> {
    let mut test = cargo();
    test.args(["test", "--quiet", "--no-fail-fast", "--target", TARGET]).args(what);
    test.env("CARGO_TARGET_X86_64_PC_WINDOWS_GNU_RUNNER", "wine").envs(wine.environment());
    Ok(run(&mut test)?)
}
