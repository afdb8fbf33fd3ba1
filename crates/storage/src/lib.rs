//! Rows on disk and in memory: log, memtable, segments, series index.
//!
//! A write goes: table's lock (decide, take a number, queue) -> log (group commit, fsync) ->
//! memtable -> visible -> answered. A read takes a [`TableView`] at the newest visible number and
//! scans it: memtable chunks and segments, folded, in key and time order. Speaks ids only; knows
//! no SQL and no names.

mod alter;
mod background;
mod backup;
mod bytes_codec;
mod catalogue_commit;
mod cell_value;
mod check;
mod compaction;
mod effects;
mod find_series;
mod flush;
mod footers;
mod format;
#[cfg(any(test, fuzzing))]
pub mod fuzzing;
mod last;
mod log;
mod memtable;
mod packing;
mod pieces;
mod pressure;
mod recovery;
mod retention;
mod scan;
mod segment;
mod sequence;
mod series_file;
mod series_index;
mod source;
mod store;
mod table_lock;
mod table_state;
mod view;
mod write;

pub use backup::{
    Backup, BackupFile, BackupManifest, BackupOptions, BackupSummary, BackupWriter, Piece, PieceReader, PreviousBackup,
    Restored, restore,
};
pub use check::{AffectedRows, CheckReport, CheckedTable, Checking, Fault, Remedy, Repaired, check, repair};
pub use compaction::{CompactionOptions, CompactionUse};
pub use footers::FooterUse;
pub use format::check_format;
pub use last::{LastMetrics, LastOutput, LastRequest, LastScan};
pub use segments::{Buckets, PartialColumn, PlainSpellings, Spellings};
pub use sequence::SystemClock;
pub use source::{DescribedKeys, OpenedScan, ScanDescription, SourceDescription, WriterId};
pub use view::{KeyRange, PartialRequest, Scan, ScanKeys, ScanMetrics, ScanRequest, SeriesBatch, TableView};
pub use write::{Load, LoadLabel, SeriesMaking, SeriesToMake};

use catalog::{CatalogStore, Change, CommitError};
use files::Files;
use model::{
    Error, ErrorKind, KeyBytes, LoadId, MemoryPool, Result, Sequence, Table, TableId, Usage, WriteOutcome, WriteRequest,
};
use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;
use store::Threads;
use write::Unasked;

/// About so many bytes of rows belong into one block of a load, and into one request.
pub const LOAD_BLOCK_BYTES: usize = 16 << 20;

/// So long a write waits for memory before it is refused.
const PATIENCE: Duration = Duration::from_secs(10);

/// When a commit is made durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WalSync {
    /// Before it is answered.
    Always,
    /// In the background, every so often; a crash loses the last interval.
    Interval(std::time::Duration),
    /// When the operating system likes.
    Off,
}

/// What the time is; a parameter so that tests decide.
pub trait Clock: Debug + Send + Sync {
    /// Microseconds since 1970.
    fn now_micros(&self) -> u64;
}

/// How a store behaves.
#[derive(Clone, Debug)]
pub struct StorageOptions {
    /// When a commit is made durable.
    pub wal_sync: WalSync,
    /// Memtable bytes of all tables at which flushing starts.
    pub flush_bytes: u64,
    /// Memtable and log queue bytes beyond which writers wait, then are refused.
    pub memory_limit_bytes: u64,
    /// Bytes of footers, page indexes and run directories that are kept of segments.
    pub footer_bytes: u64,
    /// Bytes that the newest values of series may take in memory; 0: none are kept.
    pub last_values_bytes: u64,
    /// Length of a log file before the next is begun.
    pub log_file_bytes: u64,
    /// Time partition where neither table nor database says.
    pub partition_seconds: u64,
    /// What a table gives to one file, and takes fewer bytes, shares a pack with what others give;
    /// 0: nothing does.
    pub pack_bytes: u64,
    /// How segments are merged.
    pub compaction: CompactionOptions,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

impl StorageOptions {
    /// Those of a process that may use so many bytes, by the shares of [`MemoryPool`]. Rows are moved
    /// to segments when they fill half of theirs.
    #[must_use]
    pub fn within(memory_bytes: u64) -> Self {
        Self {
            wal_sync: WalSync::Always,
            flush_bytes: MemoryPool::Memtables.of(memory_bytes) / 2,
            memory_limit_bytes: MemoryPool::Memtables.of(memory_bytes),
            footer_bytes: MemoryPool::Footers.of(memory_bytes),
            last_values_bytes: MemoryPool::LastValues.of(memory_bytes),
            log_file_bytes: 64 << 20,
            partition_seconds: 10 * 24 * 60 * 60,
            pack_bytes: 1 << 20,
            compaction: CompactionOptions::default(),
            clock: Arc::new(SystemClock),
        }
    }
}

/// One store over one data directory. Clones share it; with the last one its threads end.
#[derive(Clone, Debug)]
pub struct Storage {
    threads: Arc<Threads>,
}

impl Storage {
    /// Opens a store: replays the log above each table's mark.
    ///
    /// # Errors
    /// [`model::ErrorKind::FormatTooNew`], [`model::ErrorKind::Corrupt`] naming the file, or
    /// [`model::ErrorKind::Io`].
    pub fn open(files: Arc<dyn Files>, catalog: Arc<dyn CatalogStore>, options: StorageOptions) -> Result<Self> {
        Self::open_with_spellings(files, catalog, options, Arc::new(PlainSpellings))
    }

