//! `SHOW DATABASES`, `TABLES`, `COLUMNS`, `TAGS`, `TAG VALUES`, `RETENTIONS`, `INDEXES`,
//! `CONSTRAINTS`, `SCHEMAS`.

use super::{Rows, booleans, rows, texts};
use crate::context::Context;
use crate::error::definition;
use crate::names;
use crate::sql::statement::{Name, ShowColumns, ShowTables, TableName};
use crate::statements::database::RETENTIONS;
use crate::statements::table::{INDEX, PRIMARY_NAME, SPARSE};
use crate::types::display_column;
use arrow::array::{ArrayRef, Int64Array};
use arrow::datatypes::{Field, Schema};
use arrow::record_batch::RecordBatch;
use catalog::DatabaseLabel;
use model::{Column, ColumnId, ColumnRole, Error, Privilege, Result, Scope, Table, TableKind};
use query::column_field;
use std::sync::Arc;

/// `SHOW DATABASES`
pub(super) fn databases(context: &Context, with_comment: bool) -> Result<Rows> {
    let catalog = context.catalog();
    let mut databases: Vec<_> = catalog.databases().collect();
    databases.sort_by(|a, b| a.name.cmp(&b.name));
    let engine = |label| match label {
        DatabaseLabel::TimeSeries => "TIME SERIES",
        DatabaseLabel::Relational | DatabaseLabel::Any => "RELATIONAL",
    };
    let mut columns = vec![
        ("database_name", texts(databases.iter().map(|database| Some(database.name.clone())))),
        ("engine_type", texts(databases.iter().map(|database| Some(engine(database.label).to_owned())))),
    ];
    if with_comment {
        columns.push(("comment", texts(databases.iter().map(|database| database.comment.clone()))));
    }
    rows(columns)
}

const fn is_tag(column: &Column) -> bool {
    matches!(column.role, ColumnRole::Key | ColumnRole::Attribute)
}

fn table_type(table: &Table) -> &'static str {
    match table.kind {
        TableKind::Keyed => "BASE TABLE",
        TableKind::Series if table.properties.contains_key(SPARSE) => "SPARSE TIME SERIES TABLE",
        TableKind::Series => "TIME SERIES TABLE",
    }
}

/// `SHOW TABLES`: those that the caller has a right on.
pub(super) fn tables(context: &Context, show: &ShowTables) -> Result<Rows> {
    let catalog = context.catalog();
    let database = match &show.database {
        Some(name) => names::database(&catalog, &name.value)?,
        None => context.current_database(&catalog)?,
    };
    if let Some(schema) = show.schema.as_ref().filter(|schema| schema.value != names::PUBLIC) {
        return Err(definition(format!("target database or schema does not exist: \"{schema}\"")));
    }
    let tables: Vec<_> = catalog.tables_in(database.id).filter(|table| context.sees(table)).collect();
    let mut columns = vec![
        ("table_name", texts(tables.iter().map(|table| Some(table.name.clone())))),
        ("table_type", texts(tables.iter().map(|table| Some(table_type(table).to_owned())))),
    ];
    if show.with_comment {
        columns.push(("comment", texts(tables.iter().map(|table| Some(table.comment.clone().unwrap_or_default())))));
    }
    rows(columns)
}

/// A table that the caller has a right on.
fn seen(context: &Context, name: &TableName) -> Result<Arc<Table>> {
    let table = context.table(&context.catalog(), name)?;
    context.require_any(&table)?;
    Ok(table)
}

/// A time-series table that the caller has a right on.
fn seen_series(context: &Context, name: &TableName, what: &str) -> Result<Arc<Table>> {
    let table = seen(context, name)?;
    if table.kind == TableKind::Series {
        return Ok(table);
    }
    Err(definition(format!("{what} is only supported in timeseries table: \"{name}\" is a relational table")))
}

