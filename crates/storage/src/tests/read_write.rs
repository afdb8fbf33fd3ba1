//! What was written is read: by kind, over memory, log and segments.

use super::fixture::*;
use crate::{KeyRange, ScanKeys, StorageOptions};
use model::{
    AttributePolicy, DataType, ErrorKind, KeySelection, RangeDelete, Table, TableId, TimeBounds, Value, WriteKind,
    WritePart, WriteRequest, encode_key, key_hash,
};
use std::ops::Bound;
use std::sync::Arc;

const METERS: TableId = TableId(1);
const SITES: TableId = TableId(2);

fn load_rows(rows: &[(&str, i64, i64)]) -> Vec<Vec<Value>> {
    let row = |(m, t, l): &(&str, i64, i64)| vec![at(*t), text(m), Value::Null, Value::Null, int(*l), Value::Null];
    rows.iter().map(row).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_come_back_in_key_and_time_order_from_memory_log_and_segments() {
    let fixture = Fixture::with(vec![series_table(1), keyed_table(2)]).await;
    let (meters, sites_table) = (series_table(1), keyed_table(2));
    let written = [("b", 20, 2), ("a", 30, 3), ("b", 10, 1), ("a", 5, 5)];
    assert_eq!(fixture.write(loads(&meters, WriteKind::Replace, &written)).await.unwrap().accepted, 4);
    fixture.write(sites(&sites_table, WriteKind::FailOnDuplicate, &[(7, 70), (-1, 10)])).await.unwrap();
    let sorted = load_rows(&[("a", 5, 5), ("a", 30, 3), ("b", 10, 1), ("b", 20, 2)]);
    let keyed = vec![vec![int(-1), int(10), Value::Null], vec![int(7), int(70), Value::Null]];
    assert_eq!(fixture.rows(METERS), sorted);
    assert_eq!(fixture.rows(SITES), keyed);

    let fixture = fixture.crash(0);
    assert_eq!(fixture.rows(METERS), sorted, "from the log");
    assert_eq!(fixture.rows(SITES), keyed, "from the log");

    fixture.storage.flush().await.unwrap();
    assert_eq!(fixture.rows(METERS), sorted, "from segments");
    assert_eq!(fixture.rows(SITES), keyed, "from segments");
    let fixture = fixture.crash(0);
    assert_eq!(fixture.rows(METERS), sorted, "from segments after a restart");
    assert_eq!(fixture.rows(SITES), keyed, "from segments after a restart");
    assert_eq!(series_of(&fixture.storage.view(METERS).unwrap()).len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn kinds_meet_older_rows_wherever_they_lie() {
    for flush in [false, true] {
        let fixture = Fixture::with(vec![series_table(1)]).await;
        let table = series_table(1);
        let columns = [KEY, TIME, FIELD, TEXT];
        let row = |t, load: Option<Value>, note: Option<Value>| vec![Some(text("m")), Some(at(t)), load, note];
        let first: Vec<_> = (1..=5).map(|t| row(t, Some(int(t)), Some(text("old")))).collect();
        fixture.write(batch(&table, WriteKind::Replace, &columns, &first)).await.unwrap();
        if flush {
            fixture.storage.flush().await.unwrap();
        }
        fixture.write(batch(&table, WriteKind::Replace, &columns, &[row(1, Some(int(10)), None)])).await.unwrap();
        fixture.write(batch(&table, WriteKind::Merge, &columns, &[row(2, Some(int(20)), None)])).await.unwrap();
        fixture.write(batch(&table, WriteKind::Merge, &columns, &[row(3, None, Some(Value::Null))])).await.unwrap();
        let outcome = fixture
            .write(batch(
                &table,
                WriteKind::KeepFirst,
                &columns,
                &[row(4, Some(int(40)), None), row(6, None, None), row(6, Some(int(1)), None)],
            ))
            .await
            .unwrap();
        assert_eq!((outcome.accepted, outcome.discarded), (1, 2));
        let erase = batch(
            &table,
            WriteKind::Erase,
            &[KEY, TIME],
            &[vec![Some(text("m")), Some(at(5))], vec![Some(text("unknown")), Some(at(5))]],
        );
        fixture.write(erase).await.unwrap();
        let expected: Vec<(i64, Value, Value)> = vec![
            (1, int(10), Value::Null),
            (2, int(20), text("old")),
            (3, int(3), Value::Null),
            (4, int(4), text("old")),
            (6, Value::Null, Value::Null),
        ];
        let seen = || -> Vec<(i64, Value, Value)> {
            let view = fixture.storage.view(METERS).unwrap();
            let rows = scan(&view, &[TIME, FIELD, TEXT], ScanKeys::All, TimeBounds::ALL);
            rows.into_iter()
                .map(|r| match r[0] {
                    Value::Instant(t, _) => (t, r[1].clone(), r[2].clone()),
                    _ => panic!("no time"),
                })
                .collect()
        };
        assert_eq!(seen(), expected, "flushed before: {flush}");
        fixture.storage.flush().await.unwrap();
        assert_eq!(seen(), expected, "all flushed");
        assert_eq!(series_of(&fixture.storage.view(METERS).unwrap()).len(), 1, "erasing makes no series");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_view_keeps_what_it_saw() {
    let fixture = Fixture::with(vec![series_table(1)]).await;
    let table = series_table(1);
    fixture.write(loads(&table, WriteKind::Replace, &[("a", 1, 1)])).await.unwrap();
    let before = fixture.storage.view(METERS).unwrap();
    fixture.write(loads(&table, WriteKind::Replace, &[("a", 1, 2), ("b", 1, 3)])).await.unwrap();
    fixture.storage.flush().await.unwrap();
    assert_eq!(rows_of(&before), load_rows(&[("a", 1, 1)]));
    assert_eq!(series_of(&before).len(), 1);
    let segments = fixture.storage.view(METERS).unwrap();
    let delete = RangeDelete { table: METERS, keys: KeySelection::All, time: TimeBounds::ALL, drop_series: true };
    fixture.storage.write(WriteRequest { parts: vec![WritePart::Delete(delete)] }).await.unwrap();
    assert_eq!(rows_of(&segments), load_rows(&[("a", 1, 2), ("b", 1, 3)]));
    assert!(fixture.rows(METERS).is_empty());
    fixture.catalog.commit(None, vec![catalog::Change::DropTable(METERS)]).await.unwrap();
    fixture.storage.forget_table(METERS).await.unwrap();
    assert_eq!(rows_of(&segments), load_rows(&[("a", 1, 2), ("b", 1, 3)]), "its files stay while it lives");
    let error = fixture.storage.view(METERS).unwrap_err();
    assert!(matches!(*error.kind, ErrorKind::TableNotFound { .. }), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn scans_choose_series_times_columns_and_key_ranges() {
    let fixture = Fixture::with(vec![series_table(1), keyed_table(2)]).await;
    let (meters, sites_table) = (series_table(1), keyed_table(2));
    let mut rows = Vec::new();
    let names: Vec<String> = (0..20).map(|i| format!("m{i:02}")).collect();
    for name in &names {
        rows.extend((0..50).map(|t| (name.as_str(), t * 100_000, t)));
    }
    fixture.write(loads(&meters, WriteKind::Replace, &rows)).await.unwrap();
    fixture
        .write(sites(&sites_table, WriteKind::Replace, &(0..100).map(|i| (i, i)).collect::<Vec<_>>()))
        .await
        .unwrap();
    for flushed in [false, true] {
        if flushed {
            fixture.storage.flush().await.unwrap();
        }
        let view = fixture.storage.view(METERS).unwrap();
        assert_eq!(view.rows_at_most(), 1000);
        let ids = view.series(&[]).unwrap().ids;
        let keys = ScanKeys::Series(vec![ids[7], ids[3], ids[7]]);
        let time = TimeBounds { first: 1_000_000, last: 1_100_000 };
        let seen = scan(&view, &[KEY, TIME], keys, time);
        let expected: Vec<Vec<Value>> =
            ["m03", "m07"].iter().flat_map(|m| [1_000_000, 1_100_000].map(|t| vec![text(m), at(t)])).collect();
        assert_eq!(seen, expected);
        let count: usize = scan(&view, &[], ScanKeys::All, TimeBounds::ALL).len();
        assert_eq!(count, 1000);
        let request = crate::ScanRequest { columns: vec![FIELD], time, keys: ScanKeys::All, batch_rows: 100 };
        let mut scanned = view.scan(request).unwrap();
        let returned: usize = scanned.by_ref().map(|b| b.unwrap().num_rows()).sum();
        assert_eq!(returned, 40);
        let metrics = scanned.metrics();
        assert_eq!(metrics.rows_returned, 40);
        if flushed {
            // Five partitions of 1,000 seconds, one of which holds these times.
            assert_eq!((metrics.segments_pruned, metrics.segments_read), (4, 1), "{metrics:?}");
        }

        let view = fixture.storage.view(SITES).unwrap();
        let key = |i: i64| encode_key(&[(int(i), model::DataType::Int64)]).unwrap();
        let range = |first, last| KeyRange { first, last };
        let ranges = vec![
            range(Bound::Unbounded, Bound::Excluded(key(2))),
            range(Bound::Included(key(50)), Bound::Included(key(50))),
            range(Bound::Excluded(key(97)), Bound::Unbounded),
        ];
        let seen = scan(&view, &[KEY], ScanKeys::Ranges(ranges), TimeBounds::ALL);
        assert_eq!(seen, [0, 1, 50, 98, 99].map(|i| vec![int(i)]));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn deletions_cover_keys_and_times_and_may_end_series() {
    for flush in [false, true] {
        let fixture = Fixture::with(vec![series_table(1)]).await;
        let table = series_table(1);
        fixture
            .write(loads(&table, WriteKind::Replace, &[("a", 1, 1), ("a", 2, 2), ("b", 1, 3), ("b", 2, 4)]))
            .await
            .unwrap();
        if flush {
            fixture.storage.flush().await.unwrap();
        }
        let key = encode_key(&[(text("a"), model::DataType::Text(None))]).unwrap();
        let delete = |first, last, drop_series| {
            WritePart::Delete(RangeDelete {
                table: METERS,
                keys: KeySelection::Hashes(Arc::from([key_hash(&key.0)])),
                time: TimeBounds { first, last },
                drop_series,
            })
        };
        fixture.storage.write(WriteRequest { parts: vec![delete(2, 9, false)] }).await.unwrap();
        assert_eq!(fixture.rows(METERS), load_rows(&[("a", 1, 1), ("b", 1, 3), ("b", 2, 4)]));
        // Deletions come first, whatever the order of the parts.
        let rows = WritePart::Rows(loads(&table, WriteKind::KeepFirst, &[("a", 1, 9)]));
        let parts = vec![rows, delete(i64::MIN, i64::MAX, true)];
        let outcome = fixture.storage.write(WriteRequest { parts }).await.unwrap();
        assert_eq!(outcome.accepted, 1);
        let expected = load_rows(&[("a", 1, 9), ("b", 1, 3), ("b", 2, 4)]);
        assert_eq!(fixture.rows(METERS), expected);
        let fixture = fixture.crash(0);
        assert_eq!(fixture.rows(METERS), expected);
        fixture.storage.flush().await.unwrap();
        assert_eq!(fixture.rows(METERS), expected);
        let fixture = fixture.crash(0);
        assert_eq!(fixture.rows(METERS), expected);
        let manifest = fixture.catalog.snapshot().manifest(METERS);
        assert_eq!(manifest.tombstones.is_empty(), !flush, "a deletion goes with the last row below it");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_series_can_be_registered_as_one_that_is_not_there() {
    let fixture = Fixture::with(vec![series_table(1)]).await;
    let table = series_table(1);
    let register = |names: &[&str]| {
        let rows: Vec<_> = names.iter().map(|name| vec![Some(text(name))]).collect();
        batch(&table, WriteKind::FailOnDuplicate, &[KEY], &rows)
    };
    fixture.write(register(&["a", "b"])).await.unwrap();
    let error = fixture.write(register(&["c", "b"])).await.unwrap_err();
    let ErrorKind::DuplicateKey { values, .. } = *error.kind else { panic!("{error}") };
    assert_eq!(values.first().map(String::as_str), Some("b"));
    let keys = ["a", "b", "c"]
        .map(|name| encode_key(&[(text(name), DataType::Text(None)), (Value::Null, DataType::Int32)]).unwrap());
    assert_eq!(fixture.storage.has_series(METERS, &keys).unwrap(), [true, true, false], "all or nothing");
    let hash = key_hash(&keys[1].0);
    let keys_of_b = KeySelection::Hashes([hash].into());
    let delete = RangeDelete { table: METERS, keys: keys_of_b, time: TimeBounds::ALL, drop_series: true };
    fixture.storage.write(WriteRequest { parts: vec![WritePart::Delete(delete)] }).await.unwrap();
    assert_eq!(fixture.storage.has_series(METERS, &keys).unwrap(), [true, false, false]);
    fixture.write(register(&["b"])).await.unwrap();
    let fixture = fixture.crash(0);
    assert_eq!(fixture.storage.has_series(METERS, &keys).unwrap(), [true, true, false], "from the log");
}

#[tokio::test(flavor = "multi_thread")]
async fn attributes_are_set_or_only_for_the_new() {
    let fixture = Fixture::with(vec![series_table(1)]).await;
    let table = series_table(1);
    let rows = |city: Option<Value>| vec![vec![Some(text("a")), city]];
    let mut register = batch(&table, WriteKind::Replace, &[KEY, ATTRIBUTE], &rows(Some(text("Kassel"))));
    fixture.write(register.clone()).await.unwrap();
    let cities =
        |f: &Fixture| series_of(&f.storage.view(METERS).unwrap()).iter().map(|r| r[2].clone()).collect::<Vec<_>>();
    assert_eq!(cities(&fixture), [text("Kassel")]);
    assert!(fixture.rows(METERS).is_empty(), "a series without rows");
    register = batch(&table, WriteKind::Replace, &[KEY, ATTRIBUTE], &rows(Some(text("Bremen"))));
    fixture.write(register.clone()).await.unwrap();
    assert_eq!(cities(&fixture), [text("Kassel")], "only if new");
    register.attributes = AttributePolicy::Set;
    fixture.write(register).await.unwrap();
    assert_eq!(cities(&fixture), [text("Bremen")]);
    let mut same = batch(&table, WriteKind::Replace, &[KEY, ATTRIBUTE], &rows(Some(text("Bremen"))));
    same.attributes = AttributePolicy::Set;
    let before = sequence(&fixture, METERS);
    fixture.write(same).await.unwrap();
    assert_eq!(sequence(&fixture, METERS), before, "nothing to log");
    let fixture = fixture.crash(0);
    assert_eq!(cities(&fixture), [text("Bremen")], "from the log");
    fixture.storage.flush().await.unwrap();
    let fixture = fixture.crash(0);
    assert_eq!(cities(&fixture), [text("Bremen")], "from the checkpoint");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_over_several_tables_is_all_or_nothing() {
    let mut unique = keyed_table(3);
    unique.hidden = true;
    unique.name = "sites_load".into();
    let fixture = Fixture::with(vec![keyed_table(2), unique.clone()]).await;
    let sites_table = keyed_table(2);
    let request = |id: i64, load: i64| WriteRequest {
        parts: vec![
            WritePart::Rows(sites(&sites_table, WriteKind::FailOnDuplicate, &[(id, load)])),
            WritePart::Rows(sites(&unique, WriteKind::FailOnDuplicate, &[(load, id)])),
        ],
    };
    fixture.storage.write(request(1, 10)).await.unwrap();
    for flushed in [false, true] {
        if flushed {
            fixture.storage.flush().await.unwrap();
        }
        let error = fixture.storage.write(request(2, 10)).await.unwrap_err();
        let kind = ErrorKind::DuplicateKey {
            constraint: "sites_load".into(),
            columns: vec!["id".into()],
            values: vec!["10".into()],
        };
        assert_eq!(*error.kind, kind);
        let error = fixture.storage.write(request(1, 11)).await.unwrap_err();
        assert!(matches!(&*error.kind, ErrorKind::DuplicateKey { constraint, .. } if constraint == "primary"));
        assert_eq!(fixture.rows(SITES).len(), 1);
        assert_eq!(fixture.rows(TableId(3)).len(), 1);
    }
    // The state after the statement counts: the key is free once its row is erased.
    let erase = batch(&sites_table, WriteKind::Erase, &[KEY], &[vec![Some(int(1))]]);
    let again = sites(&sites_table, WriteKind::FailOnDuplicate, &[(1, 5)]);
    let parts = vec![WritePart::Rows(again), WritePart::Rows(erase)];
    fixture.storage.write(WriteRequest { parts }).await.unwrap();
    let expected = vec![vec![int(1), int(5), Value::Null]];
    assert_eq!(fixture.rows(SITES), expected);
    assert_eq!(fixture.crash(0).rows(SITES), expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_fit_the_table_is_refused() {
    let fixture = Fixture::with(vec![series_table(1)]).await;
    let table = series_table(1);
    let no_time = batch(&table, WriteKind::Replace, &[KEY, TIME], &[vec![Some(text("a")), Some(Value::Null)]]);
    let error = fixture.write(no_time).await.unwrap_err();
    assert_eq!(*error.kind, ErrorKind::NullValue { column: "time".into() });
    let mut stale = loads(&table, WriteKind::Replace, &[("a", 1, 1)]);
    stale.schema_version = 7;
    let error = fixture.write(stale).await.unwrap_err();
    assert_eq!(*error.kind, ErrorKind::SchemaChanged { table: "meters1".into() });
    let mut unknown = loads(&table, WriteKind::Replace, &[("a", 1, 1)]);
    unknown.table = TableId(99);
    let error = fixture.write(unknown).await.unwrap_err();
    assert!(matches!(*error.kind, ErrorKind::TableNotFound { .. }));
    let mut short = loads(&table, WriteKind::Replace, &[("a", 1, 1)]);
    short.rows = 2;
    assert!(matches!(*fixture.write(short).await.unwrap_err().kind, ErrorKind::Internal { .. }));
    assert!(fixture.rows(METERS).is_empty());
    assert!(series_of(&fixture.storage.view(METERS).unwrap()).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn thousands_of_small_writes_stay_few_chunks() {
    let fixture = Fixture::with(vec![keyed_table(2)]).await;
    let table = keyed_table(2);
    for i in 0..2000 {
        fixture.write(sites(&table, WriteKind::FailOnDuplicate, &[(i, i)])).await.unwrap();
    }
    assert_eq!(fixture.rows(SITES).len(), 2000);
    for _ in 0..100 {
        if fixture.storage.view(SITES).unwrap().memory().chunks.len() < 40 {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    panic!("{} chunks", fixture.storage.view(SITES).unwrap().memory().chunks.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_segment_says_how_long_its_partition_was() {
    let fixture = Fixture::with(vec![series_table(1), keyed_table(2)]).await;
    let mut meters = series_table(1);
    let row = |meters: &Table, load| loads(meters, WriteKind::Replace, &[("a", 1_500_000, load)]);
    fixture.write(row(&meters, 1)).await.unwrap();
    fixture.write(sites(&keyed_table(2), WriteKind::Replace, &[(1, 1)])).await.unwrap();
    fixture.storage.flush().await.unwrap();
    // Another default, then a setting of the table; the row lies at the start of each partition.
    let disk = fixture.disk.crash(0);
    drop(fixture);
    let fixture = Fixture::open(&disk, StorageOptions { partition_seconds: 500, ..options() }).unwrap();
    fixture.write(row(&meters, 2)).await.unwrap();
    fixture.storage.flush().await.unwrap();
    let changed = fixture.storage.change_table(meters.id, |table, _| {
        let schema_version = table.schema_version + 1;
        Ok((Table { partition_seconds: Some(100), schema_version, ..table.clone() }, Vec::new()))
    });
    meters = Table::clone(&*changed.await.unwrap());
    fixture.write(row(&meters, 3)).await.unwrap();
    fixture.storage.flush().await.unwrap();

    let fixture = fixture.crash(0);
    let partitions = |table: u64| -> Vec<(i64, u64)> {
        let manifest = fixture.catalog.snapshot().manifest(TableId(table));
        manifest.segments.iter().map(|s| (s.partition, s.partition_seconds)).collect()
    };
    assert_eq!(partitions(1), [(1000, 1000), (1500, 100), (1500, 500)]);
    assert_eq!(partitions(2), [(0, 0)]);
    assert_eq!(fixture.rows(meters.id).len(), 1, "the newest version, whatever the partition");
    assert_eq!(fixture.rows(meters.id)[0][4], int(3));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_range_of_keys_is_deleted_in_memory_log_and_segments() {
    let table = keyed_table(2);
    let key = |id: i64| encode_key(&[(int(id), model::DataType::Int64)]).unwrap();
    let delete = |table, first, last| {
        let keys = KeySelection::Range { first, last };
        let delete = RangeDelete { table, keys, time: TimeBounds::ALL, drop_series: false };
        WriteRequest { parts: vec![WritePart::Delete(delete)] }
    };
    let left = |fixture: &Fixture| -> Vec<i64> {
        let id = |row: Vec<Value>| if let Value::Integer(id) = row[0] { i64::try_from(id).unwrap() } else { i64::MIN };
        fixture.rows(SITES).into_iter().map(id).collect()
    };
    let rows: Vec<(i64, i64)> = (0..10).map(|i| (i, i)).collect();
    let fixture = Fixture::with(vec![series_table(1), table.clone()]).await;
    fixture.write(sites(&table, WriteKind::Replace, &rows)).await.unwrap();
    fixture.storage.flush().await.unwrap();
    fixture.write(sites(&table, WriteKind::Merge, &rows)).await.unwrap();
    let request = delete(SITES, Bound::Excluded(key(2)), Bound::Included(key(4)));
    fixture.storage.write(request).await.unwrap();
    assert_eq!(left(&fixture), [0, 1, 2, 5, 6, 7, 8, 9], "of a segment and of memory");
    fixture.storage.write(delete(SITES, Bound::Included(key(8)), Bound::Unbounded)).await.unwrap();
    // What was deleted is not there for a later write, in whatever it lies.
    let outcome = fixture.write(sites(&table, WriteKind::KeepFirst, &[(4, 40), (5, 50)])).await.unwrap();
    assert_eq!((outcome.accepted, outcome.discarded), (1, 1));
    let expected = [0, 1, 2, 4, 5, 6, 7];
    assert_eq!(left(&fixture), expected);
    let fixture = fixture.crash(0);
    assert_eq!(left(&fixture), expected, "from the log");
    fixture.storage.flush().await.unwrap();
    let fixture = fixture.crash(0);
    assert_eq!(fixture.catalog.snapshot().manifest(SITES).tombstones.len(), 2, "they still hide rows of a segment");
    assert_eq!(left(&fixture), expected, "from manifest and segments");

    let error = fixture.storage.write(delete(METERS, Bound::Unbounded, Bound::Unbounded)).await.unwrap_err();
    assert!(matches!(*error.kind, ErrorKind::Internal { .. }), "{error}");
}
