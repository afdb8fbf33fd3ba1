//! Reading files from front to back with their checksum, and copying them so.

use super::manifest::BackupFile;
use super::piece::PIECE_BYTES;
use crate::log::corrupt;
use files::{Files, io_error};
use model::Result;
use std::path::Path;
use xxhash_rust::xxh3::Xxh3;

/// Reads a whole file, piece by piece; its length and checksum.
pub(super) fn read_through(
    files: &dyn Files,
    path: &Path,
    mut each: impl FnMut(&[u8]) -> Result<()>,
) -> Result<(u64, u64)> {
    let failed = |e: std::io::Error| io_error("read", path, &e);
    let file = files.open(path).map_err(failed)?;
    let length = file.len().map_err(failed)?;
    let mut hasher = Xxh3::new();
    let mut buffer = vec![0; PIECE_BYTES];
    let mut offset = 0;
    while offset < length {
        let wanted = usize::try_from(length - offset).unwrap_or(PIECE_BYTES).min(PIECE_BYTES);
        let Some(part) = buffer.get_mut(..wanted) else { break };
        file.read_at(offset, part).map_err(failed)?;
        hasher.update(part);
        each(part)?;
        offset += wanted as u64;
    }
    Ok((length, hasher.digest()))
}

/// What is wrong with a file that was read, if something is.
pub(super) fn check(file: &BackupFile, path: &Path, (bytes, checksum): (u64, u64)) -> Result<()> {
    if bytes != file.bytes {
        return Err(corrupt(path, format!("it has {bytes} bytes, not {}", file.bytes)));
    }
    if checksum != file.checksum {
        return Err(corrupt(path, "its checksum does not fit"));
    }
    Ok(())
}

/// Checks a file of a backup against the list.
pub(super) fn verify(files: &dyn Files, file: &BackupFile) -> Result<()> {
    let path = Path::new(&file.path);
    if !files.exists(path).map_err(|e| io_error("look for", path, &e))? {
        return Err(corrupt(path, "it is missing"));
    }
    check(file, path, read_through(files, path, |_| Ok(()))?)
}

/// Copies a file of a backup, checked on the way, and makes its bytes durable.
pub(super) fn copy(from: &dyn Files, to: &dyn Files, file: &BackupFile) -> Result<()> {
    let path = Path::new(&file.path);
    let failed = |e: std::io::Error| io_error("write", path, &e);
    let written = to.create(path).map_err(failed)?;
    let mut offset = 0;
    let read = read_through(from, path, |part| {
        written.write_at(offset, part).map_err(failed)?;
        offset += part.len() as u64;
        Ok(())
    })?;
    check(file, path, read)?;
    written.sync().map_err(failed)
}
