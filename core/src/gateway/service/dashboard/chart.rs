//! The traffic of 14 days as a drawing, with the lines of its thresholds.

use std::fmt::Write as _;

use crate::gateway::html_text::escaped;
use crate::gateway::monitor::TrafficState;
use crate::gateway::service::DayOfTraffic;

const WIDTH: f64 = 480.0;
const HEIGHT: f64 = 220.0;
/// Room for the numbers on the left, for the words on the right, above, and for the days below.
const LEFT: f64 = 66.0;
const RIGHT: f64 = 66.0;
const TOP: f64 = 14.0;
const BOTTOM: f64 = 24.0;
const GIGABYTE: f64 = (1_u64 << 30) as f64;

/// Bytes as people read them.
pub(super) fn size(bytes: u64) -> String {
    let mut value = bytes as f64;
    for unit in ["bytes", "KB", "MB", "GB"] {
        if value < 1024.0 || unit == "GB" {
            let digits = usize::from(unit != "bytes" && value < 100.0);
            return format!("{value:.digits$} {unit}");
        }
        value /= 1024.0;
    }
    String::new()
}

/// The drawing; its numbers are in the table beside it.
pub(super) fn svg(days: &[DayOfTraffic], traffic: &TrafficState) -> String {
    let whole = f64::from(traffic.thresholds.gigabytes) * GIGABYTE;
    let limit = |percent: u32| whole * f64::from(percent) / 100.0;
    let limits = [
        ("warning", limit(traffic.thresholds.warning_percent)),
        ("critical", limit(traffic.thresholds.critical_percent)),
    ];
    let sum = days.last().map_or(0, |day| day.bytes_so_far) as f64;
    let top = limits.iter().fold(sum, |top, (_, limit)| top.max(*limit)).max(1.0) * 1.05;
    let bottom = HEIGHT - BOTTOM;
    let y = |bytes: f64| bottom - (bytes / top) * (bottom - TOP);
    let step = (WIDTH - LEFT - RIGHT) / days.len().max(1) as f64;
    let mut out = format!(
        "<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-labelledby=\"chart-title chart-text\">\
         <title id=\"chart-title\">Outbound traffic of 14 days</title><desc id=\"chart-text\">{} of {} GB, {} %</desc>",
        escaped(&size(traffic.bytes)),
        traffic.thresholds.gigabytes,
        traffic.percent
    );
    for part in [0.0, 0.5, 1.0] {
        let value = top / 1.05 * part;
        let _ = write!(
            out,
            "<line class=\"axis\" x1=\"{LEFT}\" x2=\"{:.1}\" y1=\"{1:.1}\" y2=\"{1:.1}\"/><text x=\"{2}\" y=\"{3:.1}\" \
             text-anchor=\"end\">{4}</text>",
            WIDTH - RIGHT,
            y(value),
            LEFT - 5.0,
            y(value) + 3.5,
            size(value as u64)
        );
    }
    let mut line = String::new();
    for (at, day) in days.iter().enumerate() {
        let x = LEFT + step * at as f64;
        let high = y(day.bytes as f64);
        let _ = write!(
            out,
            "<rect class=\"bar\" x=\"{:.1}\" y=\"{high:.1}\" width=\"{:.1}\" height=\"{:.1}\"/>",
            x + step * 0.15,
            step * 0.7,
            bottom - high
        );
        let _ = write!(line, "{:.1},{:.1} ", x + step / 2.0, y(day.bytes_so_far as f64));
        if at % 3 == 1 {
            let short = day.day.get(5..).unwrap_or_default();
            let _ = write!(
                out,
                "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>",
                x + step / 2.0,
                HEIGHT - 8.0,
                escaped(short)
            );
        }
    }
    let _ = write!(out, "<polyline class=\"sum\" points=\"{}\"/>", line.trim_end());
    for (word, limit) in limits {
        let _ = write!(
            out,
            "<line class=\"limit {word}\" x1=\"{LEFT}\" x2=\"{:.1}\" y1=\"{1:.1}\" y2=\"{1:.1}\"/><text class=\"{word}\" \
             x=\"{2:.1}\" y=\"{3:.1}\">{word}</text>",
            WIDTH - RIGHT,
            y(limit),
            WIDTH - RIGHT + 5.0,
            y(limit) + 3.5
        );
    }
    out.push_str("</svg>");
    out
}

#[cfg(test)]
mod tests {
    use super::size;

    #[test]
    fn sizes_read_well() {
        let (kilo, giga) = (1_u64 << 10, 1_u64 << 30);
        for (bytes, text) in [
            (0, "0 bytes"),
            (1023, "1023 bytes"),
            (kilo, "1.0 KB"),
            (giga * 3 / 2, "1.5 GB"),
            (giga * 10_000, "10000 GB"),
        ] {
            assert_eq!(size(bytes), text);
        }
    }
}
