//! Values of a column's former types brought to a later one.
//!
//! A value goes through each type that its column has had since it was written, in order, before
//! it meets any other version of its row; what does not fit is NULL. So it never shows when a
//! flush or a compaction ran.

mod convert;
mod spelling;

pub use convert::can_convert;
pub use spelling::{PlainSpellings, Spellings};

use arrow::array::{Array, ArrayRef};
use model::{Column, ColumnId, DataType, Error, Result, Sequence, Table, arrow_type};

/// The type that a column has for a write with this number.
#[must_use]
pub fn type_at(column: &Column, sequence: Sequence) -> DataType {
    column.type_changes.iter().find(|change| change.at > sequence).map_or(column.data_type, |change| change.from)
}

/// Brings values to the types that columns have at one number.
#[derive(Clone, Copy)]
pub(crate) struct Retyping<'a> {
    pub(crate) table: &'a Table,
    pub(crate) spellings: &'a dyn Spellings,
    /// [`Sequence::MAX`]: the current types.
    pub(crate) until: Sequence,
}

impl Retyping<'_> {
    /// The values of a column that were written with type `stored`, the newest of them with number
    /// `written`, in the type that the column has at `until`.
    pub(crate) fn apply(
        &self,
        id: ColumnId,
        stored: DataType,
        values: &ArrayRef,
        written: Sequence,
    ) -> Result<ArrayRef> {
        let table = self.table;
        let Some(column) = table.column(id) else {
            return Err(Error::internal(format!("table {} has no column {id}", table.id)));
        };
        let expected = type_at(column, written);
        if expected != stored || *values.data_type() != arrow_type(stored) {
            return Err(Error::internal(format!(
                "column {id} of table {} was {expected:?} at number {written}, but its values are {stored:?} ({})",
                table.id,
                values.data_type()
            )));
        }
        let mut values = values.clone();
        for change in column.type_changes.iter().filter(|change| change.at > written && change.at <= self.until) {
            let to = type_at(column, change.at);
            values = convert::convert(&values, change.from, to, &change.conversion, self.spellings)?;
        }
        Ok(values)
    }
}

/// Values of a column that were written with number `written`, in its current type.
///
/// # Errors
/// [`model::ErrorKind::Internal`] when the values are not of the type that the column had then, or a
/// spelling is not known.
pub fn to_current_type(
    table: &Table,
    id: ColumnId,
    values: &ArrayRef,
    written: Sequence,
    spellings: &dyn Spellings,
) -> Result<ArrayRef> {
    to_type_at(table, id, values, written, Sequence::MAX, spellings)
}

/// The same in the type that the column had at the number `until`.
///
/// # Errors
/// See [`to_current_type`].
pub fn to_type_at(
    table: &Table,
    id: ColumnId,
    values: &ArrayRef,
    written: Sequence,
    until: Sequence,
    spellings: &dyn Spellings,
) -> Result<ArrayRef> {
    let column = table.column(id).ok_or_else(|| Error::internal(format!("table {} has no column {id}", table.id)))?;
    Retyping { table, spellings, until }.apply(id, type_at(column, written), values, written)
}

#[cfg(test)]
mod tests;
