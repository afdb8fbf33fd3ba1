//! What a statement of the SQL endpoint works with: who asks, where, with which variables.

use crate::Door;
use crate::sql::statement::TableName;
use crate::variables::Variables;
use catalog::{Catalog, Database};
use engine::{Caller, Engine};
use model::{Error, ErrorKind, Result, Table};
use std::sync::Arc;

/// The state of a request.
#[derive(Debug)]
pub(crate) struct Context {
    pub(crate) door: Arc<Door>,
    pub(crate) caller: Caller,
    /// The database of the path, if it names one.
    pub(crate) database: Option<String>,
    pub(crate) variables: Variables,
    /// The id of the request's connection.
    pub(crate) connection: u64,
}

impl Context {
    /// The store.
    pub(crate) fn engine(&self) -> &Engine {
        &self.door.context.engine
    }

    /// What exists now.
    pub(crate) fn catalog(&self) -> Arc<Catalog> {
        self.door.context.engine.catalog()
    }

    /// The name of the current database.
    ///
    /// # Errors
    /// When there is none.
    pub(crate) fn current(&self) -> Result<&str> {
        self.database
            .as_deref()
            .ok_or_else(|| Error::new(ErrorKind::InvalidStatement { reason: "No database selected".to_owned() }))
    }

    /// A database that the caller sees.
    ///
    /// # Errors
    /// [`ErrorKind::DatabaseNotFound`], [`ErrorKind::PermissionDenied`].
    pub(crate) fn database(&self, catalog: &Catalog, name: &str) -> Result<Arc<Database>> {
        crate::names::database(&self.door, &self.caller, catalog, name, crate::names::Need::Any)
    }

    /// A table that the caller sees.
    ///
    /// # Errors
    /// As [`crate::names::table`]; another catalog.
    pub(crate) fn table(&self, catalog: &Catalog, name: &TableName) -> Result<(Arc<Database>, Arc<Table>)> {
        if let Some(other) = name.catalog.as_ref().filter(|name| !crate::names::is_catalog(name)) {
            let reason = format!("Unknown catalog '{other}'");
            return Err(Error::new(ErrorKind::InvalidStatement { reason }));
        }
        let database = match &name.database {
            Some(database) => database,
            None => self.current()?,
        };
        crate::names::table(&self.door, &self.caller, catalog, (database, &name.table), crate::names::Need::Any)
    }
}
