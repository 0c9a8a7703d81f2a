//! Checks of what the gateway says about itself to everybody.

use serde_json::Value;

use super::exchange::Answer;
use super::run::{Metadata, Run};
use super::verdict::Verdict;

/// Why a check of metadata is skipped.
const NOT_OURS: &str = "no address answers as an instance of this library does";

pub(super) async fn service_answers(run: &mut Run) -> Verdict {
    let mut faults = Vec::new();
    for front in &mut run.fronts {
        match &front.answer {
            None => faults.push(format!("{} gives no answer over TLS", front.address)),
            Some(answer) if answer.status != 200 => {
                faults.push(format!("{} answers ServiceMetadata with {}", front.address, answer.shown()));
            }
            Some(answer) => front.metadata = metadata(answer),
        }
    }
    let ours = run.fronts.iter().filter(|front| front.metadata.is_some()).count();
    let told = run.metadata();
    let lines = told.iter().map(|(front, told)| {
        let (number, build) = (told.instance, &told.build);
        format!("{}: instance {number}, build {build}, configuration {}", front.address, told.configuration)
    });
    let lines: Vec<String> = lines.collect();
    let passed =
        format!("{} addresses answer, {ours} of them as instances of this library", run.fronts.len());
    Verdict::of_faults(faults, passed).all_evidence(lines).not_blocking()
}

fn metadata(answer: &Answer) -> Option<Metadata> {
    let told: Value = serde_json::from_slice(&answer.body).ok()?;
    let points = told.get("ConnectionPoints")?.as_array()?;
    Some(Metadata {
        service_name: told.get("ServiceName")?.as_str()?.to_owned(),
        instance: told.get("RoleInstance")?.as_u64()?,
        build: told.get("BuildVersion")?.as_str()?.to_owned(),
        configuration: told.get("ConfigurationVersion")?.as_u64()?,
        connection_points: points.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
    })
}

pub(super) async fn connection_point_connected(run: &mut Run) -> Verdict {
    let told = run.metadata();
    if told.is_empty() {
        return Verdict::skipped(NOT_OURS);
    }
    let alone = told.iter().filter(|(_, told)| told.connection_points.is_empty());
    let faults: Vec<String> = alone
        .map(|(front, told)| {
            format!("no connection point is connected to instance {} at {}", told.instance, front.address)
        })
        .collect();
    let mut names: Vec<&str> =
        told.iter().flat_map(|(_, told)| &told.connection_points).map(String::as_str).collect();
    names.sort_unstable();
    names.dedup();
    Verdict::of_faults(faults, format!("connected: {}", names.join(", ")))
}

pub(super) async fn configuration_in_force(run: &mut Run) -> Verdict {
    let told = run.metadata();
    if told.is_empty() {
        return Verdict::skipped(NOT_OURS);
    }
    let without = told.iter().filter(|(_, told)| told.configuration == 0);
    let faults: Vec<String> = without
        .map(|(front, told)| {
            format!("instance {} at {} has no configuration yet", told.instance, front.address)
        })
        .collect();
    Verdict::of_faults(faults, "every instance has a configuration")
}

pub(super) async fn service_identity(run: &mut Run) -> Verdict {
    let told = run.metadata();
    if told.is_empty() {
        return Verdict::skipped(NOT_OURS);
    }
    let wanted = run.options.service_name.as_str();
    let other = told.iter().filter(|(_, told)| !told.service_name.eq_ignore_ascii_case(wanted));
    let faults: Vec<String> = other
        .map(|(front, told)| format!("{} serves {:?} and not {wanted:?}", front.address, told.service_name))
        .collect();
    Verdict::of_faults(faults, format!("every instance serves {wanted}"))
}

/// One verdict on whether all instances say the same.
fn agree(run: &Run, what: &str, of: impl Fn(&Metadata) -> String) -> Verdict {
    let told = run.metadata();
    let Some(((first, one), others)) = told.split_first().filter(|(_, others)| !others.is_empty()) else {
        return Verdict::skipped("fewer than two instances of this library answer");
    };
    match others.iter().find(|(_, other)| of(other) != of(one)) {
        None => Verdict::passed(format!("every instance has {what} {}", of(one))),
        Some((front, other)) => Verdict::failed(format!(
            "instances differ: {} has {what} {}, {} has {}",
            first.address,
            of(one),
            front.address,
            of(other)
        ))
        .not_blocking(),
    }
}

pub(super) async fn configuration_agrees(run: &mut Run) -> Verdict {
    agree(run, "configuration", |told| told.configuration.to_string())
}

pub(super) async fn build_agrees(run: &mut Run) -> Verdict {
    agree(run, "build", |told| told.build.clone())
}

pub(super) async fn instances_distinct(run: &mut Run) -> Verdict {
    let mut numbers: Vec<u64> = run.metadata().iter().map(|(_, told)| told.instance).collect();
    if numbers.len() < 2 {
        return Verdict::skipped("fewer than two instances of this library answer");
    }
    numbers.sort_unstable();
    match numbers.windows(2).find(|pair| matches!(pair, [one, two] if one == two)) {
        // A load balancer in front leads to one instance by several addresses.
        Some(pair) => Verdict::warning(format!("two addresses lead to an instance {}", pair[0])),
        None => Verdict::passed("every instance has its own number"),
    }
}
