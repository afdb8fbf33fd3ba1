//! `date_trunc(unit, ts)` and `extract(unit, ts)`: points in time are cut and read on the clock of
//! the session's zone.

use super::zoned::{Moment, instant_type, is_time_like, moments, refused, session_zone, timestamps};
use arrow::array::{Array, ArrayRef, AsArray, Float64Array, IntervalMonthDayNanoArray, StringArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int64Type, IntervalMonthDayNano, IntervalMonthDayNanoType, IntervalUnit, TimeUnit};
use datafusion::common::internal_err;
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::{ScalarUDF, Signature, Volatility};
use dialect::calendar::{Day, iso_week, iso_weekday};
use query::functions::{RowArguments, RowCall, RowFunction};
use std::sync::Arc;

const SECOND: i128 = 1_000_000_000;
const DAY: i128 = 86_400 * SECOND;

/// A part of a time, or what a time is cut to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Millennium,
    Century,
    Decade,
    Year,
    IsoYear,
    Quarter,
    Month,
    Week,
    Day,
    DayOfWeek,
    IsoDayOfWeek,
    DayOfYear,
    Hour,
    Minute,
    Second,
    Millisecond,
    Microsecond,
    Nanosecond,
    Epoch,
    Timezone,
    TimezoneHour,
    TimezoneMinute,
}

impl Part {
    fn parse(word: &str) -> Option<Self> {
        Some(match word.trim().trim_matches('\'').to_ascii_lowercase().as_str() {
            "millennium" | "millennia" | "millenniums" => Self::Millennium,
            "century" | "centuries" => Self::Century,
            "decade" | "decades" => Self::Decade,
            "year" | "years" | "y" | "yr" | "yrs" => Self::Year,
            "isoyear" => Self::IsoYear,
            "quarter" | "qtr" => Self::Quarter,
            "month" | "months" | "mon" | "mons" => Self::Month,
            "week" | "weeks" | "w" => Self::Week,
            "day" | "days" | "d" => Self::Day,
            "dow" | "dayofweek" => Self::DayOfWeek,
            "isodow" => Self::IsoDayOfWeek,
            "doy" | "dayofyear" => Self::DayOfYear,
            "hour" | "hours" | "h" | "hr" | "hrs" => Self::Hour,
            "minute" | "minutes" | "m" | "min" | "mins" => Self::Minute,
            "second" | "seconds" | "s" | "sec" | "secs" => Self::Second,
            "millisecond" | "milliseconds" | "ms" | "msec" | "msecs" => Self::Millisecond,
            "microsecond" | "microseconds" | "us" | "usec" | "usecs" => Self::Microsecond,
            "nanosecond" | "nanoseconds" | "ns" | "nsec" | "nsecs" => Self::Nanosecond,
            "epoch" => Self::Epoch,
            "timezone" => Self::Timezone,
            "timezone_hour" => Self::TimezoneHour,
            "timezone_minute" => Self::TimezoneMinute,
            _ => return None,
        })
    }

    const fn is_years(self) -> bool {
        matches!(self, Self::Millennium | Self::Century | Self::Decade | Self::Year)
    }

    /// The start of the part that holds a reading; `None` when times are not cut to it.
    fn cut(self, wall: i128) -> Option<i128> {
        let days = i64::try_from(wall.div_euclid(DAY)).ok()?;
        let day = Day::of(days);
        let first_of = |year: i64, month: i64| i128::from(Day { year, month, day: 1 }.days()) * DAY;
        // Centuries and millennia end with the year that gives them their number.
        let span = |years: i64| (day.year - 1).div_euclid(years) * years + 1;
        let multiple = |of: i128| Some(wall.div_euclid(of) * of);
        match self {
            Self::Millennium => Some(first_of(span(1000), 1)),
            Self::Century => Some(first_of(span(100), 1)),
            Self::Decade => Some(first_of(day.year.div_euclid(10) * 10, 1)),
            Self::Year => Some(first_of(day.year, 1)),
            Self::Quarter => Some(first_of(day.year, (day.month - 1) / 3 * 3 + 1)),
            Self::Month => Some(first_of(day.year, day.month)),
            Self::Week => Some(i128::from(days - iso_weekday(days) + 1) * DAY),
            Self::Day => multiple(DAY),
            Self::Hour => multiple(3_600 * SECOND),
            Self::Minute => multiple(60 * SECOND),
            Self::Second => multiple(SECOND),
            Self::Millisecond => multiple(1_000_000),
            Self::Microsecond => multiple(1_000),
            Self::Nanosecond => Some(wall),
            Self::IsoYear | Self::DayOfWeek | Self::IsoDayOfWeek | Self::DayOfYear | Self::Epoch => None,
            Self::Timezone | Self::TimezoneHour | Self::TimezoneMinute => None,
        }
    }

