//! redb's file, through `files`. Keeps the first operation that failed, because redb's own errors
//! do not say which one it was, and a later one only that there was an earlier.

use super::FILE_NAME;
use super::encoding::damaged;
use super::header::{FLAGS_AT, TWO_PHASES};
use files::{File, io_error};
use model::{Error, ErrorKind};
use parking_lot::Mutex;
use redb::StorageBackend;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// The first failed operation of one opening of the file.
#[derive(Clone, Debug)]
pub(super) struct Failure {
    pub(super) error: Error,
    /// Whether the disk was full before anything was synced, so that what is durable is known.
    pub(super) full: bool,
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        failure.error
    }
}

pub(super) type FirstFailure = Arc<Mutex<Option<Failure>>>;

#[derive(Debug)]
pub(super) struct Backend {
    pub(super) file: Arc<dyn File>,
    pub(super) failure: FirstFailure,
    /// Until the first write, the newest commit is read as one that was not made in two phases.
    pub(super) hides_phases: AtomicBool,
}

impl Backend {
    fn watch<T>(&self, operation: &str, result: io::Result<T>) -> io::Result<T> {
        if let Err(error) = &result {
            let error = match error.kind() {
                io::ErrorKind::UnexpectedEof => damaged("it ends too early"),
                _ => io_error(operation, Path::new(FILE_NAME), error),
            };
            let full = operation != "sync" && *error.kind == ErrorKind::DiskFull {};
            self.failure.lock().get_or_insert(Failure { error, full });
        }
        result
    }
}

impl StorageBackend for Backend {
    fn len(&self) -> io::Result<u64> {
        self.watch("look at", self.file.len())
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.watch("read", self.file.read_at(offset, out))?;
        if self.hides_phases.load(Ordering::Relaxed)
            && let Some(flags) =
                FLAGS_AT.checked_sub(offset).and_then(|at| out.get_mut(usize::try_from(at).unwrap_or(usize::MAX)))
        {
            *flags &= !TWO_PHASES;
        }
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.watch("resize", self.file.set_len(len))
    }

    fn sync_data(&self) -> io::Result<()> {
        self.watch("sync", self.file.sync())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.hides_phases.store(false, Ordering::Relaxed);
        self.watch("write", self.file.write_at(offset, data))
    }
}
