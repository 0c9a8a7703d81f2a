//! Datetimes of WMI as OData writes them; [`DateTime::from_rfc3339`](crate::wmi::DateTime) reads them back.

/// The ISO form of a DMTF datetime; None for an interval and where a field is `*`.
///
/// A datetime whose zone is not known (`+***`) has no zone in its ISO form either.
pub(crate) fn iso_from_dmtf(text: &str) -> Option<String> {
    let (stamp, rest) = text.split_once('.')?;
    let all_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if text.len() != 25 || stamp.len() != 14 || !all_digits(stamp) || !text.is_ascii() {
        return None;
    }
    let (fraction, zone) = rest.split_at(6);
    if !all_digits(fraction) {
        return None;
    }
    let zone = match zone {
        "+***" => String::new(),
        "+000" | "-000" => "Z".to_owned(),
        _ => {
            let minutes: u16 = zone.get(1..)?.parse().ok()?;
            match zone.chars().next()? {
                sign @ ('+' | '-') => format!("{sign}{:02}:{:02}", minutes / 60, minutes % 60),
                _ => return None,
            }
        }
    };
    let fraction = fraction.trim_end_matches('0');
    let point = if fraction.is_empty() { "" } else { "." };
    let (year, month, day) = (&stamp[..4], &stamp[4..6], &stamp[6..8]);
    let (hour, minute, second) = (&stamp[8..10], &stamp[10..12], &stamp[12..]);
    Some(format!("{year}-{month}-{day}T{hour}:{minute}:{second}{point}{fraction}{zone}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wmi::DateTime;

    #[test]
    fn both_forms_lead_to_each_other() {
        for (iso, dmtf) in [
            ("2024-01-31T10:20:30Z", "20240131102030.000000+000"),
            ("2024-01-31T10:20:30.5+01:00", "20240131102030.500000+060"),
            ("2024-01-31T10:20:30-09:30", "20240131102030.000000-570"),
            ("2024-01-31T10:20:30", "20240131102030.000000+***"),
        ] {
            assert_eq!(DateTime::from_rfc3339(iso).unwrap().as_str(), dmtf);
            assert_eq!(iso_from_dmtf(dmtf).as_deref(), Some(iso));
        }
        for wrong in
            ["", "00000001000000.000000:000", "20240131******.000000+***", "2024013110203é.00000+000"]
        {
            assert_eq!(iso_from_dmtf(wrong), None, "{wrong}");
        }
    }
}
