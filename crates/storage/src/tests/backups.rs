//! Backups: at one number under writers of all kinds (played by the simulation), what a crash leaves
//! of one, what damage does to one, and what a store keeps for one.

use super::fixture::*;
use super::naive::Naive;
use super::simulation::compare;
use super::watched::Watched;
use crate::{
    Backup, BackupFile, BackupManifest, BackupOptions, BackupSummary, BackupWriter, Piece, PieceReader, PreviousBackup,
    restore,
};
use files::{Files, ForgetfulFiles};
use model::{
    ErrorKind, KeySelection, RangeDelete, Result, Sequence, TableId, TimeBounds, WriteKind, WritePart, WriteRequest,
};
use std::path::{Path, PathBuf};
use std::sync::Arc;

const METERS: TableId = TableId(1);
const SITES: TableId = TableId(2);

/// A backup on a disk of its own.
#[derive(Clone, Debug)]
pub(super) struct Copied {
    pub(super) sequence: Sequence,
    disk: ForgetfulFiles,
}

fn shared(disk: &ForgetfulFiles) -> Arc<dyn Files> {
    Arc::new(disk.clone())
}

/// Copies a backup as bytes, as between server and client.
pub(super) fn copy(
    backup: &Backup,
    target: &ForgetfulFiles,
    previous: Option<&ForgetfulFiles>,
) -> Result<BackupSummary> {
    let previous = previous.map(|disk| PreviousBackup::open(shared(disk))).transpose()?;
    let known = previous.as_ref().map(|previous| previous.manifest().clone());
    let mut writer = BackupWriter::begin(shared(target), previous)?;
    let mut summary = None;
    backup.send(known.as_ref(), &mut |piece| {
        let mut bytes = Vec::new();
        piece.encode(&mut bytes);
        summary = writer.take(&PieceReader::new(bytes.as_slice()).next_piece()?)?;
        Ok(())
    })?;
    Ok(summary.expect("the last piece ends it"))
}

fn content(disk: &ForgetfulFiles, path: &str) -> Vec<u8> {
    let file = disk.open(Path::new(path)).unwrap();
    let mut bytes = vec![0; usize::try_from(file.len().unwrap()).unwrap()];
    file.read_at(0, &mut bytes).unwrap();
    bytes
}

/// Makes a full backup, and one on top of an earlier one that must be the same; none where the disk
/// of the store is dead or full.
pub(super) async fn back_up(
    fixture: &Fixture,
    previous: Option<Copied>,
) -> std::result::Result<Option<Copied>, String> {
    let backup = match fixture.storage.backup(BackupOptions::default()).await {
        Ok(backup) => backup,
        Err(error) if matches!(*error.kind, ErrorKind::Internal { .. } | ErrorKind::Corrupt { .. }) => {
            return Err(format!("a backup: {error}"));
        }
        Err(_) => return Ok(None),
    };
    // Others write, flush and drop meanwhile.
    for _ in 0..20 {
        tokio::task::yield_now().await;
    }
    let work = move || -> Result<Copied> {
        let (full, incremental) = (ForgetfulFiles::new(), ForgetfulFiles::new());
        let summary = copy(&backup, &full, None)?;
        if let Some(previous) = previous {
            let again = copy(&backup, &incremental, Some(&previous.disk))?;
            // What a segment lets be rebuilt may have been in the meantime.
            let counts = |summary: &BackupSummary| {
                let mut manifest = summary.manifest.clone();
                manifest.files.retain(|path, _| !path.ends_with(".runs"));
                // The first pack or load may have been made since; what the files need is said in each.
                let has_packs = manifest.files.keys().any(|path| path.starts_with("packs/"));
                assert!(!has_packs || manifest.data_format.contains(" packs"), "{manifest:?}");
                manifest.data_format.clear();
                manifest
            };
            assert_eq!(counts(&again), counts(&summary));
            let paths = summary.manifest.files.keys().filter(|path| !path.ends_with(".runs"));
            paths.for_each(|path| assert!(content(&full, path) == content(&incremental, path), "{path} differs"));
        }
        Ok(Copied { sequence: backup.sequence(), disk: full.crash(0) })
    };
    tokio::task::spawn_blocking(work).await.unwrap().map(Some).map_err(|error| format!("copying a backup: {error}"))
}

