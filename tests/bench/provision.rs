//! What creating a gateway costs: calls and seconds against simulators without latency, seconds and memory on this machine.
//!
//! `cargo bench -p cmgateway-tests --bench provision`. Waits are counted, not waited, where a simulator names them.

#![allow(missing_docs, clippy::unwrap_used)]

use std::time::{Duration, Instant};

use cmgateway::gateway::provision::{Cloud, LocalCloud, LocalCloudOptions, LocalPorts};
use cmgateway::net::Timer;
use cmgateway_tests::folder::TestFolder;
use cmgateway_tests::gateway_files::SERVICE_NAME;
use cmgateway_tests::program::program;
use cmgateway_tests::served_gateway::{Surroundings, inside_path};
use cmgateway_tests::simulated_cloud::{SimulatedWorld, new_site, quiet};

/// How often each is measured; the middle one is told.
const RUNS: usize = 5;

fn middle(mut times: Vec<Duration>) -> f64 {
    times.sort();
    times.get(times.len() / 2).copied().unwrap_or_default().as_secs_f64()
}

async fn simulated(name: &str) {
    let (mut times, mut calls, mut waits) = (Vec::new(), 0, 0);
    for _ in 0..RUNS {
        let world = SimulatedWorld::start().await;
        let cloud: Box<dyn Cloud> = match name {
            "classic" => Box::new(world.classic()),
            _ => Box::new(world.resource_manager()),
        };
        let (start, waited) = (Instant::now(), world.timer.elapsed());
        let plan = cloud.plan(&world.spec).await.unwrap();
        cloud.apply(&world.site, &plan, &quiet).await.unwrap();
        times.push(start.elapsed());
        calls = world.simulator.requests().len();
        waits = (world.timer.elapsed() - waited).as_secs();
    }
    println!("{name}: {calls} calls, {:.2} s, beside {waits} s that the service asks to wait", middle(times));
}

/// Ends with the first 200 that came from the server inside, through the tunnel, of every instance.
async fn local(count: u32) {
    let folder = TestFolder::new();
    let around = Surroundings::start(folder.path(), count).await;
    let site = new_site(&folder, "site.db").await;
    let gateways = folder.file("gateways");
    let mut options = LocalCloudOptions::default();
    (options.folder, options.program) = (Some(gateways.clone()), Some(program()));
    options.ports = LocalPorts::Free;
    let cloud = LocalCloud::new(options).unwrap();
    let plan = cloud.plan(&around.spec).await.unwrap();
    let start = Instant::now();
    cloud.apply(&site, &plan, &quiet).await.unwrap();
    let applied = start.elapsed().as_secs_f64();
    let instances = cloud.instances(&site, SERVICE_NAME).await.unwrap();
    let point = around.connect(&instances).await;
    let mut first = None;
    for instance in &instances {
        let (status, _) = around.client(instance).get(&inside_path("x")).await.unwrap();
        assert_eq!(status, 200);
        first.get_or_insert_with(|| start.elapsed().as_secs_f64());
    }
    let (first, last) = (first.unwrap_or_default(), start.elapsed().as_secs_f64());
    let told = std::fs::read(gateways.join("granitefalls/state.json")).unwrap();
    let told: serde_json::Value = serde_json::from_slice(&told).unwrap();
    let status = std::fs::read_to_string(format!("/proc/{}/status", told["supervisor"])).unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap_or_default();
    let memory = line.trim_start_matches("VmRSS:").trim();
    println!(
        "this machine, {count} instances: applied after {applied:.2} s, the first 200 of the server inside through the tunnel \
         after {first:.2} s, of every instance after {last:.2} s; supervisor {memory} resident"
    );
    point.stop().await;
    cloud.delete(&site, SERVICE_NAME, &quiet).await.unwrap();
}

#[tokio::main]
async fn main() {
    for name in ["resource manager", "classic"] {
        simulated(name).await;
    }
    for count in [1, 16] {
        local(count).await;
    }
}
