//! `SHOW` and `DESC`: rows from the catalogue.

use super::definition;
use crate::context::Context;
use crate::filter::like;
use crate::names;
use crate::sql::statement::{Show, TableName};
use crate::types::sql_type;
use arrow::array::{ArrayRef, StringArray};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::record_batch::RecordBatch;
use model::{Column, ColumnRole, Error, ErrorKind, Privilege, Result, Scope, Table, TableKind};
use std::sync::Arc;

/// Rows with their columns.
#[derive(Debug)]
pub(crate) struct Rows {
    pub(crate) schema: SchemaRef,
    pub(crate) batch: RecordBatch,
}

type Cells = Vec<Option<String>>;

fn rows(names: &[&str], rows: Vec<Cells>) -> Result<Rows> {
    let fields: Vec<Field> = names.iter().map(|name| Field::new(*name, DataType::Utf8, true)).collect();
    let schema = Arc::new(Schema::new(fields));
    let column = |index: usize| -> ArrayRef {
        Arc::new(rows.iter().map(|row| row.get(index).cloned().flatten()).collect::<StringArray>())
    };
    let columns = (0..names.len()).map(column).collect();
    let batch = RecordBatch::try_new(Arc::clone(&schema), columns).map_err(Error::internal)?;
    Ok(Rows { schema, batch })
}

fn takes(pattern: Option<&String>, name: &str) -> bool {
    pattern.is_none_or(|pattern| like(pattern, name))
}

/// Answers a SHOW.
///
/// # Errors
/// Unknown objects, no privilege, forms that are not done here.
pub(crate) fn run(context: &Context, show: &Show) -> Result<Rows> {
    match show {
        Show::Catalogs { like } => {
            let name = names::CATALOG_OF_THE_SERVER;
            let comment = "An internal catalog contains this cluster's self-managed tables.";
            let row = vec![Some(name.to_owned()), Some("Internal".to_owned()), Some(comment.to_owned())];
            let found = if takes(like.as_ref(), name) { vec![row] } else { Vec::new() };
            rows(&["Catalog", "Type", "Comment"], found)
        }
        Show::Databases { catalog, like } => {
            if let Some(other) = catalog.as_ref().filter(|name| !names::is_catalog(name)) {
                let reason = format!("Unknown catalog '{other}'");
                return Err(Error::new(ErrorKind::InvalidStatement { reason }));
            }
            let found = context.catalog();
            let databases = names::databases(&context.door, &context.caller, &found);
            let names = databases.iter().filter(|database| takes(like.as_ref(), &database.name));
            rows(&["Database"], names.map(|database| vec![Some(database.name.clone())]).collect())
        }
        Show::Tables { full, database, like } => tables(context, *full, database.as_deref(), like.as_ref()),
        Show::Describe(name) => describe(context, name),
        Show::Columns { table, full } => columns(context, table, *full),
        Show::CreateTable(name) => {
            let (_, table) = context.table(&context.catalog(), name)?;
            rows(&["Table", "Create Table"], vec![vec![Some(table.name.clone()), Some(definition::table(&table))]])
        }
        Show::CreateDatabase(name) => {
            let database = context.database(&context.catalog(), name)?;
            let text = format!("CREATE DATABASE {}", names::written(&database.name));
            rows(&["Database", "Create Database"], vec![vec![Some(database.name.clone()), Some(text)]])
        }
        Show::Variables { like } => {
            let timeout = context.engine().queries().timeout();
            let list = context.variables.list(timeout);
            let found = list.into_iter().filter(|(name, _)| takes(like.as_ref(), name));
            rows(
                &["Variable_name", "Value"],
                found.map(|(name, value)| vec![Some(name.to_owned()), Some(value)]).collect(),
            )
        }
        Show::ProcessList => processes(context),
        Show::Unhandled(words) => Err(Error::unsupported(format!("SHOW {words}"))),
    }
}

