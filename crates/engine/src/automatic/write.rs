//! Writes whose tables come to be as they are needed: one request, one log record, many tables.

use super::AutomaticTable;
use crate::series_names::RefusedName;
use crate::write::Admitted;
use crate::{Caller, Engine};
use arrow::array::AsArray;
use model::{DatabaseId, Error, ErrorKind, Result, Table, WriteBatch, WriteOutcome};
use std::collections::HashMap;
use std::sync::Arc;

/// So often a batch is made anew because its table was changed meanwhile.
const ATTEMPTS_MAX: usize = 100;

/// Rows for one table that may have to be made or widened first. It may be asked several times,
/// when others change the table meanwhile; the last answer counts.
pub trait AutomaticWrite: Send {
    /// Where the table is, and its exact name.
    fn table(&self) -> (DatabaseId, &str);
    /// What the table must have for these rows, given what it has now; `None`: no table yet.
    ///
    /// # Errors
    /// None of the rows can be written.
    fn wanted(&mut self, now: Option<&Table>) -> Result<AutomaticTable>;
    /// The rows for the table as it is.
    ///
    /// # Errors
    /// None of the rows can be written; [`ErrorKind::SchemaChanged`]: ask again.
    fn batch(&mut self, table: &Table) -> Result<WriteBatch>;
}

/// What became of writes to several tables.
#[derive(Debug, Default)]
pub struct AutomaticWritten {
    /// Rows accepted and discarded, over all tables.
    pub outcome: WriteOutcome,
    /// The writes of which no row was stored, by their position, and why.
    pub failed: Vec<(usize, Error)>,
}

impl Engine {
    /// Writes rows into tables that are made or widened as needed. The rows of all tables are one
    /// log record; a table that cannot be written does not keep the others from it.
    ///
    /// # Errors
    /// Nothing was written: the store takes no writes now.
    pub async fn write_automatic(
        &self,
        caller: &Caller,
        writes: &mut [Box<dyn AutomaticWrite + '_>],
    ) -> Result<AutomaticWritten> {
        let mut attempt = 0;
        loop {
            attempt += 1;
            let (admitted, mut failed) = self.admit_all(caller, writes).await;
            match self.write_admitted(admitted, &mut failed).await {
                Err(error) if is_outdated(&error) && attempt < ATTEMPTS_MAX => {}
                Err(error) => return Err(error),
                Ok(outcome) => {
                    failed.sort_by_key(|(position, _)| *position);
                    return Ok(AutomaticWritten { outcome, failed });
                }
            }
        }
    }

    /// Makes every batch against its table, and checks it.
    async fn admit_all(
        &self,
        caller: &Caller,
        writes: &mut [Box<dyn AutomaticWrite + '_>],
    ) -> (Vec<(usize, Admitted)>, Vec<(usize, Error)>) {
        let mut admitted = Vec::with_capacity(writes.len());
        let mut failed = Vec::new();
        for (position, write) in writes.iter_mut().enumerate() {
            match self.admit_one(caller, write.as_mut()).await {
                Ok(Some(batch)) => admitted.push((position, batch)),
                Ok(None) => {}
                Err(error) => failed.push((position, error)),
            }
        }
        (admitted, failed)
    }

    async fn admit_one(&self, caller: &Caller, write: &mut (dyn AutomaticWrite + '_)) -> Result<Option<Admitted>> {
        let mut attempt = 0;
        loop {
            attempt += 1;
            let now = {
                let (database, name) = write.table();
                self.catalog().table_named(database, name).map(Arc::clone)
            };
            let wanted = write.wanted(now.as_deref())?;
            let table = self.ensure_table(caller, &wanted).await?;
            match write.batch(&table).and_then(|batch| self.admit(caller, batch)) {
                Err(error) if is_outdated(&error) && attempt < ATTEMPTS_MAX => {}
                admitted => return admitted,
            }
        }
    }

    /// Hands several batches over as one request, without those whose names are taken.
    async fn write_admitted(
        &self,
        mut batches: Vec<(usize, Admitted)>,
        failed: &mut Vec<(usize, Error)>,
    ) -> Result<WriteOutcome> {
        loop {
            let (positions, admitted): (Vec<usize>, Vec<Admitted>) = batches.into_iter().unzip();
            let not = match self.write_together(admitted.clone(), HashMap::new()).await {
                Ok(outcome) => return Ok(outcome),
                Err(not) => not,
            };
            let count = failed.len();
            batches = Vec::with_capacity(admitted.len());
            for (position, admitted) in positions.into_iter().zip(admitted) {
                match not.names.iter().find(|refused| names(&admitted, refused)) {
                    Some(refused) => failed.push((position, refused.error.clone())),
                    None => batches.push((position, admitted)),
                }
            }
            if failed.len() == count {
                return Err(not.error);
            }
        }
    }
}

/// Whether a batch has rows of a series that may not be made.
fn names(admitted: &Admitted, refused: &RefusedName) -> bool {
    let column = admitted.table.series_name_column().filter(|_| admitted.table.id == refused.table);
    let cells = column.and_then(|column| admitted.batch.column(column.id));
    let names = cells.and_then(|cells| cells.values.as_string_opt::<i32>());
    names.is_some_and(|names| names.iter().flatten().any(|name| name == refused.name))
}

/// Whether a batch was made for a definition that is gone.
fn is_outdated(error: &Error) -> bool {
    matches!(*error.kind, ErrorKind::SchemaChanged { .. } | ErrorKind::TableNotFound { .. })
}
