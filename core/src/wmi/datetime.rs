//! The DMTF date and time.

use std::fmt;
use std::time::Duration;

use time::format_description::well_known::Rfc3339;
use time::{Date, Month, OffsetDateTime, PrimitiveDateTime, Time, UtcOffset};

use crate::error::{Error, ErrorKind, Result};

/// A DMTF date and time, or an interval, kept in its 25 characters.
///
/// `20240131120000.000000+060` is a point in time, `00000001120000.000000:000` an interval. The characters are kept
/// because fields may be unknown (`*`) and a schedule commonly has no
/// offset (`+***`); two values are equal where their characters are.
///
/// ```
/// use cmgateway::wmi::DateTime;
/// let start = DateTime::parse("20240131120000.000000+060")?;
/// assert_eq!(start.to_rfc3339().as_deref(), Some("2024-01-31T12:00:00+01:00"));
/// assert!(DateTime::parse("20240231120000.000000+060").is_err());
/// # Ok::<(), cmgateway::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct DateTime(String);

const MINUTES_PER_DAY: u64 = 24 * 60;

impl DateTime {
    /// Reads the 25 characters.
    ///
    /// # Errors
    /// `config` where they are not a date and time, or one that no calendar has.
    ///
    /// ```
    /// use cmgateway::wmi::DateTime;
    /// assert!(DateTime::parse("********030000.000000+***").is_ok());
    /// assert!(DateTime::parse("2024-01-31 12:00").is_err());
    /// # Ok::<(), cmgateway::Error>(())
    /// ```
    pub fn parse(text: &str) -> Result<Self> {
        let refuse = |cause: String| Error::new(ErrorKind::Config, "read datetime", cause);
        if text.len() != 25 || !text.is_ascii() {
            return Err(refuse("a datetime has 25 characters, yyyymmddHHMMSS.mmmmmm+UUU".into()));
        }
        let datetime = DateTime(text.to_owned());
        match datetime.complaint() {
            Some(cause) => Err(refuse(format!("{cause} in {text:?}"))),
            None => Ok(datetime),
        }
    }

    /// What is wrong with the characters, if anything.
    fn complaint(&self) -> Option<String> {
        if self.part(14, 15) != "." {
            return Some("no \".\" at position 15".into());
        }
        let micros = self.part(15, 21);
        let known = micros.trim_end_matches('*');
        if !known.bytes().all(|byte| byte.is_ascii_digit()) {
            return Some("microseconds are not digits".into());
        }
        let mut fields = vec![("hour", 8, 10, 0, 23), ("minute", 10, 12, 0, 59), ("second", 12, 14, 0, 59)];
        match self.part(21, 22) {
            ":" if self.part(22, 25) != "000" => return Some("an interval does not end in \":000\"".into()),
            ":" => fields.push(("days", 0, 8, 0, 99_999_999)),
            "+" | "-" => fields.extend([
                ("year", 0, 4, 0, 9_999),
                ("month", 4, 6, 1, 12),
                ("day", 6, 8, 1, 31),
                ("offset", 22, 25, 0, 999),
            ]),
            _ => return Some("no \"+\", \"-\" or \":\" at position 22".into()),
        }
        for (name, from, to, least, most) in fields {
            let part = self.part(from, to);
            match self.number(from, to) {
                Some(number) if (least..=most).contains(&number) => {}
                None if part.bytes().all(|byte| byte == b'*') => {}
                _ => return Some(format!("no {name} is {part:?}")),
            }
        }
        let (year, month, day) = (self.number(0, 4), self.number(4, 6), self.number(6, 8));
        match (self.is_interval(), month, day) {
            // A leap year, where the year is not known, so that 29 February may be meant.
            (false, Some(month), Some(day)) if date(year.unwrap_or(2000), month, day).is_none() => {
                Some(format!("month {month} has no day {day}"))
            }
            _ => None,
        }
    }

    fn part(&self, from: usize, to: usize) -> &str {
        self.0.get(from..to).unwrap_or("")
    }

