//! Checks of ports: which of them take a connection from here.

use super::exchange::{Question, get};
use super::reach::{connect, each};
use super::run::Run;
use super::verdict::Verdict;

pub(super) async fn port_clients(run: &mut Run) -> Verdict {
    let time = run.options.timeout;
    let tried = each(run.addresses.clone(), move |address| async move {
        (address, connect(address, time).await.map(drop))
    });
    let mut faults = Vec::new();
    for (address, result) in tried.await {
        match result {
            Ok(()) => run.reached.push(address),
            Err(cause) => faults.push(format!("{address} takes no connection: {cause}")),
        }
    }
    let all = format!("{} of {} addresses take connections", run.reached.len(), run.addresses.len());
    let verdict = Verdict::of_faults(faults, all);
    if run.reached.is_empty() { verdict } else { verdict.not_blocking() }
}

pub(super) async fn port_tunnels(run: &mut Run) -> Verdict {
    if run.options.instances.is_empty() {
        return Verdict::skipped("no addresses of instances for the connection point were given");
    }
    if run.options.dials_through_proxy {
        return Verdict::skipped("the connection point dials through a proxy, which the analyzer does not");
    }
    let time = run.options.timeout;
    let instances = run.options.instances.iter().map(|instance| instance.candidates.clone()).collect();
    let tried = each(instances, move |candidates: Vec<String>| async move {
        let mut causes = Vec::new();
        for candidate in candidates {
            match connect(candidate.as_str(), time).await {
                Ok(_) => return Ok(candidate),
                Err(cause) => causes.push(format!("{candidate}: {cause}")),
            }
        }
        Err(causes.join("; "))
    });
    let mut faults = Vec::new();
    for (number, result) in tried.await.into_iter().enumerate() {
        match result {
            Ok(address) => run.tunnels.push(address),
            Err(cause) => faults.push(format!("instance {number} cannot be dialled: {cause}")),
        }
    }
    let all = format!("each instance can be dialled: {}", run.tunnels.join(", "));
    let verdict = Verdict::of_faults(faults, all);
    if run.tunnels.is_empty() { verdict } else { verdict.not_blocking() }
}

/// What an admin address says under a path: status and text.
async fn admin(
    address: String,
    target: &'static str,
    time: std::time::Duration,
) -> Result<(u16, String), String> {
    let socket = connect(address.as_str(), time).await?;
    let answer = get(socket, &Question { host: &address, target, token: None, time }).await?;
    Ok((answer.status, String::from_utf8_lossy(&answer.body).into_owned()))
}

/// Asks every admin address; the faults, and the answers with their addresses.
async fn ask_all(run: &Run, target: &'static str) -> (Vec<String>, Vec<(String, u16, String)>) {
    let time = run.options.timeout;
    let asked = each(run.options.admin_addresses.clone(), move |address: String| async move {
        (address.clone(), admin(address, target, time).await)
    });
    let (mut faults, mut answers) = (Vec::new(), Vec::new());
    for (address, result) in asked.await {
        match result {
            Ok((status, text)) => answers.push((address, status, text)),
            Err(cause) => faults.push(format!("the admin address {address} does not answer: {cause}")),
        }
    }
    (faults, answers)
}

pub(super) async fn admin_answers(run: &mut Run) -> Verdict {
    if run.options.admin_addresses.is_empty() {
        return Verdict::skipped("no admin addresses were given");
    }
    let (mut faults, answers) = ask_all(run, "/live").await;
    for (address, status, _) in answers.iter().filter(|(_, status, _)| *status != 200) {
        faults.push(format!("the admin address {address} answers {status}"));
    }
    Verdict::of_faults(faults, format!("{} instances are alive", answers.len()))
}

pub(super) async fn instance_health(run: &mut Run) -> Verdict {
    if run.options.admin_addresses.is_empty() {
        return Verdict::skipped("no admin addresses were given");
    }
    let (mut faults, answers) = ask_all(run, "/health").await;
    for (address, _, text) in answers.iter().filter(|(_, status, _)| *status != 200) {
        faults.push(format!("the instance at {address} does not serve: {}", text.trim()));
    }
    Verdict::of_faults(faults, "every instance says that it is healthy")
}

pub(super) async fn tunnel_up(run: &mut Run) -> Verdict {
    if run.options.admin_addresses.is_empty() {
        return Verdict::skipped("no admin addresses were given");
    }
    let (mut faults, answers) = ask_all(run, "/metrics").await;
    let mut lines = Vec::new();
    for (address, _, text) in &answers {
        match metric(text, "cmgateway_tunnel_connections") {
            Some(0) => faults.push(format!("no tunnel is up to the instance at {address}")),
            Some(count) => lines.push(format!("{count} connections of tunnels at {address}")),
            None => faults.push(format!("{address} tells no metrics of an instance")),
        }
    }
    Verdict::of_faults(faults, "every instance has a tunnel").all_evidence(lines)
}

/// A metric without labels in the text format of Prometheus.
fn metric(text: &str, name: &str) -> Option<u64> {
    text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')?.trim().parse().ok())
}
