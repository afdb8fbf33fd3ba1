//! The one thread that writes the log: group commit, publication, rotation, failure.
//!
//! A file gets its first record once the catalogue says, durably, that the file must be there. It is
//! begun aside when the file before is full, which goes on until then.
//!
//! A failed sync or write ends it: what the disk holds is unknown then. A full disk does not: the
//! unsynced bytes are cut off again, every number taken so far that is not durable is undone in
//! memory, and writing goes on.

use super::file_format::{self, Frame};
use super::next_file::{Beginning, Current, Next, begin_next};
use super::queue::{Entry, LogQueue, Refusal};
use super::reader::LogFile;
use crate::WalSync;
use crate::catalogue_commit::commit_blocking;
use catalog::{CatalogStore, Change};
use files::{Files, io_error};
use model::{Error, ErrorKind, Result, Sequence};
use parking_lot::Mutex;
use std::fmt::Display;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Bytes that are gathered for one write.
const WRITE_BYTES: usize = 4 << 20;
/// So many finished files, and so many bytes in them, may come after a flush before the next is
/// due, however little memory their rows take: a start reads all of them again.
const FILES_MAX: usize = 4;
const BYTES_MAX: u64 = 256 << 20;

/// What the thread needs to know.
#[derive(Debug)]
pub(crate) struct WriterOptions {
    pub(crate) sync: WalSync,
    pub(crate) file_bytes: u64,
    /// Files that are there already, and the number of the next.
    pub(crate) files: Vec<LogFile>,
    pub(crate) next_number: u64,
    /// The newest number there is.
    pub(crate) last: Sequence,
}

/// The files that make up the log.
#[derive(Debug)]
struct Extent {
    /// Those that are full, oldest first.
    finished: Vec<LogFile>,
    /// How many of them the last flush could not have trimmed, and the bytes in them.
    kept: (usize, u64),
    /// The number of the current file, and the newest record before it.
    current: (u64, Sequence),
}

impl Extent {
    fn size(&self) -> (usize, u64) {
        (self.finished.len(), self.finished.iter().map(|file| file.bytes).sum())
    }
}

/// What a trim can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Trim {
    /// The first file that is still needed; `None` when none has become needless.
    pub(crate) first: Option<u64>,
    /// The newest number that is in no file from there on.
    pub(crate) gone: Sequence,
}

/// The log as the rest of the store sees it.
#[derive(Debug)]
pub(crate) struct LogWriter {
    disk: Arc<dyn Files>,
    pub(crate) queue: LogQueue,
    visible: AtomicU64,
    synced: AtomicU64,
    extent: Mutex<Extent>,
    sync: WalSync,
}

impl LogWriter {
    /// Begins a new file. The thread is [`LogThread::run`].
    pub(crate) fn open(
        disk: Arc<dyn Files>,
        catalog: &Arc<dyn CatalogStore>,
        queue: LogQueue,
        options: WriterOptions,
    ) -> Result<(Arc<Self>, LogThread)> {
        let WriterOptions { sync, file_bytes, files, next_number, last } = options;
        // Numbers that no record has (changed definitions) do not count here: a reader compares
        // with the records of the file before.
        let last_record = files.last().map_or(last, |file| file.last);
        let current = Current::begin(disk.as_ref(), next_number, last_record)
            .map_err(|e| io_error("begin", &file_format::path(next_number), &e))?;
        let first = files.first().map_or(next_number, |file| file.number);
        commit_blocking(catalog, [first, next_number].map(Change::BeginLogFile).into())?;
        let extent = Extent { finished: files, kept: (0, 0), current: (next_number, last_record) };
        let (visible, synced) = (AtomicU64::new(last.0), AtomicU64::new(last.0));
        let log = Arc::new(Self { disk, queue, visible, synced, extent: Mutex::new(extent), sync });
        let thread = LogThread {
            log: log.clone(),
            catalog: catalog.clone(),
            file_bytes,
            current,
            next: Next::None,
            last,
            last_record,
            next_sync: None,
        };
        Ok((log, thread))
    }

    /// The newest number that readers see.
    pub(crate) fn visible(&self) -> Sequence {
        Sequence(self.visible.load(Ordering::Acquire))
    }

    /// A number up to which everything is durable, whatever the setting.
    pub(crate) fn synced(&self) -> Sequence {
        Sequence(self.synced.load(Ordering::Acquire))
    }

    /// Whether it has grown so much since the last flush that another one is due.
    pub(crate) fn is_flush_due(&self) -> bool {
        let extent = self.extent.lock();
        let ((files, bytes), (kept_files, kept_bytes)) = (extent.size(), extent.kept);
        files.saturating_sub(kept_files) > FILES_MAX || bytes.saturating_sub(kept_bytes) > BYTES_MAX
    }

