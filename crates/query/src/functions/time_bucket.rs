//! `time_bucket(time, width)`: the beginning of the bucket that a time falls into.
//!
//! Buckets of a fixed width are counted from 0001-01-01 00:00, those of months from January of
//! year 1. Points in time are cut in the session zone's local time, wall clocks as they are.

use super::bucket_width::BucketWidth;
use super::times::{TimeType, times_of};
use crate::time_text;
use arrow::array::{Array, ArrayRef};
use arrow::datatypes::{DataType, Field, FieldRef, IntervalUnit};
use datafusion::common::{ScalarValue, exec_datafusion_err, internal_err, plan_err};
use datafusion::config::ConfigOptions;
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::sort_properties::{ExprProperties, SortProperties};
use datafusion::logical_expr::{
    ColumnarValue, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};
use jiff::tz::TimeZone;
use model::ErrorKind;
use std::sync::Arc;

const DAY: i128 = 86_400_000_000_000;
/// From 0001-01-01 to 1970-01-01.
const ORIGIN: i128 = 719_162 * DAY;

#[derive(Debug, PartialEq, Eq, Hash)]
struct TimeBucket {
    name: String,
    /// The session's zone; none: UTC.
    zone: Option<String>,
    signature: Signature,
}

/// The function under a name.
#[must_use]
pub fn time_bucket(name: &str) -> ScalarUDF {
    with_zone(name, None)
}

fn with_zone(name: &str, zone: Option<String>) -> ScalarUDF {
    let signature = Signature::user_defined(Volatility::Immutable);
    ScalarUDF::new_from_impl(TimeBucket { name: name.to_owned(), zone, signature })
}

impl TimeBucket {
    fn zone(&self, time: TimeType) -> Result<TimeZone> {
        match &self.zone {
            Some(zone) if time.zoned => time_text::zone(zone).map_err(crate::error::external),
            _ => Ok(TimeZone::UTC),
        }
    }

    fn width(&self, width: &ScalarValue) -> Result<Option<BucketWidth>> {
        let read = match width {
            ScalarValue::Utf8(text) => text.as_deref().map(BucketWidth::parse),
            ScalarValue::IntervalMonthDayNano(interval) => interval.map(BucketWidth::from_interval),
            other => return internal_err!("{} was given a width of type {}", self.name, other.data_type()),
        };
        let invalid = |reason: &str| {
            crate::error::external(ErrorKind::InvalidStatement { reason: format!("{}: {reason}", self.name) }.into())
        };
        read.transpose().map_err(|problem| invalid(problem.text()))
    }
}

impl ScalarUDFImpl for TimeBucket {
    fn name(&self) -> &str {
        &self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn with_updated_config(&self, config: &ConfigOptions) -> Option<ScalarUDF> {
        Some(with_zone(&self.name, config.execution.time_zone.clone()))
    }

    fn coerce_types(&self, arg_types: &[DataType]) -> Result<Vec<DataType>> {
        let [time, width] = arg_types else {
            return plan_err!("{} takes a time and a width", self.name);
        };
        let time = match time {
            DataType::Timestamp(..) => time.clone(),
            DataType::Date32 | DataType::Null => DataType::Timestamp(arrow::datatypes::TimeUnit::Millisecond, None),
            other => return plan_err!("{} takes a time, not {other}", self.name),
        };
        let width = match width {
            DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View | DataType::Null => DataType::Utf8,
            DataType::Interval(_) => DataType::Interval(IntervalUnit::MonthDayNano),
            other => return plan_err!("{} takes a width such as '10s', not {other}", self.name),
        };
        Ok(vec![time, width])
    }

    fn return_type(&self, arg_types: &[DataType]) -> Result<DataType> {
        match arg_types.first() {
            Some(time) => Ok(time.clone()),
            None => plan_err!("{} takes a time and a width", self.name),
        }
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs) -> Result<FieldRef> {
        let nullable = args.arg_fields.iter().any(|f| f.is_nullable());
        let types: Vec<DataType> = args.arg_fields.iter().map(|f| f.data_type().clone()).collect();
        // A wrong width is an error of the statement, not of its first row.
        if let Some(Some(width)) = args.scalar_arguments.get(1) {
            self.width(width)?;
        }
        Ok(Arc::new(Field::new(&self.name, self.return_type(&types)?, nullable)))
    }

    fn output_ordering(&self, input: &[ExprProperties]) -> Result<SortProperties> {
        let [time, width] = input else { return Ok(SortProperties::Unordered) };
        // Where clocks are set back a later time may fall into an earlier bucket.
        let fixed = match &self.zone {
            Some(zone) => time_text::zone(zone).is_ok_and(|z| z.to_fixed_offset().is_ok()),
            None => true,
        };
        let local = TimeType::of(&time.range.data_type()).is_some_and(|t| !t.zoned);
        if width.sort_properties == SortProperties::Singleton && (fixed || local) {
            Ok(time.sort_properties)
        } else {
            Ok(SortProperties::Unordered)
        }
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let [time, ColumnarValue::Scalar(width)] = args.args.as_slice() else {
            return plan_err!("{} takes a constant width", self.name);
        };
        let data_type = time.data_type();
        let Some(time_type) = TimeType::of(&data_type) else {
            return internal_err!("{} was given {data_type}", self.name);
        };
        let Some(width) = self.width(width)? else {
            return Ok(ColumnarValue::Scalar(ScalarValue::try_from(&data_type)?));
        };
        let cutter = Cutter { width, time: time_type, zone: self.zone(time_type)? };
        match time {
            ColumnarValue::Array(times) => Ok(ColumnarValue::Array(cutter.cut_all(times)?)),
            ColumnarValue::Scalar(one) => {
                let cut = cutter.cut_all(&one.to_array()?)?;
                Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&cut, 0)?))
            }
        }
    }
}

