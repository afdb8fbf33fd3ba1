//! Values as the model knows them, and as arrays.

use super::history::Cell;
use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::{Float64Type, Int16Type, Int64Type};
use model::{Cells, CellsBuilder, DataType};

#[derive(Clone, Debug, Default, PartialEq)]
pub(super) enum Value {
    #[default]
    Null,
    Integer(i64),
    Text(String),
    /// By its bits.
    Float(u64),
}

/// The type of a field, given that of the first.
pub(super) fn field_type(field: usize, first: DataType) -> DataType {
    [first, DataType::Text(None), DataType::Float64][field]
}

/// A value of a field, from a small number.
pub(super) fn value_of(field: usize, first: DataType, seed: i64) -> Value {
    #[expect(clippy::cast_precision_loss, reason = "small")]
    let float = seed as f64;
    match (field, first) {
        // Not all of these fit into 16 bits.
        (0, DataType::Int64) => Value::Integer(seed * 1_000),
        // Nor these into 4 characters.
        (0, DataType::Int16) => Value::Integer(seed * 100),
        (0, _) | (1, _) => Value::Text(seed.to_string()),
        _ if seed % 5 == 0 => Value::Float((float / 3.0).to_bits()),
        _ => Value::Float((float / 4.0).to_bits()),
    }
}

/// One step of the chain of types.
pub(super) fn converted(value: &Value, from: DataType, to: DataType) -> Value {
    match (value, from, to) {
        (Value::Null, ..) => Value::Null,
        (Value::Integer(i), DataType::Int64, DataType::Int16) if i16::try_from(*i).is_err() => Value::Null,
        (Value::Integer(i), DataType::Int64, DataType::Int16) => Value::Integer(*i),
        (Value::Integer(i), DataType::Int16, DataType::Text(_)) if i.to_string().len() > 4 => Value::Null,
        (Value::Integer(i), DataType::Int16, DataType::Text(_)) => Value::Text(i.to_string()),
        (Value::Text(text), DataType::Text(_), DataType::Text(None)) => Value::Text(text.clone()),
        other => panic!("no such step: {other:?}"),
    }
}

pub(super) fn cells(field: usize, first: DataType, cells: impl Iterator<Item = Cell>) -> Cells {
    let mut builder = CellsBuilder::new(field_type(field, first)).unwrap();
    for cell in cells {
        let value = match cell {
            Cell::Absent => {
                builder.push_absent();
                continue;
            }
            Cell::Null => model::Value::Null,
            Cell::Value(seed) => match value_of(field, first, seed) {
                Value::Null => model::Value::Null,
                Value::Integer(i) => model::Value::Integer(i.into()),
                Value::Text(text) => model::Value::Text(text),
                Value::Float(bits) => model::Value::Float(f64::from_bits(bits)),
            },
        };
        builder.push(&value).unwrap();
    }
    builder.finish()
}

/// The value in a row of a column that a scan returned.
pub(super) fn value_in(column: &ArrayRef, row: usize) -> Value {
    use arrow::datatypes::DataType as Arrow;
    if column.is_null(row) {
        return Value::Null;
    }
    match column.data_type() {
        Arrow::Int64 => Value::Integer(column.as_primitive::<Int64Type>().value(row)),
        Arrow::Int16 => Value::Integer(column.as_primitive::<Int16Type>().value(row).into()),
        Arrow::Utf8 => Value::Text(column.as_string::<i32>().value(row).to_owned()),
        Arrow::Float64 => Value::Float(column.as_primitive::<Float64Type>().value(row).to_bits()),
        other => panic!("no field is of type {other}"),
    }
}