/// `SHOW COLUMNS`
pub(super) fn columns(context: &Context, show: &ShowColumns) -> Result<Rows> {
    let table = seen(context, &show.table)?;
    let series = table.kind == TableKind::Series;
    let all = || table.columns.iter();
    let indices = |column: &Column| {
        let mut names = Vec::new();
        if column.role == ColumnRole::Key || column.role == ColumnRole::Time {
            names.push("primary".to_owned());
        }
        names.extend(table.unique.iter().filter(|set| set.columns.contains(&column.id)).map(|set| set.name.clone()));
        Some(format!("{{{}}}", names.join(",")))
    };
    let mut shown = vec![
        ("column_name", texts(all().map(|column| Some(column.name.clone())))),
        ("data_type", texts(all().map(|column| Some(display_column(column))))),
        ("is_nullable", booleans(all().map(|column| column.nullable))),
        ("column_default", texts(all().map(|column| column.default.as_ref().map(|default| default.text.clone())))),
        ("generation_expression", texts(all().map(|_| Some(String::new())))),
        ("indices", texts(all().map(indices))),
        ("is_hidden", booleans(all().map(|column| column.hidden))),
        ("is_tag", booleans(all().map(|column| series && is_tag(column)))),
    ];
    if show.with_comment {
        shown.push(("comment", texts(all().map(|column| column.comment.clone()))));
    }
    rows(shown)
}

/// `SHOW TAGS`
pub(super) fn tags(context: &Context, name: &TableName) -> Result<Rows> {
    let table = seen_series(context, name, "show tags")?;
    let all = || table.columns.iter().filter(|column| is_tag(column));
    rows(vec![
        ("tag", texts(all().map(|column| Some(column.name.clone())))),
        ("type", texts(all().map(|column| Some(display_column(column))))),
        ("is_primary", booleans(all().map(|column| column.role == ColumnRole::Key))),
        ("nullable", booleans(all().map(|column| column.nullable))),
    ])
}

/// `SHOW TAG VALUES`: the devices of a table, with and without rows.
pub(super) async fn tag_values(context: &Context, name: &TableName) -> Result<Rows> {
    let table = seen_series(context, name, "show tag values")?;
    context.engine().require(context.caller(), Privilege::Select, Scope::Table(table.id))?;
    let columns: Vec<ColumnId> = table.columns.iter().filter(|column| is_tag(column)).map(|column| column.id).collect();
    let view = context.engine().storage().view(table.id)?;
    let series = tokio::task::spawn_blocking(move || view.series(&columns)).await.map_err(Error::internal)??;
    let fields: Vec<Field> = table.columns.iter().filter(|column| is_tag(column)).map(column_field).collect();
    let schema = Arc::new(Schema::new(fields));
    let batch =
        RecordBatch::try_new(Arc::clone(&schema), series.columns.columns().to_vec()).map_err(Error::internal)?;
    Ok(Rows { schema, rows: vec![batch] })
}

/// `SHOW RETENTIONS`
pub(super) fn retentions(context: &Context, name: &TableName) -> Result<Rows> {
    let table = seen_series(context, name, "show retentions")?;
    rows(vec![
        ("name", texts([Some(table.name.clone())])),
        ("retentions", texts([table.properties.get(RETENTIONS).cloned()])),
        ("sample", texts([None])),
    ])
}

/// The retention of a table as typed, or the database's in seconds.
pub(super) fn retention_text(context: &Context, table: &Table) -> String {
    if let Some(written) = table.properties.get(RETENTIONS) {
        return written.clone();
    }
    let inherited = || context.catalog().database(table.database).and_then(|database| database.retention_seconds);
    let seconds = table.retention_seconds.or_else(inherited).unwrap_or(0);
    format!("{seconds}s")
}

/// One column of one index.
struct IndexRow {
    index: String,
    unique: bool,
    position: i64,
    column: String,
    direction: &'static str,
}

/// The name behind one that is written for a statement.
fn unwritten(name: &str) -> String {
    match name.strip_prefix('"').and_then(|name| name.strip_suffix('"')) {
        Some(quoted) => quoted.replace("\"\"", "\""),
        None => name.to_owned(),
    }
}

