//! Writing a batch: privileges, defaults, NOT NULL, key columns, unique sets; then storage.

mod checks;
mod defaults;
mod together;
mod unique;

pub(crate) use defaults::default_values;
pub use together::SeriesWrite;
pub use unique::PRIMARY_KEY;
pub(crate) use unique::{KeyedWrite, erasures, replace_rows};

use crate::blocks::write_whole;
use crate::privileges::require_on;
use crate::{Caller, Engine, run_blocking, run_to_end, visible_table};
use catalog::Catalog;
use model::{
    AttributePolicy, ColumnRole, Error, ErrorKind, Privilege, Result, Scope, Table, TableKind, WriteBatch, WriteKind,
    WriteOutcome, WriteRequest,
};
use std::collections::HashMap;
use std::sync::Arc;
use unique::{insert_parts, keep_first, named_duplicate};

/// A batch that may go to storage, and what it was checked against.
#[derive(Clone)]
pub(crate) struct Admitted {
    pub(crate) catalog: Arc<Catalog>,
    pub(crate) table: Arc<Table>,
    pub(crate) batch: WriteBatch,
}

impl Engine {
    /// Writes one batch. Cells that the batch leaves out are filled with defaults where the kind
    /// makes whole rows.
    ///
    /// # Errors
    /// No privilege; [`ErrorKind::SchemaChanged`] when the batch was made for another definition;
    /// [`ErrorKind::NullValue`], [`ErrorKind::KeyMissing`], [`ErrorKind::ValueTooLong`],
    /// [`ErrorKind::DuplicateKey`]; [`ErrorKind::InvalidName`] and [`ErrorKind::TableExists`] for
    /// a series that is known by its name.
    pub async fn write(&self, caller: &Caller, batch: WriteBatch) -> Result<WriteOutcome> {
        let Some(admitted) = self.admit(caller, batch)? else {
            return Ok(WriteOutcome::default());
        };
        if admitted.table.kind == TableKind::Series || admitted.table.unique.is_empty() {
            let (catalog, table) = (Arc::clone(&admitted.catalog), Arc::clone(&admitted.table));
            let written = self.write_together(vec![admitted], HashMap::new()).await;
            return written.map_err(|not| named_duplicate(not.error, &catalog, &table));
        }
        let Admitted { catalog, table, batch } = admitted;
        match batch.kind {
            WriteKind::FailOnDuplicate => {
                let accepted = batch.rows as u64;
                let request = WriteRequest { parts: insert_parts(&catalog, &table, batch)? };
                let guard = self.parts.statement_locks.share(table.id).await;
                let written = self.hand_over(guard, request).await;
                written.map_err(|error| named_duplicate(error, &catalog, &table))?;
                Ok(WriteOutcome { accepted, discarded: 0 })
            }
            WriteKind::Merge => Err(Error::unsupported("a merging write to a table with unique sets")),
            WriteKind::Replace | WriteKind::KeepFirst | WriteKind::Erase => {
                self.write_after_look(catalog, table, batch).await
            }
        }
    }

    /// Checks a batch against the newest definition and fills in what it leaves out; `None` when it
    /// has no rows.
    pub(crate) fn admit(&self, caller: &Caller, mut batch: WriteBatch) -> Result<Option<Admitted>> {
        let catalog = self.catalog();
        let table = visible_table(&catalog, batch.table)?;
        require_write(&catalog, caller, &table, &batch)?;
        if batch.schema_version != table.schema_version {
            return Err(ErrorKind::SchemaChanged { table: table.name.clone() }.into());
        }
        checks::check_shape(&table, &batch)?;
        if batch.rows == 0 {
            return Ok(None);
        }
        if batch.kind != WriteKind::Erase {
            self.fill_defaults(&table, &mut batch)?;
        }
        checks::check_values(&table, &batch)?;
        checks::check_lengths(&table, &batch)?;
        Ok(Some(Admitted { catalog, table, batch }))
    }

    /// Writes that must know the older rows, because those have entries in unique sets.
    async fn write_after_look(
        &self,
        catalog: Arc<Catalog>,
        table: Arc<Table>,
        batch: WriteBatch,
    ) -> Result<WriteOutcome> {
        let guard = self.parts.statement_locks.alone(table.id).await;
        let storage = self.parts.storage.clone();
        let (outcome, request) = run_blocking(move || {
            let write = KeyedWrite { storage: &storage, catalog: &catalog, table: &table };
            match batch.kind {
                WriteKind::KeepFirst => keep_first(&write, &batch),
                WriteKind::Erase => unique::erase(&write, &batch),
                _ => unique::replace(&write, &batch),
            }
        })
        .await?;
        if !request.parts.is_empty() {
            self.hand_over(guard, request).await?;
        }
        Ok(outcome)
    }

    /// Gives a request to storage and keeps the statement's locks until it is durable, even when
    /// whoever asked has gone.
    pub(crate) async fn hand_over(&self, guard: impl Send + 'static, request: WriteRequest) -> Result<WriteOutcome> {
        let (storage, block_bytes) = (self.parts.storage.clone(), self.parts.options.block_bytes);
        run_to_end(async move {
            let outcome = write_whole(&storage, request, block_bytes).await;
            drop(guard);
            outcome
        })
        .await
    }
}

fn require_write(catalog: &Catalog, caller: &Caller, table: &Table, batch: &WriteBatch) -> Result<()> {
    let scope = Scope::Table(table.id);
    if batch.kind == WriteKind::Erase {
        return require_on(catalog, caller, Privilege::Delete, scope);
    }
    require_on(catalog, caller, Privilege::Insert, scope)?;
    let changes_rows = table.kind == TableKind::Keyed && matches!(batch.kind, WriteKind::Replace | WriteKind::Merge);
    let sets_attributes = batch.attributes == AttributePolicy::Set
        && table.columns_with(ColumnRole::Attribute).any(|column| batch.column(column.id).is_some());
    if changes_rows || sets_attributes {
        require_on(catalog, caller, Privilege::Update, scope)?;
    }
    Ok(())
}
