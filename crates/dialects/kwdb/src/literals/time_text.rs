//! Dates and times as text: `2023-07-30 06:44:40.32`, `2023-07-30T06:44:40.32Z`, `2024-1-5 +08:00`.
//!
//! Reading is exact and needs no zone; the request's zone and the column's unit come in later.

use crate::timezone::{self, Zone};
use dialect::calendar::Day;
use model::TimeUnit;

/// The zone that a text names itself.
#[derive(Clone, Debug)]
pub(crate) enum TextZone {
    /// Seconds east of UTC.
    Offset(i32),
    /// A named zone.
    Named(Zone),
}

/// A wall-clock reading.
#[derive(Clone, Debug)]
pub(crate) struct WallTime {
    /// Nanoseconds since 1970-01-01 00:00:00 on that clock.
    pub(crate) nanos: i128,
    /// Whether the tenth digit of the fraction was 5 or more.
    round_up: bool,
    /// The zone written behind it.
    pub(crate) zone: Option<TextZone>,
}

impl WallTime {
    /// Reads a text; `None` when it is no date.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        if text.eq_ignore_ascii_case("epoch") {
            return Some(Self { nanos: 0, round_up: false, zone: Some(TextZone::Offset(0)) });
        }
        let (days, rest) = parse_date(text)?;
        let midnight = i128::from(days) * 86_400_000_000_000;
        let rest = match rest.as_bytes().first() {
            None => return Some(Self { nanos: midnight, round_up: false, zone: None }),
            Some(b'T' | b't') => rest.get(1..)?,
            Some(b' ') => rest.trim_start(),
            Some(b'+' | b'-' | b'Z' | b'z') => rest,
            Some(_) => return None,
        };
        if let Some(zone) = parse_zone(rest) {
            return Some(Self { nanos: midnight, round_up: false, zone: Some(zone) });
        }
        let (nanos, round_up, rest) = parse_clock(rest)?;
        let rest = rest.trim_start();
        let zone = if rest.is_empty() { None } else { Some(parse_zone(rest)?) };
        Some(Self { nanos: midnight + nanos, round_up, zone })
    }

    /// The instant in nanoseconds; without a zone of its own it is read in `zone`.
    pub(crate) fn instant_nanos(&self, zone: &Zone) -> i128 {
        match &self.zone {
            None => zone.instant_of(self.nanos),
            Some(TextZone::Offset(east)) => self.nanos - i128::from(*east) * 1_000_000_000,
            Some(TextZone::Named(named)) => named.instant_of(self.nanos),
        }
    }

    /// The instant in a unit, rounded by the next digit alone; `None` when it does not fit.
    pub(crate) fn instant(&self, zone: &Zone, unit: TimeUnit) -> Option<i64> {
        round(self.instant_nanos(zone), self.round_up, unit)
    }

    /// The reading in a unit, its zone dropped, rounded by the next digit alone.
    pub(crate) fn local(&self, unit: TimeUnit) -> Option<i64> {
        round(self.nanos, self.round_up, unit)
    }

    /// Whole days since 1970-01-01 on that clock.
    pub(crate) fn days(&self) -> Option<i32> {
        i32::try_from(self.nanos.div_euclid(86_400_000_000_000)).ok()
    }
}

/// Rounds nanoseconds to a unit, up exactly when the first digit that is lost is 5 or more.
fn round(nanos: i128, round_up: bool, unit: TimeUnit) -> Option<i64> {
    let unit_nanos = i128::from(1_000_000_000 / unit.per_second());
    let floor = nanos.div_euclid(unit_nanos);
    let up = if unit_nanos == 1 { round_up } else { nanos.rem_euclid(unit_nanos) / (unit_nanos / 10) >= 5 };
    i64::try_from(floor + i128::from(up)).ok()
}

/// Up to `most` digits at the front.
fn digits(text: &str, most: usize) -> Option<(i64, usize, &str)> {
    let count = text.bytes().take(most).take_while(u8::is_ascii_digit).count();
    let value = text.get(..count)?.parse().ok()?;
    Some((value, count, text.get(count..)?))
}

/// Days since 1970-01-01, and what stands behind the date.
fn parse_date(text: &str) -> Option<(i64, &str)> {
    let (sign, text) = match text.strip_prefix('-') {
        Some(text) => (-1, text),
        None => (1, text),
    };
    let (year, count, rest) = digits(text, 9)?;
    let (year, month, day, rest) = match (count, rest.as_bytes().first()) {
        (8, next) if !matches!(next, Some(b'0'..=b'9' | b'-' | b'/')) => {
            (year / 10_000, year / 100 % 100, year % 100, rest)
        }
        (1..=9, Some(separator @ (b'-' | b'/'))) => {
            let separator = char::from(*separator);
            let (month, _, rest) = digits(rest.strip_prefix(separator)?, 2)?;
            let (day, _, rest) = digits(rest.strip_prefix(separator)?, 2)?;
            (year, month, day, rest)
        }
        _ => return None,
    };
    let day = Day { year: sign * year, month, day };
    day.exists().then(|| (day.days(), rest))
}

