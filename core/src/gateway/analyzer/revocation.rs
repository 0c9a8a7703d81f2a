//! Checks of revocation lists: where certificates say that they are, and whether they are in force.

use std::time::Duration;

use super::client::trust;
use super::reach::each;
use super::run::Run;
use super::trust::days_text;
use super::verdict::Verdict;
use crate::cert::{Certificate, Crl, RevocationMode, Verifier, load_crl};
use crate::limits::REVOCATION_LIST_BYTES_MAX;
use crate::net::TrustedRoots;
use crate::net::download::Download;

/// Whose revocation the gateway checks: as it was given, else as the site says.
pub(super) fn mode(run: &Run) -> RevocationMode {
    let site = run.row.as_ref().and_then(|row| row.get("ClientCertRevocationEnabled"));
    match (run.options.revocation, site) {
        (RevocationMode::Off, Some(crate::wmi::Value::Boolean(true))) => RevocationMode::Leaf,
        (given, _) => given,
    }
}

/// The certificates of a client's chain whose status has to be known.
fn asked_about(run: &Run) -> Vec<Certificate> {
    let Some(leaf) = run.client.first() else { return Vec::new() };
    let verified =
        Verifier::new(trust(run, RevocationMode::Off)).and_then(|verifier| verifier.verify(leaf, None));
    let chain = verified.map(|chain| chain.certificates().to_vec()).unwrap_or_else(|_| vec![leaf.clone()]);
    let count = if mode(run) == RevocationMode::Chain { chain.len().saturating_sub(1).max(1) } else { 1 };
    chain.into_iter().take(count).collect()
}

async fn fetch(url: String, timeout: Duration) -> Result<Vec<Crl>, String> {
    let address = url.parse().map_err(|_| format!("{url} is no address"))?;
    let download = Download {
        operation: "fetch revocation list",
        url: &address,
        accept: "application/pkix-crl, */*",
        trusted_roots: TrustedRoots::System,
        timeout,
        bytes_max: REVOCATION_LIST_BYTES_MAX,
    };
    let content =
        download.get().await.map_err(|error| format!("{url} cannot be fetched: {}", error.cause()))?;
    load_crl(&content).map_err(|error| format!("{url} gives no revocation list: {}", error.cause()))
}

pub(super) async fn crl_reachable(run: &mut Run) -> Verdict {
    if mode(run) == RevocationMode::Off {
        return Verdict::skipped("the gateway does not check the revocation of clients");
    }
    if run.client.is_empty() {
        return Verdict::skipped("no client certificate was given");
    }
    let about = asked_about(run);
    let silent = about.iter().find(|each| each.crl_urls().iter().all(|url| !url.starts_with("http://")));
    if let Some(silent) = silent {
        let words = format!("{} names no revocation list that HTTP can fetch", silent.subject());
        return match run.options.crls.is_empty() {
            true => Verdict::failed(words),
            false => Verdict::skipped(format!("{words}; the gateway was given lists")),
        };
    }
    let mut urls: Vec<String> =
        about.iter().flat_map(Certificate::crl_urls).filter(|url| url.starts_with("http://")).collect();
    urls.dedup();
    let (time, shown) = (run.options.timeout, urls.join(", "));
    let mut faults = Vec::new();
    for result in each(urls, move |url| fetch(url, time)).await {
        match result {
            Ok(lists) => run.downloaded.extend(lists),
            Err(cause) => faults.push(cause),
        }
    }
    match faults.first() {
        // The gateway goes by what it was given; this library's downloads none.
        Some(first) if !run.options.crls.is_empty() => {
            Verdict::warning(format!("{first}; the gateway was given lists"))
        }
        _ => Verdict::of_faults(faults, format!("fetched {shown}")),
    }
}

pub(super) async fn crl_current(run: &mut Run) -> Verdict {
    let lists: Vec<&Crl> = run.options.crls.iter().chain(&run.downloaded).collect();
    if mode(run) == RevocationMode::Off {
        return Verdict::skipped("the gateway does not check the revocation of clients");
    }
    if lists.is_empty() {
        return Verdict::skipped("no revocation list was given or fetched");
    }
    let mut faults = Vec::new();
    let mut soonest: Option<(i64, String)> = None;
    for list in lists {
        match list.next_update() {
            Some(end) if end < run.at => {
                faults.push(format!("the list of {} ended on {}", list.issuer(), end.date()))
            }
            _ if list.this_update() > run.at => {
                faults.push(format!(
                    "the list of {} is not in force before {}",
                    list.issuer(),
                    list.this_update().date()
                ));
            }
            Some(end) => {
                let left = (end - run.at).whole_days();
                if soonest.as_ref().is_none_or(|(days, _)| left < *days) {
                    soonest = Some((left, list.issuer()));
                }
            }
            None => {}
        }
    }
    let words = match &soonest {
        Some((days, issuer)) => format!("every list is in force; that of {issuer} for {}", days_text(*days)),
        None => "every list is in force".to_owned(),
    };
    match soonest {
        Some((days, _)) if days < 1 && faults.is_empty() => Verdict::warning(words),
        _ => Verdict::of_faults(faults, words),
    }
}
