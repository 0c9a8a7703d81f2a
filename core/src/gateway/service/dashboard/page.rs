//! The page: made on the server, without scripts, every value escaped.

use std::fmt::Write as _;

use super::analysis::Analysis;
use super::chart;
use crate::gateway::analyzer::{CheckResult, Outcome};
use crate::gateway::html_text::escaped;
use crate::gateway::monitor::{Level, rfc3339};
use crate::gateway::service::GatewayHealth;
use crate::proxy::InstanceStatus;

/// A value of a cell: a heading of its row, text, a number, bytes, or a level with its word.
enum Cell {
    Head(String),
    Text(String),
    Number(u64),
    Size(u64),
    Level(Level),
}

fn text(value: impl ToString) -> Cell {
    Cell::Text(value.to_string())
}

fn head(value: impl ToString) -> Cell {
    Cell::Head(value.to_string())
}

/// The frame of every page. A page that waits for something asks again by itself.
fn page(title: &str, refresh: Option<u32>, body: &str) -> String {
    let refresh = refresh
        .map(|seconds| format!("<meta http-equiv=\"refresh\" content=\"{seconds}\">"))
        .unwrap_or_default();
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\">{refresh}\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><title>{}</title>\
         <link rel=\"stylesheet\" href=\"/style.css\"></head>\n<body>\n{body}</body>\n</html>\n",
        escaped(title)
    )
}

/// Where people sign in.
pub(super) fn sign_in(is_wrong: bool) -> String {
    let wrong = if is_wrong { "<p role=\"alert\" class=\"critical\">This is not the token.</p>" } else { "" };
    let body = format!(
        "<header><h1>Cloud management gateway</h1></header>\n<main class=\"sign-in\"><section><h2>Sign in</h2>{wrong}\
         <form method=\"post\" action=\"/login\"><label for=\"token\">Token of this dashboard</label>\
         <input id=\"token\" name=\"token\" type=\"password\" autocomplete=\"current-password\" required autofocus>\
         <button>Sign in</button></form></section></main>\n"
    );
    page("Sign in", None, &body)
}

/// Something that went wrong, in one sentence.
pub(super) fn message(title: &str, cause: &str) -> String {
    let body = format!(
        "<header><h1>{}</h1></header>\n<main><section class=\"wide\"><p role=\"alert\">{}</p>\
         <p><a href=\"/\">Back to the dashboard</a></p></section></main>\n",
        escaped(title),
        escaped(cause)
    );
    page(title, None, &body)
}

/// The dashboard.
pub(super) fn dashboard(
    health: &GatewayHealth,
    analysis: &Analysis,
    form_token: &str,
    signs_out: bool,
) -> String {
    let form = |action: &str, button: &str| {
        format!(
            "<form method=\"post\" action=\"{action}\"><input type=\"hidden\" name=\"form\" value=\"{}\">{button}</form>",
            escaped(form_token)
        )
    };
    let sign_out =
        if signs_out { form("/logout", "<button class=\"plain\">Sign out</button>") } else { String::new() };
    let mut body = format!(
        "<a class=\"skip\" href=\"#content\">Skip to the content</a>\n<header><h1>Gateway {}</h1>{}\
         <p>as of <time datetime=\"{2}\">{2}</time> · <a href=\"/\">look again</a></p>{sign_out}</header>\n<main id=\"content\">\n",
        escaped(&health.service_name),
        level(health.level),
        escaped(&second(&rfc3339(health.at))),
    );
    section(&mut body, "wide", "now", "What needs attention", &conditions(health));
    section(&mut body, "wide", "traffic", "Outbound traffic of 14 days", &traffic(health));
    section(&mut body, "", "gateway", "Gateway and connection points", &gateway(health));
    section(&mut body, "", "refusals", "Refusals by reason", &refusals(health));
    section(&mut body, "wide", "instances", "Instances", &instances(health));
    section(&mut body, "wide", "expiring", "Certificates, lists and secrets by days left", &expiring(health));
    section(&mut body, "wide", "endpoints", "Traffic by endpoint", &endpoints(health));
    let is_running = matches!(analysis, Analysis::Running { .. });
    let button = if is_running {
        "<button disabled>It is at work</button>"
    } else {
        "<button>Run the analyzer</button>"
    };
    let done = format!("{}{}", form("/analyze", button), analyzed(analysis));
    section(&mut body, "wide", "analysis", "Analyzer", &done);
    body.push_str("</main>\n<footer><p>Times are UTC. A gigabyte is 2<sup>30</sup> bytes.</p></footer>\n");
    page(&format!("{}: {}", health.level.as_str(), health.service_name), is_running.then_some(3), &body)
}

fn section(out: &mut String, class: &str, id: &str, title: &str, content: &str) {
    let class = if class.is_empty() { String::new() } else { format!(" class=\"{class}\"") };
    let _ = writeln!(
        out,
        "<section{class} id=\"{id}\" aria-labelledby=\"{id}-title\"><h2 id=\"{id}-title\">{}</h2>{content}</section>",
        escaped(title)
    );
}

