//! Checks of the server certificate, as every address shows it.

use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, Error as TlsError};

use super::run::{Front, Run};
use super::trust::days_text;
use super::verdict::Verdict;
use crate::cert::{Certificate, Refusal, RefusalReason, Thumbprint, Verifier, VerifierOptions, build_chain};
use crate::error::Result;
use crate::gateway::server_certificate::{ServerCertificateOptions, Severity, check_server_certificate};
use crate::net::{root_certificates, system_trusts};

/// One verdict from a question to every address: the faults of all, or what holds.
fn of_all(run: &Run, passed: &str, fault: impl Fn(&Front) -> Option<String>) -> Verdict {
    let faults = run.fronts.iter().filter_map(|front| Some(format!("{} {}", front.address, fault(front)?)));
    Verdict::of_faults(faults.collect(), passed)
}

fn leaf(front: &Front) -> Option<&Certificate> {
    front.chain.first()
}

pub(super) async fn certificate_readable(run: &mut Run) -> Verdict {
    of_all(run, "every certificate that was sent can be read", |front| {
        match (&front.unreadable, leaf(front)) {
            (Some(cause), _) => Some(format!("sends what is no certificate: {cause}")),
            (None, None) => Some("sends no certificate".into()),
            _ => None,
        }
    })
    .all_evidence(run.fronts.iter().filter_map(leaf).map(described).collect())
}

fn described(certificate: &Certificate) -> String {
    let (subject, thumbprint) = (certificate.subject(), certificate.thumbprint());
    format!("{subject}, thumbprint {thumbprint}, until {}", certificate.not_after().date())
}

pub(super) async fn server_expected(run: &mut Run) -> Verdict {
    let Some(wanted) = run.options.server_certificate.clone() else {
        return Verdict::skipped("no server certificate was given to compare with");
    };
    of_all(run, "the certificate is the one that was given", |front| {
        let shown = leaf(front)?;
        (*shown != wanted).then(|| format!("shows {} and not {}", described(shown), described(&wanted)))
    })
}

pub(super) async fn server_same(run: &mut Run) -> Verdict {
    let Some((first, others)) = run.fronts.split_first().filter(|(_, others)| !others.is_empty()) else {
        return Verdict::skipped("there is one address only");
    };
    let differs = others.iter().find(|other| leaf(other) != leaf(first));
    let text = |front: &Front| leaf(front).map(described).unwrap_or_default();
    match differs {
        Some(other) => {
            Verdict::failed(format!("{} and {} show different certificates", first.address, other.address))
                .evidence(text(first))
                .evidence(text(other))
                .not_blocking()
        }
        None => Verdict::passed("every address shows the same certificate"),
    }
}

pub(super) async fn server_thumbprint_site(run: &mut Run) -> Verdict {
    let Some(row) = &run.row else { return Verdict::skipped("no site was given") };
    let stored = row.text("ServiceThumbprint").unwrap_or_default().trim().to_owned();
    if stored.is_empty() {
        return Verdict::skipped("the site holds no ServiceThumbprint for this gateway");
    }
    let Ok(wanted) = Thumbprint::from_hex(&stored) else {
        return Verdict::failed(format!("the site's ServiceThumbprint {stored:?} is no thumbprint"));
    };
    of_all(run, "the site knows the certificate that is shown", |front| {
        let shown = leaf(front)?.thumbprint();
        (shown != wanted).then(|| format!("shows {shown}; the site holds {wanted}"))
    })
}

pub(super) async fn server_validity(run: &mut Run) -> Verdict {
    let at = run.at;
    of_all(run, "every certificate that is sent is in date", |front| {
        front.chain.iter().find(|each| !each.is_valid_at(at)).map(|each| out_of_date(each, at))
    })
}

/// Why a certificate that is not valid is not.
pub(super) fn out_of_date(certificate: &Certificate, at: time::OffsetDateTime) -> String {
    let subject = certificate.subject();
    match certificate.is_expired(at) {
        true => format!("{subject} expired on {}", certificate.not_after().date()),
        false => format!("{subject} is not valid before {}", certificate.not_before().date()),
    }
}

pub(super) async fn server_expiry(run: &mut Run) -> Verdict {
    let (at, warn) = (run.at, run.options.warn_days);
    let soonest = run.fronts.iter().flat_map(|front| &front.chain).min_by_key(|each| each.not_after());
    let Some(soonest) = soonest else { return Verdict::skipped("no certificate was shown") };
    let words = format!("{} ends in {}", soonest.subject(), days_text(soonest.days_left(at)));
    if soonest.days_left(at) < warn { Verdict::warning(words) } else { Verdict::passed(words) }
}

pub(super) async fn server_rules(run: &mut Run) -> Verdict {
    let Some(shown) = run.fronts.first().and_then(leaf) else {
        return Verdict::skipped("no certificate was shown");
    };
    let mut options = ServerCertificateOptions::new(run.at);
    (options.service_name, options.warn_days) = (Some(run.options.service_name.clone()), i64::MIN);
    let report = check_server_certificate(shown, &options);
    // Dates and names have checks of their own, with more to say.
    let here = ["purpose", "key_usage", "authority", "key_size", "key_kind", "signature_digest"];
    let left = report.findings.iter().filter(|finding| here.contains(&finding.rule));
    let (errors, warnings): (Vec<_>, Vec<_>) = left.partition(|finding| finding.severity == Severity::Error);
    let lines = |findings: &[&crate::gateway::server_certificate::Finding]| -> Vec<String> {
        findings.iter().map(|finding| finding.to_string()).collect()
    };
    match (errors.is_empty(), warnings.first()) {
        (false, _) => Verdict::of_faults(lines(&errors), ""),
        (true, Some(first)) => Verdict::warning(first.text.clone()).all_evidence(lines(&warnings)),
        (true, None) => Verdict::passed("purpose, key and signature are what Microsoft asks for"),
    }
}

