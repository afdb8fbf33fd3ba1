//! DELETE of both kinds of table.
//!
//! What is a set of series and a range of time becomes one deletion that reads no row; any other
//! condition is resolved to the rows that it selects, which are erased.

use crate::attributes::key_items;
use crate::blocks::StatementRows;
use crate::key_lookup::count_rows;
use crate::privileges::require_on;
use crate::rows::Rows;
use crate::selection::{Target, column_item};
use crate::statement_lock::StatementGuard;
use crate::write::erasures;
use crate::{Caller, DeleteRequest, Engine, QueryRequest, run_blocking, visible_table};
use datafusion::sql::sqlparser::ast;
use futures::TryStreamExt;
use model::{
    ColumnId, KeyBytes, KeySelection, Privilege, RangeDelete, Result, Scope, Table, TableId, TableKind, TimeBounds,
    WritePart, WriteRequest, key_hash,
};
use query::StorageTable;
use std::sync::Arc;
use storage::{ScanKeys, TableView};

impl Engine {
    /// Deletes rows; returns how many where that is known without reading them (else 0): of a
    /// keyed table always, of a series table when the condition is more than series and time.
    /// Needs `delete`; whether `select` is needed too is the dialect's rule.
    ///
    /// # Errors
    /// Whatever is wrong with the condition; more rows than one statement may read.
    pub async fn delete(&self, caller: &Caller, context: &QueryRequest, delete: DeleteRequest) -> Result<u64> {
        require_on(&self.catalog(), caller, Privilege::Delete, Scope::Table(delete.table))?;
        let guard = self.parts.statement_locks.alone(delete.table).await;
        let catalog = self.catalog();
        require_on(&catalog, caller, Privilege::Delete, Scope::Table(delete.table))?;
        let table = visible_table(&catalog, delete.table)?;
        match (table.kind, delete.filter) {
            (TableKind::Keyed, None) => self.delete_all_keyed(guard, &table).await,
            (TableKind::Keyed, Some(filter)) => self.delete_keyed(guard, caller, context, delete.table, filter).await,
            (TableKind::Series, None) => {
                self.delete_range(guard, &table, KeySelection::All, TimeBounds::ALL, delete.drop_series).await
            }
            (TableKind::Series, Some(filter)) if delete.drop_series => {
                self.drop_series(guard, caller, context, delete.table, filter).await
            }
            (TableKind::Series, Some(filter)) => self.delete_from_series(guard, caller, context, &table, filter).await,
        }
    }

    async fn delete_all_keyed(&self, guard: StatementGuard, table: &Table) -> Result<u64> {
        let view = self.parts.storage.view(table.id)?;
        let count = run_blocking(move || count_rows(&view)).await?;
        let tables = table.unique.iter().map(|set| set.index).chain([table.id]);
        let all = |table| RangeDelete { table, keys: KeySelection::All, time: TimeBounds::ALL, drop_series: false };
        let parts = tables.map(|table| WritePart::Delete(all(table))).collect();
        self.hand_over(guard, WriteRequest { parts }).await?;
        Ok(count)
    }

    async fn delete_keyed(
        &self,
        guard: StatementGuard,
        caller: &Caller,
        context: &QueryRequest,
        table: TableId,
        filter: ast::Expr,
    ) -> Result<u64> {
        let target = self.stored_target(caller, Privilege::Delete, table)?;
        let table = Arc::clone(&target.table);
        let unique = table.unique.iter().flat_map(|set| &set.columns);
        let mut needed: Vec<ColumnId> = table.key.clone();
        for id in unique {
            if !needed.contains(id) {
                needed.push(*id);
            }
        }
        let items = needed.iter().filter_map(|id| table.column(*id)).map(|column| column_item(&column.name)).collect();
        let mut selected = self.selected(caller, context, &target, items, Some(filter)).await?;
        let (mut rows, mut count) = (StatementRows::new(self), 0);
        while let Some(batch) = selected.try_next().await? {
            let old = Rows::from_batches(&table, &needed, &[batch])?;
            count += old.count as u64;
            rows.add(erasures(&target.catalog, &table, old)?).await?;
        }
        rows.finish(guard).await?;
        Ok(count)
    }

