//! Datetime literals, spans of time, and dates as numbers.

use crate::zone::{self, Zone};
use jiff::civil::{Date, DateTime, Time};

const DAY: i64 = 86_400_000;

/// How many bytes at the beginning of a text are a datetime literal: three numbers joined by `-`,
/// `/` or `.`, perhaps with a time of day and an offset. Whether such a day exists is not asked.
pub(crate) fn literal_length(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let digits = |from: usize| bytes.get(from..).unwrap_or_default().iter().take_while(|b| b.is_ascii_digit()).count();
    let year = digits(0);
    let separator = *bytes.get(year).filter(|b| matches!(b, b'-' | b'/' | b'.'))?;
    let month_at = year + 1;
    let month = digits(month_at);
    if year == 0 || month == 0 || bytes.get(month_at + month) != Some(&separator) {
        return None;
    }
    let day_at = month_at + month + 1;
    let day = digits(day_at);
    if day == 0 {
        return None;
    }
    let date_end = day_at + day;
    let gap = match bytes.get(date_end) {
        Some(b'T' | b't') => 1,
        _ => bytes.get(date_end..).unwrap_or_default().iter().take_while(|b| **b == b' ').count(),
    };
    if gap == 0 {
        return Some(date_end);
    }
    let Some(clock_end) = clock_end(bytes, date_end + gap) else { return Some(date_end) };
    let offset = |at: usize| {
        let sign = matches!(bytes.get(at), Some(b'+' | b'-'));
        (sign && digits(at + 1) == 2 && bytes.get(at + 3) == Some(&b':') && digits(at + 4) == 2).then_some(at + 6)
    };
    Some(offset(clock_end).unwrap_or(clock_end))
}

/// The end of `HH:MM:SS[.fraction]` that begins there.
fn clock_end(bytes: &[u8], at: usize) -> Option<usize> {
    let two = |at: usize| bytes.get(at..at + 2).is_some_and(|two| two.iter().all(u8::is_ascii_digit));
    let colon = |at: usize| bytes.get(at) == Some(&b':');
    if !(two(at) && colon(at + 2) && two(at + 3) && colon(at + 5) && two(at + 6)) {
        return None;
    }
    let end = at + 8;
    if bytes.get(end) != Some(&b'.') {
        return Some(end);
    }
    let fraction = bytes.get(end + 1..).unwrap_or_default().iter().take_while(|b| b.is_ascii_digit()).count();
    Some(if fraction == 0 { end } else { end + 1 + fraction })
}

/// Milliseconds since 1970 of a datetime, in a zone unless it has an offset; finer digits are cut.
pub(crate) fn parse(text: &str, zone: &Zone) -> Option<i64> {
    let text = text.trim();
    let (date, rest) = text.split_at_checked(10)?;
    let date = parse_date(date)?;
    let rest = match rest.bytes().next() {
        None => return zone::milliseconds(zone, date.to_datetime(Time::midnight())),
        Some(b'T' | b't') => rest.get(1..)?,
        Some(b' ') => rest.trim_start(),
        Some(_) => return None,
    };
    let end = clock_end(rest.as_bytes(), 0)?;
    let (clock, offset) = rest.split_at_checked(end)?;
    let clock = date.to_datetime(parse_clock(clock)?);
    if offset.is_empty() {
        return zone::milliseconds(zone, clock);
    }
    let utc = zone::milliseconds(&Zone::utc(), clock)?;
    if matches!(offset, "Z" | "z") {
        return Some(utc);
    }
    let sign = match offset.bytes().next()? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let (hours, minutes) = offset.get(1..)?.split_once(':')?;
    let number = |text: &str, most: i64| {
        if text.len() == 2 { text.parse::<i64>().ok().filter(|n| *n <= most) } else { None }
    };
    utc.checked_sub(sign * (number(hours, 18)? * 3_600_000 + number(minutes, 59)? * 60_000))
}

