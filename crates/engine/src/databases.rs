//! Databases: make, change, drop.

use crate::bootstrap::{RESERVED_DATABASES, is_built_in};
use crate::privileges::require_on;
use crate::{Caller, Engine, NewDatabase, run_to_end};
use catalog::{Catalog, Change, Database};
use model::{DatabaseId, ErrorKind, Privilege, Result, Scope, TableId, check_name};
use std::sync::Arc;

impl Engine {
    /// Makes a database.
    ///
    /// # Errors
    /// A name that is taken, reserved or no name; no `create` on the server.
    pub async fn create_database(&self, caller: &Caller, new: NewDatabase) -> Result<Arc<Database>> {
        require_on(&self.catalog(), caller, Privilege::Create, Scope::All)?;
        check_name(&new.name)?;
        if RESERVED_DATABASES.contains(&new.name.to_lowercase().as_str()) {
            return Err(ErrorKind::InvalidName { name: new.name, reason: "it is reserved".to_owned() }.into());
        }
        let id = DatabaseId(self.parts.catalog.take_ids(1).await?.start);
        self.change_catalog(|catalog| {
            require_on(catalog, caller, Privilege::Create, Scope::All)?;
            if catalog.database_named(&new.name).is_some() {
                return Err(ErrorKind::DatabaseExists { database: new.name.clone() }.into());
            }
            let database = Database {
                id,
                name: new.name.clone(),
                label: new.label,
                partition_seconds: new.partition_seconds,
                retention_seconds: new.retention_seconds,
                comment: new.comment.clone(),
                properties: new.properties.clone(),
            };
            Ok((vec![Change::PutDatabase(database.clone())], Arc::new(database)))
        })
        .await
    }

    /// Drops a database; with `cascade` whatever it holds.
    ///
    /// # Errors
    /// A database that is built in or, without `cascade`, holds tables; no `drop` on it.
    pub async fn drop_database(&self, caller: &Caller, database: DatabaseId, cascade: bool) -> Result<()> {
        let (engine, caller) = (self.clone(), caller.clone());
        run_to_end(async move {
            let tables = engine
                .change_catalog(|catalog| {
                    let tables = droppable(catalog, &caller, database, cascade)?;
                    Ok((vec![Change::DropDatabase(database)], tables))
                })
                .await?;
            engine.forget_tables(tables).await
        })
        .await
    }
}

/// Every table, hidden ones included, of a database that may be dropped.
fn droppable(catalog: &Catalog, caller: &Caller, id: DatabaseId, cascade: bool) -> Result<Vec<TableId>> {
    let database = catalog.database(id).ok_or_else(|| ErrorKind::DatabaseNotFound { database: id.to_string() })?;
    require_on(catalog, caller, Privilege::Drop, Scope::Database(id))?;
    if is_built_in(&database.name) {
        let reason = format!("database \"{}\" is built in and cannot be dropped", database.name);
        return Err(ErrorKind::InvalidDefinition { reason }.into());
    }
    let tables: Vec<_> = catalog.tables().filter(|t| t.database == id).map(|t| t.id).collect();
    if !cascade && !tables.is_empty() {
        return Err(ErrorKind::DatabaseNotEmpty { database: database.name.clone() }.into());
    }
    Ok(tables)
}
