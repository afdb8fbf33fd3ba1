//! What a batch must obey before storage sees it.

use crate::assignment::text;
use crate::lengths::first_too_long;
use arrow::array::Array;
use model::{
    AttributePolicy, Column, ColumnRole, Error, ErrorKind, Place, Result, Table, TableKind, WriteBatch, WriteKind,
    arrow_type,
};
use std::collections::HashSet;

/// Checks that the batch is one of this table: known columns, each once, of the right type and
/// length. A batch that is not is a fault of the dialect that made it.
pub(super) fn check_shape(table: &Table, batch: &WriteBatch) -> Result<()> {
    let mut seen = HashSet::new();
    for (id, cells) in &batch.columns {
        let column = table.column(*id).ok_or_else(|| Error::internal(format!("a batch with unknown column {id}")))?;
        if !seen.insert(*id) {
            return Err(ErrorKind::DuplicateAssignment { column: column.name.clone() }.into());
        }
        let expected = arrow_type(column.data_type);
        let absent = cells.absent.as_ref().map_or(batch.rows, arrow::buffer::BooleanBuffer::len);
        if *cells.values.data_type() != expected || cells.values.len() != batch.rows || absent != batch.rows {
            let (found, rows) = (cells.values.data_type(), cells.values.len());
            let reason = format!(
                "column \"{}\": {rows} cells of {found} in a batch of {} of {expected}",
                column.name, batch.rows
            );
            return Err(Error::internal(reason));
        }
    }
    Ok(())
}

/// Checks NOT NULL and that the columns that identify a row are there.
pub(super) fn check_values(table: &Table, batch: &WriteBatch) -> Result<()> {
    let has_fields = table.columns_with(ColumnRole::Field).any(|column| batch.column(column.id).is_some());
    let has_time = table.time_column().is_some_and(|column| batch.column(column.id).is_some());
    for column in table.columns.iter().filter(|column| !column.nullable) {
        if let Some(cells) = batch.column(column.id) {
            let may_be_absent = column.role == ColumnRole::Attribute && batch.attributes == AttributePolicy::Set;
            let absent = if may_be_absent { absent_cells(cells) } else { 0 };
            if cells.values.null_count() > absent {
                return Err(ErrorKind::NullValue { column: column.name.clone() }.into());
            }
        } else if is_needed(table, column, batch, has_time, has_fields) {
            return Err(missing(table, column));
        }
    }
    Ok(())
}

/// Checks texts and bytes against the lengths that their columns declare. What a row is erased by
/// may be longer: it is simply not there.
pub(super) fn check_lengths(table: &Table, batch: &WriteBatch) -> Result<()> {
    if batch.kind == WriteKind::Erase {
        return Ok(());
    }
    for (id, cells) in &batch.columns {
        let Some(column) = table.column(*id) else { continue };
        if let Some(row) = first_too_long(&cells.values, column.data_type) {
            let place = Place { column: column.name.clone(), row: (batch.rows > 1).then_some(row as u64 + 1) };
            let (value, data_type) = (text(&cells.values, row), column.data_type);
            return Err(ErrorKind::ValueTooLong { value, data_type, place: Some(place) }.into());
        }
    }
    Ok(())
}

fn absent_cells(cells: &model::Cells) -> usize {
    cells.absent.as_ref().map_or(0, arrow::buffer::BooleanBuffer::count_set_bits)
}

/// Whether a column that may not be NULL must stand in this batch.
fn is_needed(table: &Table, column: &Column, batch: &WriteBatch, has_time: bool, has_fields: bool) -> bool {
    let erases = batch.kind == WriteKind::Erase;
    match (table.kind, column.role) {
        (_, ColumnRole::Key) => true,
        (TableKind::Keyed, _) => !erases,
        // Without time and fields the batch registers series and sets attributes.
        (TableKind::Series, ColumnRole::Time) => erases || has_fields,
        (TableKind::Series, ColumnRole::Field) => !erases && has_time,
        // A row alone says nothing about attributes; whoever names one, or registers a series,
        // names all that a new series must have.
        (TableKind::Series, ColumnRole::Attribute) => {
            let names_attributes =
                table.columns_with(ColumnRole::Attribute).any(|column| batch.column(column.id).is_some());
            !erases && batch.attributes == AttributePolicy::OnlyIfNew && (names_attributes || !has_time)
        }
    }
}

fn missing(table: &Table, column: &Column) -> Error {
    if table.kind == TableKind::Series && column.role == ColumnRole::Key {
        let needed = table.key_columns().filter(|column| !column.nullable);
        return ErrorKind::KeyMissing { columns: needed.map(|column| column.name.clone()).collect() }.into();
    }
    ErrorKind::NullValue { column: column.name.clone() }.into()
}
