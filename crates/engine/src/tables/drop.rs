//! Dropping a table, with its hidden tables, rows and files.

use crate::privileges::require_on;
use crate::{Caller, Engine, run_to_end, visible_table};
use catalog::Change;
use model::{Privilege, Result, Scope, TableId};

impl Engine {
    /// Drops a table with its rows and files.
    ///
    /// # Errors
    /// An unknown table; no `drop` on it.
    pub async fn drop_table(&self, caller: &Caller, table: TableId) -> Result<()> {
        let (engine, caller) = (self.clone(), caller.clone());
        run_to_end(async move {
            let dropped = engine
                .change_schema(|catalog| {
                    let found = visible_table(catalog, table)?;
                    require_on(catalog, &caller, Privilege::Drop, Scope::Table(table))?;
                    let hidden = found.unique.iter().map(|set| set.index);
                    Ok((vec![Change::DropTable(table)], hidden.chain([table]).collect()))
                })
                .await?;
            engine.forget_tables(dropped).await
        })
        .await
    }

    /// Lets storage forget tables that the catalogue has dropped; goes on after a failure, since
    /// what is left on disk then goes at the next start.
    pub(crate) async fn forget_tables(&self, tables: Vec<TableId>) -> Result<()> {
        for table in tables {
            if let Err(error) = self.parts.storage.forget_table(table).await {
                tracing::warn!(%table, %error, "files of a dropped table stay until the next start");
            }
        }
        Ok(())
    }
}
