//! SHOW DATABASES, SHOW TABLES, DESC and SHOW CREATE TABLE.

use super::{Shown, answer, integers, longs, texts};
use crate::context::{Context, no_access};
use crate::error::{Result, no_such_table};
use crate::information_schema;
use crate::names::{self, INFORMATION_SCHEMA, TableName, quoted, shown_columns};
use crate::statements::database::{TimeToLive, existing, partition_millis};
use crate::statements::table::category;
use crate::types::Type;
use ::query::RowStream;
use catalog::{Catalog, Database};
use model::Table;
use std::sync::Arc;

/// The state of every table and column.
const USING: &str = "USING";

/// The built-in databases of other doors, which are listed only where they hold tables.
const BUILT_IN: [&str; 2] = ["postgres", "system"];

/// The databases that a caller sees, by name; `None` stands for the information schema.
pub(crate) fn seen_databases(context: &Context, catalog: &Catalog) -> Vec<(String, Option<Arc<Database>>)> {
    let is_shown = |database: &&Arc<Database>| {
        let is_empty = || catalog.tables_in(database.id).next().is_none();
        !(BUILT_IN.contains(&database.name.as_str()) && is_empty()) && context.sees_database(catalog, database)
    };
    let mut databases: Vec<_> = catalog
        .databases()
        .filter(is_shown)
        .map(|database| (database.name.clone(), Some(Arc::clone(database))))
        .collect();
    databases.push((INFORMATION_SCHEMA.to_owned(), None));
    databases.sort_by(|(left, _), (right, _)| left.cmp(right));
    databases
}

/// SHOW DATABASES
pub(super) fn databases(context: &Context, details: bool) -> Result<RowStream> {
    let catalog = context.catalog();
    let databases = seen_databases(context, &catalog);
    let stored = || databases.iter().map(|(_, database)| database.as_ref());
    let one = |database: Option<&Arc<Database>>| database.map(|_| 1);
    let none = |database: Option<&Arc<Database>>| database.map(|_| 0);
    let mut columns = vec![
        texts("Database", databases.iter().map(|(name, _)| Some(name.clone()))),
        texts("TTL(ms)", stored().map(|database| Some(ttl_of(database.map(AsRef::as_ref))))),
        integers("SchemaReplicationFactor", stored().map(one)),
        integers("DataReplicationFactor", stored().map(one)),
        longs("TimePartitionInterval", stored().map(|database| database.map(|d| partition_millis(d)))),
    ];
    if details {
        columns.push(integers("SchemaRegionGroupNum", stored().map(none)));
        columns.push(integers("DataRegionGroupNum", stored().map(none)));
    }
    answer(columns)
}

/// The time to live of a database's new tables.
pub(crate) fn ttl_of(database: Option<&Database>) -> String {
    database.map_or_else(|| "INF".to_owned(), |d| TimeToLive::shown(&d.properties, d.retention_seconds))
}

/// The time to live of a table.
pub(crate) fn table_ttl(database: &Database, table: &Table) -> String {
    match table.retention_seconds {
        Some(_) => TimeToLive::shown(&table.properties, table.retention_seconds),
        None => TimeToLive::shown(&database.properties, database.retention_seconds),
    }
}

fn details_of(names: usize, comments: Vec<Option<String>>, kind: &str) -> [Shown; 3] {
    [
        texts("Status", vec![Some(USING.to_owned()); names]),
        texts("Comment", comments),
        texts("TableType", vec![Some(kind.to_owned()); names]),
    ]
}

