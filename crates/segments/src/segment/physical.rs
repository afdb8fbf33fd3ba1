//! What Parquet stores for values of each type, and back.
//!
//! Most types are stored as Arrow has them. Floats that are decimals become scaled integers.
//! Parquet has no intervals of months, days and nanoseconds, and no decimals whose scale is
//! negative or beyond their precision: these become 16 bytes that sort as the values do, the
//! interval's parts or the unscaled integer big-endian with the sign bits flipped.

use super::decimal;
use arrow::array::{Array, ArrayRef, AsArray, FixedSizeBinaryArray, FixedSizeBinaryBuilder, PrimitiveArray};
use arrow::datatypes::{
    DataType as Arrow, Decimal64Type, Decimal128Type, Field, IntervalMonthDayNano, IntervalMonthDayNanoType,
};
use model::{DataType, Error, Result, arrow_type};
use std::sync::Arc;

/// Bytes of a value that is stored as bytes for want of a type.
const OPAQUE_BYTES: i32 = 16;

const SIGN_32: u32 = 1 << 31;
const SIGN_64: u64 = 1 << 63;
const SIGN_128: u128 = 1 << 127;

fn is_opaque_decimal(precision: u8, scale: i8) -> bool {
    u8::try_from(scale).map_or(true, |scale| scale > precision)
}

/// In which of the forms that a type can have a column is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// The only one of most types.
    Plain,
    /// Floats as integers of this scale.
    Decimal(i8),
}

impl Form {
    /// The best form for just these values.
    pub(super) fn of(values: &ArrayRef) -> Self {
        decimal::scale_of(values).map_or(Self::Plain, Self::Decimal)
    }

    /// The form in which a file stores a column of a type, by its physical type there.
    pub(crate) fn of_stored(data_type: DataType, physical: &Arrow) -> Self {
        match physical {
            Arrow::Decimal64(_, scale) | Arrow::Decimal128(decimal::PRECISION, scale) if data_type.is_float() => {
                Self::Decimal(*scale)
            }
            _ => Self::Plain,
        }
    }

    /// The physical type of a column.
    pub(super) fn physical_type(self, data_type: DataType) -> Arrow {
        match (self, data_type) {
            (Self::Decimal(scale), _) => Arrow::Decimal64(decimal::PRECISION, scale),
            (Self::Plain, DataType::Interval) => Arrow::FixedSizeBinary(OPAQUE_BYTES),
            (Self::Plain, DataType::Decimal { precision, scale }) if is_opaque_decimal(precision, scale) => {
                Arrow::FixedSizeBinary(OPAQUE_BYTES)
            }
            (Self::Plain, _) => arrow_type(data_type),
        }
    }
}

/// The values as they are stored in a form; `None` when one of them does not fit it.
pub(super) fn to_physical(values: &ArrayRef, data_type: DataType, form: Form) -> Result<Option<ArrayRef>> {
    if *values.data_type() != arrow_type(data_type) {
        return Err(Error::internal(format!("{} are no values of {data_type:?}", values.data_type())));
    }
    match (form, data_type) {
        (Form::Decimal(scale), _) => Ok(decimal::to_decimals(values, scale)),
        (Form::Plain, DataType::Interval) => {
            let intervals = values.as_primitive::<IntervalMonthDayNanoType>();
            opaque(intervals.iter().map(|interval| interval.map(interval_bytes))).map(Some)
        }
        (Form::Plain, DataType::Decimal { precision, scale }) if is_opaque_decimal(precision, scale) => {
            let decimals = values.as_primitive::<Decimal128Type>();
            opaque(decimals.iter().map(|d| d.map(|d| (d.cast_unsigned() ^ SIGN_128).to_be_bytes()))).map(Some)
        }
        (Form::Plain, _) => Ok(Some(values.clone())),
    }
}

