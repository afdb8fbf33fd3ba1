//! Databases: make, change, drop.

use crate::bootstrap::{RESERVED_DATABASES, is_built_in};
use crate::privileges::require_on;
use crate::{Caller, Engine, NewDatabase, run_to_end};
use catalog::{Catalog, Change, Database};
use model::{DatabaseId, ErrorKind, Privilege, Result, Scope, TableId, check_name};
use std::collections::BTreeMap;
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
        self.change_schema(|catalog| {
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

    /// Changes what is kept of a database: how long the rows of its tables are kept, in seconds, and
    /// dialects' records; `None` leaves the retention as it is and takes a record away.
    ///
    /// # Errors
    /// An unknown database; no `alter` on it.
    pub async fn alter_database(
        &self,
        caller: &Caller,
        id: DatabaseId,
        retention_seconds: Option<Option<u64>>,
        records: BTreeMap<String, Option<String>>,
    ) -> Result<()> {
        self.change_catalog(|catalog| {
            require_on(catalog, caller, Privilege::Alter, Scope::Database(id))?;
            let current = catalog.database(id).ok_or_else(|| catalog.no_database(id))?;
            let mut changed = Database::clone(current);
            changed.retention_seconds = retention_seconds.unwrap_or(changed.retention_seconds);
            for (key, value) in &records {
                match value {
                    Some(value) => changed.properties.insert(key.clone(), value.clone()),
                    None => changed.properties.remove(key),
                };
            }
            Ok((vec![Change::PutDatabase(changed)], ()))
        })
        .await
    }

    /// Gives a database another name.
    ///
    /// # Errors
    /// An unknown or built-in database, a name that is taken or reserved; no `alter` on it.
    pub async fn rename_database(&self, caller: &Caller, id: DatabaseId, name: &str) -> Result<()> {
        check_name(name)?;
        if RESERVED_DATABASES.contains(&name.to_lowercase().as_str()) {
            return Err(ErrorKind::InvalidName { name: name.to_owned(), reason: "it is reserved".to_owned() }.into());
        }
        self.change_schema(|catalog| {
            require_on(catalog, caller, Privilege::Alter, Scope::Database(id))?;
            let current = catalog.database(id).ok_or_else(|| catalog.no_database(id))?;
            if is_built_in(&current.name) {
                let reason = format!("database \"{}\" is built in and cannot be renamed", current.name);
                return Err(ErrorKind::InvalidDefinition { reason }.into());
            }
            if catalog.database_named(name).is_some_and(|other| other.id != id) {
                return Err(ErrorKind::DatabaseExists { database: name.to_owned() }.into());
            }
            let changed = Database { name: name.to_owned(), ..Database::clone(current) };
            Ok((vec![Change::PutDatabase(changed)], ()))
        })
        .await
    }

    /// Changes the remark on a database.
    ///
    /// # Errors
    /// An unknown database; no `alter` on it.
    pub async fn set_database_comment(&self, caller: &Caller, id: DatabaseId, comment: Option<String>) -> Result<()> {
        self.change_catalog(|catalog| {
            require_on(catalog, caller, Privilege::Alter, Scope::Database(id))?;
            let current = catalog.database(id).ok_or_else(|| catalog.no_database(id))?;
            let changed = Database { comment: comment.clone(), ..Database::clone(current) };
            Ok((vec![Change::PutDatabase(changed)], ()))
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
                .change_schema(|catalog| {
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
    let database = catalog.database(id).ok_or_else(|| catalog.no_database(id))?;
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
