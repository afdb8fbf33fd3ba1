//! Looking rows of a keyed table up by their keys.

use crate::rows::Rows;
use model::{ColumnId, KeyBytes, Result, TimeBounds};
use std::collections::{BTreeSet, HashSet};
use std::ops::Bound;
use storage::{KeyRange, ScanKeys, ScanRequest, TableView};

const BATCH_ROWS: usize = 8_192;

/// The rows that have one of these keys, with the columns asked for.
pub(crate) fn rows_with_keys<'a>(
    view: &TableView,
    keys: impl IntoIterator<Item = &'a KeyBytes>,
    columns: &[ColumnId],
) -> Result<Rows> {
    let keys: BTreeSet<&KeyBytes> = keys.into_iter().collect();
    if keys.is_empty() {
        return Rows::none(view.table(), columns);
    }
    let exactly = |key: &KeyBytes| KeyRange { first: Bound::Included(key.clone()), last: Bound::Included(key.clone()) };
    read(view, ScanKeys::Ranges(keys.into_iter().map(exactly).collect()), columns)
}

/// Those of these keys that are there.
pub(crate) fn existing_keys<'a>(
    view: &TableView,
    keys: impl IntoIterator<Item = &'a KeyBytes>,
) -> Result<HashSet<KeyBytes>> {
    let key = &view.table().key;
    Ok(rows_with_keys(view, keys, key)?.keys(key)?.into_iter().collect())
}

/// Every row, with the columns asked for.
pub(crate) fn all_rows(view: &TableView, columns: &[ColumnId]) -> Result<Rows> {
    read(view, ScanKeys::All, columns)
}

/// How many rows there are.
pub(crate) fn count_rows(view: &TableView) -> Result<u64> {
    let request =
        ScanRequest { columns: Vec::new(), time: TimeBounds::ALL, keys: ScanKeys::All, batch_rows: BATCH_ROWS };
    let mut count = 0;
    for batch in view.scan(request)? {
        count += batch?.num_rows() as u64;
    }
    Ok(count)
}

fn read(view: &TableView, keys: ScanKeys, columns: &[ColumnId]) -> Result<Rows> {
    let request = ScanRequest { columns: columns.to_vec(), time: TimeBounds::ALL, keys, batch_rows: BATCH_ROWS };
    let batches = view.scan(request)?.collect::<Result<Vec<_>>>()?;
    Rows::from_batches(view.table(), columns, &batches)
}
