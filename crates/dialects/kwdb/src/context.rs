//! What the statements of one request share: who asks, the current database, the time zone.

use crate::sql::statement::TableName;
use crate::timezone::Zone;
use crate::{Door, names};
use catalog::{Catalog, Database};
use engine::{Caller, Engine};
use model::{Error, ErrorKind, Privilege, Result, Scope, Table, TableKind};
use std::sync::Arc;

/// The state of a request; `USE` changes it for the statements that follow.
#[derive(Debug)]
pub(crate) struct Context {
    door: Arc<Door>,
    caller: Caller,
    database: String,
    /// Whether the request began in a database that does not exist.
    began_nowhere: bool,
    zone: Zone,
}

impl Context {
    /// The state at the start of a request.
    pub(crate) fn new(door: Arc<Door>, caller: Caller, database: String, zone: Zone) -> Self {
        let began_nowhere = door.context.engine.catalog().database_named(&database).is_none();
        Self { door, caller, database, began_nowhere, zone }
    }

    /// Fails where the request's database does not exist: whatever a statement does, it was to be
    /// done there. Only one that makes a database, drops one or goes to one needs none.
    ///
    /// # Errors
    /// [`ErrorKind::DatabaseNotFound`].
    pub(crate) fn require_place(&self) -> Result<()> {
        if self.began_nowhere {
            self.current_database(&self.catalog())?;
        }
        Ok(())
    }

    /// The store.
    pub(crate) fn engine(&self) -> &Engine {
        &self.door.context.engine
    }

    /// The dialect's shared state.
    pub(crate) fn door(&self) -> &Door {
        &self.door
    }

    /// Who asks.
    pub(crate) fn caller(&self) -> &Caller {
        &self.caller
    }

    /// The zone in which times are read and written.
    pub(crate) fn zone(&self) -> &Zone {
        &self.zone
    }

    /// Changes the zone for the statements that follow.
    pub(crate) fn set_zone(&mut self, zone: Zone) {
        self.zone = zone;
    }

    /// The name of the current database.
    pub(crate) fn database_name(&self) -> &str {
        &self.database
    }

    /// Makes another database the current one.
    ///
    /// # Errors
    /// [`ErrorKind::DatabaseNotFound`].
    pub(crate) fn use_database(&mut self, name: &str) -> Result<()> {
        names::database(&self.catalog(), name)?;
        name.clone_into(&mut self.database);
        Ok(())
    }

    /// What exists now.
    pub(crate) fn catalog(&self) -> Arc<Catalog> {
        self.door.context.engine.catalog()
    }

    /// The current database.
    ///
    /// # Errors
    /// [`ErrorKind::DatabaseNotFound`].
    pub(crate) fn current_database(&self, catalog: &Catalog) -> Result<Arc<Database>> {
        names::database(catalog, &self.database)
    }

    /// The table that a name stands for.
    ///
    /// # Errors
    /// [`ErrorKind::TableNotFound`] with the name as written, [`ErrorKind::DatabaseNotFound`] for
    /// the current database.
    pub(crate) fn table(&self, catalog: &Catalog, name: &TableName) -> Result<Arc<Table>> {
        names::table(catalog, &self.database, name)
    }

    /// Whether the caller has any right at all on a table.
    pub(crate) fn sees(&self, table: &Table) -> bool {
        Privilege::ALL.iter().any(|privilege| self.engine().may(&self.caller, *privilege, Scope::Table(table.id)))
    }

    /// Fails unless the caller has any right at all on a table.
    ///
    /// # Errors
    /// This vendor's words for it.
    pub(crate) fn require_any(&self, table: &Table) -> Result<()> {
        if self.sees(table) {
            return Ok(());
        }
        let noun = table_noun(table);
        Err(crate::error::worded(format!("user {} has no privileges on {noun} {}", self.caller.name, table.name)))
    }

    /// Gives an error of the engine what only this dialect knows: whether a table that it names is
    /// a time-series table.
    pub(crate) fn refine(&self, error: Error) -> Error {
        let position = error.position;
        let ErrorKind::PermissionDenied { user, privilege, object_kind: "table", object } = *error.kind else {
            return error;
        };
        let catalog = self.catalog();
        let is_series = catalog.tables().any(|table| table.name == object && table.kind == TableKind::Series);
        let object_kind = if is_series { "timeseries table" } else { "table" };
        Error { kind: Box::new(ErrorKind::PermissionDenied { user, privilege, object_kind, object }), position }
    }
}

/// What this vendor calls a table of that kind.
pub(crate) const fn table_noun(table: &Table) -> &'static str {
    match table.kind {
        TableKind::Series => "timeseries table",
        TableKind::Keyed => "relation",
    }
}
