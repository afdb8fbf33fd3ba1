//! Points in time and days: shifting, bins, parts.

use super::scalar::{Spec, failed, function, to_times};
use super::{DATE_BIN, EXTRACT, RANGE_KEY, SHIFT};
use crate::times;
use crate::types::{Type, arrow_word};
use crate::zone::{self, Zone};
use arrow::array::{Array, ArrayRef, AsArray, Date32Array, Int64Array};
use arrow::datatypes::{DataType, Date32Type};
use datafusion::common::internal_err;
use datafusion::error::Result;
use datafusion::logical_expr::{Expr, Operator};
use jiff::civil::DateTime;
use std::sync::Arc;

const DAY: i64 = 86_400_000;

/// `time + count` or `time - count`, the count in milliseconds: `f(time, count, sign)`.
const SHIFT_BY: &str = "\u{0}shift_by";
/// The count of milliseconds of a time, as DOUBLE.
const COUNT: &str = "\u{0}count";

static SHIFT_BY_SPEC: &Spec = &SPECS[0];
static COUNT_SPEC: &Spec = &SPECS[1];
static WHOLE_SPEC: &Spec = &SPECS[2];

/// A time or a day shifted by a number.
pub(super) fn shifted(time: Expr, count: Expr, operator: Operator) -> Expr {
    let sign = if operator == Operator::Minus { -1_i64 } else { 1 };
    function(SHIFT_BY_SPEC).call(vec![time, count, datafusion::logical_expr::lit(sign)])
}

/// A time as a number that can be compared with any other.
pub(super) fn count(time: Expr) -> Expr {
    function(COUNT_SPEC).call(vec![time])
}

/// The milliseconds of a time, whole.
pub(super) fn whole(time: Expr) -> Expr {
    function(WHOLE_SPEC).call(vec![time])
}

