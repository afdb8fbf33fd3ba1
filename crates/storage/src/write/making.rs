//! What is asked before a write makes series: whoever knows more than one table may refuse them.
//! It is asked without any lock, about series that were decided on under the tables' locks; they
//! are decided on again afterwards, and only what was allowed is made.

use super::decide::TableDecision;
use crate::series_index::decode_nth;
use model::{DataType, Error, KeyHash, Result, Table, TableId, Value};
use std::collections::HashSet;
use std::future::Future;
use std::sync::Arc;

/// Series of one table that a write is about to make.
#[derive(Clone, Debug)]
pub struct SeriesToMake {
    /// The table.
    pub table: Arc<Table>,
    /// The values of the key columns of each, in key order.
    pub keys: Vec<Vec<Value>>,
    hashes: Vec<KeyHash>,
}

/// Whoever is asked before series are made.
pub trait SeriesMaking: Send {
    /// Whether it wants to be asked about new series of a table.
    fn asks(&self, table: &Table) -> bool;

    /// Whether a write may make series: all those that it is about to make in tables that are asked
    /// about. May wait. The answer must hold until the write has returned. Asked about all of them
    /// again when the write has come to make others meanwhile.
    ///
    /// # Errors
    /// What the write fails with; nothing of it is written then.
    fn may_make(&mut self, series: Vec<SeriesToMake>) -> impl Future<Output = Result<()>> + Send;
}

/// Every write makes what series it needs.
#[derive(Debug)]
pub(crate) struct Unasked;

impl SeriesMaking for Unasked {
    fn asks(&self, _table: &Table) -> bool {
        false
    }

    async fn may_make(&mut self, _series: Vec<SeriesToMake>) -> Result<()> {
        Ok(())
    }
}

/// What a request has been allowed.
#[derive(Debug, Default)]
pub(super) struct Allowed(HashSet<(TableId, KeyHash)>);

impl Allowed {
    /// From now on these, and no others.
    pub(super) fn replace(&mut self, series: &[SeriesToMake]) {
        let keys = |of: &SeriesToMake| of.hashes.iter().map(|hash| (of.table.id, *hash)).collect::<Vec<_>>();
        self.0 = series.iter().flat_map(keys).collect();
    }

    pub(super) fn covers(&self, table: TableId, decision: &TableDecision) -> bool {
        decision.new.iter().all(|(_, hash)| self.0.contains(&(table, *hash)))
    }
}

/// The series that a decision makes.
pub(super) fn series_to_make(table: &Arc<Table>, decision: &TableDecision) -> Result<SeriesToMake> {
    let types: Vec<DataType> = table.key_columns().map(|column| column.data_type).collect();
    let mut keys = Vec::with_capacity(decision.new.len());
    for (new, _) in &decision.new {
        let value = |n: usize| decode_nth(&new.key.0, types.get(..=n).unwrap_or_default());
        let values = (0..types.len()).map(value).collect::<Result<_, _>>();
        keys.push(values.map_err(|malformed| Error::internal(malformed.0))?);
    }
    let hashes = decision.new.iter().map(|(_, hash)| *hash).collect();
    Ok(SeriesToMake { table: table.clone(), keys, hashes })
}
