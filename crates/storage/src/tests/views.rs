//! Views that are taken while many writers write, and chunks are merged and flushed under them.

use super::fixture::*;
use crate::{ScanKeys, StorageOptions};
use files::ForgetfulFiles;
use model::{Sequence, TableId, TimeBounds, WriteKind, WritePart, WriteRequest};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

const SITES: TableId = TableId(2);
const WRITERS: i64 = 64;
const READERS: usize = 2;
const FOR: Duration = Duration::from_millis(2_500);

/// Each view shows what was written up to its number, and nothing else: every write adds one row,
/// so that the rows of a view are the writes up to there.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_view_holds_its_number_while_chunks_are_merged_and_flushed() {
    let options = StorageOptions { log_file_bytes: 1 << 30, ..options() };
    let fixture = Fixture::open(&ForgetfulFiles::new(), options).unwrap();
    fixture.create(vec![keyed_table(2)]).await.unwrap();
    let ends = Arc::new(AtomicBool::new(false));
    let readers = (0..READERS).map(|_| {
        let (storage, ends) = (fixture.storage.clone(), ends.clone());
        std::thread::spawn(move || {
            let mut seen: Vec<(Sequence, u64)> = Vec::new();
            while !ends.load(Ordering::Relaxed) {
                let view = storage.view(SITES).unwrap();
                seen.push((view.sequence(), view.rows_at_most()));
                if seen.len().is_multiple_of(5_000) {
                    let rows = scan(&view, &[KEY], ScanKeys::All, TimeBounds::ALL).len();
                    assert_eq!(rows as u64, view.rows_at_most());
                }
            }
            seen
        })
    });
    let readers: Vec<_> = readers.collect();
    let writers = (0..WRITERS).map(|writer| {
        let (storage, ends) = (fixture.storage.clone(), ends.clone());
        tokio::spawn(async move {
            let (table, mut numbers) = (keyed_table(2), Vec::new());
            for n in 0.. {
                let rows = WritePart::Rows(sites(&table, WriteKind::Replace, &[(n * WRITERS + writer, n)]));
                let (_, number) = storage.write_numbered(WriteRequest { parts: vec![rows] }).await.unwrap();
                numbers.push(number.unwrap());
                if ends.load(Ordering::Relaxed) {
                    break;
                }
            }
            numbers
        })
    });
    let writers: Vec<_> = writers.collect();
    tokio::time::sleep(FOR).await;
    fixture.storage.flush().await.unwrap();
    ends.store(true, Ordering::Relaxed);
    let mut numbers = Vec::new();
    for writer in writers {
        numbers.extend(writer.await.unwrap());
    }
    numbers.sort_unstable();
    let seen: Vec<(Sequence, u64)> = readers.into_iter().flat_map(|reader| reader.join().unwrap()).collect();
    assert!(numbers.len() > 500 && seen.len() > 500, "{} writes, {} views", numbers.len(), seen.len());
    for (sequence, rows) in seen {
        let expected = numbers.partition_point(|number| *number <= sequence) as u64;
        assert_eq!(rows, expected, "a view at {sequence}");
    }
}
