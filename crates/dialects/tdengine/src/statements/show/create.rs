//! `SHOW CREATE ..`: statements that make what is there again.

use super::storage;
use crate::context::Context;
use crate::names::{Found, unit, unit_word};
use crate::select::for_read;
use crate::sql::statement::ObjectName;
use crate::statements::database::SYSTEM;
use crate::statements::database_option;
use crate::system;
use crate::types::full_word;
use ::query::RowStream;
use arrow::array::{Array, ArrayRef, AsArray, StringArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Schema};
use arrow::record_batch::RecordBatch;
use futures::{StreamExt as _, stream};
use model::{Column, ColumnRole, Error, ErrorKind, Result, Table, Value, encode_key, encode_keys};
use std::sync::Arc;

fn quoted(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}

fn answer(first: &str, second: &str, name: &str, text: String) -> Result<RowStream> {
    let schema =
        Arc::new(Schema::new(vec![Field::new(first, DataType::Utf8, true), Field::new(second, DataType::Utf8, true)]));
    let arrays: Vec<ArrayRef> = vec![Arc::new(StringArray::from(vec![name])), Arc::new(StringArray::from(vec![text]))];
    let batch = RecordBatch::try_new(Arc::clone(&schema), arrays).map_err(Error::internal)?;
    Ok(RowStream { schema, batches: stream::iter([Ok(batch)]).boxed() })
}

/// The options of SHOW CREATE DATABASE in the vendor's order; those in quotes with a mark.
const OPTIONS: &[&str] = &[
    "buffer",
    "cachesize",
    "cachemodel",
    "comp",
    "duration",
    "wal_fsync_period",
    "maxrows",
    "minrows",
    "stt_trigger",
    "keep",
    "pages",
    "pagesize",
    "precision",
    "replica",
    "wal_level",
    "vgroups",
    "single_stable",
    "table_prefix",
    "table_suffix",
];

/// `SHOW CREATE DATABASE`
///
/// # Errors
/// [`ErrorKind::DatabaseNotFound`].
pub(super) fn database(context: &Context, name: &str) -> Result<RowStream> {
    if SYSTEM.contains(&name) {
        return answer("Database", "Create Database", name, format!("CREATE DATABASE {}", quoted(name)));
    }
    let catalog = context.catalog();
    let database = catalog
        .database_named(name)
        .ok_or_else(|| Error::new(ErrorKind::DatabaseNotFound { database: name.to_owned() }))?;
    let mut text = format!("CREATE DATABASE {}", quoted(name));
    for option in OPTIONS {
        let value = match *option {
            "precision" => format!("'{}'", unit_word(unit(database))),
            "cachemodel" => format!("'{}'", database_option(database, option)),
            "single_stable" => "0".to_owned(),
            other => database_option(database, other),
        };
        text.push_str(&format!(" {} {value}", option.to_ascii_uppercase()));
    }
    answer("Database", "Create Database", name, text)
}

fn column_text(column: &Column) -> String {
    let [encode, compress, level] = storage(column);
    format!("{} {} ENCODE '{encode}' COMPRESS '{compress}' LEVEL '{level}'", quoted(&column.name), full_word(column))
}

/// `SHOW CREATE TABLE`
///
/// # Errors
/// Missing tables; no database where one is needed.
pub(super) fn table(context: &Context, name: &ObjectName) -> Result<RowStream> {
    let found = context.find(&context.catalog(), name).map_err(for_read)?;
    let table = found.table();
    let is_tag = |column: &&Column| {
        matches!(column.role, ColumnRole::Key | ColumnRole::Attribute) && !system::is_child_name(table, column)
    };
    let tags: Vec<&Column> = table.columns.iter().filter(is_tag).collect();
    let columns: Vec<String> = {
        let mut columns: Vec<&Column> = table
            .columns
            .iter()
            .filter(|column| !column.hidden && !is_tag(column) && !system::is_child_name(table, column))
            .collect();
        columns.sort_by_key(|column| column.role != ColumnRole::Time);
        columns.into_iter().map(column_text).collect()
    };
    let columns = columns.join(", ");
    let mut text = match &found {
        Found::Super(_) => {
            let tags: Vec<String> =
                tags.iter().map(|tag| format!("{} {}", quoted(&tag.name), full_word(tag))).collect();
            format!("CREATE STABLE {} ({columns}) TAGS ({})", quoted(&table.name), tags.join(", "))
        }
        Found::Child(_, child) => {
            let names: Vec<String> = tags.iter().map(|tag| quoted(&tag.name)).collect();
            let values = tag_constants(context, table, child, &tags)?;
            format!(
                "CREATE TABLE {} USING {} ({}) TAGS ({})",
                quoted(child),
                quoted(&table.name),
                names.join(", "),
                values.join(", ")
            )
        }
        Found::Plain(_) | Found::Keyed(_) => format!("CREATE TABLE {} ({columns})", quoted(&table.name)),
    };
    if let (Some(comment), false) = (&table.comment, matches!(found, Found::Child(..))) {
        text.push_str(&format!(" COMMENT '{}'", comment.replace('\'', "''")));
    }
    answer("Table", "Create Table", &name.name, text)
}

/// The tags of a child as constants.
fn tag_constants(context: &Context, table: &Table, child: &str, tags: &[&Column]) -> Result<Vec<String>> {
    let ids: Vec<_> = table.key.iter().copied().chain(tags.iter().map(|tag| tag.id)).collect();
    let series = context.engine().storage().view(table.id)?.series(&ids)?;
    let arrays = series.columns.columns();
    let keys = encode_keys(arrays.get(..1).unwrap_or_default(), series.ids.len())?;
    let wanted = encode_key(&[(Value::Text(child.to_owned()), crate::names::key_type())])?;
    let row = keys.iter().position(|key| *key == wanted);
    let Some(row) = row else { return Err(crate::names::missing_table()) };
    arrays.iter().skip(1).map(|values| constant(values, row)).collect()
}

fn constant(values: &ArrayRef, row: usize) -> Result<String> {
    if values.is_null(row) {
        return Ok("NULL".to_owned());
    }
    let one = values.slice(row, 1);
    let (plain, quotes) = match one.data_type() {
        DataType::Utf8 => (one, true),
        DataType::Binary => {
            let digits: String = one.as_binary::<i32>().value(0).iter().map(|byte| format!("{byte:02x}")).collect();
            return Ok(format!("\"\\x{digits}\""));
        }
        DataType::Timestamp(..) => (cast(&one, &DataType::Int64).map_err(Error::internal)?, false),
        _ => (one, false),
    };
    let text = cast(&plain, &DataType::Utf8).map_err(Error::internal)?;
    let text = text.as_string::<i32>().value(0).to_owned();
    Ok(if quotes { format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"")) } else { text })
}
