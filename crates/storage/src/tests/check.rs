//! Damage: any flipped bit is found by a check, and by whoever reads it; a repair sets right what can
//! be, says what is lost, and leaves a store that opens and answers all else.

mod packs;

use super::fixture::*;
use super::watched::Watched;
use crate::{CheckReport, LoadLabel, Remedy, Repaired, ScanKeys, ScanRequest, StorageOptions};
use files::{Files, ForgetfulFiles};
use model::{
    AttributePolicy, ColumnId, ColumnRole, DatabaseId, ErrorKind, Result, TableId, TimeBounds, Value, WriteKind,
    WritePart, WriteRequest,
};
use packs::{blot_member, manifest};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

const METERS: TableId = TableId(1);
const SITES: TableId = TableId(2);

/// Two tables with rows in two partitions and in the log; closed, or after a power cut.
async fn store(closed: bool) -> ForgetfulFiles {
    store_with(closed, options()).await
}

async fn store_with(closed: bool, options: StorageOptions) -> ForgetfulFiles {
    let fixture = Fixture::open(&ForgetfulFiles::new(), options).unwrap();
    fixture.create(vec![series_table(1), keyed_table(2)]).await.unwrap();
    let (meters, table) = (series_table(1), keyed_table(2));
    for (time, kind) in [(1, WriteKind::Replace), (5_000_000, WriteKind::Merge)] {
        let rows: Vec<_> = ["a", "b", "c"]
            .iter()
            .flat_map(|m| {
                (0..20).map(|i| vec![Some(text(m)), Some(at(time + i)), Some(int(i * 7919)), Some(text("Ulm"))])
            })
            .collect();
        let mut batch = batch(&meters, kind, &[KEY, TIME, FIELD, ATTRIBUTE], &rows);
        batch.attributes = AttributePolicy::Set;
        fixture.write(batch).await.unwrap();
        fixture
            .write(sites(&table, WriteKind::Replace, &(0..20).map(|i| (i, i * time)).collect::<Vec<_>>()))
            .await
            .unwrap();
        fixture.storage.flush().await.unwrap();
    }
    fixture.write(loads(&meters, WriteKind::Replace, &[("a", 5_000_001, 1), ("new", 7, 2)])).await.unwrap();
    let mut moved = batch(&meters, WriteKind::Replace, &[KEY, ATTRIBUTE], &[vec![Some(text("b")), Some(text("Kiel"))]]);
    moved.attributes = AttributePolicy::Set;
    fixture.write(moved).await.unwrap();
    fixture.write(sites(&table, WriteKind::Replace, &[(3, 33), (99, 99)])).await.unwrap();
    if closed {
        fixture.storage.close().await.unwrap();
    }
    let disk = fixture.disk.clone();
    if closed {
        drop(fixture);
    }
    // A power cut may bring back what was removed; not here.
    for directory in ["log", "series", "packs", "segments", "segments/1", "segments/2"].map(Path::new) {
        if disk.exists(directory).unwrap() {
            disk.sync_directory(directory).unwrap();
        }
    }
    disk.crash(0)
}

/// The same with a load that was published, and one that is open.
async fn with_loads(disk: ForgetfulFiles, options: &StorageOptions) -> ForgetfulFiles {
    let fixture = Fixture::open(&disk, options.clone()).unwrap();
    let (meters, table) = (series_table(1), keyed_table(2));
    for name in ["published", "open"] {
        let label = LoadLabel { database: DatabaseId(1), name: name.into(), timeout: Duration::from_secs(3_600) };
        let load = fixture.storage.begin_load(Some(label)).await.unwrap();
        for block in
            [sites(&table, WriteKind::KeepFirst, &[(3, 1), (70, 7)]), loads(&meters, WriteKind::Merge, &[("z", 8, 8)])]
        {
            load.push(WriteRequest { parts: vec![WritePart::Rows(block)] }).await.unwrap();
        }
        if name == "published" {
            load.commit().await.unwrap();
        }
    }
    fixture.disk.crash(0)
}

pub(super) fn files_of(disk: &ForgetfulFiles) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut directories = vec![PathBuf::new()];
    while let Some(directory) = directories.pop() {
        for name in disk.list(&directory).unwrap() {
            let path = directory.join(name);
            if disk.open(&path).is_ok() {
                found.push(path);
            } else {
                directories.push(path);
            }
        }
    }
    found.sort();
    found
}

