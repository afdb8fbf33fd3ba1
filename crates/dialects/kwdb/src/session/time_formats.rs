//! Times by a format in the manner of C: `experimental_strftime(ts, format)` writes,
//! `experimental_strptime(text, format)` and `str_to_date(text, format)` read, on the clock of the
//! session's zone. A text that `str_to_date` cannot read is NULL.

use super::zoned::{instant_type, is_time_like, moments, refused, session_zone, timestamps};
use arrow::array::{Array, ArrayRef, AsArray, StringArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, TimeUnit};
use datafusion::error::Result;
use datafusion::logical_expr::{ScalarUDF, Signature, Volatility};
use dialect::calendar::{Day, MONTHS, WEEKDAYS, iso_weekday};
use query::functions::{RowArguments, RowCall, RowFunction};
use std::fmt::Write as _;
use std::sync::Arc;

const WRITE: &str = "experimental_strftime";
const READ: &str = "experimental_strptime";
const READ_OR_NULL: &str = "str_to_date";

const SECOND: i128 = 1_000_000_000;
const DAY: i128 = 86_400 * SECOND;
const UNIT: TimeUnit = TimeUnit::Microsecond;

/// All of them.
pub(super) fn all() -> [ScalarUDF; 3] {
    [WRITE, READ, READ_OR_NULL]
        .map(|name| RowFunction::new(name, Signature::any(2, Volatility::Stable), returns, by_format).into())
}

fn returns(arguments: &RowArguments<'_>) -> Result<DataType> {
    let text = |data_type: &DataType| data_type.is_string() || data_type.is_null();
    let writes = arguments.name == WRITE;
    match arguments.types().as_slice() {
        [time, format] if writes && is_time_like(time) && !time.is_integer() && text(format) => Ok(DataType::Utf8),
        [value, format] if !writes && text(value) && text(format) => Ok(instant_type(UNIT)),
        _ => Err(arguments.unknown()),
    }
}

fn by_format(call: &RowCall<'_>) -> Result<ArrayRef> {
    let zone = session_zone(call.options);
    let [values, formats] = call.exactly()?;
    let formats = cast(formats, &DataType::Utf8)?;
    let formats = formats.as_string::<i32>();
    Ok(if call.name == WRITE {
        let mut texts = Vec::with_capacity(values.len());
        for (moment, format) in moments(values, &zone)?.into_iter().zip(formats.iter()) {
            texts.push(match (moment, format) {
                (Some(moment), Some(format)) => Some(written(moment.wall(&zone), format).map_err(refused)?),
                _ => None,
            });
        }
        Arc::new(StringArray::from(texts))
    } else {
        let texts = cast(values, &DataType::Utf8)?;
        let mut nanos = Vec::with_capacity(values.len());
        for (text, format) in texts.as_string::<i32>().iter().zip(formats.iter()) {
            let (Some(text), Some(format)) = (text, format) else {
                nanos.push(None);
                continue;
            };
            let wall = read(text, format);
            if wall.is_none() && call.name == READ {
                return Err(refused(format!("{READ}(): could not parse \"{text}\" by \"{format}\"")));
            }
            nanos.push(wall.map(|wall| zone.instant_of(wall)));
        }
        timestamps(nanos.into_iter(), UNIT, call.returned)?
    })
}

/// A wall-clock reading by a format.
fn written(wall: i128, format: &str) -> std::result::Result<String, String> {
    let days = i64::try_from(wall.div_euclid(DAY)).map_err(|_| "timestamp out of range".to_owned())?;
    let day = Day::of(days);
    let nanos = wall.rem_euclid(DAY);
    let (hour, minute) = (nanos / (3_600 * SECOND), nanos / (60 * SECOND) % 60);
    let (second, fraction) = (nanos / SECOND % 60, nanos % SECOND);
    let name = |names: &[&'static str], number: i64| {
        usize::try_from(number - 1).ok().and_then(|at| names.get(at).copied()).unwrap_or_default()
    };
    let weekday = name(&WEEKDAYS, iso_weekday(days));
    let month = name(&MONTHS, day.month);
    let mut text = String::new();
    let mut format = format.chars();
    while let Some(c) = format.next() {
        if c != '%' {
            text.push(c);
            continue;
        }
        let code = format.next().ok_or_else(|| "a format may not end in %".to_owned())?;
        // Writing to a String cannot fail.
        let _ = match code {
            '%' => write!(text, "%"),
            'n' => writeln!(text),
            't' => write!(text, "\t"),
            'a' => write!(text, "{}", weekday.get(..3).unwrap_or_default()),
            'A' => write!(text, "{weekday}"),
            'b' | 'h' => write!(text, "{}", month.get(..3).unwrap_or_default()),
            'B' => write!(text, "{month}"),
            'd' => write!(text, "{:02}", day.day),
            'e' => write!(text, "{:2}", day.day),
            'D' => write!(text, "{:02}/{:02}/{:02}", day.month, day.day, day.year.rem_euclid(100)),
            'F' => write!(text, "{:04}-{:02}-{:02}", day.year, day.month, day.day),
            'f' => write!(text, "{:06}", fraction / 1_000),
            'H' => write!(text, "{hour:02}"),
            'I' => write!(text, "{:02}", (hour + 11) % 12 + 1),
            'j' => write!(text, "{:03}", day.of_year()),
            'm' => write!(text, "{:02}", day.month),
            'M' => write!(text, "{minute:02}"),
            'p' => write!(text, "{}", if hour < 12 { "AM" } else { "PM" }),
            'S' => write!(text, "{second:02}"),
            'T' => write!(text, "{hour:02}:{minute:02}:{second:02}"),
            'u' => write!(text, "{}", iso_weekday(days)),
            'w' => write!(text, "{}", iso_weekday(days) % 7),
            'y' => write!(text, "{:02}", day.year.rem_euclid(100)),
            'Y' => write!(text, "{:04}", day.year),
            other => return Err(format!("{WRITE}(): invalid format code: %{other}")),
        };
    }
    Ok(text)
}

