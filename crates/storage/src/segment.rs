//! A segment that the manifest names: opened when it is read and not open, its file removed when it
//! is doomed and nobody holds it any more. Each table has a directory of its own, `segments/<table>`, so
//! that other tools can name all of its segments at once.

use crate::footers::Footers;
use crate::table_state::TableState;
use catalog::SegmentEntry;
use files::{Files, io_error};
use model::{ColumnId, Result, Table, TableId};
use parking_lot::Mutex;
use segments::{Magnitudes, SegmentReader, remove_segment};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock, Weak};

/// Where segments live.
pub(crate) const DIRECTORY: &str = "segments";

/// The directory of a table's segments.
pub(crate) fn directory(table: TableId) -> PathBuf {
    Path::new(DIRECTORY).join(table.to_string())
}

/// The path of a segment, as the manifest has it.
pub(crate) fn path(table: TableId, id: u64) -> String {
    format!("{DIRECTORY}/{table}/{id:012}.parquet")
}

/// Makes the directory of a table's segments, durably. Once a sync has failed it goes on failing
/// until the next start: what that sync lost, no later one brings back.
pub(crate) fn make_directory(files: &dyn Files, state: &TableState) -> Result<()> {
    let mut lost = state.directory_error.lock();
    if let Some(error) = &*lost {
        return Err(error.clone());
    }
    let (parent, path) = (Path::new(DIRECTORY), directory(state.id));
    files.create_directory(&path).map_err(|e| io_error("create", &path, &e))?;
    // Also when it was there: nobody knows whether whoever made it came as far as this.
    let synced = files.sync_directory(parent).map_err(|e| io_error("sync", parent, &e));
    synced.inspect_err(|error| *lost = Some(error.clone()))
}

/// Removes those files of a directory whose names are not wanted. Nothing is synced: what a power cut
/// brings back nothing names, and the next start removes it again.
pub(crate) fn remove_files(files: &dyn Files, directory: &Path, unwanted: impl Fn(&str) -> bool) -> Result<()> {
    let names = files.list(directory).map_err(|e| io_error("list", directory, &e))?;
    for name in names.iter().filter(|name| unwanted(name)) {
        let path = directory.join(name);
        files.remove(&path).map_err(|e| io_error("remove", &path, &e))?;
    }
    Ok(())
}

/// Brings segments into the order of the manifest.
pub(crate) fn sort(segments: &mut [Arc<Segment>]) {
    // Partitions of two lengths may begin at one time, and are two.
    segments.sort_by_key(|s| (s.entry.partition, s.entry.partition_seconds, s.entry.sequences));
}

/// One segment.
#[derive(Debug)]
pub(crate) struct Segment {
    pub(crate) entry: SegmentEntry,
    table: Arc<Table>,
    files: Arc<dyn Files>,
    footers: Arc<Footers>,
    /// The one that was opened last: it may outlive its place among the footers.
    reader: Mutex<Weak<SegmentReader>>,
    /// How far from 0 values of its columns lie, known since it was first opened.
    magnitudes: OnceLock<Magnitudes>,
    doomed: AtomicBool,
}

impl Segment {
    pub(crate) fn new(
        entry: SegmentEntry,
        table: Arc<Table>,
        files: Arc<dyn Files>,
        footers: Arc<Footers>,
    ) -> Arc<Self> {
        let (reader, magnitudes, doomed) = (Mutex::default(), OnceLock::new(), AtomicBool::new(false));
        Arc::new(Self { entry, table, files, footers, reader, magnitudes, doomed })
    }

    /// Opens it, or answers the reader that is open.
    pub(crate) fn reader(&self) -> Result<Arc<SegmentReader>> {
        // Under the lock: those who ask for it at once open it once.
        let mut reader = self.reader.lock();
        if let Some(held) = self.footers.get(self.entry.id) {
            return Ok(held);
        }
        if let Some(living) = reader.upgrade() {
            self.footers.hold(self.entry.id, &living, false);
            return Ok(living);
        }
        let opened = SegmentReader::open(&self.files, &self.entry, &self.table)?;
        *reader = Arc::downgrade(&opened);
        self.magnitudes.get_or_init(|| opened.magnitudes());
        self.footers.hold(self.entry.id, &opened, true);
        Ok(opened)
    }

    /// A number that no value of a column of 64-bit integers lies further from 0 than; `None` where
    /// nothing says so. It is opened for that once at most.
    pub(crate) fn magnitude(&self, id: ColumnId) -> Result<Option<u64>> {
        if let Some(known) = self.magnitudes.get() {
            return Ok(known.of(id));
        }
        let reader = self.reader()?;
        Ok(self.magnitudes.get_or_init(|| reader.magnitudes()).of(id))
    }

    /// From now on the file goes with the last one that holds it.
    pub(crate) fn doom(&self) {
        self.doomed.store(true, Ordering::Release);
    }
}

impl Drop for Segment {
    fn drop(&mut self) {
        self.footers.forget(self.entry.id);
        if !self.doomed.load(Ordering::Acquire) {
            return;
        }
        // Unsynced: no manifest names it, and a start removes what a power cut brings back.
        if remove_segment(self.files.as_ref(), &self.entry.path).is_err() {
            tracing::warn!(path = self.entry.path, "a segment that is no longer needed could not be removed");
        }
    }
}
