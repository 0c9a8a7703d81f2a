//! Checks of names: what the gateway is called, and where DNS leads.

use std::net::{IpAddr, SocketAddr};

use tokio::net::lookup_host;
use tokio::time::timeout;

use super::run::Run;
use super::verdict::Verdict;
use crate::gateway::server_certificate::{ServiceName, Severity, check_name_prefix};
use crate::gateway::{CnameOptions, check_cname};
use crate::limits::ANALYZER_TARGETS_MAX;
use crate::net::DnsClient;

pub(super) async fn service_name(run: &mut Run) -> Verdict {
    match ServiceName::parse(&run.options.service_name) {
        Ok(name) => Verdict::passed(format!("{name} is a full host name")),
        Err(error) => Verdict::failed(error.cause()),
    }
}

pub(super) async fn name_rule(run: &mut Run) -> Verdict {
    let Some(deployment) = &run.options.deployment_name else {
        return Verdict::skipped("no deployment name was given: the name is none of Azure's");
    };
    let prefix = deployment.as_str().split('.').next().unwrap_or_default().to_owned();
    let findings = check_name_prefix(&prefix);
    let lines: Vec<String> = findings.iter().map(|finding| finding.text.clone()).collect();
    match findings.first() {
        None => Verdict::passed(format!("{prefix} keeps every rule about names in Azure")),
        Some(_) if findings.iter().any(|finding| finding.severity == Severity::Error) => {
            Verdict::of_faults(lines, "")
        }
        Some(first) => Verdict::warning(first.text.clone()).all_evidence(lines),
    }
}

pub(super) async fn dns_resolves(run: &mut Run) -> Verdict {
    let asked = match run.options.addresses.as_slice() {
        [] => vec![format!("{}:443", run.options.service_name)],
        given => given.to_vec(),
    };
    let mut faults = Vec::new();
    for name in &asked {
        match resolve(run, name).await {
            Ok(found) if found.is_empty() => faults.push(format!("{name} has no address")),
            Ok(found) => run.addresses.extend(found),
            Err(cause) => faults.push(cause),
        }
    }
    run.addresses.dedup();
    run.addresses.truncate(ANALYZER_TARGETS_MAX);
    let shown: Vec<String> = run.addresses.iter().map(ToString::to_string).collect();
    let all = format!("{} leads to {}", asked.join(", "), shown.join(", "));
    let verdict = Verdict::of_faults(faults, all);
    if run.addresses.is_empty() { verdict } else { verdict.not_blocking() }
}

/// The addresses of `host:port`: of a name server that was given, else as this machine finds them.
async fn resolve(run: &Run, target: &str) -> Result<Vec<SocketAddr>, String> {
    if let Ok(address) = target.parse() {
        return Ok(vec![address]);
    }
    let Some((host, port)) =
        target.rsplit_once(':').and_then(|(host, port)| Some((host, port.parse().ok()?)))
    else {
        return Err(format!("{target:?} is no host with a port"));
    };
    let time = run.options.timeout;
    if let Some(server) = run.options.name_server {
        let client = DnsClient::new(Some(server), time).map_err(|error| error.cause().to_owned())?;
        let found = client.addresses("look up the gateway", host).await;
        let found = found.map_err(|error| error.cause().to_owned())?;
        return Ok(found.into_iter().map(|address: IpAddr| SocketAddr::new(address, port)).collect());
    }
    match timeout(time, lookup_host((host, port))).await {
        Ok(Ok(found)) => Ok(found.collect()),
        Ok(Err(error)) => Err(format!("{host} cannot be found: {error}")),
        Err(_) => Err(format!("{host} was not found within {time:?}")),
    }
}

pub(super) async fn dns_cname(run: &mut Run) -> Verdict {
    let Some(deployment) = &run.options.deployment_name else {
        return Verdict::skipped("no deployment name was given");
    };
    let service = match ServiceName::parse(&run.options.service_name) {
        Ok(name) if name.is_azure() => {
            return Verdict::skipped("the service name is Azure's own: it needs no CNAME");
        }
        Ok(name) => name,
        Err(error) => return Verdict::failed(error.cause()),
    };
    let options = CnameOptions { name_server: run.options.name_server, timeout: run.options.timeout };
    match check_cname(&service, deployment, &options).await {
        Ok(way) => Verdict::passed(way.join(" leads to ")),
        Err(error) => Verdict::failed(error.cause()),
    }
}
