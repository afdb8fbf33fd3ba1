//! The time zone of a statement, and times as this vendor writes them: `2024-01-02 03:04:05.678`.

use jiff::Timestamp;
use jiff::tz::{Offset, TimeZone};
use model::{Error, ErrorKind, Result};
use std::fmt::Write as _;

/// The zone in which a statement reads and writes times.
#[derive(Clone, Debug)]
pub(crate) struct Zone {
    zone: TimeZone,
    name: String,
}

impl Zone {
    /// Coordinated universal time.
    pub(crate) fn utc() -> Self {
        Self { zone: TimeZone::UTC, name: "+00:00".to_owned() }
    }

    /// Reads `Asia/Shanghai`, `+08:00`, `-5:00`, `UTC`, `CST` (which is China's here, as the vendor's
    /// server has it).
    ///
    /// # Errors
    /// [`ErrorKind::InvalidTimeZone`].
    pub(crate) fn parse(text: &str) -> Result<Self> {
        let bad = || Error::new(ErrorKind::InvalidTimeZone { zone: text.to_owned() });
        match text.to_ascii_uppercase().as_str() {
            "UTC" | "GMT" | "Z" => return Ok(Self::utc()),
            "CST" | "PRC" => return Self::parse("Asia/Shanghai"),
            _ => {}
        }
        if let Some(sign @ ('+' | '-')) = text.chars().next() {
            let (hours, minutes) = text.get(1..).and_then(|rest| rest.split_once(':')).ok_or_else(bad)?;
            let number = |digits: &str, most: i32| {
                let read = digits.parse::<i32>().ok().filter(|_| digits.bytes().all(|b| b.is_ascii_digit()));
                read.filter(|number| *number <= most)
            };
            let (hours, minutes) = (number(hours, 14).ok_or_else(bad)?, number(minutes, 59).ok_or_else(bad)?);
            let east = (hours * 3_600 + minutes * 60) * if sign == '-' { -1 } else { 1 };
            let offset = Offset::from_seconds(east).map_err(|_| bad())?;
            return Ok(Self { zone: TimeZone::fixed(offset), name: format!("{sign}{hours:02}:{minutes:02}") });
        }
        let zone = TimeZone::get(text).map_err(|_| bad())?;
        let name = zone.iana_name().unwrap_or(text).to_owned();
        Ok(Self { zone, name })
    }

    /// The name as planning reads it: `+08:00` or an IANA name.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// What a clock in the zone shows at an instant; both in nanoseconds since 1970.
    pub(crate) fn wall_of(&self, instant: i128) -> i128 {
        let seconds = i64::try_from(instant.div_euclid(NANOS)).unwrap_or(0);
        let seconds = seconds.clamp(Timestamp::MIN.as_second() + 1, Timestamp::MAX.as_second() - 1);
        let offset = Timestamp::from_second(seconds).map_or(0, |at| self.zone.to_offset(at).seconds());
        instant + i128::from(offset) * NANOS
    }
}

const NANOS: i128 = 1_000_000_000;

/// Year, month and day of a day since 1970-01-01, in the proleptic Gregorian calendar.
const fn civil(days: i64) -> (i64, i64, i64) {
    // Years are counted from March, so that a leap day ends one; 400 of them have always as many days.
    let shifted = days + 719_468;
    let (cycle, day) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let of_year = day - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let of_month = of_year - (153 * month + 2) / 5 + 1;
    let (month, next) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    (year + cycle * 400 + next, month, of_month)
}

/// `YYYY-MM-DD` of a day since 1970-01-01.
pub(crate) fn date_text(days: i64) -> String {
    let (year, month, day) = civil(days);
    if year < 0 {
        return format!("-{:04}-{month:02}-{day:02}", -year);
    }
    format!("{year:04}-{month:02}-{day:02}")
}

/// `HH:MM:SS` of nanoseconds since midnight, with six digits of a fraction if it has one.
pub(crate) fn clock_text(nanos: i128) -> String {
    let (seconds, fraction) = (nanos.div_euclid(NANOS), nanos.rem_euclid(NANOS));
    let mut text = format!("{:02}:{:02}:{:02}", seconds / 3_600, seconds / 60 % 60, seconds % 60);
    let micros = fraction / 1_000;
    if micros > 0 {
        let _infallible = write!(text, ".{micros:06}");
    }
    text
}

/// `YYYY-MM-DD HH:MM:SS[.ffffff]` of a wall-clock reading in nanoseconds.
pub(crate) fn datetime_text(wall: i128) -> String {
    let day_nanos = 86_400 * NANOS;
    let days = i64::try_from(wall.div_euclid(day_nanos)).unwrap_or_default();
    format!("{} {}", date_text(days), clock_text(wall.rem_euclid(day_nanos)))
}

/// RFC 3339 in UTC with milliseconds, of milliseconds since 1970.
pub(crate) fn rfc3339(millis: i64) -> String {
    let (days, clock) = (millis.div_euclid(86_400_000), millis.rem_euclid(86_400_000));
    let seconds = clock / 1_000;
    let (hour, minute, second) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    format!("{}T{hour:02}:{minute:02}:{second:02}.{:03}Z", date_text(days), clock % 1_000)
}

#[cfg(test)]
mod tests {
    use super::{Zone, date_text, datetime_text, rfc3339};

    #[test]
    fn zones_by_name_and_offset() {
        for (text, name, hours) in [
            ("UTC", "+00:00", 0),
            ("+08:00", "+08:00", 8),
            ("-5:00", "-05:00", -5),
            ("Asia/Shanghai", "Asia/Shanghai", 8),
            ("CST", "Asia/Shanghai", 8),
        ] {
            let zone = Zone::parse(text).unwrap();
            assert_eq!(zone.name(), name);
            assert_eq!(zone.wall_of(0), i128::from(hours) * 3_600_000_000_000, "{text}");
        }
        for bad in ["", "Mars/Olympus", "+15:00", "+8", "+08:60", "+-1:00"] {
            assert!(Zone::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_calendar_agrees_with_a_date_library() {
        let mut date = jiff::civil::date(-9990, 1, 1);
        let epoch = jiff::civil::date(1970, 1, 1);
        while date.year() < 9_990 {
            let days = i64::from(date.since(epoch).unwrap().get_days());
            if date.year() >= 0 {
                assert_eq!(date_text(days), date.to_string());
            }
            date = date.checked_add(jiff::Span::new().days(211)).unwrap();
        }
        assert_eq!(date_text(106_751_991_167), "292278994-08-17");
    }

    #[test]
    fn times_have_six_digits_or_none() {
        assert_eq!(datetime_text(0), "1970-01-01 00:00:00");
        assert_eq!(datetime_text(1_500_000_999), "1970-01-01 00:00:01.500000");
        assert_eq!(datetime_text(999), "1970-01-01 00:00:00");
        assert_eq!(datetime_text(-1_000), "1969-12-31 23:59:59.999999");
        assert_eq!(rfc3339(1_735_787_045_678), "2025-01-02T03:04:05.678Z");
    }
}
