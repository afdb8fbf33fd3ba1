//! Looking newest rows and values up in the rows themselves: scans of time windows, the newest
//! first, each of those series alone that something is still open of.
//!
//! A search goes on in steps of one batch, so that whoever asked can stop between them.

use super::newest::Newest;
use super::working::Working;
use crate::memtable::MemoryView;
use crate::scan::series_scan;
use crate::view::TableView;
use arrow::array::{Array, ArrayRef, UInt32Array};
use arrow::compute::take;
use model::{ColumnId, Error, Result, SeriesId, TimeBounds};
use segments::{SeriesRows, SeriesScan};

/// Rows of a batch.
const BATCH_ROWS: usize = if cfg!(test) { 5 } else { 8192 };

/// How far back things are to be known.
#[derive(Clone, Debug)]
pub(super) struct Depth {
    /// Nothing older is asked for.
    pub(super) since: i64,
    /// Columns whose newest values are asked for; of the others the newest row's are enough.
    pub(super) values: Vec<ColumnId>,
}

impl Depth {
    pub(super) fn is_row_settled(&self, working: &Working, at: usize) -> bool {
        working.row(at).is_settled(self.since)
    }

    pub(super) fn is_value_settled(&self, working: &Working, at: usize, column: usize) -> bool {
        let Some(column) = working.columns.get(column) else { return true };
        let since = match working.row(at) {
            // There is no row at all.
            Newest::NotSince(bound) if bound <= self.since => return true,
            Newest::At(time) if time < self.since => return true,
            Newest::At(time) if !self.values.contains(&column.id) => time,
            Newest::At(_) => self.since,
            Newest::Unknown | Newest::NotSince(_) => return false,
        };
        column.newest(at).is_settled(since)
    }

    fn is_settled(&self, working: &Working, at: usize) -> bool {
        self.is_row_settled(working, at)
            && (0..working.columns.len()).all(|column| self.is_value_settled(working, at, column))
    }

    /// The series that something is open of.
    pub(super) fn open(&self, working: &Working) -> Vec<usize> {
        (0..working.ids.len()).filter(|at| !self.is_settled(working, *at)).collect()
    }
}

/// One series that something is open of.
#[derive(Clone, Copy, Debug)]
struct Open {
    /// Its place.
    at: usize,
    /// Nothing that is open is later.
    ceiling: i64,
}

/// One window being read.
#[derive(Debug)]
struct Window {
    scan: SeriesScan,
    first: i64,
    /// What was open when it began: places, whether the row is, which columns are.
    open: Vec<(usize, bool)>,
    columns: Vec<usize>,
    /// By column of `columns`, by place in `open`.
    open_values: Vec<Vec<bool>>,
}

/// A search for all that is open of some series.
#[derive(Debug)]
pub(super) struct Search {
    depth: Depth,
    open: Vec<Open>,
    /// Where the windows began.
    top: i64,
    last_first: Option<i64>,
    /// The table has no earlier row.
    floor: i64,
    window: Option<Window>,
    pub(super) rows: u64,
    pub(super) segments_read: u64,
}

impl Search {
    pub(super) fn new(view: &TableView, working: &mut Working, depth: Depth) -> Self {
        let floor = earliest(view.memory());
        let index = view.series_index().read();
        for at in depth.open(working) {
            let newest = working.ids.get(at).and_then(|id| index.entry(*id)).map_or(i64::MIN, |entry| entry.newest);
            // No row is later; without any that could be, there is none.
            let bound = if newest == i64::MIN && floor > newest { Some(newest) } else { newest.checked_add(1) };
            if let Some(bound) = bound {
                assume(working, at, bound);
            }
        }
        drop(index);
        let open: Vec<Open> =
            depth.open(working).into_iter().map(|at| Open { at, ceiling: ceiling(working, at) }).collect();
        let top = open.iter().map(|open| open.ceiling).max().unwrap_or(i64::MIN);
        Self { depth, open, top, last_first: None, floor, window: None, rows: 0, segments_read: 0 }
    }

    /// Does a part of the work; false when all is done.
    pub(super) fn step(&mut self, view: &TableView, working: &mut Working) -> Result<bool> {
        let Some(window) = &mut self.window else {
            self.open.retain(|open| !self.depth.is_settled(working, open.at));
            if self.open.is_empty() {
                return Ok(false);
            }
            self.window = Some(self.begin(view, working)?);
            return Ok(true);
        };
        match window.scan.next() {
            Some(rows) => {
                let rows = rows?;
                self.rows += rows.times.len() as u64;
                take_rows(window, &rows, working)?;
            }
            None => {
                self.segments_read += window.scan.counts().segments_read;
                let first = window.first;
                finish(window, working);
                self.window = None;
                for open in &mut self.open {
                    open.ceiling = open.ceiling.min(first.saturating_sub(1));
                }
            }
        }
        Ok(true)
    }