    /// A flush has ended and trimmed what it could.
    pub(crate) fn flushed(&self) {
        let mut extent = self.extent.lock();
        extent.kept = extent.size();
    }

    /// What may go when no record below a number is needed.
    pub(crate) fn trimmable(&self, low: Sequence) -> Trim {
        let extent = self.extent.lock();
        let count = extent.finished.partition_point(|file| file.last < low);
        let kept = extent.finished.get(count).map(|file| (file.number, file.previous));
        let (first, gone) = kept.unwrap_or(extent.current);
        Trim { first: (count > 0).then_some(first), gone }
    }

    /// Removes the files below one that the catalogue says is the first. Nothing is synced: a start removes
    /// those that a power cut brings back.
    pub(crate) fn remove_before(&self, first: u64) -> Result<()> {
        let needless: Vec<LogFile> = self.extent.lock().finished.extract_if(.., |file| file.number < first).collect();
        for file in needless {
            let path = file_format::path(file.number);
            self.disk.remove(&path).map_err(|e| io_error("remove", &path, &e))?;
        }
        Ok(())
    }
}

/// The state of the thread.
#[derive(Debug)]
pub(crate) struct LogThread {
    log: Arc<LogWriter>,
    catalog: Arc<dyn CatalogStore>,
    file_bytes: u64,
    current: Current,
    next: Next,
    /// The newest number that was published.
    last: Sequence,
    /// The newest number of a record.
    last_record: Sequence,
    next_sync: Option<Instant>,
}

/// Sees to it that nobody waits for a thread that is gone, whatever ended it.
struct Ended<'a>(&'a LogQueue);

impl Drop for Ended<'_> {
    fn drop(&mut self) {
        drop(self.0.refuse(Refusal::Failed("the log writer ended".into())));
    }
}

impl LogThread {
    /// Writes until the queue is closed or the disk fails. `published` hears of every group.
    pub(crate) fn run(mut self, published: impl Fn(&[Entry])) {
        let log = self.log.clone();
        let _ended = Ended(&log.queue);
        loop {
            let (entries, ends) = self.log.queue.take(self.next_sync);
            if !entries.is_empty() && !self.commit(entries, &published) {
                return;
            }
            if self.next_sync.is_some_and(|at| at <= Instant::now())
                && let Err(error) = self.sync()
            {
                return self.fail(Vec::new(), &error);
            }
            if ends && self.log.queue.refusal() == Some(Refusal::Closed) {
                let (entries, _) = self.log.queue.take(Some(Instant::now()));
                if !entries.is_empty() {
                    self.commit(entries, &published);
                }
                if let Err(error) = self.sync() {
                    self.fail(Vec::new(), &error);
                }
                return;
            }
        }
    }

    /// Commits a group; false when writing has ended.
    fn commit(&mut self, entries: Vec<Entry>, published: &impl Fn(&[Entry])) -> bool {
        if let Err(error) = self.append(&entries) {
            if is_full(&error) && self.cut_back() {
                self.undo(entries);
                return true;
            }
            self.fail(entries, &error);
            return false;
        }
        let sync_now = self.log.sync == WalSync::Always || entries.iter().any(|e| e.sync);
        if sync_now && let Err(error) = self.sync() {
            self.fail(entries, &error);
            return false;
        }
        if let WalSync::Interval(interval) = self.log.sync
            && self.current.durable < self.current.len
        {
            self.next_sync.get_or_insert(Instant::now() + interval.max(Duration::from_millis(1)));
        }
        for entry in &entries {
            entry.effects.publish(entry.sequence);
            self.last = self.last.max(entry.sequence);
            if entry.payload.is_some() {
                self.last_record = self.last_record.max(entry.sequence);
            }
        }
        self.current.published = self.current.len;
        self.log.visible.store(self.last.0, Ordering::Release);
        if sync_now {
            self.log.synced.store(self.last.0, Ordering::Release);
        }
        published(&entries);
        for entry in entries {
            let _ = entry.done.send(Ok(()));
        }
        let has_records = self.current.previous < self.last_record;
        if has_records
            && self.current.len >= self.file_bytes
            && let Err(error) = self.rotate()
        {
            // Nothing was lost. The old file goes on, unless it may not be appended to.
            if !passes(&error) {
                self.fail(Vec::new(), &error);
                return false;
            }
        }
        true
    }

