//! The functions of the SMS Provider's WQL.

use crate::wmi::wql::Operand;

/// A function with its arguments.
#[derive(Clone, Debug, PartialEq)]
pub enum Call {
    /// `UPPER(text)`: the text in capitals.
    Upper(Box<Operand>),
    /// `LOWER(text)`: the text in small letters.
    Lower(Box<Operand>),
    /// `SUBSTRING(text, start, length)`: part of the text; the first character is number 1.
    Substring {
        /// The text.
        text: Box<Operand>,
        /// The number of the first character.
        start: Box<Operand>,
        /// How many characters.
        length: Box<Operand>,
    },
    /// `GETDATE()`: now.
    GetDate,
    /// `DATEADD(part, number, date)`: the date, so many parts later.
    DateAdd {
        /// The unit.
        part: DatePart,
        /// How many; negative for earlier.
        number: Box<Operand>,
        /// The date.
        date: Box<Operand>,
    },
    /// `DATEDIFF(part, from, to)`: how many boundaries of the unit lie between two dates.
    DateDiff {
        /// The unit.
        part: DatePart,
        /// The date to count from.
        from: Box<Operand>,
        /// The date to count to.
        to: Box<Operand>,
    },
    /// `DATEPART(part, date)`: one number of the date.
    DatePart {
        /// Which.
        part: DatePart,
        /// The date.
        date: Box<Operand>,
    },
}

impl Call {
    /// The function's name as canonical WQL writes it.
    ///
    /// ```
    /// use cmgateway::wmi::wql::Call;
    /// assert_eq!(Call::GetDate.name(), "GETDATE");
    /// ```
    pub fn name(&self) -> &'static str {
        match self {
            Call::Upper(_) => "UPPER",
            Call::Lower(_) => "LOWER",
            Call::Substring { .. } => "SUBSTRING",
            Call::GetDate => "GETDATE",
            Call::DateAdd { .. } => "DATEADD",
            Call::DateDiff { .. } => "DATEDIFF",
            Call::DatePart { .. } => "DATEPART",
        }
    }
}

/// A unit of dates; SQL Server's names and abbreviations of it stand bare in a query.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DatePart {
    /// `year`, `yy`, `yyyy`
    Year,
    /// `quarter`, `qq`, `q`
    Quarter,
    /// `month`, `mm`, `m`
    Month,
    /// `dayofyear`, `dy`, `y`
    DayOfYear,
    /// `day`, `dd`, `d`
    Day,
    /// `week`, `wk`, `ww`; weeks begin on Sunday
    Week,
    /// `weekday`, `dw`, `w`; Sunday is 1
    Weekday,
    /// `hour`, `hh`
    Hour,
    /// `minute`, `mi`, `n`
    Minute,
    /// `second`, `ss`, `s`
    Second,
    /// `millisecond`, `ms`
    Millisecond,
}

const NAMES: [(DatePart, &[&str]); 11] = [
    (DatePart::Year, &["year", "yy", "yyyy"]),
    (DatePart::Quarter, &["quarter", "qq", "q"]),
    (DatePart::Month, &["month", "mm", "m"]),
    (DatePart::DayOfYear, &["dayofyear", "dy", "y"]),
    (DatePart::Day, &["day", "dd", "d"]),
    (DatePart::Week, &["week", "wk", "ww"]),
    (DatePart::Weekday, &["weekday", "dw", "w"]),
    (DatePart::Hour, &["hour", "hh"]),
    (DatePart::Minute, &["minute", "mi", "n"]),
    (DatePart::Second, &["second", "ss", "s"]),
    (DatePart::Millisecond, &["millisecond", "ms"]),
];

impl DatePart {
    /// The unit of a name or an abbreviation, without case.
    ///
    /// ```
    /// use cmgateway::wmi::wql::DatePart;
    /// assert_eq!(DatePart::from_name("DD"), Some(DatePart::Day));
    /// assert_eq!(DatePart::from_name("fortnight"), None);
    /// ```
    pub fn from_name(name: &str) -> Option<Self> {
        let found =
            NAMES.iter().find(|(_, names)| names.iter().any(|known| known.eq_ignore_ascii_case(name)));
        found.map(|(part, _)| *part)
    }

    /// The full name.
    ///
    /// ```
    /// use cmgateway::wmi::wql::DatePart;
    /// assert_eq!(DatePart::Day.name(), "day");
    /// ```
    pub fn name(self) -> &'static str {
        match self {
            DatePart::Year => "year",
            DatePart::Quarter => "quarter",
            DatePart::Month => "month",
            DatePart::DayOfYear => "dayofyear",
            DatePart::Day => "day",
            DatePart::Week => "week",
            DatePart::Weekday => "weekday",
            DatePart::Hour => "hour",
            DatePart::Minute => "minute",
            DatePart::Second => "second",
            DatePart::Millisecond => "millisecond",
        }
    }
}
