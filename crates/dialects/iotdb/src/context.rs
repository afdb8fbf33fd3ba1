//! What a request carries to every statement: who asks, the database, the time zone.

use crate::error::{Failure, Result, worded};
use crate::zone::Zone;
use crate::{Door, names};
use catalog::{Catalog, Database};
use engine::{Caller, Engine};
use model::{Error, ErrorKind, Privilege, Scope, Table};
use std::sync::Arc;

/// The state of a request.
#[derive(Debug)]
pub(crate) struct Context {
    door: Arc<Door>,
    caller: Caller,
    zone: Zone,
    database: Option<String>,
}

impl Context {
    /// The state at the start of a request.
    pub(crate) fn new(door: Arc<Door>, caller: Caller, zone: Zone) -> Self {
        Self { door, caller, zone, database: None }
    }

    /// Takes the database that the request's body names; whether it exists is found out when a
    /// statement needs it.
    ///
    /// # Errors
    /// The name of a tree.
    pub(crate) fn set_database(&mut self, name: Option<&str>) -> Result<()> {
        if let Some(name) = name.filter(|name| name.starts_with("root.")) {
            return Err(worded(format!(
                "The database name {name} is a tree model database, which is not allowed to set in the client session."
            )));
        }
        self.database = name.filter(|name| !name.is_empty()).map(str::to_owned);
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

    /// The zone in which times without an offset are read.
    pub(crate) fn zone(&self) -> &Zone {
        &self.zone
    }

    /// The database as the request names it.
    pub(crate) fn database(&self) -> Option<&str> {
        self.database.as_deref()
    }

    /// What exists now.
    pub(crate) fn catalog(&self) -> Arc<Catalog> {
        self.door.context.engine.catalog()
    }

    /// The request's database, for a definition.
    ///
    /// # Errors
    /// None was named; one with capital letters.
    pub(crate) fn definition_database(&self) -> Result<&str> {
        names::lower_case(self.database.as_deref().ok_or_else(|| worded("database is not specified"))?)
    }

    /// The request's database, for a query or a change of rows.
    ///
    /// # Errors
    /// None was named; one with capital letters.
    pub(crate) fn query_database(&self) -> Result<&str> {
        let named = self.database.as_deref();
        let missing = || worded("Database must be specified when session database is not set");
        names::lower_case(named.ok_or_else(missing)?)
    }

    /// Fails unless the caller may do this to a table.
    ///
    /// # Errors
    /// [`ErrorKind::PermissionDenied`] with database and table in the object's name.
    pub(crate) fn require_table(&self, privilege: Privilege, database: &Database, table: &Table) -> Result<()> {
        let object = format!("{}.{}", database.name, table.name);
        self.require(privilege, Scope::Table(table.id), "table", object)
    }

    /// Fails unless the caller may do this there.
    ///
    /// # Errors
    /// [`ErrorKind::PermissionDenied`] naming the object as given.
    pub(crate) fn require(
        &self,
        privilege: Privilege,
        scope: Scope,
        object_kind: &'static str,
        object: String,
    ) -> Result<()> {
        if self.engine().may(&self.caller, privilege, scope) {
            return Ok(());
        }
        let user = self.caller.name.clone();
        Err(Error::new(ErrorKind::PermissionDenied { user, privilege, object_kind, object }).into())
    }

    /// Whether the caller has any right at all there.
    pub(crate) fn may_anything(&self, scope: Scope) -> bool {
        Privilege::ALL.iter().any(|privilege| self.engine().may(&self.caller, *privilege, scope))
    }

    /// Whether the caller has any right on a table.
    pub(crate) fn sees_table(&self, table: &Table) -> bool {
        self.may_anything(Scope::Table(table.id))
    }

    /// Whether the caller has any right on a database or on a table in it.
    pub(crate) fn sees_database(&self, catalog: &Catalog, database: &Database) -> bool {
        self.may_anything(Scope::Database(database.id))
            || catalog.tables_in(database.id).any(|table| self.sees_table(table))
    }

    /// Fails unless the caller may change the server.
    ///
    /// # Errors
    /// [`ErrorKind::PermissionDenied`].
    pub(crate) fn require_system(&self) -> Result<()> {
        self.require(Privilege::Settings, Scope::All, "server", String::new())
    }

    /// Whether the caller may see and manage all users.
    pub(crate) fn manages_users(&self) -> bool {
        self.engine().may(&self.caller, Privilege::ManageUsers, Scope::All)
    }

    /// Fails unless the caller may manage users.
    ///
    /// # Errors
    /// [`ErrorKind::PermissionDenied`].
    pub(crate) fn require_security(&self) -> Result<()> {
        self.require(Privilege::ManageUsers, Scope::All, "server", String::new())
    }
}

/// The refusal to look at an object without any right on it.
pub(crate) fn no_access(kind: &str, name: &str) -> Failure {
    Failure::new(803, format!("Access Denied: {kind} {name}"))
}
