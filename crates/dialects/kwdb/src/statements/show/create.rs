//! `SHOW CREATE TABLE` and `SHOW CREATE DATABASE`: definitions as statements that make them anew.

use super::tables::retention_text;
use super::{Rows, rows, texts};
use crate::context::Context;
use crate::names::{self, written};
use crate::sql::statement::{Name, TableName};
use crate::statements::database::{PARTITION_INTERVAL, RETENTIONS};
use crate::statements::table::{ACTIVE_TIME, FAMILIES, HASH, INDEX, PRIMARY_NAME};
use crate::types::display_column;
use catalog::{Database, DatabaseLabel};
use model::{Column, ColumnRole, Error, Result, Table, TableKind};
use std::fmt::Write as _;

fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// `SHOW CREATE TABLE`
pub(super) fn table(context: &Context, name: &TableName) -> Result<Rows> {
    let catalog = context.catalog();
    let table = context.table(&catalog, name)?;
    context.require_any(&table)?;
    let database = catalog.database(table.database).ok_or_else(|| Error::internal("a table without database"))?;
    let shown = if database.name == context.database_name() {
        written(&table.name)
    } else {
        format!("{}.{}.{}", written(&database.name), names::PUBLIC, written(&table.name))
    };
    let statement = match table.kind {
        TableKind::Series => series(context, &table),
        TableKind::Keyed => relational(&table),
    };
    rows(vec![("table_name", texts([Some(shown)])), ("create_statement", texts([Some(statement)]))])
}

/// Name, type, NOT NULL or NULL, DEFAULT.
fn column_line(column: &Column) -> String {
    let null = if column.nullable { "NULL" } else { "NOT NULL" };
    let mut line = format!("{} {} {null}", written(&column.name), display_column(column));
    if let Some(default) = &column.default {
        let _ = write!(line, " DEFAULT {}", default.text);
    }
    line
}

fn series(context: &Context, table: &Table) -> String {
    let data: Vec<String> = table
        .columns
        .iter()
        .filter(|column| matches!(column.role, ColumnRole::Time | ColumnRole::Field))
        .map(|column| format!("\t{}", column_line(column)))
        .collect();
    let tags: Vec<String> = table
        .columns
        .iter()
        .filter(|column| matches!(column.role, ColumnRole::Key | ColumnRole::Attribute))
        .map(|column| {
            let null = if column.nullable { "" } else { " NOT NULL" };
            format!("\t{} {}{null}", written(&column.name), display_column(column))
        })
        .collect();
    let primary: Vec<String> = table.key_columns().map(|column| written(&column.name)).collect();
    let mut text = format!(
        "CREATE TABLE {} (\n{}\n) TAGS (\n{} ) PRIMARY TAGS({})\n\tretentions {}",
        written(&table.name),
        data.join(",\n"),
        tags.join(",\n"),
        primary.join(", "),
        retention_text(context, table)
    );
    if let Some(active) = table.properties.get(ACTIVE_TIME) {
        let _ = write!(text, "\n\tactivetime {active}");
    }
    if let Some(interval) = table.properties.get(PARTITION_INTERVAL) {
        let _ = write!(text, "\n\tpartition interval {interval}");
    }
    if let Some(hash) = table.properties.get(HASH) {
        let _ = write!(text, "\n\twith hash({hash})");
    }
    text + &comments(table)
}

fn comments(table: &Table) -> String {
    let mut text = String::new();
    if let Some(comment) = &table.comment {
        let _ = write!(text, ";\nCOMMENT ON TABLE {} IS {}", written(&table.name), literal(comment));
    }
    for column in &table.columns {
        if let Some(comment) = &column.comment {
            let name = format!("{}.{}", written(&table.name), written(&column.name));
            let _ = write!(text, ";\nCOMMENT ON COLUMN {name} IS {}", literal(comment));
        }
    }
    text
}

fn relational(table: &Table) -> String {
    let visible: Vec<&Column> = table.visible_columns().collect();
    let mut lines: Vec<String> = visible.iter().map(|column| format!("\t{}", column_line(column))).collect();
    if table.key_columns().all(|column| !column.hidden) {
        let columns: Vec<String> = table.key_columns().map(|column| format!("{} ASC", written(&column.name))).collect();
        let name = table.properties.get(PRIMARY_NAME).map_or("\"primary\"".to_owned(), |name| written(name));
        lines.push(format!("\tCONSTRAINT {name} PRIMARY KEY ({})", columns.join(", ")));
    }
    for set in &table.unique {
        let columns = set.columns.iter().filter_map(|id| table.column(*id));
        let columns: Vec<String> = columns.map(|column| format!("{} ASC", written(&column.name))).collect();
        lines.push(format!("\tUNIQUE INDEX {} ({})", written(&set.name), columns.join(", ")));
    }
    for (key, described) in &table.properties {
        if let Some(index) = key.strip_prefix(INDEX) {
            let (columns, storing) =
                described.split_once(" STORING ").map_or((described.as_str(), None), |(c, s)| (c, Some(s)));
            let storing = storing.map(|storing| format!(" STORING {storing}")).unwrap_or_default();
            lines.push(format!("\tINDEX {} ({columns}){storing}", written(index)));
        }
    }
    match table.properties.get(FAMILIES) {
        Some(families) => lines.extend(families.lines().map(|family| format!("\t{family}"))),
        None => {
            let all: Vec<String> = table.columns.iter().map(|column| written(&column.name)).collect();
            lines.push(format!("\tFAMILY \"primary\" ({})", all.join(", ")));
        }
    }
    format!("CREATE TABLE {} (\n{}\n)", written(&table.name), lines.join(",\n")) + &comments(table)
}

/// `SHOW CREATE DATABASE`
pub(super) fn database(context: &Context, name: &Name) -> Result<Rows> {
    let database = names::database(&context.catalog(), &name.value)?;
    rows(vec![
        ("database_name", texts([Some(database.name.clone())])),
        ("create_statement", texts([Some(database_statement(&database))])),
    ])
}

fn database_statement(database: &Database) -> String {
    let name = written(&database.name);
    if database.label != DatabaseLabel::TimeSeries {
        return format!("CREATE DATABASE {name}");
    }
    let retentions = match database.properties.get(RETENTIONS) {
        Some(written) => written.clone(),
        None => format!("{}s", database.retention_seconds.unwrap_or(0)),
    };
    let interval = database.properties.get(PARTITION_INTERVAL).map_or("10d", String::as_str);
    format!("CREATE TS DATABASE {name}\n\t retentions {retentions} \n\t partition interval {interval} ")
}