    /// The same where retyped columns name other spellings than the plain one.
    ///
    /// # Errors
    /// See [`Storage::open`].
    pub fn open_with_spellings(
        files: Arc<dyn Files>,
        catalog: Arc<dyn CatalogStore>,
        options: StorageOptions,
        spellings: Arc<dyn Spellings>,
    ) -> Result<Self> {
        let threads = recovery::open(files, catalog, options, spellings, PATIENCE)?;
        Ok(Self { threads: Arc::new(threads) })
    }

    /// Writes one request as one record. Durable and visible when it returns. Runs to its end
    /// when the future is dropped after the hand-over.
    ///
    /// # Errors
    /// [`ErrorKind::SchemaChanged`]: make the request anew. [`ErrorKind::TableNotFound`],
    /// [`ErrorKind::NullValue`] for a time, [`ErrorKind::DuplicateKey`]: nothing was written.
    /// [`ErrorKind::Overloaded`], [`ErrorKind::DiskFull`]: nothing was written, try later.
    /// [`ErrorKind::ReadOnly`], [`ErrorKind::ShuttingDown`]: no more is written.
    pub async fn write(&self, request: WriteRequest) -> Result<WriteOutcome> {
        self.write_asking(request, &mut Unasked).await
    }

    /// The same; before it makes series it asks whether it may.
    ///
    /// # Errors
    /// See [`Storage::write`]; whatever whoever is asked says.
    pub async fn write_asking(&self, request: WriteRequest, making: &mut impl SeriesMaking) -> Result<WriteOutcome> {
        write::write(&self.threads.store, request, making).await.map(|(outcome, _)| outcome)
    }

    /// The same, with the number that it took; `None` when there was nothing to log.
    ///
    /// # Errors
    /// See [`Storage::write`].
    pub async fn write_numbered(&self, request: WriteRequest) -> Result<(WriteOutcome, Option<Sequence>)> {
        write::write(&self.threads.store, request, &mut Unasked).await
    }

    /// Begins a load: rows of many requests that become visible together, or not at all.
    ///
    /// # Errors
    /// [`ErrorKind::DuplicateKey`] when a load that is not aborted has the label.
    pub async fn begin_load(&self, label: Option<LoadLabel>) -> Result<Load> {
        write::begin_load(&self.threads.store, label).await
    }

    /// The open load with that id, if it has a label. The catalogue knows ids by their labels.
    #[must_use]
    pub fn find_load(&self, id: LoadId) -> Option<Load> {
        write::find_load(&self.threads.store, id)
    }

    /// The table at the newest visible number.
    ///
    /// # Errors
    /// [`ErrorKind::TableNotFound`].
    pub fn view(&self, table: TableId) -> Result<TableView> {
        TableView::new(&self.threads.store, table)
    }

    /// Several tables at one number, the newest visible one, in the order asked for.
    ///
    /// # Errors
    /// [`ErrorKind::TableNotFound`].
    pub fn views(&self, tables: &[TableId]) -> Result<Vec<TableView>> {
        TableView::several(&self.threads.store, tables)
    }

    /// What each pool of memory holds, and may hold.
    #[must_use]
    pub fn memory(&self) -> Vec<(MemoryPool, Usage)> {
        let store = &self.threads.store;
        let footers = store.footers.used();
        vec![
            (MemoryPool::Memtables, store.pressure.usage()),
            (MemoryPool::LastValues, store.last_values.in_use()),
            (MemoryPool::Footers, Usage { used: footers.used_bytes, limit: footers.limit_bytes }),
        ]
    }

    /// Of each key, whether a series that has it is there now, with or without rows; a table that was
    /// dropped has none.
    ///
    /// # Errors
    /// Of a table that could not be read at the start.
    pub fn has_series(&self, table: TableId, keys: &[KeyBytes]) -> Result<Vec<bool>> {
        find_series::has_series(&self.threads.store, table, keys)
    }

    /// The same, such that a series that is not there can only come back by being made: where what
    /// ended it is not durable yet, this waits until it is. Whoever builds upon a name that has
    /// become free must know that neither a crash nor a full disk gives it back.
    ///
    /// # Errors
    /// Those of [`Storage::has_series`]; why what ended series cannot be made durable.
    pub async fn has_series_settled(&self, table: TableId, keys: &[KeyBytes]) -> Result<Vec<bool>> {
        find_series::has_series_settled(&self.threads.store, table, keys).await
    }

