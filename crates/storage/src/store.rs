//! The store: its tables, its log, its limits, its threads.

use crate::background::Background;
use crate::compaction::Compactor;
use crate::footers::Footers;
use crate::format::SaidFeatures;
use crate::last::LastPool;
use crate::log::LogWriter;
use crate::memtable::Memory;
use crate::pressure::Pressure;
use crate::segment::Segment;
use crate::series_index::SeriesIndex;
use crate::source::WriterId;
use crate::table_state::TableState;
use crate::write::Loads;
use crate::{StorageOptions, WalSync};
use catalog::{Catalog, CatalogStore, SegmentEntry};
use files::{Files, HeldFiles, PackedFiles};
use model::{Result, Sequence, TableId};
use parking_lot::{Mutex, RwLock};
use segments::Spellings;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::thread::JoinHandle;

/// Everything that the parts of the store share.
#[derive(Debug)]
pub(crate) struct Store {
    /// Who it is to descriptions of scans.
    pub(crate) writer: WriterId,
    /// Those of `packs`.
    pub(crate) files: Arc<dyn Files>,
    /// The files of `held`, and what lies in packs.
    pub(crate) packs: PackedFiles,
    pub(crate) features: SaidFeatures,
    /// Held while a pack gets its name: a sync that fails loses no other's.
    pub(crate) naming: Mutex<()>,
    /// Where a backup holds what it still has to read.
    pub(crate) held: HeldFiles,
    pub(crate) catalog: Arc<dyn CatalogStore>,
    pub(crate) options: StorageOptions,
    pub(crate) spellings: Arc<dyn Spellings>,
    pub(crate) log: Arc<LogWriter>,
    pub(crate) pressure: Arc<Pressure>,
    /// Open segments.
    pub(crate) footers: Arc<Footers>,
    pub(crate) last_values: Arc<LastPool>,
    pub(crate) background: Background,
    pub(crate) compactor: Compactor,
    /// Tables that were touched since the start. A table at rest is not here.
    pub(crate) tables: RwLock<BTreeMap<TableId, Arc<TableState>>>,
    /// Loads that are open, or not all in files.
    pub(crate) loads: Loads,
    /// Dropped tables, with the newest number at which a record of them can be in the log.
    pub(crate) dropped: Mutex<Vec<(TableId, Sequence)>>,
    /// Shared by whoever changes definitions, from the number to the end of the commit; whoever has
    /// it alone sees none of them half done.
    pub(crate) definitions: Arc<tokio::sync::RwLock<()>>,
    /// Backups come one after the other.
    pub(crate) backup_turn: Arc<tokio::sync::Mutex<()>>,
}

impl Store {
    /// A table that the catalogue has.
    pub(crate) fn table(&self, id: TableId) -> Result<Arc<TableState>> {
        if let Some(state) = self.tables.read().get(&id) {
            return Ok(state.clone());
        }
        let mut tables = self.tables.write();
        if let Some(state) = tables.get(&id) {
            return Ok(state.clone());
        }
        // Asked for under the lock: a table that was dropped and forgotten does not come back.
        let state = new_state(&self.catalog.snapshot(), &self.files, &self.footers, id, SeriesIndex::default())?;
        tables.insert(id, state.clone());
        Ok(state)
    }

    /// Every table that was touched.
    pub(crate) fn touched(&self) -> Vec<Arc<TableState>> {
        self.tables.read().values().cloned().collect()
    }

    /// Whether what is visible may not be durable yet.
    pub(crate) fn is_lax(&self) -> bool {
        self.options.wal_sync != WalSync::Always
    }
}

/// A table as manifest and checkpoint have it.
pub(crate) fn new_state(
    catalog: &Catalog,
    files: &Arc<dyn Files>,
    footers: &Arc<Footers>,
    id: TableId,
    series: SeriesIndex,
) -> Result<Arc<TableState>> {
    let table = catalog.table(id).ok_or_else(|| catalog.no_table(id))?;
    let manifest = catalog.manifest(id);
    let segment = |e: &SegmentEntry| Segment::new(e.clone(), table.clone(), files.clone(), footers.clone());
    let segments = manifest.segments.iter().map(segment).collect();
    let memory = Memory::new(segments, manifest.tombstones.clone(), manifest.flushed);
    Ok(Arc::new(TableState::new(id, series, memory, manifest.packed_series.clone())))
}

/// Ends the threads with the last handle of the store.
#[derive(Debug)]
pub(crate) struct Threads {
    pub(crate) store: Arc<Store>,
    pub(crate) handles: Mutex<Vec<JoinHandle<()>>>,
}

impl Threads {
    /// Ends writing; waits until the threads are gone.
    pub(crate) fn end(&self) {
        self.store.background.end();
        self.store.compactor.end();
        self.store.log.queue.close();
        for handle in self.handles.lock().drain(..) {
            if handle.join().is_err() {
                tracing::error!("a thread of the store ended in a panic");
            }
        }
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        self.end();
    }
}
