//! The locks of several tables at once, taken in the order of their ids by everybody.

use crate::store::Store;
use crate::table_state::{Gate, TableState};
use model::Result;
use parking_lot::MutexGuard;
use std::sync::Arc;

/// What came of asking for them.
pub(crate) enum TableLocks<'a> {
    /// All of them, in the order asked for.
    Held(Vec<MutexGuard<'a, Gate>>),
    /// None: the definition of one is being changed.
    Altering(Arc<TableState>),
}

/// Locks tables that come in the order of their ids.
///
/// # Errors
/// [`model::ErrorKind::TableNotFound`] for one that was dropped.
pub(crate) fn lock_tables<'a>(
    store: &Store,
    states: impl IntoIterator<Item = &'a Arc<TableState>>,
) -> Result<TableLocks<'a>> {
    let mut gates = Vec::new();
    for state in states {
        let gate = state.lock.lock();
        if gate.dropped {
            return Err(store.catalog.snapshot().no_table(state.id));
        }
        if gate.altering.is_some() {
            return Ok(TableLocks::Altering(state.clone()));
        }
        gates.push(gate);
    }
    Ok(TableLocks::Held(gates))
}
