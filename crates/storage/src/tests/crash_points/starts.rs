//! Starts on what a crash may have left: a torn tail, a file that was begun while the one before went
//! on, files that nothing names.

use super::Judged;
use super::cutter::Cutter;
use super::life::{Life, OTHER_SITES, small};
use super::state::Promises;
use crate::log::{HEADER_BYTES, Header, log_file_path};
use crate::tests::fixture::options;
use crate::tests::log_files::required;
use crate::{StorageOptions, WalSync};
use files::{Files, ForgetfulFiles};
use model::{Sequence, WriteKind};
use std::path::Path;

/// Each on what the one before left; the last disk, after a clean end.
pub(super) async fn start_again(
    cutter: &Cutter,
    (disk, promises): (ForgetfulFiles, Promises),
) -> Judged<(ForgetfulFiles, Promises)> {
    let life = Life::open(cutter, &disk.crash(u64::MAX), &promises, "write", options())?;
    life.sites(OTHER_SITES, WriteKind::Replace, &[(20, 20)]).await?;
    let disk = life.fixture.disk.crash(0);
    tear(&disk);
    drop(life);
    let life = Life::open(cutter, &disk.crash(u64::MAX), &promises, "start after a torn tail", small())?;
    life.sites(OTHER_SITES, WriteKind::Replace, &[(21, 21)]).await?;
    let disk = life.close().await?.0.crash(u64::MAX);

    name_an_older_record(&disk);
    let life = Life::open(cutter, &disk.crash(u64::MAX), &promises, "start after a begun file", small())?;
    life.sites(OTHER_SITES, WriteKind::Replace, &[(22, 22)]).await?;
    let disk = life.close().await?.0.crash(u64::MAX);

    leave_files(&disk);
    let life = Life::open(cutter, &disk.crash(u64::MAX), &promises, "start beside leftovers", small())?;
    life.sites(OTHER_SITES, WriteKind::Replace, &[(23, 23)]).await?;
    let disk = life.close().await?.0.crash(u64::MAX);
    sync_late(cutter, &disk, promises).await
}

/// Where the log is not synced for each request, a flush and the end of a store keep what they do not
/// write themselves.
async fn sync_late(cutter: &Cutter, disk: &ForgetfulFiles, promises: Promises) -> Judged<(ForgetfulFiles, Promises)> {
    let lax = StorageOptions { wal_sync: WalSync::Off, ..options() };
    let life = Life::open(cutter, disk, &promises, "sync late", lax)?;
    life.write_unsynced(24).await?;
    life.fixture.storage.flush().await.map_err(|error| format!("a flush: {error}"))?;
    promises.acknowledged();
    life.write_unsynced(25).await?;
    let (disk, promises) = life.close().await?;
    promises.acknowledged();
    let disk = disk.crash(0);
    let life = Life::open(cutter, &disk, &promises, "sync late", small())?;
    life.sites(OTHER_SITES, WriteKind::Replace, &[(26, 26)]).await?;
    life.sites(OTHER_SITES, WriteKind::Replace, &[(27, 27)]).await?;
    life.close().await
}

/// Half a record that nobody was answered for.
fn tear(disk: &ForgetfulFiles) {
    let file = disk.open(&log_file_path(required(disk).unwrap().last)).unwrap();
    let (mut half, end) = ([0; 30], file.len().unwrap());
    assert!(end > HEADER_BYTES as u64 + 30);
    file.read_at(HEADER_BYTES as u64, &mut half).unwrap();
    file.write_at(end, &half).unwrap();
}

/// The last file, which has no record, as it was begun before the newest record was there.
fn name_an_older_record(disk: &ForgetfulFiles) {
    let file = disk.open(&log_file_path(required(disk).unwrap().last)).unwrap();
    assert_eq!(file.len().unwrap(), HEADER_BYTES as u64);
    let mut bytes = [0; HEADER_BYTES];
    file.read_at(0, &mut bytes).unwrap();
    let header = Header::decode(&bytes).unwrap();
    file.write_at(0, &Header { previous: Sequence(header.previous.0 - 1), ..header }.encode()).unwrap();
}

/// Files of a flush, a compaction, a checkpoint and a trim that were not finished.
fn leave_files(disk: &ForgetfulFiles) {
    let first = required(disk).unwrap().first;
    let log = log_file_path(first - 1);
    let others = ["segments/1/000000099999.parquet", "segments/1/000000099999.parquet.runs", "segments/1/7.tmp"];
    let series = ["series/1-00000000000000000001.series", "series/1-5.tmp", "segments/1/series/series.parquet.tmp"];
    for path in others.iter().chain(&series).map(Path::new).chain([log.as_path()]) {
        disk.create(path).unwrap().write_at(0, b"x").unwrap();
    }
}
