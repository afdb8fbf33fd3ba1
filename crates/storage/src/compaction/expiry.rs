//! Deleting what has expired: whole partitions, slowly.
//!
//! Hiding goes by the clock alone; deleting by the older of the clock and the table's newest row,
//! one partition of a table a minute, and not at all for an hour after the clock has jumped by
//! more than that. So a clock that is wrong hides rows, but takes next to none of them away.

use super::job::{Done, Output, Swap, swap};
use crate::retention;
use crate::store::Store;
use catalog::{Catalog, SegmentEntry};
use model::{Result, Table, TableId};
use std::ops::Range;
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;

/// So often it looks, and deletes a partition of each table at most.
const EVERY: Duration = Duration::from_secs(60);
/// A clock that went so much faster or slower than time did has jumped.
const JUMP: Duration = Duration::from_secs(3_600);

/// When to look, and whether the clock is to be trusted.
#[derive(Debug)]
pub(super) struct Expiry {
    next_look: Instant,
    /// The time when it was looked at last, by both clocks.
    seen: (Instant, u64),
    /// Nothing is deleted before.
    trusted_from: Instant,
}

impl Expiry {
    pub(super) fn new(now: Instant, now_micros: u64) -> Self {
        Self { next_look: now + EVERY, seen: (now, now_micros), trusted_from: now }
    }

    /// When it wants to look again.
    pub(super) fn next_look(&self) -> Instant {
        self.next_look
    }

    /// Looks at the clocks: whether something may be deleted now.
    pub(super) fn look(&mut self, now: Instant, now_micros: u64) -> bool {
        let (seen, seen_micros) = std::mem::replace(&mut self.seen, (now, now_micros));
        let passed = i128::try_from(now.saturating_duration_since(seen).as_micros()).unwrap_or(i128::MAX);
        let shown = i128::from(now_micros) - i128::from(seen_micros);
        if (shown - passed).unsigned_abs() > JUMP.as_micros() {
            tracing::warn!("the clock jumped: for an hour no expired rows are deleted");
            self.trusted_from = now + JUMP;
        }
        self.next_look = now + EVERY;
        now >= self.trusted_from
    }
}

/// The oldest partition of a table of which all rows are older than its retention at some moment,
/// by the positions of its segments.
pub(super) fn expired(
    catalog: &Catalog,
    table: &Table,
    segments: &[&SegmentEntry],
    now_micros: u64,
) -> Option<Range<usize>> {
    let newest = segments.iter().map(|entry| entry.time.last).max()?;
    let newest_nanos = table.time_unit()?.to_nanos(newest);
    let newest_micros = u64::try_from(newest_nanos.div_euclid(1_000)).unwrap_or_default();
    let kept = retention::kept(catalog, table, now_micros.min(newest_micros));
    let mut start = 0;
    for group in segments.chunk_by(|a, b| a.partition == b.partition && a.partition_seconds == b.partition_seconds) {
        if group.iter().all(|entry| entry.time.last < kept.first) {
            return Some(start..start + group.len());
        }
        start += group.len();
    }
    None
}

/// The tables of which a partition has expired.
pub(super) fn tables(store: &Store, now_micros: u64) -> Vec<TableId> {
    let catalog = store.catalog.snapshot();
    let has_expired = |table: &Table| {
        let manifest = catalog.manifest(table.id);
        expired(&catalog, table, &manifest.segments.iter().collect::<Vec<_>>(), now_micros).is_some()
    };
    catalog.tables().filter(|table| has_expired(table)).map(|table| table.id).collect()
}

/// Deletes the oldest partition of a table that has expired; whether there was one.
///
/// # Errors
/// Those of the commit.
pub(crate) fn delete_expired(store: &Store, runtime: &Runtime, id: TableId, now_micros: u64) -> Result<bool> {
    let catalog = store.catalog.snapshot();
    let (Some(table), Ok(state)) = (catalog.table(id), store.table(id)) else { return Ok(false) };
    let memory = state.seen().1;
    let entries: Vec<&SegmentEntry> = memory.segments.iter().map(|segment| &segment.entry).collect();
    let found = expired(&catalog, table, &entries, now_micros);
    let Some(segments) = found.and_then(|range| memory.segments.get(range)) else { return Ok(false) };
    let inputs = segments.to_vec();
    let swaps = vec![Swap { state, inputs, output: Output::Expired, kind: table.kind }];
    Ok(swap(store, runtime, swaps)? == [Done::Merged])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_jumps_is_not_trusted_for_an_hour() {
        let start = Instant::now();
        let micros = |duration: Duration| 1_700_000_000_000_000 + u64::try_from(duration.as_micros()).unwrap();
        let mut expiry = Expiry::new(start, micros(Duration::ZERO));
        assert_eq!(expiry.next_look(), start + EVERY);
        assert!(expiry.look(start + EVERY, micros(EVERY)));
        // Half an hour off is drift, or somebody who set it right.
        let half = Duration::from_secs(1_800);
        assert!(expiry.look(start + 2 * EVERY, micros(2 * EVERY + half)));
        for jumped in [micros(4 * JUMP), micros(Duration::ZERO)] {
            assert!(!expiry.look(start + 3 * EVERY, jumped));
            assert!(!expiry.look(start + JUMP, jumped + micros(JUMP - 3 * EVERY) - micros(Duration::ZERO)));
            assert!(expiry.look(start + 4 * EVERY + JUMP, jumped + micros(JUMP + EVERY) - micros(Duration::ZERO)));
        }
    }
}
