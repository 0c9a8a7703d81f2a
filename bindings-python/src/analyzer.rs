//! What is wrong with a gateway.

use std::path::PathBuf;

use cmgateway::gateway::analyzer::{self, AnalyzeOptions};
use cmgateway::gateway::server_certificate::DeploymentName;
use cmgateway::net::{PemSource, TrustedRoots};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::error::Result;
use crate::keywords::Keywords;
use crate::runtime::Handle;
use crate::server_certificate::address;
use crate::site::Site;

const OPERATION: &str = "analyze gateway";

/// How one check ended.
#[pyclass(frozen, eq, get_all, module = "cmgateway")]
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct CheckResult {
    /// The name of the check.
    id: &'static str,
    /// What it is about.
    area: &'static str,
    /// What holds where it passes.
    proves: &'static str,
    /// How it ended: `passed`, `warning`, `failed` or `skipped`.
    outcome: &'static str,
    /// What was found, or why it was skipped.
    finding: String,
    /// What was seen, a line each.
    evidence: Vec<String>,
    /// What is usually behind it, where it failed or warns.
    cause: Option<&'static str>,
    /// What to do, where it failed or warns.
    remedy: Option<String>,
    /// The failed check that it could not be judged after.
    blocked_by: Option<&'static str>,
}

/// What the analyzer found, check by check; prints as a table.
#[pyclass(frozen, module = "cmgateway")]
pub(crate) struct AnalysisReport(pub(crate) analyzer::AnalysisReport);

fn wrapped(result: &analyzer::CheckResult) -> CheckResult {
    CheckResult {
        id: result.id,
        area: result.area,
        proves: result.proves,
        outcome: result.outcome.as_str(),
        finding: result.finding.clone(),
        evidence: result.evidence.clone(),
        cause: result.cause,
        remedy: result.remedy.clone(),
        blocked_by: result.blocked_by,
    }
}

#[pymethods]
impl CheckResult {
    fn __repr__(&self) -> String {
        format!("<{} {}>", self.outcome, self.id)
    }
}

#[pymethods]
impl AnalysisReport {
    /// The gateway.
    #[getter]
    fn service_name(&self) -> &str {
        &self.0.service_name
    }

    /// Every check, in the order in which they were made.
    #[getter]
    fn results(&self) -> Vec<CheckResult> {
        self.0.results.iter().map(wrapped).collect()
    }

    /// True where nothing failed; warnings and skipped checks may be there.
    #[getter]
    fn is_healthy(&self) -> bool {
        self.0.is_healthy()
    }

    /// The first check that failed, which is the cause to look at.
    #[getter]
    fn first_cause(&self) -> Option<CheckResult> {
        self.0.first_cause().map(wrapped)
    }

    /// One sentence about all of it.
    #[getter]
    fn summary(&self) -> String {
        self.0.summary()
    }

    /// The result of the check of this name.
    #[pyo3(signature = (id, /))]
    fn result(&self, id: &str) -> Option<CheckResult> {
        self.0.result(id).map(wrapped)
    }

    /// The report as JSON text, indented by two blanks.
    fn to_json(&self) -> String {
        self.0.to_json()
    }

    /// The report as one HTML page without scripts or outside references.
    fn to_html(&self) -> String {
        self.0.to_html()
    }

    fn __str__(&self) -> String {
        self.0.to_string()
    }

    fn __repr__(&self) -> String {
        format!("<analysis of {}: {}>", self.0.service_name, self.0.summary())
    }
}

