//! Blocks: rows of one source as the merge sees them, in the types of now.

use crate::{Chunk, Identity, RowKind, RowKinds};
use arrow::buffer::ScalarBuffer;
use model::{Cells, KeyBytes};
use std::fmt::Debug;
use std::ops::Range;
use std::sync::Arc;

/// What orders the rows of one rank: times in one series, keys in a keyed table.
pub(crate) trait Ids: Debug + Send + Sync {
    type Id: Ord + Clone + Debug + Send;

    /// The identity of a row.
    fn id(&self, row: usize) -> Self::Id;

    /// The first of some ascending rows that is not below an identity; the end if all are. Cheap
    /// when it is near the beginning.
    fn first_not_below(&self, rows: Range<usize>, limit: &Self::Id) -> usize;
}

/// The times of a block's rows.
#[derive(Debug)]
pub(crate) enum Times {
    Chunk(Arc<Chunk>),
    Buffer(ScalarBuffer<i64>),
}

impl Times {
    pub(crate) fn as_slice(&self) -> &[i64] {
        match self {
            Self::Chunk(chunk) => match &chunk.identity {
                Identity::Series { times, .. } => times,
                Identity::Keyed { .. } => &[],
            },
            Self::Buffer(times) => times,
        }
    }
}

impl Ids for Times {
    type Id = i64;

    fn id(&self, row: usize) -> i64 {
        self.as_slice()[row]
    }

    fn first_not_below(&self, rows: Range<usize>, limit: &i64) -> usize {
        rows.start + gallop(&self.as_slice()[rows], limit)
    }
}

/// The keys of a block's rows.
#[derive(Debug)]
pub(crate) enum Keys {
    Chunk(Arc<Chunk>),
    Encoded(Vec<KeyBytes>),
    /// Nobody needs them: the block's source is the only one, and all of its rows are wanted.
    Unneeded,
}

impl Keys {
    pub(crate) fn as_slice(&self) -> &[KeyBytes] {
        match self {
            Self::Chunk(chunk) => match &chunk.identity {
                Identity::Keyed { keys } => keys,
                Identity::Series { .. } => &[],
            },
            Self::Encoded(keys) => keys,
            Self::Unneeded => &[],
        }
    }
}

impl Ids for Keys {
    type Id = KeyBytes;

    fn id(&self, row: usize) -> KeyBytes {
        self.as_slice()[row].clone()
    }

    fn first_not_below(&self, rows: Range<usize>, limit: &KeyBytes) -> usize {
        rows.start + gallop(&self.as_slice()[rows], limit)
    }
}

/// The number of ascending values below a limit, by steps that double.
fn gallop<T: Ord>(values: &[T], limit: &T) -> usize {
    let mut reach = 1;
    while reach <= values.len() && values[reach - 1] < *limit {
        reach *= 2;
    }
    let known = reach / 2;
    known + values[known..values.len().min(reach)].partition_point(|value| value < limit)
}

/// Rows of one source. `columns` are those that a reader asked for, in its order; one that the
/// source does not have is absent in every row.
#[derive(Debug)]
pub(crate) struct Block<I> {
    pub(crate) ids: I,
    pub(crate) kinds: RowKinds,
    pub(crate) columns: Vec<Option<Cells>>,
}

impl<I> Block<I> {
    pub(crate) fn kind(&self, row: usize) -> RowKind {
        self.kinds.get(row)
    }

    /// Whether a row says something about a column: NULL or a value.
    pub(crate) fn is_present(&self, column: usize, row: usize) -> bool {
        self.columns[column].as_ref().is_some_and(|cells| !cells.is_absent(row))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn galloping_finds_what_a_search_finds() {
        for len in 0..40_i64 {
            let values: Vec<i64> = (0..len).map(|i| i * 2).collect();
            for limit in -1..=len * 2 + 1 {
                assert_eq!(gallop(&values, &limit), values.partition_point(|v| *v < limit), "{len} {limit}");
            }
        }
    }
}
