//! What a flush writes: the folded rows of a chunk, divided into time partitions, in key order.

use crate::{Chunk, ChunkColumn, Identity, RowKind, RowKinds, SegmentIdentity, SegmentRows, SeriesKeys};
use arrow::array::{BooleanArray, UInt64Array};
use arrow::compute::take;
use model::{Cells, Error, Result, SeriesId, TimeUnit};
use std::collections::{BTreeMap, HashMap};
use std::ops::Range;
use std::sync::Arc;

/// How a series table is divided by time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Partitioning {
    /// The unit of the table's times.
    pub unit: TimeUnit,
    /// The length of a partition in seconds; partitions begin at its multiples since 1970.
    pub seconds: u64,
}

/// The rows of one time partition.
#[derive(Clone, Debug)]
pub struct PartitionRows {
    /// The start of the partition in seconds since 1970.
    pub partition: i64,
    /// Its rows, at least one.
    pub rows: SegmentRows,
}

/// Divides the rows of a folded chunk of a series table. `newest_older` says the newest time that
/// a series has in anything older than the chunk (`None`: it has no older row): after it a `Merge`
/// becomes a `Replace` and an `Erase` goes.
///
/// # Errors
/// [`model::ErrorKind::Internal`] when the chunk is not a folded one of a series table, or `keys`
/// lacks one of its series.
pub fn partition_rows(
    chunk: &Chunk,
    keys: &Arc<SeriesKeys>,
    partitioning: Partitioning,
    newest_older: &dyn Fn(SeriesId) -> Option<i64>,
) -> Result<Vec<PartitionRows>> {
    let Identity::Series { times, .. } = &chunk.identity else {
        return Err(Error::internal("rows of a keyed table have no time partitions"));
    };
    check_folded(chunk)?;
    let runs: HashMap<SeriesId, &Range<usize>> = chunk.runs().iter().map(|run| (run.series, &run.rows)).collect();
    let known = keys.ids.iter().filter(|id| runs.contains_key(id)).count();
    if known != runs.len() {
        return Err(Error::internal(format!("{} of {} series to flush have no key", runs.len() - known, runs.len())));
    }
    let mut partitions: BTreeMap<i64, Selection> = BTreeMap::new();
    for (key, id) in keys.ids.iter().enumerate() {
        let Some(run) = runs.get(id) else { continue };
        let older = newest_older(*id);
        let mut rest = (*run).clone();
        while let Some(first) = times[rest.clone()].first() {
            let partition = partitioning.partition_of(*first);
            let same = |time: &i64| partitioning.partition_of(*time) == partition;
            let end = rest.start + times[rest.clone()].partition_point(same);
            let selection = partitions.entry(partition).or_default();
            let before = selection.rows.len();
            selection.add(chunk, rest.start..end, |row| older.is_some_and(|older| times[row] <= older));
            let added = selection.rows.len() - before;
            if added > 0 {
                selection.runs.push((key, added));
            }
            rest.start = end;
        }
    }
    let filled = partitions.into_iter().filter(|(_, selection)| !selection.rows.is_empty());
    filled
        .map(|(partition, selection)| {
            let identity = SegmentIdentity::Series {
                keys: Arc::clone(keys),
                runs: selection.runs.clone(),
                times: selection.rows.iter().map(|row| times[*row]).collect(),
            };
            Ok(PartitionRows { partition, rows: selection.into_rows(chunk, identity)? })
        })
        .collect()
}

/// The rows of a folded chunk of a keyed table; `None` when none is left to write. When nothing
/// lies below it, a `Merge` becomes a `Replace` and an `Erase` goes.
///
/// # Errors
/// [`model::ErrorKind::Internal`] when the chunk is not a folded one of a keyed table.
pub fn keyed_rows(chunk: &Chunk, nothing_below: bool) -> Result<Option<SegmentRows>> {
    let Identity::Keyed { keys } = &chunk.identity else {
        return Err(Error::internal("rows of a series table have no primary key"));
    };
    check_folded(chunk)?;
    let mut selection = Selection::default();
    selection.add(chunk, 0..keys.len(), |_| !nothing_below);
    if selection.rows.is_empty() {
        return Ok(None);
    }
    let keys = selection.rows.iter().map(|row| keys[*row].clone()).collect();
    selection.into_rows(chunk, SegmentIdentity::Keyed { keys }).map(Some)
}

fn check_folded(chunk: &Chunk) -> Result<()> {
    if chunk.folded { Ok(()) } else { Err(Error::internal("only folded rows are flushed")) }
}

impl Partitioning {
    /// The start, in seconds since 1970, of the partition that an instant lies in.
    #[must_use]
    pub fn partition_of(&self, instant: i64) -> i64 {
        let seconds = instant.div_euclid(self.unit.per_second());
        let length = i64::try_from(self.seconds).unwrap_or(i64::MAX).max(1);
        seconds.div_euclid(length).saturating_mul(length)
    }
}

/// Rows of a chunk that go to one segment, and what they do there.
#[derive(Debug, Default)]
struct Selection {
    rows: Vec<usize>,
    kinds: Vec<RowKind>,
    runs: Vec<(usize, usize)>,
}

impl Selection {
    /// Adds rows; one that meets no older row is whole, or is none.
    fn add(&mut self, chunk: &Chunk, rows: Range<usize>, may_meet_older: impl Fn(usize) -> bool) {
        for row in rows {
            let kind = match chunk.kinds.get(row) {
                RowKind::Replace => RowKind::Replace,
                kind if may_meet_older(row) => kind,
                RowKind::Merge => RowKind::Replace,
                RowKind::Erase => continue,
            };
            self.rows.push(row);
            self.kinds.push(kind);
        }
    }

    fn into_rows(self, chunk: &Chunk, identity: SegmentIdentity) -> Result<SegmentRows> {
        let in_place = self.rows.len() == chunk.rows() && self.rows.iter().enumerate().all(|(i, row)| i == *row);
        let indices: UInt64Array = self.rows.iter().map(|row| *row as u64).collect();
        let columns = chunk.columns.iter().map(|column| {
            let values = if in_place {
                Arc::clone(&column.cells.values)
            } else {
                take(&column.cells.values, &indices, None).map_err(Error::internal)?
            };
            // A cell of a whole row is NULL, never absent.
            let absent = column.cells.absent.as_ref().and_then(|absent| {
                let rows = self.rows.iter().zip(&self.kinds);
                let absent: Vec<bool> = rows.map(|(row, kind)| *kind == RowKind::Merge && absent.value(*row)).collect();
                absent.contains(&true).then(|| BooleanArray::from(absent).values().clone())
            });
            Ok(ChunkColumn { id: column.id, data_type: column.data_type, cells: Cells { values, absent } })
        });
        let columns = columns.collect::<Result<_>>()?;
        Ok(SegmentRows { sequences: chunk.sequences, identity, kinds: RowKinds::from_rows(self.kinds), columns })
    }
}
