//! Footers of segments: read once, kept within their limit, gone with their segments.

use super::fixture::*;
use crate::{KeyRange, ScanKeys, ScanRequest, Storage, StorageOptions};
use files::ForgetfulFiles;
use model::{DataType, TableId, TimeBounds, WriteKind, encode_key};
use std::ops::Bound;
use std::time::{Duration, Instant};

const METERS: TableId = TableId(1);
const SITES: TableId = TableId(2);
/// Segments of the table of meters.
const SEGMENTS: u64 = 5;

/// Five flushes of ten rows of two series in one partition.
async fn filled(options: StorageOptions) -> Fixture {
    let fixture = Fixture::open(&ForgetfulFiles::new(), options).unwrap();
    fixture.create(vec![series_table(1), keyed_table(2)]).await.unwrap();
    for flush in 0..SEGMENTS as i64 {
        let rows: Vec<_> = (0..10).map(|row| (["a", "b"][row % 2], flush * 100 + row as i64, flush)).collect();
        fixture.write(loads(&series_table(1), WriteKind::Replace, &rows)).await.unwrap();
        fixture.storage.flush().await.unwrap();
    }
    fixture
}

#[tokio::test(flavor = "multi_thread")]
async fn a_footer_is_read_once() {
    let fixture = filled(options()).await;
    let before = fixture.storage.footers();
    for _ in 0..3 {
        assert_eq!(fixture.rows(METERS).len(), 50);
    }
    let after = fixture.storage.footers();
    // A flush of whole rows looks into none.
    assert_eq!((before.misses, before.hits, before.open), (0, 0, 0), "{before:?}");
    assert_eq!((after.misses, after.open as u64, after.evicted), (SEGMENTS, SEGMENTS, 0), "{before:?} {after:?}");
    assert_eq!(after.hits - before.hits, 3 * SEGMENTS - (after.misses - before.misses));
    assert!(after.used_bytes > 0 && after.used_bytes <= after.limit_bytes, "{after:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_kept_stays_within_its_limit() {
    let one = {
        let all = filled(options()).await;
        assert_eq!(all.rows(METERS).len(), 50);
        let all = all.storage.footers();
        all.used_bytes / SEGMENTS
    };
    // One that alone is too much is not held, so that it drives none away.
    for (limit, open) in [(0, 0), (one / 2, 0), (one * 5 / 2, 2)] {
        let fixture = filled(StorageOptions { footer_bytes: limit, ..options() }).await;
        for _ in 0..2 {
            assert_eq!(fixture.rows(METERS).len(), 50, "{limit}");
        }
        let used = fixture.storage.footers();
        assert_eq!(used.open, open, "{used:?}");
        assert!(
            used.used_bytes <= limit && used.misses == 2 * SEGMENTS && (used.evicted > 0) == (open > 0),
            "{used:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_is_too_large_drives_no_other_away() {
    let fixture = filled(options()).await;
    assert_eq!(fixture.rows(METERS).len(), 50);
    let small = fixture.storage.footers().used_bytes;
    let names: Vec<String> = (0..2_000).map(|meter| format!("meter {meter}")).collect();
    let rows: Vec<_> = names.iter().map(|name| (name.as_str(), 10_000, 1)).collect();
    fixture.write(loads(&series_table(1), WriteKind::Replace, &rows)).await.unwrap();
    fixture.storage.flush().await.unwrap();
    assert_eq!(fixture.rows(METERS).len(), 2_050);
    assert!(fixture.storage.footers().used_bytes > 2 * small);
    let Fixture { disk, catalog, storage } = fixture;
    drop((catalog, storage));
    let fixture = Fixture::open(&disk, StorageOptions { footer_bytes: small, ..options() }).unwrap();
    for round in 1..4 {
        assert_eq!(fixture.rows(METERS).len(), 2_050);
        let used = fixture.storage.footers();
        assert_eq!((used.open as u64, used.evicted, used.misses), (SEGMENTS, 0, SEGMENTS + round), "{used:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn how_great_values_are_is_asked_of_each_segment_once() {
    let fixture = filled(StorageOptions { footer_bytes: 0, ..options() }).await;
    for _ in 0..3 {
        assert!(fixture.storage.view(METERS).unwrap().sums_fit_floats(FIELD));
        assert_eq!(fixture.storage.footers().misses, SEGMENTS);
    }
    let large = [("a", 10_000, i64::MAX)];
    fixture.write(loads(&series_table(1), WriteKind::Replace, &large)).await.unwrap();
    fixture.storage.flush().await.unwrap();
    assert_eq!(fixture.rows(METERS).len(), 51);
    // Whatever it was opened for.
    let misses = fixture.storage.footers().misses;
    assert!(!fixture.storage.view(METERS).unwrap().sums_fit_floats(FIELD));
    assert_eq!(fixture.storage.footers().misses, misses);
}

/// Parts of rows, in order and not: a flush opens those segments alone whose rows it may meet.
#[tokio::test(flavor = "multi_thread")]
async fn a_flush_opens_what_its_rows_may_meet() {
    let fixture = Fixture::with(vec![series_table(1)]).await;
    // What is kept of last values needs no segment either.
    for flush in 0..10 {
        let rows: Vec<_> = (0..10).map(|row| ("a", flush * 10 + row, flush)).collect();
        fixture.write(loads(&series_table(1), WriteKind::Merge, &rows)).await.unwrap();
        fixture.storage.flush().await.unwrap();
        assert_eq!(fixture.storage.footers().misses, 0, "{flush}");
    }
    let segments = fixture.catalog.snapshot().manifest(METERS).segments.clone();
    assert!(segments.iter().all(|segment| segment.all_replace), "parts that meet nothing are whole");
    let late = [("a", 85, -1), ("a", 120, -1)];
    fixture.write(loads(&series_table(1), WriteKind::Merge, &late)).await.unwrap();
    fixture.storage.flush().await.unwrap();
    assert_eq!(fixture.storage.footers().misses, 2);
    assert!(!fixture.catalog.snapshot().manifest(METERS).segments[10].all_replace);
    assert_eq!(fixture.rows(METERS).len(), 101);
}

#[tokio::test(flavor = "multi_thread")]
async fn footers_go_with_their_segments() {
    let fixture = filled(options()).await;
    let view = fixture.storage.view(METERS).unwrap();
    assert_eq!(rows_of(&view).len(), 50);
    fixture.catalog.commit(None, vec![catalog::Change::DropTable(METERS)]).await.unwrap();
    fixture.storage.forget_table(METERS).await.unwrap();
    assert_eq!(rows_of(&view).len(), 50, "whoever reads it goes on");
    assert_eq!(fixture.storage.footers().open as u64, SEGMENTS);
    drop(view);
    // A thread in the background may look at the table for another moment.
    let mut used = fixture.storage.footers();
    let patience = Instant::now() + Duration::from_secs(10);
    while used.open > 0 && Instant::now() < patience {
        tokio::time::sleep(Duration::from_millis(1)).await;
        used = fixture.storage.footers();
    }
    assert_eq!((used.open, used.used_bytes), (0, 0), "{used:?}");
}

/// Segments that were ruled out by their filters, and rows found.
fn look_up(storage: &Storage, id: i64) -> (u64, usize) {
    let key = encode_key(&[(int(id), DataType::Int64)]).unwrap();
    let ranges = vec![KeyRange { first: Bound::Included(key.clone()), last: Bound::Included(key) }];
    let keys = ScanKeys::Ranges(ranges);
    let request = ScanRequest { columns: vec![FIELD], time: TimeBounds::ALL, keys, batch_rows: 10 };
    let mut scan = storage.view(SITES).unwrap().scan(request).unwrap();
    let rows = scan.by_ref().map(|batch| batch.unwrap().num_rows()).sum();
    (scan.metrics().segments_filtered, rows)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_look_up_by_key_passes_over_segments_without_it() {
    let fixture = Fixture::with(vec![series_table(1), keyed_table(2)]).await;
    let table = keyed_table(2);
    // Key ranges overlap, keys do not.
    for flush in 0..4 {
        let rows: Vec<_> = (0..50).map(|row| (row * 4 + flush, row)).collect();
        fixture.write(sites(&table, WriteKind::FailOnDuplicate, &rows)).await.unwrap();
        fixture.storage.flush().await.unwrap();
    }
    let (mut filtered, mut found) = (0, 0);
    for id in 8..100 {
        let (passed_over, rows) = look_up(&fixture.storage, id);
        filtered += passed_over;
        found += rows;
    }
    assert_eq!(found, 92);
    assert!(filtered > 92 * 3 * 9 / 10, "{filtered}");
    // The check for duplicates asks the same filters, and they never hide a key.
    for id in [8, 51, 102, 197] {
        let error = fixture.write(sites(&table, WriteKind::FailOnDuplicate, &[(id, 0)])).await.unwrap_err();
        assert_eq!(error.code(), model::Code::DuplicateKey, "{error}");
    }
    fixture.write(sites(&table, WriteKind::FailOnDuplicate, &[(1_000, 0)])).await.unwrap();
}
