//! Makes a directory of a backup's pieces: each file is written, checked and synced, then all names,
//! and only then the list that makes it a backup.

use super::manifest::{BackupFile, BackupManifest, FILE, is_plain};
use super::piece::Piece;
use super::sums;
use crate::log::corrupt;
use files::{File, Files, io_error};
use model::{Error, ErrorKind, Result};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use xxhash_rust::xxh3::Xxh3;

/// An earlier backup, whose unchanged segments a new one takes over.
#[derive(Clone, Debug)]
pub struct PreviousBackup {
    files: Arc<dyn Files>,
    manifest: BackupManifest,
}

impl PreviousBackup {
    /// Opens a backup.
    ///
    /// # Errors
    /// [`ErrorKind::Corrupt`] or [`ErrorKind::FormatTooNew`] naming its list, [`ErrorKind::Io`].
    pub fn open(files: Arc<dyn Files>) -> Result<Self> {
        let manifest = read_manifest(files.as_ref())?;
        Ok(Self { files, manifest })
    }

    /// The list of its files.
    #[must_use]
    pub fn manifest(&self) -> &BackupManifest {
        &self.manifest
    }
}

/// The list of a backup's files.
pub(super) fn read_manifest(files: &dyn Files) -> Result<BackupManifest> {
    let path = Path::new(FILE);
    if !files.exists(path).map_err(|e| io_error("look for", path, &e))? {
        return Err(corrupt(path, "it is missing: this is no backup, or one that did not end"));
    }
    let mut bytes = Vec::new();
    sums::read_through(files, path, |part| {
        bytes.extend(part);
        Ok(())
    })?;
    BackupManifest::decode(&bytes)
}

/// What was written.
#[derive(Clone, Debug)]
pub struct BackupSummary {
    /// The list of the files.
    pub manifest: BackupManifest,
    /// Bytes of files that were taken over from the earlier backup.
    pub reused_bytes: u64,
}

/// A backup in the making.
#[derive(Debug)]
pub struct BackupWriter {
    target: Arc<dyn Files>,
    previous: Option<PreviousBackup>,
    current: Option<Current>,
    files: BTreeMap<String, BackupFile>,
    directories: BTreeSet<PathBuf>,
    reused_bytes: u64,
}

struct Current {
    path: PathBuf,
    file: Arc<dyn File>,
    written: u64,
    hasher: Xxh3,
}

impl fmt::Debug for Current {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Current").field("path", &self.path).field("written", &self.written).finish_non_exhaustive()
    }
}

impl BackupWriter {
    /// Begins in an empty directory.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidDefinition`] when something is in it, [`ErrorKind::Io`].
    pub fn begin(target: Arc<dyn Files>, previous: Option<PreviousBackup>) -> Result<Self> {
        require_empty(target.as_ref(), "a backup")?;
        Ok(Self {
            target,
            previous,
            current: None,
            files: BTreeMap::new(),
            directories: BTreeSet::from([PathBuf::new()]),
            reused_bytes: 0,
        })
    }

    /// Takes the next piece; with the last one it is a backup.
    ///
    /// # Errors
    /// [`ErrorKind::Corrupt`] naming a file that did not come as it was, or one of the earlier
    /// backup; the reason of [`Piece::Failed`]; [`ErrorKind::DiskFull`], [`ErrorKind::Io`].
    pub fn take(&mut self, piece: &Piece<'_>) -> Result<Option<BackupSummary>> {
        match piece {
            Piece::Begin(path) => {
                let path = self.place(path)?;
                let file = self.target.create(&path).map_err(|e| io_error("create", &path, &e))?;
                self.current = Some(Current { path, file, written: 0, hasher: Xxh3::new() });
            }
            Piece::Bytes(bytes) => {
                let Current { path, file, written, hasher } = self.current.as_mut().ok_or_else(out_of_order)?;
                file.write_at(*written, bytes).map_err(|e| io_error("write", path, &e))?;
                *written += bytes.len() as u64;
                hasher.update(bytes);
            }
            Piece::End(file) => {
                let current =
                    self.current.take().filter(|c| c.path == Path::new(&file.path)).ok_or_else(out_of_order)?;
                sums::check(file, &current.path, (current.written, current.hasher.digest()))?;
                current.file.sync().map_err(|e| io_error("sync", &current.path, &e))?;
                self.files.insert(file.path.clone(), file.clone());
            }
            Piece::Unchanged(file) => self.reuse(file)?,
            Piece::Finished(text) => return self.finish(text).map(Some),
            Piece::Failed(reason) => {
                let operation = "make the backup".to_owned();
                return Err(Error::new(ErrorKind::Io { operation, reason: (*reason).to_owned() }));
            }
        }
        Ok(None)
    }

