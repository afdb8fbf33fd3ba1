//! Batches that are one write: all of it or none.

use super::Admitted;
use crate::blocks::write_whole;
use crate::series_names::{NewNames, RefusedName};
use crate::{Caller, Engine, run_to_end};
use model::{Error, Result, TableId, TableKind, WriteBatch, WriteOutcome, WritePart, WriteRequest};
use std::collections::{HashMap, HashSet};
use storage::SeriesMaking as _;

/// Rows for one series table, as a part of a write.
#[derive(Clone, Debug)]
pub struct SeriesWrite {
    /// The rows, or the series to register.
    pub batch: WriteBatch,
    /// Series that are known by their names, of which some rows may be and which must be there
    /// already: the write makes none of these.
    pub existing: HashSet<String>,
}

/// Why several batches were not written.
pub(crate) struct NotWritten {
    pub(crate) error: Error,
    /// The names of series that are to blame, if any.
    pub(crate) names: Vec<RefusedName>,
}

impl Engine {
    /// Writes batches of several series tables as one: all of them or none.
    ///
    /// # Errors
    /// Those of [`Engine::write`] for any of the batches; [`model::ErrorKind::TableNotFound`] with
    /// the name of a series that must be there and is not. Nothing was written.
    pub async fn write_all(&self, caller: &Caller, writes: Vec<SeriesWrite>) -> Result<WriteOutcome> {
        let mut admitted = Vec::with_capacity(writes.len());
        let mut existing: HashMap<TableId, HashSet<String>> = HashMap::new();
        for SeriesWrite { batch, existing: names } in writes {
            let table = batch.table;
            let Some(batch) = self.admit(caller, batch)? else { continue };
            if batch.table.kind != TableKind::Series {
                let what = format!("a write to several tables, of which \"{}\" is keyed", batch.table.name);
                return Err(Error::unsupported(what));
            }
            admitted.push(batch);
            if !names.is_empty() {
                existing.entry(table).or_default().extend(names);
            }
        }
        self.write_together(admitted, existing).await.map_err(|not| not.error)
    }

    /// Hands batches over as one request, in their order.
    pub(crate) async fn write_together(
        &self,
        admitted: Vec<Admitted>,
        existing: HashMap<TableId, HashSet<String>>,
    ) -> Result<WriteOutcome, NotWritten> {
        if admitted.is_empty() {
            return Ok(WriteOutcome::default());
        }
        // In the order of ids, as everybody who holds several.
        let mut tables: Vec<TableId> = admitted.iter().map(|admitted| admitted.table.id).collect();
        tables.sort_unstable();
        tables.dedup();
        let mut guards = Vec::with_capacity(tables.len());
        for table in tables {
            guards.push(self.parts.statement_locks.share(table).await);
        }
        let (storage, mut names) = (self.parts.storage.clone(), NewNames::new(self, existing));
        let block_bytes = self.parts.options.block_bytes;
        // Names are asked for about one record.
        let has_names = admitted.iter().any(|admitted| names.asks(&admitted.table));
        let parts = admitted.into_iter().map(|admitted| WritePart::Rows(admitted.batch)).collect();
        let request = WriteRequest { parts };
        let written = run_to_end(async move {
            let outcome = match has_names {
                true => storage.write_asking(request, &mut names).await,
                false => write_whole(&storage, request, block_bytes).await,
            };
            drop(guards);
            Ok(outcome.map_err(|error| NotWritten { error, names: names.into_refused() }))
        });
        written.await.unwrap_or_else(|error| Err(NotWritten { error, names: Vec::new() }))
    }
}
