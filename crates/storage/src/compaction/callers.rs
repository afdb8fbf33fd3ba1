//! Who waits for compaction. Each waits for what was due when he asked, and no longer: what comes
//! meanwhile, or what a merge makes due elsewhere, is not his, and of each partition he waits for as many
//! merges at most as it had segments. So he is answered under any load.

use super::policy::Place;
use model::{Error, Result, TableId};
use std::collections::HashMap;
use tokio::sync::oneshot;

/// One of them.
#[derive(Debug)]
pub(super) struct Caller {
    done: oneshot::Sender<Result<()>>,
    /// What he waits for, and for how many merges of it at most.
    left: HashMap<(TableId, Place), usize>,
    result: Result<()>,
}

impl Caller {
    /// Waits for these partitions, each with its number of segments.
    pub(super) fn new(done: oneshot::Sender<Result<()>>, due: impl Iterator<Item = ((TableId, Place), usize)>) -> Self {
        Self { done, left: due.collect(), result: Ok(()) }
    }
}

/// All of them.
#[derive(Debug, Default)]
pub(super) struct Callers(Vec<Caller>);

impl Callers {
    pub(super) fn push(&mut self, caller: Caller) {
        self.0.push(caller);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether somebody waits for a partition.
    pub(super) fn wait_for(&self, table: TableId, place: Place) -> bool {
        self.0.iter().any(|caller| caller.left.contains_key(&(table, place)))
    }

    /// A partition has its turn.
    pub(super) fn tried(&mut self, table: TableId, place: Place) {
        for caller in &mut self.0 {
            if let Some(merges) = caller.left.get_mut(&(table, place)) {
                *merges = merges.saturating_sub(1);
            }
        }
    }

    /// A merge failed.
    pub(super) fn failed(&mut self, table: TableId, place: Place, error: &Error) {
        for caller in self.0.iter_mut().filter(|caller| caller.left.contains_key(&(table, place))) {
            if caller.result.is_ok() {
                caller.result = Err(error.clone());
            }
        }
    }

    /// Something failed that all of them wait for.
    pub(super) fn all_failed(&mut self, error: &Error) {
        for caller in self.0.iter_mut().filter(|caller| caller.result.is_ok()) {
            caller.result = Err(error.clone());
        }
    }

    /// Answers those who have nothing to wait for; `is_due` says of what something is due.
    pub(super) fn answer(&mut self, is_due: impl Fn(TableId, Place) -> bool) {
        for mut caller in std::mem::take(&mut self.0) {
            caller.left.retain(|(table, place), merges| *merges > 0 && is_due(*table, *place));
            if caller.left.is_empty() {
                let _ = caller.done.send(caller.result);
            } else {
                self.0.push(caller);
            }
        }
    }
}