    /// Appends frames without syncing.
    fn append(&mut self, entries: &[Entry]) -> io::Result<()> {
        let durable = self.current.durable;
        let mut buffer = Vec::new();
        for entry in entries {
            let Some(payload) = &entry.payload else { continue };
            Frame::append(entry.sequence, durable, payload, &mut buffer);
            if buffer.len() >= WRITE_BYTES {
                self.write(&mut buffer)?;
            }
        }
        self.write(&mut buffer)
    }

    fn write(&mut self, buffer: &mut Vec<u8>) -> io::Result<()> {
        if !buffer.is_empty() {
            self.current.file.write_at(self.current.len, buffer)?;
            self.current.len += buffer.len() as u64;
            buffer.clear();
        }
        Ok(())
    }

    fn sync(&mut self) -> io::Result<()> {
        self.next_sync = None;
        if self.current.durable < self.current.len {
            self.current.file.sync()?;
            self.current.durable = self.current.len;
        }
        // What is published was appended before.
        self.log.synced.store(self.last.0, Ordering::Release);
        Ok(())
    }

    /// Goes over to the next file once that is begun; waits for it only when this one has grown to
    /// twice its size.
    fn rotate(&mut self) -> Result<()> {
        let next = match std::mem::take(&mut self.next) {
            Next::Begun(next) => Some(next),
            Next::Beginning(beginning) => self.begun(beginning)?,
            Next::None => self.begun(self.begin_aside()?)?,
        };
        next.map_or(Ok(()), |next| self.go_over(next))
    }

    /// The file that is begun aside, once it is there or cannot be waited for any more.
    fn begun(&mut self, beginning: Beginning) -> Result<Option<Current>> {
        let may_go_on = self.current.len / 2 < self.file_bytes;
        match if may_go_on { beginning.now() } else { beginning.wait() } {
            Some(begun) => begun.map(Some),
            None => {
                self.next = Next::Beginning(beginning);
                Ok(None)
            }
        }
    }

    fn begin_aside(&self) -> Result<Beginning> {
        let (log, catalog) = (self.log.clone(), self.catalog.clone());
        // No later record is known to be durable.
        let (number, previous) = (self.current.number + 1, self.current.previous);
        let begin = move || begin_next(log.disk.as_ref(), catalog.as_ref(), number, previous);
        let log = self.log.clone();
        // Wakes the log, which may have nothing else to write.
        Beginning::spawn(begin, move || drop(log.queue.push_barrier(false)))
    }

    /// Makes a begun file the current one.
    fn go_over(&mut self, mut next: Current) -> Result<()> {
        if let Err(error) = self.sync().and_then(|()| next.follow(self.last_record)) {
            let error = io_error("begin", &file_format::path(next.number), &error);
            self.next = Next::Begun(next);
            return Err(error);
        }
        let mut extent = self.log.extent.lock();
        extent.finished.push(LogFile {
            number: self.current.number,
            previous: self.current.previous,
            last: self.last_record,
            bytes: self.current.len,
        });
        extent.current = (next.number, next.previous);
        drop(extent);
        self.current = next;
        Ok(())
    }

    /// Cuts off what was appended after the last publication.
    fn cut_back(&mut self) -> bool {
        let file = &self.current.file;
        let cut = file.set_len(self.current.published).and_then(|()| file.sync());
        if let Err(error) = &cut {
            tracing::error!(%error, "the log could not be cut back after the disk was full");
        }
        self.current.len = self.current.published;
        self.current.durable = self.current.published;
        cut.is_ok()
    }

    /// Undoes what could not be written, newest first, with everything that was decided on top.
    fn undo(&self, mut entries: Vec<Entry>) {
        let refusal = Refusal::DiskFull;
        tracing::warn!(requests = entries.len(), "the disk is full: requests are refused");
        entries.extend(self.log.queue.refuse(refusal.clone()));
        for entry in entries.iter().rev() {
            entry.effects.undo(entry.sequence);
        }
        self.log.queue.reopen();
        for entry in entries {
            let _ = entry.done.send(Err(refusal.error()));
        }
    }

    /// Ends writing for ever.
    fn fail(&self, mut entries: Vec<Entry>, error: &dyn Display) {
        tracing::error!(%error, "the log cannot be written: the store is read-only from now on");
        let refusal = Refusal::Failed(format!("writing the log failed: {error}"));
        entries.extend(self.log.queue.refuse(refusal.clone()));
        for entry in entries {
            let _ = entry.done.send(Err(refusal.error()));
        }
    }
}

/// Whether a file could only not be begun for now: the disk is full, or too many are open.
pub(super) fn passes(error: &Error) -> bool {
    matches!(*error.kind, ErrorKind::DiskFull { .. } | ErrorKind::Overloaded { .. })
}

fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}