/// `SHOW INDEXES`
pub(super) fn indexes(context: &Context, name: &TableName) -> Result<Rows> {
    let table = seen(context, name)?;
    let mut found: Vec<IndexRow> = Vec::new();
    let mut add = |index: &str, unique: bool, columns: Vec<(String, &'static str)>| {
        for (position, (column, direction)) in (1..).zip(columns) {
            found.push(IndexRow { index: index.to_owned(), unique, position, column, direction });
        }
    };
    let primary = table.properties.get(PRIMARY_NAME).map_or(engine::PRIMARY_KEY, String::as_str);
    if table.kind == TableKind::Keyed {
        add(primary, true, table.key_columns().map(|column| (column.name.clone(), "ASC")).collect());
    }
    for set in &table.unique {
        let columns = set.columns.iter().filter_map(|id| table.column(*id)).map(|column| (column.name.clone(), "ASC"));
        add(&set.name, true, columns.collect());
    }
    for (key, described) in &table.properties {
        if let Some(index) = key.strip_prefix(INDEX) {
            let columns = described.split(" STORING ").next().unwrap_or_default().split(", ");
            let columns = columns.map(|column| match column.rsplit_once(' ') {
                Some((column, "DESC")) => (unwritten(column), "DESC"),
                Some((column, _)) => (unwritten(column), "ASC"),
                None => (unwritten(column), "ASC"),
            });
            add(index, false, columns.collect());
        }
    }
    let all = || found.iter();
    let positions: ArrayRef = Arc::new(all().map(|row| Some(row.position)).collect::<Int64Array>());
    rows(vec![
        ("table_name", texts(all().map(|_| Some(table.name.clone())))),
        ("index_name", texts(all().map(|row| Some(row.index.clone())))),
        ("non_unique", booleans(all().map(|row| !row.unique))),
        ("seq_in_index", positions),
        ("column_name", texts(all().map(|row| Some(row.column.clone())))),
        ("direction", texts(all().map(|row| Some(row.direction.to_owned())))),
        ("storing", booleans(all().map(|_| false))),
        ("implicit", booleans(all().map(|_| false))),
    ])
}

/// `SHOW CONSTRAINTS`
pub(super) fn constraints(context: &Context, name: &TableName) -> Result<Rows> {
    let table = seen(context, name)?;
    if table.kind == TableKind::Series {
        return Err(definition("show constraints is not supported in timeseries table"));
    }
    let listed = |names: Vec<String>| names.join(", ");
    let mut found = Vec::new();
    if table.key_columns().any(|column| !column.hidden) {
        let primary = table.properties.get(PRIMARY_NAME).map_or(engine::PRIMARY_KEY, String::as_str);
        let columns = table.key_columns().map(|column| format!("{} ASC", column.name)).collect();
        found.push((primary.to_owned(), "PRIMARY KEY", format!("PRIMARY KEY ({})", listed(columns))));
    }
    for set in &table.unique {
        let columns =
            set.columns.iter().filter_map(|id| table.column(*id)).map(|column| format!("{} ASC", column.name));
        found.push((set.name.clone(), "UNIQUE", format!("UNIQUE ({})", listed(columns.collect()))));
    }
    let all = || found.iter();
    rows(vec![
        ("table_name", texts(all().map(|_| Some(table.name.clone())))),
        ("constraint_name", texts(all().map(|(name, _, _)| Some(name.clone())))),
        ("constraint_type", texts(all().map(|(_, kind, _)| Some((*kind).to_owned())))),
        ("details", texts(all().map(|(_, _, details)| Some(details.clone())))),
        ("validated", booleans(all().map(|_| true))),
    ])
}

/// `SHOW SCHEMAS`
pub(super) fn schemas(context: &Context, database: Option<&Name>) -> Result<Rows> {
    let catalog = context.catalog();
    match database {
        Some(name) => names::database(&catalog, &name.value)?,
        None => context.current_database(&catalog)?,
    };
    rows(vec![("schema_name", texts([Some(names::PUBLIC.to_owned())]))])
}