    /// A field; None where it is not known.
    fn number(&self, from: usize, to: usize) -> Option<u32> {
        let part = self.part(from, to);
        // `parse` alone would take a sign.
        if part.bytes().all(|byte| byte.is_ascii_digit()) { part.parse().ok() } else { None }
    }

    /// The 25 characters.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// True for a length of time, false for a point in time.
    ///
    /// ```
    /// use cmgateway::wmi::DateTime;
    /// assert!(DateTime::parse("00000001120000.000000:000")?.is_interval());
    /// # Ok::<(), cmgateway::Error>(())
    /// ```
    pub fn is_interval(&self) -> bool {
        self.part(21, 22) == ":"
    }

    /// The point in time; None for an interval and where a field or the offset is not known.
    ///
    /// ```
    /// use cmgateway::wmi::DateTime;
    /// let point = DateTime::parse("19700101000001.500000+000")?;
    /// assert_eq!(point.to_offset_date_time().map(|t| t.unix_timestamp()), Some(1));
    /// assert_eq!(DateTime::parse("19700101000001.500000+***")?.to_offset_date_time(), None);
    /// # Ok::<(), cmgateway::Error>(())
    /// ```
    pub fn to_offset_date_time(&self) -> Option<OffsetDateTime> {
        if self.is_interval() {
            return None;
        }
        let date = date(self.number(0, 4)?, self.number(4, 6)?, self.number(6, 8)?)?;
        let small = |from, to| self.number(from, to).and_then(|number| u8::try_from(number).ok());
        let time = Time::from_hms_micro(small(8, 10)?, small(10, 12)?, small(12, 14)?, self.number(15, 21)?);
        let minutes = i32::try_from(self.number(22, 25)?).ok()?;
        let minutes = if self.part(21, 22) == "-" { -minutes } else { minutes };
        let offset = UtcOffset::from_whole_seconds(minutes * 60).ok()?;
        Some(PrimitiveDateTime::new(date, time.ok()?).assume_offset(offset))
    }

    /// The datetime of a point in time, to the microsecond and with its offset.
    ///
    /// An offset that DMTF cannot write (with seconds, or of 1000 minutes) becomes UTC.
    ///
    /// # Errors
    /// `config` where the year has not four digits.
    ///
    /// ```
    /// use cmgateway::wmi::DateTime;
    /// let point = DateTime::from_offset_date_time(time::OffsetDateTime::UNIX_EPOCH)?;
    /// assert_eq!(point.as_str(), "19700101000000.000000+000");
    /// # Ok::<(), cmgateway::Error>(())
    /// ```
    pub fn from_offset_date_time(point: OffsetDateTime) -> Result<Self> {
        let too_far =
            || Error::new(ErrorKind::Config, "write datetime", "the year is not between 0 and 9999");
        let offset = point.offset();
        let writable = offset.seconds_past_minute() == 0 && offset.whole_minutes().unsigned_abs() < 1_000;
        let point = match writable {
            true => point,
            false => point.checked_to_offset(UtcOffset::UTC).ok_or_else(too_far)?,
        };
        if !(0..=9_999).contains(&point.year()) {
            return Err(too_far());
        }
        let minutes = point.offset().whole_minutes();
        Ok(DateTime(format!(
            "{:04}{:02}{:02}{:02}{:02}{:02}.{:06}{}{:03}",
            point.year(),
            u8::from(point.month()),
            point.day(),
            point.hour(),
            point.minute(),
            point.second(),
            point.microsecond(),
            if minutes < 0 { '-' } else { '+' },
            minutes.unsigned_abs()
        )))
    }

    /// The length of an interval; None for a point in time and where a field is not known.
    ///
    /// ```
    /// use cmgateway::wmi::DateTime;
    /// let interval = DateTime::parse("00000001000001.000000:000")?;
    /// assert_eq!(interval.to_duration(), Some(std::time::Duration::from_secs(86_401)));
    /// # Ok::<(), cmgateway::Error>(())
    /// ```
    pub fn to_duration(&self) -> Option<Duration> {
        if !self.is_interval() {
            return None;
        }
        let field = |from, to| self.number(from, to).map(u64::from);
        let minutes = field(0, 8)? * MINUTES_PER_DAY + field(8, 10)? * 60 + field(10, 12)?;
        let seconds = Duration::from_secs(minutes * 60 + field(12, 14)?);
        Some(seconds + Duration::from_micros(field(15, 21)?))
    }

