//! The durable catalogue. A commit is made durable first, then seen. Commits come one after the
//! other; each runs on a blocking thread and to its end, whatever becomes of the one that asked.
//!
//! After a failed write the newest version in memory stays the last durable one, and nothing more
//! is written: what a failed sync left on the disk is unknown. Only a full disk is tried again.

mod backend;
mod disk;
mod encoding;
mod export;
#[cfg(any(test, fuzzing))]
pub mod fuzzing;
mod header;

use crate::snapshot::Edit;
use crate::{Catalog, CatalogStore, Change, CommitError};
use async_trait::async_trait;
use backend::Failure;
use disk::{Contents, Disk, Encoded};
pub use export::{Export, ImportedCatalog};
use files::{File, Files};
use model::{Error, ErrorKind, Result};
use parking_lot::RwLock;
use std::mem;
use std::ops::Range;
use std::sync::Arc;
use tokio::runtime::Handle;
use tokio::sync::{Mutex, OwnedMutexGuard};
use tokio::task;

const FILE_NAME: &str = "catalog.redb";
/// So many ids are reserved at once; a crash loses those that were not taken.
const ID_BLOCK: u64 = 1_000;

/// The catalogue in one redb file, `catalog.redb` in the data directory.
#[derive(Debug)]
pub struct RedbCatalog {
    newest: Arc<RwLock<Arc<Catalog>>>,
    writer: Arc<Mutex<Writer>>,
}

impl RedbCatalog {
    /// Opens the catalogue, and makes an empty one if there is none. Blocks while it reads.
    ///
    /// # Errors
    /// [`ErrorKind::Corrupt`], [`ErrorKind::FormatTooNew`], or an I/O error.
    pub fn open(files: Arc<dyn Files>) -> Result<Self> {
        let file = disk::open_file(&*files)?;
        let disk = Disk::open(file.clone())?;
        let Contents { catalog, next_id } = disk.load()?;
        let newest = Arc::new(RwLock::new(Arc::new(catalog)));
        let writer =
            Writer { newest: newest.clone(), file, state: State::Ready(Box::new(disk)), ids: next_id..next_id };
        Ok(Self { newest, writer: Arc::new(Mutex::new(writer)) })
    }

    /// Runs a piece of the writer's work when its turn has come, to its end.
    async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Writer) -> Result<T, CommitError> + Send + 'static,
    ) -> Result<T, CommitError> {
        let mut writer: OwnedMutexGuard<Writer> = self.writer.clone().lock_owned().await;
        if Handle::try_current().is_err() {
            return work(&mut writer);
        }
        match task::spawn_blocking(move || work(&mut writer)).await {
            Ok(result) => result,
            Err(error) if error.is_cancelled() => Err(Error::new(ErrorKind::ShuttingDown {}).into()),
            Err(error) => Err(Error::internal(error).into()),
        }
    }
}

#[async_trait]
impl CatalogStore for RedbCatalog {
    fn snapshot(&self) -> Arc<Catalog> {
        self.newest.read().clone()
    }

    async fn commit(&self, expected: Option<u64>, changes: Vec<Change>) -> Result<u64, CommitError> {
        self.write(move |writer| writer.commit(expected, changes)).await
    }

    async fn take_ids(&self, count: u64) -> Result<Range<u64>> {
        self.write(move |writer| Ok(writer.take_ids(count)?)).await.map_err(|error| match error {
            CommitError::Failed(error) => error,
            CommitError::Conflict => Error::internal(error),
        })
    }
}

/// The one that writes.
#[derive(Debug)]
struct Writer {
    newest: Arc<RwLock<Arc<Catalog>>>,
    file: Arc<dyn File>,
    state: State,
    /// Reserved, and not yet taken.
    ids: Range<u64>,
}

#[derive(Debug)]
enum State {
    Ready(Box<Disk>),
    /// The disk was full: to be opened again.
    Full,
    Broken(String),
}

impl Writer {
    fn commit(&mut self, expected: Option<u64>, changes: Vec<Change>) -> Result<u64, CommitError> {
        let newest = self.newest.read().clone();
        if expected.is_some_and(|expected| expected != newest.version) {
            return Err(CommitError::Conflict);
        }
        let mut edit = Edit::new(&newest);
        for change in changes {
            edit.apply(change)?;
        }
        let (catalog, parts) = edit.finish();
        let encoded = Encoded::new(&catalog, parts)?;
        self.with_disk(|disk| disk.store(&encoded))?;
        let version = catalog.version;
        *self.newest.write() = Arc::new(catalog);
        Ok(version)
    }

    fn take_ids(&mut self, count: u64) -> Result<Range<u64>> {
        let out_of_ids = || Error::internal("no ids are left");
        let end = self.ids.start.checked_add(count).ok_or_else(out_of_ids)?;
        if end > self.ids.end {
            let reserved = self.ids.end.checked_add(count.max(ID_BLOCK)).ok_or_else(out_of_ids)?;
            self.with_disk(|disk| disk.store_next_id(reserved))?;
            self.ids.end = reserved;
        }
        Ok(mem::replace(&mut self.ids.start, end)..end)
    }

    /// Writes, and after a failure sees to it that nothing is written on top of it. A panic leaves
    /// the state broken, too.
    fn with_disk(&mut self, write: impl FnOnce(&Disk) -> Result<(), Failure>) -> Result<()> {
        let unfinished = State::Broken("an earlier change of the catalogue did not end".to_owned());
        let disk = match mem::replace(&mut self.state, unfinished) {
            State::Ready(disk) => disk,
            State::Full => match self.reopen() {
                Ok(disk) => disk,
                Err(failure) => return Err(self.failed(failure)),
            },
            State::Broken(reason) => {
                self.state = State::Broken(reason.clone());
                return Err(Error::new(ErrorKind::ReadOnly { reason }));
            }
        };
        match write(&disk) {
            Ok(()) => {
                self.state = State::Ready(disk);
                Ok(())
            }
            Err(failure) => Err(self.failed(failure)),
        }
    }

    fn failed(&mut self, Failure { error, full }: Failure) -> Error {
        tracing::error!(%error, "the catalogue could not be written");
        self.state = if full { State::Full } else { State::Broken(error.to_string()) };
        error
    }

    /// Opens the file again after the disk was full, and makes sure that the failed change left
    /// nothing in it.
    fn reopen(&self) -> Result<Box<Disk>, Failure> {
        let disk = Disk::open(self.file.clone())?;
        let stored = disk.load().map_err(|error| Failure { error, full: false })?;
        if stored.catalog.version != self.newest.read().version || stored.next_id != self.ids.end {
            let error = encoding::damaged("it is not as it was before the disk was full");
            return Err(Failure { error, full: false });
        }
        Ok(Box::new(disk))
    }
}

#[cfg(test)]
mod tests;
