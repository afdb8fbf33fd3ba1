//! `SHOW` and `DESCRIBE`. Lists are queries of the system tables.

mod create;

use super::query::{self, one_column};
use crate::context::Context;
use crate::error::coded;
use crate::names::{Found, missing_table};
use crate::select::for_read;
use crate::sql::statement::{ObjectName, Show};
use crate::system;
use crate::types::{column_length, column_word};
use ::query::RowStream;
use ::sql::ast;
use arrow::array::{ArrayRef, Int32Array, StringArray};
use arrow::datatypes::{DataType, Field, Schema};
use arrow::record_batch::RecordBatch;
use futures::{StreamExt as _, stream};
use model::{Column, ColumnRole, Error, Result};
use query::parsed;
use std::sync::Arc;

/// A text as a string constant.
fn constant(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "''"))
}

/// A pattern as LIKE takes it: its backslashes stay.
fn pattern(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "''"))
}

/// Answers a SHOW.
///
/// # Errors
/// Missing objects; no database where one is needed.
pub(super) async fn run(context: &Context, show: Show, text: &str) -> Result<RowStream> {
    let own = match show {
        Show::CreateDatabase(name) => return create::database(context, &name),
        Show::CreateTable(name) => return create::table(context, &name),
        Show::Alive => return one_column("status", Arc::new(Int32Array::from(vec![1]))),
        Show::Databases(kind) => {
            let condition = match kind {
                Some("user") => " where `replica` is not null",
                Some(_) => " where `replica` is null",
                None => "",
            };
            format!("select name from information_schema.ins_databases{condition}")
        }
        Show::Stables(database, like) => {
            let database = listed(context, database.as_deref())?;
            let like = like.map(|like| format!(" and stable_name like {}", pattern(&like))).unwrap_or_default();
            format!(
                "select stable_name from information_schema.ins_stables where db_name = {}{like}",
                constant(&database)
            )
        }
        Show::Tables { kind, database, like } => {
            let database = listed(context, database.as_deref())?;
            let like = like.map(|like| format!(" and table_name like {}", pattern(&like))).unwrap_or_default();
            let kind = match kind {
                Some("normal") => " and type = 'NORMAL_TABLE'",
                Some(_) => " and type = 'CHILD_TABLE'",
                None => "",
            };
            format!(
                "select table_name from information_schema.ins_tables where db_name = {}{like}{kind}",
                constant(&database)
            )
        }
        Show::Tags(name) => {
            let catalog = context.catalog();
            if name.database.is_none() {
                listed(context, None)?;
            }
            let database = context.database(&catalog, name.database.as_deref())?;
            let Found::Child(_, child) = context.find(&catalog, &name)? else {
                return Err(coded(
                    0x2648,
                    "The _TAGS pseudo column can only be used for child table and super table queries",
                ));
            };
            format!(
                "select * from information_schema.ins_tags where db_name = {} and table_name = {}",
                constant(&database.name),
                constant(&child)
            )
        }
        Show::System(table, database) => {
            let schema = if table.starts_with("perf_") { "performance_schema" } else { "information_schema" };
            let condition = database.map(|database| format!(" where db_name = {}", constant(&database)));
            format!("select * from {schema}.{table}{}", condition.unwrap_or_default())
        }
    };
    query::run(context, parsed(&own)?, text).await
}

/// The database whose tables are listed.
fn listed(context: &Context, written: Option<&str>) -> Result<String> {
    if written.is_none()
        && let Some(system) = context.system_database()
    {
        return Ok(system.to_owned());
    }
    if let Some(system) = written.filter(|name| super::database::SYSTEM.contains(name)) {
        return Ok(system.to_owned());
    }
    let found = context.database(&context.catalog(), written);
    found.map(|database| database.name.clone()).map_err(|error| match &*error.kind {
        model::ErrorKind::InvalidStatement { .. } => coded(0x2600, "database not specified"),
        _ => error,
    })
}

/// One row of DESCRIBE.
struct Described {
    name: String,
    word: String,
    length: u32,
    note: &'static str,
    storage: Option<[String; 3]>,
}

