//! Checks of the handshake, and of the first words after it: nothing secret is sent here.

use rustls::pki_types::CertificateDer;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc2822;
use tokio::time::timeout;

use super::exchange::{Answer, Question, get};
use super::reach::{connect, each};
use super::run::{Front, Run};
use super::verdict::Verdict;
use crate::cert::Certificate;
use crate::limits::{CLOCK_SKEW_MAX, CLOCK_SKEW_NOTICED};
use crate::net::tls_probe::{Probed, probe};
use crate::net::weak_tls::{WeakOffer, agrees_to};

/// What every gateway answers to everybody.
pub(super) const METADATA: &str = "/CCM_Proxy_ServerAuth/ServiceMetadata";

pub(super) async fn tls_handshake(run: &mut Run) -> Verdict {
    let (host, time) = (run.options.service_name.clone(), run.options.timeout);
    let probed = each(run.reached.clone(), move |address| {
        let host = host.clone();
        async move {
            let socket = connect(address, time).await?;
            let probed = match timeout(time, probe(socket, &host, &[b"http/1.1"])).await {
                Ok(probed) => probed.map_err(|error| format!("{address}: {}", error.cause()))?,
                Err(_) => return Err(format!("{address}: no handshake within {time:?}")),
            };
            let question = Question { host: &host, target: METADATA, token: None, time };
            let Probed { stream, chain, version, cipher_suite, client_issuers, .. } = probed;
            let answer = get(stream, &question).await;
            Ok((address, chain, format!("{version}, {cipher_suite}"), client_issuers, answer))
        }
    });
    let mut faults = Vec::new();
    for result in probed.await {
        match result {
            Ok((address, chain, tls, client_issuers, answer)) => {
                let (chain, unreadable) = read_chain(&chain);
                let answer = answer.ok();
                run.fronts.push(Front {
                    address,
                    chain,
                    unreadable,
                    client_issuers,
                    tls,
                    answer,
                    metadata: None,
                });
            }
            Err(cause) => faults.push(cause),
        }
    }
    let verdict = Verdict::of_faults(faults, format!("TLS with {} addresses", run.fronts.len()));
    if run.fronts.is_empty() { verdict } else { verdict.not_blocking() }
}

fn read_chain(sent: &[CertificateDer<'_>]) -> (Vec<Certificate>, Option<String>) {
    let mut chain = Vec::new();
    for (at, der) in sent.iter().enumerate() {
        match Certificate::from_der(der) {
            Ok(certificate) => chain.push(certificate),
            Err(error) => {
                return (chain, Some(format!("certificate {} cannot be read: {}", at + 1, error.cause())));
            }
        }
    }
    (chain, None)
}

pub(super) async fn tls_version(run: &mut Run) -> Verdict {
    let (host, time) = (run.options.service_name.clone(), run.options.timeout);
    let lines = run.fronts.iter().map(|front| format!("{}: {}", front.address, front.tls)).collect();
    let offers = run.fronts.iter().flat_map(|front| {
        [WeakOffer::OldVersion, WeakOffer::WithoutEcdhe].map(|offer| (front.address, offer))
    });
    let asked = each(offers.collect(), move |(address, offer)| {
        let host = host.clone();
        async move {
            let socket = connect(address, time).await.map_err(|cause| format!("{address}: {cause}"))?;
            match timeout(time, agrees_to(socket, &host, offer)).await {
                Ok(Ok(agreed)) => Ok(agreed.map(|what| format!("{address} agrees to {what}"))),
                Ok(Err(error)) => Err(format!("{address}: {error}")),
                Err(_) => Err(format!("{address}: no answer within {time:?}")),
            }
        }
    });
    let (mut weak, mut faults) = (Vec::new(), Vec::new());
    for answer in asked.await {
        match answer {
            Ok(agreed) => weak.extend(agreed),
            Err(cause) => faults.push(cause),
        }
    }
    match (weak.first(), faults.first()) {
        (Some(first), _) => Verdict::warning(first.clone()).all_evidence(weak),
        (None, Some(first)) => {
            Verdict::warning(format!("not every offer had an answer: {first}")).all_evidence(faults)
        }
        (None, None) => Verdict::passed("TLS 1.3, or 1.2 with ECDHE; nothing weaker").all_evidence(lines),
    }
}

pub(super) async fn client_certificate_asked(run: &mut Run) -> Verdict {
    let silent: Vec<String> = run
        .fronts
        .iter()
        .filter(|front| front.client_issuers.is_none())
        .map(|front| format!("{} asks for no client certificate in its handshake", front.address))
        .collect();
    match silent.first() {
        None => Verdict::passed("the gateway asks clients for a certificate"),
        // IIS may ask later, for some paths only.
        Some(first) => Verdict::warning(first.clone()).all_evidence(silent.clone()),
    }
}

pub(super) async fn clock(run: &mut Run) -> Verdict {
    // Against the moment when the answer came: the checks before it take their time.
    let ahead = run.fronts.iter().filter_map(|front| {
        let answer = front.answer.as_ref()?;
        let later = answer.received.saturating_duration_since(run.started);
        Some((front.address, date(answer)? - run.at - later))
    });
    let Some((address, worst)) = ahead.max_by_key(|(_, ahead)| ahead.unsigned_abs()) else {
        return Verdict::skipped("no answer had a Date header");
    };
    let (skew, seconds) = (worst.unsigned_abs(), worst.whole_seconds());
    let words = match seconds {
        0 => format!("the clock of {address} and that of this machine agree"),
        ahead if ahead > 0 => format!("the clock of {address} is {ahead} s ahead of this machine's"),
        behind => format!("the clock of {address} is {} s behind this machine's", behind.unsigned_abs()),
    };
    match () {
        () if skew > CLOCK_SKEW_MAX => Verdict::failed(words),
        () if skew > CLOCK_SKEW_NOTICED => Verdict::warning(words),
        () => Verdict::passed(words),
    }
}

/// The Date header (RFC 9110, 5.6.7), in the one form that servers send.
fn date(answer: &Answer) -> Option<OffsetDateTime> {
    let text = answer.headers.get("date")?.to_str().ok()?;
    OffsetDateTime::parse(&text.replace("GMT", "+0000"), &Rfc2822).ok()
}
