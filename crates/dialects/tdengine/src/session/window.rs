//! INTERVAL: the windows that a time falls into, and where they end.
//!
//! Windows of a fixed length are counted from 1970 in UTC, those of days from midnight of the
//! session's zone, those of months from January. An offset moves their beginnings to the right.

use super::function::{Call, Function, argument, external, of};
use crate::timezone::{self, Zone};
use arrow::array::{Array, ArrayRef, AsArray, Int64Array, ListBuilder, PrimitiveBuilder};
use arrow::compute::cast;
use arrow::datatypes::{
    DataType, Field, Int64Type, IntervalMonthDayNano, IntervalMonthDayNanoType, IntervalUnit, TimeUnit,
};
use datafusion::common::plan_err;
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::ScalarUDF;
use std::sync::Arc;

/// `(time, length, sliding, offset)`: the beginning of the only window that a time falls into.
pub(crate) const WINDOW_START: &str = "window start";
/// The same with every window, as a list.
pub(crate) const WINDOW_STARTS: &str = "window starts";
/// `(start, length)`: the end of a window.
pub(crate) const WINDOW_END: &str = "window end";

const DAY: i128 = 86_400_000_000_000;

/// Nanoseconds of one count of a time type.
pub(super) fn nanos_per(data_type: &DataType) -> Result<i128> {
    match data_type {
        DataType::Timestamp(TimeUnit::Second, _) => Ok(1_000_000_000),
        DataType::Timestamp(TimeUnit::Millisecond, _) => Ok(1_000_000),
        DataType::Timestamp(TimeUnit::Microsecond, _) => Ok(1_000),
        DataType::Timestamp(TimeUnit::Nanosecond, _) => Ok(1),
        other => plan_err!("{other} is no time"),
    }
}

fn counts(values: &ArrayRef) -> Result<Int64Array> {
    Ok(cast(values, &DataType::Int64)?.as_primitive::<Int64Type>().clone())
}

fn interval(args: &[ArrayRef], index: usize) -> Result<IntervalMonthDayNano> {
    let values = argument(args, index)?.as_primitive::<IntervalMonthDayNanoType>();
    if values.is_empty() { Ok(IntervalMonthDayNano::new(0, 0, 0)) } else { Ok(values.value(0)) }
}

/// How windows lie.
struct Windows {
    length: IntervalMonthDayNano,
    sliding: IntervalMonthDayNano,
    offset: IntervalMonthDayNano,
    zone: Zone,
}

/// The fixed part of a span in nanoseconds.
fn fixed(span: IntervalMonthDayNano) -> i128 {
    i128::from(span.days) * DAY + i128::from(span.nanoseconds)
}

impl Windows {
    fn read(args: &[ArrayRef], call: &Call<'_>) -> Result<Self> {
        let zone = timezone::parse(call.zone).map_err(external)?;
        Ok(Self { length: interval(args, 1)?, sliding: interval(args, 2)?, offset: interval(args, 3)?, zone })
    }

    /// The difference of local time to UTC where windows begin at midnight.
    fn shift(&self, nanos: i128) -> i128 {
        if self.sliding.days == 0 {
            return 0;
        }
        let seconds = i64::try_from(nanos.div_euclid(1_000_000_000)).unwrap_or_default();
        i128::from(timezone::offset_seconds(&self.zone, seconds)) * 1_000_000_000
    }

    /// The latest beginning that is not after a time.
    fn latest(&self, nanos: i128) -> Option<i128> {
        if self.sliding.months > 0 {
            return self.latest_month(nanos);
        }
        let width = fixed(self.sliding);
        if width <= 0 {
            return None;
        }
        let shift = self.shift(nanos) - fixed(self.offset);
        Some((nanos + shift).div_euclid(width) * width - shift)
    }

