//! How long small requests take beside four downloads.

use std::time::Duration;

use crate::Options;
use crate::bulk::Downloads;
use crate::pki::Keys;
use crate::report::{Figure, quantile};
use crate::requests::Load;
use crate::stage::Stage;

pub(crate) async fn measure(options: &Options) {
    let stage = Stage::set(options, Keys::P256, 0).await;
    let (mut p50, mut p99) = (Figure::default(), Figure::default());
    for _ in 0..options.rounds {
        for target in &stage.targets {
            let downloads = Downloads::start(target, &stage.tls, 4).await;
            tokio::time::sleep(Duration::from_millis(300)).await;
            let load = Load::start(target, &stage.tls, 4).await;
            tokio::time::sleep(options.time).await;
            let mut times = load.end().await;
            downloads.end().await;
            p50.add(target.name, quantile(&mut times, 0.5));
            p99.add(target.name, quantile(&mut times, 0.99));
        }
    }
    p50.print("1 KiB beside 4 downloads: p50, ms", "<= 1.5");
    p99.print("1 KiB beside 4 downloads: p99, ms", "<= 1.5");
}
