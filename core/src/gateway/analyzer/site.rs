//! Checks of what the site says about the gateway.

use super::run::Run;
use super::verdict::Verdict;
use crate::error::ErrorKind;
use crate::gateway::Gateway;
use crate::gateway::monitor::Thresholds;

const NO_SITE: &str = "no site was given";

pub(super) async fn site_answers(run: &mut Run) -> Verdict {
    let Some(site) = run.options.site.clone() else { return Verdict::skipped(NO_SITE) };
    match tokio::time::timeout(run.options.timeout, Gateway::list(&site)).await {
        Ok(Ok(gateways)) => {
            Verdict::passed(format!("{} answers; it has {} gateways", site.address(), gateways.len()))
        }
        Ok(Err(error)) => Verdict::failed(error.to_string()),
        Err(_) => {
            Verdict::failed(format!("{} gives no answer within {:?}", site.address(), run.options.timeout))
        }
    }
}

pub(super) async fn site_gateway(run: &mut Run) -> Verdict {
    let Some(site) = run.options.site.clone() else { return Verdict::skipped(NO_SITE) };
    let found = async {
        let gateway = Gateway::find(&site, &run.options.service_name).await?;
        Ok::<_, crate::Error>((gateway.instance().await?, gateway.sub_ca().list().await?))
    };
    match tokio::time::timeout(run.options.timeout, found).await {
        Ok(Ok((row, list))) => {
            let path = row.path().map(ToString::to_string).unwrap_or_default();
            (run.row, run.listed) = (Some(row), Some(list));
            Verdict::passed(format!("the site knows the gateway as {path}"))
        }
        Ok(Err(error)) if error.kind() == ErrorKind::NotFound || error.kind() == ErrorKind::Conflict => {
            Verdict::failed(error.cause())
        }
        Ok(Err(error)) => Verdict::failed(error.to_string()),
        Err(_) => Verdict::failed(format!("no answer within {:?}", run.options.timeout)),
    }
}

pub(super) async fn site_state(run: &mut Run) -> Verdict {
    let Some(row) = &run.row else { return Verdict::skipped(NO_SITE) };
    // Two independent public scripts agree on these; the class page has none.
    match row.get("State").and_then(crate::wmi::Value::as_integer) {
        None => Verdict::skipped("the site tells no state"),
        Some(0) => Verdict::passed("Ready"),
        Some(1) => Verdict::failed("the gateway is being provisioned (state 1)"),
        Some(4) => Verdict::failed("the gateway is starting (state 4)"),
        Some(5) => Verdict::failed("the gateway is stopping (state 5)"),
        Some(6) => Verdict::failed("the gateway is stopped (state 6)"),
        Some(99) => Verdict::failed("the gateway is being deleted (state 99)"),
        Some(other) => {
            Verdict::warning(format!("the gateway is in the state {other}, whose meaning is not published"))
        }
    }
}

pub(super) async fn site_traffic(run: &mut Run) -> Verdict {
    let Some(row) = &run.row else { return Verdict::skipped(NO_SITE) };
    let number = |name: &str| row.get(name).and_then(crate::wmi::Value::as_integer);
    let (Some(limit), Some(used)) =
        (number("TrafficOutInGB").filter(|limit| *limit > 0), number("TrafficOutUsage"))
    else {
        return Verdict::skipped("the site tells no outbound traffic and threshold");
    };
    let percent = used.saturating_mul(100).checked_div(limit).unwrap_or_default();
    let words = format!("{used} GB of {limit} GB outbound in 14 days, {percent} %");
    let thresholds = Thresholds::of(row);
    let (critical, warning) =
        (i128::from(thresholds.critical_percent), i128::from(thresholds.warning_percent));
    match () {
        () if percent >= critical && thresholds.stops => {
            Verdict::failed(format!("{words}: the gateway is stopped at {critical} %"))
        }
        () if percent >= warning => Verdict::warning(words),
        () => Verdict::passed(words),
    }
}
