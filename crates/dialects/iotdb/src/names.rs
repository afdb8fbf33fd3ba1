//! Names: databases, tables and columns are lower case, quoted or not; names of result columns.
//!
//! A result column keeps the spelling of the query. Plans need distinct lower-case names, so the
//! columns of the outermost SELECT are called `name NUL number NUL spelling`; [`shown_name`] gives
//! the spelling back.

use crate::error::{Failure, Result, illegal_path, worded};
use catalog::{Catalog, Database};
use model::Table;
use std::sync::Arc;

/// The database that lists what exists.
pub(crate) const INFORMATION_SCHEMA: &str = "information_schema";

/// Stands between the parts of a plan's column name; no name of a user holds it.
const MARK: char = '\u{0}';

/// The longest name of a database, in characters.
const DATABASE_NAME_MAX: usize = 64;

/// The name of a table as a statement has it, in lower case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TableName {
    /// What stands before the last dot.
    pub(crate) database: Option<String>,
    /// The table.
    pub(crate) table: String,
}

/// A name that must be lower case because the request's body, not SQL, gives it.
///
/// # Errors
/// One with capital letters.
pub(crate) fn lower_case(name: &str) -> Result<&str> {
    if name == name.to_lowercase() {
        return Ok(name);
    }
    Err(Failure::new(700, format!("dbName is not lowercase: {name}")))
}

/// Checks the name of a new database.
///
/// # Errors
/// The vendor's words for one that is too long or holds what it may not.
pub(crate) fn check_database_name(name: &str) -> Result<()> {
    let fits =
        |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '`') || matches!(c, '\u{2E80}'..='\u{9FFF}');
    if name.is_empty() || !name.chars().all(fits) {
        return Err(illegal_path(format_args!(
            "{name} is not a legal path, because the database name can only contain english or chinese characters, \
             numbers, backticks and underscores."
        )));
    }
    if name.chars().count() > DATABASE_NAME_MAX {
        return Err(illegal_path(format_args!(
            "{name} is not a legal path, because the length of database name shall not exceed {DATABASE_NAME_MAX}"
        )));
    }
    Ok(())
}

/// What a lower-case name stands for among those that exist: the exact name, or the only one that
/// differs in case alone.
///
/// # Errors
/// Several that differ in case alone, which no spelling of this dialect tells apart.
fn only<'a, T>(
    kind: &str,
    exact: Option<&'a T>,
    all: impl Iterator<Item = (&'a str, &'a T)>,
    name: &str,
) -> Result<Option<&'a T>> {
    if exact.is_some() {
        return Ok(exact);
    }
    let candidates: Vec<(&str, &T)> = all.filter(|(other, _)| other.to_lowercase() == name).collect();
    if let [_, _, ..] = candidates.as_slice() {
        let names: Vec<&str> = candidates.iter().map(|(other, _)| *other).collect();
        return Err(worded(format!("{kind} '{name}' is ambiguous: {}", names.join(", "))));
    }
    Ok(candidates.first().map(|(_, found)| *found))
}

/// A database by its lower-case name.
///
/// # Errors
/// Several that differ in case alone.
pub(crate) fn database<'a>(catalog: &'a Catalog, name: &str) -> Result<Option<&'a Arc<Database>>> {
    let all = catalog.databases().map(|database| (database.name.as_str(), database));
    only("Database", catalog.database_named(name), all, name)
}

/// A table of a database by its lower-case name.
///
/// # Errors
/// Several that differ in case alone.
pub(crate) fn table<'a>(catalog: &'a Catalog, database: &Database, name: &str) -> Result<Option<&'a Arc<Table>>> {
    let all = catalog.tables_in(database.id).map(|table| (table.name.as_str(), table));
    only("Table", catalog.table_named(database.id, name), all, name)
}

/// A column of a table by its lower-case name; no table has two that differ in case alone.
pub(crate) fn column<'a>(table: &'a Table, name: &str) -> Option<&'a model::Column> {
    let lower = || table.visible_columns().find(|column| column.name.to_lowercase() == name);
    table.column_named(name).or_else(lower)
}

/// Where the time column stands among a table's columns, when it was not declared first.
pub(crate) const TIME_PLACE: &str = "iotdb.time_place";

/// The columns that `*` and DESC show, in the order in which they were declared and added.
pub(crate) fn shown_columns(table: &Table) -> Vec<&model::Column> {
    let mut columns: Vec<_> = table.visible_columns().collect();
    columns.sort_by_key(|column| column.id.0);
    let place = table.properties.get(TIME_PLACE).and_then(|place| place.parse::<usize>().ok());
    let time = columns.iter().position(|column| column.role == model::ColumnRole::Time);
    if let (Some(place), Some(time)) = (place, time) {
        let column = columns.remove(time);
        columns.insert(place.min(columns.len()), column);
    }
    columns
}

/// The name of a result column as the client sees it.
pub(crate) fn shown_name(field: &str) -> &str {
    match field.split_once(MARK) {
        Some((name, rest)) => rest.split_once(MARK).map_or(name, |(_, spelling)| spelling),
        None => field,
    }
}

/// The name of an output column of the outermost SELECT.
pub(crate) fn labelled(name: &str, number: usize, spelling: &str) -> String {
    format!("{name}{MARK}{number}{MARK}{spelling}")
}

/// A name that is shown as `name` and distinct from others by `number`.
pub(crate) fn distinct(name: &str, number: usize) -> String {
    format!("{name}{MARK}{number}")
}

/// Whether a name was made by [`labelled`] or [`distinct`].
pub(crate) fn is_made(name: &str) -> bool {
    name.contains(MARK)
}

/// The part of a made name before its marks.
pub(crate) fn plain(name: &str) -> &str {
    name.split(MARK).next().unwrap_or_default()
}

/// A name in double quotes, as SHOW CREATE prints it.
pub(crate) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::{check_database_name, distinct, labelled, lower_case, shown_name};

    #[test]
    fn spellings_come_back() {
        assert_eq!(shown_name(&labelled("größe", 3, "Größe")), "Größe");
        assert_eq!(shown_name(&distinct("a", 2)), "a");
        assert_eq!(shown_name("plain"), "plain");
    }

    #[test]
    fn names_of_databases() {
        assert!(check_database_name("h-d_3标签").is_ok());
        for name in ["", "r.d4", "r d4", &"a".repeat(65)] {
            assert_eq!(check_database_name(name).unwrap_err().code, 701, "{name}");
        }
        assert_eq!(lower_case("Test").unwrap_err().message.as_deref(), Some("dbName is not lowercase: Test"));
    }
}
