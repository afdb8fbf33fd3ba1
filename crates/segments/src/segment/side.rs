//! The side file of a segment: block checksums, run directory, aggregates.
//!
//! It holds nothing that the segment does not say, so a missing, damaged or foreign one is simply
//! made anew. Layout: 8 bytes of name and version, the MessagePack of [`SideFile`], 8 bytes of
//! XXH3 over both.

use super::directory::Directory;
use catalog::SegmentEntry;
use files::{Files, io_error};
use model::{Error, Result};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use xxhash_rust::xxh3::xxh3_64;

const MAGIC: &[u8; 8] = b"CGRUNS\0\x01";
const CHECKSUM_BYTES: usize = 8;

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct SideFile {
    /// The length and checksum of the segment that it belongs to.
    pub(super) segment_bytes: u64,
    pub(super) segment_checksum: u64,
    pub(super) block_checksums: Vec<u64>,
    pub(super) directory: Directory,
    /// Packed aggregates; none where there are none, or none were made yet.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "serde_bytes")]
    pub(super) aggregates: Option<Vec<u8>>,
}

/// Where the side file of a segment lies.
pub(super) fn side_path(segment: &str) -> PathBuf {
    PathBuf::from(format!("{segment}.runs"))
}

impl SideFile {
    /// Writes it under its own name, which is durable once the directory is synced.
    pub(super) fn write(&self, files: &dyn Files, segment: &str) -> Result<()> {
        let mut bytes = MAGIC.to_vec();
        rmp_serde::encode::write(&mut bytes, self).map_err(Error::internal)?;
        let bytes = sealed(bytes);
        let path = side_path(segment);
        let temporary = PathBuf::from(format!("{segment}.runs.tmp"));
        let file = files.create(&temporary).map_err(|e| io_error("create", &temporary, &e))?;
        let written =
            file.write_at(0, &bytes).and_then(|()| file.sync()).and_then(|()| files.rename(&temporary, &path));
        written.map_err(|e| {
            // On a full disk each attempt would leave one more; its error counts, not this one's.
            let _ = files.remove(&temporary);
            io_error("write", &temporary, &e)
        })
    }

    /// Reads the side file of a segment; `None` when it has to be made anew.
    pub(super) fn read(files: &dyn Files, entry: &SegmentEntry) -> Option<Self> {
        let bytes = read_all(files, &side_path(&entry.path))?;
        Self::decode(&bytes).filter(|side| side.fits(entry))
    }

    /// Reads its bytes.
    pub(super) fn decode(bytes: &[u8]) -> Option<Self> {
        let (content, checksum) = bytes.split_last_chunk::<CHECKSUM_BYTES>()?;
        if xxh3_64(content) != u64::from_le_bytes(*checksum) {
            return None;
        }
        rmp_serde::from_slice(content.strip_prefix(MAGIC)?).ok()
    }

    /// Whether it is of that segment.
    pub(super) fn fits(&self, entry: &SegmentEntry) -> bool {
        self.segment_bytes == entry.bytes
            && self.segment_checksum == entry.checksum
            && self.block_checksums.len() as u64 == entry.bytes.div_ceil(super::checked::BLOCK_BYTES)
            && self.directory.covers(entry.rows)
    }
}

/// Content with its checksum behind it.
pub(super) fn sealed(mut content: Vec<u8>) -> Vec<u8> {
    let checksum = xxh3_64(&content);
    content.extend(checksum.to_le_bytes());
    content
}

fn read_all(files: &dyn Files, path: &Path) -> Option<Vec<u8>> {
    let file = files.open(path).ok()?;
    let mut bytes = vec![0; usize::try_from(file.len().ok()?).ok()?];
    file.read_at(0, &mut bytes).ok()?;
    (bytes.len() > MAGIC.len() + CHECKSUM_BYTES).then_some(bytes)
}
