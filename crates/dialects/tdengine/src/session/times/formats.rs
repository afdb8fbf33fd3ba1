//! Texts of times: ISO 8601, and the patterns of TO_CHAR and TO_TIMESTAMP.

use crate::timezone::{self, Zone};
use dialect::calendar::{MONTHS, WEEKDAYS};
use jiff::civil::{Date, DateTime, Time};
use std::fmt::Write as _;

const SECOND: i128 = 1_000_000_000;

/// The wall clock of an instant.
pub(super) fn wall(nanos: i128, zone: &Zone) -> Option<DateTime> {
    let seconds = i64::try_from(nanos.div_euclid(SECOND)).ok()?;
    let offset = i64::from(timezone::offset_seconds(zone, seconds));
    let at = jiff::Timestamp::new(seconds + offset, i32::try_from(nanos.rem_euclid(SECOND)).ok()?).ok()?;
    Some(jiff::tz::TimeZone::UTC.to_datetime(at))
}

/// Seconds east of UTC of `z`, `+08`, `+0800` or `+08:00`.
pub(super) fn offset_seconds(text: &str) -> Option<i64> {
    if text.eq_ignore_ascii_case("z") {
        return Some(0);
    }
    let (sign, digits) = match text.as_bytes().first()? {
        b'+' => (1, text.get(1..)?),
        b'-' => (-1, text.get(1..)?),
        _ => return None,
    };
    let digits = digits.replacen(':', "", 1);
    let number = |part: Option<&str>| part.filter(|p| p.bytes().all(|b| b.is_ascii_digit()))?.parse::<i64>().ok();
    let (hours, minutes) = match digits.len() {
        2 => (number(Some(&digits))?, 0),
        4 => (number(digits.get(..2))?, number(digits.get(2..))?),
        _ => return None,
    };
    (hours <= 14 && minutes < 60).then_some(sign * (hours * 3_600 + minutes * 60))
}

/// ISO 8601; a given offset is appended as it was written, the session's without a colon.
pub(super) fn iso8601(nanos: i128, digits: usize, offset: Option<(i64, &str)>, zone: &Zone) -> String {
    let seconds = i64::try_from(nanos.div_euclid(SECOND)).unwrap_or_default();
    let east = offset.map_or_else(|| i64::from(timezone::offset_seconds(zone, seconds)), |(seconds, _)| seconds);
    let shown = nanos + i128::from(east) * SECOND;
    let mut text = crate::render::cell::time_text(shown, digits.max(3), &timezone::utc());
    text.pop();
    if digits == 0 {
        text.truncate(text.len() - 4);
    }
    match offset {
        Some((_, written)) => text.push_str(written),
        None => {
            let sign = if east < 0 { '-' } else { '+' };
            let _ = write!(text, "{sign}{:02}{:02}", east.abs() / 3_600, east.abs() / 60 % 60);
        }
    }
    text
}

/// The week of a year, as MySQL counts it in its modes.
pub(super) fn week(day: Date, mode: i64) -> i64 {
    let monday_first = mode & 1 == 1;
    let full_year = mode & 2 == 2;
    let first_weekday = (mode & 4 == 4) == monday_first;
    let weekday_of = |date: Date| {
        let offset =
            if monday_first { date.weekday().to_monday_zero_offset() } else { date.weekday().to_sunday_zero_offset() };
        i64::from(offset)
    };
    let new_year = |year: i16| Date::new(year, 1, 1).unwrap_or(day);
    let day_number = i64::from(day.day_of_year()) - 1;
    let first = weekday_of(new_year(day.year()));
    // The first day of week 1, counted from the first of January.
    let start =
        |first: i64| if (first_weekday && first != 0) || (!first_weekday && first >= 4) { 7 - first } else { -first };
    let begins = start(first);
    if day_number < begins {
        if !full_year {
            return 0;
        }
        let before = new_year(day.year() - 1);
        let length = i64::from(before.days_in_year());
        return (length + day_number - start(weekday_of(before))) / 7 + 1;
    }
    let number = (day_number - begins) / 7 + 1;
    if full_year && number == 53 {
        let length = i64::from(day.days_in_year());
        let next = start(weekday_of(new_year(day.year() + 1)));
        if day_number >= length + next {
            return 1;
        }
    }
    number
}

