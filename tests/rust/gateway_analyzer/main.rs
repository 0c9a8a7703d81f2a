//! A healthy gateway, then one broken in a single place, again and again: the analyzer must name the right cause first.
#![expect(clippy::unwrap_used, reason = "a test fails by panic")]

mod breaks;
mod foreign;

use std::sync::Arc;
use std::time::{Duration, Instant};

use cmgateway::gateway::analyzer::{AnalyzeOptions, Outcome, analyze, checks, checks_page};
use cmgateway_tests::analyzed_gateway::{Plan, Shared};

use crate::breaks::BREAKS;

#[tokio::test(flavor = "multi_thread")]
async fn healthy_gateways_are_called_so_and_broken_ones_are_understood() {
    let started = Instant::now();
    let shared = Arc::new(Shared::new());
    for instances in [1, 2] {
        let gateway = Plan::new(&shared, instances).start().await;
        let report = gateway.analyze().await;
        assert!(report.is_healthy() && report.count(Outcome::Warning) == 0, "{report}");
        assert!(report.count(Outcome::Passed) > 40, "{report}");
        assert!(report.summary().starts_with("All is well"), "{report}");
    }
    let mut wrong = Vec::new();
    for (name, expected, run) in BREAKS {
        let report = run(&shared).await;
        let first = report.first_cause().map(|first| first.id);
        if first != Some(*expected) {
            wrong.push(format!("{name}: expected {expected}, got {first:?}\n{report}"));
        }
    }
    assert!(wrong.is_empty(), "{} of {} wrong:\n{}", wrong.len(), BREAKS.len(), wrong.join("\n\n"));
    eprintln!("{} breaks in {:?}", BREAKS.len(), started.elapsed());
}

#[tokio::test]
async fn nothing_listens_and_nothing_was_told() {
    let mut options = AnalyzeOptions::new("gw.contoso.test");
    // Port 9 of this machine: nothing listens there.
    options.addresses = vec!["127.0.0.1:9".into()];
    let report = analyze(options).await.unwrap();
    assert_eq!(report.first_cause().map(|first| first.id), Some("port_clients"), "{report}");
    let handshake = report.result("tls_handshake").unwrap();
    assert_eq!((handshake.outcome, handshake.blocked_by), (Outcome::Skipped, Some("port_clients")));
    assert!(handshake.finding.contains("port_clients"));
    let mut timeless = AnalyzeOptions::new("gw.contoso.test");
    timeless.timeout = Duration::ZERO;
    for refused in [AnalyzeOptions::new(" "), timeless] {
        assert_eq!(analyze(refused).await.unwrap_err().kind(), cmgateway::ErrorKind::Config);
    }
}

#[test]
fn the_table_is_sound_and_the_page_is_made_from_it() {
    let ids: Vec<&str> = checks().iter().map(|check| check.id).collect();
    for (at, check) in checks().iter().enumerate() {
        assert!(!ids[..at].contains(&check.id), "{} is there twice", check.id);
        for before in check.after {
            assert!(ids[..at].contains(before), "{} comes before {before}", check.id);
        }
        for text in [check.proves, check.needs, check.cause, check.remedy] {
            assert!(!text.is_empty() && !text.ends_with('.'), "{}: {text:?}", check.id);
        }
    }
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../core/CHECKS.md");
    let stored = std::fs::read_to_string(page).unwrap_or_default().replace("\r\n", "\n");
    if stored != checks_page() {
        if std::env::var_os("CMGATEWAY_WRITE_PAGES").is_some() {
            std::fs::write(page, checks_page()).unwrap();
            return;
        }
        panic!("core/CHECKS.md is not what the table says; write it with `cmgateway analyze --list-checks`");
    }
}
