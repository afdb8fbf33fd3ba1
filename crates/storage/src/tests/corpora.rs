//! The corpora of the fuzz targets do no harm.

use super::backups::copy;
use super::fixture::*;
use super::log_files::path;
use crate::fuzzing::{backup_list, log_file, scan_description, series_checkpoint};
use crate::log::fuzzing::tables;
use crate::{ScanKeys, StorageOptions};
use files::{Files, ForgetfulFiles};
use model::{
    AttributePolicy, ColumnId, KeySelection, RangeDelete, TableId, TimeBounds, WriteKind, WritePart, WriteRequest,
};
use std::path::Path;

fn content(disk: &ForgetfulFiles, path: &Path) -> Vec<u8> {
    let file = disk.open(path).unwrap();
    let mut bytes = vec![0; usize::try_from(file.len().unwrap()).unwrap()];
    file.read_at(0, &mut bytes).unwrap();
    bytes
}

/// A store with every kind of record in its log, and rows of before in segments.
async fn filled(options: StorageOptions) -> Fixture {
    let fixture = Fixture::open(&ForgetfulFiles::new(), options).unwrap();
    let [meters, sited] = tables();
    fixture.create(vec![meters.clone(), sited.clone()]).await.unwrap();
    fixture.write(loads(&meters, WriteKind::Replace, &[("a", 1, 1), ("b", 2, 2)])).await.unwrap();
    fixture.storage.flush().await.unwrap();
    fixture.write(loads(&meters, WriteKind::Merge, &[("a", 3, 1), ("c", 4, 2), ("c", 5, 3)])).await.unwrap();
    let row = vec![Some(text("b")), Some(text("Ulm")), None, Some(text("note"))];
    let mut moved = batch(&meters, WriteKind::Replace, &[KEY, ATTRIBUTE, FIELD, TEXT], &[row]);
    moved.attributes = AttributePolicy::Set;
    fixture.write(moved).await.unwrap();
    fixture.write(sites(&sited, WriteKind::Replace, &[(1, 1), (2, 2), (3, 3)])).await.unwrap();
    let delete = |table, keys| {
        WritePart::Delete(RangeDelete { table, keys, time: TimeBounds { first: 1, last: 2 }, drop_series: false })
    };
    let parts = vec![
        delete(TableId(1), KeySelection::Hashes([model::KeyHash(7)].into())),
        delete(TableId(2), KeySelection::All),
    ];
    fixture.storage.write(WriteRequest { parts }).await.unwrap();
    fixture
}

#[tokio::test(flavor = "multi_thread")]
async fn the_corpus_of_log_files_does_no_harm() {
    let fixture = filled(options()).await;
    let many: Vec<(i64, i64)> = (0..4_000).map(|n| (n, n * n)).collect();
    let log = path(1);
    let before = content(&fixture.disk, &log);
    fixture.write(sites(&tables()[1], WriteKind::Replace, &many)).await.unwrap();
    let after = content(&fixture.disk, &log);
    // A record in a packed block, alone behind the header.
    let packed = [&after[..crate::log::HEADER_BYTES], &after[before.len()..]].concat();
    for whole in [&before, &packed] {
        assert!(crate::log::fuzzing::sealed(whole) == *whole, "a checksum that fits stays");
    }
    fuzzing::corpus("log_file", &[("records", before), ("packed", packed)], log_file);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_corpus_of_series_checkpoints_does_no_harm() {
    let fixture = filled(options()).await;
    fixture.storage.flush().await.unwrap();
    let name = fixture.disk.list(Path::new("series")).unwrap().pop().unwrap();
    let bytes = content(&fixture.disk, &Path::new("series").join(name));
    assert!(crate::series_index::fuzzing::sealed(&bytes) == bytes, "a checksum that fits stays");
    fuzzing::corpus("series_checkpoint", &[("three", bytes)], series_checkpoint);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_corpora_of_backups_and_scans_do_no_harm() {
    let fixture = filled(options()).await;
    let backup = fixture.storage.backup(crate::BackupOptions::default()).await.unwrap();
    let target = ForgetfulFiles::new();
    copy(&backup, &target, None).unwrap();
    let text = String::from_utf8(content(&target, Path::new("BACKUP"))).unwrap();
    let list = text[..text.rfind("end ").unwrap()].to_owned();
    let mut pieces = Vec::new();
    crate::Piece::Begin("log/1").encode(&mut pieces);
    crate::Piece::Bytes(b"abc").encode(&mut pieces);
    let file = crate::BackupFile { path: "log/1".to_owned(), bytes: 3, checksum: 7 };
    crate::Piece::End(file).encode(&mut pieces);
    fuzzing::corpus("backup_list", &[("list", list.into_bytes()), ("pieces", pieces)], backup_list);

    let view = fixture.storage.view(TableId(1)).unwrap();
    let columns: Vec<ColumnId> = view.table().columns.iter().map(|column| column.id).collect();
    let description = view.describe(&columns, TimeBounds::ALL, &ScanKeys::All).unwrap();
    fuzzing::corpus("scan_description", &[("all", description.to_bytes())], scan_description);
}