    /// The part of a reading; `instant` is the same time since 1970.
    fn of_time(self, wall: i128, instant: i128) -> Option<f64> {
        let days = i64::try_from(wall.div_euclid(DAY)).ok()?;
        let day = Day::of(days);
        let clock = wall.rem_euclid(DAY);
        let numbered = |years: i64| (day.year - 1).div_euclid(years) + 1;
        Some(match self {
            Self::Millennium => whole(numbered(1000)),
            Self::Century => whole(numbered(100)),
            Self::Decade => whole(day.year.div_euclid(10)),
            Self::Year => whole(day.year),
            Self::IsoYear => whole(iso_week(days).0),
            Self::Quarter => whole((day.month - 1) / 3 + 1),
            Self::Month => whole(day.month),
            Self::Week => whole(iso_week(days).1),
            Self::Day => whole(day.day),
            Self::DayOfWeek => whole(iso_weekday(days) % 7),
            Self::IsoDayOfWeek => whole(iso_weekday(days)),
            Self::DayOfYear => whole(day.of_year()),
            Self::Epoch => quotient(instant, SECOND),
            // How far the zone's clock is ahead; a wall clock is ahead of nothing.
            Self::Timezone => quotient((wall - instant) / SECOND, 1),
            Self::TimezoneHour => quotient((wall - instant) / (3_600 * SECOND), 1),
            Self::TimezoneMinute => quotient((wall - instant) / (60 * SECOND) % 60, 1),
            _ => return self.of_clock(clock),
        })
    }

    /// The part of nanoseconds since midnight, or of the clock of an interval.
    fn of_clock(self, nanos: i128) -> Option<f64> {
        Some(match self {
            Self::Hour => quotient(nanos / (3_600 * SECOND), 1),
            Self::Minute => quotient(nanos / (60 * SECOND) % 60, 1),
            Self::Second => quotient(nanos % (60 * SECOND), SECOND),
            Self::Millisecond => quotient(nanos % (60 * SECOND), 1_000_000),
            Self::Microsecond => quotient(nanos % (60 * SECOND), 1_000),
            Self::Nanosecond => quotient(nanos % (60 * SECOND), 1),
            Self::Epoch => quotient(nanos, SECOND),
            _ => return None,
        })
    }

    fn of_interval(self, months: i32, days: i32, nanos: i64) -> Option<f64> {
        let years = i64::from(months / 12);
        Some(match self {
            Self::Millennium => whole(years / 1000),
            Self::Century => whole(years / 100),
            Self::Decade => whole(years / 10),
            Self::Year => whole(years),
            Self::Quarter => whole(i64::from(months % 12 / 3 + 1)),
            Self::Month => whole(i64::from(months % 12)),
            Self::Day => whole(i64::from(days)),
            Self::Epoch => {
                // A month of 30 days, a year of 365.25.
                let years = i128::from(years) * 31_557_600;
                let months = i128::from(months % 12) * 2_592_000;
                let seconds = years + months + i128::from(days) * 86_400;
                quotient(seconds * SECOND + i128::from(nanos), SECOND)
            }
            _ => return self.of_clock(i128::from(nanos)),
        })
    }
}

fn whole(value: i64) -> f64 {
    quotient(value.into(), 1)
}

/// A count in coarser units, exact as far as a float is.
#[expect(clippy::cast_precision_loss, reason = "the answer is a float by definition")]
fn quotient(value: i128, by: i128) -> f64 {
    // Nanoseconds since 1970 have more digits than a float: the whole and the rest are rounded apart.
    (value / by) as f64 + (value % by) as f64 / by as f64
}

fn function(name: &'static str, cuts: bool) -> ScalarUDF {
    let returns = move |arguments: &RowArguments<'_>| if cuts { cut_type(arguments) } else { part_type(arguments) };
    let run = move |call: &RowCall<'_>| if cuts { cut_times(call) } else { parts_of(call) };
    RowFunction::new(name, Signature::any(2, Volatility::Stable), returns, run).into()
}

/// `date_trunc`
pub(super) fn date_trunc() -> ScalarUDF {
    function("date_trunc", true)
}

/// `extract`, which `date_part` is another name of.
pub(super) fn extract(name: &'static str) -> ScalarUDF {
    function(name, false)
}

