//! Commits to the catalogue from the store's own threads, and from whatever thread opens it.

use catalog::{CatalogStore, Change, CommitError, TableManifest};
use model::{Error, Result, Sequence, TableId};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::thread;
use tokio::runtime::{Builder, Runtime};

/// A runtime for one thread that is no task of another.
pub(crate) fn own_runtime() -> Result<Runtime> {
    Builder::new_current_thread().build().map_err(|e| Error::internal(format!("starting a runtime: {e}")))
}

/// Commits changes that hold for any version, on a thread that is no task.
pub(crate) fn commit(runtime: &Runtime, catalog: &dyn CatalogStore, changes: Vec<Change>) -> Result<()> {
    runtime.block_on(catalog.commit(None, changes)).map(drop).map_err(failed)
}

/// A table's manifest, and a number that it speaks of.
pub(crate) type NumberedManifest = (TableId, TableManifest, Sequence);

/// Commits manifests, all at once; which of the tables were there, and not dropped. Whoever calls it
/// holds the locks of the tables' files.
pub(crate) fn put_manifests(
    runtime: &Runtime,
    catalog: &dyn CatalogStore,
    mut manifests: Vec<NumberedManifest>,
) -> Result<BTreeSet<TableId>> {
    loop {
        let snapshot = catalog.snapshot();
        manifests.retain(|(table, ..)| snapshot.table(*table).is_some());
        let there: BTreeSet<TableId> = manifests.iter().map(|(table, ..)| *table).collect();
        let Some(reached) = manifests.iter().map(|(.., reached)| *reached).max() else { return Ok(there) };
        let puts = manifests.iter().map(|(table, manifest, _)| Change::PutManifest(*table, manifest.clone()));
        match commit(runtime, catalog, puts.chain([Change::PutSequence(reached)]).collect()) {
            Ok(()) => return Ok(there),
            // One of them was dropped meanwhile.
            Err(_) if there.iter().any(|table| catalog.snapshot().table(*table).is_none()) => {}
            Err(error) => return Err(error),
        }
    }
}

/// The same as [`commit`] from any thread, also from one that runs tasks; blocks it.
pub(crate) fn commit_blocking(catalog: &Arc<dyn CatalogStore>, changes: Vec<Change>) -> Result<()> {
    thread::scope(|scope| {
        let committed = scope.spawn(|| commit(&own_runtime()?, catalog.as_ref(), changes));
        committed.join().unwrap_or_else(|_| Err(Error::internal("a commit to the catalogue panicked")))
    })
}

/// An id that nothing had before, from any thread; blocks it.
pub(crate) fn next_id_blocking(catalog: &dyn CatalogStore) -> Result<u64> {
    thread::scope(|scope| {
        let taken = scope.spawn(|| Ok(own_runtime()?.block_on(catalog.take_ids(1))?.start));
        taken.join().unwrap_or_else(|_| Err(Error::internal("taking an id panicked")))
    })
}

/// The error of a commit that holds for any version.
pub(crate) fn failed(error: CommitError) -> Error {
    match error {
        CommitError::Failed(error) => error,
        CommitError::Conflict => Error::internal("a commit for any version met a conflict"),
    }
}
