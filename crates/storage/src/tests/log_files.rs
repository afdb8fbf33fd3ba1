//! Which log files must be there: one that is missing is refused by name, and no crash between
//! two steps of beginning or trimming a file is taken for a missing one.

use super::fixture::*;
use crate::StorageOptions;
use crate::log::Header;
use catalog::{CatalogStore, LogFiles, RedbCatalog};
use files::{Files, ForgetfulFiles};
use model::{Error, ErrorKind, Sequence, TableId, WriteKind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

const METERS: TableId = TableId(1);
const SITES: TableId = TableId(2);

/// A file for each record.
fn small() -> StorageOptions {
    StorageOptions { log_file_bytes: 1, ..options() }
}

pub(super) fn path(number: u64) -> PathBuf {
    PathBuf::from(format!("log/{number:012}.log"))
}

/// The same disk once more, to be damaged.
fn copy(disk: &ForgetfulFiles) -> ForgetfulFiles {
    disk.crash(u64::MAX)
}

/// What the catalogue on a disk says of the log.
pub(super) fn required(disk: &ForgetfulFiles) -> Option<LogFiles> {
    RedbCatalog::open(Arc::new(copy(disk))).unwrap().snapshot().log_files()
}

/// Whether a store without one of its log files is refused with the file's name and advice.
pub(super) fn is_refused_without(disk: &ForgetfulFiles, number: u64) -> Result<(), String> {
    let disk = copy(disk);
    disk.remove(&path(number)).unwrap();
    let named = |error: &Error| {
        let file = matches!(&*error.kind, ErrorKind::Corrupt { file, .. } if Path::new(file) == path(number));
        file && error.to_string().contains("it is missing") && error.to_string().contains("backup")
    };
    match Fixture::open(&disk, options()) {
        Err(error) if named(&error) => Ok(()),
        Err(error) => Err(format!("without log file {number}: {error}")),
        Ok(_) => Err(format!("nobody missed log file {number}")),
    }
}

/// A log of as many finished files as do not ask for a flush, and one without records.
async fn five_files() -> ForgetfulFiles {
    let fixture = Fixture::open(&ForgetfulFiles::new(), small()).unwrap();
    fixture.create(vec![keyed_table(2)]).await.unwrap();
    for i in 0..4 {
        fixture.write(sites(&keyed_table(2), WriteKind::Replace, &[(i, i)])).await.unwrap();
    }
    fixture.storage.close().await.unwrap();
    fixture.disk.crash(0)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_log_file_is_refused_by_name_wherever_it_stood() {
    let disk = five_files().await;
    let LogFiles { first, last } = required(&disk).unwrap();
    assert!(first == 1 && last == 5, "{first} to {last}");
    for number in first..=last {
        is_refused_without(&disk, number).unwrap();
    }
    // All of them, the directory too.
    let empty = copy(&disk);
    (first..=last).for_each(|number| empty.remove(&path(number)).unwrap());
    let error = Fixture::open(&empty, options()).unwrap_err();
    assert!(error.to_string().starts_with("log/000000000001.log is damaged: it is missing"), "{error}");
    // An emptied file is no file that was only begun.
    for length in [0, 31] {
        let emptied = copy(&disk);
        emptied.open(&path(last)).unwrap().set_len(length).unwrap();
        let error = Fixture::open(&emptied, options()).unwrap_err();
        assert!(matches!(&*error.kind, ErrorKind::Corrupt { file, .. } if Path::new(file) == path(last)), "{error}");
    }
    assert_eq!(Fixture::open(&disk, options()).unwrap().rows(SITES).len(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_catalogue_that_is_older_than_the_log_is_refused() {
    let disk = five_files().await;
    let old = copy(&disk);
    let fixture = Fixture::open(&disk, small()).unwrap();
    for i in 4..8 {
        fixture.write(sites(&keyed_table(2), WriteKind::Replace, &[(i, i)])).await.unwrap();
    }
    fixture.storage.close().await.unwrap();
    let disk = fixture.disk.crash(0);
    drop(fixture);
    let (from, to) = (old.open(Path::new("catalog.redb")).unwrap(), disk.open(Path::new("catalog.redb")).unwrap());
    let mut bytes = vec![0; usize::try_from(from.len().unwrap()).unwrap()];
    from.read_at(0, &mut bytes).unwrap();
    to.set_len(0).unwrap();
    to.write_at(0, &bytes).unwrap();
    let error = Fixture::open(&disk, options()).unwrap_err();
    assert!(error.to_string().starts_with("catalog.redb is damaged: it is older than the log"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flush_makes_the_log_shorter_and_old_files_that_stayed_do_not_count() {
    let disk = five_files().await;
    let before = copy(&disk);
    let fixture = Fixture::open(&disk, options()).unwrap();
    fixture.storage.flush().await.unwrap();
    let disk = fixture.disk.crash(0);
    drop(fixture);
    let LogFiles { first, last } = required(&disk).unwrap();
    assert_eq!(first, last, "only the current one is needed");
    // One that a crash left behind: its rows are in segments, and it goes.
    let (from, to) = (before.open(&path(1)).unwrap(), disk.create(&path(1)).unwrap());
    let mut bytes = vec![0; usize::try_from(from.len().unwrap()).unwrap()];
    from.read_at(0, &mut bytes).unwrap();
    to.write_at(0, &bytes).unwrap();
    let fixture = Fixture::open(&disk, options()).unwrap();
    assert_eq!(fixture.rows(SITES).len(), 4);
    assert!(!disk.exists(&path(1)).unwrap());
}

/// A few records to a file: the next one is begun aside while the one before goes on.
fn larger() -> StorageOptions {
    StorageOptions { log_file_bytes: 300, ..options() }
}

/// Writes, flushes, begins and trims files until the power ends; the rows acknowledged.
async fn run(disk: &ForgetfulFiles, options: StorageOptions) -> (i64, i64) {
    let (mut meters, mut keyed) = (0, 0);
    let Ok(fixture) = Fixture::open(disk, options) else { return (meters, keyed) };
    if fixture.create(vec![series_table(1), keyed_table(2)]).await.is_err() {
        return (meters, keyed);
    }
    for i in 0..6 {
        if fixture.write(loads(&series_table(1), WriteKind::Replace, &[("a", i, i)])).await.is_err() {
            break;
        }
        meters += 1;
        if fixture.write(sites(&keyed_table(2), WriteKind::Replace, &[(i, i)])).await.is_err() {
            break;
        }
        keyed += 1;
        if i % 3 == 1 && fixture.storage.flush().await.is_err() {
            break;
        }
    }
    (meters, keyed)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_cut_between_two_steps_opens_with_all_rows_and_misses_no_file() {
    let whole = ForgetfulFiles::new();
    assert_eq!(run(&whole, small()).await, (6, 6));
    for (point, options) in (0..whole.operations() + 5).flat_map(|point| [(point, small()), (point, larger())]) {
        let disk = ForgetfulFiles::new();
        disk.fail_at(point);
        let (meters, keyed) = run(&disk, options).await;
        for seed in [0, u64::MAX, point * 2 + 1, point * 2 + 2] {
            let place = format!("power cut at operation {point}, seed {seed}");
            let after = disk.crash(seed);
            if let Some(LogFiles { first, last }) =
                after.exists(Path::new("catalog.redb")).unwrap().then(|| required(&after)).flatten()
            {
                for number in [first, last] {
                    is_refused_without(&after, number).unwrap_or_else(|e| panic!("{place}: {e}"));
                }
            }
            // Power ends once more while it starts.
            after.fail_at(point % 40);
            drop(Fixture::open(&after, small()));
            let after = after.crash(seed);
            let fixture = Fixture::open(&after, small()).unwrap_or_else(|e| panic!("{place}: {e}"));
            if fixture.catalog.snapshot().table(SITES).is_none() {
                assert_eq!(keyed, 0, "{place}");
                continue;
            }
            let found = (fixture.rows(METERS).len(), fixture.rows(SITES).len());
            let at_least = (usize::try_from(meters).unwrap(), usize::try_from(keyed).unwrap());
            assert!(found.0 >= at_least.0 && found.1 >= at_least.1, "{place}: {found:?} of {at_least:?}");
        }
    }
}

/// The header of the last file, which has no record.
fn header_of(disk: &ForgetfulFiles, number: u64) -> [u8; 32] {
    let file = disk.open(&path(number)).unwrap();
    assert_eq!(file.len().unwrap(), 32);
    let mut header = [0; 32];
    file.read_at(0, &mut header).unwrap();
    header
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_was_begun_while_the_one_before_went_on_follows_it() {
    let disk = five_files().await;
    let LogFiles { last, .. } = required(&disk).unwrap();
    let right = header_of(&disk, last);
    let with_previous = |change: i64| {
        let header = Header::decode(&right).unwrap();
        Header { previous: Sequence(header.previous.0.strict_add_signed(change)), ..header }.encode()
    };
    let older = with_previous(-1);
    let mut torn = older;
    torn[20..24].copy_from_slice(&right[20..24]);
    assert_ne!(torn, right);
    for header in [older, torn] {
        let begun = copy(&disk);
        begun.open(&path(last)).unwrap().write_at(0, &header).unwrap();
        let fixture = Fixture::open(&begun, small()).unwrap();
        fixture.write(sites(&keyed_table(2), WriteKind::Replace, &[(4, 4)])).await.unwrap();
        assert_eq!(fixture.crash(0).rows(SITES).len(), 5);
    }
    // Not so where it is another file, or follows what is not there.
    let mut other = older;
    other[12] ^= 1;
    for header in [other, with_previous(1_000)] {
        let damaged = copy(&disk);
        damaged.open(&path(last)).unwrap().write_at(0, &header).unwrap();
        let error = Fixture::open(&damaged, options()).unwrap_err();
        assert!(matches!(&*error.kind, ErrorKind::Corrupt { file, .. } if Path::new(file) == path(last)), "{error}");
    }
}