pub(super) fn bytes(disk: &ForgetfulFiles, path: &Path) -> Vec<u8> {
    let file = disk.open(path).unwrap();
    let mut bytes = vec![0; usize::try_from(file.len().unwrap()).unwrap()];
    file.read_at(0, &mut bytes).unwrap();
    bytes
}

fn all_bytes(disk: &ForgetfulFiles) -> Vec<(PathBuf, Vec<u8>)> {
    files_of(disk).into_iter().map(|path| (path.clone(), bytes(disk, &path))).collect()
}

/// Everything that a store answers.
pub(super) fn answers(disk: &ForgetfulFiles) -> Result<Vec<Vec<Value>>> {
    let fixture = Fixture::open(disk, options())?;
    let mut all = Vec::new();
    let tables: Vec<_> = fixture.catalog.snapshot().tables().cloned().collect();
    for table in tables {
        let view = fixture.storage.view(table.id)?;
        let columns: Vec<ColumnId> = view.table().columns.iter().map(|c| c.id).collect();
        let request = ScanRequest { columns, time: TimeBounds::ALL, keys: ScanKeys::All, batch_rows: 7 };
        view.scan(request)?.collect::<Result<Vec<_>>>()?;
        all.extend(rows_of(&view));
        if table.time_column().is_some() {
            all.extend(series_of(&view));
        }
    }
    Ok(all)
}

pub(super) fn check(disk: &ForgetfulFiles) -> CheckReport {
    let files: Arc<dyn Files> = Arc::new(disk.clone());
    crate::check(&files, &mut |_| {}).unwrap()
}

pub(super) fn repair(disk: &ForgetfulFiles, cut_log: bool) -> Repaired {
    let files: Arc<dyn Files> = Arc::new(disk.clone());
    crate::repair(&files, &check(disk), cut_log).unwrap()
}

/// What writes that keys must be new say of one that is there.
async fn take_again(disk: &ForgetfulFiles) -> model::Error {
    match Fixture::open(disk, options()) {
        Err(error) => error,
        Ok(fixture) => {
            let again = sites(&keyed_table(2), WriteKind::FailOnDuplicate, &[(5, 5)]);
            fixture.write(again).await.unwrap_err()
        }
    }
}

