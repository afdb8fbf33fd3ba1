//! One value as JSON: numbers as numbers, times as RFC 3339 in the request's zone, bytes as `\x`
//! and hexadecimal, NULL as null.

use super::json::push_string;
use crate::timezone::Zone;
use crate::types::{DIALECT, Word};
use arrow::array::{
    Array, ArrayRef, AsArray, BinaryArray, BooleanArray, Date32Array, Decimal128Array, FixedSizeBinaryArray,
    IntervalMonthDayNanoArray, ListArray, PrimitiveArray, StringArray, Time64NanosecondArray,
};
use arrow::compute::cast;
use arrow::datatypes::{
    DataType, Date32Type, Decimal128Type, Field, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type,
    IntervalMonthDayNanoType, IntervalUnit, Time64NanosecondType, TimeUnit, TimestampMicrosecondType,
    TimestampMillisecondType, TimestampNanosecondType, TimestampSecondType, UInt8Type, UInt16Type, UInt32Type,
    UInt64Type,
};
use dialect::calendar::Day;
use dialect::decimal_text;
use model::{Error, Result, uuid_text};
use query::functions::nanos_per;
use query::{DECLARED_DIALECT, DECLARED_WORD};
use std::fmt::Write as _;
use std::sync::Arc;

/// The values of one column, ready to be printed.
pub(crate) struct Column {
    values: ArrayRef,
    kind: Kind,
}

enum Kind {
    Null,
    Boolean(BooleanArray),
    Int8(PrimitiveArray<Int8Type>),
    Int16(PrimitiveArray<Int16Type>),
    Int32(PrimitiveArray<Int32Type>),
    Int64(PrimitiveArray<Int64Type>),
    UInt8(PrimitiveArray<UInt8Type>),
    UInt16(PrimitiveArray<UInt16Type>),
    UInt32(PrimitiveArray<UInt32Type>),
    UInt64(PrimitiveArray<UInt64Type>),
    Float32(PrimitiveArray<Float32Type>),
    Float64(PrimitiveArray<Float64Type>),
    Decimal { values: Decimal128Array, scale: i8, fixed: bool },
    Text(StringArray),
    Binary(BinaryArray),
    Uuid(FixedSizeBinaryArray),
    Time { nanos_per: i128, values: PrimitiveArray<Int64Type>, zoned: bool },
    Date(Date32Array),
    TimeOfDay(Time64NanosecondArray),
    Interval(IntervalMonthDayNanoArray),
    List(ListArray),
}

fn to(values: &ArrayRef, data_type: &DataType) -> Result<ArrayRef> {
    cast(values, data_type).map_err(Error::internal)
}

