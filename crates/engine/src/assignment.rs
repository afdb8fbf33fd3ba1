//! Computed values on their way into a column: cast to its type, and refused where that cannot
//! hold them.

use crate::lengths::first_too_long;
use arrow::array::{Array, ArrayRef, AsArray, PrimitiveArray, new_null_array};
use arrow::compute::kernels::cmp::not_distinct;
use arrow::compute::{CastOptions, can_cast_types, cast_with_options};
use arrow::datatypes as at;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use model::{Column, ColumnId, DataType, Error, ErrorKind, Place, Result, Table, TimeUnit, arrow_type};
use std::collections::HashSet;
use std::sync::Arc;

/// The columns that assignments name, in their order.
pub(crate) fn assigned_columns<'a, E>(table: &'a Table, assignments: &[(ColumnId, E)]) -> Result<Vec<&'a Column>> {
    let mut seen = HashSet::new();
    let column = |(id, _): &(ColumnId, E)| {
        let column = table.column(*id).ok_or_else(|| ErrorKind::SchemaChanged { table: table.name.clone() })?;
        if !seen.insert(*id) {
            return Err(ErrorKind::DuplicateAssignment { column: column.name.clone() }.into());
        }
        Ok(column)
    };
    assignments.iter().map(column).collect()
}

/// Values as a column holds them.
///
/// # Errors
/// [`ErrorKind::NullValue`], and the errors about values, naming the column and the value.
pub(crate) fn into_column(values: &ArrayRef, column: &Column) -> Result<ArrayRef> {
    if !column.nullable && values.logical_null_count() > 0 {
        return Err(ErrorKind::NullValue { column: column.name.clone() }.into());
    }
    let target = arrow_type(column.data_type);
    let cast = match (values.data_type(), &target) {
        (from, to) if from == to => Arc::clone(values),
        (at::DataType::Null, to) => new_null_array(to, values.len()),
        (at::DataType::Timestamp(from, _), at::DataType::Timestamp(..)) => instants(values, *from, column)?,
        (from, to) if can_cast_types(from, to) => {
            let cast = cast_with_options(values, to, &CastOptions { safe: true, ..CastOptions::default() })
                .map_err(Error::internal)?;
            refuse_lost(values, &cast, column)?;
            cast
        }
        _ => return Err(first_invalid(values, column)),
    };
    match first_too_long(&cast, column.data_type) {
        Some(row) => Err(too_long(&cast, row, column)),
        None => Ok(cast),
    }
}

/// Refuses values that became NULL, or lost digits after the point.
fn refuse_lost(values: &ArrayRef, cast: &ArrayRef, column: &Column) -> Result<()> {
    if let Some(row) = (0..values.len()).find(|row| values.is_valid(*row) && cast.is_null(*row)) {
        return Err(misfit(values, row, column));
    }
    let from = values.data_type();
    let fractional = from.is_floating() || matches!(from, at::DataType::Decimal128(..) | at::DataType::Decimal256(..));
    if !(fractional && column.data_type.is_integer()) {
        return Ok(());
    }
    let back = cast_with_options(cast, from, &CastOptions::default()).map_err(Error::internal)?;
    let same = not_distinct(&back, values).map_err(Error::internal)?;
    match (0..same.len()).find(|row| !same.value(*row)) {
        Some(row) => Err(misfit(values, row, column)),
        None => Ok(()),
    }
}

/// Instants in the column's unit, floored; one that does not fit is an error.
fn instants(values: &ArrayRef, from: at::TimeUnit, column: &Column) -> Result<ArrayRef> {
    let (DataType::Instant(unit) | DataType::LocalDateTime(unit)) = column.data_type else {
        return Err(first_invalid(values, column));
    };
    let counts = cast_with_options(values, &at::DataType::Int64, &CastOptions::default()).map_err(Error::internal)?;
    let nanos_each = query::functions::nanos_per(from);
    let mut converted = Vec::with_capacity(values.len());
    for (row, count) in counts.as_primitive::<at::Int64Type>().iter().enumerate() {
        let count = count.map(|count| {
            unit.floor_from_nanos(i128::from(count) * nanos_each).ok_or_else(|| out_of_range(values, row, column))
        });
        converted.push(count.transpose()?);
    }
    let target = arrow_type(column.data_type);
    Ok(match unit {
        TimeUnit::Millisecond => {
            Arc::new(PrimitiveArray::<at::TimestampMillisecondType>::from(converted).with_data_type(target))
        }
        TimeUnit::Microsecond => {
            Arc::new(PrimitiveArray::<at::TimestampMicrosecondType>::from(converted).with_data_type(target))
        }
        TimeUnit::Nanosecond => {
            Arc::new(PrimitiveArray::<at::TimestampNanosecondType>::from(converted).with_data_type(target))
        }
    })
}

/// The error of a value that a cast could not carry over: beyond the range, if it is a number.
fn misfit(values: &ArrayRef, row: usize, column: &Column) -> Error {
    let numeric = values.data_type().is_numeric() || text(values, row).parse::<f64>().is_ok();
    let to_number = column.data_type.is_integer()
        || column.data_type.is_float()
        || matches!(column.data_type, DataType::Decimal { .. });
    if numeric && to_number { out_of_range(values, row, column) } else { invalid(values, row, column) }
}

fn first_invalid(values: &ArrayRef, column: &Column) -> Error {
    let row = (0..values.len()).find(|row| values.is_valid(*row)).unwrap_or(0);
    invalid(values, row, column)
}

fn invalid(values: &ArrayRef, row: usize, column: &Column) -> Error {
    let (value, data_type, place) = about(values, row, column);
    ErrorKind::ValueInvalid { value, data_type, place }.into()
}

fn out_of_range(values: &ArrayRef, row: usize, column: &Column) -> Error {
    let (value, data_type, place) = about(values, row, column);
    ErrorKind::ValueOutOfRange { value, data_type, place }.into()
}

fn too_long(values: &ArrayRef, row: usize, column: &Column) -> Error {
    let (value, data_type, place) = about(values, row, column);
    ErrorKind::ValueTooLong { value, data_type, place }.into()
}

fn about(values: &ArrayRef, row: usize, column: &Column) -> (String, DataType, Option<Place>) {
    (text(values, row), column.data_type, Some(Place { column: column.name.clone(), row: None }))
}

/// A value as an error shows it.
pub(crate) fn text(values: &ArrayRef, row: usize) -> String {
    let options = FormatOptions::default();
    match ArrayFormatter::try_new(values.as_ref(), &options) {
        Ok(formatter) if row < values.len() => formatter.value(row).to_string(),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests;
