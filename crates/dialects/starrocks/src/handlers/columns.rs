//! Columns, and the tags of time-series tables.

use super::tables::{new_name, of_path};
use super::{Call, Reply};
use crate::error::{Answer, Failure};
use crate::names::{self, Need, column_uri};
use crate::pages::page_by;
use crate::tables::{column_from_json, column_object, constant};
use crate::types;
use catalog::Database;
use engine::{Alteration, NewColumn};
use model::{Column, ColumnRole, Privilege, Table, TableKind, TypeConversion};
use serde_json::{Value, json};
use std::sync::Arc;

/// The two categories of columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Category {
    /// The time, measured fields, and every column of a relational table.
    Columns,
    /// What identifies and describes a series.
    Tags,
}

impl Category {
    const fn name(self) -> &'static str {
        match self {
            Self::Columns => "columns",
            Self::Tags => "tags",
        }
    }

    fn holds(self, table: &Table, column: &Column) -> bool {
        let is_tag = table.kind == TableKind::Series && matches!(column.role, ColumnRole::Key | ColumnRole::Attribute);
        is_tag == (self == Self::Tags)
    }

    const fn role(self) -> ColumnRole {
        match self {
            Self::Columns => ColumnRole::Field,
            Self::Tags => ColumnRole::Attribute,
        }
    }
}

fn missing(table: &Table, name: &str) -> Failure {
    Failure::missing("1054", "COLUMN_NOT_FOUND", format!("Unknown column '{name}' in table '{}'", table.name))
}

/// The column of the path, if it is of the category.
fn of_table<'a>(table: &'a Table, name: &str, category: Category) -> Option<&'a Column> {
    names::column(table, name).filter(|column| category.holds(table, column))
}

fn uri(database: &Database, table: &Table, category: Category, column: &str) -> String {
    column_uri(&database.name, &table.name, category.name(), column)
}

/// `GET .../columns` and `.../tags`
pub(super) fn list(call: &Call, category: Category) -> Answer<Reply> {
    let (database, table) = of_path(call, Need::Any)?;
    // In the order of the table.
    let columns = table.visible_columns().enumerate().filter(|(_, column)| category.holds(&table, column)).collect();
    let key = |(index, _): &(usize, &Column)| format!("{index:08}");
    let show = |(_, column): &(usize, &Column)| column_object(&database.name, &table, column);
    Ok(Reply::ok(page_by(call, columns, key, |(_, column)| &column.name, show)?))
}

/// `GET .../columns/{column}` and `.../tags/{tag}`
pub(super) fn show(call: &Call, category: Category) -> Answer<Reply> {
    let (database, table) = of_path(call, Need::Any)?;
    let name = call.segment("column");
    let column = of_table(&table, name, category).ok_or_else(|| missing(&table, name))?;
    Ok(Reply::ok(column_object(&database.name, &table, column)))
}

fn check_category(table: &Table, category: Category) -> Answer<()> {
    if table.kind == TableKind::Series || category == Category::Columns {
        return Ok(());
    }
    Err(Failure::bad("INVALID_DEFINITION", format!("table {} is relational and has no tags", table.name)))
}

async fn add(call: &Call, table: &Table, new: NewColumn) -> Answer<Arc<Table>> {
    Ok(call.door.context.engine.alter_table(&call.caller, table.id, Alteration::AddColumn(new)).await?)
}

/// `POST .../columns` and `.../tags`
pub(super) async fn create(mut call: Call, category: Category) -> Answer<Reply> {
    let fields = call.fields()?;
    let new = column_from_json(fields, category.role(), None)?;
    let (database, table) = of_path(&call, Need::One(Privilege::Alter))?;
    check_category(&table, category)?;
    let uri = uri(&database, &table, category, &new.name);
    let name = new.name.clone();
    add(&call, &table, new).await?;
    Ok(Reply::created(uri.clone(), json!({"uri": uri, "name": name})))
}