impl Column {
    /// The column of a batch; its field says whether a decimal keeps its zeros.
    pub(crate) fn new(values: &ArrayRef, field: &Field) -> Result<Self> {
        let values = Arc::clone(values);
        let kind = match values.data_type() {
            DataType::Null => Kind::Null,
            DataType::Boolean => Kind::Boolean(values.as_boolean().clone()),
            DataType::Int8 => Kind::Int8(values.as_primitive::<Int8Type>().clone()),
            DataType::Int16 => Kind::Int16(values.as_primitive::<Int16Type>().clone()),
            DataType::Int32 => Kind::Int32(values.as_primitive::<Int32Type>().clone()),
            DataType::Int64 => Kind::Int64(values.as_primitive::<Int64Type>().clone()),
            DataType::UInt8 => Kind::UInt8(values.as_primitive::<UInt8Type>().clone()),
            DataType::UInt16 => Kind::UInt16(values.as_primitive::<UInt16Type>().clone()),
            DataType::UInt32 => Kind::UInt32(values.as_primitive::<UInt32Type>().clone()),
            DataType::UInt64 => Kind::UInt64(values.as_primitive::<UInt64Type>().clone()),
            DataType::Float16 => Kind::Float32(to(&values, &DataType::Float32)?.as_primitive::<Float32Type>().clone()),
            DataType::Float32 => Kind::Float32(values.as_primitive::<Float32Type>().clone()),
            DataType::Float64 => Kind::Float64(values.as_primitive::<Float64Type>().clone()),
            DataType::Decimal128(_, scale) => Kind::Decimal {
                scale: *scale,
                fixed: keeps_zeros(field),
                values: values.as_primitive::<Decimal128Type>().clone(),
            },
            DataType::Decimal32(_, scale) | DataType::Decimal64(_, scale) | DataType::Decimal256(_, scale) => {
                Kind::Decimal {
                    scale: *scale,
                    fixed: keeps_zeros(field),
                    values: to(&values, &DataType::Decimal128(38, *scale))?.as_primitive::<Decimal128Type>().clone(),
                }
            }
            DataType::Utf8 => Kind::Text(values.as_string::<i32>().clone()),
            DataType::Binary => Kind::Binary(values.as_binary::<i32>().clone()),
            DataType::LargeBinary | DataType::BinaryView => {
                Kind::Binary(to(&values, &DataType::Binary)?.as_binary::<i32>().clone())
            }
            DataType::FixedSizeBinary(16) => Kind::Uuid(values.as_fixed_size_binary().clone()),
            DataType::FixedSizeBinary(_) => Kind::Binary(to(&values, &DataType::Binary)?.as_binary::<i32>().clone()),
            DataType::Timestamp(unit, zone) => time(&values, *unit, zone.is_some()),
            DataType::Date32 => Kind::Date(values.as_primitive::<Date32Type>().clone()),
            DataType::Date64 => Kind::Date(to(&values, &DataType::Date32)?.as_primitive::<Date32Type>().clone()),
            DataType::Time64(TimeUnit::Nanosecond) => {
                Kind::TimeOfDay(values.as_primitive::<Time64NanosecondType>().clone())
            }
            DataType::Time32(_) | DataType::Time64(_) => Kind::TimeOfDay(
                to(&values, &DataType::Time64(TimeUnit::Nanosecond))?.as_primitive::<Time64NanosecondType>().clone(),
            ),
            DataType::Interval(IntervalUnit::MonthDayNano) => {
                Kind::Interval(values.as_primitive::<IntervalMonthDayNanoType>().clone())
            }
            DataType::Interval(_) | DataType::Duration(_) => Kind::Interval(
                to(&values, &DataType::Interval(IntervalUnit::MonthDayNano))?
                    .as_primitive::<IntervalMonthDayNanoType>()
                    .clone(),
            ),
            DataType::List(_) => Kind::List(values.as_list::<i32>().clone()),
            // A pair such as `(1, 2)`: no type of this vendor's results.
            DataType::Struct(_) | DataType::Map(..) | DataType::Union(..) => {
                return Err(Error::unsupported("a row of values as a value of a result"));
            }
            _ => Kind::Text(to(&values, &DataType::Utf8)?.as_string::<i32>().clone()),
        };
        Ok(Self { values, kind })
    }

