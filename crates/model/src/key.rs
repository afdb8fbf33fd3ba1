//! Key bytes: a series key or a primary key as bytes that sort as its values do.
//!
//! The encoding is fixed by the storage format. Each value is one byte 0x00 for NULL, or 0x01
//! and its payload; NULLs at the end are cut, so that a missing tail equals NULLs and a key
//! column can be appended without changing any key. Payloads: integers and instants big-endian
//! with the sign bit flipped; floats by total order, -0 as 0 and every NaN as one; decimals as
//! 128-bit integers of the column's scale; text and bytes with 0x00 escaped as 0x00 0xFF and
//! ended by 0x00 0x00.

use crate::{DataType, Decimal, Error, ErrorKind, Interval, Result, Value};
use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes as at;
use serde::{Deserialize, Serialize};
use std::fmt;

/// An encoded key.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct KeyBytes(#[serde(with = "serde_bytes")] pub Box<[u8]>);

impl fmt::Debug for KeyBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|b| write!(f, "{b:02x}"))
    }
}

/// The 128-bit XXH3 hash of key bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct KeyHash(pub u128);

/// Hashes key bytes.
#[must_use]
pub fn key_hash(key: &[u8]) -> KeyHash {
    KeyHash(xxhash_rust::xxh3::xxh3_128(key))
}

const NULL: u8 = 0;
const PRESENT: u8 = 1;

/// Encodes one key from its values, in key order.
///
/// # Errors
/// [`ErrorKind::Internal`] when a value is not of its column's type.
pub fn encode_key(values: &[(Value, DataType)]) -> Result<KeyBytes> {
    let mut out = Vec::new();
    let mut significant = 0;
    for (value, data_type) in values {
        if value.is_null() {
            out.push(NULL);
            continue;
        }
        out.push(PRESENT);
        encode_value(value, *data_type, &mut out)?;
        significant = out.len();
    }
    out.truncate(significant);
    Ok(KeyBytes(out.into()))
}

fn encode_value(value: &Value, data_type: DataType, out: &mut Vec<u8>) -> Result<()> {
    let mismatch =
        || Error::new(ErrorKind::Internal { reason: format!("key value {value:?} is not of type {data_type:?}") });
    match (value, data_type) {
        (Value::Boolean(b), DataType::Boolean) => out.push(u8::from(*b)),
        (Value::Integer(i), DataType::Int8) => put_signed(i8::try_from(*i).map_err(|_| mismatch())?.to_be_bytes(), out),
        (Value::Integer(i), DataType::Int16) => {
            put_signed(i16::try_from(*i).map_err(|_| mismatch())?.to_be_bytes(), out)
        }
        (Value::Integer(i), DataType::Int32) => {
            put_signed(i32::try_from(*i).map_err(|_| mismatch())?.to_be_bytes(), out)
        }
        (Value::Integer(i), DataType::Int64) => {
            put_signed(i64::try_from(*i).map_err(|_| mismatch())?.to_be_bytes(), out)
        }
        (Value::Integer(i), DataType::UInt8) => out.extend(u8::try_from(*i).map_err(|_| mismatch())?.to_be_bytes()),
        (Value::Integer(i), DataType::UInt16) => out.extend(u16::try_from(*i).map_err(|_| mismatch())?.to_be_bytes()),
        (Value::Integer(i), DataType::UInt32) => out.extend(u32::try_from(*i).map_err(|_| mismatch())?.to_be_bytes()),
        (Value::Integer(i), DataType::UInt64) => out.extend(u64::try_from(*i).map_err(|_| mismatch())?.to_be_bytes()),
        #[expect(clippy::cast_possible_truncation, reason = "a Float32 column's values came from f32")]
        (Value::Float(f), DataType::Float32) => put_f32(*f as f32, out),
        (Value::Float(f), DataType::Float64) => put_f64(*f, out),
        (Value::Decimal(Decimal { unscaled, scale }), DataType::Decimal { scale: wanted, .. }) if *scale == wanted => {
            put_signed(unscaled.to_be_bytes(), out);
        }
        (Value::Text(t), DataType::Text(_) | DataType::Json | DataType::Inet) => put_bytes(t.as_bytes(), out),
        (Value::Binary(b), DataType::Binary(_) | DataType::Geometry) => put_bytes(b, out),
        (Value::Date(d), DataType::Date) => put_signed(d.to_be_bytes(), out),
        (Value::TimeOfDay(t), DataType::TimeOfDay) => put_signed(t.to_be_bytes(), out),
        (Value::Interval(i), DataType::Interval) => put_interval(*i, out),
        (Value::Uuid(u), DataType::Uuid) => out.extend(u),
        (Value::Instant(t, unit), DataType::Instant(wanted))
        | (Value::LocalDateTime(t, unit), DataType::LocalDateTime(wanted))
            if *unit == wanted =>
        {
            put_signed(t.to_be_bytes(), out);
        }
        _ => return Err(mismatch()),
    }
    Ok(())
}