    /// Makes the directories that a file lies in.
    fn place(&mut self, path: &str) -> Result<PathBuf> {
        if self.current.is_some() || self.files.contains_key(path) || !is_plain(path) {
            return Err(out_of_order());
        }
        let path = PathBuf::from(path);
        make_directories(self.target.as_ref(), &path, &mut self.directories)?;
        Ok(path)
    }

    /// Takes a file over from the earlier backup: as a further name of it where both lie on one file
    /// system, else as a copy.
    fn reuse(&mut self, file: &BackupFile) -> Result<()> {
        let path = self.place(&file.path)?;
        let previous = self.previous.as_ref().ok_or_else(out_of_order)?;
        let from = previous.files.as_ref();
        let linked = from.local_path(&path).is_some_and(|local| self.target.link(&local, &path).is_ok());
        let target = self.target.as_ref();
        let taken = if linked { sums::verify(target, file) } else { sums::copy(from, target, file) };
        taken.map_err(|error| {
            let reason = format!("{error} in the earlier backup: make a full one");
            corrupt(&path, reason)
        })?;
        self.reused_bytes += file.bytes;
        self.files.insert(file.path.clone(), file.clone());
        Ok(())
    }

    fn finish(&mut self, text: &str) -> Result<BackupSummary> {
        let manifest = BackupManifest::decode(text.as_bytes())?;
        if self.current.is_some() || manifest.files != self.files {
            return Err(out_of_order());
        }
        sync_directories(self.target.as_ref(), &self.directories)?;
        put_file(self.target.as_ref(), Path::new(FILE), text.as_bytes())?;
        Ok(BackupSummary { manifest, reused_bytes: self.reused_bytes })
    }
}

/// Refuses a directory with something in it.
pub(super) fn require_empty(target: &dyn Files, what: &str) -> Result<()> {
    let root = Path::new("");
    let names = target.list(root).map_err(|e| io_error("list", root, &e))?;
    match names.first() {
        None => Ok(()),
        Some(name) => {
            let reason = format!("{what} goes into an empty directory, and there is {name} in this one");
            Err(Error::new(ErrorKind::InvalidDefinition { reason }))
        }
    }
}

/// Makes the directories that a file lies in, if they are not among those that were made before.
pub(super) fn make_directories(target: &dyn Files, path: &Path, made: &mut BTreeSet<PathBuf>) -> Result<()> {
    let directory = path.parent().unwrap_or(Path::new(""));
    if !made.contains(directory) {
        target.create_directory(directory).map_err(|e| io_error("create", directory, &e))?;
        made.extend(directory.ancestors().map(Path::to_owned));
    }
    Ok(())
}

/// Makes the names in directories durable, the innermost first.
pub(super) fn sync_directories(target: &dyn Files, directories: &BTreeSet<PathBuf>) -> Result<()> {
    directories
        .iter()
        .rev()
        .try_for_each(|directory| target.sync_directory(directory).map_err(|e| io_error("sync", directory, &e)))
}

/// Writes a file of the root durably: whole or not at all.
pub(super) fn put_file(target: &dyn Files, path: &Path, bytes: &[u8]) -> Result<()> {
    let temporary = path.with_extension("tmp");
    let write = || -> io::Result<()> {
        let file = target.create(&temporary)?;
        file.write_at(0, bytes)?;
        file.sync()?;
        target.rename(&temporary, path)?;
        target.sync_directory(Path::new(""))
    };
    write().map_err(|e| io_error("write", path, &e))
}

fn out_of_order() -> Error {
    let reason = "its pieces came out of order".to_owned();
    Error::new(ErrorKind::Io { operation: "receive the backup".to_owned(), reason })
}
