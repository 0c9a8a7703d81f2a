//! What a change of the sub-CA thumbprints would do; pure, no I/O, no clock.

use std::fmt;
use std::str::FromStr;

use serde::Serialize;
use time::{Duration, OffsetDateTime};

use super::list::{Entry, ThumbprintList};
use super::source::Candidate;
use crate::cert::{Certificate, Thumbprint};
use crate::error::{Error, ErrorKind, Result};
use crate::limits::SUB_CA_THUMBPRINTS_MAX;
use crate::wmi::ObjectPath;

/// A sub-CA that is valid for less than this is worth a warning.
const EXPIRES_SOON: Duration = Duration::days(30);

/// What to do with the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangeKind {
    /// The list becomes exactly these.
    Set,
    /// These are added, the others stay.
    Add,
    /// These are removed, the others stay.
    Remove,
}

impl FromStr for ChangeKind {
    type Err = Error;

    /// Reads the word that scripts use: `set`, `add`, `remove`.
    fn from_str(word: &str) -> Result<Self> {
        match word {
            "set" => Ok(ChangeKind::Set),
            "add" => Ok(ChangeKind::Add),
            "remove" => Ok(ChangeKind::Remove),
            _ => {
                let cause = format!("{word:?} is not set, add or remove");
                Err(Error::new(ErrorKind::Config, "plan sub-CA thumbprints", cause))
            }
        }
    }
}

/// What happens to one thumbprint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum StepAction {
    /// It is in the list and stays.
    Keep,
    /// It is added.
    Add,
    /// It is removed.
    Remove,
}

impl StepAction {
    /// The word that prints and that JSON holds.
    pub fn as_str(self) -> &'static str {
        match self {
            StepAction::Keep => "keep",
            StepAction::Add => "add",
            StepAction::Remove => "remove",
        }
    }
}

/// One line of a plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PlanStep {
    /// What happens.
    pub action: StepAction,
    /// To which thumbprint, or to what stands in the list and is none.
    pub thumbprint: String,
    /// The subject of its certificate, where one was given.
    pub subject: Option<String>,
}

/// What a change of a gateway's sub-CA thumbprints would do, to be read before it is applied.
///
/// It prints as a table and serialises to JSON. Applying it fails with `conflict` where the site's list is no
/// longer the one the plan was made for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SubCaPlan {
    /// The gateway's service name.
    pub service_name: String,
    /// The path of its instance.
    pub path: String,
    /// The text of the property as it is; None where it is null.
    pub before: Option<String>,
    /// The text of the property as it would be.
    pub after: String,
    /// What happens to each thumbprint, and to what stands in the list and is none.
    pub steps: Vec<PlanStep>,
    /// What the administrator should know.
    pub warnings: Vec<String>,
}

impl SubCaPlan {
    /// False where the site is as wanted already; applying such a plan writes nothing.
    pub fn is_change(&self) -> bool {
        self.before.as_deref().unwrap_or_default() != self.after
    }

    /// The plan as JSON text, indented by two blanks, with the names of the fields as here.
    pub fn to_json(&self) -> String {
        // Texts and lists of texts always have a JSON form.
        serde_json::to_string_pretty(self).unwrap_or_default()
    }

    /// How many steps do this.
    pub fn count(&self, action: StepAction) -> usize {
        self.steps.iter().filter(|step| step.action == action).count()
    }
}

impl fmt::Display for SubCaPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "Sub-CA thumbprints of {} ({})", self.service_name, self.path)?;
        for step in &self.steps {
            let subject = step.subject.as_deref().unwrap_or_default();
            writeln!(
                f,
                "{}",
                format!("  {:<6}  {}  {subject}", step.action.as_str(), step.thumbprint).trim_end()
            )?;
        }
        for warning in &self.warnings {
            writeln!(f, "  warning: {warning}")?;
        }
        let (add, remove, keep) =
            (self.count(StepAction::Add), self.count(StepAction::Remove), self.count(StepAction::Keep));
        match (self.is_change(), add + remove) {
            (false, _) => write!(f, "  nothing to do: {keep} kept"),
            (true, 0) => write!(f, "  the list is written anew in its usual form: {keep} kept"),
            (true, _) => write!(f, "  {add} to add, {remove} to remove, {keep} kept"),
        }
    }
}

/// The gateway's side of a plan: who it is and what its list is now.
pub(super) struct Current<'a> {
    pub(super) service_name: &'a str,
    pub(super) path: &'a ObjectPath,
    pub(super) stored: Option<&'a str>,
}

