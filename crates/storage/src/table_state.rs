//! One table as the store knows it while it runs.
//!
//! Locks are taken in this order: files (by id of the table), tables' locks (by id), the log queue, series, memory.

use crate::compaction::Debt;
use crate::last::LastUse;
use crate::memtable::{Memory, MemoryView};
use crate::series_index::SeriesIndex;
use crate::source::DescribedViews;
use catalog::PackedSeries;
use model::{Error, Sequence, TableId};
use parking_lot::{Mutex, RwLock, RwLockWriteGuard};
use std::sync::atomic::{AtomicBool, AtomicU64};
use tokio::sync::Notify;

/// What the table's lock guards beside the order of decisions.
#[derive(Debug, Default)]
pub(crate) struct Gate {
    /// Its definition is being changed, by this number: writers wait for `altered`.
    pub(crate) altering: Option<Sequence>,
    /// It was dropped.
    pub(crate) dropped: bool,
}

/// One table.
#[derive(Debug)]
pub(crate) struct TableState {
    pub(crate) id: TableId,
    /// The table's lock: whoever holds it decides what is written next.
    pub(crate) lock: Mutex<Gate>,
    /// How often what had a number was taken back; changed under the lock.
    pub(crate) undone: AtomicU64,
    /// Heard when `altering` ends.
    pub(crate) altered: Notify,
    pub(crate) series: RwLock<SeriesIndex>,
    pub(crate) memory: RwLock<Memory>,
    pub(crate) last_use: LastUse,
    /// Views that others may open anew by their description.
    pub(crate) described: DescribedViews,
    /// Whether the background already knows that it has many small chunks.
    pub(crate) merge_asked: AtomicBool,
    /// Held by whoever changes which files the manifest names, over the commit.
    pub(crate) files: Mutex<()>,
    /// How far compaction lags behind.
    pub(crate) debt: Debt,
    /// Its series checkpoint in a pack, as the manifest names it.
    pub(crate) packed_series: Mutex<Option<PackedSeries>>,
    /// What a series took in the last checkpoint that was meant for a pack, in bytes; 0: none was.
    pub(crate) series_bytes: AtomicU64,
    /// Why the directory of its segments may not be durable, whatever a later sync says.
    pub(crate) directory_error: Mutex<Option<Error>>,
}

impl TableState {
    pub(crate) fn new(id: TableId, series: SeriesIndex, memory: Memory, packed_series: Option<PackedSeries>) -> Self {
        Self {
            id,
            lock: Mutex::default(),
            undone: AtomicU64::new(0),
            altered: Notify::new(),
            series: RwLock::new(series),
            memory: RwLock::new(memory),
            last_use: LastUse::default(),
            described: DescribedViews::default(),
            merge_asked: AtomicBool::new(false),
            files: Mutex::default(),
            debt: Debt::default(),
            packed_series: Mutex::new(packed_series),
            series_bytes: AtomicU64::new(0),
            directory_error: Mutex::default(),
        }
    }

    /// Everything that has a number, seen by readers or not, and the state of its segments.
    pub(crate) fn seen(&self) -> (u64, MemoryView) {
        let memory = self.memory.read();
        (memory.generation(), memory.view(Sequence::MAX))
    }

    /// The series, locked to list those that are visible: where that is much work, most of it is
    /// done before.
    pub(crate) fn listed_series(&self, visible: impl FnOnce() -> Sequence) -> RwLockWriteGuard<'_, SeriesIndex> {
        let index = self.series.read();
        let long = index.long_listing(visible());
        drop(index);
        let made = long.map(|(listing, texts)| (listing.make(&texts), listing));
        let mut index = self.series.write();
        if let Some((snapshot, listing)) = made {
            index.list(&listing, snapshot);
        }
        index
    }

    /// The newest visible number up to which the catalogue has every change of its definition:
    /// what is written to files may claim no later one.
    pub(crate) fn settled(&self, visible: Sequence) -> Sequence {
        let altering = self.lock.lock().altering;
        altering.map_or(visible, |number| visible.min(Sequence(number.0.saturating_sub(1))))
    }

    /// Waits until its definition is not being changed.
    pub(crate) async fn wait_until_altered(&self) {
        loop {
            let altered = self.altered.notified();
            tokio::pin!(altered);
            altered.as_mut().enable();
            if self.lock.lock().altering.is_none() {
                return;
            }
            altered.await;
        }
    }
}
