//! Large bodies of four clients, down and up.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Instant;

use rustls::ClientConfig;
use tokio::task::JoinSet;

use crate::Options;
use crate::client::connect_surely;
use crate::pki::Keys;
use crate::report::Figure;
use crate::stage::{LARGE, Stage, Target};

const CLIENTS: usize = 4;
const BUFFER: usize = 256 << 10;

/// Clients that download without end.
pub(crate) struct Downloads {
    stop: Arc<AtomicBool>,
    bytes: Arc<AtomicU64>,
    tasks: JoinSet<()>,
}

impl Downloads {
    pub(crate) async fn start(target: &Target, tls: &Arc<ClientConfig>, clients: usize) -> Self {
        let mut load = Downloads { stop: Arc::default(), bytes: Arc::default(), tasks: JoinSet::new() };
        for _ in 0..clients {
            let mut client = connect_surely(target.address, tls, BUFFER).await;
            let (stop, bytes, path) = (Arc::clone(&load.stop), Arc::clone(&load.bytes), target.path("large"));
            load.tasks.spawn(async move {
                while !stop.load(Ordering::Relaxed) {
                    client.get_counted(&path, &bytes, &stop).await.expect("an answer");
                }
            });
        }
        load
    }

    pub(crate) fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    pub(crate) async fn end(self) {
        self.stop.store(true, Ordering::Relaxed);
        self.tasks.join_all().await;
    }
}

pub(crate) async fn measure(options: &Options) {
    let stage = Stage::set(options, Keys::P256, 0).await;
    for (is_up, name) in [(false, "down"), (true, "up")] {
        let (mut rate, mut cpu) = (Figure::default(), Figure::default());
        for _ in 0..options.rounds {
            for target in &stage.targets {
                let mut tasks = JoinSet::new();
                let mut clients = Vec::new();
                for _ in 0..CLIENTS {
                    clients.push(connect_surely(target.address, &stage.tls, BUFFER).await);
                }
                let (began, used) = (Instant::now(), target.cpu());
                for (number, mut client) in clients.into_iter().enumerate() {
                    let path = target.path(&if is_up { format!("up{number}") } else { "large".into() });
                    tasks.spawn(async move {
                        match is_up {
                            true => client.put(&path, LARGE).await.expect("an answer"),
                            false => assert_eq!(client.get(&path).await.expect("an answer"), LARGE),
                        }
                        // Its connection outlives the measure.
                        client
                    });
                }
                let clients = tasks.join_all().await;
                let bytes = (CLIENTS * LARGE) as f64;
                rate.add(target.name, bytes / began.elapsed().as_secs_f64() / 1e6);
                cpu.add(target.name, (target.cpu() - used) / bytes * 1e9);
                drop(clients);
            }
        }
        rate.print(&format!("4 x 100 MiB {name}: MB/s"), ">= 1.0");
        cpu.print(&format!("4 x 100 MiB {name}: CPU s per GB"), "<= 1.5");
    }
}
