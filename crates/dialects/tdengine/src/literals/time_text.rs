//! Times as text: `2024-01-02 03:04:05.678+08:00`, a date alone, or the digits of an epoch.
//!
//! A fraction finer than the unit is cut. A text without a zone is read in the session's.

use crate::timezone::{self, Zone};
use jiff::civil::{Date, Time};
use model::TimeUnit;

/// The instant that a text names, in a unit since 1970; none where it names none that fits.
pub(crate) fn instant(text: &str, unit: TimeUnit, zone: &Zone) -> Option<i64> {
    let text = text.trim();
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return text.parse().ok();
    }
    unit.floor_from_nanos(nanos(text, zone)?)
}

/// The instant that a text names, in nanoseconds since 1970.
pub(crate) fn nanos(text: &str, zone: &Zone) -> Option<i128> {
    let mut reader = Reader { rest: text.trim() };
    let year = reader.number(4, 4)?;
    reader.expect('-')?;
    let month = reader.number(1, 2)?;
    reader.expect('-')?;
    let day = reader.number(1, 2)?;
    let date = Date::new(i16::try_from(year).ok()?, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()?;
    let (mut time, mut fraction) = (Time::midnight(), 0);
    if reader.accept('T') || reader.accept('t') || reader.blanks() {
        let hour = reader.number(1, 2)?;
        reader.expect(':')?;
        let minute = reader.number(1, 2)?;
        let second = if reader.accept(':') { reader.number(1, 2)? } else { 0 };
        let part = |number: u32| i8::try_from(number).ok();
        time = Time::new(part(hour)?, part(minute)?, part(second)?, 0).ok()?;
        if reader.accept('.') {
            fraction = reader.fraction()?;
        }
    }
    let offset = reader.offset()?;
    if !reader.rest.is_empty() {
        return None;
    }
    let wall = date.to_datetime(time);
    let whole = match offset {
        None => timezone::instant_of(zone, wall)?,
        Some(seconds) => timezone::instant_of(&timezone::utc(), wall)? - i128::from(seconds) * 1_000_000_000,
    };
    Some(whole + i128::from(fraction))
}

struct Reader<'a> {
    rest: &'a str,
}

impl Reader<'_> {
    fn accept(&mut self, c: char) -> bool {
        match self.rest.strip_prefix(c) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn expect(&mut self, c: char) -> Option<()> {
        self.accept(c).then_some(())
    }

    /// Blanks before a time of day; false at the end, where they say nothing.
    fn blanks(&mut self) -> bool {
        let rest = self.rest.trim_start();
        let found = rest.len() < self.rest.len();
        self.rest = rest;
        found
    }

    fn number(&mut self, least: usize, most: usize) -> Option<u32> {
        let length = self.rest.bytes().take_while(u8::is_ascii_digit).count().min(most);
        if length < least {
            return None;
        }
        let (digits, rest) = self.rest.split_at(length);
        self.rest = rest;
        digits.parse().ok()
    }

    /// Nanoseconds of up to nine digits; further ones are cut.
    fn fraction(&mut self) -> Option<u32> {
        let length = self.rest.bytes().take_while(u8::is_ascii_digit).count();
        if length == 0 {
            return None;
        }
        let (digits, rest) = self.rest.split_at(length);
        self.rest = rest;
        format!("{:0<9}", digits.get(..length.min(9))?).parse().ok()
    }

    /// `Z`, `+08:00`, `+0800`, `+08`; `Some(None)` where there is none.
    #[expect(clippy::option_option, reason = "no offset is not a wrong one")]
    fn offset(&mut self) -> Option<Option<i32>> {
        if self.accept('Z') || self.accept('z') {
            return Some(Some(0));
        }
        let sign = if self.accept('+') {
            1
        } else if self.accept('-') {
            -1
        } else {
            return Some(None);
        };
        let hours = self.number(1, 2)?;
        self.accept(':');
        let minutes = if self.rest.is_empty() { 0 } else { self.number(2, 2)? };
        if hours > 13 || minutes > 59 {
            return None;
        }
        Some(Some(sign * i32::try_from(hours * 3_600 + minutes * 60).ok()?))
    }
}

#[cfg(test)]
mod tests {
    use super::instant;
    use crate::timezone;
    use model::TimeUnit::{Microsecond, Millisecond, Nanosecond};

    #[test]
    fn every_documented_form() {
        let zone = timezone::parse("Asia/Shanghai").unwrap();
        let ms = |text| instant(text, Millisecond, &zone);
        assert_eq!(ms("2024-01-01 08:00:00"), Some(1_704_067_200_000));
        assert_eq!(ms("2024-01-01T00:00:00Z"), Some(1_704_067_200_000));
        assert_eq!(ms("2024-01-01T00:00:00.5z"), Some(1_704_067_200_500));
        assert_eq!(ms("2024-01-01T08:00:00.123456789+08:00"), Some(1_704_067_200_123));
        assert_eq!(ms("2024-01-01 08:00:00+0800"), Some(1_704_067_200_000));
        assert_eq!(ms("2024-01-01 08:00:00+08"), Some(1_704_067_200_000));
        assert_eq!(ms("2024-01-01"), Some(1_704_038_400_000));
        assert_eq!(ms(" 1704067200000 "), Some(1_704_067_200_000));
        assert_eq!(ms("-1"), Some(-1));
        assert_eq!(ms("1969-12-31T23:59:59.999Z"), Some(-1));
        assert_eq!(instant("1969-12-31T23:59:59.9999Z", Millisecond, &zone), Some(-1));
        assert_eq!(instant("2024-01-01T00:00:00.000001Z", Microsecond, &zone), Some(1_704_067_200_000_001));
        assert_eq!(instant("2024-01-01T00:00:00.000000001Z", Nanosecond, &zone), Some(1_704_067_200_000_000_001));
    }

    #[test]
    fn anything_else_is_no_time() {
        for text in [
            "",
            "abc",
            "2024-13-01",
            "2024-02-30",
            "2024-01-01 25:00:00",
            "2024-01-01 1",
            "2024-01-01T",
            "2024-01-01 00:00:00.",
            "2024-01-01 00:00:00+14:00",
            "2024-01-01 00:00:00 x",
            "24-01-01",
        ] {
            assert_eq!(instant(text, Millisecond, &timezone::utc()), None, "{text:?}");
        }
        assert_eq!(instant("2970-01-01T00:00:00Z", Nanosecond, &timezone::utc()), None);
    }
}