/// Every authority that was given or is trusted.
fn known(run: &Run) -> Vec<Certificate> {
    let trusted = root_certificates(&run.options.trusted_roots).ok().flatten().unwrap_or_default();
    let given = run.options.roots.iter().chain(&run.options.sub_cas).cloned();
    trusted.into_iter().chain(given).collect()
}

pub(super) async fn chain_served(run: &mut Run) -> Verdict {
    let known = known(run);
    of_all(run, "the server sends every intermediate of its chain", |front| {
        let (leaf, sent) = front.chain.split_first()?;
        let all: Vec<Certificate> = sent.iter().chain(&known).cloned().collect();
        let chain = build_chain(leaf, &all);
        let needed = chain.certificates.iter().skip(1).filter(|each| !each.is_self_issued());
        let missing: Vec<String> =
            needed.filter(|each| !sent.contains(each)).map(Certificate::subject).collect();
        (!missing.is_empty())
            .then(|| format!("does not send {}; clients that lack it refuse the gateway", missing.join(", ")))
    })
}

pub(super) async fn server_trusted(run: &mut Run) -> Verdict {
    judged(run, false)
}

pub(super) async fn server_name(run: &mut Run) -> Verdict {
    judged(run, true)
}

/// The trust decision of a client, of which one check tells the part about the name and another one the rest.
fn judged(run: &Run, about_name: bool) -> Verdict {
    let (name, passed) = (
        run.options.service_name.as_str(),
        match about_name {
            true => format!("the certificate is for {}", run.options.service_name),
            false => "the certificate chains to a trusted root".to_owned(),
        },
    );
    let roots = match root_certificates(&run.options.trusted_roots) {
        Ok(roots) => roots,
        Err(error) => return Verdict::failed(error.to_string()),
    };
    of_all(run, &passed, |front| {
        let refused = match &roots {
            Some(roots) => by_roots(run, front, roots, name),
            None => by_system(run, front, name),
        };
        refused.filter(|refused| refused.is_name == about_name).map(|refused| refused.cause)
    })
}

struct Refused {
    is_name: bool,
    cause: String,
}

fn by_roots(run: &Run, front: &Front, roots: &[Certificate], name: &str) -> Option<Refused> {
    let (leaf, sent) = front.chain.split_first()?;
    let mut options = VerifierOptions::new(roots.to_vec(), run.at);
    options.partial_chain = Some(true);
    let verified: Result<_> =
        Verifier::new(options).and_then(|verifier| verifier.verify_with(leaf, sent, Some(name), run.at));
    let error = verified.err()?;
    let refusal = Refusal::of(&error);
    let is_name = refusal.is_some_and(|refusal| refusal.reason == RefusalReason::NameMismatch);
    let missing: Vec<&str> =
        refusal.iter().flat_map(|refusal| &refusal.missing).map(|missing| missing.subject.as_str()).collect();
    let cause = match (is_name, missing.is_empty()) {
        (true, _) => format!("shows a certificate for {}, not for {name}", names_of(leaf)),
        (false, true) => format!("is not trusted: {}", error.cause()),
        (false, false) => {
            format!("is not trusted: no trusted root is, and nothing sent leads to, {}", missing.join(", "))
        }
    };
    Some(Refused { is_name, cause })
}

fn names_of(leaf: &Certificate) -> String {
    let mut names: Vec<String> = leaf.subject_alternative_names().into_iter().map(|name| name.text).collect();
    if names.is_empty() {
        names.extend(leaf.common_name());
    }
    names.join(", ")
}

fn by_system(run: &Run, front: &Front, name: &str) -> Option<Refused> {
    let chain: Vec<CertificateDer<'_>> =
        front.chain.iter().map(|each| CertificateDer::from(each.der())).collect();
    let seconds = u64::try_from(run.at.unix_timestamp()).unwrap_or_default();
    let at = UnixTime::since_unix_epoch(std::time::Duration::from_secs(seconds));
    let Ok(server) = ServerName::try_from(name.to_owned()) else {
        return Some(Refused { is_name: true, cause: format!("cannot be asked for {name:?}") });
    };
    match system_trusts(&chain, &server, at) {
        Err(error) => Some(Refused { is_name: false, cause: format!("cannot be judged: {}", error.cause()) }),
        Ok(Ok(())) => None,
        Ok(Err(TlsError::InvalidCertificate(
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
        ))) => {
            let names = leaf(front).map(names_of).unwrap_or_default();
            Some(Refused { is_name: true, cause: format!("shows a certificate for {names}, not for {name}") })
        }
        Ok(Err(error)) => {
            Some(Refused { is_name: false, cause: format!("is not trusted by this system: {error}") })
        }
    }
}

pub(super) async fn server_case(run: &mut Run) -> Verdict {
    let Some(row) = &run.row else { return Verdict::skipped("no site was given") };
    let stored = row.text("ServiceCName").unwrap_or_default().to_owned();
    let Some(name) = run.fronts.first().and_then(leaf).and_then(Certificate::common_name) else {
        return Verdict::skipped("the certificate has no common name");
    };
    match () {
        () if name == stored => Verdict::passed("the common name is the site's ServiceCName"),
        () if name.eq_ignore_ascii_case(&stored) => Verdict::warning(format!(
            "the common name is {name:?}, the site's ServiceCName {stored:?}: a renewal compares with case"
        )),
        // A wildcard, or a name among several.
        () => Verdict::passed(format!("the common name {name:?} stands for {stored:?} by its other names")),
    }
}
