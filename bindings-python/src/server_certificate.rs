//! The gateway's own rules about its server certificate and its names.

use std::net::SocketAddr;
use std::time::Duration;

use cmgateway::gateway::server_certificate::{
    self as core, AzureCloud, DeploymentModel, ServerCertificateOptions, ServiceName,
};
use cmgateway::gateway::{CnameOptions, check_cname as check};
use pyo3::prelude::*;
use pyo3::types::PyDict;
use time::OffsetDateTime;

use crate::cert::Certificate;
use crate::datetime::moment;
use crate::error::{Result, config, wrong_type};
use crate::keywords::Keywords;
use crate::pfx::Pfx;
use crate::runtime::Handle;

/// One thing that is wrong or doubtful about a certificate or a name; prints as `error key_size: …`.
#[pyclass(frozen, eq, get_all, module = "cmgateway")]
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Finding {
    /// How much it counts: `error` or `warning`.
    severity: &'static str,
    /// The rule in one word, for scripts, such as `key_size`.
    rule: &'static str,
    /// The whole of it for a person.
    text: String,
}

/// What a check of a server certificate found, all at once.
#[pyclass(frozen, get_all, module = "cmgateway")]
pub(crate) struct ServerCertificateReport {
    /// What is wrong or doubtful, errors and warnings.
    findings: Vec<Finding>,
    /// The service name, where there is one.
    service_name: Option<String>,
    /// Whole days until it expires; negative after it has.
    days_left: i64,
    /// True where nothing is an error; warnings may be there.
    is_good: bool,
    /// True where the service name needs a CNAME that leads to the deployment name.
    needs_cname: bool,
}

#[pymethods]
impl Finding {
    fn __str__(&self) -> String {
        format!("{} {}: {}", self.severity, self.rule, self.text)
    }

    fn __repr__(&self) -> String {
        format!("<{} {}>", self.severity, self.rule)
    }
}

#[pymethods]
impl ServerCertificateReport {
    fn __repr__(&self) -> String {
        let state = if self.is_good { "good" } else { "bad" };
        format!("<{state} server certificate with {} findings>", self.findings.len())
    }
}

fn wrapped(findings: Vec<core::Finding>) -> Vec<Finding> {
    let wrap =
        |each: core::Finding| Finding { severity: each.severity.as_str(), rule: each.rule, text: each.text };
    findings.into_iter().map(wrap).collect()
}

/// Checks a certificate against the rules for a gateway's server certificate and tells every finding.
#[pyfunction]
#[pyo3(
    signature = (certificate, **keywords),
    text_signature = "(certificate, *, at=None, cloud='public', service_name=None, warn_days=30)"
)]
pub(crate) fn check_server_certificate(
    certificate: &Bound<'_, PyAny>,
    keywords: Option<Bound<'_, PyDict>>,
) -> Result<ServerCertificateReport> {
    let keywords = Keywords::new("check_server_certificate", "check server certificate", keywords);
    let at = keywords.moment("at")?.unwrap_or_else(OffsetDateTime::now_utc);
    let mut options = ServerCertificateOptions::new(at);
    options.cloud = keywords.word("cloud", &AzureCloud::ALL.map(|cloud| (cloud.as_str(), cloud)))?;
    options.service_name = keywords.text("service_name")?;
    options.warn_days = keywords.number("warn_days")?.map_or(options.warn_days, i64::from);
    keywords.end()?;
    let report = if let Ok(certificate) = certificate.cast::<Certificate>() {
        core::check_server_certificate(&certificate.get().0, &options)
    } else if let Ok(pfx) = certificate.cast::<Pfx>() {
        core::check_server_pfx(&pfx.get().0, &options)
    } else {
        return Err(wrong_type("a Certificate or a Pfx is checked", certificate));
    };
    let (is_good, needs_cname) = (report.is_good(), report.needs_cname());
    let service_name = report.service_name.map(|name| name.to_string());
    let findings = wrapped(report.findings);
    Ok(ServerCertificateReport { findings, service_name, days_left: report.days_left, is_good, needs_cname })
}

/// Tells what stands against putting a new server certificate in the place of the old one.
#[pyfunction]
#[pyo3(signature = (old, new, *, at=None))]
pub(crate) fn check_renewal(
    old: &Certificate,
    new: &Certificate,
    at: Option<&Bound<'_, PyAny>>,
) -> Result<Vec<Finding>> {
    let at = at.map(|at| moment(at, "check renewal")).transpose()?;
    Ok(wrapped(core::check_renewal(&old.0, &new.0, at.unwrap_or_else(OffsetDateTime::now_utc))))
}

/// Checks the first label of a service name, which becomes the name in Azure, against every published rule.
#[pyfunction]
#[pyo3(signature = (prefix, /))]
pub(crate) fn check_name_prefix(prefix: &str) -> Vec<Finding> {
    wrapped(core::check_name_prefix(prefix))
}

/// The service name that a certificate gives: its common name, or its first DNS name where that is none.
#[pyfunction]
#[pyo3(signature = (certificate, wanted=None))]
pub(crate) fn service_name(certificate: &Certificate, wanted: Option<&str>) -> Result<String> {
    Ok(ServiceName::of_certificate(&certificate.0, wanted)?.to_string())
}

/// The deployment name of a service name in a cloud; the region is written as Azure shows it or names it.
#[pyfunction]
#[pyo3(
    signature = (service_name, **keywords),
    text_signature = "(service_name, *, cloud='public', model='scale_set', region=None)"
)]
pub(crate) fn deployment_name(service_name: &str, keywords: Option<Bound<'_, PyDict>>) -> Result<String> {
    let keywords = Keywords::new("deployment_name", "make deployment name", keywords);
    let cloud = keywords.word("cloud", &AzureCloud::ALL.map(|cloud| (cloud.as_str(), cloud)))?;
    let model = keywords.word("model", &DeploymentModel::ALL.map(|model| (model.as_str(), model)))?;
    let region = keywords.text("region")?;
    keywords.end()?;
    let service = ServiceName::parse(service_name)?;
    Ok(core::DeploymentName::new(&service, cloud, model, region.as_deref())?.to_string())
}

/// Checks that DNS leads from the service name to the deployment name, and gives the names on the way.
#[pyfunction]
#[pyo3(signature = (service_name, deployment_name, *, name_server=None, timeout=None))]
pub(crate) fn check_cname(
    py: Python<'_>,
    service_name: &str,
    deployment_name: &str,
    name_server: Option<&str>,
    timeout: Option<Duration>,
) -> Result<Vec<String>> {
    let (service, deployment) =
        (ServiceName::parse(service_name)?, core::DeploymentName::parse(deployment_name)?);
    let mut options = CnameOptions::default();
    options.name_server = name_server.map(address).transpose()?;
    options.timeout = timeout.unwrap_or(options.timeout);
    Handle::new()?.block(py, async move { check(&service, &deployment, &options).await })
}

/// `192.0.2.1` or `192.0.2.1:5353`.
pub(crate) fn address(text: &str) -> Result<SocketAddr> {
    let found = text.parse().ok().or_else(|| Some(SocketAddr::new(text.parse().ok()?, 53)));
    found.ok_or_else(|| config("check CNAME", format!("{text:?} is not the address of a name server")))
}