/// A level by its word, a colour and a shape.
fn level(level: Level) -> String {
    format!("<span class=\"level {0}\">{0}</span>", level.as_str())
}

/// A moment to the second.
fn second(moment: &str) -> String {
    moment.split('.').next().unwrap_or(moment).trim_end_matches('Z').replace('T', " ")
}

/// A table that a keyboard can scroll where it is too wide; one sentence where there are no rows.
fn table(name: &str, columns: &[&str], rows: Vec<Vec<Cell>>, none: &str) -> String {
    if rows.is_empty() {
        return format!("<p class=\"quiet\">{}</p>", escaped(none));
    }
    let is_number = |column: usize| {
        rows.iter().all(|row| matches!(row.get(column), Some(Cell::Number(_) | Cell::Size(_))))
    };
    let mut out = format!(
        "<div class=\"scroll\" role=\"region\" aria-label=\"{}\" tabindex=\"0\"><table role=\"table\"><thead role=\"rowgroup\"><tr role=\"row\">",
        escaped(name)
    );
    for (at, column) in columns.iter().enumerate() {
        let class = if is_number(at) { " class=\"number\"" } else { "" };
        let _ = write!(out, "<th scope=\"col\" role=\"columnheader\"{class}>{}</th>", escaped(column));
    }
    out.push_str("</tr></thead><tbody role=\"rowgroup\">");
    for row in &rows {
        out.push_str("<tr role=\"row\">");
        for (cell, column) in row.iter().zip(columns) {
            // A phone shows the name of the column beside the value.
            let (class, content) = match cell {
                Cell::Head(text) => {
                    let _ = write!(out, "<th scope=\"row\" role=\"rowheader\">{}</th>", escaped(text));
                    continue;
                }
                Cell::Text(text) => ("", escaped(text)),
                Cell::Number(number) => (" class=\"number\"", number.to_string()),
                Cell::Size(bytes) => (" class=\"number\"", chart::size(*bytes)),
                Cell::Level(of) => ("", level(*of)),
            };
            let _ = write!(out, "<td role=\"cell\" data-name=\"{}\"{class}>{content}</td>", escaped(column));
        }
        out.push_str("</tr>");
    }
    out.push_str("</tbody></table></div>");
    out
}

fn conditions(health: &GatewayHealth) -> String {
    let rows =
        health.conditions.iter().map(|each| vec![Cell::Level(each.level), head(&each.id), text(&each.text)]);
    table("What needs attention", &["Level", "What", "Why"], rows.collect(), "Nothing. All is well.")
}

fn traffic(health: &GatewayHealth) -> String {
    let Some(traffic) = &health.traffic else {
        return "<p class=\"quiet\">No site is named in the settings, or it gives no answer: the traffic is not known.</p>".into();
    };
    let limits = &traffic.thresholds;
    let mut out = format!(
        "<p>{} {} of {} GB, {} %. Warning from {} %, critical from {} %{}.</p>",
        level(traffic.level),
        escaped(&chart::size(traffic.bytes)),
        limits.gigabytes,
        traffic.percent,
        limits.warning_percent,
        limits.critical_percent,
        if traffic.stops { "; the gateway is stopped then" } else { "" }
    );
    if health.days.is_empty() {
        out.push_str("<p class=\"quiet\">This site keeps no history day by day.</p>");
        return out;
    }
    let days = health
        .days
        .iter()
        .map(|day| vec![head(&day.day), Cell::Size(day.bytes), Cell::Size(day.bytes_so_far)]);
    let _ = write!(
        out,
        "<figure>{}<figcaption class=\"quiet\">Bars: each day. Line: their sum. Dashed: the thresholds of the sum.</figcaption>\
         </figure><details><summary>The same as a table</summary>{}</details>",
        chart::svg(&health.days, traffic),
        table("Traffic by day", &["Day", "Went out", "Sum"], days.collect(), "")
    );
    out
}

fn gateway(health: &GatewayHealth) -> String {
    let state = match &health.state {
        Some(state) => state.to_string(),
        None => "the site tells none".to_owned(),
    };
    let mut out = format!("<p>State of the gateway: <strong>{}</strong></p>", escaped(&state));
    if health.is_stopped {
        out.push_str("<p class=\"critical\">It is stopped: every request to a role is refused.</p>");
    }
    let points = health.connection_points.iter().map(|name| vec![head(name), text("connected")]);
    out.push_str(&table(
        "Connection points",
        &["Connection point", "State"],
        points.collect(),
        "No connection point is connected to an instance.",
    ));
    let cloud = health.cloud_instances.iter().map(|each| {
        let level = if each.is_ready { Level::Normal } else { Level::Critical };
        vec![head(&each.name), Cell::Level(level), text(&each.state), Cell::Number(each.restarts.into())]
    });
    if !health.cloud_instances.is_empty() {
        let columns = ["Process", "Level", "State", "Restarts"];
        out.push_str(&table("Processes on this machine", &columns, cloud.collect(), ""));
    }
    out
}

