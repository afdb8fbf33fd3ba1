//! Rows in the forms in which a file stores them, cut into batches.

use super::footer::ExtraColumn;
use super::layout::Layout;
use super::physical::to_physical;
use super::rows::{SegmentIdentity, SegmentRows};
use crate::RowKinds;
use arrow::array::{Array, ArrayRef, BinaryBuilder, PrimitiveArray, UInt8Array, UInt32Array, make_array};
use arrow::compute::take;
use arrow::datatypes::Int64Type;
use arrow::record_batch::RecordBatch;
use model::{Cells, Column, ColumnId, Error, Result, arrow_type};
use std::ops::Range;
use std::sync::Arc;

/// Rows ready to be written.
pub(super) struct Values<'a> {
    layout: &'a Layout,
    keys: KeyRows<'a>,
    /// The time if there is one, then what is given for each row, in file order.
    values: Vec<ArrayRef>,
    /// Of the field columns, in file order, for the bitmap of absent cells.
    fields: Vec<&'a Cells>,
    kinds: &'a RowKinds,
}

impl<'a> Values<'a> {
    /// The rows as the file has them; else the first column that has a value which does not fit
    /// the form that was chosen for it.
    pub(super) fn new(layout: &'a Layout, rows: &'a SegmentRows) -> Result<Result<Self, ColumnId>> {
        let count = rows.identity.rows()?;
        let mut values = Vec::with_capacity(layout.given.len() + 1);
        match (&layout.time, &rows.identity) {
            (Some(time), SegmentIdentity::Series { times, .. }) => values.push(times_as(times, time)?),
            (None, SegmentIdentity::Keyed { .. }) => {}
            _ => return Err(Error::internal("rows of another kind than their segment")),
        }
        let mut fields = Vec::new();
        for given in &layout.given {
            let column = rows.columns.iter().find(|column| column.id == given.id);
            let column = column.ok_or_else(|| Error::internal(format!("column {} is missing", given.id)))?;
            let found = column.cells.values.len();
            if found != count || column.data_type != given.data_type {
                let (id, found_type, wanted) = (given.id, column.data_type, given.data_type);
                return Err(Error::internal(format!(
                    "{found} values of {found_type:?} do not fit {count} rows of column {id}, which is {wanted:?}"
                )));
            }
            match to_physical(&column.cells.values, given.data_type, given.form)? {
                Some(physical) => values.push(physical),
                None => return Ok(Err(given.id)),
            }
            if layout.is_field(given.id) {
                fields.push(&column.cells);
            }
        }
        let keys = KeyRows::new(&layout.keys, &rows.identity);
        Ok(Ok(Self { layout, keys, values, fields, kinds: &rows.kinds }))
    }

    /// Some rows; ranges follow each other.
    pub(super) fn batch(&mut self, rows: Range<usize>) -> Result<RecordBatch> {
        let mut columns = self.keys.take(rows.len())?;
        columns.extend(self.values.iter().map(|values| values.slice(rows.start, rows.len())));
        for extra in &self.layout.footer.extra {
            columns.push(match extra {
                ExtraColumn::Kind => {
                    Arc::new(rows.clone().map(|row| self.kinds.get(row) as u8).collect::<UInt8Array>())
                }
                ExtraColumn::Absent => self.absent(rows.clone()),
            });
        }
        RecordBatch::try_new(Arc::clone(&self.layout.schema), columns).map_err(Error::internal)
    }

    /// One bit for each field column, in file order, the first the lowest; NULL where all are
    /// present.
    fn absent(&self, rows: Range<usize>) -> ArrayRef {
        let mut bitmaps = BinaryBuilder::new();
        let mut bits = vec![0_u8; self.fields.len().div_ceil(8)];
        for row in rows {
            bits.fill(0);
            let mut any = false;
            for (field, cells) in self.fields.iter().enumerate() {
                if cells.is_absent(row) {
                    bits[field / 8] |= 1 << (field % 8);
                    any = true;
                }
            }
            bitmaps.append_option(any.then_some(&bits));
        }
        Arc::new(bitmaps.finish())
    }
}

/// The key columns of a series table, row by row.
struct KeyRows<'a> {
    columns: &'a [ArrayRef],
    /// What is left of the runs, the next one last.
    runs: Vec<(usize, usize)>,
}

impl<'a> KeyRows<'a> {
    fn new(columns: &'a [ArrayRef], identity: &SegmentIdentity) -> Self {
        let runs = match identity {
            SegmentIdentity::Series { runs, .. } => runs.iter().rev().copied().collect(),
            SegmentIdentity::Keyed { .. } => Vec::new(),
        };
        Self { columns, runs }
    }

    fn take(&mut self, rows: usize) -> Result<Vec<ArrayRef>> {
        let mut indices = Vec::with_capacity(if self.columns.is_empty() { 0 } else { rows });
        while indices.len() < rows
            && let Some((key, count)) = self.runs.last_mut()
        {
            let taken = (*count).min(rows - indices.len());
            let key = u32::try_from(*key).map_err(Error::internal)?;
            indices.extend(std::iter::repeat_n(key, taken));
            *count -= taken;
            if *count == 0 {
                self.runs.pop();
            }
        }
        let indices = UInt32Array::from(indices);
        self.columns.iter().map(|column| take(column, &indices, None).map_err(Error::internal)).collect()
    }
}

fn times_as(times: &[i64], column: &Column) -> Result<ArrayRef> {
    let times = PrimitiveArray::<Int64Type>::from_iter_values(times.iter().copied());
    let data = times.to_data().into_builder().data_type(arrow_type(column.data_type));
    Ok(make_array(data.build().map_err(Error::internal)?))
}
