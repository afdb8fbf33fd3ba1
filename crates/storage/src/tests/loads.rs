//! Loads: blocks that become visible together, over restarts, flushes and changed definitions; what
//! they are refused; when they end by themselves.

use super::fixture::{FIELD, Fixture, KEY, batch, int, keyed_table, loads, options, series_table, sites};
use crate::format::read_words;
use crate::{Clock, Load, LoadLabel, StorageOptions};
use catalog::LoadState;
use files::ForgetfulFiles;
use model::{DatabaseId, ErrorKind, LoadId, Table, TableId, Value, WriteBatch, WriteKind, WritePart, WriteRequest};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

const SITES: TableId = TableId(2);
const METERS: TableId = TableId(1);

fn label(name: &str) -> LoadLabel {
    LoadLabel { database: DatabaseId(1), name: name.into(), timeout: Duration::from_secs(3_600) }
}

fn rows(parts: impl IntoIterator<Item = WriteBatch>) -> WriteRequest {
    WriteRequest { parts: parts.into_iter().map(WritePart::Rows).collect() }
}

async fn fixture() -> Fixture {
    Fixture::with(vec![series_table(1), keyed_table(2)]).await
}

fn of_columns(fixture: &Fixture, table: TableId, columns: &[model::ColumnId]) -> Vec<Vec<Value>> {
    let view = fixture.storage.view(table).unwrap();
    super::fixture::scan(&view, columns, crate::ScanKeys::All, model::TimeBounds::ALL)
}

fn pairs(fixture: &Fixture) -> Vec<Vec<Value>> {
    of_columns(fixture, SITES, &[KEY, FIELD])
}

fn state(fixture: &Fixture, id: LoadId) -> Option<LoadState> {
    fixture.catalog.snapshot().load(id).map(|load| load.state)
}

