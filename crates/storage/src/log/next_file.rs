//! The file that is written to and the one after it, which is begun aside: a thread of its own makes
//! it durable and lets the catalogue know, while the current one goes on.

use super::file_format::{self, DIRECTORY, HEADER_BYTES, Header};
use crate::catalogue_commit::{commit, own_runtime};
use catalog::{CatalogStore, Change};
use files::{File, Files, io_error};
use model::{Error, ErrorKind, Result, Sequence};
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, TryRecvError};
use std::thread::{Builder, JoinHandle};

/// The file that is written to, or the next one.
#[derive(Debug)]
pub(super) struct Current {
    pub(super) number: u64,
    pub(super) previous: Sequence,
    pub(super) file: Arc<dyn File>,
    pub(super) len: u64,
    /// Bytes known to be durable.
    pub(super) durable: u64,
    /// Bytes of records that were published.
    pub(super) published: u64,
}

impl Current {
    /// Begins a file durably, or leaves none.
    pub(super) fn begin(disk: &dyn Files, number: u64, previous: Sequence) -> io::Result<Self> {
        let path = file_format::path(number);
        let begun = begin_file(disk, &path, Header { number, previous });
        if begun.is_err() {
            remove_begun(disk, &path)?;
        }
        let len = HEADER_BYTES as u64;
        Ok(Self { number, previous, file: begun?, len, durable: len, published: len })
    }

    /// Lets a file without records follow a record that was not there when it was begun.
    pub(super) fn follow(&mut self, previous: Sequence) -> io::Result<()> {
        if self.previous != previous {
            self.file.write_at(0, &Header { number: self.number, previous }.encode())?;
            self.file.sync()?;
            self.previous = previous;
        }
        Ok(())
    }
}

/// The file after the current one.
#[derive(Debug, Default)]
pub(super) enum Next {
    #[default]
    None,
    /// It is being begun.
    Beginning(Beginning),
    /// The catalogue knows it; it has no records.
    Begun(Current),
}

/// A file on its way. Dropping it waits for the thread that begins it.
#[derive(Debug)]
pub(super) struct Beginning {
    begun: Receiver<Result<Current>>,
    thread: Option<JoinHandle<()>>,
}

impl Beginning {
    /// Begins a file on a thread of its own, then tells so.
    pub(super) fn spawn(
        begin: impl FnOnce() -> Result<Current> + Send + 'static,
        tell: impl FnOnce() + Send + 'static,
    ) -> Result<Self> {
        let (sender, begun) = mpsc::channel();
        let work = move || {
            // Nobody hears it where the log has ended.
            let _ = sender.send(begin());
            tell();
        };
        let thread = Builder::new().name("storage-log-next".into()).spawn(work).map_err(Error::internal)?;
        Ok(Self { begun, thread: Some(thread) })
    }

    /// The file, if it is begun by now.
    pub(super) fn now(&self) -> Option<Result<Current>> {
        match self.begun.try_recv() {
            Ok(begun) => Some(begun),
            Err(TryRecvError::Empty) => None,
            Err(TryRecvError::Disconnected) => Some(Err(panicked())),
        }
    }

    /// The file, once it is begun.
    pub(super) fn wait(&self) -> Option<Result<Current>> {
        Some(self.begun.recv().unwrap_or_else(|_| Err(panicked())))
    }
}

impl Drop for Beginning {
    fn drop(&mut self) {
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn panicked() -> Error {
    Error::internal("beginning a log file panicked")
}

/// Begins a file durably and lets the catalogue know.
pub(super) fn begin_next(
    disk: &dyn Files,
    catalog: &dyn CatalogStore,
    number: u64,
    previous: Sequence,
) -> Result<Current> {
    let path = file_format::path(number);
    let failed = |e: io::Error| io_error("begin", &path, &e);
    let runtime = own_runtime()?;
    let begun = Current::begin(disk, number, previous).map_err(failed)?;
    commit(&runtime, catalog, vec![Change::BeginLogFile(number)]).or_else(|error: Error| {
        if *error.kind == (ErrorKind::DiskFull {}) {
            // The catalogue is as it was, and the file before goes on.
            remove_begun(disk, &path).map_err(failed)?;
        }
        Err(error)
    })?;
    Ok(begun)
}

/// Removes a file in which no record ever was: the file before goes on, and must stay the last one.
fn remove_begun(disk: &dyn Files, path: &Path) -> io::Result<()> {
    if disk.exists(path)? {
        disk.remove(path)?;
        disk.sync_directory(Path::new(DIRECTORY))?;
    }
    Ok(())
}

fn begin_file(disk: &dyn Files, path: &Path, header: Header) -> io::Result<Arc<dyn File>> {
    let file = disk.create(path)?;
    file.write_at(0, &header.encode())?;
    file.sync()?;
    disk.sync_directory(Path::new(DIRECTORY))?;
    Ok(file)
}