/// The parts of a time as far as a text names them.
struct Parts {
    day: Day,
    hour: i64,
    minute: i64,
    second: i64,
    nanos: i64,
    afternoon: Option<bool>,
}

/// The wall-clock reading that a text names by a format, all of it.
fn read(text: &str, format: &str) -> Option<i128> {
    // Times without a date are of the day before 1900.
    let day = Day { year: 1899, month: 12, day: 31 };
    let mut parts = Parts { day, hour: 0, minute: 0, second: 0, nanos: 0, afternoon: None };
    let rest = read_parts(text, format, &mut parts)?;
    if !rest.is_empty() || !parts.day.exists() || parts.hour > 23 || parts.minute > 59 || parts.second > 59 {
        return None;
    }
    let hour = match parts.afternoon {
        None => parts.hour,
        Some(_) if !(1..=12).contains(&parts.hour) => return None,
        Some(afternoon) => parts.hour % 12 + if afternoon { 12 } else { 0 },
    };
    let seconds = i128::from(hour * 3_600 + parts.minute * 60 + parts.second);
    Some(i128::from(parts.day.days()) * DAY + seconds * SECOND + i128::from(parts.nanos))
}

/// Reads parts; what is left of the text.
fn read_parts<'a>(mut text: &'a str, format: &str, parts: &mut Parts) -> Option<&'a str> {
    let mut codes = format.chars();
    while let Some(c) = codes.next() {
        if c != '%' {
            text = text.strip_prefix(c)?;
            continue;
        }
        text = match codes.next()? {
            '%' => text.strip_prefix('%')?,
            'Y' => number(text, 4, &mut parts.day.year)?,
            'y' => {
                let rest = number(text, 2, &mut parts.day.year)?;
                parts.day.year += if parts.day.year < 69 { 2_000 } else { 1_900 };
                rest
            }
            'm' => number(text, 2, &mut parts.day.month)?,
            'd' | 'e' => number(text.trim_start(), 2, &mut parts.day.day)?,
            'H' | 'I' => number(text, 2, &mut parts.hour)?,
            'M' | 'i' => number(text, 2, &mut parts.minute)?,
            'S' | 's' => number(text, 2, &mut parts.second)?,
            'f' => {
                let rest = number(text, 9, &mut parts.nanos)?;
                let digits = u32::try_from(text.len() - rest.len()).ok()?;
                parts.nanos *= 10_i64.pow(9 - digits);
                rest
            }
            'b' | 'h' => month(text, 3, parts)?,
            'B' => month(text, usize::MAX, parts)?,
            'p' => {
                let (word, rest) = text.split_at_checked(2)?;
                parts.afternoon = Some(word.eq_ignore_ascii_case("pm"));
                (word.eq_ignore_ascii_case("pm") || word.eq_ignore_ascii_case("am")).then_some(rest)?
            }
            'F' => read_parts(text, "%Y-%m-%d", parts)?,
            'T' => read_parts(text, "%H:%M:%S", parts)?,
            _ => return None,
        };
    }
    Some(text)
}

/// A number of at most that many digits.
fn number<'a>(text: &'a str, digits: usize, into: &mut i64) -> Option<&'a str> {
    let count = text.bytes().take(digits).take_while(u8::is_ascii_digit).count();
    let (number, rest) = text.split_at_checked(count)?;
    *into = number.parse().ok()?;
    Some(rest)
}

/// The name of a month, or its first letters.
fn month<'a>(text: &'a str, letters: usize, parts: &mut Parts) -> Option<&'a str> {
    for (name, number) in MONTHS.iter().zip(1..) {
        let name = name.get(..letters).unwrap_or(name);
        if let Some((word, rest)) = text.split_at_checked(name.len())
            && word.eq_ignore_ascii_case(name)
        {
            parts.day.month = number;
            return Some(rest);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::{read, written};
    use crate::literals::time_text::WallTime;

    fn nanos(text: &str) -> i128 {
        WallTime::parse(text).unwrap().nanos
    }

    #[test]
    fn times_are_written() {
        let time = nanos("2024-02-29 15:04:05.006007");
        for (format, text) in [
            ("%Y-%m-%d %H:%M:%S.%f", "2024-02-29 15:04:05.006007"),
            ("%a %A %b %B %e %I%p %y %j %u %w %%", "Thu Thursday Feb February 29 03PM 24 060 4 4 %"),
            ("%F %T %D", "2024-02-29 15:04:05 02/29/24"),
        ] {
            assert_eq!(written(time, format).as_deref(), Ok(text));
        }
        assert!(written(time, "%Q").unwrap_err().contains("%Q"));
        assert!(written(time, "%").is_err());
    }

    #[test]
    fn times_are_read() {
        for (text, format, time) in [
            ("2025-09-18", "%Y-%m-%d", Some("2025-09-18")),
            ("2023-02-29", "%Y-%m-%d", None),
            ("12:34:56", "%H:%M:%S", Some("1899-12-31 12:34:56")),
            ("2024-01-02 03:04:05.5", "%F %T.%f", Some("2024-01-02 03:04:05.5")),
            ("Feb 3, 99 12:00 am", "%b %d, %y %I:%M %p", Some("1999-02-03")),
            ("abc", "%Y-%m-%d", None),
            ("2024-01-02x", "%Y-%m-%d", None),
        ] {
            assert_eq!(read(text, format), time.map(nanos), "{text}");
        }
    }
}
