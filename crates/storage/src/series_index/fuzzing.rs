//! Body of a fuzz target: a series checkpoint, as a start loads it.

pub(crate) use super::checkpoint_file::sealed;
use super::{Checkpoints, Found, checkpoint_file};
use files::{Files, ForgetfulFiles};
use std::path::Path;

/// Ids of series that a load is tried with: it has room for each id up to the greatest.
const IDS_MAX: u32 = 1 << 12;

/// A checkpoint, as it is and with checksums that fit.
pub fn series_checkpoint(bytes: &[u8]) {
    for bytes in [bytes.to_vec(), sealed(bytes)] {
        let Ok(file) = checkpoint_file::CheckpointFile::new(bytes.clone().into()) else { continue };
        let (table, mark) = (file.table, file.mark);
        if file.next_id > IDS_MAX {
            continue;
        }
        let disk = ForgetfulFiles::new();
        let path = Checkpoints::path(table, mark);
        if disk.create_directory(Path::new("series")).is_err()
            || disk.create(&path).and_then(|file| file.write_at(0, &bytes)).is_err()
        {
            return;
        }
        if let Ok(mut index) = Checkpoints::new(&disk).read(table, &Found { mark, path }) {
            let listed = index.snapshot(mark);
            for id in listed.ids() {
                let found = index.entry(*id).map(|entry| index.find(entry.key, entry.hash));
                assert!(found.is_some(), "{id} is listed and not there");
            }
        }
    }
}
