//! Clients that ask for a large body and stop reading, beside others that read on.

use std::time::{Duration, Instant};

use crate::Options;
use crate::bulk::Downloads;
use crate::client::Client;
use crate::pki::Keys;
use crate::report::Figure;
use crate::requests::Load;
use crate::stage::{Stage, Target};

/// Bytes of four downloads a second, and small requests of eight clients a second.
async fn others(stage: &Stage, target: &Target, time: Duration) -> (f64, f64) {
    let downloads = Downloads::start(target, &stage.tls, 4).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    let (began, before) = (Instant::now(), downloads.bytes());
    tokio::time::sleep(time).await;
    let bytes = (downloads.bytes() - before) as f64 / began.elapsed().as_secs_f64();
    downloads.end().await;
    let load = Load::start(target, &stage.tls, 8).await;
    let (began, before) = (Instant::now(), load.done());
    tokio::time::sleep(time).await;
    let requests = (load.done() - before) as f64 / began.elapsed().as_secs_f64();
    load.end().await;
    (bytes, requests)
}

/// Returns when nothing moves any more: a thousand clients take a while to stall.
async fn until_full(target: &Target) {
    for _ in 0..60 {
        let used = target.cpu();
        tokio::time::sleep(Duration::from_secs(1)).await;
        if target.cpu() - used < 0.03 {
            return;
        }
    }
    eprintln!("{}: after a minute the clients that stopped reading still take data", target.name);
}

pub(crate) async fn measure(options: &Options) {
    for count in [64, 1_000] {
        let (mut bytes, mut requests, mut memory) = (Figure::default(), Figure::default(), Figure::default());
        for _ in 0..options.rounds {
            // Memory that was used once is not given back: a new stage for each run.
            let stage = Stage::set(options, Keys::P256, 0).await;
            for target in &stage.targets {
                let undisturbed = others(&stage, target, options.time).await;
                let before = target.memory();
                let mut stalled = Vec::new();
                for _ in 0..count {
                    let mut client =
                        Client::connect_small(target.address, &stage.tls).await.expect("a connection");
                    client.ask(&target.path("large")).await.expect("a request");
                    stalled.push(client);
                }
                until_full(target).await;
                memory.add(target.name, (target.memory() - before) / f64::from(count));
                let disturbed = others(&stage, target, options.time).await;
                bytes.add(target.name, disturbed.0 / undisturbed.0);
                requests.add(target.name, disturbed.1 / undisturbed.1);
            }
        }
        bytes.print(&format!("{count} stalled: downloads / undisturbed"), "ours >= 0.9");
        requests.print(&format!("{count} stalled: requests / undisturbed"), "ours >= 0.9");
        memory.print(&format!("{count} stalled: KiB each"), "ours <= 512");
    }
}
