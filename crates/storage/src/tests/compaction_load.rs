//! Compaction under load: writers wait for it where it lags behind, and it neglects nobody.

use super::fixture::*;
use super::watched::{self, Gate, OpensAtLast};
use crate::{CompactionOptions, ScanKeys, ScanRequest, StorageOptions};
use files::{Files, ForgetfulFiles};
use model::{ErrorKind, KeySelection, RangeDelete, TableId, TimeBounds, UniqueSet, WriteKind, WritePart, WriteRequest};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

const METERS: TableId = TableId(1);
const SITES: TableId = TableId(2);
const INDEX: TableId = TableId(3);
/// Milliseconds of a partition.
const PARTITION: i64 = 1_000_000;

fn background(segments_limit: usize) -> StorageOptions {
    StorageOptions { compaction: CompactionOptions { cpu_percent: 50, segments_limit }, ..options() }
}

fn segments(fixture: &Fixture, table: TableId) -> Vec<catalog::SegmentEntry> {
    fixture.catalog.snapshot().manifest(table).segments.clone()
}

/// A row of a keyed table, in a segment of its own.
async fn flush_site(fixture: &Fixture, table: TableId, n: i64) {
    fixture.write(sites(&keyed_table(table.0), WriteKind::Replace, &[(n, n)])).await.unwrap();
    fixture.storage.flush().await.unwrap();
}

async fn flush_load(fixture: &Fixture, time: i64) {
    fixture.write(loads(&series_table(METERS.0), WriteKind::Replace, &[("a", time, time)])).await.unwrap();
    fixture.storage.flush().await.unwrap();
}

fn is_overloaded(error: &model::Error) -> bool {
    matches!(&*error.kind, ErrorKind::Overloaded { what } if what.contains("compaction.segments_limit is 70"))
}

/// A merge that is stuck, and flushes until more waits than one merge takes.
#[tokio::test(flavor = "multi_thread")]
async fn writers_wait_while_more_waits_than_the_limit_says() {
    let gate = Arc::new(Gate::default());
    let shut = gate.clone();
    let fixture =
        watched::open(&ForgetfulFiles::new(), background(70), Duration::from_millis(200), move |_| shut.pass());
    let _at_last = OpensAtLast(gate.clone());
    fixture.create(vec![keyed_table(2), keyed_table(4)]).await.unwrap();
    for n in 0..70 {
        assert!(fixture.storage.compaction().segments_waiting < 70);
        flush_site(&fixture, SITES, n).await;
    }
    let used = fixture.storage.compaction();
    assert_eq!((used.segments_waiting, used.table, used.segments_limit), (70, Some(SITES), 70));
    let error = fixture.write(sites(&keyed_table(2), WriteKind::Replace, &[(0, 7)])).await.unwrap_err();
    assert!(is_overloaded(&error), "{error}");
    let delete = RangeDelete { table: SITES, keys: KeySelection::All, time: TimeBounds::ALL, drop_series: false };
    let delete = fixture.storage.write(WriteRequest { parts: vec![WritePart::Delete(delete)] }).await;
    assert!(is_overloaded(&delete.unwrap_err()));
    // EXPLAIN says it of the table, and other tables are written.
    let request = ScanRequest { columns: vec![FIELD], time: TimeBounds::ALL, keys: ScanKeys::All, batch_rows: 1_000 };
    let view = fixture.storage.view(SITES).unwrap();
    assert_eq!(view.scan(request).unwrap().metrics().segments_waiting, 70);
    drop(view);
    flush_site(&fixture, TableId(4), 0).await;
    // Whoever waits while it is paid goes on.
    gate.open();
    let mut written = fixture.write(sites(&keyed_table(2), WriteKind::Replace, &[(0, 7)])).await;
    while let Err(error) = written {
        assert!(is_overloaded(&error), "{error}");
        written = fixture.write(sites(&keyed_table(2), WriteKind::Replace, &[(0, 7)])).await;
    }
    fixture.storage.compact().await.unwrap();
    assert_eq!(fixture.storage.compaction().segments_waiting, 0);
    assert_eq!(fixture.rows(SITES).len(), 70);
}

#[tokio::test(flavor = "multi_thread")]
async fn writers_wait_for_the_unique_sets_of_their_table_too() {
    let gate = Arc::new(Gate::default());
    let shut = gate.clone();
    let fixture =
        watched::open(&ForgetfulFiles::new(), background(70), Duration::from_millis(200), move |_| shut.pass());
    let _at_last = OpensAtLast(gate.clone());
    let mut table = keyed_table(SITES.0);
    table.unique = vec![UniqueSet { name: "by_load".into(), columns: vec![FIELD], index: INDEX }];
    let mut index = keyed_table(INDEX.0);
    index.hidden = true;
    fixture.create(vec![index, table, keyed_table(4)]).await.unwrap();
    for n in 0..70 {
        flush_site(&fixture, INDEX, n).await;
    }
    for (table, waits) in [(SITES, true), (INDEX, true), (TableId(4), false)] {
        let written = fixture.write(sites(&keyed_table(table.0), WriteKind::Replace, &[(0, 0)])).await;
        assert_eq!(written.is_err_and(|error| is_overloaded(&error)), waits, "{table}");
    }
    gate.open();
}

/// Rounds of a load that no test waits for the end of.
const ROUNDS: usize = 100;

