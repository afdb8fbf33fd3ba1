//! One value as JSON: booleans as 0 and 1, exact numbers and times as texts, bytes in base64, NULL
//! and what JSON cannot say as null.

use crate::types::{Shown, result_type};
use crate::zone::{Zone, clock_text, date_text, datetime_text};
use arrow::array::{Array, ArrayRef, AsArray};
use arrow::compute::cast;
use arrow::datatypes as at;
use arrow::datatypes::{DataType, Field, IntervalUnit, TimeUnit};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use dialect::decimal_text;
use dialect::json::push_string;
use model::{Error, Result, uuid_text};
use std::sync::Arc;

/// The values of one column of a batch, brought to a type that is printed directly.
pub(crate) struct Column {
    values: ArrayRef,
    shown: Shown,
    /// Whether sixteen bytes are printed as a UUID.
    is_uuid: bool,
}

fn to(values: &ArrayRef, data_type: &DataType) -> Result<ArrayRef> {
    cast(values, data_type).map_err(Error::internal)
}

impl Column {
    /// The column of a batch.
    pub(crate) fn new(values: &ArrayRef, field: &Field) -> Result<Self> {
        let (_, shown) = result_type(field);
        let is_uuid = matches!(values.data_type(), DataType::FixedSizeBinary(16));
        let values = match values.data_type() {
            DataType::Float16 => to(values, &DataType::Float32)?,
            DataType::Decimal32(_, scale) | DataType::Decimal64(_, scale) => {
                to(values, &DataType::Decimal128(38, *scale))?
            }
            DataType::LargeUtf8 | DataType::Utf8View => to(values, &DataType::Utf8)?,
            DataType::LargeBinary | DataType::BinaryView | DataType::FixedSizeBinary(_) => {
                to(values, &DataType::Binary)?
            }
            DataType::Timestamp(TimeUnit::Second, zone) => {
                to(values, &DataType::Timestamp(TimeUnit::Millisecond, zone.clone()))?
            }
            DataType::Date64 => to(values, &DataType::Date32)?,
            DataType::Time32(_) | DataType::Time64(TimeUnit::Microsecond) => {
                to(values, &DataType::Time64(TimeUnit::Nanosecond))?
            }
            DataType::Interval(_) | DataType::Duration(_) => {
                to(values, &DataType::Interval(IntervalUnit::MonthDayNano))?
            }
            _ => Arc::clone(values),
        };
        Ok(Self { values, shown, is_uuid })
    }

    /// Appends the value of a row as JSON.
    pub(crate) fn push(&self, out: &mut Vec<u8>, row: usize, zone: &Zone) -> Result<()> {
        if self.values.is_null(row) {
            out.extend_from_slice(b"null");
            return Ok(());
        }
        macro_rules! value {
            ($type:ty) => {
                self.values.as_primitive::<$type>().value(row)
            };
        }
        macro_rules! integer {
            ($type:ty) => {{
                let value = value!($type);
                let quote: &[u8] = if self.shown == Shown::WideInteger { b"\"" } else { b"" };
                out.extend_from_slice(quote);
                out.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
                out.extend_from_slice(quote);
            }};
        }
        match self.values.data_type() {
            DataType::Null => out.extend_from_slice(b"null"),
            DataType::Boolean => out.push(if self.values.as_boolean().value(row) { b'1' } else { b'0' }),
            DataType::Int8 => integer!(at::Int8Type),
            DataType::Int16 => integer!(at::Int16Type),
            DataType::Int32 => integer!(at::Int32Type),
            DataType::Int64 => integer!(at::Int64Type),
            DataType::UInt8 => integer!(at::UInt8Type),
            DataType::UInt16 => integer!(at::UInt16Type),
            DataType::UInt32 => integer!(at::UInt32Type),
            DataType::UInt64 => integer!(at::UInt64Type),
            DataType::Float32 => push_float(out, value!(at::Float32Type)),
            DataType::Float64 => push_float(out, value!(at::Float64Type)),
            DataType::Decimal128(_, scale) => push_string(out, &decimal_text(value!(at::Decimal128Type), *scale)),
            DataType::Decimal256(_, scale) => push_string(out, &decimal_text(value!(at::Decimal256Type), *scale)),
            DataType::Utf8 => self.push_text(out, self.values.as_string::<i32>().value(row)),
            DataType::Binary if self.is_uuid => {
                push_string(out, &uuid_text(self.values.as_binary::<i32>().value(row)));
            }
            DataType::Binary => push_string(out, &STANDARD.encode(self.values.as_binary::<i32>().value(row))),
            DataType::Timestamp(unit, zoned) => {
                let nanos = match unit {
                    TimeUnit::Microsecond => i128::from(value!(at::TimestampMicrosecondType)) * 1_000,
                    TimeUnit::Nanosecond => i128::from(value!(at::TimestampNanosecondType)),
                    TimeUnit::Millisecond | TimeUnit::Second => {
                        i128::from(value!(at::TimestampMillisecondType)) * 1_000_000
                    }
                };
                let wall = if zoned.is_some() { zone.wall_of(nanos) } else { nanos };
                push_string(out, &datetime_text(wall));
            }
            DataType::Date32 => push_string(out, &date_text(i64::from(value!(at::Date32Type)))),
            DataType::Time64(_) => push_string(out, &clock_text(i128::from(value!(at::Time64NanosecondType)))),
            DataType::Interval(_) => {
                let value = value!(at::IntervalMonthDayNanoType);
                push_string(out, &interval_text(value.months, value.days, value.nanoseconds));
            }
            DataType::List(_) => {
                let list = self.values.as_list::<i32>().value(row);
                let column = Self::new(&list, &Field::new("", list.data_type().clone(), true))?;
                out.push(b'[');
                for item in 0..list.len() {
                    if item > 0 {
                        out.extend_from_slice(b", ");
                    }
                    column.push(out, item, zone)?;
                }
                out.push(b']');
            }
            _ => {
                let texts = to(&self.values, &DataType::Utf8)?;
                push_string(out, texts.as_string::<i32>().value(row));
            }
        }
        Ok(())
    }

    fn push_text(&self, out: &mut Vec<u8>, text: &str) {
        // What a column of JSON holds was checked when it was written, by the door that wrote it.
        let embedded = self.shown == Shown::Json && serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok();
        if embedded && !text.contains('\n') {
            out.extend_from_slice(text.as_bytes());
        } else if embedded {
            match serde_json::from_str::<serde_json::Value>(text).map(|value| value.to_string()) {
                Ok(line) => out.extend_from_slice(line.as_bytes()),
                Err(_) => push_string(out, text),
            }
        } else {
            push_string(out, text);
        }
    }
}

/// The shortest digits that read back; whole numbers without a point; null for what is no number.
fn push_float<F: zmij::Float + Into<f64> + Copy>(out: &mut Vec<u8>, value: F) {
    if !Into::<f64>::into(value).is_finite() {
        out.extend_from_slice(b"null");
        return;
    }
    let mut buffer = zmij::Buffer::new();
    let text = buffer.format_finite(value);
    out.extend_from_slice(text.strip_suffix(".0").unwrap_or(text).as_bytes());
}

fn interval_text(months: i32, days: i32, nanos: i64) -> String {
    let sign = if nanos < 0 { "-" } else { "" };
    format!("{months} months {days} days {sign}{}", clock_text(i128::from(nanos.unsigned_abs())))
}

#[cfg(test)]
mod tests;