struct Cutter {
    width: BucketWidth,
    time: TimeType,
    zone: TimeZone,
}

impl Cutter {
    fn cut_all(&self, times: &ArrayRef) -> Result<ArrayRef> {
        let values = times_of(times)?;
        let fast = self.shift();
        let cut = (0..values.len()).map(|row| {
            if times.is_null(row) {
                return Ok(None);
            }
            let cut = match fast {
                Some((width, shift)) => {
                    values[row].checked_sub((values[row].rem_euclid(width) + shift).rem_euclid(width))
                }
                None => self.cut(values[row]),
            };
            cut.map(Some).ok_or_else(|| too_far(values[row], times.data_type()))
        });
        self.time.array(cut.collect::<Result<Vec<_>>>()?, times.data_type())
    }

    /// Width and distance of the origin in the column's unit, where the arithmetic is that plain.
    fn shift(&self) -> Option<(i64, i64)> {
        let BucketWidth::Nanos(width) = self.width else { return None };
        let (width, unit) = (i128::from(width), self.time.nanos);
        let offset = i128::from(self.zone.to_fixed_offset().ok()?.seconds()) * 1_000_000_000;
        if width % unit != 0 || offset % unit != 0 || width > i128::from(i64::MAX / 2) * unit {
            return None;
        }
        let shift = (ORIGIN + offset).rem_euclid(width) / unit;
        Some((i64::try_from(width / unit).ok()?, i64::try_from(shift).ok()?))
    }

    fn cut(&self, time: i64) -> Option<i64> {
        let instant = i128::from(time) * self.time.nanos;
        let local = time_text::instant_to_local(instant, &self.zone)?;
        let start = match self.width {
            BucketWidth::Nanos(width) => local - (local + ORIGIN).rem_euclid(i128::from(width)),
            BucketWidth::Months(months) => {
                let civil = time_text::civil(local)?;
                let month = (i32::from(civil.year()) - 1) * 12 + i32::from(civil.month()) - 1;
                let month = month - month.rem_euclid(months);
                let year = i16::try_from(month.div_euclid(12) + 1).ok()?;
                let first = jiff::civil::Date::new(year, i8::try_from(month.rem_euclid(12) + 1).ok()?, 1).ok()?;
                time_text::civil_nanos(first.to_datetime(jiff::civil::Time::midnight()))?
            }
        };
        // Under the offset of the time itself, so that an hour that a clock shows twice is two
        // buckets; under the zone's own where the offset changed since the bucket began.
        let same_offset = start + (instant - local);
        let start = if time_text::instant_to_local(same_offset, &self.zone) == Some(start) {
            same_offset
        } else {
            time_text::local_to_instant(start, &self.zone)?
        };
        i64::try_from(start.div_euclid(self.time.nanos)).ok()
    }
}

fn too_far(time: i64, data_type: &DataType) -> DataFusionError {
    exec_datafusion_err!("overflow: the bucket of {time} ({data_type}) begins before all times")
}

#[cfg(test)]
mod tests;
