//! The keys of all series of some segments, read from the segments: what a store remembers of
//! series that have ended is not needed.

use super::ranked;
use crate::retype::Retyping;
use crate::segment::{Decoder, Projection, corrupt};
use crate::{PlainSpellings, SegmentReader, SeriesKeys};
use arrow::array::{Array, ArrayRef, new_null_array};
use arrow::compute::interleave;
use model::{ColumnRole, Error, KeyBytes, KeyHash, Result, Sequence, Table, arrow_type, encode_keys, key_hash};
use std::collections::HashSet;
use std::ops::Range;
use std::sync::Arc;

/// Rows read at once.
const BLOCK_ROWS: usize = 16 << 10;

/// A series, and where the values of its key were read.
struct Found {
    key: KeyBytes,
    block: usize,
    row: usize,
}

/// Key columns of some rows, in the order of the table's; `None`: the segment does not have it.
type Block = Vec<Option<ArrayRef>>;

/// Each series that has rows in one of the inputs, in key order; its id is its place.
pub(super) fn union(inputs: &[Arc<SegmentReader>], table: &Table) -> Result<SeriesKeys> {
    let mut seen = HashSet::new();
    let mut found = Vec::new();
    let mut blocks = Vec::new();
    for input in inputs {
        read(input, table, &mut seen, &mut found, &mut blocks)?;
    }
    found.sort_unstable_by(|a, b| a.key.cmp(&b.key));
    let columns = table.key_columns().enumerate().map(|(at, column)| {
        let null = new_null_array(&arrow_type(column.data_type), 1);
        let mut arrays: Vec<&dyn Array> = vec![&null];
        let array_of_block: Vec<usize> = blocks
            .iter()
            .map(|block: &Block| match block.get(at) {
                Some(Some(values)) => {
                    arrays.push(values);
                    arrays.len() - 1
                }
                _ => 0,
            })
            .collect();
        let place = |found: &Found| match array_of_block[found.block] {
            0 => (0, 0),
            array => (array, found.row),
        };
        interleave(&arrays, &found.iter().map(place).collect::<Vec<_>>()).map_err(Error::internal)
    });
    let columns = columns.collect::<Result<_>>()?;
    ranked(found.into_iter().map(|found| found.key).collect(), columns)
}

/// Reads the keys of an input's series that were not seen yet: of each the first row.
fn read(
    input: &SegmentReader,
    table: &Table,
    seen: &mut HashSet<KeyHash>,
    found: &mut Vec<Found>,
    blocks: &mut Vec<Block>,
) -> Result<()> {
    let file = input.file();
    let projection = Arc::new(Projection::new(file, &[], true));
    let retyping = Retyping { table, spellings: &PlainSpellings, until: Sequence::MAX };
    let stored: Vec<_> = file.columns().iter().filter(|c| c.role == ColumnRole::Key).map(|c| c.id).collect();
    let places: Vec<Option<usize>> =
        table.key_columns().map(|column| stored.iter().position(|id| *id == column.id)).collect();
    let fresh: Vec<_> = input.runs().iter().filter(|run| seen.insert(run.key_hash)).collect();
    for runs in fresh.chunk_by(|a, b| file.row_group_of(a.first_row).0 == file.row_group_of(b.first_row).0) {
        let Some(first) = runs.first() else { continue };
        let (group, group_rows) = file.row_group_of(first.first_row);
        let inside = |row: u64| usize::try_from(row - group_rows.start).unwrap_or(usize::MAX);
        let ranges = runs.iter().map(|run| inside(run.first_row)..inside(run.first_row) + 1);
        let mut decoder = Decoder::new(file, &projection, group, joined(ranges), BLOCK_ROWS)?;
        let mut left = runs;
        while !left.is_empty() {
            let decoded = decoder.next_block(&retyping)?;
            let keys = encode_keys(&decoded.keys, decoded.rows)?;
            let (read, rest) = left.split_at(keys.len().min(left.len()));
            left = rest;
            for (row, (key, run)) in keys.into_iter().zip(read).enumerate() {
                if key_hash(&key.0) != run.key_hash {
                    return Err(corrupt(&input.entry().path, "its directory names other series than its rows"));
                }
                found.push(Found { key, block: blocks.len(), row });
            }
            blocks.push(places.iter().map(|place| decoded.keys.get((*place)?).cloned()).collect());
        }
    }
    Ok(())
}

/// Ranges, those that touch as one.
fn joined(ranges: impl Iterator<Item = Range<usize>>) -> impl Iterator<Item = Range<usize>> {
    let mut ranges = ranges.peekable();
    std::iter::from_fn(move || {
        let mut range = ranges.next()?;
        while let Some(next) = ranges.next_if(|next| next.start == range.end) {
            range.end = next.end;
        }
        Some(range)
    })
}
