//! The report as one page of HTML: no scripts, nothing from elsewhere, light and dark.

use std::fmt::Write as _;

use super::report::{AnalysisReport, CheckResult};
use super::verdict::Outcome;
use crate::gateway::html_text::escaped;

const STYLE: &str = "\
:root{color-scheme:light dark;--line:#8884;--passed:#1a7f37;--warning:#9a6700;--failed:#cf222e;--skipped:#6e7781}\
@media(prefers-color-scheme:dark){:root{--passed:#3fb950;--warning:#d29922;--failed:#ff7b72;--skipped:#9198a1}}\
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:auto;padding:1rem}\
h1{font-size:1.4rem}h2{font-size:1.1rem;margin:1.5rem 0 .3rem}ul.checks{list-style:none;padding:0;margin:0}\
ul.checks>li{border-top:1px solid var(--line);padding:.4rem 0}code{font-size:.9em;overflow-wrap:anywhere}\
.passed b{color:var(--passed)}.warning b{color:var(--warning)}.failed b{color:var(--failed)}.skipped b{color:var(--skipped)}\
.summary{border-left:.4rem solid;padding:.4rem .8rem}p{margin:.2rem 0;overflow-wrap:anywhere}";

pub(super) fn page(report: &AnalysisReport) -> String {
    let mut out = String::with_capacity(16 << 10);
    let title = escaped(&format!("Gateway {}", report.service_name));
    let worst = if !report.is_healthy() {
        Outcome::Failed
    } else if report.count(Outcome::Warning) > 0 {
        Outcome::Warning
    } else {
        Outcome::Passed
    };
    let _ = write!(
        out,
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n<title>{title}</title>\n\
         <style>{STYLE}</style>\n</head>\n<body>\n<h1>{title}</h1>\n<p>{}</p>\n\
         <p class=\"summary {}\" role=\"status\"><b>{}</b></p>\n",
        escaped(&report.moment()),
        worst.as_str(),
        escaped(&report.summary())
    );
    let mut area = "";
    for result in &report.results {
        if result.area != area {
            if !area.is_empty() {
                out.push_str("</ul>\n");
            }
            area = result.area;
            let _ = write!(out, "<h2>{}</h2>\n<ul class=\"checks\">\n", escaped(area));
        }
        row(&mut out, result);
    }
    out.push_str("</ul>\n</body>\n</html>\n");
    out
}

fn row(out: &mut String, result: &CheckResult) {
    let outcome = result.outcome.as_str();
    let _ = write!(
        out,
        "<li class=\"{outcome}\" id=\"{0}\"><p><b>{outcome}</b> <code>{0}</code> {1}</p>",
        escaped(result.id),
        escaped(&result.finding)
    );
    if !result.evidence.is_empty() {
        out.push_str("<ul>");
        for line in &result.evidence {
            let _ = write!(out, "<li>{}</li>", escaped(line));
        }
        out.push_str("</ul>");
    }
    if let (Some(cause), Some(remedy)) = (result.cause, &result.remedy) {
        let _ = write!(out, "<p>Cause: {}</p><p>Remedy: {}</p>", escaped(cause), escaped(remedy));
    }
    out.push_str("</li>\n");
}