/// Makes the plan. A certificate that is no CA or has expired is refused, unless it is to be removed.
pub(super) fn plan(
    current: &Current<'_>,
    kind: ChangeKind,
    candidates: &[Candidate],
    now: OffsetDateTime,
) -> Result<SubCaPlan> {
    let operation = format!("plan sub-CA thumbprints of {}", current.service_name);
    if candidates.is_empty() && kind != ChangeKind::Set {
        return Err(Error::new(ErrorKind::Config, operation, "no certificate or thumbprint is given"));
    }
    let mut warnings = Vec::new();
    if kind != ChangeKind::Remove {
        for certificate in candidates.iter().filter_map(|candidate| candidate.certificate.as_ref()) {
            check(certificate, now, &operation, &mut warnings)?;
        }
    }
    let wanted = distinct(candidates, &mut warnings);
    let before = ThumbprintList::read(current.stored.unwrap_or_default());
    for other in before.others() {
        let fate = if kind == ChangeKind::Set { "it goes" } else { "it stays; set replaces the whole list" };
        warnings.push(format!("the list holds {other:?}, which is no thumbprint: {fate}"));
    }
    let after = after(&before, kind, &wanted, &mut warnings);
    if after.thumbprints().count() > SUB_CA_THUMBPRINTS_MAX {
        let cause = format!("the list would have more than {SUB_CA_THUMBPRINTS_MAX} thumbprints");
        return Err(Error::new(ErrorKind::Config, operation, cause));
    }
    Ok(SubCaPlan {
        service_name: current.service_name.to_owned(),
        path: current.path.to_string(),
        before: current.stored.map(str::to_owned),
        after: after.to_string(),
        steps: steps(&before, &after, candidates),
        warnings,
    })
}

fn check(
    certificate: &Certificate,
    now: OffsetDateTime,
    operation: &str,
    warnings: &mut Vec<String>,
) -> Result<()> {
    let (subject, thumbprint) = (certificate.subject(), certificate.thumbprint());
    let refuse = |cause: &str| {
        Err(Error::new(ErrorKind::Certificate, operation, format!("{subject} {cause}"))
            .with_context("thumbprint", thumbprint.to_string()))
    };
    if !certificate.is_ca() {
        return refuse("is not the certificate of a CA; give the sub-CA that issued it");
    }
    if certificate.is_expired(now) {
        return refuse(&format!("expired on {}", certificate.not_after().date()));
    }
    if certificate.not_before() > now {
        warnings.push(format!("{subject} is not valid before {}", certificate.not_before().date()));
    } else if certificate.not_after() - now < EXPIRES_SOON {
        warnings.push(format!("{subject} expires on {}", certificate.not_after().date()));
    }
    if certificate.is_self_issued() {
        warnings.push(format!("{subject} is a root; a root belongs to the gateway's trusted roots"));
    }
    Ok(())
}

fn distinct(candidates: &[Candidate], warnings: &mut Vec<String>) -> Vec<Thumbprint> {
    let mut wanted: Vec<Thumbprint> = Vec::with_capacity(candidates.len());
    for candidate in candidates {
        if wanted.contains(&candidate.thumbprint) {
            warnings.push(format!("{} is given more than once", candidate.thumbprint));
        } else {
            wanted.push(candidate.thumbprint);
        }
    }
    wanted
}

fn after(
    before: &ThumbprintList,
    kind: ChangeKind,
    wanted: &[Thumbprint],
    warnings: &mut Vec<String>,
) -> ThumbprintList {
    if kind == ChangeKind::Set {
        return ThumbprintList::from_thumbprints(wanted.iter().copied());
    }
    let mut after = before.clone();
    // A list that an old script wrote may name a thumbprint twice.
    let mut seen = Vec::new();
    after.retain(|thumbprint| {
        let first = !seen.contains(thumbprint);
        seen.push(*thumbprint);
        first
    });
    for thumbprint in wanted {
        match (kind, before.contains(*thumbprint)) {
            (ChangeKind::Add, false) => after.push(*thumbprint),
            (ChangeKind::Remove, true) => after.retain(|other| other != thumbprint),
            (ChangeKind::Remove, false) => warnings.push(format!("{thumbprint} is not in the list")),
            _ => {}
        }
    }
    after
}

fn steps(before: &ThumbprintList, after: &ThumbprintList, candidates: &[Candidate]) -> Vec<PlanStep> {
    let step = |action, entry: &Entry| {
        let given = candidates.iter().find(|candidate| Entry::Thumbprint(candidate.thumbprint) == *entry);
        let subject = given.and_then(|candidate| candidate.certificate.as_ref()).map(Certificate::subject);
        PlanStep { action, thumbprint: entry.to_string(), subject }
    };
    let (before, after) = (before.entries(), after.entries());
    let removed = before.iter().filter(|entry| !after.contains(entry));
    let mut steps: Vec<_> = after
        .iter()
        .map(|entry| match before.contains(entry) {
            true => step(StepAction::Keep, entry),
            false => step(StepAction::Add, entry),
        })
        .collect();
    steps.extend(removed.map(|entry| step(StepAction::Remove, entry)));
    steps
}
