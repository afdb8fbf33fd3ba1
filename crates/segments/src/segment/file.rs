//! An open segment file: its footer and page index, without the run directory.

use super::checked::{CheckedFile, CheckedReader, corrupt};
use super::footer::{Footer, StoredColumn};
use super::physical::{Form, read_as};
use arrow::datatypes::{Field, Schema};
use catalog::SegmentEntry;
use model::{ColumnId, ColumnRole, DataType, Result, TableId, TimeBounds};
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions};
use parquet::file::metadata::{PageIndexPolicy, ParquetMetaData};
use parquet::file::page_index::column_index::ColumnIndexMetaData;
use std::ops::Range;
use std::sync::Arc;

/// The times in one page of the time column.
#[derive(Clone, Copy, Debug)]
struct TimePage {
    first_row: u64,
    time: TimeBounds,
}

/// What is known of an open file.
#[derive(Debug)]
pub(crate) struct SegmentFile {
    pub(super) entry: SegmentEntry,
    pub(super) checked: Arc<CheckedFile>,
    pub(super) metadata: ArrowReaderMetadata,
    pub(super) footer: Footer,
    /// The rows of each row group.
    pub(super) row_groups: Vec<Range<u64>>,
    time_pages: Vec<TimePage>,
}

impl SegmentFile {
    pub(super) fn load(checked: CheckedFile, entry: &SegmentEntry, table: TableId) -> Result<Self> {
        let checked = Arc::new(checked);
        let source = CheckedReader::new(&checked, 1);
        let options = ArrowReaderOptions::new().with_page_index_policy(PageIndexPolicy::Required);
        let loaded = ArrowReaderMetadata::load(&source, options).map_err(|e| source.fault(e))?;
        let parquet = loaded.metadata();
        let pairs = parquet.file_metadata().key_value_metadata().map_or(&[][..], Vec::as_slice);
        let footer = Footer::from_key_values(pairs, &entry.path)?;
        let rows = u64::try_from(parquet.file_metadata().num_rows()).unwrap_or_default();
        if !footer.is_of(entry, table) || rows != entry.rows {
            return Err(corrupt(&entry.path, "its footer is of another segment than the manifest means"));
        }
        let fields = loaded.schema().fields();
        if fields.len() != footer.columns.len() + footer.extra.len() {
            return Err(corrupt(&entry.path, "its columns are others than its footer says"));
        }
        let read_as = |(at, field): (usize, &Arc<Field>)| match footer.columns.get(at) {
            Some(column) => Arc::new(read_as(field, column.data_type)),
            None => Arc::clone(field),
        };
        let schema = Arc::new(Schema::new(fields.iter().enumerate().map(read_as).collect::<Vec<_>>()));
        let options = ArrowReaderOptions::new().with_schema(schema);
        let metadata = ArrowReaderMetadata::try_new(Arc::clone(parquet), options).map_err(|e| source.fault(e))?;
        let row_groups = row_groups(parquet);
        let time_pages = match footer.columns.iter().position(|column| column.role == ColumnRole::Time) {
            Some(leaf) => time_pages(parquet, leaf, &row_groups)
                .ok_or_else(|| corrupt(&entry.path, "its time column has no page index"))?,
            None => Vec::new(),
        };
        Ok(Self { entry: entry.clone(), checked, metadata, footer, row_groups, time_pages })
    }

    pub(super) fn memory_bytes(&self) -> usize {
        self.metadata.metadata().memory_size()
            + self.checked.memory_bytes()
            + self.time_pages.len() * size_of::<TimePage>()
    }

    /// Its columns that the table has or had, in file order.
    pub(crate) fn columns(&self) -> &[StoredColumn] {
        &self.footer.columns
    }

    /// The type of a column and the form in which it is stored; `None` when it has no value here.
    pub(crate) fn form_of(&self, id: ColumnId) -> Option<(DataType, Form)> {
        let leaf = self.footer.columns.iter().position(|column| column.id == id)?;
        let data_type = self.footer.columns.get(leaf)?.data_type;
        let groups = self.metadata.metadata().row_groups().iter();
        let nulls = groups.map(|group| group.columns().get(leaf)?.statistics()?.null_count_opt());
        let nulls: Option<u64> = nulls.sum();
        let physical = self.metadata.schema().fields().get(leaf)?.data_type();
        (nulls != Some(self.entry.rows)).then(|| (data_type, Form::of_stored(data_type, physical)))
    }

    /// The row group that a row lies in, and its rows.
    pub(crate) fn row_group_of(&self, row: u64) -> (usize, Range<u64>) {
        let group = self.row_groups.partition_point(|rows| rows.end <= row);
        (group, self.row_groups.get(group).cloned().unwrap_or(row..row))
    }

    /// Those of some rows of one series, ascending in time, that may have times within bounds.
    pub(crate) fn narrow(&self, rows: Range<u64>, time: TimeBounds) -> Range<u64> {
        // Only pages of this series alone say something; of the rows before and after them it is
        // known that they are earlier and later.
        let first = self.time_pages.partition_point(|page| page.first_row < rows.start);
        let end = self.time_pages.partition_point(|page| page.first_row < rows.end);
        let ends_with_page = self.time_pages.get(end).map_or(self.entry.rows, |page| page.first_row) == rows.end;
        let pages = self.time_pages.get(first..end).unwrap_or_default();
        let (pages, after) = match pages.split_last() {
            Some((last, pages)) if !ends_with_page => (pages, last.first_row),
            _ => (pages, rows.end),
        };
        let (Some(earliest), Some(latest)) = (pages.first(), pages.last()) else { return rows };
        let row_of = |page: usize| pages.get(page).map_or(after, |page| page.first_row);
        let mut narrowed = rows;
        if earliest.time.first <= time.first {
            narrowed.start = row_of(pages.partition_point(|page| page.time.last < time.first));
        }
        if latest.time.last >= time.last {
            narrowed.end = row_of(pages.partition_point(|page| page.time.first <= time.last));
        }
        narrowed
    }
}

fn row_groups(metadata: &ParquetMetaData) -> Vec<Range<u64>> {
    let mut end = 0;
    let rows = metadata.row_groups().iter().map(|group| u64::try_from(group.num_rows()).unwrap_or_default());
    rows.map(|rows| {
        let start = end;
        end += rows;
        start..end
    })
    .collect()
}

fn time_pages(metadata: &ParquetMetaData, leaf: usize, row_groups: &[Range<u64>]) -> Option<Vec<TimePage>> {
    let mut pages = Vec::new();
    for (group, rows) in row_groups.iter().enumerate() {
        let locations = metadata.offset_index()?.get(group)?.get(leaf)?.page_locations();
        let ColumnIndexMetaData::INT64(times) = metadata.column_index()?.get(group)?.get(leaf)? else { return None };
        if times.min_values().len() != locations.len() || times.max_values().len() != locations.len() {
            return None;
        }
        for (location, (first, last)) in locations.iter().zip(times.min_values().iter().zip(times.max_values())) {
            let first_row = rows.start + u64::try_from(location.first_row_index).ok()?;
            pages.push(TimePage { first_row, time: TimeBounds { first: *first, last: *last } });
        }
    }
    Some(pages)
}
