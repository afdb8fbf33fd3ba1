//! What a request's statement works with: who asks, the database of the URL, the session's zone.

use crate::Door;
use crate::error::coded;
use crate::literals::Surroundings;
use crate::names::{self, Found};
use crate::sql::statement::ObjectName;
use crate::timezone::Zone;
use catalog::{Catalog, Database};
use engine::{Caller, Engine};
use model::{Error, ErrorKind, Result};
use query::Profile;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

/// The state of a request.
#[derive(Debug)]
pub(crate) struct Context {
    door: Arc<Door>,
    caller: Caller,
    database: Option<String>,
    zone: Zone,
    now: i128,
}

impl Context {
    /// The state at the start of a request; the time of its statement is now. Whether the database
    /// exists is found out when a statement needs it.
    pub(crate) fn new(door: Arc<Door>, caller: Caller, database: Option<String>, zone: Zone) -> Self {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos());
        Self { door, caller, database, zone, now: i128::try_from(now).unwrap_or_default() }
    }

    /// The store.
    pub(crate) fn engine(&self) -> &Engine {
        &self.door.context.engine
    }

    /// The dialect's meaning of SQL.
    pub(crate) fn profile(&self) -> &Profile {
        &self.door.profile
    }

    /// Who asks.
    pub(crate) fn caller(&self) -> &Caller {
        &self.caller
    }

    /// The zone in which times are read.
    pub(crate) fn zone(&self) -> &Zone {
        &self.zone
    }

    /// The time of the statement in nanoseconds since 1970.
    pub(crate) fn now(&self) -> i128 {
        self.now
    }

    /// What constants are read with.
    pub(crate) fn surroundings(&self) -> Surroundings<'_> {
        Surroundings { zone: &self.zone, now: self.now }
    }

    /// What exists now.
    pub(crate) fn catalog(&self) -> Arc<Catalog> {
        self.door.context.engine.catalog()
    }

    /// The name of the URL's database, if that database exists.
    pub(crate) fn database_name(&self, catalog: &Catalog) -> Option<String> {
        let name = self.database.as_deref()?;
        catalog.database_named(name).map(|database| database.name.clone())
    }

    /// The system schema that the URL names.
    pub(crate) fn system_database(&self) -> Option<&'static str> {
        let name = self.database.as_deref()?;
        crate::statements::SYSTEM.iter().copied().find(|schema| schema.eq_ignore_ascii_case(name))
    }

    /// The database of a name: its own, else that of the URL.
    ///
    /// # Errors
    /// [`ErrorKind::DatabaseNotFound`]; this vendor's code where there is no database at all.
    pub(crate) fn database(&self, catalog: &Catalog, written: Option<&str>) -> Result<Arc<Database>> {
        let missing = |name: &str| Error::new(ErrorKind::DatabaseNotFound { database: name.to_owned() });
        match (written, self.database.as_deref()) {
            (Some(name), _) => catalog.database_named(name).cloned().ok_or_else(|| missing(name)),
            // One in the URL that does not exist is as good as none.
            (None, Some(name)) => {
                catalog.database_named(name).cloned().ok_or_else(|| coded(0x2616, "Database not specified"))
            }
            (None, None) => Err(coded(0x2616, "Database not specified")),
        }
    }

    /// What a name stands for.
    ///
    /// # Errors
    /// As [`Context::database`], and [`ErrorKind::TableNotFound`].
    pub(crate) fn find(&self, catalog: &Catalog, name: &ObjectName) -> Result<Found> {
        let database = self.database(catalog, name.database.as_deref())?;
        let found = names::find(self.engine(), catalog, &database, &name.name)?;
        found.ok_or_else(|| {
            let table = format!("`{}`.`{}`", database.name, name.name);
            Error::new(ErrorKind::TableNotFound { table })
        })
    }
}
