//! Full handshakes with client certificates, a revocation list of 100,000 entries loaded.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::task::JoinSet;

use crate::Options;
use crate::client::{self, Client};
use crate::pki::Keys;
use crate::report::Figure;
use crate::stage::Stage;

const ENTRIES: usize = 100_000;
const CLIENTS: usize = 8;

pub(crate) async fn measure(options: &Options) {
    for (keys, name, must) in [(Keys::P256, "P-256", "<= 0.30"), (Keys::Rsa2048, "RSA-2048", "<= 0.55")] {
        let stage = Stage::set(options, keys, ENTRIES).await;
        let known = vec![Arc::clone(&stage.tls)];
        let new: Vec<_> = (0..3_000)
            .map(|number| client::tls(&stage.pki.root, stage.pki.client(&format!("client {number}"))))
            .collect();
        for (configs, chain) in [(known, "chain seen before"), (new, "chain not seen before")] {
            let configs = Arc::new(configs);
            let mut cpu = Figure::default();
            let next = Arc::new(AtomicUsize::new(0));
            for _ in 0..options.rounds {
                for target in &stage.targets {
                    let (stop, done) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
                    let used = target.cpu();
                    let mut tasks = JoinSet::new();
                    for _ in 0..CLIENTS {
                        let (stop, done) = (Arc::clone(&stop), Arc::clone(&done));
                        let (configs, next) = (Arc::clone(&configs), Arc::clone(&next));
                        let address = target.address;
                        tasks.spawn(async move {
                            while !stop.load(Ordering::Relaxed) {
                                let number = next.fetch_add(1, Ordering::Relaxed);
                                let tls = configs.get(number % configs.len()).unwrap();
                                let client = Client::connect(address, tls, 4 << 10).await;
                                client.expect("a handshake").close().await;
                                if done.fetch_add(1, Ordering::Relaxed) > 900 && configs.len() > 1 {
                                    // Chains of the next run must be new again.
                                    stop.store(true, Ordering::Relaxed);
                                }
                            }
                        });
                    }
                    tokio::time::timeout(options.time.max(Duration::from_secs(1)), async {
                        while !stop.load(Ordering::Relaxed) {
                            tokio::time::sleep(Duration::from_millis(5)).await;
                        }
                    })
                    .await
                    .unwrap_or(());
                    stop.store(true, Ordering::Relaxed);
                    tasks.join_all().await;
                    let count = done.load(Ordering::Relaxed) as f64;
                    cpu.add(target.name, (target.cpu() - used) / count * 1e6);
                }
            }
            cpu.print(&format!("handshakes {name}, {chain}: CPU us"), must);
        }
    }
}
