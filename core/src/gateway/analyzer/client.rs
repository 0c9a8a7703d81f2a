//! Checks of a client's certificate, as the gateway will judge it.

use super::certificate::out_of_date;
use super::run::Run;
use super::trust::days_text;
use super::verdict::Verdict;
use crate::cert::{
    Certificate, Purpose, Refusal, RefusalReason, RevocationMode, Verifier, VerifierOptions, build_chain,
};
use crate::net::{ClientIdentity, client_config};

const NONE_GIVEN: &str = "no client certificate was given";

pub(super) async fn client_certificate(run: &mut Run) -> Verdict {
    let Some((chain, key)) = run.options.client_identity.clone() else { return Verdict::skipped(NONE_GIVEN) };
    match chain.certificates() {
        Ok(certificates) => run.client = certificates,
        Err(error) => return Verdict::failed(error.to_string()),
    }
    if let Err(error) = client_config(&run.options.trusted_roots, Some(&ClientIdentity { chain, key })) {
        return Verdict::failed(error.to_string());
    }
    let subject = run.client.first().map(Certificate::subject).unwrap_or_default();
    Verdict::passed(format!("{subject} can be read, and the key is its own"))
}

pub(super) async fn client_validity(run: &mut Run) -> Verdict {
    let Some(leaf) = run.client.first() else { return Verdict::skipped(NONE_GIVEN) };
    let words = format!("{} ends in {}", leaf.subject(), days_text(leaf.days_left(run.at)));
    match () {
        () if !leaf.is_valid_at(run.at) => Verdict::failed(out_of_date(leaf, run.at)),
        () if leaf.days_left(run.at) < run.options.warn_days => Verdict::warning(words),
        () => Verdict::passed(words),
    }
}

pub(super) async fn client_purpose(run: &mut Run) -> Verdict {
    let Some(leaf) = run.client.first() else { return Verdict::skipped(NONE_GIVEN) };
    let wanted = Purpose::ClientAuth.oid().unwrap_or_default();
    let usages: Vec<String> =
        leaf.extended_key_usage().into_iter().map(|usage| usage.oid().to_owned()).collect();
    match () {
        () if usages.is_empty() => {
            Verdict::warning(format!("{} names no purpose, which allows all", leaf.subject()))
        }
        () if usages.iter().any(|usage| usage == wanted) => {
            Verdict::passed("the certificate is for client authentication")
        }
        () => Verdict::failed(format!(
            "{} is for {}, not for client authentication ({wanted})",
            leaf.subject(),
            usages.join(", ")
        )),
    }
}

/// The trust of the gateway as it is known here.
pub(super) fn trust(run: &Run, revocation: RevocationMode) -> VerifierOptions {
    let mut trust = VerifierOptions::new(run.options.roots.clone(), run.at);
    trust.intermediates = run.effective_sub_cas();
    trust.crls = run.options.crls.iter().chain(&run.downloaded).cloned().collect();
    trust.purpose = Purpose::ClientAuth;
    trust.revocation = revocation;
    trust
}

