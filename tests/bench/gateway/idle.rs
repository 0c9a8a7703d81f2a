//! Memory of 5,000 clients that are connected and do nothing.

use std::time::Duration;

use crate::Options;
use crate::client::connect_surely;
use crate::pki::Keys;
use crate::report::Figure;
use crate::stage::Stage;

const CLIENTS: usize = 5_000;

pub(crate) async fn measure(options: &Options) {
    let mut memory = Figure::default();
    for _ in 0..options.rounds.min(2) {
        // Memory that was used once is not given back: a new stage for each run.
        let stage = Stage::set(options, Keys::P256, 0).await;
        for target in &stage.targets {
            let before = target.memory();
            let mut clients = Vec::with_capacity(CLIENTS);
            for _ in 0..CLIENTS {
                let mut client = connect_surely(target.address, &stage.tls, 2 << 10).await;
                client.get(&target.path("small")).await.expect("an answer");
                clients.push(client);
            }
            tokio::time::sleep(Duration::from_secs(2)).await;
            memory.add(target.name, (target.memory() - before) / CLIENTS as f64);
        }
    }
    memory.print("5,000 idle clients: KiB each", "ours <= 16");
}