    fn latest_month(&self, nanos: i128) -> Option<i128> {
        let width = i64::from(self.sliding.months);
        let local = nanos - fixed(self.offset);
        let seconds = i64::try_from(local.div_euclid(1_000_000_000)).ok()?;
        let wall =
            jiff::Timestamp::from_second(seconds + i64::from(timezone::offset_seconds(&self.zone, seconds))).ok()?;
        let wall = jiff::tz::TimeZone::UTC.to_datetime(wall);
        let month = i64::from(wall.year()) * 12 + i64::from(wall.month()) - 1 - i64::from(self.offset.months);
        let month = month.div_euclid(width) * width + i64::from(self.offset.months);
        Some(self.month_start(month)? + fixed(self.offset))
    }

    fn month_start(&self, month: i64) -> Option<i128> {
        let year = i16::try_from(month.div_euclid(12)).ok()?;
        let month = i8::try_from(month.rem_euclid(12) + 1).ok()?;
        let first = jiff::civil::Date::new(year, month, 1).ok()?;
        timezone::instant_of(&self.zone, first.to_datetime(jiff::civil::Time::midnight()))
    }

    /// Every beginning of a window that a time falls into, the earliest first.
    fn all(&self, nanos: i128) -> Option<Vec<i128>> {
        let latest = self.latest(nanos)?;
        if self.sliding.months > 0 {
            return Some(vec![latest]);
        }
        let (width, length) = (fixed(self.sliding), fixed(self.length));
        let mut starts = Vec::new();
        let mut start = latest;
        while start > nanos - length {
            starts.push(start);
            start -= width;
        }
        starts.reverse();
        Some(starts)
    }
}

fn too_far() -> DataFusionError {
    DataFusionError::Execution("a window begins before all times".to_owned())
}

fn back(nanos: i128, per: i128) -> Result<i64> {
    i64::try_from(nanos.div_euclid(per)).map_err(|_| too_far())
}

fn start(args: &[ArrayRef], call: &Call<'_>) -> Result<ArrayRef> {
    let times = argument(args, 0)?;
    let (per, windows, values) = (nanos_per(times.data_type())?, Windows::read(args, call)?, counts(times)?);
    let one = |value: Option<i64>| {
        value.map(|at| back(windows.latest(i128::from(at) * per).ok_or_else(too_far)?, per)).transpose()
    };
    let starts: ArrayRef = Arc::new(values.iter().map(one).collect::<Result<Int64Array>>()?);
    Ok(cast(&starts, times.data_type())?)
}

fn starts(args: &[ArrayRef], call: &Call<'_>) -> Result<ArrayRef> {
    let times = argument(args, 0)?;
    let (per, windows, values) = (nanos_per(times.data_type())?, Windows::read(args, call)?, counts(times)?);
    let mut lists = ListBuilder::new(PrimitiveBuilder::<Int64Type>::new());
    for value in &values {
        let Some(at) = value else {
            lists.append_null();
            continue;
        };
        for start in windows.all(i128::from(at) * per).ok_or_else(too_far)? {
            lists.values().append_value(back(start, per)?);
        }
        lists.append(true);
    }
    let lists: ArrayRef = Arc::new(lists.finish());
    Ok(cast(&lists, call.result)?)
}

fn end(args: &[ArrayRef], call: &Call<'_>) -> Result<ArrayRef> {
    let times = argument(args, 0)?;
    let (per, length, values) = (nanos_per(times.data_type())?, interval(args, 1)?, counts(times)?);
    let zone = timezone::parse(call.zone).map_err(external)?;
    let windows = Windows { length, sliding: length, offset: IntervalMonthDayNano::new(0, 0, 0), zone };
    let one = |value: Option<i64>| {
        let Some(at) = value else { return Ok(None) };
        let nanos = i128::from(at) * per;
        let end = if length.months > 0 {
            months_later(&windows, nanos, length.months).ok_or_else(too_far)?
        } else {
            nanos + fixed(length)
        };
        back(end, per).map(Some)
    };
    let ends: ArrayRef = Arc::new(values.iter().map(one).collect::<Result<Int64Array>>()?);
    Ok(cast(&ends, times.data_type())?)
}

