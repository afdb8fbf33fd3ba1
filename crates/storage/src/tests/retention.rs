//! Expired rows are never returned: what a view shows is what the naive model shows without them.

use super::dice::Dice;
use super::fixture::*;
use super::last_values;
use super::naive::{Event, Naive};
use super::random;
use crate::catalogue_commit::own_runtime;
use crate::compaction::delete_expired;
use crate::retention::kept;
use crate::{Clock, ScanKeys, StorageOptions};
use catalog::{Catalog, Change, Database, DatabaseLabel};
use files::{Files, ForgetfulFiles};
use model::{ColumnId, DataType, DatabaseId, Table, TableId, TimeBounds, TimeUnit, Value, WriteKind};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// A clock that stands until it is set.
#[derive(Debug, Default)]
struct SetClock(AtomicU64);

impl Clock for SetClock {
    fn now_micros(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

fn database(retention_seconds: Option<u64>) -> Database {
    Database {
        id: DatabaseId(1),
        name: "plant".into(),
        label: DatabaseLabel::Any,
        partition_seconds: None,
        retention_seconds,
        comment: None,
        properties: BTreeMap::new(),
    }
}

#[test]
fn the_bound_is_the_time_less_the_retention_and_never_wraps() {
    let bound = |of_database, of_table, unit, now| {
        let mut table = series_table(1);
        table.retention_seconds = of_table;
        table.columns[0].data_type = DataType::Instant(unit);
        let catalog = Catalog::default().with([Change::PutDatabase(database(of_database))]).unwrap();
        kept(&catalog, &table, now).first
    };
    use TimeUnit::{Microsecond, Millisecond, Nanosecond};
    let now = 5_000_000_123_456;
    assert_eq!(bound(None, Some(7), Millisecond, now), 4_999_993_123, "floored");
    assert_eq!(bound(None, Some(7), Microsecond, now), 4_999_993_123_456);
    assert_eq!(bound(None, Some(7), Nanosecond, now), 4_999_993_123_456_000);
    assert_eq!(bound(Some(7), None, Millisecond, now), 4_999_993_123, "the database's");
    assert_eq!(bound(Some(7), Some(9), Millisecond, now), 4_999_991_123, "the table's before the database's");
    for (of_database, of_table) in [(None, None), (Some(0), None), (Some(7), Some(0)), (None, Some(0))] {
        assert_eq!(bound(of_database, of_table, Millisecond, now), i64::MIN, "for ever");
    }
    assert_eq!(bound(None, Some(u64::MAX), Nanosecond, now), i64::MIN);
    assert_eq!(bound(None, Some(1), Nanosecond, u64::MAX), i64::MAX);
    assert_eq!(bound(None, Some(1), Microsecond, 0), -1_000_000, "times before 1970");
    assert_eq!(
        kept(&Catalog::default(), &Table { retention_seconds: Some(1), ..keyed_table(2) }, now),
        TimeBounds::ALL
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_view_shows_what_the_naive_model_shows_without_expired_rows() {
    let mut hidden = 0;
    for seed in 0..60 {
        let mut dice = Dice::new(seed);
        let clock = Arc::new(SetClock::default());
        let fixture =
            Fixture::open(&ForgetfulFiles::new(), StorageOptions { clock: clock.clone(), ..options() }).unwrap();
        let seconds = 1 + dice.below(3_000);
        let table = Table { retention_seconds: Some(seconds), ..series_table(1) };
        fixture.create(vec![table.clone()]).await.unwrap();
        let mut naive = Naive::default();
        naive.create(table.clone());
        for _ in 0..12 {
            let request = random::request(&mut dice, std::slice::from_ref(&table));
            fixture.storage.write(request.clone()).await.unwrap();
            naive.apply(&Event::Write(request)).unwrap();
            if dice.one_in(4) {
                fixture.storage.flush().await.unwrap();
            }
            let now = i64::try_from(dice.below(8_000_000)).unwrap();
            clock.0.store(u64::try_from(now * 1_000).unwrap(), Ordering::Relaxed);
            let first = now - i64::try_from(seconds * 1_000).unwrap();
            let wanted = match dice.below(3) {
                0 => TimeBounds::ALL,
                1 => TimeBounds { first: 800_000, last: 2_400_000 },
                _ => TimeBounds { first: i64::MIN, last: 1_200_000 },
            };
            let all = naive.shown(table.id, true).rows;
            let shown = |row: &&Vec<Value>| match row[0] {
                Value::Instant(time, _) => time >= first && wanted.contains(time),
                _ => panic!("the first column is the time"),
            };
            let expected: Vec<Vec<Value>> = all.iter().filter(shown).cloned().collect();
            hidden += all.len() - expected.len();
            let view = fixture.storage.view(table.id).unwrap();
            // The view keeps the bound that it began with.
            clock.0.store(u64::MAX / 2, Ordering::Relaxed);
            let columns: Vec<ColumnId> = table.columns.iter().map(|c| c.id).collect();
            assert_eq!(scan(&view, &columns, ScanKeys::All, wanted), expected, "seed {seed}");
            assert!(view.rows_at_most() >= expected.len() as u64);
            last_values::compare(&view, wanted.first).unwrap();
            clock.0.store(u64::try_from(now * 1_000).unwrap(), Ordering::Relaxed);
        }
    }
    assert!(hidden > 100, "{hidden} rows were left out");
}

#[tokio::test(flavor = "multi_thread")]
async fn whole_partitions_that_have_expired_are_deleted_one_at_a_time() {
    let clock = Arc::new(SetClock::default());
    let fixture = Fixture::open(&ForgetfulFiles::new(), StorageOptions { clock: clock.clone(), ..options() }).unwrap();
    // Partitions of 1,000 seconds.
    let table = Table { retention_seconds: Some(1_500), ..series_table(1) };
    fixture.create(vec![table.clone(), keyed_table(2)]).await.unwrap();
    let rows = (0..5).map(|n| ("a", n * 1_000_000 + 10_000, n));
    let rows: Vec<(&str, i64, i64)> = rows.chain([("b", 10_000, 9)]).collect();
    for kind in [WriteKind::Replace, WriteKind::Merge] {
        fixture.write(loads(&table, kind, &rows)).await.unwrap();
        fixture.storage.flush().await.unwrap();
    }
    let store = fixture.storage.threads.store.clone();
    let delete = async |seconds: u64| {
        let store = store.clone();
        let work = move || delete_expired(&store, &own_runtime().unwrap(), TableId(1), seconds * 1_000_000).unwrap();
        tokio::task::spawn_blocking(work).await.unwrap()
    };
    let catalog = fixture.catalog.clone();
    let partitions = || -> Vec<i64> {
        let manifest = catalog.snapshot().manifest(TableId(1));
        manifest.segments.iter().map(|s| s.partition).collect()
    };
    assert!(!delete(1_500).await, "by a clock that is behind nothing has");
    assert!(!delete(1_510).await, "a row of this very moment is kept");
    let before = fixture.storage.view(TableId(1)).unwrap();
    last_values::compare(&before, i64::MIN).unwrap();
    assert!(delete(1_511).await);
    // What is known of last values is known of those rows that a view has.
    for _ in 0..2 {
        last_values::compare(&before, i64::MIN).unwrap();
        last_values::compare(&fixture.storage.view(TableId(1)).unwrap(), i64::MIN).unwrap();
    }
    drop(before);
    assert_eq!(partitions(), [1_000, 1_000, 2_000, 2_000, 3_000, 3_000, 4_000, 4_000]);
    let paths = fixture.disk.list(std::path::Path::new("segments/1")).unwrap();
    assert_eq!(paths.iter().filter(|name| name.ends_with(".parquet")).count(), 8, "{paths:?}");
    // A clock that is ahead: the newest row says what time it is.
    assert!(delete(1_000_000_000).await && delete(1_000_000_000).await);
    assert!(!delete(1_000_000_000).await);
    assert_eq!(partitions(), [3_000, 3_000, 4_000, 4_000]);
    let shown = fixture.rows(TableId(1));
    assert_eq!(shown.len(), 2);
    assert_eq!(fixture.crash(0).rows(TableId(1)), shown);
}
