//! Compaction: it never shows in what is read, whatever happens beside it or ends it, and it keeps
//! what a scan costs flat.

use super::fixture::*;
use crate::catalogue_commit::own_runtime;
use crate::compaction::{Done, Job};
use crate::memtable::MemoryView;
use crate::segment::Segment;
use crate::{CompactionOptions, ScanKeys, ScanRequest, StorageOptions};
use catalog::{Change, TableManifest};
use files::{Files, ForgetfulFiles};
use model::{
    ColumnId, DataType, ErrorKind, KeySelection, RangeDelete, Result, Table, TableId, TimeBounds, TypeChange,
    TypeConversion, Value, WriteKind, WritePart, WriteRequest, encode_key, key_hash,
};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

const METERS: TableId = TableId(1);
const SITES: TableId = TableId(2);

/// Milliseconds of a partition.
const PARTITION: i64 = 1_000_000;

fn manifest(fixture: &Fixture, table: TableId) -> Arc<TableManifest> {
    fixture.catalog.snapshot().manifest(table)
}

fn segments(fixture: &Fixture, table: TableId) -> usize {
    manifest(fixture, table).segments.len()
}

/// The segment files of a table are those that the manifest names.
fn assert_no_orphans(fixture: &Fixture, table: TableId) {
    let named: Vec<String> = manifest(fixture, table)
        .segments
        .iter()
        .flat_map(|s| [s.path.clone(), format!("{}.runs", s.path)])
        .map(|path| path.rsplit('/').next().unwrap().to_owned())
        .collect();
    let listed = fixture.disk.list(Path::new(&format!("segments/{table}"))).unwrap();
    let mut listed: Vec<_> = listed.into_iter().filter(|name| name != "series").collect();
    let mut expected = named;
    listed.sort();
    expected.sort();
    assert_eq!(listed, expected);
}

/// Merges those segments of a table that `choose` takes, on this thread.
async fn merge_with(
    fixture: &Fixture,
    table: TableId,
    choose: impl Fn(&MemoryView) -> Vec<Arc<Segment>>,
    mut step: impl FnMut() -> Result<()> + Send + 'static,
) -> Option<Result<Done>> {
    let store = fixture.storage.threads.store.clone();
    let state = store.table(table).unwrap();
    let memory = state.seen().1;
    let job = Job::new(&memory, choose(&memory))?;
    drop(memory);
    let work = move || job.run(&store, &state, &own_runtime()?, &mut step);
    Some(tokio::task::spawn_blocking(work).await.unwrap())
}

/// Merges some neighbours by their positions.
async fn merge(fixture: &Fixture, table: TableId, range: std::ops::Range<usize>) {
    let chosen = |memory: &MemoryView| memory.segments[range.clone()].to_vec();
    assert_eq!(merge_with(fixture, table, chosen, || Ok(())).await.unwrap().unwrap(), Done::Merged);
}

async fn flush_loads(fixture: &Fixture, kind: WriteKind, rows: &[(&str, i64, i64)]) {
    let table = fixture.catalog.snapshot().table(METERS).unwrap().clone();
    fixture.write(loads(&table, kind, rows)).await.unwrap();
    fixture.storage.flush().await.unwrap();
}

async fn flush_sites(fixture: &Fixture, kind: WriteKind, rows: &[(i64, i64)]) {
    fixture.write(sites(&keyed_table(2), kind, rows)).await.unwrap();
    fixture.storage.flush().await.unwrap();
}

async fn delete(fixture: &Fixture, table: TableId, keys: KeySelection, time: TimeBounds) {
    let delete = RangeDelete { table, keys, time, drop_series: false };
    fixture.storage.write(WriteRequest { parts: vec![WritePart::Delete(delete)] }).await.unwrap();
}

/// Two tables, each with segments that overlap in rows and kinds.
async fn overlapping() -> Fixture {
    let fixture = Fixture::with(vec![series_table(1), keyed_table(2)]).await;
    for n in 0..6_i64 {
        let rows = [("a", n * 10, n), ("b", 30, n), ("c", PARTITION + n, n)];
        let kind = if n % 2 == 0 { WriteKind::Merge } else { WriteKind::Replace };
        flush_loads(&fixture, kind, &rows).await;
        let kind = [WriteKind::Replace, WriteKind::Merge, WriteKind::Erase][usize::try_from(n % 3).unwrap()];
        let table = keyed_table(2);
        let columns: &[ColumnId] = if kind == WriteKind::Erase { &[KEY] } else { &[KEY, FIELD] };
        let rows: Vec<Vec<Option<Value>>> =
            (0..4).map(|k| [Some(int(k + n)), Some(int(n))].into_iter().take(columns.len()).collect()).collect();
        fixture.write(batch(&table, kind, columns, &rows)).await.unwrap();
        fixture.storage.flush().await.unwrap();
    }
    fixture
}

