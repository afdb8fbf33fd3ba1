//! One lock per table that orders whole statements: INSERT shares it, a statement that reads rows
//! and writes what it made of them (UPDATE, DELETE by condition, replacing under unique sets) has
//! it alone. It is held until the write is durable, so that no such statement loses another's
//! change. It lies above storage's own table lock, which is held only to take a number.

use model::TableId;
use parking_lot::Mutex;
use std::collections::HashMap;
use std::sync::{Arc, Weak};
use tokio::sync::{OwnedRwLockReadGuard, OwnedRwLockWriteGuard, RwLock};

/// Entries without a user are swept out whenever the map has grown to this size since.
const SWEEP_AT: usize = 1_024;

/// The locks of all tables; one that nobody holds costs nothing.
#[derive(Debug, Default)]
pub(crate) struct StatementLocks {
    locks: Mutex<Locks>,
}

#[derive(Debug, Default)]
struct Locks {
    by_table: HashMap<TableId, Weak<RwLock<()>>>,
    sweep_at: usize,
}

/// Holds a table's lock, shared or alone.
#[derive(Debug)]
#[expect(dead_code, reason = "held for what its drop does")]
pub(crate) enum StatementGuard {
    /// Others may hold it too.
    Shared(OwnedRwLockReadGuard<()>),
    /// Nobody else holds it.
    Alone(OwnedRwLockWriteGuard<()>),
}

impl StatementLocks {
    /// Waits until no statement has the table alone.
    pub(crate) async fn share(&self, table: TableId) -> StatementGuard {
        StatementGuard::Shared(self.lock_of(table).read_owned().await)
    }

    /// Waits until nobody else holds the table.
    pub(crate) async fn alone(&self, table: TableId) -> StatementGuard {
        StatementGuard::Alone(self.lock_of(table).write_owned().await)
    }

    fn lock_of(&self, table: TableId) -> Arc<RwLock<()>> {
        let mut locks = self.locks.lock();
        if let Some(lock) = locks.by_table.get(&table).and_then(Weak::upgrade) {
            return lock;
        }
        if locks.by_table.len() >= locks.sweep_at.max(SWEEP_AT) {
            locks.by_table.retain(|_, lock| lock.strong_count() > 0);
            locks.sweep_at = locks.by_table.len() * 2;
        }
        let lock = Arc::new(RwLock::new(()));
        locks.by_table.insert(table, Arc::downgrade(&lock));
        lock
    }
}
