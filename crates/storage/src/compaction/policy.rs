//! Which segments are merged, and when.
//!
//! **Tiers.** Segments of a partition fall into classes by their rows, each [`FAN`] times the one
//! below. Neighbours of a class and the classes below it become one segment once they are [`FAN`]
//! and their rows fill the next class. So a row is rewritten into a greater class each time: of
//! `n` rows that come in order in flushes of `f` rows each is rewritten at most
//! `log_FAN(n / f) + 1` times, and no more than `FAN - 1` segments of each class stay behind.
//!
//! **Closing.** A partition is closed when later ones have rows and the last flush brought none to
//! it. Then all of its segments become one, unless the greatest is more than [`CLOSING_SHARE`]
//! times all others together. A flush of rows in order into a partition that closes after it is
//! rewritten once by that and never again; late rows rewrite a closed partition only after it has
//! grown by a fifth, so at most `CLOSING_SHARE + 1` times what came late.
//!
//! **Deletions.** A segment of which a deletion hides everything goes. A partition is rewritten
//! for deletions of parts once these are many enough for its rows: [`ROWS_A_DELETION`] each.

use catalog::{SegmentEntry, Tombstone};
use model::{KeySelection, Sequence, TableKind};
use std::ops::Range;

/// How many segments become one, and how many times greater a class is than the one below.
const FAN: usize = 8;
/// See above.
const CLOSING_SHARE: u64 = 4;
/// Rows that are rewritten for one deletion.
const ROWS_A_DELETION: u64 = 1 << 17;
/// Deletions that are worth a rewriting at all.
const DELETIONS_MIN: u64 = 8;
/// So many segments are merged at once: each is an open file, and blocks in memory.
const INPUTS_MAX: usize = 64;
/// No segment is made of more rows than this.
const ROWS_MAX: u64 = 1 << 28;

/// A partition: where it begins and how long it is, in seconds.
pub(crate) type Place = (i64, u64);

/// Neighbours that are to become one segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Due {
    /// Their partition.
    pub(super) place: Place,
    /// Their positions among the table's segments.
    pub(super) range: Range<usize>,
    /// Their rows.
    pub(super) rows: u64,
    /// Whether a deletion hides all of them.
    pub(super) is_hidden: bool,
    /// What scans pay until nothing is due there any more: segments that are to be merged, also those
    /// that are too many for one merge.
    pub(super) waiting: usize,
    /// All segments of the partition.
    pub(super) segments: usize,
}

fn class(rows: u64) -> u32 {
    rows.max(1).ilog(FAN as u64)
}

/// Whether a deletion that lies above a segment can hide rows of it.
pub(crate) fn masks(tombstone: &Tombstone, entry: &SegmentEntry, kind: TableKind) -> bool {
    entry.sequences.1 < tombstone.sequence && (kind == TableKind::Keyed || entry.time.overlaps(&tombstone.time))
}

/// Whether a deletion hides every row of a segment.
pub(super) fn hides(tombstone: &Tombstone, entry: &SegmentEntry, kind: TableKind) -> bool {
    let all_times = kind == TableKind::Keyed
        || (tombstone.time.contains(entry.time.first) && tombstone.time.contains(entry.time.last));
    entry.sequences.1 < tombstone.sequence && tombstone.keys == KeySelection::All && all_times
}

/// What is due of a table, at most one for each partition. Segments are in the order of the
/// manifest; deletions up to `flushed` are in it.
pub(super) fn due(
    segments: &[&SegmentEntry],
    tombstones: &[Tombstone],
    flushed: Sequence,
    kind: TableKind,
) -> Vec<Due> {
    let newest_partition = segments.iter().map(|entry| place(entry)).max();
    let newest_number = segments.iter().map(|entry| entry.sequences.1).max().unwrap_or_default();
    let settled: Vec<&Tombstone> = tombstones.iter().filter(|t| t.sequence <= flushed).collect();
    let mut found = Vec::new();
    let mut start = 0;
    for group in segments.chunk_by(|a, b| place(a) == place(b)) {
        let is_last = group.first().map(|entry| place(entry)) == newest_partition;
        let receives = group.iter().any(|entry| entry.sequences.1 == newest_number);
        let partition = Partition { segments: group, tombstones: &settled, kind, is_closed: !is_last && !receives };
        found.extend(partition.due().zip(group.first()).map(|((Part { range, waiting }, is_hidden), first)| Due {
            place: place(first),
            rows: group.get(range.clone()).map_or(0, rows),
            range: start + range.start..start + range.end,
            is_hidden,
            waiting,
            segments: group.len(),
        }));
        start += group.len();
    }
    found
}

