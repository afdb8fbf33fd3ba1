//! What names stand for: tables first, then children of super tables in the series index.

use crate::error::coded;
use crate::types::{TABLE_NAME_MAX, TBNAME};
use catalog::{Catalog, Database};
use engine::Engine;
use model::{DataType, Error, Result, Table, TableKind, TextLength, TimeUnit, Value, encode_key};
use std::sync::Arc;

/// Property of a database: its PRECISION.
pub(crate) const PRECISION: &str = "tdengine.precision";

/// What a name stands for.
#[derive(Clone, Debug)]
pub(crate) enum Found {
    /// A super table, or a table of another door with a key of its own.
    Super(Arc<Table>),
    /// A child, and the super table that holds its rows.
    Child(Arc<Table>, String),
    /// A series table without key.
    Plain(Arc<Table>),
    /// A table by primary key, which this door only reads.
    Keyed(Arc<Table>),
}

impl Found {
    /// The stored table.
    pub(crate) const fn table(&self) -> &Arc<Table> {
        match self {
            Self::Super(table) | Self::Child(table, _) | Self::Plain(table) | Self::Keyed(table) => table,
        }
    }

    /// A table of the catalogue as what it is here.
    pub(crate) fn of(table: &Arc<Table>) -> Self {
        let table = Arc::clone(table);
        match table.kind {
            TableKind::Keyed => Self::Keyed(table),
            TableKind::Series if table.key.is_empty() => Self::Plain(table),
            TableKind::Series => Self::Super(table),
        }
    }
}

/// Whether the children of a table are its series: its key is `tbname` alone.
pub(crate) fn has_children(table: &Table) -> bool {
    let mut key = table.key_columns();
    let only = key.next().filter(|column| column.name == TBNAME && matches!(column.data_type, DataType::Text(_)));
    table.kind == TableKind::Series && only.is_some() && key.next().is_none()
}

/// What a name stands for in a database.
///
/// # Errors
/// When the series of a table cannot be read.
pub(crate) fn find(engine: &Engine, catalog: &Catalog, database: &Database, name: &str) -> Result<Option<Found>> {
    if let Some(table) = catalog.table_named(database.id, name) {
        return Ok(Some(Found::of(table)));
    }
    for table in catalog.tables_in(database.id).filter(|table| has_children(table)) {
        if are_children(engine, table, &[name])? == [true] {
            return Ok(Some(Found::Child(Arc::clone(table), name.to_owned())));
        }
    }
    Ok(None)
}

/// Of each name, whether a super table has a child of it.
///
/// # Errors
/// When the series of the table cannot be read.
pub(crate) fn are_children(engine: &Engine, table: &Table, names: &[&str]) -> Result<Vec<bool>> {
    let key = |name: &&str| encode_key(&[(Value::Text((*name).to_owned()), key_type())]);
    let keys = names.iter().map(key).collect::<Result<Vec<_>>>()?;
    engine.storage().has_series(table.id, &keys)
}

/// The type of `tbname`.
pub(crate) const fn key_type() -> DataType {
    DataType::Text(Some(TextLength::bytes(TABLE_NAME_MAX)))
}

/// The unit of times in a database.
pub(crate) fn unit(database: &Database) -> TimeUnit {
    match database.properties.get(PRECISION).map(String::as_str) {
        Some("us") => TimeUnit::Microsecond,
        Some("ns") => TimeUnit::Nanosecond,
        _ => TimeUnit::Millisecond,
    }
}

/// The word for a unit.
pub(crate) const fn unit_word(unit: TimeUnit) -> &'static str {
    match unit {
        TimeUnit::Millisecond => "ms",
        TimeUnit::Microsecond => "us",
        TimeUnit::Nanosecond => "ns",
    }
}

/// Checks the name of a table that is about to be made.
///
/// # Errors
/// In the vendor's words.
pub(crate) fn check_table_name(name: &str) -> Result<()> {
    check(name, "table", TABLE_NAME_MAX as usize)
}

/// Checks the name of a database that is about to be made.
///
/// # Errors
/// In the vendor's words.
pub(crate) fn check_database_name(name: &str) -> Result<()> {
    check(name, "database", 64)
}

fn check(name: &str, noun: &str, most: usize) -> Result<()> {
    if name.contains('.') {
        return Err(coded(0x2617, format!("The {noun} name cannot contain '.'")));
    }
    if name.is_empty() || name.len() > most {
        return Err(coded(0x2617, format!("Invalid identifier name: {name}")));
    }
    Ok(())
}

/// Checks the name of a column or tag that is about to be made.
///
/// # Errors
/// In the vendor's words.
pub(crate) fn check_column_name(name: &str) -> Result<()> {
    if name.is_empty() || name.len() > 64 || name.eq_ignore_ascii_case(TBNAME) {
        return Err(coded(0x2617, format!("Invalid identifier name: {name}")));
    }
    Ok(())
}

/// The error of a table that is not there when it is read.
pub(crate) fn missing_table() -> Error {
    coded(0x2603, "Fail to get table info, error: Table does not exist")
}
