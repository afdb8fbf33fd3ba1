//! Rows in memory.
//!
//! A chunk never changes: folding and merging make another. Versions of one row inside an
//! unfolded chunk follow each other by position, erasures first.

mod merge;
mod runs;

pub use merge::MergeContext;
pub use runs::ChunkRun;

use crate::fold;
use arrow::array::Array;
use model::{Cells, ColumnId, DataType, Error, KeyBytes, Result, Sequence, SeriesId, TimeBounds};
use std::sync::OnceLock;

/// What a row does to an older row of the same identity. `keep first` was decided before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum RowKind {
    /// Takes its place.
    Replace = 0,
    /// Writes its present cells into it.
    Merge = 1,
    /// Removes it.
    Erase = 2,
}

/// The kinds of the rows of a chunk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RowKinds {
    /// All alike.
    All(RowKind),
    /// One each.
    Each(Vec<RowKind>),
}

impl RowKinds {
    /// The kind of a row.
    #[must_use]
    pub fn get(&self, row: usize) -> RowKind {
        match self {
            Self::All(kind) => *kind,
            Self::Each(kinds) => kinds.get(row).copied().unwrap_or(RowKind::Replace),
        }
    }

    /// The kinds of rows given one by one, as briefly as they can be said.
    #[must_use]
    pub fn from_rows(kinds: Vec<RowKind>) -> Self {
        match kinds.first() {
            None => Self::All(RowKind::Replace),
            Some(first) if kinds.iter().all(|kind| kind == first) => Self::All(*first),
            Some(_) => Self::Each(kinds),
        }
    }
}

/// What identifies the rows of a chunk.
#[derive(Clone, Debug)]
pub enum Identity {
    /// Rows of a series table: the series, and the time in the table's unit.
    Series {
        /// The series of each row.
        series: Vec<SeriesId>,
        /// The time of each row.
        times: Vec<i64>,
    },
    /// Rows of a keyed table: the encoded primary key.
    Keyed {
        /// The key of each row.
        keys: Vec<KeyBytes>,
    },
}

impl Identity {
    /// How many rows it identifies.
    #[must_use]
    pub fn rows(&self) -> usize {
        match self {
            Self::Series { times, .. } => times.len(),
            Self::Keyed { keys } => keys.len(),
        }
    }
}

/// One column of a chunk.
#[derive(Clone, Debug)]
pub struct ChunkColumn {
    /// Which column.
    pub id: ColumnId,
    /// The type that it had when the chunk was written.
    pub data_type: DataType,
    /// The cells.
    pub cells: Cells,
}

/// Immutable rows in memory. Columns that are not here are absent in every row. Series tables:
/// field columns only; keyed tables: all columns, the key's included.
#[derive(Clone, Debug)]
pub struct Chunk {
    /// The numbers of the oldest and the newest write in it; one number where it is one write.
    pub sequences: (Sequence, Sequence),
    /// Whether rows are in order of (series id, time) or of key, at most one of each identity.
    pub folded: bool,
    /// What identifies each row.
    pub identity: Identity,
    /// What each row does.
    pub kinds: RowKinds,
    /// The columns.
    pub columns: Vec<ChunkColumn>,
    runs: OnceLock<Vec<ChunkRun>>,
}

impl Chunk {
    /// The rows of one write, in the order in which they were given, erasures first.
    ///
    /// # Errors
    /// [`model::ErrorKind::Internal`] when the parts differ in their number of rows.
    pub fn new(sequence: Sequence, identity: Identity, kinds: RowKinds, columns: Vec<ChunkColumn>) -> Result<Self> {
        let rows = identity.rows();
        if let Identity::Series { series, .. } = &identity
            && series.len() != rows
        {
            return Err(Error::internal(format!("a chunk has {} series for {rows} times", series.len())));
        }
        if let RowKinds::Each(kinds) = &kinds
            && kinds.len() != rows
        {
            return Err(Error::internal(format!("a chunk has {} kinds for {rows} rows", kinds.len())));
        }
        for column in &columns {
            let cells = column.cells.values.len();
            let states = column.cells.absent.as_ref().map_or(cells, |absent| absent.len());
            if cells != rows || states != rows {
                let id = column.id;
                return Err(Error::internal(format!("column {id} of a chunk has {cells} cells for {rows} rows")));
            }
        }
        Ok(Self { sequences: (sequence, sequence), folded: false, identity, kinds, columns, runs: OnceLock::new() })
    }

    /// How many rows it holds, versions counted one by one.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.identity.rows()
    }

    /// About how many bytes of memory it takes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let identity = match &self.identity {
            Identity::Series { series, times } => series.len() * 4 + times.len() * 8,
            Identity::Keyed { keys } => keys.iter().map(|key| key.0.len() + 16).sum(),
        };
        let kinds = match &self.kinds {
            RowKinds::All(_) => 0,
            RowKinds::Each(kinds) => kinds.len(),
        };
        let columns: usize = self
            .columns
            .iter()
            .map(|column| {
                column.cells.values.get_array_memory_size()
                    + column.cells.absent.as_ref().map_or(0, |absent| absent.len().div_ceil(8))
                    + size_of::<ChunkColumn>()
            })
            .sum();
        size_of::<Self>() + identity + kinds + columns
    }

    /// The times of its earliest and latest row; `None` when it has no row or no times.
    #[must_use]
    pub fn time_bounds(&self) -> Option<TimeBounds> {
        let Identity::Series { times, .. } = &self.identity else { return None };
        Some(TimeBounds { first: *times.iter().min()?, last: *times.iter().max()? })
    }

    /// The same rows in order of (series id, time) or of key, one version of each. Rows that are
    /// so already are not copied.
    ///
    /// # Errors
    /// [`model::ErrorKind::Internal`] when a column cannot be rearranged.
    pub fn fold(self) -> Result<Self> {
        fold::fold_chunk(self)
    }

    /// Neighbouring chunks, oldest first, as one folded chunk: deletions that lie between them are
    /// applied, values brought to the types of the newest, columns that are gone left out.
    ///
    /// # Errors
    /// [`model::ErrorKind::Internal`] when there is no chunk, or a column's history does not fit.
    pub fn merge(chunks: &[std::sync::Arc<Self>], context: &MergeContext<'_>) -> Result<Self> {
        merge::merge(chunks, context)
    }

    /// Where the rows of each series stand, ascending by series id; empty unless the chunk is a
    /// folded one of a series table.
    #[must_use]
    pub fn runs(&self) -> &[ChunkRun] {
        self.runs.get_or_init(|| runs::runs_of(self))
    }

    /// The series that have rows here, ascending, each once.
    #[must_use]
    pub fn series(&self) -> Vec<SeriesId> {
        if self.folded {
            return self.runs().iter().map(|run| run.series).collect();
        }
        let Identity::Series { series, .. } = &self.identity else { return Vec::new() };
        let mut series = series.clone();
        series.sort_unstable();
        series.dedup();
        series
    }
}