/// One piece of a pattern.
enum Piece<'a> {
    Field(&'static str),
    Text(&'a str),
}

/// The fields of a pattern, longest first where one begins like another.
const FIELDS: &[&str] = &[
    "a.m.", "p.m.", "AM", "PM", "am", "pm", "A.M.", "P.M.", "MONTH", "Month", "month", "MON", "Mon", "mon", "MM", "mm",
    "MI", "mi", "MS", "ms", "YYYY", "yyyy", "YYY", "yyy", "YY", "yy", "Y", "y", "DDD", "ddd", "DD", "dd", "DAY", "Day",
    "day", "DY", "Dy", "dy", "D", "d", "HH24", "hh24", "HH12", "hh12", "HH", "hh", "SS", "ss", "US", "us", "NS", "ns",
    "TZH", "tzh",
];

fn pieces(pattern: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut rest = pattern;
    while let Some(first) = rest.chars().next() {
        if first == '"' {
            let inside = rest.get(1..).unwrap_or_default();
            let end = inside.find('"').unwrap_or(inside.len());
            pieces.push(Piece::Text(inside.get(..end).unwrap_or_default()));
            rest = inside.get(end + 1..).unwrap_or_default();
        } else if let Some(field) = FIELDS.iter().find(|field| rest.starts_with(**field)) {
            pieces.push(Piece::Field(field));
            rest = rest.get(field.len()..).unwrap_or_default();
        } else {
            let (text, behind) = rest.split_at(first.len_utf8());
            pieces.push(Piece::Text(text));
            rest = behind;
        }
    }
    pieces
}

fn cased(name: &str, field: &str, width: usize) -> String {
    let mut letters = field.chars();
    let upper = letters.next().is_some_and(char::is_uppercase);
    let all = letters.next().is_some_and(char::is_uppercase);
    let name = match (upper, all) {
        (true, true) => name.to_uppercase(),
        (true, false) => name.to_owned(),
        _ => name.to_lowercase(),
    };
    format!("{name:width$}")
}

/// An instant by a pattern.
pub(super) fn to_char(nanos: i128, pattern: &str, zone: &Zone) -> Option<String> {
    let wall = wall(nanos, zone)?;
    let fraction = wall.subsec_nanosecond();
    let hour = wall.hour();
    let half = if hour % 12 == 0 { 12 } else { hour % 12 };
    let mut out = String::new();
    for piece in pieces(pattern) {
        let field = match piece {
            Piece::Text(text) => {
                out.push_str(text);
                continue;
            }
            Piece::Field(field) => field,
        };
        let month = MONTHS.get(usize::try_from(wall.month() - 1).ok()?)?;
        let day = WEEKDAYS.get(usize::try_from(wall.weekday().to_monday_zero_offset()).ok()?)?;
        let year = i32::from(wall.year());
        match field {
            "AM" | "PM" => out.push_str(if hour < 12 { "AM" } else { "PM" }),
            "am" | "pm" => out.push_str(if hour < 12 { "am" } else { "pm" }),
            "A.M." | "P.M." => out.push_str(if hour < 12 { "A.M." } else { "P.M." }),
            "a.m." | "p.m." => out.push_str(if hour < 12 { "a.m." } else { "p.m." }),
            "MONTH" | "Month" | "month" => out.push_str(&cased(month, field, 9)),
            "MON" | "Mon" | "mon" => out.push_str(&cased(month.get(..3)?, field, 3)),
            "DAY" | "Day" | "day" => out.push_str(&cased(day, field, 9)),
            "DY" | "Dy" | "dy" => out.push_str(&cased(day.get(..3)?, field, 3)),
            _ => {
                let _ = match field.to_ascii_uppercase().as_str() {
                    "YYYY" => write!(out, "{year:04}"),
                    "YYY" => write!(out, "{:03}", year % 1_000),
                    "YY" => write!(out, "{:02}", year % 100),
                    "Y" => write!(out, "{}", year % 10),
                    "MM" => write!(out, "{:02}", wall.month()),
                    "DDD" => write!(out, "{:03}", wall.date().day_of_year()),
                    "DD" => write!(out, "{:02}", wall.day()),
                    "D" => write!(out, "{}", wall.weekday().to_sunday_one_offset()),
                    "HH24" => write!(out, "{hour:02}"),
                    "HH12" | "HH" => write!(out, "{half:02}"),
                    "MI" => write!(out, "{:02}", wall.minute()),
                    "SS" => write!(out, "{:02}", wall.second()),
                    "MS" => write!(out, "{:03}", fraction / 1_000_000),
                    "US" => write!(out, "{:06}", fraction / 1_000),
                    "NS" => write!(out, "{fraction:09}"),
                    _ => {
                        let seconds = i64::try_from(nanos.div_euclid(SECOND)).ok()?;
                        write!(out, "{:+03}", timezone::offset_seconds(zone, seconds) / 3_600)
                    }
                };
            }
        }
    }
    Some(out)
}

fn take_number(rest: &mut &str, most: usize) -> Option<u32> {
    let length = rest.bytes().take_while(u8::is_ascii_digit).count().min(most);
    let (digits, behind) = rest.split_at(length);
    *rest = behind;
    digits.parse().ok()
}

fn take_fraction(rest: &mut &str, digits: usize) -> Option<i128> {
    let length = rest.bytes().take_while(u8::is_ascii_digit).count().min(digits);
    let (text, behind) = rest.split_at(length);
    *rest = behind;
    if text.is_empty() { None } else { format!("{text:0<9}").parse().ok() }
}

fn take_name(rest: &mut &str, names: &[&str], short: bool) -> Option<usize> {
    let found = names.iter().position(|name| {
        let name = if short { name.get(..3).unwrap_or(name) } else { name };
        rest.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name))
    })?;
    let length = if short { 3 } else { names.get(found)?.len() };
    *rest = rest.get(length..)?;
    Some(found)
}

