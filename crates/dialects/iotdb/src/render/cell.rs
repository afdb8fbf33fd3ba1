//! Cells of one Arrow column as JSON.

use super::push_string;
use crate::error::{Failure, Result};
use crate::texts;
use crate::times;
use arrow::array::{Array, ArrayRef, AsArray, PrimitiveArray};
use arrow::compute::cast;
use arrow::datatypes::{
    DataType, Date32Type, Float32Type, Float64Type, Int64Type, TimeUnit, TimestampMicrosecondType,
    TimestampMillisecondType, TimestampNanosecondType, TimestampSecondType, UInt64Type,
};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use model::Error;

/// A column ready to be written.
#[derive(Debug)]
pub(super) struct Column {
    values: Values,
}

#[derive(Debug)]
enum Values {
    Null,
    Boolean(arrow::array::BooleanArray),
    Integer(PrimitiveArray<Int64Type>),
    Unsigned(PrimitiveArray<UInt64Type>),
    Float(PrimitiveArray<Float32Type>),
    Double(PrimitiveArray<Float64Type>),
    Text(arrow::array::StringArray),
    Blob(arrow::array::BinaryArray),
    Date(PrimitiveArray<Date32Type>),
    /// In milliseconds.
    Time(PrimitiveArray<Int64Type>),
}

impl Column {
    /// A column of any type that plans can have.
    ///
    /// # Errors
    /// A type that Arrow cannot print.
    pub(super) fn new(array: &ArrayRef) -> Result<Self> {
        use DataType as D;
        let to = |data_type: &D| cast(array, data_type).map_err(|error| Failure::from(Error::internal(error)));
        let values = match array.data_type() {
            D::Null => Values::Null,
            D::Boolean => Values::Boolean(array.as_boolean().clone()),
            D::Int8 | D::Int16 | D::Int32 | D::Int64 | D::UInt8 | D::UInt16 | D::UInt32 => {
                Values::Integer(to(&D::Int64)?.as_primitive::<Int64Type>().clone())
            }
            D::UInt64 => Values::Unsigned(array.as_primitive::<UInt64Type>().clone()),
            D::Float16 | D::Float32 => Values::Float(to(&D::Float32)?.as_primitive::<Float32Type>().clone()),
            D::Float64 => Values::Double(array.as_primitive::<Float64Type>().clone()),
            D::Utf8 | D::LargeUtf8 | D::Utf8View => Values::Text(to(&D::Utf8)?.as_string::<i32>().clone()),
            D::Binary | D::LargeBinary | D::BinaryView => Values::Blob(to(&D::Binary)?.as_binary::<i32>().clone()),
            D::Date32 => Values::Date(array.as_primitive::<Date32Type>().clone()),
            D::Timestamp(unit, _) => Values::Time(milliseconds(array, *unit)),
            _ => Values::Text(printed(array)?),
        };
        Ok(Self { values })
    }

    /// Appends a cell.
    ///
    /// # Errors
    /// An unsigned number beyond this vendor's greatest integer.
    pub(super) fn push(&self, out: &mut Vec<u8>, row: usize) -> Result<()> {
        if self.is_null(row) {
            out.extend_from_slice(b"null");
            return Ok(());
        }
        match &self.values {
            Values::Null => out.extend_from_slice(b"null"),
            Values::Boolean(values) => out.extend_from_slice(if values.value(row) { b"true" } else { b"false" }),
            Values::Integer(values) | Values::Time(values) => push_integer(out, values.value(row)),
            Values::Unsigned(values) => match i64::try_from(values.value(row)) {
                Ok(value) => push_integer(out, value),
                Err(_) => {
                    let message = format!("{} is out of range of INT64", values.value(row));
                    return Err(Failure::new(750, message));
                }
            },
            Values::Float(values) => {
                let value = values.value(row);
                push_number(out, value.is_finite(), &texts::float(value));
            }
            Values::Double(values) => {
                let value = values.value(row);
                push_number(out, value.is_finite(), &texts::double(value));
            }
            Values::Text(values) => push_string(out, values.value(row)),
            Values::Blob(values) => {
                out.extend_from_slice(b"\"0x");
                for byte in values.value(row) {
                    out.extend_from_slice(format!("{byte:02x}").as_bytes());
                }
                out.push(b'"');
            }
            Values::Date(values) => push_string(out, &times::day_text(values.value(row))),
        }
        Ok(())
    }

