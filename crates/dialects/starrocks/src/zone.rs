//! The time zone of a statement, and times as this vendor writes them: `2024-01-02 03:04:05.678`.

use dialect::calendar::Day;
use model::{Error, ErrorKind, Result};
use std::fmt::Write as _;

pub(crate) use dialect::Zone;

/// Reads `Asia/Shanghai`, `+08:00`, `-5:00`, `UTC`, `CST` (which is China's here, as the vendor's
/// server has it).
///
/// # Errors
/// [`ErrorKind::InvalidTimeZone`].
pub(crate) fn parse(text: &str) -> Result<Zone> {
    read(text).ok_or_else(|| Error::new(ErrorKind::InvalidTimeZone { zone: text.to_owned() }))
}

fn read(text: &str) -> Option<Zone> {
    match text.to_ascii_uppercase().as_str() {
        "UTC" | "GMT" | "Z" => return Some(Zone::utc()),
        "CST" | "PRC" => return Zone::named("Asia/Shanghai"),
        _ => {}
    }
    let Some(sign @ ('+' | '-')) = text.chars().next() else { return Zone::named(text) };
    let (hours, minutes) = text.get(1..)?.split_once(':')?;
    let number = |digits: &str, most: i32| {
        let read = digits.parse::<i32>().ok().filter(|_| digits.bytes().all(|b| b.is_ascii_digit()));
        read.filter(|number| *number <= most)
    };
    let east = number(hours, 14)? * 3_600 + number(minutes, 59)? * 60;
    let zone = Zone::of_offset(if sign == '-' { -east } else { east })?;
    // The sign stays as written: `-00:00` has its own name.
    Some(Zone::called(format!("{sign}{}", zone.name().get(1..)?), zone.time_zone().clone()))
}

const NANOS: i128 = 1_000_000_000;

/// `YYYY-MM-DD` of a day since 1970-01-01.
pub(crate) fn date_text(days: i64) -> String {
    let Day { year, month, day } = Day::of(days);
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
    use super::{date_text, datetime_text, parse, rfc3339};

    #[test]
    fn zones_by_name_and_offset() {
        for (text, name, hours) in [
            ("UTC", "+00:00", 0),
            ("+08:00", "+08:00", 8),
            ("-5:00", "-05:00", -5),
            ("Asia/Shanghai", "Asia/Shanghai", 8),
            ("CST", "Asia/Shanghai", 8),
        ] {
            let zone = parse(text).unwrap();
            assert_eq!(zone.name(), name);
            assert_eq!(zone.wall_of(0), i128::from(hours) * 3_600_000_000_000, "{text}");
        }
        for bad in ["", "Mars/Olympus", "+15:00", "+8", "+08:60", "+-1:00"] {
            assert!(parse(bad).is_err(), "{bad}");
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
