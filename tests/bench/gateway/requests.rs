//! Small requests of 64 clients that keep their connections.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use rustls::ClientConfig;
use tokio::task::JoinSet;

use crate::Options;
use crate::client::connect_surely;
use crate::pki::Keys;
use crate::report::{Figure, quantile};
use crate::stage::{Stage, Target};

/// Clients that ask for 1 KiB without pause.
pub(crate) struct Load {
    stop: Arc<AtomicBool>,
    done: Arc<AtomicU64>,
    tasks: JoinSet<Vec<f64>>,
}

impl Load {
    pub(crate) async fn start(target: &Target, tls: &Arc<ClientConfig>, clients: usize) -> Self {
        let mut load = Load { stop: Arc::default(), done: Arc::default(), tasks: JoinSet::new() };
        for _ in 0..clients {
            let mut client = connect_surely(target.address, tls, 16 << 10).await;
            let (stop, done, path) = (Arc::clone(&load.stop), Arc::clone(&load.done), target.path("small"));
            load.tasks.spawn(async move {
                let mut times = Vec::with_capacity(100_000);
                while !stop.load(Ordering::Relaxed) {
                    let began = Instant::now();
                    assert_eq!(client.get(&path).await.expect("an answer"), 1024);
                    times.push(began.elapsed().as_secs_f64() * 1e3);
                    done.fetch_add(1, Ordering::Relaxed);
                }
                times
            });
        }
        load
    }

    pub(crate) fn done(&self) -> u64 {
        self.done.load(Ordering::Relaxed)
    }

    /// Milliseconds of every request.
    pub(crate) async fn end(self) -> Vec<f64> {
        self.stop.store(true, Ordering::Relaxed);
        self.tasks.join_all().await.concat()
    }
}

pub(crate) async fn measure(options: &Options) {
    let stage = Stage::set(options, Keys::P256, 0).await;
    let (mut cpu, mut rate, mut p50, mut p99) =
        (Figure::default(), Figure::default(), Figure::default(), Figure::default());
    for _ in 0..options.rounds {
        for target in &stage.targets {
            let load = Load::start(target, &stage.tls, 64).await;
            tokio::time::sleep(Duration::from_millis(500)).await;
            let (began, used, done) = (Instant::now(), target.cpu(), load.done());
            tokio::time::sleep(options.time).await;
            let count = (load.done() - done) as f64;
            rate.add(target.name, count / began.elapsed().as_secs_f64());
            cpu.add(target.name, (target.cpu() - used) / count * 1e6);
            let mut times = load.end().await;
            p50.add(target.name, quantile(&mut times, 0.5));
            p99.add(target.name, quantile(&mut times, 0.99));
        }
    }
    cpu.print("64 clients, 1 KiB: CPU per request, us", "<= 1.3");
    rate.print("64 clients, 1 KiB: requests/s", ">= 0.85");
    p50.print("64 clients, 1 KiB: p50, ms", "-");
    p99.print("64 clients, 1 KiB: p99, ms", "-");
}