pub(super) const SPECS: &[Spec] = &[
    Spec {
        name: SHIFT_BY,
        returns: |given| Ok(given.types.first().cloned().unwrap_or(DataType::Null).into()),
        run: |call| {
            let (counts, signs) = (call.longs(1)?, call.longs(2)?);
            let sign = if signs.is_empty() { 1 } else { signs.value(0) };
            if matches!(call.returned, DataType::Date32) {
                let zone = call.zone()?;
                let days = call.arg(0)?.as_primitive::<Date32Type>();
                let moved = days.iter().zip(counts.iter()).map(|(day, count)| match (day, count) {
                    (Some(day), Some(count)) => {
                        let midnight = midnight(day, &zone)?;
                        let moved = midnight.checked_add(count.wrapping_mul(sign)).ok_or_else(|| beyond(midnight))?;
                        day_of(moved, &zone).map(Some)
                    }
                    _ => Ok(None),
                });
                return Ok(Arc::new(moved.collect::<Result<Date32Array>>()?));
            }
            let times = call.times(0)?;
            let moved = times.iter().zip(counts.iter()).map(|(time, count)| match (time, count) {
                (Some(time), Some(count)) => {
                    let step = count.checked_mul(sign).ok_or_else(|| beyond(time))?;
                    time.checked_add(step).map(Some).ok_or_else(|| beyond(time))
                }
                _ => Ok(None),
            });
            let moved = moved.collect::<Result<Int64Array>>()?;
            finer_kept(call.arg(0)?, &times, &moved)
        },
    },
    Spec {
        name: COUNT,
        returns: |_| Ok(DataType::Float64.into()),
        run: |call| Ok(arrow::compute::cast(&call.times(0)?, &DataType::Float64)?),
    },
    Spec {
        name: RANGE_KEY,
        returns: |given| match given.only() {
            Some(Type::Timestamp) => Ok(DataType::Int64.into()),
            _ => Ok(given.types.first().cloned().unwrap_or(DataType::Null).into()),
        },
        run: |call| match call.arg(0)?.data_type() {
            DataType::Timestamp(..) => Ok(Arc::new(call.times(0)?)),
            _ => Ok(Arc::clone(call.arg(0)?)),
        },
    },
    Spec {
        name: SHIFT,
        returns: |given| match given.kinds().first() {
            Some(Some(Type::Timestamp | Type::Date | Type::Int64 | Type::Int32)) => {
                Ok(given.types.first().cloned().unwrap_or(DataType::Null).into())
            }
            other => {
                let word = other.copied().flatten().map_or("unknown", Type::word);
                Err(format!("Cannot apply operator: {word} + INTERVAL"))
            }
        },
        run: |call| {
            let zone = call.zone()?;
            let (months, millis) = (call.longs(1)?, call.longs(2)?);
            let span = |row: usize| (months.value(row), millis.value(row));
            let is_date = matches!(call.returned, DataType::Date32);
            let times = if is_date {
                let days = call.arg(0)?.as_primitive::<Date32Type>();
                let starts = days.iter().map(|day| day.map(|day| midnight(day, &zone)).transpose());
                starts.collect::<Result<Int64Array>>()?
            } else {
                call.times(0)?
            };
            let moved = (0..times.len()).map(|row| match times.is_valid(row) {
                true => {
                    let (months, millis) = span(row);
                    let time = times.value(row);
                    let moved = add_months(time, months, &zone).and_then(|time| time.checked_add(millis));
                    moved.map(Some).ok_or_else(|| beyond(time))
                }
                false => Ok(None),
            });
            let moved = moved.collect::<Result<Int64Array>>()?;
            if is_date {
                let days = moved.iter().map(|time| time.map(|time| day_of(time, &zone)).transpose());
                return Ok(Arc::new(days.collect::<Result<Date32Array>>()?));
            }
            finer_kept(call.arg(0)?, &times, &moved)
        },
    },
    Spec {
        name: DATE_BIN,
        returns: |given| {
            let takes = |kind: Option<&Option<Type>>| matches!(kind, Some(Some(Type::Timestamp)));
            let kinds = given.kinds();
            let origin = matches!(kinds.get(3), Some(Some(Type::Timestamp | Type::Int32 | Type::Int64)));
            if !takes(kinds.get(2)) || !origin {
                return Err(
                    "Scalar function date_bin only accepts two or three arguments and the second and third must \
                            be TimeStamp data type."
                        .to_owned(),
                );
            }
            Ok(given.types.get(2).cloned().unwrap_or(DataType::Null).into())
        },
        run: |call| {
            let (months, millis) = (call.longs(0)?, call.longs(1)?);
            let (times, origins) = (call.times(2)?, call.times(3)?);
            let binned = (0..times.len()).map(|row| {
                if times.is_null(row) || origins.is_null(row) {
                    return Ok(None);
                }
                let (time, origin) = (times.value(row), origins.value(row));
                let bin = match (months.value(row), millis.value(row)) {
                    (0, 0) => Some(time),
                    (0, millis) => time
                        .checked_sub(origin)
                        .map(|since| origin.wrapping_add(since.div_euclid(millis).wrapping_mul(millis))),
                    (months, _) => month_bin(time, origin, months),
                };
                bin.map(Some).ok_or_else(|| beyond(time))
            });
            call.instants(&binned.collect::<Result<Int64Array>>()?)
        },
    },
    Spec {
        name: EXTRACT,
        returns: |given| match given.kinds().get(1) {
            Some(Some(Type::Timestamp)) => Ok(DataType::Int64.into()),
            _ => {
                let word = given.types.get(1).map_or("unknown", arrow_word);
                Err(format!("Cannot extract from {word}"))
            }
        },
        run: |call| {
            let fields = call.texts(0)?;
            if fields.is_empty() {
                return Ok(Arc::new(Int64Array::from(Vec::<i64>::new())));
            }
            let (field, zone) = (fields.value(0).to_owned(), call.zone()?);
            let times = call.times(1)?;
            let parts = times.iter().map(|time| match time {
                Some(time) => part(&field, zone::clock(&zone, time).ok_or_else(|| beyond(time))?).map(Some),
                None => Ok(None),
            });
            Ok(Arc::new(parts.collect::<Result<Int64Array>>()?))
        },
    },
];

fn beyond(time: i64) -> datafusion::error::DataFusionError {
    failed(format!("the time {time} is out of range"))
}

/// Moves finer times than milliseconds by whole milliseconds.
fn finer_kept(array: &ArrayRef, before: &Int64Array, moved: &Int64Array) -> Result<ArrayRef> {
    use arrow::datatypes::TimeUnit;
    match array.data_type() {
        DataType::Timestamp(TimeUnit::Millisecond, _) | DataType::Int64 | DataType::Int32 => {
            to_times(moved, array.data_type())
        }
        DataType::Timestamp(..) => {
            let base = to_times(before, array.data_type())?;
            let counts = |array: &ArrayRef| -> Result<Int64Array> {
                let whole = arrow::compute::cast(array, &DataType::Int64)?;
                Ok(whole.as_primitive::<arrow::datatypes::Int64Type>().clone())
            };
            let rest = arrow::compute::kernels::numeric::sub(&counts(array)?, &counts(&base)?)?;
            let target = to_times(moved, array.data_type())?;
            let sum = arrow::compute::kernels::numeric::add(&counts(&target)?, &rest)?;
            Ok(arrow::compute::cast(&sum, array.data_type())?)
        }
        other => internal_err!("a shift of {other}"),
    }
}

