//! Datetimes as XML Schema writes them (DSP0230, section 8; MS-WSMV).

use std::time::Duration;

use crate::wmi::DateTime;

/// The names of the elements that hold a datetime.
pub(super) const ELEMENTS: [&str; 5] = ["Datetime", "Interval", "CIM_DateTime", "Date", "Time"];

/// The element that holds a datetime, and its text.
///
/// A point in time without an offset stays without one. What has other unknown fields goes as DMTF text, which XML
/// Schema has no form for.
pub(super) fn to_xml(datetime: &DateTime) -> (&'static str, String) {
    let text = datetime.as_str();
    if let Some(length) = datetime.to_duration() {
        return ("Interval", duration(length));
    }
    if let Some(point) = datetime.to_rfc3339() {
        return ("Datetime", point);
    }
    let known = text.get(..21).filter(|fields| !fields.contains('*'));
    match (known, text.ends_with("***")) {
        (Some(fields), true) => {
            let part = |from: usize, to: usize| fields.get(from..to).unwrap_or_default();
            let (year, month, day) = (part(0, 4), part(4, 6), part(6, 8));
            let (hour, minute, second, micro) = (part(8, 10), part(10, 12), part(12, 14), part(15, 21));
            ("Datetime", format!("{year}-{month}-{day}T{hour}:{minute}:{second}.{micro}"))
        }
        _ => ("CIM_DateTime", text.to_owned()),
    }
}

/// Reads the text of an element that holds a datetime; DMTF text is taken everywhere. None for what is none.
pub(super) fn from_xml(element: &str, text: &str) -> Option<DateTime> {
    let text = text.trim();
    if let Ok(datetime) = DateTime::parse(text) {
        return Some(datetime);
    }
    match element {
        "Interval" => DateTime::from_duration(length(text)?).ok(),
        "Date" => {
            let digits: String = text.get(..10)?.chars().filter(char::is_ascii_digit).collect();
            DateTime::parse(&format!("{digits}******.******+***")).ok()
        }
        "Time" => {
            let digits: String = text.get(..8)?.chars().filter(char::is_ascii_digit).collect();
            DateTime::parse(&format!("********{digits}.******+***")).ok()
        }
        _ => DateTime::from_rfc3339(text).ok().or_else(|| DateTime::from_duration(length(text)?).ok()),
    }
}

fn duration(length: Duration) -> String {
    let seconds = length.as_secs();
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60);
    let micros = match length.subsec_micros() {
        0 => String::new(),
        micros => format!(".{micros:06}"),
    };
    format!("P{days}DT{hours}H{minutes}M{}{micros}S", seconds % 60)
}

/// The length of an `xs:duration` without years and months, which have no fixed length.
fn length(text: &str) -> Option<Duration> {
    let (date, time) = text.strip_prefix('P')?.split_once('T').unwrap_or((text.strip_prefix('P')?, ""));
    if date.is_empty() && time.is_empty() {
        return None;
    }
    let mut seconds = 0_u64;
    let mut add = |number: &str, unit: u64| -> Option<()> {
        seconds = seconds.checked_add(number.parse::<u64>().ok()?.checked_mul(unit)?)?;
        Some(())
    };
    let mut rest = date;
    if let Some((days, after)) = rest.split_once('D') {
        add(days, 86_400)?;
        rest = after;
    }
    if !rest.is_empty() {
        return None;
    }
    let mut rest = time;
    for (letter, unit) in [('H', 3_600), ('M', 60)] {
        if let Some((number, after)) = rest.split_once(letter) {
            add(number, unit)?;
            rest = after;
        }
    }
    let mut micros = 0;
    if let Some(number) = rest.strip_suffix('S') {
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        add(whole, 1)?;
        let digits: String = fraction.chars().chain("000000".chars()).take(6).collect();
        micros = digits.parse().ok()?;
        rest = "";
    }
    rest.is_empty().then(|| Duration::from_secs(seconds) + Duration::from_micros(micros))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_codecs_agree() {
        for (dmtf, element, text) in [
            ("20240131120000.500000+060", "Datetime", "2024-01-31T12:00:00.5+01:00"),
            ("20240131120000.000000+000", "Datetime", "2024-01-31T12:00:00Z"),
            ("20240131120000.123456+***", "Datetime", "2024-01-31T12:00:00.123456"),
            ("00000001020304.500000:000", "Interval", "P1DT2H3M4.500000S"),
            ("********0900**.******+***", "CIM_DateTime", "********0900**.******+***"),
        ] {
            let datetime = DateTime::parse(dmtf).unwrap();
            assert_eq!(to_xml(&datetime), (element, text.to_owned()));
            assert_eq!(from_xml(element, text), Some(datetime));
        }
        let read = |element, text| from_xml(element, text).map(|datetime| datetime.to_string());
        assert_eq!(read("Interval", "PT90S").as_deref(), Some("00000000000130.000000:000"));
        assert_eq!(read("Date", "2024-01-31").as_deref(), Some("20240131******.******+***"));
        assert_eq!(
            read("Datetime", "2024-01-31T12:00:00.1234567Z").as_deref(),
            Some("20240131120000.123456+000")
        );
        for wrong in ["", "P1Y", "P", "PT", "soon", "PT1"] {
            assert_eq!(read("Interval", wrong), None, "{wrong}");
        }
    }
}
