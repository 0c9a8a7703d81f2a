//! Moments as SQL compares them, microseconds since 1970, and the arithmetic of SQL Server's date functions.

use time::{Date, Month, OffsetDateTime, PrimitiveDateTime, Time};

use crate::wmi::DateTime;
use crate::wmi::wql::DatePart;

const SECOND: i64 = 1_000_000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// The moment a text names: DMTF, or a date that SQL Server reads (`2024-01-31 12:00`, `20240131`, `1/31/2024`).
///
/// Without an offset it is read as UTC: inventory times are the client's own time, and nobody can tell its zone.
pub(super) fn parse(text: &str) -> Option<i64> {
    let text = text.trim();
    if let Ok(datetime) = DateTime::parse(text) {
        let known = match datetime.as_str().strip_suffix("***") {
            Some(start) => DateTime::parse(&format!("{start}000")).ok()?,
            None => datetime,
        };
        return micros(known.to_offset_date_time()?);
    }
    let (date, time) = match text.split_once([' ', 'T']) {
        Some((date, time)) => (date, clock(time.trim())?),
        None => (text, Time::MIDNIGHT),
    };
    micros(PrimitiveDateTime::new(calendar(date)?, time).assume_utc())
}

/// What the clock of this machine says.
pub(super) fn now() -> i64 {
    micros(OffsetDateTime::now_utc()).unwrap_or_default()
}

fn micros(moment: OffsetDateTime) -> Option<i64> {
    i64::try_from(moment.unix_timestamp_nanos().div_euclid(1_000)).ok()
}

fn moment(micros: i64) -> Option<PrimitiveDateTime> {
    let moment = OffsetDateTime::from_unix_timestamp_nanos(i128::from(micros) * 1_000).ok()?;
    Some(PrimitiveDateTime::new(moment.date(), moment.time()))
}

fn digits<T: std::str::FromStr>(text: &str) -> Option<T> {
    // `parse` alone would take a sign.
    if text.bytes().all(|byte| byte.is_ascii_digit()) { text.parse().ok() } else { None }
}

fn calendar(text: &str) -> Option<Date> {
    let fields: Vec<&str> = text.split(['-', '/']).collect();
    let (year, month, day) = match fields.as_slice() {
        [year, month, day] if text.contains('-') && year.len() == 4 => (*year, *month, *day),
        [month, day, year] if text.contains('/') && year.len() == 4 => (*year, *month, *day),
        [whole] if whole.len() == 8 => (whole.get(..4)?, whole.get(4..6)?, whole.get(6..)?),
        _ => return None,
    };
    let month = Month::try_from(digits::<u8>(month)?).ok()?;
    Date::from_calendar_date(digits(year)?, month, digits(day)?).ok()
}

fn clock(text: &str) -> Option<Time> {
    let mut fields = text.trim_end_matches('Z').splitn(3, ':');
    let (hour, minute) = (digits(fields.next()?)?, digits(fields.next()?)?);
    // A fraction stands after a point, or after one more colon, where it is milliseconds.
    let (second, fraction) = match fields.next() {
        None => ("0", "0"),
        Some(rest) => rest.split_once(['.', ':']).unwrap_or((rest, "0")),
    };
    let fraction = format!("{fraction:0<6}");
    Time::from_hms_micro(hour, minute, digits(second)?, digits(fraction.get(..6)?)?).ok()
}

/// `DATEADD`; None where the calendar ends.
pub(super) fn add(part: DatePart, count: i64, micros_before: i64) -> Option<i64> {
    let unit = match part {
        DatePart::Year => return add_months(count.checked_mul(12)?, micros_before),
        DatePart::Quarter => return add_months(count.checked_mul(3)?, micros_before),
        DatePart::Month => return add_months(count, micros_before),
        DatePart::DayOfYear | DatePart::Day | DatePart::Weekday => DAY,
        DatePart::Week => 7 * DAY,
        DatePart::Hour => HOUR,
        DatePart::Minute => MINUTE,
        DatePart::Second => SECOND,
        DatePart::Millisecond => 1_000,
    };
    let after = micros_before.checked_add(count.checked_mul(unit)?)?;
    moment(after).map(|_| after)
}

/// A day that the month does not have becomes its last.
fn add_months(count: i64, micros_before: i64) -> Option<i64> {
    let before = moment(micros_before)?;
    let months = months(before).checked_add(count)?;
    let year = i32::try_from(months.div_euclid(12)).ok()?;
    let month = Month::try_from(u8::try_from(months.rem_euclid(12) + 1).ok()?).ok()?;
    let day = before.day().min(month.length(year));
    let date = Date::from_calendar_date(year, month, day).ok()?;
    micros(PrimitiveDateTime::new(date, before.time()).assume_utc())
}

fn months(moment: PrimitiveDateTime) -> i64 {
    i64::from(moment.year()) * 12 + i64::from(u8::from(moment.month())) - 1
}

