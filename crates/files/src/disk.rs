//! Files on a real disk, for one process at a time: the data directory is locked while anything
//! of it is open. Directories and files are for their owner alone.

use crate::{File, Files, io_error, path};
use model::{Error, ErrorKind, Result};
use std::fs::{self, DirBuilder, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt, FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

const LOCK_NAME: &str = "LOCK";

/// The data directory on disk.
#[derive(Debug)]
pub struct DiskFiles {
    root: PathBuf,
    /// `None`: opened to be read alone.
    lock: Option<Arc<fs::File>>,
}

/// An open file. It shares the directory's lock, so that a file that a task still holds keeps
/// another process out.
#[derive(Debug)]
struct DiskFile {
    file: fs::File,
    _lock: Option<Arc<fs::File>>,
}

impl DiskFiles {
    /// Opens a data directory, and makes it first if it is missing.
    ///
    /// # Errors
    /// [`ErrorKind::DirectoryLocked`] if another process has it open, or an I/O error.
    pub fn open(root: &Path) -> Result<Self> {
        make_durably(root).map_err(|error| io_error("create the directory", root, &error))?;
        let path = root.join(LOCK_NAME);
        let lock = options().truncate(false).open(&path).map_err(|error| io_error("open", &path, &error))?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { root: root.to_owned(), lock: Some(Arc::new(lock)) }),
            Err(TryLockError::WouldBlock) => {
                Err(Error::new(ErrorKind::DirectoryLocked { directory: root.display().to_string() }))
            }
            Err(TryLockError::Error(error)) => Err(io_error("lock", &path, &error)),
        }
    }

    /// Opens a directory that is there to read what is in it, and nothing else: no lock is taken, and
    /// nothing is written, so that it may lie on a medium that cannot be.
    ///
    /// # Errors
    /// An I/O error when it is no directory.
    pub fn open_read_only(root: &Path) -> Result<Self> {
        fs::read_dir(root).map_err(|error| io_error("open the directory", root, &error))?;
        Ok(Self { root: root.to_owned(), lock: None })
    }

    /// The place of a path that is to be changed.
    fn resolve_to_change(&self, path: &Path) -> io::Result<PathBuf> {
        if self.lock.is_none() {
            let reason = format!("{} was opened to be read", self.root.display());
            return Err(io::Error::new(io::ErrorKind::PermissionDenied, reason));
        }
        self.resolve(path)
    }

    fn resolve(&self, path: &Path) -> io::Result<PathBuf> {
        let names = path::names(path)?;
        if names == [LOCK_NAME] {
            return Err(io::Error::new(io::ErrorKind::PermissionDenied, "the lock file is not for use"));
        }
        Ok(names.iter().fold(self.root.clone(), |path, name| path.join(name)))
    }

    fn file(&self, file: fs::File) -> Arc<dyn File> {
        Arc::new(DiskFile { file, _lock: self.lock.clone() })
    }
}

impl Files for DiskFiles {
    fn create(&self, path: &Path) -> io::Result<Arc<dyn File>> {
        Ok(self.file(options().truncate(true).open(self.resolve_to_change(path)?)?))
    }

    fn open(&self, path: &Path) -> io::Result<Arc<dyn File>> {
        Ok(self.file(OpenOptions::new().read(true).write(self.lock.is_some()).open(self.resolve(path)?)?))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(self.resolve_to_change(from)?, self.resolve_to_change(to)?)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(self.resolve_to_change(path)?)
    }

    fn create_directory(&self, path: &Path) -> io::Result<()> {
        directories().create(self.resolve_to_change(path)?)
    }

    fn list(&self, path: &Path) -> io::Result<Vec<String>> {
        let directory = self.resolve(path)?;
        let entries = match fs::read_dir(&directory) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries?,
        };
        let names = entries.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()));
        let mut names = names.collect::<io::Result<Vec<String>>>()?;
        if directory == self.root {
            names.retain(|name| name != LOCK_NAME);
        }
        names.sort_unstable();
        Ok(names)
    }

    fn sync_directory(&self, path: &Path) -> io::Result<()> {
        sync_directory(&self.resolve(path)?)
    }

    fn exists(&self, path: &Path) -> io::Result<bool> {
        fs::exists(self.resolve(path)?)
    }

    fn local_path(&self, path: &Path) -> Option<PathBuf> {
        self.resolve(path).ok()
    }

    fn link(&self, local: &Path, to: &Path) -> io::Result<()> {
        fs::hard_link(local, self.resolve_to_change(to)?)
    }
}

impl File for DiskFile {
    fn len(&self) -> io::Result<u64> {
        Ok(self.file.metadata()?.len())
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        self.file.read_exact_at(buffer, offset)
    }

    fn write_at(&self, offset: u64, buffer: &[u8]) -> io::Result<()> {
        self.file.write_all_at(buffer, offset)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.file.set_len(len)
    }

    fn sync(&self) -> io::Result<()> {
        self.file.sync_data()
    }
}

fn options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).mode(0o600);
    options
}

fn directories() -> DirBuilder {
    let mut builder = DirBuilder::new();
    builder.recursive(true).mode(0o700);
    builder
}

fn sync_directory(path: &Path) -> io::Result<()> {
    fs::File::open(path)?.sync_all()
}

/// Makes a directory and those above it, each synced into the one that it stands in.
fn make_durably(path: &Path) -> io::Result<()> {
    if path.as_os_str().is_empty() || path.is_dir() {
        return Ok(());
    }
    let parent = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    make_durably(parent)?;
    directories().create(path)?;
    sync_directory(parent)
}

#[cfg(test)]
mod tests;
