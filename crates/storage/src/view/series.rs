//! The series of a view: found by their keys, and their key and attribute columns. Writers wait for
//! the lock of the series index, so it is held over few series, never over all.

use super::TableView;
use crate::scan::{columns_of, schema_of};
use crate::series_index::{SeriesTexts, series_column, wanted};
use arrow::array::{ArrayRef, RecordBatchOptions, UInt32Array};
use arrow::compute::take;
use arrow::record_batch::RecordBatch;
use model::{Column, ColumnId, ColumnRole, Error, KeyBytes, KeyHash, Result, SeriesId, key_hash};
use segments::WantedSeries;
use std::sync::Arc;

/// A series column of fewer than one in so many series is made for those alone.
const SPARSE: usize = 8;
/// So many series are looked at under the lock that writers wait for.
const FEW: usize = if cfg!(test) { 2 } else { 1024 };

/// The series of a table, with or without rows, in key order.
#[derive(Clone, Debug)]
pub struct SeriesBatch {
    /// Their local ids.
    pub ids: Vec<SeriesId>,
    /// The key and attribute columns asked for; as many rows as ids.
    pub columns: RecordBatch,
}

impl TableView {
    /// The series, with the key and attribute columns asked for.
    ///
    /// # Errors
    /// [`model::ErrorKind::SchemaChanged`] when an attribute was retyped after the view was made.
    pub fn series(&self, columns: &[ColumnId]) -> Result<SeriesBatch> {
        self.series_batch(columns, self.series.ids().to_vec(), None)
    }

    /// Those of the series that have some keys, with the columns asked for, and how many there are in
    /// all; `None` where only a look at all of them tells, since some have ended after the view was
    /// made.
    ///
    /// # Errors
    /// [`model::ErrorKind::SchemaChanged`] when an attribute was retyped after the view was made.
    pub fn series_with_keys(&self, keys: &[KeyBytes], columns: &[ColumnId]) -> Result<Option<(SeriesBatch, usize)>> {
        let ids = {
            let index = self.state.series.read();
            if index.ended_after(self.sequence) {
                return Ok(None);
            }
            let found: Vec<SeriesId> = keys.iter().filter_map(|key| index.find(&key.0, key_hash(&key.0))).collect();
            self.series.in_key_order(&found, &*index)
        };
        let batch = self.series_batch(columns, ids.clone(), Some(&ids))?;
        Ok(Some((batch, self.series.ids().len())))
    }

    fn series_batch(&self, columns: &[ColumnId], ids: Vec<SeriesId>, some: Option<&[SeriesId]>) -> Result<SeriesBatch> {
        let columns = columns_of(&self.table, columns)?;
        let arrays = self.series_columns(&columns, some)?;
        let options = RecordBatchOptions::new().with_row_count(Some(ids.len()));
        let columns = RecordBatch::try_new_with_options(schema_of(&columns), arrays, &options)
            .map_err(|e| Error::internal(format!("making a batch: {e}")))?;
        Ok(SeriesBatch { ids, columns })
    }

    /// The hashes of the keys of some series.
    #[must_use]
    pub fn key_hashes(&self, ids: &[SeriesId]) -> Vec<KeyHash> {
        self.wanted(Some(ids)).iter().map(|series| series.key_hash).collect()
    }

    /// Those of some series that the view lists, each once, in key order.
    pub(crate) fn in_key_order(&self, ids: &[SeriesId]) -> Vec<SeriesId> {
        self.series.in_key_order(ids, &*self.state.series.read())
    }

    /// What scans want of some series, or of all that are listed.
    pub(crate) fn wanted(&self, some: Option<&[SeriesId]>) -> Arc<[WantedSeries]> {
        match some {
            Some(ids) if ids.len() <= FEW => wanted(ids, &*self.state.series.read()),
            Some(ids) => wanted(ids, &self.texts()),
            None => self.series.wanted(|| self.texts()),
        }
    }

    /// Keys and attributes, to be read without a lock that writers wait for.
    fn texts(&self) -> SeriesTexts {
        self.state.series.read().texts()
    }

    /// Key and attribute columns: of all listed series, or of some of them in key order. The index
    /// is locked while few are looked at, never over all.
    pub(crate) fn series_columns(&self, columns: &[&Column], some: Option<&[SeriesId]>) -> Result<Vec<ArrayRef>> {
        if let Some(column) = columns.iter().find(|c| !matches!(c.role, ColumnRole::Key | ColumnRole::Attribute)) {
            return Err(Error::internal(format!("column \"{}\" is not one of series", column.name)));
        }
        let (table, spellings) = (&self.table, self.spellings.as_ref());
        let is_sparse = some.is_some_and(|ids| ids.len() < self.series.ids().len() / SPARSE);
        let index = self.state.series.read();
        let version = index.attribute_version();
        let kept: Vec<_> = columns.iter().map(|c| self.series.kept_column(version, table, c)).collect();
        if let Some(ids) = some.filter(|ids| is_sparse && ids.len() <= FEW) {
            let missing = |(column, kept): (&&Column, &Option<ArrayRef>)| match kept {
                Some(_) => Ok(None),
                None => series_column(ids, &*index, table, column, spellings).map(Some),
            };
            let made = columns.iter().zip(&kept).map(missing).collect::<Result<Vec<_>>>()?;
            drop(index);
            let column = |both: (Option<ArrayRef>, Option<ArrayRef>)| match both {
                (Some(made), _) => Ok(made),
                (None, Some(all)) => self.chosen(&all, ids),
                (None, None) => Err(Error::internal("a column was neither kept nor made")),
            };
            return made.into_iter().zip(kept).map(column).collect();
        }
        let texts = if kept.iter().all(Option::is_some) { None } else { Some(index.texts()) };
        drop(index);
        let column = |(column, kept): (&&Column, Option<ArrayRef>)| {
            let all = match (kept, &texts, some) {
                (Some(all), ..) => all,
                (None, Some(texts), Some(ids)) if is_sparse => {
                    return series_column(ids, texts, table, column, spellings);
                }
                (None, Some(texts), _) => self.series.column((texts, version), table, column, spellings)?,
                (None, None, _) => return Err(Error::internal("a column was neither kept nor made")),
            };
            some.map_or(Ok(all.clone()), |ids| self.chosen(&all, ids))
        };
        columns.iter().zip(kept).map(column).collect()
    }

    /// The values of some series of a column of all.
    fn chosen(&self, all: &ArrayRef, ids: &[SeriesId]) -> Result<ArrayRef> {
        let places: UInt32Array = ids.iter().filter_map(|id| self.series.place(*id)).map(Some).collect();
        take(all.as_ref(), &places, None).map_err(|e| Error::internal(format!("choosing series: {e}")))
    }
}
