//! Which rows are there already, for `keep first` and uniqueness: everything with a number counts,
//! visible or not. Newest first: chunks in memory by binary search, then segments by a folded scan
//! that was done before the table's lock was taken.

use super::prepare::{Named, PreparedRows};
use crate::memtable::MemoryView;
use crate::series_index::{ReadTexts, SeriesIndex};
use crate::table_state::TableState;
use catalog::Tombstone;
use model::{KeyBytes, KeySelection, Result, Sequence, SeriesId, Table, TimeBounds, encode_keys};
use segments::{
    Chunk, Identity, KeyedScan, KeyedScanRequest, RowKind, SeriesScan, SeriesScanRequest, Source, Spellings,
    WantedSeries,
};
use std::collections::HashSet;
use std::ops::Bound;
use std::sync::Arc;

/// Rows a batch of the scan of segments.
const SCAN_ROWS: usize = 8192;

/// What identifies a row.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum RowId {
    Series(SeriesId, i64),
    Keyed(KeyBytes),
}

impl RowId {
    fn time(&self) -> i64 {
        match self {
            Self::Series(_, time) => *time,
            Self::Keyed(_) => 0,
        }
    }

    pub(super) fn is_masked(&self, tombstone: &Tombstone, series: &SeriesIndex) -> bool {
        self.is_covered(&tombstone.keys, tombstone.time, series)
    }

    /// Whether a deletion of keys and times covers the row.
    pub(super) fn is_covered(&self, keys: &KeySelection, time: TimeBounds, series: &SeriesIndex) -> bool {
        match self {
            Self::Keyed(key) => keys.covers(&key.0),
            Self::Series(id, at) => time.contains(*at) && series.is_selected(*id, keys),
        }
    }
}

impl PreparedRows {
    /// Adds the rows that older ones may be there of.
    pub(super) fn wanted(&self, index: &SeriesIndex, wanted: &mut Vec<RowId>) {
        match &self.named {
            Named::Keyed { keys } => wanted.extend(keys.iter().cloned().map(RowId::Keyed)),
            Named::Series { series, of_row, times } => {
                // Rows later than their series' newest meet nothing.
                let known: Vec<_> = series
                    .iter()
                    .map(|s| index.find(&s.key.0, s.hash).and_then(|id| Some((id, index.entry(id)?.newest))))
                    .collect();
                let rows = of_row.iter().zip(times.iter().flatten());
                wanted.extend(rows.filter_map(|(at, time)| {
                    let (id, newest) = known.get(*at as usize).copied().flatten()?;
                    (*time <= newest).then_some(RowId::Series(id, *time))
                }));
            }
        }
    }
}

/// What segments hold of some rows, at one state of the table.
#[derive(Debug)]
pub(super) struct SegmentProbe {
    generation: u64,
    newest_tombstone: Option<Sequence>,
    found: HashSet<RowId>,
}

impl SegmentProbe {
    /// Looks rows up in the table's segments; with what else the table held at that moment.
    pub(super) fn new(
        state: &TableState,
        table: &Arc<Table>,
        spellings: &Arc<dyn Spellings>,
        rows: impl FnOnce(&SeriesIndex) -> Vec<RowId>,
    ) -> Result<(Self, MemoryView)> {
        // The rows first: whatever the series index says later holds for them, too.
        let (generation, view) = state.seen();
        let mut rows = if view.segments.is_empty() { Vec::new() } else { rows(&state.series.read()) };
        // Many of them take a while: nobody waits for the index meanwhile.
        rows.sort_unstable();
        rows.dedup();
        let wanted = wanted_series(&rows, &state.series.read());
        let newest_tombstone = view.tombstones.last().map(|t| t.sequence);
        let found = match rows.first() {
            None => HashSet::new(),
            Some(RowId::Series(..)) => scan_series(&view, table, spellings, &rows, wanted)?,
            Some(RowId::Keyed(_)) => scan_keyed(&view, table, spellings, rows)?,
        };
        Ok((Self { generation, newest_tombstone, found }, view))
    }

    /// Whether the table's segments are still those that were looked at.
    pub(super) fn holds(&self, generation: u64, tombstones: &[Tombstone]) -> bool {
        self.generation == generation
            && self.newest_tombstone.is_none_or(|seen| tombstones.iter().any(|t| t.sequence == seen))
    }
}

/// Which of some rows are there.
#[derive(Debug)]
pub(super) struct Existing<'a> {
    pub(super) memory: &'a MemoryView,
    pub(super) series: &'a SeriesIndex,
    pub(super) probe: Option<&'a SegmentProbe>,
}

