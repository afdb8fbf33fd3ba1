//! What all scans share: sources, what is asked of them, and counts.

use crate::mask::Masks;
use crate::retype::{Retyping, type_at};
use crate::{Chunk, SegmentReader, Spellings};
use arrow::datatypes::DataType;
use catalog::Tombstone;
use model::{ColumnId, Error, Result, Sequence, Table, arrow_type};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

// Tests take tiny blocks, so that few rows cross every border.

/// Cells in blocks of all open segments together, about: no pool counts what a scan has decoded.
const BLOCK_CELLS_TOTAL: usize = 2 << 20;
/// Rows in a block of one segment at most, and at least.
const BLOCK_ROWS_MAX: usize = if cfg!(test) { 5 } else { 64 << 10 };
const BLOCK_ROWS_MIN: usize = if cfg!(test) { 2 } else { 2 << 10 };

/// Where rows come from.
#[derive(Clone, Debug)]
pub enum Source {
    /// Rows in memory, best folded already: an unfolded chunk is folded anew by each scan.
    Chunk(Arc<Chunk>),
    /// Rows on disk.
    Segment(Arc<SegmentReader>),
}

impl Source {
    /// The numbers of the oldest and newest write in it.
    #[must_use]
    pub fn sequences(&self) -> (Sequence, Sequence) {
        match self {
            Self::Chunk(chunk) => chunk.sequences,
            Self::Segment(segment) => segment.entry().sequences,
        }
    }
}

/// What a scan did so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ScanCounts {
    /// Segments that bounds ruled out.
    pub segments_pruned: u64,
    /// Segments that the filters of their keys ruled out.
    pub segments_filtered: u64,
    /// Segments read from.
    pub segments_read: u64,
    /// Rows that were folded with others: each that has its identity in another source, too.
    pub rows_merged: u64,
    /// Rows that cells of segments stood for.
    pub rows_aggregated: u64,
    /// Rows returned.
    pub rows_returned: u64,
}

/// What a scan asks of each of its sources.
#[derive(Debug)]
pub(crate) struct Reading {
    pub(super) table: Arc<Table>,
    pub(super) spellings: Arc<dyn Spellings>,
    pub(super) columns: Vec<ColumnId>,
    /// Rows in a block of a segment.
    pub(super) block_rows: usize,
    /// Values are brought to the types of this number.
    until: Sequence,
    segments_read: AtomicU64,
}

impl Reading {
    /// For a scan of so many segments; values as they are at `until`, [`Sequence::MAX`] for now.
    pub(crate) fn new(
        table: Arc<Table>,
        spellings: Arc<dyn Spellings>,
        columns: Vec<ColumnId>,
        segments: usize,
        until: Sequence,
    ) -> Self {
        // The time is a column too.
        let cells_a_row = (columns.len() + 1).saturating_mul(segments.max(1));
        let block_rows = (BLOCK_CELLS_TOTAL / cells_a_row).clamp(BLOCK_ROWS_MIN, BLOCK_ROWS_MAX);
        Self { table, spellings, columns, block_rows, until, segments_read: AtomicU64::new(0) }
    }

    pub(super) fn retyping(&self) -> Retyping<'_> {
        Retyping { table: &self.table, spellings: &*self.spellings, until: self.until }
    }

    /// The types that columns are returned in.
    pub(crate) fn types(&self) -> Result<Arc<[DataType]>> {
        let data_type = |id: &ColumnId| match self.table.column(*id) {
            Some(column) => Ok(arrow_type(type_at(column, self.until))),
            None => Err(Error::internal(format!("table {} has no column {id}", self.table.id))),
        };
        self.columns.iter().map(data_type).collect()
    }

    /// Counts a segment at its first read.
    pub(super) fn count_segment(&self) {
        self.segments_read.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn segments_read(&self) -> u64 {
        self.segments_read.load(Ordering::Relaxed)
    }
}

/// Sources by age, oldest first. Those of different partitions may overlap in their numbers, but
/// not in their rows.
pub(super) fn by_age(mut sources: Vec<Source>) -> Vec<Source> {
    sources.sort_by_key(|source| source.sequences().1);
    sources
}

/// How many of some sources are segments.
pub(super) fn segments_among(sources: &[Source]) -> usize {
    sources.iter().filter(|source| matches!(source, Source::Segment(_))).count()
}

/// The deletions that lie above a source whose newest number this is.
pub(crate) fn masks_above(newest: Sequence, tombstones: &[Tombstone]) -> Masks {
    Masks::new(tombstones.iter().filter(|tombstone| tombstone.sequence > newest))
}