/// A store that was restored.
pub(super) struct RestoredStore(Fixture);

impl Copied {
    /// As it opens after a power cut right behind the restore.
    pub(super) fn restored(&self) -> std::result::Result<RestoredStore, String> {
        let target = ForgetfulFiles::new();
        restore(&self.disk, &target).map_err(|error| format!("restoring {}: {error}", self.sequence))?;
        let opened = Fixture::open(&target.crash(0), options());
        opened.map(RestoredStore).map_err(|error| format!("opening what was restored of {}: {error}", self.sequence))
    }
}

impl RestoredStore {
    /// It shows the same, and goes on: after a flush, and another start.
    pub(super) async fn shows(self, naive: &Naive) -> std::result::Result<(), String> {
        let Self(fixture) = self;
        compare(&fixture, naive).map_err(|e| format!("restored: {e}"))?;
        fixture.storage.flush().await.map_err(|e| e.to_string())?;
        compare(&fixture, naive).map_err(|e| format!("restored and flushed: {e}"))?;
        compare(&fixture.crash(0), naive).map_err(|e| format!("restored, flushed and opened again: {e}"))
    }
}

/// Rows in segments and in the log, of series and by key, with something deleted of both.
async fn filled() -> Fixture {
    let fixture = Fixture::with(vec![series_table(1), keyed_table(2)]).await;
    for round in 0..2 {
        let rows = [("a", round, 1), ("b", round + 2_000_000, 2), ("c", round, 3)];
        fixture.write(loads(&series_table(1), WriteKind::Replace, &rows)).await.unwrap();
        fixture.write(sites(&keyed_table(2), WriteKind::Merge, &[(round, 1), (9, round)])).await.unwrap();
        let keys = KeySelection::All;
        let time = TimeBounds { first: 2_000_000, last: 2_000_000 };
        let delete = RangeDelete { table: METERS, keys, time, drop_series: false };
        fixture.storage.write(WriteRequest { parts: vec![WritePart::Delete(delete)] }).await.unwrap();
        if round == 0 {
            fixture.storage.flush().await.unwrap();
        }
    }
    fixture
}

type Shown = (Vec<Vec<model::Value>>, Vec<Vec<model::Value>>, Vec<Vec<model::Value>>);

fn shown(fixture: &Fixture) -> Shown {
    (fixture.rows(METERS), series_of(&fixture.storage.view(METERS).unwrap()), fixture.rows(SITES))
}

async fn backed_up(fixture: &Fixture) -> ForgetfulFiles {
    let target = ForgetfulFiles::new();
    copy(&fixture.storage.backup(BackupOptions::default()).await.unwrap(), &target, None).unwrap();
    target
}

