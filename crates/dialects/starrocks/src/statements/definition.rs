//! `SHOW CREATE TABLE`: a table as a statement of this vendor.

use crate::names::written;
use crate::tables::{DISTRIBUTION, INDEX, KEYS_TYPE, PARTITION, PROPERTY, SORT_KEY};
use crate::types::sql_type;
use model::{Column, DefaultValue, Table, TableKind};
use std::fmt::Write as _;

fn literal(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n"))
}

fn column_line(column: &Column) -> String {
    let null = if column.nullable { "NULL" } else { "NOT NULL" };
    let mut line = format!("  {} {} {null}", written(&column.name), sql_type(column));
    match column.default.as_ref().map(|default| (&default.value, &default.text)) {
        None => {}
        Some((DefaultValue::Constant(_), text)) => {
            let _infallible = write!(line, " DEFAULT {}", literal(text));
        }
        Some((DefaultValue::Now, _)) => line.push_str(" DEFAULT CURRENT_TIMESTAMP"),
        Some((DefaultValue::UniqueRowId, _)) => line.push_str(" AUTO_INCREMENT"),
        Some((DefaultValue::RandomUuid, _)) => line.push_str(" DEFAULT (uuid())"),
    }
    if let Some(comment) = &column.comment {
        let _infallible = write!(line, " COMMENT {}", literal(comment));
    }
    line
}

/// The statement. A time-series table, which this vendor's SQL cannot say, is shown as a table whose
/// key is its tags and its time, with a property that says so.
pub(crate) fn table(table: &Table) -> String {
    let columns: Vec<String> = table.visible_columns().map(column_line).collect();
    let mut lines = columns;
    for (name, clause) in &table.properties {
        if name.starts_with(INDEX) {
            lines.push(format!("  {clause}"));
        }
    }
    let mut text = format!("CREATE TABLE {} (\n{}\n) ENGINE=OLAP", written(&table.name), lines.join(",\n"));
    let list = |names: Vec<&str>| names.into_iter().map(written).collect::<Vec<_>>().join(", ");
    let mut key: Vec<&str> = table.key_columns().filter(|column| !column.hidden).map(|c| c.name.as_str()).collect();
    key.extend(table.time_column().map(|column| column.name.as_str()));
    let word = match table.properties.get(KEYS_TYPE).map(String::as_str) {
        Some("UNIQUE_KEYS") => "UNIQUE",
        Some("DUP_KEYS") => "DUPLICATE",
        _ if key.is_empty() => "DUPLICATE",
        _ => "PRIMARY",
    };
    if word == "DUPLICATE" {
        let recorded = table.properties.get(crate::tables::DUPLICATE_KEY).map(String::as_str).unwrap_or_default();
        if !recorded.is_empty() {
            let _infallible = write!(text, "\nDUPLICATE KEY({recorded})");
        }
    } else {
        let _infallible = write!(text, "\n{word} KEY({})", list(key));
    }
    if let Some(comment) = &table.comment {
        let _infallible = write!(text, "\nCOMMENT {}", literal(comment));
    }
    for (property, words) in [(PARTITION, "PARTITION BY"), (DISTRIBUTION, "DISTRIBUTED BY")] {
        if let Some(clause) = table.properties.get(property) {
            let _infallible = write!(text, "\n{words} {clause}");
        }
    }
    if let Some(columns) = table.properties.get(SORT_KEY) {
        let _infallible = write!(text, "\nORDER BY({columns})");
    }
    let mut properties: Vec<String> = table
        .properties
        .iter()
        .filter_map(|(name, value)| Some((name.strip_prefix(PROPERTY)?, value)))
        .map(|(name, value)| format!("{} = {}", literal(name), literal(value)))
        .collect();
    if table.kind == TableKind::Series {
        properties.push("\"kind\" = \"timeSeries\"".to_owned());
    }
    if !properties.is_empty() {
        let _infallible = write!(text, "\nPROPERTIES (\n{}\n)", properties.join(",\n"));
    }
    text + ";"
}