pub(super) async fn client_chain(run: &mut Run) -> Verdict {
    let Some(leaf) = run.client.first() else { return Verdict::skipped(NONE_GIVEN) };
    if run.options.roots.is_empty() {
        return Verdict::skipped("no trusted roots of clients were given");
    }
    let trusted: Vec<Certificate> =
        run.options.roots.iter().cloned().chain(run.effective_sub_cas()).collect();
    let chain = build_chain(leaf, &trusted);
    let subjects: Vec<String> = chain.certificates.iter().map(Certificate::subject).collect();
    let Some(missing) = chain.missing else {
        return Verdict::passed(format!("the gateway has all of {}", subjects.join(" <- ")));
    };
    let mut lacking = vec![missing.subject.clone()];
    // What the client's own file has tells the rest of what is missing.
    let all: Vec<Certificate> =
        trusted.iter().chain(&run.client).chain(&run.options.sub_cas).cloned().collect();
    let further = build_chain(leaf, &all);
    for each in further.certificates.iter().skip(chain.certificates.len()) {
        if !trusted.contains(each) && !lacking.contains(&each.subject()) {
            lacking.push(each.subject());
        }
    }
    lacking
        .extend(further.missing.map(|further| further.subject).filter(|subject| !lacking.contains(subject)));
    let key = missing.key_id.map(|id| format!(" (key {id})")).unwrap_or_default();
    let mut verdict = Verdict::failed(format!(
        "these authorities of {} are missing at the gateway: {}{key}",
        leaf.subject(),
        lacking.join(", ")
    ))
    .evidence(format!("found: {}", subjects.join(" <- ")));
    for root in &run.options.roots {
        verdict = verdict.evidence(format!(
            "trusted root: {}, key {}",
            root.subject(),
            root.subject_key_id().unwrap_or_default()
        ));
    }
    for url in missing.urls {
        verdict = verdict.evidence(format!("the client's certificate says where it is: {url}"));
    }
    verdict
}

pub(super) async fn client_trusted(run: &mut Run) -> Verdict {
    let Some(leaf) = run.client.first() else { return Verdict::skipped(NONE_GIVEN) };
    if run.options.roots.is_empty() {
        return Verdict::skipped("no trusted roots of clients were given");
    }
    match Verifier::new(trust(run, RevocationMode::Off)).and_then(|verifier| verifier.verify(leaf, None)) {
        Ok(_) => Verdict::passed("by the same rules, the gateway accepts it"),
        Err(error) => Verdict::failed(error.cause()),
    }
}

pub(super) async fn client_revocation(run: &mut Run) -> Verdict {
    let Some(leaf) = run.client.first() else { return Verdict::skipped(NONE_GIVEN) };
    let mode = super::revocation::mode(run);
    if mode == RevocationMode::Off || run.options.roots.is_empty() {
        return Verdict::skipped("the gateway does not check the revocation of clients");
    }
    let verified = Verifier::new(trust(run, mode)).and_then(|verifier| verifier.verify(leaf, None));
    let Err(error) = verified else {
        return Verdict::passed("no list has revoked it or an authority above it");
    };
    match Refusal::of(&error).map(|refusal| refusal.reason) {
        Some(RefusalReason::Revoked) => Verdict::failed(error.cause()),
        _ => Verdict::failed(format!("its revocation cannot be judged: {}", error.cause())),
    }
}

pub(super) async fn client_hints(run: &mut Run) -> Verdict {
    let Some(top) = run.client.first().map(|leaf| {
        let all: Vec<Certificate> =
            run.options.roots.iter().chain(&run.options.sub_cas).chain(&run.client).cloned().collect();
        build_chain(leaf, &all).certificates
    }) else {
        return Verdict::skipped(NONE_GIVEN);
    };
    let hints: Vec<_> = run
        .fronts
        .iter()
        .map(|front| (front.address, front.client_issuers.clone().unwrap_or_default()))
        .collect();
    if hints.iter().all(|(_, names)| names.is_empty()) {
        return Verdict::skipped("the gateway names no authorities in its handshake, which is allowed");
    }
    let names: Vec<&[u8]> =
        top.iter().flat_map(|each| [each.subject_content(), each.issuer_content()]).collect();
    // A hint is a whole name; what certificates give is its content, behind tag and length of 2 to 4 bytes.
    let is_above = |hint: &Vec<u8>| {
        names
            .iter()
            .any(|name| hint.ends_with(name) && (2..=4).contains(&hint.len().saturating_sub(name.len())))
    };
    let faults = hints
        .iter()
        .filter(|(_, hints)| !hints.is_empty() && !hints.iter().any(is_above))
        .map(|(address, _)| {
            format!("{address} names authorities in its handshake, and none is above this certificate")
        })
        .collect();
    Verdict::of_faults(faults, "the gateway names an authority of this certificate in its handshake")
}
