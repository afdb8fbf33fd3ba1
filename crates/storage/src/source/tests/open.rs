//! Opened scans give the rows of the view that they were described from, or say what is gone.

use super::super::*;
use crate::tests::fixture::*;
use crate::{ScanKeys, ScanRequest};
use files::ForgetfulFiles;
use model::{ErrorKind, RangeDelete, SeriesId, Table, TimeUnit, Value, WriteKind, WritePart, WriteRequest};
use std::ops::Bound;

const METERS: TableId = TableId(1);
const SITES: TableId = TableId(2);

async fn fixture() -> Fixture {
    let fixture = Fixture::with(vec![series_table(1), keyed_table(2)]).await;
    // Two partitions in segments, then rows in memory, then a deletion.
    let rows = [("a", 1, 1), ("a", 2_000_000, 2), ("b", 3, 3), ("c", 4_000_000, 4)];
    fixture.write(loads(&series_table(1), WriteKind::Replace, &rows)).await.unwrap();
    fixture.write(sites(&keyed_table(2), WriteKind::Replace, &[(1, 10), (2, 20), (3, 30)])).await.unwrap();
    fixture.storage.flush().await.unwrap();
    fixture.write(loads(&series_table(1), WriteKind::Replace, &[("a", 1, 11), ("d", 5, 5)])).await.unwrap();
    fixture.write(sites(&keyed_table(2), WriteKind::Replace, &[(2, 21), (4, 40)])).await.unwrap();
    delete(&fixture, METERS, TimeBounds { first: 3, last: 3 }, false).await;
    fixture
}

async fn delete(fixture: &Fixture, table: TableId, time: TimeBounds, drop_series: bool) {
    let delete = RangeDelete { table, keys: model::KeySelection::All, time, drop_series };
    fixture.storage.write(WriteRequest { parts: vec![WritePart::Delete(delete)] }).await.unwrap();
}

fn columns(table: &Table) -> Vec<ColumnId> {
    table.columns.iter().map(|c| c.id).collect()
}

fn describe(view: &TableView) -> ScanDescription {
    view.describe(&columns(view.table()), TimeBounds::ALL, &ScanKeys::All).unwrap()
}

/// The rows of a description that went through bytes.
fn opened(fixture: &Fixture, description: &ScanDescription) -> Result<Vec<Vec<Value>>> {
    let description = ScanDescription::from_bytes(&description.to_bytes())?;
    let OpenedScan { view, keys } = fixture.storage.open_scan(&description)?;
    Ok(scan(&view, &description.columns, keys, description.time))
}

fn gone(result: Result<Vec<Vec<Value>>>) -> String {
    let error = result.unwrap_err();
    assert!(matches!(*error.kind, ErrorKind::Internal { .. }), "{error}");
    error.to_string()
}

#[tokio::test]
async fn an_opened_scan_gives_the_rows_of_its_view() {
    let fixture = fixture().await;
    for table in [METERS, SITES] {
        let view = fixture.storage.view(table).unwrap();
        let description = describe(&view);
        assert!(description.sources.len() > 1, "{description:?}");
        let before = rows_of(&view);
        assert_eq!(opened(&fixture, &description).unwrap(), before);
        let again = fixture.storage.open_scan(&description).unwrap().view;
        assert_eq!(describe(&again), description, "what was opened is described alike");
        assert_eq!(series_of(&again), series_of(&view));
        drop((view, again));
        assert_eq!(opened(&fixture, &description).unwrap(), before, "all of it is still in the table");
    }
}

