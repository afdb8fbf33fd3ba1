//! A table from CREATE TABLE.

use super::{DISTRIBUTION, DUPLICATE_KEY, INDEX, KEYS_TYPE, PARTITION, SORT_KEY, constant, record_properties};
use crate::error::{Answer, Failure};
use crate::names::written;
use crate::sql::statement::{ColumnDefinition, CreateTable, DefaultText, KeysType};
use crate::types;
use engine::{NewColumn, NewTable};
use model::{ColumnDefault, ColumnRole, DataType, DatabaseId, DefaultValue, Error, ErrorKind, TableKind};
use std::collections::BTreeMap;

fn invalid(reason: String) -> Failure {
    Error::new(ErrorKind::InvalidDefinition { reason }).into()
}

fn default(column: &ColumnDefinition, data_type: DataType) -> Answer<Option<ColumnDefault>> {
    let made = |value, text: &str| Some(ColumnDefault { value, text: text.to_owned() });
    if column.auto_increment {
        if data_type != DataType::Int64 || column.default.is_some() {
            return Err(invalid(format!(
                "the AUTO_INCREMENT column {} must be BIGINT, without a default",
                column.name
            )));
        }
        return Ok(made(DefaultValue::UniqueRowId, "AUTO_INCREMENT"));
    }
    match &column.default {
        None | Some(DefaultText::Null) => Ok(None),
        Some(DefaultText::Text(text)) => constant(&column.name, text, data_type).map(Some),
        Some(DefaultText::Now) => Ok(made(DefaultValue::Now, "CURRENT_TIMESTAMP")),
        Some(DefaultText::Uuid) => Err(Error::unsupported("DEFAULT (uuid())").into()),
    }
}

/// The key of a table: a clause, or the columns that say KEY.
fn keys(create: &CreateTable) -> Answer<(KeysType, Vec<String>)> {
    let marked: Vec<String> =
        create.columns.iter().filter(|column| column.is_key).map(|column| column.name.clone()).collect();
    let (kind, key) = match (&create.keys, marked.is_empty()) {
        (Some(keys), _) => keys.clone(),
        (None, false) => (KeysType::Duplicate, marked),
        (None, true) => (KeysType::Duplicate, Vec::new()),
    };
    if kind == KeysType::Aggregate {
        return Err(Error::unsupported("AGGREGATE KEY (its rows are added up as they are written)").into());
    }
    for (index, name) in key.iter().enumerate() {
        match create.columns.get(index) {
            Some(column) if column.name == *name => {}
            _ if create.columns.iter().all(|column| column.name != *name) => {
                return Err(invalid(format!("Key column '{name}' doesn't exist")));
            }
            _ => return Err(invalid("Key columns must be the first few columns of the schema".to_owned())),
        }
    }
    Ok((kind, key))
}

/// The table that a statement makes. PRIMARY KEY and UNIQUE KEY identify a row; the columns of
/// DUPLICATE KEY only sort, so that rows get a hidden id.
///
/// # Errors
/// 400 for what breaks a rule or is not done here.
pub(crate) fn table(create: &CreateTable, database: DatabaseId) -> Answer<NewTable> {
    let (kind, key) = keys(create)?;
    let identifies = matches!(kind, KeysType::Primary | KeysType::Unique);
    let mut new = NewTable {
        database,
        name: create.name.table.clone(),
        kind: TableKind::Keyed,
        columns: Vec::with_capacity(create.columns.len()),
        key: if identifies { key.clone() } else { Vec::new() },
        unique: Vec::new(),
        partition_seconds: None,
        retention_seconds: None,
        comment: create.comment.clone(),
        properties: BTreeMap::new(),
    };
    for column in &create.columns {
        let (data_type, word) = types::parse(&column.data_type)?;
        let is_key = identifies && key.contains(&column.name);
        if is_key && column.nullable == Some(true) && kind == KeysType::Primary {
            return Err(invalid(format!("the primary key column {} cannot be NULL", column.name)));
        }
        new.columns.push(NewColumn {
            name: column.name.clone(),
            role: if is_key { ColumnRole::Key } else { ColumnRole::Field },
            data_type,
            nullable: !is_key && !column.auto_increment && column.nullable.unwrap_or(true),
            default: default(column, data_type)?,
            declared: Some(types::declared(word)),
            hidden: false,
            comment: column.comment.clone().filter(|comment| !comment.is_empty()),
            properties: BTreeMap::new(),
        });
    }
    let list = |names: &[String]| names.iter().map(|name| written(name)).collect::<Vec<_>>().join(", ");
    new.properties.insert(KEYS_TYPE.to_owned(), kind.name().to_owned());
    if kind == KeysType::Duplicate && !key.is_empty() {
        new.properties.insert(DUPLICATE_KEY.to_owned(), list(&key));
    }
    for (name, clause) in [(PARTITION, &create.partition), (DISTRIBUTION, &create.distribution)] {
        if let Some(clause) = clause {
            new.properties.insert(name.to_owned(), clause.clone());
        }
    }
    if !create.order_by.is_empty() {
        new.properties.insert(SORT_KEY.to_owned(), list(&create.order_by));
    }
    for (name, clause) in &create.indexes {
        new.properties.insert(format!("{INDEX}{name}"), clause.clone());
    }
    let properties = create.properties.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    record_properties(properties, &mut new.properties)?;
    Ok(new)
}
