//! Trouble that passes: files that cannot be opened for a while, clocks that jump.

use super::fixture::*;
use crate::{Clock, ScanKeys, ScanRequest, StorageOptions};
use files::{Files, ForgetfulFiles};
use model::{ErrorKind, Result, Table, TableId, TimeBounds, WriteKind};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

const METERS: TableId = TableId(1);
const SITES: TableId = TableId(2);
/// What Unix says of too many open files, of missing rights, of a disk that cannot be read.
const TOO_MANY_OPEN: i32 = 24;
const DENIED: i32 = 13;
const UNREADABLE: i32 = 5;
const YEAR_MICROS: u64 = 365 * 24 * 3_600 * 1_000_000;

fn read(fixture: &Fixture) -> Result<usize> {
    let view = fixture.storage.view(SITES)?;
    let request = ScanRequest { columns: vec![KEY, FIELD], time: TimeBounds::ALL, keys: ScanKeys::All, batch_rows: 7 };
    let batches = view.scan(request)?.collect::<Result<Vec<_>>>()?;
    Ok(batches.iter().map(|batch| batch.num_rows()).sum())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_segment_that_cannot_be_opened_fails_the_query_by_name_and_nothing_else() {
    for (code, busy) in [(TOO_MANY_OPEN, true), (DENIED, false), (UNREADABLE, false)] {
        let fixture = Fixture::with(vec![keyed_table(2)]).await;
        fixture.write(sites(&keyed_table(2), WriteKind::Replace, &[(1, 1), (2, 2)])).await.unwrap();
        fixture.storage.flush().await.unwrap();
        let fixture = fixture.crash(0);
        fixture.disk.refuse(Some(("segments/2/", code)));
        let error = read(&fixture).unwrap_err();
        assert!(error.to_string().contains("segments/2/"), "{error}");
        assert_eq!(matches!(*error.kind, ErrorKind::Overloaded { .. }), busy, "{error}");
        // Writes go on, and wait for room.
        fixture.write(sites(&keyed_table(2), WriteKind::Replace, &[(3, 3)])).await.unwrap();
        assert!(fixture.storage.flush().await.is_err());
        fixture.disk.refuse(None);
        assert_eq!(read(&fixture).unwrap(), 3);
        fixture.storage.flush().await.unwrap();
        assert_eq!(read(&fixture.crash(0)).unwrap(), 3);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_file_handles_the_log_goes_on_in_its_file() {
    let small = StorageOptions { log_file_bytes: 200, ..options() };
    let fixture = Fixture::open(&ForgetfulFiles::new(), small).unwrap();
    fixture.create(vec![keyed_table(2)]).await.unwrap();
    fixture.write(sites(&keyed_table(2), WriteKind::Replace, &[(0, 0)])).await.unwrap();
    let number = |name: String| name.trim_end_matches(".log").parse::<u64>().unwrap();
    let newest = || fixture.disk.list(Path::new("log")).unwrap().into_iter().map(number).max().unwrap();
    let first = newest();
    fixture.disk.refuse(Some(("log/", TOO_MANY_OPEN)));
    for i in 1..60 {
        fixture.write(sites(&keyed_table(2), WriteKind::Replace, &[(i, i)])).await.unwrap();
    }
    let before = newest();
    assert!(before <= first + 1, "{before} after {first}");
    fixture.disk.refuse(None);
    for i in 60..90 {
        fixture.write(sites(&keyed_table(2), WriteKind::Replace, &[(i, i)])).await.unwrap();
    }
    // Older ones may have gone: so many ask for a flush.
    assert!(newest() > before, "it begins files again");
    assert_eq!(read(&fixture.crash(0)).unwrap(), 90);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_or_series_file_that_cannot_be_read_refuses_the_start_by_name() {
    let fixture = Fixture::with(vec![series_table(1)]).await;
    fixture.write(loads(&series_table(1), WriteKind::Replace, &[("a", 1, 1)])).await.unwrap();
    fixture.storage.flush().await.unwrap();
    fixture.write(loads(&series_table(1), WriteKind::Replace, &[("a", 2, 1)])).await.unwrap();
    let disk = fixture.disk.crash(0);
    for (part, code) in [("log/", DENIED), (".series", UNREADABLE), ("catalog.redb", DENIED)] {
        let disk = disk.crash(0);
        disk.refuse(Some((part, code)));
        let error = Fixture::open(&disk, options()).unwrap_err();
        assert!(error.to_string().contains(part), "{part}: {error}");
        disk.refuse(None);
        assert_eq!(Fixture::open(&disk, options()).unwrap().rows(METERS).len(), 2);
    }
}

#[derive(Debug)]
struct SetClock(AtomicU64);

impl Clock for SetClock {
    fn now_micros(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Ten years ahead and back, and twenty years behind.
#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_jumps_disorders_nothing_and_deletes_nothing() {
    let start = 55 * YEAR_MICROS;
    let clock = Arc::new(SetClock(AtomicU64::new(start)));
    let with_clock = || StorageOptions { clock: clock.clone(), ..options() };
    let fixture = Fixture::open(&ForgetfulFiles::new(), with_clock()).unwrap();
    let table = Table { retention_seconds: Some(24 * 3_600), ..series_table(1) };
    fixture.create(vec![table.clone()]).await.unwrap();
    let now_millis = i64::try_from(start / 1_000).unwrap();
    let mut disk = fixture.disk.clone();
    let mut fixture = Some(fixture);
    let mut last = model::Sequence::ZERO;
    let mut rows = 0;
    for jump in [0, 10 * YEAR_MICROS as i64, 0, -20 * YEAR_MICROS as i64, 0] {
        clock.0.store(start.saturating_add_signed(jump), Ordering::Relaxed);
        for restart in [false, true] {
            let store = match fixture.take().filter(|_| !restart) {
                Some(store) => store,
                None => {
                    disk = disk.crash(0);
                    Fixture::open(&disk, with_clock()).unwrap()
                }
            };
            store.write(loads(&table, WriteKind::Replace, &[("a", now_millis + rows, rows)])).await.unwrap();
            rows += 1;
            let number = sequence(&store, METERS);
            assert!(number > last, "{number} after {last}, jump {jump}");
            last = number;
            store.storage.flush().await.unwrap();
            // Ahead, rows have expired and are hidden; none is gone.
            let seen = store.rows(METERS).len();
            assert_eq!(seen, if jump > 0 { 0 } else { usize::try_from(rows).unwrap() }, "jump {jump}");
            let kept: u64 = store.catalog.snapshot().manifest(METERS).segments.iter().map(|entry| entry.rows).sum();
            assert_eq!(kept, u64::try_from(rows).unwrap());
            fixture = Some(store);
        }
    }
}
