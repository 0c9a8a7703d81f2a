//! A tunnel over a way of 25 ms in each direction.

use std::time::{Duration, Instant};

use crate::Options;
use crate::client::connect_surely;
use crate::pki::Keys;
use crate::relay;
use crate::report::{print_alone, quantile};
use crate::stage::{LARGE, Stage};

const DELAY: Duration = Duration::from_millis(25);

pub(crate) async fn measure(options: &Options) {
    let stage = Stage::bare(Keys::P256, 0);
    let (address, _instance) = stage.instance(options);
    let far = relay::start(address, DELAY).await;
    let mut target = stage.ours(address);
    target.processes.push(stage.connection_point(options, "CP1", far.port()));
    stage.until_served(&target).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    let (mut rates, mut trips) = (Vec::new(), Vec::new());
    for _ in 0..options.rounds {
        let mut client = connect_surely(target.address, &stage.tls, 256 << 10).await;
        let mut times = Vec::new();
        for _ in 0..40 {
            let began = Instant::now();
            client.get(&target.path("small")).await.expect("an answer");
            times.push(began.elapsed().as_secs_f64());
        }
        trips.push(quantile(&mut times, 0.5) / (2.0 * DELAY.as_secs_f64()));
        let began = Instant::now();
        client.get(&target.path("large")).await.expect("an answer");
        rates.push(LARGE as f64 / began.elapsed().as_secs_f64() / 1e6);
    }
    print_alone("25 ms each way: one download, MB/s", &rates, "1.0 x rathole");
    print_alone("25 ms each way: p50 of 1 KiB / round trip", &trips, "<= 1.15");
}
