//! From a backup to a data directory. Everything is checked before anything is written. While it is
//! written the directory says so, durably, in a file that every start looks for: one that a crash
//! left half-made is refused, not opened as what it is not.

use super::CATALOGUE;
use super::manifest::BackupManifest;
use super::sums;
use super::writer::{make_directories, read_manifest, require_empty, sync_directories};
use crate::format;
use catalog::{Catalog, ImportedCatalog};
use files::{Files, io_error};
use model::Result;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Stands in a directory while a backup is restored into it.
pub(crate) const MARKER: &str = "RESTORING";

/// What was restored.
#[derive(Clone, Debug)]
pub struct Restored {
    /// The list of the backup's files.
    pub manifest: BackupManifest,
    /// The catalogue that is there now.
    pub catalog: Catalog,
}

/// Makes a data directory of a backup.
///
/// # Errors
/// [`model::ErrorKind::Corrupt`] naming the first file that is not what was backed up, and
/// [`model::ErrorKind::FormatTooNew`]: nothing was written. [`model::ErrorKind::InvalidDefinition`]
/// when something is in the directory. [`model::ErrorKind::DiskFull`], [`model::ErrorKind::Io`]: the
/// directory is half-made, and no start takes it.
pub fn restore(backup: &dyn Files, target: &dyn Files) -> Result<Restored> {
    require_empty(target, "a backup is restored where nothing is: it")?;
    let manifest = read_manifest(backup)?;
    format::check_words(manifest.data_format.split(' '))?;
    manifest.files.values().try_for_each(|file| sums::verify(backup, file))?;
    let export = read_whole(backup, &manifest)?;
    let imported = ImportedCatalog::decode(&export, CATALOGUE)?;

    let marker = Path::new(MARKER);
    mark(target, marker).map_err(|e| io_error("create", marker, &e))?;
    let mut directories = BTreeSet::from([PathBuf::new()]);
    for file in manifest.files.values().filter(|file| file.path != CATALOGUE) {
        make_directories(target, Path::new(&file.path), &mut directories)?;
        sums::copy(backup, target, file)?;
    }
    sync_directories(target, &directories)?;
    let catalog = imported.write(target)?;
    format::write(target, &manifest.data_format).map_err(|e| io_error("write", Path::new(format::FILE), &e))?;
    target.remove(marker).map_err(|e| io_error("remove", marker, &e))?;
    target.sync_directory(Path::new("")).map_err(|e| io_error("sync", Path::new(""), &e))?;
    Ok(Restored { manifest, catalog })
}

/// Its being there is all that it says, so that its name alone is made durable.
fn mark(target: &dyn Files, marker: &Path) -> std::io::Result<()> {
    target.create(marker)?;
    target.sync_directory(Path::new(""))
}

fn read_whole(backup: &dyn Files, manifest: &BackupManifest) -> Result<Vec<u8>> {
    let file = manifest.files.get(CATALOGUE);
    let file = file.ok_or_else(|| crate::log::corrupt(Path::new(CATALOGUE), "the backup has no catalogue"))?;
    let mut bytes = Vec::new();
    let path = Path::new(CATALOGUE);
    let read = sums::read_through(backup, path, |part| {
        bytes.extend(part);
        Ok(())
    })?;
    sums::check(file, path, read)?;
    Ok(bytes)
}