fn instances(health: &GatewayHealth) -> String {
    let row = |instance: &InstanceStatus| {
        let counts = instance.counts.clone().unwrap_or_default();
        let (level, state) = match (instance.connections, &instance.refused) {
            (0, _) => {
                let why = instance.last_error.clone().unwrap_or_else(|| "it has not answered yet".into());
                (Level::Critical, format!("not connected: {why}"))
            }
            (_, Some(why)) => (Level::Critical, format!("does not take the configuration: {why}")),
            (count, None) => (Level::Normal, format!("{count} connections")),
        };
        vec![
            head(instance.addresses.join(", ")),
            Cell::Level(level),
            text(state),
            Cell::Number(counts.connections as u64),
            Cell::Number(counts.open_requests as u64),
            Cell::Number(counts.requests),
            Cell::Size(counts.bytes_out),
        ]
    };
    let columns = ["Instance", "Level", "Tunnel", "Clients", "Open requests", "Requests", "Sent"];
    table("Instances", &columns, health.instances.iter().map(row).collect(), "There are none.")
}

fn refusals(health: &GatewayHealth) -> String {
    let mut sorted: Vec<_> = health.refusals.iter().collect();
    sorted.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
    let rows = sorted.into_iter().map(|(reason, count)| vec![head(reason), Cell::Number(*count)]);
    let none = "No instance has refused anything since it started.";
    table("Refusals", &["Reason", "Count"], rows.collect(), none)
}

fn expiring(health: &GatewayHealth) -> String {
    let rows = health.expiring.iter().map(|each| {
        let left = match each.days_left {
            left if left < 0 => "it has ended".to_owned(),
            1 => "1 day".to_owned(),
            left => format!("{left} days"),
        };
        let end = second(&rfc3339(each.item.end));
        vec![Cell::Level(each.level), text(left), head(&each.item.name), text(&each.item.what), text(end)]
    });
    table("Days left", &["Level", "Left", "Name", "What", "Ends"], rows.collect(), "Nothing is known to end.")
}

fn endpoints(health: &GatewayHealth) -> String {
    let rows = health.endpoints.iter().map(|each| {
        vec![
            head(&each.endpoint),
            text(each.role),
            Cell::Number(each.requests),
            Cell::Number(each.failures),
            Cell::Number(each.cancelled),
            Cell::Size(each.bytes_in),
            Cell::Size(each.bytes_out),
        ]
    });
    let columns = ["Endpoint", "Role", "Requests", "No answer", "Client left", "In", "Out"];
    table(
        "Endpoints",
        &columns,
        rows.collect(),
        "Nothing went through this connection point since it started.",
    )
}

fn analyzed(analysis: &Analysis) -> String {
    match analysis {
        Analysis::Never => {
            "<p class=\"quiet\">Looks for what is wrong, from DNS to a whole request. It changes nothing.</p>"
                .into()
        }
        Analysis::Running { since } => {
            format!(
                "<p role=\"status\">At work since {}. This page asks again by itself.</p>",
                second(&rfc3339(*since))
            )
        }
        Analysis::Failed { at, cause } => {
            format!("<p role=\"alert\" class=\"critical\">{}: {}</p>", second(&rfc3339(*at)), escaped(cause))
        }
        Analysis::Done { at, report } => {
            let mut out = format!(
                "<p><strong>{}</strong> <span class=\"quiet\">{}</span></p>",
                escaped(&report.summary()),
                second(&rfc3339(*at))
            );
            let (bad, others): (Vec<_>, Vec<_>) = report
                .results
                .iter()
                .partition(|result| matches!(result.outcome, Outcome::Failed | Outcome::Warning));
            bad.iter().for_each(|result| check(&mut out, result));
            let rows = others
                .iter()
                .map(|result| vec![head(result.id), text(result.outcome.as_str()), text(&result.finding)]);
            let all =
                table("Further checks", &["Check", "Result", "Finding"], rows.collect(), "There are none.");
            let _ = write!(out, "<details><summary>{} further checks</summary>{all}</details>", others.len());
            out
        }
    }
}

/// A check that failed or warns, open to be read.
fn check(out: &mut String, result: &CheckResult) {
    let outcome = result.outcome.as_str();
    let _ = write!(
        out,
        "<details class=\"check\" open><summary><span class=\"level {outcome}\">{outcome}</span> <code>{}</code> {}</summary><ul>",
        escaped(result.id),
        escaped(&result.finding)
    );
    for line in &result.evidence {
        let _ = write!(out, "<li>{}</li>", escaped(line));
    }
    out.push_str("</ul>");
    if let (Some(cause), Some(remedy)) = (result.cause, &result.remedy) {
        let _ = write!(out, "<p>Cause: {}</p><p>Remedy: {}</p>", escaped(cause), escaped(remedy));
    }
    out.push_str("</details>");
}