#[tokio::test]
async fn columns_times_and_keys_travel() {
    let fixture = fixture().await;
    let view = fixture.storage.view(METERS).unwrap();
    let time = TimeBounds { first: 0, last: 3_000_000 };
    let mut sources = Vec::new();
    for ids in [vec![], vec![0], vec![3, 0, 9], vec![2, 1]] {
        let keys = ScanKeys::Series(ids.into_iter().map(SeriesId).collect());
        let description = view.describe(&[FIELD, KEY], time, &keys).unwrap();
        assert_eq!(opened(&fixture, &description).unwrap(), scan(&view, &[FIELD, KEY], keys, time));
        sources = description.sources;
    }
    assert_eq!(sources.len(), describe(&view).sources.len() - 1, "a later partition is left out: {sources:?}");
    let none = view.describe(&[], TimeBounds { first: 1, last: 0 }, &ScanKeys::All).unwrap();
    assert_eq!(opened(&fixture, &none).unwrap(), Vec::<Vec<Value>>::new());

    let view = fixture.storage.view(SITES).unwrap();
    let at = |id: i64| model::encode_key(&[(int(id), model::DataType::Int64)]).unwrap();
    let keys = ScanKeys::Ranges(vec![
        KeyRange { first: Bound::Unbounded, last: Bound::Excluded(at(2)) },
        KeyRange { first: Bound::Included(at(3)), last: Bound::Unbounded },
    ]);
    let description = view.describe(&[FIELD], TimeBounds::ALL, &keys).unwrap();
    assert_eq!(opened(&fixture, &description).unwrap(), [[int(10)], [int(30)], [int(40)]].map(Vec::from));
    let wrong = ScanKeys::Series(vec![SeriesId(0)]);
    view.describe(&[FIELD], TimeBounds::ALL, &wrong).unwrap_err();
}

#[tokio::test]
async fn a_described_time_is_a_limit() {
    let fixture = fixture().await;
    let view = fixture.storage.view(METERS).unwrap();
    let time = TimeBounds { first: 0, last: 5 };
    let description = view.describe(&columns(view.table()), time, &ScanKeys::All).unwrap();
    let narrow = opened(&fixture, &description).unwrap();
    let wide = ScanDescription { time, ..description };
    let OpenedScan { view, .. } = fixture.storage.open_scan(&wide).unwrap();
    assert_eq!(rows_of(&view), narrow, "asked for everything, it shows what was described");
}

#[tokio::test]
async fn what_is_written_later_is_not_seen() {
    let fixture = fixture().await;
    let view = fixture.storage.view(METERS).unwrap();
    let description = describe(&view);
    let before = (rows_of(&view), series_of(&view));
    drop(view);
    fixture.write(loads(&series_table(1), WriteKind::Replace, &[("a", 1, 99), ("e", 9, 9)])).await.unwrap();
    delete(&fixture, METERS, TimeBounds::ALL, true).await;
    assert_eq!(opened(&fixture, &description).unwrap(), before.0);
    let OpenedScan { view, .. } = fixture.storage.open_scan(&description).unwrap();
    assert_eq!(series_of(&view), before.1, "series that ended since are listed");
    let some = view.describe(&[KEY], TimeBounds::ALL, &ScanKeys::Series(vec![SeriesId(0), SeriesId(3)])).unwrap();
    drop(view);
    assert_eq!(opened(&fixture, &some).unwrap().len(), 3, "and found by their keys");
}

#[tokio::test]
async fn a_view_keeps_its_sources_and_without_it_they_are_gone_by_name() {
    for table in [METERS, SITES] {
        let fixture = fixture().await;
        let view = fixture.storage.view(table).unwrap();
        let description = describe(&view);
        let before = rows_of(&view);
        let row = ("z", 77, 1);
        fixture.write(loads(&series_table(1), WriteKind::Replace, &[row])).await.unwrap();
        fixture.write(sites(&keyed_table(2), WriteKind::Replace, &[(77, 1)])).await.unwrap();
        fixture.storage.flush().await.unwrap();
        assert_eq!(opened(&fixture, &description).unwrap(), before, "the view holds what was flushed");
        let copy = view.clone();
        drop(view);
        assert_eq!(opened(&fixture, &description).unwrap(), before, "so does its copy");
        drop(copy);
        let error = gone(opened(&fixture, &description));
        let writer = fixture.storage.writer().to_string();
        assert!(error.contains("are gone") && error.contains(&writer), "{error}");
    }
}

