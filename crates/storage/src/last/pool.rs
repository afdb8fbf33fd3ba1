//! The memory of all last values: a limit, and who gives way when it is reached.

use crate::table_state::TableState;
use model::Usage;
use parking_lot::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Weak};

/// The pool of one store.
#[derive(Debug)]
pub(crate) struct LastPool {
    used: AtomicU64,
    limit: u64,
    /// Counts answers; each table keeps the count of its newest one.
    answers: AtomicU64,
    /// Tables that have something.
    tables: Mutex<Vec<Weak<TableState>>>,
    /// Pages that were made so far.
    #[cfg(test)]
    made: AtomicU64,
}

/// What a table tells the pool.
#[derive(Debug, Default)]
pub(crate) struct LastUse {
    newest_answer: AtomicU64,
    /// It alone is more than the pool may hold: nothing is kept any more.
    too_large: AtomicBool,
}

/// The bytes of a page; given back with it.
#[derive(Debug)]
pub(super) struct PageCharge {
    pool: Arc<LastPool>,
    bytes: u64,
}

impl PageCharge {
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }
}

impl Drop for PageCharge {
    fn drop(&mut self) {
        self.pool.used.fetch_sub(self.bytes, Ordering::AcqRel);
    }
}

impl LastPool {
    pub(crate) fn new(limit: u64) -> Arc<Self> {
        Arc::new(Self {
            used: AtomicU64::new(0),
            limit,
            answers: AtomicU64::new(0),
            tables: Mutex::default(),
            #[cfg(test)]
            made: AtomicU64::new(0),
        })
    }

    pub(crate) fn in_use(&self) -> Usage {
        Usage { used: self.used.load(Ordering::Acquire), limit: self.limit }
    }

    #[cfg(test)]
    pub(crate) fn pages_made(&self) -> u64 {
        self.made.load(Ordering::Relaxed)
    }

    pub(super) fn charge(self: &Arc<Self>, bytes: usize) -> PageCharge {
        let bytes = bytes as u64;
        self.used.fetch_add(bytes, Ordering::AcqRel);
        #[cfg(test)]
        self.made.fetch_add(1, Ordering::Relaxed);
        PageCharge { pool: self.clone(), bytes }
    }

    /// Whether what is found of a table shall be kept.
    pub(super) fn keeps(&self, table: &TableState) -> bool {
        self.limit > 0 && !table.last_use.too_large.load(Ordering::Relaxed)
    }

    /// A table answers now.
    pub(super) fn answers(&self, table: &TableState) {
        let now = self.answers.fetch_add(1, Ordering::Relaxed) + 1;
        table.last_use.newest_answer.store(now, Ordering::Relaxed);
    }

    /// Lets others give way to a table that takes `own` bytes, those that answered longest ago first,
    /// until what is used fits, without `passing` bytes that are about to go. False when that is
    /// not enough; a table that alone is more than the limit is not kept any more.
    pub(super) fn make_room(&self, table: &Arc<TableState>, own: u64, passing: u64) -> bool {
        if own > self.limit {
            table.last_use.too_large.store(true, Ordering::Relaxed);
            let gone = table.memory.write().forget_last_values();
            drop(gone);
            return false;
        }
        let known: Vec<Arc<TableState>> = {
            let mut tables = self.tables.lock();
            let known: Vec<Arc<TableState>> = tables.iter().filter_map(Weak::upgrade).collect();
            if !known.iter().any(|known| Arc::ptr_eq(known, table)) {
                tables.retain(|known| known.strong_count() > 0);
                tables.push(Arc::downgrade(table));
            }
            known
        };
        let mut others: Vec<Arc<TableState>> = known.into_iter().filter(|known| !Arc::ptr_eq(known, table)).collect();
        others.sort_by_key(|known| known.last_use.newest_answer.load(Ordering::Relaxed));
        let fits = || self.used.load(Ordering::Acquire).saturating_sub(passing) <= self.limit;
        for other in others {
            if fits() {
                return true;
            }
            // Dropped without the lock.
            let gone = other.memory.write().forget_last_values();
            drop(gone);
        }
        fits()
    }
}
