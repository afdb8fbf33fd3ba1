//! UPDATE of keyed tables: read the rows and their new values at one number, judge, write. The
//! table is held alone from the reading until the write is durable, so that no change is lost.

use crate::assignment::{assigned_columns, into_column};
use crate::blocks::StatementRows;
use crate::lookup::stored_table;
use crate::privileges::require_on;
use crate::rows::Rows;
use crate::selection::{Target, column_item, value_item};
use crate::statement_lock::StatementGuard;
use crate::write::{KeyedWrite, default_values, replace_rows};
use crate::{Caller, Engine, QueryRequest, UpdateRequest, key_lookup, run_blocking, visible_table};
use arrow::record_batch::RecordBatch;
use futures::TryStreamExt;
use model::{ColumnId, Error, Privilege, Result, Scope, Table, TableKind, WriteKind, WritePart, WriteRequest};
use std::sync::Arc;

/// Rows that one record of [`Engine::fill_new_column`] rewrites.
const FILL_ROWS: usize = 65_536;

impl Engine {
    /// Changes rows of a keyed table; returns how many. Needs `update`; whether `select` is needed
    /// too is the dialect's rule.
    ///
    /// # Errors
    /// A table of series; values that a column cannot hold; [`model::ErrorKind::DuplicateKey`]
    /// judged on the state after the statement.
    pub async fn update(&self, caller: &Caller, context: &QueryRequest, update: UpdateRequest) -> Result<u64> {
        require_on(&self.catalog(), caller, Privilege::Update, Scope::Table(update.table))?;
        let guard = self.parts.statement_locks.alone(update.table).await;
        let target = self.stored_target(caller, Privilege::Update, update.table)?;
        let table = Arc::clone(&target.table);
        if table.kind != TableKind::Keyed {
            return Err(Error::unsupported(format!("an UPDATE of rows of the series table \"{}\"", table.name)));
        }
        let assigned: Vec<ColumnId> =
            assigned_columns(&table, &update.assignments)?.iter().map(|column| column.id).collect();
        let mut items: Vec<_> = table.columns.iter().map(|column| column_item(&column.name)).collect();
        items.extend(update.assignments.into_iter().enumerate().map(|(n, (_, value))| value_item(n, value)));
        if !identifies(&table, &assigned) {
            let mut selected = self.selected(caller, context, &target, items, update.filter).await?;
            let (mut rows, mut count) = (StatementRows::new(self), 0);
            while let Some(batch) = selected.try_next().await? {
                let (_, new) = old_and_new(&table, &assigned, &[batch])?;
                count += new.count as u64;
                rows.add(vec![WritePart::Rows(new.into_batch(&table, WriteKind::Replace))]).await?;
            }
            rows.finish(guard).await?;
            return Ok(count);
        }
        let batches = self.read_selected(caller, context, &target, items, update.filter).await?;

        let (engine, catalog) = (self.clone(), Arc::clone(&target.catalog));
        let (count, request) = run_blocking(move || {
            let (old, new) = old_and_new(&table, &assigned, &batches)?;
            let write = KeyedWrite { storage: &engine.parts.storage, catalog: &catalog, table: &table };
            Ok((old.count as u64, replace_rows(&write, &old, &new)?))
        })
        .await?;
        if count > 0 {
            self.hand_over(guard, request).await?;
        }
        Ok(count)
    }

    /// A stored table as the target of a statement, at the newest number.
    pub(crate) fn stored_target(&self, caller: &Caller, privilege: Privilege, table: model::TableId) -> Result<Target> {
        let catalog = self.catalog();
        require_on(&catalog, caller, privilege, Scope::Table(table))?;
        let table = visible_table(&catalog, table)?;
        let provider = Arc::new(stored_table(&self.parts.storage, &table)?);
        Ok(Target { catalog, table, provider })
    }

    /// Puts the default of a column that was just added into the rows that are there already.
    pub(crate) async fn fill_new_column(&self, guard: StatementGuard, table: &Arc<Table>, id: ColumnId) -> Result<()> {
        let (engine, table) = (self.clone(), Arc::clone(table));
        let requests = run_blocking(move || engine.rows_with_default(&table, id)).await?;
        let storage = self.parts.storage.clone();
        crate::run_to_end(async move {
            for request in requests {
                storage.write(request).await?;
            }
            drop(guard);
            Ok(())
        })
        .await
    }

    fn rows_with_default(&self, table: &Arc<Table>, id: ColumnId) -> Result<Vec<WriteRequest>> {
        let Some((column, default)) = table.column(id).and_then(|column| Some((column, column.default.as_ref()?)))
        else {
            return Ok(Vec::new());
        };
        let others: Vec<_> = table.columns.iter().map(|column| column.id).filter(|other| *other != id).collect();
        let mut rows = key_lookup::all_rows(&self.parts.storage.view(table.id)?, &others)?;
        let now_micros = self.parts.options.clock.now_micros();
        rows.columns.push((id, default_values(column, default, rows.count, now_micros, self)?));
        let starts = (0..rows.count).step_by(FILL_ROWS);
        Ok(starts
            .map(|start| {
                let count = FILL_ROWS.min(rows.count - start);
                let columns = rows.columns.iter().map(|(id, values)| (*id, values.slice(start, count))).collect();
                let batch = Rows { columns, count }.into_batch(table, WriteKind::Replace);
                WriteRequest { parts: vec![WritePart::Rows(batch)] }
            })
            .collect())
    }
}

/// Whether one of some columns belongs to the key or to a unique set: then a changed row may meet
/// another.
fn identifies(table: &Table, columns: &[ColumnId]) -> bool {
    let unique = table.unique.iter().flat_map(|set| &set.columns);
    table.key.iter().chain(unique).any(|id| columns.contains(id))
}

/// The rows before and after: batches have every column of the table, then the new values.
fn old_and_new(table: &Table, assigned: &[ColumnId], batches: &[RecordBatch]) -> Result<(Rows, Rows)> {
    let ids: Vec<ColumnId> = table.columns.iter().map(|column| column.id).collect();
    let old = Rows::from_batches(table, &ids, batches)?;
    let mut new = old.clone();
    if old.count == 0 {
        return Ok((old, new));
    }
    for (position, id) in assigned.iter().enumerate() {
        let values: Vec<_> = batches.iter().filter_map(|batch| batch.columns().get(ids.len() + position)).collect();
        let values: Vec<&dyn arrow::array::Array> = values.into_iter().map(AsRef::as_ref).collect();
        let values = arrow::compute::concat(&values).map_err(Error::internal)?;
        let column = table.column(*id).ok_or_else(|| Error::internal("an assigned column is gone"))?;
        if let Some((_, cells)) = new.columns.iter_mut().find(|(column, _)| column == id) {
            *cells = into_column(&values, column)?;
        }
    }
    Ok((old, new))
}