    /// Changes a table's definition in order with its writes: takes the table's lock and a number,
    /// lets `make` build the new definition (its type changes at that number) and further
    /// catalogue changes from the current one, commits, and lets writers go on.
    ///
    /// # Errors
    /// What `make` says; [`ErrorKind::SchemaChanged`] when another definition changed meanwhile:
    /// begin anew.
    pub async fn change_table(
        &self,
        table: TableId,
        make: impl FnOnce(&Table, Sequence) -> Result<(Table, Vec<Change>)> + Send,
    ) -> Result<Arc<Table>> {
        alter::change_table(&self.threads.store, table, make).await
    }

    /// Makes and drops databases and tables, and whatever the same commit shall change, in order
    /// with all writes: takes a number, and commits the changes, which were made for that version
    /// of the catalogue, together with it. Writers of a table that is dropped wait meanwhile, so
    /// that none of their rows has a later number; numbers of such changes rise with the versions.
    /// Answers the number.
    ///
    /// # Errors
    /// [`CommitError::Conflict`] when another commit came first: look again and try anew;
    /// [`ErrorKind::ReadOnly`] or [`ErrorKind::ShuttingDown`] when no more numbers are given.
    pub async fn change_schema(&self, expected: u64, changes: Vec<Change>) -> Result<Sequence, CommitError> {
        alter::change_schema(&self.threads.store, expected, changes).await
    }

    /// Forgets a table that the catalogue has just dropped, and every other one that it no longer
    /// has: its memory, and its files once nobody reads them.
    ///
    /// # Errors
    /// [`ErrorKind::Internal`] when the catalogue still has the table.
    pub async fn forget_table(&self, table: TableId) -> Result<()> {
        if self.threads.store.catalog.snapshot().table(table).is_some() {
            return Err(Error::internal(format!("table {table} was not dropped")));
        }
        alter::forget_dropped(&self.threads.store);
        Ok(())
    }

    /// What the cache of segments' footers holds.
    #[must_use]
    pub fn footers(&self) -> FooterUse {
        self.threads.store.footers.used()
    }

    /// Moves every visible row from memory to segments and trims the log.
    ///
    /// # Errors
    /// [`ErrorKind::DiskFull`] or [`ErrorKind::Io`]: the rows stay in memory and log.
    pub async fn flush(&self) -> Result<()> {
        let flushed = self.threads.store.background.flush();
        flushed.await.map_err(|_| Error::new(ErrorKind::ShuttingDown {}))?
    }

    /// Takes a backup's number, and holds whatever files it needs until the backup is dropped.
    /// Everything that was acknowledged before is in it, and nothing that is written after.
    ///
    /// # Errors
    /// [`ErrorKind::Overloaded`] while another one lives; [`ErrorKind::ReadOnly`] or
    /// [`ErrorKind::ShuttingDown`] when no more numbers are given; [`ErrorKind::DiskFull`].
    pub async fn backup(&self, options: BackupOptions) -> Result<Backup> {
        backup::cut(&self.threads.store, options).await
    }

    /// How far compaction lags behind.
    #[must_use]
    pub fn compaction(&self) -> CompactionUse {
        let store = &self.threads.store;
        let most = store.touched().into_iter().map(|state| (state.debt.waiting(), state.id)).max();
        let (segments_waiting, table) = most.unwrap_or_default();
        CompactionUse {
            segments_waiting,
            table: Some(table).filter(|_| segments_waiting > 0),
            segments_limit: store.options.compaction.segments_limit,
            writers_waiting: store.compactor.writers_waiting(),
        }
    }

    /// Merges segments until nothing is left of what is due now; which are is decided by sizes and
    /// partitions. What becomes due meanwhile is not waited for.
    ///
    /// # Errors
    /// [`ErrorKind::Corrupt`] naming a segment, [`ErrorKind::DiskFull`] or [`ErrorKind::Io`]: what
    /// could not be merged stays as it is.
    pub async fn compact(&self) -> Result<()> {
        let compacted = self.threads.store.compactor.compact();
        compacted.await.map_err(|_| Error::new(ErrorKind::ShuttingDown {}))?
    }

    /// Ends writing: what is queued is made durable, later writes are refused.
    ///
    /// # Errors
    /// [`ErrorKind::ReadOnly`] when writing had failed before.
    pub async fn close(&self) -> Result<()> {
        let threads = self.threads.clone();
        tokio::task::spawn_blocking(move || threads.end()).await.map_err(Error::internal)?;
        match self.threads.store.log.queue.refusal() {
            Some(log::Refusal::Failed(reason)) => Err(Error::new(ErrorKind::ReadOnly { reason })),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests;
