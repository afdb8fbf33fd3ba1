//! A disk in memory for tests, that forgets what was not synced. After [`ForgetfulFiles::crash`]
//! the bytes that no [`File::sync`] and the names that no [`Files::sync_directory`] made durable
//! are gone, or by a seed any part of them is there. It also fails on demand.

mod content;
mod operation;
mod random;
mod tree;

pub use operation::{Operation, OperationKind};

use crate::{File, Files};
use operation::Watcher;
use parking_lot::{Condvar, Mutex};
use random::Dice;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tree::{Node, Tree};

/// The disk. Clones share it.
///
/// Every operation that changes something (create, rename, remove, create a directory, write, set
/// a length, sync, sync a directory) has a number, counted from 0.
#[derive(Clone, Default)]
pub struct ForgetfulFiles {
    disk: Arc<Mutex<Disk>>,
}

#[derive(Debug, Default)]
struct Disk {
    tree: Tree,
    operations: u64,
    power_ends_at: Option<u64>,
    full: bool,
    ignores_syncs: bool,
    failing_sync: Option<String>,
    refused: Option<(String, i32)>,
    gate: Arc<Gate>,
    watcher: Watcher,
}

/// Where syncs wait that a test holds back.
#[derive(Debug, Default)]
struct Gate {
    held: Mutex<Held>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Held {
    /// Syncs of files whose path holds this text wait.
    path_part: Option<String>,
    /// How many of them wait now.
    waiting: usize,
    /// How many of them may go on.
    passing: usize,
}

struct ForgetfulFile {
    disk: Arc<Mutex<Disk>>,
    path: PathBuf,
    node: Arc<Node>,
}

impl ForgetfulFiles {
    /// An empty disk.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// How many operations that change something were begun.
    #[must_use]
    pub fn operations(&self) -> u64 {
        self.disk.lock().operations
    }

    /// Power ends with that operation: it and all later ones fail. What it was to change is
    /// unsynced like everything before it. With `n`, exactly the first `n` operations succeed.
    pub fn fail_at(&self, operation: u64) {
        self.disk.lock().power_ends_at = Some(operation);
    }

    /// From now on, whether whatever makes a file longer fails for want of room; of a write half is there.
    pub fn set_full(&self, full: bool) {
        self.disk.lock().full = full;
    }

    /// From now on, whether syncs succeed and make nothing durable: a test that still passes did
    /// not need them.
    pub fn ignore_syncs(&self, ignore: bool) {
        self.disk.lock().ignores_syncs = ignore;
    }

    /// Lets the next sync of a file or directory fail whose path holds that text. What it was to
    /// make durable is still seen, but never becomes durable, whatever is synced later.
    pub fn fail_next_sync(&self, path_part: &str) {
        self.disk.lock().failing_sync = Some(path_part.to_owned());
    }

    /// From now on syncs of files whose path holds that text wait: until [`ForgetfulFiles::pass_sync`]
    /// lets one of them go on, or all of them with `None`.
    pub fn hold_syncs(&self, path_part: Option<&str>) {
        let gate = self.gate();
        let mut held = gate.held.lock();
        held.path_part = path_part.map(str::to_owned);
        held.passing = 0;
        gate.changed.notify_all();
    }

    /// Lets one sync go on that is held, now or later.
    pub fn pass_sync(&self) {
        let gate = self.gate();
        gate.held.lock().passing += 1;
        gate.changed.notify_all();
    }

    /// How many syncs are held now, without those that were let go on.
    #[must_use]
    pub fn held_syncs(&self) -> usize {
        let gate = self.gate();
        let held = gate.held.lock();
        held.waiting.saturating_sub(held.passing)
    }

    fn gate(&self) -> Arc<Gate> {
        self.disk.lock().gate.clone()
    }

    /// From now on files whose path holds that text cannot be made, opened or read: the operating
    /// system gives that error. `None`: they can.
    pub fn refuse(&self, refused: Option<(&str, i32)>) {
        self.disk.lock().refused = refused.map(|(path_part, error)| (path_part.to_owned(), error));
    }

    /// From now on that is asked before each operation that changes something, by the thread that is
    /// about to make it, and may look at the disk as it is then. Where it answers true for a sync,
    /// that one succeeds and makes nothing durable.
    pub fn watch(&self, watch: impl Fn(&Self, &Operation) -> bool + Send + Sync + 'static) {
        self.disk.lock().watcher = Watcher::new(watch);
    }

