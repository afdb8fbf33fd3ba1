//! Changes of a table's definition, and the beginning and end of tables, in order with all writes:
//! each takes a number of the one sequence, and the catalogue has change and number in one commit.

use crate::store::Store;
use crate::table_lock::{TableLocks, lock_tables};
use crate::table_state::TableState;
use catalog::{Catalog, Change, CommitError};
use model::{Error, ErrorKind, Result, Sequence, Table, TableId};
use std::collections::BTreeSet;
use std::sync::Arc;
use tokio::sync::OwnedRwLockReadGuard;

/// While it lives, writers of its tables wait.
struct Altering {
    states: Vec<Arc<TableState>>,
    number: Sequence,
    /// Its share of [`Store::definitions`].
    _share: OwnedRwLockReadGuard<()>,
}

impl Altering {
    /// Of tables in the order of their ids; of none it is a number alone.
    async fn begin(store: &Store, states: Vec<Arc<TableState>>) -> Result<Self> {
        let share = store.definitions.clone().read_owned().await;
        loop {
            let busy = match Self::try_begin(store, &states)? {
                Ok(number) => return Ok(Self { states, number, _share: share }),
                Err(busy) => busy,
            };
            busy.wait_until_altered().await;
        }
    }

    /// The number, or a table that is being altered by another.
    fn try_begin(store: &Store, states: &[Arc<TableState>]) -> Result<Result<Sequence, Arc<TableState>>> {
        let mut gates = match lock_tables(store, states)? {
            TableLocks::Held(gates) => gates,
            TableLocks::Altering(table) => return Ok(Err(table)),
        };
        // One step: from this number on the tables' definitions are open.
        let number = store.log.queue.take_number()?;
        gates.iter_mut().for_each(|gate| gate.altering = Some(number));
        Ok(Ok(number))
    }
}

impl Drop for Altering {
    fn drop(&mut self) {
        for state in &self.states {
            state.lock.lock().altering = None;
            state.altered.notify_waiters();
        }
    }
}

/// See [`crate::Storage::change_table`].
pub(crate) async fn change_table(
    store: &Arc<Store>,
    id: TableId,
    make: impl FnOnce(&Table, Sequence) -> Result<(Table, Vec<Change>)> + Send,
) -> Result<Arc<Table>> {
    let altering = Altering::begin(store, vec![store.table(id)?]).await?;
    let number = altering.number;
    let before = store.catalog.snapshot();
    let (table, further) = make(before.table(id).ok_or_else(|| before.no_table(id))?, number)?;
    let changes = [Change::PutTable(Box::new(table.clone()))]
        .into_iter()
        .chain(further)
        .chain([Change::PutSequence(number)])
        .collect();
    // A task of its own: writers must wait until it is known what the definition is, also when
    // whoever asked is gone.
    let task = tokio::spawn(commit(store.clone(), before, changes, altering));
    task.await.map_err(Error::internal)??;
    Ok(Arc::new(table))
}

/// Commits changes that were made for one version. Commits in between that change no definition
/// do not matter.
async fn commit(
    store: Arc<Store>,
    mut made_for: Arc<Catalog>,
    changes: Vec<Change>,
    _altering: Altering,
) -> Result<()> {
    loop {
        match store.catalog.commit(Some(made_for.version), changes.clone()).await {
            Ok(_) => return Ok(()),
            Err(CommitError::Failed(error)) => return Err(error),
            Err(CommitError::Conflict) => {
                let now = store.catalog.snapshot();
                if !same_definitions(&made_for, &now) {
                    return Err(Error::new(ErrorKind::SchemaChanged { table: changed_name(&changes) }));
                }
                made_for = now;
            }
        }
    }
}

/// See [`crate::Storage::change_schema`].
pub(crate) async fn change_schema(
    store: &Arc<Store>,
    expected: u64,
    changes: Vec<Change>,
) -> Result<Sequence, CommitError> {
    let catalog = store.catalog.snapshot();
    if catalog.version != expected {
        return Err(CommitError::Conflict);
    }
    let dropped: BTreeSet<TableId> = changes.iter().flat_map(|change| dropped_by(&catalog, change)).collect();
    let states = dropped.into_iter().map(|id| store.table(id)).collect::<Result<_>>()?;
    // The number is younger than the version, and whoever made the version had its own before: so
    // numbers rise as versions do.
    let altering = Altering::begin(store, states).await?;
    let number = altering.number;
    let changes = changes.into_iter().chain([Change::PutSequence(number)]).collect();
    let catalog = store.catalog.clone();
    // A task of its own: writers must wait until it is known whether their table is gone.
    let task = tokio::spawn(async move {
        let _altering = altering;
        catalog.commit(Some(expected), changes).await
    });
    task.await.map_err(Error::internal)??;
    Ok(number)
}

/// The tables that a change drops, hidden ones included.
fn dropped_by(catalog: &Catalog, change: &Change) -> Vec<TableId> {
    match change {
        Change::DropTable(id) => {
            let unique = catalog.table(*id).map(|table| table.unique.iter().map(|set| set.index));
            unique.into_iter().flatten().filter(|index| catalog.table(*index).is_some()).chain([*id]).collect()
        }
        Change::DropDatabase(id) => catalog.tables().filter(|table| table.database == *id).map(|t| t.id).collect(),
        _ => Vec::new(),
    }
}

fn same_definitions(a: &Catalog, b: &Catalog) -> bool {
    let same_tables =
        a.tables().count() == b.tables().count() && a.tables().zip(b.tables()).all(|(a, b)| Arc::ptr_eq(a, b));
    let same_databases = a.databases().count() == b.databases().count()
        && a.databases().zip(b.databases()).all(|(a, b)| Arc::ptr_eq(a, b));
    same_tables && same_databases
}

fn changed_name(changes: &[Change]) -> String {
    changes
        .iter()
        .find_map(|c| if let Change::PutTable(t) = c { Some(t.name.clone()) } else { None })
        .unwrap_or_default()
}

/// Forgets every table that the catalogue no longer has.
pub(crate) fn forget_dropped(store: &Store) {
    let (catalog, gone) = {
        let mut tables = store.tables.write();
        // Asked for under the lock: what is new since is not taken for gone.
        let catalog = store.catalog.snapshot();
        let gone: Vec<TableId> = tables.keys().copied().filter(|id| catalog.table(*id).is_none()).collect();
        let gone: Vec<Arc<TableState>> = gone.iter().filter_map(|id| tables.remove(id)).collect();
        (catalog, gone)
    };
    for state in &gone {
        // From here on no record of it is queued.
        state.lock.lock().dropped = true;
    }
    let last = store.log.queue.last_number();
    {
        let mut dropped = store.dropped.lock();
        for id in catalog.dropped() {
            if dropped.iter().all(|(known, _)| *known != id) {
                dropped.push((id, last));
            }
        }
    }
    for state in gone {
        store.background.forget(state);
    }
}
