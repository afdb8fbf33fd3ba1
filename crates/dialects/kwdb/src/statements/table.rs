//! `CREATE TABLE` of both kinds and `DROP TABLE`.

mod columns;
mod relational;
mod series;

pub(crate) use columns::{added_column, added_tag};

use crate::context::Context;
use crate::names;
use crate::sql::statement::{CreateTable, DropTables, TableName};
use catalog::Database;
use engine::NewTable;
use model::{Error, ErrorKind, Result, TableKind};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Property of a table: it was made with the word SPARSE.
pub(crate) const SPARSE: &str = "kwdb.sparse";
/// Property of a table: `WITH HASH(n)` as given.
pub(crate) const HASH: &str = "kwdb.hash";
/// Property of a table: ACTIVETIME as typed.
pub(crate) const ACTIVE_TIME: &str = "kwdb.active_time";
/// Property of a table: the FAMILY clauses.
pub(crate) const FAMILIES: &str = "kwdb.families";
/// Prefix of the properties of a table that record its indexes, by name.
pub(crate) const INDEX: &str = "kwdb.index.";
/// Property of a keyed table: the name of its primary key.
pub(crate) const PRIMARY_NAME: &str = "kwdb.primary_key";
/// Properties of a column: how it was to be stored.
pub(crate) const ENCODE: &str = "kwdb.encode";
pub(crate) const COMPRESS: &str = "kwdb.compress";
pub(crate) const LEVEL: &str = "kwdb.level";

/// Makes a table.
///
/// # Errors
/// Broken rules in the vendor's words, a name that is taken, no privilege.
pub(crate) async fn create(context: &Context, create: CreateTable) -> Result<()> {
    let database = home(context, &create.name)?;
    if context.catalog().table_named(database.id, &create.name.table.value).is_some() {
        if create.if_not_exists {
            return Ok(());
        }
        return Err(Error::new(ErrorKind::TableExists { table: create.name.table.value }));
    }
    let mut new = NewTable {
        database: database.id,
        name: create.name.table.value.clone(),
        kind: TableKind::Keyed,
        columns: Vec::new(),
        key: Vec::new(),
        unique: Vec::new(),
        partition_seconds: None,
        retention_seconds: None,
        comment: create.comment.clone(),
        properties: BTreeMap::new(),
    };
    if create.series.is_some() {
        new.kind = TableKind::Series;
        series::define(&mut new, &create, context.zone())?;
    } else {
        relational::define(&mut new, &create, context.zone())?;
    }
    context.engine().create_table(context.caller(), new).await?;
    Ok(())
}

/// Where a table that does not exist yet will live.
fn home(context: &Context, name: &TableName) -> Result<Arc<Database>> {
    names::home(&context.catalog(), context.database_name(), name).map_err(|error| match *error.kind {
        ErrorKind::TableNotFound { .. } => crate::error::worded(format!(
            "cannot create \"{}\" because the target database or schema does not exist",
            name.table.value
        )),
        _ => error,
    })
}

/// Drops tables; all of them must exist before the first one goes.
///
/// # Errors
/// A missing table without IF EXISTS, no privilege.
pub(crate) async fn drop(context: &Context, drop: DropTables) -> Result<()> {
    let catalog = context.catalog();
    let mut tables = Vec::with_capacity(drop.names.len());
    for name in &drop.names {
        match context.table(&catalog, name) {
            Ok(table) => tables.push(table),
            Err(_) if drop.if_exists => {}
            Err(error) => return Err(error),
        }
    }
    for table in tables {
        context.engine().drop_table(context.caller(), table.id).await?;
    }
    Ok(())
}