pub(super) fn place(entry: &SegmentEntry) -> Place {
    (entry.partition, entry.partition_seconds)
}

fn rows(segments: &[&SegmentEntry]) -> u64 {
    segments.iter().map(|entry| entry.rows).sum()
}

/// How many of the oldest of some segments can be merged at once, at least two.
fn within(segments: &[&SegmentEntry]) -> Option<usize> {
    let mut all = 0;
    let fit = segments.iter().take(INPUTS_MAX).take_while(|entry| {
        all += entry.rows;
        all <= ROWS_MAX
    });
    Some(fit.count()).filter(|count| *count > 1)
}

/// Some of a partition's segments, and how many wait to be merged with them.
struct Part {
    range: Range<usize>,
    waiting: usize,
}

struct Partition<'a> {
    segments: &'a [&'a SegmentEntry],
    tombstones: &'a [&'a Tombstone],
    kind: TableKind,
    is_closed: bool,
}

impl Partition<'_> {
    /// Whether all can be merged at once.
    fn fits(&self) -> bool {
        self.segments.len() <= INPUTS_MAX && rows(self.segments) <= ROWS_MAX
    }

    /// What is due, and whether it is hidden by a deletion.
    fn due(&self) -> Option<(Part, bool)> {
        let visible = self.closing().or_else(|| self.tier()).or_else(|| self.much_deleted());
        let Some(hidden) = self.hidden() else { return visible.map(|part| (part, false)) };
        let waiting = visible.map_or(hidden.len(), |part| part.waiting.max(hidden.len()));
        Some((Part { range: hidden, waiting }, true))
    }

    /// Segments of which a deletion hides everything.
    fn hidden(&self) -> Option<Range<usize>> {
        let is_hidden = |entry: &&SegmentEntry| self.tombstones.iter().any(|t| hides(t, entry, self.kind));
        let start = self.segments.iter().position(is_hidden)?;
        let count = self.segments.iter().skip(start).take(INPUTS_MAX).take_while(|entry| is_hidden(entry)).count();
        Some(start..start + count)
    }

    /// All of them.
    fn whole(&self) -> Part {
        Part { range: 0..self.segments.len(), waiting: self.segments.len() }
    }

    fn closing(&self) -> Option<Part> {
        let greatest = self.segments.iter().map(|entry| entry.rows).max()?;
        let all = rows(self.segments);
        let due =
            self.is_closed && self.segments.len() > 1 && (all - greatest).saturating_mul(CLOSING_SHARE) >= greatest;
        (due && self.fits()).then(|| self.whole())
    }

    fn tier(&self) -> Option<Part> {
        let greatest = self.segments.iter().map(|entry| class(entry.rows)).max()?;
        (0..=greatest).find_map(|of| {
            let next_class = (FAN as u64).saturating_pow(of + 1);
            let mut start = 0;
            for run in self.segments.chunk_by(|a, b| (class(a.rows) <= of) == (class(b.rows) <= of)) {
                let range = start..start + run.len();
                start = range.end;
                let all = rows(run);
                let is_of_class = run.iter().all(|entry| class(entry.rows) <= of);
                if is_of_class && run.len() >= FAN && all >= next_class {
                    // What is too much at once comes next.
                    let part = |count| Part { range: range.start..range.start + count, waiting: run.len() };
                    return within(run).map(part);
                }
            }
            None
        })
    }

    /// All, when so many deletions lie above parts of it that applying them is worth it.
    fn much_deleted(&self) -> Option<Part> {
        let above = |tombstone: &&&Tombstone| self.segments.iter().any(|entry| masks(tombstone, entry, self.kind));
        let deletions = self.tombstones.iter().filter(above).count() as u64;
        let all = rows(self.segments);
        let due = deletions >= DELETIONS_MIN && deletions.saturating_mul(ROWS_A_DELETION) >= all;
        (due && self.fits()).then(|| self.whole())
    }
}

#[cfg(test)]
mod tests;
