//! Rows of a keyed table by the values of a unique set: the set's hidden table tells their keys.

use super::key_ranges::key_ranges;
use super::pushdown::can_be_evaluated;
use datafusion::logical_expr::Expr;
use model::{Column, ColumnId, KeyBytes, Result, Table, TimeBounds, UniqueSet, encode_keys};
use std::ops::Bound;
use storage::{KeyRange, ScanKeys, ScanRequest, TableView};

/// Entries a batch.
const BATCH_ROWS: usize = 8_192;
/// More values than this are not looked up one by one.
const VALUES_MAX: usize = 1_000;

/// A unique set of a table, and its entries at the number of the table's view.
#[derive(Clone, Debug)]
pub struct UniqueLookup {
    set: UniqueSet,
    entries: TableView,
}

impl UniqueLookup {
    /// The set, whose hidden table `entries` shows.
    #[must_use]
    pub fn new(set: UniqueSet, entries: TableView) -> Self {
        Self { set, entries }
    }

    pub(crate) fn name(&self) -> &str {
        &self.set.name
    }

    /// The entries that predicates leave, where they leave few single ones; and which predicates say so.
    pub(crate) fn wanted(&self, table: &Table, predicates: &[&Expr]) -> Option<(Vec<KeyBytes>, Vec<bool>)> {
        let columns: Vec<&Column> = self.set.columns.iter().map(|id| table.column(*id)).collect::<Option<_>>()?;
        let stored = self.entries.table().key_columns().map(|column| column.data_type);
        if !columns.iter().map(|column| column.data_type).eq(stored) {
            return None;
        }
        let found = key_ranges(&columns, predicates);
        let keys = found.keys.filter(|keys| keys.len() <= VALUES_MAX)?;
        let read = predicates.iter().zip(found.exact).map(|(predicate, exact)| exact && can_be_evaluated(predicate));
        Some((keys, read.collect()))
    }

    /// The keys of the rows that have those entries, as a scan wants them. Reads.
    pub(crate) fn keys_of(&self, entries: Vec<KeyBytes>) -> Result<ScanKeys> {
        let table = self.entries.table();
        let columns: Vec<ColumnId> =
            table.columns.iter().skip(self.set.columns.len()).map(|column| column.id).collect();
        let request = ScanRequest { columns, time: TimeBounds::ALL, keys: points(entries), batch_rows: BATCH_ROWS };
        let mut keys = Vec::new();
        for batch in self.entries.scan(request)? {
            let batch = batch?;
            keys.extend(encode_keys(batch.columns(), batch.num_rows())?);
        }
        Ok(points(keys))
    }
}

fn points(mut keys: Vec<KeyBytes>) -> ScanKeys {
    keys.sort_unstable();
    keys.dedup();
    let point = |key: KeyBytes| KeyRange { first: Bound::Included(key.clone()), last: Bound::Included(key) };
    ScanKeys::Ranges(keys.into_iter().map(point).collect())
}
