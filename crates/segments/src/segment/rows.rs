//! The rows that a segment is made of.

use crate::{ChunkColumn, RowKinds};
use arrow::array::ArrayRef;
use model::{KeyBytes, Sequence, SeriesId};
use std::sync::Arc;

/// The keys of series, ascending by key bytes.
#[derive(Clone, Debug, Default)]
pub struct SeriesKeys {
    /// Their local ids.
    pub ids: Vec<SeriesId>,
    /// Their encoded keys.
    pub keys: Vec<KeyBytes>,
    /// The values of the table's key columns, in key order of columns, one row for each series.
    pub columns: Vec<ArrayRef>,
}

/// What identifies the rows of a segment.
#[derive(Clone, Debug)]
pub enum SegmentIdentity {
    /// Rows of a series table.
    Series {
        /// The keys that `runs` point to; it may hold more.
        keys: Arc<SeriesKeys>,
        /// For each series with rows, ascending: its position in `keys`, and how many rows.
        runs: Vec<(usize, usize)>,
        /// The time of each row, ascending within its series.
        times: Vec<i64>,
    },
    /// Rows of a keyed table.
    Keyed {
        /// The key of each row, ascending.
        keys: Vec<KeyBytes>,
    },
}

/// Folded rows in order of (key bytes, time) or of primary key, one version of each.
#[derive(Clone, Debug)]
pub struct SegmentRows {
    /// The numbers of the oldest and newest write that they come from. Rows of one flush that go
    /// to several partitions all have the numbers of the whole flush.
    pub sequences: (Sequence, Sequence),
    /// What identifies each row.
    pub identity: SegmentIdentity,
    /// What each row does.
    pub kinds: RowKinds,
    /// The columns, in the types that they had at the newest number. Series tables: field columns;
    /// keyed tables: all.
    pub columns: Vec<ChunkColumn>,
}