/// The instant that a text names by a pattern, in nanoseconds since 1970.
pub(super) fn from_text(text: &str, pattern: &str, zone: &Zone) -> Option<i128> {
    let mut rest = text;
    let (mut year, mut month, mut day) = (1970_i16, 1_u32, 1_u32);
    let (mut hour, mut minute, mut second, mut fraction) = (0_u32, 0_u32, 0_u32, 0_i128);
    let (mut afternoon, mut half, mut of_year, mut offset) = (None, false, None, None);
    for piece in pieces(pattern) {
        let field = match piece {
            Piece::Text(separator) => {
                if separator.chars().all(char::is_whitespace) {
                    rest = rest.trim_start();
                } else {
                    rest = rest.strip_prefix(separator).or_else(|| {
                        let mut characters = rest.chars();
                        characters.next().filter(|c| !c.is_alphanumeric())?;
                        Some(characters.as_str())
                    })?;
                }
                continue;
            }
            Piece::Field(field) => field,
        };
        match field.to_ascii_uppercase().as_str() {
            "AM" | "PM" | "A.M." | "P.M." => {
                let mark = rest.chars().next()?.to_ascii_lowercase();
                afternoon = Some(mark == 'p');
                rest = rest.get(field.len()..)?;
            }
            "MONTH" => month = u32::try_from(take_name(&mut rest, &MONTHS, false)?).ok()? + 1,
            "MON" => month = u32::try_from(take_name(&mut rest, &MONTHS, true)?).ok()? + 1,
            "DAY" => {
                take_name(&mut rest, &WEEKDAYS, false)?;
            }
            "DY" => {
                take_name(&mut rest, &WEEKDAYS, true)?;
            }
            "YYYY" => year = i16::try_from(take_number(&mut rest, 4)?).ok()?,
            "YYY" => year = i16::try_from(take_number(&mut rest, 3)?).ok()?.checked_add(2_000)?,
            "YY" => year = i16::try_from(take_number(&mut rest, 2)?).ok()?.checked_add(2_000)?,
            "Y" => year = i16::try_from(take_number(&mut rest, 1)?).ok()?.checked_add(2_020)?,
            "MM" => month = take_number(&mut rest, 2)?,
            "DDD" => of_year = Some(take_number(&mut rest, 3)?),
            "DD" => day = take_number(&mut rest, 2)?,
            "D" => {
                take_number(&mut rest, 1)?;
            }
            "HH24" => hour = take_number(&mut rest, 2)?,
            "HH12" | "HH" => {
                hour = take_number(&mut rest, 2)?;
                half = true;
            }
            "MI" => minute = take_number(&mut rest, 2)?,
            "SS" => second = take_number(&mut rest, 2)?,
            "MS" => fraction += take_fraction(&mut rest, 3)?,
            "US" => fraction += take_fraction(&mut rest, 6)?,
            "NS" => fraction += take_fraction(&mut rest, 9)?,
            _ => {
                let length = rest.len().min(3);
                offset = Some(offset_seconds(rest.get(..length)?)?);
                rest = rest.get(length..)?;
            }
        }
    }
    if half || afternoon.is_some() {
        hour = match (hour, afternoon) {
            (1..=12, Some(true)) => hour % 12 + 12,
            (1..=12, _) => hour % 12,
            _ => return None,
        };
    }
    let part = |number: u32| i8::try_from(number).ok();
    let date = match of_year {
        Some(number) => {
            let first = Date::new(year, 1, 1).ok()?;
            first.checked_add(jiff::Span::new().days(i64::from(number) - 1)).ok()?
        }
        None => Date::new(year, part(month)?, part(day)?).ok()?,
    };
    let wall = date.to_datetime(Time::new(part(hour)?, part(minute)?, part(second)?, 0).ok()?);
    let at = match offset {
        Some(seconds) => timezone::instant_of(&timezone::utc(), wall)? - i128::from(seconds) * SECOND,
        None => timezone::instant_of(zone, wall)?,
    };
    Some(at + fraction)
}

