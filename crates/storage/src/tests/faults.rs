//! Disks that fail: torn tails, damage, failed syncs, no room; and limits.

use super::fixture::*;
use crate::{Storage, StorageOptions, WalSync};
use files::{Files, ForgetfulFiles};
use model::{ErrorKind, TableId, WriteKind};
use segments::PlainSpellings;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

const SITES: TableId = TableId(2);

fn log_files(disk: &ForgetfulFiles) -> Vec<PathBuf> {
    disk.list(Path::new("log")).unwrap().iter().map(|n| Path::new("log").join(n)).collect()
}

fn length(disk: &ForgetfulFiles, path: &Path) -> u64 {
    disk.open(path).unwrap().len().unwrap()
}

async fn five_rows() -> Fixture {
    let fixture = Fixture::with(vec![keyed_table(2)]).await;
    for i in 0..5 {
        fixture.write(sites(&keyed_table(2), WriteKind::Replace, &[(i, i)])).await.unwrap();
    }
    fixture
}

#[tokio::test(flavor = "multi_thread")]
async fn a_torn_tail_is_cut_at_the_last_whole_record() {
    let fixture = five_rows().await;
    let disk = fixture.disk.crash(0);
    drop(fixture);
    let path = log_files(&disk).pop().unwrap();
    let whole = length(&disk, &path);
    // Part of a record that no sync covered.
    let file = disk.open(&path).unwrap();
    let mut half = vec![0; 30];
    file.read_at(32, &mut half).unwrap();
    file.write_at(whole, &half).unwrap();
    let fixture = Fixture::open(&disk, options()).unwrap();
    assert_eq!(fixture.rows(SITES).len(), 5);
    assert_eq!(length(&disk, &path), whole);
    fixture.write(sites(&keyed_table(2), WriteKind::Replace, &[(9, 9)])).await.unwrap();
    let fixture = fixture.crash(0);
    assert_eq!(fixture.rows(SITES).len(), 6);
}