/// Encodes the keys of many rows from their key columns, in key order.
///
/// # Errors
/// [`ErrorKind::Internal`] when an array's type is not one that a column can have.
pub fn encode_keys(columns: &[ArrayRef], rows: usize) -> Result<Vec<KeyBytes>> {
    let encoders = columns.iter().map(|a| cell_encoder(a)).collect::<Result<Vec<_>>>()?;
    let mut buffer = Vec::new();
    Ok((0..rows)
        .map(|row| {
            buffer.clear();
            let mut significant = 0;
            for (column, encode) in columns.iter().zip(&encoders) {
                if column.is_null(row) {
                    buffer.push(NULL);
                    continue;
                }
                buffer.push(PRESENT);
                encode(row, &mut buffer);
                significant = buffer.len();
            }
            KeyBytes(buffer[..significant].into())
        })
        .collect())
}

type CellEncoder<'a> = Box<dyn Fn(usize, &mut Vec<u8>) + 'a>;

fn cell_encoder(array: &ArrayRef) -> Result<CellEncoder<'_>> {
    macro_rules! signed {
        ($t:ty) => {{
            let a = array.as_primitive::<$t>();
            Box::new(move |row, out: &mut Vec<u8>| put_signed(a.value(row).to_be_bytes(), out))
        }};
    }
    macro_rules! unsigned {
        ($t:ty) => {{
            let a = array.as_primitive::<$t>();
            Box::new(move |row, out: &mut Vec<u8>| out.extend(a.value(row).to_be_bytes()))
        }};
    }
    Ok(match array.data_type() {
        at::DataType::Boolean => {
            let a = array.as_boolean();
            Box::new(move |row, out| out.push(u8::from(a.value(row))))
        }
        at::DataType::Int8 => signed!(at::Int8Type),
        at::DataType::Int16 => signed!(at::Int16Type),
        at::DataType::Int32 => signed!(at::Int32Type),
        at::DataType::Int64 => signed!(at::Int64Type),
        at::DataType::UInt8 => unsigned!(at::UInt8Type),
        at::DataType::UInt16 => unsigned!(at::UInt16Type),
        at::DataType::UInt32 => unsigned!(at::UInt32Type),
        at::DataType::UInt64 => unsigned!(at::UInt64Type),
        at::DataType::Float32 => {
            let a = array.as_primitive::<at::Float32Type>();
            Box::new(move |row, out| put_f32(a.value(row), out))
        }
        at::DataType::Float64 => {
            let a = array.as_primitive::<at::Float64Type>();
            Box::new(move |row, out| put_f64(a.value(row), out))
        }
        at::DataType::Decimal128(..) => signed!(at::Decimal128Type),
        at::DataType::Date32 => signed!(at::Date32Type),
        at::DataType::Time64(at::TimeUnit::Nanosecond) => signed!(at::Time64NanosecondType),
        at::DataType::Interval(at::IntervalUnit::MonthDayNano) => {
            let a = array.as_primitive::<at::IntervalMonthDayNanoType>();
            Box::new(move |row, out| {
                let v = a.value(row);
                put_interval(Interval { months: v.months, days: v.days, nanos: v.nanoseconds }, out);
            })
        }
        at::DataType::Timestamp(at::TimeUnit::Millisecond, _) => signed!(at::TimestampMillisecondType),
        at::DataType::Timestamp(at::TimeUnit::Microsecond, _) => signed!(at::TimestampMicrosecondType),
        at::DataType::Timestamp(at::TimeUnit::Nanosecond, _) => signed!(at::TimestampNanosecondType),
        at::DataType::Utf8 => {
            let a = array.as_string::<i32>();
            Box::new(move |row, out| put_bytes(a.value(row).as_bytes(), out))
        }
        at::DataType::Binary => {
            let a = array.as_binary::<i32>();
            Box::new(move |row, out| put_bytes(a.value(row), out))
        }
        at::DataType::FixedSizeBinary(_) => {
            let a = array.as_fixed_size_binary();
            Box::new(move |row, out| out.extend(a.value(row)))
        }
        other => {
            return Err(Error::new(ErrorKind::Internal { reason: format!("{other} cannot be a key") }));
        }
    })
}

fn put_signed<const N: usize>(mut big_endian: [u8; N], out: &mut Vec<u8>) {
    big_endian[0] ^= 0x80;
    out.extend(big_endian);
}

fn put_f64(value: f64, out: &mut Vec<u8>) {
    let bits = if value.is_nan() { f64::NAN } else { value + 0.0 }.to_bits();
    let ordered = if bits >> 63 == 1 { !bits } else { bits | 1 << 63 };
    out.extend(ordered.to_be_bytes());
}

fn put_f32(value: f32, out: &mut Vec<u8>) {
    let bits = if value.is_nan() { f32::NAN } else { value + 0.0 }.to_bits();
    let ordered = if bits >> 31 == 1 { !bits } else { bits | 1 << 31 };
    out.extend(ordered.to_be_bytes());
}

fn put_interval(value: Interval, out: &mut Vec<u8>) {
    put_signed(value.months.to_be_bytes(), out);
    put_signed(value.days.to_be_bytes(), out);
    put_signed(value.nanos.to_be_bytes(), out);
}

fn put_bytes(bytes: &[u8], out: &mut Vec<u8>) {
    for &byte in bytes {
        out.push(byte);
        if byte == 0 {
            out.push(0xFF);
        }
    }
    out.extend([0, 0]);
}

#[cfg(test)]
mod tests;