/// The values as they are stored in the best form for just these.
pub(super) fn best_physical(values: &ArrayRef, data_type: DataType) -> Result<ArrayRef> {
    let physical = to_physical(values, data_type, Form::of(values))?;
    physical.ok_or_else(|| Error::internal(format!("values of {data_type:?} do not fit the form chosen for them")))
}

fn opaque(values: impl ExactSizeIterator<Item = Option<[u8; 16]>>) -> Result<ArrayRef> {
    let mut builder = FixedSizeBinaryBuilder::with_capacity(values.len(), OPAQUE_BYTES);
    for value in values {
        match value {
            Some(bytes) => builder.append_value(bytes).map_err(Error::internal)?,
            None => builder.append_null(),
        }
    }
    Ok(Arc::new(builder.finish()))
}

fn interval_bytes(interval: IntervalMonthDayNano) -> [u8; 16] {
    let months = u128::from(interval.months.cast_unsigned() ^ SIGN_32) << 96;
    let days = u128::from(interval.days.cast_unsigned() ^ SIGN_32) << 64;
    let nanos = u128::from(interval.nanoseconds.cast_unsigned() ^ SIGN_64);
    (months | days | nanos).to_be_bytes()
}

#[expect(clippy::cast_possible_truncation, reason = "takes the parts out")]
fn interval_of(bits: u128) -> IntervalMonthDayNano {
    IntervalMonthDayNano::new(
        ((bits >> 96) as u32 ^ SIGN_32).cast_signed(),
        ((bits >> 64) as u32 ^ SIGN_32).cast_signed(),
        (bits as u64 ^ SIGN_64).cast_signed(),
    )
}

/// The values of a column from what is stored; `None` when that cannot be what was written.
pub(super) fn from_physical(values: &ArrayRef, data_type: DataType) -> Option<ArrayRef> {
    match (data_type, values.data_type()) {
        (DataType::Float64, Arrow::Decimal64(..)) => decimal::to_f64(values.as_primitive::<Decimal64Type>()),
        (DataType::Float32, Arrow::Decimal64(..)) => decimal::to_f32(values.as_primitive::<Decimal64Type>()),
        (DataType::Interval, Arrow::FixedSizeBinary(OPAQUE_BYTES)) => {
            let intervals = from_opaque(values.as_fixed_size_binary(), interval_of);
            Some(Arc::new(intervals.collect::<PrimitiveArray<IntervalMonthDayNanoType>>()))
        }
        (DataType::Decimal { precision, scale }, Arrow::FixedSizeBinary(OPAQUE_BYTES)) => {
            let unscaled = from_opaque(values.as_fixed_size_binary(), |bits| (bits ^ SIGN_128).cast_signed());
            let decimals: PrimitiveArray<Decimal128Type> = unscaled.collect();
            // Only the label: a precision that Arrow refuses cannot have been written.
            let decimals = decimals.with_precision_and_scale(precision, scale).ok()?;
            Some(Arc::new(decimals))
        }
        (_, stored) => (*stored == arrow_type(data_type)).then(|| values.clone()),
    }
}

fn from_opaque<T>(values: &FixedSizeBinaryArray, value: impl Fn(u128) -> T) -> impl Iterator<Item = Option<T>> {
    values.iter().map(move |bytes| {
        let bytes: Option<[u8; 16]> = bytes.and_then(|bytes| bytes.try_into().ok());
        bytes.map(|bytes| value(u128::from_be_bytes(bytes)))
    })
}

/// The field under which a Parquet reader is to hand out a column: its own idea of it, but
/// scaled integers of 64 bits where floats are wanted.
pub(super) fn read_as(field: &Field, data_type: DataType) -> Field {
    match field.data_type() {
        Arrow::Decimal128(decimal::PRECISION, scale) if data_type.is_float() => {
            field.clone().with_data_type(Arrow::Decimal64(decimal::PRECISION, *scale))
        }
        _ => field.clone(),
    }
}
