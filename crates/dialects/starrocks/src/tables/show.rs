//! Tables and columns as JSON.

use super::{KEYS_TYPE, PROPERTY, UNIQUE_KEY_CONSTRAINTS};
use crate::names::{column_uri, table_uri};
use crate::spans;
use crate::types::{resource_type, unit_word};
use catalog::Database;
use model::{Column, ColumnRole, DataType, Table, TableKind};
use serde_json::{Map, Value, json};

/// Whether a column is a tag.
fn is_tag(table: &Table, column: &Column) -> bool {
    table.kind == TableKind::Series && matches!(column.role, ColumnRole::Key | ColumnRole::Attribute)
}

/// A column or tag.
pub(crate) fn column(database: &str, table: &Table, column: &Column) -> Value {
    let tag = is_tag(table, column);
    let category = if tag { "tags" } else { "columns" };
    let ordinal = table.visible_columns().position(|other| other.id == column.id).map_or(0, |index| index + 1);
    let mut shown = Map::new();
    shown.insert("name".to_owned(), json!(column.name));
    shown.insert("type".to_owned(), json!(resource_type(column)));
    shown.insert("nullable".to_owned(), json!(column.nullable));
    shown.insert("default".to_owned(), json!(column.default.as_ref().map(|default| &default.text)));
    shown.insert("comment".to_owned(), json!(column.comment));
    shown.insert("ordinal".to_owned(), json!(ordinal));
    if tag {
        shown.insert("isPrimary".to_owned(), json!(column.role == ColumnRole::Key));
    } else if table.kind == TableKind::Series {
        shown.insert("isTime".to_owned(), json!(column.role == ColumnRole::Time));
    } else {
        shown.insert("isKey".to_owned(), json!(column.role == ColumnRole::Key));
    }
    shown.insert("uri".to_owned(), json!(column_uri(database, &table.name, category, &column.name)));
    Value::Object(shown)
}

/// A table with everything.
pub(crate) fn table(database: &Database, table: &Table) -> Value {
    let shown = |own: &Column| column(&database.name, table, own);
    let of = |tags: bool| -> Vec<Value> {
        let wanted = |column: &&Column| column.role != ColumnRole::Time && is_tag(table, column) == tags;
        table.visible_columns().filter(wanted).map(shown).collect()
    };
    let mut object = Map::new();
    object.insert("name".to_owned(), json!(table.name));
    object.insert("kind".to_owned(), json!(kind(table)));
    object.insert("comment".to_owned(), json!(table.comment));
    if let Some(time) = table.time_column() {
        let (data_type, unit) = match time.data_type {
            DataType::LocalDateTime(unit) => ("datetime", Some(unit)),
            DataType::Instant(unit) => ("timestamp", Some(unit)),
            _ => ("timestamp", None),
        };
        let precision = unit.map(unit_word);
        object.insert("timeColumn".to_owned(), json!({"name": time.name, "type": data_type, "precision": precision}));
    }
    object.insert("columns".to_owned(), Value::Array(of(false)));
    if table.kind == TableKind::Series {
        object.insert("tags".to_owned(), Value::Array(of(true)));
        let inherited = |own: Option<u64>, database: Option<u64>| own.or(database);
        let retention = inherited(table.retention_seconds, database.retention_seconds).filter(|seconds| *seconds > 0);
        object.insert("retention".to_owned(), json!(retention.map(spans::print)));
        let interval = inherited(table.partition_seconds, database.partition_seconds);
        object.insert("partitionInterval".to_owned(), json!(interval.map(spans::print)));
    } else {
        let key: Vec<&str> =
            table.key_columns().filter(|column| !column.hidden).map(|column| column.name.as_str()).collect();
        object.insert("primaryKey".to_owned(), json!(key));
        let keys_type = table.properties.get(KEYS_TYPE).map(String::as_str);
        let default = if key.is_empty() { "DUP_KEYS" } else { "PRIMARY_KEYS" };
        object.insert("keysType".to_owned(), json!(keys_type.unwrap_or(default)));
    }
    if let Some(names) = table.properties.get(UNIQUE_KEY_CONSTRAINTS) {
        let names: Vec<&str> = names.split(',').map(str::trim).filter(|name| !name.is_empty()).collect();
        object.insert("uniqueKeyConstraints".to_owned(), json!(names));
    }
    let properties: Map<String, Value> = table
        .properties
        .iter()
        .filter(|(name, _)| *name != UNIQUE_KEY_CONSTRAINTS)
        .filter_map(|(name, value)| Some((name.strip_prefix(PROPERTY)?.to_owned(), json!(value))))
        .collect();
    object.insert("properties".to_owned(), Value::Object(properties));
    object.insert("id".to_owned(), json!(table.id.to_string()));
    object.insert("schemaVersion".to_owned(), json!(table.schema_version));
    object.insert("uri".to_owned(), json!(table_uri(&database.name, &table.name)));
    Value::Object(object)
}

/// The kind of a table.
pub(crate) const fn kind(table: &Table) -> &'static str {
    match table.kind {
        TableKind::Series => "timeSeries",
        TableKind::Keyed => "relational",
    }
}