fn midnight(day: i32, zone: &Zone) -> Result<i64> {
    let clock = zone::clock(&Zone::utc(), times::midnight(day));
    clock.and_then(|clock| zone::milliseconds(zone, clock)).ok_or_else(|| beyond(times::midnight(day)))
}

/// The day of a point in time in a zone.
pub(super) fn day_of(time: i64, zone: &Zone) -> Result<i32> {
    let clock = zone::clock(zone, time).ok_or_else(|| beyond(time))?;
    let wall = zone::milliseconds(&Zone::utc(), clock).ok_or_else(|| beyond(time))?;
    i32::try_from(wall.div_euclid(DAY)).map_err(|_| beyond(time))
}

/// Midnight of a day in a zone.
pub(super) fn start_of(day: i32, zone: &Zone) -> Result<i64> {
    midnight(day, zone)
}

fn add_months(time: i64, months: i64, zone: &Zone) -> Option<i64> {
    if months == 0 {
        return Some(time);
    }
    let span = jiff::Span::new().try_months(months).ok()?;
    zone::milliseconds(zone, zone::clock(zone, time)?.checked_add(span).ok()?)
}

/// The beginning of a bin of months counted from an origin, in UTC.
fn month_bin(time: i64, origin: i64, months: i64) -> Option<i64> {
    let utc = Zone::utc();
    let (clock, start) = (zone::clock(&utc, time)?, zone::clock(&utc, origin)?);
    let number = |clock: DateTime| i64::from(clock.year()) * 12 + i64::from(clock.month()) - 1;
    let mut bins = (number(clock) - number(start)).div_euclid(months);
    loop {
        let begin = add_months(origin, bins.checked_mul(months)?, &utc)?;
        if begin <= time {
            return Some(begin);
        }
        bins -= 1;
    }
}

fn part(field: &str, clock: DateTime) -> Result<i64> {
    let nanos = i64::from(clock.subsec_nanosecond());
    Ok(match field {
        "YEAR" => i64::from(clock.year()),
        "QUARTER" => (i64::from(clock.month()) + 2) / 3,
        "MONTH" => i64::from(clock.month()),
        // Weeks of the year count from its first day.
        "WEEK" => (i64::from(clock.day_of_year()) - 1) / 7 + 1,
        "DAY" => i64::from(clock.day()),
        "DAY_OF_WEEK" => i64::from(clock.weekday().to_monday_one_offset()),
        "DAY_OF_YEAR" => i64::from(clock.day_of_year()),
        "HOUR" => i64::from(clock.hour()),
        "MINUTE" => i64::from(clock.minute()),
        "SECOND" => i64::from(clock.second()),
        "MS" => nanos / 1_000_000,
        "US" => nanos / 1_000 % 1_000,
        "NS" => nanos % 1_000,
        other => return internal_err!("no field {other}"),
    })
}

#[cfg(test)]
mod tests {
    use super::{month_bin, part};
    use crate::zone::{self, Zone};

    #[test]
    fn bins_of_months() {
        let at = |text: &str| crate::times::parse(text, &Zone::utc()).unwrap();
        assert_eq!(month_bin(at("2000-02-29"), 0, 1), Some(at("2000-02-01")));
        assert_eq!(month_bin(at("1969-12-31"), 0, 1), Some(at("1969-12-01")));
        assert_eq!(month_bin(at("1969-12-31"), 0, 3), Some(at("1969-10-01")));
        let origin = at("2000-01-15");
        assert_eq!(month_bin(at("2000-02-29"), origin, 1), Some(at("2000-02-15")));
        assert_eq!(month_bin(at("2000-02-14"), origin, 1), Some(origin));
    }

    #[test]
    fn parts_of_a_time() {
        let clock = zone::clock(&Zone::utc(), 1_704_067_199_999).unwrap();
        for (field, value) in [("YEAR", 2023), ("QUARTER", 4), ("WEEK", 53), ("DAY_OF_WEEK", 7), ("MS", 999)] {
            assert_eq!(part(field, clock).unwrap(), value, "{field}");
        }
    }
}
