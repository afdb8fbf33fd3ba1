//! Names in paths: catalogs, databases, tables and columns, their URIs, and who may see them.
//!
//! Databases and tables are found by their exact names, columns without regard to case. A caller
//! without any right on what a name would be in learns nothing of what exists there.

use crate::Door;
use crate::error::{Answer, Failure};
use catalog::{Catalog, Database};
use engine::Caller;
use model::{Column, Error, ErrorKind, Privilege, Result, Scope, Table};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use std::sync::Arc;

/// The only catalog, as the standard spells it.
pub(crate) const CATALOG: &str = "default";
/// The same, as the vendor's server spells it.
pub(crate) const CATALOG_OF_THE_SERVER: &str = "default_catalog";
/// Databases of another vendor's making that stay out of lists while they are empty.
const BUILT_IN: [&str; 2] = ["postgres", "system"];

/// Everything but what a segment of a path may hold as it is.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

fn segment(name: &str) -> String {
    utf8_percent_encode(name, SEGMENT).to_string()
}

/// The URI of the catalog.
pub(crate) fn catalog_uri() -> String {
    format!("/api/v2/catalogs/{CATALOG}")
}

/// The URI of a database.
pub(crate) fn database_uri(database: &str) -> String {
    format!("{}/databases/{}", catalog_uri(), segment(database))
}

/// The URI of a table.
pub(crate) fn table_uri(database: &str, table: &str) -> String {
    format!("{}/tables/{}", database_uri(database), segment(table))
}

/// The URI of a column or tag.
pub(crate) fn column_uri(database: &str, table: &str, category: &str, column: &str) -> String {
    format!("{}/{category}/{}", table_uri(database, table), segment(column))
}

/// The URI of a user.
pub(crate) fn user_uri(user: &str) -> String {
    format!("/api/v2/users/{}", segment(user))
}

/// Checks the name of a catalog; a path may leave it out.
///
/// # Errors
/// 404 for any other.
pub(crate) fn check_catalog(name: &str) -> Answer<()> {
    if is_catalog(name) || name.is_empty() {
        return Ok(());
    }
    Err(Failure::missing("9404", "CATALOG_NOT_FOUND", format!("Unknown catalog '{name}'")))
}

/// Whether a name is the catalog's.
pub(crate) fn is_catalog(name: &str) -> bool {
    name == CATALOG || name == CATALOG_OF_THE_SERVER
}

/// What it takes to touch an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Need {
    /// Any right at all.
    Any,
    /// One privilege.
    One(Privilege),
}

/// Whether somebody has what it takes.
fn has(door: &Door, caller: &Caller, need: Need, scope: Scope) -> bool {
    match need {
        Need::One(privilege) => door.context.engine.may(caller, privilege, scope),
        Need::Any => Privilege::ALL.iter().any(|privilege| door.context.engine.may(caller, *privilege, scope)),
    }
}

fn require(door: &Door, caller: &Caller, need: Need, scope: Scope) -> Result<()> {
    match need {
        Need::One(privilege) => door.context.engine.require(caller, privilege, scope),
        Need::Any if has(door, caller, need, scope) => Ok(()),
        Need::Any => door.context.engine.require(caller, Privilege::Select, scope),
    }
}

/// Whether somebody has any right on a database or on a table in it.
pub(crate) fn sees_database(door: &Door, caller: &Caller, catalog: &Catalog, database: &Database) -> bool {
    has(door, caller, Need::Any, Scope::Database(database.id))
        || catalog.tables_in(database.id).any(|table| sees_table(door, caller, table))
}

/// Whether somebody has any right on a table.
pub(crate) fn sees_table(door: &Door, caller: &Caller, table: &Table) -> bool {
    has(door, caller, Need::Any, Scope::Table(table.id))
}