/// How the vendor stores values of a type unless it is told otherwise.
pub(super) fn storage(column: &Column) -> [String; 3] {
    let (encode, compress) = match column_word(column).as_str() {
        "BOOL" => ("bit-packing", "zstd"),
        "TINYINT" | "SMALLINT" | "TINYINT UNSIGNED" | "SMALLINT UNSIGNED" => ("simple8b", "zlib"),
        "INT" | "BIGINT" | "INT UNSIGNED" | "BIGINT UNSIGNED" => ("simple8b", "lz4"),
        "FLOAT" | "DOUBLE" => ("delta-d", "lz4"),
        "TIMESTAMP" => ("delta-i", "lz4"),
        _ => ("disabled", "zstd"),
    };
    let chosen = |key: &str, default: &str| {
        let key = format!("{}{key}", super::table::STORAGE);
        column.properties.get(&key).cloned().unwrap_or_else(|| default.to_owned())
    };
    [chosen("encode", encode), chosen("compress", compress), chosen("level", "medium")]
}

/// `DESCRIBE`: columns, then tags.
///
/// # Errors
/// Missing tables; no database where one is needed.
pub(super) fn describe(context: &Context, name: &ObjectName) -> Result<RowStream> {
    let parts = name.database.iter().chain([&name.name]).map(|part| ast::Ident::with_quote('"', part));
    if let Some(columns) = system::described(context, &ast::ObjectName::from(parts.collect::<Vec<_>>()))? {
        let rows = columns.into_iter().map(|(name, word, length)| Described {
            name: name.to_owned(),
            word,
            length,
            note: "",
            storage: None,
        });
        return described(rows.collect());
    }
    let found = context.find(&context.catalog(), name).map_err(for_read)?;
    let table = found.table();
    let is_tag = |column: &Column| {
        matches!(column.role, ColumnRole::Key | ColumnRole::Attribute) && !matches!(found, Found::Keyed(_))
    };
    let mut columns: Vec<&Column> =
        table.columns.iter().filter(|column| !column.hidden && !system::is_child_name(table, column)).collect();
    columns.sort_by_key(|column| (is_tag(column), column.role != ColumnRole::Time));
    let rows = columns.into_iter().map(|column| Described {
        name: column.name.clone(),
        word: column_word(column),
        length: column_length(column),
        note: if is_tag(column) { "TAG" } else { "" },
        storage: Some(if is_tag(column) {
            ["disabled", "disabled", "disabled"].map(str::to_owned)
        } else {
            storage(column)
        }),
    });
    let rows: Vec<Described> = rows.collect();
    if rows.is_empty() { Err(missing_table()) } else { described(rows) }
}

fn described(rows: Vec<Described>) -> Result<RowStream> {
    let texts = |values: Vec<String>| Arc::new(StringArray::from(values)) as ArrayRef;
    let sized = |name: &str, length: u32| {
        let metadata = [(::query::DECLARED_LENGTH.to_owned(), length.to_string())];
        Field::new(name, DataType::Utf8, true).with_metadata(metadata.into())
    };
    let mut fields =
        vec![sized("field", 64), sized("type", 20), Field::new("length", DataType::Int32, true), sized("note", 16)];
    let mut arrays = vec![
        texts(rows.iter().map(|row| row.name.clone()).collect()),
        texts(rows.iter().map(|row| row.word.clone()).collect()),
        Arc::new(rows.iter().map(|row| i32::try_from(row.length).ok()).collect::<Int32Array>()) as ArrayRef,
        texts(rows.iter().map(|row| row.note.to_owned()).collect()),
    ];
    let storage: Option<Vec<[String; 3]>> = rows.into_iter().map(|row| row.storage).collect();
    if let Some(storage) = storage {
        for (place, name) in ["encode", "compress", "level"].into_iter().enumerate() {
            fields.push(sized(name, 12));
            arrays.push(texts(storage.iter().filter_map(|row| row.get(place)).cloned().collect()));
        }
    }
    let schema = Arc::new(Schema::new(fields));
    let batch = RecordBatch::try_new(Arc::clone(&schema), arrays).map_err(Error::internal)?;
    Ok(RowStream { schema, batches: stream::iter([Ok(batch)]).boxed() })
}