fn assert_names(error: &model::Error, path: &Path, place: &str) {
    let is_format = path == Path::new("FORMAT") && matches!(*error.kind, ErrorKind::FormatTooNew { .. });
    let named = matches!(&*error.kind, ErrorKind::Corrupt { file, .. } if lies_in(file, path));
    assert!(named || is_format, "{place}: {error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_check_finds_nothing_in_a_sound_store_and_changes_nothing() {
    for closed in [true, false] {
        let disk = store(closed).await;
        let (before, operations) = (all_bytes(&disk), disk.operations());
        let mut files = Vec::new();
        let tree: Arc<dyn Files> = Arc::new(disk.clone());
        let report = crate::check(&tree, &mut |step| {
            assert!(step.done <= step.total);
            files.push(step.file.to_owned());
        });
        let report = report.unwrap();
        assert!(report.is_sound() && report.leftovers.is_empty(), "{report:?}");
        assert_eq!(disk.operations(), operations);
        assert_eq!(all_bytes(&disk), before);
        assert!(files.len() >= 5, "{files:?}");
        let said: Vec<_> = report.tables.iter().map(|t| (t.name.as_str(), t.rows, t.segments, t.series)).collect();
        assert_eq!(said, [("plant.meters1", 120, 2, Some(3)), ("plant.sites2", 40, 2, None)]);
        assert!(report.log_records >= 3, "{report:?}");
        assert!(repair(&disk, true).done.is_empty());
    }
    let empty: Arc<dyn Files> = Arc::new(ForgetfulFiles::new());
    assert!(crate::check(&empty, &mut |_| {}).unwrap_err().to_string().contains("no store"));
}

fn packed() -> StorageOptions {
    StorageOptions { pack_bytes: 1 << 20, ..options() }
}

#[tokio::test(flavor = "multi_thread")]
async fn any_flipped_bit_is_found_and_never_makes_a_wrong_answer() {
    let kinds = ["FORMAT", ".redb", ".log", ".series", ".parquet", ".runs", "series.parquet"];
    flip_bits(&options(), &kinds).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn any_flipped_bit_in_packs_is_found_and_never_makes_a_wrong_answer() {
    flip_bits(&packed(), &["FORMAT", ".redb", ".log", ".pack"]).await;
}

/// Whether a file, or a member of a pack, lies in a file.
fn lies_in(file: &str, path: &Path) -> bool {
    Path::new(file) == path || files::pack_of(file).is_some_and(|pack| Path::new(pack) == path)
}

/// Every kind of file, every byte of its head and end, and a sample of all between.
async fn flip_bits(options: &StorageOptions, kinds: &[&str]) {
    const EDGE: usize = 48;
    let mut found = 0;
    for closed in [true, false] {
        let disk = store_with(closed, options.clone()).await;
        let disk = if closed { disk } else { with_loads(disk, options).await };
        let expected = answers(&disk.crash(0)).unwrap();
        let catalogue = Path::new("catalog.redb");
        let files = files_of(&disk);
        kinds.iter().for_each(|kind| {
            assert!(files.iter().any(|f| f.to_string_lossy().ends_with(kind)), "{kind}: {files:?}");
        });
        for path in files {
            let length = bytes(&disk, &path).len();
            let step = if path == catalogue { length / 60 } else { 41 };
            // Other bytes and bits each time.
            let shift = if closed { 0 } else { 17 };
            let inside = (EDGE + shift..length.saturating_sub(EDGE)).step_by(step);
            let places = (0..length.min(EDGE)).chain(inside).chain(length.saturating_sub(EDGE).max(EDGE)..length);
            let bits = places.flat_map(|byte| {
                let one = (byte + shift) % 8;
                let bits = if length <= EDGE { 0..8 } else { one..one + 1 };
                bits.map(move |bit| (byte, bit))
            });
            for (byte, bit) in bits {
                let place = format!("{} byte {byte} bit {bit}, closed: {closed}", path.display());
                let damaged = disk.crash(0);
                damaged.flip_bit(&path, (byte * 8 + bit) as u64).unwrap();
                let report = check(&damaged);
                let names = report.faults.iter().any(|fault| lies_in(&fault.file, &path));
                assert!(names || path == catalogue, "{place}: {report:?}");
                assert!(names || report.is_sound(), "{place}: {report:?}");
                found += usize::from(names);
                match answers(&damaged.crash(0)) {
                    Ok(answer) => assert!(answer == expected, "{place}: a wrong answer"),
                    Err(error) => assert_names(&error, &path, &place),
                }
                // So does whoever looks a key up before it is written.
                if path.starts_with("segments/2") && byte % 4 == 0 {
                    let taken = take_again(&damaged.crash(0)).await;
                    let is_told = matches!(*taken.kind, ErrorKind::DuplicateKey { .. });
                    if !is_told {
                        assert_names(&taken, &path, &place);
                    }
                }
                // One bit alone: nothing is lost but for a catalogue.
                if names && path != catalogue && byte % 5 == 0 {
                    let repaired = repair(&damaged, false);
                    assert!(repaired.affected.is_empty() && repaired.left.is_empty(), "{place}: {repaired:?}");
                    let report = check(&damaged);
                    assert!(report.is_sound() && report.leftovers.is_empty(), "{place}: {repaired:?} {report:?}");
                    let answer = answers(&damaged).unwrap_or_else(|error| panic!("{place}: {error}"));
                    assert!(answer == expected, "{place}: {repaired:?}");
                }
            }
        }
    }
    assert!(found > 500, "{found}");
}

/// The same disk once more; what was done to it by hand lasts.
fn copy(disk: &ForgetfulFiles) -> ForgetfulFiles {
    disk.crash(u64::MAX)
}

/// Damages part of a file beyond one bit.
pub(super) fn blot(disk: &ForgetfulFiles, path: &Path, at: u64) {
    disk.open(path).unwrap().write_at(at, &[0xEE; 40]).unwrap();
}

pub(super) fn first(disk: &ForgetfulFiles, directory: &str, end: &str) -> PathBuf {
    let names = disk.list(Path::new(directory)).unwrap();
    Path::new(directory).join(names.iter().find(|name| name.ends_with(end)).unwrap())
}

fn meters_between(disk: &ForgetfulFiles, first: i64, last: i64) -> usize {
    let fixture = Fixture::open(disk, options()).unwrap();
    let view = fixture.storage.view(METERS).unwrap();
    scan(&view, &[TIME], ScanKeys::All, TimeBounds { first, last }).len()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_segment_is_told_by_its_rows_and_the_rest_is_answered() {
    for missing in [true, false] {
        let disk = store(true).await;
        let path = first(&disk, "segments/1", ".parquet");
        if missing {
            disk.remove(&path).unwrap()
        } else {
            blot(&disk, &path, 200)
        }
        let report = check(&disk);
        let [fault] = &report.faults[..] else { panic!("{report:?}") };
        let said = fault.affected[0].to_string();
        for part in
            ["60 rows of plant.meters1", "meter=a,phase=", "to meter=c,phase=", "1970-01-01T00:00:00.001", "020"]
        {
            assert!(said.contains(part), "{part}: {said}");
        }
        let repaired = repair(&disk, false);
        assert_eq!(repaired.affected, fault.affected);
        let report = check(&disk);
        assert!(report.is_sound() && report.leftovers.is_empty(), "{report:?}");
        let aside = files_of(&disk).iter().filter(|path| path.starts_with("aside")).count();
        assert_eq!(aside, if missing { 2 } else { 3 }, "nothing is deleted, and the catalogue is copied");
        // The new meter's row lies in the lost partition, but in the log.
        assert_eq!(meters_between(&disk, 0, 1_000), 1);
        assert_eq!(meters_between(&disk, 5_000_000, i64::MAX), 60);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_breaks_off_is_cut_only_when_told_so() {
    let disk = store(false).await;
    let names = disk.list(Path::new("log")).unwrap();
    let path = Path::new("log").join(names.last().unwrap());
    // The first record behind the header.
    blot(&disk, &path, 60);
    let disk = copy(&disk);
    let whole = bytes(&disk, &path);
    let report = check(&disk);
    let [fault] = &report.faults[..] else { panic!("{report:?}") };
    assert!(matches!(fault.remedy, Remedy::CutLog(_, 32)), "{fault:?}");
    let behind = fault.affected.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
    assert!(behind.contains("2 rows of plant.sites2, keys id=3 to id=99"), "{behind}");
    let repaired = repair(&disk, false);
    assert!(repaired.done.is_empty() && repaired.left[0].contains("--cut-log"), "{repaired:?}");
    assert_eq!(bytes(&disk, &path), whole);
    assert!(answers(&copy(&disk)).is_err());

    let repaired = repair(&disk, true);
    assert_eq!(repaired.affected, fault.affected);
    assert!(check(&disk).is_sound(), "{:?}", check(&disk));
    let fixture = Fixture::open(&disk, options()).unwrap();
    assert_eq!((fixture.rows(METERS).len(), fixture.rows(SITES).len()), (120, 20), "what was flushed is there");
    fixture.write(sites(&keyed_table(2), WriteKind::Replace, &[(500, 5)])).await.unwrap();
    assert_eq!(fixture.crash(0).rows(SITES).len(), 21);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_log_file_is_made_anew_only_when_told_so() {
    let small = crate::StorageOptions { log_file_bytes: 1, ..options() };
    let fixture = Fixture::open(&ForgetfulFiles::new(), small).unwrap();
    fixture.create(vec![keyed_table(2)]).await.unwrap();
    // As many files as do not ask for a flush.
    for i in 0..4 {
        fixture.write(sites(&keyed_table(2), WriteKind::Replace, &[(i, i)])).await.unwrap();
    }
    fixture.storage.close().await.unwrap();
    let disk = fixture.disk.crash(0);
    let log = super::log_files::required(&disk).unwrap();
    for number in log.first..=log.last {
        let disk = copy(&disk);
        disk.remove(&super::log_files::path(number)).unwrap();
        let report = check(&disk);
        assert_eq!(report.faults.len(), 1, "{report:?}");
        let repaired = repair(&disk, true);
        assert!(check(&disk).is_sound(), "{number}: {repaired:?} {:?}", check(&disk));
        let before = usize::try_from(number - log.first).unwrap().min(4);
        let rows = Fixture::open(&disk, options()).unwrap().rows(SITES).len();
        assert!(rows == before || rows + 1 == before || rows == before + 1, "without {number}: {rows}");
        let behind: u64 = report.faults[0].affected.iter().map(|lost| lost.rows).sum();
        assert!(behind as usize + rows <= 4, "{behind} behind {number}, {rows} there");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn series_are_listed_anew_from_what_is_left() {
    for (closed, missing) in [(true, true), (true, false), (false, true)] {
        let disk = if closed { store(true).await } else { with_loads(store(false).await, &options()).await };
        let expected = answers(&disk.crash(0)).unwrap();
        let path = first(&disk, "series", ".series");
        if missing {
            disk.remove(&path).unwrap()
        } else {
            blot(&disk, &path, 300)
        }
        assert!(answers(&copy(&disk)).is_err());
        let repaired = repair(&disk, false);
        assert!(repaired.affected.is_empty(), "{repaired:?}");
        let report = check(&disk);
        assert!(report.is_sound() && report.leftovers.is_empty(), "{report:?}");
        assert_eq!(answers(&disk).unwrap(), expected, "{repaired:?}");
        // And it goes on from there.
        let fixture = Fixture::open(&disk, options()).unwrap();
        fixture.write(loads(&series_table(1), WriteKind::Replace, &[("zz", 9, 9), ("a", 9_000_000, 9)])).await.unwrap();
        fixture.storage.flush().await.unwrap();
        let rows = fixture.rows(METERS);
        assert_eq!(rows.len(), fixture.crash(0).rows(METERS).len());
    }
}

/// A table without a key, with and without attributes: its one series needs no list to be known.
#[tokio::test(flavor = "multi_thread")]
async fn the_rows_of_a_table_without_a_key_need_no_list_of_series() {
    for with_attributes in [false, true] {
        let mut table = series_table(1);
        table.key.clear();
        table.columns.retain(|column| column.role != ColumnRole::Key);
        table.columns.retain(|column| with_attributes || column.role != ColumnRole::Attribute);
        // The log has no record of before the flush any more, and with it not of the series.
        let fixture = Fixture::open(&ForgetfulFiles::new(), StorageOptions { log_file_bytes: 1, ..options() }).unwrap();
        fixture.create(vec![table.clone()]).await.unwrap();
        let write =
            |time: i64| batch(&table, WriteKind::Replace, &[TIME, FIELD], &[vec![Some(at(time)), Some(int(time))]]);
        fixture.write(write(1)).await.unwrap();
        fixture.storage.flush().await.unwrap();
        fixture.write(write(2)).await.unwrap();
        fixture.write(write(3)).await.unwrap();
        fixture.storage.close().await.unwrap();
        let expected = fixture.rows(METERS);
        assert_eq!(expected.len(), 3);
        let disk = fixture.disk.crash(0);
        disk.remove(&first(&disk, "series", ".series")).unwrap();
        let series_file = Path::new("segments/1/series/series.parquet");
        if disk.exists(series_file).unwrap() {
            disk.remove(series_file).unwrap();
        }
        let disk = copy(&disk);
        let repaired = repair(&disk, false);
        assert!(repaired.affected.is_empty() && repaired.left.is_empty(), "{repaired:?}");
        assert!(check(&disk).is_sound(), "{:?}", check(&disk));
        let fixture = Fixture::open(&disk, options()).unwrap();
        assert_eq!(fixture.rows(METERS), expected);
        fixture.write(write(4)).await.unwrap();
        fixture.storage.flush().await.unwrap();
        assert_eq!(fixture.crash(0).rows(METERS).len(), 4);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn however_many_tables_there_are_their_checkpoints_are_listed_a_few_times() {
    let fixture = Fixture::with((1..=40).map(series_table).collect()).await;
    for id in 1..=40 {
        fixture.write(loads(&series_table(id), WriteKind::Replace, &[("a", 1, 1)])).await.unwrap();
    }
    fixture.storage.flush().await.unwrap();
    fixture.storage.close().await.unwrap();
    let watched = Watched::new(&fixture.disk.crash(0));
    let listed = watched.listed.clone();
    let files: Arc<dyn Files> = Arc::new(watched);
    assert!(crate::check(&files, &mut |_| {}).unwrap().is_sound());
    let of_series = listed.lock().iter().filter(|path| *path == Path::new("series")).count();
    assert!(of_series < 10, "{of_series}");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_any_list_of_series_rows_of_unknown_ones_are_told_and_stay_hidden() {
    // The log has no record of before the flush any more.
    let disk = store_with(true, StorageOptions { log_file_bytes: 1, ..options() }).await;
    disk.remove(&first(&disk, "series", ".series")).unwrap();
    disk.remove(Path::new("segments/1/series/series.parquet")).unwrap();
    let disk = copy(&disk);
    let repaired = repair(&disk, false);
    let said = repaired.affected.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
    assert!(said.starts_with("1 rows of plant.meters1"), "{repaired:?}");
    assert!(repaired.done.iter().any(|done| done.contains("attributes")), "{repaired:?}");
    assert!(check(&disk).is_sound(), "{:?}", check(&disk));
    for _ in 0..2 {
        let fixture = Fixture::open(&disk, options()).unwrap();
        // Three meters from segments, one from the log; of the row in the log its older version.
        assert_eq!(series_of(&fixture.storage.view(METERS).unwrap()).len(), 4);
        assert_eq!(fixture.rows(METERS).len(), 121);
        assert_eq!(fixture.rows(SITES).len(), 21);
        fixture.storage.flush().await.unwrap();
        fixture.storage.close().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nothing_names_is_told_and_moved_aside() {
    let disk = store(true).await;
    let strange =
        ["log/notes.txt", "segments/1/000000099999.parquet", "segments/77/1.parquet", "series/1-5.tmp", "FORMAT.tmp"];
    disk.create_directory(Path::new("segments/77")).unwrap();
    for path in strange {
        disk.create(Path::new(path)).unwrap().write_at(0, b"x").unwrap();
    }
    let report = check(&disk);
    assert!(report.is_sound(), "a crash leaves such files: {report:?}");
    let mut found = report.leftovers.clone();
    found.sort();
    let mut expected = strange.to_vec();
    expected.sort_unstable();
    assert_eq!(found, expected);
    repair(&disk, false);
    assert!(check(&disk).leftovers.is_empty());
    for path in strange {
        assert_eq!(bytes(&disk, &Path::new("aside").join(path)), b"x");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_catalogue_is_told_and_nothing_is_touched() {
    let disk = store(true).await;
    let length = bytes(&disk, Path::new("catalog.redb")).len();
    disk.open(Path::new("catalog.redb")).unwrap().write_at(0, &vec![0; length]).unwrap();
    let before = all_bytes(&disk);
    let repaired = repair(&disk, true);
    assert!(repaired.done.is_empty() && repaired.left[0].contains("backup"), "{repaired:?}");
    assert_eq!(all_bytes(&disk), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_format_and_catalogue_no_new_one_is_made() {
    let disk = store(true).await;
    for name in ["FORMAT", "catalog.redb"] {
        disk.remove(Path::new(name)).unwrap();
    }
    let before = all_bytes(&disk);
    let repaired = repair(&disk, true);
    assert!(repaired.done.is_empty() && !repaired.left.is_empty(), "{repaired:?}");
    assert_eq!(all_bytes(&disk), before);
}

/// Power ends at every operation of a repair.
#[tokio::test(flavor = "multi_thread")]
async fn a_repair_that_is_cut_short_can_be_made_again() {
    for kind in ["segments/1", "series", "log", "packs"] {
        let pack_bytes = if kind == "packs" { 1 << 20 } else { 0 };
        let damaged = store_with(false, StorageOptions { log_file_bytes: 1, pack_bytes, ..options() }).await;
        let path = match kind {
            "packs" => {
                // A segment, and the series of its table.
                let manifest = manifest(&damaged, METERS);
                let series = manifest.packed_series.unwrap();
                blot_member(&damaged, &series.checkpoint, 300);
                blot_member(&damaged, &series.series_file.unwrap(), 100);
                blot_member(&damaged, &manifest.segments[0].path, 100);
                first(&damaged, kind, ".pack")
            }
            "segments/1" => first(&damaged, kind, ".parquet"),
            "series" => first(&damaged, kind, ".series"),
            // The record before the last one.
            _ => super::log_files::path(super::log_files::required(&damaged).unwrap().last - 2),
        };
        if kind != "packs" {
            blot(&damaged, &path, 40);
        }
        if kind == "series" {
            damaged.remove(Path::new("segments/1/series/series.parquet")).unwrap();
        }
        let damaged = copy(&damaged);
        let whole = copy(&damaged);
        let begun = whole.operations();
        let repaired = repair(&whole, true);
        assert!(!repaired.affected.is_empty() || kind == "log", "{kind}: {repaired:?}");
        let (operations, expected) = (whole.operations() - begun, answers(&copy(&whole)).unwrap());
        assert!(operations > 5, "{kind}: {operations}");
        for point in 0..operations {
            let disk = copy(&damaged);
            disk.fail_at(disk.operations() + point);
            let files: Arc<dyn Files> = Arc::new(disk.clone());
            let _ = crate::repair(&files, &check(&disk), true);
            for seed in [0, u64::MAX, point + 1] {
                let disk = disk.crash(seed);
                let place = format!("{kind}: power cut at {point} of {operations}, seed {seed}");
                repair(&disk, true);
                let report = check(&disk);
                assert!(report.is_sound(), "{place}: {report:?}");
                let answer = answers(&disk).unwrap_or_else(|error| panic!("{place}: {error}"));
                assert!(answer == expected, "{place}");
            }
        }
    }
}
