//! Chunks as streams of rows.

use crate::block::{Block, Ids, Keys, Times};
use crate::mask::Masks;
use crate::merge::{Piece, Stream};
use crate::retype::Retyping;
use crate::scan::KeyRange;
use crate::{Chunk, Identity};
use model::{ColumnId, KeyHash, Result, SeriesId, TimeBounds};
use std::ops::{Bound, Range};
use std::sync::Arc;

/// Pieces of one block in memory.
#[derive(Debug)]
pub(crate) struct MemoryStream<I> {
    block: Arc<Block<I>>,
    /// Ascending by rank, then by row.
    pieces: std::vec::IntoIter<(u32, Range<usize>)>,
}

impl<I: Ids + 'static> MemoryStream<I> {
    fn boxed(block: Block<I>, pieces: Vec<(u32, Range<usize>)>) -> Box<dyn Stream<I>> {
        Box::new(Self { block: Arc::new(block), pieces: pieces.into_iter() })
    }
}

impl<I: Ids> Stream<I> for MemoryStream<I> {
    fn bound(&self) -> Option<(u32, I::Id)> {
        self.pieces.as_slice().first().map(|(rank, rows)| (*rank, self.block.ids.id(rows.start)))
    }

    fn next_piece(&mut self) -> Result<Option<Piece<I>>> {
        Ok(self.pieces.next().map(|(rank, rows)| Piece { rank, block: Arc::clone(&self.block), rows }))
    }
}

/// The rows of a folded chunk of a series table, of the runs given as (rank, position in
/// [`Chunk::runs`]) in order of rank. `None` when none is left.
pub(crate) fn series_stream(
    chunk: &Arc<Chunk>,
    runs: impl Iterator<Item = (u32, usize)>,
    hash_of: &dyn Fn(u32, SeriesId) -> Option<KeyHash>,
    masks: &Masks,
    time: TimeBounds,
    columns: &[ColumnId],
    retyping: &Retyping<'_>,
) -> Result<Option<Box<dyn Stream<Times>>>> {
    let Identity::Series { times, .. } = &chunk.identity else { return Ok(None) };
    let mut pieces = Vec::new();
    let mut visible = Vec::new();
    for (rank, run) in runs {
        let run = &chunk.runs()[run];
        let key_hash = if masks.name_keys() { hash_of(rank, run.series) } else { None };
        masks.visible(key_hash, time, &mut visible);
        for part in &visible {
            let times = &times[run.rows.clone()];
            let first = run.rows.start + times.partition_point(|time| *time < part.first);
            let end = run.rows.start + times.partition_point(|time| *time <= part.last);
            if first < end {
                pieces.push((rank, first..end));
            }
        }
    }
    if pieces.is_empty() {
        return Ok(None);
    }
    let columns = block_columns(chunk, columns, retyping)?;
    let ids = Times::Chunk(Arc::clone(chunk));
    Ok(Some(MemoryStream::boxed(Block { ids, kinds: chunk.kinds.clone(), columns }, pieces)))
}

/// The rows of a folded chunk of a keyed table whose keys lie in one of the ranges. `None` when
/// none is left.
pub(crate) fn keyed_stream(
    chunk: &Arc<Chunk>,
    ranges: Option<&[KeyRange]>,
    masks: &Masks,
    columns: &[ColumnId],
    retyping: &Retyping<'_>,
) -> Result<Option<Box<dyn Stream<Keys>>>> {
    let Identity::Keyed { keys } = &chunk.identity else { return Ok(None) };
    let pieces: Vec<_> = visible_keys(keys, ranges, masks).into_iter().map(|rows| (0, rows)).collect();
    if pieces.is_empty() {
        return Ok(None);
    }
    let columns = block_columns(chunk, columns, retyping)?;
    let ids = Keys::Chunk(Arc::clone(chunk));
    Ok(Some(MemoryStream::boxed(Block { ids, kinds: chunk.kinds.clone(), columns }, pieces)))
}

/// The rows whose keys lie in one of the ranges and are not hidden. Keys and ranges ascend.
pub(crate) fn visible_keys(keys: &[model::KeyBytes], ranges: Option<&[KeyRange]>, masks: &Masks) -> Vec<Range<usize>> {
    let mut wanted: Vec<Range<usize>> = match ranges {
        None => std::iter::once(0..keys.len()).collect(),
        Some(ranges) => ranges
            .iter()
            .map(|(first, last)| {
                let start = match first {
                    Bound::Unbounded => 0,
                    Bound::Included(first) => keys.partition_point(|key| key < first),
                    Bound::Excluded(first) => keys.partition_point(|key| key <= first),
                };
                let end = match last {
                    Bound::Unbounded => keys.len(),
                    Bound::Included(last) => keys.partition_point(|key| key <= last),
                    Bound::Excluded(last) => keys.partition_point(|key| key < last),
                };
                start..end
            })
            .collect(),
    };
    wanted.retain(|rows| !rows.is_empty());
    if masks.is_empty() {
        return wanted;
    }
    let mut visible: Vec<Range<usize>> = Vec::new();
    for row in wanted.into_iter().flatten().filter(|row| !masks.hide_key(&keys[*row].0)) {
        match visible.last_mut() {
            Some(last) if last.end == row => last.end = row + 1,
            _ => visible.push(row..row + 1),
        }
    }
    visible
}

fn block_columns(chunk: &Chunk, columns: &[ColumnId], retyping: &Retyping<'_>) -> Result<Vec<Option<model::Cells>>> {
    columns
        .iter()
        .map(|id| {
            let Some(column) = chunk.columns.iter().find(|column| column.id == *id) else { return Ok(None) };
            let values = retyping.apply(*id, column.data_type, &column.cells.values, chunk.sequences.1)?;
            Ok(Some(model::Cells { values, absent: column.cells.absent.clone() }))
        })
        .collect()
}
