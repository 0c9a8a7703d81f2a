//! Connection points that are killed and frozen under load.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use crate::Options;
use crate::client::{Client, connect_surely};
use crate::pki::Keys;
use crate::report::print_alone;
use crate::stage::{Stage, Target};

struct Outcome {
    failed: f64,
    gap: f64,
}

/// Clients that never pause, for a while.
async fn load(stage: &Stage, target: &Target, time: Duration) -> Outcome {
    let until = Instant::now() + time;
    let mut tasks = JoinSet::new();
    for _ in 0..16 {
        let (tls, address, path) = (Arc::clone(&stage.tls), target.address, target.path("small"));
        let mut client = connect_surely(address, &tls, 16 << 10).await;
        tasks.spawn(async move {
            let (mut failed, mut gap, mut last) = (0.0, 0.0_f64, Instant::now());
            while Instant::now() < until {
                match client.get(&path).await {
                    Ok(_) => {
                        gap = gap.max(last.elapsed().as_secs_f64() * 1e3);
                        last = Instant::now();
                    }
                    Err(error) => {
                        eprintln!("failed: {error}");
                        failed += 1.0;
                        if let Ok(new) = Client::connect(address, &tls, 16 << 10).await {
                            client = new;
                        }
                    }
                }
            }
            (failed, gap)
        });
    }
    let outcomes = tasks.join_all().await;
    Outcome {
        failed: outcomes.iter().map(|(failed, _)| failed).sum(),
        gap: outcomes.iter().map(|(_, gap)| *gap).fold(0.0, f64::max),
    }
}

pub(crate) async fn measure(options: &Options) {
    let (mut killed, mut frozen) = (Vec::new(), Vec::new());
    for _ in 0..options.rounds {
        let stage = Stage::bare(Keys::P256, 0);
        let (address, _instance) = stage.instance(options);
        let mut target = stage.ours(address);
        for name in ["CP1", "CP2"] {
            target.processes.push(stage.connection_point(options, name, address.port()));
        }
        stage.until_served(&target).await;
        tokio::time::sleep(Duration::from_millis(500)).await;
        let kill = async {
            tokio::time::sleep(Duration::from_secs(1)).await;
            target.processes[0].signal("-KILL");
        };
        killed.push(tokio::join!(load(&stage, &target, Duration::from_secs(3)), kill).0);
        let freeze = async {
            tokio::time::sleep(Duration::from_secs(1)).await;
            target.processes[1].signal("-STOP");
            stage.connection_point(options, "CP2", address.port())
        };
        let (outcome, successor) = tokio::join!(load(&stage, &target, Duration::from_secs(4)), freeze);
        frozen.push(outcome);
        target.processes[1].signal("-CONT");
        drop(successor);
    }
    let figure = |outcomes: &[Outcome], of: fn(&Outcome) -> f64| outcomes.iter().map(of).collect::<Vec<_>>();
    print_alone("connection point killed: failed GETs", &figure(&killed, |outcome| outcome.failed), "0");
    print_alone(
        "connection point killed: longest gap, ms",
        &figure(&killed, |outcome| outcome.gap),
        "<= 200",
    );
    print_alone(
        "frozen, a new one started: failed GETs",
        &figure(&frozen, |outcome| outcome.failed),
        "<= 16",
    );
    print_alone("frozen, a new one started: longest gap, ms", &figure(&frozen, |outcome| outcome.gap), "-");
}
