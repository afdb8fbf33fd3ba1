//! Where rows stand in a segment, without reading it.

use super::PAGE_ROWS;
use super::key_filter::{KeyFilter, KeyFilterBuilder};
use model::{KeyBytes, KeyHash, TimeBounds, key_hash};
use serde::{Deserialize, Serialize};

/// The rows of one series in a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SegmentRun {
    /// The hash of the series' key.
    pub key_hash: KeyHash,
    /// The first row.
    pub first_row: u64,
    /// How many rows.
    pub rows: u64,
    /// The times of the first and the last row.
    pub time: TimeBounds,
}

/// The key of the first row of a page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct KeyMark {
    pub(crate) row: u64,
    pub(crate) key: KeyBytes,
}

/// Where rows stand.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Directory {
    /// The runs of the series, in key order.
    Series(Vec<SegmentRun>),
    /// The key at each page's start, as it was written before there were filters.
    Keyed(Vec<KeyMark>),
    /// The key at each page's start, and which keys there may be.
    FilteredKeys(Vec<KeyMark>, KeyFilter),
}

impl Directory {
    /// The key at each page's start; none for series.
    pub(crate) fn marks(&self) -> &[KeyMark] {
        match self {
            Self::Series(_) => &[],
            Self::Keyed(marks) | Self::FilteredKeys(marks, _) => marks,
        }
    }

    /// Whether a key with this hash may be there, whatever its bounds.
    pub(crate) fn may_hold(&self, filter_hash: u64) -> bool {
        match self {
            Self::Series(_) | Self::Keyed(_) => true,
            Self::FilteredKeys(_, filter) => filter.may_hold(filter_hash),
        }
    }

    /// Whether it speaks of exactly that many rows.
    pub(super) fn covers(&self, rows: u64) -> bool {
        match self {
            Self::Series(runs) => {
                let mut next = 0;
                let whole = runs.iter().all(|run| {
                    let fits = run.first_row == next && run.rows > 0;
                    next = next.saturating_add(run.rows);
                    fits
                });
                whole && next == rows
            }
            Self::Keyed(marks) | Self::FilteredKeys(marks, _) => {
                marks.first().is_some_and(|mark| mark.row == 0)
                    && marks.is_sorted_by(|a, b| a.row < b.row && a.key < b.key)
                    && marks.last().is_some_and(|mark| mark.row < rows)
            }
        }
    }

    pub(super) fn bytes(&self) -> usize {
        match self {
            Self::Series(runs) => runs.len() * size_of::<SegmentRun>(),
            Self::Keyed(marks) => mark_bytes(marks),
            Self::FilteredKeys(marks, filter) => mark_bytes(marks) + filter.bytes(),
        }
    }
}

fn mark_bytes(marks: &[KeyMark]) -> usize {
    marks.iter().map(|mark| size_of::<KeyMark>() + mark.key.0.len()).sum()
}

/// Builds a directory from rows in order.
#[derive(Debug)]
pub(super) struct DirectoryBuilder {
    directory: Directory,
    filter: KeyFilterBuilder,
    /// The key of the newest run.
    key: KeyBytes,
    rows: u64,
}

impl DirectoryBuilder {
    pub(super) fn new(series_table: bool) -> Self {
        let directory = if series_table { Directory::Series(Vec::new()) } else { Directory::Keyed(Vec::new()) };
        Self { directory, filter: KeyFilterBuilder::new(), key: KeyBytes::default(), rows: 0 }
    }

    /// The next rows of one series.
    pub(super) fn series(&mut self, key: &KeyBytes, times: &[i64]) {
        let (Some(first), Some(last)) = (times.first(), times.last()) else { return };
        if let Directory::Series(runs) = &mut self.directory {
            match runs.last_mut() {
                Some(run) if self.key == *key => {
                    run.rows += times.len() as u64;
                    run.time.last = *last;
                }
                _ => {
                    self.key = key.clone();
                    runs.push(SegmentRun {
                        key_hash: key_hash(&key.0),
                        first_row: self.rows,
                        rows: times.len() as u64,
                        time: TimeBounds { first: *first, last: *last },
                    });
                }
            }
        }
        self.rows += times.len() as u64;
    }

    /// The next rows of a keyed table.
    pub(super) fn keys(&mut self, keys: &[KeyBytes]) {
        if let Directory::Keyed(marks) = &mut self.directory {
            for (row, key) in (self.rows..).zip(keys) {
                self.filter.add(key);
                if row % PAGE_ROWS as u64 == 0 {
                    marks.push(KeyMark { row, key: key.clone() });
                }
            }
        }
        self.rows += keys.len() as u64;
    }

    pub(super) fn finish(self) -> Directory {
        match self.directory {
            Directory::Keyed(marks) => Directory::FilteredKeys(marks, self.filter.finish()),
            other => other,
        }
    }
}
