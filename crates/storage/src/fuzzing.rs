//! Bodies of fuzz targets: log files, series checkpoints, lists of backups, descriptions of scans.
//! What has a checksum is read as it is, and once more with a checksum that fits: chance alone would
//! never get behind one.

pub use crate::log::fuzzing::log_file;
pub use crate::series_index::fuzzing::series_checkpoint;

use crate::{BackupManifest, PieceReader, ScanDescription};
use xxhash_rust::xxh3::xxh3_64;

/// The list of a backup's files, and pieces of a backup on their way.
pub fn backup_list(bytes: &[u8]) {
    let _ = BackupManifest::decode(bytes);
    let text = String::from_utf8_lossy(bytes).into_owned();
    let files = text.lines().filter(|line| line.starts_with("file ")).count();
    let sealed = format!("{text}end {files} {:016x}\n", xxh3_64(text.as_bytes()));
    if let Ok(manifest) = BackupManifest::decode(sealed.as_bytes()) {
        let again = BackupManifest::decode(manifest.encode().as_bytes());
        assert!(again.is_ok_and(|again| again == manifest), "{manifest:?}");
    }
    let mut pieces = PieceReader::new(bytes);
    while pieces.next_piece().is_ok() {}
}

/// A scan that another process is to carry out.
pub fn scan_description(bytes: &[u8]) {
    if let Ok(description) = ScanDescription::from_bytes(bytes) {
        let again = description.to_bytes();
        let read = ScanDescription::from_bytes(&again);
        assert!(read.is_ok_and(|read| read.to_bytes() == again), "{description:?}");
    }
}
