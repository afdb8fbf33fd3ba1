//! The tables that one statement can name: the dialect's own first, then stored ones, opened once
//! each and checked for `select`.

use crate::privileges::require_on;
use crate::{Caller, QueryRequest};
use catalog::Catalog;
use datafusion::catalog::TableProvider;
use model::{Code, DatabaseId, Error, ErrorKind, Privilege, Result, Scope, Table, TableId};
use parking_lot::Mutex;
use query::{StorageTable, TableLookup, UniqueLookup};
use std::collections::HashMap;
use std::sync::Arc;
use storage::Storage;

/// The tables of one statement.
pub(crate) struct StatementTables {
    pub(crate) catalog: Arc<Catalog>,
    pub(crate) storage: Storage,
    pub(crate) caller: Caller,
    pub(crate) database: Option<DatabaseId>,
    pub(crate) own: Option<Arc<dyn TableLookup>>,
    /// Stored tables by id, so that every use in a statement sees the same rows. One that is put
    /// here beforehand, the target of an UPDATE or DELETE, needs no `select`.
    pub(crate) opened: Mutex<HashMap<TableId, Arc<dyn TableProvider>>>,
}

impl StatementTables {
    /// The tables that a request can name.
    pub(crate) fn of(catalog: Arc<Catalog>, storage: Storage, caller: &Caller, request: &QueryRequest) -> Self {
        Self {
            catalog,
            storage,
            caller: caller.clone(),
            database: request.database,
            own: request.own_tables.clone(),
            opened: Mutex::default(),
        }
    }

    /// Opens a table beforehand, in its own way.
    pub(crate) fn with_opened(self, table: TableId, provider: Arc<dyn TableProvider>) -> Self {
        self.opened.lock().insert(table, provider);
        self
    }

    fn stored(&self, name: &[String]) -> Result<&Arc<Table>> {
        let not_found = || ErrorKind::TableNotFound { table: name.join(".") };
        let (database, table) = match name {
            [table] => (self.database.ok_or_else(not_found)?, table),
            [database, table] => {
                let found = self.catalog.database_named(database);
                (found.ok_or_else(|| ErrorKind::DatabaseNotFound { database: database.clone() })?.id, table)
            }
            _ => return Err(not_found().into()),
        };
        Ok(self.catalog.table_named(database, table).ok_or_else(not_found)?)
    }
}

/// A table at the newest number, with the entries of its unique sets at the same.
pub(crate) fn stored_table(storage: &Storage, table: &Table) -> Result<StorageTable> {
    if table.unique.is_empty() {
        return Ok(StorageTable::new(storage.view(table.id)?));
    }
    let ids: Vec<TableId> = [table.id].into_iter().chain(table.unique.iter().map(|set| set.index)).collect();
    let mut views = storage.views(&ids)?.into_iter();
    let view = views.next().ok_or_else(|| Error::internal("a table without a view"))?;
    let unique = table.unique.iter().cloned().zip(views).map(|(set, entries)| UniqueLookup::new(set, entries));
    Ok(StorageTable::new(view).with_unique(unique.collect()))
}

impl TableLookup for StatementTables {
    fn table(&self, name: &[String]) -> Result<Arc<dyn TableProvider>> {
        if let Some(own) = &self.own {
            match own.table(name) {
                Err(error) if matches!(error.code(), Code::TableNotFound | Code::DatabaseNotFound) => {}
                found => return found,
            }
        }
        let table = self.stored(name)?;
        if let Some(opened) = self.opened.lock().get(&table.id) {
            return Ok(Arc::clone(opened));
        }
        require_on(&self.catalog, &self.caller, Privilege::Select, Scope::Table(table.id))?;
        let provider: Arc<dyn TableProvider> = Arc::new(stored_table(&self.storage, table)?);
        self.opened.lock().insert(table.id, Arc::clone(&provider));
        Ok(provider)
    }
}