    fn is_null(&self, row: usize) -> bool {
        match &self.values {
            Values::Null => true,
            Values::Boolean(values) => values.is_null(row),
            Values::Integer(values) | Values::Time(values) => values.is_null(row),
            Values::Unsigned(values) => values.is_null(row),
            Values::Float(values) => values.is_null(row),
            Values::Double(values) => values.is_null(row),
            Values::Text(values) => values.is_null(row),
            Values::Blob(values) => values.is_null(row),
            Values::Date(values) => values.is_null(row),
        }
    }
}

fn push_integer(out: &mut Vec<u8>, value: i64) {
    out.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
}

/// Appends a float; one that is no number becomes a string.
fn push_number(out: &mut Vec<u8>, is_number: bool, text: &str) {
    if is_number { out.extend_from_slice(text.as_bytes()) } else { push_string(out, text) }
}

/// Times in milliseconds, finer ones floored.
fn milliseconds(array: &ArrayRef, unit: TimeUnit) -> PrimitiveArray<Int64Type> {
    match unit {
        TimeUnit::Second => array.as_primitive::<TimestampSecondType>().unary(|t| t.saturating_mul(1_000)),
        TimeUnit::Millisecond => array.as_primitive::<TimestampMillisecondType>().unary(|t| t),
        TimeUnit::Microsecond => array.as_primitive::<TimestampMicrosecondType>().unary(|t| t.div_euclid(1_000)),
        TimeUnit::Nanosecond => array.as_primitive::<TimestampNanosecondType>().unary(|t| t.div_euclid(1_000_000)),
    }
}

/// Types that this vendor lacks, as text.
fn printed(array: &ArrayRef) -> Result<arrow::array::StringArray> {
    let options = FormatOptions::default();
    let failed = |error| Failure::from(Error::internal(error));
    let formatter = ArrayFormatter::try_new(array.as_ref(), &options).map_err(failed)?;
    let text = |row: usize| (!array.is_null(row)).then(|| formatter.value(row).to_string());
    Ok((0..array.len()).map(text).collect())
}

#[cfg(test)]
mod tests {
    use super::Column;
    use arrow::array::{
        ArrayRef, BinaryArray, Date32Array, Decimal128Array, Float32Array, Float64Array, TimestampNanosecondArray,
        UInt64Array,
    };
    use std::sync::Arc;

    fn shown(array: impl arrow::array::Array + 'static) -> Result<String, u16> {
        let array: ArrayRef = Arc::new(array);
        let column = Column::new(&array).map_err(|f| f.code)?;
        let mut out = Vec::new();
        for row in 0..array.len() {
            column.push(&mut out, row).map_err(|f| f.code)?;
            out.push(b' ');
        }
        Ok(String::from_utf8(out).unwrap())
    }

    #[test]
    fn values_of_every_kind() {
        assert_eq!(shown(Float64Array::from(vec![22.0, f64::NAN, -0.0])).unwrap(), "22.0 \"NaN\" -0.0 ");
        assert_eq!(shown(Float32Array::from(vec![Some(0.1), None])).unwrap(), "0.1 null ");
        assert_eq!(shown(BinaryArray::from(vec![b"\xca\xfe".as_slice(), b""])).unwrap(), "\"0xcafe\" \"0x\" ");
        assert_eq!(shown(Date32Array::from(vec![0])).unwrap(), "\"1970-01-01\" ");
        assert_eq!(shown(TimestampNanosecondArray::from(vec![-1, 1_999_999])).unwrap(), "-1 1 ");
        let decimal = Decimal128Array::from(vec![1_250]).with_precision_and_scale(6, 2).unwrap();
        assert_eq!(shown(decimal).unwrap(), "\"12.50\" ");
        assert_eq!(shown(UInt64Array::from(vec![7])).unwrap(), "7 ");
        assert_eq!(shown(UInt64Array::from(vec![u64::MAX])), Err(750));
    }
}