fn months_later(windows: &Windows, nanos: i128, months: i32) -> Option<i128> {
    let seconds = i64::try_from(nanos.div_euclid(1_000_000_000)).ok()?;
    let offset = i64::from(timezone::offset_seconds(&windows.zone, seconds));
    let wall = jiff::tz::TimeZone::UTC.to_datetime(jiff::Timestamp::from_second(seconds + offset).ok()?);
    let later = wall.checked_add(jiff::Span::new().months(i64::from(months))).ok()?;
    Some(timezone::instant_of(&windows.zone, later)? + nanos.rem_euclid(1_000_000_000))
}

fn time_and_spans(types: &[DataType]) -> Vec<DataType> {
    let span = DataType::Interval(IntervalUnit::MonthDayNano);
    types.iter().enumerate().map(|(i, t)| if i == 0 { t.clone() } else { span.clone() }).collect()
}

fn first(fields: &[arrow::datatypes::FieldRef]) -> DataType {
    fields.first().map_or(DataType::Null, |field| field.data_type().clone())
}

/// Every function.
pub(super) fn functions() -> Vec<ScalarUDF> {
    vec![
        Function::scalar(WINDOW_START, |_, types| Ok(time_and_spans(types)), |fields, _| of(first(fields)), start),
        Function::scalar(
            WINDOW_STARTS,
            |_, types| Ok(time_and_spans(types)),
            |fields, _| of(DataType::List(Arc::new(Field::new_list_field(first(fields), true)))),
            starts,
        ),
        Function::scalar(WINDOW_END, |_, types| Ok(time_and_spans(types)), |fields, _| of(first(fields)), end),
    ]
}

#[cfg(test)]
mod tests {
    use super::Windows;
    use crate::timezone;
    use arrow::datatypes::IntervalMonthDayNano;

    const SECOND: i128 = 1_000_000_000;

    fn span(seconds: i64) -> IntervalMonthDayNano {
        IntervalMonthDayNano::new(0, 0, seconds * 1_000_000_000)
    }

    fn windows(length: IntervalMonthDayNano, sliding: IntervalMonthDayNano, offset: i64, zone: &str) -> Windows {
        Windows { length, sliding, offset: span(offset), zone: timezone::parse(zone).unwrap() }
    }

    #[test]
    fn an_offset_moves_beginnings_to_the_right() {
        let windows = windows(span(60), span(60), 5, "UTC");
        assert_eq!(windows.latest(0), Some(-55 * SECOND));
        assert_eq!(windows.latest(5 * SECOND), Some(5 * SECOND));
    }

    #[test]
    fn sliding_windows_overlap() {
        let windows = windows(span(60), span(30), 0, "UTC");
        assert_eq!(windows.all(0), Some(vec![-30 * SECOND, 0]));
        assert_eq!(windows.all(29 * SECOND), Some(vec![-30 * SECOND, 0]));
    }

    #[test]
    fn days_begin_at_midnight_of_the_zone_and_weeks_on_thursday() {
        let day = IntervalMonthDayNano::new(0, 1, 0);
        assert_eq!(windows(day, day, 0, "Asia/Shanghai").latest(0), Some(-8 * 3_600 * SECOND));
        let week = IntervalMonthDayNano::new(0, 7, 0);
        assert_eq!(windows(week, week, 0, "UTC").latest(6 * 86_400 * SECOND), Some(0));
    }

    #[test]
    fn months_are_those_of_the_calendar() {
        let month = IntervalMonthDayNano::new(1, 0, 0);
        // 2024-02-29T12:00:00Z
        assert_eq!(windows(month, month, 0, "UTC").latest(1_709_208_000 * SECOND), Some(1_706_745_600 * SECOND));
        let quarter = IntervalMonthDayNano::new(3, 0, 0);
        assert_eq!(windows(quarter, quarter, 0, "UTC").latest(1_709_208_000 * SECOND), Some(1_704_067_200 * SECOND));
    }
}
