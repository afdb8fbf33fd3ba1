//! Reading a table at one sequence number.

mod series;

pub use series::SeriesBatch;

use crate::last::LastAccess;
use crate::memtable::MemoryView;
use crate::retention;
use crate::scan::Rows;
use crate::series_index::{SeriesIndex, SeriesSnapshot};
use crate::source::{DescribedView, DescribedViews, WriterId};
use crate::store::Store;
use crate::table_state::TableState;
use crate::{LastRequest, LastScan};
use arrow::array::AsArray;
use arrow::compute::{max, min};
use arrow::datatypes::Int64Type;
use arrow::record_batch::RecordBatch;
use model::{ColumnId, DataType, KeyBytes, Result, Sequence, SeriesId, Table, TableId, TimeBounds};
use parking_lot::RwLock;
use segments::{Buckets, PartialColumn, Spellings};
use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::{Arc, OnceLock};

/// The greatest integer up to which floats of 64 bits have them all.
const EXACT_MAX: u64 = 1 << 53;
/// Segments that are opened to see how great values are.
const OPENED_MAX: usize = 256;

/// A table at one number; holds what it needs of memory and files while it lives.
#[derive(Clone, Debug)]
pub struct TableView {
    table: Arc<Table>,
    sequence: Sequence,
    state: Arc<TableState>,
    memory: MemoryView,
    series: Arc<SeriesSnapshot>,
    spellings: Arc<dyn Spellings>,
    /// The times of rows that had not expired when it was made.
    kept: TimeBounds,
    writer: WriterId,
    /// Where last values are kept; views that were opened by a description keep none.
    last: Option<LastAccess>,
    /// What it was first described as; shared by its clones.
    described: Arc<OnceLock<Arc<DescribedView>>>,
}

/// A range of key bytes, for keyed tables.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRange {
    /// Where it begins.
    pub first: Bound<KeyBytes>,
    /// Where it ends.
    pub last: Bound<KeyBytes>,
}

/// Whose rows a scan returns.
#[derive(Clone, Debug)]
pub enum ScanKeys {
    /// All rows.
    All,
    /// Rows of these series; series tables.
    Series(Vec<SeriesId>),
    /// Rows whose key lies in one of these ranges (sorted, disjoint); keyed tables.
    Ranges(Vec<KeyRange>),
}

/// What a scan returns.
#[derive(Clone, Debug)]
pub struct ScanRequest {
    /// The columns, in output order; may be empty, then only row counts matter.
    pub columns: Vec<ColumnId>,
    /// The times, in the table's unit; [`TimeBounds::ALL`] for keyed tables.
    pub time: TimeBounds,
    /// Whose rows.
    pub keys: ScanKeys,
    /// Rows a batch at most.
    pub batch_rows: usize,
}

/// What a scan for aggregates returns: instead of rows, partial aggregates of rows that lie in one
/// bucket of time, ascending as rows do, each at the time of its first row. Series tables.
#[derive(Clone, Debug)]
pub struct PartialRequest {
    /// The rows, and key, attribute and time columns to return first.
    pub rows: ScanRequest,
    /// Columns of numbers. What is returned of them comes behind: how many rows, then for each the
    /// count of its values that are not NULL, the least, the greatest, and the sum if needed, all
    /// counts and sums as 64-bit integers.
    pub states: Vec<PartialColumn>,
    /// How rows come together; `None`: each row stands for itself.
    pub buckets: Option<Arc<dyn Buckets>>,
}

/// What a scan did so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ScanMetrics {
    /// Segments that bounds ruled out.
    pub segments_pruned: u64,
    /// Segments that the filters of their keys ruled out.
    pub segments_filtered: u64,
    /// Segments read.
    pub segments_read: u64,
    /// Rows that were folded with others: each that has its identity in another source, too.
    pub rows_merged: u64,
    /// Segments of one partition that waited to become one when the scan began, at most.
    pub segments_waiting: u64,
    /// Rows that were not read because aggregates beside their segments say enough of them.
    pub rows_aggregated: u64,
    /// Rows returned.
    pub rows_returned: u64,
}

/// Folded rows, ascending by (key, time) or by primary key, as batches of the requested columns
/// in [`model::arrow_type`] of their current types.
#[derive(Debug)]
pub struct Scan {
    rows: Rows,
    segments_waiting: u64,
}