/// The type of a cut time. The start of a year or more may lie before the first nanosecond that counts.
fn cut_type(arguments: &RowArguments<'_>) -> Result<DataType> {
    let of_years = match arguments.constants.first() {
        Some(Some(word)) => word.try_as_str().flatten().and_then(Part::parse).is_some_and(Part::is_years),
        _ => false,
    };
    let nanoseconds = if of_years { TimeUnit::Microsecond } else { TimeUnit::Nanosecond };
    let cut_unit = |unit: TimeUnit| if unit == TimeUnit::Nanosecond { nanoseconds } else { unit };
    match arguments.types().as_slice() {
        [word, _] if !word.is_string() && !word.is_null() => Err(arguments.unknown()),
        [_, DataType::Timestamp(unit, None)] => Ok(DataType::Timestamp(cut_unit(*unit), None)),
        [_, DataType::Timestamp(unit, Some(_))] => Ok(instant_type(cut_unit(*unit))),
        [_, DataType::Date32 | DataType::Null] => Ok(instant_type(TimeUnit::Microsecond)),
        [_, text] if text.is_string() => Ok(DataType::Timestamp(nanoseconds, None)),
        [_, DataType::Time64(_)] => Ok(DataType::Interval(IntervalUnit::MonthDayNano)),
        _ => Err(arguments.unknown()),
    }
}

fn part_type(arguments: &RowArguments<'_>) -> Result<DataType> {
    match arguments.types().as_slice() {
        [word, value]
            if (word.is_string() || word.is_null())
                && (is_time_like(value) || matches!(value, DataType::Interval(_) | DataType::Time64(_))) =>
        {
            Ok(DataType::Float64)
        }
        _ => Err(arguments.unknown()),
    }
}

/// The words of a call, row by row: each is a constant nearly always.
struct Words<'a> {
    function: &'static str,
    /// Times are cut to units that are spelled out.
    spelled_out: bool,
    words: &'a StringArray,
    values: &'a ArrayRef,
    known: Option<(&'a str, Part)>,
}

impl<'a> Words<'a> {
    /// The word of a row and what it means; `None` where it or its value is NULL.
    fn at(&mut self, row: usize) -> Result<Option<(&'a str, Part)>> {
        if self.words.is_null(row) || self.values.is_null(row) {
            return Ok(None);
        }
        let word = self.words.value(row);
        if self.known.is_none_or(|(last, _)| last != word) {
            let part = Part::parse(word).filter(|_| !self.spelled_out || word.len() >= "day".len());
            self.known = Some((word, part.ok_or_else(|| self.unsupported(word))?));
        }
        Ok(self.known)
    }

    fn unsupported(&self, word: &str) -> DataFusionError {
        refused(format!("{}(): unsupported timespan: {}", self.function, word.to_ascii_lowercase()))
    }
}

fn cut_times(call: &RowCall<'_>) -> Result<ArrayRef> {
    let zone = session_zone(call.options);
    let [words, values] = call.exactly()?;
    let words = cast(words, &DataType::Utf8)?;
    let words = words.as_string::<i32>();
    let mut words = Words { function: call.name, spelled_out: true, words, values, known: None };
    if matches!(values.data_type(), DataType::Time64(_)) {
        let clock = nanos_of_day(values)?;
        let mut cut = Vec::with_capacity(clock.len());
        for (row, nanos) in clock.into_iter().enumerate() {
            let Some((word, part)) = words.at(row)? else {
                cut.push(None);
                continue;
            };
            // A time of day counts microseconds.
            let cut_to = nanos.filter(|_| part != Part::Nanosecond).and_then(|nanos| part.cut(nanos));
            let start = cut_to.ok_or_else(|| words.unsupported(word))?;
            let nanos = i64::try_from(start).map_err(|_| words.unsupported(word))?;
            cut.push(Some(IntervalMonthDayNano::new(0, 0, nanos)));
        }
        return Ok(Arc::new(IntervalMonthDayNanoArray::from(cut)));
    }
    let DataType::Timestamp(unit, zoned) = call.returned else {
        return internal_err!("{} answers with a time", call.name);
    };
    let mut cut = Vec::with_capacity(values.len());
    for (row, moment) in moments(values, &zone)?.into_iter().enumerate() {
        let (Some((word, part)), Some(moment)) = (words.at(row)?, moment) else {
            cut.push(None);
            continue;
        };
        let start = part.cut(moment.wall(&zone)).ok_or_else(|| words.unsupported(word))?;
        cut.push(Some(if zoned.is_some() { zone.instant_of(start) } else { start }));
    }
    timestamps(cut.into_iter(), *unit, call.returned)
}

