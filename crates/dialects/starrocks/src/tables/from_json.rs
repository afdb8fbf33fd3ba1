//! A table, or one of its columns, from a JSON body.

use super::{check_new_name, constant, record_properties};
use crate::error::{Answer, Failure};
use crate::fields::Fields;
use crate::spans;
use crate::types::{self, Word, unit_named};
use engine::{NewColumn, NewTable};
use model::{ColumnRole, DataType, DatabaseId, TableKind};
use serde_json::Value;
use std::collections::BTreeMap;

/// A column without anything but a name, a part and a type.
fn plain(name: String, role: ColumnRole, (data_type, word): (DataType, Word)) -> NewColumn {
    NewColumn {
        name,
        role,
        data_type,
        nullable: true,
        default: None,
        declared: Some(types::declared(word)),
        hidden: false,
        comment: None,
        properties: BTreeMap::new(),
    }
}

fn data_type(fields: &mut Fields) -> Answer<(DataType, Word)> {
    let text = fields.required_text("type")?;
    types::parse(&text).map_err(|error| {
        let field = fields.name("type");
        Failure { reason: "UNKNOWN_TYPE", ..Failure::from(error) }.about(field, "UNKNOWN_TYPE")
    })
}

/// A column or tag. `name` is its name in the path, if it stands there.
///
/// # Errors
/// 400 naming the field.
pub(crate) fn column(mut fields: Fields, role: ColumnRole, name: Option<&str>) -> Answer<NewColumn> {
    let own = fields.own_name(name)?;
    let mut column = plain(own, role, data_type(&mut fields)?);
    column.nullable = fields.boolean("nullable")?.unwrap_or(true);
    column.comment = fields.text("comment")?;
    column.default = match fields.value("default") {
        None | Some(Value::Null) => None,
        Some(Value::String(text)) => Some(constant(&column.name, &text, column.data_type)?),
        Some(other) => Some(constant(&column.name, &other.to_string(), column.data_type)?),
    };
    if matches!(role, ColumnRole::Key | ColumnRole::Attribute) && fields.boolean("isPrimary")?.unwrap_or(false) {
        column.role = ColumnRole::Key;
        column.nullable = false;
    }
    fields.end()?;
    Ok(column)
}

fn time_column(mut fields: Fields) -> Answer<NewColumn> {
    let name = fields.required_text("name")?;
    check_new_name(&name)?;
    let written = fields.text("type")?.unwrap_or_else(|| "timestamp".to_owned());
    let (data_type, word) = types::parse(&written)?;
    let unit = match fields.text("precision")? {
        None => None,
        Some(text) => Some(unit_named(&text).ok_or_else(|| fields.wrong("precision", "ms, us or ns"))?),
    };
    let data_type = match (data_type, unit) {
        (DataType::Instant(own), unit) => DataType::Instant(unit.unwrap_or(own)),
        (DataType::LocalDateTime(own), unit) => DataType::LocalDateTime(unit.unwrap_or(own)),
        _ => return Err(fields.wrong("type", "timestamp or datetime")),
    };
    let mut column = plain(name, ColumnRole::Time, (data_type, word));
    column.nullable = false;
    column.comment = fields.text("comment")?;
    fields.end()?;
    Ok(column)
}

/// A duration of a body in seconds.
///
/// # Errors
/// 400.
pub(crate) fn seconds(fields: &mut Fields, key: &str) -> Answer<Option<u64>> {
    match fields.text(key)? {
        None => Ok(None),
        Some(text) => {
            spans::parse(&text).map(Some).ok_or_else(|| fields.wrong(key, "a duration such as 30d, 12h, 15m"))
        }
    }
}