    /// Damages a file: flips a bit, counted from the lowest of its first byte.
    ///
    /// # Errors
    /// If there is no such file or bit.
    pub fn flip_bit(&self, path: &Path, bit: u64) -> io::Result<()> {
        let node = self.disk.lock().tree.file(path)?;
        if node.content.lock().flip_bit(bit) { Ok(()) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
    }

    /// The disk as it is found after the power was cut now. Seed 0: all that was not synced is
    /// gone. `u64::MAX`: all of it is there, as after the end of a process. Any other seed: each
    /// write is there, or not, or in part; each change of a name is there or not.
    ///
    /// This disk stays as it is; open files and tasks of before do not reach the new one.
    #[must_use]
    pub fn crash(&self, seed: u64) -> Self {
        let tree = self.disk.lock().tree.after_crash(&mut Dice::new(seed));
        Self { disk: Arc::new(Mutex::new(Disk { tree, ..Disk::default() })) }
    }

    fn file(&self, path: &Path, node: Arc<Node>) -> Arc<dyn File> {
        Arc::new(ForgetfulFile { disk: self.disk.clone(), path: path.to_owned(), node })
    }

    /// Changes the names, also with the operation during which power ends.
    fn change<T>(
        &self,
        kind: OperationKind,
        path: &Path,
        change: impl FnOnce(&mut Tree) -> io::Result<T>,
    ) -> io::Result<T> {
        announce(&self.disk, kind, path);
        let mut disk = self.disk.lock();
        let power = disk.begin()?;
        let changed = change(&mut disk.tree)?;
        power.then_some(changed).ok_or_else(power_is_gone)
    }
}

impl Disk {
    /// Counts an operation. False: power ends during it; an error: power ended before.
    fn begin(&mut self) -> io::Result<bool> {
        let number = self.operations;
        if self.power_ends_at.is_some_and(|end| number > end) {
            return Err(power_is_gone());
        }
        self.operations += 1;
        Ok(self.power_ends_at != Some(number))
    }

    /// Whether a file may be used.
    fn may_use(&self, path: &Path) -> io::Result<()> {
        match &self.refused {
            Some((part, error)) if path.to_string_lossy().contains(part.as_str()) => {
                Err(io::Error::from_raw_os_error(*error))
            }
            _ => Ok(()),
        }
    }

    /// Whether this sync is to fail; asked once.
    fn sync_fails(&mut self, path: &Path) -> bool {
        self.failing_sync.take_if(|part| path.to_string_lossy().contains(part.as_str())).is_some()
    }
}

impl Gate {
    /// Waits while syncs of that file are held.
    fn pass(&self, path: &Path) {
        let path = path.to_string_lossy();
        let mut held = self.held.lock();
        while held.path_part.as_deref().is_some_and(|part| path.contains(part)) {
            if held.passing > 0 {
                held.passing -= 1;
                return;
            }
            held.waiting += 1;
            self.changed.wait(&mut held);
            held.waiting -= 1;
        }
    }
}

impl Files for ForgetfulFiles {
    fn create(&self, path: &Path) -> io::Result<Arc<dyn File>> {
        self.disk.lock().may_use(path)?;
        let node = self.change(OperationKind::Create, path, |tree| {
            if tree.find(path)?.is_none() {
                return tree.create(path);
            }
            let node = tree.file(path)?;
            node.content.lock().set_len(0);
            Ok(node)
        })?;
        Ok(self.file(path, node))
    }

    fn open(&self, path: &Path) -> io::Result<Arc<dyn File>> {
        let disk = self.disk.lock();
        disk.may_use(path)?;
        let node = disk.tree.file(path)?;
        drop(disk);
        Ok(self.file(path, node))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.change(OperationKind::Rename, to, |tree| tree.rename(from, to))
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.change(OperationKind::Remove, path, |tree| tree.remove(path))
    }

    fn create_directory(&self, path: &Path) -> io::Result<()> {
        self.change(OperationKind::CreateDirectory, path, |tree| tree.create_directory(path))
    }

    fn list(&self, path: &Path) -> io::Result<Vec<String>> {
        self.disk.lock().tree.list(path)
    }

