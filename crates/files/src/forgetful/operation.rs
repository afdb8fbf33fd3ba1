//! What changes a disk, and who watches it.

use super::ForgetfulFiles;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

/// How an operation changes the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OperationKind {
    /// A file is made or emptied.
    Create,
    /// A file gets another name.
    Rename,
    /// A file is removed.
    Remove,
    /// A directory is made.
    CreateDirectory,
    /// Bytes are written.
    Write,
    /// A file gets another length.
    SetLength,
    /// A file's bytes are made durable.
    Sync,
    /// A directory's names are made durable.
    SyncDirectory,
}

/// An operation that is about to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operation {
    /// How many were begun before.
    pub number: u64,
    /// How it changes the disk.
    pub kind: OperationKind,
    /// What it changes; of a rename the name from then on, of a file the name that it was opened by.
    pub path: PathBuf,
}

type Watch = dyn Fn(&ForgetfulFiles, &Operation) -> bool + Send + Sync;

/// Who is asked before each operation, if anybody is.
#[derive(Clone, Default)]
pub(super) struct Watcher(Option<Arc<Watch>>);

impl Watcher {
    pub(super) fn new(watch: impl Fn(&ForgetfulFiles, &Operation) -> bool + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(watch)))
    }

    pub(super) fn ask(&self, disk: &ForgetfulFiles, operation: &Operation) -> bool {
        self.0.as_ref().is_some_and(|watch| watch(disk, operation))
    }
}

impl fmt::Debug for Watcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Watcher").field(&self.0.is_some()).finish()
    }
}