fn opened(backup: &ForgetfulFiles) -> Fixture {
    let target = ForgetfulFiles::new();
    restore(backup, &target).unwrap();
    Fixture::open(&target, options()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_written_after_the_number_is_not_in_it_and_goes_on_unhindered() {
    let fixture = filled().await;
    let before = shown(&fixture);
    let backup = fixture.storage.backup(BackupOptions::default()).await.unwrap();
    let busy = fixture.storage.backup(BackupOptions::default()).await.unwrap_err();
    assert!(matches!(*busy.kind, ErrorKind::Overloaded { .. }), "{busy}");

    fixture.write(loads(&series_table(1), WriteKind::Replace, &[("d", 1, 1), ("a", 0, 99)])).await.unwrap();
    fixture.storage.flush().await.unwrap();
    let version = fixture.catalog.snapshot().version;
    fixture.storage.change_schema(version, vec![catalog::Change::DropTable(SITES)]).await.unwrap();
    fixture.storage.forget_table(SITES).await.unwrap();
    fixture.storage.flush().await.unwrap();
    let held = fixture.disk.list(Path::new("segments/2")).unwrap();
    assert!(!held.is_empty(), "the backup holds them");

    let target = ForgetfulFiles::new();
    let summary = copy(&backup, &target, None).unwrap();
    assert_eq!(summary.manifest.sequence, backup.sequence());
    drop(backup);
    for (directory, left) in [("segments/2", 0), ("log", 1), ("series", 1)] {
        let names = fixture.disk.list(Path::new(directory)).unwrap();
        assert_eq!(names.len(), left, "{directory} holds {names:?}");
    }
    let restored = opened(&target);
    assert_eq!(shown(&restored), before);
    // It goes on as a store of its own: numbers and ids rise.
    restored.write(loads(&series_table(1), WriteKind::KeepFirst, &[("a", 0, 7), ("e", 1, 1)])).await.unwrap();
    assert!(sequence(&restored, METERS) > summary.manifest.sequence);
    let ids = restored.catalog.take_ids(1).await.unwrap();
    let newest = restored.catalog.snapshot().manifests().flat_map(|(_, m)| m.segments.clone()).map(|s| s.id).max();
    assert!(Some(ids.start) > newest);
    assert_eq!(restored.crash(0).rows(METERS).len(), before.0.len() + 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unchanged_pack_is_taken_over_and_copied_once() {
    let disk = ForgetfulFiles::new();
    let fixture = Fixture::open(&disk, crate::StorageOptions { pack_bytes: 1 << 20, ..options() }).unwrap();
    fixture.create(vec![series_table(1), keyed_table(2)]).await.unwrap();
    let write = async |at: i64| {
        fixture.write(loads(&series_table(1), WriteKind::Replace, &[("a", at, 1), ("b", at, 2)])).await.unwrap();
        fixture.write(sites(&keyed_table(2), WriteKind::Replace, &[(at, 1)])).await.unwrap();
        fixture.storage.flush().await.unwrap();
    };
    write(1).await;
    let first = backed_up(&fixture).await;
    write(2).await;
    fixture.write(sites(&keyed_table(2), WriteKind::Replace, &[(77, 7)])).await.unwrap();
    let before = shown(&fixture);
    let backup = fixture.storage.backup(BackupOptions::default()).await.unwrap();
    // Whatever goes meanwhile is held.
    fixture.storage.compact().await.unwrap();
    let version = fixture.catalog.snapshot().version;
    fixture.storage.change_schema(version, vec![catalog::Change::DropTable(SITES)]).await.unwrap();
    fixture.storage.forget_table(SITES).await.unwrap();
    write_meters(&fixture).await;
    let incremental = ForgetfulFiles::new();
    let summary = copy(&backup, &incremental, Some(&first)).unwrap();
    let packs: Vec<&BackupFile> = summary.manifest.files.values().filter(|file| file.path.ends_with(".pack")).collect();
    assert_eq!(packs.len(), 2, "{packs:?}");
    assert_eq!(summary.reused_bytes, packs[0].bytes, "the older one is not copied again");
    assert!(summary.manifest.data_format.contains("packs"));
    assert_eq!(shown(&opened(&incremental)), before);
    drop(backup);
}

async fn write_meters(fixture: &Fixture) {
    for at in 0..10 {
        fixture.write(loads(&series_table(1), WriteKind::Replace, &[("a", at, 1)])).await.unwrap();
        fixture.storage.flush().await.unwrap();
    }
    fixture.storage.compact().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unchanged_segment_is_taken_over_and_not_read() {
    let fixture = filled().await;
    let first = backed_up(&fixture).await;
    fixture.write(sites(&keyed_table(2), WriteKind::Replace, &[(77, 7)])).await.unwrap();
    fixture.storage.flush().await.unwrap();
    let backup = fixture.storage.backup(BackupOptions::default()).await.unwrap();
    let (full, incremental) = (ForgetfulFiles::new(), ForgetfulFiles::new());
    let summary = copy(&backup, &full, None).unwrap();
    let again = copy(&backup, &incremental, Some(&first)).unwrap();
    assert_eq!((again.manifest, summary.reused_bytes), (summary.manifest.clone(), 0));
    assert!(again.reused_bytes > 0 && again.reused_bytes < summary.manifest.bytes());
    assert_eq!(shown(&opened(&incremental)), shown(&fixture));

    // What the earlier backup has no more as it was is not carried on.
    let segment = summary.manifest.files.keys().find(|path| path.ends_with(".parquet")).unwrap();
    first.flip_bit(Path::new(segment), 99).unwrap();
    let error = copy(&backup, &ForgetfulFiles::new(), Some(&first)).unwrap_err();
    assert!(matches!(&*error.kind, ErrorKind::Corrupt { file, .. } if file == segment), "{error}");
    assert!(error.to_string().contains("earlier backup"), "{error}");
}

/// What counts is what lies in the new backup, however it came there.
#[tokio::test(flavor = "multi_thread")]
async fn a_link_that_is_not_what_it_should_be_is_refused() {
    let fixture = filled().await;
    let first = backed_up(&fixture).await;
    let linking = |disk: &ForgetfulFiles| -> Arc<dyn Files> { Arc::new(Watched::new(disk).damages_links_from(&first)) };
    let previous = PreviousBackup::open(linking(&first)).unwrap();
    let known = previous.manifest().clone();
    let mut writer = BackupWriter::begin(linking(&ForgetfulFiles::new()), Some(previous)).unwrap();
    let segment = known.files.values().find(|file| file.path.ends_with(".parquet")).unwrap();
    let error = writer.take(&Piece::Unchanged(segment.clone())).unwrap_err();
    assert!(matches!(&*error.kind, ErrorKind::Corrupt { file, .. } if *file == segment.path), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flipped_bit_anywhere_is_refused_by_the_name_of_the_file() {
    let backup = backed_up(&filled().await).await;
    let manifest = PreviousBackup::open(shared(&backup)).unwrap().manifest().clone();
    for part in ["log/", "segments/1/", "segments/2/", ".runs", "series/1-", "catalogue.export"] {
        assert!(manifest.files.keys().any(|path| path.contains(part)), "{part} is in no {:?}", manifest.files.keys());
    }
    let mut flipped = 0;
    for path in manifest.files.keys().map(String::as_str).chain(["BACKUP"]) {
        let bits = content(&backup, path).len() as u64 * 8;
        for bit in (0..bits).step_by(usize::try_from(bits / 50).unwrap().max(1)) {
            let damaged = backup.crash(u64::MAX);
            damaged.flip_bit(Path::new(path), bit).unwrap();
            let target = ForgetfulFiles::new();
            let error = restore(&damaged, &target).unwrap_err();
            let of_title = path == "BACKUP" && matches!(*error.kind, ErrorKind::FormatTooNew { .. });
            let named = matches!(&*error.kind, ErrorKind::Corrupt { file, .. } if file == path);
            assert!(named || of_title, "bit {bit} of {path}: {error}");
            assert!(target.list(Path::new("")).unwrap().is_empty(), "{path}: something was written");
            flipped += 1;
        }
        let missing = backup.crash(u64::MAX);
        missing.remove(Path::new(path)).unwrap();
        let error = restore(&missing, &ForgetfulFiles::new()).unwrap_err();
        assert!(matches!(&*error.kind, ErrorKind::Corrupt { file, .. } if file == path), "{path} is missing: {error}");
    }
    assert!(flipped > 300, "{flipped}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_while_it_is_written_leaves_a_whole_backup_or_none() {
    let fixture = filled().await;
    let before = shown(&fixture);
    let backup = fixture.storage.backup(BackupOptions::default()).await.unwrap();
    let whole = ForgetfulFiles::new();
    copy(&backup, &whole, None).unwrap();
    let mut none = 0;
    for point in 0..=whole.operations() {
        let target = ForgetfulFiles::new();
        target.fail_at(point);
        let done = copy(&backup, &target, None).is_ok();
        assert_eq!(done, point == whole.operations());
        for seed in [0, u64::MAX, point + 1] {
            let left = target.crash(seed);
            match PreviousBackup::open(shared(&left)) {
                Ok(_) => assert_eq!(shown(&opened(&left)), before, "power cut at {point}, seed {seed}"),
                Err(error) => {
                    assert!(!done, "{error}");
                    assert!(restore(&left, &ForgetfulFiles::new()).is_err());
                    none += 1;
                }
            }
        }
    }
    assert!(none > 100, "{none}");
    drop(backup);
    assert_eq!(shown(&fixture), before);
    assert_eq!(shown(&fixture.crash(0)), before, "the source is unharmed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_while_it_is_restored_leaves_a_whole_directory_or_none() {
    let fixture = filled().await;
    let before = shown(&fixture);
    let backup = backed_up(&fixture).await;
    let whole = ForgetfulFiles::new();
    restore(&backup, &whole).unwrap();
    let mut refused = 0;
    for point in 0..=whole.operations() {
        let target = ForgetfulFiles::new();
        target.fail_at(point);
        assert_eq!(restore(&backup, &target).is_ok(), point == whole.operations());
        for seed in [0, u64::MAX, point + 1] {
            let left = target.crash(seed);
            if left.list(Path::new("")).unwrap().is_empty() {
                continue;
            }
            match Fixture::open(&left, options()) {
                Ok(opened) => assert_eq!(shown(&opened), before, "power cut at {point}, seed {seed}"),
                Err(error) => {
                    assert!(error.to_string().contains("restore into this directory did not end"), "{error}");
                    assert!(restore(&backup, &left).is_err(), "it is not empty");
                    refused += 1;
                }
            }
        }
    }
    assert!(refused > 100, "{refused}");
    assert_eq!(shown(&opened(&backup)), before, "the backup is unharmed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_directory_is_backed_up_as_a_start_would_find_it() {
    let fixture = filled().await;
    let before = shown(&fixture);
    let disk = fixture.disk.crash(0);
    drop(fixture);
    // A record that nobody acknowledged.
    let logs = disk.list(Path::new("log")).unwrap();
    let last = PathBuf::from("log").join(logs.last().unwrap());
    let file = disk.open(&last).unwrap();
    file.write_at(file.len().unwrap(), b"\x9Crec and then no more").unwrap();
    let backup = Backup::of_stopped(shared(&disk), BackupOptions::default()).unwrap();
    let target = ForgetfulFiles::new();
    copy(&backup, &target, None).unwrap();
    assert_eq!(shown(&opened(&target)), before);
    assert_eq!(shown(&Fixture::open(&disk, options()).unwrap()), before);

    let nothing = Backup::of_stopped(Arc::new(ForgetfulFiles::new()), BackupOptions::default()).unwrap_err();
    assert!(nothing.to_string().contains("no data directory"), "{nothing}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_store_is_backed_up_too() {
    let fixture = Fixture::open(&ForgetfulFiles::new(), options()).unwrap();
    let restored = opened(&backed_up(&fixture).await);
    assert_eq!(restored.catalog.snapshot().tables().count(), 0);
    let disk = restored.disk.crash(0);
    drop(restored);
    let target = ForgetfulFiles::new();
    copy(&Backup::of_stopped(shared(&disk), BackupOptions::default()).unwrap(), &target, None).unwrap();
    opened(&target).create(vec![keyed_table(2)]).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn damage_in_the_store_ends_a_backup_by_the_name_of_the_file() {
    for directory in ["log", "segments/1", "segments/2", "series"] {
        let fixture = filled().await;
        let backup = fixture.storage.backup(BackupOptions::default()).await.unwrap();
        let names = fixture.disk.list(Path::new(directory)).unwrap();
        let name = names.iter().find(|name| !name.ends_with(".runs") && *name != "series").unwrap();
        let path = Path::new(directory).join(name);
        fixture.disk.flip_bit(&path, 1_001).unwrap();
        let error = copy(&backup, &ForgetfulFiles::new(), None).unwrap_err();
        assert!(matches!(&*error.kind, ErrorKind::Corrupt { file, .. } if Path::new(file) == path), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_go_with_it_only_where_asked_for() {
    let fixture = filled().await;
    fixture.disk.create_directory(Path::new("certs")).unwrap();
    fixture.disk.create(Path::new("certs/ca.key")).unwrap().write_at(0, b"secret").unwrap();
    for with_secrets in [false, true] {
        let options = BackupOptions { with_secrets, secret_directories: vec![PathBuf::from("certs")] };
        let target = ForgetfulFiles::new();
        let summary = copy(&fixture.storage.backup(options).await.unwrap(), &target, None).unwrap();
        assert_eq!(summary.manifest.with_secrets, with_secrets);
        assert_eq!(summary.manifest.files.contains_key("certs/ca.key"), with_secrets);
        let restored = opened(&target);
        assert_eq!(restored.disk.exists(Path::new("certs/ca.key")).unwrap(), with_secrets);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn neither_goes_where_something_is_and_a_backup_is_no_data_directory() {
    let fixture = filled().await;
    let backup = backed_up(&fixture).await;
    let full = |error: model::Error| matches!(*error.kind, ErrorKind::InvalidDefinition { .. });
    assert!(full(BackupWriter::begin(shared(&backup), None).unwrap_err()));
    assert!(full(restore(&backup, &fixture.disk).unwrap_err()));
    let error = Fixture::open(&backup, options()).unwrap_err();
    assert!(error.to_string().contains("this is a backup"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_newer_store_s_backup_is_refused_by_the_name_of_what_it_needs() {
    let backup = backed_up(&filled().await).await;
    let manifest = PreviousBackup::open(shared(&backup)).unwrap().manifest().clone();
    let newer = BackupManifest { data_format: "1 columns".to_owned(), ..manifest };
    let file = backup.create(Path::new("BACKUP")).unwrap();
    file.write_at(0, newer.encode().as_bytes()).unwrap();
    let error = restore(&backup, &ForgetfulFiles::new()).unwrap_err();
    assert_eq!(*error.kind, ErrorKind::FormatTooNew { found: "1 columns".into(), known: "1".into() });
}

#[test]
fn pieces_out_of_order_make_no_backup() {
    let file = BackupFile { path: "a/b".to_owned(), bytes: 0, checksum: 0 };
    let list = BackupManifest {
        sequence: Sequence(1),
        taken_micros: 0,
        with_secrets: false,
        data_format: "1".to_owned(),
        files: [(file.path.clone(), file.clone())].into(),
    };
    let list = list.encode();
    let wrong: [&[Piece<'_>]; 7] = [
        &[Piece::Bytes(b"x")],
        &[Piece::End(file.clone())],
        &[Piece::Unchanged(file.clone())],
        &[Piece::Begin("../a")],
        &[Piece::Begin("a/b"), Piece::Begin("a/c")],
        &[Piece::Begin("a/b"), Piece::Bytes(b"x"), Piece::End(file)],
        &[Piece::Finished(&list)],
    ];
    for pieces in wrong {
        let disk = ForgetfulFiles::new();
        let mut writer = BackupWriter::begin(shared(&disk), None).unwrap();
        let taken = pieces.iter().try_for_each(|piece| writer.take(piece).map(drop));
        assert!(taken.is_err(), "{pieces:?}");
        assert!(!disk.exists(Path::new("BACKUP")).unwrap());
    }
    let mut writer = BackupWriter::begin(Arc::new(ForgetfulFiles::new()), None).unwrap();
    let error = writer.take(&Piece::Failed("the disk is full")).unwrap_err();
    assert!(error.to_string().contains("the disk is full"), "{error}");
}
