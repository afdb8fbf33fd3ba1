//! From memory to files: what every table has, small things of many tables in one pack, then the
//! manifests of all of them in one commit, then memory. Until the manifests are committed nothing
//! names the files; a crash leaves orphans that the next start removes, and the log still has the
//! rows. Where there is much, it is done in several groups, so that memory is given back on the way.

mod group;
mod table;

use crate::catalogue_commit::commit;
use crate::series_file;
use crate::series_index::Checkpoints;
use crate::store::Store;
use crate::table_state::TableState;
use catalog::Change;
use files::{Files, pack_of};
use group::Group;
use model::{Result, Sequence};
use std::path::Path;
use std::sync::Arc;
use tokio::runtime::Runtime;

/// Flushes every table, the idle ones too: a single old row would keep all of the log behind it.
/// Then trims the log. Goes on after an error with the next table.
pub(crate) fn flush_all(store: &Arc<Store>, runtime: &Runtime) -> Result<()> {
    let mut first_error = Ok(());
    let mut note = |result: Result<()>, what: &str| {
        if let Err(error) = result {
            tracing::error!(%error, "{what}");
            if first_error.is_ok() {
                first_error = Err(error);
            }
        }
    };
    let mut group = Group::new(store, runtime);
    let mut is_ended = false;
    for state in store.touched() {
        is_ended = store.background.is_ending();
        if is_ended {
            break;
        }
        note(group.add(&state), &format!("table {} could not be flushed", state.id));
        if group.is_full() {
            let full = std::mem::replace(&mut group, Group::new(store, runtime));
            note(full.finish(), "a group of tables could not be flushed");
        }
    }
    note(group.finish(), "tables could not be flushed");
    if is_ended {
        return Err(crate::background::ended());
    }
    // Also after an error: what the other tables no longer need makes room.
    let trimmed = trim(store, runtime);
    first_error.and(trimmed)
}

/// Makes durable whatever is visible by now: files must not hold half of a request whose other
/// half, or what came before it, a crash may still take.
fn sync_log(store: &Store, runtime: &Runtime) -> Result<()> {
    if store.is_lax() {
        let synced = store.log.queue.push_barrier(true)?;
        runtime.block_on(crate::write::settled(synced))?;
    }
    Ok(())
}

/// Removes log files that nobody needs, and dropped ids that nobody can meet any more.
pub(crate) fn trim(store: &Store, runtime: &Runtime) -> Result<()> {
    // What is published up to here is seen below.
    let mut low = Sequence(store.log.visible().0 + 1);
    for state in store.touched() {
        let series = state.series.read();
        if let Some(oldest) = series.oldest_unwritten(store.log.visible()) {
            low = low.min(oldest);
        }
        drop(series);
        if let Some(oldest) = state.memory.read().oldest_unflushed() {
            low = low.min(oldest);
        }
    }
    // After the tables: what a load publishes meanwhile is in neither.
    if let Some(oldest) = store.loads.oldest_needed(store) {
        low = low.min(oldest);
    }
    let trim = store.log.trimmable(low);
    let mut dropped = store.dropped.lock();
    let (forgotten, kept): (Vec<_>, Vec<_>) = dropped.drain(..).partition(|(_, last)| *last <= trim.gone);
    *dropped = kept;
    drop(dropped);
    // First the catalogue: files that it no longer asks for are not read, and go at the next start.
    let mut changes: Vec<Change> = trim.first.map(Change::TrimLog).into_iter().collect();
    if !forgotten.is_empty() {
        changes.push(Change::ForgetDropped(forgotten.iter().map(|(id, _)| *id).collect()));
    }
    if changes.is_empty() {
        return Ok(());
    }
    commit(runtime, store.catalog.as_ref(), changes).inspect_err(|_| store.dropped.lock().extend(forgotten))?;
    trim.first.map_or(Ok(()), |first| store.log.remove_before(first))
}

/// Removes the checkpoints of a table that is gone, and the file of its series.
pub(crate) fn remove_checkpoints(store: &Store, table: &TableState) -> Result<()> {
    if let Some(packed) = table.packed_series.lock().take() {
        remove_members(store.files.as_ref(), packed.files());
    }
    Checkpoints::new(store.files.as_ref()).remove(table.id, |_| true)?;
    series_file::remove(store.files.as_ref(), table.id, true)
}

/// Lets go of members of packs that nothing names any more.
pub(crate) fn remove_members<'a>(files: &dyn Files, paths: impl Iterator<Item = &'a str>) {
    for path in paths {
        let pack = pack_of(path).unwrap_or(path);
        if files.remove(Path::new(path)).and_then(|()| files.sync_directory(Path::new(pack))).is_err() {
            // The next start removes it.
            tracing::warn!(path, "what is no longer needed of a pack could not be removed");
        }
    }
}