/// The databases that somebody sees, by name.
pub(crate) fn databases<'a>(door: &Door, caller: &Caller, catalog: &'a Catalog) -> Vec<&'a Arc<Database>> {
    let is_shown = |database: &&Arc<Database>| {
        let is_empty = || catalog.tables_in(database.id).next().is_none();
        !(BUILT_IN.contains(&database.name.as_str()) && is_empty()) && sees_database(door, caller, catalog, database)
    };
    let mut databases: Vec<_> = catalog.databases().filter(is_shown).collect();
    databases.sort_by(|a, b| a.name.cmp(&b.name));
    databases
}

/// A database by its name.
///
/// # Errors
/// [`ErrorKind::PermissionDenied`] before [`ErrorKind::DatabaseNotFound`].
pub(crate) fn database(
    door: &Door,
    caller: &Caller,
    catalog: &Catalog,
    name: &str,
    need: Need,
) -> Result<Arc<Database>> {
    match catalog.database_named(name) {
        Some(database) if need == Need::Any && sees_database(door, caller, catalog, database) => {
            Ok(Arc::clone(database))
        }
        Some(database) => {
            require(door, caller, need, Scope::Database(database.id))?;
            Ok(Arc::clone(database))
        }
        None => {
            require(door, caller, need, Scope::All)?;
            Err(Error::new(ErrorKind::DatabaseNotFound { database: name.to_owned() }))
        }
    }
}

/// A table by the names of its database and its own.
///
/// # Errors
/// [`ErrorKind::PermissionDenied`] before [`ErrorKind::DatabaseNotFound`] and
/// [`ErrorKind::TableNotFound`].
pub(crate) fn table(
    door: &Door,
    caller: &Caller,
    catalog: &Catalog,
    (database_name, name): (&str, &str),
    need: Need,
) -> Result<(Arc<Database>, Arc<Table>)> {
    let Some(database) = catalog.database_named(database_name) else {
        require(door, caller, need, Scope::All)?;
        return Err(Error::new(ErrorKind::DatabaseNotFound { database: database_name.to_owned() }));
    };
    match catalog.table_named(database.id, name) {
        Some(table) => {
            require(door, caller, need, Scope::Table(table.id))?;
            Ok((Arc::clone(database), Arc::clone(table)))
        }
        None => {
            require(door, caller, need, Scope::Database(database.id))?;
            Err(Error::new(ErrorKind::TableNotFound { table: name.to_owned() }))
        }
    }
}

/// A column that is not hidden: by its exact name, else the only one that differs in case alone.
pub(crate) fn column<'a>(table: &'a Table, name: &str) -> Option<&'a Column> {
    let folded = name.to_lowercase();
    let exact = table.visible_columns().find(|column| column.name == name);
    exact.or_else(|| table.visible_columns().find(|column| column.name.to_lowercase() == folded))
}

/// A name as it must be written in a statement.
pub(crate) fn written(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}

/// Stands between a name and what keeps it distinct; no name of a user holds it.
const HIDDEN_SUFFIX: char = '\u{0}';

/// A name that is shown as `name` and distinct from others by `number`.
pub(crate) fn distinct_name(name: &str, number: usize) -> String {
    format!("{name}{HIDDEN_SUFFIX}{number}")
}

/// The name of a result column as the client sees it.
pub(crate) fn shown_name(field: &str) -> &str {
    field.split(HIDDEN_SUFFIX).next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{check_catalog, column_uri, written};

    #[test]
    fn uris_are_encoded_segment_by_segment() {
        assert_eq!(
            column_uri("a b", "温度/x", "columns", "c_1"),
            "/api/v2/catalogs/default/databases/a%20b/tables/%E6%B8%A9%E5%BA%A6%2Fx/columns/c_1"
        );
    }

    #[test]
    fn both_spellings_of_the_catalog() {
        for name in ["default", "default_catalog", ""] {
            assert!(check_catalog(name).is_ok());
        }
        assert_eq!(check_catalog("hive").unwrap_err().status, 404);
        assert_eq!(written("a`b"), "`a``b`");
    }
}