/// A table. `name` is its name in the path, if it stands there.
///
/// # Errors
/// 400 naming the field.
pub(crate) fn table(mut fields: Fields, database: DatabaseId, name: Option<&str>) -> Answer<NewTable> {
    let own = match (fields.text("name")?, name) {
        (Some(own), Some(name)) if own != name => {
            let message = format!("the body names {own} and the path {name}");
            return Err(Failure::bad("NAMES_DIFFER", message).about("name", "INVALID"));
        }
        (Some(own), _) => own,
        (None, Some(name)) => name.to_owned(),
        (None, None) => return Err(fields.missing("name")),
    };
    check_new_name(&own)?;
    let kind = match fields.text("kind")?.as_deref() {
        None | Some("timeSeries") => TableKind::Series,
        Some("relational") => TableKind::Keyed,
        Some(_) => return Err(fields.wrong("kind", "timeSeries or relational")),
    };
    let mut new = NewTable {
        database,
        name: own,
        kind,
        columns: Vec::new(),
        key: Vec::new(),
        unique: Vec::new(),
        partition_seconds: seconds(&mut fields, "partitionInterval")?,
        retention_seconds: seconds(&mut fields, "retention")?,
        comment: fields.text("comment")?,
        properties: BTreeMap::new(),
    };
    if let Some(properties) = fields.map("properties")? {
        let texts: Vec<(String, String)> = properties
            .into_iter()
            .map(|(name, value)| match value {
                Value::String(text) => (name, text),
                other => (name, other.to_string()),
            })
            .collect();
        record_properties(texts.iter().map(|(name, value)| (name.as_str(), value.as_str())), &mut new.properties)?;
    }
    match kind {
        TableKind::Series => series(&mut fields, &mut new)?,
        TableKind::Keyed => keyed(&mut fields, &mut new)?,
    }
    fields.end()?;
    Ok(new)
}

fn columns(fields: &mut Fields) -> Answer<Vec<NewColumn>> {
    let columns =
        fields.objects("columns")?.filter(|list| !list.is_empty()).ok_or_else(|| fields.missing("columns"))?;
    columns.into_iter().map(|own| column(own, ColumnRole::Field, None)).collect()
}

fn series(fields: &mut Fields, new: &mut NewTable) -> Answer<()> {
    let time = fields.object("timeColumn")?.ok_or_else(|| fields.missing("timeColumn"))?;
    new.columns.push(time_column(time)?);
    new.columns.extend(columns(fields)?);
    let mut tags: Vec<NewColumn> = Vec::new();
    for tag in fields.objects("tags")?.unwrap_or_default() {
        tags.push(column(tag, ColumnRole::Attribute, None)?);
    }
    // Where no tag is said to be primary, all of them identify a series.
    if tags.iter().all(|tag| tag.role == ColumnRole::Attribute) {
        tags.iter_mut().for_each(|tag| tag.role = ColumnRole::Key);
    }
    new.key = tags.iter().filter(|tag| tag.role == ColumnRole::Key).map(|tag| tag.name.clone()).collect();
    new.columns.extend(tags);
    if let Some(tag) = new.columns.iter().find(|column| column.role == ColumnRole::Key && column.default.is_some()) {
        return Err(Failure::bad("INVALID_DEFAULT", format!("the primary tag {} can have no default", tag.name)));
    }
    Ok(())
}

fn keyed(fields: &mut Fields, new: &mut NewTable) -> Answer<()> {
    if fields.has("timeColumn") || fields.has("tags") {
        let message = "timeColumn and tags are for tables of the kind timeSeries";
        return Err(Failure::bad("INVALID_PARAMETER", message).about("kind", "INVALID"));
    }
    if new.partition_seconds.is_some() || new.retention_seconds.is_some() {
        let message = "retention and partitionInterval are for tables of the kind timeSeries";
        return Err(Failure::bad("INVALID_PARAMETER", message).about("kind", "INVALID"));
    }
    new.columns = columns(fields)?;
    new.key = fields.texts("primaryKey")?.unwrap_or_default();
    let keys_type = if new.key.is_empty() { "DUP_KEYS" } else { "PRIMARY_KEYS" };
    new.properties.insert(super::KEYS_TYPE.to_owned(), keys_type.to_owned());
    for name in &new.key {
        let column = new.columns.iter_mut().find(|column| column.name == *name);
        let column = column.ok_or_else(|| {
            Failure::bad("UNKNOWN_COLUMN", format!("there is no column {name} to be the key"))
                .about("primaryKey", "UNKNOWN")
        })?;
        column.role = ColumnRole::Key;
        column.nullable = false;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
