//! Whether series are there, by their keys.

use crate::store::Store;
use crate::write::settled;
use model::{ErrorKind, KeyBytes, Result, TableId};

/// Of each key, whether a series that has it is listed now; and whether that stays so whatever
/// happens, as far as it was not there.
fn look(store: &Store, table: TableId, keys: &[KeyBytes]) -> Result<(Vec<bool>, bool)> {
    let state = match store.table(table) {
        Err(error) if matches!(*error.kind, ErrorKind::TableNotFound { .. }) => {
            return Ok((vec![false; keys.len()], true));
        }
        state => state?,
    };
    let (visible, synced) = (store.log.visible(), store.log.synced());
    let series = state.series.read();
    let there = keys.iter().map(|key| series.is_listed(&key.0, visible)).collect();
    Ok((there, !series.ended_after(synced)))
}

/// See [`crate::Storage::has_series`].
pub(crate) fn has_series(store: &Store, table: TableId, keys: &[KeyBytes]) -> Result<Vec<bool>> {
    Ok(look(store, table, keys)?.0)
}

/// See [`crate::Storage::has_series_settled`].
pub(crate) async fn has_series_settled(store: &Store, table: TableId, keys: &[KeyBytes]) -> Result<Vec<bool>> {
    loop {
        let (there, is_settled) = look(store, table, keys)?;
        if is_settled || there.iter().all(|there| *there) {
            return Ok(there);
        }
        settled(store.log.queue.push_barrier(true)?).await?;
    }
}
