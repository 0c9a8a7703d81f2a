//! Checks of published roles: at the gateway, and at the servers inside.

use super::exchange::{Answer, Question, get};
use super::reach::{connect, connect_tls, each};
use super::run::Run;
use super::verdict::Verdict;
use crate::net::{ClientIdentity, client_config};
use crate::proxy::{Authentication, InternalAddress};

/// The rest of a role's path that every management point answers.
pub(super) const LOCATION: &str = "SMS_MP/.sms_aut?MPLIST";

/// The path of a role for clients with this proof.
pub(super) fn path(authentication: Authentication, role: u64) -> String {
    format!("/{}/{role}/{LOCATION}", authentication.as_str())
}

pub(super) async fn roles_published(run: &mut Run) -> Verdict {
    let roles = run.options.all_roles();
    if roles.is_empty() {
        return Verdict::skipped("no roles were given");
    }
    let (host, time) = (run.options.service_name.clone(), run.options.timeout);
    let asked: Vec<_> =
        run.fronts.iter().flat_map(|front| roles.iter().map(move |role| (front.address, *role))).collect();
    let answers = each(asked, move |(address, role)| {
        let host = host.clone();
        async move {
            let socket = connect(address, time).await;
            let answer = match socket {
                Ok(socket) => publicly(socket, &host, role, time).await,
                Err(cause) => Err(cause),
            };
            (address, role, answer)
        }
    });
    let (mut faults, mut silent) = (Vec::new(), Vec::new());
    for (address, role, answer) in answers.await {
        match answer {
            Ok(answer) if answer.status == 404 => {
                faults.push(format!("{address} does not publish the role {role}: {}", answer.shown()));
            }
            Ok(_) => {}
            // Where a certificate is demanded of everybody, nothing can be learned without one.
            Err(cause) => silent.push(format!("{address}, role {role}: {cause}")),
        }
    }
    if let Some(first) = silent.first().filter(|_| faults.is_empty()) {
        return Verdict::skipped(format!("not every address answers without a certificate; {first}"));
    }
    Verdict::of_faults(
        faults,
        format!("published: {}", roles.iter().map(u64::to_string).collect::<Vec<_>>().join(", ")),
    )
}

/// Asks for a role without any proof: the refusal tells whether the role is there.
async fn publicly(
    socket: tokio::net::TcpStream,
    host: &str,
    role: u64,
    time: std::time::Duration,
) -> Result<Answer, String> {
    let probed = tokio::time::timeout(time, crate::net::tls_probe::probe(socket, host, &[b"http/1.1"])).await;
    let probed = probed.map_err(|_| format!("no handshake within {time:?}"))?;
    let probed = probed.map_err(|error| error.cause().to_owned())?;
    let target = path(Authentication::MutualAuth, role);
    get(probed.stream, &Question { host, target: &target, token: None, time }).await
}

/// Every server inside, each once.
fn inside(run: &Run) -> Vec<InternalAddress> {
    let mut all: Vec<InternalAddress> = Vec::new();
    for address in run.options.mappings.iter().flat_map(|mapping| &mapping.internal) {
        if !all.contains(address) {
            all.push(address.clone());
        }
    }
    all
}

const NOT_ASKED: &str = "servers inside are asked from the connection point's machine only (asks_inside)";

pub(super) async fn inside_reachable(run: &mut Run) -> Verdict {
    if !run.options.asks_inside || inside(run).is_empty() {
        return Verdict::skipped(NOT_ASKED);
    }
    let time = run.options.timeout;
    let tried = each(inside(run), move |address: InternalAddress| async move {
        let result = connect((address.host(), address.port()), time).await;
        result.map(drop).map_err(|cause| format!("{address} takes no connection: {cause}"))
    });
    let faults = tried.await.into_iter().filter_map(Result::err).collect();
    Verdict::of_faults(faults, format!("{} servers inside take connections", inside(run).len()))
}

pub(super) async fn inside_tls(run: &mut Run) -> Verdict {
    let servers: Vec<InternalAddress> = inside(run).into_iter().filter(InternalAddress::is_tls).collect();
    if !run.options.asks_inside || servers.is_empty() {
        return Verdict::skipped(NOT_ASKED);
    }
    let config = match client_config(&run.options.inside_roots, None) {
        Ok(mut config) => {
            config.alpn_protocols = vec![b"http/1.1".to_vec()];
            std::sync::Arc::new(config)
        }
        Err(error) => return Verdict::failed(error.to_string()),
    };
    let time = run.options.timeout;
    let tried = each(servers, move |server: InternalAddress| {
        let config = std::sync::Arc::clone(&config);
        async move {
            let shaken = connect_tls((server.host(), server.port()), server.host(), config, time).await;
            shaken.map(drop).map_err(|cause| format!("{server} is not trusted: {cause}"))
        }
    });
    let faults = tried.await.into_iter().filter_map(Result::err).collect();
    Verdict::of_faults(faults, "every server inside shows a certificate that is trusted and for its name")
}

pub(super) async fn inside_answers(run: &mut Run) -> Verdict {
    if !run.options.asks_inside || inside(run).is_empty() {
        return Verdict::skipped(NOT_ASKED);
    }
    let identity = run.options.inside_identity.clone().map(|(chain, key)| ClientIdentity { chain, key });
    let has_identity = identity.is_some();
    let config = match client_config(&run.options.inside_roots, identity.as_ref()) {
        Ok(mut config) => {
            config.alpn_protocols = vec![b"http/1.1".to_vec()];
            std::sync::Arc::new(config)
        }
        Err(error) => return Verdict::failed(error.to_string()),
    };
    let time = run.options.timeout;
    let tried = each(inside(run), move |server: InternalAddress| {
        let config = std::sync::Arc::clone(&config);
        async move {
            let target = server.path_and_query("/SMS_MP/.sms_aut", Some("MPLIST"));
            let question = Question { host: server.authority(), target: &target, token: None, time };
            let address = (server.host(), server.port());
            let answer = if server.is_tls() {
                get(connect_tls(address, server.host(), config, time).await?, &question).await
            } else {
                get(connect(address, time).await?, &question).await
            };
            let answer = answer.map_err(|cause| format!("{server} gives no answer: {cause}"))?;
            match answer.status {
                401 | 403 if !has_identity => Err(format!(
                    "{server} answers {}: it wants a client certificate, and the connection point has none",
                    answer.shown()
                )),
                401 | 403 => Err(format!("{server} refuses the connection point: {}", answer.shown())),
                500.. => Err(format!("{server} answers {}", answer.shown())),
                404 => Err(format!(
                    "{server} answers {}: it is no management point under this address",
                    answer.shown()
                )),
                _ => Ok(()),
            }
        }
    });
    let faults = tried.await.into_iter().filter_map(Result::err).collect();
    Verdict::of_faults(faults, "every server inside answers the connection point")
}