    fn sync_directory(&self, path: &Path) -> io::Result<()> {
        let ignored = announce(&self.disk, OperationKind::SyncDirectory, path);
        let mut disk = self.disk.lock();
        if !disk.begin()? {
            return Err(power_is_gone());
        }
        if disk.sync_fails(path) {
            disk.tree.lose_pending(path)?;
            return Err(sync_failed(path));
        }
        if disk.ignores_syncs || ignored { Ok(()) } else { disk.tree.sync(path) }
    }

    fn exists(&self, path: &Path) -> io::Result<bool> {
        Ok(self.disk.lock().tree.find(path)?.is_some())
    }
}

/// How a change of a file's bytes ends.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Change {
    Made,
    PowerEnds,
    NoRoom,
}

impl Change {
    fn result(self) -> io::Result<()> {
        match self {
            Self::Made => Ok(()),
            Self::PowerEnds => Err(power_is_gone()),
            Self::NoRoom => Err(io::ErrorKind::StorageFull.into()),
        }
    }
}

impl ForgetfulFile {
    /// Counts a change, and tells how it ends.
    fn begin_change(&self, kind: OperationKind, new_len: usize) -> io::Result<Change> {
        announce(&self.disk, kind, &self.path);
        let mut disk = self.disk.lock();
        Ok(match disk.begin()? {
            true if disk.full && new_len > self.node.content.lock().len() => Change::NoRoom,
            true => Change::Made,
            false => Change::PowerEnds,
        })
    }
}

impl File for ForgetfulFile {
    fn len(&self) -> io::Result<u64> {
        Ok(self.node.content.lock().len() as u64)
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        self.disk.lock().may_use(&self.path)?;
        self.node.content.lock().read(offset, buffer)
    }

    fn write_at(&self, offset: u64, buffer: &[u8]) -> io::Result<()> {
        let offset = in_memory(offset)?;
        let end = offset.checked_add(buffer.len()).ok_or(io::ErrorKind::FileTooLarge)?;
        let change = self.begin_change(OperationKind::Write, end)?;
        // A full disk takes as much as there is room for.
        let taken = if change == Change::NoRoom { buffer.len() / 2 } else { buffer.len() };
        self.node.content.lock().write(offset, buffer.get(..taken).unwrap_or_default());
        change.result()
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        let len = in_memory(len)?;
        let change = self.begin_change(OperationKind::SetLength, len)?;
        if change != Change::NoRoom {
            self.node.content.lock().set_len(len);
        }
        change.result()
    }

    fn sync(&self) -> io::Result<()> {
        let gate = self.disk.lock().gate.clone();
        gate.pass(&self.path);
        let ignored = announce(&self.disk, OperationKind::Sync, &self.path);
        let mut disk = self.disk.lock();
        if !disk.begin()? {
            return Err(power_is_gone());
        }
        let mut content = self.node.content.lock();
        if disk.sync_fails(&self.path) {
            content.lose_pending();
            return Err(sync_failed(&self.path));
        }
        if !disk.ignores_syncs && !ignored {
            content.sync();
        }
        Ok(())
    }
}

impl fmt::Debug for ForgetfulFiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ForgetfulFiles").field("operations", &self.operations()).finish_non_exhaustive()
    }
}

impl fmt::Debug for ForgetfulFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ForgetfulFile").field("path", &self.path).finish_non_exhaustive()
    }
}

/// Tells whoever watches of an operation that is about to be made; true: a sync is to do nothing.
fn announce(disk: &Arc<Mutex<Disk>>, kind: OperationKind, path: &Path) -> bool {
    let (number, watcher) = {
        let disk = disk.lock();
        (disk.operations, disk.watcher.clone())
    };
    // Not under the lock, so that it may look.
    watcher.ask(&ForgetfulFiles { disk: disk.clone() }, &Operation { number, kind, path: path.to_owned() })
}

fn in_memory(size: u64) -> io::Result<usize> {
    usize::try_from(size).map_err(|_| io::ErrorKind::FileTooLarge.into())
}

fn power_is_gone() -> io::Error {
    io::Error::other("the power is gone")
}

fn sync_failed(path: &Path) -> io::Error {
    io::Error::other(format!("sync of \"{}\" failed", path.display()))
}

#[cfg(test)]
mod tests;
