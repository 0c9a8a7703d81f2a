//! Medians, ratios, and the lines that are printed.

use std::collections::BTreeMap;

/// The middle of the values.
pub(crate) fn median(values: &[f64]) -> f64 {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// This part of the values lies below it.
pub(crate) fn quantile(values: &mut [f64], part: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    let index = (values.len() as f64 * part) as usize;
    values.get(index.min(values.len().saturating_sub(1))).copied().unwrap_or(f64::NAN)
}

/// One figure of each target, run by run.
#[derive(Default)]
pub(crate) struct Figure(BTreeMap<&'static str, Vec<f64>>);

impl Figure {
    pub(crate) fn add(&mut self, target: &'static str, value: f64) {
        self.0.entry(target).or_default().push(value);
    }

    /// Ours, and its ratio to each peer that was measured.
    pub(crate) fn print(&self, what: &str, must: &str) {
        let ours = self.0.get("ours").map_or(f64::NAN, |values| median(values));
        let mut line = format!("{what:<58} ours {ours:>10.2}");
        for (peer, values) in self.0.iter().filter(|(target, _)| **target != "ours") {
            let theirs = median(values);
            line += &format!("  {peer} {theirs:>10.2} ratio {:>6.3}", ours / theirs);
        }
        println!("{line}  must {must}");
    }
}

/// A figure without a peer.
pub(crate) fn print_alone(what: &str, values: &[f64], must: &str) {
    println!("{what:<58} ours {:>10.2}  must {must}", median(values));
}