/// `yyyy-MM-dd`, with `/` or `.` between too.
fn parse_date(text: &str) -> Option<Date> {
    let separator = text.chars().find(|c| !c.is_ascii_digit()).filter(|c| matches!(c, '-' | '/' | '.'))?;
    let mut parts = text.split(separator);
    let mut next = |length: usize| {
        let part = parts.next()?;
        let plain = part.len() == length && part.bytes().all(|b| b.is_ascii_digit());
        if plain { part.parse::<i16>().ok() } else { None }
    };
    let (year, month, day) = (next(4)?, next(2)?, next(2)?);
    if parts.next().is_some() {
        return None;
    }
    Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()
}

fn parse_clock(text: &str) -> Option<Time> {
    let (clock, fraction) = text.split_once('.').unwrap_or((text, ""));
    let mut parts = clock.split(':').map(|part| part.parse::<i8>().ok());
    let (hour, minute, second) = (parts.next()??, parts.next()??, parts.next()??);
    let padded = format!("{fraction:0<3}");
    let millis: i32 = padded.get(..3)?.parse().ok()?;
    Time::new(hour, minute, second, millis * 1_000_000).ok()
}

/// Days since 1970 of `yyyy-MM-dd`, as a DATE is written.
pub(crate) fn parse_day(text: &str) -> Option<i32> {
    let date = if text.len() == 10 && text.as_bytes().get(4) == Some(&b'-') { parse_date(text)? } else { return None };
    (date.year() >= 1000).then(|| days(date))
}

fn days(date: Date) -> i32 {
    let epoch = Date::constant(1970, 1, 1);
    epoch.until(date).map_or(0, |span| span.get_days())
}

/// Days since 1970 of the number `yyyyMMdd`.
pub(crate) fn day_of_number(number: i64) -> Option<i32> {
    let number = i32::try_from(number).ok().filter(|n| *n > 0)?;
    let (year, month, day) = (number / 10_000, number / 100 % 100, number % 100);
    let date = Date::new(i16::try_from(year).ok()?, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()?;
    (date.year() >= 1000).then(|| days(date))
}

fn date_of(day: i32) -> Option<Date> {
    Date::constant(1970, 1, 1).checked_add(jiff::Span::new().try_days(i64::from(day)).ok()?).ok()
}

/// The number `yyyyMMdd` of a day.
pub(crate) fn number_of_day(day: i32) -> Option<i32> {
    let date = date_of(day)?;
    Some(i32::from(date.year()) * 10_000 + i32::from(date.month()) * 100 + i32::from(date.day()))
}

/// A day as `yyyy-MM-dd`.
pub(crate) fn day_text(day: i32) -> String {
    match date_of(day) {
        Some(date) => format!("{:04}-{:02}-{:02}", date.year(), date.month(), date.day()),
        None => day.to_string(),
    }
}

/// Midnight of a day in UTC, in milliseconds.
pub(crate) fn midnight(day: i32) -> i64 {
    i64::from(day) * DAY
}

/// A point in time as Java prints a local datetime: to the millisecond, zeros at the end left out.
pub(crate) fn local_text(clock: DateTime) -> String {
    let mut text = format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}",
        clock.year(),
        clock.month(),
        clock.day(),
        clock.hour(),
        clock.minute()
    );
    let millis = clock.subsec_nanosecond() / 1_000_000;
    if clock.second() != 0 || millis != 0 {
        text.push_str(&format!(":{:02}", clock.second()));
    }
    if millis != 0 {
        text.push_str(&format!(".{millis:03}"));
    }
    text
}

/// A span of time: months count by the calendar, the rest in milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) months: i64,
    pub(crate) millis: i64,
}

impl Span {
    /// A time with the span added, or taken away.
    pub(crate) fn add(self, millis: i64, adds: bool, zone: &Zone) -> Option<i64> {
        let sign = if adds { 1 } else { -1 };
        let moved = match self.months {
            0 => millis,
            months => {
                let span = jiff::Span::new().try_months(months.checked_mul(sign)?).ok()?;
                zone::milliseconds(zone, zone::clock(zone, millis)?.checked_add(span).ok()?)?
            }
        };
        moved.checked_add(self.millis.checked_mul(sign)?)
    }

