//! Checks from end to end: a request as a client sends it.

use std::sync::Arc;

use super::exchange::{Answer, Question, get};
use super::reach::{connect_tls, each};
use super::roles::path;
use super::run::Run;
use super::verdict::Verdict;
use crate::net::{ClientIdentity, client_config};
use crate::proxy::Authentication;
use crate::secret::Secret;

pub(super) async fn request_certificate(run: &mut Run) -> Verdict {
    let Some((chain, key)) = run.options.client_identity.clone() else {
        return Verdict::skipped("no client certificate was given");
    };
    ask(run, Authentication::MutualAuth, Some(&ClientIdentity { chain, key }), None).await
}

pub(super) async fn request_token(run: &mut Run) -> Verdict {
    let Some(token) = run.options.token.clone() else { return Verdict::skipped("no token was given") };
    ask(run, Authentication::ServerAuth, None, Some(token)).await
}

/// Asks every role of every address; the server must be trusted before anything is sent.
async fn ask(
    run: &Run,
    authentication: Authentication,
    identity: Option<&ClientIdentity>,
    token: Option<Secret>,
) -> Verdict {
    let roles = run.options.all_roles();
    if roles.is_empty() {
        return Verdict::skipped("no roles were given to ask for");
    }
    let config = match client_config(&run.options.trusted_roots, identity) {
        Ok(mut config) => {
            config.alpn_protocols = vec![b"http/1.1".to_vec()];
            Arc::new(config)
        }
        Err(error) => return Verdict::failed(error.to_string()),
    };
    let (host, time) = (run.options.service_name.clone(), run.options.timeout);
    let asked: Vec<_> =
        run.fronts.iter().flat_map(|front| roles.iter().map(move |role| (front.address, *role))).collect();
    let answers = each(asked, move |(address, role)| {
        let (host, config, token) = (host.clone(), Arc::clone(&config), token.clone());
        async move {
            let target = path(authentication, role);
            let question = Question { host: &host, target: &target, token: token.as_ref(), time };
            let answer = match connect_tls(address, &host, config, time).await {
                Ok(stream) => get(stream, &question).await,
                Err(cause) => Err(cause),
            };
            (format!("{address}, role {role}"), answer)
        }
    });
    let (mut faults, mut remedy, mut lines) = (Vec::new(), None, Vec::new());
    for (place, answer) in answers.await {
        let said = match &answer {
            Ok(answer) => answer.shown(),
            Err(cause) => cause.clone(),
        };
        lines.push(format!("{place}: {said}"));
        if let Some((meaning, what_to_do)) = meaning(&answer) {
            faults.push(format!("{place}: {said}: {meaning}"));
            remedy = remedy.or(Some(what_to_do));
        }
    }
    let verdict =
        Verdict::of_faults(faults, "a management point answers through the gateway").all_evidence(lines);
    match remedy {
        Some(remedy) => verdict.remedy(remedy),
        None => verdict,
    }
}

/// What an answer means and what to do, where it is none of a management point.
fn meaning(answer: &Result<Answer, String>) -> Option<(&'static str, &'static str)> {
    let answer = match answer {
        Ok(answer) => answer,
        Err(cause) => return Some(broken(cause)),
    };
    let words = |part: &str| answer.words.to_ascii_lowercase().contains(part);
    Some(match answer.status {
        200..=399 => return None,
        _ if words("cmgconnector_clientcertificaterequired") => (
            "the management point wants a certificate that the connection point does not have",
            "give the connection point a client-authentication certificate that the management point trusts",
        ),
        _ if words("cmgconnector_forbidden") => (
            "the management point does not let the connection point in",
            "check the binding of its web site and the certificate of the connection point",
        ),
        _ if words("cmgconnector_serviceunavailable") => (
            "the connection point cannot reach the management point",
            "check that the management point runs and that its address in the mapping is right",
        ),
        _ if words("cmgconnector_timeout") => (
            "the management point does not answer in time",
            "check the load and the health of the management point",
        ),
        _ if words("cmgconnector_notfound") => (
            "the connection point has no mapping for the role",
            "bring the connection point's mappings up to date",
        ),
        _ if words("cmgservice_no_connection_point") => {
            ("no connection point is connected", "start the connection point and let it dial the gateway")
        }
        _ if words("not_trusted") => (
            "the gateway does not trust the client's certificate",
            "give the gateway every authority above it, list them in the site, and wait until the instances have the new configuration",
        ),
        403 if words("clientcertificaterequired") => {
            ("the gateway saw no client certificate", "look for a device in between that ends TLS")
        }
        401 if words("cmgservice_invalid_token") => (
            "the gateway refuses the token",
            "get a new token of an issuer and for an audience that it accepts",
        ),
        401 => (
            "the management point wants somebody to sign in",
            "let the management point's web site take the clients of the site: a client certificate, or anonymous requests",
        ),
        404 => {
            ("the gateway does not publish the role or the endpoint", "enable gateway traffic on the role")
        }
        413 => ("the request is too large", "raise the limit of the role"),
        500.. => {
            ("a server failed", "read the logs of the gateway, the connection point and the management point")
        }
        _ => ("the management point refuses the request", "read the log of the management point"),
    })
}

/// A connection that broke before there was an answer.
fn broken(cause: &str) -> (&'static str, &'static str) {
    let lower = cause.to_ascii_lowercase();
    match () {
        () if lower.contains("unknownca") || lower.contains("unknown ca") => (
            "the gateway does not trust an authority of the client's certificate",
            "give the gateway every authority above the certificate and list the sub-CAs in the site",
        ),
        () if lower.contains("certificateexpired") => {
            ("the gateway takes the certificate for expired", "renew it; check the gateway's clock")
        }
        () if lower.contains("certificaterevoked") => {
            ("the certificate is revoked", "give the client a new one")
        }
        () if lower.contains("alert") => (
            "the gateway refuses the client's certificate",
            "read the gateway's log for the reason, or its metrics (refused_certificates)",
        ),
        () => (
            "the connection broke",
            "look for a device in between that ends connections; read the gateway's log",
        ),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use bytes::Bytes;
    use hyper::HeaderMap;

    use super::*;

    #[test]
    fn a_server_inside_that_wants_a_login_is_told_from_a_token_that_is_refused() {
        let answer = |words: &str| Answer {
            status: 401,
            words: words.into(),
            headers: HeaderMap::new(),
            body: Bytes::new(),
            received: Instant::now(),
        };
        let told = |words: &str| meaning(&Ok(answer(words))).unwrap().0;
        assert_eq!(told("CMGService_Invalid_Token"), "the gateway refuses the token");
        assert_eq!(told("Unauthorized"), "the management point wants somebody to sign in");
    }
}