impl Scan {
    /// What it did so far.
    #[must_use]
    pub fn metrics(&self) -> ScanMetrics {
        ScanMetrics { segments_waiting: self.segments_waiting, ..self.rows.metrics() }
    }
}

impl Iterator for Scan {
    type Item = Result<RecordBatch>;

    fn next(&mut self) -> Option<Self::Item> {
        self.rows.next()
    }
}

impl TableView {
    /// The table as it is now.
    pub(crate) fn new(store: &Store, id: TableId) -> Result<Self> {
        let state = store.table(id)?;
        let (sequence, series, memory) = {
            // Under the locks: the numbers asked for never fall, and what is merged or flushed
            // before they are taken is visible at this number.
            let mut index = state.listed_series(|| store.log.visible());
            let memory = state.memory.read();
            let sequence = store.log.visible();
            (sequence, index.snapshot(sequence), memory.view(sequence))
        };
        Self::defined(store, id, sequence, state, memory, series)
    }

    /// Several tables as they are at one moment.
    pub(crate) fn several(store: &Store, ids: &[TableId]) -> Result<Vec<Self>> {
        let states = ids.iter().map(|id| Ok((*id, store.table(*id)?)));
        let states: BTreeMap<TableId, Arc<TableState>> = states.collect::<Result<_>>()?;
        let (sequence, mut found) = {
            let mut series: Vec<_> = states.values().map(|state| state.series.write()).collect();
            let memories: Vec<_> = states.values().map(|state| state.memory.read()).collect();
            let sequence = store.log.visible();
            let found = states.keys().zip(&mut series).zip(memories);
            let found = found.map(|((id, index), memory)| (*id, (memory.view(sequence), index.snapshot(sequence))));
            (sequence, found.collect::<BTreeMap<_, _>>())
        };
        let defined = states.into_iter().filter_map(|(id, state)| Some((id, state, found.remove(&id)?)));
        let views = defined
            .map(|(id, state, (memory, series))| Ok((id, Self::defined(store, id, sequence, state, memory, series)?)));
        let views: BTreeMap<TableId, Self> = views.collect::<Result<_>>()?;
        Ok(ids.iter().filter_map(|id| views.get(id).cloned()).collect())
    }

    fn defined(
        store: &Store,
        id: TableId,
        sequence: Sequence,
        state: Arc<TableState>,
        memory: MemoryView,
        series: Arc<SeriesSnapshot>,
    ) -> Result<Self> {
        // After the rows: a definition may be newer than they are, never older.
        let catalog = store.catalog.snapshot();
        let table = catalog.table(id).cloned().ok_or_else(|| catalog.no_table(id))?;
        let kept = retention::kept(&catalog, &table, store.options.clock.now_micros());
        let last = LastAccess::new(store, &catalog, &table);
        let view = Self::opened(store, table, sequence, state, memory, series, kept);
        Ok(Self { last: Some(last), ..view })
    }

    /// A table of which everything was found.
    pub(crate) fn opened(
        store: &Store,
        table: Arc<Table>,
        sequence: Sequence,
        state: Arc<TableState>,
        memory: MemoryView,
        series: Arc<SeriesSnapshot>,
        kept: TimeBounds,
    ) -> Self {
        let spellings = store.spellings.clone();
        Self {
            table,
            sequence,
            state,
            memory,
            series,
            spellings,
            kept,
            writer: store.writer,
            last: None,
            described: Arc::default(),
        }
    }

    /// The definition that rows are returned in.
    #[must_use]
    pub fn table(&self) -> &Arc<Table> {
        &self.table
    }

    /// The number that it shows.
    #[must_use]
    pub fn sequence(&self) -> Sequence {
        self.sequence
    }

    /// Begins to read; rows that had expired when the view was made are left out. Work happens in
    /// the iterator.
    ///
    /// # Errors
    /// [`model::ErrorKind::Corrupt`] or [`model::ErrorKind::Io`] when a segment cannot be opened.
    pub fn scan(&self, mut request: ScanRequest) -> Result<Scan> {
        request.time = request.time.intersect(&self.kept);
        Ok(self.scan_of(Rows::new(self, request)?))
    }