    /// Appends the value of a row as JSON.
    pub(crate) fn push(&self, out: &mut Vec<u8>, row: usize, zone: &Zone) -> Result<()> {
        if self.values.is_null(row) {
            out.extend_from_slice(b"null");
            return Ok(());
        }
        macro_rules! integer {
            ($values:expr) => {
                out.extend_from_slice(itoa::Buffer::new().format($values.value(row)).as_bytes())
            };
        }
        match &self.kind {
            Kind::Null => out.extend_from_slice(b"null"),
            Kind::Boolean(values) => out.extend_from_slice(if values.value(row) { b"true" } else { b"false" }),
            Kind::Int8(values) => integer!(values),
            Kind::Int16(values) => integer!(values),
            Kind::Int32(values) => integer!(values),
            Kind::Int64(values) => integer!(values),
            Kind::UInt8(values) => integer!(values),
            Kind::UInt16(values) => integer!(values),
            Kind::UInt32(values) => integer!(values),
            Kind::UInt64(values) => integer!(values),
            Kind::Float32(values) => {
                let value = values.value(row);
                if value.is_finite() {
                    out.extend_from_slice(zmij::Buffer::new().format_finite(value).as_bytes());
                } else {
                    push_unbounded(out, f64::from(value));
                }
            }
            Kind::Float64(values) => {
                let value = values.value(row);
                if value.is_finite() {
                    out.extend_from_slice(zmij::Buffer::new().format_finite(value).as_bytes());
                } else {
                    push_unbounded(out, value);
                }
            }
            Kind::Decimal { values, scale, fixed } => {
                out.extend_from_slice(shown_decimal(values.value(row), *scale, *fixed).as_bytes());
            }
            Kind::Text(values) => push_string(out, values.value(row)),
            Kind::Binary(values) => push_bytes(out, values.value(row)),
            Kind::Uuid(values) => push_string(out, &uuid_text(values.value(row))),
            Kind::Time { nanos_per, values, zoned } => {
                let nanos = i128::from(values.value(row)) * nanos_per;
                push_string(out, &time_text(nanos, zoned.then_some(zone)));
            }
            Kind::Date(values) => push_string(out, &date_text(i64::from(values.value(row)))),
            Kind::TimeOfDay(values) => push_string(out, &clock_text(values.value(row))),
            Kind::Interval(values) => {
                let value = values.value(row);
                push_string(out, &interval_text(value.months, value.days, value.nanoseconds));
            }
            Kind::List(values) => push_string(out, &list_text(&values.value(row), zone)?),
        }
        Ok(())
    }
}

fn time(values: &ArrayRef, unit: TimeUnit, zoned: bool) -> Kind {
    let values = match unit {
        TimeUnit::Second => values.as_primitive::<TimestampSecondType>().reinterpret_cast::<Int64Type>(),
        TimeUnit::Millisecond => values.as_primitive::<TimestampMillisecondType>().reinterpret_cast::<Int64Type>(),
        TimeUnit::Microsecond => values.as_primitive::<TimestampMicrosecondType>().reinterpret_cast::<Int64Type>(),
        TimeUnit::Nanosecond => values.as_primitive::<TimestampNanosecondType>().reinterpret_cast::<Int64Type>(),
    };
    Kind::Time { nanos_per: nanos_per(unit), values, zoned }
}

/// Whether a decimal was declared with digits after the point; all others lose trailing zeros.
fn keeps_zeros(field: &Field) -> bool {
    let metadata = field.metadata();
    match metadata.get(DECLARED_DIALECT) {
        Some(dialect) if dialect == DIALECT => {
            metadata.get(DECLARED_WORD).and_then(|word| Word::parse(word)) == Some(Word::Decimal)
        }
        Some(_) => true,
        None => false,
    }
}

fn push_unbounded(out: &mut Vec<u8>, value: f64) {
    out.extend_from_slice(if value.is_nan() {
        b"\"NaN\""
    } else if value > 0.0 {
        b"\"+Inf\""
    } else {
        b"\"-Inf\""
    });
}

fn push_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    out.extend_from_slice(b"\"\\\\x");
    for byte in bytes {
        out.push(DIGITS[usize::from(byte >> 4)]);
        out.push(DIGITS[usize::from(byte & 15)]);
    }
    out.push(b'"');
}

/// A decimal without the zeros at its end, unless it was declared with them.
fn shown_decimal(unscaled: i128, scale: i8, fixed: bool) -> String {
    let text = decimal_text(unscaled, scale);
    match text.split_once('.') {
        Some((whole, fraction)) if !fixed => match fraction.trim_end_matches('0') {
            "" => whole.to_owned(),
            fraction => format!("{whole}.{fraction}"),
        },
        _ => text,
    }
}

/// A fraction of a second with a point before it, without trailing zeros.
fn fraction_text(nanos: i128) -> String {
    if nanos == 0 {
        return String::new();
    }
    format!(".{}", format!("{nanos:09}").trim_end_matches('0'))
}