#[tokio::test]
async fn rows_merged_with_newer_ones_are_gone() {
    let fixture = Fixture::with(vec![series_table(1)]).await;
    let write = async |i: i64| {
        let rows = [("a", i, i)];
        fixture.write(loads(&series_table(1), WriteKind::Replace, &rows)).await.unwrap();
    };
    write(0).await;
    let view = fixture.storage.view(METERS).unwrap();
    let description = describe(&view);
    for i in 1..2_000 {
        write(i).await;
    }
    let chunks = || fixture.storage.view(METERS).unwrap().memory().chunks.len();
    for _ in 0..200 {
        if chunks() < 500 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    assert_eq!(opened(&fixture, &description).unwrap().len(), 1, "the view holds its chunk");
    drop(view);
    let error = gone(opened(&fixture, &description));
    assert!(error.contains("are gone"), "{error}");
}

#[tokio::test]
async fn a_segment_that_is_gone_is_named() {
    let fixture = fixture().await;
    let description = describe(&fixture.storage.view(METERS).unwrap());
    let change = |change: &dyn Fn(&mut SegmentEntry)| {
        let mut changed = description.clone();
        let Some(SourceDescription::Segment(entry)) = changed.sources.first_mut() else { panic!("no segment") };
        change(entry);
        gone(opened(&fixture, &changed))
    };
    let error = change(&|entry| (entry.id, entry.path) = (999, "segments/1/000000000999.parquet".into()));
    assert!(error.contains("segments/1/000000000999.parquet of table \"meters1\" is gone"), "{error}");
    let error = change(&|entry| entry.checksum += 1);
    assert!(error.contains("is not the one described"), "{error}");
}

#[tokio::test]
async fn other_writers_numbers_and_definitions_are_refused_by_name() {
    let fixture = fixture().await;
    let view = fixture.storage.view(METERS).unwrap();
    let description = describe(&view);
    let refused = |change: &dyn Fn(&mut ScanDescription)| {
        let mut changed = description.clone();
        change(&mut changed);
        fixture.storage.open_scan(&changed).unwrap_err()
    };
    let other = WriterId(7);
    for error in [
        refused(&|d| d.writer = other),
        refused(&|d| {
            let (after, up_to) = (Sequence(0), d.sequence);
            d.sources.push(SourceDescription::Unflushed { writer: other, after, up_to });
        }),
    ] {
        assert!(error.to_string().contains(&format!("writer {other} is not here")), "{error}");
    }
    let error = refused(&|d| d.sequence = Sequence(d.sequence.0 + 1_000_000));
    assert!(error.to_string().contains("has written up to"), "{error}");
    let error = refused(&|d| d.table = TableId(99));
    assert!(matches!(*error.kind, ErrorKind::TableNotFound { .. }), "{error}");
    let error = refused(&|d| d.schema_version = 2);
    assert_eq!(*error.kind, ErrorKind::SchemaChanged { table: "meters1".into() });
    let error = refused(&|d| d.keys = DescribedKeys::Series(vec![KeyHash(5)]));
    assert!(error.to_string().contains("no series with key hash"), "{error}");

    // Another one after each start: it may have other rows under the same numbers.
    let disk: ForgetfulFiles = fixture.disk.crash(0);
    drop(view);
    drop(fixture);
    let fixture = Fixture::open(&disk, options()).unwrap();
    let error = fixture.storage.open_scan(&description).unwrap_err();
    assert!(error.to_string().contains("is not here"), "{error}");
}

#[tokio::test]
async fn a_view_keeps_its_definition() {
    let fixture = fixture().await;
    let view = fixture.storage.view(METERS).unwrap();
    let description = describe(&view);
    let before = rows_of(&view);
    let changed = fixture.storage.change_table(METERS, |table, _| {
        let mut table = table.clone();
        table.schema_version += 1;
        table.columns.retain(|c| c.id != TEXT);
        Ok((table, Vec::new()))
    });
    changed.await.unwrap();
    assert_eq!(opened(&fixture, &description).unwrap(), before);
    drop(view);
    let error = fixture.storage.open_scan(&description).unwrap_err();
    assert_eq!(*error.kind, ErrorKind::SchemaChanged { table: "meters1".into() });
}

#[tokio::test]
async fn batches_are_as_large_as_asked_for() {
    let fixture = fixture().await;
    let description = describe(&fixture.storage.view(METERS).unwrap());
    let OpenedScan { view, keys } = fixture.storage.open_scan(&description).unwrap();
    let request = ScanRequest { columns: vec![TIME], time: TimeBounds::ALL, keys, batch_rows: 2 };
    let batches: Vec<_> = view.scan(request).unwrap().map(|b| b.unwrap()).collect();
    assert!(batches.len() > 1 && batches.iter().all(|b| b.num_rows() <= 2));
    assert!(
        batches[0].schema().field(0).data_type() == &model::arrow_type(model::DataType::Instant(TimeUnit::Millisecond))
    );
}