    /// Reads `1d`, `1d 12h`, `3mo`; finer units than milliseconds are cut.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut span = Self::default();
        let mut nanos: i128 = 0;
        let mut rest = text.trim();
        while !rest.is_empty() {
            let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
            let (number, behind) = rest.split_at_checked(digits).filter(|_| digits > 0)?;
            let letters = behind.bytes().take_while(u8::is_ascii_alphabetic).count();
            let (unit, behind) = behind.split_at_checked(letters)?;
            let number: i64 = number.parse().ok()?;
            match unit.to_ascii_lowercase().as_str() {
                "y" | "year" => span.months = span.months.checked_add(number.checked_mul(12)?)?,
                "mo" | "month" => span.months = span.months.checked_add(number)?,
                unit => nanos = nanos.checked_add(i128::from(number).checked_mul(unit_nanos(unit)?)?)?,
            }
            rest = behind.trim_start();
        }
        span.millis = i64::try_from(nanos / 1_000_000).ok()?;
        Some(span)
    }
}

fn unit_nanos(unit: &str) -> Option<i128> {
    Some(match unit {
        "ns" => 1,
        "us" => 1_000,
        "ms" => 1_000_000,
        "s" | "second" => 1_000_000_000,
        "m" | "minute" => 60_000_000_000,
        "h" | "hour" => 3_600_000_000_000,
        "d" | "day" => 86_400_000_000_000,
        "w" | "week" => 604_800_000_000_000,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::{Span, day_of_number, day_text, literal_length, parse, parse_day};
    use crate::zone::{self, Zone};

    #[test]
    fn literals_end_where_they_end() {
        for (text, length) in [
            ("2024-01-01", Some(10)),
            ("2024-01-01 + 1d", Some(10)),
            ("2024-01-01T01:02:03.456+08:00)", Some(29)),
            ("2024-01-01 02:00:00,", Some(19)),
            ("2000/02/29", Some(10)),
            ("2000.02.29T00:00:00.000 ", Some(23)),
            ("10-2-3", Some(6)),
            ("10 - 2", None),
            ("1.5", None),
            ("10-2/3", None),
        ] {
            assert_eq!(literal_length(text), length, "{text}");
        }
    }

    #[test]
    fn datetimes_and_days() {
        let utc = Zone::utc();
        for (text, millis) in [
            ("2024-02-29", Some(1_709_164_800_000)),
            ("2024-02-29T00:00:00.123456", Some(1_709_164_800_123)),
            ("2000-02-29T08:00:00+08:00", Some(951_782_400_000)),
            ("2024-01-03T00:00:00Z", Some(1_704_240_000_000)),
            ("2024-01-02 03:04:05", Some(1_704_164_645_000)),
            ("1969-12-31T23:59:59.999", Some(-1)),
            ("2000-2-29", None),
            ("2000-02-30", None),
            ("2000-02-29T25:00:00", None),
            ("nonsense", None),
        ] {
            assert_eq!(parse(text, &utc), millis, "{text}");
        }
        assert_eq!(parse("2024-01-01", &zone::parse("+08:00").unwrap()), Some(1_704_038_400_000));
        assert_eq!(parse_day("2024-02-29").map(day_text).as_deref(), Some("2024-02-29"));
        assert_eq!(parse_day("2024-2-3"), None);
        assert_eq!(day_of_number(20_240_229), parse_day("2024-02-29"));
        assert_eq!(day_of_number(20_240_231), None);
    }

    #[test]
    fn spans() {
        assert_eq!(Span::parse("1d 12h"), Some(Span { months: 0, millis: 129_600_000 }));
        assert_eq!(Span::parse("1y 2MO"), Some(Span { months: 14, millis: 0 }));
        assert_eq!(Span::parse("500ms"), Some(Span { months: 0, millis: 500 }));
        assert_eq!(Span::parse("d"), None);
        assert_eq!(Span::parse("1"), None);
    }
}