#[tokio::test(flavor = "multi_thread")]
async fn any_neighbours_may_become_one() {
    for table in [METERS, SITES] {
        let count = segments(&overlapping().await, table);
        for start in 0..count {
            for end in start + 1..=count {
                let fixture = overlapping().await;
                let before = (fixture.rows(METERS), fixture.rows(SITES));
                let places: Vec<i64> = manifest(&fixture, table).segments.iter().map(|s| s.partition).collect();
                if places[start] != places[end - 1] {
                    continue;
                }
                merge(&fixture, table, start..end).await;
                assert_eq!((fixture.rows(METERS), fixture.rows(SITES)), before, "{table} {start}..{end}");
                let left = segments(&fixture, table);
                assert!(left == count - (end - start) || left == count - (end - start) + 1);
                assert_no_orphans(&fixture, table);
                let fixture = fixture.crash(0);
                assert_eq!((fixture.rows(METERS), fixture.rows(SITES)), before, "{table} {start}..{end}");
                assert_no_orphans(&fixture, table);
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn erasures_and_parts_last_while_something_lies_below() {
    let fixture = Fixture::with(vec![keyed_table(2)]).await;
    flush_sites(&fixture, WriteKind::Replace, &[(1, 1), (2, 2), (3, 3)]).await;
    let erased = batch(&keyed_table(2), WriteKind::Erase, &[KEY], &[vec![Some(int(1))]]);
    fixture.write(erased).await.unwrap();
    fixture.storage.flush().await.unwrap();
    let noted = batch(&keyed_table(2), WriteKind::Merge, &[KEY, TEXT], &[vec![Some(int(2)), Some(text("n"))]]);
    fixture.write(noted).await.unwrap();
    fixture.storage.flush().await.unwrap();
    let expected = vec![vec![int(2), int(2), text("n")], vec![int(3), int(3), Value::Null]];
    assert_eq!(fixture.rows(SITES), expected);
    merge(&fixture, SITES, 1..3).await;
    let entry = manifest(&fixture, SITES).segments[1].clone();
    assert!(!entry.all_replace && entry.rows == 2, "{entry:?}");
    assert_eq!(fixture.rows(SITES), expected);
    merge(&fixture, SITES, 0..2).await;
    let entry = manifest(&fixture, SITES).segments[0].clone();
    assert!(entry.all_replace && entry.rows == 2, "{entry:?}");
    assert_eq!(fixture.crash(0).rows(SITES), expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn deletions_go_when_nothing_lies_below_and_what_they_hid_stays_gone() {
    let fixture = Fixture::with(vec![series_table(1)]).await;
    flush_loads(&fixture, WriteKind::Replace, &[("a", 1, 1), ("b", 2, 2)]).await;
    flush_loads(&fixture, WriteKind::Replace, &[("a", 3, 3), ("b", PARTITION, 4)]).await;
    let key = encode_key(&[(text("a"), DataType::Text(None)), (Value::Null, DataType::Int32)]).unwrap();
    delete(&fixture, METERS, KeySelection::Hashes([key_hash(&key.0)].into()), TimeBounds::ALL).await;
    fixture.storage.flush().await.unwrap();
    flush_loads(&fixture, WriteKind::Merge, &[("a", 1, 10)]).await;
    let expected = fixture.rows(METERS);
    assert_eq!(expected.len(), 3);
    assert_eq!(manifest(&fixture, METERS).tombstones.len(), 1);
    // Of one segment below the deletion the other still needs it.
    merge(&fixture, METERS, 0..1).await;
    assert_eq!(manifest(&fixture, METERS).tombstones.len(), 1);
    assert_eq!(manifest(&fixture, METERS).segments[0].rows, 1);
    assert_eq!(fixture.rows(METERS), expected);
    merge(&fixture, METERS, 0..3).await;
    assert_eq!(manifest(&fixture, METERS).tombstones.len(), 1, "that of the other partition");
    let last = segments(&fixture, METERS) - 1;
    merge(&fixture, METERS, last..last + 1).await;
    assert_eq!(manifest(&fixture, METERS).tombstones.len(), 0);
    assert_eq!(fixture.rows(METERS), expected);
    for seed in [0, 7, u64::MAX] {
        let after = Fixture::open(&fixture.disk.crash(seed), options()).unwrap();
        assert_eq!(after.rows(METERS), expected);
    }

    // All of it: the files go, too.
    delete(&fixture, METERS, KeySelection::All, TimeBounds::ALL).await;
    fixture.storage.flush().await.unwrap();
    fixture.storage.compact().await.unwrap();
    let now = manifest(&fixture, METERS);
    assert_eq!((now.segments.len(), now.tombstones.len()), (0, 0));
    assert_no_orphans(&fixture, METERS);
    assert!(fixture.crash(0).rows(METERS).is_empty());
}

/// Text, number, text again, with rows written under each; what is no number is NULL for good.
#[tokio::test(flavor = "multi_thread")]
async fn a_type_there_and_back_gives_one_answer_whenever_compaction_ran() {
    let mut answers = Vec::new();
    for compactions in 0..16_u32 {
        let fixture = Fixture::with(vec![series_table(1)]).await;
        let steps = [DataType::Text(None), DataType::Int64, DataType::Text(None), DataType::Int64];
        for (n, to) in (0_i64..).zip(steps) {
            let table = fixture.catalog.snapshot().table(METERS).unwrap().clone();
            let value = match table.column(FIELD).unwrap().data_type {
                DataType::Text(_) => text(&format!("n{n}")),
                _ => int(n),
            };
            let rows = [vec![Some(text("m")), Some(at(n)), Some(value)], vec![Some(text("m")), Some(at(50)), None]];
            let written = batch(&table, WriteKind::Merge, &[KEY, TIME, FIELD], &rows);
            fixture.write(written).await.unwrap();
            fixture.storage.flush().await.unwrap();
            let change = |table: &Table, at| {
                let mut table = table.clone();
                table.schema_version += 1;
                let column = table.columns.iter_mut().find(|c| c.id == FIELD).unwrap();
                let from = std::mem::replace(&mut column.data_type, to);
                column.type_changes.push(TypeChange { at, from, conversion: TypeConversion::Plain });
                Ok((table, Vec::new()))
            };
            fixture.storage.change_table(METERS, change).await.unwrap();
            if compactions >> n & 1 == 1 {
                let count = segments(&fixture, METERS);
                merge(&fixture, METERS, 0..count).await;
            }
        }
        let fixture = fixture.crash(0);
        answers.push(fixture.rows(METERS));
    }
    assert_eq!(answers[0].len(), 5);
    let values: Vec<&Value> = answers[0].iter().map(|row| &row[4]).collect();
    assert_eq!(values, [&int(0), &Value::Null, &int(2), &Value::Null, &Value::Null]);
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn flushes_and_drops_beside_it_are_kept() {
    let fixture = overlapping().await;
    // A flush while it works: its segment and its deletion are there afterwards.
    let (beside, handle) = (fixture.clone(), tokio::runtime::Handle::current());
    let step = move || {
        handle.block_on(async {
            delete(&beside, METERS, KeySelection::All, TimeBounds { first: 10, last: 10 }).await;
            flush_loads(&beside, WriteKind::Replace, &[("late", 5, 5)]).await;
        });
        Ok(())
    };
    let all = |memory: &MemoryView| {
        let first = memory.segments[0].entry.partition;
        memory.segments.iter().filter(|s| s.entry.partition == first).cloned().collect()
    };
    assert_eq!(merge_with(&fixture, METERS, all, step).await.unwrap().unwrap(), Done::Merged);
    let rows = fixture.rows(METERS);
    assert!(rows.iter().any(|row| row[1] == text("late")));
    assert!(rows.iter().all(|row| row[0] != at(10)));
    assert_no_orphans(&fixture, METERS);
    let fixture = fixture.crash(0);
    assert_eq!(fixture.rows(METERS), rows);

    // The same merge by two at once: the second finds its inputs gone.
    let (beside, handle) = (fixture.clone(), tokio::runtime::Handle::current());
    let step = move || {
        handle.block_on(merge(&beside, SITES, 0..2));
        Ok(())
    };
    let two = |memory: &MemoryView| memory.segments[..2].to_vec();
    assert_eq!(merge_with(&fixture, SITES, two, step).await.unwrap().unwrap(), Done::Superseded);
    assert_no_orphans(&fixture, SITES);

    // The table goes meanwhile.
    let (beside, handle) = (fixture.clone(), tokio::runtime::Handle::current());
    let step = move || {
        handle.block_on(async {
            let version = beside.catalog.snapshot().version;
            beside.storage.change_schema(version, vec![Change::DropTable(METERS)]).await.unwrap();
            beside.storage.forget_table(METERS).await.unwrap();
        });
        Ok(())
    };
    assert_eq!(merge_with(&fixture, METERS, all, step).await.unwrap().unwrap(), Done::Superseded);
    fixture.storage.flush().await.unwrap();
    assert_no_orphans(&fixture, METERS);
    // Work that is given up leaves nothing.
    let stopped = merge_with(&fixture, SITES, two, || Err(crate::background::ended())).await.unwrap();
    assert!(stopped.is_err());
    assert_no_orphans(&fixture, SITES);
}

#[tokio::test(flavor = "multi_thread")]
async fn views_keep_their_files_and_described_scans_say_what_is_gone() {
    let fixture = overlapping().await;
    let view = fixture.storage.view(METERS).unwrap();
    let columns: Vec<ColumnId> = view.table().columns.iter().map(|c| c.id).collect();
    let description = view.describe(&columns, TimeBounds::ALL, &ScanKeys::All).unwrap();
    let request =
        || ScanRequest { columns: columns.clone(), time: TimeBounds::ALL, keys: ScanKeys::All, batch_rows: 1 };
    let mut scan = fixture.storage.view(METERS).unwrap().scan(request()).unwrap();
    scan.next().unwrap().unwrap();
    let expected = rows_of(&view);
    merge(&fixture, METERS, 0..6).await;
    delete(&fixture, METERS, KeySelection::All, TimeBounds::ALL).await;
    fixture.storage.flush().await.unwrap();
    fixture.storage.compact().await.unwrap();
    assert!(fixture.rows(METERS).is_empty());
    assert_eq!(rows_of(&view), expected);
    let opened = fixture.storage.open_scan(&description).unwrap().view;
    assert_eq!(rows_of(&opened), expected);
    assert_eq!(scan.map(|batch| batch.unwrap().num_rows()).sum::<usize>(), expected.len() - 1, "it goes on");
    drop((view, opened));
    let error = fixture.storage.open_scan(&description).unwrap_err();
    assert!(error.to_string().contains("is gone"), "{error}");
    assert_no_orphans(&fixture, METERS);
}

#[tokio::test(flavor = "multi_thread")]
async fn partitions_of_another_length_are_not_stepped_over() {
    let fixture = Fixture::with(vec![series_table(1)]).await;
    let lengths = [1_000, 500, 1_000];
    for (n, length) in (0_i64..).zip(lengths) {
        let resize = |table: &Table, _| {
            let version = table.schema_version + 1;
            Ok((Table { partition_seconds: Some(length), schema_version: version, ..table.clone() }, Vec::new()))
        };
        fixture.storage.change_table(METERS, resize).await.unwrap();
        flush_loads(&fixture, WriteKind::Replace, &[("a", 7, n)]).await;
    }
    let outer =
        |memory: &MemoryView| memory.segments.iter().filter(|s| s.entry.partition_seconds == 1_000).cloned().collect();
    assert!(merge_with(&fixture, METERS, outer, || Ok(())).await.is_none(), "the one between holds the same row");
    fixture.storage.compact().await.unwrap();
    assert_eq!(fixture.rows(METERS)[0][4], int(2));
}

/// Every operation on the disk, from the first of a compaction to the last, is where the power
/// ends once: what was there before is there after, and no file is left that nobody names.
#[tokio::test(flavor = "multi_thread")]
async fn whatever_operation_is_the_last_nothing_changes() {
    let fixture = overlapping().await;
    let disk = fixture.disk.crash(u64::MAX);
    drop(fixture);
    let mut points = 0;
    for table in [METERS, SITES] {
        for point in 0.. {
            let disk = disk.crash(u64::MAX);
            let fixture = Fixture::open(&disk, options()).unwrap();
            let before = (fixture.rows(METERS), fixture.rows(SITES));
            disk.fail_at(disk.operations() + point);
            let all = |memory: &MemoryView| {
                let first = memory.segments[0].entry.partition;
                memory.segments.iter().filter(|s| s.entry.partition == first).cloned().collect()
            };
            let done = merge_with(&fixture, table, all, || Ok(())).await.unwrap();
            let is_over = done.is_ok() && disk.create(Path::new("probe")).is_ok();
            for seed in [0, u64::MAX, 1 + point] {
                let after = Fixture::open(&disk.crash(seed), options()).unwrap();
                assert_eq!((after.rows(METERS), after.rows(SITES)), before, "{table}: {point}, seed {seed}");
                assert_no_orphans(&after, METERS);
                assert_no_orphans(&after, SITES);
            }
            points += 1;
            drop(fixture);
            if is_over {
                break;
            }
        }
    }
    println!("{points} crash points");
    assert!(points > 40, "{points}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_scan_costs_does_not_grow_with_flushes() {
    let background = CompactionOptions { cpu_percent: 100, ..CompactionOptions::default() };
    let fixture =
        Fixture::open(&ForgetfulFiles::new(), StorageOptions { compaction: background, ..options() }).unwrap();
    fixture.create(vec![series_table(1)]).await.unwrap();
    for n in 0..100 {
        flush_loads(&fixture, WriteKind::Replace, &[("a", n, n), ("b", n, n)]).await;
    }
    let deadline = std::time::Instant::now() + Duration::from_secs(20);
    while segments(&fixture, METERS) > 16 {
        assert!(std::time::Instant::now() < deadline, "{} segments", segments(&fixture, METERS));
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    fixture.storage.compact().await.unwrap();
    let view = fixture.storage.view(METERS).unwrap();
    let request =
        ScanRequest { columns: vec![TIME, FIELD], time: TimeBounds::ALL, keys: ScanKeys::All, batch_rows: 1_000 };
    let mut scan = view.scan(request).unwrap();
    assert_eq!(scan.by_ref().map(|batch| batch.unwrap().num_rows()).sum::<usize>(), 200);
    let metrics = scan.metrics();
    assert!(metrics.segments_read <= 16, "{metrics:?}");
    assert_eq!(metrics.rows_merged, 0, "rows in order meet nothing");
    drop((scan, view));
    assert_no_orphans(&fixture, METERS);
    let rows = fixture.rows(METERS);
    assert_eq!(fixture.crash(0).rows(METERS), rows);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_rows_that_overlap_are_merged() {
    let fixture = Fixture::with(vec![series_table(1)]).await;
    let rows: Vec<(&str, i64, i64)> = (0..100).map(|n| ("a", n, n)).collect();
    flush_loads(&fixture, WriteKind::Replace, &rows).await;
    flush_loads(&fixture, WriteKind::Replace, &[("a", 40, -1), ("a", 41, -2), ("b", 0, 0)]).await;
    let merged = |fixture: &Fixture| {
        let request =
            ScanRequest { columns: vec![FIELD], time: TimeBounds::ALL, keys: ScanKeys::All, batch_rows: 1_000 };
        let mut scan = fixture.storage.view(METERS).unwrap().scan(request).unwrap();
        assert_eq!(scan.by_ref().map(|batch| batch.unwrap().num_rows()).sum::<usize>(), 101);
        scan.metrics().rows_merged
    };
    // Two rows of two versions each; what only lies between them is not counted.
    assert_eq!(merged(&fixture), 4);
    merge(&fixture, METERS, 0..2).await;
    assert_eq!(merged(&fixture), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_segment_stops_no_other_table_and_no_writer() {
    let fixture = Fixture::with(vec![keyed_table(2), keyed_table(3)]).await;
    for n in 0..8 {
        for id in [2, 3] {
            fixture.write(sites(&keyed_table(id), WriteKind::Replace, &[(n, n)])).await.unwrap();
        }
        fixture.storage.flush().await.unwrap();
    }
    let damaged = manifest(&fixture, SITES).segments[3].path.clone();
    let fixture = fixture.crash(0);
    fixture.disk.flip_bit(Path::new(&damaged), 70).unwrap();
    let error = fixture.storage.compact().await.unwrap_err();
    assert!(matches!(&*error.kind, ErrorKind::Corrupt { file, .. } if *file == damaged), "{error}");
    assert_eq!((segments(&fixture, SITES), segments(&fixture, TableId(3))), (8, 1));
    flush_sites(&fixture, WriteKind::Replace, &[(100, 1)]).await;
    assert!(fixture.storage.compact().await.is_err(), "asked again, it says so again");
}

/// Rows of an in-order load are rewritten no more often than the tiers of their partition allow,
/// and once more when it closes.
#[tokio::test(flavor = "multi_thread")]
async fn an_in_order_load_is_rewritten_no_more_often_than_the_bound_says() {
    const FLUSHES: i64 = 28;
    const ROWS: i64 = 20;
    let fixture = Fixture::with(vec![series_table(1)]).await;
    let mut known = std::collections::HashSet::new();
    let (mut flushed, mut rewritten) = (0, 0);
    for partition in 0..4 {
        for flush in 0..FLUSHES {
            let first = partition * PARTITION + flush * ROWS;
            let rows: Vec<(&str, i64, i64)> = (first..first + ROWS).map(|time| ("a", time, time)).collect();
            flush_loads(&fixture, WriteKind::Replace, &rows).await;
            let mut of_new = |fixture: &Fixture| -> u64 {
                let now = manifest(fixture, METERS);
                now.segments.iter().filter(|s| known.insert(s.id)).map(|s| s.rows).sum()
            };
            flushed += of_new(&fixture);
            fixture.storage.compact().await.unwrap();
            rewritten += of_new(&fixture);
        }
    }
    assert_eq!(flushed, u64::try_from(4 * FLUSHES * ROWS).unwrap());
    // Once into a greater tier while a partition is open, once when it closes.
    assert!(rewritten <= 2 * flushed && rewritten > flushed, "{rewritten} of {flushed}");
    let places: Vec<i64> = manifest(&fixture, METERS).segments.iter().map(|s| s.partition).collect();
    assert_eq!(places[..3], [0, 1_000, 2_000], "closed ones are one segment each");
    assert!(places.len() <= 3 + 14, "{places:?}");
    let rows = fixture.rows(METERS);
    assert_eq!(rows.len() as u64, flushed);
    assert_eq!(fixture.crash(0).rows(METERS), rows);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_ends_gives_its_merges_up() {
    let busy = CompactionOptions { cpu_percent: 1, ..CompactionOptions::default() };
    let disk = ForgetfulFiles::new();
    let fixture = Fixture::open(&disk, StorageOptions { compaction: busy, ..options() }).unwrap();
    fixture.create(vec![keyed_table(2)]).await.unwrap();
    for n in 0..20 {
        flush_sites(&fixture, WriteKind::Replace, &[(n, n)]).await;
    }
    let begun = std::time::Instant::now();
    fixture.storage.close().await.unwrap();
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    assert_eq!(*fixture.storage.compact().await.unwrap_err().kind, ErrorKind::ShuttingDown {});
    assert_eq!(fixture.rows(SITES).len(), 20, "what was merged or was not can be read");
    let after = Fixture::open(&disk.crash(0), options()).unwrap();
    assert_eq!(after.rows(SITES).len(), 20);
    assert_no_orphans(&after, SITES);
}

/// Segments of one partition keep their order also where their times are apart, so that they can
/// be merged later.
#[tokio::test(flavor = "multi_thread")]
async fn one_that_is_rewritten_alone_does_not_claim_the_numbers_of_its_neighbours() {
    let fixture = Fixture::with(vec![series_table(1)]).await;
    for (time, load) in [(1, 1), (500, 2), (900, 3)] {
        flush_loads(&fixture, WriteKind::Replace, &[("a", time, load)]).await;
    }
    let before = fixture.rows(METERS);
    for position in [0, 1, 2] {
        merge(&fixture, METERS, position..position + 1).await;
        let segments = manifest(&fixture, METERS).segments.clone();
        assert!(segments.array_windows::<2>().all(|[a, b]| a.sequences.1 < b.sequences.0), "{segments:?}");
    }
    assert!(
        merge_with(&fixture, METERS, |m| vec![m.segments[0].clone(), m.segments[2].clone()], || Ok(())).await.is_none()
    );
    assert!(
        merge_with(&fixture, METERS, |m| vec![m.segments[1].clone(), m.segments[0].clone()], || Ok(())).await.is_none()
    );
    merge(&fixture, METERS, 0..3).await;
    assert_eq!(fixture.rows(METERS), before);
}
