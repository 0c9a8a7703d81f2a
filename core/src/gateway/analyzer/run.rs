//! The checks one after the other, and what they have learned for those after them.

use std::net::SocketAddr;
use std::time::Instant;

use time::OffsetDateTime;
use tokio::time::timeout;

use super::check::{Check, checks};
use super::exchange::Answer;
use super::options::AnalyzeOptions;
use super::report::{AnalysisReport, CheckResult};
use super::verdict::{Outcome, Verdict};
use crate::cert::{Certificate, Crl};
use crate::error::{Error, ErrorKind, Result};
use crate::gateway::sub_ca::ThumbprintList;
use crate::limits::{ANALYZER_CERTIFICATES_MAX, ANALYZER_CHECK_STEPS, ANALYZER_TARGETS_MAX};
use crate::wmi::Instance;

/// Looks for what is wrong with a gateway: every check in the order of cause and effect.
///
/// It changes nothing. The first check of the report that failed is the cause to look at; what could only be judged after it
/// is skipped. Every wait is bounded by [`AnalyzeOptions::timeout`], a whole check by
/// [`ANALYZER_CHECK_STEPS`](crate::limits::ANALYZER_CHECK_STEPS) times that. Against a live gateway of Microsoft nothing of it was
/// tried; the checks that need this library's own answers skip there and say so.
///
/// # Errors
/// `config` for an empty service name and for more than
/// [`ANALYZER_TARGETS_MAX`](crate::limits::ANALYZER_TARGETS_MAX) addresses, instances or roles. What is wrong with the gateway is
/// in the report, never an error.
///
/// ```no_run
/// use cmgateway::gateway::analyzer::{AnalyzeOptions, analyze};
/// # async fn example() -> cmgateway::Result<()> {
/// let report = analyze(AnalyzeOptions::new("gw.contoso.com")).await?;
/// println!("{report}");
/// # Ok(()) }
/// ```
pub async fn analyze(options: AnalyzeOptions) -> Result<AnalysisReport> {
    check_options(&options)?;
    let started = Instant::now();
    let at = options.at.unwrap_or_else(OffsetDateTime::now_utc);
    let service_name = options.service_name.clone();
    let longest = options.timeout.saturating_mul(ANALYZER_CHECK_STEPS);
    let mut run = Run::new(options, at);
    let mut results: Vec<CheckResult> = Vec::with_capacity(checks().len());
    for check in checks() {
        let began = Instant::now();
        let blocker = check.after.iter().find_map(|id| blocking(&results, id));
        let result = match blocker {
            Some(by) => CheckResult::blocked(check, by),
            None => {
                let verdict = timeout(longest, (check.run)(&mut run)).await;
                let verdict =
                    verdict.unwrap_or_else(|_| Verdict::failed(format!("no verdict within {longest:?}")));
                CheckResult::of(check, verdict, began.elapsed())
            }
        };
        results.push(result);
    }
    Ok(AnalysisReport { service_name, at, results, took: started.elapsed() })
}

fn check_options(options: &AnalyzeOptions) -> Result<()> {
    let refuse = |cause: String| Err(Error::new(ErrorKind::Config, "analyze gateway", cause));
    let most = [options.addresses.len(), options.instances.len(), options.admin_addresses.len()];
    let roles = options.roles.len().max(options.mappings.len());
    let certificates = options.roots.len().max(options.sub_cas.len());
    match () {
        () if options.service_name.trim().is_empty() => refuse("service_name: it is empty".into()),
        () if most.into_iter().any(|count| count > ANALYZER_TARGETS_MAX) || roles > ANALYZER_TARGETS_MAX => {
            refuse(format!("more than {ANALYZER_TARGETS_MAX} addresses, instances or roles"))
        }
        () if certificates > ANALYZER_CERTIFICATES_MAX => {
            refuse(format!("more than {ANALYZER_CERTIFICATES_MAX} roots or sub-CAs"))
        }
        () if options.timeout.is_zero() => refuse("timeout: it must be above zero".into()),
        () => Ok(()),
    }
}

/// The check that stands in the way of those after this one: itself where it failed, else what blocked it.
fn blocking(results: &[CheckResult], id: &str) -> Option<&'static str> {
    let result = results.iter().find(|result| result.id == id)?;
    match result.outcome {
        Outcome::Failed if result.blocks => Some(result.id),
        Outcome::Skipped => result.blocked_by,
        _ => None,
    }
}