async fn push(load: &Load, batch: WriteBatch) {
    load.push(rows([batch])).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_seen_before_everything_is() {
    let fixture = fixture().await;
    assert_eq!(read_words(&fixture.disk).unwrap(), ["1"]);
    let (keyed, series) = (keyed_table(2), series_table(1));
    let load = fixture.storage.begin_load(None).await.unwrap();
    assert_eq!(read_words(&fixture.disk).unwrap(), ["1", "labels"]);
    load.push(rows([
        sites(&keyed, WriteKind::Replace, &[(1, 1), (2, 2)]),
        loads(&series, WriteKind::Replace, &[("a", 1, 1)]),
    ]))
    .await
    .unwrap();
    assert_eq!(read_words(&fixture.disk).unwrap(), ["1", "labels"]);
    push(&load, erased(&keyed, 1)).await;
    push(&load, loads(&series, WriteKind::KeepFirst, &[("a", 1, 9), ("b", 2, 2)])).await;
    assert!(pairs(&fixture).is_empty() && fixture.rows(METERS).is_empty());
    let (outcome, number) = load.commit().await.unwrap();
    assert_eq!((outcome.accepted, outcome.discarded), (5, 1));
    assert_eq!(fixture.storage.view(SITES).unwrap().sequence(), number);
    let expected = vec![vec![int(2), int(2)]];
    assert_eq!(pairs(&fixture), expected);
    assert_eq!(of_columns(&fixture, METERS, &[FIELD]), [[int(1)], [int(2)]]);
    let fixture = fixture.crash(0);
    assert_eq!(pairs(&fixture), expected);
    assert_eq!(of_columns(&fixture, METERS, &[FIELD]), [[int(1)], [int(2)]]);
}

fn erased(table: &Table, key: i64) -> WriteBatch {
    batch(table, WriteKind::Erase, &[KEY], &[vec![Some(int(key))]])
}

#[tokio::test(flavor = "multi_thread")]
async fn a_label_stays_open_over_flushes_and_restarts_and_is_used_once() {
    let mut fixture = fixture().await;
    let keyed = keyed_table(2);
    let load = fixture.storage.begin_load(Some(label("l"))).await.unwrap();
    let id = load.id();
    push(&load, sites(&keyed, WriteKind::Replace, &[(1, 1)])).await;
    let again = fixture.storage.begin_load(Some(label("l"))).await.unwrap_err();
    assert!(matches!(*again.kind, ErrorKind::DuplicateKey { .. }), "{again}");
    drop(load);
    for round in 0..3 {
        fixture.write(sites(&keyed, WriteKind::Replace, &[(100 + round, 0)])).await.unwrap();
        fixture.storage.flush().await.unwrap();
        fixture = fixture.crash(0);
        let load = fixture.storage.find_load(id).unwrap();
        push(&load, sites(&keyed, WriteKind::FailOnDuplicate, &[(2 + round, round)])).await;
    }
    let load = fixture.storage.find_load(id).unwrap();
    load.commit().await.unwrap();
    assert!(matches!(*load.commit().await.unwrap_err().kind, ErrorKind::QueryCancelled { .. }));
    let expected = pairs(&fixture);
    assert_eq!(expected.len(), 7);
    for _ in 0..2 {
        assert!(matches!(state(&fixture, id), Some(LoadState::Committed(_))));
        assert!(fixture.storage.find_load(id).is_none());
        fixture = fixture.crash(0);
        assert_eq!(pairs(&fixture), expected);
        fixture.storage.flush().await.unwrap();
    }
}

/// The log goes once the rows of a load are in files, and not before.
#[tokio::test(flavor = "multi_thread")]
async fn the_log_is_kept_for_a_load_and_then_goes() {
    let small = || StorageOptions { log_file_bytes: 300, ..options() };
    let fixture = Fixture::open(&ForgetfulFiles::new(), small()).unwrap();
    fixture.create(vec![series_table(1), keyed_table(2)]).await.unwrap();
    let keyed = keyed_table(2);
    let first = || fixture.catalog.snapshot().log_files().unwrap().first;
    let load = fixture.storage.begin_load(Some(label("l"))).await.unwrap();
    push(&load, sites(&keyed, WriteKind::Replace, &[(1, 1)])).await;
    let before = first();
    for key in 10..40 {
        fixture.write(sites(&keyed, WriteKind::Replace, &[(key, 0)])).await.unwrap();
    }
    fixture.storage.flush().await.unwrap();
    assert_eq!(first(), before);
    load.commit().await.unwrap();
    for key in 40..60 {
        fixture.write(sites(&keyed, WriteKind::Replace, &[(key, 0)])).await.unwrap();
    }
    fixture.storage.flush().await.unwrap();
    assert!(first() > before);
    assert_eq!(pairs(&fixture).len(), 51);
    let fixture = fixture.crash(0);
    assert_eq!(pairs(&fixture).len(), 51);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_duplicate_anywhere_leaves_nothing() {
    let fixture = fixture().await;
    let keyed = keyed_table(2);
    fixture.write(sites(&keyed, WriteKind::Replace, &[(7, 7)])).await.unwrap();
    fixture.storage.flush().await.unwrap();
    for (first, second) in [(5, 7), (5, 5)] {
        let load = fixture.storage.begin_load(Some(label("l"))).await.unwrap();
        push(&load, sites(&keyed, WriteKind::FailOnDuplicate, &[(first, 1)])).await;
        push(&load, sites(&keyed, WriteKind::FailOnDuplicate, &[(second, 1)])).await;
        let error = load.commit().await.unwrap_err();
        assert!(matches!(*error.kind, ErrorKind::DuplicateKey { .. }), "{error}");
        assert_eq!(state(&fixture, load.id()), Some(LoadState::Aborted));
        assert_eq!(pairs(&fixture), [[int(7), int(7)]]);
    }
    let fixture = fixture.crash(0);
    assert_eq!(pairs(&fixture), [[int(7), int(7)]]);
}

/// What others write while a load is open counts when it is published.
#[tokio::test(flavor = "multi_thread")]
async fn one_of_several_loads_of_one_key_wins() {
    let fixture = fixture().await;
    let keyed = keyed_table(2);
    let mut all = tokio::task::JoinSet::new();
    for who in 0..6 {
        let (fixture, keyed) = (fixture.clone(), keyed.clone());
        all.spawn(async move {
            let load = fixture.storage.begin_load(None).await.unwrap();
            for key in 0..20 {
                push(&load, sites(&keyed, WriteKind::FailOnDuplicate, &[(who * 1_000 + key, who)])).await;
            }
            push(&load, sites(&keyed, WriteKind::FailOnDuplicate, &[(-1, who)])).await;
            match load.commit().await {
                Ok(_) => 1,
                Err(error) if matches!(*error.kind, ErrorKind::DuplicateKey { .. }) => 0,
                Err(error) => panic!("{error}"),
            }
        });
    }
    assert_eq!(all.join_all().await.into_iter().sum::<u64>(), 1);
    assert_eq!(pairs(&fixture).len(), 21);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_load_that_is_given_up_leaves_nothing_and_holds_nothing() {
    let fixture = fixture().await;
    let keyed = keyed_table(2);
    let pressure = fixture.storage.threads.store.pressure.clone();
    let rest = pressure.used();
    let load = fixture.storage.begin_load(None).await.unwrap();
    push(&load, sites(&keyed, WriteKind::Replace, &[(1, 1)])).await;
    assert!(pressure.used() > rest);
    drop(load);
    let labelled = fixture.storage.begin_load(Some(label("l"))).await.unwrap();
    push(&labelled, sites(&keyed, WriteKind::KeepFirst, &[(1, 1)])).await;
    labelled.abort().await.unwrap();
    fixture.storage.flush().await.unwrap();
    assert_eq!(pressure.used(), rest);
    let fixture = fixture.crash(0);
    assert!(pairs(&fixture).is_empty());
    assert_eq!(state(&fixture, labelled.id()), Some(LoadState::Aborted));
    assert!(fixture.storage.begin_load(Some(label("l"))).await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn more_than_half_of_the_memory_is_refused() {
    let fixture =
        Fixture::open(&ForgetfulFiles::new(), StorageOptions { memory_limit_bytes: 200_000, ..options() }).unwrap();
    fixture.create(vec![series_table(1), keyed_table(2)]).await.unwrap();
    let keyed = keyed_table(2);
    let some: Vec<(i64, i64)> = (0..100).map(|key| (key, 0)).collect();
    let load = fixture.storage.begin_load(None).await.unwrap();
    let mut blocks = 0;
    let refused = loop {
        match load.push(rows([sites(&keyed, WriteKind::Replace, &some)])).await {
            Ok(_) => blocks += 1,
            Err(error) => break error,
        }
    };
    assert_eq!(*refused.kind, ErrorKind::WriteMemoryExceeded { limit: 100_000 });
    assert!(blocks > 0);
    load.commit().await.unwrap();
    assert_eq!(pairs(&fixture).len(), 100);
}

/// A clock that stands still until it is told the time.
#[derive(Debug, Default)]
struct Hand(AtomicU64);

impl Clock for Hand {
    fn now_micros(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_label_left_open_is_aborted_at_its_timeout() {
    let clock = Arc::new(Hand::default());
    let own = || StorageOptions { clock: clock.clone(), ..options() };
    let fixture = Fixture::open(&ForgetfulFiles::new(), own()).unwrap();
    fixture.create(vec![series_table(1), keyed_table(2)]).await.unwrap();
    let load = fixture.storage.begin_load(Some(label("l"))).await.unwrap();
    push(&load, sites(&keyed_table(2), WriteKind::Replace, &[(1, 1)])).await;
    clock.0.store(3_600_000_000, Ordering::Relaxed);
    assert!(matches!(*load.commit().await.unwrap_err().kind, ErrorKind::QueryCancelled { .. }));
    while state(&fixture, load.id()) != Some(LoadState::Aborted) {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(fixture.storage.find_load(load.id()).is_none());
    assert!(pairs(&fixture).is_empty());
    // Days later nobody asks how it ended.
    clock.0.store(4 * 24 * 3_600_000_000, Ordering::Relaxed);
    fixture.storage.begin_load(Some(label("m"))).await.unwrap();
    assert_eq!(state(&fixture, load.id()), None);
}