impl Existing<'_> {
    /// Whether a row is there.
    pub(super) fn contains(&self, row: &RowId) -> bool {
        // Deletions newer than the source at hand, grown on the way down.
        let mut tombstones = self.memory.tombstones.iter().rev().peekable();
        for chunk in self.memory.chunks.iter().rev() {
            while let Some(tombstone) = tombstones.next_if(|t| t.sequence > chunk.chunk.sequences.1) {
                if row.is_masked(tombstone, self.series) {
                    return false;
                }
            }
            if chunk.time.is_some_and(|t| !t.contains(row.time())) {
                continue;
            }
            if let Some(kind) = newest_kind(&chunk.chunk, row) {
                return kind != RowKind::Erase;
            }
        }
        let Some(probe) = self.probe else { return false };
        probe.found.contains(row)
            && !tombstones
                .take_while(|t| probe.newest_tombstone.is_none_or(|seen| t.sequence > seen))
                .any(|t| row.is_masked(t, self.series))
    }
}

/// The kind of a row in a folded chunk, if it is there.
fn newest_kind(chunk: &Chunk, row: &RowId) -> Option<RowKind> {
    let at = match (&chunk.identity, row) {
        (Identity::Series { times, .. }, RowId::Series(id, time)) => {
            let runs = chunk.runs();
            let run = &runs[runs.binary_search_by_key(id, |run| run.series).ok()?];
            run.rows.start + times.get(run.rows.clone())?.binary_search(time).ok()?
        }
        (Identity::Keyed { keys }, RowId::Keyed(key)) => keys.binary_search(key).ok()?,
        _ => return None,
    };
    Some(chunk.kinds.get(at))
}

fn wanted_series(rows: &[RowId], series: &SeriesIndex) -> Vec<WantedSeries> {
    let mut ids: Vec<SeriesId> =
        rows.iter().filter_map(|r| if let RowId::Series(id, _) = r { Some(*id) } else { None }).collect();
    ids.dedup();
    ids.sort_unstable_by(|a, b| series.key(*a).cmp(series.key(*b)));
    ids.into_iter().filter_map(|id| Some(WantedSeries { id, key_hash: series.hash_of(id)? })).collect()
}

fn scan_series(
    view: &MemoryView,
    table: &Arc<Table>,
    spellings: &Arc<dyn Spellings>,
    rows: &[RowId],
    wanted: Vec<WantedSeries>,
) -> Result<HashSet<RowId>> {
    let times = || rows.iter().map(RowId::time);
    let (Some(first), Some(last)) = (times().min(), times().max()) else { return Ok(HashSet::new()) };
    let time = TimeBounds { first, last };
    let scan = SeriesScan::new(SeriesScanRequest {
        table: table.clone(),
        sources: segment_sources(view, |e| e.time.overlaps(&time))?,
        tombstones: view.tombstones.clone(),
        series: wanted.into(),
        columns: Vec::new(),
        time,
        batch_rows: SCAN_ROWS,
        spellings: spellings.clone(),
    })?;
    let mut found = HashSet::new();
    for batch in scan {
        let batch = batch?;
        let ids = batch.runs.iter().flat_map(|(id, rows)| std::iter::repeat_n(*id, *rows));
        let there = ids.zip(batch.times.values()).map(|(id, time)| RowId::Series(id, *time));
        found.extend(there.filter(|row| rows.binary_search(row).is_ok()));
    }
    Ok(found)
}

fn scan_keyed(
    view: &MemoryView,
    table: &Arc<Table>,
    spellings: &Arc<dyn Spellings>,
    rows: Vec<RowId>,
) -> Result<HashSet<RowId>> {
    let keys: Vec<KeyBytes> =
        rows.into_iter().filter_map(|r| if let RowId::Keyed(key) = r { Some(key) } else { None }).collect();
    let (Some(first), Some(last)) = (keys.first().cloned(), keys.last().cloned()) else { return Ok(HashSet::new()) };
    let sources = segment_sources(view, |e| e.keys.0 <= last && first <= e.keys.1)?;
    if sources.is_empty() {
        return Ok(HashSet::new());
    }
    let scan = KeyedScan::new(KeyedScanRequest {
        table: table.clone(),
        sources,
        tombstones: view.tombstones.clone(),
        ranges: Some(keys.into_iter().map(|k| (Bound::Included(k.clone()), Bound::Included(k))).collect()),
        columns: table.key.clone(),
        batch_rows: SCAN_ROWS,
        spellings: spellings.clone(),
    })?;
    let mut found = HashSet::new();
    for batch in scan {
        let batch = batch?;
        found.extend(encode_keys(batch.columns(), batch.num_rows())?.into_iter().map(RowId::Keyed));
    }
    Ok(found)
}

fn segment_sources(view: &MemoryView, wanted: impl Fn(&catalog::SegmentEntry) -> bool) -> Result<Vec<Source>> {
    let wanted = view.segments.iter().filter(|s| wanted(&s.entry));
    wanted.map(|s| Ok(Source::Segment(s.reader()?))).collect()
}