    /// Ends the series that a condition on key and attribute columns selects.
    async fn drop_series(
        &self,
        guard: StatementGuard,
        caller: &Caller,
        context: &QueryRequest,
        table: TableId,
        filter: ast::Expr,
    ) -> Result<u64> {
        let target = self.series_target(caller, Privilege::Delete, table).await?;
        let table = Arc::clone(&target.table);
        let batches = self.read_selected(caller, context, &target, key_items(&table), Some(filter)).await?;
        let keys = Rows::from_batches(&table, &table.key, &batches)?.keys(&table.key)?;
        self.delete_range(guard, &table, hashes(&keys), TimeBounds::ALL, true).await
    }

    async fn delete_from_series(
        &self,
        guard: StatementGuard,
        caller: &Caller,
        context: &QueryRequest,
        table: &Arc<Table>,
        filter: ast::Expr,
    ) -> Result<u64> {
        let view = self.parts.storage.view(table.id)?;
        let provider = Arc::new(StorageTable::new(view.clone()));
        let target = Target { catalog: self.catalog(), table: Arc::clone(table), provider: Arc::clone(&provider) as _ };
        let mut items = key_items(table);
        let time = table.time_column();
        items.extend(time.map(|column| column_item(&column.name)));

        let statement = target.select(items.clone(), Some(filter.clone()))?;
        let tables = Arc::new(target.tables(self, caller, context));
        let planning = self.plan_context(context);
        let plan = self.parts.query.plan(&context.profile, tables, statement, &planning, context.timeout).await?;
        let (queries, profile) = (self.parts.query.clone(), context.profile.clone());
        let range = run_blocking(move || {
            let Some(selected) = queries.selected_range(&profile, &plan, &planning, &provider)? else {
                return Ok(None);
            };
            Ok(Some((selected_keys(&view, &selected.keys), selected.time)))
        })
        .await?;
        if let Some((keys, time)) = range {
            return self.delete_range(guard, table, keys, time, false).await;
        }

        let mut selected = self.selected(caller, context, &target, items, Some(filter)).await?;
        let columns: Vec<ColumnId> = table.key.iter().copied().chain(time.map(|column| column.id)).collect();
        let (mut rows, mut count) = (StatementRows::new(self), 0);
        while let Some(batch) = selected.try_next().await? {
            let old = Rows::from_batches(table, &columns, &[batch])?;
            count += old.count as u64;
            rows.add(vec![WritePart::Rows(old.into_erasure(table))]).await?;
        }
        rows.finish(guard).await?;
        Ok(count)
    }

    async fn delete_range(
        &self,
        guard: StatementGuard,
        table: &Table,
        keys: KeySelection,
        time: TimeBounds,
        drop_series: bool,
    ) -> Result<u64> {
        let nothing = time.is_empty() || matches!(&keys, KeySelection::Hashes(hashes) if hashes.is_empty());
        if !nothing {
            let delete = RangeDelete { table: table.id, keys, time, drop_series };
            self.hand_over(guard, WriteRequest { parts: vec![WritePart::Delete(delete)] }).await?;
        }
        Ok(0)
    }
}

fn hashes(keys: &[KeyBytes]) -> KeySelection {
    KeySelection::Hashes(keys.iter().map(|key| key_hash(&key.0)).collect())
}

/// The keys of the series that a scan would read.
fn selected_keys(view: &TableView, selected: &ScanKeys) -> KeySelection {
    match selected {
        ScanKeys::Series(ids) => KeySelection::Hashes(view.key_hashes(ids).into()),
        _ => KeySelection::All,
    }
}