    /// The newest row and values of series; rows that had expired when the view was made are left
    /// out. Work happens in the iterator.
    ///
    /// # Errors
    /// [`model::ErrorKind::Internal`] for a keyed table, or columns that are not there.
    pub fn last(&self, mut request: LastRequest) -> Result<LastScan> {
        request.since = request.since.max(self.kept.first);
        LastScan::new(self, request)
    }

    /// Begins to read for aggregates. Some work happens here, the rest in the iterator.
    ///
    /// # Errors
    /// As [`TableView::scan`]; [`model::ErrorKind::Internal`] for a keyed table or columns that are
    /// no numbers.
    pub fn scan_partial(&self, mut request: PartialRequest) -> Result<Scan> {
        request.rows.time = request.rows.time.intersect(&self.kept);
        Ok(self.scan_of(Rows::partial(self, request)?))
    }

    fn scan_of(&self, rows: Rows) -> Scan {
        Scan { rows, segments_waiting: self.state.debt.waiting() as u64 }
    }

    /// Whether sums of a column of integers are the same in floats of 64 bits, in whatever order
    /// its values are added up: none of them, however many rows it covers, leaves the integers that
    /// such floats have.
    #[must_use]
    pub fn sums_fit_floats(&self, id: ColumnId) -> bool {
        let Some(column) = self.table.column(id).filter(|column| column.type_changes.is_empty()) else { return false };
        let magnitude = match column.data_type {
            DataType::Int8 => Some(1 << 7),
            DataType::Int16 => Some(1 << 15),
            DataType::Int32 => Some(1 << 31),
            DataType::UInt8 => Some((1 << 8) - 1),
            DataType::UInt16 => Some((1 << 16) - 1),
            DataType::UInt32 => Some((1 << 32) - 1),
            DataType::Int64 => self.magnitude(id),
            _ => None,
        };
        let sum = magnitude.and_then(|magnitude: u64| magnitude.checked_mul(self.rows_at_most()));
        sum.is_some_and(|sum| sum <= EXACT_MAX)
    }

    /// How far from 0 a value of a column of 64-bit integers can be.
    fn magnitude(&self, id: ColumnId) -> Option<u64> {
        if self.memory.segments.len() > OPENED_MAX {
            return None;
        }
        let mut magnitude = 0;
        for segment in self.memory.segments.iter() {
            magnitude = magnitude.max(segment.magnitude(id).ok()??);
        }
        for chunk in &self.memory.chunks {
            let Some(column) = chunk.chunk.columns.iter().find(|column| column.id == id) else { continue };
            let values = column.cells.values.as_primitive_opt::<Int64Type>()?;
            let ends = [min(values), max(values)];
            magnitude = ends.into_iter().flatten().map(i64::unsigned_abs).fold(magnitude, u64::max);
        }
        Some(magnitude)
    }

    /// Whether some rows are in segments.
    #[must_use]
    pub fn has_segments(&self) -> bool {
        !self.memory.segments.is_empty()
    }

    /// At most so many rows are there, expired ones among them; for planning.
    #[must_use]
    pub fn rows_at_most(&self) -> u64 {
        let segments: u64 = self.memory.segments.iter().map(|s| s.entry.rows).sum();
        let chunks: usize = self.memory.chunks.iter().map(|c| c.chunk.rows()).sum();
        segments + chunks as u64
    }

    pub(crate) fn state(&self) -> &Arc<TableState> {
        &self.state
    }

    pub(crate) fn last_access(&self) -> Option<&LastAccess> {
        self.last.as_ref()
    }

    pub(crate) fn writer(&self) -> WriterId {
        self.writer
    }

    pub(crate) fn kept(&self) -> TimeBounds {
        self.kept
    }

    pub(crate) fn described(&self) -> &OnceLock<Arc<DescribedView>> {
        &self.described
    }

    pub(crate) fn described_views(&self) -> &DescribedViews {
        &self.state.described
    }

    pub(crate) fn memory(&self) -> &MemoryView {
        &self.memory
    }

    pub(crate) fn spellings(&self) -> &Arc<dyn Spellings> {
        &self.spellings
    }

    pub(crate) fn snapshot(&self) -> &Arc<SeriesSnapshot> {
        &self.series
    }

    pub(crate) fn series_index(&self) -> &RwLock<SeriesIndex> {
        &self.state.series
    }
}
