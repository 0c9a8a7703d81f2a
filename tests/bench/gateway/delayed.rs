//! A tunnel over a way of 25 ms in each direction.

use std::time::{Duration, Instant};

use crate::Options;
use crate::client::connect_surely;
use crate::pki::Keys;
use crate::relay;
use crate::report::{Figure, quantile};
use crate::stage::{LARGE, Stage};

const DELAY: Duration = Duration::from_millis(25);

pub(crate) async fn measure(options: &Options) {
    let mut stage = Stage::bare(Keys::P256, 0);
    if let Some(program) = options.rathole.as_deref().filter(|_| options.wants("rathole")) {
        stage.targets.push(stage.rathole(program, Some(DELAY)).await);
    }
    if options.wants("ours") {
        let (address, instance) = stage.instance(options);
        let far = relay::start(address, DELAY).await;
        let mut target = stage.ours(address);
        target.processes = vec![instance, stage.connection_point(options, "CP1", far.port())];
        stage.targets.push(target);
    }
    for target in &stage.targets {
        stage.until_served(target).await;
    }
    tokio::time::sleep(Duration::from_secs(2)).await;
    let (mut rate, mut trip) = (Figure::default(), Figure::default());
    for _ in 0..options.rounds {
        for target in &stage.targets {
            let mut client = connect_surely(target.address, &stage.tls, 256 << 10).await;
            let mut times = Vec::new();
            for _ in 0..40 {
                let began = Instant::now();
                client.get(&target.path("small")).await.expect("an answer");
                times.push(began.elapsed().as_secs_f64());
            }
            trip.add(target.name, quantile(&mut times, 0.5) / (2.0 * DELAY.as_secs_f64()));
            let began = Instant::now();
            client.get(&target.path("large")).await.expect("an answer");
            rate.add(target.name, LARGE as f64 / began.elapsed().as_secs_f64() / 1e6);
        }
    }
    rate.print("25 ms each way: one download, MB/s", ">= 1.0 of rathole's");
    trip.print("25 ms each way: p50 of 1 KiB / round trip", "<= 1.15");
}
