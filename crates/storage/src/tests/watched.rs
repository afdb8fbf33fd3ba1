//! A disk that tells whenever the thread of compaction begins to write a segment, and goes on once
//! it is told to; that counts what is listed and opened; and on which a link may not be what it should be.

use super::fixture::*;
use crate::{Storage, StorageOptions};
use catalog::{CatalogStore, RedbCatalog};
use files::{File, Files, ForgetfulFiles};
use parking_lot::{Condvar, Mutex};
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

type OnMerge = Arc<dyn Fn(&Path) + Send + Sync>;

#[derive(Clone)]
pub(super) struct Watched {
    pub(super) disk: ForgetfulFiles,
    on_merge: OnMerge,
    /// Directories, as often as they were listed.
    pub(super) listed: Arc<Mutex<Vec<PathBuf>>>,
    /// How many files were opened.
    pub(super) opened: Arc<AtomicU64>,
    /// What links are made from; each begins with another bit.
    linked: Option<ForgetfulFiles>,
}

impl fmt::Debug for Watched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.disk.fmt(f)
    }
}

impl Watched {
    pub(super) fn new(disk: &ForgetfulFiles) -> Self {
        Self {
            disk: disk.clone(),
            on_merge: Arc::new(|_| {}),
            listed: Arc::default(),
            opened: Arc::default(),
            linked: None,
        }
    }

    /// Links are made from files there, damaged.
    pub(super) fn damages_links_from(self, from: &ForgetfulFiles) -> Self {
        Self { linked: Some(from.clone()), ..self }
    }
}

impl Files for Watched {
    fn create(&self, path: &Path) -> io::Result<Arc<dyn File>> {
        let is_merge = std::thread::current().name() == Some("storage-compaction");
        if is_merge && path.to_string_lossy().ends_with(".parquet.tmp") {
            (self.on_merge)(path);
        }
        self.disk.create(path)
    }
    fn open(&self, path: &Path) -> io::Result<Arc<dyn File>> {
        self.opened.fetch_add(1, Ordering::Relaxed);
        self.disk.open(path)
    }
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.disk.rename(from, to)
    }
    fn remove(&self, path: &Path) -> io::Result<()> {
        self.disk.remove(path)
    }
    fn create_directory(&self, path: &Path) -> io::Result<()> {
        self.disk.create_directory(path)
    }
    fn list(&self, path: &Path) -> io::Result<Vec<String>> {
        self.listed.lock().push(path.to_owned());
        self.disk.list(path)
    }
    fn sync_directory(&self, path: &Path) -> io::Result<()> {
        self.disk.sync_directory(path)
    }
    fn exists(&self, path: &Path) -> io::Result<bool> {
        self.disk.exists(path)
    }
    fn local_path(&self, path: &Path) -> Option<PathBuf> {
        self.linked.as_ref().map(|_| path.to_owned())
    }
    fn link(&self, local: &Path, to: &Path) -> io::Result<()> {
        let from = self.linked.as_ref().ok_or(io::ErrorKind::Unsupported)?.open(local)?;
        let mut bytes = vec![0; usize::try_from(from.len()?).unwrap()];
        from.read_at(0, &mut bytes)?;
        bytes[0] ^= 1;
        self.disk.create(to)?.write_at(0, &bytes)
    }
}

/// A store on such a disk, whose writers wait for so long.
pub(super) fn open(
    disk: &ForgetfulFiles,
    options: StorageOptions,
    patience: Duration,
    on_merge: impl Fn(&Path) + Send + Sync + 'static,
) -> Fixture {
    let files: Arc<dyn Files> = Arc::new(Watched { on_merge: Arc::new(on_merge), ..Watched::new(disk) });
    let catalog: Arc<dyn CatalogStore> = Arc::new(RedbCatalog::open(files.clone()).unwrap());
    let spellings = Arc::new(segments::PlainSpellings);
    let threads = crate::recovery::open(files, catalog.clone(), options, spellings, patience).unwrap();
    Fixture { disk: disk.clone(), catalog, storage: Storage { threads: Arc::new(threads) } }
}

/// Whoever comes to it waits while it is shut.
#[derive(Debug, Default)]
pub(super) struct Gate {
    is_open: Mutex<bool>,
    changed: Condvar,
}

/// Opens a gate when it is dropped, so that a test that fails ends.
pub(super) struct OpensAtLast(pub(super) Arc<Gate>);

impl Drop for OpensAtLast {
    fn drop(&mut self) {
        self.0.open();
    }
}

impl Gate {
    pub(super) fn open(&self) {
        *self.is_open.lock() = true;
        self.changed.notify_all();
    }

    pub(super) fn pass(&self) {
        let mut is_open = self.is_open.lock();
        while !*is_open {
            self.changed.wait(&mut is_open);
        }
    }
}
