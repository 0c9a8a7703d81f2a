//! Datetimes: ISO 8601 on the wire of OData, DMTF in WMI.

/// The DMTF form (`20240131102030.000000+060`) of an ISO text (`2024-01-31T10:20:30+01:00`).
///
/// A text without a zone becomes a datetime whose zone is not known (`+***`). None where it is no ISO datetime.
pub(crate) fn dmtf_from_iso(text: &str) -> Option<String> {
    let (date, rest) = text.split_once(['T', 't'])?;
    let date = digits_at(date, &[4, 2, 2], '-')?;
    let zone_at = rest.find(['Z', 'z', '+', '-']).unwrap_or(rest.len());
    let (time, zone) = rest.split_at(zone_at);
    let (time, fraction) = time.split_once('.').unwrap_or((time, ""));
    let time = digits_at(time, &[2, 2, 2], ':')?;
    if fraction.len() > 12 || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    // WMI keeps microseconds; .NET writes tenths of them.
    let fraction: String = fraction.chars().chain("000000".chars()).take(6).collect();
    let zone = match zone {
        "" => "+***".to_owned(),
        "Z" | "z" => "+000".to_owned(),
        _ => {
            let (sign, clock) = zone.split_at(1);
            let (hours, minutes) = clock.split_once(':')?;
            let minutes = hours.parse::<u16>().ok()?.checked_mul(60)?.checked_add(minutes.parse().ok()?)?;
            if minutes > 14 * 60 {
                return None;
            }
            format!("{sign}{minutes:03}")
        }
    };
    Some(format!("{date}{time}.{fraction}{zone}"))
}

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

/// Fields of digits of these widths with a separator between them, joined.
fn digits_at(text: &str, widths: &[usize], separator: char) -> Option<String> {
    let fields: Vec<_> = text.split(separator).collect();
    let fits = fields.len() == widths.len()
        && fields
            .iter()
            .zip(widths)
            .all(|(field, width)| field.len() == *width && field.bytes().all(|byte| byte.is_ascii_digit()));
    fits.then(|| fields.concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_lead_to_each_other() {
        for (iso, dmtf) in [
            ("2024-01-31T10:20:30Z", "20240131102030.000000+000"),
            ("2024-01-31T10:20:30.5+01:00", "20240131102030.500000+060"),
            ("2024-01-31T10:20:30-09:30", "20240131102030.000000-570"),
            ("2024-01-31T10:20:30", "20240131102030.000000+***"),
        ] {
            assert_eq!(dmtf_from_iso(iso).as_deref(), Some(dmtf));
            assert_eq!(iso_from_dmtf(dmtf).as_deref(), Some(iso));
        }
        assert_eq!(dmtf_from_iso("2024-01-31T10:20:30.1234567Z").unwrap(), "20240131102030.123456+000");
        for wrong in
            ["", "T", "2024-01-31", "2024-1-31T10:20:30Z", "2024-01-31T10:20Z", "2024-01-31T10:20:30+25:00"]
        {
            assert_eq!(dmtf_from_iso(wrong), None, "{wrong}");
        }
        for wrong in
            ["", "00000001000000.000000:000", "20240131******.000000+***", "2024013110203é.00000+000"]
        {
            assert_eq!(iso_from_dmtf(wrong), None, "{wrong}");
        }
    }
}