/// Looks for what is wrong with a gateway: every check in the order of cause and effect.
#[pyfunction]
#[pyo3(
    signature = (service_name, **keywords),
    text_signature = "(service_name, *, site=None, connection_point_file=None, addresses=None, \
        deployment_name=None, name_server=None, ca_file=None, server_certificate=None, admin_addresses=None, \
        roots=(), sub_cas=(), crls=(), certificate_file=None, key_file=None, token=None, roles=None, \
        asks_inside=False, at=None, warn_days=30, timeout=None)"
)]
pub(crate) fn analyze(
    py: Python<'_>,
    service_name: &str,
    keywords: Option<Bound<'_, PyDict>>,
) -> Result<AnalysisReport> {
    let keywords = Keywords::new("analyze", OPERATION, keywords);
    let mut options = AnalyzeOptions::new(service_name);
    let site = keywords.object::<Site>("site", "a Site")?;
    options.site = site.map(|site| site.get().connection().site.clone());
    read(&keywords, &mut options)?;
    Ok(AnalysisReport(Handle::new()?.block(py, analyzer::analyze(options))?))
}

/// As `analyze`, for a gateway of a site.
pub(crate) fn analyze_gateway(
    py: Python<'_>,
    gateway: &cmgateway::gateway::Gateway,
    keywords: Option<Bound<'_, PyDict>>,
) -> Result<AnalysisReport> {
    let keywords = Keywords::new("Gateway.analyze", OPERATION, keywords);
    let mut options = AnalyzeOptions::new(gateway.service_name());
    read(&keywords, &mut options)?;
    Ok(AnalysisReport(Handle::new()?.block(py, gateway.analyze(options))?))
}

fn read(keywords: &Keywords<'_>, options: &mut AnalyzeOptions) -> Result<()> {
    if let Some(file) = keywords.path("connection_point_file")? {
        options.take_connection_point_file(file)?;
    }
    addresses(keywords, options)?;
    certificates(keywords, options)?;
    options.at = keywords.moment("at")?;
    options.warn_days = keywords.number("warn_days")?.map_or(options.warn_days, i64::from);
    options.timeout = keywords.duration("timeout")?.unwrap_or(options.timeout);
    Ok(keywords.end()?)
}

fn addresses(keywords: &Keywords<'_>, options: &mut AnalyzeOptions) -> Result<()> {
    let texts = |name| keywords.texts(name, "addresses such as gw.contoso.com:443");
    options.addresses = texts("addresses")?.unwrap_or_default();
    options.admin_addresses = texts("admin_addresses")?.unwrap_or_default();
    let deployment = keywords.text("deployment_name")?;
    options.deployment_name = deployment.map(|name| DeploymentName::parse(&name)).transpose()?;
    options.name_server = keywords.text("name_server")?.map(|text| address(&text)).transpose()?;
    options.roles = keywords.whole_numbers("roles")?.unwrap_or_default();
    options.asks_inside = keywords.is_set("asks_inside")?;
    Ok(())
}

fn certificates(keywords: &Keywords<'_>, options: &mut AnalyzeOptions) -> Result<()> {
    if let Some(file) = keywords.path("ca_file")? {
        options.trusted_roots = TrustedRoots::File(file);
    }
    let server = keywords.object::<crate::cert::Certificate>("server_certificate", "a Certificate")?;
    options.server_certificate = server.map(|certificate| certificate.get().0.clone());
    for (name, to) in [("roots", &mut options.roots), ("sub_cas", &mut options.sub_cas)] {
        let given = keywords.certificates(name)?;
        if !given.is_empty() {
            *to = given;
        }
    }
    let lists = keywords.crls("crls")?;
    if !lists.is_empty() {
        options.crls = lists;
    }
    let pem = |file: PathBuf| PemSource::File(file);
    let (chain, key) = (keywords.path("certificate_file")?.map(pem), keywords.path("key_file")?.map(pem));
    options.client_identity = match (chain, key) {
        (Some(chain), Some(key)) => Some((chain, key)),
        (None, None) => None,
        _ => return Err(crate::error::config(OPERATION, "certificate_file and key_file belong together")),
    };
    options.token = keywords.text("token")?.map(cmgateway::Secret::new);
    Ok(())
}

/// The page that describes every check, as Markdown; `core/CHECKS.md` is this text.
#[pyfunction]
pub(crate) fn checks_page() -> String {
    analyzer::checks_page()
}
