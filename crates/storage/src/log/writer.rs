//! The one thread that writes the log: group commit, publication, rotation, failure.
//!
//! A failed sync or write ends it: what the disk holds is unknown then. A full disk does not: the
//! unsynced bytes are cut off again, every number taken so far that is not durable is undone in
//! memory, and writing goes on.

use super::file_format::{self, DIRECTORY, Frame, HEADER_BYTES, Header};
use super::queue::{Entry, LogQueue, Refusal};
use super::reader::LogFile;
use crate::WalSync;
use files::{File, Files, io_error};
use model::{Result, Sequence};
use parking_lot::Mutex;
use std::io;
use std::path::Path;
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

/// Files that are full.
#[derive(Debug, Default)]
struct Finished {
    /// Oldest first.
    files: Vec<LogFile>,
    /// How many files the last flush could not have trimmed, and the bytes in them.
    kept: (usize, u64),
}

impl Finished {
    fn size(&self) -> (usize, u64) {
        (self.files.len(), self.files.iter().map(|file| file.bytes).sum())
    }
}

/// The log as the rest of the store sees it.
#[derive(Debug)]
pub(crate) struct LogWriter {
    disk: Arc<dyn Files>,
    pub(crate) queue: LogQueue,
    visible: AtomicU64,
    finished: Mutex<Finished>,
    /// The newest number before the current file.
    current_previous: AtomicU64,
    sync: WalSync,
}

impl LogWriter {
    /// Begins a new file. The thread is [`LogWriter::run`].
    pub(crate) fn open(
        disk: Arc<dyn Files>,
        queue: LogQueue,
        options: WriterOptions,
    ) -> Result<(Arc<Self>, LogThread)> {
        let WriterOptions { sync, file_bytes, files, next_number, last } = options;
        // Numbers that no record has (changed definitions) do not count here: a reader compares
        // with the records of the file before.
        let last_record = files.last().map_or(last, |file| file.last);
        let current = Current::begin(disk.as_ref(), next_number, last_record)
            .map_err(|e| io_error("begin", &file_format::path(next_number), &e))?;
        let log = Arc::new(Self {
            disk,
            queue,
            visible: AtomicU64::new(last.0),
            finished: Mutex::new(Finished { files, kept: (0, 0) }),
            current_previous: AtomicU64::new(last_record.0),
            sync,
        });
        let thread = LogThread { log: log.clone(), file_bytes, current, last, last_record, next_sync: None };
        Ok((log, thread))
    }

    /// The newest number that readers see.
    pub(crate) fn visible(&self) -> Sequence {
        Sequence(self.visible.load(Ordering::Acquire))
    }

    /// Whether it has grown so much since the last flush that another one is due.
    pub(crate) fn is_flush_due(&self) -> bool {
        // While it is being trimmed it has been flushed just now.
        let Some(finished) = self.finished.try_lock() else { return false };
        let ((files, bytes), (kept_files, kept_bytes)) = (finished.size(), finished.kept);
        files.saturating_sub(kept_files) > FILES_MAX || bytes.saturating_sub(kept_bytes) > BYTES_MAX
    }

    /// A flush has ended and trimmed what it could.
    pub(crate) fn flushed(&self) {
        let mut finished = self.finished.lock();
        finished.kept = finished.size();
    }

    /// Removes finished files whose records all lie below a number. Answers the newest number that
    /// can no longer be in the log.
    pub(crate) fn trim(&self, low: Sequence) -> Result<Sequence> {
        let mut finished = self.finished.lock();
        while let Some(oldest) = finished.files.first().filter(|file| file.last < low) {
            let path = file_format::path(oldest.number);
            // One after the other, so that a crash never leaves a hole.
            self.disk
                .remove(&path)
                .and_then(|()| self.disk.sync_directory(Path::new(DIRECTORY)))
                .map_err(|e| io_error("remove", &path, &e))?;
            finished.files.remove(0);
        }
        let current = Sequence(self.current_previous.load(Ordering::Acquire));
        Ok(finished.files.first().map_or(current, |file| file.previous))
    }
}

#[derive(Debug)]
struct Current {
    number: u64,
    previous: Sequence,
    file: Arc<dyn File>,
    len: u64,
    /// Bytes known to be durable.
    durable: u64,
    /// Bytes of records that were published.
    published: u64,
}

impl Current {
    fn begin(disk: &dyn Files, number: u64, previous: Sequence) -> io::Result<Self> {
        let path = file_format::path(number);
        let begun = begin_file(disk, &path, Header { number, previous });
        if begun.is_err() && disk.exists(&path)? {
            // The file before goes on, and must stay the last one.
            disk.remove(&path)?;
            disk.sync_directory(Path::new(DIRECTORY))?;
        }
        let len = HEADER_BYTES as u64;
        Ok(Self { number, previous, file: begun?, len, durable: len, published: len })
    }
}

/// The state of the thread.
#[derive(Debug)]
pub(crate) struct LogThread {
    log: Arc<LogWriter>,
    file_bytes: u64,
    current: Current,
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
        published(&entries);
        for entry in entries {
            let _ = entry.done.send(Ok(()));
        }
        if self.current.len >= self.file_bytes
            && let Err(error) = self.rotate()
        {
            // Nothing was lost. The old file goes on, unless it may not be appended to.
            if !is_full(&error) {
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
        Ok(())
    }

    /// Begins the next file once the current one is durable.
    fn rotate(&mut self) -> io::Result<()> {
        self.sync()?;
        let number = self.current.number + 1;
        let next = Current::begin(self.log.disk.as_ref(), number, self.last_record)?;
        self.log.finished.lock().files.push(LogFile {
            number: self.current.number,
            previous: self.current.previous,
            last: self.last_record,
            bytes: self.current.len,
        });
        self.log.current_previous.store(next.previous.0, Ordering::Release);
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
    fn fail(&self, mut entries: Vec<Entry>, error: &io::Error) {
        tracing::error!(%error, "the log cannot be written: the store is read-only from now on");
        let refusal = Refusal::Failed(format!("writing the log failed: {error}"));
        entries.extend(self.log.queue.refuse(refusal.clone()));
        for entry in entries {
            let _ = entry.done.send(Err(refusal.error()));
        }
    }
}

fn begin_file(disk: &dyn Files, path: &Path, header: Header) -> io::Result<Arc<dyn File>> {
    let file = disk.create(path)?;
    file.write_at(0, &header.encode())?;
    file.sync()?;
    disk.sync_directory(Path::new(DIRECTORY))?;
    Ok(file)
}

fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}