    /// The interval of a length of time, to the microsecond.
    ///
    /// # Errors
    /// `config` where it has more than 99999999 days.
    ///
    /// ```
    /// use cmgateway::wmi::DateTime;
    /// let interval = DateTime::from_duration(std::time::Duration::from_secs(90))?;
    /// assert_eq!(interval.as_str(), "00000000000130.000000:000");
    /// # Ok::<(), cmgateway::Error>(())
    /// ```
    pub fn from_duration(length: Duration) -> Result<Self> {
        let seconds = length.as_secs();
        let (minutes, days) = (seconds / 60, seconds / 60 / MINUTES_PER_DAY);
        if days > 99_999_999 {
            return Err(Error::new(ErrorKind::Config, "write interval", "it has more than 99999999 days"));
        }
        Ok(DateTime(format!(
            "{days:08}{:02}{:02}{:02}.{:06}:000",
            minutes / 60 % 24,
            minutes % 60,
            seconds % 60,
            length.subsec_micros()
        )))
    }

    /// The point in time as RFC 3339 text; None where [`DateTime::to_offset_date_time`] has none.
    pub fn to_rfc3339(&self) -> Option<String> {
        self.to_offset_date_time()?.format(&Rfc3339).ok()
    }

    /// Reads RFC 3339 text; without an offset, as XML Schema allows, the offset is not known (`+***`).
    ///
    /// # Errors
    /// `config` where the text is not such a time.
    ///
    /// ```
    /// use cmgateway::wmi::DateTime;
    /// assert_eq!(DateTime::from_rfc3339("2024-01-31T12:00:00Z")?.as_str(), "20240131120000.000000+000");
    /// assert_eq!(DateTime::from_rfc3339("2024-01-31T12:00:00")?.as_str(), "20240131120000.000000+***");
    /// # Ok::<(), cmgateway::Error>(())
    /// ```
    pub fn from_rfc3339(text: &str) -> Result<Self> {
        if let Ok(point) = OffsetDateTime::parse(text, &Rfc3339) {
            return Self::from_offset_date_time(point);
        }
        match OffsetDateTime::parse(&format!("{text}Z"), &Rfc3339) {
            Ok(point) => {
                let DateTime(mut characters) = Self::from_offset_date_time(point)?;
                characters.replace_range(22.., "***");
                Ok(DateTime(characters))
            }
            Err(error) => {
                Err(Error::new(ErrorKind::Config, "read datetime", "the text is not RFC 3339")
                    .with_source(error))
            }
        }
    }
}

fn date(year: u32, month: u32, day: u32) -> Option<Date> {
    let month = Month::try_from(u8::try_from(month).ok()?).ok()?;
    Date::from_calendar_date(i32::try_from(year).ok()?, month, u8::try_from(day).ok()?).ok()
}

impl fmt::Display for DateTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_what_wmi_writes_and_nothing_else() {
        for text in [
            "20240229235959.999999+000",
            "20240131120000.000000-720",
            "****0229******.******+***",
            "20240131120000.000***+060",
            "99999999235959.999999:000",
            "00000101000000.000000+***",
        ] {
            assert_eq!(DateTime::parse(text).unwrap().as_str(), text);
        }
        for text in [
            "20230229000000.000000+000",
            "20241301000000.000000+000",
            "20240100000000.000000+000",
            "20240101240000.000000+000",
            "20240101006000.000000+000",
            "20240101000060.000000+000",
            "2*240101000000.000000+000",
            "20240101000000,000000+000",
            "20240101000000.0*0000+000",
            "20240101000000.000000*000",
            "20240101000000.000000+0+1",
            "+0240101000000.000000+000",
            "00000001000000.000000:060",
            "2024010100000\u{e9}.00000+000",
            "",
        ] {
            assert!(DateTime::parse(text).is_err(), "{text}");
        }
    }
}