/// Where clients connect: one address, and what was seen there.
#[derive(Debug)]
pub(super) struct Front {
    pub(super) address: SocketAddr,
    pub(super) chain: Vec<Certificate>,
    /// Bytes that are no certificate, where the server sent such.
    pub(super) unreadable: Option<String>,
    pub(super) client_issuers: Option<Vec<Vec<u8>>>,
    pub(super) tls: String,
    pub(super) answer: Option<Answer>,
    pub(super) metadata: Option<Metadata>,
}

/// What one of our instances says about itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Metadata {
    pub(super) service_name: String,
    pub(super) instance: u64,
    pub(super) build: String,
    pub(super) configuration: u64,
    pub(super) connection_points: Vec<String>,
}

/// What the checks have learned so far.
pub(super) struct Run {
    pub(super) options: AnalyzeOptions,
    /// The moment for which is judged, and when the run began.
    pub(super) at: OffsetDateTime,
    pub(super) started: Instant,
    /// Addresses that names led to.
    pub(super) addresses: Vec<SocketAddr>,
    /// Addresses that took a connection.
    pub(super) reached: Vec<SocketAddr>,
    pub(super) fronts: Vec<Front>,
    /// The tunnel address of each instance that took a connection.
    pub(super) tunnels: Vec<String>,
    /// What instances show there and the connection point does not pin.
    pub(super) unpinned: Vec<String>,
    /// The row of the gateway in the site.
    pub(super) row: Option<Instance>,
    pub(super) listed: Option<ThumbprintList>,
    pub(super) client: Vec<Certificate>,
    pub(super) downloaded: Vec<Crl>,
}

impl Run {
    fn new(options: AnalyzeOptions, at: OffsetDateTime) -> Self {
        Run {
            options,
            at,
            started: Instant::now(),
            addresses: Vec::new(),
            reached: Vec::new(),
            fronts: Vec::new(),
            tunnels: Vec::new(),
            unpinned: Vec::new(),
            row: None,
            listed: None,
            client: Vec::new(),
            downloaded: Vec::new(),
        }
    }

    /// What our own instances said; none where it is another gateway.
    pub(super) fn metadata(&self) -> Vec<(&Front, &Metadata)> {
        self.fronts.iter().filter_map(|front| Some((front, front.metadata.as_ref()?))).collect()
    }

    /// The sub-CAs that count: uploaded, and listed by the site where there is one.
    pub(super) fn effective_sub_cas(&self) -> Vec<Certificate> {
        let counts = |each: &&Certificate| match &self.listed {
            Some(list) => list.contains(each.thumbprint()),
            None => true,
        };
        self.options.sub_cas.iter().filter(counts).cloned().collect()
    }
}

/// What servers say may hold what moves a terminal's cursor; it is shown, not done.
fn printable(text: String) -> String {
    if !text.contains(char::is_control) {
        return text;
    }
    let shown = |letter: char| match letter.is_control() {
        true => letter.escape_default().to_string(),
        false => letter.to_string(),
    };
    text.chars().map(shown).collect()
}

#[cfg(test)]
#[test]
fn what_moves_a_cursor_is_shown() {
    assert_eq!(printable("200 \u{1b}[2Jaché\n".into()), "200 \\u{1b}[2Jaché\\n");
}

impl CheckResult {
    fn of(check: &Check, verdict: Verdict, took: std::time::Duration) -> Self {
        let is_wrong = matches!(verdict.outcome, Outcome::Failed | Outcome::Warning);
        CheckResult {
            id: check.id,
            area: check.area,
            proves: check.proves,
            outcome: verdict.outcome,
            finding: printable(verdict.finding),
            evidence: verdict.evidence.into_iter().map(printable).collect(),
            cause: is_wrong.then_some(check.cause),
            remedy: is_wrong.then(|| verdict.remedy.unwrap_or_else(|| check.remedy.to_owned())),
            blocked_by: None,
            took,
            blocks: verdict.blocks,
        }
    }

    fn blocked(check: &Check, by: &'static str) -> Self {
        let mut result = Self::of(
            check,
            Verdict::skipped(format!("not looked at: {by} failed")),
            std::time::Duration::ZERO,
        );
        result.blocked_by = Some(by);
        result
    }
}
