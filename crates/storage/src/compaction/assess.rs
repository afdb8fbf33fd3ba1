//! What is due of a table now, and how far behind it is.

use super::job::Job;
use super::policy::{Due, due, place};
use crate::memtable::MemoryView;
use crate::store::Store;
use crate::table_state::TableState;
use catalog::SegmentEntry;
use model::TableKind;
use std::time::Instant;

/// A flush has changed the files of a table.
pub(crate) fn flushed(store: &Store, state: &TableState, kind: TableKind) {
    // Before the next write: its writer may have to wait.
    assess(state, kind);
    store.compactor.files_changed(state.id);
}

/// What is due of a table now; says how far it is behind. Partitions that are left alone for a while
/// are not among it.
pub(super) fn assess(state: &TableState, kind: TableKind) -> Vec<Due> {
    // Held over it all: what is seen last is said last.
    let mut failures = state.debt.failures();
    let memory = state.seen().1;
    failures.retain(|failed| memory.segments.iter().any(|segment| place(&segment.entry) == failed));
    let now = Instant::now();
    let mut found = candidates(&memory, kind);
    found.retain(|due| !failures.holds(due.place, now));
    // Writers do not wait for what does not get better by waiting: not even while it is tried again.
    let counted = found.iter().filter(|due| !failures.has(due.place));
    state.debt.set(counted.map(|due| due.waiting).max().unwrap_or(0));
    found
}

/// What is due and can be done.
pub(super) fn candidates(memory: &MemoryView, kind: TableKind) -> Vec<Due> {
    let entries: Vec<&SegmentEntry> = memory.segments.iter().map(|s| &s.entry).collect();
    let mut found = due(&entries, &memory.tombstones, memory.flushed, kind);
    found.retain(|due| {
        // One segment alone is only rewritten to be rid of deletions.
        job(memory, due).is_some_and(|job| due.range.len() > 1 || job.settles_deletions(memory) || due.is_hidden)
    });
    found
}

pub(super) fn job(memory: &MemoryView, due: &Due) -> Option<Job> {
    Job::new(memory, memory.segments.get(due.range.clone())?.to_vec())
}