/// `PUT .../columns/{column}` and `.../tags/{tag}`
pub(super) async fn ensure(mut call: Call, category: Category) -> Answer<Reply> {
    let fields = call.fields()?;
    let new = column_from_json(fields, category.role(), Some(call.segment("column")))?;
    let (database, table) = of_path(&call, Need::One(Privilege::Alter))?;
    check_category(&table, category)?;
    if let Some(column) = of_table(&table, &new.name, category) {
        let uri = uri(&database, &table, category, &column.name);
        return Ok(Reply::ok(json!({"uri": uri, "name": column.name, "existed": true})));
    }
    let uri = uri(&database, &table, category, &new.name);
    let name = new.name.clone();
    add(&call, &table, new).await?;
    Ok(Reply::created(uri.clone(), json!({"uri": uri, "name": name, "existed": false})))
}

/// `PATCH .../columns/{column}` and `.../tags/{tag}`
pub(super) async fn change(mut call: Call, category: Category) -> Answer<Reply> {
    let mut fields = call.fields()?;
    for key in ["name", "isTime", "isPrimary", "isKey", "ordinal", "nullable"] {
        if fields.has(key) {
            let message = format!("the field {key} of a column cannot be changed here");
            return Err(Failure::bad("IMMUTABLE_FIELD", message).about(key, "IMMUTABLE"));
        }
    }
    let data_type = fields.text("type")?.map(|text| types::parse(&text)).transpose()?;
    let comment = fields.patched_text("comment")?;
    let default = if fields.has("default") { Some(fields.value("default")) } else { None };
    fields.end()?;
    let (_, table) = of_path(&call, Need::One(Privilege::Alter))?;
    let name = call.segment("column");
    let column = of_table(&table, name, category).ok_or_else(|| missing(&table, name))?;
    let mut alterations = Vec::new();
    if let Some((to, word)) = data_type {
        let declared = Some(types::declared(word));
        let conversion = TypeConversion::Plain;
        alterations.push(Alteration::ChangeType { column: column.id, to, declared, conversion });
    }
    let data_type = data_type.map_or(column.data_type, |(data_type, _)| data_type);
    match default {
        None => {}
        Some(None | Some(Value::Null)) => alterations.push(Alteration::SetDefault(column.id, None)),
        Some(Some(value)) => {
            let text = if let Value::String(text) = value { text } else { value.to_string() };
            let default = constant(&column.name, &text, data_type)?;
            alterations.push(Alteration::SetDefault(column.id, Some(default)));
        }
    }
    if let Some(comment) = comment {
        alterations.push(Alteration::SetColumnComment(column.id, comment));
    }
    for alteration in alterations {
        call.door.context.engine.alter_table(&call.caller, table.id, alteration).await?;
    }
    show(&call, category)
}

/// `DELETE .../columns/{column}` and `.../tags/{tag}`
pub(super) async fn drop(call: &Call, category: Category) -> Answer<Reply> {
    let (database, table) = of_path(call, Need::One(Privilege::Alter))?;
    let name = call.segment("column");
    let column = of_table(&table, name, category);
    if let Some(column) = column {
        call.door.context.engine.alter_table(&call.caller, table.id, Alteration::DropColumn(column.id)).await?;
    }
    Ok(Reply::ok(json!({"uri": uri(&database, &table, category, name), "deleted": column.is_some()})))
}

/// `POST .../columns/{column}/rename` and `.../tags/{tag}/rename`
pub(super) async fn rename(mut call: Call, category: Category) -> Answer<Reply> {
    let new_name = new_name(&mut call)?;
    let (database, table) = of_path(&call, Need::One(Privilege::Alter))?;
    let name = call.segment("column");
    let column = of_table(&table, name, category).ok_or_else(|| missing(&table, name))?;
    let old = uri(&database, &table, category, &column.name);
    let new = uri(&database, &table, category, &new_name);
    let alteration = Alteration::RenameColumn(column.id, new_name);
    call.door.context.engine.alter_table(&call.caller, table.id, alteration).await?;
    Ok(Reply::ok(json!({"uri": new, "oldUri": old})))
}
