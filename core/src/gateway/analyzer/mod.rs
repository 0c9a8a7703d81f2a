//! What is wrong with a gateway: named checks in the order of cause and effect.
//!
//! | file | what it holds |
//! | --- | --- |
//! | `options` | [`AnalyzeOptions`]: what the analyzer is told |
//! | `check`, `table` | [`Check`]: what a check is; the one table of all, and the page made from it |
//! | `verdict`, `report`, `html` | [`AnalysisReport`]: how each check ended, as table, JSON and HTML |
//! | `run` | the checks one after the other, and what they have learned |
//! | `reach`, `exchange` | sockets, handshakes and requests, with their limits |
//! | `names`, `ports`, `tls`, `certificate`, `service`, `tunnel`, `trust`, `client`, `revocation`, `token`, `roles`, `request`, `site`, `site_control` | the checks themselves |
//!
//! The analyzer changes nothing. It sends the client's certificate and token only to a server whose certificate it has
//! found to be trusted and right.

mod certificate;
mod check;
mod client;
mod exchange;
mod html;
mod names;
mod options;
mod ports;
mod reach;
mod report;
mod request;
mod revocation;
mod roles;
mod run;
mod service;
mod site;
mod site_control;
mod table;
mod tls;
mod token;
mod trust;
mod tunnel;
mod verdict;

pub use check::{Check, checks, checks_page};
pub use options::AnalyzeOptions;
pub use report::{AnalysisReport, CheckResult};
pub use run::analyze;
pub use verdict::Outcome;
