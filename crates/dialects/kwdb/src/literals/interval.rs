//! Intervals as text: `1 day 02:00:00`, `3 mons -1 day`, `1h30m`.

use super::time_text::parse_clock;
use model::Interval;

/// Reads an interval.
pub(crate) fn parse(text: &str) -> Option<Interval> {
    let text = text.trim();
    let mut interval = Interval::default();
    let mut rest = text;
    let mut parts = 0;
    while !rest.is_empty() {
        rest = part(rest, &mut interval)?.trim_start();
        parts += 1;
    }
    (parts > 0).then_some(interval)
}

/// Adds one part to an interval; answers with what stands behind it.
fn part<'a>(text: &'a str, interval: &mut Interval) -> Option<&'a str> {
    let (sign, unsigned) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    if let Some((nanos, _, rest)) = parse_clock(unsigned) {
        interval.nanos = interval.nanos.checked_add(sign * i64::try_from(nanos).ok()?)?;
        return Some(rest);
    }
    let digits = unsigned.bytes().take_while(u8::is_ascii_digit).count();
    let amount: i64 = unsigned.get(..digits)?.parse().ok()?;
    let amount = sign * amount;
    let rest = unsigned.get(digits..)?.trim_start();
    let letters = rest.bytes().take_while(u8::is_ascii_alphabetic).count();
    let (unit, rest) = rest.split_at_checked(letters)?;
    let months = |each: i64| i32::try_from(amount.checked_mul(each)?).ok();
    match unit.to_ascii_lowercase().as_str() {
        "y" | "yr" | "yrs" | "year" | "years" => interval.months = interval.months.checked_add(months(12)?)?,
        "mon" | "mons" | "month" | "months" => interval.months = interval.months.checked_add(months(1)?)?,
        "w" | "week" | "weeks" => interval.days = interval.days.checked_add(months(7)?)?,
        "d" | "day" | "days" => interval.days = interval.days.checked_add(months(1)?)?,
        other => {
            let each = match other {
                "h" | "hr" | "hrs" | "hour" | "hours" => 3_600_000_000_000,
                "m" | "min" | "mins" | "minute" | "minutes" => 60_000_000_000,
                "" | "s" | "sec" | "secs" | "second" | "seconds" => 1_000_000_000,
                "ms" | "msec" | "msecs" | "millisecond" | "milliseconds" => 1_000_000,
                "us" | "usec" | "usecs" | "microsecond" | "microseconds" => 1_000,
                "ns" | "nsec" | "nsecs" | "nanosecond" | "nanoseconds" => 1,
                _ => return None,
            };
            interval.nanos = interval.nanos.checked_add(amount.checked_mul(each)?)?;
        }
    }
    Some(rest)
}

#[cfg(test)]
mod tests {
    use super::parse;

    fn parts(text: &str) -> Option<(i32, i32, i64)> {
        parse(text).map(|i| (i.months, i.days, i.nanos))
    }

    #[test]
    fn spellings() {
        for (text, expected) in [
            ("1 day 02:00:00", Some((0, 1, 7_200_000_000_000))),
            ("1 year 2 mons -3 days", Some((14, -3, 0))),
            ("1h30m", Some((0, 0, 5_400_000_000_000))),
            ("-01:00", Some((0, 0, -3_600_000_000_000))),
            ("2 weeks", Some((0, 14, 0))),
            ("5", Some((0, 0, 5_000_000_000))),
            ("", None),
            ("1 fortnight", None),
            ("day", None),
            ("9999999999 years", None),
        ] {
            assert_eq!(parts(text), expected, "{text:?}");
        }
    }
}
