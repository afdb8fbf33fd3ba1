//! One cell of an Arrow array as a value, for attributes, and keys as text, for errors.

use crate::series_index::decode_nth;
use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes as at;
use arrow::util::display::array_value_to_string;
use model::{CellsBuilder, Column, DataType, Decimal, Error, Interval, KeyBytes, Result, Table, TimeUnit, Value};

/// The value of a cell of a column of that type.
pub(crate) fn cell_value(array: &ArrayRef, row: usize, data_type: DataType) -> Result<Value> {
    if array.is_null(row) {
        return Ok(Value::Null);
    }
    macro_rules! native {
        ($t:ty) => {
            array
                .as_primitive_opt::<$t>()
                .ok_or_else(|| Error::internal(format!("a {data_type:?} column holds {}", array.data_type())))?
                .value(row)
        };
    }
    Ok(match data_type {
        DataType::Boolean => Value::Boolean(array.as_boolean().value(row)),
        DataType::Int8 => Value::Integer(native!(at::Int8Type).into()),
        DataType::Int16 => Value::Integer(native!(at::Int16Type).into()),
        DataType::Int32 => Value::Integer(native!(at::Int32Type).into()),
        DataType::Int64 => Value::Integer(native!(at::Int64Type).into()),
        DataType::UInt8 => Value::Integer(native!(at::UInt8Type).into()),
        DataType::UInt16 => Value::Integer(native!(at::UInt16Type).into()),
        DataType::UInt32 => Value::Integer(native!(at::UInt32Type).into()),
        DataType::UInt64 => Value::Integer(native!(at::UInt64Type).into()),
        DataType::Float32 => Value::Float(native!(at::Float32Type).into()),
        DataType::Float64 => Value::Float(native!(at::Float64Type)),
        DataType::Decimal { scale, .. } => Value::Decimal(Decimal { unscaled: native!(at::Decimal128Type), scale }),
        DataType::Text(_) | DataType::Json | DataType::Inet => Value::Text(array.as_string::<i32>().value(row).into()),
        DataType::Binary(_) | DataType::Geometry => Value::Binary(array.as_binary::<i32>().value(row).into()),
        DataType::Date => Value::Date(native!(at::Date32Type)),
        DataType::TimeOfDay => Value::TimeOfDay(native!(at::Time64NanosecondType)),
        DataType::Interval => {
            let v = native!(at::IntervalMonthDayNanoType);
            Value::Interval(Interval { months: v.months, days: v.days, nanos: v.nanoseconds })
        }
        DataType::Uuid => Value::Uuid(
            array
                .as_fixed_size_binary()
                .value(row)
                .try_into()
                .map_err(|_| Error::internal("a UUID of other length"))?,
        ),
        DataType::Instant(unit) => Value::Instant(instant(array, row, unit)?, unit),
        DataType::LocalDateTime(unit) => Value::LocalDateTime(instant(array, row, unit)?, unit),
    })
}

fn instant(array: &ArrayRef, row: usize, unit: TimeUnit) -> Result<i64> {
    Ok(*instants(array, unit)?.get(row).ok_or_else(|| Error::internal("a row that is not there"))?)
}

/// The counts of an array of instants, NULLs as whatever stands there.
pub(crate) fn instants(array: &ArrayRef, unit: TimeUnit) -> Result<&[i64]> {
    let wrong = || Error::internal(format!("a column of instants holds {}", array.data_type()));
    Ok(match unit {
        TimeUnit::Millisecond => array.as_primitive_opt::<at::TimestampMillisecondType>().ok_or_else(wrong)?.values(),
        TimeUnit::Microsecond => array.as_primitive_opt::<at::TimestampMicrosecondType>().ok_or_else(wrong)?.values(),
        TimeUnit::Nanosecond => array.as_primitive_opt::<at::TimestampNanosecondType>().ok_or_else(wrong)?.values(),
    })
}

/// The names of a table's key columns, and the values of a key as text, with the time where rows
/// have one.
pub(crate) fn key_texts(table: &Table, key: &KeyBytes, time: Option<i64>) -> Result<(Vec<String>, Vec<String>)> {
    let columns: Vec<&Column> = table.key_columns().collect();
    let types: Vec<DataType> = columns.iter().map(|c| c.data_type).collect();
    let mut names = Vec::new();
    let mut texts = Vec::new();
    for (i, column) in columns.iter().enumerate() {
        let value = decode_nth(&key.0, &types[..=i]).map_err(|e| Error::internal(e.0))?;
        names.push(column.name.clone());
        texts.push(text(&value, column.data_type)?);
    }
    if let (Some(time), Some(column), Some(unit)) = (time, table.time_column(), table.time_unit()) {
        let value = match column.data_type {
            DataType::LocalDateTime(_) => Value::LocalDateTime(time, unit),
            _ => Value::Instant(time, unit),
        };
        names.push(column.name.clone());
        texts.push(text(&value, column.data_type)?);
    }
    Ok((names, texts))
}

/// A value as text.
pub(crate) fn text(value: &Value, data_type: DataType) -> Result<String> {
    let mut cells = CellsBuilder::new(data_type)?;
    cells.push(value)?;
    array_value_to_string(&cells.finish().values, 0).map_err(|e| Error::internal(format!("showing a key: {e}")))
}