/// SHOW TABLES
pub(super) fn tables(context: &Context, database: Option<&str>, details: bool) -> Result<RowStream> {
    let name = match database {
        Some(name) => name,
        None => context.definition_database()?,
    };
    if name == INFORMATION_SCHEMA {
        let names = information_schema::table_names();
        let mut columns = vec![
            texts("TableName", names.iter().map(|name| Some((*name).to_owned()))),
            texts("TTL(ms)", vec![Some("INF".to_owned()); names.len()]),
        ];
        if details {
            columns.extend(details_of(names.len(), vec![None; names.len()], "SYSTEM VIEW"));
        }
        return answer(columns);
    }
    let catalog = context.catalog();
    let database = existing(&catalog, name)?;
    let mut tables: Vec<_> = catalog.tables_in(database.id).filter(|table| context.sees_table(table)).collect();
    tables.sort_by(|left, right| left.name.cmp(&right.name));
    let mut columns = vec![
        texts("TableName", tables.iter().map(|table| Some(table.name.clone()))),
        texts("TTL(ms)", tables.iter().map(|table| Some(table_ttl(&database, table)))),
    ];
    if details {
        let comments = tables.iter().map(|table| table.comment.clone()).collect();
        columns.extend(details_of(tables.len(), comments, "BASE TABLE"));
    }
    answer(columns)
}

/// The table that DESC or SHOW CREATE names.
fn described(context: &Context, catalog: &Catalog, name: &TableName) -> Result<(Arc<Database>, Arc<Table>)> {
    let database = match &name.database {
        Some(database) => database.as_str(),
        None => context.definition_database()?,
    };
    let database = existing(catalog, database)?;
    let Some(table) = names::table(catalog, &database, &name.table)? else {
        return Err(no_such_table(&database.name, &name.table));
    };
    if !context.sees_table(table) {
        return Err(no_access("TABLE", &format!("{}.{}", database.name, table.name)));
    }
    Ok((database, Arc::clone(table)))
}

/// DESC
pub(super) fn describe(context: &Context, name: &TableName, details: bool) -> Result<RowStream> {
    let current = if name.database.is_some() { name.database.as_deref() } else { context.database() };
    if current == Some(INFORMATION_SCHEMA) {
        let Some(columns) = information_schema::columns(&name.table) else {
            return Err(no_such_table(INFORMATION_SCHEMA, &name.table));
        };
        let count = columns.len();
        let mut shown = vec![
            texts("ColumnName", columns.iter().map(|column| Some(column.name.to_owned()))),
            texts("DataType", columns.iter().map(|column| Some(column.of.word().to_owned()))),
            texts("Category", columns.iter().map(|column| Some(column.category().to_owned()))),
        ];
        if details {
            shown.push(texts("Status", vec![Some(USING.to_owned()); count]));
            shown.push(texts("Comment", vec![None; count]));
        }
        return answer(shown);
    }
    let catalog = context.catalog();
    let (_, table) = described(context, &catalog, name)?;
    let columns = shown_columns(&table);
    let mut shown = vec![
        texts("ColumnName", columns.iter().map(|column| Some(column.name.clone()))),
        texts("DataType", columns.iter().map(|column| Some(Type::of_column(column).word().to_owned()))),
        texts("Category", columns.iter().map(|column| Some(category(column.role).word().to_owned()))),
    ];
    if details {
        shown.push(texts("Status", vec![Some(USING.to_owned()); columns.len()]));
        shown.push(texts("Comment", columns.iter().map(|column| column.comment.clone())));
    }
    answer(shown)
}

/// SHOW CREATE TABLE
pub(super) fn create_table(context: &Context, name: &TableName) -> Result<RowStream> {
    let catalog = context.catalog();
    let (database, table) = described(context, &catalog, name)?;
    let comment = |text: &Option<String>| match text {
        Some(text) => format!(" COMMENT '{}'", text.replace('\'', "''")),
        None => String::new(),
    };
    let columns: Vec<String> = shown_columns(&table)
        .into_iter()
        .map(|column| {
            format!(
                "{} {} {}{}",
                quoted(&column.name),
                Type::of_column(column).word(),
                category(column.role).word(),
                comment(&column.comment)
            )
        })
        .collect();
    let ttl = match table_ttl(&database, &table).as_str() {
        "INF" => "'INF'".to_owned(),
        millis => millis.to_owned(),
    };
    let text = format!(
        "CREATE TABLE {} ({}){} WITH (ttl={ttl})",
        quoted(&table.name),
        columns.join(","),
        comment(&table.comment)
    );
    answer(vec![texts("Table", [Some(table.name.clone())]), texts("Create Table", [Some(text)])])
}
