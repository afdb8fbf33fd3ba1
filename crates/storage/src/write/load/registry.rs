//! The loads of a store that are open, and those whose rows are not all in files yet.

use super::{Handed, Pending};
use crate::store::Store;
use model::{LoadId, Sequence, TableId};
use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// One open load.
#[derive(Debug)]
pub(crate) struct OpenLoad {
    pub(super) id: LoadId,
    /// What the catalogue has of it, if it has a label.
    pub(super) entry: Option<catalog::Load>,
    /// The number of its first block; the greatest there is while it has none.
    pub(super) first: AtomicU64,
    /// Held over whatever is done with it.
    pub(super) pending: tokio::sync::Mutex<Pending>,
    handed: Handed,
}

impl OpenLoad {
    /// Somebody settles it, whoever else forgets it.
    pub(super) fn hand_over(&self) {
        *self.handed.lock() = true;
    }

    pub(super) fn is_handed_over(&self) -> bool {
        *self.handed.lock()
    }

    pub(super) fn is_late(&self, now_micros: u64) -> bool {
        self.entry.as_ref().is_some_and(|entry| entry.deadline_micros <= now_micros)
    }
}

/// A load that was published.
#[derive(Debug)]
pub(super) struct Published {
    /// Its first block, and its commit.
    pub(super) numbers: (Sequence, Sequence),
    pub(super) tables: Vec<TableId>,
}

/// Both kinds.
#[derive(Debug, Default)]
pub(crate) struct Loads {
    open: Mutex<BTreeMap<LoadId, Arc<OpenLoad>>>,
    published: Mutex<Vec<Published>>,
    /// Of loads without labels.
    pub(super) turn: Arc<tokio::sync::Mutex<()>>,
}

impl Loads {
    pub(super) fn open(&self, id: LoadId, entry: Option<catalog::Load>) -> Arc<OpenLoad> {
        self.reopen(id, entry, Pending::default(), Sequence::MAX)
    }

    /// One that has blocks already.
    pub(super) fn reopen(
        &self,
        id: LoadId,
        entry: Option<catalog::Load>,
        pending: Pending,
        first: Sequence,
    ) -> Arc<OpenLoad> {
        let pending = tokio::sync::Mutex::new(pending);
        let load = Arc::new(OpenLoad { id, entry, first: AtomicU64::new(first.0), pending, handed: Handed::default() });
        self.open.lock().insert(id, load.clone());
        load
    }

    pub(super) fn get(&self, id: LoadId) -> Option<Arc<OpenLoad>> {
        self.open.lock().get(&id).cloned()
    }

    pub(super) fn add_published(&self, published: Published) {
        self.published.lock().push(published);
    }

    pub(super) fn close(&self, id: LoadId) {
        self.open.lock().remove(&id);
    }

    /// Open loads that time has run out for, and those that were aborted while the disk was full.
    pub(super) fn to_end(&self, now_micros: u64) -> Vec<Arc<OpenLoad>> {
        let is_unsettled = |load: &OpenLoad| load.pending.try_lock().is_ok_and(|pending| pending.unsettled);
        self.open.lock().values().filter(|load| load.is_late(now_micros) || is_unsettled(load)).cloned().collect()
    }

    /// Whether time may run out for some load.
    pub(crate) fn has_deadlines(&self) -> bool {
        self.open.lock().values().any(|load| load.entry.is_some())
    }

    /// The oldest record that some load still needs.
    pub(crate) fn oldest_needed(&self, store: &Store) -> Option<Sequence> {
        // Open ones first: one that is published meanwhile is then among the others.
        let open = self.open.lock().values().map(|load| Sequence(load.first.load(Ordering::Acquire))).min();
        let mut published = self.published.lock();
        published.retain(|load| load.is_needed(store));
        open.into_iter().chain(published.iter().map(|load| load.numbers.0)).min()
    }
}

impl Published {
    /// Whether some table still has what it wrote in log and memory alone.
    fn is_needed(&self, store: &Store) -> bool {
        let commit = self.numbers.1;
        let states: Vec<_> = {
            let tables = store.tables.read();
            self.tables.iter().filter_map(|id| tables.get(id).cloned()).collect()
        };
        states.iter().any(|state| {
            let oldest_unwritten = {
                let series = state.series.read();
                series.oldest_unwritten(store.log.visible())
            };
            oldest_unwritten.is_some_and(|oldest| oldest <= commit)
                || state.memory.read().oldest_unflushed().is_some_and(|oldest| oldest <= commit)
        })
    }
}
