//! Writers at once, definitions that change, tables that go.

use super::fixture::*;
use crate::{ScanKeys, StorageOptions};
use catalog::Change;
use files::{Files, ForgetfulFiles};
use model::{
    Column, ColumnId, ColumnRole, DataType, ErrorKind, Table, TableId, TimeBounds, TypeChange, TypeConversion, Value,
    WriteKind,
};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

const METERS: TableId = TableId(1);
const SITES: TableId = TableId(2);

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn exactly_one_of_many_writers_of_one_row_wins() {
    let fixture = Fixture::with(vec![series_table(1), keyed_table(2)]).await;
    for round in 0..20 {
        if round % 5 == 4 {
            fixture.storage.flush().await.unwrap();
        }
        let writers = (0..8).map(|writer| {
            let fixture = fixture.clone();
            tokio::spawn(async move {
                let rows = [("m", round % 7, writer)];
                let kept = fixture.write(loads(&series_table(1), WriteKind::KeepFirst, &rows)).await.unwrap();
                let failed =
                    fixture.write(sites(&keyed_table(2), WriteKind::FailOnDuplicate, &[(round, writer)])).await;
                (kept.accepted, failed)
            })
        });
        let mut accepted = 0;
        let mut inserted = 0;
        for writer in writers.collect::<Vec<_>>() {
            let (kept, result) = writer.await.unwrap();
            accepted += kept;
            match result {
                Ok(outcome) => inserted += outcome.accepted,
                Err(error) => assert!(matches!(*error.kind, ErrorKind::DuplicateKey { .. }), "{error}"),
            }
        }
        assert_eq!(accepted, u64::from(round < 7), "round {round}");
        assert_eq!(inserted, 1, "round {round}");
    }
    assert_eq!(fixture.rows(METERS).len(), 7);
    let before = (fixture.rows(METERS), fixture.rows(SITES));
    let fixture = fixture.crash(0);
    assert_eq!((fixture.rows(METERS), fixture.rows(SITES)), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn late_rows_are_kept_out_by_memory_and_segments_alike() {
    let fixture = Fixture::with(vec![series_table(1)]).await;
    let table = series_table(1);
    let rows: Vec<(&str, i64, i64)> = (0..500).map(|t| ("m", t * 10_000, t)).collect();
    fixture.write(loads(&table, WriteKind::KeepFirst, &rows)).await.unwrap();
    fixture.storage.flush().await.unwrap();
    let more: Vec<(&str, i64, i64)> = (400..600).map(|t| ("m", t * 10_000, -1)).collect();
    let outcome = fixture.write(loads(&table, WriteKind::KeepFirst, &more)).await.unwrap();
    assert_eq!((outcome.accepted, outcome.discarded), (100, 100));
    let between: Vec<(&str, i64, i64)> = (0..600).map(|t| ("m", t * 10_000 + 5, -2)).collect();
    let outcome = fixture.write(loads(&table, WriteKind::KeepFirst, &between)).await.unwrap();
    assert_eq!((outcome.accepted, outcome.discarded), (600, 0));
    let fixture = fixture.crash(0);
    let outcome = fixture.write(loads(&table, WriteKind::KeepFirst, &more)).await.unwrap();
    assert_eq!((outcome.accepted, outcome.discarded), (0, 200), "after a restart, too");
    assert_eq!(fixture.rows(METERS).len(), 1200);
}

/// The next definition with another type of the field.
fn retyped(table: &Table, to: DataType, at: model::Sequence) -> Table {
    let mut table = table.clone();
    table.schema_version += 1;
    let column = table.columns.iter_mut().find(|c| c.id == FIELD).unwrap();
    let from = std::mem::replace(&mut column.data_type, to);
    column.type_changes.push(TypeChange { at, from, conversion: TypeConversion::Plain });
    table
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn writers_meet_a_new_definition_and_try_again() {
    let fixture = Fixture::with(vec![series_table(1)]).await;
    let writers = (0..4).map(|writer: i64| {
        let fixture = fixture.clone();
        tokio::spawn(async move {
            let mut retries = 0;
            for i in 0..50 {
                loop {
                    let table = fixture.catalog.snapshot().table(METERS).unwrap().clone();
                    let value = match table.column(FIELD).unwrap().data_type {
                        DataType::Text(_) => text(&i.to_string()),
                        _ => int(i),
                    };
                    let row = vec![Some(text(&format!("m{writer}"))), Some(at(i)), Some(value)];
                    match fixture.write(batch(&table, WriteKind::Replace, &[KEY, TIME, FIELD], &[row])).await {
                        Ok(_) => break,
                        Err(error) => {
                            assert_eq!(*error.kind, ErrorKind::SchemaChanged { table: "meters1".into() });
                            retries += 1;
                        }
                    }
                }
            }
            retries
        })
    });
    let writers: Vec<_> = writers.collect();
    tokio::time::sleep(std::time::Duration::from_millis(2)).await;
    let changed = fixture
        .storage
        .change_table(METERS, |table, at| Ok((retyped(table, DataType::Text(None), at), Vec::new())))
        .await
        .unwrap();
    assert_eq!(changed.schema_version, 2);
    for writer in writers {
        writer.await.unwrap();
    }
    let expected: Vec<Vec<Value>> = (0..4)
        .flat_map(|w| (0..50).map(move |i| (w, i)))
        .map(|(w, i): (i64, i64)| vec![text(&format!("m{w}")), at(i), text(&i.to_string())])
        .collect();
    let seen =
        |f: &Fixture| scan(&f.storage.view(METERS).unwrap(), &[KEY, TIME, FIELD], ScanKeys::All, TimeBounds::ALL);
    assert_eq!(seen(&fixture), expected);
    let fixture = fixture.crash(0);
    assert_eq!(seen(&fixture), expected, "from the log");
    fixture.storage.flush().await.unwrap();
    assert_eq!(seen(&fixture), expected, "from segments");
}

#[tokio::test(flavor = "multi_thread")]
async fn columns_come_go_and_change_type() {
    let fixture = Fixture::with(vec![series_table(1)]).await;
    let table = series_table(1);
    fixture.write(loads(&table, WriteKind::Replace, &[("a", 1, 1)])).await.unwrap();
    fixture.storage.flush().await.unwrap();
    let mut register = batch(&table, WriteKind::Replace, &[KEY, ATTRIBUTE], &[vec![Some(text("a")), Some(text("17"))]]);
    register.attributes = model::AttributePolicy::Set;
    fixture.write(register).await.unwrap();
    fixture
        .storage
        .change_table(METERS, |table, at| {
            let mut table = retyped(table, DataType::Text(None), at);
            table.columns.retain(|c| c.id != TEXT);
            table.columns.push(Column::new(ColumnId(10), "volts", ColumnRole::Field, DataType::Float64));
            table.next_column = ColumnId(11);
            let city = table.columns.iter_mut().find(|c| c.id == ATTRIBUTE).unwrap();
            city.data_type = DataType::Int64;
            city.type_changes.push(TypeChange { at, from: DataType::Text(None), conversion: TypeConversion::Plain });
            Ok((table, Vec::new()))
        })
        .await
        .unwrap();
    let table = fixture.catalog.snapshot().table(METERS).unwrap().clone();
    let row = vec![Some(text("a")), Some(at(2)), Some(text("two")), Some(Value::Float(2.5))];
    fixture.write(batch(&table, WriteKind::Replace, &[KEY, TIME, FIELD, ColumnId(10)], &[row])).await.unwrap();
    let new_series = vec![Some(text("b")), Some(int(99))];
    fixture.write(batch(&table, WriteKind::Replace, &[KEY, ATTRIBUTE], &[new_series])).await.unwrap();
    let rows = vec![vec![at(1), text("1"), Value::Null, int(17)], vec![at(2), text("two"), Value::Float(2.5), int(17)]];
    let columns = [TIME, FIELD, ColumnId(10), ATTRIBUTE];
    let seen = |f: &Fixture| scan(&f.storage.view(METERS).unwrap(), &columns, ScanKeys::All, TimeBounds::ALL);
    let cities =
        |f: &Fixture| series_of(&f.storage.view(METERS).unwrap()).iter().map(|r| r[2].clone()).collect::<Vec<_>>();
    assert_eq!(seen(&fixture), rows);
    assert_eq!(cities(&fixture), [int(17), int(99)]);
    let fixture = fixture.crash(0);
    assert_eq!(seen(&fixture), rows);
    fixture.storage.flush().await.unwrap();
    let fixture = fixture.crash(0);
    assert_eq!(seen(&fixture), rows);
    assert_eq!(cities(&fixture), [int(17), int(99)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn records_of_a_dropped_table_are_skipped_and_then_forgotten() {
    let options = || StorageOptions { log_file_bytes: 200, ..options() };
    let fixture = Fixture::open(&ForgetfulFiles::new(), options()).unwrap();
    fixture.create(vec![series_table(1), keyed_table(2)]).await.unwrap();
    fixture.write(loads(&series_table(1), WriteKind::Replace, &[("a", 1, 1)])).await.unwrap();
    fixture.storage.flush().await.unwrap();
    fixture.write(loads(&series_table(1), WriteKind::Replace, &[("a", 2, 2)])).await.unwrap();
    fixture.write(sites(&keyed_table(2), WriteKind::Replace, &[(1, 1)])).await.unwrap();
    let mut again = series_table(3);
    again.name = "meters1".into();
    let changes = vec![Change::DropTable(METERS), Change::PutTable(Box::new(again.clone()))];
    fixture.catalog.commit(None, changes).await.unwrap();
    fixture.storage.forget_table(METERS).await.unwrap();
    let error = fixture.write(loads(&series_table(1), WriteKind::Replace, &[("a", 3, 3)])).await.unwrap_err();
    assert!(matches!(*error.kind, ErrorKind::TableNotFound { .. }));
    assert!(fixture.rows(again.id).is_empty(), "old rows do not come back under the old name");
    let disk = fixture.disk.crash(0);
    drop(fixture);
    let fixture = Fixture::open(&disk, options()).unwrap();
    assert!(fixture.catalog.snapshot().was_dropped(METERS), "the log still holds its records");
    assert_eq!(fixture.rows(SITES).len(), 1);
    assert!(disk.list(Path::new("segments/2")).unwrap().is_empty(), "its files are gone");
    for i in 0..5 {
        fixture.write(sites(&keyed_table(2), WriteKind::Replace, &[(i, i)])).await.unwrap();
    }
    fixture.storage.flush().await.unwrap();
    assert!(!fixture.catalog.snapshot().was_dropped(METERS), "no log file can hold it");
    assert_eq!(fixture.crash(0).rows(SITES).len(), 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_never_was_is_damage() {
    let fixture = Fixture::with(vec![keyed_table(2)]).await;
    fixture.write(sites(&keyed_table(2), WriteKind::Replace, &[(1, 1)])).await.unwrap();
    let disk = fixture.disk.crash(0);
    drop(fixture);
    disk.remove(Path::new("catalog.redb")).unwrap();
    let error = Fixture::open(&disk, options()).unwrap_err();
    let named = matches!(&*error.kind, ErrorKind::Corrupt { file, .. } if file.starts_with("log/"));
    assert!(named, "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_is_trimmed_and_numbers_go_on() {
    let small = || StorageOptions { log_file_bytes: 500, ..options() };
    let fixture = Fixture::open(&ForgetfulFiles::new(), small()).unwrap();
    fixture.create(vec![series_table(1), keyed_table(2)]).await.unwrap();
    for i in 0..100 {
        fixture.write(loads(&series_table(1), WriteKind::Replace, &[("a", i, i)])).await.unwrap();
        fixture.write(sites(&keyed_table(2), WriteKind::Replace, &[(i, i)])).await.unwrap();
    }
    let count = |f: &Fixture| f.disk.list(Path::new("log")).unwrap().len();
    let begun = fixture.catalog.snapshot().log_files().unwrap().last;
    assert!(begun > 10, "{begun}");
    let before = sequence(&fixture, SITES);
    // The last file may be finished only after the flush has begun.
    for _ in 0..100 {
        fixture.storage.flush().await.unwrap();
        if count(&fixture) == 1 {
            break;
        }
    }
    assert_eq!(count(&fixture), 1);
    let disk = fixture.disk.crash(0);
    drop(fixture);
    let fixture = Fixture::open(&disk, StorageOptions { clock: Arc::new(TestClock::default()), ..small() }).unwrap();
    assert!(sequence(&fixture, SITES) >= before);
    let outcome = fixture.write(sites(&keyed_table(2), WriteKind::KeepFirst, &[(5, 0), (500, 0)])).await.unwrap();
    assert_eq!((outcome.accepted, outcome.discarded), (1, 1));
    assert!(sequence(&fixture, SITES) > before);
    assert_eq!(fixture.rows(METERS).len(), 100);
    assert_eq!(fixture.rows(SITES).len(), 101);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_log_is_flushed_and_trimmed_whoever_holds_it() {
    let options = || StorageOptions { log_file_bytes: 1, ..options() };
    let log_files = |disk: &ForgetfulFiles| disk.list(Path::new("log")).unwrap().len();
    let fixture = Fixture::open(&ForgetfulFiles::new(), options()).unwrap();
    fixture.create(vec![series_table(1), keyed_table(2)]).await.unwrap();
    // One row of a table that is idle from then on; far too few rows for the memory to fill up.
    fixture.write(sites(&keyed_table(2), WriteKind::Replace, &[(1, 1)])).await.unwrap();
    let is_flushed = |fixture: &Fixture| !fixture.catalog.snapshot().manifest(SITES).segments.is_empty();
    for i in 0..4 {
        fixture.write(loads(&series_table(1), WriteKind::Replace, &[("a", i, i)])).await.unwrap();
    }
    assert!(!is_flushed(&fixture) && log_files(&fixture.disk) >= 5, "a few files may stay");
    let mut written = 4;
    while !is_flushed(&fixture) || log_files(&fixture.disk) > 6 {
        assert!(written < 1000, "{} log files after {written} rows", log_files(&fixture.disk));
        fixture.write(loads(&series_table(1), WriteKind::Replace, &[("a", written, 1)])).await.unwrap();
        written += 1;
    }
    let fixture = fixture.crash(0);
    assert_eq!(fixture.rows(METERS).len(), usize::try_from(written).unwrap());
    assert_eq!(fixture.rows(SITES).len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_was_long_at_the_end_is_flushed_after_the_start() {
    // The fifth file is finished after the last write that could have noticed.
    let options = || StorageOptions { log_file_bytes: 1, ..options() };
    let fixture = Fixture::open(&ForgetfulFiles::new(), options()).unwrap();
    fixture.create(vec![keyed_table(2)]).await.unwrap();
    for i in 0..5 {
        fixture.write(sites(&keyed_table(2), WriteKind::Replace, &[(i, i)])).await.unwrap();
    }
    assert!(fixture.catalog.snapshot().manifest(SITES).segments.is_empty());
    let disk = fixture.disk.crash(0);
    drop(fixture);
    let fixture = Fixture::open(&disk, options()).unwrap();
    let started = Instant::now();
    while fixture.catalog.snapshot().manifest(SITES).segments.is_empty() {
        assert!(started.elapsed() < Duration::from_secs(20), "nobody flushed");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(fixture.rows(SITES).len(), 5);
}
