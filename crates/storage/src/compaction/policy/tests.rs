//! What is due of partitions of every shape, and what rows cost over their life.

use super::*;
use model::{KeyBytes, KeyHash, TimeBounds};

const HOUR: i64 = 3_600_000;

/// Segments of one table, as they are flushed and merged.
#[derive(Default)]
struct Files {
    segments: Vec<SegmentEntry>,
    tombstones: Vec<Tombstone>,
    number: u64,
    rewritten: u64,
}

impl Files {
    /// One flush: (hour, rows).
    fn flush(&mut self, parts: &[(i64, u64)]) {
        self.number += 10;
        for (hour, rows) in parts {
            self.segments.push(SegmentEntry {
                id: self.number,
                path: String::new(),
                bytes: *rows,
                checksum: 0,
                partition: hour * 3600,
                partition_seconds: 3600,
                rows: *rows,
                sequences: (Sequence(self.number - 9), Sequence(self.number)),
                time: TimeBounds { first: hour * HOUR, last: hour * HOUR + HOUR - 1 },
                keys: (KeyBytes::default(), KeyBytes::default()),
                all_replace: true,
                schema_version: 1,
            });
        }
        self.segments.sort_by_key(|s| (s.partition, s.sequences));
    }

    fn delete(&mut self, keys: KeySelection, time: TimeBounds) {
        self.number += 10;
        self.tombstones.push(Tombstone { sequence: Sequence(self.number), keys, time });
    }

    fn due(&self) -> Vec<Due> {
        let segments: Vec<&SegmentEntry> = self.segments.iter().collect();
        due(&segments, &self.tombstones, Sequence(self.number), TableKind::Series)
    }

    /// Does what is due until nothing is; no row meets another.
    fn settle(&mut self) {
        while let Some(due) = self.due().first().cloned() {
            let merged: Vec<_> = self.segments.drain(due.range.clone()).collect();
            assert!(merged.iter().all(|s| s.partition == merged[0].partition));
            assert_eq!(merged.iter().map(|s| s.rows).sum::<u64>(), due.rows);
            if due.is_hidden {
                continue;
            }
            assert!(merged.len() > 1 || !self.tombstones.is_empty());
            self.rewritten += due.rows;
            let sequences = (merged[0].sequences.0, merged[merged.len() - 1].sequences.1);
            let one = SegmentEntry { rows: due.rows, sequences, ..merged[0].clone() };
            self.segments.insert(due.range.start, one);
        }
    }

    fn rows(&self) -> Vec<u64> {
        self.segments.iter().map(|s| s.rows).collect()
    }
}

#[test]
fn an_open_partition_is_merged_in_tiers_and_no_row_too_often() {
    let mut files = Files::default();
    let (flushes, rows) = (3_000_u64, 700);
    for n in 1..=flushes {
        files.flush(&[(0, rows)]);
        files.settle();
        let classes = (n.ilog(8) + 2) as usize;
        assert!(files.segments.len() <= (FAN - 1) * classes, "{} segments after {n}", files.segments.len());
    }
    let times = f64::from(u32::try_from(files.rewritten).unwrap()) / f64::from(u32::try_from(flushes * rows).unwrap());
    assert!(times <= (flushes as f64).log(8.0) + 1.0, "rewritten {times} times");
    assert!(times > 2.0, "{times}");
}

#[test]
fn rows_in_order_are_rewritten_once_when_their_partition_closes() {
    let mut files = Files::default();
    // Each flush ends one hour and begins the next.
    for hour in 0..50 {
        files.flush(&[(hour, 400), (hour + 1, 600)]);
        files.settle();
    }
    assert_eq!(files.rows()[..49].iter().filter(|rows| **rows == 1_000).count(), 48, "{:?}", files.rows());
    assert!(files.rewritten <= 50 * 1_000, "{}", files.rewritten);
    // Whole hours at once are never touched.
    let mut files = Files::default();
    for hour in 0..50 {
        files.flush(&[(hour * 2, 1_000), (hour * 2 + 1, 1_000)]);
        files.settle();
    }
    assert_eq!((files.segments.len(), files.rewritten), (100, 0));
}

#[test]
fn late_rows_rewrite_a_closed_partition_only_when_it_has_grown() {
    let mut files = Files::default();
    files.flush(&[(0, 1_000_000)]);
    files.flush(&[(1, 1_000_000)]);
    let mut late = 0;
    for _ in 0..2_000 {
        files.flush(&[(0, 1_000)]);
        late += 1_000;
        files.settle();
        files.flush(&[(1, 10)]);
        files.settle();
    }
    let closing = late * (CLOSING_SHARE + 1);
    let tiers = late * 5;
    assert!(files.rewritten <= closing + tiers, "{} for {late}", files.rewritten);
    assert!(files.segments.len() <= 60, "{:?}", files.rows());
}

#[test]
fn what_a_deletion_hides_goes_and_many_deletions_are_applied() {
    let mut files = Files::default();
    files.flush(&[(0, 1_000), (1, 1_000)]);
    files.delete(KeySelection::All, TimeBounds { first: 0, last: HOUR - 1 });
    let due = Due { place: (0, 3600), range: 0..1, rows: 1_000, is_hidden: true, waiting: 1, segments: 1 };
    assert_eq!(files.due(), std::slice::from_ref(&due));
    // Not what came after it, nor a part.
    let mut files = Files::default();
    files.delete(KeySelection::All, TimeBounds::ALL);
    files.flush(&[(0, 1_000)]);
    files.delete(KeySelection::All, TimeBounds { first: 1, last: HOUR });
    for _ in 0..DELETIONS_MIN - 2 {
        files.delete(KeySelection::Hashes([KeyHash(1)].into()), TimeBounds::ALL);
        assert_eq!(files.due(), []);
    }
    // Of another hour.
    files.delete(KeySelection::All, TimeBounds { first: 5 * HOUR, last: 6 * HOUR });
    assert_eq!(files.due(), []);
    files.delete(KeySelection::Hashes([KeyHash(1)].into()), TimeBounds::ALL);
    assert_eq!(files.due(), [Due { is_hidden: false, ..due }]);
    files.segments[0].rows = DELETIONS_MIN * ROWS_A_DELETION + 1;
    assert_eq!(files.due(), [], "too many rows for so few deletions");
}

#[test]
fn however_many_there_are_few_are_merged_at_once() {
    let mut files = Files::default();
    for _ in 0..1_000 {
        files.flush(&[(0, 10)]);
    }
    files.flush(&[(1, 10)]);
    let mut most = 0;
    let mut all = files.segments.clone();
    let mut waiting = vec![files.due()[0].waiting];
    while let Some(due) = files.due().first().cloned() {
        assert_eq!(due.segments, files.segments.len() - 1);
        most = most.max(due.range.len());
        waiting.push(due.waiting);
        let merged: Vec<_> = files.segments.drain(due.range.clone()).collect();
        files.rewritten += due.rows;
        files.segments.insert(due.range.start, SegmentEntry { rows: due.rows, ..merged[0].clone() });
        all.clone_from(&files.segments);
    }
    assert_eq!(most, INPUTS_MAX);
    // Not what one merge can take counts, but what waits; and each merge pays of it.
    assert_eq!(waiting[0], 1_000);
    assert!(waiting.is_sorted_by(|a, b| a >= b), "{waiting:?}");
    assert_eq!(all.iter().map(|s| s.rows).collect::<Vec<_>>(), [10_000, 10]);
    assert!(files.rewritten <= 3 * 10_000, "{}", files.rewritten);
}
