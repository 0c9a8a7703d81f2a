//! Checks of what the gateway trusts: roots and sub-CAs as they were given, and the site's list.

use super::certificate::out_of_date;
use super::run::Run;
use super::verdict::Verdict;
use crate::cert::{Certificate, Thumbprint};

/// `1 day`, `30 days`.
pub(super) fn days_text(days: i64) -> String {
    if days == 1 { "1 day".to_owned() } else { format!("{days} days") }
}

pub(super) async fn roots_right(run: &mut Run) -> Verdict {
    if run.options.roots.is_empty() {
        return Verdict::skipped("no trusted roots of clients were given");
    }
    let (at, warn) = (run.at, run.options.warn_days);
    let mut faults = Vec::new();
    for root in &run.options.roots {
        match () {
            () if !root.is_ca() => faults.push(format!("{} is no certification authority", root.subject())),
            () if !root.is_self_issued() => {
                faults.push(format!("{} is a sub-CA, not a root: it belongs to the sub-CAs", root.subject()));
            }
            () if !root.is_valid_at(at) => faults.push(out_of_date(root, at)),
            () => {}
        }
    }
    let passed = format!("{} roots, each an authority of its own and in date", run.options.roots.len());
    warn_soon(Verdict::of_faults(faults, passed), &run.options.roots, at, warn)
}

/// Turns a pass into a warning where one of the certificates ends soon.
fn warn_soon(verdict: Verdict, of: &[Certificate], at: time::OffsetDateTime, warn: i64) -> Verdict {
    let soonest = of.iter().min_by_key(|each| each.not_after()).filter(|each| each.days_left(at) < warn);
    match soonest {
        Some(each) if verdict.outcome == super::Outcome::Passed => {
            Verdict::warning(format!("{} ends in {}", each.subject(), days_text(each.days_left(at))))
        }
        _ => verdict,
    }
}

pub(super) async fn sub_cas_right(run: &mut Run) -> Verdict {
    if run.options.sub_cas.is_empty() {
        return Verdict::skipped("no sub-CAs were given");
    }
    let (at, warn) = (run.at, run.options.warn_days);
    let mut faults = Vec::new();
    for sub_ca in &run.options.sub_cas {
        match () {
            () if !sub_ca.is_ca() => {
                faults.push(format!("{} is no certification authority", sub_ca.subject()))
            }
            () if !sub_ca.is_valid_at(at) => faults.push(out_of_date(sub_ca, at)),
            () => {}
        }
    }
    let passed = format!("{} sub-CAs, each an authority and in date", run.options.sub_cas.len());
    warn_soon(Verdict::of_faults(faults, passed), &run.options.sub_cas, at, warn)
}

pub(super) async fn site_list_wellformed(run: &mut Run) -> Verdict {
    let Some(list) = &run.listed else { return Verdict::skipped("no site was given") };
    let faults = list
        .others()
        .map(|other| format!("the site's list holds {other:?}, which is no thumbprint"))
        .collect();
    Verdict::of_faults(faults, format!("the site lists {} thumbprints", list.thumbprints().count()))
}

pub(super) async fn site_list_uploaded(run: &mut Run) -> Verdict {
    let Some(list) = &run.listed else { return Verdict::skipped("no site was given") };
    if run.options.sub_cas.is_empty() && list.thumbprints().next().is_some() {
        return Verdict::skipped("no sub-CAs were given to compare with");
    }
    let known =
        |thumbprint: &Thumbprint| run.options.sub_cas.iter().any(|each| each.thumbprint() == *thumbprint);
    let unknown: Vec<Thumbprint> = list.thumbprints().filter(|each| !known(each)).collect();
    let faults = unknown.iter().map(|thumbprint| match near(*thumbprint, &run.options.sub_cas) {
        Some(meant) => format!(
            "the site lists {thumbprint}, which differs by a few digits from {} of {}: it is mistyped",
            meant.thumbprint(),
            meant.subject()
        ),
        None => format!("the site lists {thumbprint}, and no uploaded certificate has it"),
    });
    Verdict::of_faults(faults.collect(), "each thumbprint in the site belongs to an uploaded certificate")
}

/// The certificate whose thumbprint was probably meant.
fn near(typed: Thumbprint, all: &[Certificate]) -> Option<&Certificate> {
    const DIGITS_OFF_MAX: usize = 4;
    let typed = typed.to_string();
    let differ = |other: &Certificate| {
        let other = other.thumbprint().to_string();
        other.chars().zip(typed.chars()).filter(|(one, two)| one != two).count()
    };
    all.iter().find(|each| differ(each) <= DIGITS_OFF_MAX)
}

pub(super) async fn sub_cas_listed(run: &mut Run) -> Verdict {
    let Some(list) = &run.listed else { return Verdict::skipped("no site was given") };
    if run.options.sub_cas.is_empty() {
        return Verdict::skipped("no sub-CAs were given");
    }
    let unlisted = run.options.sub_cas.iter().filter(|each| !list.contains(each.thumbprint()));
    let faults = unlisted
        .map(|each| {
            format!(
                "{} was uploaded, but the site does not list its thumbprint {}",
                each.subject(),
                each.thumbprint()
            )
        })
        .collect();
    Verdict::of_faults(faults, "the site lists every sub-CA that was uploaded")
}