/// Whether RFC 3339 can write the wall clock of an offset: it has no seconds of an offset, as local
/// mean times have, and years of four digits only.
fn is_writable(seconds: i64, offset: i32) -> bool {
    let year = Day::of(seconds.saturating_add(i64::from(offset)).div_euclid(86_400)).year;
    offset % 60 == 0 && (0..=9999).contains(&year)
}

/// RFC 3339: an instant in a zone, or a wall-clock reading with `Z`. An instant that cannot be
/// written in the zone is written in UTC.
pub(crate) fn time_text(nanos: i128, zone: Option<&Zone>) -> String {
    let seconds = i64::try_from(nanos.div_euclid(1_000_000_000)).unwrap_or_default();
    let offset = zone.map_or(0, |zone| zone.offset_seconds(seconds));
    let offset = if is_writable(seconds, offset) { offset } else { 0 };
    let local = seconds.saturating_add(i64::from(offset));
    let (days, second) = (local.div_euclid(86_400), local.rem_euclid(86_400));
    let mut text = date_text(days);
    let _ = write!(text, "T{:02}:{:02}:{:02}", second / 3600, second / 60 % 60, second % 60);
    text.push_str(&fraction_text(nanos.rem_euclid(1_000_000_000)));
    if offset == 0 {
        text.push('Z');
    } else {
        let (sign, offset) = if offset < 0 { ('-', -offset) } else { ('+', offset) };
        let _ = write!(text, "{sign}{:02}:{:02}", offset / 3600, offset / 60 % 60);
    }
    text
}

/// `YYYY-MM-DD` of a day since 1970-01-01, with as many digits of the year as it has.
pub(crate) fn date_text(days: i64) -> String {
    let day = Day::of(days);
    if day.year >= 0 {
        format!("{:04}-{:02}-{:02}", day.year, day.month, day.day)
    } else {
        format!("-{:06}-{:02}-{:02}", -day.year, day.month, day.day)
    }
}

/// `HH:MM:SS[.f]` of nanoseconds since midnight.
fn clock_text(nanos: i64) -> String {
    let seconds = nanos / 1_000_000_000;
    format!(
        "{:02}:{:02}:{:02}{}",
        seconds / 3600,
        seconds / 60 % 60,
        seconds % 60,
        fraction_text(i128::from(nanos % 1_000_000_000))
    )
}

/// `1 year 2 mons 3 days 04:05:06`.
fn interval_text(months: i32, days: i32, nanos: i64) -> String {
    let mut parts = Vec::new();
    let mut unit = |amount: i32, one: &str, many: &str| {
        if amount != 0 {
            parts.push(format!("{amount} {}", if amount.abs() == 1 { one } else { many }));
        }
    };
    unit(months / 12, "year", "years");
    unit(months % 12, "mon", "mons");
    unit(days, "day", "days");
    if nanos != 0 || parts.is_empty() {
        let sign = if nanos < 0 { "-" } else { "" };
        let nanos = nanos.unsigned_abs();
        let seconds = nanos / 1_000_000_000;
        parts.push(format!(
            "{sign}{:02}:{:02}:{:02}{}",
            seconds / 3600,
            seconds / 60 % 60,
            seconds % 60,
            fraction_text(i128::from(nanos % 1_000_000_000))
        ));
    }
    parts.join(" ")
}

/// `{a,b}`, elements as their JSON without quotes.
fn list_text(values: &ArrayRef, zone: &Zone) -> Result<String> {
    let column = Column::new(values, &Field::new("", values.data_type().clone(), true))?;
    let mut elements = Vec::with_capacity(values.len());
    for row in 0..values.len() {
        let mut out = Vec::new();
        column.push(&mut out, row, zone)?;
        let text = String::from_utf8(out).map_err(Error::internal)?;
        elements.push(match text.as_str() {
            "null" => "NULL".to_owned(),
            _ => text.trim_matches('"').to_owned(),
        });
    }
    Ok(format!("{{{}}}", elements.join(",")))
}

#[cfg(test)]
mod tests;