/// `DATEDIFF`: how many boundaries of the unit lie between; so one second may be one year.
pub(super) fn difference(part: DatePart, from: i64, to: i64) -> Option<i64> {
    let (first, last) = (moment(from)?, moment(to)?);
    let between = |unit: i64| to.div_euclid(unit) - from.div_euclid(unit);
    // Julian day 0 was a Monday; weeks begin on Sunday.
    let week = |moment: PrimitiveDateTime| i64::from((moment.date().to_julian_day() + 1).div_euclid(7));
    Some(match part {
        DatePart::Year => i64::from(last.year() - first.year()),
        DatePart::Quarter => months(last).div_euclid(3) - months(first).div_euclid(3),
        DatePart::Month => months(last) - months(first),
        DatePart::DayOfYear | DatePart::Day | DatePart::Weekday => between(DAY),
        DatePart::Week => week(last) - week(first),
        DatePart::Hour => between(HOUR),
        DatePart::Minute => between(MINUTE),
        DatePart::Second => between(SECOND),
        DatePart::Millisecond => between(1_000),
    })
}

/// `DATEPART`; the week with 1 January is number 1, Sunday is day 1, as an English SQL Server counts.
pub(super) fn part(part: DatePart, micros: i64) -> Option<i64> {
    let moment = moment(micros)?;
    let first = Date::from_ordinal_date(moment.year(), 1).ok()?;
    Some(match part {
        DatePart::Year => moment.year().into(),
        DatePart::Quarter => (i64::from(u8::from(moment.month())) - 1) / 3 + 1,
        DatePart::Month => u8::from(moment.month()).into(),
        DatePart::DayOfYear => moment.ordinal().into(),
        DatePart::Day => moment.day().into(),
        DatePart::Week => {
            let before = i64::from(first.weekday().number_days_from_sunday());
            (i64::from(moment.ordinal()) - 1 + before) / 7 + 1
        }
        DatePart::Weekday => moment.weekday().number_from_sunday().into(),
        DatePart::Hour => moment.hour().into(),
        DatePart::Minute => moment.minute().into(),
        DatePart::Second => moment.second().into(),
        DatePart::Millisecond => moment.millisecond().into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_moment_in_every_spelling() {
        let noon = parse("20240131120000.000000+000").unwrap();
        for text in [
            "20240131130000.000000+060",
            "20240131120000.000000+***",
            "2024-01-31 12:00",
            "2024-01-31T12:00:00Z",
            "2024-01-31 12:00:00.000",
            "2024-01-31 12:00:00:000",
            "1/31/2024 12:00",
        ] {
            assert_eq!(parse(text), Some(noon), "{text}");
        }
        assert_eq!(parse("20240131").unwrap(), noon - 12 * HOUR);
        assert_eq!(parse("2024-01-31 12:00:00.5").unwrap(), noon + SECOND / 2);
        for text in [
            "",
            "x",
            "2024-02-31",
            "2024-01-31 25:00",
            "31.1.2024",
            "00000001120000.000000:000",
            "+024-01-31",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn arithmetic_is_that_of_sql_server() {
        let at = |text: &str| parse(text).unwrap();
        let diff = |part, from, to| difference(part, at(from), at(to)).unwrap();
        assert_eq!(diff(DatePart::Year, "2023-12-31 23:59", "2024-01-01"), 1);
        assert_eq!(diff(DatePart::Quarter, "2023-12-31", "2024-04-01"), 2);
        assert_eq!(diff(DatePart::Month, "2024-02-01", "2024-01-31"), -1);
        // 6 January 2024 is a Saturday.
        assert_eq!(diff(DatePart::Week, "2024-01-06", "2024-01-07"), 1);
        assert_eq!(diff(DatePart::Week, "2024-01-07", "2024-01-13"), 0);
        assert_eq!(diff(DatePart::Day, "2024-01-01 23:59", "2024-01-02 00:00"), 1);
        assert_eq!(diff(DatePart::Hour, "1969-12-31 23:30", "1970-01-01 00:30"), 1);
        let added = |part, count, date| add(part, count, at(date));
        assert_eq!(added(DatePart::Month, 1, "2024-01-31"), Some(at("2024-02-29")));
        assert_eq!(added(DatePart::Year, -1, "2024-02-29"), Some(at("2023-02-28")));
        assert_eq!(added(DatePart::Week, -1, "2024-01-07 08:00"), Some(at("2023-12-31 08:00")));
        assert_eq!(added(DatePart::Year, 9_000, "2024-01-01"), None);
        assert_eq!(added(DatePart::Day, i64::MAX, "2024-01-01"), None);
        let part_of = |wanted, date| part(wanted, at(date)).unwrap();
        assert_eq!(part_of(DatePart::Weekday, "2024-01-07"), 1);
        assert_eq!(part_of(DatePart::Week, "2024-01-06"), 1);
        assert_eq!(part_of(DatePart::Week, "2024-01-07"), 2);
        assert_eq!(part_of(DatePart::DayOfYear, "2024-12-31"), 366);
        assert_eq!(part_of(DatePart::Quarter, "2024-12-31"), 4);
        assert_eq!(part_of(DatePart::Millisecond, "2024-01-01 00:00:01.25"), 250);
    }
}
