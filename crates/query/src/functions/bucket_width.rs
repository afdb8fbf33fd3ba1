//! Widths of time buckets: `10s`, `2 hours`, `1mon`.

use datafusion::arrow::datatypes::IntervalMonthDayNano;

/// How wide a bucket is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BucketWidth {
    /// A fixed span, in nanoseconds.
    Nanos(i64),
    /// Whole months.
    Months(i32),
}

/// Why something is no width.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WidthProblem {
    /// It does not begin with a whole number, or the number is too large.
    Number,
    /// The number is zero or negative.
    NotPositive,
    /// No such unit, or more than a number and a unit.
    Unit,
}

impl WidthProblem {
    /// The problem in words.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::Number => "a bucket width is a whole number and a unit, such as 10s",
            Self::NotPositive => "a bucket width must be positive",
            Self::Unit => "a bucket width has one unit: ns, us, ms, s, m, h, d, w, mon or y",
        }
    }
}

const SECOND: i64 = 1_000_000_000;

enum Unit {
    Nanos(i64),
    Months(i32),
}

fn unit(word: &str) -> Option<Unit> {
    Some(match word {
        "ns" | "nsec" | "nsecs" | "nanosecond" | "nanoseconds" => Unit::Nanos(1),
        "us" | "usec" | "usecs" | "microsecond" | "microseconds" => Unit::Nanos(1_000),
        "ms" | "msec" | "msecs" | "millisecond" | "milliseconds" => Unit::Nanos(1_000_000),
        "s" | "sec" | "secs" | "second" | "seconds" => Unit::Nanos(SECOND),
        "m" | "min" | "mins" | "minute" | "minutes" => Unit::Nanos(60 * SECOND),
        "h" | "hr" | "hrs" | "hour" | "hours" => Unit::Nanos(3_600 * SECOND),
        "d" | "day" | "days" => Unit::Nanos(86_400 * SECOND),
        "w" | "week" | "weeks" => Unit::Nanos(7 * 86_400 * SECOND),
        "mon" | "mons" | "month" | "months" => Unit::Months(1),
        "y" | "yr" | "yrs" | "year" | "years" => Unit::Months(12),
        _ => return None,
    })
}

impl BucketWidth {
    /// Reads a width, with or without blanks between number and unit, in any case.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, WidthProblem> {
        let text = text.trim();
        let (negative, digits) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
        let (number, word) = digits.split_at(end);
        let number: i64 = number.parse().map_err(|_| WidthProblem::Number)?;
        let unit = unit(&word.trim().to_ascii_lowercase()).ok_or(WidthProblem::Unit)?;
        if negative || number == 0 {
            return Err(WidthProblem::NotPositive);
        }
        match unit {
            Unit::Nanos(nanos) => number.checked_mul(nanos).map(Self::Nanos),
            Unit::Months(months) => i32::try_from(number).ok().and_then(|n| n.checked_mul(months)).map(Self::Months),
        }
        .ok_or(WidthProblem::Number)
    }

    /// Reads an interval: months alone, or days and less alone.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn from_interval(interval: IntervalMonthDayNano) -> Result<Self, WidthProblem> {
        let IntervalMonthDayNano { months, days, nanoseconds } = interval;
        let nanos = i64::from(days)
            .checked_mul(86_400 * SECOND)
            .and_then(|d| d.checked_add(nanoseconds))
            .ok_or(WidthProblem::Number)?;
        match (months, nanos) {
            (0, 1..) => Ok(Self::Nanos(nanos)),
            (1.., 0) => Ok(Self::Months(months)),
            (0, _) | (_, 0) => Err(WidthProblem::NotPositive),
            _ => Err(WidthProblem::Unit),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn widths() {
        assert_eq!(BucketWidth::parse("10s"), Ok(BucketWidth::Nanos(10 * SECOND)));
        assert_eq!(BucketWidth::parse(" 2 Hours "), Ok(BucketWidth::Nanos(7_200 * SECOND)));
        assert_eq!(BucketWidth::parse("1w"), Ok(BucketWidth::Nanos(604_800 * SECOND)));
        assert_eq!(BucketWidth::parse("3mon"), Ok(BucketWidth::Months(3)));
        assert_eq!(BucketWidth::parse("2yrs"), Ok(BucketWidth::Months(24)));
        assert_eq!(BucketWidth::parse("0s"), Err(WidthProblem::NotPositive));
        assert_eq!(BucketWidth::parse("-1s"), Err(WidthProblem::NotPositive));
        assert_eq!(BucketWidth::parse("s"), Err(WidthProblem::Number));
        assert_eq!(BucketWidth::parse("99999999999999999999s"), Err(WidthProblem::Number));
        assert_eq!(BucketWidth::parse("9999999999999w"), Err(WidthProblem::Number));
        assert_eq!(BucketWidth::parse("1"), Err(WidthProblem::Unit));
        assert_eq!(BucketWidth::parse("1.5s"), Err(WidthProblem::Unit));
        assert_eq!(BucketWidth::parse("1h30m"), Err(WidthProblem::Unit));
        let interval = |months, days, nanos| BucketWidth::from_interval(IntervalMonthDayNano::new(months, days, nanos));
        assert_eq!(interval(0, 1, 5), Ok(BucketWidth::Nanos(86_400 * SECOND + 5)));
        assert_eq!(interval(2, 0, 0), Ok(BucketWidth::Months(2)));
        assert_eq!(interval(1, 1, 0), Err(WidthProblem::Unit));
        assert_eq!(interval(0, 0, 0), Err(WidthProblem::NotPositive));
    }
}