    /// The next window: from the newest times on, so that about half of the series are reached;
    /// then twice as far back each time.
    fn begin(&mut self, view: &TableView, working: &Working) -> Result<Window> {
        let mut ceilings: Vec<i64> = self.open.iter().map(|open| open.ceiling).collect();
        ceilings.sort_unstable_by(|a, b| b.cmp(a));
        let median = ceilings.get(ceilings.len() / 2).copied().unwrap_or(i64::MIN);
        let mut first = median;
        if let Some(last) = self.last_first {
            let top = i128::from(self.top);
            let reach = (top - i128::from(last)).max(1) * 2;
            first = first.min(i64::try_from(top - reach).unwrap_or(i64::MIN));
        }
        first = first.max(self.depth.since);
        if first <= self.floor {
            first = i64::MIN;
        }
        self.last_first = Some(first);
        let reached: Vec<usize> = self.open.iter().filter(|open| open.ceiling >= first).map(|open| open.at).collect();
        let columns: Vec<usize> = (0..working.columns.len())
            .filter(|column| reached.iter().any(|at| !self.depth.is_value_settled(working, *at, *column)))
            .collect();
        let open_values = columns
            .iter()
            .map(|column| reached.iter().map(|at| !self.depth.is_value_settled(working, *at, *column)).collect())
            .collect();
        let ids: Vec<SeriesId> = reached.iter().filter_map(|at| working.ids.get(*at).copied()).collect();
        let fields = columns.iter().filter_map(|column| Some(working.columns.get(*column)?.id)).collect();
        // What is later than the ceilings is known not to be there; rows may be.
        let time = TimeBounds { first, last: i64::MAX };
        let wanted = view.wanted(Some(&view.in_key_order(&ids)));
        let scan = SeriesScan::new(series_scan(view, &wanted, fields, time, BATCH_ROWS)?.0)?;
        let open = reached.into_iter().map(|at| (at, !self.depth.is_row_settled(working, at))).collect();
        Ok(Window { scan, first, open, columns, open_values })
    }
}

/// The earliest time of any row.
fn earliest(memory: &MemoryView) -> i64 {
    let segments = memory.segments.iter().map(|segment| segment.entry.time.first);
    let chunks = memory.chunks.iter().filter_map(|chunk| chunk.time).map(|time| time.first);
    segments.chain(chunks).min().unwrap_or(i64::MAX)
}

/// Nothing that is open of a series is later.
fn ceiling(working: &Working, at: usize) -> i64 {
    let of = |known: Newest| match known {
        Newest::Unknown => i64::MAX,
        Newest::At(_) => i64::MIN,
        Newest::NotSince(bound) => bound.saturating_sub(1),
    };
    let columns = working.columns.iter().map(|column| of(column.newest(at)));
    columns.fold(of(working.row(at)), i64::max)
}

/// Takes it that nothing of a series is at a time or later.
fn assume(working: &mut Working, at: usize, bound: i64) {
    if let Some(row @ Newest::Unknown) = working.rows.get_mut(at) {
        *row = Newest::NotSince(bound);
    }
    for column in working.columns.iter_mut().filter(|column| column.newest(at) == Newest::Unknown) {
        column.clear(at, Newest::NotSince(bound));
    }
}

/// Takes the newest of what is open from rows that ascend in time.
fn take_rows(window: &Window, rows: &SeriesRows, working: &mut Working) -> Result<()> {
    let times = rows.times.values();
    let mut found: Vec<(usize, usize, std::ops::Range<usize>)> = Vec::with_capacity(rows.runs.len());
    let mut start = 0;
    for (id, count) in &rows.runs {
        let run = start..start + count;
        start = run.end;
        let at = working.place(*id);
        let open = at.and_then(|at| Some((at, window.open.binary_search_by_key(&at, |(at, _)| *at).ok()?)));
        let Some((at, open)) = open else { return Err(Error::internal(format!("series {id} was not asked for"))) };
        found.push((at, open, run));
    }
    for (at, open, run) in &found {
        let is_open = window.open.get(*open).is_some_and(|(_, row)| *row);
        if let (true, Some(time), Some(row)) =
            (is_open, run.end.checked_sub(1).and_then(|last| times.get(last)), working.rows.get_mut(*at))
        {
            *row = Newest::At(*time);
        }
    }
    for ((column, open_values), values) in window.columns.iter().zip(&window.open_values).zip(&rows.columns) {
        let Some(column) = working.columns.get_mut(*column) else { continue };
        let mut picked: Vec<u32> = Vec::new();
        let mut places: Vec<(usize, i64)> = Vec::new();
        for (at, open, run) in &found {
            if !open_values.get(*open).copied().unwrap_or(false) {
                continue;
            }
            let newest = run.clone().rev().find(|row| values.is_valid(*row));
            let newest = newest.and_then(|row| Some((u32::try_from(row).ok()?, *times.get(row)?)));
            if let Some((row, time)) = newest {
                picked.push(row);
                places.push((*at, time));
            }
        }
        if picked.is_empty() {
            continue;
        }
        // Of the batch no more is held than what was found.
        let kept: ArrayRef = take(values.as_ref(), &UInt32Array::from(picked), None)
            .map_err(|e| Error::internal(format!("choosing last values: {e}")))?;
        let array = column.add(kept);
        for (row, (at, time)) in places.into_iter().enumerate() {
            column.set(at, time, array, row);
        }
    }
    Ok(())
}

/// What was not found in a window is not there.
fn finish(window: &Window, working: &mut Working) {
    let lowered = |known: Newest| match known {
        Newest::Unknown => Newest::NotSince(window.first),
        Newest::NotSince(bound) => Newest::NotSince(bound.min(window.first)),
        known @ Newest::At(_) => known,
    };
    for (at, _) in window.open.iter().filter(|(_, row)| *row) {
        if let Some(row) = working.rows.get_mut(*at) {
            *row = lowered(*row);
        }
    }
    for (column, open_values) in window.columns.iter().zip(&window.open_values) {
        let Some(column) = working.columns.get_mut(*column) else { continue };
        for ((at, _), _) in window.open.iter().zip(open_values).filter(|(_, open)| **open) {
            let known = column.newest(*at);
            if !matches!(known, Newest::At(_)) {
                column.clear(*at, lowered(known));
            }
        }
    }
}