#[tokio::test(flavor = "multi_thread")]
async fn damage_in_what_was_acknowledged_names_the_file() {
    let fixture = five_rows().await;
    let disk = fixture.disk.crash(0);
    drop(fixture);
    let path = log_files(&disk).pop().unwrap();
    let len = length(&disk, &path);
    // The last record alone looks like a torn tail when it is damaged.
    let last_record = len - (len - 32) / 5;
    let open = |disk: &ForgetfulFiles| Fixture::open(disk, options());
    for bit in (0..last_record * 8).step_by(7) {
        let damaged = disk.crash(u64::MAX);
        damaged.flip_bit(&path, bit).unwrap();
        let error = open(&damaged).err().unwrap_or_else(|| panic!("bit {bit} of {} went unseen", last_record * 8));
        let named = matches!(&*error.kind, ErrorKind::Corrupt { file, .. } if Path::new(file) == path);
        assert!(named, "bit {bit}: {error}");
    }
    open(&disk).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_sync_makes_the_store_read_only() {
    let fixture = five_rows().await;
    fixture.disk.fail_next_sync("log/");
    let table = keyed_table(2);
    let error = fixture.write(sites(&table, WriteKind::Replace, &[(9, 9)])).await.unwrap_err();
    assert!(matches!(*error.kind, ErrorKind::ReadOnly { .. }), "{error}");
    assert_eq!(fixture.rows(SITES).len(), 5, "nothing of it is seen");
    let error = fixture.write(sites(&table, WriteKind::Replace, &[(10, 10)])).await.unwrap_err();
    assert!(matches!(*error.kind, ErrorKind::ReadOnly { .. }), "{error}");
    assert!(fixture.storage.close().await.is_err());
    let fixture = fixture.crash(0);
    assert_eq!(fixture.rows(SITES).len(), 5);
    fixture.write(sites(&table, WriteKind::Replace, &[(9, 9)])).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_refuses_until_there_is_room() {
    let fixture = Fixture::with(vec![series_table(1), keyed_table(2)]).await;
    let (meters, table) = (series_table(1), keyed_table(2));
    fixture.write(loads(&meters, WriteKind::Replace, &[("a", 1, 1)])).await.unwrap();
    fixture.disk.set_full(true);
    let writes = (0..20).map(|i| {
        let fixture = fixture.clone();
        let (meters, table) = (meters.clone(), table.clone());
        tokio::spawn(async move {
            let name = format!("new{}", i % 3);
            let a = fixture.write(loads(&meters, WriteKind::KeepFirst, &[(&name, 1, i)])).await;
            let b = fixture.write(sites(&table, WriteKind::FailOnDuplicate, &[(1, i)])).await;
            [a, b]
        })
    });
    for write in writes.collect::<Vec<_>>() {
        for result in write.await.unwrap() {
            assert_eq!(*result.unwrap_err().kind, ErrorKind::DiskFull {});
        }
    }
    assert_eq!(fixture.rows(TableId(1)).len(), 1);
    assert_eq!(series_of(&fixture.storage.view(TableId(1)).unwrap()).len(), 1);
    fixture.disk.set_full(false);
    let outcome = fixture.write(loads(&meters, WriteKind::KeepFirst, &[("new0", 1, 5)])).await.unwrap();
    assert_eq!((outcome.accepted, outcome.discarded), (1, 0), "what failed was never there");
    fixture.write(sites(&table, WriteKind::FailOnDuplicate, &[(1, 5)])).await.unwrap();
    for seed in [0, 1, u64::MAX] {
        let after = Fixture::open(&fixture.disk.crash(seed), options()).unwrap();
        assert_eq!(after.rows(TableId(1)).len(), 2);
        assert_eq!(after.rows(SITES).len(), 1);
        assert_eq!(series_of(&after.storage.view(TableId(1)).unwrap()).len(), 2);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flush_on_a_full_disk_loses_nothing_and_works_later() {
    let fixture = five_rows().await;
    fixture.disk.set_full(true);
    assert!(fixture.storage.flush().await.is_err());
    assert_eq!(fixture.rows(SITES).len(), 5);
    fixture.disk.set_full(false);
    fixture.storage.flush().await.unwrap();
    let fixture = fixture.crash(0);
    assert_eq!(fixture.rows(SITES).len(), 5);
    assert_eq!(fixture.catalog.snapshot().manifest(SITES).segments.len(), 1);
    let names = fixture.disk.list(Path::new("segments/2")).unwrap();
    assert!(names.iter().all(|n| !n.ends_with(".tmp")) && names.len() <= 2, "{names:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn beyond_the_memory_limit_writers_wait_for_a_flush_or_are_refused() {
    let limited = StorageOptions { memory_limit_bytes: 20_000, flush_bytes: 10_000, ..options() };
    let fixture = Fixture::open(&ForgetfulFiles::new(), limited.clone()).unwrap();
    fixture.create(vec![keyed_table(2)]).await.unwrap();
    let table = keyed_table(2);
    let rows: Vec<(i64, i64)> = (0..100).map(|i| (i, i)).collect();
    for _ in 0..50 {
        fixture.write(sites(&table, WriteKind::Replace, &rows)).await.unwrap();
    }
    assert!(!fixture.catalog.snapshot().manifest(SITES).segments.is_empty(), "flushed by itself");

    // Views keep the memory that they show: no flush gives it back.
    let disk = fixture.disk.crash(0);
    drop(fixture);
    let files: Arc<dyn Files> = Arc::new(disk.clone());
    let catalog: Arc<dyn catalog::CatalogStore> = Arc::new(catalog::RedbCatalog::open(files.clone()).unwrap());
    let spellings = Arc::new(PlainSpellings);
    let patience = Duration::from_millis(50);
    let threads = crate::recovery::open(files, catalog, limited, spellings, patience).unwrap();
    let storage = Storage { threads: Arc::new(threads) };
    let mut refused = None;
    let mut views = Vec::new();
    for _ in 0..50 {
        let request =
            model::WriteRequest { parts: vec![model::WritePart::Rows(sites(&table, WriteKind::Replace, &rows))] };
        if let Err(error) = storage.write(request).await {
            refused = Some(error);
            break;
        }
        views.push(storage.view(SITES).unwrap());
    }
    let error = refused.expect("memory is bounded");
    let names_it =
        matches!(&*error.kind, ErrorKind::Overloaded { what } if what.contains("memory_limit_bytes is 20000"));
    assert!(names_it, "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dropped_future_still_writes() {
    let fixture = five_rows().await;
    let table = keyed_table(2);
    for i in 100..200 {
        let mut write = Box::pin(fixture.write(sites(&table, WriteKind::Replace, &[(i, i)])));
        // One poll hands it over.
        let first = std::future::poll_fn(|cx| std::task::Poll::Ready(write.as_mut().poll(cx).is_ready())).await;
        drop(write);
        let _ = first;
    }
    fixture.write(sites(&table, WriteKind::Replace, &[(300, 300)])).await.unwrap();
    assert_eq!(fixture.rows(SITES).len(), 106);
    assert_eq!(fixture.crash(0).rows(SITES).len(), 106);
}

#[tokio::test(flavor = "multi_thread")]
async fn lax_syncs_answer_before_they_are_durable_and_close_makes_them_so() {
    for sync in [WalSync::Off, WalSync::Interval(Duration::from_millis(20))] {
        let lax = || StorageOptions { wal_sync: sync, ..options() };
        let fixture = Fixture::open(&ForgetfulFiles::new(), lax()).unwrap();
        fixture.create(vec![keyed_table(2)]).await.unwrap();
        fixture.write(sites(&keyed_table(2), WriteKind::Replace, &[(1, 1)])).await.unwrap();
        assert_eq!(fixture.rows(SITES).len(), 1);
        if sync == WalSync::Off {
            let after = Fixture::open(&fixture.disk.crash(0), lax()).unwrap();
            assert!(after.rows(SITES).is_empty(), "nothing was synced");
        } else {
            tokio::time::sleep(Duration::from_millis(200)).await;
            let after = Fixture::open(&fixture.disk.crash(0), lax()).unwrap();
            assert_eq!(after.rows(SITES).len(), 1, "synced in the background");
        }
        fixture.write(sites(&keyed_table(2), WriteKind::Replace, &[(2, 2)])).await.unwrap();
        fixture.storage.close().await.unwrap();
        let error = fixture.write(sites(&keyed_table(2), WriteKind::Replace, &[(3, 3)])).await.unwrap_err();
        assert_eq!(*error.kind, ErrorKind::ShuttingDown {});
        let error = fixture.storage.flush().await.unwrap_err();
        assert_eq!(*error.kind, ErrorKind::ShuttingDown {}, "it does not wait for ever");
        let after = Fixture::open(&fixture.disk.crash(0), lax()).unwrap();
        assert_eq!(after.rows(SITES).len(), 2);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn files_that_nothing_names_go_at_the_next_start() {
    let fixture = five_rows().await;
    fixture.storage.flush().await.unwrap();
    let disk = fixture.disk.crash(0);
    drop(fixture);
    let known = disk.list(Path::new("segments/2")).unwrap();
    let directories = ["segments/77", "segments/2"];
    let orphans = directories.map(|d| [".parquet", ".parquet.runs"].map(|end| format!("{d}/000000000999{end}")));
    disk.create_directory(Path::new("segments/77")).unwrap();
    for orphan in orphans.as_flattened().iter().map(String::as_str).chain(["series/2-77.tmp"]) {
        disk.create(Path::new(orphan)).unwrap().write_at(0, b"x").unwrap();
    }
    let fixture = Fixture::open(&disk, options()).unwrap();
    assert_eq!(disk.list(Path::new("segments/2")).unwrap(), known);
    assert!(disk.list(Path::new("segments/77")).unwrap().is_empty(), "no table has this id");
    assert!(disk.list(Path::new("series")).unwrap().is_empty());
    assert_eq!(fixture.rows(SITES).len(), 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_has_its_segments_in_a_directory_of_its_own() {
    let fixture = Fixture::with(vec![series_table(1), keyed_table(2)]).await;
    fixture.write(loads(&series_table(1), WriteKind::Replace, &[("a", 1, 1), ("a", 5_000_000, 2)])).await.unwrap();
    fixture.write(sites(&keyed_table(2), WriteKind::Replace, &[(1, 1)])).await.unwrap();
    fixture.storage.flush().await.unwrap();
    // Everything that was not synced is forgotten, directories too.
    let fixture = fixture.crash(0);
    for (table, rows) in [(TableId(1), 2), (SITES, 1)] {
        let manifest = fixture.catalog.snapshot().manifest(table);
        let paths: Vec<&str> = manifest.segments.iter().map(|s| s.path.as_str()).collect();
        let listed = fixture.disk.list(&PathBuf::from(format!("segments/{table}"))).unwrap();
        let listed = listed.iter().filter(|name| name.ends_with(".parquet"));
        assert_eq!(paths, listed.map(|name| format!("segments/{table}/{name}")).collect::<Vec<_>>());
        assert_eq!(paths.len(), rows);
        assert_eq!(fixture.rows(table).len(), rows);
    }
}
