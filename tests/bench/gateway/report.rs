//! Medians, ratios, and the lines that are printed.

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
pub(crate) struct Figure {
    pub(crate) nginx: Vec<f64>,
    pub(crate) ours: Vec<f64>,
}

impl Figure {
    pub(crate) fn add(&mut self, target: &str, value: f64) {
        if target == "nginx" { self.nginx.push(value) } else { self.ours.push(value) }
    }

    pub(crate) fn print(&self, what: &str, must: &str) {
        let (nginx, ours) = (median(&self.nginx), median(&self.ours));
        println!(
            "{what:<58} nginx {nginx:>10.2}  ours {ours:>10.2}  ratio {:>6.3}  must {must}",
            ours / nginx
        );
    }
}

/// A figure without a peer.
pub(crate) fn print_alone(what: &str, values: &[f64], must: &str) {
    println!("{what:<58} {:>16} ours {:>11.2}  {:>13}  must {must}", "", median(values), "");
}
