//! Rows of one table as plain arrays: what statements on keyed tables read, change and write.
//! No cell is absent here.

use arrow::array::{Array, ArrayRef, BooleanArray, new_empty_array};
use arrow::compute::{concat, filter, is_not_null, kernels::boolean::and};
use arrow::record_batch::RecordBatch;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use model::{
    AttributePolicy, Cells, ColumnId, Error, KeyBytes, Result, Table, UniqueSet, WriteBatch, WriteKind, arrow_type,
    encode_keys,
};

/// Rows as columns.
#[derive(Clone, Debug)]
pub(crate) struct Rows {
    /// The columns, all of the same length.
    pub(crate) columns: Vec<(ColumnId, ArrayRef)>,
    /// How many rows there are.
    pub(crate) count: usize,
}

impl Rows {
    /// Rows from batches whose columns are these, in this order.
    pub(crate) fn from_batches(table: &Table, ids: &[ColumnId], batches: &[RecordBatch]) -> Result<Self> {
        let count = batches.iter().map(RecordBatch::num_rows).sum();
        let columns = ids.iter().enumerate().map(|(position, id)| {
            let pieces: Vec<&dyn Array> =
                batches.iter().filter_map(|batch| batch.columns().get(position)).map(AsRef::as_ref).collect();
            let whole =
                if pieces.is_empty() { empty(table, *id)? } else { concat(&pieces).map_err(Error::internal)? };
            Ok((*id, whole))
        });
        Ok(Self { columns: columns.collect::<Result<_>>()?, count })
    }

    /// No rows, with these columns.
    pub(crate) fn none(table: &Table, ids: &[ColumnId]) -> Result<Self> {
        Self::from_batches(table, ids, &[])
    }

    /// The rows of a batch, absent cells as NULL, missing columns of the table as NULL too.
    pub(crate) fn of_batch(table: &Table, batch: &WriteBatch) -> Self {
        let columns = table.columns.iter().map(|column| {
            let values = batch.column(column.id).map(|cells| cells.values.clone());
            let missing = || arrow::array::new_null_array(&arrow_type(column.data_type), batch.rows);
            (column.id, values.unwrap_or_else(missing))
        });
        Self { columns: columns.collect(), count: batch.rows }
    }

    /// One column.
    pub(crate) fn column(&self, id: ColumnId) -> Result<&ArrayRef> {
        let found = self.columns.iter().find(|(column, _)| *column == id);
        found.map(|(_, values)| values).ok_or_else(|| Error::internal(format!("rows without column {id}")))
    }

    /// The key bytes of every row.
    pub(crate) fn keys(&self, key: &[ColumnId]) -> Result<Vec<KeyBytes>> {
        let columns = key.iter().map(|id| self.column(*id).cloned()).collect::<Result<Vec<_>>>()?;
        encode_keys(&columns, self.count)
    }

    /// The rows that a mask keeps.
    pub(crate) fn filter(&self, keep: &BooleanArray) -> Result<Self> {
        let columns = self.columns.iter().map(|(id, values)| Ok((*id, filter(values, keep).map_err(Error::internal)?)));
        Ok(Self { columns: columns.collect::<Result<_>>()?, count: keep.true_count() })
    }

    /// Whether all columns of a set have a value, row by row.
    pub(crate) fn complete(&self, columns: &[ColumnId]) -> Result<BooleanArray> {
        let mut complete = BooleanArray::from(vec![true; self.count]);
        for id in columns {
            let present = is_not_null(self.column(*id)?).map_err(Error::internal)?;
            complete = and(&complete, &present).map_err(Error::internal)?;
        }
        Ok(complete)
    }

    /// The rows of a unique set's hidden table that belong to these rows.
    pub(crate) fn entries(&self, table: &Table, set: &UniqueSet, index: &Table) -> Result<Self> {
        let complete = self.filter(&self.complete(&set.columns)?)?;
        let sources = set.columns.iter().chain(&table.key);
        let columns = index
            .columns
            .iter()
            .zip(sources)
            .map(|(column, source)| Ok((column.id, complete.column(*source)?.clone())));
        Ok(Self { columns: columns.collect::<Result<_>>()?, count: complete.count })
    }

    /// The values of some columns of one row as text, for errors.
    pub(crate) fn texts(&self, row: usize, columns: &[ColumnId]) -> Vec<String> {
        let options = FormatOptions::default().with_null("NULL");
        let text = |id: &ColumnId| {
            let values = self.column(*id).ok()?;
            let formatter = ArrayFormatter::try_new(values.as_ref(), &options).ok()?;
            (row < values.len()).then(|| formatter.value(row).to_string())
        };
        columns.iter().map(|id| text(id).unwrap_or_default()).collect()
    }

    /// A batch that writes these rows.
    pub(crate) fn into_batch(self, table: &Table, kind: WriteKind) -> WriteBatch {
        WriteBatch {
            table: table.id,
            schema_version: table.schema_version,
            kind,
            attributes: AttributePolicy::OnlyIfNew,
            rows: self.count,
            columns: self.columns.into_iter().map(|(id, values)| (id, Cells::present(values))).collect(),
        }
    }

    /// A batch that erases these rows: key columns and, in a series table, time.
    pub(crate) fn into_erasure(mut self, table: &Table) -> WriteBatch {
        let time = table.time_column().map(|column| column.id);
        self.columns.retain(|(id, _)| table.key.contains(id) || Some(*id) == time);
        self.into_batch(table, WriteKind::Erase)
    }
}

fn empty(table: &Table, id: ColumnId) -> Result<ArrayRef> {
    let column = table.column(id).ok_or_else(|| Error::internal(format!("table without column {id}")))?;
    Ok(new_empty_array(&arrow_type(column.data_type)))
}