#[cfg(test)]
mod tests {
    use super::{from_text, iso8601, offset_seconds, to_char, week};
    use crate::timezone;
    use jiff::civil::date;

    const AT: i128 = 1_710_499_643_456_000_000;

    #[test]
    fn patterns_print_and_read_back() {
        let utc = timezone::utc();
        let shown = |pattern| to_char(AT, pattern, &utc).unwrap();
        assert_eq!(shown("YYYY-MM-DD HH24:MI:SS.MS"), "2024-03-15 10:47:23.456");
        assert_eq!(shown("DDD"), "075");
        assert_eq!(shown("Month|DAY|Dy"), "March    |FRIDAY   |Fri");
        assert_eq!(shown("HH12 AM \"YYYY\""), "10 AM YYYY");
        assert_eq!(from_text("2024-03-15 10:47:23.456", "YYYY-MM-DD HH24:MI:SS.MS", &utc), Some(AT));
        assert_eq!(from_text("15/03/2024 01 pm", "DD/MM/YYYY HH12 am", &utc), Some(1_710_507_600_000_000_000));
        assert_eq!(from_text("x", "YYYY", &utc), None);
    }

    #[test]
    fn offsets_are_appended_as_written() {
        let utc = timezone::utc();
        assert_eq!(iso8601(AT, 3, Some((28_800, "+08:00")), &utc), "2024-03-15T18:47:23.456+08:00");
        assert_eq!(iso8601(0, 0, None, &timezone::parse("Asia/Shanghai").unwrap()), "1970-01-01T08:00:00+0800");
        assert_eq!(offset_seconds("-0330"), Some(-12_600));
        assert_eq!(offset_seconds("8"), None);
    }

    #[test]
    fn weeks_count_by_mode() {
        assert_eq!(week(date(2024, 1, 1), 3), 1);
        assert_eq!(week(date(2023, 1, 1), 3), 52);
        assert_eq!(week(date(2023, 1, 1), 0), 1);
        assert_eq!(week(date(2022, 1, 1), 0), 0);
        assert_eq!(week(date(2020, 12, 31), 3), 53);
        assert_eq!(week(date(2018, 12, 31), 3), 1);
        assert_eq!(week(date(2024, 12, 31), 3), 1);
    }
}