/// A store on which whenever a merge of the sites begins, as much is flushed of them as makes a greater
/// one due; the meters wait with less.
async fn under_load() -> (Fixture, Arc<AtomicUsize>) {
    let shared: Arc<OnceLock<Fixture>> = Arc::default();
    let rounds = Arc::new(AtomicUsize::new(0));
    let (loaded, counted) = (shared.clone(), rounds.clone());
    let handle = tokio::runtime::Handle::current();
    let load = move |path: &Path| {
        let Some(fixture) = loaded.get().filter(|_| path.starts_with("segments/2")) else { return };
        if counted.fetch_add(1, Ordering::Relaxed) >= ROUNDS {
            return;
        }
        handle.block_on(async {
            for n in 0..12 {
                flush_site(fixture, SITES, n).await;
            }
        });
    };
    let fixture = watched::open(&ForgetfulFiles::new(), background(10_000), Duration::from_secs(10), load);
    fixture.create(vec![series_table(1), keyed_table(2)]).await.unwrap();
    // Its disk holds the store, which therefore ends when it is closed.
    let _ = shared.set(fixture.clone());
    for n in 0..12 {
        flush_site(&fixture, SITES, n).await;
    }
    for time in 0..8 {
        flush_load(&fixture, time).await;
    }
    (fixture, rounds)
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_asks_is_answered_under_a_load_that_never_ends() {
    let (fixture, rounds) = under_load().await;
    fixture.storage.compact().await.unwrap();
    assert_eq!(segments(&fixture, METERS).len(), 1, "what was due when it was asked for");
    assert!(rounds.swap(ROUNDS, Ordering::Relaxed) < ROUNDS, "the load had to end first");
    fixture.storage.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_less_urgent_has_its_turn_too() {
    let (fixture, rounds) = under_load().await;
    while segments(&fixture, METERS).len() > 1 {
        assert!(rounds.load(Ordering::Relaxed) < ROUNDS, "the load had to end first");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    rounds.store(ROUNDS, Ordering::Relaxed);
    fixture.storage.close().await.unwrap();
}

/// A damaged segment of one partition, found again by every merge of it.
#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_segment_stops_no_other_partition() {
    let fixture = Fixture::with(vec![series_table(1)]).await;
    for n in 0..8 {
        for partition in 0..2 {
            flush_load(&fixture, partition * PARTITION + n).await;
        }
    }
    let damaged = segments(&fixture, METERS).iter().find(|s| s.partition == 0).unwrap().path.clone();
    let Fixture { disk, catalog, storage } = fixture;
    drop((catalog, storage));
    disk.flip_bit(Path::new(&damaged), 70).unwrap();
    let fixture = Fixture::open(&disk, background(10)).unwrap();
    let in_partition =
        |n: i64| segments(&fixture, METERS).iter().filter(|segment| segment.partition == n * 1_000).count();
    // Asked for while it goes on by itself: what fails is said, all else is done.
    let error = fixture.storage.compact().await.unwrap_err();
    assert!(matches!(&*error.kind, ErrorKind::Corrupt { file, .. } if *file == damaged), "{error}");
    assert_eq!((in_partition(0), in_partition(1)), (8, 1));
    // Nobody asks: the other one is merged again while this one is left alone, and nobody waits for it.
    for n in 8..24 {
        flush_load(&fixture, n).await;
        flush_load(&fixture, PARTITION + n).await;
    }
    assert_eq!(in_partition(0), 24);
    let settled = async {
        while in_partition(1) >= 8 || fixture.storage.compaction().segments_waiting > 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), settled).await.unwrap();
    // Nor while it is tried again.
    fixture.storage.threads.store.table(METERS).unwrap().debt.failures().retry_now(Instant::now());
    flush_load(&fixture, 24).await;
    assert_eq!((in_partition(0), fixture.storage.compaction().segments_waiting), (25, 0));
}

/// What a deletion hides whole goes unread, so also where it cannot be read.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_deletion_hides_is_not_read() {
    let fixture = Fixture::with(vec![series_table(1), keyed_table(2)]).await;
    for n in 0..3 {
        flush_site(&fixture, SITES, n).await;
        flush_load(&fixture, n).await;
    }
    for table in [METERS, SITES] {
        let delete = RangeDelete { table, keys: KeySelection::All, time: TimeBounds::ALL, drop_series: false };
        fixture.storage.write(WriteRequest { parts: vec![WritePart::Delete(delete)] }).await.unwrap();
    }
    fixture.storage.flush().await.unwrap();
    let gone = [METERS, SITES].map(|table| segments(&fixture, table)).concat();
    assert_eq!(gone.len(), 6);
    let fixture = fixture.crash(0);
    for segment in &gone {
        fixture.disk.flip_bit(Path::new(&segment.path), 70).unwrap();
        fixture.disk.flip_bit(Path::new(&format!("{}.runs", segment.path)), 70).unwrap();
    }
    fixture.storage.compact().await.unwrap();
    assert_eq!(fixture.storage.footers().misses, 0);
    for table in [METERS, SITES] {
        let manifest = fixture.catalog.snapshot().manifest(table);
        assert!(manifest.segments.is_empty() && manifest.tombstones.is_empty(), "{manifest:?}");
    }
    assert!(gone.iter().all(|segment| !fixture.disk.exists(Path::new(&segment.path)).unwrap()));
}
