//! `CREATE INDEX`, `DROP INDEX`, `ALTER INDEX`: indexes that only speed up are recorded in the
//! table's properties and shown back; reading needs none of them. Unique ones change answers and
//! are made with the table.

use super::table::INDEX;
use crate::context::Context;
use crate::error::{definition, worded};
use crate::names::written;
use crate::sql::statement::{AlterIndex, CreateIndex, DropIndex, IndexDefinition};
use engine::Alteration;
use model::{ColumnRole, DataType, Error, ErrorKind, Result, Table, TableKind};
use std::sync::Arc;

/// An index as it is recorded: `a ASC, b DESC`, with `STORING (c)` behind.
pub(crate) fn described(index: &IndexDefinition) -> String {
    let columns: Vec<String> = index
        .columns
        .iter()
        .map(|column| format!("{} {}", written(&column.name.value), if column.descending { "DESC" } else { "ASC" }))
        .collect();
    let mut text = columns.join(", ");
    if !index.storing.is_empty() {
        let storing: Vec<String> = index.storing.iter().map(|name| written(&name.value)).collect();
        text = format!("{text} STORING ({})", storing.join(", "));
    }
    text
}

/// Records an index.
///
/// # Errors
/// Columns that may have none, a name that is taken, no privilege.
pub(crate) async fn create(context: &Context, create: CreateIndex) -> Result<()> {
    let catalog = context.catalog();
    let table = context.table(&catalog, &create.table)?;
    let index = &create.index;
    for column in &index.columns {
        check_column(&table, &column.name.value)?;
    }
    if index.unique {
        return Err(Error::unsupported("CREATE UNIQUE INDEX (UNIQUE in CREATE TABLE is kept)"));
    }
    let columns: Vec<&str> = index.columns.iter().map(|column| column.name.value.as_str()).collect();
    let name = index
        .name
        .as_ref()
        .map_or_else(|| format!("{}_{}_idx", table.name, columns.join("_")), |name| name.value.clone());
    let key = format!("{INDEX}{name}");
    if table.properties.contains_key(&key) || table.unique.iter().any(|set| set.name == name) {
        if create.if_not_exists {
            return Ok(());
        }
        return Err(definition(format!("index \"{name}\" already exists")));
    }
    set(context, &table, key, Some(described(index))).await
}

fn check_column(table: &Table, name: &str) -> Result<()> {
    let column = table.column_named(name).ok_or_else(|| {
        Error::new(ErrorKind::ColumnNotFound { column: name.to_owned(), table: Some(table.name.clone()) })
    })?;
    if table.kind == TableKind::Keyed {
        return Ok(());
    }
    match (column.role, column.data_type) {
        (ColumnRole::Attribute, DataType::Text(_) | DataType::Binary(_))
            if !matches!(crate::types::column_word(column), crate::types::Word::Char | crate::types::Word::NChar) =>
        {
            Err(definition(format!(
                "creating index on tag \"{name}\" with type varchar/varbytes is not supported in timeseries table"
            )))
        }
        (ColumnRole::Attribute, _) => Ok(()),
        _ => Err(definition(format!(
            "creating index on column or primary tag \"{name}\" is not supported in timeseries table"
        ))),
    }
}

async fn set(context: &Context, table: &Arc<Table>, key: String, value: Option<String>) -> Result<()> {
    context.engine().alter_table(context.caller(), table.id, Alteration::SetProperty(key, value)).await?;
    Ok(())
}

/// Finds the table that has an index of a name, in the table given or in the current database.
fn owner(context: &Context, table: Option<&crate::sql::statement::TableName>, index: &str) -> Result<Arc<Table>> {
    let catalog = context.catalog();
    let key = format!("{INDEX}{index}");
    let missing = || worded(format!("index \"{index}\" does not exist"));
    match table {
        Some(name) => {
            let table = context.table(&catalog, name)?;
            if table.properties.contains_key(&key) { Ok(table) } else { Err(missing()) }
        }
        None => {
            let database = context.current_database(&catalog)?;
            let found = catalog.tables_in(database.id).find(|table| table.properties.contains_key(&key));
            found.cloned().ok_or_else(missing)
        }
    }
}

/// Forgets indexes.
///
/// # Errors
/// A missing index without IF EXISTS, no privilege.
pub(crate) async fn drop(context: &Context, drop: DropIndex) -> Result<()> {
    for (table, index) in &drop.indexes {
        match owner(context, table.as_ref(), &index.value) {
            Ok(table) => set(context, &table, format!("{INDEX}{index}"), None).await?,
            Err(_) if drop.if_exists => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Renames an index.
///
/// # Errors
/// A missing index without IF EXISTS, a name that is taken, no privilege.
pub(crate) async fn alter(context: &Context, alter: AlterIndex) -> Result<()> {
    let table = match owner(context, alter.table.as_ref(), &alter.name.value) {
        Err(_) if alter.if_exists => return Ok(()),
        found => found?,
    };
    let (old, new) = (format!("{INDEX}{}", alter.name), format!("{INDEX}{}", alter.rename_to));
    if table.properties.contains_key(&new) {
        return Err(definition(format!("index name \"{}\" already exists", alter.rename_to)));
    }
    let described = table.properties.get(&old).cloned();
    set(context, &table, new, described).await?;
    set(context, &table, old, None).await
}
