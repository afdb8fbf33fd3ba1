//! Deleting what has expired: whole partitions, slowly.
//!
//! Hiding goes by the clock alone; deleting by the older of the clock and the table's newest row,
//! one partition of a table a minute, and not at all for an hour after the clock has jumped by
//! more than that. So a clock that is wrong hides rows, but takes next to none of them away.

use super::job::{Done, Output, Swap, swap};
use super::policy::{Place, place};
use crate::retention;
use crate::store::Store;
use catalog::{Catalog, SegmentEntry};
use model::{Result, Table, TableId};
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
/// by the positions of its segments. Where partitions had another length before, an older version of a row may
/// stand in one of those: they go together, or not yet.
pub(super) fn expired(
    catalog: &Catalog,
    table: &Table,
    segments: &[&SegmentEntry],
    now_micros: u64,
) -> Option<Vec<usize>> {
    let newest = segments.iter().map(|entry| entry.time.last).max()?;
    let now_nanos = (i128::from(now_micros) * 1_000).min(table.time_unit()?.to_nanos(newest));
    let kept = retention::kept_at(catalog, table, now_nanos);
    let has_expired = |entry: &SegmentEntry| entry.time.last < kept.first;
    let mut places: Vec<Place> = segments.iter().map(|entry| place(entry)).collect();
    places.dedup();
    places.into_iter().find_map(|oldest| {
        let mut going: Vec<bool> = segments.iter().map(|entry| place(entry) == oldest).collect();
        loop {
            let is_going = |entry: &SegmentEntry| {
                segments.iter().zip(&going).any(|(other, goes)| *goes && place(other) == place(entry))
            };
            // One that is older than a part of what goes, and may have rows of it.
            let lies_below = |entry: &SegmentEntry| {
                let mut above = segments.iter().zip(&going).filter(|(_, goes)| **goes).map(|(other, _)| other);
                above.any(|other| other.time.overlaps(&entry.time) && entry.sequences.0 < other.sequences.1)
            };
            let more: Vec<bool> = segments.iter().map(|entry| is_going(entry) || lies_below(entry)).collect();
            if !segments.iter().zip(&more).all(|(entry, goes)| !goes || has_expired(entry)) {
                return None;
            }
            if more == going {
                return Some((0..).zip(going).filter_map(|(at, goes)| goes.then_some(at)).collect());
            }
            going = more;
        }
    })
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
    let Some(found) = found else { return Ok(false) };
    let inputs: Vec<_> = found.iter().filter_map(|at| memory.segments.get(*at).cloned()).collect();
    let swaps = vec![Swap { state, inputs, output: Output::Expired, kind: table.kind }];
    Ok(swap(store, runtime, swaps)? == [Done::Merged])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::fixture::series_table;
    use model::{DataType, KeyBytes, Sequence, TimeBounds, TimeUnit};

    /// A segment: (partition, its length, numbers, times).
    type Of = (i64, u64, (u64, u64), (i64, i64));

    /// Segments in the order of the manifest.
    fn entries(of: &[Of]) -> Vec<SegmentEntry> {
        let entry = |(partition, partition_seconds, sequences, time): &Of| SegmentEntry {
            id: sequences.0,
            path: String::new(),
            bytes: 1,
            checksum: 0,
            partition: *partition,
            partition_seconds: *partition_seconds,
            rows: 1,
            sequences: (Sequence(sequences.0), Sequence(sequences.1)),
            time: TimeBounds { first: time.0, last: time.1 },
            keys: (KeyBytes::default(), KeyBytes::default()),
            all_replace: true,
            schema_version: 1,
        };
        of.iter().map(entry).collect()
    }

    /// What has expired of a table that keeps rows for so many seconds.
    fn found(entries: &[SegmentEntry], unit: TimeUnit, seconds: u64, now_micros: u64) -> Option<Vec<usize>> {
        let mut table = Table { retention_seconds: Some(seconds), ..series_table(1) };
        table.columns[0].data_type = DataType::Instant(unit);
        expired(&Catalog::default(), &table, &entries.iter().collect::<Vec<_>>(), now_micros)
    }

    #[test]
    fn a_row_of_any_time_lets_the_clock_decide_and_no_retention_is_too_long() {
        use TimeUnit::{Microsecond, Millisecond, Nanosecond};
        let now = 5_000_000_000;
        for (unit, second) in [(Millisecond, 1_000), (Microsecond, 1_000_000), (Nanosecond, 1_000_000_000)] {
            // A row of the far future, beyond what microseconds can say.
            let of = [(0, 1_000, (1, 2), (0, 10 * second)), (1_000, 1_000, (1, 2), (1_000 * second, i64::MAX))];
            assert_eq!(found(&entries(&of), unit, 1_000, now), Some(vec![0]), "{unit:?}");
            assert_eq!(found(&entries(&of), unit, 1_000, 0), None, "{unit:?}");
            for seconds in [u64::MAX, u64::MAX / 1_000_000, i64::MAX.unsigned_abs()] {
                assert_eq!(found(&entries(&of), unit, seconds, u64::MAX), None, "{unit:?} {seconds}");
            }
            // All before 1970: the newest of them says what time it is.
            let of = [
                (-9_000, 1_000, (1, 2), (-9_000 * second, -8_900 * second)),
                (-8_000, 1_000, (1, 2), (-8_000 * second, -7_001 * second)),
            ];
            assert_eq!(found(&entries(&of), unit, 1_000, now), Some(vec![0]), "{unit:?}");
            assert_eq!(found(&entries(&of), unit, 2_000, now), None, "{unit:?}");
        }
    }

    /// Lengths that a table had one after the other: no older version of a row outlives a newer one.
    #[test]
    fn partitions_of_several_lengths_expire_oldest_versions_first() {
        let newest = (100_000, 1_000, (90, 91), (100_000, 100_000));
        let check = |of: &[Of], expected: &[&[usize]]| {
            let mut left: Vec<(usize, SegmentEntry)> = entries(of).into_iter().enumerate().collect();
            for expected in expected {
                let all: Vec<SegmentEntry> = left.iter().map(|(_, entry)| entry.clone()).collect();
                let now = found(&all, TimeUnit::Millisecond, 10, u64::MAX).unwrap();
                assert_eq!(now.iter().map(|at| left[*at].0).collect::<Vec<_>>(), *expected);
                let mut at = 0..;
                left.retain(|_| !now.contains(&at.next().unwrap()));
            }
            let all: Vec<SegmentEntry> = left.iter().map(|(_, entry)| entry.clone()).collect();
            assert_eq!(found(&all, TimeUnit::Millisecond, 10, u64::MAX), None);
        };
        // Short ones before a long one over them: the short ones go first.
        check(
            &[(0, 100, (1, 2), (10, 90)), (0, 1_000, (5, 6), (20, 900)), (100, 100, (3, 4), (100, 190)), newest],
            &[&[0], &[1, 2]],
        );
        // A long one that is not over yet holds what lies above it, and nothing else.
        check(
            &[(0, 100_000, (1, 2), (0, 99_000)), (0, 100, (3, 4), (0, 90)), (100, 100, (0, 0), (100, 190)), newest],
            &[&[2]],
        );
        // One above and below the other.
        check(
            &[(0, 100, (1, 1), (10, 90)), (0, 100, (5, 5), (10, 90)), (0, 1_000, (3, 3), (20, 80)), newest],
            &[&[0, 1, 2]],
        );
    }

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