fn parts_of(call: &RowCall<'_>) -> Result<ArrayRef> {
    let zone = session_zone(call.options);
    let [words, values] = call.exactly()?;
    let words = cast(words, &DataType::Utf8)?;
    let words = words.as_string::<i32>();
    let mut words = Words { function: call.name, spelled_out: false, words, values, known: None };
    let mut parts = Vec::with_capacity(values.len());
    let mut add = |row: usize, is_null: bool, read: &dyn Fn(Part) -> Option<f64>| -> Result<()> {
        let part = match words.at(row)? {
            Some((word, part)) if !is_null => Some(read(part).ok_or_else(|| words.unsupported(word))?),
            _ => None,
        };
        parts.push(part);
        Ok(())
    };
    match values.data_type() {
        DataType::Interval(_) => {
            let intervals = cast(values, &DataType::Interval(IntervalUnit::MonthDayNano))?;
            for (row, value) in intervals.as_primitive::<IntervalMonthDayNanoType>().values().iter().enumerate() {
                add(row, false, &|part| part.of_interval(value.months, value.days, value.nanoseconds))?;
            }
        }
        DataType::Time64(_) => {
            for (row, nanos) in nanos_of_day(values)?.into_iter().enumerate() {
                add(row, nanos.is_none(), &|part| {
                    nanos.filter(|_| part != Part::Nanosecond).and_then(|nanos| part.of_clock(nanos))
                })?;
            }
        }
        _ => {
            for (row, moment) in moments(values, &zone)?.into_iter().enumerate() {
                add(row, moment.is_none(), &|part| {
                    let moment = moment?;
                    // A wall clock counts since 1970 on that same clock.
                    let since = match moment {
                        Moment::Instant(nanos) | Moment::Wall(nanos) => nanos,
                        Moment::Text { instant, .. } => instant,
                    };
                    part.of_time(moment.wall(&zone), since)
                })?;
            }
        }
    }
    Ok(Arc::new(Float64Array::from(parts)))
}

fn nanos_of_day(values: &ArrayRef) -> Result<Vec<Option<i128>>> {
    let nanos = cast(&cast(values, &DataType::Time64(TimeUnit::Nanosecond))?, &DataType::Int64)?;
    Ok(nanos.as_primitive::<Int64Type>().iter().map(|nanos| nanos.map(i128::from)).collect())
}

#[cfg(test)]
mod tests {
    use super::{DAY, Part, SECOND};

    fn cut(word: &str, wall: i128) -> Option<i128> {
        Part::parse(word).unwrap().cut(wall)
    }

    #[test]
    fn times_are_cut_before_and_after_1970() {
        // 1969-12-31 23:59:58.5
        let wall = -3 * SECOND / 2;
        for (word, start) in [
            ("second", -2 * SECOND),
            ("minute", -60 * SECOND),
            ("day", -DAY),
            ("week", -3 * DAY),
            ("month", -31 * DAY),
            ("quarter", -92 * DAY),
            ("year", -365 * DAY),
            ("ms", wall),
        ] {
            assert_eq!(cut(word, wall), Some(start), "{word}");
        }
        assert_eq!(cut("century", 0), Some(-25_202 * DAY)); // 1901-01-01
        assert_eq!(cut("epoch", 0), None);
    }

    #[test]
    fn parts_of_intervals_and_times() {
        assert_eq!(Part::Nanosecond.of_interval(0, 0, 2_000_000_001), Some(2_000_000_001.0));
        assert_eq!(Part::Month.of_interval(14, 3, 0), Some(2.0));
        assert_eq!(Part::Epoch.of_interval(0, 1, 500_000_000), Some(86_400.5));
        assert_eq!(Part::Nanosecond.of_time(123_456_789, 123_456_789), Some(123_456_789.0));
        assert_eq!(Part::Second.of_time(61 * SECOND + SECOND / 2, 0), Some(1.5));
        assert_eq!(Part::DayOfWeek.of_time(0, 0), Some(4.0));
        assert_eq!(Part::Century.of_time(0, 0), Some(20.0));
    }

    #[test]
    fn seconds_since_1970_are_the_nearest_float() {
        let epoch = |nanos| Part::Epoch.of_time(nanos, nanos);
        assert_eq!(epoch(1_700_000_000_002_000_000), Some(1_700_000_000.002));
        assert_eq!(epoch(1_700_000_003_266_000_000), Some(1_700_000_003.266));
        assert_eq!(epoch(-1_700_000_000_002_000_000), Some(-1_700_000_000.002));
        assert_eq!(epoch(-1), Some(-1e-9));
    }
}