fn tables(context: &Context, full: bool, database: Option<&str>, like: Option<&String>) -> Result<Rows> {
    let name = match database {
        Some(name) => name,
        None => context.current()?,
    };
    let catalog = context.catalog();
    let database = context.database(&catalog, name)?;
    let seen = catalog
        .tables_in(database.id)
        .filter(|table| names::sees_table(&context.door, &context.caller, table) && takes(like, &table.name));
    let title = format!("Tables_in_{}", database.name);
    if full {
        let row = |table: &Arc<Table>| vec![Some(table.name.clone()), Some("BASE TABLE".to_owned())];
        return rows(&[&title, "Table_type"], seen.map(row).collect());
    }
    rows(&[&title], seen.map(|table| vec![Some(table.name.clone())]).collect())
}

fn yes(flag: bool) -> Option<String> {
    Some(if flag { "YES" } else { "NO" }.to_owned())
}

fn is_key(column: &Column) -> bool {
    matches!(column.role, ColumnRole::Key | ColumnRole::Time)
}

fn default_of(column: &Column) -> Option<String> {
    column.default.as_ref().map(|default| default.text.clone())
}

/// `DESC`
fn describe(context: &Context, name: &TableName) -> Result<Rows> {
    let (_, table) = context.table(&context.catalog(), name)?;
    let row = |column: &Column| {
        vec![
            Some(column.name.clone()),
            Some(sql_type(column)),
            yes(column.nullable),
            Some(if is_key(column) { "true" } else { "false" }.to_owned()),
            default_of(column),
            Some(role(&table, column).to_owned()),
        ]
    };
    rows(&["Field", "Type", "Null", "Key", "Default", "Extra"], table.visible_columns().map(row).collect())
}

/// The part that a column of a time-series table plays.
fn role(table: &Table, column: &Column) -> &'static str {
    match (table.kind, column.role) {
        (TableKind::Keyed, _) | (_, ColumnRole::Field) => "",
        (TableKind::Series, ColumnRole::Time) => "time",
        (TableKind::Series, ColumnRole::Key) => "primary tag",
        (TableKind::Series, ColumnRole::Attribute) => "tag",
    }
}

/// `SHOW [FULL] COLUMNS`
fn columns(context: &Context, name: &TableName, full: bool) -> Result<Rows> {
    let (_, table) = context.table(&context.catalog(), name)?;
    let key = |column: &Column| Some(if is_key(column) { "PRI" } else { "" }.to_owned());
    let extra = |column: &Column| Some(role(&table, column).to_owned());
    if !full {
        let row = |column: &Column| {
            vec![
                Some(column.name.clone()),
                Some(sql_type(column)),
                yes(column.nullable),
                key(column),
                default_of(column),
                extra(column),
            ]
        };
        let names = ["Field", "Type", "Null", "Key", "Default", "Extra"];
        return rows(&names, table.visible_columns().map(row).collect());
    }
    let row = |column: &Column| {
        vec![
            Some(column.name.clone()),
            Some(sql_type(column)),
            None,
            yes(column.nullable),
            key(column),
            default_of(column),
            extra(column),
            Some(String::new()),
            Some(column.comment.clone().unwrap_or_default()),
        ]
    };
    let names = ["Field", "Type", "Collation", "Null", "Key", "Default", "Extra", "Privileges", "Comment"];
    rows(&names, table.visible_columns().map(row).collect())
}

/// The caller's running requests, or everybody's for who may see them.
fn processes(context: &Context) -> Result<Rows> {
    let sees_all = context.engine().may(&context.caller, Privilege::SeeSessions, Scope::All);
    let list = context.door.connections.list();
    let seen = list.into_iter().filter(|process| sees_all || process.caller.user == context.caller.user);
    let row = |process: crate::connections::Process| {
        vec![
            Some(process.id.to_string()),
            Some(process.caller.name),
            Some(process.database),
            Some("Query".to_owned()),
            Some(process.seconds.to_string()),
            Some(process.text),
        ]
    };
    rows(&["Id", "User", "Db", "Command", "Time", "Info"], seen.map(row).collect())
}