/// `H[:M[:S[.fraction]]]` in nanoseconds, and whether the tenth digit rounds up.
pub(crate) fn parse_clock(text: &str) -> Option<(i128, bool, &str)> {
    let (hour, _, rest) = digits(text, 2)?;
    let (minute, _, rest) = digits(rest.strip_prefix(':')?, 2)?;
    let (second, rest) = match rest.strip_prefix(':') {
        Some(rest) => {
            let (second, _, rest) = digits(rest, 2)?;
            (second, rest)
        }
        None => (0, rest),
    };
    let (mut nanos, mut round_up, mut rest_after) = (0_i128, false, rest);
    if let Some(fraction) = rest.strip_prefix('.') {
        let count = fraction.bytes().take_while(u8::is_ascii_digit).count();
        for place in 0..9 {
            let digit = fraction.as_bytes().get(place).filter(|_| place < count).map_or(0, |b| b - b'0');
            nanos = nanos * 10 + i128::from(digit);
        }
        round_up = count > 9 && fraction.as_bytes().get(9).is_some_and(|b| *b >= b'5');
        rest_after = fraction.get(count..)?;
    }
    let whole_day = hour == 24 && minute == 0 && second == 0 && nanos == 0;
    if (hour > 23 && !whole_day) || minute > 59 || second > 59 {
        return None;
    }
    let total = i128::from(hour * 3600 + minute * 60 + second) * 1_000_000_000 + nanos;
    Some((total, round_up, rest_after))
}

fn parse_zone(text: &str) -> Option<TextZone> {
    let text = text.trim();
    if text.eq_ignore_ascii_case("z") || text.eq_ignore_ascii_case("utc") {
        return Some(TextZone::Offset(0));
    }
    let sign = match text.as_bytes().first()? {
        b'+' => 1,
        b'-' => -1,
        // `08:00` is no zone but a time of day.
        first if first.is_ascii_alphabetic() => return timezone::parse(text).ok().map(TextZone::Named),
        _ => return None,
    };
    let (number, count, rest) = digits(text.get(1..)?, 4)?;
    let (hours, minutes, rest) = match count {
        1 | 2 => match rest.strip_prefix(':') {
            Some(rest) => {
                let (minutes, _, rest) = digits(rest, 2)?;
                (number, minutes, rest.strip_prefix(":00").unwrap_or(rest))
            }
            None => (number, 0, rest),
        },
        4 => (number / 100, number % 100, rest),
        _ => return None,
    };
    if !rest.is_empty() && !rest.trim().eq_ignore_ascii_case("utc") || hours > 15 || minutes > 59 {
        return None;
    }
    i32::try_from(sign * (hours * 3600 + minutes * 60)).ok().map(TextZone::Offset)
}

#[cfg(test)]
mod tests {
    use super::WallTime;
    use crate::timezone::{self, Zone};
    use model::TimeUnit;

    fn millis(text: &str, zone: &str) -> Option<i64> {
        WallTime::parse(text)?.instant(&timezone::parse(zone).unwrap(), TimeUnit::Millisecond)
    }

    #[test]
    fn spellings_of_one_instant() {
        for (text, zone) in [
            ("2023-07-30T06:44:40.32Z", "8"),
            ("2023-07-30 06:44:40.32", "0"),
            ("2023-07-30 14:44:40.320", "8"),
            ("2023-07-30 14:44:40.32+08", "0"),
            ("2023-07-30 14:44:40.32+08:00", "0"),
            ("2023-07-30 14:44:40.32 +0800", "0"),
            ("2023-7-30 6:44:40.32 utc", "3"),
            ("20230730 06:44:40.32", "0"),
            ("2023/07/30 06:44:40.32", "0"),
            ("2023-07-30 14:44:40.32", "Asia/Shanghai"),
            ("2023-07-30 14:44:40.32 Asia/Shanghai", "0"),
            (" 2023-07-30 06:44:40.3196 ", "0"),
        ] {
            assert_eq!(millis(text, zone), Some(1_690_699_480_320), "{text:?} {zone}");
        }
    }

    #[test]
    fn dates_alone_and_before_1970() {
        assert_eq!(millis("1970-01-02", "0"), Some(86_400_000));
        assert_eq!(millis("1970-01-01 08:00:00", "8"), Some(0));
        assert_eq!(millis("1970-01-02 +08:00", "0"), Some(57_600_000));
        assert_eq!(millis("1969-12-31 23:59:59.9995", "0"), Some(0));
        assert_eq!(millis("1969-12-31 23:59:59.9994", "0"), Some(-1));
        assert_eq!(millis("0000-01-01 00:00:00", "0"), Some(-62_167_219_200_000));
        assert_eq!(millis("2970-01-01", "0"), Some(31_556_995_200_000));
    }

    #[test]
    fn years_far_away_are_read() {
        assert!(WallTime::parse("-292275055-05-16 16:47:04.192 +0000").unwrap().nanos < 0);
    }

    #[test]
    fn only_the_next_digit_rounds() {
        let zone = Zone::utc();
        let time = WallTime::parse("1970-01-01 00:00:00.0014999999").unwrap();
        assert_eq!(time.instant(&zone, TimeUnit::Millisecond), Some(1));
        assert_eq!(time.instant(&zone, TimeUnit::Microsecond), Some(1500));
        assert_eq!(time.instant(&zone, TimeUnit::Nanosecond), Some(1_500_000));
        assert_eq!(WallTime::parse("1970-01-01 00:00:00.0015").unwrap().local(TimeUnit::Millisecond), Some(2));
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in [
            "",
            "abc",
            "2023-01-0118:52:14",
            "2023-13-01",
            "2023-02-30",
            "20201231123000",
            "2023-01-01 25:00:00",
            "12:00",
            "198352498",
        ] {
            assert!(WallTime::parse(text).is_none(), "{text:?}");
        }
    }
}
