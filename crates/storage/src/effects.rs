//! What a request did to memory when it took its number: published when it is durable, or undone
//! when the disk was full.

use crate::pressure::Charge;
use crate::table_state::TableState;
use model::{Sequence, SeriesId};
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// What it did to one table.
#[derive(Debug)]
pub(crate) struct TableEffects {
    pub(crate) table: Arc<TableState>,
    /// Series that it made.
    pub(crate) new: usize,
    /// Series that it ended.
    pub(crate) dropped: Vec<SeriesId>,
    /// Attributes to show once it is durable.
    pub(crate) attributes: Vec<(SeriesId, Box<[u8]>)>,
}

/// What it did to all tables.
#[derive(Debug, Default)]
pub(crate) struct Effects {
    pub(crate) tables: Vec<TableEffects>,
    /// The bytes of its record while it is queued.
    pub(crate) _queued: Option<Charge>,
}

impl Effects {
    /// Makes attributes seen. Rows and series are seen by their number.
    pub(crate) fn publish(&self, sequence: Sequence) {
        for effects in &self.tables {
            if !effects.attributes.is_empty() {
                effects.table.series.write().publish_attributes(sequence, &effects.attributes);
            }
        }
    }

    /// Takes everything back. Entries are undone newest first.
    pub(crate) fn undo(&self, sequence: Sequence) {
        for effects in &self.tables {
            let _lock = effects.table.lock.lock();
            effects.table.undone.fetch_add(1, Ordering::AcqRel);
            let mut series = effects.table.series.write();
            series.withdraw_attributes(effects.attributes.len());
            series.undo(sequence, effects.new, &effects.dropped);
            drop(series);
            effects.table.memory.write().undo(sequence);
        }
    }
}
